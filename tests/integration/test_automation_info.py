# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module automation_info against real servers."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_it_finds_by_name_by_tags_and_all(server: Server, playbook: Playbook) -> None:
    whole = {"trigger": {"posture": "Reactive", "expect": ["never"]}, "actions": [{"type": "do-nothing"}]}
    results = playbook(
        server.defaults,
        task("one", "automation", name="aui 1", tags=["aui", "first"], **whole),
        task("two", "automation", name="aui 2", tags=["aui"], enabled=False, **whole),
        task("by name", "automation_info", name="aui 1"),
        task("by tag", "automation_info", tags=["aui"]),
        task("by tags", "automation_info", tags=["first", "aui"]),
        task("by both", "automation_info", tags=["aui"], name="aui 2"),
        task("all", "automation_info"),
        task("none", "automation_info", name="aui 3"),
        task("absent 1", "automation", name="aui 1", state="absent"),
        task("absent 2", "automation", name="aui 2", state="absent"),
    )
    names = {title: [entry["name"] for entry in result.get("automations", ())] for title, result in results.items()}
    assert (names["by name"], names["none"]) == (["aui 1"], [])
    assert sorted(names["by tag"]) == ["aui 1", "aui 2"]
    assert (names["by tags"], names["by both"]) == (["aui 1"], ["aui 2"])
    assert {"aui 1", "aui 2"} <= set(names["all"])
    assert results["by name"]["automations"] == [results["one"]["automation"]]
