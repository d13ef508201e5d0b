# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit tests of plugins share."""

from __future__ import annotations

import importlib
import json
import os
import ssl
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import KeptAliveTransport
from ansible_collections.selfhosted.prefect.tests.certificates import make_authority
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import ScriptedServer


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the caller's Prefect settings and proxies."""
    for name in list(os.environ):
        if name.startswith("PREFECT_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def server() -> t.Iterator[ScriptedServer]:
    """Serve a script over plain HTTP."""
    scripted = ScriptedServer()
    yield scripted
    scripted.close()


@pytest.fixture
def pauses() -> list[float]:
    """Collect what the client would have slept."""
    return []


@pytest.fixture
def client(server: ScriptedServer, pauses: list[float]) -> Client:
    """Talk to the scripted server without pauses."""
    return Client(KeptAliveTransport(), server.url, timeout=5, retries=3, sleep=pauses.append)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate authority and a server certificate for 127.0.0.1: ca.pem, server.pem, server.key."""
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls_server(authority: Path) -> t.Iterator[ScriptedServer]:
    """Serve a script over TLS with a certificate that only the test's own authority vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server.key")
    scripted = ScriptedServer(context)
    yield scripted
    scripted.close()


RunModule = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> RunModule:
    """Run a module's main() in this process and return what it gave to Ansible."""

    def run(noun: str, **options: t.Any) -> dict[str, t.Any]:
        module = importlib.import_module(f"ansible_collections.selfhosted.prefect.plugins.modules.{noun}")
        check = options.pop("check_mode", False)
        with patch_module_args({**options, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            module.main()
        answer: dict[str, t.Any] = json.loads(capsys.readouterr().out)
        return answer

    return run
