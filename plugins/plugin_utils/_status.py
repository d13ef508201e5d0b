# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what was seen of a fleet to one report, and from that to a table (private: not for use outside this collection).

Pure functions: nothing is asked here, and the clock is not looked at.
"""

from __future__ import annotations

import json
import typing as t

Json = dict[str, t.Any]

GROUPS = {
    "prefect_proxy": "proxy",
    "prefect_server": "server",
    "prefect_database": "database",
    "prefect_worker": "worker",
}
"""The service that a group's hosts must run; the order is that of the table."""

DISK_PERCENT = 85
"""A disk that is used by as much wants attention."""

CERTIFICATE_DAYS = 14
"""A certificate that is valid for less wants attention; automatic ones are renewed thirty days before their end."""

JOBS = ("backup", "housekeeping")
"""Timed jobs that the report names even where they never ran."""


def report(
    hosts: t.Mapping[str, Json],
    api: Json | None,
    certificates: Json | None,
    clean: t.Callable[[t.Any], t.Any] = lambda x: x,
) -> Json:
    """Return everything that was seen, and what of it wants attention.

    :param hosts: By name, ``groups`` (names), ``seen`` (the result of ``services_info``) and ``database`` (the result of
        the query for sizes); a result may be that of a host that was not reached.
    :param api: The result of ``status_info``.
    :param certificates: The result of ``certificate_info``.
    :param clean: Makes plain values of Ansible's own kinds.
    """
    hosts, api, certificates = clean(hosts), clean(api) or {}, clean(certificates) or {}
    seen = [_host(name, hosts[name]) for name in sorted(hosts)]
    server = _api(api)
    databases = [
        database for name in sorted(hosts) for database in [_database(name, hosts[name].get("database"))] if database
    ]
    for host in seen:
        for service in host["services"]:
            _complete(service, server, [item for item in databases if item["host"] == host["host"]])
    told: Json = {
        "hosts": seen,
        "api": server,
        "databases": databases,
        "certificates": certificates.get("certificates") or [],
    }
    told["attention"] = _attention(told)
    return told


def _host(name: str, host: Json) -> Json:
    result = host.get("seen") or {}
    wanted = [service for group, service in GROUPS.items() if group in (host.get("groups") or [])]
    told: Json = {
        "host": name,
        "expected": wanted,
        "reachable": True,
        "reason": "",
        "services": [],
        "disk": {},
        "records": {},
    }
    if result.get("unreachable") or "engine" not in result:
        return {
            **told,
            "reachable": False,
            "reason": _first_line(result.get("msg")).removeprefix("Task failed: ") or "was not asked",
        }
    return {
        **told,
        "reason": result["engine"]["reason"],
        "engine": result["engine"]["version"],
        "services": [dict(service) for service in result["services"]],
        "flow_run_containers": result["flow_run_containers"],
        "disk": result["disk"],
        "records": result["records"],
    }


def _api(api: Json) -> Json:
    if "ready" not in api:
        reason = _first_line(api.get("msg")) or "was not asked"
        return {"ready": False, "reason": "unknown", "message": reason, "pools": []}
    kept = ("ready", "reason", "message", "api_url", "version", "pools", "flow_runs", "ended", "unmarked")
    told = {"pools": [], **{key: api[key] for key in kept if key in api}}
    # A task that failed, as with wrong credentials, has its words elsewhere.
    return {
        **told,
        "message": told.get("message") or _first_line(api.get("msg")),
        "reason": told.get("reason") or "unknown",
    }


def _database(host: str, result: Json | None) -> Json | None:
    """Return sizes of a database, or why there are none; nothing where there is no database."""
    if not result or result.get("skipped"):
        return None
    try:
        told = json.loads(result["stdout"])
    except (KeyError, ValueError, TypeError):
        words = _first_line(result.get("stderr")) or _first_line(result.get("msg")) or "it gave no answer"
        return {"host": host, "reason": words, "tables": []}
    return {"host": host, "reason": "", **told, "tables": told.get("tables") or []}


def _complete(service: Json, server: Json, databases: list[Json]) -> None:
    """Fill in the version of a service whose image does not tell it, but that says so itself."""
    if not service["version"] and service["service"] == "server":
        service["version"] = server.get("version") or ""
    if not service["version"] and service["service"] == "database" and databases:
        service["version"] = str(databases[0].get("version") or "").partition(" ")[0]


def _attention(told: Json) -> list[str]:
    """Return what a person should look at, the worst first."""
    found: list[str] = []
    for host in told["hosts"]:
        name = host["host"]
        if not host["reachable"]:
            found.append(f"{name} is unreachable, {host['reason']}")
            continue
        if host["reason"]:
            found.append(f"the engine of {name} does not answer, {host['reason']}")
            continue
        running = {service["service"] for service in host["services"]}
        found += [f"{name} has no {service}" for service in host["expected"] if service not in running]
        found += [words for service in host["services"] for words in _of_service(name, service)]
        if host["disk"] and host["disk"]["used_percent"] >= DISK_PERCENT:
            disk = host["disk"]
            found.append(
                f"the disk of {name} is {disk['used_percent']} % full, {size(disk['free_mib'] << 20)} are left"
            )
        for job, record in sorted(host["records"].items()):
            if not record.get("ok"):
                found.append(
                    f"the last {job} on {name} failed, {_first_line(record.get('message')) or 'without a reason'}"
                )
    found += _of_api(told["api"])
    found += [
        f"the database on {item['host']} told no sizes, {item['reason']}"
        for item in told["databases"]
        if item["reason"]
    ]
    return found + [words for item in told["certificates"] for words in _of_certificate(item)]


def _of_service(host: str, service: Json) -> list[str]:
    name = f"{service['container']} on {host}"
    if service["status"] != "running":
        code = f" with status {service['exit_code']}" if service["exit_code"] is not None else ""
        memory = ", for want of memory" if service["oom_killed"] else ""
        return [f"{name} is {service['status']}{code}{memory}"]
    return [f"{name} is unhealthy"] if service["health"] == "unhealthy" else []


def _of_api(api: Json) -> list[str]:
    if not api["ready"]:
        return [f"the API is not ready, {api['message']}"]
    found = []
    if api["unmarked"]:
        found.append(
            f"{api['unmarked']} flow runs are due and not called late, so the server's background services do not run"
        )
    for pool in api["pools"]:
        offline = [worker["name"] for worker in pool["workers"] if worker["status"] != "ONLINE"]
        if pool["depth"] and len(offline) == len(pool["workers"]):
            found.append(f"{pool['depth']} flow runs wait in pool {pool['name']}, which has no worker online")
        if pool["late"]:
            found.append(f"{pool['late']} flow runs are late in pool {pool['name']}")
        if pool["is_paused"]:
            found.append(f"pool {pool['name']} is paused, so nobody runs what is due there")
        found += [f"worker {name} of pool {pool['name']} is offline" for name in offline]
    return found


def _of_certificate(item: Json) -> list[str]:
    name = f"the certificate of {item['name']}"
    if not item["seen"]:
        return [f"{name} was not seen, {item['reason']}"]
    if item["days_left"] < 0:
        return [f"{name} expired on {item['not_after'][:10]}"]
    if item["days_left"] < CERTIFICATE_DAYS:
        return [f"{name} expires in {item['days_left']} days, on {item['not_after'][:10]}"]
    return [] if item["trusted"] else [f"{name} is not trusted, {item['distrust']}"]


def table(told: Json) -> list[str]:
    """Return the lines of a report, each of them readable at once and none with a colon and a space, which YAML would quote."""
    blocks = [
        _services(told["hosts"]),
        _pools(told["api"]),
        _workers(told["api"]),
        _queues(told["api"]),
        _flow_runs(told["api"]),
        _databases(told["databases"]),
        _certificates(told["certificates"]),
        _jobs(told["hosts"]),
    ]
    lines = [line for block in blocks if block for line in [*block, ""]]
    wanting = told["attention"]
    lines.append(f"ATTENTION  {len(wanting)}" if wanting else "ATTENTION  none is wanted")
    return [_plain(line) for line in [*lines, *(f"{number}. {words}" for number, words in enumerate(wanting, 1))]]


def _services(hosts: list[Json]) -> list[str]:
    rows = [["HOST", "SERVICE", "CONTAINER", "STATE", "VERSION", "IMAGE", "UP", "RESTARTS", "DISK"]]
    for host in hosts:
        if not host["reachable"] or host["reason"]:
            state = "unreachable" if not host["reachable"] else "no engine"
            rows.append([host["host"], ", ".join(host["expected"]) or "-", "-", state, "-", "-", "-", "-", "-"])
            continue
        disk = f"{host['disk']['used_percent']}% of {size(host['disk']['total_mib'] << 20)}"
        present = {service["service"] for service in host["services"]}
        for service in host["services"]:
            up = age(service["uptime"]) if service["uptime"] is not None else "-"
            state = service["health"] or service["status"] if service["status"] == "running" else service["status"]
            words = [service["service"], service["container"], state, service["version"], service["digest"]]
            rows.append([host["host"], *(word or "-" for word in words), up, str(service["restarts"]), disk])
        missing = [service for service in host["expected"] if service not in present]
        for service in missing or ([] if present else ["-"]):
            rows.append([host["host"], service, "-", "missing" if missing else "-", "-", "-", "-", "-", disk])
    return _columns(rows)


def _pools(api: Json) -> list[str]:
    if not api["ready"]:
        return [f"API  {api['reason']}, {api['message']}"]
    rows = [["POOL", "TYPE", "STATE", "LIMIT", "ACTIVE", "WAITING", "LATE", "WORKERS"]]
    for pool in api["pools"]:
        online = sum(worker["status"] == "ONLINE" for worker in pool["workers"])
        state = "PAUSED" if pool["is_paused"] else pool["status"] or "-"
        limit = "-" if pool["concurrency_limit"] is None else str(pool["concurrency_limit"])
        counts = [str(pool[key]) for key in ("active", "depth", "late")]
        rows.append(
            [pool["name"], pool["type"] or "-", state, limit, *counts, f"{online} of {len(pool['workers'])} online"]
        )
    return _columns(rows)


def _workers(api: Json) -> list[str]:
    rows = [["WORKER", "POOL", "STATE", "HEARTBEAT"]]
    for pool in api["pools"]:
        for worker in pool["workers"]:
            beat = worker["heartbeat_age"]
            words = "never" if beat is None else f"{age(beat)} ago"
            rows.append([worker["name"], pool["name"], worker["status"] or "-", words])
    return _columns(rows) if len(rows) > 1 else []


def _queues(api: Json) -> list[str]:
    """Queues are told apart where a pool has several, or where something waits."""
    rows = [["QUEUE", "POOL", "STATE", "PRIORITY", "LIMIT", "WAITING", "LATE"]]
    for pool in api["pools"]:
        for queue in pool["queues"]:
            if len(pool["queues"]) > 1 or queue["depth"]:
                state = "PAUSED" if queue["is_paused"] else queue["status"] or "-"
                numbers = [queue[key] for key in ("priority", "concurrency_limit", "depth", "late")]
                rows.append(
                    [queue["name"], pool["name"], state, *("-" if item is None else str(item) for item in numbers)]
                )
    return _columns(rows) if len(rows) > 1 else []


def _flow_runs(api: Json) -> list[str]:
    if not api["ready"]:
        return []
    now = ", ".join(f"{api['flow_runs'][state]} {state.lower()}" for state in api["flow_runs"])
    ended = ", ".join(f"{api['ended'][state]} {state.lower()}" for state in api["ended"])
    return [f"FLOW RUNS  {now}", f"LAST HOUR  {ended}"]


def _databases(databases: list[Json]) -> list[str]:
    rows = [["DATABASE", "TABLE", "SIZE", "ROWS"]]
    for item in databases:
        if item["reason"]:
            rows.append([item["host"], "-", item["reason"], "-"])
            continue
        connections = f"{item['connections']} of {item['max_connections']} connections"
        rows.append([item["host"], "all", size(item["size"]), connections])
        rows += [
            [item["host"], entry["name"], size(entry["size"]), f"about {entry['rows']}"] for entry in item["tables"]
        ]
    return _columns(rows) if len(rows) > 1 else []


def _certificates(certificates: list[Json]) -> list[str]:
    rows = [["CERTIFICATE", "OF", "EXPIRES", "DAYS", "TRUSTED", "ISSUER"]]
    for item in certificates:
        where = f"{item['host']}:{item['port']}"
        if not item["seen"]:
            rows.append([item["name"], where, "not seen", "-", "-", "-"])
            continue
        trusted = "yes" if item["trusted"] else "no"
        rows.append(
            [item["name"], where, item["not_after"][:10], str(item["days_left"]), trusted, item["issuer"] or "-"]
        )
    return _columns(rows) if len(rows) > 1 else []


def _jobs(hosts: list[Json]) -> list[str]:
    rows = [["JOB", "HOST", "LAST", "RESULT"]]
    for job in JOBS:
        ran = [(host["host"], host["records"][job]) for host in hosts if job in host["records"]]
        for name, record in ran:
            result = "ok" if record.get("ok") else "FAILED"
            words = _first_line(record.get("message"))
            rows.append([job, name, str(record.get("finished_at") or "-"), f"{result}, {words}" if words else result])
        if not ran:
            rows.append([job, "-", "none", "-"])
    return _columns(rows)


def _columns(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def size(count: float) -> str:
    """Return a number of bytes as a person reads it."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def age(seconds: float) -> str:
    """Return a number of seconds as a person reads it, by its two largest units."""
    whole = int(seconds)
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    first = next((index for index, (count, _unit) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count}{unit}" for count, unit in parts[first : first + 2] if count or len(parts) - 1 == first)


def _first_line(text: t.Any) -> str:
    lines = str(text or "").strip().splitlines()
    return lines[0].strip() if lines else ""


def _plain(line: str) -> str:
    return line.replace(": ", " - ").replace(" #", " no. ")
