# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module public_url_info. What it sees of a real server behind real proxies is a test of the role server."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def script(server: ScriptedServer, **other: Exchange) -> list[Exchange]:
    """Return what a server in order is asked and answers, with some answers replaced."""
    answers = {
        "ready": Exchange("GET", "/ready", body={"message": "OK"}),
        "version": Exchange("GET", "/admin/version", body="3.8.8"),
        "anonymous": Exchange("GET", "/admin/version", 401),
        "ui": Exchange("GET", "/ui-settings", body={"api_url": server.url, "auth": "BASIC"}),
        "redirect": Exchange("GET", "/health/", 307, headers={"location": f"{server.url}/health"}),
    }
    return list({**answers, **other}.values())


def look(run_module: RunModule, server: ScriptedServer, **options: t.Any) -> dict[str, t.Any]:
    """Run the module without websockets, which no script can answer."""
    given = {"api_url": server.url, "api_auth_string": "admin:secret", "websockets": [], **options}
    return run_module("public_url_info", **given)


def test_what_is_in_order_has_no_problems(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(*script(server))
    answer = look(run_module, server)
    assert (answer["changed"], answer["problems"], answer["version"]) == (False, [], "3.8.8")
    assert [check["name"] for check in answer["checks"]] == ["ready", "version", "authentication", "ui", "redirects"]


PROBLEMS = {
    "an open API": ({"anonymous": Exchange("GET", "/admin/version", 200, "3.8.8")}, "HTTP 200 instead of 401"),
    "no UI": ({"ui": Exchange("GET", "/ui-settings", 404)}, "not the settings of Prefect's UI"),
    "a UI elsewhere": (
        {"ui": Exchange("GET", "/ui-settings", body={"api_url": "http://0.0.0.0:4200/api", "auth": "BASIC"})},
        "is told to use the API at http://0.0.0.0:4200/api, and should use",
    ),
    "no redirect": ({"redirect": Exchange("GET", "/health/", 200, True)}, "HTTP 200 instead of a redirect"),
    "a redirect elsewhere": (
        {"redirect": Exchange("GET", "/health/", 307, headers={"location": "http://server:4200/api/health"})},
        "away from http://127.0.0.1",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_told_and_is_no_failure(server: ScriptedServer, run_module: RunModule, name: str) -> None:
    other, words = PROBLEMS[name]
    server.expect(*script(server, **other))
    answer = look(run_module, server)
    (problem,) = answer["problems"]
    assert words in problem
    assert "secret" not in str(answer["checks"])
    assert "failed" not in answer


@pytest.mark.parametrize(("status", "closed"), [(403, True), (404, True), (401, False), (200, False)])
def test_a_closed_path_is_asked_for_with_the_credentials(
    server: ScriptedServer, run_module: RunModule, status: int, closed: bool
) -> None:
    server.expect(*script(server), Exchange("GET", "/metrics", status))
    answer = look(run_module, server, closed_paths=["/api/metrics"])
    assert (answer["problems"] == []) is closed
    assert answer["checks"][-1]["name"] == "closed /api/metrics"


def test_where_nothing_is_ready_nothing_else_is_asked(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("GET", "/ready", 502))
    answer = look(run_module, server)
    assert [(check["name"], check["ok"]) for check in answer["checks"]] == [("ready", False)]
    assert answer["version"] is None


def test_another_version_is_told(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(*script(server))
    (problem,) = look(run_module, server, version="3.9.1")["problems"]
    assert "has Prefect 3.8.8, and should have 3.9.1" in problem
