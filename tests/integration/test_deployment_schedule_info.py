# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module deployment_schedule_info against a real server."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.apply import apply
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_schedules_with_a_slug_are_listed_of_one_deployment_by_slug_or_all(secured: Server, playbook: Playbook) -> None:
    declared = [
        {"cron": "0 * * * *", "slug": "listed-a"},
        {"cron": "1 * * * *", "slug": "listed-b"},
        {"cron": "2 * * * *"},
    ]
    for name in ("d", "e"):
        apply(secured, "deployment", flow="listed-schedules", name=name, schedules=declared)
    results = playbook(
        secured.defaults,
        task("all", "deployment_schedule_info"),
        task("of one", "deployment_schedule_info", deployment="listed-schedules/d"),
        task("by slug", "deployment_schedule_info", slug="listed-b"),
        task("one", "deployment_schedule_info", deployment="listed-schedules/e", slug="listed-a"),
        task("none", "deployment_schedule_info", deployment="no/such", slug="listed-a"),
    )
    listed = {title: [one["slug"] for one in result["deployment_schedules"]] for title, result in results.items()}
    assert [slug for slug in listed.pop("all") if slug.startswith("listed")] == ["listed-a", "listed-b"] * 2
    assert listed == {
        "of one": ["listed-a", "listed-b"],
        "by slug": ["listed-b", "listed-b"],
        "one": ["listed-a"],
        "none": [],
    }
    assert results["one"]["deployment_schedules"][0]["schedule"]["cron"] == "0 * * * *"
    apply(secured, "flow", name="listed-schedules", state="absent")
