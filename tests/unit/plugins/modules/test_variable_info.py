# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module variable_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_the_server_filters(server: ScriptedServer, run_module: RunModule) -> None:
    found = [{"id": "1", "name": "ab", "value": 1, "tags": ["t"]}]
    sent = {"variables": {"name": {"like_": "a"}, "tags": {"all_": ["t"]}}, "limit": 200, "offset": 0}
    server.expect(Exchange("POST", "/variables/filter", body=found, sent=sent))
    assert run_module("variable_info", api_url=server.url, name_like="a", tags=["t"])["variables"] == found


def test_it_returns_one_by_name(server: ScriptedServer, run_module: RunModule) -> None:
    found: dict[str, object] = {"id": "1", "name": "a", "value": None, "tags": []}
    server.expect(Exchange("GET", "/variables/name/a", body=found))
    assert run_module("variable_info", api_url=server.url, name="a")["variables"] == [found]
