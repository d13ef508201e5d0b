# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as its users get it: built, installed from the tarball into an empty project, and used there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.selfhosted.prefect.tests.installed import ROOT, build, install, run

COLLECTION = "selfhosted.prefect"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[!_]*.py"))
ROLES = sorted(path.parent.name for path in (ROOT / "roles").glob("*/meta"))
# What users need. Tests, tools and the settings of this checkout stay behind.
SHIPPED = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "COPYING",
    "FILES.json",
    "LICENSES",
    "MANIFEST.json",
    "README.md",
    "changelogs",
    "docs",
    "images",
    "inventory",
    "meta",
    "playbooks",
    "plugins",
    "requirements.yml",
    "roles",
}

pytestmark = pytest.mark.artifact


def play(project: Path, tasks: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    """Run tasks on this machine from the project's folder; the output of ansible-playbook is JSON."""
    playbook = project / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    return run(
        *("ansible-playbook", "--inventory", "localhost,", "--connection", "local"),
        *("--extra-vars", f"ansible_python_interpreter={sys.executable}", playbook.name),
        cwd=project,
        ANSIBLE_STDOUT_CALLBACK="ansible.posix.json",
    )


@pytest.fixture(scope="session")
def tarball() -> Path:
    """The tarball, built from this checkout."""
    return build()


@pytest.fixture(scope="session")
def project(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty project with the collection installed from the tarball."""
    folder = tmp_path_factory.mktemp("project")
    install(tarball, folder)
    return folder


def documentation(project: Path, kind: str, *names: str) -> dict[str, Any]:
    """Return what ansible-doc knows of plugins of this kind."""
    result = run("ansible-doc", "--type", kind, "--json", *(f"{COLLECTION}.{name}" for name in names), cwd=project)
    assert result.returncode == 0, result.stderr
    assert "WARNING" not in result.stderr, result.stderr
    return dict(json.loads(result.stdout))


def test_the_tarball_holds_what_users_need_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    assert {name.split("/")[0] for name in names} <= SHIPPED
    assert {"README.md", "COPYING", "CHANGELOG.md", "meta/runtime.yml", "meta/execution-environment.yml"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".log", ".retry"))]


def test_every_file_of_the_tarball_is_one_of_the_repository(tarball: Path) -> None:
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout.splitlines()
    with tarfile.open(tarball) as archive:
        files = {member.name for member in archive.getmembers() if not member.isdir()}
    assert files - {"MANIFEST.json", "FILES.json"} <= set(listed)


def test_every_module_is_documented_with_examples_and_return_values(project: Path) -> None:
    found = documentation(project, "module", *MODULES)
    assert sorted(found) == [f"{COLLECTION}.{name}" for name in MODULES]
    for name, module in found.items():
        assert name in module["examples"], f"{name}: no example uses its full name"
        assert module["return"], f"{name}: no return values"


def test_every_entry_point_of_every_role_is_documented(project: Path) -> None:
    found = documentation(project, "role", *ROLES)
    assert sorted(found) == [f"{COLLECTION}.{name}" for name in ROLES]
    for name, role in found.items():
        assert "main" in role["entry_points"], name
        for entry_point in role["entry_points"].values():
            assert entry_point["short_description"], name


def test_a_module_used_alone_says_what_is_wrong(project: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/api"
        result = play(project, [{f"{COLLECTION}.server_info": {"api_url": url, "wait": True, "wait_timeout": 1}}])
    assert result.returncode == 2, result.stdout + result.stderr
    (task,) = json.loads(result.stdout)["plays"][0]["tasks"]
    outcome = task["hosts"]["localhost"]
    assert outcome["failed"]
    assert url in outcome["msg"]
    assert "refused" in outcome["msg"]
    assert "Traceback" not in result.stdout + result.stderr


def test_the_action_group_gives_options_to_every_module(project: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/api"
        block = {
            "module_defaults": {f"group/{COLLECTION}.prefect": {"api_url": url}},
            "block": [{f"{COLLECTION}.work_pool_info": {}}],
        }
        result = play(project, [block])
    assert url in json.loads(result.stdout)["plays"][0]["tasks"][0]["hosts"]["localhost"]["msg"]
