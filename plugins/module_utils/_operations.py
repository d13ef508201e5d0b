# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the work of a Prefect server stands (private: not for use outside this collection).

Needs nothing but Python and something that reads the API: the module ``status_info`` gives it the collection's client, the
exporter one of its own. So the status table and the metrics can never disagree about what "late" means.
"""

from __future__ import annotations

import datetime
import typing as t
import urllib.parse

Json = t.Dict[str, t.Any]

LIVE_STATES = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING")
"""Types of states that a flow run is expected to leave."""

END_STATES = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
"""Types of states that a flow run stays in."""

RECENT = 3600
"""Seconds for which the ends of flow runs are counted."""

UNMARKED_AFTER = 120
"""Seconds after which a run that is due must be called Late. The server marks it 15 s after its time, and looks every 5 s
(PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS and _LOOP_SECONDS of Prefect 3.8); one that is still called Scheduled after this
long says that the server's background services do not run."""


class Api(t.Protocol):
    """What reads the API."""

    def query(self, path: str, body: t.Any = None) -> t.Any:
        """Return what a POST answers that only reads."""

    def read_all(self, path: str, body: t.Optional[Json] = None) -> t.List[Json]:
        """Return all objects of a filter route."""


def survey(api: Api, now: float) -> Json:
    """Return pools with their queues and workers, and flow runs by state.

    Takes one request, three for each pool, and two for each queue of a pool where something waits.

    :param now: Seconds since the epoch, by the server's clock or one that is close to it.
    """
    due = {"next_scheduled_start_time": {"before_": _iso(now)}, "state": {"type": {"any_": ["SCHEDULED"]}}}
    late = {"state": {"name": {"any_": ["Late"]}}}
    pools = sorted(api.read_all("/work_pools/filter"), key=lambda pool: str(pool["name"]))
    unmarked = {
        "next_scheduled_start_time": {"before_": _iso(now - UNMARKED_AFTER)},
        "state": {"name": {"any_": ["Scheduled"]}},
    }
    return {
        "pools": [_pool(api, pool, due, late, now) for pool in pools],
        "flow_runs": {
            **{state: _count(api, {"state": {"type": {"any_": [state]}}}) for state in LIVE_STATES},
            "LATE": _count(api, late),
        },
        "ended": {
            state: _count(api, {"state": {"type": {"any_": [state]}}, "end_time": {"after_": _iso(now - RECENT)}})
            for state in END_STATES
        },
        "unmarked": _count(api, unmarked),
    }


def _pool(api: Api, pool: Json, due: Json, late: Json, now: float) -> Json:
    name = str(pool["name"])
    path = "/work_pools/" + urllib.parse.quote(name, safe="")
    mine = {"work_pools": {"name": {"any_": [name]}}}
    waiting = _count(api, due, **mine)
    queues = sorted(
        api.read_all(f"{path}/queues/filter"), key=lambda queue: (queue.get("priority") or 0, queue["name"])
    )
    return {
        "name": name,
        "type": pool.get("type"),
        "is_paused": bool(pool.get("is_paused")),
        "status": pool.get("status"),
        "concurrency_limit": pool.get("concurrency_limit"),
        "active": _count(api, {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}}, **mine),
        "depth": waiting,
        "late": _count(api, late, **mine) if waiting else 0,
        "queues": [_queue(api, queue, due, late, len(queues) == 1, waiting) for queue in queues],
        "workers": [
            {
                "name": str(worker["name"]),
                "status": worker.get("status"),
                "last_heartbeat_time": worker.get("last_heartbeat_time"),
                "heartbeat_interval_seconds": worker.get("heartbeat_interval_seconds"),
                "heartbeat_age": _age(worker.get("last_heartbeat_time"), now),
            }
            for worker in sorted(api.read_all(f"{path}/workers/filter"), key=lambda worker: str(worker["name"]))
        ],
    }


def _queue(api: Api, queue: Json, due: Json, late: Json, alone: bool, waiting: int) -> Json:
    mine = {"work_pool_queues": {"id": {"any_": [queue["id"]]}}}
    depth = waiting if alone or not waiting else _count(api, due, **mine)
    return {
        "name": str(queue["name"]),
        "is_paused": bool(queue.get("is_paused")),
        "status": queue.get("status"),
        "priority": queue.get("priority"),
        "concurrency_limit": queue.get("concurrency_limit"),
        "depth": depth,
        "late": _count(api, late, **mine) if depth else 0,
    }


def _count(api: Api, flow_runs: Json, **others: Json) -> int:
    return int(api.query("/flow_runs/count", {"flow_runs": flow_runs, **others}))


def _iso(moment: float) -> str:
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).isoformat()


def seconds_of(text: t.Optional[str]) -> t.Optional[float]:
    """Return a time of the API, such as 2026-01-31T12:00:00.123456Z, in seconds since the epoch."""
    if not text:
        return None
    # Python before 3.11 takes no Z.
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _age(text: t.Optional[str], now: float) -> t.Optional[int]:
    moment = seconds_of(text)
    return None if moment is None else max(0, round(now - moment))
