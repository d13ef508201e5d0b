# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for tests of TLS, made by the openssl command."""

from __future__ import annotations

import subprocess
import typing as t

if t.TYPE_CHECKING:
    from pathlib import Path


def make_authority(place: Path, *names: str) -> Path:
    """Make a certificate authority, and a server certificate for 127.0.0.1 that it signed.

    :param place: An empty directory, filled with ``ca.pem``, ``server.pem`` and ``server.key``.
    :param names: DNS names that the certificate is for, too.
    :returns: The directory.
    """

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=place, check=True, capture_output=True)

    new_key = ["-newkey", "rsa:2048", "-nodes"]
    subjects = ",".join(["IP:127.0.0.1", *(f"DNS:{name}" for name in names)])
    (place / "extensions").write_text(f"subjectAltName={subjects}\n", encoding="utf-8")
    openssl(
        *("req", "-x509", *new_key, "-days", "2", "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem"),
        *("-addext", "keyUsage=critical,keyCertSign"),
    )
    openssl("req", *new_key, "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
    openssl(
        *("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"),
        *("-extfile", "extensions", "-out", "server.pem"),
    )
    return place
