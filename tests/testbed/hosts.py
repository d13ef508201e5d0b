# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPS hosts: systemd, sshd and an engine of their own, each in a container."""

from __future__ import annotations

import ipaddress
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from . import registry
from .images import build
from .machine import LABEL, STATE, TestbedError, docker, locked, run, say, timed, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

_PREFIX = "sp-vps-"
_KEY = STATE / "id_ed25519"
_BOOT_SECONDS = 120


@dataclass(frozen=True)
class Host:
    """One VPS.

    :param name: its short name, which is also its host name.
    """

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?", self.name):
            msg = f"'{self.name}' is no host name: use lower-case letters, digits and hyphens"
            raise TestbedError(msg)

    @property
    def container(self) -> str:
        """Name of its container, and the beginning of its volume's."""
        return _PREFIX + self.name

    @property
    def volume(self) -> str:
        """Volume with the data of the host's own engine."""
        return f"{self.container}-docker"

    @property
    def facts(self) -> Path:
        """File with the connection variables of this host, for an inventory to read."""
        return STATE / "hosts" / f"{self.name}.yml"

    @property
    def known_hosts(self) -> Path:
        """File with the host's public key."""
        return STATE / "hosts" / f"{self.name}.known_hosts"

    def inspect(self, template: str) -> str:
        """Return the container's template, or an empty string when there is no container."""
        return docker("container", "inspect", "--format", template, self.container, check=False)

    def exec(self, *command: str) -> str:
        """Run a command on the host, not over SSH, and return what it prints."""
        return docker("exec", self.container, *command)

    def connection(self) -> dict[str, str]:
        """Return the variables with which Ansible reaches the host."""
        address = self.inspect(f'{{{{(index .NetworkSettings.Networks "{registry.NETWORK}").IPAMConfig.IPv4Address}}}}')
        if not address:
            msg = f"there is no host {self.name}: bring it up first"
            raise TestbedError(msg)
        options = f"-o UserKnownHostsFile={self.known_hosts} -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes"
        return {
            "ansible_host": address,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(_KEY),
            "ansible_ssh_common_args": options,
        }


def _engine_flags() -> list[str]:
    """Return what lets systemd and an engine run inside a container of this engine.

    That is all of --privileged but CAP_SYS_RESOURCE, which some machines withhold,
    and of the devices only what a cgroup rule allows. With cgroup v1 systemd needs
    the machine's hierarchy; with v2 a name space of its own does.
    """
    flags = [
        "--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE",
        "--security-opt", "seccomp=unconfined",
        "--security-opt", "apparmor=unconfined",
        "--security-opt", "systempaths=unconfined",
        "--device-cgroup-rule", "a *:* rwm",
        "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec",
    ]  # fmt: skip
    if docker("info", "--format", "{{.CgroupVersion}}") == "2":
        return [*flags, "--cgroupns", "private"]
    return [*flags, "--cgroupns", "host", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"]


def _name_servers() -> list[str]:
    """Return this machine's name servers that another host can reach, too."""
    for path in (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf")):
        if path.exists():
            words = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
            servers = [w[1] for w in words if len(w) > 1 and w[0] == "nameserver" and "%" not in w[1]]
            servers = [s for s in servers if not ipaddress.ip_address(s).is_loopback]
            if servers:
                return servers
    return []


def _ensure_key() -> None:
    """Make the SSH key of this checkout's test bed."""
    STATE.mkdir(parents=True, exist_ok=True)
    if not _KEY.exists():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "testbed", "-f", str(_KEY)])


def _create(host: Host, image: str) -> None:
    """Make the host's container, with what a provider would put on it, and boot it."""
    docker(
        "create", "--name", host.container, "--hostname", host.name, "--label", f"{LABEL}={STATE}",
        "--network", registry.NETWORK, "--ip", registry.free_address(),
        "--volume", f"{host.volume}:/var/lib/docker", *_engine_flags(), image,
    )  # fmt: skip
    engine = {"registry-mirrors": [registry.mirror_url()], "dns": _name_servers()}
    with tempfile.TemporaryDirectory(prefix="sp-testbed-") as directory:
        root = Path(directory)
        for path, mode, text in (
            ("etc/docker/daemon.json", 0o644, json.dumps({k: v for k, v in engine.items() if v})),
            ("root/.ssh/authorized_keys", 0o600, _KEY.with_suffix(".pub").read_text(encoding="utf-8")),
        ):
            file = root / path
            file.parent.mkdir(parents=True)
            file.write_text(text, encoding="utf-8")
            file.chmod(mode)
        (root / "root" / ".ssh").chmod(0o700)
        docker("cp", f"{root}/etc/.", f"{host.container}:/etc")
        docker("cp", f"{root}/root/.", f"{host.container}:/root")
    docker("start", host.container)
    # What is copied keeps its owner, who need not be root here.
    host.exec("chown", "-R", "root:root", "/root/.ssh", "/etc/docker")


def _booted(host: Host) -> str | None:
    state = run(["docker", "exec", host.container, "systemctl", "is-system-running"], check=False)
    word = state.stdout.strip()
    if word == "degraded":
        failed = host.exec("systemctl", "--failed", "--no-legend", "--plain")
        msg = f"host {host.name} came up with failed units:\n{failed}"
        raise TestbedError(msg)
    if word == "running":
        return None
    if host.inspect("{{.State.Running}}") != "true":
        msg = f"host {host.name} stopped while booting:\n{docker('logs', '--tail', '20', host.container)}"
        raise TestbedError(msg)
    return word or state.stderr.strip() or "no answer"


def ssh(host: Host, *command: str, timeout: float = 20) -> str | None:
    """Run a command over SSH; return None when it succeeds, else what went wrong."""
    facts = host.connection()
    options = facts["ansible_ssh_common_args"].split()
    target = f"{facts['ansible_user']}@{facts['ansible_host']}"
    result = run(
        ["ssh", "-i", str(_KEY), "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", *options, target, *command],
        check=False,
        timeout=timeout,
    )
    return None if result.returncode == 0 else result.stderr.strip() or f"exit status {result.returncode}"


def _ready(host: Host) -> None:
    """Wait until the host is up: no unit left to start, none failed, SSH answering."""
    wait_for(f"host {host.name} is not up", _BOOT_SECONDS, lambda: _booted(host))
    facts = host.connection()
    key = host.exec("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()
    host.facts.parent.mkdir(parents=True, exist_ok=True)
    host.known_hosts.write_text(f"{facts['ansible_host']} {key[0]} {key[1]}\n", encoding="utf-8")
    host.facts.write_text(yaml.safe_dump(facts), encoding="utf-8")
    wait_for(f"SSH to host {host.name} does not work", 30, lambda: ssh(host, "true"))


def up(names: Sequence[str]) -> list[Host]:
    """Bring hosts up; one that is up already is left as it is.

    A host made from an older image is made anew.

    :raises TestbedError: a host does not come up, or its name is another checkout's.
    """
    hosts = [Host(name) for name in names]
    image = build("vps")
    _ensure_key()
    for host in hosts:
        with locked():
            container = _owned(host)
            if container and host.inspect("{{.Config.Image}}") != image:
                say(f"host {host.name} is made anew: its image changed")
                _remove(host)
                container = ""
            if not container:
                _create(host, image)
            elif host.inspect("{{.State.Running}}") != "true":
                docker("start", container)
    for host in hosts:
        with timed(f"host {host.name} up"):
            _ready(host)
    return hosts


def _owned(host: Host) -> str:
    """Return the id of the host's container, or an empty string when there is none.

    :raises TestbedError: the container is not this checkout's.
    """
    container = host.inspect("{{.Id}}")
    owner = host.inspect(f'{{{{index .Config.Labels "{LABEL}"}}}}')
    if container and owner != str(STATE):
        msg = f"host {host.name} belongs to {owner or 'something else'}: choose another name"
        raise TestbedError(msg)
    return container


def reboot(names: Sequence[str]) -> None:
    """Reboot hosts in order, as their own ``reboot`` would, and wait until they are up."""
    for host in [Host(name) for name in names]:
        container = _owned(host)
        if not container:
            msg = f"there is no host {host.name}: bring it up first"
            raise TestbedError(msg)
        with timed(f"host {host.name} rebooted"):
            docker("restart", "--time", "60", container)
            _ready(host)


def _remove(host: Host) -> None:
    container = host.inspect("{{.Id}}")
    if container:
        docker("rm", "--force", "--volumes", container)
    if docker("volume", "inspect", "--format", "{{.Name}}", host.volume, check=False):
        docker("volume", "rm", host.volume)
    host.facts.unlink(missing_ok=True)
    host.known_hosts.unlink(missing_ok=True)


def remove(names: Sequence[str]) -> None:
    """Remove hosts with all that is on them; one that is not there is no error."""
    for host in [Host(name) for name in names]:
        _owned(host)
        _remove(host)


def names(*, everybody: bool = False) -> list[str]:
    """Return the names of this checkout's hosts, or of everybody's."""
    label = LABEL if everybody else f"{LABEL}={STATE}"
    found = docker(
        "ps", "--all", "--format", "{{.Names}}", "--filter", f"label={label}", "--filter", f"name=^{_PREFIX}"
    )
    return sorted(name.removeprefix(_PREFIX) for name in found.split())


def inventory(names_: Sequence[str]) -> str:
    """Return a YAML inventory of hosts that are up."""
    return yaml.safe_dump({"all": {"hosts": {name: Host(name).connection() for name in names_}}})
