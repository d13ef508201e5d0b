# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block_schema_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_it_filters_by_type_and_version(server: ScriptedServer, run_module: RunModule) -> None:
    def schema(slug: str, version: str) -> dict[str, object]:
        place = {"block_type": {"slug": slug}, "version": version}
        return {"id": slug + version, "checksum": "sha256:1", "fields": {}, "capabilities": [], **place}

    found = [schema("a", "1"), schema("a", "2"), schema("b", "1")]
    server.expect(Exchange("POST", "/block_schemas/filter", body=found))
    answer = run_module("block_schema_info", api_url=server.url, block_type="a", version="1")
    assert answer["block_schemas"] == found[:1]
