# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test private_address."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.plugins.test.private_address import private_address


@pytest.mark.parametrize(
    "address", ["10.0.0.5", "172.16.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "169.254.0.1", "fd00::1", "::1"]
)
def test_an_address_of_a_private_network_is_private(address: str) -> None:
    assert private_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "203.0.113.1",
        "172.32.0.1",
        "100.128.0.1",
        "0.0.0.0",
        "::",
        "2a01:4f8::1",
        "224.0.0.1",
        "vps1",
        "",
        None,
    ],
)
def test_any_other_is_not(address: object) -> None:
    assert not private_address(address)
