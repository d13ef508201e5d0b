# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module global_concurrency_limit_info against a real server."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_limits_of_tags_and_deployments_are_not_among_them(secured: Server, playbook: Playbook) -> None:
    flow = secured.ask("POST", "/flows/", {"name": "limited"})
    secured.ask("POST", "/deployments/", {"name": "limited", "flow_id": flow["id"], "concurrency_limit": 1})
    secured.ask("POST", "/concurrency_limits/", {"tag": "limited", "concurrency_limit": 1})
    secured.ask("POST", "/v2/concurrency_limits/", {"name": "limited", "limit": 1})
    results = playbook(
        secured.defaults,
        task("all", "global_concurrency_limit_info"),
        task("one", "global_concurrency_limit_info", name="limited"),
        task("hidden", "global_concurrency_limit_info", name="tag:limited"),
    )
    names = [limit["name"] for limit in results["all"]["global_concurrency_limits"]]
    assert "limited" in names
    assert not [name for name in names if name.startswith(("tag:", "deployment:"))]
    assert [limit["name"] for limit in results["one"]["global_concurrency_limits"]] == ["limited"]
    assert results["hidden"]["global_concurrency_limits"] == []
    secured.ask("DELETE", f"/flows/{flow['id']}")
