# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client takes an answer, or none, for; and how long it waits."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, auth_headers
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import KeptAliveTransport
from ansible_collections.selfhosted.prefect.plugins.module_utils._readiness import look, wait_until_ready
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

OK = Exchange("GET", "/ready", body={"message": "OK"})
VERSION = Exchange("GET", "/admin/version", body="3.8.8")
STARTING = Exchange("GET", "/ready", 502, b"<html>Bad Gateway</html>")


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_ready_means_that_the_api_accepts_the_credentials(client: Client, server: ScriptedServer) -> None:
    server.expect(OK, VERSION)
    state = look(client)
    assert (state.ready, state.final, state.version) == (True, False, "3.8.8")


@pytest.mark.parametrize(
    ("exchanges", "reason", "words"),
    [
        ([Exchange("GET", "/ready", 503, {"message": "Database is not available"})], "database_down", "its database"),
        ([STARTING], "starting", "does not answer yet"),
        ([Exchange("GET", "/ready", 503, b"")], "starting", "does not answer yet"),
        ([Exchange("GET", "/ready", fault="drop")], "starting", "closed before"),
        ([Exchange("GET", "/ready", body={"message": "OK"}, fault="half")], "starting", "closed before"),
        ([Exchange("GET", "/ready", 500, {"exception_message": "oops"})], "error", "oops"),
        ([OK, Exchange("GET", "/admin/version", 500)], "error", "/admin/version: HTTP 500"),
    ],
)
def test_what_may_pass_is_told_apart(
    client: Client, server: ScriptedServer, exchanges: list[Exchange], reason: str, words: str
) -> None:
    server.expect(*exchanges)
    state = look(client)
    assert (state.reason, state.ready, state.final) == (reason, False, False)
    assert words in state.message
    assert server.url in state.message


@pytest.mark.parametrize(
    ("exchanges", "reason", "words"),
    [
        (
            [OK, Exchange("GET", "/admin/version", 401, {"exception_message": "Unauthorized"})],
            "unauthorized",
            "give api_auth_string",
        ),
        ([Exchange("GET", "/ready", 403, b"no")], "unauthorized", "HTTP 403"),
        ([Exchange("GET", "/ready", 200, b"<html>It works</html>")], "not_prefect", "usually /api"),
        ([Exchange("GET", "/ready", 200, {"status": "up"})], "not_prefect", "not Prefect's API"),
        ([Exchange("GET", "/ready", 404, {"detail": "Not Found"})], "not_prefect", "not Prefect's API"),
        ([OK, Exchange("GET", "/admin/version", 200, {"a": 1})], "not_prefect", "not Prefect's API"),
        (
            [Exchange("GET", "/ready", 301, headers={"Location": "https://prefect.example/api/ready"})],
            "not_prefect",
            "set api_url to https://prefect.example/api",
        ),
    ],
)
def test_what_cannot_pass_fails_at_once(
    client: Client, server: ScriptedServer, exchanges: list[Exchange], reason: str, words: str
) -> None:
    server.expect(*exchanges)
    slept: list[float] = []
    with pytest.raises(PrefectError, match=words) as caught:
        wait_until_ready(client, 60, sleep=slept.append)
    assert slept == []
    assert caught.value.details == {"ready": False, "reason": reason, "api_url": client.api_url}


def test_an_untrusted_certificate_fails_at_once(tls_server: ScriptedServer) -> None:
    with pytest.raises(PrefectError, match="not trusted") as caught:
        wait_until_ready(Client(KeptAliveTransport(), tls_server.url), 60)
    assert caught.value.details["reason"] == "tls_not_trusted"


def test_a_service_that_is_no_http_fails_at_once() -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as other:

        def talk() -> None:
            connection, _address = other.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(PrefectError, match="does not speak HTTP") as caught:
            wait_until_ready(Client(KeptAliveTransport(), f"http://127.0.0.1:{other.getsockname()[1]}/api"), 60)
        thread.join()
    assert caught.value.details["reason"] == "not_prefect"


@pytest.mark.parametrize(
    ("url", "reason"),
    [(f"http://127.0.0.1:{closed_port()}/api", "refused"), ("http://no-such-host.invalid/api", "unresolved")],
)
def test_waiting_goes_on_where_nothing_is_yet_and_the_timeout_names_the_last_reason(url: str, reason: str) -> None:
    client = Client(KeptAliveTransport(), url)
    with pytest.raises(
        PrefectError, match=rf"{url} was not ready within 0.5 s; the last reason: GET {url}/ready"
    ) as caught:
        wait_until_ready(client, 0.5)
    assert caught.value.details["reason"] == reason


def test_waiting_ends_as_soon_as_the_api_is_ready(client: Client, server: ScriptedServer) -> None:
    slept: list[float] = []
    server.expect(STARTING, STARTING, Exchange("GET", "/ready", fault="drop"), OK, VERSION)
    assert wait_until_ready(client, 60, sleep=slept.append).version == "3.8.8"
    assert slept == pytest.approx([0.1, 0.15, 0.225])


def test_pauses_grow_to_a_second(client: Client, server: ScriptedServer) -> None:
    slept: list[float] = []
    server.expect(*[STARTING] * 9, OK, VERSION)
    wait_until_ready(client, 60, sleep=slept.append)
    assert slept[-1] == 1.0


def test_wrong_credentials_are_never_shown(server: ScriptedServer) -> None:
    server.expect(OK, Exchange("GET", "/admin/version", 401, {"exception_message": "Unauthorized"}))
    state = look(Client(KeptAliveTransport(), server.url, headers=auth_headers("user:hunter2")))
    assert "hunter2" not in state.message
    assert "does not accept these credentials" in state.message
