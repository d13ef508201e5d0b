# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module work_pool_info."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_it_returns_all_pages(server: ScriptedServer, run_module: RunModule) -> None:
    pools = [{"name": f"p{number}"} for number in range(201)]
    server.expect(
        Exchange("POST", "/work_pools/filter", body=pools[:200], sent={"limit": 200, "offset": 0}),
        Exchange("POST", "/work_pools/filter", body=pools[200:], sent={"limit": 200, "offset": 200}),
    )
    answer = run_module("work_pool_info", api_url=server.url)
    assert (answer["changed"], answer["work_pools"]) == (False, sorted(pools, key=lambda pool: pool["name"]))


@pytest.mark.parametrize("check_mode", [False, True])
def test_it_returns_one_by_name(server: ScriptedServer, run_module: RunModule, check_mode: bool) -> None:
    server.expect(Exchange("GET", "/work_pools/a%20b", body={"name": "a b"}))
    answer = run_module("work_pool_info", api_url=server.url, name="a b", check_mode=check_mode)
    assert answer["work_pools"] == [{"name": "a b"}]


def test_the_server_filters_by_type(server: ScriptedServer, run_module: RunModule) -> None:
    found = [{"id": "1", "name": "a", "type": "docker"}]
    sent = {"work_pools": {"type": {"any_": ["docker"]}}, "limit": 200, "offset": 0}
    server.expect(Exchange("POST", "/work_pools/filter", body=found, sent=sent))
    assert run_module("work_pool_info", api_url=server.url, type=["docker"])["work_pools"] == found


def test_one_that_does_not_exist_is_an_empty_list(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(Exchange("GET", "/work_pools/a", 404, {"detail": "Work pool not found."}))
    answer = run_module("work_pool_info", api_url=server.url, name="a")
    assert (answer.get("failed"), answer["work_pools"]) == (None, [])


def test_in_check_mode_a_missing_server_is_no_failure(run_module: RunModule) -> None:
    answer = run_module("work_pool_info", api_url="http://no-such-host.invalid/api", wait=True, check_mode=True)
    assert (answer["work_pools"], answer["reason"]) == ([], "unresolved")
