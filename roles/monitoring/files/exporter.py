# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus metrics of a Prefect server: what waits, what is late, who works, how large the database is, what expires.

Runs in a container of the server's own image, which has all that it needs: prometheus_client and asyncpg are among Prefect's
requirements. Beside it lie _operations.py and _certificate.py of this collection, so the status table and the metrics agree.

Environment: PREFECT_API_URL, PREFECT_API_AUTH_STRING or PREFECT_API_KEY, EXPORTER_PORT, EXPORTER_CA (a file), EXPORTER_ENDPOINTS
(JSON: name, host, port, protocol, ca of each certificate to look at), EXPORTER_DATABASE_URL and EXPORTER_DATABASE_SQL (a file).
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import signal
import ssl
import sys
import threading
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import _certificate
import _operations
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

LOG = logging.getLogger("exporter")

TIMEOUT = 15.0  # seconds that one answer of the API may take; without its database a server takes 12 to say so
PAGE = 200  # the API's own largest page

API_EVERY = 10.0  # seconds for which what was seen is shown again, however often it is scraped
DATABASE_EVERY = 60.0
CERTIFICATES_EVERY = 300.0

Metrics = list[Metric]


class Api:
    """Reads the Prefect API.

    :param url: Such as C(http://server:4200/api).
    :param authorization: The header's value, or an empty text.
    :param ca: File with the authorities to trust instead of the system's, or an empty text.
    """

    def __init__(self, url: str, authorization: str, ca: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json", "User-Agent": "selfhosted.prefect-exporter"}
        if authorization:
            self._headers["Authorization"] = authorization
        self._context = ssl.create_default_context(cafile=ca or None) if self._url.startswith("https:") else None

    def get(self, path: str) -> t.Any:
        """Return what GET answers."""
        return self._ask("GET", path, None)

    def query(self, path: str, body: t.Any = None) -> t.Any:
        """Return what a POST answers that only reads."""
        try:
            return self._ask("POST", path, body or {})
        except urllib.error.HTTPError as exc:
            with exc:
                words = exc.read(2000).decode("utf-8", "replace")
            if exc.code != 403 or ("CSRF" not in words and "client identifier" not in words):
                raise
        # With CSRF protection each client needs a token of its own, for an hour.
        client = str(uuid.uuid4())
        token = self.get(f"/csrf-token?client={client}")["token"]
        self._headers.update({"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": client})
        return self._ask("POST", path, body or {})

    def read_all(self, path: str, body: dict[str, t.Any] | None = None) -> list[dict[str, t.Any]]:
        """Return all objects of a filter route, page by page."""
        found: list[dict[str, t.Any]] = []
        limit: dict[str, int] = {"limit": PAGE}
        while True:
            try:
                page = self.query(path, {**(body or {}), **limit, "offset": len(found)})
            except urllib.error.HTTPError as exc:
                # A server may be set to smaller pages, and then refuses to be asked for more.
                if exc.code != 422 or not limit:
                    raise
                limit = {}
                continue
            found.extend(page)
            if not page or (limit and len(page) < PAGE):
                return found

    def _ask(self, method: str, path: str, body: t.Any) -> t.Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, self._headers, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT, context=self._context) as answer:
            return json.load(answer)


class Source:
    """Something that metrics come from, asked at most so often.

    :param name: What the metrics call it.
    :param every: Seconds for which an answer is good.
    :param ask: Returns the metrics.
    """

    def __init__(self, name: str, every: float, ask: t.Callable[[], Metrics]) -> None:
        self.name = name
        self.works = False
        self.seconds = 0.0
        self._every = every
        self._ask = ask
        self._metrics: Metrics = []
        self._asked = -every
        self._reason = ""

    def metrics(self) -> Metrics:
        """Return what it tells. One that fails tells nothing, and why is logged once."""
        begun = time.monotonic()
        if begun - self._asked < self._every:
            return self._metrics
        reason = ""
        try:
            self._metrics, self.works = self._ask(), True
        # Whatever goes wrong with one source, the others are told.
        except Exception as exc:  # noqa: BLE001
            self._metrics, self.works = [], False
            reason = f"{type(exc).__name__}: {exc}"
        if reason != self._reason:
            LOG.warning("%s: %s", self.name, reason or "works again")
        self._reason = reason
        self._asked = time.monotonic()
        self.seconds = self._asked - begun
        return self._metrics


class Exporter:
    """Collects from all sources for each scrape, one scrape at a time."""

    def __init__(self, sources: list[Source]) -> None:
        self._sources = sources
        self._lock = threading.Lock()

    def collect(self) -> t.Iterator[Metric]:
        """Give all metrics."""
        with self._lock:
            found = [metric for source in self._sources for metric in source.metrics()]
            up = GaugeMetricFamily("prefect_exporter_source_up", "Whether this source answered.", labels=["source"])
            took = GaugeMetricFamily(
                "prefect_exporter_source_seconds", "How long its last answer took.", labels=["source"]
            )
            for source in self._sources:
                up.add_metric([source.name], float(source.works))
                took.add_metric([source.name], source.seconds)
            yield from (*found, up, took)

    def describe(self) -> list[Metric]:
        """Tell of no metrics before the first scrape, or the registry would make one at start."""
        return []


def gauge(name: str, words: str, labels: t.Sequence[str] = ()) -> GaugeMetricFamily:
    """Return an empty gauge."""
    return GaugeMetricFamily(name, words, labels=list(labels))


def of_api(api: Api) -> Metrics:
    """Return what the API tells."""
    version = api.get("/admin/version")
    told = _operations.survey(api, time.time())
    pool = ("pool",)
    queue = ("pool", "queue")
    worker = ("pool", "worker")
    active = gauge("prefect_work_pool_active_flow_runs", "Flow runs under way in a work pool.", pool)
    limit = gauge("prefect_work_pool_concurrency_limit", "How many may be, where that is limited.", pool)
    paused = gauge("prefect_work_pool_paused", "Whether a work pool is paused.", pool)
    ready = gauge("prefect_work_pool_ready", "Whether the server calls a work pool ready.", pool)
    online = gauge("prefect_work_pool_workers_online", "Workers of a work pool that are online.", pool)
    depth = gauge("prefect_work_queue_depth", "Flow runs that are due and wait for a worker.", queue)
    late = gauge("prefect_work_queue_late_flow_runs", "Those of them that the server calls late.", queue)
    queue_paused = gauge("prefect_work_queue_paused", "Whether a work queue is paused.", queue)
    is_online = gauge("prefect_worker_online", "Whether the server calls a worker online.", worker)
    beat = gauge("prefect_worker_last_heartbeat_timestamp_seconds", "When a worker was last heard of.", worker)
    for item in told["pools"]:
        name = [item["name"]]
        active.add_metric(name, item["active"])
        paused.add_metric(name, float(item["is_paused"]))
        ready.add_metric(name, float(item["status"] == "READY"))
        online.add_metric(name, sum(one["status"] == "ONLINE" for one in item["workers"]))
        if item["concurrency_limit"] is not None:
            limit.add_metric(name, item["concurrency_limit"])
        for one in item["queues"]:
            both = [item["name"], one["name"]]
            depth.add_metric(both, one["depth"])
            late.add_metric(both, one["late"])
            queue_paused.add_metric(both, float(one["is_paused"]))
        for one in item["workers"]:
            both = [item["name"], one["name"]]
            is_online.add_metric(both, float(one["status"] == "ONLINE"))
            heard = _operations.seconds_of(one["last_heartbeat_time"])
            if heard is not None:
                beat.add_metric(both, heard)
    live = gauge("prefect_flow_runs", "Flow runs by the type of state, of those that they are to leave.", ("state",))
    for state in _operations.LIVE_STATES:
        live.add_metric([state], told["flow_runs"][state])
    ended = gauge("prefect_flow_runs_ended_last_hour", "Flow runs that ended during the last hour.", ("state",))
    for state in _operations.END_STATES:
        ended.add_metric([state], told["ended"][state])
    all_late = gauge("prefect_late_flow_runs", "Flow runs that the server calls late.")
    all_late.add_metric([], told["flow_runs"]["LATE"])
    unmarked = gauge(
        "prefect_unmarked_late_flow_runs",
        "Flow runs that are due for two minutes and not called late: the server's background services do not run.",
    )
    unmarked.add_metric([], told["unmarked"])
    info = InfoMetricFamily("prefect_server", "The server.", value={"version": str(version)})
    return [
        *(info, live, ended, all_late, unmarked, active, limit, paused, ready, online),
        *(depth, late, queue_paused, is_online, beat),
    ]


def of_database(url: str, sql: str) -> Metrics:
    """Return what the database tells."""
    import asyncpg  # where no database is looked at, it need not be there

    async def ask() -> dict[str, t.Any]:
        # A pooler in front may not keep prepared statements.
        connection = await asyncpg.connect(url, timeout=10, command_timeout=20, statement_cache_size=0)
        try:
            return t.cast("dict[str, t.Any]", json.loads(await connection.fetchval(sql)))
        finally:
            await connection.close()

    told = asyncio.run(ask())
    whole = gauge("prefect_database_size_bytes", "Size of the database.")
    whole.add_metric([], told["size"])
    used = gauge("prefect_database_connections", "Connections to the database.")
    used.add_metric([], told["connections"])
    most = gauge("prefect_database_max_connections", "How many its server takes.")
    most.add_metric([], told["max_connections"])
    tables = gauge("prefect_database_table_size_bytes", "Size of the largest tables, with indexes.", ("table",))
    rows = gauge("prefect_database_table_rows", "Rows in them, as the planner estimates.", ("table",))
    for table in told["tables"]:
        tables.add_metric([table["name"]], table["size"])
        rows.add_metric([table["name"]], table["rows"])
    return [whole, used, most, tables, rows]


def of_certificates(endpoints: list[dict[str, t.Any]]) -> Metrics:
    """Return what services show on the wire. One that shows no certificate is told of, and stops nothing."""
    expiry = gauge("prefect_certificate_expiry_timestamp_seconds", "When a certificate expires.", ("endpoint",))
    trusted = gauge("prefect_certificate_trusted", "Whether it is trusted.", ("endpoint",))
    seen = gauge("prefect_certificate_seen", "Whether the endpoint shows one.", ("endpoint",))
    for endpoint in endpoints:
        name = [endpoint["name"]]
        try:
            found = _certificate.look(
                endpoint["host"],
                int(endpoint["port"]),
                endpoint.get("protocol") or _certificate.TLS,
                ca_path=endpoint.get("ca") or None,
            )
        except _certificate.CertificateError as exc:
            LOG.warning("certificate of %s: %s", endpoint["name"], exc)
            seen.add_metric(name, 0)
            continue
        seen.add_metric(name, 1)
        expiry.add_metric(name, found.not_after)
        trusted.add_metric(name, float(not found.distrust))
    return [expiry, trusted, seen]


def authorization(environment: t.Mapping[str, str]) -> str:
    """Return the value of the Authorization header, as Prefect's own client would send it."""
    if environment.get("PREFECT_API_KEY"):
        return f"Bearer {environment['PREFECT_API_KEY']}"
    if environment.get("PREFECT_API_AUTH_STRING"):
        return "Basic " + base64.b64encode(environment["PREFECT_API_AUTH_STRING"].encode()).decode()
    return ""


def sources(environment: t.Mapping[str, str]) -> list[Source]:
    """Return what the environment asks for."""
    api = Api(environment["PREFECT_API_URL"], authorization(environment), environment.get("EXPORTER_CA", ""))
    found = [Source("api", API_EVERY, lambda: of_api(api))]
    url = environment.get("EXPORTER_DATABASE_URL", "")
    if url:
        sql = Path(environment["EXPORTER_DATABASE_SQL"]).read_text(encoding="utf-8")
        found.append(Source("database", DATABASE_EVERY, lambda: of_database(url, sql)))
    endpoints = json.loads(environment.get("EXPORTER_ENDPOINTS", "[]"))
    if endpoints:
        found.append(Source("certificates", CERTIFICATES_EVERY, lambda: of_certificates(endpoints)))
    return found


def main() -> None:
    """Serve until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    registry = CollectorRegistry()
    registry.register(t.cast("t.Any", Exporter(sources(os.environ))))
    port = int(os.environ.get("EXPORTER_PORT", "9421"))
    start_http_server(port, registry=registry)
    LOG.info("metrics on port %s", port)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


if __name__ == "__main__":
    main()
