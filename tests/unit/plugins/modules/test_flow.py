# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module flow."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def held(*tags: str) -> Exchange:
    return Exchange("GET", "/flows/name/a%20b", body={"id": "1", "name": "a b", "tags": list(tags), "labels": {}})


def test_tags_of_a_flow_that_is_there_are_changed_in_place(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(held("x"), Exchange("PATCH", "/flows/1", 204, sent={"tags": ["y", "z"]}), held("y", "z"))
    answer = run_module("flow", api_url=server.url, name="a b", tags=["z", "y", "y"])
    assert answer["flow"]["tags"] == ["y", "z"]


def test_it_is_removed_by_its_id(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(held(), Exchange("DELETE", "/flows/1", 204))
    assert run_module("flow", api_url=server.url, name="a b", state="absent")["changed"]
