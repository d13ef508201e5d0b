# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand objects of five kinds: the module resources, a loop over single modules, Prefect's own CLI, and the limit.

The limit is what the server itself takes: the requests that the module sends, recorded and fired by a plain HTTP client
with kept connections, once one by one and once side by side; the quicker of the two counts. Every contender gets a server
of its own with an empty database on one PostgreSQL, in turns in every round. Loop and CLI are measured over 50 objects and
extrapolated. It measures and never judges.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chart import draw_times
from deploy import HERE, ROOT, WORK, BenchmarkError, machine, run, say
from transport import LANES, lanes

sys.path.insert(0, str(ROOT / ".venv" / "collections"))

from ansible_collections.selfhosted.prefect.plugins.module_utils import _resources
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import KeptAliveTransport, Response
from ansible_collections.selfhosted.prefect.tests.integration.stack import Server, Stack, docker, until
from ansible_collections.selfhosted.prefect.tests.testbed.images import product_images

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

OBJECTS = 1000
SAMPLE = 50
"""Objects over which loop and CLI are measured."""

SIZES = (100, 1000, 10000)
THREADS = (1, 4, 8)
NOUNS = ("work_pool", "work_queue", "variable", "global_concurrency_limit", "deployment")
FLOWS = 10
"""Flows that the deployments share."""

GOALS = {"loop": 50.0, "cli": 50.0, "limit": 1.3}


def declared(count: int) -> dict[str, list[dict[str, Any]]]:
    """Return so many objects, a fifth of each kind."""
    numbers = range(count // len(NOUNS))
    return {
        "work_pools": [{"name": f"pool-{n}", "type": "process", "concurrency_limit": n} for n in numbers],
        "work_queues": [{"work_pool": f"pool-{n}", "name": "urgent", "priority": 1} for n in numbers],
        "variables": [{"name": f"variable-{n}", "value": {"number": n}, "tags": ["bench"]} for n in numbers],
        "global_concurrency_limits": [{"name": f"limit-{n}", "limit": n} for n in numbers],
        "deployments": [
            {
                "flow": f"flow-{n % FLOWS}",
                "name": f"deployment-{n}",
                "entrypoint": "flow.py:flow",
                "work_pool": f"pool-{n}",
                "work_queue": "urgent",
                "parameters": {"number": n},
            }
            for n in numbers
        ],
    }


# --- Servers -------------------------------------------------------------------------------------


class Servers:
    """Servers with empty databases, one at a time."""

    def __init__(self) -> None:
        """Start PostgreSQL."""
        images = product_images()
        self._stack = Stack(images["prefect_database_image"], images["prefect_server_image"])
        self._number = 0
        self._stack.database("database")
        self.image = images["prefect_server_image"]
        self.network = self._stack.network

    @contextlib.contextmanager
    def fresh(self) -> Iterator[Server]:
        """Give a server with an empty database, and remove it afterwards."""
        self._number += 1
        name = f"bench{self._number}"
        self._stack.schema("database", name)
        server = self._stack.server(name, "database", name)
        try:
            until(f"server {name}", server.ready)
            yield server
        finally:
            docker("rm", "--force", "--volumes", server.container)

    def remove(self) -> None:
        """Remove everything."""
        self._stack.remove()


def inside(server: Server) -> str:
    """Return the API's URL at the container itself: a port published on loopback has a copying process between."""
    address = run(
        ["docker", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", server.container]
    )
    return f"http://{address}:4200/api"


# --- Contenders ----------------------------------------------------------------------------------


def play(tasks: Sequence[Mapping[str, Any]], api: Mapping[str, Any], directory: Path) -> float:
    """Run tasks with ansible-playbook and return the seconds that it took, its own start among them."""
    book = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {"group/selfhosted.prefect.prefect": dict(api)},
            "tasks": list(tasks),
        }
    ]
    path = directory / "playbook.json"
    path.write_text(json.dumps(book), encoding="utf-8")
    settings = directory / "ansible.cfg"
    settings.touch()
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections"),
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    begun = time.perf_counter()
    done = subprocess.run(
        [program, "--inventory", "localhost,", "--connection", "local", str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    taken = time.perf_counter() - begun
    if done.returncode != 0:
        raise BenchmarkError(f"ansible-playbook failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return taken


def ours(api: Mapping[str, Any], objects: Mapping[str, Any], directory: Path) -> float:
    """Apply objects with the module resources."""
    return play([{"name": "Apply", "selfhosted.prefect.resources": {"resources": objects}}], api, directory)


def loop(api: Mapping[str, Any], directory: Path, startup: float) -> float:
    """Apply the sample with single modules in loops, and extrapolate to all objects."""
    sample = declared(SAMPLE)
    tasks = [
        {
            "name": noun,
            f"selfhosted.prefect.{noun}": {
                option: "{{ item." + option + " }}" for option in sample[KINDS[noun].many][0]
            },
            "loop": sample[KINDS[noun].many],
        }
        for noun in NOUNS
    ]
    return startup + (play(tasks, api, directory) - startup) * OBJECTS / SAMPLE


def cli(servers: Servers, server: Server, again: bool) -> float:
    """Make the sample with Prefect's own command line, and extrapolate to all objects."""
    sample = declared(SAMPLE)
    over = " --overwrite" if again else ""
    lines = ["cd /tmp", "printf 'from prefect import flow\\n@flow\\ndef flow_():\\n    pass\\n' > flow.py"]
    lines += ["begun=$(date +%s.%N)"]
    lines += [f"prefect work-pool create {item['name']} --type process{over}" for item in sample["work_pools"]]
    lines += [
        f"prefect work-queue create urgent --pool {item['work_pool']} --priority 1" for item in sample["work_queues"]
    ]
    lines += [f"prefect variable set {item['name']} {item['name']}{over}" for item in sample["variables"]]
    verb = "update" if again else "create"
    lines += [
        f"prefect global-concurrency-limit {verb} {item['name']} --limit {item['limit']}"
        for item in sample["global_concurrency_limits"]
    ]
    lines += [
        f"prefect --no-prompt deploy flow.py:flow_ --name {item['name']} --pool {item['work_pool']}"
        for item in sample["deployments"]
    ]
    lines += ["echo taken $begun $(date +%s.%N)"]
    output = docker(
        *(
            "run",
            "--rm",
            "--network",
            servers.network,
            "--env",
            f"PREFECT_API_URL=http://{urlsplit(inside(server)).netloc}/api",
        ),
        *(servers.image, "bash", "-c", "\n".join(lines)),
    )
    begun, ended = output.splitlines()[-1].split()[1:]
    return (float(ended) - float(begun)) * OBJECTS / SAMPLE


@dataclass
class Recording:
    """The requests that the module sends, in the order of its kinds.

    :param sent: method, path and body of each.
    :param flows: names of flows by the ids they had then.
    """

    sent: list[tuple[str, str, bytes | None]] = field(default_factory=list)
    flows: dict[str, str] = field(default_factory=dict)


class Recorder:
    """A transport that notes what it sends."""

    def __init__(self, recording: Recording) -> None:
        self._inner = KeptAliveTransport()
        self._recording = recording

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Response:
        """Send and note."""
        answer = self._inner.send(method, url, headers, body, timeout)
        path = url.partition("/api")[2]
        self._recording.sent.append((method, path, body))
        if path == "/flows/":
            made = json.loads(answer.body)
            self._recording.flows[made["id"]] = made["name"]
        return answer


def record(url: str, objects: Mapping[str, Any]) -> Recording:
    """Apply objects and return what was sent."""
    recording = Recording()
    _resources.apply(Directory(Client(Recorder(recording), url), KINDS), objects, diff=False)
    return recording


def replay(url: str, recording: Recording, threads: int, ca_path: str | None = None) -> float:
    """Fire recorded requests with a plain HTTP client, those of one route side by side, and return the seconds."""
    parts = urlsplit(url)
    context = ssl.create_default_context(cafile=ca_path) if parts.scheme == "https" else None
    mine = local()
    ids: dict[bytes, bytes] = {}

    def one(request: tuple[str, str, bytes | None]) -> None:
        method, path, body = request
        if not hasattr(mine, "connection"):
            mine.connection = (
                http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context)
                if context
                else http.client.HTTPConnection(parts.hostname or "", parts.port)
            )
            mine.connection.connect()
        for old, new in ids.items() if path == "/deployments/" else ():
            body = body.replace(old, new) if body else body
        mine.connection.request(method, parts.path + path, body, {"Content-Type": "application/json"})
        answer = mine.connection.getresponse()
        data = answer.read()
        if answer.status >= 400 and answer.status != 404:
            raise BenchmarkError(f"{method} {path}: HTTP {answer.status}: {data[:300]!r}")
        if path == "/flows/":
            made = json.loads(data)
            then = next(identity for identity, name in recording.flows.items() if name == made["name"])
            ids[then.encode()] = made["id"].encode()

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for _route, requests in groupby(recording.sent, key=lambda request: request[1].split("/")[1] + request[0]):
            list(pool.map(one, requests))
    return time.perf_counter() - begun


# --- Measuring -----------------------------------------------------------------------------------


def race(servers: Servers, rounds: int, directory: Path) -> dict[str, Any]:
    """Measure all contenders in turns, each on a server of its own. Return the seconds of every round."""
    objects = declared(OBJECTS)
    found: dict[str, dict[str, list[float]]] = {
        phase: {"resources": [], "loop": [], "cli": [], "limit": []} for phase in ("first", "second")
    }
    requests: dict[str, int] = {}
    with servers.fresh() as server:
        first = record(inside(server), objects)
        second = record(inside(server), objects)
        requests = {"first": len(first.sent), "second": len(second.sent)}
    for number in range(rounds):
        startup = play([{"name": "Nothing", "ansible.builtin.meta": "noop"}], {}, directory)
        with servers.fresh() as server:
            api = {"api_url": inside(server)}
            found["first"]["resources"].append(ours(api, objects, directory))
            found["second"]["resources"].append(ours(api, objects, directory))
        limits: dict[str, list[float]] = {"first": [], "second": []}
        for threads in (1, 4):
            with servers.fresh() as server:
                limits["first"].append(replay(inside(server), first, threads))
                limits["second"].append(replay(inside(server), second, threads))
        for phase, taken in limits.items():
            found[phase]["limit"].append(min(taken))
        with servers.fresh() as server:
            api = {"api_url": inside(server)}
            found["first"]["loop"].append(loop(api, directory, startup))
            found["second"]["loop"].append(loop(api, directory, startup))
        with servers.fresh() as server:
            found["first"]["cli"].append(cli(servers, server, again=False))
            found["second"]["cli"].append(cli(servers, server, again=True))
        say(f"round {number + 1} of {rounds}")
    return {"requests": requests, "phases": {phase: summary(seconds) for phase, seconds in found.items()}}


def summary(seconds: Mapping[str, list[float]]) -> dict[str, Any]:
    """Return medians, and how many times longer than the module each contender took, round by round."""
    told: dict[str, Any] = {}
    for name, values in seconds.items():
        ratios = [value / base for value, base in zip(values, seconds["resources"], strict=True)]
        if name == "limit":
            ratios = [1 / ratio for ratio in ratios]
        told[name] = {
            "seconds": [round(value, 3) for value in values],
            "median": round(statistics.median(values), 3),
            "ratio": round(statistics.median(ratios), 2),
            "ratio_of_rounds": {"min": round(min(ratios), 2), "max": round(max(ratios), 2)},
        }
    return told


def ways(servers: Servers, directory: Path) -> dict[str, Any]:
    """Measure the module and the limit over plain HTTP and TLS, at once and 20 ms away."""
    objects = declared(OBJECTS)
    with servers.fresh() as server:
        first = record(inside(server), objects)
    told: dict[str, Any] = {}
    for lane in LANES:
        taken: dict[str, float] = {}
        with servers.fresh() as server, lanes(server, directory) as urls:
            api = {"api_url": urls[lane], "ca_path": str(directory / "ca.pem")}
            taken["resources"] = ours(api, objects, directory)
            taken["unchanged"] = ours(api, objects, directory)
        for threads in THREADS:
            with servers.fresh() as server, lanes(server, directory) as urls:
                taken[f"limit_{threads}"] = replay(urls[lane], first, threads, str(directory / "ca.pem"))
        best = min(taken[f"limit_{threads}"] for threads in THREADS)
        told[lane] = {
            **{name: round(value, 2) for name, value in taken.items()},
            "ratio": round(taken["resources"] / best, 2),
        }
        say(f"{lane}: {told[lane]}")
    return told


def growth(servers: Servers, sizes: Sequence[int], directory: Path) -> dict[str, Any]:
    """Measure how time and memory of the module grow with the number of objects."""
    told: dict[str, Any] = {}
    for size in sizes:
        objects = declared(size)
        with servers.fresh() as server:
            api = {"api_url": inside(server)}
            first = ours(api, objects, directory)
            second = ours(api, objects, directory)
            told[str(size)] = {
                "first": round(first, 2),
                "second": round(second, 2),
                "memory_mib": round(memory(api["api_url"], objects, directory)),
            }
        say(f"{size} objects: {told[str(size)]}")
    return told


def memory(url: str, objects: Mapping[str, Any], directory: Path) -> float:
    """Return the most memory in MiB that a second run of the module's own code takes, without Ansible around it."""
    path = directory / "objects.json"
    path.write_text(json.dumps(objects), encoding="utf-8")
    output = run([sys.executable, __file__, "--memory", url, str(path)])
    return float(output.splitlines()[-1])


def _memory(url: str, path: str) -> None:
    objects = json.loads(Path(path).read_text(encoding="utf-8"))
    _resources.apply(Directory(Client(KeptAliveTransport(), url), KINDS), objects, diff=False)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


# --- Telling -------------------------------------------------------------------------------------

NAMES = {
    "resources": "the module resources",
    "loop": "a loop over single modules (50 measured)",
    "cli": "the prefect CLI (50 measured)",
    "limit": "the same requests, plain client",
}


def table(document: Mapping[str, Any]) -> str:
    """Return the results as Markdown."""
    lines = ["| 1,000 objects | first run | ratio | second run | ratio |", "| --- | ---: | ---: | ---: | ---: |"]
    phases = document["phases"]
    for name, words in NAMES.items():
        cells = [words]
        for phase in ("first", "second"):
            one = phases[phase][name]
            spread = one["ratio_of_rounds"]
            cells += [f"{one['median']:.1f} s", f"{one['ratio']:g} ({spread['min']:g}-{spread['max']:g})"]
        lines.append("| " + " | ".join(cells) + " |")
    requests = document["requests"]
    lines += ["", f"Requests: {requests['first']} on the first run, {requests['second']} on the second.", ""]
    if "ways" in document:
        lines += ["| the way there | resources | limit | ratio | unchanged |", "| --- | ---: | ---: | ---: | ---: |"]
        for lane, one in document["ways"].items():
            best = min(one[f"limit_{threads}"] for threads in THREADS)
            lines.append(
                f"| {lane} | {one['resources']:.1f} s | {best:.1f} s | {one['ratio']:g} | {one['unchanged']:.1f} s |"
            )
        lines.append("")
    if "growth" in document:
        lines += ["| objects | first run | second run | memory |", "| ---: | ---: | ---: | ---: |"]
        lines += [
            f"| {int(size):,} | {one['first']:.1f} s | {one['second']:.1f} s | {one['memory_mib']} MiB |"
            for size, one in document["growth"].items()
        ]
    return "\n".join(lines)


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="rounds to measure (default: %(default)s)")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES), help="numbers of objects for the growth")
    parser.add_argument("--only", choices=("race", "ways", "growth"), help="measure one part; the others are kept")
    parser.add_argument("--output", type=Path, default=HERE / "results", help="directory for resources.json and .svg")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        _memory(*options.memory)
        return 0
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    WORK.mkdir(parents=True, exist_ok=True)
    path = options.output / "resources.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if options.only and path.exists() else {}
    document.update(
        {"rounds": options.rounds, "objects": OBJECTS, "sample": SAMPLE, "goals": GOALS, "machine": machine()}
    )
    servers = Servers()
    try:
        with tempfile.TemporaryDirectory(dir=WORK) as directory:
            if options.only in (None, "race"):
                document.update(race(servers, options.rounds, Path(directory)))
            if options.only in (None, "ways"):
                document["ways"] = ways(servers, Path(directory))
            if options.only in (None, "growth"):
                document["growth"] = growth(servers, options.sizes, Path(directory))
    except BenchmarkError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        servers.remove()
    options.output.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if "phases" in document:
        (options.output / "resources.svg").write_text(draw_times(document, NAMES), encoding="utf-8")
        print(table(document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
