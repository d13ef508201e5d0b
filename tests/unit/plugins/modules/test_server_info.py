# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module server_info."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

OK = [Exchange("GET", "/ready", body={"message": "OK"}), Exchange("GET", "/admin/version", body="3.8.8")]


def test_it_returns_version_and_settings_without_secrets(server: ScriptedServer, run_module: RunModule) -> None:
    settings = {
        "ui_url": "http://ui",
        "server": {
            "api": {"auth_string": "**********", "base_path": "/prefect/api", "csrf_protection_enabled": True},
            "database": {"driver": "postgresql+asyncpg", "password": "**********", "connection_url": "secret"},
        },
    }
    server.expect(*OK, Exchange("GET", "/admin/settings", body=settings))
    answer = run_module("server_info", api_url=f"{server.url}/")
    assert (answer["changed"], answer["ready"], answer["reason"]) == (False, True, "ready")
    assert (answer["version"], answer["api_url"]) == ("3.8.8", server.url)
    assert answer["settings"]["auth_enabled"] is True
    assert answer["settings"]["csrf_protection_enabled"] is True
    assert answer["settings"]["api_base_path"] == "/prefect/api"
    assert answer["settings"]["database_driver"] == "postgresql+asyncpg"
    assert answer["settings"]["metrics_enabled"] is None
    assert not any("*" in str(value) or value == "secret" for value in answer["settings"].values())


def test_a_server_without_auth_says_so(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(*OK, Exchange("GET", "/admin/settings", body={"server": {"api": {"auth_string": None}}}))
    assert run_module("server_info", api_url=server.url)["settings"]["auth_enabled"] is False


@pytest.mark.parametrize("status", [403, 404])
def test_behind_a_proxy_that_closes_the_settings_there_are_none(
    server: ScriptedServer, run_module: RunModule, status: int
) -> None:
    server.expect(*OK, Exchange("GET", "/admin/settings", status, {"detail": "closed"}))
    answer = run_module("server_info", api_url=server.url)
    assert (answer.get("failed"), answer["version"], answer["settings"]) == (None, "3.8.8", {})


def test_without_wait_a_database_that_is_down_is_no_failure(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("GET", "/ready", 503, {"message": "Database is not available"}))
    answer = run_module("server_info", api_url=server.url)
    assert (answer.get("failed"), answer["ready"], answer["reason"]) == (None, False, "database_down")
    assert answer["settings"] == {}


@pytest.mark.parametrize("check_mode", [False, True])
def test_wrong_credentials_always_fail(server: ScriptedServer, run_module: RunModule, check_mode: bool) -> None:
    server.expect(OK[0], Exchange("GET", "/admin/version", 401, {"exception_message": "Unauthorized"}))
    answer = run_module("server_info", api_url=server.url, wait=not check_mode, check_mode=check_mode)
    assert (answer["failed"], answer["reason"]) == (True, "unauthorized")


def test_in_check_mode_it_does_not_wait(run_module: RunModule) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    answer = run_module("server_info", api_url=url, wait=True, wait_timeout=600, check_mode=True)
    assert (answer.get("failed"), answer["ready"], answer["reason"]) == (None, False, "refused")


def test_the_timeout_names_reason_url_and_seconds(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("GET", "/ready", 502))
    answer = run_module("server_info", api_url=server.url, wait=True, wait_timeout=0)
    assert answer["msg"].startswith(f"{server.url} was not ready within 0 s; the last reason: GET {server.url}/ready")
    assert (answer["ready"], answer["reason"]) == (False, "starting")
