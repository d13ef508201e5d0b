# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module task_run_concurrency_limit_info against a real server."""

from __future__ import annotations

import uuid

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_limits_are_found_behind_more_global_ones_than_a_page_holds(plain: Server, playbook: Playbook) -> None:
    made = [plain.ask("POST", "/v2/concurrency_limits/", {"name": f"a{n:03}", "limit": 1})["id"] for n in range(201)]
    holder = str(uuid.uuid4())
    for tag in ("listed", "listed too"):
        plain.ask("POST", "/concurrency_limits/", {"tag": tag, "concurrency_limit": 1})
    plain.ask("POST", "/concurrency_limits/increment", {"names": ["listed"], "task_run_id": holder})
    results = playbook(
        plain.defaults,
        task("all", "task_run_concurrency_limit_info"),
        task("one", "task_run_concurrency_limit_info", tag="listed"),
        task("none", "task_run_concurrency_limit_info", tag="no such tag"),
    )
    for identity in made:
        plain.ask("DELETE", f"/v2/concurrency_limits/{identity}")
    listed = {limit["tag"]: limit for limit in results["all"]["task_run_concurrency_limits"]}
    assert listed["listed too"]["active_slots"] == []
    assert listed["listed"]["active_slots"] == [holder]
    assert results["one"]["task_run_concurrency_limits"] == [listed["listed"]]
    assert results["none"]["task_run_concurrency_limits"] == []
    for tag in ("listed", "listed%20too"):
        plain.ask("DELETE", f"/concurrency_limits/tag/{tag}")
