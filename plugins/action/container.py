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

import hashlib
import json
import re
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

DOCKER_CONTAINER = "community.docker.docker_container"
# A digest of the definition that a container was made from.
LABEL = "selfhosted.prefect.definition"
# Other variables whose names say that nobody should see their values.
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|API_KEY|AUTH_STRING|CREDENTIAL|CONNECTION_URL", re.IGNORECASE)
# A URL with a password in it.
SECRET_VALUE = re.compile(r"://[^/@\s]*:[^/@\s]+@")
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


def secret_names(env: t.Mapping[str, str]) -> list[str]:
    """Names of the variables that look like secrets."""
    return [name for name, value in env.items() if SECRET_NAME.search(name) or SECRET_VALUE.search(value)]


def as_text(name: str, value: t.Any) -> str:
    """A variable's value as the engine takes it. YAML's booleans become the words that settings are written with.

    :raises AnsibleActionFail: The value is none, a list or a dictionary.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    kind = "a list" if isinstance(value, list) else "a dictionary" if isinstance(value, dict) else "empty"
    raise AnsibleActionFail(
        f"The environment variable {name} is {kind}, and must be a text, a number or a boolean."
        " Write JSON as a text; leave a variable out to have none."
    )


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


def fingerprint(definition: t.Mapping[str, t.Any]) -> str:
    """A digest of a definition, for a label.

    It covers passwords and is seen by whoever may list containers, so it is made slow to guess from (some 40 ms).
    """
    text = json.dumps(definition, sort_keys=True, default=str)
    return hashlib.scrypt(text.encode(), salt=str(definition["name"]).encode(), n=2**14, r=8, p=1, dklen=16).hex()


def from_survey(found: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the engine's list of containers tells of one, in the words of C(summary)."""
    status = str(found.get("Status", ""))
    health = {"(healthy)": "healthy", "(unhealthy)": "unhealthy", "(health: starting)": "starting"}
    return {
        "id": found.get("Id"),
        "name": found["Names"][0].lstrip("/"),
        "image": found.get("Image"),
        "labels": found.get("Labels") or {},
        "status": found.get("State"),
        "running": found.get("State") == "running",
        "health": next((word for text, word in health.items() if text in status), None),
        "started_at": None,
        "exit_code": None,
    }


def networks_of(found: t.Mapping[str, t.Any]) -> set[str]:
    """Names of the networks that a container of the engine's list is in."""
    return set((found.get("NetworkSettings") or {}).get("Networks") or {})


def without_label(diff: dict[str, t.Any]) -> dict[str, t.Any]:
    """A diff without the label, which differs whenever anything does."""
    sides = [side for side in (diff.get("before"), diff.get("after")) if isinstance(side, dict)]
    for side in sides:
        if isinstance(side.get("labels"), dict):
            side["labels"] = {name: value for name, value in side["labels"].items() if name != LABEL}
    before, after = ([side.get("labels") for side in sides] + [None, None])[:2]
    if before is not None and before == after:
        for side in sides:
            del side["labels"]
    return diff


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
                "found": {"type": "dict", "default": {}},
                "found_image": {"type": "str", "default": ""},
                "trust_label": {"type": "bool", "default": False},
                "validate": {"type": "bool", "default": False},
                "hint": {"type": "str", "default": ""},
                "missing_networks": {"type": "list", "elements": "str", "default": []},
            }
        )
        definition: dict[str, t.Any] = dict(args["definition"])
        if not definition.get("name"):
            raise AnsibleActionFail("The container definition has no 'name'.")
        if definition.get("env"):
            definition["env"] = {name: as_text(name, value) for name, value in definition["env"].items()}
        found: dict[str, t.Any] = args["found"]
        mask = Mask([*args["secret_env"], *secret_names(definition.get("env") or {})])
        mask.learn(definition.get("env") or {}, DECLARED)

        if self._task.check_mode and not found:
            # The module cannot predict a container whose network is yet to be made.
            if args["validate"]:
                networks = {network["name"] for network in definition.get("networks") or []}
                refusal = self._call(dict(definition), mask, networks, args["hint"], task_vars)
                if refusal.get("failed"):
                    return refusal
            after = mask(json.loads(json.dumps(definition)))
            return {"changed": True, "differs": True, "container": {}, "diff": {"before": {}, "after": after}}

        definition["labels"] = {**(definition.get("labels") or {}), LABEL: fingerprint(definition)}
        if args["trust_label"] and self._as_labelled(definition, found, args["found_image"]):
            return {"changed": False, "differs": False, "container": mask(from_survey(found)), "diff": {}}
        return self._call(definition, mask, set(args["missing_networks"]), args["hint"], task_vars)

    @staticmethod
    def _as_labelled(definition: dict[str, t.Any], found: dict[str, t.Any], image: str) -> bool:
        """Whether a container runs that was made from this definition, of the image that now has this name."""
        return (
            (found.get("Labels") or {}).get(LABEL) == definition["labels"][LABEL]
            and found.get("State") == "running"
            and bool(image)
            and found.get("ImageID") == image
            and networks_of(found) == {network["name"] for network in definition.get("networks") or []}
        )

    def _call(
        self,
        definition: dict[str, t.Any],
        mask: Mask,
        missing: set[str],
        hint: str,
        task_vars: dict[str, t.Any] | None,
    ) -> dict[str, t.Any]:
        """Call the module and take from its result what may be shown."""
        if self._task.check_mode:
            # A missing image is to be fetched, not an error; nothing is pulled in check mode.
            definition["pull"] = "missing"
        unmade = missing if self._task.check_mode else set()
        if unmade:
            definition["networks"] = [item for item in definition.get("networks") or [] if item["name"] not in unmade]

        result = self._execute_module(module_name=DOCKER_CONTAINER, module_args=definition, task_vars=task_vars)
        container = result.get("container") or {}
        mask.learn(split_env((container.get("Config") or {}).get("Env")), STORED)
        if isinstance(result.get("diff"), dict):
            mask.learn(split_env((result["diff"].get("before") or {}).get("env")), STORED)
        if result.get("failed"):
            reason = mask(str(result.get("msg", "the module gave no reason")))
            origin = f". Its options come from the role and from {hint}" if hint else ""
            return {"failed": True, "changed": False, "msg": f"Container '{definition['name']}': {reason}{origin}"}

        diff = without_label(mask(result.get("diff") or {}))
        if unmade:
            diff.setdefault("before", {})
            diff.setdefault("after", {})["networks_to_join"] = sorted(unmade)
        differs = bool(result.get("changed")) or bool(unmade)
        return {
            "changed": differs,
            "differs": differs,
            "container": mask(summary(container)),
            "diff": diff,
        }
