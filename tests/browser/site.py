# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers with proxies in front of them, deployed by the roles, and ways to reach them as strangers do."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker, until
from ansible_collections.selfhosted.prefect.tests.roles.deployment import (
    Deployment,
    Run,
    Variables,
    free_port,
    images,
    inspect,
)
from ansible_collections.selfhosted.prefect.tests.testbed.images import build

PREFIX = "sp-br-"
"""Every container, network and volume of these tests is called so."""

NETWORK = f"{PREFIX}net"

# Of its own, since the client below is told by its command line, and the tests of the roles watch all there are for theirs.
AUTH_CORE = "Vn8browserSecret"
AUTH_STRING = f"admin:a@:%23#{AUTH_CORE}"

DATABASE = f"{PREFIX}database"
"""The PostgreSQL of all servers; each has a database of its own in it."""


def run_database(*names: str) -> None:
    """Run PostgreSQL with databases of these names."""
    environment = ("POSTGRES_USER=prefect", "POSTGRES_PASSWORD=prefect", f"POSTGRES_DB={names[0]}")
    docker(
        *("run", "--detach", "--name", DATABASE, "--network", NETWORK),
        *(part for item in environment for part in ("--env", item)),
        images()["prefect_database_image"],
    )
    # Over TCP, because its set-up phase listens on a socket only.
    there = ("--host", "127.0.0.1", "--username", "prefect")
    until(DATABASE, lambda: "accepting" in docker("exec", DATABASE, "pg_isready", *there, check=False))
    for name in names[1:]:
        docker("exec", "--env", "PGPASSWORD=prefect", DATABASE, "createdb", *there, name)


def remove_everything() -> None:
    """Remove all that is called by the prefix."""
    for kind, command in (("container", ("ls", "--all")), ("network", ("ls",)), ("volume", ("ls",))):
        template = "{{.Names}}" if kind == "container" else "{{.Name}}"
        for name in docker(kind, *command, "--filter", f"name={PREFIX}", "--format", template).split():
            docker(kind, "rm", *(("--force", "--volumes") if kind == "container" else ()), name, check=False)


@dataclass
class Answer:
    """What came back for one request."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Site:
    """One public URL.

    :param word: Word in the names of its containers.
    :param host: Name in the URL. Whatever it is, the proxy is on this machine's loopback.
    :param path: Path in the URL, with a slash before it.
    :param authority: Directory with ``ca.pem``, ``server.pem`` and ``server.key``.
    :param variables: Variables of the roles beside those that follow from the rest.
    """

    word: str
    place: Path
    authority: Path
    host: str = "localhost"
    path: str = ""
    variables: Variables = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    plain_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """The public URL."""
        return f"https://{self.host}:{self.port}{self.path}"

    @property
    def proxy(self) -> str:
        """The proxy's container."""
        return f"{PREFIX}{self.word}-proxy"

    @property
    def server(self) -> str:
        """The server's container."""
        return f"{PREFIX}{self.word}-server"

    def settings(self) -> Variables:
        """Return the variables of both roles: what an inventory derives from one public URL."""

        def text(name: str) -> str:
            return (self.authority / name).read_text(encoding="utf-8")

        return {
            "prefect_server_container_name": self.server,
            "prefect_server_network": NETWORK,
            "prefect_server_volume": f"{PREFIX}{self.word}-server",
            "prefect_server_port": free_port(),
            "prefect_server_api_auth_string": AUTH_STRING,
            "prefect_server_public_url": self.url,
            "prefect_server_metrics": True,
            "prefect_server_database_host": DATABASE,
            "prefect_server_database_name": self.word,
            "prefect_server_database_password": "prefect",
            "prefect_proxy_public_url": self.url,
            "prefect_proxy_upstream": f"{self.server}:4200",
            "prefect_proxy_image": build("caddy"),
            "prefect_proxy_container_name": self.proxy,
            "prefect_proxy_network": NETWORK,
            "prefect_proxy_volume": f"{PREFIX}{self.word}-proxy",
            "prefect_proxy_directory": str(self.place / "files"),
            "prefect_proxy_bind_addresses": ["127.0.0.1"],
            "prefect_proxy_http_port": self.plain_port,
            "prefect_proxy_tls": "files",
            "prefect_proxy_tls_certificate": text("server.pem"),
            "prefect_proxy_tls_key": text("server.key"),
            "prefect_proxy_ca_certificate": text("ca.pem"),
            "prefect_proxy_access_log": True,
            "prefect_server_ready_timeout": 240,
            "prefect_proxy_ready_timeout": 60,
            **self.variables,
        }

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: t.Any = None,
        authority: Path | None = None,
        credentials: str = AUTH_STRING,
        **headers: str,
    ) -> Answer:
        """Ask for a path of the host exactly as it is written, over TLS with the authority.

        :param credentials: "user:password"; empty for none.
        """
        context = ssl.create_default_context(cafile=str(authority or self.authority / "ca.pem"))
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=30, context=context)
        # The name need not be known to this machine.
        connection.sock = context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), timeout=30), server_hostname=self.host
        )
        if credentials:
            headers["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()
        return _answer(connection, method, path, body, headers)

    def certificate(self, authority: Path) -> int:
        """Return the serial number of the proxy's certificate; 0 when it has none that is trusted."""
        context = ssl.create_default_context(cafile=str(authority))
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain,
                context.wrap_socket(plain, server_hostname=self.host) as connection,
            ):
                return int(str((connection.getpeercert() or {})["serialNumber"]), 16)
        except OSError:
            return 0

    def ask_plainly(self, path: str) -> Answer:
        """Ask for a path without TLS."""
        return _answer(http.client.HTTPConnection("127.0.0.1", self.plain_port, timeout=30), "GET", path, None, {})

    def api(self, method: str, path: str, body: t.Any = None) -> t.Any:
        """Ask the API through the proxy and return what it says."""
        answer = self.ask(f"{self.path}/api{path}", method, body)
        assert answer.status < 300, answer
        return json.loads(answer.body)

    def client(self, *arguments: str, name: str = "client", detached: bool = False) -> str:
        """Run ``client.py`` in a container that has nothing but the public URL, the authority and the credentials.

        :returns: What it printed; nothing yet when it is detached.
        """
        environment = {
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_API_AUTH_STRING": AUTH_STRING,
            "PREFECT_API_SSL_CERT_FILE": "/authority.pem",
        }
        return docker(
            *("run", "--name", f"{PREFIX}{self.word}-{name}", *(["--detach"] if detached else ["--rm"])),
            # As from another host: by the address and the port that are published.
            *("--network", "host"),
            *("--volume", f"{self.authority / 'ca.pem'}:/authority.pem:ro"),
            *("--volume", f"{Path(__file__).with_name('client.py')}:/client.py:ro"),
            *(part for item in environment.items() for part in ("--env", "=".join(item))),
            *(images()["prefect_server_image"], "python", "/client.py", *arguments),
        )

    def proxy_address(self) -> str:
        """Return the proxy's address in the network of the containers, with its port there."""
        (found,) = inspect("container", [self.proxy])
        return f"{found['NetworkSettings']['Networks'][NETWORK]['IPAddress']}:443"


def _answer(
    connection: http.client.HTTPConnection, method: str, path: str, body: t.Any, headers: dict[str, str]
) -> Answer:
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    try:
        connection.request(method, path, data, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


class Sites:
    """Several public URLs, whose roles run side by side."""

    def __init__(self, place: Path, *sites: Site) -> None:
        self._deployment = Deployment(place, "browser")
        self.by_word = {site.word: site for site in sites}

    def run(self, role: str, changes: dict[str, Variables], *options: str, tasks_from: str = "main") -> dict[str, Run]:
        """Run one role for some of the sites, each a host that is this machine, with changes to their variables."""
        cases = {
            case: (("server",), {**self.by_word[case.partition("-")[0]].settings(), **change})
            for case, change in changes.items()
        }
        task = {
            "name": f"Run the {role}",
            "ansible.builtin.import_role": {"name": f"selfhosted.prefect.{role}", "tasks_from": tasks_from},
        }
        return self._deployment.plays([{"hosts": "all", "gather_facts": False, "tasks": [task]}], cases, *options)
