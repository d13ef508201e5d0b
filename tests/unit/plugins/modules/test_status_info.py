# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module status_info."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

OK = [Exchange("GET", "/ready", body={"message": "OK"}), Exchange("GET", "/admin/version", body="3.8.8")]


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_empty_server_has_no_pools_and_nothing_that_is_late(
    server: ScriptedServer, run_module: RunModule, check_mode: bool
) -> None:
    counts = [Exchange("POST", "/flow_runs/count", body=number) for number in (7, 0, 1, 0, 0, 2, 5, 4, 3, 0, 0)]
    server.expect(*OK, Exchange("POST", "/work_pools/filter", body=[]), *counts)
    told = run_module("status_info", api_url=server.url, check_mode=check_mode)
    assert (told["changed"], told["ready"], told["version"], told["pools"]) == (False, True, "3.8.8", [])
    assert told["flow_runs"] == {"SCHEDULED": 7, "PENDING": 0, "RUNNING": 1, "PAUSED": 0, "CANCELLING": 0, "LATE": 2}
    assert told["ended"] == {"COMPLETED": 5, "FAILED": 4, "CRASHED": 3, "CANCELLED": 0}
    assert told["unmarked"] == 0


def test_a_server_without_its_database_is_told_and_no_failure(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("GET", "/ready", 503, {"message": "Database is not available"}))
    told = run_module("status_info", api_url=server.url)
    assert (told.get("failed"), told["ready"], told["reason"]) == (None, False, "database_down")
    assert "pools" not in told


def test_wrong_credentials_fail_in_words(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(OK[0], Exchange("GET", "/admin/version", 401, {"exception_message": "Unauthorized"}))
    told = run_module("status_info", api_url=server.url, api_auth_string="admin:Zq9wrong")
    assert told["failed"]
    assert told["reason"] == "unauthorized"
    assert "Zq9wrong" not in str(told)
