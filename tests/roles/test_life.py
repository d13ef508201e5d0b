# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack from an empty host to its removal, beside containers of somebody else."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import (
    PREFIX,
    Deployment,
    Run,
    built_images_used,
    images,
    snapshot,
)

Snapshot = dict[str, t.Any]

FOREIGN = f"{PREFIX}foreign"


@dataclass
class Step:
    """A run, and what the engine had after it."""

    run: Run
    after: Snapshot


@dataclass
class Life:
    """What happened to a stack, step by step."""

    stack: Deployment
    before: Snapshot
    steps: dict[str, Step]

    def own(self, step: str, kind: str) -> list[str]:
        """Return the names that a step left which were not there at the beginning."""
        return sorted(set(self.steps[step].after[kind]) - set(self.before[kind]))


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Let a stack live, with a foreign container that joins its network."""
    image = images()["prefect_database_image"]
    idle = ("--entrypoint", "sleep", image, "infinity")
    docker("run", "--detach", "--name", FOREIGN, "--volume", f"{FOREIGN}:/data", *idle)
    stack = Deployment(tmp_path_factory.mktemp("life"), "life")
    with built_images_used():
        lived = live(stack)
    docker("rm", "--force", FOREIGN)
    docker("volume", "rm", FOREIGN)
    return lived


def live(stack: Deployment) -> Life:
    """Go through the steps."""
    lived = Life(stack, snapshot(), {})

    def step(name: str, run: Run) -> None:
        lived.steps[name] = Step(run, snapshot())

    step("preview", stack.playbook("site", "--check", "--diff"))
    step("deploy", stack.playbook("site"))
    step("again", stack.playbook("site"))
    step("check", stack.playbook("site", "--check", "--diff"))
    step("preview of two", stack.role("worker", "--check", prefect_worker_count=2))
    step("two", stack.role("worker", prefect_worker_count=2))
    step("two again", stack.role("worker", prefect_worker_count=2))
    step("preview of one", stack.role("worker", "--check"))
    step("one", stack.role("worker"))
    docker("network", "connect", stack.network, FOREIGN)
    step("preview of removal", stack.playbook("remove", "--check"))
    step("remove", stack.playbook("remove"))
    docker("network", "disconnect", stack.network, FOREIGN)
    step("remove network", stack.playbook("remove"))
    step("remove again", stack.playbook("remove"))
    step("purge", stack.playbook("remove", prefect_remove_volumes=True))
    return lived


def test_every_step_succeeds(life: Life) -> None:
    failed = {name: step.run.message or step.run.output[-1500:] for name, step in life.steps.items() if step.run.status}
    assert failed == {}


def test_check_mode_on_an_empty_host_predicts_the_stack_and_leaves_nothing(life: Life) -> None:
    preview = life.steps["preview"]
    for container in life.stack.containers.values():
        (diff,) = [item for task, item in preview.run.diffs.items() if container in task]
        assert diff["after"]["name"] == container
    assert preview.after == life.before


def test_a_deployment_makes_what_it_names(life: Life) -> None:
    assert life.own("deploy", "containers") == sorted(life.stack.containers.values())
    assert life.own("deploy", "networks") == [life.stack.network]
    assert life.own("deploy", "volumes") == sorted(life.stack.volumes.values())


@pytest.mark.parametrize("name", ["again", "check"])
def test_a_second_run_changes_nothing(life: Life, name: str) -> None:
    assert life.steps[name].run.changed == {}
    assert life.steps[name].after == life.steps["deploy"].after


def test_a_second_worker_is_added_beside_the_first(life: Life) -> None:
    first, second = life.stack.containers["worker"], f"{life.stack.containers['worker']}-2"
    (predicted,) = life.steps["preview of two"].run.changed
    assert second in predicted
    assert life.steps["preview of two"].after == life.steps["deploy"].after
    assert list(life.steps["two"].run.changed) == [f"Run the container {second}"]
    after = life.steps["two"].after["containers"]
    assert after[first] == life.steps["deploy"].after["containers"][first]
    assert life.own("two", "containers") == sorted([*life.stack.containers.values(), second])
    assert life.steps["two again"].run.changed == {}


def test_a_worker_too_many_is_removed(life: Life) -> None:
    steps = ["Remove the workers that are too many", "Have the server forget workers that are gone"]
    assert list(life.steps["preview of one"].run.changed) == steps
    assert life.steps["preview of one"].after == life.steps["two"].after
    assert list(life.steps["one"].run.changed) == steps
    assert life.steps["one"].after == life.steps["deploy"].after


def test_check_mode_of_the_removal_removes_nothing(life: Life) -> None:
    preview, done = life.steps["preview of removal"], life.steps["remove"]
    assert list(preview.run.changed) == list(done.run.changed)
    assert preview.after == life.steps["one"].after


def test_a_network_that_somebody_else_uses_stays(life: Life) -> None:
    assert life.own("remove", "containers") == []
    assert life.own("remove", "networks") == [life.stack.network]


def test_removal_leaves_the_data_volumes_alone(life: Life) -> None:
    for name in ("remove network", "remove again"):
        assert [life.own(name, kind) for kind in ("containers", "networks")] == [[], []]
        assert life.own(name, "volumes") == sorted(life.stack.volumes.values())
    assert life.steps["remove again"].run.changed == {}


def test_removal_takes_the_data_volumes_when_told_so(life: Life) -> None:
    assert life.own("purge", "volumes") == []


def test_removal_touches_nothing_of_somebody_else(life: Life) -> None:
    last = life.steps["purge"].after
    assert last["containers"] == life.before["containers"]
    assert last["volumes"] == life.before["volumes"]
    assert last["networks"] == life.before["networks"]
