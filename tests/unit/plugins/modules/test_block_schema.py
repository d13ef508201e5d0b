# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block_schema."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.plugins.module_utils import _block_schema
from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

TYPE = {"id": "t1", "slug": "a", "name": "A"}
FIELDS = {"title": "T", "properties": {"x": {"type": "string"}}}
KEPT = {**FIELDS, "block_type_slug": "a", "secret_fields": []}


def held(**changes: object) -> Exchange:
    schema = {
        "id": "s1",
        "block_type": TYPE,
        "version": "non-versioned",
        "checksum": _block_schema.checksum(KEPT),
        "fields": {**KEPT, "block_schema_references": {}},
        "capabilities": ["b", "a"],
    }
    sent = {"block_schemas": {"block_type_id": {"any_": ["t1"]}}, "limit": 200, "offset": 0}
    return Exchange("POST", "/block_schemas/filter", body=[{**schema, **changes}], sent=sent)


def the_type() -> Exchange:
    sent = {"block_types": {"slug": {"any_": ["a"]}}, "limit": 200, "offset": 0}
    return Exchange("POST", "/block_types/filter", body=[TYPE], sent=sent)


def test_one_with_the_same_fields_is_unchanged(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(the_type(), held())
    answer = run_module("block_schema", api_url=server.url, block_type="a", fields=FIELDS, capabilities=["a", "b"])
    assert answer["changed"] is False
    assert answer["block_schema"]["id"] == "s1"


def test_the_fields_alone_say_which_one_is_removed(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(the_type(), held(), Exchange("DELETE", "/block_schemas/s1", 204))
    assert run_module("block_schema", api_url=server.url, block_type="a", fields=FIELDS, state="absent")["changed"]


def test_the_checksum_counts_neither_secret_fields_nor_definitions_of_blocks() -> None:
    block = {"Inner": {"block_type_slug": "b", "secret_fields": ["y"]}}
    fields = {"properties": {"x": {"$ref": "#/definitions/Inner"}}}
    assert _block_schema.checksum(fields) == _block_schema.checksum(
        {**fields, "secret_fields": ["x"], "definitions": block}
    )
    own = {"Inner": {"type": "string"}}
    assert _block_schema.checksum(fields) != _block_schema.checksum({**fields, "definitions": own})
