# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module worker."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

POOL = Exchange("GET", "/work_pools/p", body={"name": "p"})
NOW = Exchange("GET", "/health", body=True, headers={"Date": "Sat, 31 Jan 2026 12:00:00 GMT"})


def worker(name: str, seen: str, status: str = "OFFLINE", interval: int | None = 30) -> Json:
    return {
        "name": name,
        "status": status,
        "last_heartbeat_time": f"2026-01-31T{seen}Z",
        "heartbeat_interval_seconds": interval,
    }


def listed(*workers: Json) -> Exchange:
    return Exchange("POST", "/work_pools/p/workers/filter", body=list(workers))


def removal(name: str) -> Exchange:
    return Exchange("DELETE", f"/work_pools/p/workers/{name}", 204)


def remove(run_module: RunModule, server: ScriptedServer, **options: t.Any) -> Json:
    return run_module("worker", api_url=server.url, work_pool="p", state="absent", **options)


def test_one_that_is_offline_is_removed_by_name(server: ScriptedServer, run_module: RunModule) -> None:
    both = listed(worker("b", "11:00:00"), worker("a b", "11:00:00"))
    server.expect(POOL, both, POOL, both, removal("a%20b"))
    predicted = remove(run_module, server, name="a b", check_mode=True)
    done = remove(run_module, server, name="a b")
    assert predicted == done
    assert (done["changed"], done["removed"]) == (True, ["a b"])
    assert done["diff"] == {"before": {"workers": ["a b", "b"]}, "after": {"workers": ["b"]}}


@pytest.mark.parametrize("check_mode", [False, True])
def test_one_that_is_online_stays_unless_forced(
    server: ScriptedServer, run_module: RunModule, check_mode: bool
) -> None:
    online = listed(worker("a", "12:00:00", "ONLINE"))
    server.expect(POOL, online, POOL, online, *([] if check_mode else [removal("a")]))
    assert "is ONLINE" in remove(run_module, server, name="a", check_mode=check_mode)["msg"]
    assert remove(run_module, server, name="a", force=True, check_mode=check_mode)["changed"]


@pytest.mark.parametrize(
    ("options", "removed"),
    [
        ({}, ["day", "hour", "listed online", "silent"]),
        ({"not_seen_for": "2h"}, ["day"]),
        ({"not_seen_for": "10s"}, ["day", "hour", "listed online", "silent"]),
        ({"not_seen_for": "1d"}, []),
        ({"name": "hour"}, ["hour"]),
        ({"name": "hour", "not_seen_for": "7200"}, []),
    ],
)
def test_those_not_seen_are_removed_by_the_servers_clock(
    server: ScriptedServer, run_module: RunModule, options: dict[str, t.Any], removed: list[str]
) -> None:
    workers = [
        worker("day", "00:00:01"),
        worker("hour", "11:00:00"),
        worker("listed online", "11:55:00", "ONLINE"),
        worker("silent", "11:58:29", interval=None),
        worker("just heard", "11:58:31", interval=None),
        worker("slow", "11:00:00", interval=3600),
    ]
    server.expect(POOL, listed(*workers), NOW)
    assert remove(run_module, server, offline=True, check_mode=True, **options)["removed"] == removed


def test_nothing_is_there_to_remove(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(POOL, listed(), Exchange("GET", "/work_pools/p", 404, {"detail": "Work pool not found."}))
    assert not remove(run_module, server, name="a")["changed"]
    assert not remove(run_module, server, name="a")["changed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [({}, "give name or offline"), ({"offline": True, "not_seen_for": "soon"}, "not_seen_for must be a duration")],
)
def test_bad_input_is_told(run_module: RunModule, options: dict[str, t.Any], words: str) -> None:
    answer = run_module("worker", api_url="http://s/api", work_pool="p", state="absent", **options)
    assert words in answer["msg"]


def test_a_name_the_server_has_no_route_for_is_told(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(POOL, listed(worker("a/b", "11:00:00")))
    assert "no route for a name with a slash" in remove(run_module, server, name="a/b")["msg"]
