# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module server_info against a server that starts, works, loses its database, and recovers."""

from __future__ import annotations

import time

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import (
    AUTH_STRING,
    Playbook,
    Server,
    Stack,
    docker,
    task,
)

FAILS = {"on_ignore_errors": True}


def test_it_tells_version_and_settings_but_no_secrets(server: Server, stack: Stack, playbook: Playbook) -> None:
    info = playbook(server.defaults, task("info", "server_info"))["info"]
    assert (info["ready"], info["reason"], info["changed"], info["api_url"]) == (True, "ready", False, server.url)
    assert info["version"] == docker("exec", server.container, "prefect", "--version")
    secured = server.auth_string is not None
    assert info["settings"]["auth_enabled"] is secured
    assert info["settings"]["csrf_protection_enabled"] is secured
    assert info["settings"]["analytics_enabled"] is False
    assert AUTH_STRING not in str(info)
    assert "prefect:prefect" not in str(info)


def test_a_server_is_awaited_and_a_lost_database_told_apart(stack: Stack, playbook: Playbook) -> None:
    database = stack.database("short-lived")
    server = stack.server("loses-database", "short-lived")
    waiting = task("wait", "server_info", wait=True, wait_timeout=90)
    assert playbook(server.defaults, waiting)["wait"]["ready"]

    docker("stop", "--time", "2", database)
    begun = time.monotonic()
    results = playbook(
        server.defaults,
        task("look", "server_info"),
        task("wait in vain", "server_info", wait=True, wait_timeout=2, **FAILS),
        task("write", "work_pool", name="new", type="process", **FAILS),
        task("check", "work_pool", name="new", type="process", wait=True, on_check_mode=True),
    )
    assert time.monotonic() - begun < 30
    assert (results["look"]["ready"], results["look"]["reason"]) == (False, "database_down")
    assert "not ready within 2 s" in results["wait in vain"]["msg"]
    assert "its database is not available" in results["wait in vain"]["msg"]
    assert f"{server.url}/ready" in results["wait in vain"]["msg"]
    assert "HTTP 500" in results["write"]["msg"]
    assert (results["check"]["changed"], results["check"]["reason"]) == (True, "database_down")

    docker("start", database)
    assert playbook(server.defaults, waiting)["wait"]["ready"]

    docker("stop", "--time", "5", server.container)
    results = playbook(
        server.defaults,
        task("gone", "server_info"),
        task("in vain", "server_info", wait=True, wait_timeout=1, **FAILS),
    )
    assert (results["gone"]["ready"], results["gone"]["reason"]) == (False, "refused")
    assert "connection refused" in results["in vain"]["msg"]


@pytest.mark.once
@pytest.mark.parametrize("path", ["", "/docs", "/no/such/path"])
def test_what_is_not_the_api_fails_at_once(plain: Server, playbook: Playbook, path: str) -> None:
    defaults = {"api_url": plain.url.removesuffix("/api") + path}
    begun = time.monotonic()
    result = playbook(defaults, task("not the API", "server_info", wait=True, wait_timeout=600, **FAILS))["not the API"]
    assert time.monotonic() - begun < 30
    assert result["reason"] == "not_prefect"
    assert "not Prefect's API" in result["msg"]


@pytest.mark.once
def test_wrong_credentials_fail_at_once(secured: Server, playbook: Playbook) -> None:
    defaults = {**secured.defaults, "api_auth_string": "admin:wrong-secret"}
    result = playbook(defaults, task("wrong", "server_info", wait=True, wait_timeout=600, **FAILS))["wrong"]
    assert result["reason"] == "unauthorized"
    assert "wrong-secret" not in str(result)
