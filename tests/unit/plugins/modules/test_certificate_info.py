# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module certificate_info: every endpoint has its answer, in the order they were given."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import ScriptedServer


def port_of(server: ScriptedServer) -> int:
    return int(server.url.rpartition(":")[2].partition("/")[0])


def test_each_endpoint_is_told_of(run_module: RunModule, tls_server: ScriptedServer, authority: Path) -> None:
    here = {"host": "127.0.0.1", "port": port_of(tls_server)}
    told = run_module(
        "certificate_info",
        endpoints=[
            {**here, "name": "by path", "ca_path": str(authority / "ca.pem")},
            {**here, "name": "by text", "ca_certificate": (authority / "ca.pem").read_text(encoding="ascii")},
            {**here, "name": "unknown"},
            {"name": "none", "host": "127.0.0.1", "port": 1},
        ],
    )
    path, text, unknown, none = told["certificates"]
    assert told["changed"] is False
    assert (path["seen"], path["trusted"], path["days_left"], path["issuer"]) == (True, True, 1, "Test authority")
    assert {**text, "name": "by path"} == path
    assert (unknown["seen"], unknown["trusted"]) == (True, False)
    assert unknown["not_after"].endswith("Z")
    assert (none["seen"], none["reason"]) == (False, "127.0.0.1:1: Connection refused")


def test_a_file_that_is_missing_is_named(run_module: RunModule) -> None:
    endpoint = {"name": "proxy", "host": "127.0.0.1", "port": 1, "ca_path": "/no/such/file.pem"}
    told = run_module("certificate_info", endpoints=[endpoint])
    assert told["failed"]
    assert told["msg"] == "endpoints: proxy: the file /no/such/file.pem of ca_path does not exist"
