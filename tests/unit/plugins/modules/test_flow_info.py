# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module flow_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_the_server_filters(server: ScriptedServer, run_module: RunModule) -> None:
    found = [{"id": "1", "name": "ab", "tags": ["t"]}]
    sent = {"flows": {"name": {"like_": "a"}, "tags": {"all_": ["t"]}}, "limit": 200, "offset": 0}
    server.expect(Exchange("POST", "/flows/filter", body=found, sent=sent))
    assert run_module("flow_info", api_url=server.url, name_like="a", tags=["t"])["flows"] == found


def test_it_returns_one_by_name(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("GET", "/flows/name/a", body={"id": "1", "name": "a", "tags": []}))
    assert [flow["name"] for flow in run_module("flow_info", api_url=server.url, name="a")["flows"]] == ["a"]
