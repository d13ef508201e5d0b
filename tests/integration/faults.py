# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy in front of a real server that now and then does what bad wires, gateways and busy servers do."""

from __future__ import annotations

import http.client
import http.server
import socketserver
import threading
import typing as t
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.selfhosted.prefect.tests.integration.stack import Server

HTML = b"<!doctype html><html><head><title>Gateway</title></head><body>Something is in between</body></html>"


@dataclass
class Fault:
    """What happens to requests, instead of their answers or to them.

    :param method: Requests of that method; of any, if empty.
    :param path: Requests whose path ends so.
    :param times: How often; -1 is always.
    :param skip: How many such requests pass before.
    :param carried_out: Whether the server is asked nevertheless.
    :param status: Answered; 0 for the server's own answer.
    :param headers: Of the answer.
    :param body: Of the answer.
    :param keep: How many bytes of the answer's body are sent before the connection is cut; -1 for all.
    :param drop: Whether the connection is cut without an answer.
    """

    method: str = ""
    path: str = ""
    times: int = 1
    skip: int = 0
    carried_out: bool = False
    status: int = 0
    headers: t.Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    keep: int = -1
    drop: bool = False
    seen: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Count a request, and say whether it is struck."""
        if (self.method and method != self.method) or not path.endswith(self.path):
            return False
        self.seen += 1
        return self.seen > self.skip and (self.times < 0 or self.seen <= self.skip + self.times)


class FaultyProxy:
    """Passes requests on to the server ``behind``, and does what ``faults`` say; ``server`` is what clients see.

    :param server: The server behind it.
    """

    def __init__(self, server: Server) -> None:
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.before: t.Callable[[str, str], None] = lambda method, path: None
        self._lock = threading.Lock()
        proxy = self

        class Handler(_Handler):
            def handle_one(self) -> None:
                proxy.pass_on(self)

        class Listener(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request: t.Any, client_address: t.Any) -> None:
                """Say nothing of clients that hang up."""

        self._listener = Listener(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()
        self.behind = server
        path = urlsplit(server.url).path
        port = self._listener.server_address[1]
        self.server = Server(f"http://127.0.0.1:{port}{path}", server.container, server.auth_string)

    def close(self) -> None:
        """Take no more connections."""
        self._listener.shutdown()
        self._listener.server_close()

    def pass_on(self, handler: _Handler) -> None:
        """Answer one request."""
        length = int(handler.headers.get("Content-Length") or 0)
        data = handler.rfile.read(length) if length else None
        method, path = handler.command, handler.path
        with self._lock:
            self.requests.append((method, path))
            fault = next((one for one in self.faults if one.strikes(method, path)), None)
        self.before(method, path)
        answer: tuple[int, dict[str, str], bytes] = (502, {}, b"")
        if fault is None or fault.carried_out or not (fault.status or fault.drop):
            answer = self._ask(method, path, dict(handler.headers), data)
        if fault is None:
            handler.answer(*answer)
        elif fault.drop:
            handler.cut()
        else:
            status, headers, body = answer
            if fault.status:
                status, headers, body = fault.status, dict(fault.headers), fault.body
            handler.answer(status, headers, body, fault.keep)

    def _ask(
        self, method: str, path: str, headers: dict[str, str], data: bytes | None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.behind.url).netloc, timeout=60)
        try:
            connection.request(method, path, body=data, headers={**headers, "Connection": "close"})
            answer = connection.getresponse()
            kept = {
                name: value for name, value in answer.getheaders() if name.lower() in ("content-type", "retry-after")
            }
            return answer.status, kept, answer.read()
        except (OSError, http.client.HTTPException):
            # As a gateway says of a server that is away.
            return 502, {"Content-Type": "text/html"}, HTML
        finally:
            connection.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        """Answer."""
        self.handle_one()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def answer(self, status: int, headers: t.Mapping[str, str], body: bytes, keep: int = -1) -> None:
        """Send an answer, or the beginning of one."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if keep >= 0:
            self.wfile.write(body[:keep])
            self.wfile.flush()
            self.cut()
        elif body:
            self.wfile.write(body)

    def cut(self) -> None:
        """Close the connection, now."""
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002
        """Be quiet."""
