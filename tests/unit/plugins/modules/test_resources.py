# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module resources: its own options, what it shows, and what it does not."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

NONE = Exchange("POST", "/variables/filter", body=[])
MADE = {"id": "1", "name": "a", "value": 1, "tags": []}


def test_it_tells_what_became_of_each_kind(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(NONE, Exchange("POST", "/variables/", 201, MADE, sent={"name": "a", "value": 1}))
    answer = run_module("resources", api_url=server.url, resources={"variables": [{"name": "a", "value": 1}]})
    assert answer["changed"]
    assert answer["kinds"] == {"variables": {"created": ["a"], "changed": [], "removed": [], "unchanged": 0}}
    assert "diff" not in answer


def test_in_check_mode_it_tells_and_sends_nothing(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(NONE)
    resources = {"variables": [{"name": "a", "value": 1}]}
    answer = run_module("resources", api_url=server.url, resources=resources, check_mode=True)
    assert answer["kinds"]["variables"]["created"] == ["a"]
    assert server.seen == [("POST", "/variables/filter")]


def test_what_cannot_be_had_is_a_failed_task_without_a_request(server: ScriptedServer, run_module: RunModule) -> None:
    answer = run_module("resources", api_url=server.url, resources={"variables": [{"name": "A"}], "flows": {}})
    assert answer["failed"]
    assert [error.split(" ")[0] for error in answer["errors"]] == ["variables[0].name", "flows"]
    assert server.seen == []


@pytest.mark.parametrize(("option", "value"), [("prune_limit", -1), ("connections", 0), ("outage_timeout", -1)])
def test_bounds_are_checked(run_module: RunModule, option: str, value: int) -> None:
    answer = run_module("resources", api_url="http://s/api", resources={}, **{option: value})
    assert f"{option} must be at least" in answer["msg"]


def test_a_secret_is_in_no_answer_however_it_fails(run_module: RunModule) -> None:
    block = {"block_type": "secret", "name": "a", "data": {"value": "s3cret-of-mine"}, "unknown s3cret-of-mine": 1}
    answer = run_module("resources", api_url="http://s/api", resources={"blocks": [block], "variables": "a"})
    assert "blocks[0]" in answer["msg"]
    assert "variables must be a list" in answer["msg"]
    assert "s3cret-of-mine" not in str(answer)


def test_in_check_mode_a_server_that_is_not_there_is_a_warning(run_module: RunModule) -> None:
    resources = {"variables": [{"name": "a", "value": 1}]}
    answer = run_module("resources", api_url="http://no-such-host.invalid/api", resources=resources, check_mode=True)
    assert answer["reason"] == "unresolved"
    assert answer["kinds"]["variables"]["created"] == ["a"]
    assert "what would happen on an empty server" in answer["msg"]
