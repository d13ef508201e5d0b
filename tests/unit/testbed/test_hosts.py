# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VPS of the test bed may be asked to be, and the port scanner."""

from __future__ import annotations

import json
import socket
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.tests.testbed import TestbedError, scan
from ansible_collections.selfhosted.prefect.tests.testbed.hosts import Host, Spec


def test_a_host_is_by_default_what_it_always_was() -> None:
    """No key is needed."""
    assert Spec.parse("one", {}) == Spec(kind="engine", user="root", networks=(), firewall=None)


def test_a_spec_survives_its_label() -> None:
    """What the container's label says is what the host was made as."""
    spec = Spec.parse("one", {"kind": "bare", "user": "ops", "networks": ["database"], "firewall": [22, 443]})
    assert Spec.parse("one", json.loads(spec.to_json())) == spec


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "big"}, "kind is one of engine, bare"),
        ({"usr": "ops"}, "kind, user, networks, firewall, names"),
        ("bare", "give a mapping"),
        ({"user": "Robert'); --"}, "user's name"),
        ({"networks": "database"}, "networks is a list"),
        ({"networks": ["a b"]}, "networks is a list"),
        ({"firewall": [80]}, "with 22, or nobody gets in"),
        ({"firewall": ["22"]}, "with 22"),
        ({"firewall": 22}, "firewall is a list"),
    ],
)
def test_a_spec_that_no_host_can_have_is_refused(given: t.Any, message: str) -> None:
    """The message names the host and the rule."""
    with pytest.raises(TestbedError, match="host one: ") as raised:
        Spec.parse("one", given)
    assert message in str(raised.value)


def test_a_bad_name_is_refused() -> None:
    """It becomes a host name and a container's."""
    with pytest.raises(TestbedError, match="no host name"):
        Host("No_name")


def test_the_scanner_finds_what_listens_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """In several rounds, at an address that nobody else uses."""
    address = "127.0.0.77"
    with socket.create_server((address, 0)) as one, socket.create_server((address, 0)) as other:
        wanted = {one.getsockname()[1], other.getsockname()[1]}
        monkeypatch.setattr(scan, "PORTS", range(min(wanted) - 5, max(wanted) + 6))
        monkeypatch.setattr(scan, "AT_ONCE", 1 + (max(wanted) - min(wanted)) // 2)
        found = set(scan.scan(address))
    # What listens on every address answers here, too.
    assert wanted <= found
    assert not wanted & set(scan.scan(address))


def test_an_address_without_a_route_is_an_error() -> None:
    """Not a host where everything is closed."""
    with pytest.raises(OSError, match="255.255.255.255"):
        scan.scan("255.255.255.255")
