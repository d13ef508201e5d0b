# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module automation_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def found(name: str, identity: str = "1") -> dict[str, object]:
    return {"id": identity, "name": name, "trigger": {"type": "event"}, "actions": []}


def test_it_returns_all_in_order(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("POST", "/automations/filter", body=[found("b"), found("a", "2")]))
    answer = run_module("automation_info", api_url=server.url)
    assert [entry["name"] for entry in answer["automations"]] == ["a", "b"]


def test_it_returns_those_with_tags(server: ScriptedServer, run_module: RunModule) -> None:
    sent = {"automations": {"tags": {"all_": ["x", "y"]}}, "limit": 200, "offset": 0}
    server.expect(Exchange("POST", "/automations/filter", body=[found("a")], sent=sent))
    assert run_module("automation_info", api_url=server.url, tags=["x", "y"])["automations"] == [found("a")]


def test_one_that_does_not_exist_is_an_empty_list(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("POST", "/automations/filter", body=[]))
    answer = run_module("automation_info", api_url=server.url, name="a")
    assert (answer.get("failed"), answer["automations"]) == (None, [])
