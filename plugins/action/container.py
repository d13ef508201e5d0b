# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run community.docker.docker_container and return what a log may show.

The module prints the environment of a container, passwords included, in its
result and in its diff. Hiding the whole task (C(no_log)) would hide the diff
with it, so this plugin returns a chosen part of the result, with the values of
the named environment variables masked.

It also brings along the files that the container mounts. They lie in a
directory named after their content, so another content is another mount, which
makes another container, and what runs keeps its files until it is replaced.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import posixpath
import re
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

DOCKER_CONTAINER = "community.docker.docker_container"
CONTAINER_FILES = "selfhosted.prefect.container_files"
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


def without_nothing(definition: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A definition without the leaves that somebody took away by giving them no value.

    The environment is left as it is: there, no value is as likely a variable that is missing.
    """
    return {
        name: without_nothing(value) if isinstance(value, dict) and name != "env" else value
        for name, value in definition.items()
        if value is not None
    }


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


class File(t.NamedTuple):
    """A file that a container mounts.

    :param path: Absolute path in the container.
    :param content: Its text.
    :param mode: Permissions in four octal digits.
    :param owner: Number of its user.
    :param group: Number of its group.
    :param secret: Whether its content is never shown.
    """

    path: str
    content: str
    mode: str
    owner: int
    group: int
    secret: bool

    @property
    def attributes(self) -> str:
        """Permissions and owner in the words of the module."""
        return f"{self.mode} {self.owner}:{self.group}"


def files_of(declared: t.Sequence[t.Mapping[str, t.Any]]) -> list[File]:
    """The declared files in the order of their paths.

    :raises AnsibleActionFail: One or more are not as they must be; the message tells of all of them, and of no content.
    """
    faults = []
    files: dict[str, File] = {}
    for item in declared:
        path, content, mode = item["path"], item["content"], item["mode"]
        if not path.startswith("/") or posixpath.normpath(path) != path or path.startswith("//") or ":" in path:
            faults.append(f"{path!r} is no absolute path in its plain form, without colons")
        elif path in files:
            faults.append(f"{path} is there twice")
        if not isinstance(content, str):
            faults.append(f"{path} has a content that is no text")
        if mode is None:
            mode = "0400" if item["secret"] else "0444"
        if not isinstance(mode, str) or not re.fullmatch(r"0?[0-7]{3}", mode):
            faults.append(f"{path} has the mode {mode!r}, which must be three octal digits as a text, such as '0444'")
        elif item["secret"] and int(mode, 8) & 0o007:
            faults.append(f"{path} is secret, and the mode {mode} gives it to everybody: '0400' and '0440' do not")
        else:
            files[path] = File(path, content, mode.zfill(4), item["owner"], item["group"], item["secret"])
    for path in files:
        faults += [
            f"{path} cannot be a file and the directory of {other}" for other in files if other.startswith(f"{path}/")
        ]
    if faults:
        raise AnsibleActionFail(f"Files for the container: {'; '.join(faults)}.")
    return [files[path] for path in sorted(files)]


def version_of(directory: str, files: t.Sequence[File]) -> str:
    """The name of the directory that holds exactly these files, which shows in the container's mounts."""
    return fingerprint({"name": directory, "files": files})


def mounted_at(found: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Where on the host the mounts of a container of the engine's list come from, by their path in the container."""
    return {item["Destination"]: item.get("Source") or "" for item in found.get("Mounts") or []}


def current_version(found: t.Mapping[str, t.Any], directory: str) -> str:
    """The version of its files that a container of the engine's list mounts, or nothing."""
    beneath = f"{directory}/"
    sources = (source for source in mounted_at(found).values() if source.startswith(beneath))
    return next((source[len(beneath) :].split("/")[0] for source in sources), "")


def file_diff(file: File, mounted: t.Mapping[str, t.Any]) -> dict[str, str] | None:
    """What differs between a file and what the container has in its place, or nothing."""
    exists, same = mounted.get("exists", False), mounted.get("same", False)
    attributes = mounted.get("attributes", "")
    if same and attributes == file.attributes:
        return None
    try:
        before = bytes.fromhex(mounted.get("content", "")).decode()
    except ValueError:
        before = "(no text)\n"
    after = file.content
    if same:
        before = after = ""
    elif file.secret or mounted.get("hidden", False):
        before, after = "(secret)\n" if exists else "", "(another secret)\n" if exists else "(secret)\n"
    if exists and attributes != file.attributes:
        before, after = f"{attributes}\n{before}", f"{file.attributes}\n{after}"
    return {"before_header": file.path, "after_header": file.path, "before": before, "after": after}


def with_files(
    diff: dict[str, t.Any], files: t.Sequence[File], mounted: t.Mapping[str, t.Mapping[str, t.Any]]
) -> dict[str, t.Any] | list[dict[str, t.Any]]:
    """The diff of a container and of those of its files that differ from what it has now."""
    parts = [part for part in (file_diff(file, mounted.get(file.path, {})) for file in files) if part]
    return [*([diff] if diff else []), *parts] if parts else diff


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
                "files": {
                    "type": "list",
                    "elements": "dict",
                    "default": [],
                    "options": {
                        "path": {"type": "str", "required": True},
                        "content": {"type": "raw", "required": True},
                        "mode": {"type": "raw"},
                        "owner": {"type": "int", "default": 0},
                        "group": {"type": "int", "default": 0},
                        "secret": {"type": "bool", "default": False, "no_log": False},
                    },
                },
                "directory": {"type": "str", "default": ""},
                "rehearsal": {"type": "bool", "default": False},
            }
        )
        definition: dict[str, t.Any] = without_nothing(args["definition"])
        if not definition.get("name"):
            raise AnsibleActionFail("The container definition has no 'name'.")
        if definition.get("env"):
            definition["env"] = {name: as_text(name, value) for name, value in definition["env"].items()}
        found: dict[str, t.Any] = args["found"]
        directory = posixpath.normpath(args["directory"])
        files = files_of(args["files"])
        version = ""
        if files:
            if not args["directory"]:
                raise AnsibleActionFail("There are files for the container and no 'directory' for them.")
            version = version_of(directory, files)
            mounts = [f"{directory}/{version}{file.path}:{file.path}:ro" for file in files]
            definition["volumes"] = [*(definition.get("volumes") or []), *mounts]
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
            diff = {"before": {}, "after": after}
            return {"changed": True, "differs": True, "container": {}, "diff": with_files(diff, files, {})}

        definition["labels"] = {**(definition.get("labels") or {}), LABEL: fingerprint(definition)}
        if args["trust_label"] and self._as_labelled(definition, found, args["found_image"]):
            return {"changed": False, "differs": False, "container": mask(from_survey(found)), "diff": {}}

        run = functools.partial(self._call, definition, mask, set(args["missing_networks"]), args["hint"], task_vars)
        keep = functools.partial(self._keep_files, definition["name"], directory, task_vars)
        current = current_version(found, directory)

        if self._task.check_mode:
            result = run()
            if files and version != current and not result.get("failed"):
                written = keep("present", version, files, mounted_at(found))
                if written.get("failed"):
                    return written
                result["diff"] = with_files(result["diff"], files, written["mounted"])
            return result

        written = keep("present", version, files, mounted_at(found)) if files else {}
        if written.get("failed"):
            return written
        result = run()
        if result.get("failed"):
            if written.get("created"):
                keep("current", current)
            return result
        if written.get("changed"):
            result.update(changed=True, differs=True)
        if files and self._task.diff:
            result["diff"] = with_files(result["diff"], files, written["mounted"])
        # A rehearsal leaves the files to the container that runs.
        if not args["rehearsal"] and (written.get("others") or (current and not files)):
            settled = keep("current", version)
            if settled.get("failed"):
                return settled
        return result

    def _keep_files(
        self,
        name: str,
        directory: str,
        task_vars: dict[str, t.Any] | None,
        state: str,
        version: str,
        files: t.Sequence[File] = (),
        mounted: t.Mapping[str, str] | None = None,
    ) -> dict[str, t.Any]:
        """Call the module that keeps files; its result, or a failure that names the container."""
        arguments = {
            "directory": directory,
            "state": state,
            "version": version,
            "files": [
                {
                    **{key: value for key, value in file._asdict().items() if key != "content"},
                    "mounted": (mounted or {}).get(file.path, ""),
                }
                for file in files
            ],
            "contents": {file.path: base64.b64encode(file.content.encode()).decode() for file in files},
        }
        result = self._execute_module(module_name=CONTAINER_FILES, module_args=arguments, task_vars=task_vars)
        if result.get("failed"):
            reason = result.get("msg", "the module gave no reason")
            return {"failed": True, "changed": False, "msg": f"Files of the container '{name}': {reason}"}
        return t.cast("dict[str, t.Any]", result)

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

        # A module writes its arguments to the host's log, and the environment is one of them.
        unlogged = {**(task_vars or {}), "ansible_no_target_syslog": True}
        # Over SSH -vvv shows what a module printed, and the container's environment is in that, too.
        context = self._connection._play_context
        before, context.no_log = context.no_log, True
        try:
            result = self._execute_module(module_name=DOCKER_CONTAINER, module_args=definition, task_vars=unlogged)
        finally:
            context.no_log = before
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
