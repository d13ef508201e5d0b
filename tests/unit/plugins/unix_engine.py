# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP server on a Unix socket, where an engine would be."""

from __future__ import annotations

import socketserver
import threading
import typing as t
from http.server import BaseHTTPRequestHandler
from pathlib import Path


class UnixEngine(socketserver.ThreadingUnixStreamServer):
    """Answers every request alike, or hangs up.

    :param path: Its socket.
    :param status: The status of all answers; with 0 there is none.
    :param body: Their body.
    """

    daemon_threads = True

    def __init__(self, path: Path, status: int, body: bytes) -> None:
        self.status = status
        self.body = body
        self.requests: list[str] = []
        """What was asked, as method and path."""
        super().__init__(str(path), _Answer)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Answer(BaseHTTPRequestHandler):
    """One answer."""

    def answer(self) -> None:
        assert isinstance(self.server, UnixEngine)
        self.server.requests.append(f"{self.command} {self.path}")
        if self.server.status:
            self.send_response(self.server.status)
            self.send_header("Content-Length", str(len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)

    do_GET = do_POST = do_DELETE = answer

    def address_string(self) -> str:
        # A client of a Unix socket has no address.
        return "-"

    def log_message(self, *_arguments: t.Any) -> None:
        """Print nothing."""
