# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module automation."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

AUTOMATION: dict[str, object] = {
    "id": "1",
    "name": "a",
    "description": "",
    "enabled": True,
    "tags": ["t"],
    "trigger": {"type": "event", "id": "2", "posture": "Reactive", "expect": ["b"], "threshold": 1, "within": 0.0},
    "actions": [{"type": "pause-work-pool", "source": "inferred", "work_pool_id": None}],
    "actions_on_trigger": [],
    "actions_on_resolve": [],
}
HELD = Exchange(
    "POST",
    "/automations/filter",
    body=[AUTOMATION],
    sent={"automations": {"name": {"any_": ["a"]}}, "limit": 200, "offset": 0},
)


def test_it_replaces_the_whole_and_shows_what_differs(server: ScriptedServer, run_module: RunModule) -> None:
    after = {**AUTOMATION, "description": "d"}
    sent = {
        "name": "a",
        "description": "d",
        "enabled": True,
        "tags": ["t"],
        "trigger": {
            "type": "event",
            "posture": "Reactive",
            "expect": ["b"],
            "after": [],
            "for_each": [],
            "match": {},
            "match_related": {},
            "threshold": 1,
            "within": 0,
        },
        "actions": [{"type": "pause-work-pool", "source": "inferred"}],
        "actions_on_trigger": [],
        "actions_on_resolve": [],
    }
    server.expect(
        HELD,
        Exchange("PUT", "/automations/1", 204, sent=sent),
        Exchange("POST", "/automations/filter", body=[after]),
    )
    answer = run_module("automation", api_url=server.url, name="a", description="d")
    assert (answer["changed"], answer["automation"]) == (True, after)
    assert answer["diff"]["before"] == {**answer["diff"]["after"], "description": ""}
    assert answer["diff"]["after"]["trigger"] == {"type": "event", "posture": "Reactive", "expect": ["b"]}


def test_it_switches_without_replacing(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(
        HELD,
        Exchange("PATCH", "/automations/1", 204, sent={"enabled": False}),
        Exchange("POST", "/automations/filter", body=[{**AUTOMATION, "enabled": False}]),
    )
    assert run_module("automation", api_url=server.url, name="a", enabled=False)["changed"]


def test_in_check_mode_it_tells_and_sends_nothing(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(HELD)
    answer = run_module("automation", api_url=server.url, name="a", actions=[{"type": "do-nothing"}], check_mode=True)
    assert answer["automation"]["actions"] == [{"type": "do-nothing"}]


def test_a_name_of_several_is_an_error_with_their_ids(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("POST", "/automations/filter", body=[AUTOMATION, {**AUTOMATION, "id": "7"}]))
    answer = run_module("automation", api_url=server.url, name="a", state="absent")
    assert "their ids are 1, 7" in answer["msg"]


def test_in_check_mode_a_missing_server_is_no_failure(run_module: RunModule) -> None:
    answer = run_module(
        "automation",
        api_url="http://no-such-host.invalid/api",
        name="a",
        trigger={"posture": "Reactive"},
        actions=[{"type": "pause-work-pool", "work_pool": "not yet"}],
        check_mode=True,
    )
    assert (answer["changed"], answer["reason"]) == (True, "unresolved")
    assert answer["automation"]["actions"] == [{"type": "pause-work-pool", "work_pool": "not yet"}]
