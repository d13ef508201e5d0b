# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module canary."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.plugins.module_utils import _canary_flow
from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_it_runs_a_flow_and_returns_its_records(server: ScriptedServer, run_module: RunModule) -> None:
    run = {
        "id": "r",
        "name": "canary-1",
        "state_type": "COMPLETED",
        "state_name": "Completed",
        "state": {"message": None},
        "infrastructure_pid": "container",
        "total_run_time": 0.5,
    }
    tasks = [{"name": name, "state_type": "COMPLETED"} for name in ("a", "b")]
    server.expect(
        Exchange("GET", "/work_pools/p", body={"name": "p"}),
        Exchange("POST", "/flows/", 201, {"id": "f"}),
        Exchange("POST", "/deployments/", 201, {"id": "d"}),
        Exchange("POST", "/deployments/d/create_flow_run", 201, run),
        Exchange("GET", "/flow_runs/r", body=run),
        Exchange("POST", "/logs/filter", body=[{"message": _canary_flow.song("r")}]),
        Exchange("POST", "/task_runs/filter", body=tasks),
    )
    answer = run_module("canary", api_url=server.url, work_pool="p")
    assert answer["changed"]
    assert answer["flow_run"]["infrastructure_pid"] == "container"
    assert answer["task_runs"] == [{"name": "a", "state": "COMPLETED"}, {"name": "b", "state": "COMPLETED"}]


def test_in_check_mode_nothing_is_run(run_module: RunModule) -> None:
    answer = run_module("canary", api_url="http://no-such-host.invalid/api", work_pool="p", check_mode=True)
    assert (answer.get("failed"), answer["changed"], answer["flow_run"]) == (None, True, {})
    assert "nothing is run" in answer["msg"]
