# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs deployments, waits for flow runs and reads their logs (private: not for use outside this collection)."""

from __future__ import annotations

import datetime
import time
import typing as t
import uuid

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._context import Context
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError, PrefectError, TransportError
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import check_least, parse_text
from ansible_collections.selfhosted.prefect.plugins.module_utils._workers import parse_moment

STATE_TYPES = (
    "SCHEDULED",
    "PENDING",
    "RUNNING",
    "PAUSED",
    "CANCELLING",
    "COMPLETED",
    "FAILED",
    "CRASHED",
    "CANCELLED",
)
ENDS = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
"""The types of state that a flow run does not leave by itself."""

FAILURES = ("FAILED", "CRASHED", "CANCELLED")

_FIRST_PAUSE, _PAUSE, _LONG_PAUSE = 0.5, 2.0, 10.0
"""Seconds between looks at a flow run: at first, within a minute, and after that."""

_LATE = 3.0
"""Seconds that the last log messages may arrive after the end."""

Sleep = t.Callable[[float], None]
Clock = t.Callable[[], float]


# The modules


def describe(context: Context) -> Json:
    """Run a deployment as the options of the module ``flow_run`` say; in check mode, say that it would run.

    :raises PrefectError: An option is wrong, the deployment cannot be run, or its run ended as it must not.
    """
    params = context.params
    check_least(params, end_timeout=1, log_lines=0)
    name = str(params["deployment"])
    flow, slash, _rest = name.partition("/")
    if not flow or not slash or name.count("/") > 1 or name.endswith("/"):
        raise PrefectError(
            f"deployment must be the flow's and the deployment's name as flow/deployment, but is {name!r}"
        )
    body = _body(params)
    return context.reaching(lambda: _run(context, name, body), lambda: _would_run(name, ", when there is a server"))


def tell(context: Context) -> Json:
    """Return flow runs as the options of the module ``flow_run_info`` say.

    :raises PrefectError: An option is wrong.
    """
    check_least(context.params, limit=0)
    return context.reaching(
        lambda: {"changed": False, "flow_runs": _listed(context.client, context.params)},
        lambda: {"changed": False, "flow_runs": []},
    )


def _body(params: t.Mapping[str, t.Any]) -> Json:
    """Return the body that creates the flow run.

    :raises PrefectError: The time is none.
    """
    body: Json = {
        option: params[option]
        for option in ("name", "parameters", "job_variables", "tags", "idempotency_key")
        if params[option] is not None
    }
    for option in ("name", "idempotency_key"):
        if option in body:
            parse_text(body[option])
    if params["work_queue"]:
        body["work_queue_name"] = params["work_queue"]
    if params["scheduled_time"]:
        moment = parse_moment(params["scheduled_time"], "scheduled_time")
        when = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).isoformat()
        body["state"] = {"type": "SCHEDULED", "state_details": {"scheduled_time": when}}
    return body


def _would_run(name: str, but: str = "") -> Json:
    return {
        "changed": True,
        "flow_run": {},
        "result": None,
        "logs": [],
        "msg": f"The deployment {name!r} would be run{but}; in check mode nothing is run",
    }


def _run(context: Context, name: str, body: Json) -> Json:
    client, params = context.client, context.params
    deployment = find_deployment(client, name)
    if deployment is None:
        if context.check_mode:
            return _would_run(name, ", once it exists")
        raise PrefectError(
            f"The deployment {name!r} does not exist on {client.api_url}; the module deployment makes it"
        )
    flow_run = _earlier(client, deployment, body)
    changed = flow_run is None
    if flow_run is None:
        if context.check_mode:
            return _would_run(name)
        flow_run = start(client, str(deployment["id"]), body)
    if params["wait_for_end"] and not context.check_mode:
        flow_run = wait_for_end(client, flow_run, params["end_timeout"], until=params["fail_on"])
    ended = flow_run.get("state_type") in ENDS
    logs = last_logs(client, flow_run, params["log_lines"], late=ended and changed)
    found = {"flow_run": flow_run, "result": (flow_run.get("state") or {}).get("data"), "logs": logs}
    _judge(context, flow_run, {"changed": changed, **found})
    return {"changed": changed, **found}


def _judge(context: Context, flow_run: Json, found: Json) -> None:
    """Refuse a flow run that is not as it must be.

    :raises PrefectError: With the flow run, what usually is the reason, and its last log lines.
    """
    params, waited = context.params, context.params["wait_for_end"] and not context.check_mode
    if flow_run.get("state_type") in params["fail_on"]:
        fault = f"is {state_words(flow_run)}"
    elif waited and flow_run.get("state_type") not in ENDS:
        fault = f"was still {state_words(flow_run)} after {params['end_timeout']} s"
    else:
        return
    left = ""
    if waited and flow_run.get("state_type") not in ENDS:
        if params["cancel_on_timeout"]:
            left = cancel(context.client, str(flow_run["id"]))
            found["flow_run"] = context.client.find(f"/flow_runs/{quote(str(flow_run['id']))}") or flow_run
        else:
            left = " It stays, and goes on as soon as it can; cancel_on_timeout would cancel it."
    raise PrefectError(
        f"The flow run {flow_run.get('name')} of {params['deployment']!r} {fault}."
        f" {hint(flow_run)}{last_words(found['logs'])}{left}",
        **found,
    )


def _earlier(client: Client, deployment: Json, body: Json) -> t.Optional[Json]:
    """Return the flow run that the idempotency key already stands for, or None."""
    if "idempotency_key" not in body:
        return None
    wanted = {
        "flow_runs": {"idempotency_key": {"any_": [body["idempotency_key"]]}},
        "flows": {"id": {"any_": [deployment["flow_id"]]}},
    }
    found = client.read_all("/flow_runs/filter", wanted, 1)
    return found[0] if found else None


def _listed(client: Client, params: t.Mapping[str, t.Any]) -> t.List[Json]:
    body: Json = {"sort": "START_TIME_DESC"}
    runs: Json = {}
    if params["id"] is not None:
        try:
            runs["id"] = {"any_": [str(uuid.UUID(params["id"]))]}
        except ValueError as exc:
            raise PrefectError(f"id must be the ID of a flow run, but is {params['id']!r}") from exc
    if params["state_types"]:
        runs["state"] = {"type": {"any_": params["state_types"]}}
    if params["tags"]:
        runs["tags"] = {"all_": params["tags"]}
    if params["flow"] is not None:
        body["flows"] = {"name": {"any_": [params["flow"]]}}
    if params["deployment"] is not None:
        deployment = find_deployment(client, str(params["deployment"]))
        if deployment is None:
            return []
        body["deployments"] = {"id": {"any_": [deployment["id"]]}}
    if runs:
        body["flow_runs"] = runs
    return client.read_all("/flow_runs/filter", body, params["limit"] or None)


# What the canary shares


def find_deployment(client: Client, name: str) -> t.Optional[Json]:
    """Return a deployment by ``flow/deployment``, or None."""
    flow, _slash, deployment = name.partition("/")
    return client.find(f"/deployments/name/{quote(flow)}/{quote(deployment)}")


def start(client: Client, deployment_id: str, body: Json) -> Json:
    """Make a flow run of a deployment."""
    # A second try after a lost answer returns the first one's flow run instead of starting another.
    body = {"idempotency_key": str(uuid.uuid4()), **body}
    flow_run: Json = client.create(f"/deployments/{deployment_id}/create_flow_run", body)
    return flow_run


def wait_for_end(
    client: Client,
    flow_run: Json,
    seconds: float,
    until: t.Container[str] = (),
    sleep: Sleep = time.sleep,
    clock: Clock = time.monotonic,
) -> Json:
    """Return a flow run as it is when it ended, when it came to a state of a type in ``until``, or when the time is over.

    A server that is away for a while is waited for like the flow run.

    :raises PrefectError: The server was away when the time was over, or the flow run is gone.
    """
    begun = clock()
    pause = _FIRST_PAUSE
    while True:
        away: t.Optional[PrefectError] = None
        try:
            flow_run = client.get(f"/flow_runs/{flow_run['id']}")
        except TransportError as exc:
            if exc.kind in ("tls", "not_http"):
                raise
            away = exc
        except ApiError as exc:
            if exc.status < 500:
                raise
            away = exc
        if away is None and (flow_run.get("state_type") in ENDS or flow_run.get("state_type") in until):
            return flow_run
        passed = clock() - begun
        if passed + pause >= seconds:
            if away is not None:
                raise away
            return flow_run
        sleep(pause)
        pause = min(pause * 1.2, _PAUSE if passed < 60 else _LONG_PAUSE)


def cancel(client: Client, flow_run_id: str) -> str:
    """Ask for the run's end, so that it does not start long after its caller gave up. Returns words for the error."""
    try:
        client.create(f"/flow_runs/{flow_run_id}/set_state", {"state": {"type": "CANCELLING"}})
    except PrefectError as exc:
        return f" It could not be cancelled either: {exc.message}"
    return " Its cancellation was requested."


def read_logs(client: Client, flow_run_id: str, most: int) -> t.List[str]:
    """Return the last messages that a flow run and its task runs logged, in their order."""
    if not most:
        return []
    body = {"logs": {"flow_run_id": {"any_": [flow_run_id]}}, "sort": "TIMESTAMP_DESC"}
    return [str(entry.get("message")) for entry in reversed(client.read_all("/logs/filter", body, most))]


def last_logs(client: Client, flow_run: Json, most: int, late: bool, sleep: Sleep = time.sleep) -> t.List[str]:
    """Return the last messages of a flow run.

    :param late: Whether it ended a moment ago, so that messages may still be on their way.
    """
    logs = read_logs(client, str(flow_run["id"]), most)
    waited = 0.0
    while late and most and waited < _LATE and not _complete(logs):
        sleep(0.5)
        waited += 0.5
        logs = read_logs(client, str(flow_run["id"]), most)
    return logs


def _complete(logs: t.Sequence[str]) -> bool:
    """Whether the message is there with which Prefect's engine takes leave of a flow run."""
    return any("Finished in state" in line for line in logs[-3:])


def state_words(flow_run: Json) -> str:
    """Return a flow run's state and its message."""
    message = (flow_run.get("state") or {}).get("message")
    name = str(flow_run.get("state_type"))
    return f"{name} ({message})" if message else name


def hint(flow_run: Json) -> str:
    """Say what is usually wrong with a run that stands where this one stands."""
    state = flow_run.get("state_type")
    pool = flow_run.get("work_pool_name")
    if state == "SCHEDULED" and pool:
        return (
            f"No worker took it: is a worker ONLINE in the work pool {pool!r}, and does it serve the work queue"
            f" {flow_run.get('work_queue_name')!r}? A paused or full work pool or queue holds it back, too."
        )
    if state == "SCHEDULED":
        return "Its deployment has no work pool, so no worker takes it; only a process that serves the deployment does."
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
    if state == "PAUSED":
        return "It waits to be resumed."
    if state == "RUNNING":
        return "It began but did not end; the worker's and the server's logs say more."
    return ""


def last_words(logs: t.Sequence[str]) -> str:
    """Return the last log lines, for an error."""
    return (
        f" Last log lines: {' | '.join(line.strip()[-400:] for line in logs[-5:])}" if logs else " It logged nothing."
    )
