# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each kind of API object is made of (private: not for use outside this collection).

One entry serves the argument spec, the engine, the info module, and the test that holds the options against the
server's OpenAPI document. A new kind of object is one more entry here, and its documentation in ``plugins/modules``.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhosted.prefect.plugins.module_utils import _work_pool
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json


def same(value: t.Any) -> t.Any:
    """Normalise nothing."""
    return value


def blank_is_none(value: t.Any) -> t.Any:
    """Treat an empty text like none at all."""
    return None if value == "" else value


@dataclass(frozen=True)
class Field:
    """One option of a module.

    :param option: Its name in Ansible.
    :param type: Its Ansible type.
    :param api: Its name in the API, where that differs.
    :param updatable: Whether the server changes it in place.
    :param way_out: For one that is not: what the user can do instead.
    :param write_only: Whether the server never returns it. It is sent on creation and along with other changes.
    :param nullable: Whether the API takes null for it. A desired null is refused otherwise.
    :param no_log: Whether Ansible hides its value.
    :param choices: Allowed values, if they are fixed.
    :param elements: Ansible type of a list's elements.
    :param parse: Turns the option into the API's value; raises ``PrefectError`` on bad input.
    :param normalise: Turns a value, desired or current, into what is compared.
    """

    option: str
    type: str = "str"
    api: str = ""
    updatable: bool = True
    way_out: str = ""
    write_only: bool = False
    nullable: bool = False
    no_log: bool = False
    choices: t.Tuple[str, ...] = ()
    elements: str = ""
    parse: t.Callable[[t.Any], t.Any] = same
    normalise: t.Callable[[t.Any], t.Any] = same

    @property
    def name(self) -> str:
        """The field's name in the API."""
        return self.api or self.option


def _no_check(desired: Json) -> None:
    """Accept anything."""


def _as_given(client: Client, current: t.Optional[Json], desired: Json) -> Json:
    """Resolve nothing."""
    return desired


@dataclass(frozen=True)
class Kind:
    """One kind of API object.

    :param noun: The module's name and the key of its result.
    :param label: What people call it.
    :param collection: Path that objects are POSTed to.
    :param item: Path of one object; braces name API fields of the desired or, for ids, of the current object.
    :param listing: Path of the filter route that lists objects.
    :param fields: The options that are fields of the API.
    :param inputs: Options that are no fields of the API; ``resolve`` turns them into fields.
    :param key: Options that identify an object.
    :param required_on_create: Options that are needed only where the object does not exist.
    :param exclusive: Groups of options that exclude each other.
    :param check: Refuses desired values that need no server to be seen as wrong.
    :param resolve: Turns the desired values into those of the API's fields, given the current object or None. May read
        from the server; raises ``PrefectError`` on bad input.
    :param find: Finds the current object where that takes more than reading ``item``.
    :param update_method: ``PATCH`` sends only what changes; ``PUT`` all fields that were given.
    :param created: Values the server sets on creation when they are not given; for predictions in check mode.
    :param create_model: The schema of creation in the server's OpenAPI document.
    :param update_model: The schema of an update there.
    :param left_out: Fields of those schemas without an option, each with the reason.
    """

    noun: str
    label: str
    collection: str
    item: str
    listing: str
    fields: t.Tuple[Field, ...]
    create_model: str
    update_model: str
    inputs: t.Tuple[Field, ...] = ()
    key: t.Tuple[str, ...] = ("name",)
    required_on_create: t.Tuple[str, ...] = ()
    exclusive: t.Tuple[t.Tuple[str, ...], ...] = ()
    check: t.Callable[[Json], None] = _no_check
    resolve: t.Callable[[Client, t.Optional[Json], Json], Json] = _as_given
    find: t.Optional[t.Callable[[Client, Json], t.Optional[Json]]] = None
    update_method: str = "PATCH"
    created: t.Mapping[str, t.Any] = field(default_factory=dict)
    left_out: t.Mapping[str, str] = field(default_factory=dict)

    def argument_spec(self) -> t.Dict[str, t.Dict[str, t.Any]]:
        """Return the Ansible argument spec of the kind's own options."""
        spec: t.Dict[str, t.Dict[str, t.Any]] = {}
        for entry in (*self.fields, *self.inputs):
            option: t.Dict[str, t.Any] = {"type": entry.type}
            if entry.option in self.key:
                option["required"] = True
            if entry.choices:
                option["choices"] = list(entry.choices)
            if entry.elements:
                option["elements"] = entry.elements
            if entry.no_log:
                option["no_log"] = True
            spec[entry.option] = option
        return spec

    def desired(self, params: t.Mapping[str, t.Any]) -> Json:
        """Return what the user asked for, by names of the API. Options that are not set are left out.

        :raises PrefectError: An option's value is wrong.
        """
        entries = (*self.fields, *self.inputs)
        values = {e.name: e.parse(params[e.option]) for e in entries if params.get(e.option) is not None}
        self.check(values)
        return values


WORK_POOL = Kind(
    noun="work_pool",
    label="work pool",
    collection="/work_pools/",
    item="/work_pools/{name}",
    listing="/work_pools/filter",
    fields=(
        Field("name", updatable=False),
        Field(
            "type",
            updatable=False,
            way_out=(
                "Prefect cannot change a work pool's type. Either give the new work pool another name and point the"
                " deployments to it, or remove this one first with state=absent. Removing it also removes its work"
                " queues and worker records, and its deployments are left without a work pool"
            ),
        ),
        Field("description", nullable=True, normalise=blank_is_none),
        Field("paused", type="bool", api="is_paused"),
        Field("concurrency_limit", nullable=True, parse=_work_pool.parse_concurrency_limit),
        Field("base_job_template", type="dict"),
    ),
    inputs=(Field("job_variable_defaults", type="dict"),),
    required_on_create=("type",),
    exclusive=(("base_job_template", "job_variable_defaults"),),
    check=_work_pool.check,
    resolve=_work_pool.resolve,
    created={"description": None, "is_paused": False, "concurrency_limit": None, "base_job_template": {}},
    create_model="WorkPoolCreate",
    update_model="WorkPoolUpdate",
    left_out={
        "storage_configuration": "Belongs to Prefect's own bundle storage, which this collection does not set up"
    },
)

KINDS: t.Tuple[Kind, ...] = (WORK_POOL,)
"""Every kind of object this collection manages."""
