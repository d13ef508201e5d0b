# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module work_queue_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_it_returns_the_queues_of_one_pool(server: ScriptedServer, run_module: RunModule) -> None:
    queues = [{"id": pool, "name": "default", "work_pool_name": pool} for pool in ("p", "q")]
    server.expect(Exchange("POST", "/work_queues/filter", body=queues))
    answer = run_module("work_queue_info", api_url=server.url, work_pool="q")
    assert answer["work_queues"] == queues[1:]


def test_it_returns_one_by_name(server: ScriptedServer, run_module: RunModule) -> None:
    queue = {"id": "1", "name": "a", "work_pool_name": "p"}
    server.expect(Exchange("GET", "/work_pools/p/queues/a", body=queue))
    assert run_module("work_queue_info", api_url=server.url, work_pool="p", name="a")["work_queues"] == [queue]
