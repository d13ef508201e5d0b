# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kept connections, seen at the wire: every test has a real server on a socket of this machine."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _http
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError, TransportError
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import KeptAliveTransport, Response

if t.TYPE_CHECKING:
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TIMEOUT = 5.0


class Wire:
    """One connection as the server sees it."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.sock = sock
        self.number = number

    def request(self) -> bytes | None:
        """Return the next whole request, None when the client hung up."""
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = self.sock.recv(65536)
            if not chunk:
                return None
            data += chunk
        head, _blank, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        while len(body) < length:
            body += self.sock.recv(65536)
        return head + b"\r\n\r\n" + body

    def answer(self, data: bytes = OK) -> bytes | None:
        """Answer the next request and return it."""
        request = self.request()
        if request is not None:
            self.sock.sendall(data)
        return request

    def answer_all(self) -> None:
        """Answer until the client hangs up."""
        while self.answer() is not None:
            pass


class RawServer:
    """Lets a function play the server on each connection; ``wires`` are all that were made, ``heard`` all requests."""

    def __init__(self, play: t.Callable[[Wire], None], context: ssl.SSLContext | None = None) -> None:
        self.wires: list[Wire] = []
        self.heard: list[bytes] = []
        self._play = play
        self._context = context
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def close(self) -> None:
        """Stop; every connection must end by itself, so that none is left open by the client."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for thread in self._threads:
            thread.join(TIMEOUT)
            assert not thread.is_alive(), "a connection was left open"

    def _accept(self) -> None:
        while True:
            try:
                sock, _address = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            inside = self._context.wrap_socket(sock, server_side=True) if self._context else sock
            with inside:
                wire = _Hearing(inside, len(self.wires), self.heard)
                self.wires.append(wire)
                self._play(wire)


class _Hearing(Wire):
    def __init__(self, sock: socket.socket, number: int, heard: list[bytes]) -> None:
        super().__init__(sock, number)
        self._heard = heard

    def request(self) -> bytes | None:
        found = super().request()
        if found is not None:
            self._heard.append(found)
        return found


Serve = t.Callable[..., RawServer]


@pytest.fixture
def serve() -> t.Iterator[Serve]:
    """Start servers, and stop them at the end."""
    started: list[RawServer] = []

    def start(play: t.Callable[[Wire], None], context: ssl.SSLContext | None = None) -> RawServer:
        started.append(RawServer(play, context))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def transport() -> t.Iterator[KeptAliveTransport]:
    """Give a transport, closed before the servers stop."""
    made = KeptAliveTransport()
    yield made
    made.close()


def ask(transport: KeptAliveTransport, url: str, method: str = "GET", body: bytes | None = None) -> Response:
    return transport.send(method, url, {"Accept": "application/json"}, body, TIMEOUT)


def failure(transport: KeptAliveTransport, url: str, method: str = "GET", timeout: float = TIMEOUT) -> TransportError:
    with pytest.raises(TransportError) as caught:
        transport.send(method, url, {}, None if method == "GET" else b"{}", timeout)
    return caught.value


# Keeping


def test_one_connection_carries_many_requests(serve: Serve, transport: KeptAliveTransport) -> None:
    server = serve(Wire.answer_all)
    for _number in range(5):
        assert ask(transport, f"{server.url}/api/x?a=1", "POST", b"{}") == Response(200, {"content-length": "2"}, b"ok")
    assert len(server.wires) == 1
    assert {request.split(b"\r\n")[0] for request in server.heard} == {b"POST /api/x?a=1 HTTP/1.1"}


def test_head_and_body_leave_in_one_piece(serve: Serve, transport: KeptAliveTransport) -> None:
    pieces: list[bytes] = []

    def play(wire: Wire) -> None:
        pieces.append(wire.sock.recv(65536))
        wire.sock.sendall(OK)
        wire.sock.recv(1)

    ask(transport, serve(play).url, "POST", b'{"name": 1}')
    assert pieces[0].endswith(b'\r\n\r\n{"name": 1}')


def test_closing_closes_the_connection_and_the_next_request_opens_one(
    serve: Serve, transport: KeptAliveTransport
) -> None:
    ended = threading.Event()

    def play(wire: Wire) -> None:
        wire.answer_all()
        ended.set()

    server = serve(play)
    ask(transport, server.url)
    transport.close()
    assert ended.wait(TIMEOUT)
    ask(transport, server.url)
    assert len(server.wires) == 2


def test_each_server_has_connections_of_its_own(serve: Serve, transport: KeptAliveTransport) -> None:
    one, other = serve(Wire.answer_all), serve(Wire.answer_all)
    for server in (one, other, one, other):
        ask(transport, server.url)
    assert (len(one.heard), len(other.heard)) == (2, 2)
    assert (len(one.wires), len(other.wires)) == (1, 1)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nok",
    ],
    ids=["close", "http-1.0", "503", "500"],
)
def test_a_connection_that_the_server_gives_up_is_not_used_again(
    serve: Serve, transport: KeptAliveTransport, answer: bytes
) -> None:
    server = serve(lambda wire: (wire.answer(answer), wire.request())[0])
    for _number in range(3):
        assert ask(transport, server.url, "POST", b"{}").body == b"ok"
    assert [wire.number for wire in server.wires] == [0, 1, 2]


def test_a_body_without_length_ends_with_its_connection(serve: Serve, transport: KeptAliveTransport) -> None:
    server = serve(lambda wire: wire.answer(b"HTTP/1.1 200 OK\r\n\r\nall of it"))
    assert ask(transport, server.url).body == b"all of it"


def test_chunks_are_put_together_and_the_connection_is_kept(serve: Serve, transport: KeptAliveTransport) -> None:
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n6\r\n of it\r\n0\r\n\r\n"

    def play(wire: Wire) -> None:
        while wire.answer(chunks) is not None:
            pass

    server = serve(play)
    assert [ask(transport, server.url).body for _number in range(2)] == [b"all of it"] * 2
    assert len(server.wires) == 1


def test_an_answer_without_body_keeps_the_connection(serve: Serve, transport: KeptAliveTransport) -> None:
    def play(wire: Wire) -> None:
        while wire.answer(b"HTTP/1.1 204 No Content\r\n\r\n") is not None:
            pass

    server = serve(play)
    assert [ask(transport, server.url, "DELETE").status for _number in range(2)] == [204, 204]
    assert len(server.wires) == 1


# What dies


def test_a_connection_closed_while_idle_is_noticed_before_a_write_is_lost(
    serve: Serve, transport: KeptAliveTransport
) -> None:
    closed = threading.Event()

    def play(wire: Wire) -> None:
        wire.answer()
        wire.sock.close()
        closed.set()

    server = serve(play)
    for _number in range(3):
        closed.clear()
        assert ask(transport, server.url, "POST", b"{}").status == 200
        assert closed.wait(TIMEOUT)
    assert len(server.heard) == 3


def test_a_connection_idle_for_long_is_not_trusted(
    serve: Serve, transport: KeptAliveTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http, "_LONGEST_IDLE", 0.05)
    server = serve(Wire.answer_all)
    ask(transport, server.url)
    time.sleep(0.1)
    ask(transport, server.url)
    assert len(server.wires) == 2


def dies_at_the_second(wire: Wire) -> None:
    """Answer once; the connection's second request, if it is the first connection, is read and not answered."""
    wire.answer()
    if wire.number == 0:
        wire.request()
    else:
        wire.answer_all()


def test_a_read_that_meets_a_dying_connection_is_sent_again(serve: Serve, transport: KeptAliveTransport) -> None:
    server = serve(dies_at_the_second)
    ask(transport, server.url)
    assert ask(transport, server.url).body == b"ok"
    assert (len(server.wires), len(server.heard)) == (2, 3)


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_write_that_meets_a_dying_connection_is_not_sent_again(
    serve: Serve, transport: KeptAliveTransport, method: str
) -> None:
    server = serve(dies_at_the_second)
    ask(transport, server.url)
    assert failure(transport, server.url, method).kind == "dropped"
    assert (len(server.wires), len(server.heard)) == (1, 2)
    assert ask(transport, server.url, method, b"{}").status == 200


def test_a_read_on_a_new_connection_is_not_sent_again(serve: Serve, transport: KeptAliveTransport) -> None:
    server = serve(lambda wire: wire.request())
    error = failure(transport, server.url)
    assert (error.kind, len(server.heard)) == ("dropped", 1)
    assert error.message == f"GET {server.url}: the connection was closed before the answer was complete"


@pytest.mark.parametrize(
    "part",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
    ],
    ids=["length", "chunked"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_body_cut_off_is_no_answer(serve: Serve, transport: KeptAliveTransport, part: bytes, method: str) -> None:
    server = serve(lambda wire: wire.answer(part))
    assert failure(transport, server.url, method).kind == "dropped"
    assert len(server.heard) == 1


def test_a_server_that_stops_in_the_middle_is_a_timeout_and_its_connection_is_not_used_again(
    serve: Serve, transport: KeptAliveTransport
) -> None:
    def play(wire: Wire) -> None:
        if wire.number == 0:
            wire.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok")
            wire.request()
        else:
            wire.answer_all()

    server = serve(play)
    error = failure(transport, server.url, timeout=0.2)
    assert (error.kind, error.message) == ("timeout", f"GET {server.url}: no complete answer within 0.2 s")
    assert ask(transport, server.url).body == b"ok"


def test_each_request_has_a_timeout_of_its_own(serve: Serve, transport: KeptAliveTransport) -> None:
    def play(wire: Wire) -> None:
        wire.answer()
        if wire.request() is not None:
            wire.request()

    server = serve(play)
    ask(transport, server.url)
    assert "within 0.2 s" in failure(transport, server.url, "POST", timeout=0.2).message


def test_an_early_refusal_of_a_long_body_is_told_as_it_is(serve: Serve, transport: KeptAliveTransport) -> None:
    def play(wire: Wire) -> None:
        wire.sock.recv(1000)
        wire.sock.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        wire.sock.shutdown(socket.SHUT_WR)
        while wire.sock.recv(1 << 20):
            pass

    assert ask(transport, serve(play).url, "POST", b"x" * 20_000_000).status == 413


def test_a_page_of_html_is_returned_as_it_is(serve: Serve, transport: KeptAliveTransport) -> None:
    page = b"<html>502</html>"
    head = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
    answer = ask(transport, serve(lambda wire: wire.answer(head + page)).url)
    assert (answer.status, answer.headers["content-type"], answer.body) == (502, "text/html", page)


def test_what_is_not_http_is_told(serve: Serve, transport: KeptAliveTransport) -> None:
    assert failure(transport, serve(lambda wire: wire.answer(b"220 mail ready\r\n")).url).kind == "not_http"


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://127.0.0.1:1/a b", {}),
        ("http://127.0.0.1:1/ü", {}),
        ("http://127.0.0.1:99999/", {}),
        ("http://a..b/", {}),
        ("http://127.0.0.1:PORT/", {"X-Token": "hidden\n"}),
        ("http://127.0.0.1:PORT/", {"X-Token": "hidden€"}),
    ],
)
def test_what_http_cannot_carry_is_told_without_its_value(
    serve: Serve, transport: KeptAliveTransport, url: str, headers: dict[str, str]
) -> None:
    url = url.replace("PORT", str(serve(Wire.answer_all).port)).replace(":1/", f":{serve(Wire.answer_all).port}/")
    with pytest.raises(PrefectError) as caught:
        transport.send("GET", url, headers, None, TIMEOUT)
    assert not isinstance(caught.value, TransportError)
    assert caught.value.message == f"GET {url}: the URL or a header holds what HTTP does not allow there"


# Threads


def test_threads_share_a_transport_and_each_request_has_a_connection_alone(
    serve: Serve, transport: KeptAliveTransport
) -> None:
    def play(wire: Wire) -> None:
        while (request := wire.request()) is not None:
            name = request.split(b" ")[1]
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name))

    server = serve(play)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: ask(transport, f"{server.url}/{number}").body, range(400)))
    assert answers == [b"/%d" % number for number in range(400)]
    assert len(server.wires) <= 8


def test_threads_outlive_a_server_that_closes_after_every_few_answers(
    serve: Serve, transport: KeptAliveTransport
) -> None:
    def play(wire: Wire) -> None:
        for _number in range(3):
            wire.answer()

    server = serve(play)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _number: ask(transport, server.url).status, range(200)))
    assert answers == [200] * 200


# TLS


@pytest.fixture
def context(authority: Path) -> ssl.SSLContext:
    """Give the server's side of TLS, with a certificate that only the test's own authority vouches for."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(authority / "server.pem", authority / "server.key")
    return made


@pytest.fixture
def trusting(authority: Path) -> t.Iterator[KeptAliveTransport]:
    """Give a transport that trusts the test's own authority."""
    made = KeptAliveTransport(ca_path=str(authority / "ca.pem"))
    yield made
    made.close()


def test_connections_over_tls_are_kept(serve: Serve, trusting: KeptAliveTransport, context: ssl.SSLContext) -> None:
    server = serve(Wire.answer_all, context)
    for _number in range(5):
        assert ask(trusting, server.url, "POST", b"{}").status == 200
    assert len(server.wires) == 1


def test_a_tls_connection_closed_while_idle_is_noticed(
    serve: Serve, trusting: KeptAliveTransport, context: ssl.SSLContext
) -> None:
    closed = threading.Event()

    def play(wire: Wire) -> None:
        wire.answer()
        wire.sock.close()
        closed.set()

    server = serve(play, context)
    for _number in range(3):
        closed.clear()
        assert ask(trusting, server.url, "POST", b"{}").status == 200
        assert closed.wait(TIMEOUT)


def test_a_tls_connection_that_ends_without_an_answer_is_dropped(
    serve: Serve, trusting: KeptAliveTransport, context: ssl.SSLContext
) -> None:
    error = failure(trusting, serve(lambda wire: wire.request(), context).url)
    assert (error.kind, "before the answer was complete" in error.message) == ("dropped", True)


def test_a_tls_handshake_cut_off_is_dropped(serve: Serve, trusting: KeptAliveTransport) -> None:
    server = serve(lambda wire: wire.sock.recv(100_000))
    assert failure(trusting, server.url.replace("http:", "https:")).kind == "dropped"


# Proxies of the environment


def no_answer(_wire: Wire) -> None:
    raise AssertionError("this server must not be asked")


def test_http_goes_through_a_proxy_whole_with_credentials_and_over_one_connection(
    serve: Serve, transport: KeptAliveTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(Wire.answer_all)
    monkeypatch.setenv("http_proxy", f"http://us%40er:pass@127.0.0.1:{proxy.port}/")
    for _number in range(2):
        ask(transport, "http://prefect.example:4200/api/x?a=1")
    request = proxy.heard[1].split(b"\r\n")
    assert request[0] == b"GET http://prefect.example:4200/api/x?a=1 HTTP/1.1"
    assert b"Host: prefect.example:4200" in request
    assert b"Proxy-Authorization: Basic dXNAZXI6cGFzcw==" in request
    assert len(proxy.wires) == 1


def tunnel(port: int) -> t.Callable[[Wire], None]:
    """Return a proxy that lets everything through to a port of this machine."""

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)

    def play(wire: Wire) -> None:
        wire.request()
        with socket.create_connection(("127.0.0.1", port)) as inside:
            wire.sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=copy, args=(inside, wire.sock))
            back.start()
            copy(wire.sock, inside)
            back.join()

    return play


def test_https_goes_through_a_tunnel_that_alone_sees_the_proxys_credentials(
    serve: Serve, trusting: KeptAliveTransport, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(Wire.answer_all, context)
    proxy = serve(tunnel(server.port))
    monkeypatch.setenv("https_proxy", f"http://user:pass@127.0.0.1:{proxy.port}")
    for _number in range(3):
        assert ask(trusting, f"{server.url}/api/x").status == 200
    assert proxy.heard[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1." % server.port)
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNz" in proxy.heard[0]
    assert server.heard[0].startswith(b"GET /api/x HTTP/1.1")
    assert b"Proxy-Authorization" not in server.heard[0]
    assert (len(proxy.wires), len(server.wires)) == (1, 1)


def test_no_proxy_goes_straight(serve: Serve, transport: KeptAliveTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", serve(no_answer).url)
    monkeypatch.setenv("no_proxy", "elsewhere.example,127.0.0.1")
    assert ask(transport, serve(Wire.answer_all).url).status == 200


def test_a_tunnel_that_is_refused_is_the_proxys_error(
    serve: Serve, trusting: KeptAliveTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(lambda wire: wire.answer(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))
    monkeypatch.setenv("https_proxy", proxy.url)
    error = failure(trusting, "https://prefect.example/api")
    assert (error.kind, "407 Proxy Authentication Required" in error.message) == ("proxy", True)


def test_a_proxy_that_asks_for_credentials_is_the_proxys_error(
    serve: Serve, transport: KeptAliveTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(lambda wire: wire.answer(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"))
    monkeypatch.setenv("http_proxy", proxy.url)
    error = failure(transport, "http://prefect.example/api")
    assert (error.kind, "HTTP 407 Who are you" in error.message) == ("proxy", True)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "proxy", ["http://user:hunter2@127.0.0.1:CLOSED", "user:hunter2@no-such-host.invalid:3128"], ids=["port", "name"]
)
def test_a_proxy_that_is_not_there_says_nothing_about_the_server(
    transport: KeptAliveTransport, monkeypatch: pytest.MonkeyPatch, scheme: str, proxy: str
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv(f"{scheme}_proxy", proxy.replace("CLOSED", str(free.getsockname()[1])))
    error = failure(transport, f"{scheme}://prefect.example/api")
    assert error.kind == "proxy"
    assert "the proxy of the environment" in error.message
    assert "hunter2" not in error.message


@pytest.mark.parametrize("proxy", ["socks5://user:hunter2@127.0.0.1:1", "http://127.0.0.1:hunter2", "http://"])
def test_a_proxy_that_cannot_be_used_is_told_by_its_variable(
    transport: KeptAliveTransport, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    error = failure(transport, "http://prefect.example/api")
    assert (error.kind, "http_proxy" in error.message, "hunter2" in error.message) == ("proxy", True, False)
