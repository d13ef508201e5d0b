# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module flow_run_info against a real server."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_flow_runs_are_listed_newest_first_by_what_they_are_of(plain: Server, playbook: Playbook) -> None:
    flow = plain.ask("POST", "/flows/", {"name": "run-listed"})
    made = {name: plain.ask("POST", "/deployments/", {"name": name, "flow_id": flow["id"]})["id"] for name in "ab"}
    runs = {
        name: plain.ask("POST", f"/deployments/{made[name[0]]}/create_flow_run", {"name": name, "tags": [name, "t"]})
        for name in ("a1", "b1", "a2")
    }
    plain.ask("POST", f"/flow_runs/{runs['a2']['id']}/set_state", {"state": {"type": "FAILED"}, "force": True})
    results = playbook(
        plain.defaults,
        task("flow", "flow_run_info", flow="run-listed"),
        task("deployment", "flow_run_info", deployment="run-listed/a"),
        task("state", "flow_run_info", flow="run-listed", state_types=["FAILED", "CRASHED"]),
        task("tags", "flow_run_info", tags=["b1", "t"]),
        task("id", "flow_run_info", id=runs["b1"]["id"]),
        task("limit", "flow_run_info", flow="run-listed", limit=1),
        task("all", "flow_run_info", flow="run-listed", limit=0),
        task("none", "flow_run_info", deployment="run-listed/c"),
    )
    names = {title: [run["name"] for run in result["flow_runs"]] for title, result in results.items()}
    assert names == {
        "flow": ["a2", "b1", "a1"],
        "deployment": ["a2", "a1"],
        "state": ["a2"],
        "tags": ["b1"],
        "id": ["b1"],
        "limit": ["a2"],
        "all": ["a2", "b1", "a1"],
        "none": [],
    }
    plain.ask("DELETE", f"/flows/{flow['id']}")
