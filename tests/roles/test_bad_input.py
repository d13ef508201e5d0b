# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work is refused with words that help, and the host stays as it was."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import (
    PREFIX,
    Deployment,
    Run,
    Variables,
    free_port,
    images,
    snapshot,
)
from ansible_collections.selfhosted.prefect.tests.roles.witness import Witnessed


@dataclass
class Bad:
    """An input that a role refuses.

    :param role: The role.
    :param changes: Variables that differ; one that is None is left out.
    :param words: What says what is wrong, where, and what to do; C({host}) stands for the host's name.
    """

    role: str
    changes: Variables
    words: tuple[str, ...]


BAD = {
    "no-password": Bad(
        "database",
        {"prefect_database_password": None, "prefect_server_database_password": None},
        ("missing required arguments: prefect_database_password",),
    ),
    "empty-password": Bad(
        "database",
        {"prefect_database_password": ""},
        ("prefect_database_password is empty", "from a vault or from the environment"),
    ),
    "no-password-of-the-server": Bad(
        "server",
        {"prefect_server_database_password": None},
        ("missing required arguments: prefect_server_database_password",),
    ),
    "empty-password-of-the-server": Bad(
        "server",
        {"prefect_server_database_password": ""},
        ("prefect_server_database_password is empty", "Give the server the password"),
    ),
    "auth-string-without-a-colon": Bad(
        "server",
        {"prefect_server_api_auth_string": "admin"},
        ("prefect_server_api_auth_string must be 'user:password'",),
    ),
    "auth-string-in-quotes": Bad(
        "server",
        {"prefect_server_api_auth_string": '"admin:secret"'},
        ("prefect_server_api_auth_string must be 'user:password'", "no quotes"),
    ),
    "auth-string-of-the-container-without-a-colon": Bad(
        "server",
        {"prefect_server_container": {"env": {"PREFECT_SERVER_API_AUTH_STRING": "admin"}}},
        ("prefect_server_api_auth_string must be 'user:password'",),
    ),
    "auth-string-that-is-not-ascii": Bad(
        "server", {"prefect_server_api_auth_string": "admin:pässword"}, ("must be 'user:password'", "in ASCII")
    ),
    "address-of-ipv6": Bad(
        "server", {"prefect_server_bind_address": "::1"}, ("prefect_server_bind_address is '::1'", "IPv4")
    ),
    "labels-in-a-list": Bad(
        "server",
        {"prefect_server_container": {"labels": ["a=b"]}},
        ("prefect_server_container must have dictionaries for labels",),
    ),
    "variable-with-a-list": Bad(
        "server",
        {"prefect_server_environment": {"PREFECT_X": [1]}},
        ("environment variable PREFECT_X is a list", "a number or a boolean"),
    ),
    "volume-of-a-running-database": Bad(
        "database",
        {"prefect_database_container_name": f"{PREFIX}second"},
        ("mounted by the running container sp-rt-database", "destroy its data", "prefect_database_volume"),
    ),
    "reserved-pool": Bad(
        "worker",
        {"prefect_worker_pool": "prefect-flows"},
        ("prefect_worker_pool is 'prefect-flows'", "names that begin with 'prefect' for itself"),
    ),
    "pool-with-a-slash": Bad(
        "worker", {"prefect_worker_pool": "a/b"}, ("prefect_worker_pool is 'a/b'", "has / % & > or < in it")
    ),
    "worker-with-a-slash": Bad(
        "worker", {"prefect_worker_name": "a/b"}, ("prefect_worker_name is 'a/b'", "neither / nor %")
    ),
    "two-kinds-of-credentials": Bad(
        "worker",
        {"prefect_worker_api_key": "pnu_x"},
        ("prefect_worker_api_auth_string and prefect_worker_api_key are both set", "leave one of them out"),
    ),
    "no-workers": Bad("worker", {"prefect_worker_count": 0}, ("prefect_worker_count is 0", "remove")),
    "server-settings-for-a-worker": Bad(
        "worker",
        {"prefect_worker_environment": {"PREFECT_SERVER_API_AUTH_STRING": "admin:x"}},
        ("PREFECT_SERVER_API_AUTH_STRING", "client settings only"),
    ),
    "missing-image": Bad(
        "server",
        {"prefect_server_image": "127.0.0.1:1/prefect:3"},
        ("127.0.0.1:1/prefect:3 is neither on {host} nor can it be pulled", "bootstrap.yml", "prefect_server_image"),
    ),
    "missing-image-of-the-database": Bad(
        "database",
        {"prefect_database_image": "127.0.0.1:1/postgres:15"},
        ("127.0.0.1:1/postgres:15 is neither on {host} nor can it be pulled", "prefect_database_image"),
    ),
    "missing-image-of-the-worker": Bad(
        "worker",
        {"prefect_worker_base_image": "127.0.0.1:1/prefect:3"},
        ("127.0.0.1:1/prefect:3 is neither on {host} nor can it be pulled", "prefect_worker_base_image"),
    ),
    "missing-image-with-prefect-docker": Bad(
        "worker",
        {"prefect_worker_image": "127.0.0.1:1/worker:3"},
        ("127.0.0.1:1/worker:3 is neither on {host} nor can it be pulled", "prefect_worker_image"),
    ),
    "full-disk": Bad(
        "server",
        {"prefect_server_image": "127.0.0.1:1/prefect:3", "prefect_server_disk_mib": 10**9},
        ("MiB free", "127.0.0.1:1/prefect:3 needs 1000000000 MiB", "Make room"),
    ),
    "full-disk-for-the-database": Bad(
        "database",
        {"prefect_database_image": "127.0.0.1:1/postgres:15", "prefect_database_disk_mib": 10**9},
        ("127.0.0.1:1/postgres:15 needs 1000000000 MiB (prefect_database_disk_mib)",),
    ),
    "full-disk-for-the-worker": Bad(
        "worker",
        {"prefect_worker_base_image": "127.0.0.1:1/prefect:3", "prefect_worker_disk_mib": 10**9},
        ("needs 1000000000 MiB (prefect_worker_disk_mib)",),
    ),
    "missing-network": Bad(
        "server",
        {"prefect_server_external_networks": ["sp-rt-nowhere"]},
        ("external network sp-rt-nowhere does not exist on {host}", "prefect_server_external_networks_create"),
    ),
    "missing-config.json": Bad(
        "worker",
        {"prefect_worker_docker_config": "/nonexistent/config.json"},
        ("{host} has no /nonexistent/config.json", "sp-rt-worker is to mount"),
    ),
    "password-in-the-package-index": Bad(
        "worker",
        {
            "prefect_worker_pip_index_url": "https://ci:Gh8secret@pypi.test/simple",
            "prefect_worker_packages": ["six==1.0"],
        },
        ("could not be built on {host}", "prefect_worker_pip_index_url", "has a password in it", "asks for none"),
    ),
    # Only the engine can judge this one.
    "limit-that-the-engine-refuses": Bad(
        "server", {"prefect_server_container": {"memory": "1k"}}, ("Container 'sp-rt-server", "emory limit")
    ),
}


@dataclass
class Side:
    """What came of inputs that were tried side by side."""

    runs: dict[str, Run]
    before: Variables
    after: Variables


@pytest.fixture(scope="module")
def refusals(deployed: Witnessed) -> Side:
    """Try every bad input on the deployed stack."""
    before = snapshot()
    runs = deployed.stack.roles({name: (bad.role, bad.changes) for name, bad in BAD.items()})
    return Side(runs, before, snapshot())


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_words_that_help(refusals: Side, name: str) -> None:
    message = refusals.runs[name].refused()
    assert [word for word in BAD[name].words if word.format(host=name) not in message] == [], message


def test_bad_input_changes_nothing(refusals: Side) -> None:
    assert refusals.after == refusals.before


PUBLIC: dict[str, Variables] = {
    "every-address": {"prefect_server_bind_address": "0.0.0.0"},
    "another-address": {"prefect_server_bind_address": "192.0.2.1"},
    "through-the-container": {"prefect_server_container": {"published_ports": [f"{free_port()}:4200"]}},
    "the-host-s-network": {"prefect_server_container": {"network_mode": "host", "networks": []}},
}


@pytest.fixture(scope="module")
def public(deployed: Witnessed) -> Side:
    """Try to open an API without authentication."""
    before = snapshot()
    closed: Variables = {"prefect_server_api_auth_string": ""}
    runs = deployed.stack.roles({name: ("server", {**closed, **changes}) for name, changes in PUBLIC.items()})
    return Side(runs, before, snapshot())


@pytest.fixture(scope="module")
def allowed(deployed: Witnessed) -> Side:
    """Try the same when it is allowed. Check mode goes as far, so nothing is really opened here."""
    before = snapshot()
    open_: Variables = {"prefect_server_api_auth_string": "", "prefect_server_allow_unauthenticated": True}
    cases = {name: ("server", {**open_, **changes}) for name, changes in PUBLIC.items()}
    return Side(deployed.stack.roles(cases, "--check"), before, snapshot())


@pytest.mark.parametrize("name", PUBLIC)
def test_an_api_without_authentication_is_not_public(public: Side, name: str) -> None:
    message = public.runs[name].refused()
    assert f"{name} without authentication" in message
    for remedy in ("api_auth_string", "bind_address", "allow_unauthenticated"):
        assert f"prefect_server_{remedy}" in message
    assert public.after == public.before


@pytest.mark.parametrize("name", PUBLIC)
def test_an_api_without_authentication_is_public_when_told_so(allowed: Side, name: str) -> None:
    assert "without authentication" not in allowed.runs[name].message
    assert any("sp-rt-server" in task for task in allowed.runs[name].changed)
    assert allowed.after == allowed.before


def test_an_engine_that_is_not_there_is_named(stack: Deployment, tmp_path: Path) -> None:
    missing = tmp_path / "docker.sock"
    before = snapshot()
    message = stack.playbook("site", environment={"DOCKER_HOST": f"unix://{missing}"}).refused()
    assert f"The Docker engine of localhost cannot be used through {missing}: the socket does not exist" in message
    assert "bootstrap.yml" in message
    assert snapshot() == before


def test_a_socket_that_is_forbidden_is_named(stack: Deployment) -> None:
    before = snapshot()
    # The environment of the tests may be closed to others, Debian's Python is not.
    nobody: Variables = {"ansible_python_interpreter": "/usr/bin/python3"}
    nobody |= {"ansible_become": True, "ansible_become_user": "nobody"}
    # Root needs no sudo, and its su needs a shell, and nobody has none of its own.
    if os.geteuid() == 0:
        nobody |= {"ansible_become_method": "ansible.builtin.su", "ansible_become_flags": "-s /bin/sh"}
    message = stack.playbook("site", **nobody).refused()
    assert "docker.sock: this user may not use the socket" in message
    assert "become: true" in message
    assert snapshot() == before


@pytest.mark.parametrize("service", ["database", "server", "worker"])
def test_a_container_of_somebody_else_is_not_replaced(stack: Deployment, service: str) -> None:
    foreign = f"{PREFIX}foreign-{service}"
    image = images()["prefect_database_image"]
    docker("run", "--detach", "--name", foreign, "--network", "none", "--entrypoint", "sleep", image, "300")
    before = snapshot()
    changes: Variables = {f"prefect_{service}_container_name": foreign, f"prefect_{service}_volume": f"{PREFIX}unused"}
    for options in ((), ("--check",)):
        message = stack.role(service, *options, prefect_server_port=free_port(), **changes).refused()
        assert f"has a container {foreign} that this collection did not make" in message
        assert f"prefect_{service}_container_name" in message
        assert snapshot() == before
    docker("rm", "--force", foreign)


def test_a_port_of_another_container_is_refused_by_its_name(stack: Deployment) -> None:
    holder = f"{PREFIX}holder"
    image = images()["prefect_database_image"]
    docker("run", "--detach", "--name", holder, "--publish", "127.0.0.1::4200", "--entrypoint", "sleep", image, "60")
    port = int(docker("port", holder, "4200/tcp").splitlines()[0].rpartition(":")[2])
    before = snapshot()
    message = stack.role("server", prefect_server_port=port).refused()
    assert f"Port {port} of localhost is taken by the container {holder}" in message
    assert "prefect_server_port" in message
    assert snapshot() == before
    docker("rm", "--force", holder)


def test_a_server_that_the_database_would_refuse_is_not_replaced(stack: Deployment) -> None:
    before = snapshot()
    message = stack.role("server", prefect_server_database_password="Gh8wrongSecret").refused()
    assert "would not reach its database prefect at sp-rt-database:5432 as prefect" in message
    assert "password authentication failed" in message
    assert "Gh8wrongSecret" not in message
    assert snapshot() == before


def test_a_port_of_a_process_is_refused_by_its_name(stack: Deployment) -> None:
    before = snapshot()
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        message = stack.role("server", prefect_server_port=port).refused()
    assert re.search(rf"Port {port} of localhost is taken by \S+ \(process {os.getpid()}, on 127\.0\.0\.1\)", message)
    assert "prefect_server_port" in message
    assert snapshot() == before


def test_a_worker_of_another_version_than_the_server_is_refused(stack: Deployment, tmp_path: Path) -> None:
    other = f"{PREFIX}prefect:other"
    rename = (
        "import importlib.metadata as m, pathlib as p, shutil as s; d = m.distribution('prefect'); f = p.Path(d._path);"
        " x = f / 'METADATA'; x.write_text(x.read_text().replace('Version: ' + d.version, 'Version: 3.0.1', 1));"
        " s.move(s.copytree(f, '/tmp/dist-info'), f.with_name('prefect-3.0.1.dist-info')); s.rmtree(f)"
    )
    recipe = tmp_path / "Dockerfile"
    recipe.write_text(f'FROM {images()["prefect_server_image"]}\nRUN python3 -c "{rename}"\n', encoding="utf-8")
    docker("build", "--tag", other, str(tmp_path))
    before = snapshot()
    message = stack.role("worker", prefect_worker_base_image=other).refused()
    assert f"{other} of the workers on localhost has Prefect 3.0.1" in message
    assert re.search(r"the server at http://127\.0\.0\.1:\d+/api has 3\.[\d.]+\. They must be the same", message)
    assert "prefect_server_image and prefect_worker_base_image" in message
    assert snapshot() == before


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Run a database alone."""
    stack = Deployment(tmp_path_factory.mktemp("lone"), "lone")
    stack.role("database").succeeded()
    return stack


WRONG: Variables = {"prefect_database_password": "Gh8wrongSecret"}


def test_a_wrong_password_is_refused_before_the_running_database_is_touched(lone: Deployment) -> None:
    before = snapshot()
    for options in ((), ("--check",)):
        message = lone.role("database", *options, **WRONG).refused()
        assert f"The database in the volume {lone.volumes['database']} on localhost does not take" in message
        assert "ALTER USER" in message
        assert "Gh8wrongSecret" not in message
        assert snapshot() == before


def test_a_wrong_password_is_refused_by_a_stopped_database_which_stays_as_it_was(lone: Deployment) -> None:
    container = lone.containers["database"]
    docker("stop", container)
    before = docker("container", "inspect", "--format", "{{.Id}} {{.State.Status}}", container)
    message = lone.role("database", **WRONG).refused()
    assert f"The database in the volume {lone.volumes['database']} on localhost does not take" in message
    assert docker("container", "inspect", "--format", "{{.Id}} {{.State.Status}}", container) == before
    lone.role("database").succeeded()


def test_a_wrong_password_for_a_volume_without_a_container_leaves_none(lone: Deployment) -> None:
    docker("rm", "--force", lone.containers["database"])
    docker("network", "rm", lone.network)
    before = snapshot()
    message = lone.role("database", **WRONG).refused()
    assert f"The database in the volume {lone.volumes['database']} on localhost does not take" in message
    assert snapshot() == before
    # The data are unharmed: the right password still opens them.
    lone.role("database").succeeded()


@pytest.mark.parametrize("running", [True, False], ids=["running", "removed"])
def test_data_of_another_postgresql_is_refused(lone: Deployment, running: bool) -> None:
    volume = f"{PREFIX}other-major"
    image = images()["prefect_database_image"]
    write = ("--volume", f"{volume}:/data", "--entrypoint", "sh", image, "-c", "echo 13 > /data/PG_VERSION")
    docker("run", "--rm", "--network", "none", *write)
    changes: Variables = {"prefect_database_volume": volume}
    if not running:
        changes |= {"prefect_database_container_name": f"{PREFIX}other", "prefect_database_network": f"{PREFIX}other"}
    before = snapshot()
    message = lone.role("database", **changes).refused()
    assert f"The volume {volume} on localhost holds the data of PostgreSQL 13" in message
    assert "dump the data" in message
    assert snapshot() == before


def test_a_stopped_database_is_started_again(lone: Deployment) -> None:
    docker("stop", lone.containers["database"])
    preview = lone.role("database", "--check", "--diff").succeeded()
    assert list(preview.changed) == [f"Compare the container with its definition: {lone.containers['database']}"]
    started = lone.role("database").succeeded()
    assert list(started.changed) == ["Start the container as it is"]
    assert lone.role("database").succeeded().changed == {}


def test_bad_input_on_an_empty_host_leaves_it_empty(tmp_path: Path) -> None:
    empty = Deployment(tmp_path, "empty")
    # What only a pull, the server's version or the engine can tell is known when the services before are there.
    early = (
        *("empty-password", "full-disk-for-the-database"),
        *("empty-password-of-the-server", "auth-string-in-quotes", "missing-network", "full-disk"),
        *("reserved-pool", "no-workers", "server-settings-for-a-worker", "missing-config.json"),
    )
    bad: dict[str, Variables] = {name: BAD[name].changes for name in early}
    bad["two-kinds-of-credentials"] = {"prefect_worker_api_auth_string": "admin:x", "prefect_worker_api_key": "pnu_x"}
    before = snapshot()
    runs = empty.playbooks("site", bad)
    # All hosts are refused in one go, which Ansible counts as the first one's.
    (refused,) = (run for run in runs.values() if run.status)
    refused.refused()
    told = [line for _name, result in refused.tasks if result.get("failed") for line in result["msg"]]
    messages = {name: "\n".join(line for line in told if line.startswith(f"{name}: ")) for name in bad}
    unexplained = {
        name: message
        for name, message in messages.items()
        if not all(
            word.format(host=name).replace("sp-rt-", "sp-rt-empty-") in message
            for word in BAD[name].words
            if "nowhere" not in word
        )
    }
    assert unexplained == {}
    assert snapshot() == before
