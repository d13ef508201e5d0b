# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks of their own on this machine's Docker engine, made and changed by the real ansible-playbook."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ansible_collections.selfhosted.prefect.tests.integration.stack import Server, ansible_environment, docker
from ansible_collections.selfhosted.prefect.tests.testbed.images import product_images

PREFIX = os.environ.get("SP_ROLES_PREFIX", "sp-rt-")
"""Every container, network, volume and image that these tests make is called so. Two runs at once on one engine need two of them."""

WORKER_IMAGES = "selfhosted-prefect/worker"
"""The repository of the images that the role worker builds."""

SERVICES = ("database", "server", "worker")

Variables = dict[str, t.Any]


def free_port() -> int:
    """Return a TCP port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def images() -> Variables:
    """Return the variables that name the images of database and server."""
    named = {
        "prefect_database_image": os.environ.get("SP_POSTGRES_IMAGE"),
        "prefect_server_image": os.environ.get("SP_PREFECT_IMAGE"),
    }
    found = product_images() if None in named.values() else {}
    return {name: image or found[name] for name, image in named.items()}


def inspect(kind: str, names: t.Iterable[str]) -> list[dict[str, t.Any]]:
    """Return what the engine says of containers, networks, volumes or images."""
    wanted = list(names)
    found: list[dict[str, t.Any]] = json.loads(docker(kind, "inspect", *wanted)) if wanted else []
    return found


def names(kind: str) -> list[str]:
    """Return the names of what these tests made of one kind: container, network, volume or image."""
    command = {
        "container": ("container", "ls", "--all", "--format", "{{.Names}}"),
        "network": ("network", "ls", "--format", "{{.Name}}"),
        "volume": ("volume", "ls", "--format", "{{.Name}}"),
        "image": ("image", "ls", "--format", "{{.Repository}}:{{.Tag}}"),
    }[kind]
    return sorted(name for name in docker(*command).splitlines() if name.startswith(PREFIX))


def flow_run_containers(network: str) -> list[str]:
    """Return the identifiers of flow runs' containers in a network."""
    return docker(
        *("container", "ls", "--all", "--quiet", "--filter", "label=io.prefect.flow-run-id"),
        *("--filter", f"network={network}"),
    ).split()


def logs_of(container: str) -> str:
    """Return all that a container printed, to either stream."""
    command = ["docker", "logs", container]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout


def snapshot() -> dict[str, t.Any]:
    """Return what a run that changes nothing leaves as it was: containers and their starts, networks, volumes, tags."""
    built = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}", WORKER_IMAGES).splitlines()
    return {
        "containers": {
            item["Name"].lstrip("/"): (item["Id"], item["State"]["Status"], item["State"]["StartedAt"])
            for item in inspect("container", names("container"))
        },
        "networks": {item["Name"]: item["Id"] for item in inspect("network", names("network"))},
        "volumes": set(names("volume")),
        "images": {*built, *names("image")},
    }


@contextlib.contextmanager
def built_images_used() -> t.Iterator[None]:
    """Have a container use each image that was built: a removal takes those that none uses, and the next test is to find them."""
    identifiers = set(docker("image", "ls", "--quiet", "selfhosted-prefect/*").split())
    keepers = [docker("create", "--name", f"{PREFIX}keeper-{item}", item, "true").strip() for item in identifiers]
    try:
        yield
    finally:
        docker("rm", "--force", *keepers)


def remove_everything() -> None:
    """Remove all that is called by the prefix, and the flow runs' containers in its networks."""
    networks = names("network")
    for name in [*names("container"), *(item for network in networks for item in flow_run_containers(network))]:
        docker("rm", "--force", "--volumes", name, check=False)
    for kind, found in (("network", networks), ("volume", names("volume")), ("image", names("image"))):
        for name in found:
            docker(kind, "rm", name, check=False)


@dataclass
class Run:
    """What a run of ansible-playbook did.

    :param status: Exit status.
    :param output: All that it printed.
    :param tasks: Name and result of each task that ran, in order.
    """

    status: int
    output: str
    tasks: list[tuple[str, dict[str, t.Any]]] = field(default_factory=list)

    @property
    def changed(self) -> dict[str, dict[str, t.Any]]:
        """The tasks that changed something, or would have in check mode."""
        return {name: result for name, result in self.tasks if result.get("changed")}

    @property
    def diffs(self) -> dict[str, t.Any]:
        """The diffs of the tasks that changed something; of a loop, those of its items."""
        return {
            name: result.get("diff") or [item["diff"] for item in result.get("results", []) if "diff" in item]
            for name, result in self.changed.items()
        }

    @property
    def message(self) -> str:
        """What the last task that failed says, loops included."""
        failed = [result for _name, result in self.tasks if result.get("failed")]
        if not failed:
            return ""
        results = [item for item in failed[-1].get("results", []) if item.get("failed")] or [failed[-1]]
        return "\n".join(str(item.get("msg", "")) for item in results)

    def succeeded(self) -> Run:
        """Return this run, which must have ended well."""
        assert self.status == 0, self.output[-4000:]
        return self

    def refused(self) -> str:
        """Return the message of this run, which must have failed as a user may see it: without a stack trace."""
        assert self.status != 0, self.output[-4000:]
        assert "Traceback" not in self.output, self.output[-4000:]
        return self.message


class Deployment:
    """A stack: its names, its variables and the playbooks that are run with them.

    :param place: Directory for inventory and playbooks.
    :param name: Word in all names of the stack; empty for the one that most tests share.
    :param variables: Inventory variables beside the names and images; one that is None is left out.
    """

    def __init__(self, place: Path, name: str = "", **variables: t.Any) -> None:
        self._place = place
        self.environment: dict[str, str] = {}
        prefix = f"{PREFIX}{name}-" if name else PREFIX
        self.network = f"{prefix}net"
        self.volumes = {service: f"{prefix}{service}" for service in ("database", "server")}
        self.containers = {service: f"{prefix}{service}" for service in SERVICES}
        self.pool = f"{prefix}pool"
        self.worker = f"{prefix}first"
        self.port = free_port()
        password = variables.get("prefect_database_password", "prefect")
        self.variables: Variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "prefect_server_port": self.port,
            "prefect_server_database_host": self.containers["database"],
            "prefect_database_password": password,
            "prefect_server_database_password": "{{ prefect_database_password }}",
            "prefect_worker_base_image": "{{ prefect_server_image }}",
            "prefect_worker_pool": self.pool,
            "prefect_worker_name": self.worker,
            "prefect_worker_api_url": f"http://{self.containers['server']}:4200/api",
            "prefect_worker_local_api_url": "http://127.0.0.1:{{ prefect_server_port }}/api",
            **{f"prefect_{service}_container_name": self.containers[service] for service in SERVICES},
            # What fails here is to fail soon.
            **{f"prefect_{service}_ready_timeout": 90 for service in SERVICES},
            **{f"prefect_{service}_network": self.network for service in SERVICES},
            **{f"prefect_{service}_volume": volume for service, volume in self.volumes.items()},
            **images(),
            **variables,
        }

    @property
    def api(self) -> Server:
        """The API as seen from this machine, without the collection's client."""
        auth = self.variables.get("prefect_server_api_auth_string")
        return Server(f"http://127.0.0.1:{self.port}/api", self.containers["server"], auth)

    def playbook(self, name: str, *options: str, **changes: t.Any) -> Run:
        """Run one of the collection's playbooks.

        :param options: Options of ansible-playbook.
        :param changes: Variables that differ in this run; one that is None is left out.
        """
        return self._run(f"selfhosted.prefect.{name}", options, {"localhost": (SERVICES, changes)})["localhost"]

    def playbooks(self, name: str, cases: dict[str, Variables], *options: str) -> dict[str, Run]:
        """Run a playbook for several sets of changes side by side: each is a host of its own, and all are this machine."""
        return self._run(
            f"selfhosted.prefect.{name}", options, {case: (SERVICES, changes) for case, changes in cases.items()}
        )

    def role(self, service: str, *options: str, tasks_from: str = "main", **changes: t.Any) -> Run:
        """Run one role alone, as another project would."""
        return self.roles({"localhost": (service, changes)}, *options, tasks_from=tasks_from)["localhost"]

    def roles(self, cases: dict[str, tuple[str, Variables]], *options: str, tasks_from: str = "main") -> dict[str, Run]:
        """Run one role alone for each of several sets of changes, side by side as C(playbooks) does."""
        runs: dict[str, Run] = {}
        for service in SERVICES:
            mine = {case: ((service,), changes) for case, (role, changes) in cases.items() if role == service}
            role = {"name": f"selfhosted.prefect.{service}", "tasks_from": tasks_from}
            task = {"name": f"Run the {service}", "ansible.builtin.import_role": role}
            # A playbook each, since one ends when all hosts of a play have failed.
            if mine:
                runs |= self.plays(
                    [{"hosts": f"prefect_{service}", "gather_facts": False, "tasks": [task]}], mine, *options
                )
        return runs

    def plays(
        self, plays: list[Variables], cases: t.Mapping[str, tuple[t.Collection[str], Variables]], *options: str
    ) -> dict[str, Run]:
        """Run plays of one's own."""
        path = self._place / "plays.yml"
        path.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
        return self._run(str(path), options, cases)

    def _run(
        self, playbook: str, options: t.Sequence[str], cases: t.Mapping[str, tuple[t.Collection[str], Variables]]
    ) -> dict[str, Run]:
        settings = self._place / "ansible.cfg"
        settings.touch()
        environment = {**ansible_environment(settings), **self.environment}
        hosts: Variables = {}
        for case, (_services, changes) in cases.items():
            # The environment of one run is a variable too, so that all of a bad input stands in one place.
            environment |= changes.get("environment", {})
            variables = {**self.variables, **changes, "environment": None}
            hosts[case] = {name: value for name, value in variables.items() if value is not None}
        children = {
            f"prefect_{service}": {
                "hosts": {case: None for case, (services, _changes) in cases.items() if service in services}
            }
            for service in SERVICES
        }
        inventory = self._place / "inventory.yml"
        inventory.write_text(yaml.safe_dump({"prefect": {"hosts": hosts, "children": children}}), encoding="utf-8")
        # What a person reads has no results of tasks in it, so verbosity takes Ansible's own output.
        verbose = any(option.startswith("-v") for option in options)
        if verbose:
            environment["ANSIBLE_STDOUT_CALLBACK"] = "default"
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                "--inventory",
                str(inventory),
                *options,
                playbook,
            ],
            capture_output=True,
            check=False,
            text=True,
            cwd=self._place,
            env=environment,
            timeout=300,
        )
        output = done.stdout + done.stderr
        assert "WARNING]" not in output, output
        if verbose:
            return dict.fromkeys(cases, Run(done.returncode, output))
        assert done.stdout.startswith("{"), output
        report = json.loads(done.stdout)
        runs = {}
        for case in cases:
            statistics = report["stats"].get(case, {})
            failed = not statistics or statistics["failures"] or statistics["unreachable"]
            runs[case] = Run(done.returncode if failed or len(cases) == 1 else 0, output)
            runs[case].tasks = [
                (task["task"]["name"].rpartition(" : ")[2], task["hosts"][case])
                for play in report["plays"]
                for task in play["tasks"]
                if case in task["hosts"]
            ]
        return runs
