# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPS hosts: systemd, sshd and, unless they are bare, an engine of their own, each in a container."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from . import nameserver, networks, registry
from .images import build
from .machine import HERE, LABEL, STATE, TestbedError, docker, locked, run, say, timed, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_PREFIX = "sp-vps-"
_KEY = STATE / "id_ed25519"
_BOOT_SECONDS = 120
_SPEC_LABEL = f"{LABEL}.spec"
_WORD = r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?"
_SSH_PORT = 22
_SCANNER = HERE / "scan.py"

KINDS = ("engine", "bare")


@dataclass(frozen=True)
class Spec:
    """What a VPS is asked to be.

    :param kind: ``engine`` (an engine of its own, and what Ansible's modules for it need) or ``bare`` (systemd, sshd, Python, sudo).
    :param user: who comes in by SSH: ``root``, or a user with sudo and no password, who is made; root's log-in is off then.
    :param networks: short names of the private networks it is in, beside the public one.
    :param firewall: TCP ports that are open on its public address; nothing given: all of them.
    :param names: DNS names that lead to its public address, for all hosts and their containers.
    """

    kind: str = KINDS[0]
    user: str = "root"
    networks: tuple[str, ...] = ()
    firewall: tuple[int, ...] | None = None
    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, name: str, given: Any) -> Spec:
        """Return what a mapping of this class's parameters says.

        :param name: the host, for messages.
        :raises TestbedError: a key or a value is none that a host can have.
        """
        known = [field.name for field in fields(cls)]
        if not isinstance(given, dict) or set(given) - set(known):
            msg = f"host {name}: give a mapping of {', '.join(known)}, not {given!r}"
            raise TestbedError(msg)
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
        }
        result = cls(**values)
        ports = () if result.firewall is None else result.firewall
        checks = {
            f"kind is one of {', '.join(KINDS)}": result.kind in KINDS,
            "user is a user's name": isinstance(result.user, str) and bool(re.fullmatch(_WORD, result.user)),
            "networks is a list of lower-case words": isinstance(result.networks, tuple)
            and all(isinstance(item, str) and re.fullmatch(_WORD, item) for item in result.networks),
            "names is a list of DNS names": isinstance(result.names, tuple)
            and all(isinstance(item, str) and re.fullmatch(r"[a-z0-9.-]+", item) for item in result.names),
            f"firewall is a list of TCP ports, with {_SSH_PORT}, or nobody gets in": result.firewall is None
            or (isinstance(ports, tuple) and _SSH_PORT in ports and all(isinstance(port, int) for port in ports)),
        }
        wrong = [rule for rule, kept in checks.items() if not kept]
        if wrong:
            msg = f"host {name}: {'; '.join(wrong)}; got {given!r}"
            raise TestbedError(msg)
        return result

    def to_json(self) -> str:
        """Return it as the host's label keeps it."""
        return json.dumps(asdict(self), sort_keys=True)


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

    @property
    def spec(self) -> Spec:
        """What the host was made as."""
        label = self.inspect(f'{{{{index .Config.Labels "{_SPEC_LABEL}"}}}}')
        return Spec.parse(self.name, json.loads(label)) if label else Spec()

    def address(self, network: str) -> str:
        """Return the host's fixed address in a network.

        :param network: the engine's name of the network.
        :raises TestbedError: there is no such host, or it is not in the network.
        """
        template = f'{{{{with index .NetworkSettings.Networks "{network}"}}}}{{{{.IPAMConfig.IPv4Address}}}}{{{{end}}}}'
        address = self.inspect(template)
        if not address:
            msg = f"there is no host {self.name} in {network}: bring it up first"
            raise TestbedError(msg)
        return address

    def connection(self) -> dict[str, Any]:
        """Return the variables with which Ansible reaches the host, and what it has to know of this place."""
        address = self.address(networks.PUBLIC)
        spec = self.spec
        private = {name: self.address(networks.private(name)) for name in spec.networks}
        options = f"-o UserKnownHostsFile={self.known_hosts} -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes"
        return {
            "ansible_host": address,
            "ansible_user": spec.user,
            "ansible_ssh_private_key_file": str(_KEY),
            "ansible_ssh_common_args": options,
            **({"prefect_private_address": next(iter(private.values()))} if private else {}),
            "prefect_testbed_private_addresses": private,
            "prefect_testbed_mirror": registry.mirror_url(),
            "prefect_testbed_name_servers": [nameserver.address()],
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


def _ensure_key() -> None:
    """Make the SSH key of this checkout's test bed."""
    STATE.mkdir(parents=True, exist_ok=True)
    if not _KEY.exists():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "testbed", "-f", str(_KEY)])


def _create(host: Host, spec: Spec, image: str) -> None:
    """Make the host's container, with what a provider would put on it, and boot it."""
    docker(
        "create", "--name", host.container, "--hostname", host.name,
        "--label", f"{LABEL}={STATE}", "--label", f"{_SPEC_LABEL}={spec.to_json()}",
        "--network", networks.PUBLIC, "--ip", networks.free_address(networks.PUBLIC), "--dns", nameserver.address(),
        "--volume", f"{host.volume}:/var/lib/docker", *_engine_flags(), image,
    )  # fmt: skip
    for name in spec.networks:
        network = networks.private(name)
        networks.ensure(network)
        docker("network", "connect", "--ip", networks.free_address(network), network, host.container)
    engine = {"registry-mirrors": [registry.mirror_url()], "dns": [nameserver.address()]}
    home = "root" if spec.user == "root" else f"home/{spec.user}"
    files = [(f"{home}/.ssh/authorized_keys", 0o600, _KEY.with_suffix(".pub").read_text(encoding="utf-8"))]
    # Nobody mourns a package that is lost when the power goes, and waiting for the disk takes most of an installation's time.
    files.append(("etc/dpkg/dpkg.cfg.d/unsafe-io", 0o644, "force-unsafe-io\n"))
    if spec.kind == "engine":
        files.append(("etc/docker/daemon.json", 0o644, json.dumps(engine)))
    if spec.user != "root":
        files.append((f"etc/sudoers.d/{spec.user}", 0o440, f"{spec.user} ALL=(ALL:ALL) NOPASSWD: ALL\n"))
        files.append(("etc/ssh/sshd_config.d/no-root.conf", 0o644, "PermitRootLogin no\n"))
    with tempfile.TemporaryDirectory(prefix="sp-testbed-") as directory:
        root = Path(directory)
        for path, mode, text in files:
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            file.chmod(mode)
        (root / home).chmod(0o700)
        (root / home / ".ssh").chmod(0o700)
        for top in root.iterdir():
            docker("cp", f"{top}/.", f"{host.container}:/{top.name}")
    docker("start", host.container)
    if spec.names:
        nameserver.announce(host.name, host.address(networks.PUBLIC), spec.names)
    # What is copied keeps its owner, who need not be root here.
    host.exec("chown", "-R", "root:root", *(f"/{path}" for path, _mode, _text in files if path.startswith("etc/")))
    if spec.user != "root":
        host.exec("useradd", "--no-create-home", "--shell", "/bin/bash", spec.user)
    host.exec("chown", "-R", f"{spec.user}:{spec.user}", f"/{home}")
    set_network(host)


def set_network(host: Host, *, gapped: bool = False, cut: bool = False) -> None:
    """Bring the host's firewall and routes to what its spec says; this lasts over reboots.

    :param gapped: whether it has no route out, and none to the registry. The networks themselves are reached.
    :param cut: whether nothing gets in or out, as with the cable pulled. Its addresses stay.
    """
    spec = host.spec
    addresses = [host.address(network) for network in (networks.PUBLIC, *map(networks.private, spec.networks))]
    settings = {
        "ADDRESSES": " ".join(addresses),
        "GATEWAY": str(networks.subnet(networks.PUBLIC)[1]),
        "MIRROR": registry.address(),
        "FIREWALL": "no" if spec.firewall is None else "yes",
        "PORTS": " ".join(map(str, spec.firewall or ())),
        "GAPPED": "yes" if gapped else "no",
        "CUT": "yes" if cut else "no",
    }
    text = "".join(f"{key}='{value}'\n" for key, value in settings.items())
    host.exec("sh", "-c", f'printf %s "{text}" > /etc/vps-network && /usr/local/sbin/vps-network')


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
    """Wait until the host is up: no unit left to start, none failed, SSH answering unless it is cut off."""
    wait_for(f"host {host.name} is not up", _BOOT_SECONDS, lambda: _booted(host))
    if host.exec("sh", "-c", "grep -s CUT= /etc/vps-network || true") == "CUT='yes'":
        return
    facts = host.connection()
    key = host.exec("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()
    host.facts.parent.mkdir(parents=True, exist_ok=True)
    host.known_hosts.write_text(f"{facts['ansible_host']} {key[0]} {key[1]}\n", encoding="utf-8")
    host.facts.write_text(yaml.safe_dump(facts), encoding="utf-8")
    wait_for(f"SSH to host {host.name} does not work", 30, lambda: ssh(host, "true"))


def up(wanted: Mapping[str, Spec | None]) -> list[Host]:
    """Bring hosts up; one that is up already is left as it is.

    A host made from an older image, or as another kind of host, is made anew.

    :param wanted: name to what the host is to be; nothing: what it is, or the default for a new one.
    :raises TestbedError: a host does not come up, or its name is another checkout's.
    """
    hosts = [Host(name) for name in wanted]
    _ensure_key()
    for host in hosts:
        with locked():
            container = _owned(host)
            spec = wanted[host.name] or host.spec
            image = build("vps", variant=spec.kind)
            if container and (host.inspect("{{.Config.Image}}") != image or host.spec != spec):
                say(f"host {host.name} is made anew: its image or what it is to be changed")
                _remove(host)
                container = ""
            if not container:
                _create(host, spec, image)
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


def _existing(host: Host) -> str:
    """Return the id of the container of a host that must be there."""
    container = _owned(host)
    if not container:
        msg = f"there is no host {host.name}: bring it up first"
        raise TestbedError(msg)
    return container


def reboot(names: Sequence[str]) -> None:
    """Reboot hosts in order, as their own ``reboot`` would, and wait until they are up."""
    for host in [Host(name) for name in names]:
        container = _existing(host)
        with timed(f"host {host.name} rebooted"):
            docker("restart", "--time", "60", container)
            _ready(host)


def kill(names: Sequence[str]) -> None:
    """Cut hosts' power: nothing on them gets the time to end. ``up`` brings them back."""
    for host in [Host(name) for name in names]:
        docker("kill", _existing(host))


def change_network(names: Sequence[str], *, gapped: bool = False, cut: bool = False) -> None:
    """Give hosts the network of :func:`set_network`."""
    for host in [Host(name) for name in names]:
        _existing(host)
        set_network(host, gapped=gapped, cut=cut)


def _remove(host: Host) -> None:
    container = host.inspect("{{.Id}}")
    if container:
        nameserver.announce(host.name, "", ())
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
    with locked():
        networks.remove_unused()


def names(*, everybody: bool = False) -> list[str]:
    """Return the names of this checkout's hosts, or of everybody's."""
    label = LABEL if everybody else f"{LABEL}={STATE}"
    found = docker(
        "ps", "--all", "--format", "{{.Names}}", "--filter", f"label={label}", "--filter", f"name=^{_PREFIX}"
    )
    return sorted(name.removeprefix(_PREFIX) for name in found.split())


def inventory(names_: Iterable[str]) -> str:
    """Return a YAML inventory of hosts that are up."""
    return yaml.safe_dump({"all": {"hosts": {name: Host(name).connection() for name in names_}}})


def scan(source: str, addresses: Sequence[str]) -> dict[str, list[int]]:
    """Return the TCP ports that answer at addresses, of all 65,535, as a host sees them.

    An address where nothing answers gives an empty list, be it closed or not there: expect what must be open, too.

    :param source: name of the host that looks.
    :raises TestbedError: there is no such host, or it has no route to an address.
    """
    host = Host(source)
    _existing(host)
    with timed(f"{len(addresses)} addresses scanned from {source}"):
        found: dict[str, list[int]] = json.loads(
            host.exec("python3", "-c", _SCANNER.read_text(encoding="utf-8"), *addresses)
        )
    return found
