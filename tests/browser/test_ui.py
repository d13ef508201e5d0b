# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The UI as a person meets it: a browser, the public URL, a log-in."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest

from ansible_collections.selfhosted.prefect.tests.browser.site import AUTH_STRING, PREFIX, Site
from ansible_collections.selfhosted.prefect.tests.browser.visitor import Visitor, Watched, visit
from ansible_collections.selfhosted.prefect.tests.integration.stack import docker, until
from ansible_collections.selfhosted.prefect.tests.testbed.machine import ROOT

POOL = "seen"
LINE = "line of the live log"


@dataclass
class Visited:
    """What came of a visit.

    :param refused: Whether wrong credentials were refused first.
    :param seen: The log lines that were the newest on the screen, one after the other.
    """

    visitor: Visitor
    refused: bool
    seen: list[str]


@pytest.fixture(scope="module")
def visited(site: Site, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Visited]:
    """Visit the UI once, while a flow runs."""
    site.api("POST", "/work_pools/", {"name": POOL, "type": "docker"})
    site.client("talk", "600", LINE, name="talker", detached=True)

    def runs() -> list[dict[str, t.Any]]:
        found: list[dict[str, t.Any]] = site.api(
            "POST", "/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
        )
        return found

    until("a flow runs", lambda: len(runs()) == 1)
    host_and_port = site.url.removeprefix("https://").removesuffix(site.path)
    visitor = Visitor(
        site.url,
        tmp_path_factory.mktemp("home"),
        site.authority / "ca.pem",
        ROOT / ".work" / "browser" / site.word,
        site.server,
        {host_and_port: site.proxy_address()},
    )
    with visitor:
        refused = visitor.is_refused("admin:wrong")
        watched = Watched(id=runs()[0]["id"], word=LINE, changes=2)
        yield Visited(visitor, refused, visit(visitor, AUTH_STRING, POOL, watched))
    docker("rm", "--force", f"{PREFIX}{site.word}-talker")


def test_wrong_credentials_are_refused(visited: Visited) -> None:
    assert visited.refused


def test_no_request_of_a_page_fails(visited: Visited) -> None:
    assert visited.visitor.failures == []
    # They were really made, and of the API of this URL.
    assert len(visited.visitor.calls) > 20
    assert {"/".join(call.split("/")[:3]) for call in visited.visitor.calls} == {
        visited.visitor.url.partition("/tools")[0]
    }


def test_logs_of_a_run_appear_while_it_runs(visited: Visited) -> None:
    numbers = [int(line.rpartition(" ")[2]) for line in visited.seen]
    assert len(numbers) > 2
    assert numbers == sorted(numbers)


def test_pages_talk_to_nobody_else(visited: Visited) -> None:
    assert visited.visitor.strangers == set()
