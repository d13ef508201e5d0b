# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One role alone, and one module alone, in a project that has nothing but the installed collection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from ansible_collections.selfhosted.prefect.tests.installed import build, install
from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import (
    Deployment,
    Run,
    Variables,
    built_images_used,
    flow_run_containers,
    inspect,
    snapshot,
)
from ansible_collections.selfhosted.prefect.tests.roles.witness import Witnessed

POOL = "Ask for the work pool"


@dataclass
class Alone:
    """What workers without database and server of their own went through."""

    stack: Deployment
    before: Variables
    steps: dict[str, tuple[Run, Variables]] = field(default_factory=dict)

    def step(self, name: str, run: Run) -> None:
        """Remember a run, and what the engine had after it."""
        self.steps[name] = run, snapshot()


@pytest.fixture(scope="module")
def alone(deployed: Witnessed, tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """Run workers against a server that somebody else deployed and that their network leads to."""
    project = tmp_path_factory.mktemp("project")
    install(build(), project)
    server = deployed.stack
    stack = Deployment(
        project,
        "alone",
        prefect_server_port=server.port,
        prefect_worker_api_auth_string=server.variables["prefect_server_api_auth_string"],
    )
    stack.environment["ANSIBLE_COLLECTIONS_PATH"] = str(project / "collections")
    with built_images_used():
        lived = Alone(stack, snapshot())
        docker("network", "create", stack.network)
        docker("network", "connect", "--alias", stack.containers["server"], stack.network, server.containers["server"])
        try:
            lived.step("deploy", stack.role("worker"))
            lived.step("again", stack.role("worker"))
            lived.step("verify", stack.role("worker", tasks_from="verify"))
            lived.step("module", stack.plays([play(stack)], {"localhost": (("worker",), {})})["localhost"])
        finally:
            docker("network", "disconnect", stack.network, server.containers["server"])
        lived.step("remove", stack.role("worker", tasks_from="remove"))
    return lived


def play(stack: Deployment) -> Variables:
    """Return a play with one module of the collection and nothing else of it."""
    options = {
        "api_url": stack.variables["prefect_worker_local_api_url"],
        "api_auth_string": "{{ prefect_worker_api_auth_string }}",
        "name": stack.pool,
    }
    task = {"name": POOL, "selfhosted.prefect.work_pool_info": options}
    return {"hosts": "prefect_worker", "gather_facts": False, "tasks": [task]}


def test_the_role_is_the_installed_one(alone: Alone) -> None:
    run, _after = alone.steps["deploy"]
    files = re.findall(r'"path": "(/\S+/roles/\S+\.yml):\d+"', run.succeeded().output)
    installed = f"{alone.stack.environment['ANSIBLE_COLLECTIONS_PATH']}/ansible_collections/selfhosted/prefect/roles/"
    assert files
    assert [file for file in files if not file.startswith(installed)] == []


def test_the_role_alone_makes_its_worker_and_nothing_else(alone: Alone) -> None:
    run, after = alone.steps["deploy"]
    run.succeeded()
    assert set(after["containers"]) - set(alone.before["containers"]) == {alone.stack.containers["worker"]}
    assert set(after["networks"]) - set(alone.before["networks"]) == {alone.stack.network}
    # The containers of the stack that has the server are as they were.
    assert {name: after["containers"][name] for name in alone.before["containers"]} == alone.before["containers"]
    assert after["volumes"] == alone.before["volumes"]


def test_a_second_run_of_the_role_alone_changes_nothing(alone: Alone) -> None:
    run, after = alone.steps["again"]
    assert run.succeeded().changed == {}
    assert after == alone.steps["deploy"][1]


def test_the_role_alone_proves_that_flows_run(alone: Alone) -> None:
    run, after = alone.steps["verify"]
    results = dict(run.succeeded().tasks)
    flow_run = results["Run a canary flow in a container of its own"]["flow_run"]
    assert flow_run["state_type"] == "COMPLETED"
    assert any(alone.stack.pool in line for line in results["Sum up"]["msg"])
    assert after == alone.steps["deploy"][1]


def test_a_module_alone_does_its_work(alone: Alone) -> None:
    run, _after = alone.steps["module"]
    (pool,) = dict(run.succeeded().tasks)[POOL]["work_pools"]
    assert (pool["name"], pool["type"]) == (alone.stack.pool, "docker")


def test_removal_of_the_role_alone_leaves_nothing_of_it_and_a_network_that_was_made_by_hand(alone: Alone) -> None:
    run, after = alone.steps["remove"]
    run.succeeded()
    assert set(after["networks"]) - set(alone.before["networks"]) == {alone.stack.network}
    assert {**after, "networks": alone.before["networks"]} == alone.before
    assert flow_run_containers(alone.stack.network) == []


def test_removal_of_the_role_alone_leaves_the_pool_and_the_server(alone: Alone, stack: Deployment) -> None:
    alone.steps["remove"][0].succeeded()
    assert stack.api.pool(alone.stack.pool)["type"] == "docker"
    networks = [item["NetworkSettings"]["Networks"] for item in inspect("container", stack.containers.values())]
    assert [list(item) for item in networks] == [[stack.network]] * len(networks)
