# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module work_pool_info against a real server."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


@pytest.mark.once
def test_all_pools_are_listed_beyond_one_page(plain: Server, playbook: Playbook) -> None:
    names = [f"many-{number:03}" for number in range(203)]
    for name in names:
        plain.ask("POST", "/work_pools/", {"name": name, "type": "process"})
    results = playbook(
        {**plain.defaults, "wait": True},
        task("all", "work_pool_info"),
        task("one", "work_pool_info", name=names[-1]),
        task("none", "work_pool_info", name="no such pool"),
    )
    for name in names:
        plain.ask("DELETE", f"/work_pools/{name}")
    listed = [pool["name"] for pool in results["all"]["work_pools"]]
    assert set(names) <= set(listed)
    assert len(listed) == len(set(listed))
    assert [pool["name"] for pool in results["one"]["work_pools"]] == [names[-1]]
    assert results["none"]["work_pools"] == []


@pytest.mark.once
def test_a_path_that_is_not_the_apis_is_not_taken_for_an_absent_pool(plain: Server, playbook: Playbook) -> None:
    defaults = {**plain.defaults, "api_url": plain.url.removesuffix("/api")}
    results = playbook(defaults, task("wrong path", "work_pool_info", name="a", on_ignore_errors=True))
    assert "Does api_url end with the API's path" in results["wrong path"]["msg"]
