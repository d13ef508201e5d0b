# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Websockets through the proxy, over TLS with a private authority, on a server with authentication."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.tests.browser.site import Site

POOL = "sockets"
PATHS = {
    "/events/in",
    "/events/out",
    "/logs/out",
    "/task_runs/subscriptions/scheduled",
    f"/work_pools/{POOL}/workers/connect",
}


@pytest.fixture(scope="module")
def report(site: Site) -> dict[str, t.Any]:
    """Let a client try them all."""
    site.api("POST", "/work_pools/", {"name": POOL, "type": "process"})
    report: dict[str, t.Any] = json.loads(site.client("sockets", POOL).splitlines()[-1])
    return report


def test_every_websocket_lets_in_who_has_the_credentials(report: dict[str, t.Any]) -> None:
    assert report["knocks"]["credentials"] == dict.fromkeys(PATHS, "auth_success")


@pytest.mark.parametrize("credentials", ["none", "wrong"])
def test_every_websocket_is_closed_to_others(report: dict[str, t.Any], credentials: str) -> None:
    assert report["knocks"][credentials] == dict.fromkeys(PATHS, "closed 1008")


def test_no_websocket_opens_without_a_word_about_credentials(report: dict[str, t.Any]) -> None:
    assert report["knocks"]["no subprotocol"] == dict.fromkeys(PATHS, "status 403")


def test_events_go_in_and_out_over_the_same_websockets_for_longer_than_a_request_may_take(
    report: dict[str, t.Any],
) -> None:
    assert report["events"] == [1, 2]


def test_logs_of_a_run_come_as_they_are_written(report: dict[str, t.Any]) -> None:
    assert len(report["logs"]) > 5


def test_no_record_of_a_task_run_is_lost(site: Site, report: dict[str, t.Any]) -> None:
    # They are made of the events that the client sends through the websocket. Another client's flow run goes on all the time.
    assert report["events"]
    completed = {"state": {"type": {"any_": ["COMPLETED"]}}}
    assert site.api("POST", "/task_runs/count", {"task_runs": completed, "flow_runs": completed}) == 12
