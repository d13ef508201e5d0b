# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module worker_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

READY = [Exchange("GET", "/ready", body={"message": "OK"}), Exchange("GET", "/admin/version", body="3.8.8")]
POOL = Exchange("GET", "/work_pools/p", body={"name": "p"})
NO_POOL = Exchange("GET", "/work_pools/p", 404, {"detail": "Work pool not found."})
WORKER = {"name": "w", "status": "ONLINE", "last_heartbeat_time": "2026-01-31T12:00:00Z"}
WORKERS = Exchange("POST", "/work_pools/p/workers/filter", body=[WORKER])


def test_it_lists_workers_and_says_what_is_missing(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(POOL, WORKERS)
    answer = run_module("worker_info", api_url=server.url, work_pool="p", names=["w", "v"])
    assert (answer["changed"], answer["workers"]) == (False, [WORKER])
    assert answer["missing"] == ["v: not registered"]


def test_it_waits_for_the_api_and_then_for_the_workers(server: ScriptedServer, run_module: RunModule) -> None:
    none = Exchange("POST", "/work_pools/p/workers/filter", body=[])
    server.expect(*READY, POOL, none, POOL, WORKERS)
    answer = run_module("worker_info", api_url=server.url, work_pool="p", names=["w"], wait=True)
    assert (answer["workers"], answer["missing"]) == ([WORKER], [])


def test_an_old_heartbeat_does_not_count(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(*READY, POOL, WORKERS)
    answer = run_module(
        "worker_info",
        api_url=server.url,
        work_pool="p",
        names=["w"],
        heartbeat_after="2026-01-31T12:00:01.5Z",
        wait=True,
        wait_timeout=0,
    )
    assert answer["failed"]
    assert "w: listed ONLINE, but its last heartbeat 2026-01-31T12:00:00Z is too old" in answer["msg"]


def test_a_pool_that_does_not_exist_is_a_failure_but_in_check_mode(
    server: ScriptedServer, run_module: RunModule
) -> None:
    server.expect(NO_POOL, NO_POOL)
    assert "does not exist" in run_module("worker_info", api_url=server.url, work_pool="p")["msg"]
    answer = run_module("worker_info", api_url=server.url, work_pool="p", check_mode=True)
    assert (answer.get("failed"), answer["workers"], answer["reason"]) == (None, [], "no_work_pool")


def test_in_check_mode_a_missing_server_is_no_failure(run_module: RunModule) -> None:
    for wait in (False, True):
        answer = run_module(
            "worker_info", api_url="http://no-such-host.invalid/api", work_pool="p", wait=wait, check_mode=True
        )
        assert (answer.get("failed"), answer["workers"], answer["reason"]) == (None, [], "unresolved")


def test_a_bad_moment_is_told(run_module: RunModule) -> None:
    answer = run_module("worker_info", api_url="http://s/api", work_pool="p", heartbeat_after="soon")
    assert "heartbeat_after must be an ISO 8601 time" in answer["msg"]
