# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module flow_run against a real server and worker, with auth and CSRF protection."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.flows import deploy
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task

FAILS = {"on_ignore_errors": True}


@pytest.fixture(scope="module")
def deployment(secured: Server, worker: str) -> str:
    """Deploy a flow that ends as its parameter says; give its name as flow/deployment."""
    return deploy(secured, "served")


def test_it_runs_waits_and_returns_state_logs_and_result(secured: Server, deployment: str, playbook: Playbook) -> None:
    results = playbook(
        {**secured.defaults, "deployment": deployment},
        task("check", "flow_run", on_check_mode=True),
        task(
            "good",
            "flow_run",
            name="named",
            tags=["t"],
            parameters={"end": "result"},
            job_variables={"env": {"A": "1"}},
        ),
        task("once", "flow_run", idempotency_key="only-once", wait_for_end=False),
        task("check again", "flow_run", idempotency_key="only-once", on_check_mode=True),
        task("twice", "flow_run", idempotency_key="only-once", log_lines=1),
        task("failed", "flow_run", parameters={"end": "fail"}, **FAILS),
        task("let fail", "flow_run", parameters={"end": "fail"}, fail_on=["CRASHED"]),
        task("too long", "flow_run", parameters={"end": "sleep"}, end_timeout=4, cancel_on_timeout=True, **FAILS),
        task("bad parameter", "flow_run", parameters={"end": 5}, **FAILS),
        task("no deployment", "flow_run", deployment="no such/deployment", **FAILS),
        task("listed", "flow_run_info", state_types=["COMPLETED"]),
    )
    assert (results["check"]["changed"], results["check"]["flow_run"]) == (True, {})
    good = results["good"]
    assert (good["changed"], good["flow_run"]["state_type"], good["flow_run"]["name"]) == (True, "COMPLETED", "named")
    assert "t" in good["flow_run"]["tags"]
    assert "it ends with: result" in good["logs"]
    assert good["result"]["storage_key"]
    assert results["once"]["changed"]
    for title in ("check again", "twice"):
        assert (results[title]["changed"], results[title]["flow_run"]["id"]) == (
            False,
            results["once"]["flow_run"]["id"],
        )
    assert results["twice"]["flow_run"]["state_type"] == "COMPLETED"
    assert len(results["twice"]["logs"]) == 1
    assert results["failed"]["failed"]
    assert "is FAILED (" in results["failed"]["msg"]
    assert "as it was told" in results["failed"]["msg"]
    assert results["let fail"]["flow_run"]["state_type"] == "FAILED"
    assert "after 4 s" in results["too long"]["msg"]
    cancelled = secured.ask("GET", f"/flow_runs/{results['too long']['flow_run']['id']}")
    assert cancelled["state_type"] in ("CANCELLING", "CANCELLED")
    assert "HTTP 409" in results["bad parameter"]["msg"]
    assert "'no such/deployment' does not exist" in results["no deployment"]["msg"]
    listed = [run["id"] for run in results["listed"]["flow_runs"]]
    assert listed == [results["twice"]["flow_run"]["id"], good["flow_run"]["id"]]


def test_a_run_that_nobody_takes_and_one_that_is_paused(secured: Server, worker: str, playbook: Playbook) -> None:
    secured.ask("POST", "/work_pools/", {"name": "run-unserved", "type": "process"})
    name = deploy(secured, "run-unserved", "unserved")
    results = playbook(
        {**secured.defaults, "deployment": name},
        task("not taken", "flow_run", end_timeout=1, **FAILS),
        task("later", "flow_run", scheduled_time="2040-01-01T00:00:00Z", idempotency_key="later", wait_for_end=False),
    )
    assert "is a worker ONLINE in the work pool 'run-unserved'" in results["not taken"]["msg"]
    run = secured.ask("GET", f"/flow_runs/{results['not taken']['flow_run']['id']}")
    assert run["state_type"] == "SCHEDULED"
    later = results["later"]["flow_run"]
    assert later["expected_start_time"].startswith("2040-01-01T00:00:00")
    for state in ("RUNNING", "PAUSED"):
        secured.ask("POST", f"/flow_runs/{later['id']}/set_state", {"state": {"type": state}, "force": True})
    paused = playbook(
        {**secured.defaults, "deployment": name, "idempotency_key": "later"},
        task("waited for", "flow_run", end_timeout=1, **FAILS),
        task("not waited for", "flow_run", fail_on=["PAUSED"], **FAILS),
    )
    assert "was still PAUSED after 1 s. It waits to be resumed." in paused["waited for"]["msg"]
    assert "is PAUSED. It waits to be resumed." in paused["not waited for"]["msg"]
