# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kept connections and threads bring, against a connection a request: the figures behind the HTTP layer.

A real Prefect server with PostgreSQL is asked over plain HTTP and over TLS (Caddy in front), each at once and through a
relay that adds 20 ms to every round trip. All contenders run in turns in every round, so that what else the machine
does meets all of them. It measures and never judges.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import platform
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy import HERE, ROOT, WORK, BenchmarkError, free_port, machine, run, say

sys.path.insert(0, str(ROOT / ".venv" / "collections"))

from ansible.module_utils.urls import Request, make_context

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError, TransportError
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import KeptAliveTransport, Response
from ansible_collections.selfhosted.prefect.tests.certificates import make_authority
from ansible_collections.selfhosted.prefect.tests.integration.stack import Server, Stack, until
from ansible_collections.selfhosted.prefect.tests.testbed.images import product_images

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROUND_TRIP = 0.02
"""Seconds that the relay adds to a round trip."""

LANES = ("plain", "TLS", "plain + 20 ms", "TLS + 20 ms")
OPERATIONS = {
    "write": "POST /variables/",
    "read": "GET /variables/name/…",
    "page": "POST /variables/filter, 200 objects",
}
THREADS = (1, 2, 4, 8, 16)
PER_REQUEST = "a connection a request"
BASE = "kept, 1 thread"
TIMEOUT = 30.0


class PerRequestTransport:
    """A connection a request, over Ansible's own helper."""

    def __init__(self, ca_path: str) -> None:
        self._request = Request(follow_redirects="none", use_netrc=False)
        self._context: ssl.SSLContext = make_context(cafile=ca_path)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Response:
        """Send one request over a new connection."""
        try:
            answer = self._request.open(
                method, url, data=body, headers=dict(headers), timeout=timeout, context=self._context
            )
        except urllib.error.HTTPError as exc:
            answer = exc
        with answer:
            return Response(answer.status, dict(answer.headers), answer.read())

    def close(self) -> None:
        """Nothing is kept."""


@dataclass(frozen=True)
class Contender:
    """One way to send requests.

    :param threads: how many send at the same time.
    :param transport: makes the transport that they share.
    """

    name: str
    threads: int
    transport: type[PerRequestTransport | KeptAliveTransport]


CONTENDERS = [
    Contender(PER_REQUEST, 1, PerRequestTransport),
    *(Contender(f"kept, {n} thread{'s' if n > 1 else ''}", n, KeptAliveTransport) for n in THREADS),
]


# --- The way to the server -----------------------------------------------------------------------


async def _relay(listener: socket.socket, target: tuple[str, int], delay: float) -> None:
    """Pass connections on, every byte after ``delay`` seconds, and any number of them under way at once."""
    clock = asyncio.get_running_loop().time

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opened: float) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, chunk = await under_way.get()
                await asyncio.sleep(due - clock())
                if not chunk:
                    break
                writer.write(chunk)
            writer.close()

        delivery = asyncio.create_task(deliver())
        chunk = b"-"
        while chunk:
            try:
                chunk = await reader.read(65536)
            except OSError:
                chunk = b""
            # Nothing leaves the client before the handshake of TCP, which the kernel answered at once, is over.
            under_way.put_nowait((max(clock(), opened + 2 * delay) + delay, chunk))
        await delivery

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened = clock()
        # asyncio does so by itself only where it made the listening socket.
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        inside_reader, inside_writer = await asyncio.open_connection(*target)
        await asyncio.gather(copy(reader, inside_writer, opened), copy(inside_reader, writer, opened - 2 * delay))

    async with await asyncio.start_server(serve, sock=listener) as server:
        await server.serve_forever()


def _run_relay(listener: socket.socket, target: tuple[str, int], delay: float) -> None:
    """Be the relay's process; a connection that breaks is the client's to notice."""
    asyncio.run(_relay(listener, target, delay))


@contextlib.contextmanager
def relay(target: tuple[str, int]) -> Iterator[int]:
    """Run a relay in a process of its own and give its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        process = multiprocessing.get_context("fork").Process(
            target=_run_relay, args=(listener, target, ROUND_TRIP / 2), daemon=True
        )
        process.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            process.terminate()
            process.join()


def caddy() -> str:
    """Return the program Caddy: this machine's own, or Debian's package unpacked.

    :raises BenchmarkError: there is none, and it cannot be fetched.
    """
    found = shutil.which("caddy")
    if found:
        return found
    program = WORK / "caddy" / "usr" / "bin" / "caddy"
    if not program.exists():
        if not shutil.which("apt-get"):
            raise BenchmarkError("this machine has no Caddy. Install it and try again.")
        say("fetching Caddy from Debian")
        with tempfile.TemporaryDirectory(dir=WORK) as directory:
            run(["apt-get", "--quiet", "--option=APT::Sandbox::User=root", "download", "caddy"], cwd=Path(directory))
            archive = next(Path(directory).glob("caddy_*.deb"))
            run(["dpkg-deb", "--extract", str(archive), str(WORK / "caddy")])
    return str(program)


@contextlib.contextmanager
def tls_front(authority: Path, target: tuple[str, int]) -> Iterator[int]:
    """Run Caddy in front of the server, with a certificate of a private authority, and give its port."""
    port = free_port()
    listens = {
        "listen": [f"127.0.0.1:{port}"],
        "automatic_https": {"disable": True},
        "tls_connection_policies": [{}],
        "routes": [{"handle": [{"handler": "reverse_proxy", "upstreams": [{"dial": f"{target[0]}:{target[1]}"}]}]}],
    }
    files = [{"certificate": str(authority / "server.pem"), "key": str(authority / "server.key")}]
    config = authority / "caddy.json"
    config.write_text(
        json.dumps(
            {
                "admin": {"disabled": True},
                "apps": {
                    "http": {"servers": {"front": listens}},
                    "tls": {"certificates": {"load_files": files}},
                },
            }
        ),
        encoding="utf-8",
    )
    environment = {**os.environ, "XDG_DATA_HOME": str(authority), "XDG_CONFIG_HOME": str(authority)}
    log = WORK / "caddy.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [caddy(), "run", "--config", str(config)], env=environment, stdout=output, stderr=output
        )
        try:
            try:
                until("Caddy", lambda: _accepts(port), 15)
            except TimeoutError as error:
                raise BenchmarkError(f"Caddy does not start:\n{log.read_text(encoding='utf-8')}") from error
            yield port
        finally:
            process.terminate()
            process.wait()


def _accepts(port: int) -> bool:
    """Whether something listens on a port of loopback."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


# --- Measuring -----------------------------------------------------------------------------------


class Track:
    """One server, asked over every lane.

    :param urls: base URL of the API of each lane.
    """

    def __init__(self, urls: Mapping[str, str], ca_path: str) -> None:
        self._urls = urls
        self._ca_path = ca_path
        self._written = 0
        self.dropped: list[str] = []

    def seed(self) -> None:
        """Make the objects that are read: a full page."""
        transport = KeptAliveTransport()
        for number in range(200):
            self._send(transport, self._urls["plain"], "POST", "/variables/", _variable(f"seed_{number}"))
        transport.close()

    def measure(self, lane: str, operation: str, contender: Contender, requests: int) -> float:
        """Send the requests, with new transport and all its connections, and return the seconds an answer took."""
        url = self._urls[lane]
        transport = contender.transport(ca_path=self._ca_path)
        first, self._written = self._written, self._written + requests

        def one(number: int) -> None:
            if operation == "write":
                self._send(transport, url, "POST", "/variables/", _variable(f"bench_{first + number}"))
            elif operation == "read":
                self._send(transport, url, "GET", f"/variables/name/seed_{number % 200}", None)
            else:
                self._send(transport, url, "POST", "/variables/filter", {"limit": 200, "sort": "NAME_DESC"})

        requests = requests if operation != "page" else requests // 4
        with ThreadPoolExecutor(contender.threads) as threads:
            start = time.perf_counter()
            for done in [threads.submit(one, number) for number in range(requests)]:
                done.result()
            taken = time.perf_counter() - start
        transport.close()
        return taken / requests

    def _send(
        self, transport: PerRequestTransport | KeptAliveTransport, url: str, method: str, path: str, body: Any
    ) -> None:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        try:
            answer = transport.send(method, url + path, headers, data, TIMEOUT)
        except TransportError as error:
            if error.kind != "dropped":
                raise
            # As the collection's client does; counted, because a transport that loses answers is no faster.
            self.dropped.append(error.message)
            answer = transport.send(method, url + path, headers, data, TIMEOUT)
        if answer.status not in (200, 201):
            raise BenchmarkError(f"{method} {url}{path}: HTTP {answer.status}: {answer.body[:200]!r}")


def _variable(name: str) -> dict[str, Any]:
    return {"name": name, "value": {"text": "x" * 100}, "tags": ["bench"]}


@contextlib.contextmanager
def lanes(server: Server, directory: Path) -> Iterator[dict[str, str]]:
    """Give the API's URL on every lane."""
    make_authority(directory)
    # The container itself: a port published on loopback has a copying process of the engine between.
    networks = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    plain = (run(["docker", "inspect", "--format", networks, server.container]), 4200)
    with (
        tls_front(directory, plain) as tls,
        relay(plain) as plain_far,
        relay(("127.0.0.1", tls)) as tls_far,
    ):
        here = "127.0.0.1"
        places = (
            f"http://{plain[0]}:{plain[1]}",
            f"https://{here}:{tls}",
            f"http://{here}:{plain_far}",
            f"https://{here}:{tls_far}",
        )
        yield {lane: f"{place}/api" for lane, place in zip(LANES, places, strict=True)}


def race(track: Track, rounds: int, requests: int) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Measure all contenders in turns; who begins changes with every round. Return ms a request."""
    results: dict[str, dict[str, dict[str, list[float]]]] = {
        operation: {lane: {contender.name: [] for contender in CONTENDERS} for lane in LANES}
        for operation in OPERATIONS
    }
    for number in range(rounds):
        turn = number % len(CONTENDERS)
        for operation in OPERATIONS:
            for lane in LANES:
                for contender in [*CONTENDERS[turn:], *CONTENDERS[:turn]]:
                    try:
                        taken = track.measure(lane, operation, contender, requests)
                    except PrefectError as error:
                        raise BenchmarkError(f"{operation}, {lane}, {contender.name}: {error}") from error
                    results[operation][lane][contender.name].append(round(taken * 1000, 3))
        say(f"round {number + 1} of {rounds}")
    return results


def summary(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return medians, and how many times faster than one kept connection each contender was, round by round."""
    told: dict[str, Any] = {}
    for operation, by_lane in results.items():
        told[operation] = {}
        for lane, contenders in by_lane.items():
            told[operation][lane] = {}
            for name, values in contenders.items():
                speed = [base / value for base, value in zip(contenders[BASE], values, strict=True)]
                told[operation][lane][name] = {
                    "ms": values,
                    "median_ms": round(statistics.median(values), 2),
                    "speed": round(statistics.median(speed), 2),
                    "speed_of_rounds": {"min": round(min(speed), 2), "max": round(max(speed), 2)},
                }
    return told


# --- Telling -------------------------------------------------------------------------------------


def table(document: Mapping[str, Any]) -> str:
    """Return the results as Markdown."""
    lines = []
    for operation, by_lane in document["operations"].items():
        lines += [
            f"**{OPERATIONS[operation]}**: ms a request, and the speed as a multiple of one kept connection (spread)",
            "",
            "| " + " | ".join(["", *LANES]) + " |",
            "| --- |" + " ---: |" * len(LANES),
        ]
        for contender in CONTENDERS:
            cells = [contender.name]
            for lane in LANES:
                found = by_lane[lane][contender.name]
                between = found["speed_of_rounds"]
                cells.append(
                    f"{found['median_ms']:.1f} · {found['speed']:.2f} ({between['min']:.2f}-{between['max']:.2f})"
                )
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def caption(document: Mapping[str, Any]) -> str:
    """Return one line that says how the results came about."""
    kind, tools = document["machine"], document["versions"]
    return (
        f"{document['rounds']} rounds in turns of {document['requests']} requests (a quarter for pages), client, server"
        f" and database on {kind['cores']} cores, {kind['system']}; Prefect {tools['prefect']}, Caddy"
        f" {tools['caddy']}, Python {tools['python']}"
    )


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds to measure (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=64, help="requests a measurement (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the results as JSON instead of tables")
    parser.add_argument(
        "--output", type=Path, default=HERE / "results", help="directory for transport.json (default: results)"
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.requests < 16:
        parser.error("--rounds must be 1 or more, --requests 16 or more")
    return options


def benchmark(rounds: int, requests: int) -> dict[str, Any]:
    """Measure, and return everything there is to tell."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    WORK.mkdir(parents=True, exist_ok=True)
    run(["docker", "version"])
    kind = machine()
    images = product_images()
    stack = Stack(images["prefect_database_image"], images["prefect_server_image"])
    try:
        stack.database("database")
        server = stack.server("server", "database")
        until("the server", server.ready)
        with tempfile.TemporaryDirectory(dir=WORK) as name, lanes(server, Path(name)) as urls:
            track = Track(urls, str(Path(name) / "ca.pem"))
            track.seed()
            say("one short round that is not counted")
            race(track, 1, 16)
            results = race(track, rounds, requests)
        version = str(server.ask("GET", "/admin/version"))
    finally:
        stack.remove()
    return {
        "rounds": rounds,
        "requests": requests,
        "machine": kind,
        "versions": {
            "prefect": version,
            "caddy": run([caddy(), "version"]).split()[0],
            "python": platform.python_version(),
        },
        "dropped": len(track.dropped),
        "operations": summary(results),
    }


def main() -> int:
    """Run the benchmark, print and write its results, and return the exit status."""
    options = parse()
    try:
        document = benchmark(options.rounds, options.requests)
    except (BenchmarkError, RuntimeError, TimeoutError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    text = json.dumps(document, indent=2)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "transport.json").write_text(text + "\n", encoding="utf-8")
    print(text if options.json else f"{table(document)}\n{caption(document)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
