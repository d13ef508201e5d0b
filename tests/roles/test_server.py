# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server behind a real proxy, below a path of its public URL, with a PostgreSQL of somebody else behind PgBouncer and TLS."""

from __future__ import annotations

import base64
import json
import time
import typing as t
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.certificates import make_authority
from ansible_collections.selfhosted.prefect.tests.integration.stack import Server, docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import (
    PREFIX,
    Deployment,
    Run,
    Variables,
    free_port,
    images,
    inspect,
    logs_of,
    snapshot,
)
from ansible_collections.selfhosted.prefect.tests.testbed.images import base_image, build, prefect_image

AUTH_STRING = "admin:Rb6edgeSecret"
DATABASE = f"{PREFIX}edge-elsewhere"
POOLER = f"{PREFIX}edge-pooler"
PROXY = f"{PREFIX}edge-proxy"
SITES = ("good", "bare", "deaf", "generous")

# As the providers of managed databases have it: a connection of its own for each transaction, and few of them.
PGBOUNCER = f"""
[databases]
* = host={DATABASE} port=5432
[pgbouncer]
listen_addr = *
listen_port = 6432
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /tmp/users.txt
pool_mode = transaction
default_pool_size = 3
client_tls_sslmode = require
client_tls_cert_file = /tmp/server.pem
client_tls_key_file = /tmp/server.key
server_tls_sslmode = verify-full
server_tls_ca_file = /tmp/ca.pem
"""

# Four proxies with one server behind: as it should be, and with what is most often wrong.
CADDYFILE = """
{{
    admin off
    auto_https off
    default_sni 127.0.0.1
}}
https://127.0.0.1:{good} {{
    tls /tls/server.pem /tls/server.key
    @closed path /prefect/api/metrics* /docs* /redoc* /openapi.json
    respond @closed 403
    reverse_proxy {server}:4200
}}
https://127.0.0.1:{bare} {{
    tls /tls/server.pem /tls/server.key
    reverse_proxy {server}:4200 {{
        header_up -X-Forwarded-Proto
    }}
}}
https://127.0.0.1:{deaf} {{
    tls /tls/server.pem /tls/server.key
    @websocket header Upgrade websocket
    respond @websocket 400
    uri strip_prefix /nothing
    reverse_proxy {server}:4200
}}
https://127.0.0.1:{generous} {{
    tls /tls/server.pem /tls/server.key
    reverse_proxy {server}:4200 {{
        header_up Authorization "Basic {token}"
    }}
}}
"""


def sql(statement: str, database: str = "prefect") -> str:
    """Return what the database answers its administrator."""
    command = ("psql", "--username", "prefect", "--dbname", database, "--no-align", "--tuples-only", "--command")
    return docker("exec", DATABASE, *command, statement).strip()


@dataclass
class Edge:
    """The stack, its proxy's ports, and where the authority of all certificates is."""

    stack: Deployment
    ports: dict[str, int]
    tls: Path
    first: Run

    def url(self, site: str) -> str:
        """The public URL as one of the proxies serves it."""
        return f"https://127.0.0.1:{self.ports[site]}/prefect"

    def examine(self, *sites: str) -> dict[str, dict[str, list[str]]]:
        """Return the names of the checks that failed, with their messages, by site."""
        options = {"api_auth_string": AUTH_STRING, "ca_path": str(self.tls / "ca.pem"), "websockets": ["/events/out"]}
        tasks = [
            {
                "name": site,
                "selfhosted.prefect.public_url_info": {
                    **options,
                    "api_url": f"{self.url(site)}/api",
                    # The server has one public URL, which is not at fault here.
                    "ui_api_url": f"{self.url('good')}/api",
                    "closed_paths": ["/prefect/api/metrics", "/docs"],
                },
            }
            for site in sites
        ]
        run = self.stack.plays(
            [{"hosts": "prefect_server", "gather_facts": False, "tasks": tasks}], {"localhost": (("server",), {})}
        )["localhost"].succeeded()
        assert AUTH_STRING not in run.output
        return {
            task: {check["name"]: check["message"] for check in result["checks"] if not check["ok"]}
            for task, result in run.tasks
        }


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the authority, and a certificate for the proxy, the database and its pooler."""
    return make_authority(tmp_path_factory.mktemp("tls"), DATABASE, POOLER)


@pytest.fixture(scope="module")
def database(tls: Path) -> str:
    """Run a PostgreSQL with TLS in a network of its own, which is its name, too."""
    docker("network", "create", DATABASE)
    start = (
        "install -o postgres -m 0600 /tls/server.key /tls/server.pem /tmp && exec entrypoint.sh postgres"
        " -c ssl=on -c ssl_cert_file=/tmp/server.pem -c ssl_key_file=/tmp/server.key"
    )
    variables = [f"--env=POSTGRES_{name}=prefect" for name in ("USER", "PASSWORD", "DB")]
    mount = ("--volume", f"{tls}:/tls:ro", "--network", DATABASE)
    # Without a volume of its own, whose name nobody would know.
    memory = ("--tmpfs", "/var/lib/postgresql/data")
    image = images()["prefect_database_image"]
    docker("run", "--detach", "--name", DATABASE, *mount, *memory, *variables, image, "sh", "-c", start)
    for _attempt in range(120):
        if docker("exec", DATABASE, "pg_isready", "--host", "127.0.0.1", check=False).endswith(
            "accepting connections\n"
        ):
            break
        time.sleep(0.5)
    sql("create role weak login password 'weak'")
    sql("create database weak")
    return DATABASE


@pytest.fixture(scope="module")
def pooler(tls: Path, database: str) -> str:
    """Run PgBouncer before the database, in the same network."""
    (tls / "pgbouncer.ini").write_text(PGBOUNCER, encoding="utf-8")
    (tls / "users.txt").write_text('"prefect" "prefect"\n"weak" "weak"\n', encoding="utf-8")
    begin = (
        "cd /tls && install -o postgres -m 0600 server.key server.pem ca.pem pgbouncer.ini users.txt /tmp"
        " && exec pgbouncer --user=postgres /tmp/pgbouncer.ini"
    )
    image = build("pgbouncer", base=base_image())
    mount = ("--volume", f"{tls}:/tls:ro", "--network", database)
    docker("run", "--detach", "--user", "root", "--name", POOLER, *mount, image, "sh", "-c", begin)
    return POOLER


@pytest.fixture(scope="module")
def outline(
    tmp_path_factory: pytest.TempPathFactory, tls: Path, database: str, pooler: str
) -> tuple[Deployment, dict[str, int]]:
    """Name the stack and the proxy's ports."""
    ports = {site: free_port() for site in SITES}
    stack = Deployment(
        tmp_path_factory.mktemp("edge"),
        "edge",
        prefect_server_public_url=f"https://127.0.0.1:{ports['good']}/prefect/",
        prefect_server_api_auth_string=AUTH_STRING,
        prefect_server_external_networks=[database],
        prefect_server_database_external=True,
        prefect_server_database_host=pooler,
        prefect_server_database_port=6432,
        prefect_server_database_tls=True,
        prefect_server_database_ca_certificate=(tls / "ca.pem").read_text(encoding="utf-8"),
        prefect_server_database_pgbouncer=True,
        prefect_server_database_pool_size=3,
        prefect_server_metrics=True,
        prefect_server_retention_days=90,
        prefect_server_services_timeout=15,
        # The first start makes tables, and this machine may have much else to do.
        prefect_server_ready_timeout=240,
        prefect_server_container={"healthcheck": {"interval": "2s", "start_period": "60s"}},
        prefect_server_directory=str(tmp_path_factory.mktemp("files") / "prefect"),
        prefect_server_verify_ca_path=str(tls / "ca.pem"),
    )
    return stack, ports


@dataclass
class Bad:
    """An input that is refused, and the words that say why."""

    changes: Variables
    words: tuple[str, ...]


def environment(**variables: str) -> Variables:
    """Return further variables of the server's environment."""
    return {"prefect_server_environment": variables}


BAD = {
    "query-in-the-public-url": Bad(
        {"prefect_server_public_url": "https://prefect.example.org/?a"}, ("without credentials, a query",)
    ),
    "credentials-in-the-public-url": Bad(
        {"prefect_server_public_url": "https://admin:Zx2secret@example.org"},
        ("prefect_server_public_url is", "must be https://host"),
    ),
    "credentials-in-the-clear": Bad(
        {"prefect_server_public_url": "http://prefect.example.org"},
        ("in the clear", "prefect_server_allow_unencrypted"),
    ),
    "public-without-authentication": Bad(
        {"prefect_server_public_url": "https://prefect.example.org", "prefect_server_api_auth_string": ""},
        ("published on https://prefect.example.org of {host} without authentication",),
    ),
    "traefik-without-a-name": Bad(
        {"prefect_server_traefik": True, "prefect_server_public_url": ""}, ("prefect_server_public_url is empty",)
    ),
    "proxy-by-its-name": Bad(
        {"prefect_server_trusted_proxies": ["traefik"]}, ("traefik, which is neither an address nor",)
    ),
    "authority-by-its-path": Bad(
        {"prefect_server_database_ca_certificate": "/etc/ca.pem"}, ("It is the content of the file",)
    ),
    "authority-without-tls": Bad({"prefect_server_database_tls": False}, ("spoken to in the clear",)),
    "two-names-of-the-database": Bad(
        environment(PREFECT_API_DATABASE_CONNECTION_URL="postgresql+asyncpg://x"),
        ("older name of PREFECT_SERVER_DATABASE",),
    ),
    "several-processes-by-the-environment": Bad(environment(WEB_CONCURRENCY="2"), ("WEB_CONCURRENCY is 2",)),
    "several-processes-without-redis": Bad(
        {"prefect_server_container": {"command": ["prefect", "server", "start", "--workers", "4"]}},
        ("PREFECT_SERVER_EVENTS_MESSAGING_BROKER", "PREFECT_SERVER_DOCKET_URL", "set", "for Redis"),
    ),
    "split-with-half-of-redis": Bad(
        {
            "prefect_server_container": {
                "command": "prefect server start --no-services",
                "env": {
                    "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
                    "PREFECT_SERVER_DOCKET_URL": "memory://",
                },
            }
        },
        (
            "set PREFECT_SERVER_EVENTS_MESSAGING_CACHE, PREFECT_SERVER_EVENTS_CAUSAL_ORDERING",
            "PREFECT_SERVER_DOCKET_URL for Redis",
        ),
    ),
    "redis-cluster": Bad(
        environment(PREFECT_SERVER_DOCKET_URL="redis+cluster://:Zx2secret@r:6379"), ("Redis Cluster",)
    ),
    "key-beside-the-auth-string": Bad(environment(PREFECT_API_KEY="pnu_x"), ("PREFECT_API_KEY is set for the server",)),
    "packages-on-a-read-only-root": Bad(
        environment(EXTRA_PIP_PACKAGES="prefect-aws"), ("EXTRA_PIP_PACKAGES", "read_only: false")
    ),
    "tag-instead-of-a-digest": Bad({"prefect_server_require_digest": True}, ("@sha256:",)),
    "negative-retention": Bad({"prefect_server_retention_days": -1}, ("prefect_server_retention_days is -1",)),
    # The image tells.
    "authentication-with-an-old-release": Bad(
        {"prefect_server_image": "OLD"}, ("Prefect 3.6.", "before 3.8.3", "lost silently")
    ),
    "no-prefect-in-the-image": Bad({"prefect_server_image": "DATABASE"}, ("cannot be used for a server",)),
    "sentinel-with-an-old-release": Bad(
        {
            "prefect_server_image": "OLD",
            "prefect_server_api_auth_string": "",
            **environment(PREFECT_SERVER_DOCKET_URL="redis+sentinel://r:26379/m"),
        },
        ("one of a Sentinel", "prefect-redis 0.2"),
    ),
    # The database tells, before anything is made on a host that has nothing.
    "database-that-is-not-there": Bad(
        {"prefect_server_database_port": 1}, ("would not reach its database", "Nothing was made")
    ),
    "database-of-another-password": Bad(
        {"prefect_server_database_password": "Zx2secret"},
        # So says PgBouncer.
        ("SASL authentication failed", "prefect_server_database_password"),
    ),
    "authority-that-is-not-the-database-s": Bad(
        {"prefect_server_database_ca_certificate": ""}, ("certificate verify failed",)
    ),
    "certificate-for-another-name": Bad({"prefect_server_database_host": "ADDRESS"}, ("IP address mismatch",)),
    "user-who-may-make-nothing": Bad(
        {
            "prefect_server_database_user": "weak",
            "prefect_server_database_name": "weak",
            "prefect_server_database_password": "weak",
        },
        ("has no extension pg_trgm", "CREATE EXTENSION pg_trgm", "may not make tables in the schema public"),
    ),
}


@pytest.fixture(scope="module")
def refusals(outline: tuple[Deployment, dict[str, int]], database: str, pooler: str) -> dict[str, Run]:
    """Try every bad input where nothing is deployed yet."""
    stack, _ports = outline
    (elsewhere,) = inspect("container", [pooler])
    stand_ins = {
        "OLD": prefect_image("3.6"),
        "DATABASE": images()["prefect_database_image"],
        "ADDRESS": elsewhere["NetworkSettings"]["Networks"][database]["IPAddress"],
    }
    cases = {
        name: ("server", {key: stand_ins.get(str(value), value) for key, value in bad.changes.items()})
        for name, bad in BAD.items()
    }
    before = snapshot()
    runs = stack.roles(cases, tasks_from="preflight")
    assert snapshot() == before
    return runs


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_work_is_refused_before_anything_is_made(refusals: dict[str, Run], name: str) -> None:
    message = refusals[name].refused()
    assert [word for word in BAD[name].words if word.format(host=name) not in message] == [], message
    assert "Zx2secret" not in message


def test_all_that_is_wrong_is_told_at_once(outline: tuple[Deployment, dict[str, int]]) -> None:
    stack, _ports = outline
    changes = {
        **BAD["several-processes-by-the-environment"].changes,
        **BAD["negative-retention"].changes,
        **BAD["proxy-by-its-name"].changes,
    }
    message = stack.role("server", tasks_from="preflight", **changes).refused()
    assert len(message.splitlines()) == 3


@pytest.fixture(scope="module")
def edge(outline: tuple[Deployment, dict[str, int]], tls: Path) -> Edge:
    """Deploy the server, and put the proxies before it."""
    stack, ports = outline
    first = stack.role("server")
    token = base64.b64encode(AUTH_STRING.encode()).decode()
    place = tls / "Caddyfile"
    place.write_text(CADDYFILE.format(**ports, server=stack.containers["server"], token=token), encoding="utf-8")
    published = [f"--publish=127.0.0.1:{port}:{port}" for port in ports.values()]
    mounts = ("--volume", f"{tls}:/tls:ro", "--volume", f"{place}:/etc/caddy/Caddyfile:ro")
    image = build("caddy", base=base_image())
    docker("run", "--detach", "--name", PROXY, "--network", stack.network, *published, *mounts, image)
    return Edge(stack, ports, tls, first)


def test_a_server_with_a_database_of_somebody_else_is_deployed_and_stays(edge: Edge) -> None:
    made = ["Make the missing networks", f"Run the container {edge.stack.containers['server']}"]
    assert list(edge.first.succeeded().changed) == made
    assert edge.stack.role("server").succeeded().changed == {}
    assert edge.stack.role("server", "--check", "--diff").succeeded().changed == {}


def test_all_addresses_follow_from_the_public_url(edge: Edge) -> None:
    (server,) = inspect("container", [edge.stack.containers["server"]])
    variables = dict(item.split("=", 1) for item in server["Config"]["Env"])
    url = edge.url("good")
    assert variables["PREFECT_UI_URL"] == url
    assert variables["PREFECT_SERVER_UI_API_URL"] == f"{url}/api"
    assert variables["PREFECT_SERVER_API_BASE_PATH"] == "/prefect/api"
    assert variables["PREFECT_SERVER_UI_SERVE_BASE"] == "/prefect"
    assert variables["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"] == url.removesuffix("/prefect")
    assert variables["PREFECT_SERVER_LOGS_STREAM_OUT_ENABLED"] == "true"


def test_the_server_writes_where_it_must_and_nowhere_else(edge: Edge) -> None:
    name = edge.stack.containers["server"]
    (server,) = inspect("container", [name])
    assert server["HostConfig"]["ReadonlyRootfs"]
    assert server["HostConfig"]["CapDrop"] == ["ALL"]
    assert not server["HostConfig"]["CapAdd"]
    assert server["HostConfig"]["NanoCpus"] > 0
    # What a container writes to its own layer is a change of it; mounted files need a place there.
    changed = {line.split(" ", 1)[1] for line in docker("diff", name).splitlines() if line.startswith("A ")}
    assert changed <= {"/root/.prefect", "/etc/prefect", "/etc/prefect/database-ca.crt"}


def test_every_session_of_the_database_is_over_tls(edge: Edge) -> None:
    # The first is this one, on the database's own socket.
    sessions = sql(
        "select ssl, count(*) from pg_stat_ssl join pg_stat_activity using (pid) where client_addr is not null group by 1"
    )
    assert sessions.startswith("t|")
    assert "\n" not in sessions
    assert edge.stack.api is not None


def test_requests_at_once_share_the_few_connections_of_pgbouncer(edge: Edge) -> None:
    server = Server(f"http://127.0.0.1:{edge.stack.port}/prefect/api", edge.stack.containers["server"], AUTH_STRING)
    with ThreadPoolExecutor(16) as pool:
        made = pool.map(
            lambda number: server.ask("POST", "/variables/", {"name": f"v{number}", "value": number}), range(96)
        )
        assert sorted(item["value"] for item in made) == list(range(96))
    # The server has more than three at its end.
    sessions = "select count(*) from pg_stat_activity where client_addr is not null and usename = 'prefect'"
    assert 1 <= int(sql(sessions)) <= 3
    assert "prepared statement" not in logs_of(edge.stack.containers["server"])


def test_from_outside_all_is_as_it_should_be(edge: Edge) -> None:
    seen = edge.stack.role("server", tasks_from="verify").succeeded()
    (checks,) = [result["checks"] for _name, result in seen.tasks if "checks" in result]
    assert [check["name"] for check in checks] == [
        *("ready", "version", "authentication", "ui", "redirects", "websocket /events/in", "websocket /events/out"),
        *("closed /prefect/api/metrics", "closed /docs", "closed /redoc", "closed /openapi.json"),
    ]
    assert {check["ok"] for check in checks} == {True}
    assert AUTH_STRING not in seen.output


def test_another_release_than_wanted_is_told(edge: Edge) -> None:
    message = edge.stack.role(
        "server", tasks_from="verify", prefect_server_verify_version="3.0.1", prefect_server_verify_timeout=0
    ).refused()
    assert "and should have 3.0.1" in message


def test_a_proxy_that_is_set_up_wrongly_is_told(edge: Edge) -> None:
    problems = edge.examine("bare", "deaf", "generous")
    assert set(problems["bare"]) == {"redirects", "closed /prefect/api/metrics", "closed /docs"}
    assert "is redirected to http://" in problems["bare"]["redirects"]
    assert "HTTP 400 Bad Request. A proxy between must pass on Upgrade" in problems["deaf"]["websocket /events/out"]
    assert "without credentials: HTTP 200 instead of 401" in problems["generous"]["authentication"]


def health(container: str) -> tuple[str, str]:
    """Return the engine's verdict on a container, and what the last check said."""
    (found,) = inspect("container", [container])
    state = found["State"]["Health"]
    return state["Status"], state["Log"][-1]["Output"] if state["Log"] else ""


def wait_for(container: str, status: str, seconds: float) -> str:
    """Wait until the engine's verdict is this one, and return what the check said."""
    end = time.monotonic() + seconds
    while (seen := health(container))[0] != status:
        assert time.monotonic() < end, seen
        time.sleep(1)
    return seen[1]


def test_a_scheduler_that_no_longer_gets_anything_done_is_seen(edge: Edge) -> None:
    container = edge.stack.containers["server"]
    wait_for(container, "healthy", 180)
    # Who asks for deployments waits, fails after the statement's time, and tries again, for as long as this lasts.
    lock = "begin; lock table deployment in access exclusive mode; select pg_sleep(120); commit"
    docker("exec", "--detach", DATABASE, "psql", "--username", "prefect", "--command", lock)
    said = wait_for(container, "unhealthy", 90)
    assert "schedule_recent_deployments has not ended well for" in said
    with urllib.request.urlopen(f"http://127.0.0.1:{edge.stack.port}/prefect/api/ready", timeout=10) as answer:
        assert json.load(answer) == {"message": "OK"}
    sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()"
    )
    wait_for(container, "healthy", 180)


LABELS = {
    "traefik.enable": "true",
    "traefik.docker.network": DATABASE,
    "traefik.http.services.{name}.loadbalancer.server.port": "4200",
    "traefik.http.routers.{name}.rule": "Host(`prefect.example.org`) && PathPrefix(`/flows`)",
    "traefik.http.routers.{name}.entrypoints": "websecure",
    "traefik.http.routers.{name}.service": "{name}",
    "traefik.http.routers.{name}.tls": "true",
    "traefik.http.routers.{name}.tls.certresolver": "letsencrypt",
    "traefik.http.routers.{name}.middlewares": "secure@file",
    "traefik.http.routers.{name}-closed.rule": "Host(`prefect.example.org`) && (PathPrefix(`/flows/api/metrics`))",
    "traefik.http.routers.{name}-closed.priority": "100000",
    "traefik.http.routers.{name}-closed.entrypoints": "websecure",
    "traefik.http.routers.{name}-closed.service": "{name}",
    "traefik.http.routers.{name}-closed.tls": "true",
    "traefik.http.routers.{name}-closed.tls.certresolver": "letsencrypt",
    "traefik.http.routers.{name}-closed.middlewares": "{name}-closed,secure@file",
    "traefik.http.middlewares.{name}-closed.ipallowlist.sourcerange": "127.0.0.1/32",
}


def test_traefik_is_told_by_labels(edge: Edge) -> None:
    changes: Variables = {
        "prefect_server_public_url": "https://prefect.example.org/flows",
        "prefect_server_traefik": True,
        "prefect_server_traefik_network": DATABASE,
        "prefect_server_traefik_certresolver": "letsencrypt",
        "prefect_server_traefik_middlewares": ["secure@file"],
    }
    preview = edge.stack.role("server", "--check", "--diff", **changes).succeeded()
    (diff,) = preview.diffs.values()
    name = edge.stack.containers["server"]
    wanted = {key.format(name=name): value.format(name=name) for key, value in LABELS.items()}
    told: dict[str, t.Any] = diff["after"]["labels"]
    assert {key: value for key, value in told.items() if key.startswith("traefik.")} == wanted


# The last, since it leaves the server so.
def test_a_proxy_that_is_not_trusted_is_told(edge: Edge) -> None:
    changes: Variables = {"prefect_server_trusted_proxies": ["192.0.2.1"]}
    edge.stack.role("server", **changes).succeeded()
    problems = edge.examine("good")["good"]
    assert list(problems) == ["redirects"]
    assert "prefect_server_trusted_proxies" in problems["redirects"]
