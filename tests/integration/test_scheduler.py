# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declared schedule is for: the server makes flow runs of it."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.apply import apply
from ansible_collections.selfhosted.prefect.tests.integration.stack import Server, until


def test_the_server_makes_flow_runs_of_a_declared_schedule(plain: Server) -> None:
    schedules = [{"slug": "often", "cron": "*/5 * * * *", "timezone": "Europe/Vienna"}]
    made = apply(plain, "deployment", flow="scheduled", name="often", schedules=schedules)
    wanted = {"deployments": {"id": {"any_": [(made.document or {})["id"]]}}}

    def scheduled() -> bool:
        runs = plain.ask("POST", "/flow_runs/filter", wanted)
        return bool(runs) and all(run["auto_scheduled"] and run["state_type"] == "SCHEDULED" for run in runs)

    until("flow runs of the schedule", scheduled)
    apply(plain, "deployment", flow="scheduled", name="often", state="absent")
