# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Prefect server with PostgreSQL in containers, and playbooks run against it."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import typing as t
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import yaml

PREFIX = "sp-it-"
"""Every container and network of these tests is called so."""

ROOT = Path(__file__).parents[2]

COMMAND_TIMEOUT = 150
"""Seconds after which a command that hangs is a failure."""

AUTH_STRING = "admin:Kp7-integration-secret"

SQLITE = "sqlite+aiosqlite:////var/lib/prefect.db"
"""Where a server without PostgreSQL keeps its data: in its container, so that a restart keeps them."""

BUSY_WAITS = (0.2, 0.5, 1, 2, 0)
"""Seconds to wait after each 503: a server on SQLite answers so, with nothing written, while its own services write. 0 ends it."""

Json = t.Any
Task = dict[str, t.Any]


def docker(*arguments: str, check: bool = True) -> str:
    """Run the docker command and return what it printed.

    :raises RuntimeError: It failed; a test bed without an engine is a failure, not a reason to skip.
    """
    done = subprocess.run(
        ["docker", *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=COMMAND_TIMEOUT,
    )
    if check and done.returncode != 0:
        raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def until(what: str, proof: t.Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so.

    :raises TimeoutError: It is not so in time.
    """
    end = time.monotonic() + seconds
    while not proof():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


class Stack:
    """Containers on one network, all removed at the end."""

    def __init__(self, postgres_image: str, prefect_image: str) -> None:
        self.id = uuid.uuid4().hex[:6]
        self.postgres_image = postgres_image
        self.prefect_image = prefect_image
        self.network = f"{PREFIX}{self.id}"
        self.containers: list[str] = []
        docker("network", "create", self.network)

    def run(self, name: str, image: str, *command: str, options: t.Sequence[str] = (), **environment: str) -> str:
        """Start a container that answers to its name on the network, and return the name docker knows it by."""
        full = f"{PREFIX}{self.id}-{name}"
        variables = [part for key, value in environment.items() for part in ("--env", f"{key}={value}")]
        self.containers.append(full)
        place = ["--network", self.network, "--network-alias", name]
        docker("run", "--detach", "--name", full, *place, *options, *variables, image, *command)
        return full

    def database(self, name: str) -> str:
        """Start PostgreSQL and wait until it takes connections over the network."""
        full = self.run(
            name, self.postgres_image, POSTGRES_USER="prefect", POSTGRES_PASSWORD="prefect", POSTGRES_DB="prefect"
        )
        self.await_database(full)
        return full

    def await_database(self, full: str) -> None:
        """Wait until PostgreSQL takes connections; over TCP, because its set-up phase listens on a socket only."""
        ready = ("pg_isready", "--host", "127.0.0.1", "--username", "prefect", "--dbname", "prefect")
        until(f"database {full}", lambda: "accepting" in docker("exec", full, *ready, check=False))

    def schema(self, database: str, name: str) -> None:
        """Make one more database inside a PostgreSQL."""
        create = ("createdb", "--host", "127.0.0.1", "-U", "prefect", name)
        docker("exec", "--env", "PGPASSWORD=prefect", f"{PREFIX}{self.id}-{database}", *create)

    def server(self, name: str, database: str | None, schema: str = "prefect", **environment: str) -> Server:
        """Start a Prefect server without waiting for it.

        :param database: Name of a container with PostgreSQL; None takes a file of SQLite in the server's own container.
        :param schema: Name of the database inside PostgreSQL.
        """
        address = f"postgresql+asyncpg://prefect:prefect@{database}:5432/{schema}" if database else SQLITE
        full = self.run(
            name,
            self.prefect_image,
            *("prefect", "server", "start", "--host", "0.0.0.0"),
            options=("--publish", "127.0.0.1:0:4200"),
            PREFECT_SERVER_DATABASE_CONNECTION_URL=address,
            PREFECT_SERVER_ANALYTICS_ENABLED="false",
            **environment,
        )
        port = docker("port", full, "4200/tcp").splitlines()[0].rpartition(":")[2]
        return Server(f"http://127.0.0.1:{port}/api", full, environment.get("PREFECT_SERVER_API_AUTH_STRING"))

    def remove(self) -> None:
        """Remove what was started, and nothing else."""
        for name in self.containers:
            docker("rm", "--force", "--volumes", name, check=False)
        docker("network", "rm", self.network, check=False)


@dataclass
class Server:
    """Where a Prefect API is, and how to be let in.

    :param options: Connection options beside api_url and api_auth_string.
    """

    url: str
    container: str
    auth_string: str | None = None
    options: dict[str, t.Any] = field(default_factory=dict)

    @functools.cached_property
    def version(self) -> tuple[int, ...]:
        """Return the version that the server says it has, such as (3, 8, 8), to tell releases apart."""
        found = re.match(r"\d+(\.\d+)*", self.ask("GET", "/admin/version"))
        assert found, "the server has no version"
        return tuple(int(part) for part in found[0].split("."))

    @property
    def defaults(self) -> dict[str, t.Any]:
        """Return the connection options of the collection's modules."""
        auth = {} if self.auth_string is None else {"api_auth_string": self.auth_string}
        return {"api_url": self.url, **auth, **self.options}

    def ask(self, method: str, path: str, body: Json = None) -> Json:
        """Ask the API without the collection's client, so that what it did is seen by other eyes."""
        headers = {"Content-Type": "application/json"}
        if self.auth_string:
            headers["Authorization"] = "Basic " + base64.b64encode(self.auth_string.encode()).decode()
        context = ssl.create_default_context(cafile=self.options.get("ca_path"))
        if method != "GET" and self.auth_string:
            headers.update(self._csrf(headers, context))
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        for wait in BUSY_WAITS:
            try:
                with urllib.request.urlopen(request, context=context) as answer:
                    text = answer.read()
                break
            except urllib.error.HTTPError as error:
                if error.code != 503 or not wait:
                    raise
                error.close()
                time.sleep(wait)
        return json.loads(text) if text else None

    def _csrf(self, headers: dict[str, str], context: ssl.SSLContext) -> dict[str, str]:
        """Return the headers that a server with CSRF protection wants with what writes."""
        request = urllib.request.Request(f"{self.url}/csrf-token?client=eyes", headers=headers)
        try:
            with urllib.request.urlopen(request, context=context) as answer:
                return {"Prefect-Csrf-Token": json.load(answer)["token"], "Prefect-Csrf-Client": "eyes"}
        except urllib.error.HTTPError as error:
            # What a server without it answers.
            if error.code != 422:
                raise
            return {}

    def ready(self) -> bool:
        """Whether the API is ready."""
        try:
            return bool(self.ask("GET", "/ready") == {"message": "OK"})
        except (OSError, ValueError):
            return False

    def pool(self, name: str) -> Json:
        """Return a work pool, or None."""
        try:
            return self.ask("GET", f"/work_pools/{name}")
        except urllib.error.HTTPError as exc:
            with exc:
                return None

    def pools(self) -> Json:
        """Return all work pools, to see that nothing changed."""
        return self.ask("POST", "/work_pools/filter", {})


class TlsProxy:
    """Takes TLS connections on this machine and passes what is inside on to a plain port."""

    def __init__(self, authority: Path, target: tuple[str, int]) -> None:
        self._target = target
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority / "server.pem", authority / "server.key")
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        # A client that distrusts the certificate hangs up in the handshake.
        with (
            contextlib.suppress(OSError),
            plain,
            self._context.wrap_socket(plain, server_side=True) as outside,
            socket.create_connection(self._target) as inside,
        ):
            forth = threading.Thread(target=self._copy, args=(outside, inside), daemon=True)
            forth.start()
            self._copy(inside, outside)
            with contextlib.suppress(OSError):
                outside.shutdown(socket.SHUT_RDWR)
            forth.join()

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)


class Playbook:
    """Runs tasks with the real ansible-playbook."""

    def __init__(self, place: Path) -> None:
        self._place = place
        # The caller's own configuration must not count.
        (place / "ansible.cfg").write_text("", encoding="utf-8")

    def write(self, name: str, document: Json) -> None:
        """Put a JSON file beside the playbook."""
        (self._place / name).write_text(json.dumps(document), encoding="utf-8")

    def __call__(
        self, defaults: dict[str, t.Any], *tasks: Task, check: bool = False, environment: dict[str, str] | None = None
    ) -> dict[str, Json]:
        """Run tasks on this machine and return their results by name.

        :param defaults: Options of every task's module, set once for the collection's action group.
        :raises AssertionError: A task failed that does not ignore errors, or Ansible warned.
        """
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {"group/selfhosted.prefect.prefect": defaults},
            "tasks": list(tasks),
        }
        path = self._place / "playbook.yml"
        path.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                *("--inventory", "localhost,", "--connection", "local", str(path)),
                *(["--check", "--diff"] if check else []),
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=self._place,
            env={**ansible_environment(self._place / "ansible.cfg"), **(environment or {})},
            timeout=COMMAND_TIMEOUT,
        )
        assert "WARNING" not in done.stderr, done.stderr
        assert done.stdout.startswith("{"), done.stdout + done.stderr
        report = json.loads(done.stdout)
        results = {
            task["task"]["name"]: task["hosts"]["localhost"] for entry in report["plays"] for task in entry["tasks"]
        }
        for result in results.values():
            assert not result.get("warnings"), result
            assert not result.get("deprecations"), result
            # Ansible says so of every failure without a stack trace.
            assert result.get("exception", "(traceback unavailable)") == "(traceback unavailable)", result
        assert done.returncode == 0, done.stdout + done.stderr
        return results


def ansible_environment(settings: Path) -> dict[str, str]:
    """Return the environment for Ansible with these settings and none of the caller's.

    It pipelines: what a module is told goes to its process at once, instead of through a file that several commands make and remove.
    """
    return {**clean_environment(), "ANSIBLE_CONFIG": str(settings), "ANSIBLE_PIPELINING": "true"}


def clean_environment() -> dict[str, str]:
    """Return the environment without the caller's settings of Prefect and Ansible."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "ANSIBLE_")) and not name.lower().endswith("_proxy")
    }
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": str(
            ROOT.parents[2] if ROOT.parent.name == "selfhosted" else ROOT / ".venv/collections"
        ),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }


def task(title: str, module: str, /, **options: t.Any) -> Task:
    """Return a task; options that begin with ``on_`` are its keywords, such as ``on_check_mode``."""
    keywords = {key[3:]: value for key, value in options.items() if key.startswith("on_")}
    arguments = {key: value for key, value in options.items() if not key.startswith("on_")}
    return {"name": title, f"selfhosted.prefect.{module}": arguments, **keywords}
