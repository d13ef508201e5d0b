# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a small flow through a work pool and waits for its end (private: not for use outside this collection)."""

from __future__ import annotations

import time
import typing as t
import uuid

from ansible_collections.selfhosted.prefect.plugins.module_utils import _canary_flow
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._context import Context
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError

TAG = "selfhosted.prefect.canary"

_TERMINAL = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
_RECORDS_TIMEOUT = 20.0
"""Seconds after the flow run's end in which its logs and task runs must appear; both arrive some seconds late."""


def describe(context: Context) -> Json:
    """Run the canary as the module's options say; in check mode, say that it would run.

    :raises PrefectError: As ``sing``.
    """
    params = context.params
    if context.check_mode:
        return {
            "changed": True,
            "msg": f"A flow would be run through the work pool {params['work_pool']!r}; in check mode nothing is run",
            "flow_run": {},
            "logs": [],
            "task_runs": [],
        }
    found = sing(
        context.client,
        str(params["work_pool"]),
        params["work_queue"],
        params["job_variables"],
        params["wait_timeout"],
    )
    return {"changed": True, **found}


def sing(
    client: Client,
    work_pool: str,
    work_queue: t.Optional[str],
    job_variables: Json,
    seconds: float,
    sleep: t.Callable[[float], None] = time.sleep,
    clock: t.Callable[[], float] = time.monotonic,
) -> Json:
    """Make the canary's deployment, run it, and return the flow run, its logs and its task runs.

    :param seconds: How long the flow run may take, from its creation to its end.
    :raises PrefectError: The pool cannot run it, the run did not end COMPLETED in time, or left no records.
    """
    _check_pool(client, work_pool)
    deployment = _deploy(client, work_pool, work_queue)
    body: Json = {
        "name": f"canary-{uuid.uuid4().hex[:8]}",
        "tags": [TAG],
        "job_variables": job_variables,
        # A second try after a lost answer returns the first one's flow run instead of starting another.
        "idempotency_key": str(uuid.uuid4()),
    }
    if work_queue:
        body["work_queue_name"] = work_queue
    flow_run = client.create(f"/deployments/{deployment['id']}/create_flow_run", body)
    flow_run = _wait_for_end(client, str(flow_run["id"]), work_pool, seconds, sleep, clock)
    if flow_run.get("state_type") != "COMPLETED":
        logs = _logs(client, str(flow_run["id"]))
        raise PrefectError(
            f"The canary flow run {flow_run.get('name')} ended {_state(flow_run)}."
            f" {_hint(flow_run, work_pool)}{_last(logs)}",
            flow_run=_summary(flow_run),
            logs=logs,
        )
    logs, task_runs = _wait_for_records(client, str(flow_run["id"]), sleep, clock)
    return {"flow_run": _summary(flow_run), "logs": logs, "task_runs": task_runs}


def _check_pool(client: Client, work_pool: str) -> None:
    pool = client.find(f"/work_pools/{quote(work_pool)}")
    if pool is None:
        raise PrefectError(f"The work pool {work_pool!r} does not exist on {client.api_url}")
    if pool.get("is_paused"):
        raise PrefectError(f"The work pool {work_pool!r} is paused, so it runs nothing; resume it first")
    if pool.get("concurrency_limit") == 0:
        raise PrefectError(f"The work pool {work_pool!r} has a concurrency limit of 0, so it runs nothing")


def _deploy(client: Client, work_pool: str, work_queue: t.Optional[str]) -> Json:
    """Make the flow and its deployment, or bring them up to date; both routes are upserts."""
    flow = client.create("/flows/", {"name": _canary_flow.FLOW_NAME, "tags": [TAG]})
    body: Json = {
        "name": work_pool,
        "flow_id": flow["id"],
        "work_pool_name": work_pool,
        "entrypoint": _canary_flow.ENTRYPOINT,
        "pull_steps": _canary_flow.PULL_STEPS,
        "parameter_openapi_schema": {"type": "object", "properties": {}},
        "description": "Shows that this work pool runs flows. Made by the module selfhosted.prefect.canary.",
        "tags": [TAG],
        "paused": False,
    }
    if work_queue:
        body["work_queue_name"] = work_queue
    deployment: Json = client.create("/deployments/", body)
    return deployment


def _wait_for_end(
    client: Client,
    flow_run_id: str,
    work_pool: str,
    seconds: float,
    sleep: t.Callable[[float], None],
    clock: t.Callable[[], float],
) -> Json:
    end = clock() + seconds
    pause = 0.5
    while True:
        flow_run: Json = client.get(f"/flow_runs/{flow_run_id}")
        if flow_run.get("state_type") in _TERMINAL:
            return flow_run
        if clock() + pause >= end:
            logs = _logs(client, flow_run_id)
            raise PrefectError(
                f"The canary flow run {flow_run.get('name')} was still {_state(flow_run)} after {seconds:g} s."
                f" {_hint(flow_run, work_pool)}{_last(logs)}{_cancel(client, flow_run_id)}",
                flow_run=_summary(flow_run),
                logs=logs,
            )
        sleep(pause)
        pause = min(pause * 1.2, 2.0)


def _cancel(client: Client, flow_run_id: str) -> str:
    """Ask for the run's end, so that it does not start long after its caller gave up. Returns words for the error."""
    try:
        client.create(f"/flow_runs/{flow_run_id}/set_state", {"state": {"type": "CANCELLING"}})
    except PrefectError as exc:
        return f" It could not be cancelled either: {exc.message}"
    return " Its cancellation was requested."


def _wait_for_records(
    client: Client, flow_run_id: str, sleep: t.Callable[[float], None], clock: t.Callable[[], float]
) -> t.Tuple[t.List[str], t.List[Json]]:
    end = clock() + _RECORDS_TIMEOUT
    song = _canary_flow.song(flow_run_id)
    pause = 0.25
    while True:
        logs = _logs(client, flow_run_id)
        task_runs = _task_runs(client, flow_run_id)
        heard = any(song in line for line in logs)
        completed = sum(1 for run in task_runs if run["state"] == "COMPLETED")
        if heard and completed == _canary_flow.TASK_RUNS:
            return logs, task_runs
        if clock() + pause >= end:
            lack = [] if heard else ["its log line"]
            if completed != _canary_flow.TASK_RUNS:
                lack.append(f"{_canary_flow.TASK_RUNS - completed} of {_canary_flow.TASK_RUNS} task runs")
            raise PrefectError(
                f"The canary flow run was COMPLETED, but {_RECORDS_TIMEOUT:g} s later the API still lacked"
                f" {' and '.join(lack)}. Logs arrive over HTTP and task runs over a WebSocket (/events/in): does every"
                " proxy on the way let both through, with credentials?",
                logs=logs,
                task_runs=task_runs,
            )
        sleep(pause)
        pause = min(pause * 1.5, 1.0)


def _logs(client: Client, flow_run_id: str) -> t.List[str]:
    found = client.read_all(
        "/logs/filter", {"logs": {"flow_run_id": {"any_": [flow_run_id]}}, "sort": "TIMESTAMP_ASC"}, 1000
    )
    return [str(entry.get("message")) for entry in found]


def _task_runs(client: Client, flow_run_id: str) -> t.List[Json]:
    found = client.read_all("/task_runs/filter", {"flow_runs": {"id": {"any_": [flow_run_id]}}}, 200)
    runs = [{"name": run.get("name"), "state": run.get("state_type")} for run in found]
    return sorted(runs, key=lambda run: str(run["name"]))


def _summary(flow_run: Json) -> Json:
    state = flow_run.get("state") or {}
    return {
        "id": flow_run.get("id"),
        "name": flow_run.get("name"),
        "state_type": flow_run.get("state_type"),
        "state_name": flow_run.get("state_name"),
        "message": state.get("message"),
        "start_time": flow_run.get("start_time"),
        "end_time": flow_run.get("end_time"),
        "total_run_time": flow_run.get("total_run_time"),
        "infrastructure_pid": flow_run.get("infrastructure_pid"),
        "work_pool": flow_run.get("work_pool_name"),
        "work_queue": flow_run.get("work_queue_name"),
    }


def _state(flow_run: Json) -> str:
    message = (flow_run.get("state") or {}).get("message")
    name = str(flow_run.get("state_type"))
    return f"{name} ({message})" if message else name


def _hint(flow_run: Json, work_pool: str) -> str:
    """Say what is usually wrong with a run that stands where this one stands."""
    state = flow_run.get("state_type")
    if state == "SCHEDULED":
        return (
            f"No worker took it: is a worker ONLINE in the work pool {work_pool!r}, and does it serve this work queue?"
        )
    if state == "PENDING":
        return (
            "A worker took it, but its process or container did not begin: is the image there, or still being pulled?"
            " The worker's log says more."
        )
    if state == "CRASHED":
        return (
            "Its process or container died. Most often it cannot reach the API: the worker's PREFECT_API_URL must"
            " resolve inside the flow run's container too, so that container must join the server's network."
        )
    if state == "RUNNING":
        return "It began but did not end; the worker's and the server's logs say more."
    return ""


def _last(logs: t.Sequence[str]) -> str:
    """Return the last log lines, for an error."""
    return (
        f" Last log lines: {' | '.join(line.strip()[-400:] for line in logs[-5:])}" if logs else " It logged nothing."
    )
