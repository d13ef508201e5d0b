# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the work of a server stands, from what its API answers: no more is asked than is needed, and nothing is mixed up."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._operations import seconds_of, survey

NOW = datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.UTC).timestamp()

Json = dict[str, t.Any]


class Answers:
    """An API with two pools, that counts as it is told and remembers what it was asked."""

    def __init__(self, waiting: dict[str, int], late: dict[str, int]) -> None:
        self.waiting = waiting
        self.late = late
        self.asked: list[str] = []
        self.bodies: list[Json] = []

    def read_all(self, path: str, body: Json | None = None) -> list[Json]:
        self.asked.append(path)
        if path == "/work_pools/filter":
            return [
                {"name": "z", "type": "process", "is_paused": True, "status": "PAUSED", "concurrency_limit": 2},
                {"name": "a b", "type": "docker", "is_paused": False, "status": "READY", "concurrency_limit": None},
            ]
        if path.endswith("/queues/filter"):
            return [{"id": "q1", "name": "slow", "priority": 2}, {"id": "q2", "name": "default", "priority": 1}]
        heard = "2026-01-31T11:59:48.500000Z"
        return [{"name": "w", "status": "ONLINE", "last_heartbeat_time": heard}] if "a%20b" in path else []

    def query(self, path: str, body: t.Any = None) -> t.Any:
        self.asked.append(path)
        self.bodies.append(body)
        if "work_pool_queues" in body:
            where = body["work_pool_queues"]["id"]["any_"][0]
        else:
            where = body.get("work_pools", {"name": {"any_": ["all"]}})["name"]["any_"][0]
        state = body["flow_runs"]["state"]
        if state.get("name") == {"any_": ["Late"]}:
            return self.late.get(where, 0)
        if "next_scheduled_start_time" in body["flow_runs"] and "type" in state:
            return self.waiting.get(where, 0)
        return 0


def test_pools_and_queues_are_in_order_and_have_their_own_numbers() -> None:
    api = Answers({"z": 5, "q1": 3, "q2": 2}, {"z": 4, "q1": 3, "q2": 1, "all": 4})
    told = survey(api, NOW)
    first, second = told["pools"]
    assert (first["name"], first["depth"], first["late"], second["name"]) == ("a b", 0, 0, "z")
    assert (second["depth"], second["late"], second["is_paused"], second["concurrency_limit"]) == (5, 4, True, 2)
    assert [(one["name"], one["depth"], one["late"]) for one in second["queues"]] == [("default", 2, 1), ("slow", 3, 3)]
    assert first["workers"][0]["heartbeat_age"] == 12
    assert told["flow_runs"]["LATE"] == 4


def test_where_nothing_waits_queues_are_not_asked_about() -> None:
    api = Answers({}, {})
    survey(api, NOW)
    assert not [body for body in api.bodies if "work_pool_queues" in body]
    assert api.asked.count("/flow_runs/count") == 2 * 2 + 11


def test_due_means_now_and_unmarked_means_long_ago() -> None:
    api = Answers({}, {})
    survey(api, NOW)
    before = {
        body["flow_runs"]["next_scheduled_start_time"]["before_"]
        for body in api.bodies
        if "next_scheduled_start_time" in body["flow_runs"]
    }
    assert before == {"2026-01-31T12:00:00+00:00", "2026-01-31T11:58:00+00:00"}


def test_times_of_the_api_with_and_without_fractions() -> None:
    assert seconds_of("2026-01-31T12:00:00Z") == NOW
    assert seconds_of("2026-01-31T12:00:00.250000Z") == NOW + 0.25
    assert seconds_of("2026-01-31T13:00:00+01:00") == NOW
    assert seconds_of(None) is None
