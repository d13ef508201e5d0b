# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the canary asks the API for, and what it says when a flow run does not end well."""

from __future__ import annotations

import ast
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _canary, _canary_flow
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

POOL = Exchange("GET", "/work_pools/p", body={"name": "p", "is_paused": False, "concurrency_limit": None})
BEGIN = [
    POOL,
    Exchange("POST", "/flows/", 201, {"id": "f"}),
    Exchange("POST", "/deployments/", 201, {"id": "d"}),
    Exchange("POST", "/deployments/d/create_flow_run", 201, {"id": "r"}),
]
SONG = {"message": _canary_flow.song("r")}
DONE_TASKS = [{"name": "b", "state_type": "COMPLETED"}, {"name": "a", "state_type": "COMPLETED"}]


def run_is(state: str, message: str | None = None) -> Exchange:
    return Exchange(
        "GET",
        "/flow_runs/r",
        body={
            "id": "r",
            "name": "canary-1",
            "state_type": state,
            "state": {"message": message},
            "work_pool_name": "p",
            "work_queue_name": "default",
        },
    )


def logs(*entries: Json) -> Exchange:
    return Exchange("POST", "/logs/filter", body=list(entries))


def tasks(*entries: Json) -> Exchange:
    return Exchange("POST", "/task_runs/filter", body=list(entries))


def sing(client: Client, seconds: float = 60, clock: t.Callable[[], float] = lambda: 0.0) -> Json:
    return _canary.sing(client, "p", None, {}, seconds, sleep=lambda _seconds: None, clock=clock)


def test_the_flow_is_python_whose_braces_prefect_does_not_take_for_placeholders() -> None:
    ast.parse(_canary_flow.SOURCE)
    assert "{{" not in _canary_flow.SOURCE
    assert "}}" not in _canary_flow.SOURCE


def test_the_flow_and_its_song_agree() -> None:
    assert f'name="{_canary_flow.FLOW_NAME}"' in _canary_flow.SOURCE
    assert _canary_flow.song("ID") == "canary ID sings: 42"
    assert '"canary %s sings: %s"' in _canary_flow.SOURCE
    assert _canary_flow.SOURCE.count("@task") == _canary_flow.TASK_RUNS


def test_records_that_arrive_late_are_awaited(client: Client, server: ScriptedServer) -> None:
    server.expect(
        *BEGIN,
        run_is("PENDING"),
        run_is("COMPLETED"),
        logs(),
        tasks(),
        logs(SONG),
        tasks(),
        logs(SONG),
        tasks(*DONE_TASKS),
    )
    result = sing(client)
    assert result["flow_run"]["state_type"] == "COMPLETED"
    assert result["logs"] == [SONG["message"]]
    assert [run["name"] for run in result["task_runs"]] == ["a", "b"]


def test_records_that_never_arrive_are_a_failure(client: Client, server: ScriptedServer) -> None:
    ticks = iter(range(0, 1000, 15))
    server.expect(*BEGIN, run_is("COMPLETED"), logs(SONG), tasks(), logs(SONG), tasks(DONE_TASKS[0]))
    with pytest.raises(PrefectError, match="still lacked 1 of 2 task runs. .*WebSocket"):
        sing(client, clock=lambda: float(next(ticks)))


@pytest.mark.parametrize(
    ("state", "words"), [("CRASHED", "Most often it cannot reach the API"), ("FAILED", ""), ("CANCELLED", "")]
)
def test_another_end_fails_with_the_state_the_message_and_the_last_lines(
    client: Client, server: ScriptedServer, state: str, words: str
) -> None:
    server.expect(*BEGIN, run_is(state, "exit 1"), logs({"message": "two"}, {"message": "one"}))
    with pytest.raises(PrefectError, match=rf"canary-1 ended {state} \(exit 1\).*{words}.*one \| two"):
        sing(client)


@pytest.mark.parametrize(
    ("state", "words"), [("SCHEDULED", "is a worker ONLINE in the work pool 'p'"), ("PENDING", "is the image there")]
)
def test_a_run_that_does_not_end_in_time_is_cancelled_and_told(
    client: Client, server: ScriptedServer, state: str, words: str
) -> None:
    cancel = Exchange("POST", "/flow_runs/r/set_state", 201, {}, sent={"state": {"type": "CANCELLING"}})
    server.expect(*BEGIN, run_is(state), logs(), cancel)
    with pytest.raises(PrefectError, match=rf"still {state} after 0 s. .*{words}.* cancellation was requested"):
        sing(client, seconds=0)


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        (Exchange("GET", "/work_pools/p", 404, {"detail": "Work pool not found."}), "does not exist"),
        (Exchange("GET", "/work_pools/p", body={"is_paused": True}), "is paused"),
        (Exchange("GET", "/work_pools/p", body={"concurrency_limit": 0}), "concurrency limit of 0"),
    ],
)
def test_a_pool_that_cannot_run_anything_is_told_before_anything_is_written(
    client: Client, server: ScriptedServer, pool: Exchange, words: str
) -> None:
    server.expect(pool)
    with pytest.raises(PrefectError, match=words):
        sing(client)
