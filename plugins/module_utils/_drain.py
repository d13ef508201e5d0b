# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets workers finish what they do before they are stopped (private: not for use outside this collection).

A worker that is told to stop does not wait. One of type process takes its flow runs with it, and they stay RUNNING for
ever; one of type docker leaves those alone whose containers it has started, and loses those that it was about to start.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._context import Context
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError, PrefectError, TransportError
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import check_least
from ansible_collections.selfhosted.prefect.plugins.module_utils._workers import parse_moment

ACTIVE = ("PENDING", "RUNNING", "CANCELLING", "PAUSED")
"""The types of state that a flow run can have while its process lives."""

WORKER_LABEL = "prefect.worker.name"
"""The label that a worker gives to a flow run a moment after it has set it PENDING, and before it starts it (3.8.8)."""

_GRACE = 3.0
"""Seconds in which a flow run becomes visible that a worker had taken before the pause."""

_UNLABELLED = 30.0
"""Seconds for which a PENDING flow run without a label may be any worker's; after that nobody is about to start it."""

_FIRST_PAUSE, _PAUSE = 0.5, 2.0

Sleep = t.Callable[[float], None]
Clock = t.Callable[[], float]
Hold = t.Tuple[str, t.Optional[str]]
"""A work pool, or one of its work queues."""


def describe(context: Context) -> Json:
    """Do what the options of the module ``worker_drain`` say.

    :raises PrefectError: An option is wrong, flow runs were still active when the time was over, or the API refuses.
    """
    check_least(context.params, drain_timeout=0)
    for worker in context.params["workers"]:
        if worker["since"]:
            parse_moment(worker["since"], "since")
    state = str(context.params["state"])
    work = {"drained": _drained, "stopped": _stopped, "resumed": _resumed}[state]
    return context.reaching(lambda: work(context), lambda: {**_NOTHING[state], "changed": False})


_NOTHING: t.Dict[str, Json] = {
    "drained": {"held": [], "paused_before": [], "flow_runs": [], "active": [], "left_behind": []},
    "stopped": {"flow_runs": []},
    "resumed": {"held": []},
}


# Drained


def _drained(context: Context) -> Json:
    params = context.params
    drain = Drain(context.client, params["workers"], context.check_mode)
    try:
        drain.run(params["drain_timeout"])
    except PrefectError as exc:
        # What was paused must be known to whoever resumes it.
        exc.details.update(drain.found())
        raise
    found = drain.found()
    if drain.active and not context.check_mode and not params["force"]:
        raise PrefectError(
            f"After {params['drain_timeout']} s the workers still had {_words(drain.active)}. Nothing was stopped."
            " Wait for them, allow more time, or stop the workers all the same, which ends what runs in them.",
            **found,
        )
    return {"changed": bool(drain.held), "msg": drain.summary(params["drain_timeout"]), **found}


class Drain:
    """Pauses what hands work to some workers, and waits until they have none.

    :param workers: The workers, as the module's option has them.
    :param check_mode: Whether nothing may be changed, so that nothing is waited for either.
    """

    def __init__(
        self,
        client: Client,
        workers: t.Sequence[Json],
        check_mode: bool = False,
        sleep: Sleep = time.sleep,
        clock: Clock = time.monotonic,
        now: Clock = time.time,
    ) -> None:
        self._client, self._workers, self._check_mode = client, workers, check_mode
        self._sleep, self._clock, self._now = sleep, clock, now
        self.held: t.List[Hold] = []
        self.paused_before: t.List[Hold] = []
        self.seen: t.Dict[str, Json] = {}
        self.active: t.List[Json] = []
        self.left_behind: t.List[Json] = []

    def run(self, seconds: float) -> None:
        """Pause, and wait until no flow run is active or the time is over.

        :raises PrefectError: The API refuses, or was away when the time was over.
        """
        begun = self._clock()
        self._hold()
        self._look()
        if self._check_mode:
            return
        pause = _FIRST_PAUSE
        while True:
            passed = self._clock() - begun
            if passed >= _GRACE and not self.active:
                return
            if passed + pause >= max(seconds, _GRACE):
                return
            self._sleep(pause)
            pause = min(pause * 1.2, _PAUSE)
            try:
                # Somebody else may have resumed it meanwhile.
                self._hold()
                self._look()
            except (TransportError, ApiError) as exc:
                lasting = exc.kind in ("tls", "not_http") if isinstance(exc, TransportError) else exc.status < 500
                if lasting or self._clock() - begun + pause >= seconds:
                    raise

    def found(self) -> Json:
        """Return what the module returns."""
        return {
            "held": [_hold_json(hold) for hold in self.held],
            "paused_before": [_hold_json(hold) for hold in self.paused_before],
            "flow_runs": [_brief(run) for run in self.seen.values()],
            "active": [_brief(run) for run in self.active],
            "left_behind": [_brief(run) for run in self.left_behind],
        }

    def summary(self, seconds: float) -> str:
        """Return what was found, in a sentence or more."""
        words = []
        if self.paused_before:
            words.append(f"{', '.join(_hold_words(hold) for hold in self.paused_before)} was paused already")
        if self.active and not self._check_mode:
            words.append(f"after {seconds} s the workers still have {_words(self.active)}")
        elif self.active:
            words.append(f"the workers have {_words(self.active)}, which would be waited for")
        elif self.seen:
            words.append(f"waited for {_words(list(self.seen.values()))}")
        else:
            words.append("no flow run was active")
        if self.left_behind:
            words.append(f"an earlier start of the workers left {_words(self.left_behind)}, which nobody runs any more")
        text = "; ".join(words)
        return f"{text[0].upper()}{text[1:]}."

    def _hold(self) -> None:
        pools: t.Dict[str, t.Optional[Json]] = {}
        for worker in self._workers:
            pool = str(worker["work_pool"])
            if pool not in pools:
                pools[pool] = self._client.find(f"/work_pools/{quote(pool)}")
            document = pools[pool]
            if document is None:
                # Nobody hands out the work of a pool that is gone.
                continue
            if document.get("is_paused"):
                self._note((pool, None))
                continue
            queues = worker["work_queues"]
            if not queues:
                self._pause((pool, None))
                document["is_paused"] = True
            for queue in queues:
                found = self._client.find(_path((pool, str(queue))))
                if found is not None and found.get("is_paused"):
                    self._note((pool, str(queue)))
                elif found is not None:
                    self._pause((pool, str(queue)))

    def _note(self, hold: Hold) -> None:
        if hold not in self.held and hold not in self.paused_before:
            self.paused_before.append(hold)

    def _pause(self, hold: Hold) -> None:
        if not self._check_mode:
            self._client.update(_path(hold), {"is_paused": True})
        if hold not in self.held:
            self.held.append(hold)

    def _look(self) -> None:
        self.active, self.left_behind = [], []
        for run in active_runs(self._client, [str(worker["work_pool"]) for worker in self._workers]):
            for worker in self._workers:
                if not _may_be_of(run, worker, self._now()):
                    continue
                if _is_older(run, worker):
                    self.left_behind.append(run)
                else:
                    self.active.append(run)
                    self.seen.setdefault(str(run["id"]), run)
                break


# Stopped


def _stopped(context: Context) -> Json:
    """Tell the server what became of the flow runs of workers that were stopped."""
    client, workers = context.client, context.params["workers"]
    runs = [
        (worker, run)
        for run in active_runs(client, [str(worker["work_pool"]) for worker in workers])
        for worker in workers
        if _label(run) == worker["name"] and _is_on(run, worker)
    ]
    if not context.check_mode:
        for worker, run in runs:
            cancelled = run.get("state_type") == "CANCELLING"
            state = {
                "type": "CANCELLED" if cancelled else "CRASHED",
                "name": "Cancelled" if cancelled else "Crashed",
                "message": f"The worker {worker['name']} was stopped while this flow run was"
                f" {run.get('state_type')} in it.",
            }
            # The rules of orchestration do not apply to a flow run that nobody runs.
            client.create(f"/flow_runs/{quote(str(run['id']))}/set_state", {"state": state, "force": True})
    return {"changed": bool(runs), "flow_runs": [_brief(run) for _worker, run in runs]}


# Resumed


def _resumed(context: Context) -> Json:
    """Resume what ``drained`` paused, as far as it is there and still paused."""
    client, resumed = context.client, []
    for item in context.params["held"]:
        hold: Hold = (str(item["work_pool"]), item["work_queue"])
        found = client.find(_path(hold))
        if hold in resumed or found is None or not found.get("is_paused"):
            continue
        if not context.check_mode:
            client.update(_path(hold), {"is_paused": False})
        resumed.append(hold)
    return {"changed": bool(resumed), "held": [_hold_json(hold) for hold in resumed]}


# What they share


def active_runs(client: Client, work_pools: t.Sequence[str]) -> t.List[Json]:
    """Return the flow runs of some work pools whose processes may live."""
    if not work_pools:
        return []
    body = {
        "work_pools": {"name": {"any_": sorted(set(work_pools))}},
        "flow_runs": {"state": {"type": {"any_": list(ACTIVE)}}},
        "sort": "START_TIME_ASC",
    }
    runs = client.read_all("/flow_runs/filter", body)
    # A flow run that is suspended has no process; one that waits in its process has this name.
    return [run for run in runs if run.get("state_type") != "PAUSED" or run.get("state_name") == "Paused"]


def _label(run: Json) -> t.Optional[str]:
    found = (run.get("labels") or {}).get(WORKER_LABEL)
    return None if found is None else str(found)


def _may_be_of(run: Json, worker: Json, now: float) -> bool:
    """Whether a flow run is a worker's, or may become it: it was taken, and nobody has said by whom."""
    if not _is_on(run, worker):
        return False
    label = _label(run)
    if label is not None:
        return bool(label == worker["name"])
    return run.get("state_type") == "PENDING" and abs(now - _moment(run)) < _UNLABELLED


def _is_on(run: Json, worker: Json) -> bool:
    """Whether a flow run is in a worker's work pool, and in a state in which the worker's end would be its own."""
    if run.get("work_pool_name") != worker["work_pool"]:
        return False
    if worker["work_queues"] and run.get("work_queue_name") not in worker["work_queues"]:
        return False
    # With infrastructure of its own a flow run lives on, once it is there.
    return not worker["detached"] or (run.get("state_type") == "PENDING" and not run.get("infrastructure_pid"))


def _is_older(run: Json, worker: Json) -> bool:
    """Whether a flow run came to its state before the worker began, so that its process ended with an earlier start."""
    return bool(worker["since"]) and _moment(run) < parse_moment(worker["since"], "since")


def _moment(run: Json) -> float:
    # Somebody may have asked for the cancellation of a flow run whose process ended long ago.
    state = run.get("state") or {}
    value = run.get("start_time") if run.get("state_type") == "CANCELLING" else state.get("timestamp")
    return parse_moment(str(value), "timestamp") if value else 0.0


def _path(hold: Hold) -> str:
    pool, queue = hold
    return f"/work_pools/{quote(pool)}" + (f"/queues/{quote(queue)}" if queue else "")


def _hold_json(hold: Hold) -> Json:
    return {"work_pool": hold[0], "work_queue": hold[1]}


def _hold_words(hold: Hold) -> str:
    pool, queue = hold
    return f"the work queue {queue!r} of the work pool {pool!r}" if queue else f"the work pool {pool!r}"


def _brief(run: Json) -> Json:
    return {
        "id": run.get("id"),
        "name": run.get("name"),
        "state_type": run.get("state_type"),
        "state_name": run.get("state_name"),
        "worker": _label(run),
        "work_pool": run.get("work_pool_name"),
        "work_queue": run.get("work_queue_name"),
    }


def _words(runs: t.Sequence[Json]) -> str:
    names = [f"{run.get('name')} ({run.get('state_type')})" for run in runs[:5]]
    more = f" and {len(runs) - 5} more" if len(runs) > 5 else ""
    return f"{len(runs)} flow run{'' if len(runs) == 1 else 's'}: {', '.join(names)}{more}"
