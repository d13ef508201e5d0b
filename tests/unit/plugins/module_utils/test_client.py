# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against a real HTTP server that follows a script of wire faults."""

from __future__ import annotations

import datetime
import socket
from email.utils import format_datetime
from pathlib import Path

import pytest
import yaml

from ansible_collections.selfhosted.prefect.plugins.module_utils import _client
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, auth_headers
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import (
    ApiError,
    CheckModeWriteError,
    NotPrefectError,
    PrefectError,
    TransportError,
)
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import KeptAliveTransport
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

SECRET = "hunter2-hunter2"


def with_auth(server: ScriptedServer, auth_string: str | None = None, api_key: str | None = None) -> Client:
    return Client(
        KeptAliveTransport(), server.url, headers=auth_headers(auth_string, api_key), sleep=lambda _seconds: None
    )


def test_basic_auth_is_sent_with_the_first_request(server: ScriptedServer) -> None:
    server.expect(Exchange("GET", "/x", body=1, with_headers={"Authorization": "Basic dXNlcjpwQHNz"}))
    assert with_auth(server, "user:p@ss").get("/x") == 1


def test_a_key_is_sent_as_bearer_and_goes_before_an_auth_string(server: ScriptedServer) -> None:
    server.expect(Exchange("GET", "/x", body=1, with_headers={"Authorization": "Bearer key"}))
    assert with_auth(server, "user:pass", "key").get("/x") == 1


def test_requests_say_who_asks(client: Client, server: ScriptedServer) -> None:
    agent = f"selfhosted.prefect/{_client.COLLECTION_VERSION}"
    server.expect(Exchange("GET", "/x", body=1, with_headers={"User-Agent": agent, "Authorization": None}))
    client.get("/x")


def test_the_version_is_the_collections_own() -> None:
    galaxy = Path(__file__).parents[4] / "galaxy.yml"
    assert yaml.safe_load(galaxy.read_text(encoding="utf-8"))["version"] == _client.COLLECTION_VERSION


def test_401_names_method_url_status_and_words_but_not_the_credentials(server: ScriptedServer) -> None:
    server.expect(Exchange("GET", "/x", 401, {"exception_message": "Unauthorized"}))
    with pytest.raises(ApiError) as caught:
        with_auth(server, f"user:{SECRET}").get("/x")
    message = str(caught.value.message)
    assert message.startswith(
        f"GET {server.url}/x: HTTP 401: Unauthorized. The server does not accept these credentials"
    )
    assert SECRET not in message


def test_401_without_credentials_says_what_to_give(client: Client, server: ScriptedServer) -> None:
    server.expect(Exchange("GET", "/x", 401, {"exception_message": "Unauthorized"}))
    with pytest.raises(ApiError, match="give api_auth_string"):
        client.get("/x")


def test_404_is_an_answer_and_not_retried(client: Client, server: ScriptedServer, pauses: list[float]) -> None:
    server.expect(Exchange("GET", "/work_pools/x", 404, {"detail": 'Work pool "x" not found.'}))
    assert client.find("/work_pools/x") is None
    assert pauses == []


@pytest.mark.parametrize("body", [{"detail": "Not Found"}, b"<html>404</html>", None])
def test_a_404_that_is_not_the_apis_own_is_not_taken_for_absent(
    client: Client, server: ScriptedServer, body: object
) -> None:
    server.expect(Exchange("GET", "/work_pools/x", 404, body))
    with pytest.raises(NotPrefectError, match="Does api_url end with the API's path"):
        client.find("/work_pools/x")


def test_409_carries_the_servers_words(client: Client, server: ScriptedServer) -> None:
    server.expect(Exchange("POST", "/x/", 409, {"detail": "It is there already."}, sent={"name": "a"}))
    with pytest.raises(ApiError, match="POST .*/x/: HTTP 409: It is there already") as caught:
        client.create("/x/", {"name": "a"})
    assert not caught.value.answer_lost


def test_422_says_what_is_wrong_without_repeating_the_request(client: Client, server: ScriptedServer) -> None:
    sent = {"name": "a", "data": {"password": SECRET}}
    answer = {
        "exception_message": "Invalid request received.",
        "exception_detail": [{"loc": ["body", "data"], "msg": "Field is odd", "input": {"password": SECRET}}],
        "request_body": sent,
    }
    server.expect(Exchange("POST", "/x/", 422, answer, sent=sent))
    with pytest.raises(ApiError) as caught:
        client.create("/x/", sent)
    assert caught.value.message == f"POST {server.url}/x/: HTTP 422: data: Field is odd"
    assert SECRET not in repr(caught.value.details)


def test_422_words_that_quote_a_sent_value_are_cleaned(client: Client, server: ScriptedServer) -> None:
    answer = {"detail": f"Validation failed for field 'env'. Failure reason: '{SECRET}' is not of type 'object'"}
    server.expect(Exchange("POST", "/x/", 422, answer))
    with pytest.raises(ApiError, match=r"field 'env'.*'\*\*\*' is not of type 'object'") as caught:
        client.create("/x/", {"name": "a", "template": {"env": SECRET, "type": "object"}})
    assert SECRET not in caught.value.message


def test_429_waits_as_long_as_the_server_asks(client: Client, server: ScriptedServer, pauses: list[float]) -> None:
    server.expect(
        Exchange("POST", "/x/", 429, headers={"Retry-After": "7"}, sent={"a": 1}),
        Exchange("POST", "/x/", 201, {"id": 1}),
    )
    assert client.create("/x/", {"a": 1}) == {"id": 1}
    assert pauses == [7.0]


def test_retry_after_may_be_a_date_and_is_capped(client: Client, server: ScriptedServer, pauses: list[float]) -> None:
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=12)
    server.expect(
        Exchange("GET", "/x", 429, headers={"Retry-After": format_datetime(later, usegmt=True)}),
        Exchange("GET", "/x", 429, headers={"Retry-After": "86400"}),
        Exchange("GET", "/x", 429, headers={"Retry-After": "soon"}),
        Exchange("GET", "/x", body=1),
    )
    assert client.get("/x") == 1
    assert 9 < pauses[0] <= 12
    assert pauses[1:] == [30.0, 0.8]


def test_500_is_not_retried(client: Client, server: ScriptedServer, pauses: list[float]) -> None:
    server.expect(Exchange("GET", "/x", 500, {"exception_message": "Internal Server Error"}))
    with pytest.raises(ApiError, match="HTTP 500: Internal Server Error"):
        client.get("/x")
    assert pauses == []


@pytest.mark.parametrize("status", [502, 503, 504])
def test_gateway_errors_are_retried_and_then_told(
    client: Client, server: ScriptedServer, pauses: list[float], status: int
) -> None:
    server.expect(*[Exchange("GET", "/x", status, {"exception_message": "Service Unavailable"})] * 4)
    with pytest.raises(ApiError, match=rf"HTTP {status}: Service Unavailable \(tried 4 times\)"):
        client.get("/x")
    assert pauses == [0.2, 0.4, 0.8]


@pytest.mark.parametrize("fault", ["drop", "half"])
def test_a_dropped_or_half_sent_answer_is_asked_for_again(
    client: Client, server: ScriptedServer, pauses: list[float], fault: str
) -> None:
    server.expect(Exchange("GET", "/x", body={"a": 1}, fault=fault), Exchange("GET", "/x", body={"a": 2}))
    assert client.get("/x") == {"a": 2}
    assert pauses == [0.2]


@pytest.mark.parametrize("fault", ["drop", "half"])
def test_answers_that_stay_lost_are_told(client: Client, server: ScriptedServer, fault: str) -> None:
    server.expect(*[Exchange("GET", "/x", body={}, fault=fault)] * 4)
    with pytest.raises(TransportError, match=r"closed before the answer was complete \(tried 4 times\)") as caught:
        client.get("/x")
    assert caught.value.kind == "dropped"


@pytest.mark.parametrize(
    "first", [Exchange("POST", "/x/", 201, {"id": 1}, fault="drop"), Exchange("POST", "/x/", 504)], ids=["drop", "504"]
)
def test_a_conflict_after_a_lost_answer_is_marked(client: Client, server: ScriptedServer, first: Exchange) -> None:
    server.expect(first, Exchange("POST", "/x/", 409, {"detail": "It is there already."}))
    with pytest.raises(ApiError) as caught:
        client.create("/x/", {"name": "a"})
    assert caught.value.answer_lost


def test_an_object_that_is_gone_at_the_second_try_counts_as_deleted(client: Client, server: ScriptedServer) -> None:
    server.expect(Exchange("DELETE", "/x/a", 204, fault="drop"), Exchange("DELETE", "/x/a", 404, {"detail": "gone"}))
    client.delete("/x/a")


@pytest.mark.parametrize("body", [b"<html>hello</html>", b'{"half":', b"\xff\xfe"])
def test_an_answer_that_is_not_json_is_not_prefects(client: Client, server: ScriptedServer, body: bytes) -> None:
    server.expect(Exchange("GET", "/x", 200, body))
    with pytest.raises(NotPrefectError, match="GET .*/x: HTTP 200, but the answer is not JSON"):
        client.get("/x")


def test_a_csrf_token_is_fetched_only_when_a_write_is_refused_for_it(client: Client, server: ScriptedServer) -> None:
    query = f"/csrf-token?client={client._csrf_client}"
    proof = {"Prefect-Csrf-Token": "t1", "Prefect-Csrf-Client": client._csrf_client}
    none = {"Prefect-Csrf-Token": None}
    server.expect(
        Exchange("GET", "/x", body=1, with_headers=none),
        Exchange("POST", "/x/", 403, {"detail": "Missing CSRF token."}, with_headers=none, sent={"a": 1}),
        Exchange("GET", query, body={"token": "t1"}),
        Exchange("POST", "/x/", 201, {"id": 1}, with_headers=proof, sent={"a": 1}),
        Exchange("PATCH", "/x/1", 204, with_headers=proof),
        Exchange("POST", "/x/filter", body=[], with_headers=proof),
    )
    client.get("/x")
    client.create("/x/", {"a": 1})
    client.update("/x/1", {"a": 2})
    client.query("/x/filter")


def test_an_expired_csrf_token_is_replaced_once(client: Client, server: ScriptedServer) -> None:
    query = f"/csrf-token?client={client._csrf_client}"
    invalid = {"detail": "Invalid CSRF token or client identifier."}
    server.expect(
        Exchange("DELETE", "/x/1", 403, {"detail": "Missing CSRF token."}),
        Exchange("GET", query, body={"token": "old"}),
        Exchange("DELETE", "/x/1", 204),
        Exchange("DELETE", "/x/2", 403, invalid, with_headers={"Prefect-Csrf-Token": "old"}),
        Exchange("GET", query, body={"token": "new"}),
        Exchange("DELETE", "/x/2", 204, with_headers={"Prefect-Csrf-Token": "new"}),
        Exchange("DELETE", "/x/3", 403, invalid),
        Exchange("GET", query, body={"token": "newer"}),
        Exchange("DELETE", "/x/3", 403, invalid),
    )
    client.delete("/x/1")
    client.delete("/x/2")
    with pytest.raises(ApiError, match="HTTP 403: Invalid CSRF token"):
        client.delete("/x/3")


def test_a_csrf_refusal_by_a_server_without_csrf_points_at_the_proxy(client: Client, server: ScriptedServer) -> None:
    server.expect(
        Exchange("DELETE", "/x", 403, {"detail": "Missing CSRF token."}),
        Exchange("GET", f"/csrf-token?client={client._csrf_client}", 422, {"detail": "CSRF protection is disabled."}),
    )
    with pytest.raises(ApiError, match="a proxy in front of it"):
        client.delete("/x")


def test_another_403_is_told_at_once(client: Client, server: ScriptedServer) -> None:
    server.expect(Exchange("POST", "/x/", 403, {"detail": "Reserved."}))
    with pytest.raises(ApiError, match="HTTP 403: Reserved"):
        client.create("/x/", {})


def test_csrf_clients_differ_between_processes() -> None:
    clients = {Client(KeptAliveTransport(), "http://localhost/api")._csrf_client for _number in range(3)}
    assert len(clients) == 3


def test_redirects_are_not_followed_but_named(server: ScriptedServer) -> None:
    location = "https://elsewhere.example/prefect/api/x?token=abc"
    server.expect(Exchange("GET", "/x", 307, headers={"Location": location}))
    with pytest.raises(ApiError) as caught:
        with_auth(server, f"user:{SECRET}").get("/x")
    assert "redirects to https://elsewhere.example/prefect/api/x." in caught.value.message
    assert caught.value.message.endswith("set api_url to https://elsewhere.example/prefect/api")


def test_refused_is_told_at_once(pauses: list[float]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    with pytest.raises(TransportError, match=f"GET {url}/x: connection refused") as caught:
        Client(KeptAliveTransport(), url, sleep=pauses.append).get("/x")
    assert caught.value.kind == "refused"
    assert pauses == []


def test_refused_after_an_answer_is_retried(server: ScriptedServer, pauses: list[float]) -> None:
    client = Client(KeptAliveTransport(), server.url, retries=2, sleep=pauses.append)
    server.expect(Exchange("GET", "/x", body=1))
    client.get("/x")
    server._server.server_close()
    with pytest.raises(TransportError, match="tried 3 times"):
        client.get("/x")
    assert pauses == [0.2, 0.4]


def test_a_name_that_does_not_resolve_is_told() -> None:
    with pytest.raises(TransportError, match="does not resolve") as caught:
        Client(KeptAliveTransport(), "http://no-such-host.invalid/api").get("/x")
    assert caught.value.kind == "unresolved"


def test_an_answer_that_does_not_come_in_time_is_told_and_not_awaited_again(pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        with pytest.raises(TransportError, match=r"no complete answer within 0.2 s") as caught:
            Client(KeptAliveTransport(), url, timeout=0.2, sleep=pauses.append).get("/x")
    assert caught.value.kind == "timeout"
    assert pauses == []


def test_an_untrusted_certificate_is_told(tls_server: ScriptedServer) -> None:
    with pytest.raises(TransportError, match=r"certificate is not trusted \(.+\).*ca_path") as caught:
        Client(KeptAliveTransport(), tls_server.url).get("/x")
    assert caught.value.kind == "tls"


def test_a_private_authority_is_trusted_when_named(tls_server: ScriptedServer, authority: Path) -> None:
    tls_server.expect(Exchange("GET", "/x", body=1))
    assert Client(KeptAliveTransport(ca_path=str(authority / "ca.pem")), tls_server.url).get("/x") == 1


def test_certificates_are_not_checked_when_that_is_asked_for(tls_server: ScriptedServer) -> None:
    tls_server.expect(Exchange("GET", "/x", body=1))
    assert Client(KeptAliveTransport(validate_certs=False), tls_server.url).get("/x") == 1


def test_https_to_a_plain_http_port_says_so(server: ScriptedServer) -> None:
    with pytest.raises(TransportError, match="plain http"):
        Client(KeptAliveTransport(), server.url.replace("http:", "https:")).get("/x")


@pytest.mark.parametrize(("text", "words"), [(None, "cannot be read"), ("hello", "holds no PEM certificate")])
def test_a_bad_ca_path_is_told(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PrefectError, match=words):
        KeptAliveTransport(ca_path=str(path))


def test_a_proxy_of_the_environment_is_used(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url.removesuffix("/api"))
    server.expect(Exchange("GET", "http://prefect.example/api/x", body=1))
    assert Client(KeptAliveTransport(), "http://prefect.example/api").get("/x") == 1


def test_netrc_does_not_replace_the_credentials(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.expect(Exchange("GET", "/x", body=1, with_headers={"Authorization": "Bearer key"}))
    with_auth(server, api_key="key").get("/x")


def test_lists_are_read_page_by_page(client: Client, server: ScriptedServer) -> None:
    full, rest = [{"id": n} for n in range(200)], [{"id": 200}]
    server.expect(
        Exchange("POST", "/x/filter", body=full, sent={"sort": "A", "limit": 200, "offset": 0}),
        Exchange("POST", "/x/filter", body=rest, sent={"sort": "A", "limit": 200, "offset": 200}),
    )
    assert client.read_all("/x/filter", {"sort": "A"}) == full + rest


def test_a_write_in_check_mode_raises_and_sends_nothing(server: ScriptedServer) -> None:
    client = Client(KeptAliveTransport(), server.url, read_only=True)
    with pytest.raises(CheckModeWriteError):
        client.create("/x/", {})
    with pytest.raises(CheckModeWriteError):
        client.update("/x/1", {})
    with pytest.raises(CheckModeWriteError):
        client.delete("/x/1")
    server.expect(Exchange("POST", "/x/filter", body=[]))
    assert client.query("/x/filter") == []
    assert server.seen == [("POST", "/x/filter")]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("server:4200/api", "must be an http or https URL"),
        ("ftp://server/api", "must be an http or https URL"),
        ("http://", "must be an http or https URL"),
        ("http://server:port/api", "not a URL"),
        ("http://server/api?x=1", "without a query"),
    ],
)
def test_an_api_url_that_is_none_is_refused(url: str, words: str) -> None:
    with pytest.raises(PrefectError, match=words):
        _client.check_api_url(url)


def test_credentials_in_the_api_url_are_refused_and_not_repeated() -> None:
    with pytest.raises(PrefectError, match="api_auth_string") as caught:
        _client.check_api_url(f"http://user:{SECRET}@server/api")
    assert SECRET not in caught.value.message


def test_a_trailing_slash_of_the_api_url_is_dropped() -> None:
    assert _client.check_api_url("http://server:4200/api/") == "http://server:4200/api"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (SECRET, "no colon"),
        (f"üser:{SECRET}", "ASCII"),
        (f"user:{SECRET}\n1", "ASCII"),
        (f"'user:{SECRET}'", "quotation mark"),
        (f'"user:{SECRET}"', "quotation mark"),
        (f"user:{SECRET}\n", "white space"),
        (f" user:{SECRET}", "white space"),
    ],
)
def test_an_auth_string_that_cannot_be_right_is_refused_and_not_repeated(value: str, words: str) -> None:
    with pytest.raises(PrefectError, match=words) as caught:
        auth_headers(value)
    assert SECRET not in caught.value.message


@pytest.mark.parametrize("name", ["User-Agent", "prefect-csrf-token", "Content-Type", "a b", "", "x:y"])
def test_custom_headers_that_break_the_request_are_refused(name: str) -> None:
    with pytest.raises(PrefectError, match="custom_headers"):
        _client.check_custom_headers({name: SECRET}, authenticated=False)


def test_a_custom_header_cannot_inject_another() -> None:
    with pytest.raises(PrefectError, match="malformed") as caught:
        _client.check_custom_headers({"X-A": f"{SECRET}\r\nX-B: 1"}, authenticated=False)
    assert SECRET not in caught.value.message


def test_authorization_may_be_a_custom_header_when_nothing_else_makes_one() -> None:
    assert _client.check_custom_headers({"Authorization": "X", "N": 1}, False) == {"Authorization": "X", "N": "1"}
    with pytest.raises(PrefectError, match="together with"):
        _client.check_custom_headers({"Authorization": "X"}, authenticated=True)
