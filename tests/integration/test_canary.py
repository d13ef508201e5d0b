# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module canary against a real server and worker, with auth and CSRF protection."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task

FAILS = {"on_ignore_errors": True}


def test_a_flow_runs_and_leaves_its_records(secured: Server, worker: str, playbook: Playbook) -> None:
    results = playbook(
        {**secured.defaults, "work_pool": "served"},
        task("online", "worker_info", names=[worker], wait=True),
        task("check", "canary", on_check_mode=True),
        task("first", "canary"),
        task("second", "canary", job_variables={"env": {"A": "1"}}),
    )
    assert results["check"]["flow_run"] == {}
    for name in ("first", "second"):
        found = results[name]
        assert found["changed"]
        assert found["flow_run"]["state_type"] == "COMPLETED"
        assert any(f"canary {found['flow_run']['id']} sings: 42" in line for line in found["logs"])
        assert [run["state"] for run in found["task_runs"]] == ["COMPLETED", "COMPLETED"]
    assert results["first"]["flow_run"]["id"] != results["second"]["flow_run"]["id"]
    deployments = secured.ask("POST", "/deployments/filter", {"flows": {"name": {"any_": ["selfhosted-canary"]}}})
    assert [deployment["name"] for deployment in deployments] == ["served"]


def test_a_pool_without_a_worker_is_told_and_the_run_cancelled(plain: Server, playbook: Playbook) -> None:
    plain.ask("POST", "/work_pools/", {"name": "unserved", "type": "process"})
    plain.ask("POST", "/work_pools/", {"name": "paused", "type": "process", "is_paused": True})
    results = playbook(
        plain.defaults,
        task("unserved", "canary", work_pool="unserved", wait_timeout=1, **FAILS),
        task("paused", "canary", work_pool="paused", **FAILS),
        task("no pool", "canary", work_pool="no such pool", **FAILS),
    )
    assert "still SCHEDULED after 1 s" in results["unserved"]["msg"]
    assert "is a worker ONLINE in the work pool 'unserved'" in results["unserved"]["msg"]
    run = plain.ask("GET", f"/flow_runs/{results['unserved']['flow_run']['id']}")
    assert run["state_type"] == "CANCELLED"
    assert "is paused" in results["paused"]["msg"]
    assert "does not exist" in results["no pool"]["msg"]


def test_a_run_that_crashes_is_told_with_the_usual_cause(secured: Server, worker: str, playbook: Playbook) -> None:
    # A worker of 3.6 puts its own PREFECT_API_URL over one that the job's environment has.
    dies = {"command": "false"}
    result = playbook(
        {**secured.defaults, "work_pool": "served"},
        task("online", "worker_info", names=[worker], wait=True),
        task("crash", "canary", job_variables=dies, **FAILS),
    )["crash"]
    assert result["flow_run"]["state_type"] == "CRASHED"
    assert "ended CRASHED" in result["msg"]
    assert "cannot reach the API" in result["msg"]
