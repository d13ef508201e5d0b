# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several workers a host, workers of type process, and workers that finish before they are replaced."""

from __future__ import annotations

import json
import re
import ssl
import stat
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.certificates import make_authority
from ansible_collections.selfhosted.prefect.tests.integration.flows import deploy
from ansible_collections.selfhosted.prefect.tests.integration.stack import Json, Server, docker, until
from ansible_collections.selfhosted.prefect.tests.roles.deployment import (
    PREFIX,
    Deployment,
    Run,
    Variables,
    images,
    inspect,
    snapshot,
)
from ansible_collections.selfhosted.prefect.tests.roles.witness import Witnessed

ETL, WEB = f"{PREFIX}etl", f"{PREFIX}web"
MANY = f"{PREFIX}many"
PLAIN, FIRST, SECOND, HASTY = f"{MANY}-a", f"{MANY}-{ETL}", f"{MANY}-{ETL}-2", f"{MANY}-{WEB}"
OFTEN = {"PREFECT_WORKER_QUERY_SECONDS": 1}
# Looks for work often, and notices soon that there is no server to ask.
HASTE = {"PREFECT_WORKER_QUERY_SECONDS": 0.5, "PREFECT_WORKER_HEARTBEAT_SECONDS": 3, "PREFECT_API_REQUEST_TIMEOUT": 2}
# Ends a container's processes as a fault would.
_END = (
    "import os, signal; pids = [int(name) for name in os.listdir('/proc') if name.isdigit()];"
    " [os.kill(pid, signal.SIGKILL) for pid in pids if pid not in (1, os.getpid())]"
)


@dataclass
class Fleet:
    """Workers of one host beside the shared stack's own.

    :param options: What the role is told of them.
    """

    stack: Deployment
    options: Variables
    first: Run
    again: Run

    def run(self, *options: str, tasks_from: str = "main", **changes: t.Any) -> Run:
        """Run the role."""
        return self.stack.role("worker", *options, tasks_from=tasks_from, **{**self.options, **changes})

    def workers(self, **changes: t.Any) -> Variables:
        """Return the declaration with other environment variables for the process workers."""
        plain, etl, web = self.options["prefect_worker_workers"]
        return {"prefect_worker_workers": [plain, {**etl, "environment": {**OFTEN, **changes}}, web]}


@pytest.fixture(scope="module")
def fleet(deployed: Witnessed) -> Fleet:
    """Run a Docker worker and three process workers."""
    stack = deployed.stack
    workers: list[Variables] = [
        {
            "container_name": PLAIN,
            "limit": 0,
            "work_queues": ["slow", "default"],
            "labels": {"team": "data"},
            # As the shared stack has it.
            "pool_job_variables": {"auto_remove": False},
        },
        {
            "pool": ETL,
            "type": "process",
            "count": 2,
            "limit": 4,
            "prefetch_seconds": 0,
            "packages": ["iniconfig==2.0.0"],
            "environment": OFTEN,
            "container": {"memory": "700m"},
            "pool_job_variables": {"stream_output": False},
        },
        {"pool": WEB, "type": "process", "packages": ["iniconfig==2.0.0"], "environment": HASTE},
    ]
    options: Variables = {
        "prefect_worker_container_name": MANY,
        "prefect_worker_workers": workers,
        "prefect_worker_pool_job_variables": {},
    }
    made = Fleet(stack, options, stack.role("worker", **options), stack.role("worker", **options))
    deploy(stack.api, ETL, "told")
    return made


def state(server: Server, identifier: str) -> Json:
    """Return the state of a flow run."""
    return server.ask("GET", f"/flow_runs/{identifier}")["state"]


def begin(server: Server, end: str, name: str = "told") -> tuple[str, str]:
    """Start a flow run, wait until it is RUNNING, and return its ID and its worker's name."""
    deployment = server.ask("GET", f"/deployments/name/ends/{name}")["id"]
    identifier = str(
        server.ask("POST", f"/deployments/{deployment}/create_flow_run", {"parameters": {"end": end}})["id"]
    )
    until("the flow run is RUNNING", lambda: state(server, identifier)["type"] == "RUNNING", 180)
    return identifier, str(server.ask("GET", f"/flow_runs/{identifier}")["labels"]["prefect.worker.name"])


def test_each_worker_is_what_its_declaration_says(fleet: Fleet) -> None:
    fleet.first.succeeded()
    plain, first, second = inspect("container", [PLAIN, FIRST, SECOND])
    worker = fleet.stack.worker
    assert f"--pool {fleet.stack.pool} --type docker --name {worker}-{PLAIN}" in " ".join(plain["Config"]["Cmd"])
    assert "--work-queue=slow --work-queue=default --limit 0" in " ".join(plain["Config"]["Cmd"])
    assert plain["Config"]["Labels"]["team"] == "data"
    for number, container in (("", first), ("-2", second)):
        command = " ".join(container["Config"]["Cmd"])
        assert f"--pool {ETL} --type process --name {worker}-{ETL}{number}" in command
        assert "--limit 4 --prefetch-seconds 0" in command
        assert container["HostConfig"]["Memory"] == 700 * 1024 * 1024
    assert fleet.stack.api.pool(ETL)["type"] == "process"
    variables = fleet.stack.api.pool(ETL)["base_job_template"]["variables"]["properties"]
    assert variables["stream_output"]["default"] is False


def test_packages_are_in_the_image_of_those_who_asked(fleet: Fleet) -> None:
    plain, first, second = inspect("container", [PLAIN, FIRST, SECOND])
    assert first["Image"] == second["Image"] != plain["Image"]
    look = "import importlib.metadata as m; print(m.version('iniconfig'), [d.name for d in m.distributions()])"
    found = docker("exec", FIRST, "python", "-c", look)
    assert found.startswith("2.0.0")
    assert "prefect-docker" not in found


def test_workers_have_no_more_than_they_need(fleet: Fleet) -> None:
    for container in inspect("container", [PLAIN, FIRST, fleet.stack.containers["worker"]]):
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert (host["CapDrop"], host["CapAdd"] or []) == (["ALL"], [])
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert host["Memory"] > 0
        assert host["NanoCpus"] > 0
        assert host["PidsLimit"] > 0
        assert container["Config"]["StopTimeout"] >= 30
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
    (first,) = inspect("container", [FIRST])
    assert [mount["Destination"] for mount in first["Mounts"]] == []


def test_a_second_run_of_several_workers_changes_nothing(fleet: Fleet) -> None:
    assert fleet.again.succeeded().changed == {}
    # A worker more costs the run few tasks, and none of them asks its host.
    assert len(fleet.again.tasks) < 60


def test_flow_runs_of_every_pool_are_proven(fleet: Fleet) -> None:
    # The one that serves no flow run at all proves nothing.
    served = {"prefect_worker_workers": fleet.options["prefect_worker_workers"][1:2]}
    (summary,) = [
        result["msg"] for task, result in fleet.run(tasks_from="verify", **served).succeeded().tasks if task == "Sum up"
    ]
    assert any(f"{ETL} (process)" in line for line in summary)
    assert any("COMPLETED, in the worker" in line for line in summary)


def test_a_worker_finishes_before_it_is_replaced(fleet: Fleet) -> None:
    server = fleet.stack.api
    identifier, worker = begin(server, f"after the pause of {ETL}")
    before = {item["Name"]: item["Id"] for item in inspect("container", [PLAIN, FIRST, SECOND])}
    changed = fleet.run(**fleet.workers(TEAM="two")).succeeded()
    assert set(changed.changed) == {f"Run the container {FIRST}", f"Run the container {SECOND}"}
    (found,) = [result["msg"] for task, result in changed.tasks if task == "Say what was found"]
    assert "aited for 1 flow run" in found
    assert state(server, identifier)["type"] == "COMPLETED"
    assert worker.startswith(f"{fleet.stack.worker}-{ETL}")
    after = {item["Name"]: item["Id"] for item in inspect("container", [PLAIN, FIRST, SECOND])}
    assert [after[name] == before[name] for name in before] == [True, False, False]
    assert not server.pool(ETL)["is_paused"]
    fleet.options |= fleet.workers(TEAM="two")


def patient() -> dict[str, t.Any]:
    """Return a snapshot without the worker that gives up soon, as it may on a busy machine, and is started again."""
    found = snapshot()
    del found["containers"][HASTY]
    return found


def test_a_worker_that_does_not_finish_stays_and_its_pool_goes_on(fleet: Fleet) -> None:
    server = fleet.stack.api
    identifier, _worker = begin(server, "sleep")
    before = patient()
    other: Variables = {**fleet.workers(TEAM="three"), "prefect_worker_drain_timeout": 1}
    refused = fleet.run(**other).refused()
    assert "After 1 s the workers still had 1 flow run" in refused
    assert "Nothing was stopped" in refused
    after = patient()
    assert set(after["containers"].items()) ^ set(before["containers"].items()) == set()
    assert {**after, "containers": None} == {**before, "containers": None}
    assert not server.pool(ETL)["is_paused"]
    # Told to stop all the same, it says what became of the flow run.
    forced = fleet.run(**other, prefect_worker_drain_force=True).succeeded()
    assert "Tell the server which flow runs nobody runs any more" in forced.changed
    crashed = state(server, identifier)
    assert crashed["type"] == "CRASHED"
    assert "was stopped while this flow run was RUNNING in it" in crashed["message"]
    assert not server.pool(ETL)["is_paused"]
    fleet.options |= fleet.workers(TEAM="three")


def test_a_worker_goes_on_after_an_outage_and_is_started_again_when_it_ended(fleet: Fleet) -> None:
    def heard() -> Json:
        workers = fleet.stack.api.ask("POST", f"/work_pools/{WEB}/workers/filter", {})
        name = f"{fleet.stack.worker}-{WEB}"
        return next(item["last_heartbeat_time"] for item in workers if item["name"] == name)

    docker("network", "disconnect", fleet.stack.network, HASTY)
    time.sleep(8)
    last = heard()
    docker("network", "connect", "--alias", HASTY, fleet.stack.network, HASTY)
    until("the worker is heard again", lambda: heard() > last, 90)
    docker("exec", HASTY, "python", "-c", _END, check=False)
    until("it is started again", lambda: docker("inspect", "--format", "{{.RestartCount}}", HASTY) != "0", 30)
    last = heard()
    until("the worker is heard after its new start", lambda: heard() > last, 90)


def test_workers_that_are_no_longer_declared_are_removed(fleet: Fleet) -> None:
    mine = {"prefect_worker_workers": fleet.options["prefect_worker_workers"][:1]}
    before = snapshot()["containers"]
    steps = ["Remove the workers that are too many", "Have the server forget workers that are gone"]
    assert list(fleet.run("--check", **mine).succeeded().changed) == steps
    assert snapshot()["containers"] == before
    assert list(fleet.run(**mine).succeeded().changed) == steps
    # Those of another declaration, the stack's own, stay.
    assert set(before) - set(snapshot()["containers"]) == {FIRST, SECOND, HASTY}
    assert not fleet.stack.api.pool(ETL)["is_paused"]


def test_hosts_of_one_pool_make_it_together_and_drain_together(stack: Deployment) -> None:
    pool = f"{PREFIX}duo"

    def cases(team: str, second: str = f"{PREFIX}duo-2") -> dict[str, tuple[str, Variables]]:
        shared: Variables = {"prefect_worker_pool": pool, "prefect_worker_type": "process"}
        shared["prefect_worker_pool_job_variables"] = {}
        shared["prefect_worker_environment"] = {**OFTEN, "TEAM": team}
        return {
            host: (
                "worker",
                {**shared, "prefect_worker_container_name": f"{PREFIX}duo-{number}", "prefect_worker_name": name},
            )
            for number, host, name in ((1, "one", f"{PREFIX}duo-1"), (2, "two", second))
        }

    try:
        for run in stack.roles(cases("first")).values():
            run.succeeded()
        deploy(stack.api, pool, "duo")
        identifier, worker = begin(stack.api, f"after the pause of {pool}", "duo")
        before = snapshot()["containers"]
        # One of them gets another name on the way, and the server forgets the former one.
        runs = stack.roles(cases("second", f"{PREFIX}duo-renamed"))
        found = {
            host: [result["msg"] for task, result in run.succeeded().tasks if task == "Say what was found"]
            for host, run in runs.items()
        }
        busy, idle = ("one", "two") if worker.endswith("1") else ("two", "one")
        assert "aited for 1 flow run" in found[busy][0]
        assert "o flow run was active" in found[idle][0]
        assert state(stack.api, identifier)["type"] == "COMPLETED"
        after = snapshot()["containers"]
        assert {name for name in before if before[name] != after[name]} == {f"{PREFIX}duo-1", f"{PREFIX}duo-2"}
        assert not stack.api.pool(pool)["is_paused"]
        known = stack.api.ask("POST", f"/work_pools/{pool}/workers/filter", {})
        assert {item["name"] for item in known} == {f"{PREFIX}duo-1", f"{PREFIX}duo-renamed"}
    finally:
        docker("rm", "--force", f"{PREFIX}duo-1", f"{PREFIX}duo-2", check=False)


# A private authority, and a log-in to registries

_PROXY = """
import asyncio, ssl, sys

async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()

async def serve(reader, writer):
    inside = await asyncio.open_connection(sys.argv[1], 4200)
    await asyncio.gather(copy(reader, inside[1]), copy(inside[0], writer))

async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/tls/server.pem", "/tls/server.key")
    await (await asyncio.start_server(serve, "0.0.0.0", 4443, ssl=context)).serve_forever()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def private(deployed: Witnessed, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Variables]:
    """Put TLS of a private authority in front of the server; give what the workers are told."""
    stack = deployed.stack
    name = f"{PREFIX}workers-tls"
    directory = tmp_path_factory.mktemp("tls")
    authority = make_authority(directory, name)
    options = ("--network", stack.network, "--volume", f"{authority}:/tls:ro", images()["prefect_server_image"])
    docker("run", "--detach", "--name", name, *options, "python", "-c", _PROXY, stack.containers["server"])
    place = tmp_path_factory.mktemp("trust")
    yield {
        "prefect_worker_container_name": f"{PREFIX}trusting",
        "prefect_worker_name": f"{PREFIX}trusting",
        "prefect_worker_pool": f"{PREFIX}private",
        "prefect_worker_api_url": f"https://{name}:4443/api",
        "prefect_worker_ca_certificate": (authority / "ca.pem").read_text(encoding="utf-8"),
        "prefect_worker_trust_directory": str(place / "trust"),
        "prefect_worker_directory": str(place / "etc"),
        "prefect_worker_registries": [
            {"url": "127.0.0.1:1", "username": "reader", "password": "Zt6registrySecret"},
            {"url": "docker.io", "username": "reader", "password": "Zt6registrySecret"},
        ],
    }
    docker("rm", "--force", name, f"{PREFIX}trusting")


def test_workers_and_flow_runs_trust_a_private_authority(stack: Deployment, private: Variables) -> None:
    deployed = stack.role("worker", "-vvv", "--diff", **private).succeeded()
    assert "Zt6registrySecret" not in deployed.output
    again = stack.role("worker", **private).succeeded()
    assert again.changed == {}
    # Nor is what is as it should be written again.
    assert "Make a directory for certificates" not in [task for task, _result in again.tasks]
    # The log lines came over HTTP, the task runs over a websocket.
    (summary,) = [
        result["msg"]
        for task, result in stack.role("worker", tasks_from="verify", **private).succeeded().tasks
        if task == "Sum up"
    ]
    assert any(re.search("COMPLETED, in its own container, [1-9].* 2 task runs", line) for line in summary)
    # Beside the public authorities.
    bundle = Path(private["prefect_worker_trust_directory"], "ca-bundle.pem")
    context = ssl.create_default_context(cafile=str(bundle))
    assert len(context.get_ca_certs()) > 20
    assert bundle.read_text(encoding="utf-8").rstrip().endswith(private["prefect_worker_ca_certificate"].rstrip())


def test_the_log_in_to_registries_is_in_a_file_that_nobody_else_reads(stack: Deployment, private: Variables) -> None:
    path = Path(private["prefect_worker_directory"], "docker", "config.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    auths = json.loads(path.read_text(encoding="utf-8"))["auths"]
    assert set(auths) == {"127.0.0.1:1", "https://index.docker.io/v1/"}
    (worker,) = inspect("container", [f"{PREFIX}trusting"])
    assert "Zt6registrySecret" not in json.dumps(worker)
    # Prefect's worker asks the same library for it at each pull.
    look = "import docker.auth as a; print(a.load_config().resolve_authconfig('127.0.0.1:1')['username'])"
    assert docker("exec", f"{PREFIX}trusting", "python", "-c", look) == "reader"


BAD: dict[str, tuple[Variables, tuple[str, ...]]] = {
    "none": ({"prefect_worker_workers": []}, ("prefect_worker_workers is empty", "remove")),
    "unknown-key": ({"prefect_worker_workers": [{"pol": "a"}]}, ("pol", "Supported parameters")),
    "two-of-one-name": (
        {"prefect_worker_workers": [{"container_name": "a", "count": 2}, {"container_name": "a-2"}]},
        ("two workers in the container a-2", "container_name"),
    ),
    "two-types": (
        {"prefect_worker_workers": [{}, {"type": "process"}]},
        ("docker and of type process are to serve the work pool", "a pool of its own"),
    ),
    "packages-for-a-given-image": (
        {"prefect_worker_image": "a:1", "prefect_worker_packages": ["b"]},
        ("prefect_worker_packages cannot be added",),
    ),
    "option-as-package": ({"prefect_worker_packages": ["--index-url=x"]}, ("--index-url=x", "one package")),
    "password-in-a-package": (
        {"prefect_worker_packages": ["a @ git+https://u:Zt6packageSecret@example.org/a"]},
        ("would stay in the image", "https://…@example.org/a"),
    ),
    "two-log-ins": (
        {
            "prefect_worker_registries": [{"url": "a", "username": "b", "password": "c"}],
            "prefect_worker_docker_config": "/root/.docker/config.json",
        },
        ("one config.json",),
    ),
    "socket-as-address": ({"prefect_worker_docker_host": "unix:///x"}, ("tcp://socket-proxy:2375", "docker_socket")),
    "path-as-certificate": ({"prefect_worker_ca_certificate": "/etc/ca.pem"}, ("has no certificate in it", "lookup")),
    "key-as-certificate": (
        {"prefect_worker_ca_certificate": "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n"},
        ("private key",),
    ),
    "several-at-once": (
        {"prefect_worker_name": "a/b", "prefect_worker_ca_certificate": "c", "prefect_worker_docker_host": "b"},
        ("prefect_worker_name is 'a/b'", "has no certificate in it", "prefect_worker_docker_host is 'b'"),
    ),
}


@pytest.fixture(scope="module")
def refusals(deployed: Witnessed) -> dict[str, Run]:
    """Try every bad declaration."""
    stack = deployed.stack
    before = snapshot()
    runs = stack.roles({name: ("worker", changes) for name, (changes, _words) in BAD.items()})
    assert snapshot() == before
    return runs


@pytest.mark.parametrize("name", BAD)
def test_a_bad_declaration_is_refused_in_words_that_help(refusals: dict[str, Run], name: str) -> None:
    message = refusals[name].refused()
    assert [words for words in BAD[name][1] if words not in message] == [], message
    assert "Zt6packageSecret" not in message
