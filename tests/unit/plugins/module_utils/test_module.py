# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where modules meet Ansible: options, credentials, check mode without a server, and errors without stack traces."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

OK = Exchange("GET", "/ready", body={"message": "OK"})


def version(**with_headers: str | None) -> Exchange:
    return Exchange("GET", "/admin/version", body="3.8.8", with_headers=with_headers)


SETTINGS = Exchange("GET", "/admin/settings", body={"server": {"api": {"auth_string": "**********"}}})


@pytest.fixture
def nowhere() -> str:
    """Return an API URL at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/api"


def test_the_url_and_credentials_come_from_the_environment(
    server: ScriptedServer, run_module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"{server.url}/")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "user:pass")
    server.expect(OK, version(Authorization="Basic dXNlcjpwYXNz"), SETTINGS)
    assert run_module("server_info")["version"] == "3.8.8"


def test_of_two_credentials_in_the_environment_the_key_goes_first(
    server: ScriptedServer, run_module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "user:pass")
    monkeypatch.setenv("PREFECT_API_KEY", "key")
    server.expect(OK, version(Authorization="Bearer key"), SETTINGS)
    assert run_module("server_info", api_url=server.url)["ready"]


def test_an_option_goes_before_the_environment(
    server: ScriptedServer, run_module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_KEY", "key")
    server.expect(OK, version(Authorization="Basic dXNlcjpwYXNz"), SETTINGS)
    assert run_module("server_info", api_url=server.url, api_auth_string="user:pass")["ready"]


def test_custom_headers_are_sent(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(OK, version(**{"X-Token": "abc"}), SETTINGS)
    assert run_module("server_info", api_url=server.url, custom_headers={"X-Token": "abc"})["ready"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "missing required arguments: api_url"),
        ({"api_url": "server"}, "api_url must be an http or https URL"),
        ({"api_url": "http://s/api", "api_auth_string": "user"}, "no colon"),
        ({"api_url": "http://s/api", "api_auth_string": "'u:p'"}, "quotation mark"),
        ({"api_url": "http://s/api", "api_auth_string": "u:p", "api_key": "k"}, "mutually exclusive"),
        ({"api_url": "http://s/api", "timeout": 0}, "timeout must be at least 1, but is 0"),
        ({"api_url": "http://s/api", "retries": -1}, "retries must be at least 0, but is -1"),
        ({"api_url": "http://s/api", "wait_timeout": -1}, "wait_timeout must be at least 0"),
        ({"api_url": "https://s/api", "ca_path": "/no/such/file"}, "ca_path /no/such/file cannot be read"),
    ],
)
def test_a_bad_option_is_told_in_words(run_module: RunModule, options: dict[str, object], words: str) -> None:
    answer = run_module("server_info", **options)
    assert answer["failed"]
    assert words in answer["msg"]
    assert "exception" not in answer


def test_a_bad_credential_of_the_environment_is_told_and_not_shown(
    run_module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "hunter2")
    answer = run_module("server_info", api_url="http://s/api")
    assert "no colon" in answer["msg"]
    assert "hunter2" not in str(answer)


def test_check_mode_without_a_server_predicts_for_an_empty_one(run_module: RunModule, nowhere: str) -> None:
    for wait in (False, True):
        answer = run_module("work_pool", api_url=nowhere, name="a", type="docker", wait=wait, check_mode=True)
        assert answer["changed"], answer
        assert answer["reason"] == "refused"
        assert nowhere in answer["msg"]
        assert answer["diff"]["before"] == {}
        assert answer["diff"]["after"]["type"] == "docker"


def test_check_mode_without_a_server_still_refuses_bad_values(run_module: RunModule, nowhere: str) -> None:
    answer = run_module("work_pool", api_url=nowhere, name="prefect-x", type="docker", wait=True, check_mode=True)
    assert "reserves" in answer["msg"]
    answer = run_module("work_pool", api_url=nowhere, name="a", wait=True, check_mode=True)
    assert "give type" in answer["msg"]


def test_check_mode_has_nothing_to_remove_where_no_server_is(run_module: RunModule, nowhere: str) -> None:
    answer = run_module("work_pool", api_url=nowhere, name="a", state="absent", check_mode=True)
    assert (answer["changed"], answer["work_pool"]) == (False, {})


def test_check_mode_does_not_wait_for_a_server_that_starts(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("GET", "/ready", 503, {"message": "Database is not available"}))
    answer = run_module("work_pool", api_url=server.url, name="a", type="docker", wait=True, check_mode=True)
    assert (answer["changed"], answer["reason"]) == (True, "database_down")


def test_check_mode_does_not_hide_what_can_never_work(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(OK, Exchange("GET", "/admin/version", 401, {"exception_message": "Unauthorized"}))
    answer = run_module("work_pool", api_url=server.url, name="a", type="docker", wait=True, check_mode=True)
    assert answer["failed"]
    assert answer["reason"] == "unauthorized"


def test_without_check_mode_a_missing_server_is_a_failure(run_module: RunModule, nowhere: str) -> None:
    answer = run_module("work_pool", api_url=nowhere, name="a", type="docker")
    assert answer["failed"]
    assert answer["msg"] == f"GET {nowhere}/work_pools/a: connection refused, nothing listens there"
