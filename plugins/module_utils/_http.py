# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP over Ansible's own ``urls`` helper (private: not for use outside this collection).

Sends one request, returns one answer, knows nothing of Prefect. Redirects are not followed, because that would carry
credentials to another place; a 3xx is returned like any other answer.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import typing as t
import urllib.error
from dataclasses import dataclass

from ansible.module_utils.urls import ProxyError, Request, SSLValidationError, make_context

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError, TransportError

_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL})


@dataclass(frozen=True)
class Response:
    """One HTTP answer.

    :param status: The HTTP status.
    :param headers: The headers, names in lower case.
    :param body: The whole body, decompressed.
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


class UrlsTransport:
    """A transport over ``ansible.module_utils.urls``; proxies of the environment apply.

    :param validate_certs: Whether the server's certificate must be trusted.
    :param ca_path: PEM file of the certificate authorities to trust instead of the system's.
    :raises PrefectError: ``ca_path`` cannot be read or holds no certificate.
    """

    def __init__(self, validate_certs: bool = True, ca_path: t.Optional[str] = None) -> None:
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
        # netrc would silently replace the credentials of the task.
        self._request = Request(follow_redirects="none", use_netrc=False)
        self._context: t.Optional[ssl.SSLContext] = None

    def send(
        self, method: str, url: str, headers: t.Mapping[str, str], body: t.Optional[bytes], timeout: float
    ) -> Response:
        """Send one request; see ``Transport.send``."""
        try:
            answer = self._request.open(
                method, url, data=body, headers=dict(headers), timeout=timeout, context=self._tls_context()
            )
        except urllib.error.HTTPError as exc:
            return _read(exc, method, url)
        except Exception as exc:
            raise _transport_error(exc, method, url, timeout) from exc
        return _read(answer, method, url)

    def _tls_context(self) -> ssl.SSLContext:
        """Return the TLS context, made once: reading the system's authorities for each request is slow."""
        if self._context is None:
            try:
                self._context = make_context(cafile=self._ca_path, validate_certs=self._validate_certs)
            except (ssl.SSLError, OSError, ValueError) as exc:
                raise PrefectError(f"ca_path {self._ca_path} holds no usable PEM certificate: {exc}") from exc
        return self._context


def _read(answer: t.Any, method: str, url: str) -> Response:
    """Read the whole answer; a half-sent one is an error, not a short body."""
    try:
        with answer:
            body = answer.read()
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(status=answer.status, headers=headers, body=body)
    except Exception as exc:
        raise _transport_error(exc, method, url, None) from exc


def _transport_error(exc: BaseException, method: str, url: str, timeout: t.Optional[float]) -> Exception:
    """Translate what urllib, http.client, ssl and the socket raise into one error with a reason."""
    if isinstance(exc, PrefectError):
        return exc
    cause: t.Any = exc
    if isinstance(exc, urllib.error.URLError) and isinstance(exc.reason, BaseException):
        cause = exc.reason
    where = f"{method} {url}"
    if isinstance(cause, ConnectionRefusedError):
        return TransportError("refused", f"{where}: connection refused, nothing listens there")
    if isinstance(cause, socket.gaierror):
        return TransportError("unresolved", f"{where}: the host name does not resolve ({cause.strerror or cause})")
    if isinstance(cause, (ssl.SSLCertVerificationError, SSLValidationError)):
        reason = getattr(cause, "verify_message", "") or str(cause)
        return TransportError(
            "tls",
            f"{where}: the server's TLS certificate is not trusted ({reason}). If a private certificate authority"
            " signed it, name its PEM file in ca_path",
        )
    if isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return TransportError("dropped", f"{where}: the connection was closed during the TLS handshake")
    if isinstance(cause, ssl.SSLError):
        return TransportError(
            "tls",
            f"{where}: TLS failed ({cause.reason or cause}). Does the server speak https on this port, or plain http?",
        )
    if isinstance(cause, (TimeoutError, socket.timeout)):
        seconds = f" within {timeout:g} s" if timeout is not None else ""
        return TransportError("timeout", f"{where}: no complete answer{seconds}")
    if isinstance(cause, (ConnectionError, http.client.IncompleteRead, EOFError)):
        return TransportError("dropped", f"{where}: the connection was closed before the answer was complete")
    if isinstance(cause, http.client.BadStatusLine):
        return TransportError(
            "not_http", f"{where}: what answers does not speak HTTP. Is it https, or another service?"
        )
    if isinstance(cause, http.client.HTTPException):
        return TransportError("dropped", f"{where}: the answer is not valid HTTP ({type(cause).__name__})")
    if isinstance(cause, ProxyError) or "Tunnel connection failed" in str(cause):
        return TransportError("proxy", f"{where}: the proxy of the environment did not let it through ({cause})")
    if isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
        return TransportError("unreachable", f"{where}: the host cannot be reached ({cause.strerror})")
    return TransportError("unreachable", f"{where}: {type(cause).__name__}: {cause}")
