# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module deployment_info against a real server."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.apply import apply
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_deployments_are_listed_by_name_by_flow_or_as_they_fit(secured: Server, playbook: Playbook) -> None:
    apply(secured, "work_pool", name="listed-dep", type="process")
    for flow in ("listed-dep-1", "listed-dep-2"):
        apply(secured, "deployment", flow=flow, name="listed-a", tags=["listed", flow])
    apply(secured, "deployment", flow="listed-dep-1", name="listed-b", paused=True, work_pool="listed-dep")
    results = playbook(
        secured.defaults,
        task("one", "deployment_info", flow="listed-dep-1", name="listed-a"),
        task("none", "deployment_info", flow="listed-dep-2", name="listed-b"),
        task("by name", "deployment_info", name="listed-a"),
        task("of a flow", "deployment_info", flow="listed-dep-1"),
        task("part of a name", "deployment_info", name_like="LISTED-"),
        task("by tags", "deployment_info", tags=["listed", "listed-dep-2"]),
        task("paused in a pool", "deployment_info", paused=True, work_pools=["listed-dep"]),
        task("like and of a flow", "deployment_info", name_like="listed-", flow="listed-dep-2"),
    )
    assert {title: sorted(one["name"] for one in result["deployments"]) for title, result in results.items()} == {
        "one": ["listed-a"],
        "none": [],
        "by name": ["listed-a", "listed-a"],
        "of a flow": ["listed-a", "listed-b"],
        "part of a name": ["listed-a", "listed-a", "listed-b"],
        "by tags": ["listed-a"],
        "paused in a pool": ["listed-b"],
        "like and of a flow": ["listed-a"],
    }
    for flow in ("listed-dep-1", "listed-dep-2"):
        apply(secured, "flow", name=flow, state="absent")
