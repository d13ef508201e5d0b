# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long site.yml takes, cold and with nothing to do, beside ``docker compose up --wait`` of the same stack.

Both run on this machine in turns, with their images present and with names, networks, volumes and ports of their
own. It measures and never judges: no time makes it fail.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chart import draw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "benchmarks"
WORK = ROOT / ".work" / "bench"
INVENTORY = "inventory/local"
PREFIX = "sp-bench"
SERVICES = ("database", "server", "worker")
PHASES = {"cold": "from nothing to ready", "no-op": "again, nothing to do"}
# Ratios to docker compose that the project aims at.
GOALS = {"cold": 1.5, "no-op": 3.0}
# Debian's release whose docker-compose package is Compose v2.
SUITE = "trixie"


class BenchmarkError(Exception):
    """The benchmark cannot run; the message says why and what to do."""


def say(message: str) -> None:
    """Tell a person what happens, apart from the results."""
    print(f"bench: {message}", file=sys.stderr, flush=True)


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path = ROOT, check: bool = True) -> str:
    """Run a command and return its standard output, without the last line break.

    :param command: program and arguments.
    :param env: variables to set besides this process's own.
    :param cwd: directory to run it in (default: the checkout).
    :param check: raise when it fails; otherwise a failure gives an empty string.
    :raises BenchmarkError: the program is missing or fails; the message has the end of its output.
    """
    try:
        result = subprocess.run(
            command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise BenchmarkError(f"{command[0]} is not installed") from error
    if result.returncode == 0:
        return result.stdout.strip()
    if not check:
        return ""
    tail = "\n".join((result.stdout + result.stderr).strip().splitlines()[-25:])
    raise BenchmarkError(f"'{' '.join(command)}' failed ({result.returncode}):\n{tail}")


def tool(name: str) -> str:
    """Return the path of one of Ansible's programs in this Python environment."""
    return str(Path(sys.executable).parent / name)


# --- What has to be there ------------------------------------------------------------------------


def check_engine() -> str:
    """Return the engine's version.

    :raises BenchmarkError: none answers.
    """
    version = run(["docker", "version", "--format", "{{.Server.Version}}"], check=False)
    if not version:
        raise BenchmarkError("no Docker engine answers. 'make deploy' finds, starts or installs one.")
    return version


def images() -> dict[str, str]:
    """Return the images of database and server, as ``inventory/local`` names them.

    :raises BenchmarkError: one is not on this machine.
    """
    variables = json.loads(run([tool("ansible-inventory"), "--inventory", INVENTORY, "--host", "localhost"]))
    found = {service: str(variables[f"prefect_{service}_image"]) for service in SERVICES[:2]}
    for name in found.values():
        if not run(["docker", "image", "inspect", "--format", "{{.Id}}", name], check=False):
            raise BenchmarkError(f"the image {name} is not on this machine. 'make deploy' pulls or builds it.")
    return found


def compose_environment() -> dict[str, str]:
    """Return the environment in which ``docker compose`` is there: this machine's own, or Debian's package unpacked.

    :raises BenchmarkError: there is none, and it cannot be fetched.
    """
    if run(["docker", "compose", "version"], check=False):
        return {}
    config = WORK / "docker"
    plugin = config / "cli-plugins" / "docker-compose"
    if not plugin.exists():
        fetch_compose(plugin)
    environment = {"DOCKER_CONFIG": str(config)}
    run(["docker", "compose", "version"], env=environment)
    return environment


def fetch_compose(plugin: Path) -> None:
    """Download Debian's docker-compose with a private state of apt, and unpack only the plug-in to ``plugin``."""
    if not shutil.which("apt-get"):
        raise BenchmarkError("this machine has no 'docker compose' (version 2). Install it and try again.")
    say(f"fetching docker compose from Debian {SUITE}")
    plugin.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        directory = Path(name)
        (directory / "lists" / "partial").mkdir(parents=True)
        (directory / "archives" / "partial").mkdir(parents=True)
        source = directory / "sources.list"
        key = "/usr/share/keyrings/debian-archive-keyring.gpg"
        source.write_text(f"deb [signed-by={key}] http://deb.debian.org/debian {SUITE} main\n", encoding="utf-8")
        options = {
            "Dir::Etc::sourcelist": source,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::lists": directory / "lists",
            "Dir::Cache": directory,
        }
        apt = ["apt-get", "--quiet", *(f"--option={key}={value}" for key, value in options.items())]
        run([*apt, "update"])
        run([*apt, "download", "docker-compose"], cwd=directory)
        archive = next(directory.glob("docker-compose_*.deb"))
        run(["dpkg-deb", "--extract", str(archive), str(directory / "unpacked")])
        shutil.copy(next((directory / "unpacked").rglob("cli-plugins/docker-compose")), plugin)
    plugin.chmod(0o755)


def free_port() -> int:
    """Return a TCP port that nobody has on loopback now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


# --- Contenders ----------------------------------------------------------------------------------


@dataclass
class Contender:
    """One way to make the stack.

    :param name: what the table calls it.
    :param up: command that makes the stack, and changes nothing when it is there.
    :param env: variables of that command.
    :param stack: prefix of the names of its containers.
    """

    name: str
    up: list[str]
    env: dict[str, str]
    stack: str
    seconds: dict[str, list[float]] = field(default_factory=lambda: {phase: [] for phase in PHASES})

    def container(self, service: str) -> str:
        """Return the name of a service's container."""
        return f"{self.stack}-{service}"

    def measure(self) -> dict[str, float]:
        """Make the stack and make it again, and return the seconds of both. What was there before goes first."""
        self.remove()
        taken = {}
        for phase in PHASES:
            start = time.perf_counter()
            try:
                run(self.up, env=self.env)
            except BenchmarkError as error:
                raise BenchmarkError(f"{error}\n{self.keep_logs()}") from error
            taken[phase] = time.perf_counter() - start
        return taken

    def keep_logs(self) -> str:
        """Write down what the containers said, since they will be removed, and return where."""
        directory = WORK / "logs"
        directory.mkdir(parents=True, exist_ok=True)
        for name in map(self.container, SERVICES):
            command = ["docker", "logs", name]
            result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            (directory / f"{name}.log").write_text(result.stdout, encoding="utf-8")
        return f"What the containers said is in {directory.relative_to(ROOT)}."

    def remove(self) -> None:
        """Remove its containers, network and volumes, and nothing else."""
        listed = run(["docker", "ps", "--all", "--format", "{{.Names}}"]).splitlines()
        containers = [name for name in map(self.container, SERVICES) if name in listed]
        if containers:
            run(["docker", "rm", "--force", "--volumes", *containers])
        for kind in ("network", "volume"):
            names = run(["docker", kind, "ls", "--format", "{{.Name}}"]).splitlines()
            mine = [name for name in names if name.startswith(f"{self.stack}-")]
            if mine:
                run(["docker", kind, "rm", *mine])


def site(password: str, directory: Path) -> Contender:
    """Return the contender ``ansible-playbook site.yml``, with ``inventory/local`` under names of its own."""
    stack, port = f"{PREFIX}-site", free_port()
    variables = {
        "prefect_database_container_name": f"{stack}-database",
        "prefect_database_volume": f"{stack}-db-data",
        "prefect_database_password": password,
        "prefect_server_container_name": f"{stack}-server",
        "prefect_server_volume": f"{stack}-prefect-config",
        "prefect_server_port": port,
        "prefect_server_database_host": f"{stack}-database",
        "prefect_server_database_password": password,
        "prefect_worker_container_name": f"{stack}-worker",
        "prefect_worker_name": "bench-worker",
        "prefect_worker_api_url": f"http://{stack}-server:4200/api",
        **{f"prefect_{service}_network": f"{stack}-stack" for service in SERVICES},
    }
    # Not on the command line, where every user of the machine could read the password.
    path = directory / "site.json"
    path.write_text(json.dumps(variables), encoding="utf-8")
    path.chmod(0o600)
    up = [tool("ansible-playbook"), "--inventory", INVENTORY, "--extra-vars", f"@{path}", "playbooks/site.yml"]
    environment = {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections"),
    }
    return Contender("site.yml", up, environment, stack)


def compose(password: str, names: Mapping[str, str], environment: Mapping[str, str]) -> Contender:
    """Return the contender ``docker compose up --wait`` of ``compose.yml``.

    :param names: image of each service.
    :param environment: what makes ``docker compose`` available.
    """
    stack = f"{PREFIX}-compose"
    up = ["docker", "compose", "--project-name", stack, "--file", str(HERE / "compose.yml"), "up", "--detach", "--wait"]
    env = {
        **environment,
        **{f"BENCH_{service.upper()}_IMAGE": image for service, image in names.items()},
        "BENCH_PASSWORD": password,
        "BENCH_PORT": str(free_port()),
    }
    return Contender("docker compose", up, env, stack)


def traits(contender: Contender, service: str) -> dict[str, Any]:
    """Return what both contenders' containers of one service must have in common."""
    found = json.loads(run(["docker", "inspect", contender.container(service)]))[0]
    host, config = found["HostConfig"], found["Config"]
    keys = ("Memory", "ShmSize", "PidsLimit", "CapDrop", "SecurityOpt", "LogConfig", "RestartPolicy")
    return {
        **{key: host[key] for key in keys},
        "CapAdd": sorted(host["CapAdd"] or []),
        "Image": found["Image"],
        "Health": config["Healthcheck"]["Test"],
        "Env": sorted(item.split("=", 1)[0] for item in config["Env"]),
        "Mounts": sorted((mount["Type"], mount["Destination"], mount["RW"]) for mount in found["Mounts"]),
        "Networks": len(found["NetworkSettings"]["Networks"]),
    }


def check_same(one: Contender, other: Contender) -> None:
    """Stop when the two stacks are not the same: their times would compare nothing.

    :raises BenchmarkError: the message names what differs.
    """
    for service in SERVICES:
        left, right = traits(one, service), traits(other, service)
        different = [f"{key}: {left[key]!r} and {right[key]!r}" for key in left if left[key] != right[key]]
        if different:
            where = f"the {service} of {one.name} and of {other.name} differ. Adapt benchmarks/compose.yml"
            raise BenchmarkError(f"{where}:\n" + "\n".join(different))


# --- Measuring -----------------------------------------------------------------------------------


def prepare(directory: Path) -> tuple[Contender, Contender]:
    """Return both contenders after one run of each that is not counted.

    The first builds the worker's image where it is missing, and leaves its name; both warm what a machine caches.
    """
    password = secrets.token_hex(16)
    names = images()
    environment = compose_environment()
    ours = site(password, directory)
    try:
        say("one run of each that is not counted")
        ours.measure()
        worker = run(["docker", "inspect", "--format", "{{.Config.Image}}", ours.container("worker")])
        theirs = compose(password, {**names, "worker": worker}, environment)
        try:
            theirs.measure()
            check_same(ours, theirs)
        finally:
            theirs.remove()
    finally:
        ours.remove()
    return ours, theirs


def race(contenders: Sequence[Contender], rounds: int) -> None:
    """Measure the contenders in turns; who begins changes with every round."""
    for number in range(rounds):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            try:
                taken = contender.measure()
            finally:
                contender.remove()
            for phase, seconds in taken.items():
                contender.seconds[phase].append(round(seconds, 3))
            times = ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in taken.items())
            say(f"round {number + 1} of {rounds}: {contender.name}: {times}")


def summary(ours: Contender, theirs: Contender) -> dict[str, Any]:
    """Return medians and ratios of what was measured."""
    result: dict[str, Any] = {}
    for phase in PHASES:
        mine, other = ours.seconds[phase], theirs.seconds[phase]
        ratios = [a / b for a, b in zip(mine, other, strict=True)]
        result[phase] = {
            "seconds": {ours.name: mine, theirs.name: other},
            "median": {ours.name: statistics.median(mine), theirs.name: statistics.median(other)},
            "ratio": round(statistics.median(mine) / statistics.median(other), 2),
            "ratio_of_rounds": {"min": round(min(ratios), 2), "max": round(max(ratios), 2)},
            "goal": GOALS[phase],
        }
    return result


def machine() -> dict[str, Any]:
    """Return what kind of machine this is, in general words."""
    release = Path("/etc/os-release").read_text(encoding="utf-8") if Path("/etc/os-release").exists() else ""
    system = re.search(r'^PRETTY_NAME="?([^"\n]*)', release, re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "system": system[1] if system else platform.system(),
        "architecture": platform.machine(),
        "load_before": round(os.getloadavg()[0], 1),
    }


def versions(ours: Contender, theirs: Contender, engine: str) -> dict[str, str]:
    """Return the versions of what was measured."""
    ansible = run([ours.up[0], "--version"], env=ours.env).splitlines()[0]
    return {
        "engine": engine,
        "docker compose": run(["docker", "compose", "version", "--short"], env=theirs.env),
        "ansible-core": ansible.partition("core ")[2].rstrip("]"),
        "python": platform.python_version(),
    }


# --- Telling -------------------------------------------------------------------------------------


def spread(values: Sequence[float]) -> str:
    """Return the smallest and the largest value as a person reads them."""
    return f"{min(values):.1f}-{max(values):.1f}"


def table(document: Mapping[str, Any]) -> str:
    """Return the results as lines of text."""
    lines = [f"{'':8}{'':16}{'median':>9}{'spread':>14}{'ratio':>9}{'by round':>14}{'goal':>8}"]
    for phase, result in document["phases"].items():
        ours, *others = result["seconds"]
        for name in (ours, *others):
            values = result["seconds"][name]
            line = f"{phase if name == ours else '':8}{name:16}{result['median'][name]:>7.1f} s{spread(values):>12} s"
            if name == ours:
                rounds = result["ratio_of_rounds"]
                between = f"{rounds['min']:.2f}-{rounds['max']:.2f}"
                line += f"{result['ratio']:>9.2f}{between:>14}{'<= ' + str(result['goal']):>8}"
            lines.append(line)
    return "\n".join(lines)


def caption(document: Mapping[str, Any]) -> str:
    """Return one line that says how the results came about."""
    kind, tools = document["machine"], document["versions"]
    return (
        f"{document['rounds']} rounds in turns on {kind['cores']} cores, {kind['system']}; Docker {tools['engine']}, "
        f"Compose {tools['docker compose']}, ansible-core {tools['ansible-core']}"
    )


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds to measure (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the results as JSON instead of a table")
    parser.add_argument(
        "--output",
        type=Path,
        default=HERE / "results",
        help="directory for deploy.json and deploy.svg (default: results)",
    )
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    return options


def benchmark(rounds: int) -> dict[str, Any]:
    """Measure, and return everything there is to tell."""
    engine = check_engine()
    WORK.mkdir(parents=True, exist_ok=True)
    kind = machine()
    with tempfile.TemporaryDirectory(dir=WORK) as directory:
        ours, theirs = prepare(Path(directory))
        race((ours, theirs), rounds)
    return {
        "rounds": rounds,
        "machine": kind,
        "versions": versions(ours, theirs, engine),
        "phases": summary(ours, theirs),
    }


def main() -> int:
    """Run the benchmark, print and write its results, and return the exit status."""
    options = parse()
    try:
        document = benchmark(options.rounds)
    except BenchmarkError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    text = json.dumps(document, indent=2)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "deploy.json").write_text(text + "\n", encoding="utf-8")
    picture = draw("Prefect stack on one machine: time until ready", caption(document), PHASES, document["phases"])
    (options.output / "deploy.svg").write_text(picture, encoding="utf-8")
    print(text if options.json else f"{table(document)}\n{caption(document)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
