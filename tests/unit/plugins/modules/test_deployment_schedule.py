# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module deployment_schedule."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

SCHEDULE: dict[str, object] = {
    "id": "s",
    "slug": "nightly",
    "schedule": {"cron": "0 3 * * *", "timezone": None, "day_or": True},
    "active": True,
    "max_scheduled_runs": 3,
    "parameters": {"x": 1},
}
DEPLOYMENT: dict[str, object] = {"id": "d", "name": "daily", "flow_id": "f", "schedules": [SCHEDULE]}
FLOWS = Exchange("POST", "/flows/filter", body=[{"id": "f", "name": "etl"}])
HELD = [Exchange("GET", "/deployments/name/etl/daily", body=DEPLOYMENT), FLOWS]
KEY = {"deployment": "etl/daily", "slug": "nightly"}


def after(**changes: object) -> Exchange:
    """Return how the deployment is read again."""
    return Exchange("GET", "/deployments/name/etl/daily", body={**DEPLOYMENT, "schedules": [{**SCHEDULE, **changes}]})


def test_parameters_go_along_with_every_change(server: ScriptedServer, run_module: RunModule) -> None:
    sent = {"active": False, "parameters": {"x": 1}, "slug": "nightly", "max_scheduled_runs": 3}
    server.expect(*HELD, Exchange("PATCH", "/deployments/d/schedules/s", 204, sent=sent), after(active=False))
    answer = run_module("deployment_schedule", api_url=server.url, **KEY, active=False)
    assert answer["changed"], answer
    assert answer["deployment_schedule"]["deployment_id"] == "d"


def test_what_cannot_be_taken_back_in_place_makes_a_new_one(server: ScriptedServer, run_module: RunModule) -> None:
    cron = {"cron": "0 3 * * *", "timezone": "UTC", "day_or": True}
    whole = {"schedule": cron, "active": True, "parameters": {"x": 1}, "slug": "nightly"}
    server.expect(
        *HELD,
        Exchange("DELETE", "/deployments/d/schedules/s", 204),
        Exchange("POST", "/deployments/d/schedules", 201, [SCHEDULE], sent=[whole]),
        after(max_scheduled_runs=None),
    )
    answer = run_module("deployment_schedule", api_url=server.url, **KEY, max_scheduled_runs="none")
    assert answer["diff"]["after"]["max_scheduled_runs"] is None


def test_nothing_of_the_same_meaning_is_sent(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(*HELD)
    answer = run_module("deployment_schedule", api_url=server.url, **KEY, cron="0 3 * * *", timezone="UTC", day_or=True)
    assert not answer["changed"]


def test_a_deployment_is_named_with_its_flow(run_module: RunModule) -> None:
    answer = run_module("deployment_schedule", api_url="http://s/api", deployment="daily", slug="a", cron="* * * * *")
    assert answer["msg"] == "deployment must name a deployment as flow/deployment, but is 'daily'"
