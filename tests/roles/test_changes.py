# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode predicts what a run then does, and a run does no more than was changed."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import (
    PREFIX,
    SERVICES,
    WORKER_IMAGES,
    Deployment,
    Run,
    Variables,
    free_port,
    images,
    inspect,
    snapshot,
)
from ansible_collections.selfhosted.prefect.tests.roles.witness import Witnessed

NET = f"{PREFIX}net"

CHANGES: dict[str, tuple[str, Variables, set[str]]] = {
    "environment": ("server", {"prefect_server_environment": {"PREFECT_LOGGING_SERVER_LEVEL": "DEBUG"}}, {"env"}),
    "removed-environment": ("server", {"prefect_server_environment": {}}, {"env"}),
    "secret": ("server", {"prefect_server_api_auth_string": "admin:Yt3other"}, {"env"}),
    # A browser elsewhere needs another URL too.
    "address": ("server", {"prefect_server_bind_address": "0.0.0.0"}, {"published_ports", "env"}),
    "port": ("server", {"prefect_server_port": free_port()}, {"env", "published_ports"}),
    "label": ("worker", {"prefect_worker_container": {"labels": {"team": "data"}}}, {"labels"}),
    "alias": (
        "worker",
        {"prefect_worker_container": {"networks": [{"name": NET, "aliases": ["another"]}]}},
        {f"network.{NET}"},
    ),
    "limit": ("database", {"prefect_database_container": {"memory": "900m"}}, {"memory"}),
}


@pytest.fixture(scope="module")
def previews(deployed: Witnessed) -> dict[str, Run]:
    """Ask check mode about every change, and see to it that nothing is changed."""
    before = snapshot()
    cases = {name: (service, changes) for name, (service, changes, _keys) in CHANGES.items()}
    runs = deployed.stack.roles(cases, "--check", "--diff")
    assert snapshot() == before
    return runs


@pytest.mark.parametrize("name", CHANGES)
def test_check_mode_shows_what_would_change_and_nothing_else(
    stack: Deployment, previews: dict[str, Run], name: str
) -> None:
    service, _changes, keys = CHANGES[name]
    preview = previews[name]
    # The server that runs does not know the new secret yet, and says so when it is asked for its version.
    if name != "secret":
        preview.succeeded()
    (diff,) = [item for task, item in preview.diffs.items() if stack.containers[service] in task]
    assert set(diff["before"]) | set(diff["after"]) == keys
    assert diff["before"] != diff["after"]
    assert len(preview.changed) == 1
    assert "Yt3other" not in preview.output


def test_a_changed_limit_reaches_its_container_alone(stack: Deployment) -> None:
    before = snapshot()["containers"]
    worker = stack.containers["worker"]
    stack.variables["prefect_worker_container"] = {"memory": "600m"}
    changed = stack.playbook("site").succeeded().changed
    assert list(changed) == [f"Run the container {worker}"]
    assert inspect("container", [worker])[0]["HostConfig"]["Memory"] == 600 * 1024 * 1024
    after = snapshot()["containers"]
    assert {name for name in before if after[name] != before[name]} <= {worker}


def test_a_changed_variable_replaces_its_container_alone(stack: Deployment) -> None:
    before = snapshot()
    stack.variables["prefect_server_environment"] = {"PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P3D"}
    changed = stack.playbook("site").succeeded().changed
    assert list(changed) == [f"Run the container {stack.containers['server']}"]
    (server,) = inspect("container", [stack.containers["server"]])
    environment = [
        item for item in server["Config"]["Env"] if item.startswith(("PREFECT_LOGGING", "PREFECT_SERVER_EV"))
    ]
    assert environment == ["PREFECT_SERVER_EVENTS_RETENTION_PERIOD=P3D"]
    after = snapshot()
    assert {name for name, was in before["containers"].items() if after["containers"][name] != was} == {
        stack.containers["server"]
    }
    assert {**after, "containers": None} == {**before, "containers": None}
    assert stack.playbook("site", "--check").succeeded().changed == {}


def test_a_changed_job_variable_changes_the_pool_alone(stack: Deployment) -> None:
    before = snapshot()
    changes: Variables = {"prefect_worker_pool_job_variables": {"auto_remove": False, "mem_limit": "300m"}}
    preview = stack.role("worker", "--check", "--diff", **changes).succeeded()
    assert list(preview.changed) == ["Make the work pool"]
    assert "mem_limit" in str(preview.diffs["Make the work pool"])
    properties = stack.api.pool(stack.pool)["base_job_template"]["variables"]["properties"]
    assert properties["mem_limit"].get("default") is None
    assert snapshot() == before


RECIPE = """
FROM {image}
RUN python -c "import importlib.metadata as m, re; p = m.distribution('prefect').locate_file('prefect-' + m.version('prefect') + '.dist-info/METADATA'); \\
t = open(p).read(); open(p, 'w').write(re.sub('(?m)^Version: .*', 'Version: 3.8.99', t, count=1))"
"""
"""The server's image, as it would be if it were of another release."""


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of an image of another release."""
    name, place = f"{PREFIX}another:3", tmp_path_factory.mktemp("another")
    (place / "Dockerfile").write_text(RECIPE.format(image=images()["prefect_server_image"]), encoding="utf-8")
    docker("build", "--tag", name, str(place))
    return name


def test_check_mode_shows_another_release_before_any_server_has_it(stack: Deployment, another: str) -> None:
    before = snapshot()
    predicted = stack.playbook("site", "--check", "--diff", prefect_server_image=another).succeeded()
    shown = {name for name in stack.containers.values() if any(name in task for task in predicted.changed)}
    assert shown == {stack.containers["server"], stack.containers["worker"]}
    assert snapshot() == before


def test_workers_without_an_image_stop_another_server_before_it_takes_over(stack: Deployment, another: str) -> None:
    before = snapshot()
    packages = ["no-such-package-anywhere==1.0"]
    message = stack.playbook("site", prefect_server_image=another, prefect_worker_packages=packages).refused()
    assert "could not be built" in message
    assert "no-such-package-anywhere" in message
    assert snapshot() == before


def test_the_images_of_workers_are_made_while_everything_runs_on(stack: Deployment, another: str) -> None:
    before = snapshot()
    changes: Variables = {"prefect_server_image": another, "prefect_worker_packages": ["iniconfig==2.0.0"]}
    tasks = [
        {"ansible.builtin.import_role": {"name": "selfhosted.prefect.worker", "tasks_from": entry}}
        for entry in ("preflight", "prepare")
    ]
    plays = [{"hosts": "prefect_worker", "gather_facts": False, "tasks": tasks}]
    made = stack.plays(plays, {"localhost": (SERVICES, changes)})["localhost"].succeeded()
    after = snapshot()
    assert {**after, "images": None} == {**before, "images": None}
    (image,) = [item.split()[0] for item in after["images"] - before["images"]]
    assert image.startswith(f"{WORKER_IMAGES}:")
    assert f"Build {image}" in made.changed
    docker("rmi", image)
