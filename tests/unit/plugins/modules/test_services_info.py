# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module services_info: what it reads from the engine's words, and what it says where there is no engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.plugins.modules.services_info import (
    Json,
    describe,
    digest_of,
    disk,
    moment,
    version_of,
)
from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule

CONTAINER: Json = {
    "Name": "/server",
    "Image": "sha256:" + "a" * 64,
    "RestartCount": 2,
    "State": {
        "Status": "running",
        "Running": True,
        "OOMKilled": False,
        "ExitCode": 0,
        "StartedAt": "2026-01-31T12:00:00.123456789Z",
        "Health": {"Status": "healthy"},
    },
    "Config": {
        "Image": "example/prefect:3",
        "Env": ["PREFECT_SERVER_API_AUTH_STRING=admin:secret"],
        "Labels": {"selfhosted.prefect.service": "server", "selfhosted.prefect.stack": "prefect-internal"},
    },
}
IMAGE: Json = {
    "Id": "sha256:" + "a" * 64,
    "RepoDigests": ["example/prefect@sha256:" + "b" * 64],
    "Config": {"Env": None},
}
STARTED = 1769860800.0


def test_a_container_that_runs() -> None:
    told = describe(CONTAINER, IMAGE, STARTED + 90)
    assert told == {
        "service": "server",
        "stack": "prefect-internal",
        "container": "server",
        "status": "running",
        "health": "healthy",
        "image": "example/prefect:3",
        "digest": "b" * 12,
        "version": "",
        "started_at": "2026-01-31T12:00:00.123456789Z",
        "uptime": 90,
        "restarts": 2,
        "exit_code": None,
        "oom_killed": False,
    }


def test_a_container_that_ended_and_one_that_never_began() -> None:
    ended = {**CONTAINER, "State": {"Status": "exited", "Running": False, "ExitCode": 137, "OOMKilled": True}}
    told = describe(ended, IMAGE, STARTED)
    assert (told["uptime"], told["exit_code"], told["oom_killed"], told["health"]) == (None, 137, True, None)
    never = {**CONTAINER, "State": {"Status": "created", "Running": False, "StartedAt": "0001-01-01T00:00:00Z"}}
    assert describe(never, IMAGE, STARTED)["started_at"] is None


def test_an_image_that_comes_from_no_registry_is_known_by_its_id() -> None:
    assert digest_of({"Id": "sha256:" + "c" * 64, "RepoDigests": []}) == "c" * 12
    assert digest_of({"Id": "sha256:" + "c" * 64, "RepoDigests": None}) == "c" * 12


@pytest.mark.parametrize(
    ("container", "image", "version"),
    [
        ({"Labels": {"selfhosted.prefect.version": "3.8.8"}}, {"Env": ["PREFECT_VERSION=3.0.0"]}, "3.8.8"),
        ({"Labels": {}}, {"Labels": {"org.opencontainers.image.version": "2.6"}}, "2.6"),
        ({"Env": ["PG_VERSION=15.18-1", "POSTGRES_PASSWORD=x"]}, {}, "15.18-1"),
        ({"Env": None, "Labels": None}, {}, ""),
    ],
)
def test_versions_come_from_labels_first(container: Json, image: Json, version: str) -> None:
    assert version_of({"Config": container}, {"Config": image}) == version


def test_times_of_the_engine() -> None:
    assert moment("2026-01-31T12:00:00.123456789Z") == STARTED
    assert moment("2026-01-31T12:00:00Z") == STARTED
    assert moment("0001-01-01T00:00:00Z") is None
    assert moment("") is None


def test_a_directory_that_does_not_exist_stands_for_its_parent(tmp_path: Path) -> None:
    told = disk(str(tmp_path / "not" / "there"))
    assert told["path"] == str(tmp_path)
    assert 0 < told["free_mib"] <= told["total_mib"]
    assert 0 <= told["used_percent"] <= 100


def test_without_an_engine_it_says_why_and_tells_the_rest(run_module: RunModule, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "backup.json").write_text(json.dumps({"ok": True, "finished_at": "2026-01-31T12:00:00Z"}))
    (reports / "broken.json").write_text("{")
    (reports / "list.json").write_text("[]")
    (reports / "notes.txt").write_text("no report")
    told = run_module("services_info", docker_socket=str(tmp_path / "none.sock"), records=str(reports))
    assert (told["engine"]["answers"], told["services"], told["changed"]) == (False, [], False)
    assert told["engine"]["reason"] == f"the socket {tmp_path}/none.sock does not exist"
    assert sorted(told["records"]) == ["backup", "broken", "list"]
    assert told["records"]["backup"]["ok"] is True
    assert "cannot be read" in told["records"]["broken"]["message"]
    assert told["records"]["list"]["ok"] is False
    assert told["disk"]["path"] == "/"


def test_a_directory_without_reports_has_none(run_module: RunModule, tmp_path: Path) -> None:
    told = run_module("services_info", docker_socket=str(tmp_path / "none.sock"), records=str(tmp_path / "none"))
    assert told["records"] == {}
