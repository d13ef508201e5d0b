# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge networks of the test bed, and fixed addresses in them."""

from __future__ import annotations

import hashlib
import ipaddress
import json

from .machine import LABEL, STATE, TestbedError, docker

PUBLIC = "sp-testbed"
"""The network of all hosts and the registry, which stands for the internet's side of a host."""

_FIRST_HOST = 10  # addresses below are the gateway's and the registry's


def private(name: str) -> str:
    """Return the engine's name of this checkout's private network of that short name."""
    checkout = hashlib.sha256(str(STATE).encode()).hexdigest()[:8]
    return f"{PUBLIC}-{checkout}-{name}"


def subnet(network: str) -> ipaddress.IPv4Network:
    """Return a network's subnet."""
    config = json.loads(docker("network", "inspect", "--format", "{{json .IPAM.Config}}", network))
    return ipaddress.IPv4Network(config[0]["Subnet"])


def ensure(network: str) -> None:
    """Make a network. All but the public one have no way to the internet.

    Fixed addresses need a subnet given by the user, and only the engine knows
    one that is free: it is asked for one first.
    """
    if docker("network", "inspect", "--format", "{{.Id}}", network, check=False):
        return
    options = ["--label", f"{LABEL}={STATE}", *([] if network == PUBLIC else ["--internal"])]
    docker("network", "create", *options, network)
    found = subnet(network)
    docker("network", "rm", network)
    docker("network", "create", "--subnet", str(found), *options, network)


def free_address(network: str) -> str:
    """Return an address of the network that no container has, running or not."""
    ids = docker("ps", "--all", "--quiet", "--filter", f"network={network}").split()
    template = f'{{{{with index .NetworkSettings.Networks "{network}"}}}}{{{{.IPAMConfig.IPv4Address}}}}{{{{end}}}}'
    taken = set(docker("inspect", "--format", template, *ids).split()) if ids else set()
    for number, address in enumerate(subnet(network).hosts(), start=1):
        if number >= _FIRST_HOST and str(address) not in taken:
            return str(address)
    msg = f"network {network} has no free address: remove hosts"
    raise TestbedError(msg)


def remove_unused() -> None:
    """Remove this checkout's private networks that no host is attached to, running or not."""
    for network in docker("network", "ls", "--filter", f"label={LABEL}={STATE}", "--format", "{{.Name}}").split():
        if network != PUBLIC and not docker("ps", "--all", "--quiet", "--filter", f"network={network}"):
            docker("network", "rm", network)
