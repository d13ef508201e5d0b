# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module worker_drain."""

from __future__ import annotations

import datetime
import typing as t
import uuid

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _drain
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

WORKER = {"name": "w", "work_pool": "p"}
BEGAN = "2026-01-31T12:00:00Z"
JUST_NOW = "just now"
NOWHERE = "http://127.0.0.1:9/api"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as short as possible for what a worker took just before the pause."""
    monkeypatch.setattr(_drain, "_GRACE", 0.0)
    monkeypatch.setattr(_drain, "_FIRST_PAUSE", 0.05)


def run(state: str = "RUNNING", at: str = "12:30:00", worker: str | None = "w", **fields: t.Any) -> Json:
    labels = {} if worker is None else {"prefect.worker.name": worker}
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{state}{at}{worker}{fields}")),
        "name": f"{state.lower()}-{worker}",
        "state_type": state,
        "state_name": state.title(),
        "state": {"timestamp": f"2026-01-31T{at}Z"},
        "start_time": f"2026-01-31T{at}Z",
        "work_pool_name": "p",
        "work_queue_name": "default",
        "labels": labels,
        "infrastructure_pid": None,
        **fields,
    }


def pool(paused: bool = False) -> Exchange:
    return Exchange("GET", "/work_pools/p", body={"name": "p", "is_paused": paused})


def queue(name: str, paused: bool = False) -> Exchange:
    return Exchange("GET", f"/work_pools/p/queues/{name}", body={"name": name, "is_paused": paused})


def active(*runs: Json) -> Exchange:
    return Exchange("POST", "/flow_runs/filter", body=list(runs))


def patch(path: str, paused: bool) -> Exchange:
    return Exchange("PATCH", f"/work_pools/{path}", 204, sent={"is_paused": paused})


def drain(run_module: RunModule, server: ScriptedServer, state: str = "drained", **options: t.Any) -> Json:
    return run_module("worker_drain", api_url=server.url, state=state, **options)


def names(runs: list[Json]) -> list[str]:
    return [item["name"] for item in runs]


def test_the_pool_is_paused_and_runs_are_waited_for(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(pool(), patch("p", True), active(run()), pool(True), active())
    found = drain(run_module, server, workers=[WORKER])
    assert found["changed"]
    assert found["held"] == [{"work_pool": "p", "work_queue": None}]
    assert (names(found["flow_runs"]), found["active"]) == (["running-w"], [])
    assert found["msg"] == "Waited for 1 flow run: running-w (RUNNING)."


def test_queues_are_paused_where_a_worker_serves_no_others(server: ScriptedServer, run_module: RunModule) -> None:
    served = {**WORKER, "work_queues": ["a", "b", "none"]}
    missing = Exchange("GET", "/work_pools/p/queues/none", 404, {"detail": "no"})
    other = run(work_queue_name="c")
    server.expect(pool(), queue("a"), patch("p/queues/a", True), queue("b", True), missing, active(other))
    found = drain(run_module, server, workers=[served])
    assert found["held"] == [{"work_pool": "p", "work_queue": "a"}]
    assert found["paused_before"] == [{"work_pool": "p", "work_queue": "b"}]
    assert "work queue 'b' of the work pool 'p' was paused already" in found["msg"]


def test_what_somebody_else_paused_is_not_held(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(pool(True), active())
    found = drain(run_module, server, workers=[WORKER])
    assert (found["changed"], found["held"]) == (False, [])
    assert found["paused_before"] == [{"work_pool": "p", "work_queue": None}]


def test_what_is_resumed_meanwhile_is_paused_again(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(pool(True), active(run()), pool(), patch("p", True), active())
    found = drain(run_module, server, workers=[WORKER])
    assert found["held"] == [{"work_pool": "p", "work_queue": None}]


@pytest.mark.parametrize(
    ("item", "options"),
    [
        (run(worker="another"), {}),
        (run("PENDING", worker=None), {}),  # long ago
        (run(work_pool_name="another"), {}),
        (run("PAUSED", state_name="Suspended"), {}),
        (run(), {"detached": True}),
        (run("PENDING", infrastructure_pid="http+docker://localhost:1"), {"detached": True}),
    ],
    ids=["another worker", "nobody's", "another pool", "suspended", "in its own container", "has its container"],
)
def test_runs_that_do_not_end_with_the_worker_are_not_waited_for(
    server: ScriptedServer, run_module: RunModule, item: Json, options: Json
) -> None:
    server.expect(pool(), patch("p", True), active(item))
    assert drain(run_module, server, workers=[{**WORKER, **options}])["flow_runs"] == []


@pytest.mark.parametrize(
    ("item", "options"),
    [
        (run("PENDING"), {}),
        (run("PENDING"), {"detached": True}),
        (run("CANCELLING"), {}),
        (run("PAUSED"), {}),
        (run("PENDING", at=JUST_NOW, worker=None), {}),
    ],
    ids=["pending", "pending without a container", "cancelling", "paused", "just taken"],
)
def test_runs_that_would_end_with_the_worker_fail_it_when_the_time_is_over(
    server: ScriptedServer, run_module: RunModule, item: Json, options: Json
) -> None:
    if JUST_NOW in item["state"]["timestamp"]:
        item = {**item, "state": {"timestamp": datetime.datetime.now(datetime.UTC).isoformat()}}
    server.expect(pool(), patch("p", True), active(item))
    found = drain(run_module, server, workers=[{**WORKER, **options}], drain_timeout=0)
    assert found["failed"]
    assert "After 0 s the workers still had 1 flow run" in found["msg"]
    assert "Nothing was stopped" in found["msg"]
    # Whoever resumes it must know.
    assert found["held"] == [{"work_pool": "p", "work_queue": None}]


def test_by_force_what_is_left_is_told_and_no_failure(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(pool(), patch("p", True), active(run()))
    found = drain(run_module, server, workers=[WORKER], drain_timeout=0, force=True)
    assert names(found["active"]) == ["running-w"]
    assert "after 0 s the workers still have 1 flow run" in found["msg"].lower()


def test_runs_of_an_earlier_start_are_told_and_not_waited_for(server: ScriptedServer, run_module: RunModule) -> None:
    old, new = run(at="11:59:59"), run(at="12:00:01")
    asked = run("CANCELLING", at="12:30:00", start_time="2026-01-31T11:00:00Z")
    server.expect(pool(), patch("p", True), active(old, asked, new), pool(True), active(old, asked))
    found = drain(run_module, server, workers=[{**WORKER, "since": BEGAN}])
    assert names(found["flow_runs"]) == ["running-w"]
    assert names(found["left_behind"]) == ["running-w", "cancelling-w"]
    assert "An earlier start" in found["msg"] or "an earlier start" in found["msg"]


def test_check_mode_pauses_and_waits_for_nothing(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(pool(), active(run()))
    found = drain(run_module, server, workers=[WORKER], check_mode=True)
    assert found["changed"]
    assert "would be waited for" in found["msg"]
    gone = run_module("worker_drain", api_url=NOWHERE, state="drained", workers=[WORKER], check_mode=True)
    assert (gone["changed"], gone["held"], gone["reason"]) == (False, [], "refused")


def test_a_pool_that_is_gone_needs_no_pause(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("GET", "/work_pools/p", 404, {"detail": "no"}), active())
    assert drain(run_module, server, workers=[WORKER])["held"] == []


def test_a_failure_tells_what_is_held(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(
        pool(), patch("p", True), Exchange("GET", "/work_pools/q", 401, {"exception_message": "Unauthorized"})
    )
    found = drain(run_module, server, workers=[WORKER, {"name": "w", "work_pool": "q"}])
    assert found["failed"]
    assert found["held"] == [{"work_pool": "p", "work_queue": None}]


def test_runs_of_stopped_workers_are_ended(server: ScriptedServer, run_module: RunModule) -> None:
    lost, asked, other = run(), run("CANCELLING"), run(worker="another")
    states = {"RUNNING": ("CRASHED", "Crashed"), "CANCELLING": ("CANCELLED", "Cancelled")}
    writes = [
        Exchange(
            "POST",
            f"/flow_runs/{item['id']}/set_state",
            201,
            {"status": "ACCEPT"},
            sent={
                "state": {
                    "type": states[item["state_type"]][0],
                    "name": states[item["state_type"]][1],
                    "message": f"The worker w was stopped while this flow run was {item['state_type']} in it.",
                },
                "force": True,
            },
        )
        for item in (lost, asked)
    ]
    server.expect(active(lost, asked, other), active(lost, asked, other), *writes, active(other))
    predicted = drain(run_module, server, "stopped", workers=[WORKER], check_mode=True)
    done = drain(run_module, server, "stopped", workers=[WORKER])
    assert predicted == done
    assert (done["changed"], names(done["flow_runs"])) == (True, ["running-w", "cancelling-w"])
    assert not drain(run_module, server, "stopped", workers=[WORKER])["changed"]


def test_what_was_held_is_resumed_once(server: ScriptedServer, run_module: RunModule) -> None:
    held = [{"work_pool": "p"}, {"work_pool": "p"}, {"work_pool": "p", "work_queue": "a b"}]
    gone = Exchange("GET", "/work_pools/p/queues/a%20b", 404, {"detail": "no"})
    server.expect(pool(True), patch("p", False), pool(False), gone)
    found = drain(run_module, server, "resumed", held=held)
    assert (found["changed"], found["held"]) == (True, [{"work_pool": "p", "work_queue": None}])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"drain_timeout": -1}, "drain_timeout"),
        ({"workers": [{**WORKER, "since": "soon"}]}, "since must be an ISO 8601 time"),
        ({"workers": [{"name": "w"}]}, "work_pool"),
    ],
)
def test_bad_input_is_told(run_module: RunModule, options: dict[str, t.Any], words: str) -> None:
    assert words in run_module("worker_drain", api_url=NOWHERE, state="drained", **options)["msg"]
