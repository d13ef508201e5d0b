# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module status_info against real servers: what waits, what is late, who works, and how it tells that nobody schedules."""

from __future__ import annotations

import datetime
import uuid

from ansible_collections.selfhosted.prefect.tests.integration.stack import Json, Playbook, Server, Stack, task, until

FAILS = {"on_ignore_errors": True}


def status(server: Server, playbook: Playbook) -> Json:
    """Return what the module tells."""
    return playbook(server.defaults, task("status", "status_info"))["status"]


def scheduled_run(server: Server, pool: str, ago: int) -> None:
    """Make a flow run of a pool that was to begin some seconds ago."""
    due = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=ago)
    flow = server.ask("POST", "/flows/", {"name": f"flow {uuid.uuid4().hex[:6]}"})
    deployment = server.ask("POST", "/deployments/", {"name": "d", "flow_id": flow["id"], "work_pool_name": pool})
    state = {"type": "SCHEDULED", "name": "Scheduled", "state_details": {"scheduled_time": due.isoformat()}}
    server.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", {"state": state})


def test_workers_are_told_with_their_pool(secured: Server, worker: str, playbook: Playbook) -> None:
    told = status(secured, playbook)
    (pool,) = [item for item in told["pools"] if item["name"] == "served"]
    (mine,) = [item for item in pool["workers"] if item["name"] == worker]
    assert (mine["status"], mine["heartbeat_age"] < 90) == ("ONLINE", True)
    assert (told["ready"], told["changed"]) == (True, False)


def test_what_waits_is_counted_where_it_waits(stack: Stack, playbook: Playbook) -> None:
    # Without the services that call runs late, a run that is due for long shows that they do not run.
    server = stack.server(
        "no-services",
        None,
        PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED="false",
        PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED="false",
    )
    until("server without services", server.ready)
    for name in ("busy", "idle"):
        server.ask("POST", "/work_pools/", {"name": name, "type": "process"})
    scheduled_run(server, "busy", 30)
    told = status(server, playbook)
    assert [(pool["name"], pool["depth"], pool["late"]) for pool in told["pools"]] == [("busy", 1, 0), ("idle", 0, 0)]
    assert [(queue["name"], queue["depth"]) for queue in told["pools"][0]["queues"]] == [("default", 1)]
    assert (told["flow_runs"]["SCHEDULED"], told["unmarked"]) == (1, 0)
    scheduled_run(server, "busy", 300)
    told = status(server, playbook)
    assert (told["pools"][0]["depth"], told["unmarked"]) == (2, 1)


def test_what_the_server_calls_late_is_late(plain: Server, playbook: Playbook) -> None:
    name = f"late {uuid.uuid4().hex[:6]}"
    plain.ask("POST", "/work_pools/", {"name": name, "type": "process"})
    scheduled_run(plain, name, 60)

    def late() -> bool:
        pools = status(plain, playbook)["pools"]
        return [(item["depth"], item["late"]) for item in pools if item["name"] == name] == [(1, 1)]

    until("the run is called late", late, 90)
    plain.ask("DELETE", f"/work_pools/{name.replace(' ', '%20')}")


def test_an_api_that_is_not_there_is_no_failure_but_a_wrong_password_is(secured: Server, playbook: Playbook) -> None:
    results = playbook(
        {},
        task("nobody", "status_info", api_url="http://127.0.0.1:1/api", retries=0),
        task("wrong", "status_info", api_url=secured.url, api_auth_string="admin:wrong", **FAILS),
    )
    assert (results["nobody"]["ready"], results["nobody"]["reason"]) == (False, "refused")
    assert results["wrong"]["failed"]
    assert results["wrong"]["reason"] == "unauthorized"
