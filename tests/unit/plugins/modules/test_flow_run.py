# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module flow_run, and what it says when a flow run does not end well."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _flow_run
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError
from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

DEPLOYMENT = Exchange("GET", "/deployments/name/a%20flow/b", body={"id": "d", "flow_id": "f"})
NO_DEPLOYMENT = Exchange("GET", "/deployments/name/a%20flow/b", 404, {"detail": "Deployment not found."})


def made(**sent: t.Any) -> Exchange:
    body = {"idempotency_key": "k", **sent}
    return Exchange("POST", "/deployments/d/create_flow_run", 201, {"id": "r"}, sent=body)


def known(*runs: Json) -> Exchange:
    wanted = {"flow_runs": {"idempotency_key": {"any_": ["k"]}}, "flows": {"id": {"any_": ["f"]}}}
    sent = {**wanted, "limit": 200, "offset": 0}
    return Exchange("POST", "/flow_runs/filter", body=list(runs), sent=sent)


def run_is(state: str, message: str | None = None, data: t.Any = None) -> Exchange:
    state_document = {"type": state, "message": message, "data": data}
    body = {"id": "r", "name": "kind-bird", "state_type": state, "state": state_document, "work_pool_name": "p"}
    return Exchange("GET", "/flow_runs/r", body=body)


def logs(*messages: str) -> Exchange:
    return Exchange("POST", "/logs/filter", body=[{"message": message} for message in reversed(messages)])


GOODBYE = "Finished in state Completed()"


def run(run_module: RunModule, server: ScriptedServer, **options: t.Any) -> Json:
    return run_module(
        "flow_run", **{"api_url": server.url, "deployment": "a flow/b", "idempotency_key": "k", **options}
    )


def test_it_returns_the_run_its_logs_and_where_its_result_is(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(
        DEPLOYMENT,
        known(),
        made(name="n", parameters={"x": 1}, job_variables={"env": {}}, tags=["t"], work_queue_name="q"),
        run_is("COMPLETED", data={"storage_key": "/r"}),
        logs("one", GOODBYE),
    )
    options = {"name": "n", "parameters": {"x": 1}, "job_variables": {"env": {}}, "tags": ["t"], "work_queue": "q"}
    answer = run(run_module, server, **options)
    assert (answer["changed"], answer["result"], answer["logs"]) == (True, {"storage_key": "/r"}, ["one", GOODBYE])
    assert answer["flow_run"]["state_type"] == "COMPLETED"


def test_a_key_that_was_used_makes_no_second_run(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(DEPLOYMENT, known({"id": "r", "state_type": "RUNNING"}), run_is("COMPLETED"), logs())
    assert run(run_module, server)["changed"] is False


def test_it_can_be_scheduled_and_left_alone(server: ScriptedServer, run_module: RunModule) -> None:
    when = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2030-01-31T11:00:00+00:00"}}
    server.expect(DEPLOYMENT, known(), made(state=when), logs())
    answer = run(run_module, server, scheduled_time="2030-01-31T12:00:00+01:00", wait_for_end=False)
    assert (answer["changed"], answer["flow_run"]) == (True, {"id": "r"})


@pytest.mark.parametrize(
    ("exchanges", "words"),
    [([DEPLOYMENT, known()], "would be run; in check mode"), ([NO_DEPLOYMENT], "would be run, once it exists;")],
)
def test_in_check_mode_it_says_that_it_would_run(
    server: ScriptedServer, run_module: RunModule, exchanges: list[Exchange], words: str
) -> None:
    server.expect(*exchanges)
    answer = run(run_module, server, check_mode=True)
    assert (answer["changed"], answer["flow_run"]) == (True, {})
    assert words in answer["msg"]


def test_in_check_mode_a_missing_server_is_no_failure(run_module: RunModule) -> None:
    answer = run_module(
        "flow_run", api_url="http://no-such-host.invalid/api", deployment="a/b", wait=True, check_mode=True
    )
    assert (answer["changed"], answer["reason"]) == (True, "unresolved")


def test_a_deployment_that_does_not_exist_is_told(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(NO_DEPLOYMENT)
    assert "The deployment 'a flow/b' does not exist on" in run(run_module, server)["msg"]


@pytest.mark.parametrize("state", ["FAILED", "CRASHED", "CANCELLED"])
def test_another_end_fails_unless_told_otherwise(server: ScriptedServer, run_module: RunModule, state: str) -> None:
    end = [DEPLOYMENT, known(), made(), run_is(state, "exit 1"), logs("one", "Finished in state X")]
    server.expect(*end, *end)
    answer = run(run_module, server)
    assert answer["failed"]
    assert f"The flow run kind-bird of 'a flow/b' is {state} (exit 1)" in answer["msg"]
    assert "Last log lines: one | Finished" in answer["msg"]
    assert answer["flow_run"]["state_type"] == state
    assert not run(run_module, server, fail_on=[]).get("failed")


def test_a_paused_run_is_waited_for_or_fails_as_told(server: ScriptedServer, run_module: RunModule) -> None:
    cancel = Exchange("POST", "/flow_runs/r/set_state", 201, {}, sent={"state": {"type": "CANCELLING"}})
    begin = [DEPLOYMENT, known(), made()]
    server.expect(*begin, run_is("PAUSED"), run_is("COMPLETED"), logs(GOODBYE))
    assert not run(run_module, server).get("failed")
    server.expect(*begin, run_is("PAUSED"), logs(), cancel, run_is("CANCELLED"))
    answer = run(run_module, server, fail_on=["PAUSED"], cancel_on_timeout=True)
    assert (answer["changed"], answer["flow_run"]["state_type"]) == (True, "CANCELLED")
    assert "is PAUSED. It waits to be resumed. It logged nothing. Its cancellation was requested." in answer["msg"]


def test_one_that_takes_too_long_goes_on_running(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(DEPLOYMENT, known(), made(), run_is("SCHEDULED"), run_is("SCHEDULED"), logs())
    answer = run(run_module, server, end_timeout=1)
    assert "was still SCHEDULED after 1 s. No worker took it: is a worker ONLINE in the work pool 'p'" in answer["msg"]
    assert "It stays, and goes on as soon as it can" in answer["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"deployment": "no-slash"}, "deployment must be the flow's and the deployment's name"),
        ({"deployment": "a/b/c"}, "deployment must be the flow's and the deployment's name"),
        ({"scheduled_time": "tomorrow"}, "scheduled_time must be an ISO 8601 time"),
        ({"end_timeout": 0}, "end_timeout must be at least 1"),
        ({"log_lines": -1}, "log_lines must be at least 0"),
    ],
)
def test_bad_input_is_told(server: ScriptedServer, run_module: RunModule, options: Json, words: str) -> None:
    assert words in run(run_module, server, **options)["msg"]


def test_a_server_that_is_away_is_waited_for(client: Client, server: ScriptedServer) -> None:
    server.expect(*[Exchange("GET", "/flow_runs/r", 503)] * 5, run_is("COMPLETED"))
    ended = _flow_run.wait_for_end(client, {"id": "r"}, 60, sleep=lambda _seconds: None, clock=lambda: 0.0)
    assert ended["state_type"] == "COMPLETED"


def test_a_server_that_stays_away_is_told(client: Client, server: ScriptedServer) -> None:
    ticks = itertools.count(step=5)
    server.expect(*[Exchange("GET", "/flow_runs/r", 500)] * 3)
    with pytest.raises(ApiError, match="HTTP 500"):
        _flow_run.wait_for_end(client, {"id": "r"}, 12, sleep=lambda _seconds: None, clock=lambda: float(next(ticks)))


def test_looks_become_rarer_for_a_long_run(client: Client, server: ScriptedServer) -> None:
    pauses: list[float] = []
    server.expect(*[run_is("RUNNING")] * 90)
    _flow_run.wait_for_end(client, {"id": "r"}, 400, sleep=pauses.append, clock=lambda: sum(pauses) or 0.0)
    server.script.clear()
    assert pauses[0] == 0.5
    assert max(pauses[:20]) == 2.0
    assert pauses[-1] == 10.0
