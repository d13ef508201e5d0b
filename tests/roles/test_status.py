# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook status on a stack that runs: everything has its row, nothing is changed, and what is wrong is named."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import Deployment, Run, snapshot
from ansible_collections.selfhosted.prefect.tests.roles.witness import AUTH_CORE, PASSWORD_CORE

Json = dict[str, t.Any]


@pytest.fixture
def asked(stack: Deployment) -> Json:
    """Return the variables that lead the playbook to this stack."""
    return {
        "prefect_resources_api_url": f"http://127.0.0.1:{stack.port}/api",
        "prefect_resources_api_auth_string": "{{ prefect_server_api_auth_string }}",
        "prefect_status_stacks": [stack.network],
    }


def shown(run: Run) -> list[str]:
    (lines,) = [result["msg"] for name, result in run.tasks if name == "Show how the fleet is"]
    return list(lines)


def test_everything_has_its_row_and_nothing_is_changed(stack: Deployment, asked: Json, tmp_path: Path) -> None:
    before = snapshot()
    file = tmp_path / "status.json"
    run = stack.playbook("status", "--check", "--diff", **asked, prefect_status_file=str(file)).succeeded()
    assert run.changed == {}
    assert snapshot() == before
    lines = shown(run)
    for service, name in stack.containers.items():
        assert [line for line in lines if line.split()[1:3] == [service, name]], lines
    told = json.loads(file.read_text(encoding="utf-8"))
    (host,) = told["hosts"]
    versions = {service["service"]: service["version"] for service in host["services"]}
    assert versions["server"] == versions["worker"] == told["api"]["version"]
    assert versions["database"].startswith("15.")
    (pool,) = [pool for pool in told["api"]["pools"] if pool["name"] == stack.pool]
    assert [(worker["name"], worker["status"]) for worker in pool["workers"]] == [(stack.worker, "ONLINE")]
    (database,) = told["databases"]
    assert database["size"] > 1_000_000
    assert "flow_run" in {table["name"] for table in database["tables"]}
    assert [line for line in lines if line.startswith("backup")]
    for core in (AUTH_CORE, PASSWORD_CORE):
        assert core not in run.output + file.read_text(encoding="utf-8")


def test_as_json_it_is_the_report_itself(stack: Deployment, asked: Json) -> None:
    run = stack.playbook("status", **asked, prefect_status_format="json").succeeded()
    (told,) = [result["msg"] for name, result in run.tasks if name == "Show how the fleet is"]
    assert set(told) == {"hosts", "api", "databases", "certificates", "attention"}


def test_a_host_that_is_down_is_a_row_and_no_end(stack: Deployment, asked: Json, tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    gone = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    # The report is written on the controller, which is no host of this inventory.
    extra = ("--extra-vars", json.dumps({"prefect_status_file": str(file)}))
    stack.playbooks("status", {"here": asked, "nowhere": {**asked, **gone}}, *extra)
    told = json.loads(file.read_text(encoding="utf-8"))
    reachable = {host["host"]: host["reachable"] for host in told["hosts"]}
    assert reachable == {"here": True, "nowhere": False}
    assert told["api"]["ready"] is True
    assert [words for words in told["attention"] if words.startswith("nowhere is unreachable") and "refused" in words]


def test_what_is_wrong_is_named_and_fails_when_that_is_asked_for(stack: Deployment, asked: Json) -> None:
    worker = stack.containers["worker"]
    docker("stop", worker)
    try:
        run = stack.playbook("status", **asked).succeeded()
        # Other tests leave records of workers, which are listed, too.
        attention = "\n".join(shown(run))
        assert f"{worker} on localhost is exited" in attention
        strict = stack.playbook("status", **asked, prefect_status_strict=True)
        assert f"{worker} on localhost is exited" in strict.refused()
        wrong = {**asked, "prefect_resources_api_auth_string": "admin:wrong"}
        assert any("unauthorized" in line for line in shown(stack.playbook("status", **wrong).succeeded()))
    finally:
        docker("start", worker)
