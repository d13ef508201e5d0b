# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module flow_info against a real server."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_flows_are_listed_by_name_pattern_and_tags(secured: Server, playbook: Playbook) -> None:
    made = {"listed-a": ["x", "y"], "listed-B": ["x"], "listed ä": []}
    for name, tags in made.items():
        secured.ask("POST", "/flows/", {"name": name, "tags": tags})
    results = playbook(
        secured.defaults,
        task("all", "flow_info"),
        task("like", "flow_info", name_like="LISTED-"),
        task("tags", "flow_info", tags=["x", "y"]),
        task("one", "flow_info", name="listed ä"),
        task("none", "flow_info", name="no such flow"),
    )
    names = {title: {flow["name"] for flow in result["flows"]} for title, result in results.items()}
    assert names.pop("all") >= set(made)
    assert names == {"like": {"listed-a", "listed-B"}, "tags": {"listed-a"}, "one": {"listed ä"}, "none": set()}
