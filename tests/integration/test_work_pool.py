# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module work_pool against real servers: without auth, with auth and CSRF, and behind TLS of a private authority."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import AUTH_STRING, Playbook, Server, Task, task

CHECK = {"on_check_mode": True, "on_diff": True}
FAILS = {"on_ignore_errors": True}
DESIRED = {
    "name": "it pool ä",
    "type": "docker",
    "description": "For tests",
    "paused": True,
    "concurrency_limit": 0,
    "job_variable_defaults": {"networks": ["internal"], "image_pull_policy": "IfNotPresent", "mem_limit": None},
}
CHANGED = {
    **DESIRED,
    "description": "",
    "paused": False,
    "concurrency_limit": "none",
    "job_variable_defaults": {"networks": ["internal", "other"]},
}


def pool(title: str, /, **options: object) -> Task:
    return task(title, "work_pool", **options)


def test_create_again_change_again_check_diff_absent_again(server: Server, playbook: Playbook) -> None:
    name = DESIRED["name"]
    results = playbook(
        server.defaults,
        pool("check create", **DESIRED, **CHECK),
        pool("create", **DESIRED),
        pool("create again", **DESIRED),
        pool("name alone", name=name),
        task("info", "work_pool_info", name=name),
        pool("check change", **CHANGED, **CHECK),
        pool("not changed by check", **DESIRED),
        pool("change", **CHANGED),
        pool("change again", **CHANGED),
        pool("check after change", **CHANGED, **CHECK),
        pool("check absent", name=name, state="absent", **CHECK),
        pool("absent", name=name, state="absent"),
        pool("absent again", name=name, state="absent"),
        task("info after", "work_pool_info", name=name),
    )
    assert {step: result["changed"] for step, result in results.items()} == {
        "check create": True,
        "create": True,
        "create again": False,
        "name alone": False,
        "info": False,
        "check change": True,
        "not changed by check": False,
        "change": True,
        "change again": False,
        "check after change": False,
        "check absent": True,
        "absent": True,
        "absent again": False,
        "info after": False,
    }
    created = results["create"]["work_pool"]
    assert (created["type"], created["is_paused"], created["concurrency_limit"]) == ("docker", True, 0)
    variables = created["base_job_template"]["variables"]["properties"]
    assert variables["networks"]["default"] == ["internal"]
    assert variables["image_pull_policy"]["default"] == "IfNotPresent"
    assert "image" in variables

    predicted, real = results["check create"]["diff"], results["create"]["diff"]
    assert predicted == real
    assert real["before"] == {}

    assert results["check change"]["diff"] == results["change"]["diff"]
    assert results["change"]["diff"]["before"]["concurrency_limit"] == 0
    assert results["change"]["diff"]["after"]["concurrency_limit"] is None
    changed = results["change"]["work_pool"]
    assert changed["concurrency_limit"] is None
    assert changed["base_job_template"]["variables"]["properties"]["networks"]["default"] == ["internal", "other"]
    assert changed["base_job_template"]["variables"]["properties"]["image_pull_policy"]["default"] == "IfNotPresent"
    assert results["info"]["work_pools"][0]["id"] == created["id"]
    assert results["info after"]["work_pools"] == []


def test_a_whole_template_is_kept_as_it_is_and_changed_as_a_whole(server: Server, playbook: Playbook) -> None:
    template = {
        "job_configuration": {"command": "{{ command }}", "env": "{{ env }}", "level": "{{ level }}"},
        "variables": {
            "type": "object",
            "required": ["command"],
            "properties": {
                "command": {"type": "string"},
                "env": {"type": "object", "default": {"A": "1", "B": ""}, "additionalProperties": {"type": "string"}},
                "level": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
            },
        },
    }
    other = copy.deepcopy(template)
    other["variables"]["properties"]["level"]["default"] = 1.5  # type: ignore[index]
    # Ansible must not take Prefect's placeholders for its own.
    raw = {key: "{{ lookup('file', playbook_dir ~ '/" + key + ".json') | from_json }}" for key in ("template", "other")}
    playbook.write("template.json", template)
    playbook.write("other.json", other)
    results = playbook(
        server.defaults,
        pool("create", name="whole", type="process", base_job_template=raw["template"]),
        pool("again", name="whole", type="process", base_job_template=raw["template"]),
        pool("empty is not drift", name="whole", base_job_template={}),
        pool("change", name="whole", base_job_template=raw["other"]),
        pool("change again", name="whole", base_job_template=raw["other"]),
        pool("absent", name="whole", state="absent"),
    )
    assert [result["changed"] for result in results.values()] == [True, False, False, True, False, True]
    assert results["create"]["work_pool"]["base_job_template"] == template
    assert results["change"]["work_pool"]["base_job_template"] == other


def test_what_the_first_worker_fills_in_is_no_difference(secured: Server, worker: str, playbook: Playbook) -> None:
    results = playbook(
        secured.defaults,
        task("online", "worker_info", work_pool="served", names=[worker], wait=True),
        pool("plain", name="served", type="process"),
        pool("empty template", name="served", type="process", base_job_template={}),
        pool("defaults", name="served", job_variable_defaults={"env": {"A": "1"}}),
        pool("defaults again", name="served", job_variable_defaults={"env": {"A": "1"}}),
        pool("defaults back", name="served", job_variable_defaults={"env": {}}),
    )
    assert [result["changed"] for result in results.values()] == [False, False, False, True, False, True]
    assert results["plain"]["work_pool"]["base_job_template"] != {}


BAD: dict[str, tuple[dict[str, t.Any], str]] = {
    "reserved name": ({"name": "Prefect-pool", "type": "docker"}, "Prefect reserves these names"),
    "bad characters": ({"name": "a/b", "type": "docker"}, "must not be empty nor hold any of"),
    "no type": ({"name": "new"}, "The work pool 'new' does not exist; to create it, give type"),
    "unknown type": ({"name": "new", "type": "dokcer"}, "Known types: azure-container-instance"),
    "type change": ({"name": "held", "type": "docker"}, "Prefect cannot change a work pool's type"),
    "unknown variable": (
        {"name": "held", "job_variable_defaults": {"netwroks": []}},
        "unknown job variables: netwroks",
    ),
    "unknown variable of a new pool": (
        {"name": "new", "type": "docker", "job_variable_defaults": {"netwroks": []}},
        "knows: auto_remove, command",
    ),
    "default of a wrong type": (
        {"name": "held", "job_variable_defaults": {"working_dir": ["/"]}},
        "job_variable_defaults.working_dir does not fit",
    ),
    "limit below zero": ({"name": "held", "concurrency_limit": -1}, "whole number from 0"),
    "limit beyond the server": ({"name": "held", "concurrency_limit": 99999999999}, "whole number from 0"),
    "half a template": ({"name": "held", "base_job_template": {"variables": {}}}, "must be the whole document"),
    "an undeclared placeholder": (
        {
            "name": "held",
            "base_job_template": {
                "job_configuration": {"a": "{{ '{{' }} nosuch {{ '}}' }}"},
                "variables": {"properties": {}},
            },
        },
        "uses job variables that variables.properties does not have: nosuch",
    ),
}


def test_bad_input_is_told_and_changes_nothing(plain: Server, playbook: Playbook) -> None:
    playbook(plain.defaults, pool("held", name="held", type="process", job_variable_defaults={"env": {}}))
    before = plain.pools()
    results = playbook(
        plain.defaults,
        *[pool(name, **options, **FAILS) for name, (options, _words) in BAD.items()],
        *[pool(f"check {name}", **options, **FAILS, **CHECK) for name, (options, _words) in BAD.items()],
    )
    assert plain.pools() == before
    for name, (_options, words) in BAD.items():
        assert results[name]["failed"], name
        assert words in results[name]["msg"], results[name]
        assert words in results[f"check {name}"]["msg"]


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"api_auth_string": None}, "HTTP 401: Unauthorized. The server asks for credentials"),
        ({"api_auth_string": "admin:wrong-secret"}, "HTTP 401: Unauthorized. The server does not accept these"),
        (
            {"api_auth_string": None, "api_key": "wrong-secret"},
            "HTTP 401: Unauthorized. The server does not accept these",
        ),
        ({"api_auth_string": "wrong-secret"}, "api_auth_string has no colon"),
        ({"api_auth_string": f'"{AUTH_STRING}"'}, "quotation mark"),
    ],
)
def test_wrong_credentials_are_told_and_change_nothing(
    secured: Server, playbook: Playbook, options: dict[str, object], words: str
) -> None:
    before = secured.pools()
    defaults = {key: value for key, value in {**secured.defaults, **options}.items() if value is not None}
    results = playbook(
        defaults,
        pool("write", name="new", type="docker", **FAILS),
        pool("wait", name="new", type="docker", wait=True, **FAILS),
    )
    assert words in results["write"]["msg"]
    assert results["wait"]["failed"]
    assert not any(secret in str(results) for secret in ("wrong-secret", AUTH_STRING))
    assert secured.pools() == before


@pytest.mark.once
def test_a_certificate_of_a_private_authority_is_not_trusted_unless_named(tls: Server, playbook: Playbook) -> None:
    defaults = {key: value for key, value in tls.defaults.items() if key != "ca_path"}
    results = playbook(
        defaults,
        pool("untrusted", name="new", **FAILS),
        pool("untrusted, waiting", name="new", type="docker", wait=True, wait_timeout=600, **FAILS),
        task("not checked", "server_info", validate_certs=False),
    )
    for name in ("untrusted", "untrusted, waiting"):
        assert "TLS certificate is not trusted" in results[name]["msg"]
        assert "ca_path" in results[name]["msg"]
    assert results["not checked"]["ready"]


@pytest.mark.once
def test_check_mode_works_before_there_is_a_server(playbook: Playbook) -> None:
    results = playbook(
        {"api_url": "http://no-such-host.invalid/api", "wait": True},
        pool("create", **DESIRED),
        pool("absent", name="a", state="absent"),
        check=True,
    )
    assert (results["create"]["changed"], results["create"]["reason"]) == (True, "unresolved")
    assert results["create"]["diff"]["before"] == {}
    assert results["create"]["diff"]["after"]["name"] == DESIRED["name"]
    assert results["absent"]["changed"] is False


@pytest.mark.once
def test_credentials_come_from_the_environment(secured: Server, playbook: Playbook) -> None:
    environment = {"PREFECT_API_URL": secured.url, "PREFECT_API_AUTH_STRING": AUTH_STRING}
    results = playbook({}, task("info", "work_pool_info"), environment=environment)
    assert isinstance(results["info"]["work_pools"], list)
