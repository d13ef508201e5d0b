# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP over connections that are kept for the next request (private: not for use outside this collection).

Sends one request, returns one answer, knows nothing of Prefect. Only Python's own ``http.client``, because a module can
count on nothing else where it runs. Redirects are not followed, because that would carry credentials elsewhere; a
3xx is returned like any other answer. ``netrc`` is not read, because it would replace the credentials of the task.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import http.client
import select
import socket
import ssl
import threading
import time
import typing as t
import urllib.parse
import urllib.request
from dataclasses import dataclass

from ansible.module_utils.urls import make_context

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError, TransportError

_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL})

_NOT_THERE = frozenset({"refused", "unresolved", "unreachable"})

_QUICKACK: t.Optional[int] = getattr(socket, "TCP_QUICKACK", None)

_LONGEST_IDLE = 4.0
"""Seconds after which a connection is not used again. Prefect closes at 5; a request sent just then would be lost."""

_HARMLESS = frozenset({"GET", "HEAD"})
"""Methods that may be sent twice without asking anybody."""


@dataclass(frozen=True)
class Response:
    """One HTTP answer.

    :param status: The HTTP status.
    :param headers: The headers, names in lower case.
    :param body: The whole body.
    """

    status: int
    headers: t.Mapping[str, str]
    body: bytes


class Transport(t.Protocol):
    """What the client needs of HTTP; tests may bring their own."""

    def send(
        self, method: str, url: str, headers: t.Mapping[str, str], body: t.Optional[bytes], timeout: float
    ) -> Response:
        """Send one request and return its answer, whatever its status.

        :raises TransportError: No complete HTTP answer came back.
        """


class _Connection(http.client.HTTPConnection):
    """A connection that sends head and body of a request in one piece, so in one packet where they fit."""

    _pieces: t.Optional[t.List[bytes]] = None

    def send(self, data: t.Any) -> None:
        """Send, or put aside while ``request`` puts the pieces together."""
        if self._pieces is None:
            super().send(data)
        else:
            self._pieces.append(data)

    def exchange(
        self, method: str, target: str, body: t.Optional[bytes], headers: t.Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """Send a request over the open connection and return the answer's head."""
        pieces: t.List[bytes] = []
        self._pieces = pieces
        try:
            self.request(method, target, body=body, headers=dict(headers))
        finally:
            self._pieces = None
        # A server that does not want the whole body may have answered before it hung up.
        with contextlib.suppress(BrokenPipeError):
            self.send(b"".join(pieces))
        if _QUICKACK is not None:
            # A server that waits for the acknowledgement of the head before it sends the body, as Prefect does with
            # several --workers, would wait 40 ms. Linux forgets the option, so it is set for each answer.
            self.sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        return self.getresponse()


class _TlsConnection(_Connection, http.client.HTTPSConnection):
    """The same over TLS."""


class _ProxyError(OSError):
    """The proxy of the environment cannot be used or refuses."""


class _Proxy(t.NamedTuple):
    """A proxy of the environment.

    :param tls: Whether the proxy itself is spoken to over TLS.
    :param headers: What the proxy must be told: the credentials, if any.
    """

    host: str
    port: t.Optional[int]
    tls: bool
    headers: t.Dict[str, str]

    @property
    def name(self) -> str:
        """What an error calls it, without credentials."""
        return self.host if self.port is None else f"{self.host}:{self.port}"


class _Server:
    """How one server is reached, and the connections to it that nobody uses.

    :param parts: A URL of the server.
    :param context: Gives the TLS context.
    :raises _ProxyError: The environment names a proxy that cannot be used.
    :raises ValueError: The URL's port is no port.
    """

    def __init__(self, parts: urllib.parse.SplitResult, context: t.Callable[[], ssl.SSLContext]) -> None:
        self._tls = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._context = context
        self._lock = threading.Lock()
        # With the time of their last use. The last is taken first, so that those too many grow old.
        self._idle: t.List[t.Tuple[_Connection, float]] = []
        self.proxy = _find_proxy(parts)

    @property
    def absolute(self) -> bool:
        """Whether a proxy must be told the whole URL of a request, since there is no tunnel to the server."""
        return self.proxy is not None and not self._tls

    def take(self, timeout: float) -> t.Optional[_Connection]:
        """Return an idle connection that is still good, or None."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection, since = self._idle.pop()
            if time.monotonic() - since < _LONGEST_IDLE and not _closed(connection.sock):
                connection.sock.settimeout(timeout)
                return connection
            connection.close()

    def keep(self, connection: _Connection) -> None:
        """Give a connection back after a complete answer."""
        with self._lock:
            self._idle.append((connection, time.monotonic()))

    def connect(self, timeout: float) -> _Connection:
        """Return a new connection, through the proxy if there is one; the caller translates what it raises."""
        host, port = (self.proxy.host, self.proxy.port) if self.proxy else (self._host, self._port)
        connection: _Connection
        if self._tls or (self.proxy and self.proxy.tls):
            connection = _TlsConnection(host, port, timeout=timeout, context=self._context())
        else:
            connection = _Connection(host, port, timeout=timeout)
        if self.proxy and self._tls:
            connection.set_tunnel(self._host, self._port, self.proxy.headers)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _since in idle:
            connection.close()


class KeptAliveTransport:
    """A transport that keeps connections for the next request. Threads may share it; each request has one alone.

    The proxies of the environment apply (``http_proxy``, ``https_proxy``, ``no_proxy``).

    :param validate_certs: Whether the server's certificate must be trusted.
    :param ca_path: PEM file of the certificate authorities to trust instead of the system's.
    :raises PrefectError: ``ca_path`` cannot be read or holds no certificate.
    """

    def __init__(self, validate_certs: bool = True, ca_path: t.Optional[str] = None) -> None:
        self._lock = threading.Lock()
        self._servers: t.Dict[t.Tuple[str, str], _Server] = {}
        self._context: t.Optional[ssl.SSLContext] = None
        self._ca_path = ca_path
        self._validate_certs = validate_certs
        if ca_path and validate_certs:
            try:
                with open(ca_path, encoding="utf-8", errors="replace") as handle:
                    text = handle.read()
            except OSError as exc:
                raise PrefectError(f"ca_path {ca_path} cannot be read: {exc.strerror or exc}") from exc
            if "-----BEGIN CERTIFICATE-----" not in text:
                raise PrefectError(f"ca_path {ca_path} holds no PEM certificate (no BEGIN CERTIFICATE line)")

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that nobody uses. The transport stays usable."""
        for server in list(self._servers.values()):
            server.close()

    def send(
        self, method: str, url: str, headers: t.Mapping[str, str], body: t.Optional[bytes], timeout: float
    ) -> Response:
        """Send one request; see ``Transport.send``."""
        server: t.Optional[_Server] = None
        connected = False
        try:
            parts = urllib.parse.urlsplit(url)
            server = self._server(parts)
            kept = server.take(timeout)
            if kept is not None:
                connected = True
                try:
                    return _exchange(server, kept, method, parts, headers, body)
                except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                    # The server closed it at this very moment. Whether it saw the request, nobody knows.
                    if method not in _HARMLESS:
                        raise
            connected = False
            fresh = server.connect(timeout)
            connected = True
            return _exchange(server, fresh, method, parts, headers, body)
        except Exception as exc:
            proxy = server.proxy.name if server is not None and server.proxy else None
            raise _transport_error(exc, method, url, timeout, connected, proxy) from exc

    def _server(self, parts: urllib.parse.SplitResult) -> _Server:
        place = (parts.scheme, parts.netloc)
        with self._lock:
            if place not in self._servers:
                self._servers[place] = _Server(parts, self._tls_context)
            return self._servers[place]

    def _tls_context(self) -> ssl.SSLContext:
        """Return the TLS context, made once: reading the system's authorities for each connection is slow."""
        with self._lock:
            if self._context is None:
                try:
                    self._context = make_context(cafile=self._ca_path, validate_certs=self._validate_certs)
                except (ssl.SSLError, OSError, ValueError) as exc:
                    raise PrefectError(f"ca_path {self._ca_path} holds no usable PEM certificate: {exc}") from exc
            return self._context


def _exchange(
    server: _Server,
    connection: _Connection,
    method: str,
    parts: urllib.parse.SplitResult,
    headers: t.Mapping[str, str],
    body: t.Optional[bytes],
) -> Response:
    """Send a request over a connection and read the whole answer; then keep the connection where that is allowed."""
    target = parts._replace(fragment="")
    if server.absolute:
        headers = {**headers, **(server.proxy.headers if server.proxy else {})}
    else:
        target = target._replace(scheme="", netloc="", path=parts.path or "/")
    try:
        answer = connection.exchange(method, target.geturl(), body, headers)
        # A half-sent body raises; it must not pass for a short one.
        response = Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    except BaseException:
        connection.close()
        raise
    # After a 500 or 503 Prefect closes without saying so.
    if answer.will_close or response.status >= 500:
        connection.close()
    else:
        server.keep(connection)
    if response.status == 407 and server.absolute:
        raise _ProxyError(f"HTTP 407 {answer.reason}")
    return response


def _closed(sock: t.Any) -> bool:
    """Whether the other side closed an idle connection. Between requests it has nothing else to say."""
    if sock is None:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _find_proxy(parts: urllib.parse.SplitResult) -> t.Optional[_Proxy]:
    """Return the proxy that the environment names for a URL, if any.

    :raises _ProxyError: It cannot be used.
    """
    url = urllib.request.getproxies().get(parts.scheme)
    if not url or urllib.request.proxy_bypass(parts.netloc):
        return None
    variable = f"{parts.scheme}_proxy"
    try:
        proxy = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        host, port = proxy.hostname, proxy.port
    except ValueError as exc:
        raise _ProxyError(f"{variable} is not a URL") from exc
    if proxy.scheme not in ("http", "https") or not host:
        raise _ProxyError(f"{variable} must be a URL such as http://proxy:3128")
    headers: t.Dict[str, str] = {}
    if proxy.username is not None and proxy.password is not None:
        pair = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password)}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii")
    # A tunnel begins in plain HTTP even where the proxy is called https, as with urllib.
    return _Proxy(host, port, proxy.scheme == "https" and parts.scheme == "http", headers)


def _transport_error(
    exc: Exception, method: str, url: str, timeout: float, connected: bool, proxy: t.Optional[str]
) -> PrefectError:
    """Translate what http.client, ssl and the socket raise into one error with a reason.

    :param connected: Whether the connection stood before.
    :param proxy: The name of the proxy between, if any.
    """
    if isinstance(exc, PrefectError):
        return exc
    where = f"{method} {url}"
    if isinstance(exc, _ProxyError) or "Tunnel connection failed" in str(exc):
        return TransportError("proxy", f"{where}: the proxy of the environment did not let it through ({exc})")
    error = _reason(exc, where, timeout, connected)
    if proxy and not connected and isinstance(error, TransportError) and error.kind in _NOT_THERE:
        # It says nothing about the server.
        return TransportError("proxy", f"{where}: the proxy of the environment, {proxy}, cannot be reached ({exc})")
    return error


def _reason(exc: Exception, where: str, timeout: float, connected: bool) -> PrefectError:
    if isinstance(exc, ConnectionRefusedError):
        return TransportError("refused", f"{where}: connection refused, nothing listens there")
    if isinstance(exc, socket.gaierror):
        return TransportError("unresolved", f"{where}: the host name does not resolve ({exc.strerror or exc})")
    if isinstance(exc, ssl.SSLCertVerificationError):
        return TransportError(
            "tls",
            f"{where}: the server's TLS certificate is not trusted ({exc.verify_message or exc}). If a private"
            " certificate authority signed it, name its PEM file in ca_path",
        )
    if isinstance(exc, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) and not connected:
        return TransportError("dropped", f"{where}: the connection was closed during the TLS handshake")
    if isinstance(
        exc, (ConnectionError, http.client.IncompleteRead, EOFError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
    ):
        return TransportError("dropped", f"{where}: the connection was closed before the answer was complete")
    if isinstance(exc, (TimeoutError, socket.timeout)):
        return TransportError("timeout", f"{where}: no complete answer within {timeout:g} s")
    if isinstance(exc, ssl.SSLError):
        return TransportError(
            "tls",
            f"{where}: TLS failed ({exc.reason or exc}). Does the server speak https on this port, or plain http?",
        )
    if isinstance(exc, (http.client.InvalidURL, ValueError)):
        # Without its words, which may hold a header's value.
        return PrefectError(f"{where}: the URL or a header holds what HTTP does not allow there")
    if isinstance(exc, http.client.BadStatusLine):
        return TransportError(
            "not_http", f"{where}: what answers does not speak HTTP. Is it https, or another service?"
        )
    if isinstance(exc, http.client.HTTPException):
        return TransportError("dropped", f"{where}: the answer is not valid HTTP ({type(exc).__name__})")
    if isinstance(exc, OSError) and exc.errno in _UNREACHABLE:
        return TransportError("unreachable", f"{where}: the host cannot be reached ({exc.strerror})")
    return TransportError("unreachable", f"{where}: {type(exc).__name__}: {exc}")
