# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block_type against real servers."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, connect, proven
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task

SCHEMA = {"title": "T", "type": "object", "properties": {"url": {"type": "string"}}}


def test_create_change_clear_absent(plain: Server) -> None:
    made = proven(plain, "block_type", slug="bt-life", name="Life", description="a <b> & c", logo_url="https://x/y.png")
    assert made.after["description"] == "a <b> & c"
    changed = proven(plain, "block_type", slug="bt-life", description="d < e", code_example="```\na && b\n```")
    assert (changed.after["description"], changed.after["code_example"]) == ("d < e", "```\na && b\n```")
    assert changed.after["logo_url"] == "https://x/y.png"
    cleared = proven(plain, "block_type", slug="bt-life", description="", logo_url="")
    assert (cleared.after["description"], cleared.after["logo_url"]) == (None, None)
    assert proven(plain, "block_type", slug="bt-life", state="absent").changed


def test_a_text_that_the_server_takes_for_the_same_is_no_change(plain: Server) -> None:
    proven(plain, "block_type", slug="bt-escapes", name="Escapes", description="a & b")
    assert not proven(plain, "block_type", slug="bt-escapes", description="a &amp; b").changed


def test_another_name_is_refused_with_the_way_out(plain: Server) -> None:
    proven(plain, "block_type", slug="bt-name", name="Name")
    with pytest.raises(PrefectError, match=r"has name 'Name', not 'Other'\. Prefect cannot rename a block type"):
        apply(plain, "block_type", slug="bt-name", name="Other")


@pytest.mark.parametrize("slug", ["Upper", "under_score", "a b", "", "a/b"])
def test_a_slug_that_the_server_refuses_is_refused_before(plain: Server, slug: str) -> None:
    with pytest.raises(PrefectError, match="slug must be lower-case letters, digits and dashes"):
        apply(plain, "block_type", slug=slug, name="X")


def test_a_reserved_name_is_refused_before(plain: Server) -> None:
    with pytest.raises(PrefectError, match="name must not begin with Prefect"):
        apply(plain, "block_type", slug="bt-reserved", name="prefect thing")


@pytest.mark.parametrize("slug", ["secret", "webhook", "local-file-system"])
def test_a_protected_type_is_not_removed_but_can_be_described(plain: Server, slug: str) -> None:
    with pytest.raises(PrefectError, match="cannot be removed: Prefect protects this block type"):
        apply(plain, "block_type", slug=slug, state="absent")
    before = apply(plain, "block_type", slug=slug).before["code_example"]
    assert proven(plain, "block_type", slug=slug, code_example="another").changed
    assert proven(plain, "block_type", slug=slug, code_example=before or "").changed


def test_removing_a_type_removes_its_schemas_and_blocks(plain: Server) -> None:
    proven(plain, "block_type", slug="bt-cascade", name="Cascade")
    proven(plain, "block_schema", block_type="bt-cascade", fields=SCHEMA)
    proven(plain, "block", block_type="bt-cascade", name="one", data={"url": "x"})
    assert proven(plain, "block_type", slug="bt-cascade", state="absent").changed
    found = plain.ask("POST", "/block_documents/filter", {"block_types": {"slug": {"any_": ["bt-cascade"]}}})
    assert found == []


def test_every_type_that_a_server_registers_by_itself_is_known_as_such(secured: Server) -> None:
    kind, directory = KINDS["block_type"], Directory(connect(secured), KINDS)
    documents = directory.documents("block_type")
    assert len(documents) > 50
    assert [d["slug"] for d in documents if not kind.system(directory, d)] == []
    schemas = directory.documents("block_schema")
    assert [s["block_type"]["slug"] for s in schemas if not KINDS["block_schema"].system(directory, s)] == []


def test_the_modules_through_ansible(server: Server, playbook: Playbook) -> None:
    results = playbook(
        server.defaults,
        task("check", "block_type", slug="bt-play", name="Play", on_check_mode=True, on_diff=True),
        task("create", "block_type", slug="bt-play", name="Play"),
        task("again", "block_type", slug="bt-play", name="Play"),
        task("info", "block_type_info", slug="bt-play"),
        task("like", "block_type_info", name_like="PLAY"),
        task("absent", "block_type", slug="bt-play", state="absent"),
    )
    assert [results[step]["changed"] for step in results] == [True, True, False, False, False, True]
    assert results["check"]["diff"] == results["create"]["diff"]
    assert results["info"]["block_types"] == results["like"]["block_types"] == [results["create"]["block_type"]]
