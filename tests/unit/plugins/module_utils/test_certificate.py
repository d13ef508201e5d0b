# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate that a service shows: read whether it is trusted or not, over TLS and over PostgreSQL's request for it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._certificate import CertificateError, look, parse
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import ScriptedServer

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""As PostgreSQL's documentation gives it: length 8, code 80877103."""


def der(place: Path, *options: str, subject: str = "/CN=example.org") -> bytes:
    """Return a certificate that openssl made."""
    place.mkdir(exist_ok=True)
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "key.pem",
        "-subj",
        subject,
        *options,
    ]
    subprocess.run([*command, "-out", "cert.pem"], cwd=place, check=True, capture_output=True)
    return ssl.PEM_cert_to_DER_cert((place / "cert.pem").read_text(encoding="ascii"))


def enddate(place: Path) -> int:
    """Return what openssl says about its end, in seconds since the epoch."""
    command = ["openssl", "x509", "-in", "cert.pem", "-noout", "-enddate"]
    said = subprocess.run(command, cwd=place, check=True, capture_output=True, text=True).stdout
    return int(ssl.cert_time_to_seconds(said.strip().partition("=")[2]))


@pytest.mark.parametrize("days", ["1", "20000"], ids=["of this half century", "of the next"])
def test_its_end_is_what_openssl_says(tmp_path: Path, days: str) -> None:
    found = parse(der(tmp_path, "-days", days))
    assert found.not_after == enddate(tmp_path)
    assert (found.subject, found.issuer) == ("example.org", "example.org")
    assert found.not_after - found.not_before == int(days) * 86400


@pytest.mark.parametrize(
    ("subject", "name"), [("/O=Only an organisation", ""), ("/O=Any/CN=a name of many words", "a name of many words")]
)
def test_a_subject_may_have_no_common_name(tmp_path: Path, subject: str, name: str) -> None:
    assert parse(der(tmp_path, "-days", "1", subject=subject)).subject == name


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    whole = der(tmp_path, "-days", "1")
    for broken in (b"", b"\x30", b"\x30\x82", whole[:-200], b"\x04\x03abc", b"\x30\x03\x02\x01\x05"):
        with pytest.raises(ValueError, match="no certificate"):
            parse(broken)


@contextlib.contextmanager
def postgresql(authority: Path, answer: bytes) -> t.Iterator[int]:
    """Listen like a PostgreSQL server that answers a request for TLS with this letter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server.key")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _address = listener.accept()
                with plain, contextlib.suppress(OSError):
                    assert plain.recv(8) == SSL_REQUEST
                    plain.sendall(answer)
                    if answer == b"S":
                        with context.wrap_socket(plain, server_side=True) as tls:
                            tls.recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def test_one_that_is_trusted(tls_server: ScriptedServer, authority: Path) -> None:
    port = int(tls_server.url.rpartition(":")[2].partition("/")[0])
    found = look("127.0.0.1", port, ca_path=str(authority / "ca.pem"))
    assert (found.distrust, found.subject, found.issuer) == ("", "127.0.0.1", "Test authority")


def test_one_that_is_not_trusted_is_read_all_the_same(tls_server: ScriptedServer) -> None:
    port = int(tls_server.url.rpartition(":")[2].partition("/")[0])
    found = look("127.0.0.1", port)
    assert "unable to get local issuer" in found.distrust
    assert found.issuer == "Test authority"


def test_one_of_another_name_is_not_trusted(tls_server: ScriptedServer, authority: Path) -> None:
    port = int(tls_server.url.rpartition(":")[2].partition("/")[0])
    found = look("127.0.0.1", port, server_name="prefect.example.org", ca_path=str(authority / "ca.pem"))
    assert "prefect.example.org" in found.distrust


def test_postgresql_is_asked_for_tls_first(authority: Path) -> None:
    with postgresql(authority, b"S") as port:
        found = look("127.0.0.1", port, "postgresql", ca_path=str(authority / "ca.pem"))
    assert (found.distrust, found.subject) == ("", "127.0.0.1")


def test_a_database_without_tls_says_so(authority: Path) -> None:
    with postgresql(authority, b"N") as port, pytest.raises(CertificateError, match="answers, but not with TLS"):
        look("127.0.0.1", port, "postgresql")


def test_a_service_without_tls_says_so(server: ScriptedServer) -> None:
    port = int(server.url.rpartition(":")[2].partition("/")[0])
    with pytest.raises(CertificateError, match="answers, but not with TLS"):
        look("127.0.0.1", port, timeout=5)


def test_where_nothing_listens_it_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(CertificateError, match=f"127.0.0.1:{port}: Connection refused"):
        look("127.0.0.1", port)


def test_a_service_that_never_answers_is_left_after_a_while() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(CertificateError, match="no answer in time|timed out"),
    ):
        look("127.0.0.1", listener.getsockname()[1], timeout=0.3)


def test_a_name_that_does_not_resolve_says_so() -> None:
    with pytest.raises(CertificateError, match="does not resolve"):
        look("no-such-host.invalid", 443)
