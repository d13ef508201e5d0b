# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_secrets_are_masked_even_where_the_server_gives_them(server: ScriptedServer, run_module: RunModule) -> None:
    block = {
        "id": "1",
        "name": "a",
        "block_type": {"slug": "t"},
        "block_schema": {"fields": {"properties": {}, "secret_fields": ["value", "deep.*"]}},
        "data": {"value": {"k": "hidden"}, "deep": {"k": "hidden"}, "other": "shown"},
    }
    server.expect(Exchange("POST", "/block_documents/filter", body=[block]))
    (found,) = run_module("block_info", api_url=server.url)["blocks"]
    assert found["data"] == {"value": "********", "deep": "********", "other": "shown"}
