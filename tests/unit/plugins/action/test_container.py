# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin container: what it calls the module with, and what it lets through of the result."""

from __future__ import annotations

import copy
import json
import re
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader

from ansible_collections.selfhosted.prefect.plugins.action.container import (
    CONTAINER_FILES,
    DECLARED,
    DOCKER_CONTAINER,
    LABEL,
    STORED,
    ActionModule,
    Mask,
    as_text,
    file_diff,
    files_of,
    fingerprint,
    from_survey,
    secret_names,
    split_env,
    summary,
    version_of,
    without_label,
)

Document = dict[str, t.Any]

NEW = "Rt5declaredSecret"
OLD = "Hb2storedSecret"

DEFINITION: Document = {
    "name": "server",
    "image": "prefect:3",
    "state": "started",
    "env": {"PASSWORD": NEW, "LEVEL": "INFO"},
    "networks": [{"name": "net", "aliases": ["server"]}],
    "labels": {"team": "data"},
    "memory": "512m",
}

# A container as the engine lists it.
FOUND: Document = {
    "Id": "c0ffee",
    "Names": ["/server"],
    "Image": "prefect:3",
    "ImageID": "sha256:1",
    "Labels": {"team": "data", LABEL: fingerprint(DEFINITION)},
    "State": "running",
    "Status": "Up 2 hours (healthy)",
    "NetworkSettings": {"Networks": {"net": {"NetworkID": "1"}}},
}

# The same as the module returns it.
INSPECTED: Document = {
    "Id": "c0ffee",
    "Name": "/server",
    "Config": {"Image": "prefect:3", "Labels": {"team": "data"}, "Env": [f"PASSWORD={NEW}", "LEVEL=INFO", "HOME=/"]},
    "State": {
        "Status": "running",
        "Running": True,
        "StartedAt": "2026-01-01T00:00:00Z",
        "ExitCode": 0,
        "Health": {"Status": "healthy", "Log": [{"Output": NEW}]},
    },
    "Mounts": [],
}


class Module:
    """Stands in for community.docker.docker_container: remembers what it was called with and gives a result."""

    def __init__(self, **result: t.Any) -> None:
        self._result = result
        self.calls: list[Document] = []

    def __call__(self, module_name: str, module_args: Document, task_vars: Document | None) -> Document:
        assert module_name == DOCKER_CONTAINER
        # Its arguments have secrets in them, and are not for the host's log.
        assert (task_vars or {})["ansible_no_target_syslog"] is True
        self.calls.append(copy.deepcopy(module_args))
        return copy.deepcopy(self._result)


Action = t.Callable[..., Document]


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch) -> Action:
    """Run the plugin with a real task and connection; only the modules are others."""

    def run(module: Module | Modules, *, check: bool = False, **arguments: t.Any) -> Document:
        task = Task()
        task.args = {"definition": copy.deepcopy(DEFINITION), "secret_env": ["PASSWORD"], **arguments}
        task.check_mode = check
        context = PlayContext()
        loader = DataLoader()
        plugin = ActionModule(task, connection_loader.get("local", context), context, loader, None)
        monkeypatch.setattr(plugin, "_execute_module", module)
        return plugin.run(task_vars={})

    return run


def changed(**changes: t.Any) -> Document:
    """Return the definition with changes."""
    return {**DEFINITION, **changes}


# --- Mask ----------------------------------------------------------------------------------------


def learned(*names: str, declared: Document | None = None, stored: Document | None = None) -> Mask:
    mask = Mask(names)
    mask.learn(declared or {}, DECLARED)
    mask.learn(stored or {}, STORED)
    return mask


def test_a_secret_is_masked_wherever_it_appears() -> None:
    mask = learned("PASSWORD", declared={"PASSWORD": NEW, "LEVEL": "INFO"})
    document = {"a": [f"x{NEW}y", {"b": NEW}], "c": 3, "d": None, "e": "INFO"}
    assert mask(document) == {"a": [f"x{DECLARED}y", {"b": DECLARED}], "c": 3, "d": None, "e": "INFO"}


def test_old_and_new_value_get_different_masks() -> None:
    mask = learned("PASSWORD", declared={"PASSWORD": NEW}, stored={"PASSWORD": OLD})
    assert mask([f"PASSWORD={OLD}", f"PASSWORD={NEW}"]) == [f"PASSWORD={STORED}", f"PASSWORD={DECLARED}"]


def test_an_unchanged_value_keeps_one_mask() -> None:
    mask = learned("PASSWORD", declared={"PASSWORD": NEW}, stored={"PASSWORD": NEW})
    assert mask(f"PASSWORD={NEW}") == f"PASSWORD={DECLARED}"


def test_a_variable_of_a_secret_name_is_masked_even_when_its_value_is_unknown() -> None:
    assert learned("PASSWORD")("PASSWORD=never seen") == f"PASSWORD={STORED}"


def test_a_short_secret_does_not_break_the_name_of_its_variable() -> None:
    assert learned("PASSWORD", declared={"PASSWORD": "A"})("PASSWORD=A") == f"PASSWORD={DECLARED}"


def test_a_secret_that_contains_another_is_masked_whole() -> None:
    mask = learned("SHORT", "LONG", declared={"SHORT": "abc", "LONG": "abcdef"})
    assert "def" not in mask("x abcdef y")


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_value_masks_nothing(empty: str | None) -> None:
    assert learned("PASSWORD", declared={"PASSWORD": empty})("some text") == "some text"


def test_a_value_may_have_equals_signs_and_a_name_without_a_value_is_left_out() -> None:
    assert split_env(["A=b=c", "D=", "E"]) == {"A": "b=c", "D": ""}
    assert split_env(None) == {}


# --- Fingerprint ---------------------------------------------------------------------------------


def test_the_fingerprint_is_stable_and_does_not_depend_on_the_order() -> None:
    turned = dict(reversed(DEFINITION.items()))
    turned["env"] = dict(reversed(DEFINITION["env"].items()))
    assert fingerprint(turned) == fingerprint(copy.deepcopy(DEFINITION)) == fingerprint(DEFINITION)


CHANGED: dict[str, Document] = {
    "name": {"name": "another"},
    "image": {"image": "prefect:4"},
    "secret": {"env": {"PASSWORD": OLD, "LEVEL": "INFO"}},
    "one variable more": {"env": {**DEFINITION["env"], "MORE": ""}},
    "one variable less": {"env": {"PASSWORD": NEW}},
    "alias": {"networks": [{"name": "net", "aliases": ["other"]}]},
    "network": {"networks": [*DEFINITION["networks"], {"name": "proxy"}]},
    "label": {"labels": {"team": "other"}},
    "limit": {"memory": "513m"},
    "option": {"init": True},
}


def test_any_change_of_the_definition_changes_the_fingerprint() -> None:
    digests = [fingerprint(changed(**change)) for change in CHANGED.values()]
    digests += [
        fingerprint({key: value for key, value in DEFINITION.items() if key != gone}) for gone in ("memory", "env")
    ]
    digests.append(fingerprint(DEFINITION))
    assert len(set(digests)) == len(digests)


def test_the_fingerprint_tells_nothing_of_a_secret() -> None:
    digest = fingerprint(DEFINITION)
    assert len(digest) == 32
    assert int(digest, 16)


def test_two_containers_with_the_same_password_have_nothing_in_common() -> None:
    assert fingerprint({"name": "a", "env": {"PASSWORD": NEW}}) != fingerprint({"name": "b", "env": {"PASSWORD": NEW}})


# --- The engine's words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "health"),
    [
        ("Up 2 hours (healthy)", "healthy"),
        ("Up 2 hours (unhealthy)", "unhealthy"),
        ("Up 1 second (health: starting)", "starting"),
        ("Up 2 hours", None),
        ("", None),
    ],
)
def test_health_is_read_from_the_status_in_the_list(status: str, health: str | None) -> None:
    assert from_survey({**FOUND, "Status": status})["health"] == health


@pytest.mark.parametrize(("state", "running"), [("running", True), ("exited", False), ("created", False)])
def test_only_a_running_container_runs(state: str, running: bool) -> None:
    found = from_survey({**FOUND, "State": state})
    assert (found["status"], found["running"]) == (state, running)


def test_list_and_inspection_tell_of_a_container_in_the_same_words() -> None:
    listed, inspected = from_survey(FOUND), summary(INSPECTED)
    assert list(listed) == list(inspected)
    same = ("id", "name", "image", "status", "running", "health")
    assert {key: listed[key] for key in same} == {key: inspected[key] for key in same}


def test_nothing_is_told_of_no_container() -> None:
    assert summary(None) == summary({}) == {}


def test_a_container_without_labels_and_health_is_told_of() -> None:
    bare = {"Id": "1", "Name": "/bare", "Config": {"Image": "i", "Labels": None}, "State": {"Running": False}}
    assert (summary(bare)["labels"], summary(bare)["health"]) == ({}, None)
    assert from_survey({"Id": "1", "Names": ["/bare"], "Labels": None})["labels"] == {}


# --- The label -----------------------------------------------------------------------------------

TRUST: dict[str, tuple[Document, str, bool]] = {
    "as declared": ({}, "sha256:1", True),
    "another definition": ({"Labels": {LABEL: "another"}}, "sha256:1", False),
    "no label": ({"Labels": {"team": "data"}}, "sha256:1", False),
    "no labels": ({"Labels": None}, "sha256:1", False),
    "stopped": ({"State": "exited"}, "sha256:1", False),
    "paused": ({"State": "paused"}, "sha256:1", False),
    "restarting": ({"State": "restarting"}, "sha256:1", False),
    "the name has another image now": ({}, "sha256:2", False),
    "the name has no image now": ({}, "", False),
    "neither has an image": ({"ImageID": ""}, "", False),
    "taken out of its network": ({"NetworkSettings": {"Networks": {}}}, "sha256:1", False),
    "in one network more": ({"NetworkSettings": {"Networks": {"net": {}, "other": {}}}}, "sha256:1", False),
    "in another network": ({"NetworkSettings": {"Networks": {"other": {}}}}, "sha256:1", False),
    "networks unknown": ({"NetworkSettings": None}, "sha256:1", False),
}


@pytest.mark.parametrize("name", TRUST)
def test_the_label_is_believed_of_a_container_that_runs_as_declared_and_of_no_other(action: Action, name: str) -> None:
    differences, image, trusted = TRUST[name]
    module = Module(changed=False, container=INSPECTED)
    result = action(module, found={**FOUND, **differences}, found_image=image, trust_label=True)
    assert (module.calls == []) is trusted
    assert result["changed"] is False


def test_a_container_that_is_believed_is_told_of_from_the_list(action: Action) -> None:
    result = action(Module(), found=FOUND, found_image="sha256:1", trust_label=True)
    assert result == {"changed": False, "differs": False, "container": from_survey(FOUND), "diff": {}}


@pytest.mark.parametrize("check", [False, True])
def test_the_label_is_not_believed_unless_told_so(action: Action, check: bool) -> None:
    module = Module(changed=False, container=INSPECTED)
    action(module, check=check, found=FOUND, found_image="sha256:1")
    assert len(module.calls) == 1


def test_no_container_is_found_by_no_label(action: Action) -> None:
    module = Module(changed=True, container=INSPECTED)
    action(module, trust_label=True, found_image="sha256:1")
    assert len(module.calls) == 1


def test_the_module_gets_the_definition_with_its_label(action: Action) -> None:
    module = Module(changed=True, container=INSPECTED)
    action(module)
    (call,) = module.calls
    assert call == {**DEFINITION, "labels": {"team": "data", LABEL: fingerprint(DEFINITION)}}


def test_the_label_is_no_difference_to_show() -> None:
    before = {"labels": {"team": "a", LABEL: "1"}, "memory": "1m"}
    after = {"labels": {"team": "b", LABEL: "2"}, "memory": "2m"}
    shown = without_label({"before": before, "after": after})
    assert shown == {
        "before": {"labels": {"team": "a"}, "memory": "1m"},
        "after": {"labels": {"team": "b"}, "memory": "2m"},
    }


def test_labels_that_differ_in_nothing_else_are_not_shown() -> None:
    shown = without_label(
        {"before": {"labels": {"team": "a", LABEL: "1"}}, "after": {"labels": {"team": "a", LABEL: "2"}}}
    )
    assert shown == {"before": {}, "after": {}}


@pytest.mark.parametrize(
    "diff", [{}, {"before": {}, "after": {}}, {"before": "", "after": ""}, {"after": {"labels": {}}}]
)
def test_a_diff_without_labels_stays(diff: Document) -> None:
    assert without_label(copy.deepcopy(diff)) == diff


# --- Runs ----------------------------------------------------------------------------------------


def test_check_mode_predicts_a_container_that_is_not_there_without_the_module(action: Action) -> None:
    module = Module()
    result = action(module, check=True, missing_networks=["net"])
    assert module.calls == []
    assert (result["changed"], result["differs"], result["container"]) == (True, True, {})
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"] == changed(env={"PASSWORD": DECLARED, "LEVEL": "INFO"})


def test_what_the_module_says_is_passed_on_in_a_chosen_part(action: Action) -> None:
    result = action(Module(changed=True, container=INSPECTED, invocation={"module_args": DEFINITION}, warnings=[NEW]))
    assert set(result) == {"changed", "differs", "container", "diff"}
    assert result["container"] == {
        "id": "c0ffee",
        "name": "server",
        "image": "prefect:3",
        "labels": {"team": "data"},
        "status": "running",
        "running": True,
        "health": "healthy",
        "started_at": "2026-01-01T00:00:00Z",
        "exit_code": 0,
    }
    assert NEW not in json.dumps(result)


@pytest.mark.parametrize("differs", [False, True])
def test_a_change_is_the_modules(action: Action, differs: bool) -> None:
    result = action(Module(changed=differs, container=INSPECTED), found=FOUND)
    assert (result["changed"], result["differs"]) == (differs, differs)


def test_a_changed_secret_shows_in_the_diff_and_neither_value_does(action: Action) -> None:
    diff = {
        "before": {"env": ["LEVEL=INFO", f"PASSWORD={OLD}"], "labels": {LABEL: "1"}},
        "after": {"env": ["LEVEL=INFO", f"PASSWORD={NEW}"], "labels": {LABEL: "2"}},
    }
    result = action(Module(changed=True, container=INSPECTED, diff=diff), found=FOUND)
    assert result["diff"] == {
        "before": {"env": ["LEVEL=INFO", f"PASSWORD={STORED}"]},
        "after": {"env": ["LEVEL=INFO", f"PASSWORD={DECLARED}"]},
    }


def test_a_stored_secret_is_masked_in_other_words_of_the_module_too(action: Action) -> None:
    stored = {**INSPECTED, "Config": {**INSPECTED["Config"], "Env": [f"PASSWORD={OLD}"], "Labels": {"note": OLD}}}
    result = action(Module(changed=True, container=stored), found=FOUND)
    assert result["container"]["labels"] == {"note": STORED}


def test_a_failure_names_the_container_and_no_secret(action: Action) -> None:
    result = action(
        Module(
            failed=True,
            msg=f"Error creating container: invalid {NEW}, was PASSWORD={NEW} or {OLD}",
            container={"Config": {"Env": [f"PASSWORD={OLD}"]}},
            exception=f"Traceback {NEW}",
            invocation={"module_args": DEFINITION},
        ),
        found=FOUND,
    )
    reason = f"Error creating container: invalid {DECLARED}, was PASSWORD={DECLARED} or {STORED}"
    assert result == {"failed": True, "changed": False, "msg": f"Container 'server': {reason}"}


def test_a_failure_without_a_reason_says_so(action: Action) -> None:
    assert action(Module(failed=True))["msg"] == "Container 'server': the module gave no reason"


def test_check_mode_does_not_ask_the_module_for_a_network_that_is_yet_to_be_made(action: Action) -> None:
    definition = changed(networks=[{"name": "net"}, {"name": "proxy"}])
    module = Module(changed=False, container=INSPECTED, diff={"before": {}, "after": {}})
    result = action(module, check=True, definition=definition, found=FOUND, missing_networks=["proxy"])
    assert module.calls[0]["networks"] == [{"name": "net"}]
    # Nor does a missing image stop a prediction.
    assert module.calls[0]["pull"] == "missing"
    assert (result["changed"], result["differs"]) == (True, True)
    assert result["diff"] == {"before": {}, "after": {"networks_to_join": ["proxy"]}}


def test_a_run_gives_the_module_all_networks(action: Action) -> None:
    module = Module(changed=True, container=INSPECTED)
    action(module, definition=changed(pull="never"), missing_networks=["net"])
    assert module.calls[0]["networks"] == DEFINITION["networks"]
    assert module.calls[0]["pull"] == "never"


@pytest.mark.parametrize("definition", [{}, {"name": ""}, {"image": "prefect:3"}])
def test_a_definition_without_a_name_is_refused(action: Action, definition: Document) -> None:
    with pytest.raises(AnsibleActionFail, match="has no 'name'"):
        action(Module(), definition=definition)


def test_an_option_that_does_not_exist_is_refused(action: Action) -> None:
    with pytest.raises(AnsibleActionFail, match="trust_lable"):
        action(Module(), trust_lable=True)


# --- Environment ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (5, "5"), (1.5, "1.5"), ("yes", "yes")])
def test_a_variable_is_given_to_the_engine_as_a_text(value: object, text: str) -> None:
    assert as_text("X", value) == text


@pytest.mark.parametrize(("value", "kind"), [(None, "empty"), ([1], "a list"), ({"a": 1}, "a dictionary")])
def test_a_variable_that_is_no_text_is_refused(value: object, kind: str) -> None:
    with pytest.raises(AnsibleActionFail, match=f"variable X is {kind}"):
        as_text("X", value)


def test_a_variable_that_looks_like_a_secret_is_one() -> None:
    env = {
        "REDIS_PASSWORD": "a",
        "MY_TOKEN": "b",
        "BROKER_URL": "redis://:hidden@cache/1",
        "UI_URL": "https://prefect.example.com",
    }
    assert secret_names(env) == ["REDIS_PASSWORD", "MY_TOKEN", "BROKER_URL"]


def test_a_secret_of_the_users_own_is_masked_in_a_prediction(action: Action) -> None:
    result = action(Module(), check=True, definition=changed(env={"REDIS_PASSWORD": 12345}))
    assert result["diff"]["after"]["env"] == {"REDIS_PASSWORD": DECLARED}


# --- Validation of what is not there yet ---------------------------------------------------------


def test_a_definition_that_the_module_refuses_is_refused_in_a_prediction(action: Action) -> None:
    module = Module(failed=True, msg="Unsupported parameters: memroy")
    result = action(module, check=True, validate=True, hint="prefect_server_container")
    assert result["failed"]
    assert "memroy" in result["msg"]
    assert "prefect_server_container" in result["msg"]


def test_a_definition_that_the_module_takes_is_predicted(action: Action) -> None:
    module = Module(changed=True)
    result = action(module, check=True, validate=True)
    assert result["diff"]["before"] == {}
    assert result["differs"]


# --- Files ---------------------------------------------------------------------------------------

PLACE = "/etc/prefect/server"
PLAIN: Document = {"path": "/etc/app.conf", "content": "one\n"}
KEY: Document = {"path": "/etc/app.key", "content": NEW, "secret": True}


class Modules:
    """Stands in for both modules; remembers the calls in their order."""

    def __init__(self, container: Document | None = None, **files: t.Any) -> None:
        self._container = {"changed": True, "container": INSPECTED, **(container or {})}
        self._files = {"changed": True, "created": True, "others": [], "mounted": {}, **files}
        self.calls: list[tuple[str, Document]] = []

    def __call__(self, module_name: str, module_args: Document, task_vars: Document | None) -> Document:
        word = module_args["state"] if module_name == CONTAINER_FILES else "container"
        self.calls.append((word, copy.deepcopy(module_args)))
        return copy.deepcopy(self._files if module_name == CONTAINER_FILES else self._container)

    @property
    def words(self) -> list[str]:
        return [word for word, _arguments in self.calls]

    def arguments(self, word: str) -> Document:
        return next(arguments for name, arguments in self.calls if name == word)


def version(*declared: Document, place: str = PLACE) -> str:
    return version_of(place, files_of([with_defaults(item) for item in declared]))


def with_defaults(item: Document) -> Document:
    return {"mode": None, "owner": 0, "group": 0, "secret": False, **item}


def mounting(*declared: Document) -> Document:
    """Return the container of the list, made with these files."""
    number = version(*declared)
    mounts = [{"Source": f"{PLACE}/{number}{item['path']}", "Destination": item["path"]} for item in declared]
    definition = changed(volumes=[f"{item['Source']}:{item['Destination']}:ro" for item in mounts])
    return {**FOUND, "Mounts": mounts, "Labels": {LABEL: fingerprint(definition)}}


def test_files_are_written_before_the_container_that_mounts_them(action: Action) -> None:
    modules = Modules()
    result = action(modules, files=[PLAIN, KEY], directory=PLACE)
    assert modules.words == ["present", "container"]
    number = version(PLAIN, KEY)
    assert modules.arguments("container")["volumes"] == [
        f"{PLACE}/{number}/etc/app.conf:/etc/app.conf:ro",
        f"{PLACE}/{number}/etc/app.key:/etc/app.key:ro",
    ]
    files = modules.arguments("present")["files"]
    assert [(file["path"], file["mode"], file["secret"]) for file in files] == [
        ("/etc/app.conf", "0444", False),
        ("/etc/app.key", "0400", True),
    ]
    assert NEW not in json.dumps(result)


def test_files_come_to_the_mounts_that_a_user_has_put_in_place_of_the_roles(action: Action) -> None:
    modules = Modules()
    action(modules, definition=changed(volumes=["data:/data"]), files=[PLAIN], directory=PLACE)
    assert modules.arguments("container")["volumes"][0] == "data:/data"
    assert len(modules.arguments("container")["volumes"]) == 2


def test_a_container_with_the_same_files_costs_nothing(action: Action) -> None:
    modules = Modules()
    found = mounting(PLAIN, KEY)
    result = action(modules, found=found, found_image="sha256:1", trust_label=True, files=[KEY, PLAIN], directory=PLACE)
    assert modules.calls == []
    assert not result["differs"]


OTHER: dict[str, list[Document]] = {
    "content": [{**PLAIN, "content": "two\n"}, KEY],
    "secret": [PLAIN, {**KEY, "content": OLD}],
    "mode": [{**PLAIN, "mode": "0440"}, KEY],
    "owner": [{**PLAIN, "owner": 999}, KEY],
    "one less": [PLAIN],
    "none": [],
}


@pytest.mark.parametrize("name", OTHER)
def test_other_files_are_another_container(action: Action, name: str) -> None:
    modules = Modules()
    found = mounting(PLAIN, KEY)
    result = action(
        modules, check=True, found=found, found_image="sha256:1", trust_label=True, files=OTHER[name], directory=PLACE
    )
    assert "container" in modules.words
    assert result["differs"]


def test_the_version_tells_nothing_and_is_another_for_another_container() -> None:
    digests = {version(KEY), version({**KEY, "content": OLD}), version(KEY, place="/etc/prefect/worker")}
    assert len(digests) == 3
    assert all(len(digest) == 32 and int(digest, 16) for digest in digests)


def test_check_mode_shows_the_text_that_changes_and_of_a_secret_that_it_does(action: Action) -> None:
    mounted = {
        PLAIN["path"]: {"exists": True, "same": False, "attributes": "0444 0:0", "content": b"zero\n".hex()},
        KEY["path"]: {"exists": True, "same": False, "hidden": True, "attributes": "0400 0:0", "content": ""},
    }
    modules = Modules(container={"diff": {"before": {"a": 1}, "after": {"a": 2}}}, mounted=mounted)
    old = mounting({**PLAIN, "content": "zero\n"}, {**KEY, "content": OLD})
    result = action(modules, check=True, found=old, files=[PLAIN, KEY], directory=PLACE)
    container, plain, key = result["diff"]
    assert container == {"before": {"a": 1}, "after": {"a": 2}}
    assert (plain["before_header"], plain["before"], plain["after"]) == ("/etc/app.conf", "zero\n", "one\n")
    assert (key["before"], key["after"]) == ("(secret)\n", "(another secret)\n")
    sources = [file["mounted"] for file in modules.arguments("present")["files"]]
    assert sources == [item["Source"] for item in old["Mounts"]]


def test_check_mode_shows_the_files_of_a_container_that_is_not_there(action: Action) -> None:
    modules = Modules()
    result = action(modules, check=True, files=[PLAIN, KEY], directory=PLACE)
    assert modules.calls == []
    _container, plain, key = result["diff"]
    assert (plain["before"], plain["after"]) == ("", "one\n")
    assert (key["before"], key["after"]) == ("", "(secret)\n")
    assert NEW not in json.dumps(result)


MOUNTED: dict[str, tuple[Document, Document | None]] = {
    "the same": ({"exists": True, "same": True, "attributes": "0444 0:0", "content": b"one\n".hex()}, None),
    "another mode": (
        {"exists": True, "same": True, "hidden": True, "attributes": "0400 0:0", "content": ""},
        {"before": "0400 0:0\n", "after": "0444 0:0\n"},
    ),
    "no text": (
        {"exists": True, "same": False, "attributes": "0444 0:0", "content": "ff"},
        {"before": "(no text)\n", "after": "one\n"},
    ),
    "was empty": (
        {"exists": True, "same": False, "hidden": False, "attributes": "0444 0:0", "content": ""},
        {"before": "", "after": "one\n"},
    ),
    # What was not everybody's is not shown because it is to be.
    "was a secret": (
        {"exists": True, "same": False, "hidden": True, "attributes": "0400 0:0", "content": ""},
        {"before": "0400 0:0\n(secret)\n", "after": "0444 0:0\n(another secret)\n"},
    ),
}


@pytest.mark.parametrize("name", MOUNTED)
def test_a_diff_of_a_file(name: str) -> None:
    mounted, shown = MOUNTED[name]
    diff = file_diff(files_of([with_defaults(PLAIN)])[0], mounted)
    assert (diff and {"before": diff["before"], "after": diff["after"]}) == shown


def test_old_files_go_when_the_container_has_new_ones(action: Action) -> None:
    modules = Modules(others=["old"])
    action(modules, found=mounting({**PLAIN, "content": "zero\n"}), files=[PLAIN], directory=PLACE)
    assert modules.words == ["present", "container", "current"]
    assert modules.arguments("current")["version"] == version(PLAIN)


def test_old_files_go_when_the_container_has_none_any_more(action: Action) -> None:
    modules = Modules()
    action(modules, found=mounting(PLAIN), directory=PLACE)
    assert modules.words == ["container", "current"]
    assert modules.arguments("current")["version"] == ""


def test_a_rehearsal_leaves_the_files_of_the_container_that_runs(action: Action) -> None:
    modules = Modules(others=["old"])
    found = mounting({**PLAIN, "content": "zero\n"})
    action(
        modules,
        definition=changed(name="server-rehearsal"),
        found=found,
        files=[PLAIN],
        directory=PLACE,
        rehearsal=True,
    )
    assert modules.words == ["present", "container"]


@pytest.mark.parametrize(
    ("created", "words"), [(True, ["present", "container", "current"]), (False, ["present", "container"])]
)
def test_a_container_that_is_refused_leaves_no_new_files(action: Action, created: bool, words: list[str]) -> None:
    modules = Modules(container={"failed": True, "msg": "no"}, created=created, others=["old"])
    old = {**PLAIN, "content": "zero\n"}
    result = action(modules, found=mounting(old), files=[PLAIN], directory=PLACE)
    assert result["failed"]
    assert modules.words == words
    if created:
        assert modules.arguments("current")["version"] == version(old)


def test_files_that_cannot_be_written_cost_no_container(action: Action) -> None:
    modules = Modules(failed=True, msg="/etc/prefect: Read-only file system")
    result = action(modules, files=[PLAIN], directory=PLACE)
    assert modules.words == ["present"]
    assert result["msg"] == "Files of the container 'server': /etc/prefect: Read-only file system"


FAULTS: dict[str, tuple[list[Document], str]] = {
    "relative": ([{**PLAIN, "path": "etc/app.conf"}], "no absolute path"),
    "upwards": ([{**PLAIN, "path": "/etc/../app.conf"}], "no absolute path"),
    "a directory": ([{**PLAIN, "path": "/etc/"}], "no absolute path"),
    "colon": ([{**PLAIN, "path": "/etc/a:b"}], "without colons"),
    "twice": ([PLAIN, {**PLAIN, "content": "two"}], "twice"),
    "one in the other": ([PLAIN, {**PLAIN, "path": "/etc/app.conf/x"}], "cannot be a file and the directory of"),
    "no text": ([{**PLAIN, "content": {"a": 1}}], "content that is no text"),
    "nothing": ([{**PLAIN, "content": None}], "content that is no text"),
    "number for a mode": ([{**PLAIN, "mode": 292}], "as a text"),
    "word for a mode": ([{**PLAIN, "mode": "u=r"}], "octal digits"),
    "a secret for everybody": ([{**KEY, "mode": "0444"}], "gives it to everybody"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_files_that_cannot_be_are_refused_without_their_content(action: Action, name: str) -> None:
    declared, words = FAULTS[name]
    modules = Modules()
    with pytest.raises(AnsibleActionFail, match=re.escape(words)) as refusal:
        action(modules, files=declared, directory=PLACE)
    assert modules.calls == []
    assert NEW not in str(refusal.value)


def test_all_faults_of_files_are_told_at_once(action: Action) -> None:
    with pytest.raises(AnsibleActionFail) as refusal:
        action(Modules(), files=[{**PLAIN, "path": "a"}, {**KEY, "mode": "0777"}], directory=PLACE)
    assert "'a'" in str(refusal.value)
    assert "/etc/app.key" in str(refusal.value)


def test_files_need_a_directory(action: Action) -> None:
    with pytest.raises(AnsibleActionFail, match="no 'directory'"):
        action(Modules(), files=[PLAIN])


# --- Leaves that are taken away ------------------------------------------------------------------


def test_a_leaf_without_a_value_is_not_there(action: Action) -> None:
    module = Module(changed=True, container=INSPECTED)
    action(module, definition=changed(memory=None, log_options={"max-file": None, "max-size": "1m"}, env=None))
    (call,) = module.calls
    assert "memory" not in call
    assert "env" not in call
    assert call["log_options"] == {"max-size": "1m"}
