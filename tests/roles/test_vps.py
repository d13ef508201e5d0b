# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh VPS with nothing but SSH, Python and sudo: it gets an engine, and images when it has no way out."""

from __future__ import annotations

import json
import tarfile
import typing as t
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import PREFIX, Deployment, Run, images
from ansible_collections.selfhosted.prefect.tests.roles.witness import PASSWORD, PASSWORD_CORE, traces
from ansible_collections.selfhosted.prefect.tests.testbed import registry
from ansible_collections.selfhosted.prefect.tests.testbed.hosts import Host, Spec, change_network, remove, up
from ansible_collections.selfhosted.prefect.tests.testbed.machine import ROOT, locked

HOST = Host(f"{PREFIX}bare")
IMAGE = f"{PREFIX}carried:1"


class Vps:
    """The host, and the roles run on it over SSH as a user with sudo."""

    def __init__(self, stack: Deployment) -> None:
        self._stack = stack
        facts = HOST.connection()
        self._connection = {
            **facts,
            "ansible_connection": "ssh",
            "ansible_become": True,
            "ansible_python_interpreter": "/usr/bin/python3",
            "prefect_engine_registry_mirrors": [facts["prefect_testbed_mirror"]],
            "prefect_images_source": "controller",
            "prefect_images_database": "",
            "prefect_images_server": "",
            "prefect_images_wanted": [IMAGE],
            "prefect_images_disk_mib": 100,
        }

    def role(self, name: str, *options: str, **changes: t.Any) -> Run:
        """Run one role."""
        role = {"name": f"selfhosted.prefect.{name}"}
        play = {"hosts": "all", "gather_facts": False, "tasks": [{"name": name, "ansible.builtin.import_role": role}]}
        return self._stack.plays([play], {HOST.name: ((), {**self._connection, **changes})}, *options)[HOST.name]

    def images(self) -> list[str]:
        """Return the names of the images that the host's engine has."""
        return HOST.exec("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()

    def started(self) -> str:
        """Return the engine's process, which is another one after a restart."""
        return HOST.exec("systemctl", "show", "docker", "--property=MainPID")


@pytest.fixture(scope="module")
def vps(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Vps]:
    """Rent a host."""
    remove([HOST.name])
    with locked():
        registry.up()
    up({HOST.name: Spec(kind="bare", user="ops")})
    yield Vps(Deployment(tmp_path_factory.mktemp("vps")))
    remove([HOST.name])


def test_dockers_own_repository_is_named_as_apt_wants_it(tmp_path: Path) -> None:
    """For the host's distribution and release, signed by its key; a mirror's address takes the place of Docker's."""
    role = ROOT / "roles" / "engine"
    play: dict[str, t.Any] = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"name": "Look at the host", "ansible.builtin.setup": {"gather_subset": ["!all", "!min", "distribution"]}},
            {"name": "Defaults", "ansible.builtin.include_vars": {"file": str(role / "defaults" / "main.yml")}},
            {"name": "Derived", "ansible.builtin.include_vars": {"file": str(role / "vars" / "main.yml")}},
            {"name": "Render", "ansible.builtin.debug": {"msg": "{{ __prefect_engine_repository }}"}},
        ],
    }
    address = "{{ prefect_test_mirror }}"
    play["tasks"].insert(2, {"name": "Mirror", "ansible.builtin.set_fact": {"prefect_engine_repository_url": address}})
    cases = {
        "own": ((), {"prefect_test_mirror": ""}),
        "mirror": ((), {"prefect_test_mirror": "https://m.example.org/d"}),
    }
    runs = Deployment(tmp_path).plays([play], cases)
    facts = dict(runs["own"].succeeded().tasks)["Look at the host"]["ansible_facts"]
    rendered = {case: dict(run.succeeded().tasks)["Render"]["msg"].splitlines() for case, run in runs.items()}
    assert rendered["own"] == [
        "Types: deb",
        f"URIs: https://download.docker.com/linux/{facts['ansible_distribution'].lower()}",
        f"Suites: {facts['ansible_distribution_release']}",
        "Components: stable",
        "Signed-By: /etc/apt/keyrings/docker.asc",
    ]
    assert rendered["mirror"][1] == "URIs: https://m.example.org/d"


def test_what_cannot_be_installed_is_refused(vps: Vps) -> None:
    """Without root, and on a distribution that the role does not know."""
    message = vps.role("engine", ansible_become=False).refused()
    assert "docker.io" in message
    assert "ansible_become=true" in message
    release = HOST.exec("cat", "/etc/os-release")
    try:
        HOST.exec("sh", "-c", "printf 'ID=alpine\\nNAME=Alpine\\nVERSION_ID=3.22\\n' > /etc/os-release")
        message = vps.role("engine").refused()
    finally:
        HOST.exec("sh", "-c", 'printf %s "$1" > /etc/os-release', "sh", release)
    assert "Debian and Ubuntu only" in message
    assert "Install Docker" in message


def test_an_engine_is_installed_by_a_user_with_sudo(vps: Vps) -> None:
    """As check mode said before, with the settings of the inventory, and once."""
    foretold = vps.role("engine", "--check").succeeded()
    assert set(foretold.changed) == {"Predict what would be installed", "Predict what would be written"}
    assert HOST.exec("sh", "-c", "command -v dockerd || echo none") == "none"
    assert set(vps.role("images", "--check").succeeded().changed) == {"Predict what would be brought"}

    vps.role("engine").succeeded()
    info = json.loads(HOST.exec("docker", "info", "--format", "{{json .}}"))
    assert info["LoggingDriver"] == "json-file"
    assert info["RegistryConfig"]["Mirrors"] == [f"{registry.mirror_url()}/"]
    assert json.loads(HOST.exec("cat", "/etc/docker/daemon.json"))["log-opts"] == {"max-size": "10m", "max-file": "3"}
    assert HOST.exec("systemctl", "is-enabled", "docker") == "enabled"
    assert "docker" not in HOST.exec("id", "--name", "--groups", "ops").split()

    process = vps.started()
    assert not vps.role("engine").succeeded().changed
    assert vps.started() == process


def test_bad_settings_do_not_cost_the_engine(vps: Vps) -> None:
    """One that the engine does not know is refused; with one that it cannot start with, it gets its former ones back."""
    settings, process = HOST.exec("cat", "/etc/docker/daemon.json"), vps.started()
    message = vps.role("engine", prefect_engine_settings={"nonsense": True}).refused()
    assert "don't match any configuration option: nonsense" in message
    assert vps.started() == process

    message = vps.role("engine", prefect_engine_settings={"storage-driver": "nonsense"}).refused()
    assert "has its former ones back" in message
    assert HOST.exec("cat", "/etc/docker/daemon.json") == settings
    assert HOST.exec("systemctl", "is-active", "docker") == "active"


def test_a_reload_stops_nothing(vps: Vps) -> None:
    """What the engine takes while it runs needs no restart."""
    process = vps.started()
    changes = {"prefect_engine_insecure_registries": ["192.0.2.1:5000"]}
    assert "Let the engine read them" in vps.role("engine", **changes).succeeded().changed
    info = json.loads(HOST.exec("docker", "info", "--format", "{{json .RegistryConfig}}"))
    assert "192.0.2.1:5000" in info["IndexConfigs"]
    assert vps.started() == process
    # Another one's engine is nobody's business.
    HOST.exec("rm", "/etc/docker/selfhosted.prefect")
    assert not vps.role("engine").succeeded().changed
    kept = json.loads(HOST.exec("cat", "/etc/docker/daemon.json"))
    assert vps.role("engine", prefect_engine_manage=True, prefect_engine_settings={"debug": True}).succeeded().changed
    assert json.loads(HOST.exec("cat", "/etc/docker/daemon.json")) == {**kept, "debug": True}


def test_images_travel_from_the_controller(vps: Vps, tmp_path: Path) -> None:
    """To a host without a way out: from the controller's engine or from archives, and only what it lacks."""
    change_network([HOST.name], gapped=True)
    archives = tmp_path / "archives"
    archives.mkdir()

    message = vps.role("images", prefect_images_archives=str(archives)).refused()
    assert f"needs {IMAGE}, and the controller has no such image in {archives} nor in its engine" in message
    assert "docker save" in message
    message = vps.role("images", prefect_images_wanted=[f"{PREFIX}carried@sha256:{'0' * 64}"]).refused()
    assert "Name it by a tag" in message

    for content in ("first", "second"):
        docker("import", "--change", f"LABEL content={content}", _tar(tmp_path, content), IMAGE)
        assert set(vps.role("images").succeeded().changed) == {f"Load {IMAGE}"}
        assert _label(IMAGE) == content
    assert not vps.role("images").succeeded().changed

    # A controller without an engine, and the image as a file.
    docker("save", "--output", str(archives / "any-name.tar"), IMAGE)
    HOST.exec("docker", "image", "rm", IMAGE)
    without = {"DOCKER_HOST": f"unix://{tmp_path}/nothing.sock"}
    message = vps.role("images", environment=without).refused()
    assert "no Docker engine answers there" in message
    vps.role("images", environment=without, prefect_images_archives=str(archives)).succeeded()
    assert IMAGE in vps.images()
    assert HOST.exec("find", "/var/tmp", "-name", "*.tar") == ""


def _tar(directory: Path, content: str) -> str:
    """Return the path of an archive of one file."""
    path = directory / "content.tar"
    (directory / "content").write_text(content, encoding="utf-8")
    with tarfile.open(path, "w") as archive:
        archive.add(directory / "content", "content")
    return str(path)


def _label(image: str) -> str:
    return HOST.exec("docker", "image", "inspect", "--format", '{{index .Config.Labels "content"}}', image)


def test_what_modules_print_over_ssh_shows_no_password(vps: Vps) -> None:
    """C(-vvv) shows it, and a container's environment is in it."""
    image = images()["prefect_database_image"]
    vps.role("images", prefect_images_wanted=[image]).succeeded()
    changes = {"prefect_database_image": image, "prefect_database_password": PASSWORD}
    run = vps.role("database", "-vvv", "--diff", **changes).succeeded()
    assert "ESTABLISH SSH CONNECTION" in run.output
    assert PASSWORD_CORE in HOST.exec("docker", "inspect", f"{PREFIX}database")
    assert traces(run.output, PASSWORD_CORE, PASSWORD) == []
