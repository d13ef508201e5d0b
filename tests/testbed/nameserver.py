# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts' name server: public names that a host was given, and everything else as this machine has it."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

from . import networks
from .images import build
from .machine import docker, remove_service, run_service

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = "sp-testbed-names"
# A file for each host that has names, as in /etc/hosts.
_DIRECTORY = "/names"


def address() -> str:
    """Return the name server's address."""
    return str(networks.subnet(networks.PUBLIC)[3])


def _upstream() -> list[str]:
    """Return this machine's name servers that a container can reach, too."""
    for path in (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf")):
        if path.exists():
            words = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
            servers = [w[1] for w in words if len(w) > 1 and w[0] == "nameserver" and "%" not in w[1]]
            servers = [s for s in servers if not ipaddress.ip_address(s).is_loopback]
            if servers:
                return servers
    return []


def up() -> None:
    """Run the name server."""
    arguments = [f"--addn-hosts={_DIRECTORY}", *(f"--server={server}" for server in _upstream())]
    run_service(_NAME, build("names"), ["--network", networks.PUBLIC, "--ip", address()], arguments)


def announce(host: str, its_address: str, its_names: Sequence[str]) -> None:
    """Let names lead to a host; without any, none does."""
    line = f"{its_address} {' '.join(its_names)}" if its_names else ""
    docker("exec", _NAME, "sh", "-c", f"echo '{line}' > {_DIRECTORY}/{host}", check=bool(its_names))
    docker("kill", "--signal", "HUP", _NAME, check=bool(its_names))


def down() -> None:
    """Remove the name server."""
    remove_service(_NAME)
