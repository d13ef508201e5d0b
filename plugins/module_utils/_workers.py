# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workers of a work pool, waiting for them and removing their records (private: not for use outside this collection)."""

from __future__ import annotations

import datetime
import email.utils
import re
import time
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._context import Context
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import (
    InputError,
    PrefectError,
    TransportError,
)
from ansible_collections.selfhosted.prefect.plugins.module_utils._readiness import ABSENT_REASONS
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import parse_seconds

_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)


def parse_moment(value: str, option: str) -> float:
    """Return a moment in seconds since the epoch.

    Takes what container engines and Ansible print: seconds since the epoch, or an ISO 8601 time with any number of
    decimals; without a zone it is UTC.

    :raises PrefectError: It is neither.
    """
    text = value.strip()
    try:
        number = float(text)
    except ValueError:
        pass
    else:
        if 0 <= number < 1e11:
            return number
    match = _TIMESTAMP.fullmatch(text)
    if match:
        date, clock, decimals, zone = match.groups()
        zone = "+00:00" if not zone or zone in "Zz" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
        try:
            moment = datetime.datetime.fromisoformat(f"{date}T{clock}.{(decimals or '0')[:6]:0<6}{zone}")
        except ValueError:
            pass
        else:
            return moment.timestamp()
    raise PrefectError(
        f"{option} must be an ISO 8601 time such as 2026-01-31T12:00:00Z, or seconds since the epoch, but is {value!r}"
    )


def describe(context: Context) -> Json:
    """Return the workers of a work pool, having waited for them where that is asked for.

    :raises PrefectError: An option is wrong, the work pool does not exist, or the time is over.
    """
    params = context.params
    pool, names = str(params["work_pool"]), list(params["names"])
    since = params["heartbeat_after"]
    moment = None if since is None else parse_moment(since, "heartbeat_after")
    begun = time.monotonic()
    absent = context.absent()
    if absent is not None:
        return _nothing(names, absent.reason, absent.message)
    if params["wait"] and not context.check_mode:
        left = params["wait_timeout"] - (time.monotonic() - begun)
        workers = wait_for_workers(context.client, pool, names, moment, left)
    else:
        try:
            workers = list_workers(context.client, pool)
        except TransportError as exc:
            if not context.check_mode or exc.kind not in ABSENT_REASONS:
                raise
            return _nothing(names, exc.kind, exc.message)
        except MissingPoolError as exc:
            if not context.check_mode:
                raise
            return _nothing(names, "no_work_pool", exc.message)
    return {"changed": False, "workers": workers, "missing": lacking(workers, names, moment)}


def _nothing(names: t.Sequence[str], reason: str, message: str) -> Json:
    return {
        "changed": False,
        "workers": [],
        "missing": lacking([], names, None),
        "reason": reason,
        "msg": f"There are no workers yet. {message}",
    }


_MISSED = 3
"""So many heartbeats must be missing before the server itself calls a worker OFFLINE (3.8.8)."""

_INTERVAL = 30
"""Seconds between the heartbeats of a worker that does not say how often it is to be heard."""


def forget(context: Context) -> Json:
    """Remove records of workers as the options of the module ``worker`` say; in check mode, tell which.

    :raises PrefectError: An option is wrong, or a worker is ONLINE.
    """
    params = context.params
    if params["name"] is None and not params["offline"]:
        raise PrefectError("To say which workers are meant, give name or offline: true")
    try:
        silence = parse_seconds(params["not_seen_for"])
    except InputError as exc:
        raise exc.under("not_seen_for") from exc
    return context.reaching(lambda: _forget(context, silence), lambda: _forgotten([], []))


def _forget(context: Context, silence: float) -> Json:
    params, client = context.params, context.client
    pool = str(params["work_pool"])
    try:
        workers = list_workers(client, pool)
    except MissingPoolError:
        # It went with its work pool.
        return _forgotten([], [])
    wanted = [worker for worker in workers if params["name"] in (None, worker.get("name"))]
    if params["offline"]:
        now = _now(client)
        wanted = [worker for worker in wanted if _silence(worker, now) > max(silence, _MISSED * _interval(worker))]
    elif not params["force"]:
        for worker in wanted:
            if worker.get("status") == "ONLINE":
                raise PrefectError(
                    f"The worker {worker.get('name')!r} of the work pool {pool!r} is ONLINE, and one that runs makes its"
                    " record again. Stop it first, or set force to remove the record of one that was just stopped"
                )
    for worker in wanted:
        name = str(worker.get("name"))
        if "/" in name:
            raise PrefectError(
                f"The worker {name!r} of the work pool {pool!r} cannot be removed: the server has no route for a name"
                " with a slash. It goes only with its work pool"
            )
    if not context.check_mode:
        for worker in wanted:
            client.delete(f"/work_pools/{quote(pool)}/workers/{quote(str(worker['name']))}")
    return _forgotten(workers, wanted)


def _forgotten(workers: t.Sequence[Json], removed: t.Sequence[Json]) -> Json:
    names = [str(worker["name"]) for worker in removed]
    before = [str(worker["name"]) for worker in workers]
    return {
        "changed": bool(names),
        "removed": names,
        "diff": {"before": {"workers": before}, "after": {"workers": [name for name in before if name not in names]}},
    }


def _now(client: Client) -> float:
    """Return the server's time, which heartbeats are dated by; the clock here may be another."""
    date = client.probe("/health", client.timeout).headers.get("date", "")
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return time.time()


def _silence(worker: Json, now: float) -> float:
    """Return the seconds since a worker was last heard of."""
    last = worker.get("last_heartbeat_time") or worker.get("created")
    return now - parse_moment(str(last), "last_heartbeat_time") if last else 0.0


def _interval(worker: Json) -> float:
    return float(worker.get("heartbeat_interval_seconds") or _INTERVAL)


class MissingPoolError(PrefectError):
    """The work pool does not exist."""


def list_workers(client: Client, work_pool: str) -> t.List[Json]:
    """Return the worker records of a work pool, sorted by name.

    :raises MissingPoolError: The work pool does not exist.
    """
    if client.find(f"/work_pools/{quote(work_pool)}") is None:
        raise MissingPoolError(
            f"The work pool {work_pool!r} does not exist on {client.api_url}; the module work_pool makes it"
        )
    found = client.read_all(f"/work_pools/{quote(work_pool)}/workers/filter")
    return sorted(found, key=lambda worker: str(worker.get("name")))


def lacking(workers: t.Sequence[Json], names: t.Sequence[str], heartbeat_after: t.Optional[float]) -> t.List[str]:
    """Return, in words, what is missing until the workers are as wanted; nothing when they are.

    :param names: The workers that must be ONLINE; without any, one worker of any name.
    :param heartbeat_after: A moment that a worker's last heartbeat must not lie before.
    """
    by_name = {str(worker.get("name")): worker for worker in workers}
    if names:
        faults = [(name, _fault(by_name.get(name), heartbeat_after)) for name in names]
        return [f"{name}: {fault}" for name, fault in faults if fault]
    if any(_fault(worker, heartbeat_after) is None for worker in workers):
        return []
    return [f"{name}: {_fault(worker, heartbeat_after)}" for name, worker in by_name.items()] or ["no worker at all"]


def wait_for_workers(
    client: Client,
    work_pool: str,
    names: t.Sequence[str],
    heartbeat_after: t.Optional[float],
    seconds: float,
    sleep: t.Callable[[float], None] = time.sleep,
    clock: t.Callable[[], float] = time.monotonic,
) -> t.List[Json]:
    """Return the workers of a pool once those wanted are ONLINE.

    :raises PrefectError: The work pool does not exist, or the time is over; says which workers are missing, and why.
    """
    end = clock() + seconds
    pause = 0.1
    while True:
        workers = list_workers(client, work_pool)
        missing = lacking(workers, names, heartbeat_after)
        if not missing:
            return workers
        if clock() + pause >= end:
            raise PrefectError(
                f"Not every worker of the work pool {work_pool!r} was ONLINE within {max(seconds, 0):.0f} s: {'; '.join(missing)}."
                " The worker's own log says why",
                workers=workers,
                missing=missing,
            )
        sleep(pause)
        pause = min(pause * 1.5, 1.0)


def _fault(worker: t.Optional[Json], heartbeat_after: t.Optional[float]) -> t.Optional[str]:
    if worker is None:
        return "not registered"
    if worker.get("status") != "ONLINE":
        return f"{worker.get('status')}, last heartbeat {worker.get('last_heartbeat_time')}"
    if heartbeat_after is not None:
        last = worker.get("last_heartbeat_time")
        if not last or parse_moment(str(last), "last_heartbeat_time") < heartbeat_after:
            return f"listed ONLINE, but its last heartbeat {last} is too old"
    return None
