# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module task_run_concurrency_limit_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

TIMES = {"created": "then", "updated": "now"}


def test_limits_are_found_behind_many_global_ones_with_their_holders(
    server: ScriptedServer, run_module: RunModule
) -> None:
    table = [{"id": f"{number}", "name": f"a{number}", "active_slots": 0} for number in range(200)]
    used = {"id": "u", "name": "tag:used", "limit": 2, "active_slots": 1}
    free = {"id": "f", "name": "tag:free", "limit": 3, "active_slots": 0, **TIMES}
    document = {"id": "u", "tag": "used", "concurrency_limit": 2, "active_slots": ["run"], **TIMES}
    server.expect(
        Exchange("POST", "/v2/concurrency_limits/filter", body=table),
        Exchange("POST", "/v2/concurrency_limits/filter", body=[used, free]),
        Exchange("GET", "/concurrency_limits/tag/used", body=document),
    )
    answer = run_module("task_run_concurrency_limit_info", api_url=server.url)
    other = {"id": "f", "tag": "free", "concurrency_limit": 3, "active_slots": [], **TIMES}
    assert answer["task_run_concurrency_limits"] == [other, document]


def test_it_returns_one_by_tag(server: ScriptedServer, run_module: RunModule) -> None:
    document = {"id": "1", "tag": "a b", "concurrency_limit": 2, "active_slots": []}
    server.expect(Exchange("GET", "/concurrency_limits/tag/a%20b", body=document))
    answer = run_module("task_run_concurrency_limit_info", api_url=server.url, tag="a b")
    assert answer["task_run_concurrency_limits"] == [document]
