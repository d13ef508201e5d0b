# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module global_concurrency_limit."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

LIMIT = {"id": "1", "name": "a", "limit": 2, "active": True, "active_slots": 2, "slot_decay_per_second": 0.0}
HELD = Exchange("POST", "/v2/concurrency_limits/filter", body=[{**LIMIT, "id": "2", "name": "tag:a"}, LIMIT])


def test_slots_that_are_taken_count_only_where_they_are_set(server: ScriptedServer, run_module: RunModule) -> None:
    free = {**LIMIT, "active_slots": 0}
    server.expect(
        HELD,
        HELD,
        Exchange("PATCH", "/v2/concurrency_limits/1", 204, sent={"active_slots": 0}),
        Exchange("POST", "/v2/concurrency_limits/filter", body=[free]),
    )
    untouched = run_module("global_concurrency_limit", api_url=server.url, name="a", limit=2)
    assert not untouched["changed"]
    assert "active_slots" not in untouched["diff"]["before"]
    freed = run_module("global_concurrency_limit", api_url=server.url, name="a", active_slots=0)
    assert (freed["diff"]["before"]["active_slots"], freed["diff"]["after"]["active_slots"]) == (2, 0)


@pytest.mark.parametrize(
    ("name", "other"), [("tag:a", "task_run_concurrency_limit"), ("deployment:1", "the module deployment")]
)
def test_names_of_other_limits_are_refused_with_the_module_for_them(
    run_module: RunModule, name: str, other: str
) -> None:
    answer = run_module("global_concurrency_limit", api_url="http://s/api", name=name, limit=1)
    assert other in answer["msg"]


@pytest.mark.parametrize("decay", [-1, float("nan"), float("inf")])
def test_a_decay_is_a_number_of_slots(run_module: RunModule, decay: float) -> None:
    answer = run_module("global_concurrency_limit", api_url="http://s/api", name="a", slot_decay_per_second=decay)
    assert "slot_decay_per_second must be a number of slots per second and not negative" in answer["msg"]
