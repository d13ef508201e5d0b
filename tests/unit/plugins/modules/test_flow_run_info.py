# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module flow_run_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

IDENTITY = "0b0e5a4e-8d0e-4c1e-9d7c-1f1f0a3c2b10"


def test_the_server_filters_and_sorts(server: ScriptedServer, run_module: RunModule) -> None:
    sent = {
        "sort": "START_TIME_DESC",
        "flow_runs": {
            "id": {"any_": [IDENTITY]},
            "state": {"type": {"any_": ["FAILED"]}},
            "tags": {"all_": ["t"]},
        },
        "flows": {"name": {"any_": ["a"]}},
        "deployments": {"id": {"any_": ["d"]}},
        "limit": 200,
        "offset": 0,
    }
    server.expect(
        Exchange("GET", "/deployments/name/a/b", body={"id": "d"}),
        Exchange("POST", "/flow_runs/filter", body=[{"id": IDENTITY}], sent=sent),
    )
    answer = run_module(
        "flow_run_info",
        api_url=server.url,
        id=IDENTITY,
        flow="a",
        deployment="a/b",
        state_types=["FAILED"],
        tags=["t"],
    )
    assert answer["flow_runs"] == [{"id": IDENTITY}]


def test_it_reads_as_many_pages_as_the_limit_needs(server: ScriptedServer, run_module: RunModule) -> None:
    page = [{"id": str(number)} for number in range(200)]
    first, second = (
        Exchange("POST", "/flow_runs/filter", body=page),
        Exchange("POST", "/flow_runs/filter", body=page[:7]),
    )
    server.expect(first, first, second)
    assert len(run_module("flow_run_info", api_url=server.url, limit=10)["flow_runs"]) == 10
    assert len(run_module("flow_run_info", api_url=server.url, limit=0)["flow_runs"]) == 207


def test_a_deployment_that_does_not_exist_has_none(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("GET", "/deployments/name/a/b", 404, {"detail": "Deployment not found."}))
    assert run_module("flow_run_info", api_url=server.url, deployment="a/b")["flow_runs"] == []


def test_bad_input_is_told(run_module: RunModule) -> None:
    assert "id must be the ID" in run_module("flow_run_info", api_url="http://s/api", id="x")["msg"]
    assert "limit must be at least 0" in run_module("flow_run_info", api_url="http://s/api", limit=-1)["msg"]
