# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where modules meet Ansible (private: not for use outside this collection).

The only place that knows AnsibleModule: builds the argument spec from a catalog entry and the connection options, runs,
and turns the collection's one exception type into a failed task.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule, _load_params, env_fallback

from ansible_collections.selfhosted.prefect.plugins.module_utils import _engine
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._connection import connect
from ansible_collections.selfhosted.prefect.plugins.module_utils._context import Context
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Kind, merged, nested
from ansible_collections.selfhosted.prefect.plugins.module_utils._secret import texts

Spec = t.Dict[str, t.Dict[str, t.Any]]

_CREDENTIALS = ("api_auth_string", "api_key", "custom_headers")
_SEALED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""What Ansible itself writes in the place of an option that is not to be logged."""


def connection_spec() -> Spec:
    """Return the options of the fragment ``connection``.

    The two credentials have no ``fallback``: with one of each in the environment, Ansible would call them exclusive.
    """
    return {
        "api_url": {"type": "str", "required": True, "fallback": (env_fallback, ["PREFECT_API_URL"])},
        "api_auth_string": {"type": "str", "no_log": True},
        "api_key": {"type": "str", "no_log": True},
        "custom_headers": {"type": "dict", "no_log": True},
        "ca_path": {"type": "path"},
        "validate_certs": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 30},
        "retries": {"type": "int", "default": 3},
    }


def wait_spec(default_timeout: int = 60) -> Spec:
    """Return the options of the fragment ``wait``."""
    return {
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": default_timeout},
    }


def run(
    spec: Spec,
    work: t.Callable[[Context], Json],
    exclusive: t.Sequence[t.Sequence[str]] = (),
    sealed: t.Sequence[str] = (),
) -> None:
    """Be an Ansible module: take options, do the work, and end with its result or with an error in plain words.

    :param spec: The module's own options.
    :param work: Does the work and returns the values for ``exit_json``.
    :param exclusive: Groups of options that exclude each other.
    :param sealed: Options with ``no_log`` of which the work says by ``Client.secrets`` what in them is secret, so that the
        rest may stand in results. To Ansible each word and number in them would be secret, and hidden wherever it stands.
    """
    module = AnsibleModule(
        argument_spec={**connection_spec(), **spec},
        mutually_exclusive=[["api_auth_string", "api_key"], *[list(group) for group in exclusive]],
        supports_check_mode=True,
    )
    failure: t.Optional[PrefectError] = None
    result: Json = {}
    hidden = set(module.no_log_values)
    client: t.Optional[Client] = None
    try:
        client = connect(module.params, read_only=module.check_mode)
        module.no_log_values |= client.secrets
        result = work(Context(client, module.params, module.check_mode, module._diff))
    except PrefectError as exc:
        failure = exc
    outcome = failure.details if failure else result
    for warning in outcome.pop("warnings", ()):
        module.warn(warning)
    if client is not None:
        _hide(module, client, hidden, sealed)
    # Outside of the handler, where Ansible does not add a stack trace to words meant for people.
    if failure:
        module.fail_json(msg=failure.message, **failure.details, **_invocation(module, sealed))
    module.exit_json(**result, **_invocation(module, sealed))


def _hide(module: AnsibleModule, client: Client, hidden: t.Set[str], sealed: t.Sequence[str]) -> None:
    """Let Ansible hide what is known to be secret, and no more than that where it is known.

    :param hidden: What Ansible itself took from the options.
    """
    if not sealed:
        return
    if client.secrets_known:
        of_others = {name: value for name, value in module.params.items() if name in _CREDENTIALS}
        module.no_log_values -= hidden - texts(of_others, True)
    module.no_log_values |= client.secrets


def _invocation(module: AnsibleModule, sealed: t.Sequence[str]) -> Json:
    """Return the options as ``-vvv`` shows them, where Ansible would show the sealed ones."""
    if not sealed:
        return {}
    shown = {name: _SEALED if name in sealed and value else value for name, value in module.params.items()}
    return {"invocation": {"module_args": shown}}


def run_ensure(kind: Kind) -> None:
    """Be the module that manages one kind of object."""
    spec: Spec = {**kind.argument_spec(), **wait_spec()}
    sealed = [entry.option for entry in kind.options if entry.no_log]
    run(spec, lambda context: _ensure(context, kind), exclusive=kind.exclusive, sealed=sealed)


def run_info(kind: Kind) -> None:
    """Be the module that lists one kind of object."""
    spec: Spec = {**wait_spec()}
    for option in kind.key:
        spec[option] = {"type": kind.option(option).type}
    for narrowing in kind.filters:
        spec[narrowing.option] = narrowing.spec()
    run(spec, lambda context: _info(context, kind))


def _ensure(context: Context, kind: Kind) -> Json:
    state = str(context.params["state"])
    # Ansible itself does not tell a null that was written down from an option that was not given.
    desired = kind.desired(context.params, given=_load_params())

    def work(empty: bool) -> Json:
        return _ensured(Directory(context.client, KINDS, empty=empty), kind, state, desired)

    return context.reaching(lambda: work(empty=False), lambda: work(empty=True))


def _ensured(directory: Directory, kind: Kind, state: str, desired: Json) -> Json:
    result = _engine.ensure(directory, kind.noun, state, desired)
    warnings = [*directory.warnings, *result.warnings]
    return {
        "changed": result.changed,
        kind.noun: result.document or {},
        "diff": {"before": result.before, "after": result.after},
        **({"msg": result.aftermath} if result.aftermath else {}),
        **({"warnings": warnings} if warnings else {}),
    }


def _info(context: Context, kind: Kind) -> Json:
    return context.reaching(
        lambda: {"changed": False, kind.many: _listed(context, kind)}, lambda: {"changed": False, kind.many: []}
    )


def _listed(context: Context, kind: Kind) -> t.List[Json]:
    """Return the API objects that the options of an info module ask for."""
    directory = Directory(context.client, KINDS)
    key = {option: str(context.params[option]) for option in kind.key if context.params.get(option) is not None}
    body: Json = {}
    for narrowing in kind.filters:
        if context.params.get(narrowing.option) is not None:
            body = merged(body, nested(narrowing.body, context.params[narrowing.option]))
    if body:
        found = directory.matching(kind.noun, body)
    elif len(key) == len(kind.key):
        document = directory.find(kind.noun, kind.key_of(key))
        found = [] if document is None else [document]
    else:
        found = directory.documents(kind.noun)
    return [
        document
        for document in found
        if all(kind.option(option).from_api(directory, document) == value for option, value in key.items())
    ]
