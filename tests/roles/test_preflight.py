# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts on which a deployment could not work are refused before anything is touched, with the reason and the way out."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import typing as t
import urllib.request
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import PREFIX, Deployment, Run, Variables, inspect
from ansible_collections.selfhosted.prefect.tests.testbed.images import build
from ansible_collections.selfhosted.prefect.tests.testbed.machine import wait_for

# --- The role preflight --------------------------------------------------------------------------

REFUSED: dict[str, tuple[Variables, tuple[str, ...]]] = {
    "name": (
        {"prefect_preflight_names": ["localhost", "missing.invalid"]},
        ("name does not resolve the name missing.invalid", "DNS record"),
    ),
    "service": (
        {"prefect_preflight_reach": [{"host": "127.0.0.1", "port": 1, "why": "the database"}]},
        ("service does not reach 127.0.0.1:1 (the database): the connection was refused", "firewall"),
    ),
    "memory": (
        {"prefect_preflight_memory_mib": 10**9},
        ("containers of memory may take 1000000000 MiB", "lower limits"),
    ),
    "disk": (
        {"prefect_preflight_disk_mib": 10**9, "prefect_preflight_disk_path": "/var/lib/missing"},
        ("/var/lib/missing on disk has", "1000000000 MiB are needed", "Make room"),
    ),
    "several": (
        {"prefect_preflight_names": ["a.invalid", "b.invalid"], "prefect_preflight_memory_mib": 10**9},
        ("the name a.invalid", "the name b.invalid", "may take 1000000000 MiB"),
    ),
}


def preflight(deployment: Deployment, cases: dict[str, Variables], *options: str) -> dict[str, Run]:
    """Run the role preflight on hosts that are all this machine."""
    task = {"name": "Look", "ansible.builtin.import_role": {"name": "selfhosted.prefect.preflight"}}
    play = {"hosts": "prefect", "gather_facts": False, "tasks": [task]}
    return deployment.plays([play], {name: ((), changes) for name, changes in cases.items()}, *options)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Give a deployment of which nothing is made."""
    return Deployment(tmp_path_factory.mktemp("preflight"), "preflight")


@pytest.fixture(scope="module")
def looked_at(deployment: Deployment) -> dict[str, Run]:
    """Look at hosts with a fault each, and at one without, side by side."""
    nothing: Variables = {"prefect_preflight_names": ["localhost"], "prefect_preflight_memory_mib": 1}
    return preflight(deployment, {**{name: changes for name, (changes, _words) in REFUSED.items()}, "healthy": nothing})


@pytest.mark.parametrize("name", REFUSED)
def test_a_host_that_lacks_something_is_refused_with_the_reason_and_the_way_out(
    looked_at: dict[str, Run], name: str
) -> None:
    message = looked_at[name].refused()
    for words in REFUSED[name][1]:
        assert words in message


def test_a_host_that_lacks_nothing_is_not_refused(looked_at: dict[str, Run]) -> None:
    assert looked_at["healthy"].succeeded().changed == {}


def shifted(place: Path, seconds: int) -> Variables:
    """Return variables of a host whose clock is off: its Python adds to what the kernel shows."""
    modules = place / f"shift{seconds}"
    modules.mkdir()
    (modules / "sitecustomize.py").write_text(
        f"import time\nshow = time.time\ntime.time = lambda: show() + {seconds}\n", encoding="utf-8"
    )
    python = modules / "python3"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={modules} exec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return {"ansible_python_interpreter": str(python)}


def test_of_several_hosts_the_one_whose_clock_is_off_is_refused(deployment: Deployment, tmp_path: Path) -> None:
    runs = preflight(deployment, {"ahead": shifted(tmp_path, 600), "first": {}, "second": {}})
    message = runs["ahead"].refused()
    assert "The clock of ahead is" in message
    assert "s ahead of that of" in message
    assert "timedatectl set-ntp true" in message
    assert [runs[name].status for name in ("first", "second")] == [0, 0]


def test_a_single_host_is_held_against_the_controller(deployment: Deployment, tmp_path: Path) -> None:
    message = preflight(deployment, {"behind": shifted(tmp_path, -600)})["behind"].refused()
    assert "The clock of behind is" in message
    assert "s behind that of the controller" in message


def test_when_all_hosts_agree_it_is_the_controller_that_is_off(deployment: Deployment, tmp_path: Path) -> None:
    hosts = {"first": shifted(tmp_path, 600), "second": shifted(tmp_path, 601)}
    runs = preflight(deployment, hosts)
    assert "The clock of the controller, where Ansible runs, is" in runs["first"].refused()
    assert "s behind those of the hosts" in runs["first"].message
    assert runs["second"].status == 0


def test_a_clock_that_is_off_by_less_than_the_limit_is_fine(deployment: Deployment, tmp_path: Path) -> None:
    hosts = {"ahead": {**shifted(tmp_path, 600), "prefect_preflight_clock_skew": 900}}
    assert preflight(deployment, hosts)["ahead"].status == 0


# --- What a container needs ----------------------------------------------------------------------

ENGINE: Variables = {
    "ServerVersion": "20.10.24+dfsg1",
    "DockerRootDir": "/var/lib/docker",
    "MemTotal": 2 * 2**30,
    "NCPU": 2,
    "MemoryLimit": True,
    "CpuCfsQuota": True,
    "PidsLimit": True,
}
IMAGE: Variables = {"Id": "sha256:1", "RepoTags": ["probe:1"], "RepoDigests": []}
WAY_OUT = "prefect_probe_container"

# A host with another engine is not to be had, so the survey of one is given.
ENGINES: dict[str, tuple[Variables, Variables, tuple[str, ...]]] = {
    "fine": ({}, {"memory": "2g", "cpus": 2}, ()),
    "oldest": ({"ServerVersion": "20.10.0"}, {}, ()),
    "own-build": ({"ServerVersion": "dev"}, {}, ()),
    "no-limits-needed": ({"MemoryLimit": False, "PidsLimit": False, "CpuCfsQuota": False}, {"pids_limit": None}, ()),
    "old": ({"ServerVersion": "19.03.15"}, {}, ("version 19.03.15", "20.10", "Upgrade it")),
    "memory": ({}, {"memory": "3g"}, ("may take 3g of memory", "has 2048 MiB", f"memory in {WAY_OUT}")),
    "processors": ({}, {"cpus": 2.5}, ("may take 2.5 processors", "has 2", f"cpus in {WAY_OUT}")),
    "no-memory-cgroup": (
        {"MemoryLimit": False},
        {"memory": "1g"},
        ("cannot enforce memory", "cgroup_enable=memory", f"{WAY_OUT} with memory: null"),
    ),
    "no-pids-cgroup": ({"PidsLimit": False}, {}, ("cannot enforce pids_limit",)),
    "no-cpu-quota": ({"CpuCfsQuota": False}, {"cpus": 1}, ("cannot enforce cpus",)),
    "several": (
        {"ServerVersion": "1.13.1", "MemoryLimit": False},
        {"memory": "3g", "published_ports": ["192.0.2.77:4200:4200"]},
        ("version 1.13.1", "cannot enforce memory", "may take 3g", "has no address 192.0.2.77"),
    ),
    "address": ({}, {"published_ports": ["192.0.2.77:4200:4200"]}, ("has no address 192.0.2.77", "_bind_address")),
    "address-6": ({}, {"published_ports": ["[2001:db8::7]:4200:4200"]}, ("has no address 2001:db8::7",)),
    "loopback": ({}, {"published_ports": ["127.0.0.1:4200:4200/tcp"]}, ()),
}


def definition(**changes: t.Any) -> Variables:
    return {"name": f"{PREFIX}probe", "image": "probe:1", "networks": [], **changes}


@pytest.fixture(scope="module")
def needs(deployment: Deployment) -> dict[str, Run]:
    """Ask on hosts with one engine each whether a container could be made there."""
    cases: dict[str, tuple[tuple[str, ...], Variables]] = {
        name: (
            (),
            {
                "prefect_container_service": "probe",
                "prefect_container_stack": f"{PREFIX}probe-net",
                "prefect_container_name": f"{PREFIX}probe",
                "prefect_container_definition": definition(**changes),
                "__prefect_container_made_networks": [],
                "__prefect_container_survey": {
                    "containers": [],
                    "networks": [],
                    "volumes": [],
                    "images": [IMAGE],
                    "host_info": {**ENGINE, **engine},
                },
            },
        )
        for name, (engine, changes, _words) in ENGINES.items()
    }
    role = {"name": "selfhosted.prefect.container", "tasks_from": "needs"}
    task = {"name": "Look", "ansible.builtin.import_role": role}
    return deployment.plays([{"hosts": "prefect", "gather_facts": False, "tasks": [task]}], cases)


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_that_cannot_run_the_container_is_refused_with_the_reason_and_the_way_out(
    needs: dict[str, Run], name: str
) -> None:
    words = ENGINES[name][2]
    if not words:
        assert needs[name].status == 0, needs[name].message
        return
    message = needs[name].refused()
    for word in words:
        assert word in message


def test_check_mode_predicts_an_overridden_container_where_no_engine_is_installed_yet(deployment: Deployment) -> None:
    changes: Variables = {
        "environment": {"DOCKER_HOST": "unix:///nonexistent/docker.sock"},
        "prefect_container_service": "probe",
        "prefect_container_stack": f"{PREFIX}probe-net",
        "prefect_container_name": f"{PREFIX}probe",
        "prefect_container_definition": definition(published_ports=["127.0.0.1:1:1"]),
        "prefect_container_overrides": {"memory": "64m", "cpus": 0.5},
        "prefect_container_files": [{"path": "/etc/app.conf", "content": "one"}],
    }
    role = {"name": "selfhosted.prefect.container", "tasks_from": "preflight"}
    task = {"name": "Look", "ansible.builtin.import_role": role}
    play = {"hosts": "prefect", "gather_facts": False, "tasks": [task]}
    run = deployment.plays([play], {"localhost": ((), changes)}, "--check")["localhost"].succeeded()
    assert list(run.changed) == [f"Compare the container with its definition: {PREFIX}probe"]


# --- Pinned images -------------------------------------------------------------------------------

DIGEST = "sha256:" + "ab" * 32
PINS: dict[str, bool] = {
    f"registry.example.org/prefect@{DIGEST}": True,
    f"registry.example.org:5000/prefect:3.8.8@{DIGEST}": True,
    DIGEST: True,
    "prefect:3.8.8": False,
    "prefect": False,
    f"prefect:{'ab' * 32}": False,
    "prefect@sha256:abc": False,
}


@pytest.fixture
def pinned() -> t.Iterator[str]:
    """Serve a small image from a registry, and give its name with its digest; the engine does not have it."""
    name = f"{PREFIX}registry"
    docker("run", "--detach", "--name", name, "--publish", "127.0.0.1::5000", build("registry"))
    try:
        address = docker("port", name, "5000/tcp").splitlines()[0]
        wait_for("the registry does not answer", 30, lambda: answers(f"http://{address}/v2/"))
        layer = io.BytesIO()
        tarfile.open(fileobj=layer, mode="w").close()
        tagged = f"{address}/probe:1"
        subprocess.run(["docker", "import", "-", tagged], input=layer.getvalue(), check=True, capture_output=True)
        docker("push", tagged)
        named = docker("image", "inspect", "--format", "{{index .RepoDigests 0}}", tagged)
        docker("rmi", tagged)
        yield named
        docker("rmi", "--force", named, check=False)
    finally:
        docker("rm", "--force", "--volumes", name)


def answers(url: str) -> str | None:
    """Return why a registry of this machine does not answer, or nothing."""
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5).close()
    except OSError as error:
        return str(error)
    return None


def test_an_image_named_by_its_digest_is_fetched_and_recognised(deployment: Deployment, pinned: str) -> None:
    changes: Variables = {
        "prefect_container_service": "probe",
        "prefect_container_stack": f"{PREFIX}probe-net",
        "prefect_container_name": f"{PREFIX}probe",
        # There is nothing in it that could run.
        "prefect_container_definition": definition(image=pinned, command=["/nothing"], state="present"),
        "prefect_container_require_digest": True,
        "prefect_container_disk_mib": 1,
    }
    task = {"name": "Run", "ansible.builtin.import_role": {"name": "selfhosted.prefect.container"}}
    play = {"hosts": "prefect", "gather_facts": False, "tasks": [task]}
    first = deployment.plays([play], {"localhost": ((), changes)})["localhost"].succeeded()
    assert f"Pull {pinned}" in first.changed
    (container,) = inspect("container", [f"{PREFIX}probe"])
    assert pinned in inspect("image", [container["Image"]])[0]["RepoDigests"]
    again = deployment.plays([play], {"localhost": ((), changes)})["localhost"].succeeded()
    assert again.changed == {}
    docker("rm", "--force", f"{PREFIX}probe")


def test_an_image_without_a_digest_is_refused_where_one_is_asked_for(deployment: Deployment) -> None:
    cases = {
        f"image{number}": (
            (),
            {
                "prefect_container_service": "probe",
                "prefect_container_stack": f"{PREFIX}probe-net",
                "prefect_container_name": f"{PREFIX}probe",
                "prefect_container_definition": definition(image=image),
                "prefect_container_require_digest": True,
            },
        )
        for number, image in enumerate(PINS)
    }
    role = {"name": "selfhosted.prefect.container", "tasks_from": "preflight"}
    task = {"name": "Look", "ansible.builtin.import_role": role}
    play = {"hosts": "prefect", "gather_facts": False, "tasks": [task]}
    runs = deployment.plays([play], cases, "--check")
    for number, (image, pinned) in enumerate(PINS.items()):
        run = runs[f"image{number}"]
        assert (run.status == 0) is pinned, (image, run.message)
        if not pinned:
            assert f"{image} of the container" in run.message
            assert "prefect_probe_require_digest asks for a digest" in run.message
