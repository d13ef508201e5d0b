# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module work_queue."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

POOL = Exchange("GET", "/work_pools/p", body={"id": "1", "name": "p", "default_queue_id": "2"})
QUEUE: dict[str, object] = {
    "id": "3",
    "name": "a b",
    "work_pool_name": "p",
    "description": None,
    "is_paused": False,
    "concurrency_limit": 5,
    "priority": 2,
}


def test_a_limit_is_lifted_by_null_and_the_rest_left_alone(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(
        Exchange("GET", "/work_pools/p/queues/a%20b", body=QUEUE),
        POOL,
        Exchange("PATCH", "/work_pools/p/queues/a%20b", 204, sent={"concurrency_limit": None}),
        Exchange("GET", "/work_pools/p/queues/a%20b", body={**QUEUE, "concurrency_limit": None}),
    )
    answer = run_module(
        "work_queue", api_url=server.url, work_pool="p", name="a b", concurrency_limit="none", description=""
    )
    assert answer["diff"]["before"]["concurrency_limit"] == 5
    assert answer["diff"]["after"]["concurrency_limit"] is None


def test_a_pool_that_does_not_exist_is_told(server: ScriptedServer, run_module: RunModule) -> None:
    missing = {"detail": "Work pool 'p' not found."}
    server.expect(
        Exchange("GET", "/work_pools/p/queues/a", 404, missing), Exchange("GET", "/work_pools/p", 404, missing)
    )
    answer = run_module("work_queue", api_url=server.url, work_pool="p", name="a")
    assert answer["msg"] == "work_pool names the work pool 'p', which does not exist"


def test_the_default_queue_is_not_removed(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("GET", "/work_pools/p/queues/first", body={**QUEUE, "id": "2", "name": "first"}), POOL)
    answer = run_module("work_queue", api_url=server.url, work_pool="p", name="first", state="absent")
    assert "cannot be removed: it is the default queue" in answer["msg"]


def test_a_priority_begins_with_one(run_module: RunModule) -> None:
    answer = run_module("work_queue", api_url="http://s/api", work_pool="p", name="a", priority=0)
    assert answer["msg"] == "priority must be a whole number from 1 to 2147483647, but is 0"
