# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files for containers: there before the container is, another container when they change, gone when it is."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import PREFIX, Deployment, Run, Variables, inspect

NAME = f"{PREFIX}files"
KEY = "Vd7fileSecret"
OTHER_KEY = "Wm2fileSecret"


def files(text: str, key: str) -> list[Variables]:
    """Return a file with this text, and a secret one with this key."""
    return [
        {"path": "/etc/app/app.conf", "content": text},
        {"path": "/etc/app/app.key", "content": key, "secret": True, "mode": "0440", "group": 999},
    ]


class Container:
    """A container of the private role, with files."""

    def __init__(self, place: Path) -> None:
        self.directory = place / "etc" / "prefect"
        self._deployment = Deployment(
            place,
            "files",
            prefect_container_service="probe",
            prefect_container_stack=f"{PREFIX}files-net",
            prefect_container_name=NAME,
            prefect_container_directory=str(self.directory),
            prefect_container_definition={
                "name": NAME,
                "image": "{{ prefect_database_image }}",
                "entrypoint": ["sleep", "1000"],
                "networks": [{"name": f"{PREFIX}files-net"}],
                # It takes no notice of being asked to stop.
                "stop_signal": "KILL",
            },
            prefect_container_files=files("one\ntwo\n", KEY),
        )

    def run(self, *options: str, entry: str = "main", **changes: t.Any) -> Run:
        """Run the private role, or another entry point of it."""

        role = {"name": "selfhosted.prefect.container", "tasks_from": entry}
        task = {"name": "Run the role", "ansible.builtin.import_role": role}
        play = {"hosts": "prefect", "gather_facts": False, "tasks": [task]}
        return self._deployment.plays([play], {"localhost": ((), changes)}, *options)["localhost"]

    def read(self, path: str) -> str:
        """Return what the container sees, without white space around it."""
        return docker("exec", NAME, "cat", path)

    def kept(self) -> dict[str, str]:
        """Return all files on the host, by their path without the name of the version."""
        paths = [path for path in self.directory.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.directory).parts[2:]): path.read_text(encoding="utf-8") for path in paths}

    @property
    def id(self) -> str:
        """Identifier of the container."""
        return str(inspect("container", [NAME])[0]["Id"])


def texts(run: Run, task: str) -> list[tuple[str, str, str]]:
    """Return the diffs of files in the diff of a task: path, before, after."""
    diff: t.Any = run.diffs[task]
    return [(item["before_header"], item["before"], item["after"]) for item in diff if "before_header" in item]


PLAN = f"Compare the container with its definition: {NAME}"
MAKE = f"Run the container {NAME}"


@pytest.fixture(scope="module")
def foreseen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Container, Run, set[str]]:
    """Ask check mode about a container that is not there: what it says, and what is on the host then."""
    container = Container(tmp_path_factory.mktemp("files"))
    run = container.run("--check", "--diff").succeeded()
    return container, run, set(container.kept())


@pytest.fixture(scope="module")
def made(foreseen: tuple[Container, Run, set[str]]) -> tuple[Container, Run]:
    """Make the container."""
    container = foreseen[0]
    return container, container.run("-vvv", "--diff").succeeded()


@pytest.fixture
def container(made: tuple[Container, Run]) -> Container:
    return made[0]


def test_check_mode_shows_the_files_and_writes_none(foreseen: tuple[Container, Run, set[str]]) -> None:
    _container, run, kept = foreseen
    assert texts(run, PLAN) == [("/etc/app/app.conf", "", "one\ntwo\n"), ("/etc/app/app.key", "", "(secret)\n")]
    assert KEY not in run.output
    assert kept == set()


def test_the_container_has_its_files_and_nobody_else_sees_the_secret_one(made: tuple[Container, Run]) -> None:
    container, run = made
    assert container.read("/etc/app/app.conf") == "one\ntwo"
    assert container.read("/etc/app/app.key") == KEY
    assert KEY not in run.output
    assert KEY not in json.dumps(inspect("container", [NAME]))
    (key,) = container.directory.rglob("app.key")
    assert (key.stat().st_mode & 0o777, key.stat().st_uid, key.stat().st_gid) == (0o440, 0, 999)
    assert [path.stat().st_mode & 0o777 for path in (container.directory, container.directory / NAME)] == [0o711, 0o700]
    mounts = inspect("container", [NAME])[0]["Mounts"]
    assert [mount["RW"] for mount in mounts if mount["Type"] == "bind"] == [False, False]


def test_a_second_run_does_nothing_and_looks_at_no_file(container: Container) -> None:
    before = container.id
    again = container.run().succeeded()
    assert again.changed == {}
    assert "Look at the host" not in [name for name, result in again.tasks if not result.get("skipped")]
    assert container.run("--check", "--diff").succeeded().changed == {}
    assert container.id == before


def test_check_mode_shows_what_changes_in_a_file_and_disturbs_nothing(container: Container) -> None:
    before, kept = container.id, container.kept()
    run = container.run("--check", "--diff", prefect_container_files=files("one\nthree\n", OTHER_KEY)).succeeded()
    assert list(run.changed) == [PLAN]
    assert texts(run, PLAN) == [
        ("/etc/app/app.conf", "one\ntwo\n", "one\nthree\n"),
        ("/etc/app/app.key", "(secret)\n", "(another secret)\n"),
    ]
    assert KEY not in run.output
    assert OTHER_KEY not in run.output
    assert (container.id, container.kept()) == (before, kept)


def test_a_container_that_the_engine_refuses_costs_neither_the_one_that_runs_nor_its_files(
    container: Container,
) -> None:
    before, kept = container.id, container.kept()
    refused = container.run(
        prefect_container_files=files("one\nthree\n", OTHER_KEY),
        prefect_container_overrides={"ipc_mode": "container:sp-rt-missing"},
    )
    assert "sp-rt-missing" in refused.refused()
    assert (container.id, container.kept()) == (before, kept)
    assert container.read("/etc/app/app.key") == KEY
    docker("restart", "--time", "0", NAME)
    assert container.read("/etc/app/app.conf") == "one\ntwo"


def test_a_place_where_files_cannot_be_written_is_refused_before_anything_is_touched(
    container: Container, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    before = container.id
    message = container.run(prefect_container_directory=str(tmp_path / "file")).refused()
    assert f"cannot write {tmp_path}/file/{NAME}" in message
    assert "prefect_probe_directory" in message
    assert container.id == before


def test_a_changed_file_replaces_the_container_and_the_old_one_goes(container: Container) -> None:
    before = container.id
    changes: Variables = {"prefect_container_files": files("one\nthree\n", OTHER_KEY)}
    assert list(container.run(**changes).succeeded().changed) == [MAKE]
    assert container.id != before
    assert (container.read("/etc/app/app.conf"), container.read("/etc/app/app.key")) == ("one\nthree", OTHER_KEY)
    assert sorted(container.kept().values()) == sorted(["one\nthree\n", OTHER_KEY])
    assert container.run("--check", **changes).succeeded().changed == {}


def test_any_leaf_that_every_container_gets_can_be_relaxed(container: Container) -> None:
    (hardened,) = inspect("container", [NAME])
    assert hardened["HostConfig"]["PidsLimit"] == 2048
    assert hardened["HostConfig"]["CapDrop"] == ["ALL"]
    assert hardened["HostConfig"]["SecurityOpt"] == ["no-new-privileges:true"]
    assert hardened["HostConfig"]["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    assert hardened["HostConfig"]["ReadonlyRootfs"]
    relaxed: Variables = {
        "prefect_container_overrides": {
            "pids_limit": None,
            "cap_drop": [],
            "security_opts": [],
            "log_options": {"max-file": None, "max-size": "20m"},
            "read_only": None,
            "published_ports": None,
            "restart_policy": None,
            "stop_timeout": None,
        },
        "prefect_container_files": [],
    }
    container.run(**relaxed).succeeded()
    (now,) = inspect("container", [NAME])
    assert not now["HostConfig"]["PidsLimit"]
    assert not now["HostConfig"]["CapDrop"]
    assert not now["HostConfig"]["SecurityOpt"]
    assert now["HostConfig"]["LogConfig"]["Config"] == {"max-size": "20m"}
    assert not now["HostConfig"]["ReadonlyRootfs"]
    assert container.run(**relaxed).succeeded().changed == {}
    # A container without files leaves none.
    assert container.kept() == {}


def test_removal_takes_the_files_along(container: Container) -> None:
    container.run().succeeded()
    assert container.kept()
    container.run(entry="remove").succeeded()
    assert not container.directory.exists()
    assert container.run(entry="remove").succeeded().changed == {}


def test_removal_takes_files_whose_container_is_gone(container: Container) -> None:
    container.run().succeeded()
    docker("rm", "--force", NAME)
    container.run(entry="remove").succeeded()
    assert not container.directory.exists()
