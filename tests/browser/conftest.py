# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public URLs that these tests share: a plain one, and one with a path. They are deployed once, by the roles."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.browser.site import (
    NETWORK,
    Site,
    Sites,
    remove_everything,
    run_database,
)
from ansible_collections.selfhosted.prefect.tests.certificates import make_authority
from ansible_collections.selfhosted.prefect.tests.integration.stack import docker


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what talks to a real server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def clean_engine() -> t.Iterator[None]:
    """Leave nothing of these tests on the engine, not even of a run that was killed."""
    remove_everything()
    docker("network", "create", NETWORK)
    yield
    remove_everything()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate authority and the certificate of the proxies."""
    return make_authority(tmp_path_factory.mktemp("authority"), "localhost")


@pytest.fixture(scope="session")
def sites(clean_engine: None, authority: Path, tmp_path_factory: pytest.TempPathFactory) -> Sites:
    """Deploy both."""
    place = tmp_path_factory.mktemp("sites")
    both = Sites(place, Site("plain", place, authority), Site("path", place, authority, path="/tools/prefect"))
    run_database(*both.by_word)
    for role in ("server", "proxy"):
        for run in both.run(role, {word: {} for word in both.by_word}).values():
            run.succeeded()
    return both


@pytest.fixture(scope="session")
def plain(sites: Sites) -> Site:
    """Give the public URL without a path."""
    return sites.by_word["plain"]


@pytest.fixture(scope="session", params=["plain", "path"])
def site(request: pytest.FixtureRequest, sites: Sites) -> Site:
    """Give each public URL in turn."""
    return sites.by_word[request.param]
