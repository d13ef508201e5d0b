# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module variable_info against a real server."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_variables_are_listed_by_name_pattern_and_tags(secured: Server, playbook: Playbook) -> None:
    for number in range(203):
        tags = ["even", "a/b"] if number % 2 == 0 else ["odd"]
        secured.ask("POST", "/variables/", {"name": f"listed-{number:03}", "value": number, "tags": tags})
    results = playbook(
        secured.defaults,
        task("all", "variable_info", name_like="listed-"),
        task("like", "variable_info", name_like="listed-20_"),
        task("tags", "variable_info", tags=["a/b", "even"], name_like="listed-00"),
        task("both", "variable_info", name="listed-001", tags=["even"]),
        task("one", "variable_info", name="listed-001"),
        task("none", "variable_info", name="no-such-variable"),
    )
    names = {title: [variable["name"] for variable in result["variables"]] for title, result in results.items()}
    assert len(set(names.pop("all"))) == 203
    assert names == {
        "like": ["listed-200", "listed-201", "listed-202"],
        "tags": [f"listed-{number:03}" for number in (0, 2, 4, 6, 8)],
        "both": [],
        "one": ["listed-001"],
        "none": [],
    }
