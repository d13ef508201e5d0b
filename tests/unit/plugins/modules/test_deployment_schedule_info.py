# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module deployment_schedule_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_it_returns_schedules_that_have_a_slug(server: ScriptedServer, run_module: RunModule) -> None:
    schedules = [{"id": slug or "none", "slug": slug, "schedule": {"cron": "* * * * *"}} for slug in ("b", None, "a")]
    server.expect(
        Exchange(
            "POST",
            "/deployments/filter",
            body=[{"id": "d", "name": "daily", "flow_id": "f", "schedules": schedules}],
        ),
        Exchange("POST", "/flows/filter", body=[{"id": "f", "name": "etl"}]),
    )
    answer = run_module("deployment_schedule_info", api_url=server.url)
    assert [schedule["slug"] for schedule in answer["deployment_schedules"]] == ["a", "b"]
