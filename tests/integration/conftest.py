# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that the integration tests share. They start together, once."""

from __future__ import annotations

import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, Phase, settings

from ansible_collections.selfhosted.prefect.tests.certificates import make_authority
from ansible_collections.selfhosted.prefect.tests.integration.apply import hang_up
from ansible_collections.selfhosted.prefect.tests.integration.stack import (
    AUTH_STRING,
    Playbook,
    Server,
    Stack,
    TlsProxy,
    docker,
    until,
)
from ansible_collections.selfhosted.prefect.tests.testbed.images import (
    PREFECT_VERSIONS,
    PRODUCT_VERSION,
    prefect_image,
    product_images,
)

OPTIONS = {"--prefect": PRODUCT_VERSION, "--database": "postgresql"}
"""What chooses the servers of a session, and the defaults."""

_EXAMPLES: dict[str, t.Any] = {
    "deadline": None,
    "database": None,
    "report_multiple_bugs": False,
    # What examples leave is removed at their end, so they may share a server; and servers take their time.
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
}
_FOUND = (Phase.explicit, Phase.generate)
# To make a failure small takes minutes of requests; the quick profile leaves that to the thorough one.
settings.register_profile("quick", max_examples=6, derandomize=True, phases=_FOUND, **_EXAMPLES)
settings.register_profile("thorough", max_examples=200, phases=(*_FOUND, Phase.shrink), **_EXAMPLES)
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the command line choose what the servers of a session are."""
    parser.addoption("--prefect", choices=PREFECT_VERSIONS, help="release of Prefect to test against")
    parser.addoption("--database", choices=("postgresql", "sqlite"), help="database of the servers that tests share")


def pytest_report_header(config: pytest.Config) -> str:
    """Say what the servers are."""
    return ", ".join(f"{option.lstrip('-')}: {chosen(config, option)}" for option in OPTIONS)


def chosen(config: pytest.Config, option: str) -> str:
    """Return an option's value; pytest does not know the options of this folder when all of the tests are asked for."""
    return str(config.getoption(option, default=None) or OPTIONS[option])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what talks to a real server, and leave out what is about another release of Prefect than the chosen one.

    Of the three ways to reach a server, another release than the product's is asked by the one that has all: TLS, auth and CSRF.
    """
    name = chosen(config, "--prefect")
    release = tuple(int(part) for part in name.split("."))
    other_ways = () if name == PRODUCT_VERSION else ("plain", "secured")
    for item in list(items):
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.integration)
        since, before = item.get_closest_marker("since"), item.get_closest_marker("before")
        way = (
            item.callspec.params.get("server")
            if isinstance(item, pytest.Function) and hasattr(item, "callspec")
            else None
        )
        if (since and release < since.args) or (before and release >= before.args) or way in other_ways:
            items.remove(item)
            config.hook.pytest_deselected(items=[item])


@pytest.fixture(autouse=True)
def connections() -> t.Iterator[None]:
    """Close at the end what a test did not close."""
    yield
    hang_up()


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> t.Iterator[Stack]:
    """Give a network for containers, and remove it and them at the end."""
    docker("version")
    prefect = prefect_image(chosen(pytestconfig, "--prefect"))
    started = Stack(product_images()["prefect_database_image"], prefect)
    yield started
    started.remove()


@pytest.fixture(scope="session")
def database(pytestconfig: pytest.Config) -> str:
    """Give the kind of database that the servers keep their data in: postgresql or sqlite."""
    return chosen(pytestconfig, "--database")


@pytest.fixture(scope="session")
def servers(stack: Stack, database: str) -> dict[str, Server]:
    """Start a server without auth and one with auth and CSRF protection, on one PostgreSQL or on SQLite each."""
    container = None
    if database == "postgresql":
        container = "database"
        stack.database(container)
        stack.schema(container, "secured")
    started = {
        "plain": stack.server("plain", container),
        "secured": stack.server(
            "secured",
            container,
            "secured",
            PREFECT_SERVER_API_AUTH_STRING=AUTH_STRING,
            PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED="true",
        ),
    }
    for server in started.values():
        until(f"server {server.container}", server.ready)
    return started


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a private certificate authority."""
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def tls(servers: dict[str, Server], authority: Path) -> t.Iterator[Server]:
    """Put a proxy that speaks TLS in front of the server with auth."""
    inside = servers["secured"]
    proxy = TlsProxy(authority, ("127.0.0.1", urlsplit(inside.url).port or 0))
    options = {"ca_path": str(authority / "ca.pem")}
    yield Server(f"https://127.0.0.1:{proxy.port}/api", inside.container, inside.auth_string, options)
    proxy.close()


@pytest.fixture(scope="session")
def plain(servers: dict[str, Server]) -> Server:
    """Give the server without auth."""
    return servers["plain"]


@pytest.fixture(scope="session")
def secured(servers: dict[str, Server]) -> Server:
    """Give the server with auth and CSRF protection."""
    return servers["secured"]


@pytest.fixture(scope="session")
def alone(servers: dict[str, Server], stack: Stack, database: str) -> Server:
    """Give a server for tests about everything that a server holds; they run one after the other."""
    container = None
    if database == "postgresql":
        container = "database"
        stack.schema(container, "alone")
    started = stack.server("alone", container, "alone")
    until(f"server {started.container}", started.ready)
    return started


@pytest.fixture(params=["plain", "secured", "tls"])
def server(request: pytest.FixtureRequest) -> Server:
    """Give each server in turn."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def playbook(tmp_path: Path) -> Playbook:
    """Run tasks with ansible-playbook."""
    return Playbook(tmp_path)


@pytest.fixture(scope="session")
def worker(stack: Stack, secured: Server) -> str:
    """Start a worker that looks for work each second in the pool ``served`` of the server with auth; give its name."""
    secured.ask("POST", "/work_pools/", {"name": "served", "type": "process"})
    stack.run(
        "worker",
        stack.prefect_image,
        *("prefect", "worker", "start", "--type", "process", "--pool", "served", "--name", "first"),
        PREFECT_API_URL="http://secured:4200/api",
        PREFECT_API_AUTH_STRING=AUTH_STRING,
        PREFECT_WORKER_QUERY_SECONDS="1",
    )
    return "first"
