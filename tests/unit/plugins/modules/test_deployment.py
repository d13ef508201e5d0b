# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module deployment."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.plugins.module_utils import _engine
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import KeptAliveTransport
from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

FLOW: dict[str, object] = {"id": "f", "name": "etl", "tags": [], "labels": {}}
DEPLOYMENT: dict[str, object] = {
    "id": "d",
    "name": "daily",
    "flow_id": "f",
    "paused": False,
    "tags": ["a"],
    "labels": {"prefect.flow.id": "f"},
    "parameters": {"x": 1},
    "parameter_openapi_schema": {"type": "object", "properties": {}},
    "enforce_parameter_schema": True,
    "job_variables": {"env": {}},
    "work_pool_name": "p",
    "work_queue_name": "default",
    "concurrency_limit": None,
    "global_concurrency_limit": {"id": "g", "name": "shared", "limit": 3},
    "schedules": [],
}
HELD = [
    Exchange("GET", "/flows/name/etl", body=FLOW),
    Exchange("GET", "/deployments/name/etl/daily", body=DEPLOYMENT),
]
MISSING = {"detail": "Not there."}
JUDGED = "/deployments/00000000-0000-0000-0000-000000000000/schedules"


def test_a_new_one_brings_its_flow_and_is_judged_first(server: ScriptedServer, run_module: RunModule) -> None:
    cron = {"cron": "0 3 * * *", "timezone": "UTC", "day_or": True}
    schedule = {"schedule": cron, "active": True, "parameters": {}, "slug": "s"}
    body = {"name": "daily", "flow_id": "f", "parameters": {"x": 1}, "enforce_parameter_schema": True}
    server.expect(
        Exchange("GET", "/flows/name/etl", 404, MISSING),
        Exchange("GET", "/deployments/name/etl/daily", 404, MISSING),
        Exchange("POST", JUDGED, 404, MISSING, sent=[{"schedule": cron}]),
        Exchange("POST", "/flows/", 201, FLOW, sent={"name": "etl"}),
        Exchange(
            "POST",
            "/deployments/",
            201,
            {**DEPLOYMENT, "schedules": [{"id": "s", **schedule}]},
            sent={**body, "schedules": [schedule]},
        ),
    )
    declared = [{"slug": "s", "cron": "0 3 * * *"}]
    answer = run_module(
        "deployment", api_url=server.url, flow="etl", name="daily", parameters={"x": 1}, schedules=declared
    )
    assert answer["changed"], answer
    assert answer["diff"]["after"]["schedules"][0]["cron"] == "0 3 * * *"


def test_only_what_differs_is_sent(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(
        *HELD,
        Exchange("PATCH", "/deployments/d", 204, sent={"tags": ["b"]}),
        Exchange("GET", "/deployments/name/etl/daily", body={**DEPLOYMENT, "tags": ["b"]}),
    )
    answer = run_module("deployment", api_url=server.url, flow="etl", name="daily", tags=["b"], parameters={"x": 1})
    assert answer["diff"]["after"]["tags"] == ["b"]
    assert answer["diff"]["before"]["global_concurrency_limit"] == "shared"


def test_the_shared_limit_is_let_go_before_a_limit_of_its_own_is_set(
    server: ScriptedServer, run_module: RunModule
) -> None:
    own = {"id": "h", "name": "deployment:d", "limit": 2}
    server.expect(
        *HELD,
        Exchange("DELETE", "/v2/concurrency_limits/deployment%3Ad", 404, MISSING),
        Exchange("PATCH", "/deployments/d", 204, sent={"global_concurrency_limit_id": None, "concurrency_limit": 2}),
        Exchange("GET", "/deployments/name/etl/daily", body={**DEPLOYMENT, "global_concurrency_limit": own}),
    )
    answer = run_module("deployment", api_url=server.url, flow="etl", name="daily", concurrency_limit=2)
    assert answer["diff"]["after"]["concurrency_limit"] == 2
    assert answer["diff"]["after"]["global_concurrency_limit"] is None


def test_the_shared_limit_is_let_go_before_the_deployment_is_removed(
    server: ScriptedServer, run_module: RunModule
) -> None:
    server.expect(
        Exchange("GET", "/deployments/name/etl/daily", body=DEPLOYMENT),
        Exchange("POST", "/flows/filter", body=[FLOW]),
        Exchange("PATCH", "/deployments/d", 204, sent={"global_concurrency_limit_id": None}),
        Exchange("DELETE", "/deployments/d", 204),
    )
    assert run_module("deployment", api_url=server.url, flow="etl", name="daily", state="absent")["changed"]


def test_an_old_server_that_keeps_job_variables_is_a_warning(server: ScriptedServer) -> None:
    server.expect(*HELD, Exchange("GET", "/admin/version", body="3.8.6"))
    transport = KeptAliveTransport()
    directory = Directory(Client(transport, server.url), KINDS)
    declared = {"flow": "etl", "name": "daily", "job_variables": {}}
    assert not _engine.ensure(directory, "deployment", "present", declared).changed
    assert "The deployment 'etl/daily' keeps its job_variables" in directory.warnings[0]
    transport.close()


def test_a_refused_schedule_is_told_with_its_place_and_nothing_is_written(
    server: ScriptedServer, run_module: RunModule
) -> None:
    kinds = {"interval": "Field required", "cron": 'Value error, Invalid cron string: "x"'}
    detail = [
        {"loc": ["body", 0, "schedule", f"after[{kind.title()}Schedule]", kind], "msg": words}
        for kind, words in kinds.items()
    ]
    server.expect(*HELD, Exchange("POST", JUDGED, 422, {"exception_detail": detail}))
    declared = [{"cron": "x"}]
    answer = run_module("deployment", api_url=server.url, flow="etl", name="daily", schedules=declared)
    assert answer["msg"] == 'schedules[0].cron is refused by the server: Invalid cron string: "x"'


def test_an_added_schedule_without_a_slug_is_not_sent_again_when_the_answer_is_lost(
    server: ScriptedServer, run_module: RunModule
) -> None:
    server.expect(
        *HELD,
        Exchange("POST", JUDGED, 404, MISSING),
        Exchange("POST", "/deployments/d/schedules", fault="drop"),
    )
    declared = [{"cron": "0 3 * * *"}]
    answer = run_module("deployment", api_url=server.url, flow="etl", name="daily", schedules=declared)
    assert answer["failed"]
    assert "/deployments/d/schedules" in answer["msg"]


def test_two_limits_exclude_each_other(run_module: RunModule) -> None:
    answer = run_module(
        "deployment",
        api_url="http://s/api",
        flow="etl",
        name="daily",
        concurrency_limit=1,
        global_concurrency_limit="shared",
    )
    assert answer["msg"] == "global_concurrency_limit must not be given together with concurrency_limit"
