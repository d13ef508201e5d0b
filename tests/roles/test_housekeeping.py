# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Housekeeping on this machine's engine: what is removed, what stays whatever happens, and how it is installed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import PREFIX, Deployment, Run

NAME = f"{PREFIX}housekeeping"
NETWORK = f"{PREFIX}housekeeping-net"
REPOSITORY = f"{PREFIX}former"
FLOW_RUN = "io.prefect.flow-run-id"
ROLE = Path(__file__).parents[2] / "roles" / "housekeeping"
SYSTEMD = Path("/run/systemd/system").is_dir()


@dataclass
class Installed:
    """The role's program as the role installed it, without a timer.

    :param settings: What the role wrote.
    """

    stack: Deployment
    place: Path
    case: dict[str, t.Any]
    runs: dict[str, Run]
    settings: dict[str, t.Any]

    def run(self, *options: str, **changes: t.Any) -> tuple[int, str, dict[str, t.Any]]:
        """Run the program; return status, output and report.

        :param changes: Settings that differ; without any, everything of these tests is old enough.
        """
        settings = self.place / "settings.json"
        report = self.place / "report.json"
        report.unlink(missing_ok=True)
        old = {**self.settings, "container_hours": 0, "image_days": 0, "image_repositories": [REPOSITORY]}
        settings.write_text(json.dumps({**old, **changes}), encoding="utf-8")
        program = self.place / "lib" / "housekeeping.py"
        done = subprocess.run(
            [sys.executable, str(program), "--report", str(report), *options, str(settings)],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.stderr == ""
        told = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
        return done.returncode, done.stdout, told


def play(tasks_from: str = "main") -> list[dict[str, t.Any]]:
    """Return a play that runs the role."""
    role = {"name": "selfhosted.prefect.housekeeping", "tasks_from": tasks_from}
    task = {"name": "Keep house", "ansible.builtin.import_role": role}
    return [{"hosts": "prefect_worker", "gather_facts": False, "tasks": [task]}]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Installed]:
    """Install it for a scheduler of one's own."""
    place = tmp_path_factory.mktemp("housekeeping")
    stack = Deployment(place, "housekeeping")
    variables = {
        "prefect_housekeeping_timer": False,
        # Flow runs of others, on this machine or of other tests, are left alone.
        "prefect_housekeeping_networks": [NETWORK],
        "prefect_housekeeping_name": NAME,
        "prefect_housekeeping_directory": str(place / "lib"),
        "prefect_housekeeping_python": sys.executable,
    }
    case = {"localhost": (("worker",), variables)}
    docker("network", "create", NETWORK)
    runs = {
        "check": stack.plays(play(), case, "--check", "--diff")["localhost"],
        "deploy": stack.plays(play(), case)["localhost"],
        "again": stack.plays(play(), case)["localhost"],
        "dry run": stack.plays(play("dry_run"), case, "--check")["localhost"],
    }
    settings = json.loads((place / "lib" / f"{NAME}.json").read_text(encoding="utf-8"))
    yield Installed(stack, place, case, runs, settings)
    stack.plays(play("remove"), case)["localhost"].succeeded()
    assert not (place / "lib").exists()
    assert stack.plays(play("remove"), case)["localhost"].succeeded().changed == {}


def container(name: str, *command: str, labelled: bool = True, begin: bool = True, network: str = NETWORK) -> str:
    """Make a container of a flow run, or one that looks like it but for the label or the network."""
    image = str(Deployment(Path("/"), "images").variables["prefect_database_image"])
    label = ["--label", f"{FLOW_RUN}=0123", "--label", "io.prefect.flow-run-name=happy-hare"] if labelled else []
    options = ["--name", f"{PREFIX}{name}", "--network", network, "--entrypoint", command[0], *label, image]
    docker("run" if begin else "create", *(["--detach"] if begin else []), *options, *command[1:])
    return f"{PREFIX}{name}"


def containers() -> set[str]:
    return set(docker("ps", "--all", "--format", "{{.Names}}").split())


def images() -> set[str]:
    return set(docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY).split())


def test_it_is_installed_once_and_check_mode_says_what(installed: Installed) -> None:
    predicted = installed.runs["check"].succeeded().changed
    assert set(predicted) == {"Make the directories", "Install the program", "Write settings, service and timer"}
    assert set(installed.runs["deploy"].succeeded().changed) <= set(predicted)
    assert installed.runs["again"].succeeded().changed == {}
    assert (installed.place / "lib" / "housekeeping.py").stat().st_mode & 0o777 == 0o755
    assert installed.settings["container_hours"] == 24


def test_the_dry_run_of_the_role_shows_what_it_would_do_and_changes_nothing(installed: Installed) -> None:
    run = installed.runs["dry run"].succeeded()
    assert run.changed == {}
    (shown,) = [result["msg"] for name, result in run.tasks if name == "Show it"]
    assert "this was a dry run" in shown[-1]


def test_containers_of_flow_runs_that_ended_go_and_all_others_stay(installed: Installed) -> None:
    ended = container("ended", "true")
    never = container("never", "true", begin=False)
    running = container("running", "sleep", "300")
    paused = container("paused", "sleep", "300")
    stranger = container("stranger", "true", labelled=False)
    elsewhere = container("elsewhere", "true", network="none")
    docker("wait", ended, stranger, elsewhere)
    docker("pause", paused)

    status, said, report = installed.run("--dry-run")
    assert (status, report) == (0, {})
    assert f"would remove container {ended} of flow run happy-hare" in said
    assert {ended, never} <= containers()

    status, said, report = installed.run()
    assert status == 0, said
    assert containers() & {ended, never, running, paused, stranger, elsewhere} == {running, paused, stranger, elsewhere}
    assert report["ok"] is True
    assert report["removed"] == {"container": 2, "image": 0}
    assert report["finished_at"] >= report["started_at"]
    assert installed.run()[2]["removed"] == {"container": 0, "image": 0}


def test_what_ended_lately_stays(installed: Installed) -> None:
    recent = container("recent", "true")
    docker("wait", recent)
    assert installed.run(container_hours=1)[0] == 0
    assert recent in containers()


def test_a_run_removes_no_more_than_its_limit_and_the_oldest_first(installed: Installed) -> None:
    installed.run()
    # Ages are told apart by whole seconds.
    names = []
    for number in range(3):
        names.append(container(f"limit{number}", "true"))
        docker("wait", names[-1])
        time.sleep(1.1)
    _status, said, report = installed.run(limit=1)
    assert containers() & set(names) == set(names[1:])
    assert report["left"] == 2
    assert "2 more are left for the next run" in said
    installed.run()
    assert not containers() & set(names)


def test_images_of_former_workers_go_but_for_the_newest_and_those_in_use(installed: Installed) -> None:
    # Each is another image, made after the one before.
    base = container("base", "true", labelled=False)
    docker("wait", base)
    for tag in ("oldest", "used", "old", "new"):
        docker("commit", "--change", f"LABEL tag={tag}", base, f"{REPOSITORY}:{tag}")
        # The engine tells ages in whole seconds.
        time.sleep(1.1)
    docker("tag", f"{REPOSITORY}:oldest", f"{PREFIX}other:oldest")
    docker("create", "--name", f"{PREFIX}user", f"{REPOSITORY}:used", "true")
    assert installed.run(image_keep=4)[2]["removed"]["image"] == 0
    status, said, report = installed.run(image_keep=1)
    assert status == 0, said
    assert images() == {f"{REPOSITORY}:used", f"{REPOSITORY}:new"}
    assert report["removed"]["image"] == 2
    # The same image under a name that is not ours is not ours.
    assert docker("image", "inspect", "--format", "{{.Id}}", f"{PREFIX}other:oldest")
    assert installed.run(image_keep=1, image_days=1)[2]["removed"]["image"] == 0


def test_a_run_that_fails_says_why_and_is_seen_afterwards(installed: Installed) -> None:
    status, said, report = installed.run(docker_socket="/no/such/engine.sock")
    assert status == 1
    assert "the socket /no/such/engine.sock does not exist" in said
    assert (report["ok"], report["message"]) == (False, "the socket /no/such/engine.sock does not exist")


def test_all_that_is_wrong_is_told_at_once(installed: Installed) -> None:
    wrong = {
        "prefect_housekeeping_container_hours": 0,
        "prefect_housekeeping_image_days": 0,
        "prefect_housekeeping_image_keep": 0,
        "prefect_housekeeping_limit": -1,
        "prefect_housekeeping_name": "../passwd",
        "prefect_housekeeping_python": "/usr/bin/python0",
    }
    _services, variables = installed.case["localhost"]
    run = installed.stack.plays(play(), {"localhost": (("worker",), {**variables, **wrong})})["localhost"]
    message = run.refused()
    for name in wrong:
        assert name in message
    assert run.changed == {}


def test_a_host_without_systemd_is_refused_with_the_way_out(installed: Installed) -> None:
    _services, variables = installed.case["localhost"]
    case = {"localhost": (("worker",), {**variables, "prefect_housekeeping_timer": True})}
    run = installed.stack.plays(play(), case, "--check")["localhost"]
    if SYSTEMD:
        run.succeeded()
    else:
        assert "Set prefect_housekeeping_timer to false" in run.refused()
        assert f"{NAME}.json" in run.message


def test_systemd_takes_the_units_and_finds_them_well_hardened(installed: Installed) -> None:
    names = {kind: installed.place / f"{NAME}.{kind}" for kind in ("service", "timer")}
    tasks = [
        {
            "name": f"Write the {kind}",
            "ansible.builtin.template": {"src": str(ROLE / "templates" / f"housekeeping.{kind}.j2"), "dest": str(path)},
        }
        for kind, path in names.items()
    ]
    files = [str(ROLE / folder / "main.yml") for folder in ("defaults", "vars")]
    plays = [{"hosts": "prefect_worker", "gather_facts": False, "vars_files": files, "tasks": tasks}]
    _services, variables = installed.case["localhost"]
    # Variables of files go before those of the inventory, which only say where the program lies.
    extra = json.dumps({**variables, "prefect_housekeeping_timer": True})
    installed.stack.plays(plays, installed.case, "--extra-vars", extra)["localhost"].succeeded()
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(path) for path in names.values())],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    ours = [line for line in done.stderr.splitlines() if NAME in line]
    assert (done.returncode, ours) == (0, []), done.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(names["service"])],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    # 2.0 of 10; most services of a distribution have more than 9.
    assert rated.returncode == 0, rated.stdout[-3000:] + rated.stderr
