# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP server on this machine that follows a script: each request must be the next one expected."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
import typing as t
from dataclasses import dataclass, field

ANYTHING = object()


@dataclass
class Exchange:
    """One expected request, and what is answered.

    :param sent: The JSON body the request must have; anything by default.
    :param with_headers: Headers it must have; None as a value means it must not have it.
    :param body: The answer's body: bytes as they are, anything else as JSON, None for an empty one.
    :param fault: ``drop`` closes the connection without an answer, ``half`` in the middle of one.
    """

    method: str
    path: str
    status: int = 200
    body: t.Any = None
    headers: t.Mapping[str, str] = field(default_factory=dict)
    sent: t.Any = ANYTHING
    with_headers: t.Mapping[str, str | None] = field(default_factory=dict)
    fault: str = ""


class ScriptedServer:
    """The server; ``url`` is its API's base URL."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.script: list[Exchange] = []
        self.seen: list[tuple[str, str]] = []
        self.complaints: list[str] = []
        self.requests: list[dict[str, str]] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                server._answer(self)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

            def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002  the base class calls it so
                """Stay quiet."""

        class Quiet(http.server.HTTPServer):
            def handle_error(self, request: t.Any, client_address: t.Any) -> None:
                """Stay quiet about clients that hang up, as those do that distrust the certificate."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}/api"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def expect(self, *exchanges: Exchange) -> None:
        """Add to the script."""
        self.script.extend(exchanges)

    def close(self) -> None:
        """Stop, and fail unless the script was followed to its end."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        assert not self.complaints, self.complaints
        assert not self.script, f"expected but never sent: {[(e.method, e.path) for e in self.script]}"

    def _answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        received = handler.rfile.read(length)
        path = handler.path.removeprefix("/api")
        self.seen.append((handler.command, path))
        self.requests.append({name.lower(): value for name, value in handler.headers.items()})
        if not self.script:
            self.complaints.append(f"unexpected: {handler.command} {path}")
            handler.send_error(500)
            return
        expected = self.script.pop(0)
        self._compare(expected, handler, path, received)
        if expected.fault == "drop":
            return
        body = expected.body
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        handler.send_response(expected.status)
        for name, value in expected.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data) + (50 if expected.fault == "half" else 0)))
        handler.end_headers()
        handler.wfile.write(data)

    def _compare(
        self, expected: Exchange, handler: http.server.BaseHTTPRequestHandler, path: str, received: bytes
    ) -> None:
        if (handler.command, path) != (expected.method, expected.path):
            self.complaints.append(f"{handler.command} {path} instead of {expected.method} {expected.path}")
        if expected.sent is not ANYTHING:
            sent = json.loads(received) if received else None
            if sent != expected.sent:
                self.complaints.append(f"{handler.command} {path} sent {sent!r} instead of {expected.sent!r}")
        for name, value in expected.with_headers.items():
            if handler.headers.get(name) != value:
                self.complaints.append(
                    f"{handler.command} {path} with {name}: {handler.headers.get(name)}, not {value}"
                )
