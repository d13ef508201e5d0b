# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate that a service shows on the wire (private: not for use outside this collection).

Needs nothing but Python: the module ``certificate_info`` runs it on hosts, and the exporter in its container.
"""

from __future__ import annotations

import calendar
import re
import socket
import ssl
import struct
import typing as t
from dataclasses import dataclass

TLS = "tls"
POSTGRESQL = "postgresql"
PROTOCOLS = (TLS, POSTGRESQL)
"""How a connection begins: with TLS at once, or with PostgreSQL's request for it."""

_SSL_REQUEST = struct.pack("!II", 8, 80877103)
"""The first message of a PostgreSQL client that wants TLS: its length and a code that no version has
(PostgreSQL's documentation, "Message Formats", SSLRequest)."""

# Tags of DER (X.690).
_OID, _SEQUENCE, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x06, 0x30, 0x17, 0x18, 0xA0
_COMMON_NAME = bytes((0x55, 0x04, 0x03))
"""The object identifier 2.5.4.3."""


class CertificateError(Exception):
    """No certificate was seen, in words that say why."""


@dataclass(frozen=True)
class Certificate:
    """What a service showed.

    :param not_before: Start of validity, in seconds since the epoch.
    :param not_after: End of validity, in seconds since the epoch.
    :param subject: Common name of the subject, or an empty text.
    :param issuer: Common name of the issuer, or an empty text.
    :param distrust: Why a client would not trust it; empty when it would.
    """

    not_before: int
    not_after: int
    subject: str
    issuer: str
    distrust: str = ""


def look(
    host: str,
    port: int,
    protocol: str = TLS,
    server_name: str = "",
    ca_path: t.Optional[str] = None,
    timeout: float = 10.0,
) -> Certificate:
    """Return the certificate that a service shows, whether it is trusted or not.

    :param protocol: One of ``PROTOCOLS``.
    :param server_name: Name that the certificate must have; ``host`` by default.
    :param ca_path: PEM file with the authorities to trust instead of the system's.
    :param timeout: Seconds that each of the two connections may take.
    :raises CertificateError: Nothing answers there, or not with TLS.
    """
    name = server_name or host
    # Whatever it is, it is to be read. Nothing is sent over this connection.
    anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anything.check_hostname = False
    anything.verify_mode = ssl.CERT_NONE
    try:
        with _connect(host, port, protocol, timeout) as plain, anything.wrap_socket(plain, server_hostname=name) as tls:
            found = parse(tls.getpeercert(binary_form=True) or b"")
    except (OSError, ValueError) as exc:
        raise CertificateError(f"{host}:{port}: {_words(exc)}") from exc
    return Certificate(
        found.not_before,
        found.not_after,
        found.subject,
        found.issuer,
        _distrust(host, port, protocol, name, ca_path, timeout),
    )


def _distrust(host: str, port: int, protocol: str, name: str, ca_path: t.Optional[str], timeout: float) -> str:
    """Return why a client that checks certificates would refuse this one, or an empty text."""
    try:
        strict = ssl.create_default_context(cafile=ca_path)
        with _connect(host, port, protocol, timeout) as plain, strict.wrap_socket(plain, server_hostname=name):
            return ""
    except ssl.SSLCertVerificationError as exc:
        return str(exc.verify_message)
    except (OSError, ValueError) as exc:
        return _words(exc)


def _connect(host: str, port: int, protocol: str, timeout: float) -> socket.socket:
    """Return a connection on which TLS is to be spoken next."""
    plain = socket.create_connection((host, port), timeout)
    try:
        if protocol == POSTGRESQL:
            _request_tls(plain)
    except OSError:
        plain.close()
        raise
    return plain


def _request_tls(plain: socket.socket) -> None:
    """Ask PostgreSQL for TLS; its answer is one letter."""
    plain.sendall(_SSL_REQUEST)
    if plain.recv(1) != b"S":
        raise OSError("it answers, but not with TLS")


def _words(exc: Exception) -> str:
    if isinstance(exc, ssl.SSLError):
        return f"it answers, but not with TLS ({exc.reason or exc})"
    if isinstance(exc, socket.gaierror):
        return "the name does not resolve"
    if isinstance(exc, socket.timeout):
        return "no answer in time"
    return str(exc.strerror if isinstance(exc, OSError) and exc.strerror else exc) or type(exc).__name__


def parse(der: bytes) -> Certificate:
    """Read validity and names from a certificate (RFC 5280, 4.1).

    Python's own ``getpeercert`` tells them only of certificates that it trusts.

    :raises ValueError: It is no certificate.
    """
    try:
        tbs = _children(_children(_only(der))[0][1])
        if tbs[0][0] == _VERSION:
            tbs = tbs[1:]
        # Serial number, signature algorithm, issuer, validity, subject.
        issuer, validity, subject = tbs[2][1], _children(tbs[3][1]), tbs[4][1]
        return Certificate(_moment(*validity[0]), _moment(*validity[1]), _common_name(subject), _common_name(issuer))
    except (IndexError, ValueError) as exc:
        raise ValueError("what it shows is no certificate") from exc


def _only(der: bytes) -> bytes:
    tag, value = _children(der)[0]
    if tag != _SEQUENCE:
        raise ValueError("no sequence")
    return value


def _children(der: bytes) -> t.List[t.Tuple[int, bytes]]:
    """Return tag and value of each element that stands here."""
    found: t.List[t.Tuple[int, bytes]] = []
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            raise ValueError("cut short")
        found.append((tag, der[at : at + length]))
        at += length
    return found


def _moment(tag: int, value: bytes) -> int:
    """Return a time as seconds since the epoch. RFC 5280 allows UTC only, to the second."""
    text = value.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("no time")
    match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z", text)
    if not match:
        raise ValueError("no time")
    return calendar.timegm((*(int(part) for part in match.groups()), 0, 0, 0))


def _common_name(name: bytes) -> str:
    """Return the common name of a distinguished name, or an empty text."""
    for _tag, group in _children(name):
        for _inner, pair in _children(group):
            parts = _children(pair)
            if parts[0] == (_OID, _COMMON_NAME):
                return parts[1][1].decode("utf-8", "replace")
    return ""
