#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell about this collection's services on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: services_info
short_description: Tell about this collection's services on a host
version_added: 0.1.0
author:
  - The selfhosted.prefect authors (@selfhosted)
description:
  - Tells in one task which containers this collection runs on a host and how they are, how full the disk is that holds them, how
    many containers of flow runs there are, and what the timed jobs of this host reported last.
  - A container is this collection's when it has the label C(selfhosted.prefect.service).
  - An engine that does not answer is no failure, but is told by RV(engine.reason).
  - Environments of containers, which hold secrets, are not returned.
attributes:
  check_mode:
    support: full
    description: Reads only, so check mode changes nothing.
  diff_mode:
    support: none
    description: Changes nothing.
options:
  docker_socket:
    description:
      - Path of the Docker engine's socket.
    type: path
    default: /var/run/docker.sock
  stacks:
    description:
      - Only services of these stacks, by the names of their networks. Without any, those of all stacks.
    type: list
    elements: str
    default: []
  records:
    description:
      - Directory with the reports of timed jobs, one JSON file for each job. One that does not exist has none.
    type: path
    default: /var/lib/selfhosted-prefect
notes:
  - The module needs nothing but Python on the target.
"""

EXAMPLES = r"""
- name: Look at the services of this host
  selfhosted.prefect.services_info:
  register: services

- name: Stop if one is not healthy
  ansible.builtin.assert:
    that: services.services | rejectattr('health', 'in', ['healthy', none]) | length == 0
"""

RETURN = r"""
engine:
  description: The Docker engine.
  returned: always
  type: dict
  contains:
    answers:
      description: Whether it answers.
      type: bool
      sample: true
    reason:
      description: Why it does not. Empty when it does.
      type: str
      sample: ""
    version:
      description: Its version.
      type: str
      sample: 20.10.24
services:
  description: The containers, sorted by service and name.
  returned: always
  type: list
  elements: dict
  contains:
    service:
      description: What it is, such as V(server).
      type: str
      sample: server
    stack:
      description: Which stack it belongs to, by the name of its network.
      type: str
      sample: prefect-internal
    container:
      description: Its name.
      type: str
      sample: server
    status:
      description: V(running), V(restarting), V(exited) or another state of the engine's.
      type: str
      sample: running
    health:
      description: V(healthy), V(unhealthy) or V(starting); none where nothing checks its health.
      type: str
      sample: healthy
    image:
      description: The image's name.
      type: str
      sample: prefecthq/prefect:3.8.8-python3.11
    digest:
      description: The first twelve digits of the image's digest in its registry, or of its ID where it comes from none.
      type: str
      sample: 4f5c1f0d7a0e
    version:
      description: The version that labels or variables of container and image tell. Empty where they do not.
      type: str
      sample: 3.8.8
    started_at:
      description: When it was started last.
      type: str
      sample: "2026-01-31T12:00:00.123456789Z"
    uptime:
      description: Seconds since then; none when it does not run.
      type: int
      sample: 86400
    restarts:
      description: How often the engine has restarted it since it was made.
      type: int
      sample: 0
    exit_code:
      description: What it ended with last; none while it runs.
      type: int
      sample: 137
    oom_killed:
      description: Whether it was last ended for its use of memory.
      type: bool
      sample: false
flow_run_containers:
  description: How many containers of flow runs there are, V(running) and V(ended).
  returned: always
  type: dict
  sample:
    running: 2
    ended: 14
disk:
  description: The file system that holds the engine's data, or C(/) where there is no engine.
  returned: always
  type: dict
  contains:
    path:
      description: The engine's directory.
      type: str
      sample: /var/lib/docker
    total_mib:
      description: Its size in MiB.
      type: int
      sample: 40960
    free_mib:
      description: What is free of it for an unprivileged process, in MiB.
      type: int
      sample: 20480
    used_percent:
      description: What of it is used.
      type: int
      sample: 50
records:
  description: The last reports of timed jobs, by the job's name, such as V(housekeeping) and V(backup).
  returned: always
  type: dict
  sample:
    housekeeping:
      finished_at: "2026-01-31T12:00:00Z"
      ok: true
      message: removed 3 containers and 1 image
now:
  description: The host's clock.
  returned: always
  type: str
  sample: "2026-01-31T12:00:00Z"
"""

import datetime
import json
import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.selfhosted.prefect.plugins.module_utils._docker import DockerError, Engine

Json = t.Dict[str, t.Any]

SERVICE = "selfhosted.prefect.service"
STACK = "selfhosted.prefect.stack"
FLOW_RUN = "io.prefect.flow-run-id"  # the label that prefect-docker gives to the containers of flow runs
# Where a version stands: this collection's label and the one of the OCI image specification,
VERSION_LABELS = ("selfhosted.prefect.version", "org.opencontainers.image.version")
# and variables of upstream images.
VERSION_VARIABLES = ("PREFECT_VERSION", "PG_VERSION", "CADDY_VERSION")
RECORD_LIMIT = 64 * 1024  # bytes


def moment(text: str) -> t.Optional[float]:
    """Return a time of the engine in seconds since the epoch; none for the year 1, which stands for never."""
    if not text or text.startswith("0001-"):
        return None
    parsed = datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    return parsed.replace(tzinfo=datetime.timezone.utc).timestamp()


def digest_of(image: Json) -> str:
    """Return the first twelve digits of what identifies an image."""
    whole = ([*(image.get("RepoDigests") or []), image.get("Id") or ""])[0]
    return str(whole).rpartition(":")[2][:12]


def version_of(container: Json, image: Json) -> str:
    """Return the version that a container or its image tells."""
    configs = [container.get("Config") or {}, image.get("Config") or {}]
    for config in configs:
        for label in VERSION_LABELS:
            if (config.get("Labels") or {}).get(label):
                return str(config["Labels"][label])
    for config in configs:
        environment = dict(item.split("=", 1) for item in config.get("Env") or [] if "=" in item)
        for name in VERSION_VARIABLES:
            if environment.get(name):
                return str(environment[name])
    return ""


def describe(container: Json, image: Json, now: float) -> Json:
    """Return what is told of one container.

    :param now: Seconds since the epoch.
    """
    state = container.get("State") or {}
    labels = (container.get("Config") or {}).get("Labels") or {}
    running = bool(state.get("Running"))
    started = moment(str(state.get("StartedAt") or ""))
    return {
        "service": labels.get(SERVICE, ""),
        "stack": labels.get(STACK, ""),
        "container": str(container.get("Name", "")).lstrip("/"),
        "status": state.get("Status"),
        "health": (state.get("Health") or {}).get("Status"),
        "image": (container.get("Config") or {}).get("Image"),
        "digest": digest_of(image),
        "version": version_of(container, image),
        "started_at": state.get("StartedAt") if started else None,
        "uptime": max(0, int(now - started)) if running and started else None,
        "restarts": int(container.get("RestartCount") or 0),
        "exit_code": None if running else state.get("ExitCode"),
        "oom_killed": bool(state.get("OOMKilled")),
    }


def services(engine: Engine, stacks: t.Collection[str], now: float) -> t.List[Json]:
    """Return this collection's containers.

    :param stacks: Only those of these stacks, unless it is empty.

    :raises DockerError: The engine does not answer.
    """
    found = []
    images: t.Dict[str, Json] = {}
    for item in engine.get("/containers/json", all=True, filters={"label": [SERVICE]}):
        if stacks and item["Labels"].get(STACK) not in stacks:
            continue
        try:
            container = engine.get(f"/containers/{item['Id']}/json")
            if container["Image"] not in images:
                images[container["Image"]] = engine.get(f"/images/{container['Image']}/json")
        except DockerError as exc:
            if exc.status != 404:
                raise
            continue  # removed meanwhile
        found.append(describe(container, images[container["Image"]], now))
    return sorted(found, key=lambda service: (service["service"], service["container"]))


def disk(path: str) -> Json:
    """Return how full the file system is that holds C(path)."""
    while not os.path.exists(path):
        path = os.path.dirname(path) or "/"
    status = os.statvfs(path)
    total, free = status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize
    # As df does: of what an unprivileged process could use.
    used = (status.f_blocks - status.f_bfree) * status.f_frsize
    percent = round(100 * used / (used + free)) if used + free else 0
    return {"path": path, "total_mib": total >> 20, "free_mib": free >> 20, "used_percent": percent}


def records(directory: str) -> t.Dict[str, Json]:
    """Return the last reports of timed jobs. One that cannot be read says so instead of what it should."""
    found: t.Dict[str, Json] = {}
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    for name in names:
        job, extension = os.path.splitext(name)
        if extension != ".json" or name.startswith("."):
            continue
        try:
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                report = json.loads(file.read(RECORD_LIMIT))
        except (OSError, ValueError) as exc:
            report = {"ok": False, "message": f"its report {os.path.join(directory, name)} cannot be read: {exc}"}
        found[job] = report if isinstance(report, dict) else {"ok": False, "message": "its report is no JSON object"}
    return found


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "docker_socket": {"type": "path", "default": "/var/run/docker.sock"},
            "stacks": {"type": "list", "elements": "str", "default": []},
            "records": {"type": "path", "default": "/var/lib/selfhosted-prefect"},
        },
        supports_check_mode=True,
    )
    engine = Engine(module.params["docker_socket"], timeout=20.0)
    now = time.time()
    told: Json = {"answers": True, "reason": "", "version": ""}
    found: t.List[Json] = []
    runs = {"running": 0, "ended": 0}
    root = "/"
    try:
        info = engine.get("/info")
        told["version"], root = info.get("ServerVersion", ""), info.get("DockerRootDir") or root
        found = services(engine, module.params["stacks"], now)
        for item in engine.get("/containers/json", all=True, filters={"label": [FLOW_RUN]}):
            runs["running" if item.get("State") in ("running", "restarting", "paused") else "ended"] += 1
    except DockerError as exc:
        told.update(answers=False, reason=str(exc))
    module.exit_json(
        changed=False,
        engine=told,
        services=found,
        flow_run_containers=runs,
        disk=disk(root),
        records=records(module.params["records"]),
        now=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
    )


if __name__ == "__main__":
    main()
