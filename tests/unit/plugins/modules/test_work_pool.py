# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module work_pool."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

POOL: dict[str, object] = {
    "id": "1",
    "name": "a",
    "type": "process",
    "description": None,
    "is_paused": False,
    "concurrency_limit": None,
    "base_job_template": {},
    "updated": "now",
}
HELD = Exchange("GET", "/work_pools/a", body=POOL)


def test_it_returns_the_pool_and_a_diff_of_what_it_manages(server: ScriptedServer, run_module: RunModule) -> None:
    after = {**POOL, "is_paused": True, "updated": "later"}
    server.expect(
        HELD,
        Exchange("PATCH", "/work_pools/a", 204, sent={"is_paused": True}),
        Exchange("GET", "/work_pools/a", body=after),
    )
    answer = run_module("work_pool", api_url=server.url, name="a", type="process", paused=True)
    assert answer["changed"]
    assert answer["work_pool"] == after
    assert answer["diff"]["before"]["paused"] is False
    assert answer["diff"]["after"]["paused"] is True
    assert "updated" not in answer["diff"]["after"]


def test_in_check_mode_it_tells_and_sends_nothing(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(HELD)
    answer = run_module("work_pool", api_url=server.url, name="a", description="d", check_mode=True)
    assert answer["changed"]
    assert answer["work_pool"]["description"] == "d"
    assert server.seen == [("GET", "/work_pools/a")]


def test_it_removes(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(HELD, Exchange("DELETE", "/work_pools/a", 204))
    answer = run_module("work_pool", api_url=server.url, name="a", state="absent")
    assert (answer["changed"], answer["work_pool"], answer["diff"]["after"]) == (True, {}, {})


def test_template_and_defaults_exclude_each_other(run_module: RunModule) -> None:
    answer = run_module("work_pool", api_url="http://s/api", name="a", base_job_template={}, job_variable_defaults={})
    assert "mutually exclusive" in answer["msg"]


def test_it_waits_for_the_server_when_asked(server: ScriptedServer, run_module: RunModule) -> None:
    ready = [Exchange("GET", "/ready", body={"message": "OK"}), Exchange("GET", "/admin/version", body="3.8.8")]
    server.expect(Exchange("GET", "/ready", 502), *ready, HELD)
    assert not run_module("work_pool", api_url=server.url, name="a", wait=True)["changed"]
