# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell addresses that nobody on the internet reaches."""

from __future__ import annotations

import ipaddress
import typing as t

DOCUMENTATION = r"""
name: private_address
short_description: Tell whether an IP address is out of the internet's reach
version_added: 0.1.0
description:
  - True for addresses of private networks (RFC 1918, RFC 4193), of those between a provider and its customers (RFC 6598), which
    overlay networks use, too, and for loopback and link-local ones.
  - False for every other address, for C(0.0.0.0) and C(::), which stand for all addresses of a host, and for what is no address.
author:
  - The selfhosted.prefect authors (@selfhosted)
options:
  _input:
    description: The address, without a port.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse to publish on the internet
  ansible.builtin.assert:
    that: "'10.0.0.5' is selfhosted.prefect.private_address"
"""

RETURN = r"""
_value:
  description: Whether it is out of the internet's reach.
  type: bool
"""

_NETWORKS = [
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("fc00::/7", "fe80::/10", "::1/128"),
    )
]


def private_address(address: t.Any) -> bool:
    """Whether an address is one that nobody on the internet reaches."""
    try:
        found = ipaddress.ip_address(str(address))
    except ValueError:
        return False
    return any(found in network for network in _NETWORKS)


class TestModule:
    """The test of this file."""

    def tests(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names of the tests."""
        return {"private_address": private_address}
