# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which workers count as online, and waiting for them."""

from __future__ import annotations

import datetime

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.plugins.module_utils._workers import (
    MissingPoolError,
    lacking,
    list_workers,
    parse_moment,
    wait_for_workers,
)
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

NOON = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC).timestamp()
POOL = Exchange("GET", "/work_pools/p", body={"name": "p"})


def worker(name: str, status: str = "ONLINE", heartbeat: str = "2026-01-31T12:00:00.000000Z") -> Json:
    return {"name": name, "status": status, "last_heartbeat_time": heartbeat}


def answer(*workers: Json) -> Exchange:
    return Exchange("POST", "/work_pools/p/workers/filter", body=list(workers), sent={"limit": 200, "offset": 0})


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.000000000Z",
        "2026-01-31T12:00:00",
        "2026-01-31 12:00:00+00:00",
        "2026-01-31T13:00:00+0100",
        "2026-01-31T07:00:00.0-05:00",
        str(NOON),
        f" {NOON:.0f} ",
    ],
)
def test_a_moment_is_iso_8601_or_seconds_since_the_epoch(text: str) -> None:
    assert parse_moment(text, "since") == NOON


def test_nanoseconds_are_cut_to_microseconds() -> None:
    assert parse_moment("2026-01-31T12:00:00.123456789Z", "since") == pytest.approx(NOON + 0.123456, abs=1e-6)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-31", "2026-13-31T12:00:00Z", "-5", "nan", "1e99"])
def test_another_moment_is_refused(text: str) -> None:
    with pytest.raises(PrefectError, match="since must be an ISO 8601 time"):
        parse_moment(text, "since")


@pytest.mark.parametrize(
    ("workers", "names", "after", "missing"),
    [
        ([], [], None, ["no worker at all"]),
        ([worker("a")], [], None, []),
        ([worker("a", "OFFLINE"), worker("b")], [], None, []),
        ([worker("a", "OFFLINE")], [], None, ["a: OFFLINE, last heartbeat 2026-01-31T12:00:00.000000Z"]),
        ([worker("a")], ["a", "b"], None, ["b: not registered"]),
        ([worker("a"), worker("b")], ["a", "b"], None, []),
        ([worker("a")], ["a"], NOON, []),
        (
            [worker("a")],
            ["a"],
            NOON + 1,
            ["a: listed ONLINE, but its last heartbeat 2026-01-31T12:00:00.000000Z is too old"],
        ),
    ],
)
def test_what_is_missing_is_said(
    workers: list[Json], names: list[str], after: float | None, missing: list[str]
) -> None:
    assert lacking(workers, names, after) == missing


def test_workers_are_sorted_by_name(client: Client, server: ScriptedServer) -> None:
    server.expect(POOL, answer(worker("b"), worker("a")))
    assert [entry["name"] for entry in list_workers(client, "p")] == ["a", "b"]


def test_a_work_pool_that_does_not_exist_fails_at_once(client: Client, server: ScriptedServer) -> None:
    server.expect(Exchange("GET", "/work_pools/p", 404, {"detail": "Work pool not found."}))
    with pytest.raises(MissingPoolError, match="'p' does not exist"):
        wait_for_workers(client, "p", [], None, 60)


def test_waiting_ends_when_each_named_worker_is_online(client: Client, server: ScriptedServer) -> None:
    server.expect(POOL, answer(), POOL, answer(worker("a")), POOL, answer(worker("a"), worker("b")))
    slept: list[float] = []
    assert len(wait_for_workers(client, "p", ["a", "b"], None, 60, sleep=slept.append)) == 2
    assert slept == pytest.approx([0.1, 0.15])


def test_the_timeout_says_which_workers_are_missing_and_how(client: Client, server: ScriptedServer) -> None:
    server.expect(POOL, answer(worker("a", "OFFLINE")))
    with pytest.raises(PrefectError, match=r"within 0 s: a: OFFLINE, last .*; b: not registered") as caught:
        wait_for_workers(client, "p", ["a", "b"], None, 0)
    assert len(caught.value.details["missing"]) == 2
