# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what was seen of a fleet to a report, and from that to a table: a row for everything, and every fault named."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
import yaml

from ansible_collections.selfhosted.prefect.plugins.plugin_utils._status import age, report, size, table

Json = dict[str, t.Any]


def service(kind: str, **changes: t.Any) -> Json:
    """Return a container as services_info tells of one that is well."""
    return {
        "service": kind,
        "stack": "prefect-internal",
        "container": kind,
        "status": "running",
        "health": "healthy",
        "image": f"example/{kind}:1",
        "digest": "0123456789ab",
        "version": "",
        "started_at": "2026-01-31T12:00:00Z",
        "uptime": 3 * 86400 + 4 * 3600,
        "restarts": 0,
        "exit_code": None,
        "oom_killed": False,
        **changes,
    }


def seen(*services: Json, **changes: t.Any) -> Json:
    """Return what services_info tells of a host that is well."""
    return {
        "changed": False,
        "engine": {"answers": True, "reason": "", "version": "20.10.24"},
        "services": list(services),
        "flow_run_containers": {"running": 0, "ended": 0},
        "disk": {"path": "/var/lib/docker", "total_mib": 40960, "free_mib": 30000, "used_percent": 27},
        "records": {},
        **changes,
    }


def worker(name: str, status: str = "ONLINE", heartbeat_age: int | None = 12) -> Json:
    return {"name": name, "status": status, "heartbeat_age": heartbeat_age}


def queue(name: str, **changes: t.Any) -> Json:
    told = {"name": name, "is_paused": False, "status": "READY", "priority": 1, "concurrency_limit": None}
    return {**told, "depth": 0, "late": 0, **changes}


def pool(name: str, workers: list[Json], queues: list[Json] | None = None, **changes: t.Any) -> Json:
    told = {
        "name": name,
        "type": "docker",
        "is_paused": False,
        "status": "READY",
        "concurrency_limit": None,
        "active": 0,
    }
    return {**told, "depth": 0, "late": 0, "queues": queues or [queue("default")], "workers": workers, **changes}


def api(*pools: Json, **changes: t.Any) -> Json:
    live = dict.fromkeys(("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING", "LATE"), 0)
    ended = dict.fromkeys(("COMPLETED", "FAILED", "CRASHED", "CANCELLED"), 0)
    told = {
        "ready": True,
        "reason": "ready",
        "message": "it is ready",
        "api_url": "http://server:4200/api",
        "version": "3.8.8",
    }
    return {**told, "pools": list(pools), "flow_runs": live, "ended": ended, "unmarked": 0, **changes}


SIZES = {"version": "15.18 (Debian)", "size": 34 << 20, "connections": 8, "max_connections": 100}
TABLES = [{"name": "flow_run", "size": 3 << 20, "rows": 1200}]

HOSTS: Json = {
    "hub": {"groups": ["prefect", "prefect_server"], "seen": seen(service("server"))},
    "data": {
        "groups": ["prefect_database"],
        "seen": seen(service("database")),
        "database": {"stdout": json.dumps({**SIZES, "tables": TABLES})},
    },
    "worker-1": {"groups": ["prefect_worker"], "seen": seen(service("worker", version="3.8.8"))},
}
API = api(pool("docker", [worker("first"), worker("second")]))
CERTIFICATES: Json = {
    "certificates": [
        {
            "name": "public URL",
            "host": "prefect.example.org",
            "port": 443,
            "seen": True,
            "reason": "",
            "subject": "prefect.example.org",
            "issuer": "Example authority",
            "not_before": "2026-01-01T00:00:00Z",
            "not_after": "2026-04-01T00:00:00Z",
            "days_left": 60,
            "trusted": True,
            "distrust": "",
        }
    ]
}


def fleet(**changes: Json) -> Json:
    """Return the hosts, with some of them as they are given."""
    return {**copy.deepcopy(HOSTS), **changes}


def certificate(**changes: t.Any) -> Json:
    return {"certificates": [{**CERTIFICATES["certificates"][0], **changes}]}


def line(lines: list[str], *words: str) -> str:
    """Return the one line that has these words."""
    found = [item for item in lines if all(word in item.split() for word in words)]
    assert len(found) == 1, (words, lines)
    return found[0]


def test_a_fleet_that_is_well_has_a_row_for_everything_and_wants_nothing() -> None:
    lines = table(report(HOSTS, API, CERTIFICATES))
    assert line(lines, "hub", "server", "healthy", "3.8.8", "0123456789ab", "0").endswith("27% of 40 GiB")
    assert "3d 4h" in line(lines, "worker-1", "worker", "healthy", "3.8.8")
    # The version of the database is told by itself.
    assert "15.18" in line(lines, "data", "database", "healthy")
    assert line(lines, "docker", "READY", "2", "of", "online")
    assert line(lines, "first", "ONLINE", "12s")
    assert line(lines, "data", "flow_run", "3.0", "MiB", "1200")
    assert line(lines, "data", "all", "34", "MiB", "8", "connections")
    assert line(lines, "2026-04-01", "60", "yes")
    assert line(lines, "backup", "none")
    assert lines[-1] == "ATTENTION  none is wanted"
    assert report(HOSTS, API, CERTIFICATES)["attention"] == []


def test_columns_stand_below_each_other() -> None:
    lines = table(report(HOSTS, API, CERTIFICATES))
    head = lines.index(next(item for item in lines if item.startswith("HOST")))
    at = lines[head].index("STATE")
    assert {item[at:].split()[0] for item in lines[head + 1 : head + 4]} == {"healthy"}


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        (
            {"hub": {"groups": ["prefect_server"], "seen": {"unreachable": True, "msg": "ssh: no route"}}},
            "hub is unreachable, ssh: no route",
        ),
        (
            {"hub": {"groups": ["prefect_server"], "seen": {"failed": True, "msg": "no Python"}}},
            "hub is unreachable, no Python",
        ),
        (
            {
                "hub": {
                    "groups": [],
                    "seen": seen(engine={"answers": False, "reason": "nothing listens", "version": ""}),
                }
            },
            "the engine of hub does not answer, nothing listens",
        ),
        ({"hub": {"groups": ["prefect_server"], "seen": seen()}}, "hub has no server"),
        ({"hub": {"groups": [], "seen": seen(service("server", health="unhealthy"))}}, "server on hub is unhealthy"),
        (
            {"hub": {"groups": [], "seen": seen(service("server", status="exited", exit_code=137, oom_killed=True))}},
            "server on hub is exited with status 137, for want of memory",
        ),
        (
            {
                "hub": {
                    "groups": [],
                    "seen": seen(disk={"total_mib": 100, "free_mib": 10, "used_percent": 90, "path": "/"}),
                }
            },
            "the disk of hub is 90 % full, 10 MiB are left",
        ),
        (
            {"hub": {"groups": [], "seen": seen(records={"housekeeping": {"ok": False, "message": "no engine"}})}},
            "the last housekeeping on hub failed, no engine",
        ),
        (
            {
                "data": {
                    "groups": [],
                    "seen": seen(service("database")),
                    "database": {"stdout": "", "stderr": "psql: gone"},
                }
            },
            "the database on data told no sizes, psql: gone",
        ),
    ],
)
def test_what_is_wrong_with_a_host_is_named_and_has_its_row(hosts: Json, words: str) -> None:
    told = report(hosts, API, CERTIFICATES)
    assert words in told["attention"]
    assert any(item.startswith(next(iter(hosts))) for item in table(told))


@pytest.mark.parametrize(
    ("seen_of_api", "words"),
    [
        ({"unreachable": True, "msg": "ssh"}, "the API is not ready, ssh"),
        ({}, "the API is not ready, was not asked"),
        ({"ready": False, "reason": "refused", "message": "nothing listens"}, "the API is not ready, nothing listens"),
        ({"failed": True, "ready": False, "reason": "unauthorized", "msg": "401"}, "the API is not ready, 401"),
        (api(pool("p", [worker("w", "OFFLINE", 4000)])), "worker w of pool p is offline"),
        (api(pool("p", [], depth=3)), "3 flow runs wait in pool p, which has no worker online"),
        (api(pool("p", [worker("w")], depth=3, late=2)), "2 flow runs are late in pool p"),
        (
            api(pool("p", [worker("w")], depth=1, late=1, is_paused=True)),
            "pool p is paused, so nobody runs what is due there",
        ),
        (
            api(unmarked=4),
            "4 flow runs are due and not called late, so the server's background services do not run",
        ),
    ],
)
def test_what_is_wrong_with_the_work_is_named(seen_of_api: Json, words: str) -> None:
    told = report(HOSTS, seen_of_api, CERTIFICATES)
    assert words in told["attention"]
    assert table(told)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"days_left": 5}, "the certificate of public URL expires in 5 days, on 2026-04-01"),
        ({"days_left": -1}, "the certificate of public URL expired on 2026-04-01"),
        ({"trusted": False, "distrust": "self-signed"}, "the certificate of public URL is not trusted, self-signed"),
        ({"seen": False, "reason": "refused"}, "the certificate of public URL was not seen, refused"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_named(changes: Json, words: str) -> None:
    told = report(HOSTS, API, certificate(**changes))
    assert told["attention"] == [words]
    assert table(told)


def test_queues_are_told_apart_where_there_are_several_or_something_waits() -> None:
    quiet = table(report(HOSTS, api(pool("p", [worker("w")])), None))
    assert not [item for item in quiet if item.startswith("QUEUE")]
    queues = [
        queue("default", priority=1),
        queue("slow", priority=2, concurrency_limit=0, is_paused=True, depth=3, late=1),
    ]
    lines = table(report(HOSTS, api(pool("p", [worker("w")], queues, depth=3)), None))
    assert line(lines, "slow", "p", "PAUSED", "2", "0", "3", "1")


def test_a_job_that_ran_has_its_last_report() -> None:
    record = {"ok": True, "finished_at": "2026-01-31T03:30:00Z", "message": "removed 3 containers"}
    lines = table(report(fleet(hub={"groups": [], "seen": seen(records={"housekeeping": record})}), API, None))
    assert line(lines, "housekeeping", "hub", "2026-01-31T03:30:00Z", "ok,", "removed", "3")


def test_as_yaml_no_line_is_quoted_apart_from_empty_ones() -> None:
    broken = fleet(hub={"groups": ["prefect_server"], "seen": {"unreachable": True, "msg": "ssh: connect: refused #1"}})
    lines = table(report(broken, {"unreachable": True, "msg": "a: b"}, certificate(seen=False, reason="x: y")))
    for item in lines:
        assert yaml.safe_load(f"- {item}" if item else "- ''") == [item]


def test_the_report_is_plain_data_and_leaves_what_it_was_made_from() -> None:
    before = copy.deepcopy(HOSTS)
    told = report(HOSTS, API, CERTIFICATES)
    assert json.loads(json.dumps(told)) == told
    assert before == HOSTS


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (34 << 20, "34 MiB"), (5 << 40, "5.0 TiB")]
)
def test_sizes_are_readable(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (61, "1m 1s"), (3600, "1h"), (90000, "1d 1h"), (86400, "1d")],
)
def test_ages_are_readable(seconds: int, words: str) -> None:
    assert age(seconds) == words
