# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run community.docker.docker_container and return what a log may show.

The module prints the environment of a container, passwords included, in its
result and in its diff. Hiding the whole task (C(no_log)) would hide the diff
with it, so this plugin returns a chosen part of the result, with the values of
the named environment variables masked.
"""

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

DOCKER_CONTAINER = "community.docker.docker_container"
DECLARED = "********"
STORED = "******** (another value)"


class Mask:
    """Replaces the values of secret environment variables wherever they appear.

    The declared value and a stored one that differs get different masks, so
    that a diff still shows I(that) a secret changes.
    """

    def __init__(self, names: t.Iterable[str]) -> None:
        self._names = tuple(names)
        self._values: dict[str, str] = {}

    def learn(self, env: t.Mapping[str, t.Any], mask: str) -> None:
        """Remember the values that C(env) gives to the secret names; the first mask of a value stays."""
        for name in self._names:
            value = env.get(name)
            if value not in (None, ""):
                self._values.setdefault(str(value), mask)

    def __call__(self, value: t.Any) -> t.Any:
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self(item) for item in value]
        if not isinstance(value, str):
            return value
        # By name first: a short secret may be a part of other words.
        for name in self._names:
            if value.startswith(f"{name}="):
                return f"{name}={self._values.get(value[len(name) + 1 :], STORED)}"
        # The longest first, since one secret may contain another.
        for secret in sorted(self._values, key=len, reverse=True):
            value = value.replace(secret, self._values[secret])
        return value


def split_env(env: t.Any) -> dict[str, str]:
    """C(NAME=value) strings, as the engine stores them, as a dictionary."""
    return dict(item.split("=", 1) for item in env or [] if "=" in item)


def summary(container: t.Any) -> dict[str, t.Any]:
    """The part of an inspected container that tells what it is, without its environment."""
    if not container:
        return {}
    state = container.get("State") or {}
    return {
        "id": container.get("Id"),
        "name": str(container.get("Name", "")).lstrip("/"),
        "image": (container.get("Config") or {}).get("Image"),
        "labels": (container.get("Config") or {}).get("Labels") or {},
        "status": state.get("Status"),
        "running": bool(state.get("Running")),
        "health": (state.get("Health") or {}).get("Status"),
        "started_at": state.get("StartedAt"),
        "exit_code": state.get("ExitCode"),
    }


class ActionModule(ActionBase):
    """The plugin; its options are documented with the module of the same name."""

    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Validate the options, run the module, return a result without secrets."""
        super().run(tmp, task_vars)
        _spec, args = self.validate_argument_spec(
            argument_spec={
                "definition": {"type": "dict", "required": True},
                "secret_env": {"type": "list", "elements": "str", "default": [], "no_log": False},
                "exists": {"type": "bool", "default": True},
                "missing_networks": {"type": "list", "elements": "str", "default": []},
            }
        )
        definition: dict[str, t.Any] = dict(args["definition"])
        if not definition.get("name"):
            raise AnsibleActionFail("The container definition has no 'name'.")
        mask = Mask(args["secret_env"])
        mask.learn(definition.get("env") or {}, DECLARED)

        if self._task.check_mode and not args["exists"]:
            # The module cannot predict a container whose network is yet to be made.
            after = mask(json.loads(json.dumps(definition)))
            return {"changed": True, "differs": True, "container": {}, "diff": {"before": {}, "after": after}}

        if self._task.check_mode:
            # A missing image is to be fetched, not an error; nothing is pulled in check mode.
            definition["pull"] = "missing"
        unmade = set(args["missing_networks"]) if self._task.check_mode else set()
        if unmade:
            definition["networks"] = [item for item in definition.get("networks") or [] if item["name"] not in unmade]

        asked_for_diff = self._task.diff
        # In check mode the module does not count a limit that it would update in place as a change; its diff has it.
        self._task.diff = asked_for_diff or self._task.check_mode
        try:
            result = self._execute_module(module_name=DOCKER_CONTAINER, module_args=definition, task_vars=task_vars)
        finally:
            self._task.diff = asked_for_diff
        container = result.get("container") or {}
        mask.learn(split_env((container.get("Config") or {}).get("Env")), STORED)
        if isinstance(result.get("diff"), dict):
            mask.learn(split_env((result["diff"].get("before") or {}).get("env")), STORED)
        if result.get("failed"):
            reason = mask(str(result.get("msg", "the module gave no reason")))
            return {"failed": True, "changed": False, "msg": f"Container '{definition['name']}': {reason}"}

        diff = mask(result.get("diff") or {})
        if unmade:
            diff.setdefault("before", {})
            diff.setdefault("after", {})["networks_to_join"] = sorted(unmade)
        differs = bool(result.get("changed") or (self._task.check_mode and diff.get("before") != diff.get("after")))
        return {
            "changed": differs,
            "differs": differs,
            "container": mask(summary(container)),
            "diff": diff,
        }
