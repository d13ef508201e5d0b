# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module worker_drain against a real server and a real worker of type process, whose flow runs end with it."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.flows import deploy
from ansible_collections.selfhosted.prefect.tests.integration.stack import (
    AUTH_STRING,
    Json,
    Playbook,
    Server,
    Stack,
    docker,
    task,
    until,
)

FAILS = {"on_ignore_errors": True}
POOL = "drained"
WORKER = {"name": "leaving", "work_pool": POOL}


@pytest.fixture(scope="module")
def leaving(stack: Stack, secured: Server) -> str:
    """Start a worker; give its container."""
    secured.ask("POST", "/work_pools/", {"name": POOL, "type": "process"})
    deploy(secured, POOL, "to drain")
    return stack.run(
        "leaving",
        stack.prefect_image,
        *("prefect", "worker", "start", "--type", "process", "--pool", POOL, "--name", WORKER["name"]),
        PREFECT_API_URL="http://secured:4200/api",
        PREFECT_API_AUTH_STRING=AUTH_STRING,
        PREFECT_WORKER_QUERY_SECONDS="1",
    )


def begin(server: Server, end: str) -> str:
    """Start a flow run, wait until it is RUNNING, and return its ID."""
    deployment = server.ask("GET", "/deployments/name/ends/to%20drain")["id"]
    body = {"parameters": {"end": end}}
    identifier = str(server.ask("POST", f"/deployments/{deployment}/create_flow_run", body)["id"])
    until("the flow run is RUNNING", lambda: state(server, identifier)["type"] == "RUNNING", 120)
    return identifier


def state(server: Server, identifier: str) -> Json:
    """Return the state of a flow run."""
    return server.ask("GET", f"/flow_runs/{identifier}")["state"]


def started(container: str) -> str:
    """Return when a container began."""
    return docker("inspect", "--format", "{{.State.StartedAt}}", container)


def test_a_worker_is_stopped_when_its_flow_run_has_ended(secured: Server, playbook: Playbook, leaving: str) -> None:
    identifier = begin(secured, f"after the pause of {POOL}")
    held = {"held": "{{ done.held }}", "state": "resumed"}
    results = playbook(
        {**secured.defaults, "workers": [{**WORKER, "since": started(leaving)}], "drain_timeout": 60},
        task("check", "worker_drain", state="drained", on_check_mode=True),
        task("drain", "worker_drain", state="drained", on_register="done"),
        task("again", "worker_drain", state="drained"),
        task("preview", "worker_drain", **held, on_check_mode=True),
        task("resume", "worker_drain", **held),
        task("resume again", "worker_drain", **held),
    )
    assert results["check"]["held"] == results["drain"]["held"] == [{"work_pool": POOL, "work_queue": None}]
    assert [run["id"] for run in results["drain"]["flow_runs"]] == [identifier]
    assert "Waited for 1 flow run" in results["drain"]["msg"]
    assert state(secured, identifier)["type"] == "COMPLETED"
    assert (results["again"]["changed"], results["again"]["held"]) == (False, [])
    assert results["again"]["paused_before"] == results["drain"]["held"]
    assert results["preview"]["changed"]
    assert results["resume"]["changed"]
    assert not results["resume again"]["changed"]
    assert not secured.pool(POOL)["is_paused"]


def test_a_flow_run_that_ended_with_its_worker_is_not_running_for_ever(
    secured: Server, playbook: Playbook, leaving: str
) -> None:
    identifier = begin(secured, "sleep")
    options = {**secured.defaults, "workers": [WORKER], "drain_timeout": 1}
    results = playbook(
        options,
        task("fails", "worker_drain", state="drained", **FAILS),
        task("forced", "worker_drain", state="drained", force=True),
    )
    assert "still had 1 flow run" in results["fails"]["msg"]
    held = results["fails"]["held"]
    assert held == [{"work_pool": POOL, "work_queue": None}]
    assert [run["id"] for run in results["forced"]["active"]] == [identifier]
    docker("stop", leaving)
    assert state(secured, identifier)["type"] == "RUNNING"
    results = playbook(
        options,
        task("check", "worker_drain", state="stopped", on_check_mode=True),
        task("stopped", "worker_drain", state="stopped"),
        task("again", "worker_drain", state="stopped"),
        task("resume", "worker_drain", held=held, state="resumed"),
    )
    assert results["check"]["changed"]
    assert [run["id"] for run in results["stopped"]["flow_runs"]] == [identifier]
    assert not results["again"]["changed"]
    crashed = state(secured, identifier)
    assert crashed["type"] == "CRASHED"
    assert crashed["message"] == "The worker leaving was stopped while this flow run was RUNNING in it."
    assert not secured.pool(POOL)["is_paused"]
