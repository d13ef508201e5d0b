# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of a websocket as it takes to log in to Prefect's (private: not for use outside this collection).

A handshake, one text each way, and the end (RFC 6455), with nothing but Python's own modules. Proxies of the environment are not used.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import ssl
import struct
import typing as t
import urllib.parse

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError

_KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_LARGEST = 1 << 20
"""Bytes of an answer that is still read."""


def log_in(url: str, token: str, context: t.Optional[ssl.SSLContext], timeout: float) -> None:
    """Open a websocket of Prefect's API and log in as its clients do (server/utilities/subscriptions.py).

    :param url: The websocket's URL with the scheme http or https.
    :param token: The auth string; empty where the server asks for none.
    :param context: How TLS is verified.
    :param timeout: Seconds for each step.
    :raises PrefectError: It did not come to that, with the reason and without the token.
    """
    parts = urllib.parse.urlsplit(url)
    host, tls = parts.hostname or "", parts.scheme == "https"
    shown = parts._replace(scheme="wss" if tls else "ws").geturl()
    try:
        with socket.create_connection((host, parts.port or (443 if tls else 80)), timeout) as plain:
            stream = context.wrap_socket(plain, server_hostname=host) if tls and context else plain
            with stream:
                _shake_hands(stream, parts)
                _send(stream, _TEXT, json.dumps({"type": "auth", "token": token or None}).encode("utf-8"))
                answer = _receive(stream)
                _send(stream, _CLOSE, struct.pack(">H", 1000))
    except _RefusedError as exc:
        raise PrefectError(f"{shown}: {exc}") from exc
    except (OSError, EOFError, ValueError) as exc:
        raise PrefectError(f"{shown}: the websocket failed ({type(exc).__name__}: {exc})") from exc
    if answer.get("type") != "auth_success":
        raise PrefectError(f"{shown}: the websocket opened, but did not take the credentials")


class _RefusedError(Exception):
    """The other side said no."""


def _shake_hands(stream: socket.socket, parts: urllib.parse.SplitResult) -> None:
    key = base64.b64encode(os.urandom(16)).decode("ascii")
    lines = [
        f"GET {parts.path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        # Without it a server that has authentication refuses.
        "Sec-WebSocket-Protocol: prefect",
    ]
    stream.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    head = b""
    while b"\r\n\r\n" not in head:
        head += _some(stream, 1)
    status, *headers = head.decode("latin-1").split("\r\n")
    if " 101 " not in status + " ":
        said = " ".join(status.split()[1:])
        raise _RefusedError(f"no websocket, but HTTP {said}. A proxy between must pass on Upgrade and Connection")
    wanted = base64.b64encode(hashlib.sha1((key + _KEY_SUFFIX).encode("ascii")).digest()).decode("ascii")  # noqa: S324
    values = [line.partition(":")[2].strip() for line in headers if line.lower().startswith("sec-websocket-accept:")]
    if values != [wanted]:
        raise _RefusedError("something answers that is no websocket")


def _some(stream: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = stream.recv(count - len(data))
        if not more:
            raise EOFError("the connection was closed")
        data += more
    return data


def _send(stream: socket.socket, kind: int, payload: bytes) -> None:
    """Send one frame, masked as a client must."""
    mask = os.urandom(4)
    size = len(payload)
    length = struct.pack(">B", 0x80 | size) if size < 126 else struct.pack(">BH", 0x80 | 126, size)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    stream.sendall(struct.pack(">B", 0x80 | kind) + length + mask + masked)


def _receive(stream: socket.socket) -> t.Dict[str, t.Any]:
    """Return the next text, which is an object of JSON."""
    while True:
        first, second = _some(stream, 2)
        kind, size = first & 0x0F, second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", _some(stream, 2))
        elif size == 127:
            (size,) = struct.unpack(">Q", _some(stream, 8))
        if size > _LARGEST:
            raise ValueError("an answer that is too long")
        payload = _some(stream, size)
        if kind == _PING:
            _send(stream, _PONG, payload)
        elif kind == _CLOSE:
            reason = payload[2:].decode("utf-8", "replace")
            raise _RefusedError(f"the server closed the websocket at the log-in{f' ({reason})' if reason else ''}")
        elif kind == _TEXT:
            answer = json.loads(payload.decode("utf-8"))
            return answer if isinstance(answer, dict) else {}
