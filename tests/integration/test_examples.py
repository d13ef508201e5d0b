# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of every module that talks to the API, run as a reader would, and what they return held against RETURN.

A module that is added is found by itself. What its examples need besides, and cannot make, stands in ``BEFORE``.
"""

from __future__ import annotations

import concurrent.futures
import importlib
import threading
import time
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.selfhosted.prefect.tests.integration.stack import (
    AUTH_STRING,
    PREFIX,
    Playbook,
    Server,
    Stack,
    Task,
    docker,
    until,
)

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
COLLECTION = "selfhosted.prefect."
URL = "http://server:4200/api"
PUBLIC_URL = "https://prefect.example.org/api"
SERVERS = 2
"""So many playbooks run side by side, each against a server of its own."""

ANSIBLES_OWN = frozenset(
    {"action", "ansible_loop_var", "changed", "deprecations", "exception", "failed", "invocation", "item", "warnings"}
)
KEYWORDS = frozenset({"name", "register", "loop", "loop_control", "when", "vars"})


def document(noun: str, name: str) -> t.Any:
    """Return a part of a module's documentation."""
    module = importlib.import_module(f"ansible_collections.{COLLECTION}plugins.modules.{noun}")
    return yaml.safe_load(getattr(module, name))


def supports(noun: str, what: str) -> str:
    """Return what a module says of itself, such as of ``idempotent``."""
    return str(document(noun, "DOCUMENTATION").get("attributes", {}).get(what, {}).get("support", "full"))


NOUNS = [
    path.stem
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py"))
    if f"{COLLECTION}connection" in document(path.stem, "DOCUMENTATION").get("extends_documentation_fragment", ())
]


# What examples need and cannot make


class Prepared:
    """A server that is made ready for the examples of one module, and cleared afterwards.

    :param facts: Variables that the examples use.
    """

    def __init__(self, server: Server, stack: Stack) -> None:
        self.server = server
        self.facts: dict[str, t.Any] = {"vault_prefect_auth_string": AUTH_STRING}
        self._stack = stack
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._containers: list[str] = []

    def records_of_workers(self) -> None:
        """Let two workers be heard of."""
        self.facts["started"] = {"container": {"State": {"StartedAt": "2020-01-01T00:00:00Z"}}}
        self.server.ask("POST", "/work_pools/", {"name": "docker-pool", "type": "docker"})
        for name in ("worker-1", "worker-2"):
            body = {"name": name, "heartbeat_interval_seconds": 30}
            self.server.ask("POST", "/work_pools/docker-pool/workers/heartbeat", body)

    def _meanwhile(self, work: t.Callable[[], None]) -> None:
        """Do something while the examples run. It is waited for at the end."""
        self._threads.append(threading.Thread(target=work, daemon=True))
        self._threads[-1].start()

    def drained_worker(self) -> None:
        """Let a worker be heard of that has a flow run, which ends after a moment."""
        ask = self.server.ask
        ask("POST", "/work_pools/", {"name": "etl", "type": "process"})
        ask("POST", "/work_pools/etl/workers/heartbeat", {"name": "vps1-worker", "heartbeat_interval_seconds": 30})
        flow = ask("POST", "/flows/", {"name": "nightly"})
        deployment = ask("POST", "/deployments/", {"name": "etl", "flow_id": flow["id"], "work_pool_name": "etl"})
        run = ask("POST", f"/deployments/{deployment['id']}/create_flow_run", {})
        ask("PATCH", f"/flow_runs/{run['id']}/labels", {"prefect.worker.name": "vps1-worker"})
        path = f"/flow_runs/{run['id']}/set_state"
        ask("POST", path, {"state": {"type": "RUNNING"}, "force": True})

        def complete() -> None:
            self._over.wait(4)
            ask("POST", path, {"state": {"type": "COMPLETED"}, "force": True})

        self._meanwhile(complete)

    def worker(self) -> None:
        """Start a worker that runs flows in processes of its own."""
        inside = self.server.container.removeprefix(f"{PREFIX}{self._stack.id}-")
        self.server.ask("POST", "/work_pools/", {"name": "docker-pool", "type": "process"})
        container = self._stack.run(
            f"{inside}-worker",
            self._stack.prefect_image,
            *("prefect", "worker", "start", "--type", "process", "--pool", "docker-pool"),
            PREFECT_API_URL=f"http://{inside}:4200/api",
            PREFECT_API_AUTH_STRING=AUTH_STRING,
            PREFECT_WORKER_QUERY_SECONDS="1",
        )
        self._containers.append(container)

    def end_of_runs(self) -> None:
        """Let every flow run that is due be completed, as if its code were on a worker."""

        def complete() -> None:
            while not self._over.wait(0.5):
                scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
                for run in self.server.ask("POST", "/flow_runs/filter", scheduled):
                    if run["expected_start_time"] < time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()):
                        path = f"/flow_runs/{run['id']}/set_state"
                        self.server.ask("POST", path, {"state": {"type": "COMPLETED"}, "force": True})

        self._meanwhile(complete)

    def clear(self) -> None:
        """Remove what the examples left."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        for container in self._containers:
            docker("rm", "--force", container)
        ask = self.server.ask
        if self.server.version >= (3, 7):
            ask("DELETE", "/admin/storage")
        for automation in ask("POST", "/automations/filter", {}):
            ask("DELETE", f"/automations/{automation['id']}")
        for flow in ask("POST", "/flows/filter", {}):
            ask("DELETE", f"/flows/{flow['id']}")
        for pool in ask("POST", "/work_pools/filter", {}):
            ask("DELETE", f"/work_pools/{pool['name']}")
        for variable in ask("POST", "/variables/filter", {}):
            ask("DELETE", f"/variables/{variable['id']}")
        for limit in ask("POST", "/v2/concurrency_limits/filter", {}):
            ask("DELETE", f"/v2/concurrency_limits/{limit['id']}")
        for block in ask("POST", "/block_documents/filter", {}):
            ask("DELETE", f"/block_documents/{block['id']}")


BEFORE: dict[str, t.Callable[[Prepared], None]] = {
    "canary": Prepared.worker,
    "flow_run": Prepared.end_of_runs,
    "worker": Prepared.records_of_workers,
    "worker_drain": Prepared.drained_worker,
}

SINCE: dict[str, tuple[int, ...]] = {"result_storage": (3, 7), "server_info": (3, 8)}
"""The first version of Prefect that has what a module manages, where that is not the first one supported."""

OF_THE_PUBLIC_URL = frozenset({"public_url_info"})
"""Modules that ask the server as its users do, by its public URL. Here the servers have none, so nothing is in order."""

ALSO: dict[str, list[dict[str, t.Any]]] = {
    # Nothing fails in the examples of flow_run.
    "flow_run_info": [{}],
}
"""Further calls of a module, where its examples return too little to be held against RETURN."""


# Tasks


def module_of(task: Task) -> str:
    """Return the name of the module a task runs."""
    return str(next(key for key in task if key not in KEYWORDS))


def aimed(task: Task) -> Task:
    """Return a task of an example that goes to the server of the test."""
    module = module_of(task)
    if not module.startswith(COLLECTION):
        return task
    options = dict(task[module] or {})
    url = PUBLIC_URL if module.removeprefix(COLLECTION) in OF_THE_PUBLIC_URL else URL
    assert options.pop("api_url", None) == url, f"the example {task['name']!r} has another api_url than {url}"
    return {**task, module: options}


def repeatable(task: Task) -> bool:
    """Whether a second run of a task must change nothing."""
    module = module_of(task)
    if not module.startswith(COLLECTION) or module.endswith("_info"):
        return False
    noun = module.removeprefix(COLLECTION)
    support = supports(noun, "idempotent")
    return support == "full" or (support == "partial" and "idempotency_key" in task[module])


def family(noun: str) -> str:
    """Return the module whose examples make what a module's own are about: for an info module the other one."""
    about = noun.removesuffix("_info")
    return about if about in NOUNS else noun


def unfolded(tasks: list[Task]) -> t.Iterator[Task]:
    """Yield the tasks, those in blocks too, but for those of another collection, which need more than a server."""
    for task in tasks:
        if "block" in task:
            yield from unfolded([*task["block"], *task.get("always", [])])
        elif not module_of(task).startswith("community."):
            yield task


def examples(noun: str) -> list[Task]:
    """Return a module's examples, each task that must change nothing when it is run again followed by itself."""
    tasks: list[Task] = []
    for number, task in enumerate(unfolded(document(noun, "EXAMPLES"))):
        if noun in OF_THE_PUBLIC_URL and not module_of(task).startswith(COLLECTION):
            continue
        tasks.append({**aimed(task), "name": f"{noun} {number}: {task['name']}"})
        if repeatable(task):
            again = {key: value for key, value in tasks[-1].items() if key != "register"}
            tasks.append({**again, "name": f"{noun} {number} again: {task['name']}"})
    return tasks


def removes(task: Task) -> bool:
    """Whether a task removes something."""
    return (task[module_of(task)] or {}).get("state") == "absent"


def examples_of_family(noun: str) -> list[Task]:
    """Return a module's examples, and those of its info module before what was made is removed."""
    tasks = examples(noun)
    info = f"{noun}_info"
    if info not in NOUNS:
        return tasks
    also = [
        {"name": f"{number} also", f"{COLLECTION}{info}": options} for number, options in enumerate(ALSO.get(info, []))
    ]
    end = len(tasks)
    while end and removes(tasks[end - 1]):
        end -= 1
    return [*tasks[:end], *examples(info), *also, *tasks[end:]]


def run_examples(noun: str, prepared: Prepared, place: Path) -> dict[str, t.Any]:
    """Run the examples of a module and its info module, and return the results by the names of the tasks."""
    try:
        if noun in BEFORE:
            BEFORE[noun](prepared)
        facts = {"name": "facts", "ansible.builtin.set_fact": prepared.facts}
        return Playbook(place)(prepared.server.defaults, facts, *examples_of_family(noun))
    finally:
        prepared.clear()


@pytest.fixture(scope="module")
def example_servers(stack: Stack, servers: dict[str, Server], database: str) -> list[Server]:
    """Start servers that hold nothing but what examples make."""
    container = "database" if database == "postgresql" else None
    started = []
    for number in range(SERVERS):
        name = f"examples{number}"
        if container:
            stack.schema(container, name)
        auth = {
            "PREFECT_SERVER_API_AUTH_STRING": AUTH_STRING,
            "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        }
        started.append(stack.server(name, container, name, **auth))
    for server in started:
        until(f"server {server.container}", server.ready)
    return started


Outcomes = dict[str, "concurrent.futures.Future[dict[str, t.Any]]"]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest,
    example_servers: list[Server],
    stack: Stack,
    tmp_path_factory: pytest.TempPathFactory,
) -> t.Iterator[Outcomes]:
    """Run the examples of every module that is tested, several side by side; give what will come of them."""
    calls = [
        item.callspec
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == Path(__file__)
    ]
    version = example_servers[0].version
    wanted = dict.fromkeys(family(str(call.params["noun"])) for call in calls)
    nouns = [noun for noun in wanted if SINCE.get(noun, version) <= version]
    places = {noun: tmp_path_factory.mktemp(noun) for noun in nouns}
    free = list(example_servers)

    def run(noun: str) -> dict[str, t.Any]:
        server = free.pop()
        try:
            return run_examples(noun, Prepared(server, stack), places[noun])
        finally:
            free.append(server)

    with concurrent.futures.ThreadPoolExecutor(len(example_servers)) as pool:
        yield {noun: pool.submit(run, noun) for noun in nouns}


# What they return


def returned(noun: str, results: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return what the module itself returned in each of its tasks."""
    mine = [entry for entry in results.values() if entry.get("action") == f"{COLLECTION}{noun}"]
    each = [result for entry in mine for result in entry.get("results", [entry])]
    return [
        {key: value for key, value in result.items() if key not in ANSIBLES_OWN and key[:1] != "_"} for result in each
    ]


def always(described: t.Mapping[str, t.Any]) -> bool:
    """Whether something that is documented is always there."""
    return str(described.get("returned", "always")) in ("always", "success")


def disagreements(
    described: t.Mapping[str, t.Any], found: t.Sequence[t.Mapping[str, t.Any]], path: str
) -> t.Iterator[str]:
    """Yield what is returned but not documented, or documented but not returned, at any depth."""
    for number, result in enumerate(found):
        for key in result.keys() - described.keys():
            yield f"{path}{key} is returned, but not documented"
        for key, about in described.items():
            if key not in result and always(about):
                yield f"{path}{key} is documented, but not returned ({number + 1} of {len(found)}: {sorted(result)})"
    for key, about in described.items():
        if "contains" not in about:
            continue
        inner = [result[key] for result in found if key in result]
        inner = [one for value in inner for one in (value if isinstance(value, list) else [value]) if one]
        if not inner and always(about):
            yield f"{path}{key} has nothing in it in any example, so what it contains is not shown"
        yield from disagreements(about["contains"], inner, f"{path}{key}.")


def outcome(noun: str, outcomes: Outcomes) -> dict[str, t.Any]:
    """Return the results of a module's examples and of those that were run with them."""
    return outcomes[family(noun)].result()


@pytest.mark.parametrize(
    "noun", [pytest.param(noun, marks=pytest.mark.since(*SINCE.get(family(noun), (3,)))) for noun in NOUNS]
)
def test_examples_run_in_their_order_and_change_nothing_the_second_time(noun: str, outcomes: Outcomes) -> None:
    results = outcome(noun, outcomes)
    assert [
        name for name in results if name.startswith(f"{noun} ") and "again: " in name and results[name]["changed"]
    ] == []


@pytest.mark.parametrize(
    "noun", [pytest.param(noun, marks=pytest.mark.since(*SINCE.get(family(noun), (3,)))) for noun in NOUNS]
)
def test_what_is_returned_is_what_is_documented(noun: str, outcomes: Outcomes) -> None:
    found = returned(noun, outcome(noun, outcomes))
    assert found
    assert sorted(set(disagreements(document(noun, "RETURN"), found, ""))) == []
