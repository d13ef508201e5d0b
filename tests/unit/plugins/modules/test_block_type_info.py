# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block_type_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_the_server_filters(server: ScriptedServer, run_module: RunModule) -> None:
    found = [{"id": "1", "slug": "a", "name": "A"}]
    sent = {"block_types": {"name": {"like_": "a"}}, "limit": 200, "offset": 0}
    server.expect(Exchange("POST", "/block_types/filter", body=found, sent=sent))
    assert run_module("block_type_info", api_url=server.url, name_like="a")["block_types"] == found
