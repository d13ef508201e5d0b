# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a small flow through a work pool and waits for its end (private: not for use outside this collection)."""

from __future__ import annotations

import time
import typing as t
import uuid

from ansible_collections.selfhosted.prefect.plugins.module_utils import _canary_flow, _flow_run
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._context import Context
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError

TAG = "selfhosted.prefect.canary"

_LOG_LINES = 1000
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
    }
    if work_queue:
        body["work_queue_name"] = work_queue
    flow_run = _flow_run.start(client, str(deployment["id"]), body)
    flow_run = _flow_run.wait_for_end(client, flow_run, seconds, sleep=sleep, clock=clock)
    if flow_run.get("state_type") != "COMPLETED":
        ended = flow_run.get("state_type") in _flow_run.ENDS
        state = _flow_run.state_words(flow_run)
        logs = _flow_run.read_logs(client, str(flow_run["id"]), _LOG_LINES)
        raise PrefectError(
            f"The canary flow run {flow_run.get('name')}"
            f" {f'ended {state}' if ended else f'was still {state} after {seconds:g} s'}."
            f" {_flow_run.hint(flow_run)}{_flow_run.last_words(logs)}"
            f"{'' if ended else _flow_run.cancel(client, str(flow_run['id']))}",
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


def _wait_for_records(
    client: Client, flow_run_id: str, sleep: t.Callable[[float], None], clock: t.Callable[[], float]
) -> t.Tuple[t.List[str], t.List[Json]]:
    end = clock() + _RECORDS_TIMEOUT
    song = _canary_flow.song(flow_run_id)
    pause = 0.25
    while True:
        logs = _flow_run.read_logs(client, flow_run_id, _LOG_LINES)
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
