# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block_schema against real servers."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _block_schema
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, connect, proven
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def fields(**properties: t.Any) -> dict[str, t.Any]:
    return {"title": "T", "type": "object", "properties": properties}


TEXT = {"type": "string"}


@pytest.fixture
def block_type(plain: Server, request: pytest.FixtureRequest) -> str:
    slug: str = "bs-" + request.node.name.replace("_", "-").split("[")[0][:80]
    apply(plain, "block_type", slug=slug, name=slug)
    return slug


def test_the_identical_again_is_unchanged_and_other_fields_add_a_schema(plain: Server, block_type: str) -> None:
    first = proven(plain, "block_schema", block_type=block_type, fields=fields(a=TEXT), capabilities=["b", "a"])
    assert first.document is not None
    assert first.changed
    assert first.after["capabilities"] == ["a", "b"]
    second = proven(plain, "block_schema", block_type=block_type, fields=fields(b=TEXT))
    assert second.document is not None
    assert second.changed
    assert second.document["id"] != first.document["id"]
    assert not proven(plain, "block_schema", block_type=block_type, fields=fields(a=TEXT)).changed
    assert not proven(plain, "block_schema", block_type=block_type, checksum=first.document["checksum"]).changed


def test_versions_of_the_same_fields_stand_side_by_side(plain: Server, block_type: str) -> None:
    for version in ("1.0", "1.1"):
        assert proven(plain, "block_schema", block_type=block_type, fields=fields(a=TEXT), version=version).changed
    assert proven(
        plain, "block_schema", block_type=block_type, fields=fields(a=TEXT), version="1.0", state="absent"
    ).changed
    assert not proven(plain, "block_schema", block_type=block_type, fields=fields(a=TEXT), version="1.1").changed


def test_two_types_with_equal_fields_do_not_share_a_schema(plain: Server, block_type: str) -> None:
    apply(plain, "block_type", slug="bs-twin", name="Twin")
    proven(plain, "block_schema", block_type=block_type, fields=fields(twin=TEXT))
    made = proven(plain, "block_schema", block_type="bs-twin", fields=fields(twin=TEXT))
    assert made.changed
    assert made.document is not None
    assert made.document["block_type"]["slug"] == "bs-twin"


def test_what_the_checksum_leaves_out_cannot_be_changed(plain: Server, block_type: str) -> None:
    proven(plain, "block_schema", block_type=block_type, fields=fields(a=TEXT), capabilities=["a"])
    with pytest.raises(PrefectError, match=r"has capabilities \['a'\], not \['b'\]\. Prefect cannot change a schema"):
        apply(plain, "block_schema", block_type=block_type, fields=fields(a=TEXT), capabilities=["b"])
    with pytest.raises(PrefectError, match="Prefect cannot change a schema"):
        apply(plain, "block_schema", block_type=block_type, fields={**fields(a=TEXT), "secret_fields": ["a"]})


def test_a_password_is_masked_though_nobody_listed_it(plain: Server, block_type: str) -> None:
    password = {"type": "string", "format": "password"}
    made = proven(plain, "block_schema", block_type=block_type, fields=fields(a=TEXT, token=password))
    assert made.after["fields"]["secret_fields"] == ["token"]
    proven(plain, "block", block_type=block_type, name="one", data={"a": "x", "token": "hidden-token"})
    found = plain.ask("POST", "/block_documents/filter", {"block_types": {"slug": {"any_": [block_type]}}})
    assert found[0]["data"] == {"a": "x", "token": "********"}


def test_fields_with_definitions_and_other_blocks(plain: Server, block_type: str) -> None:
    declared = {
        **fields(kind={"$ref": "#/definitions/Kind"}, creds={"$ref": "#/definitions/Secret"}, number={"default": 1.0}),
        "definitions": {"Kind": {"type": "string", "enum": ["a", "ü"]}, "Unused": {"type": "string"}},
        "block_schema_references": {},
    }
    made = proven(plain, "block_schema", block_type=block_type, fields=declared)
    assert made.changed
    assert proven(plain, "block_schema", block_type=block_type, fields=declared, state="absent").changed


def test_removing_a_schema_removes_the_blocks_that_use_it(plain: Server, block_type: str) -> None:
    proven(plain, "block_schema", block_type=block_type, fields=fields(a=TEXT))
    proven(plain, "block", block_type=block_type, name="one", data={"a": "x"})
    proven(plain, "block_schema", block_type=block_type, fields=fields(a=TEXT), state="absent")
    assert plain.ask("POST", "/block_documents/filter", {"block_types": {"slug": {"any_": [block_type]}}}) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "fields is needed to tell which schema is meant"),
        ({"checksum": "md5:1"}, "checksum must be a checksum as the server gives it"),
        ({"fields": {"properties": []}}, r"fields\.properties must be a dictionary"),
        ({"fields": {"properties": {"a": "string"}}}, r"fields\.properties\.a must be a dictionary"),
        ({"fields": {"block_type_slug": "other"}}, r"fields\.block_type_slug must be the block type"),
        ({"checksum": "sha256:0"}, "to create it, give fields"),
        ({"checksum": "sha256:0", "fields": {"title": "x"}}, "checksum is not the checksum of fields"),
    ],
)
def test_bad_input(plain: Server, block_type: str, options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(PrefectError, match=words):
        apply(plain, "block_schema", block_type=block_type, **options)


def test_an_unknown_block_type_is_named(plain: Server) -> None:
    with pytest.raises(PrefectError, match="block_type names the block type 'no-such', which does not exist"):
        apply(plain, "block_schema", block_type="no-such", fields=fields(a=TEXT))


def test_a_schema_of_a_protected_type_is_not_removed(plain: Server) -> None:
    directory = Directory(connect(plain), KINDS)
    held = next(s for s in directory.documents("block_schema") if s["block_type"]["slug"] == "secret")
    with pytest.raises(PrefectError, match="cannot be removed: it belongs to a block type that Prefect protects"):
        apply(
            plain,
            "block_schema",
            block_type="secret",
            version=held["version"],
            checksum=held["checksum"],
            state="absent",
        )


def test_the_checksum_is_the_servers(plain: Server) -> None:
    directory = Directory(connect(plain), KINDS)
    kind = KINDS["block_schema"]
    # Of blocks in blocks the server does not return all that it has counted.
    schemas = [
        kind.declared(directory, document)
        for document in directory.documents("block_schema")
        if "$ref" not in str(document["fields"])
    ]
    assert len(schemas) > 30
    assert [s for s in schemas if _block_schema.checksum(s["fields"]) != s["checksum"]] == []


def test_an_export_is_what_the_server_holds(plain: Server, block_type: str) -> None:
    made = proven(plain, "block_schema", block_type=block_type, fields=fields(a=TEXT), version="2")
    kind, directory = KINDS["block_schema"], Directory(connect(plain), KINDS)
    assert kind.export is not None
    assert made.document is not None
    item = kind.export(directory, made.document, kind.declared(directory, made.document))
    assert item is not None
    assert "checksum" not in item
    assert not apply(plain, "block_schema", **item).changed


def test_the_module_through_ansible(server: Server, playbook: Playbook) -> None:
    declared = fields(a=TEXT)
    results = playbook(
        server.defaults,
        task("type", "block_type", slug="bs-play", name="bs-play"),
        task("check", "block_schema", block_type="bs-play", fields=declared, on_check_mode=True),
        task("create", "block_schema", block_type="bs-play", fields=declared),
        task("again", "block_schema", block_type="bs-play", fields=declared),
        task("info", "block_schema_info", block_type="bs-play"),
        task("absent", "block_schema", block_type="bs-play", fields=declared, state="absent"),
        task("no type", "block_type", slug="bs-play", state="absent"),
    )
    assert [result["changed"] for result in results.values()] == [True, True, True, False, False, True, True]
    assert results["check"]["diff"] == results["create"]["diff"]
    assert [found["id"] for found in results["info"]["block_schemas"]] == [results["create"]["block_schema"]["id"]]
