# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block_type."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _block_type
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

HELD: Json = {"id": "1", "slug": "a", "name": "A", "description": "x &lt; y", "is_protected": False}


def held(**changes: object) -> Exchange:
    return Exchange("GET", "/block_types/slug/a", body={**HELD, **changes})


def test_only_what_differs_is_sent(server: ScriptedServer, run_module: RunModule) -> None:
    patch = Exchange("PATCH", "/block_types/1", 204, sent={"logo_url": "https://x"})
    server.expect(held(), patch, held(logo_url="https://x"))
    answer = run_module("block_type", api_url=server.url, slug="a", description="x < y", logo_url="https://x")
    assert answer["diff"]["before"]["logo_url"] is None
    assert answer["diff"]["after"]["logo_url"] == "https://x"


def test_a_protected_type_is_not_removed(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(held(is_protected=True))
    answer = run_module("block_type", api_url=server.url, slug="a", state="absent")
    assert answer["msg"].startswith("The block type 'a' cannot be removed: Prefect protects this block type")


@pytest.mark.parametrize(
    ("document", "system"),
    [
        ({"slug": "mine"}, False),
        ({"slug": "mine", "documentation_url": "https://docs.prefect.io/x"}, False),
        ({"slug": "mine", "is_protected": True}, True),
        ({"slug": "docker-host", "documentation_url": None}, True),
        ({"slug": "slack-webhook", "documentation_url": "https://wiki.example.org/"}, True),
    ],
)
def test_types_of_prefects_own_are_told_from_others(client: Client, document: Json, system: bool) -> None:
    assert _block_type.is_system(Directory(client, KINDS), document) is system
