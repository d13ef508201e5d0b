# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module deployment_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_it_returns_those_that_fit(server: ScriptedServer, run_module: RunModule) -> None:
    found = [{"id": "1", "name": "a", "flow_id": "f"}]
    body = {
        "deployments": {"tags": {"all_": ["t"]}, "paused": {"eq_": False}},
        "work_pools": {"name": {"any_": ["p"]}},
        "limit": 200,
        "offset": 0,
    }
    server.expect(
        Exchange("POST", "/deployments/filter", body=found, sent=body),
        Exchange("POST", "/flows/filter", body=[{"id": "f", "name": "etl"}]),
    )
    answer = run_module("deployment_info", api_url=server.url, tags=["t"], paused=False, work_pools=["p"])
    assert answer["deployments"] == found
