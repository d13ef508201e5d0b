# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module work_queue_info against a real server."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_queues_are_listed_of_one_pool_by_name_or_all(secured: Server, playbook: Playbook) -> None:
    for pool in ("listed-1", "listed-2"):
        secured.ask("POST", "/work_pools/", {"name": pool, "type": "process"})
        secured.ask("POST", f"/work_pools/{pool}/queues", {"name": "listed"})
    results = playbook(
        secured.defaults,
        task("all", "work_queue_info"),
        task("by name", "work_queue_info", name="listed"),
        task("of a pool", "work_queue_info", work_pool="listed-1"),
        task("one", "work_queue_info", work_pool="listed-2", name="listed"),
        task("none", "work_queue_info", work_pool="no such pool", name="listed"),
    )
    listed = {
        title: [f"{queue['work_pool_name']}/{queue['name']}" for queue in result["work_queues"]]
        for title, result in results.items()
    }
    assert listed.pop("all") == sorted(
        f"{queue['work_pool_name']}/{queue['name']}" for queue in secured.ask("POST", "/work_queues/filter", {})
    )
    assert listed == {
        "by name": ["listed-1/listed", "listed-2/listed"],
        "of a pool": ["listed-1/default", "listed-1/listed"],
        "one": ["listed-2/listed"],
        "none": [],
    }
