# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a websocket may answer at the log-in, byte by byte."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import socket
import struct
import threading
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.plugins.module_utils._websocket import log_in

SUCCESS = b'{"type": "auth_success"}'
CLOSED = struct.pack(">H", 1008) + b"Invalid token"


def frame(kind: int, payload: bytes) -> bytes:
    """Return a frame of a server."""
    size = bytes([len(payload)]) if len(payload) < 126 else struct.pack(">BH", 126, len(payload))
    return bytes([0x80 | kind]) + size + payload


class Answering:
    """A server that takes one connection and answers as told."""

    def __init__(self, head: bytes, *frames: bytes) -> None:
        self._head, self._frames = head, frames
        self.asked = b""
        self.token: t.Any = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/api/events/in"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _address = self._listener.accept()
        with self._listener, connection:
            while b"\r\n\r\n" not in self.asked:
                self.asked += connection.recv(4096)
            (key,) = re.findall(rb"Sec-WebSocket-Key: (\S+)", self.asked)
            proof = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324
            connection.sendall(self._head.replace(b"PROOF", proof))
            if b" 101 " not in self._head:
                return
            # Who got what it did not want hangs up.
            with contextlib.suppress(OSError, ValueError):
                first, second = connection.recv(2, socket.MSG_WAITALL)
                mask = connection.recv(4, socket.MSG_WAITALL)
                masked = connection.recv(second & 0x7F, socket.MSG_WAITALL)
                text = bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))
                self.token = json.loads(text)["token"] if (first, second & 0x80) == (0x81, 0x80) else None
                connection.sendall(b"".join(self._frames))
                connection.recv(4096)

    def ended(self) -> Answering:
        """Wait until all was said."""
        self._thread.join(5)
        return self


UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nsec-websocket-accept: PROOF\r\n\r\n"


def test_it_logs_in_as_prefect_s_clients_do() -> None:
    server = Answering(UPGRADE, frame(9, b"still there?"), frame(1, SUCCESS.ljust(300)))
    log_in(server.url, "admin:secret", None, 5)
    server.ended()
    assert server.token == "admin:secret"
    assert b"GET /api/events/in HTTP/1.1\r\n" in server.asked
    assert b"Sec-WebSocket-Protocol: prefect\r\n" in server.asked
    assert b"secret" not in server.asked


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "no websocket, but HTTP 400 Bad Request"),
        ([b"HTTP/1.1 200 OK\r\n\r\n"], "must pass on Upgrade"),
        ([b"HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: x\r\n\r\n"], "something answers that is no websocket"),
        ([UPGRADE, frame(8, CLOSED)], "closed the websocket at the log-in (Invalid token)"),
        ([UPGRADE, frame(1, b"[]")], "did not take the credentials"),
        ([UPGRADE, frame(1, b"{")], "the websocket failed (JSONDecodeError"),
        ([UPGRADE, b"\x81\x7f" + struct.pack(">Q", 1 << 40)], "an answer that is too long"),
        ([UPGRADE, b"\x81"], "the websocket failed"),
    ],
)
def test_what_does_not_log_in_is_told_without_the_credentials(answer: list[bytes], words: str) -> None:
    server = Answering(*answer)
    with pytest.raises(PrefectError) as told:
        log_in(server.url, "admin:secret", None, 5)
    assert words in told.value.message
    assert told.value.message.startswith(server.url.replace("http:", "ws:", 1))
    assert "secret" not in told.value.message


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/api/events/in"
    with pytest.raises(PrefectError, match="ConnectionRefusedError"):
        log_in(url, "", None, 5)
