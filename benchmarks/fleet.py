# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long site.yml takes for eight worker hosts beside one, cold and with nothing to do.

The hosts are those of the test bed: VPSs with engines of their own, over SSH. Server, database and proxy stand on a
ninth that is deployed once and stays. Cold means that the workers' containers are gone and the images are there.
It measures and never judges: no time makes it fail.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from chart import draw
from deploy import HERE, PHASES, ROOT, WORK, BenchmarkError, machine, run, say, tool

GOAL = 2.0
SIZES = (1, 8)
HUB = "bench-hub"
WORKERS = tuple(f"bench-worker-{number}" for number in range(1, max(SIZES) + 1))
PUBLIC_NAME = "prefect.bench.test"
PLACE = WORK / "fleet"
ENVIRONMENT = {
    "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections"),
    "ANSIBLE_FORKS": str(max(SIZES)),
}


def on_testbed(*arguments: str, given: str | None = None) -> str:
    """Run a command of the test bed and return what it prints.

    :raises BenchmarkError: it fails.
    """
    command = [sys.executable, "-m", "tests.testbed", *arguments]
    result = subprocess.run(command, cwd=ROOT, input=given, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise BenchmarkError(f"'{' '.join(command)}' failed ({result.returncode})")
    return result.stdout


def up() -> dict[str, dict[str, Any]]:
    """Bring the hosts up and return the variables with which Ansible reaches them."""
    specs = {HUB: {"user": "ops", "names": [PUBLIC_NAME]}, **{name: {"user": "ops"} for name in WORKERS}}
    hosts: dict[str, dict[str, Any]] = yaml.safe_load(on_testbed("up", "--spec", "-", given=json.dumps(specs)))["all"][
        "hosts"
    ]
    return hosts


def inventory(hosts: dict[str, dict[str, Any]], size: int) -> Path:
    """Write the inventory of a fleet with so many worker hosts, with the variables of ``inventory/fleet``; return its path."""
    place = PLACE / str(size)
    place.mkdir(parents=True, exist_ok=True)
    variables = place / "group_vars"
    if not variables.is_symlink():
        variables.symlink_to(ROOT / "inventory" / "fleet" / "group_vars")
    # Variables of hosts, since those of groups in this file would lose against group_vars/all.
    common = {
        "ansible_become": True,
        "prefect_public_url": f"https://{PUBLIC_NAME}",
        "prefect_tls": "private",
        "prefect_secrets_directory": str(PLACE / "secrets"),
        "prefect_bootstrap_images_file": "",
    }
    document = {
        "prefect": {
            "hosts": {name: {**hosts[name], **common} for name in (HUB, *WORKERS[:size])},
            "children": {
                **{f"prefect_{part}": {"hosts": {HUB: None}} for part in ("database", "server", "proxy")},
                "prefect_worker": {"hosts": dict.fromkeys(WORKERS[:size])},
            },
        }
    }
    path = place / "hosts.yml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def playbook(path: Path, *names: str) -> float:
    """Run playbooks of the collection; return the seconds."""
    start = time.perf_counter()
    run(
        [tool("ansible-playbook"), "--inventory", str(path), *(f"selfhosted.prefect.{name}" for name in names)],
        env=ENVIRONMENT,
    )
    return time.perf_counter() - start


def task(path: Path, module: str, arguments: str, pattern: str = "prefect") -> None:
    """Run one module on the hosts of an inventory."""
    run(
        [tool("ansible"), "--inventory", str(path), pattern, "--module-name", module, "--args", arguments],
        env=ENVIRONMENT,
    )


def prepare(hosts: dict[str, dict[str, Any]]) -> dict[int, Path]:
    """Deploy the largest fleet once, which is not counted, and return the inventories by their size."""
    inventories = {size: inventory(hosts, size) for size in SIZES}
    largest = inventories[max(SIZES)]
    say("one deployment of all hosts that is not counted")
    playbook(largest, "bootstrap", "site")
    return inventories


def race(inventories: dict[int, Path], rounds: int) -> dict[str, dict[int, list[float]]]:
    """Measure the sizes in turns; who begins changes with every round."""
    seconds: dict[str, dict[int, list[float]]] = {phase: {size: [] for size in SIZES} for phase in PHASES}
    largest = inventories[max(SIZES)]
    for number in range(rounds):
        for size in SIZES if number % 2 == 0 else reversed(SIZES):
            task(largest, "community.docker.docker_container", "name=worker state=absent", "prefect_worker")
            for phase in PHASES:
                taken = playbook(inventories[size], "site")
                seconds[phase][size].append(round(taken, 3))
                say(f"round {number + 1} of {rounds}: {size} worker hosts, {phase}: {taken:.1f} s")
    return seconds


def summary(seconds: dict[str, dict[int, list[float]]]) -> dict[str, Any]:
    """Return medians and ratios."""
    few, many = min(SIZES), max(SIZES)
    result: dict[str, Any] = {}
    for phase, sizes in seconds.items():
        named = {f"{size} worker host{'s' if size > 1 else ''}": values for size, values in sizes.items()}
        ratios = [b / a for a, b in zip(sizes[few], sizes[many], strict=True)]
        result[phase] = {
            "seconds": named,
            "median": {name: statistics.median(values) for name, values in named.items()},
            "ratio": round(statistics.median(sizes[many]) / statistics.median(sizes[few]), 2),
            "ratio_of_rounds": {"min": round(min(ratios), 2), "max": round(max(ratios), 2)},
            "goal": GOAL,
        }
    return result


def main() -> int:
    """Run the benchmark, print and write its results, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="rounds to measure (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the hosts as they are at the end")
    parser.add_argument("--output", type=Path, default=HERE / "results", help="directory for fleet.json and fleet.svg")
    options = parser.parse_args()
    kind = machine()
    try:
        inventories = prepare(up())
        phases = summary(race(inventories, options.rounds))
    except BenchmarkError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            on_testbed("remove", HUB, *WORKERS)
    caption = f"{options.rounds} rounds in turns; controller and all hosts on one machine with {os.cpu_count()} cores"
    document = {"rounds": options.rounds, "machine": kind, "phases": phases}
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "fleet.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    picture = draw("site.yml: one worker host and eight", caption, PHASES, phases)
    (options.output / "fleet.svg").write_text(picture, encoding="utf-8")
    print(f"{json.dumps(phases, indent=2)}\n{caption}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
