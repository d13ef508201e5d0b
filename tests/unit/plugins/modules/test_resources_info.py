# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module resources_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_it_returns_objects_as_they_are_declared(server: ScriptedServer, run_module: RunModule) -> None:
    held = [
        {"id": "2", "name": "b", "value": None, "tags": ["t"]},
        {"id": "1", "name": "a", "value": 1, "tags": [], "created": "yesterday"},
    ]
    server.expect(Exchange("POST", "/variables/filter", body=held))
    answer = run_module("resources_info", api_url=server.url, kinds=["variables"])
    assert answer["resources"] == {
        "variables": [{"name": "a", "value": 1}, {"name": "b", "value": None, "tags": ["t"]}]
    }
    assert (answer["changed"], answer["holes"]) == (False, [])


def test_an_unknown_kind_is_told(run_module: RunModule) -> None:
    answer = run_module("resources_info", api_url="http://s/api", kinds=["varables"])
    assert "kinds names 'varables', which is no kind of object. There are work_pools" in answer["msg"]
