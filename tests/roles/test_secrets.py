# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are where they have to be, and nowhere else."""

from __future__ import annotations

import re

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import (
    WORKER_IMAGES,
    Deployment,
    Variables,
    flow_run_containers,
    inspect,
    logs_of,
    snapshot,
)
from ansible_collections.selfhosted.prefect.tests.roles.witness import (
    AUTH_CORE,
    AUTH_STRING,
    PASSWORD_CORE,
    Witnessed,
    places,
    traces,
)

BOTH = pytest.mark.parametrize(
    ("core", "whole"), [(PASSWORD_CORE, ""), (AUTH_CORE, AUTH_STRING)], ids=["database password", "auth string"]
)


@BOTH
def test_output_of_a_verbose_deployment_shows_no_secret(deployed: Witnessed, core: str, whole: str) -> None:
    assert traces(deployed.site.output, core, whole) == []
    assert traces(deployed.verify.output, core, whole) == []


@BOTH
def test_no_command_line_holds_a_secret(deployed: Witnessed, core: str, whole: str) -> None:
    # The watch saw the containers' own processes too, or it would prove nothing.
    assert any("prefect server start" in line for line in deployed.command_lines)
    assert any("prefect worker start" in line for line in deployed.command_lines)
    assert traces("\n".join(deployed.command_lines), core, whole) == []


@BOTH
def test_no_log_holds_a_secret(deployed: Witnessed, core: str, whole: str) -> None:
    runs = flow_run_containers(deployed.stack.network)
    assert runs
    for name in [*deployed.stack.containers.values(), *runs]:
        logs = logs_of(name)
        assert logs
        assert traces(logs, core, whole) == [], name


def test_each_secret_is_in_the_environment_of_those_who_need_it(deployed: Witnessed) -> None:
    database, server, worker = inspect("container", deployed.stack.containers.values())
    (run,) = inspect("container", flow_run_containers(deployed.stack.network))
    assert places(database, PASSWORD_CORE) == {"/Config/Env/POSTGRES_PASSWORD"}
    assert places(server, PASSWORD_CORE) == {"/Config/Env/PREFECT_SERVER_DATABASE_CONNECTION_URL"}
    assert places([worker, run], PASSWORD_CORE) == set()
    assert places(database, AUTH_CORE) == set()
    assert places(server, AUTH_CORE) == {"/Config/Env/PREFECT_SERVER_API_AUTH_STRING"}
    assert places(worker, AUTH_CORE) == {"/Config/Env/PREFECT_API_AUTH_STRING"}
    assert places(run, AUTH_CORE) == {"/Config/Env/PREFECT_API_AUTH_STRING"}


def test_flow_runs_get_no_setting_of_the_server(deployed: Witnessed) -> None:
    (run,) = inspect("container", flow_run_containers(deployed.stack.network))
    (server,) = inspect("container", [deployed.stack.containers["server"]])
    (image,) = inspect("image", [server["Image"]])
    own = set(server["Config"]["Env"]) - set(image["Config"]["Env"])
    assert any(item.startswith("PREFECT_SERVER_UI_API_URL=") for item in own)
    assert own & set(run["Config"]["Env"]) == set()
    assert any(item.startswith("PREFECT_API_URL=") for item in run["Config"]["Env"])


@BOTH
def test_what_the_stack_stores_outside_its_containers_holds_no_secret(
    deployed: Witnessed, core: str, whole: str
) -> None:
    pool = deployed.stack.api.pool(deployed.stack.pool)
    assert pool["base_job_template"]
    assert places(pool, core) == set()
    image = inspect("container", [deployed.stack.containers["worker"]])[0]["Config"]["Image"]
    assert image.startswith(WORKER_IMAGES)
    assert traces(docker("image", "history", "--no-trunc", image), core, whole) == []


FAILURES: dict[str, tuple[str, Variables, str]] = {
    "database": ("database", {"prefect_database_password": "Jm2wrongSecret"}, "does not take the declared password"),
    "worker": (
        "worker",
        {"prefect_worker_api_auth_string": "admin:Jm2wrongSecret"},
        "The server does not accept these credentials",
    ),
    "value": ("server", {"prefect_server_ready_timeout": "soon"}, "prefect_server_ready_timeout"),
    "auth-string": ("server", {"prefect_server_api_auth_string": "'admin:Jm2wrongSecret'"}, "no quotes"),
    "image": ("server", {"prefect_server_image": "127.0.0.1:1/none:1"}, "nor can it be pulled"),
    "engine-s-refusal": ("server", {"prefect_server_container": {"memory": "1k"}}, "memory limit"),
}


def test_output_of_verbose_failures_shows_no_secret(stack: Deployment) -> None:
    before = snapshot()
    runs = stack.roles({name: (role, changes) for name, (role, changes, _reason) in FAILURES.items()}, "-vvv", "--diff")
    output = "\n".join({run.output for run in runs.values()})
    failures = dict.fromkeys(FAILURES, "")
    # The second is an item of a loop.
    told = r"^(?:fatal|failed): \[(.+?)\](.*?)(?=^\S+: \[|^TASK|^PLAY)"
    for name, text in re.findall(told, output, re.MULTILINE | re.DOTALL):
        failures[name] += text
    for name, (_role, _changes, reason) in FAILURES.items():
        assert reason.lower() in failures[name].lower(), name
    assert [traces(output, core) for core in ("Jm2wrongSecret", PASSWORD_CORE, AUTH_CORE)] == [[], [], []]
    assert "Traceback" not in output
    assert snapshot() == before


def test_a_replaced_secret_is_a_change_that_shows_neither_value(stack: Deployment) -> None:
    new = "admin:Vn9rotatedSecret"
    rotated = stack.playbook("site", "-vvv", "--diff", prefect_server_api_auth_string=new).succeeded()
    stack.variables["prefect_server_api_auth_string"] = new
    assert traces(rotated.output, "Vn9rotatedSecret", new) == []
    assert traces(rotated.output, AUTH_CORE, AUTH_STRING) == []
    assert "********" in rotated.output
    server, worker = inspect("container", [stack.containers["server"], stack.containers["worker"]])
    assert f"PREFECT_SERVER_API_AUTH_STRING={new}" in server["Config"]["Env"]
    assert f"PREFECT_API_AUTH_STRING={new}" in worker["Config"]["Env"]
    assert places([server, worker], AUTH_CORE) == set()
