# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter with_labels."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.selfhosted.prefect.plugins.filter.with_labels import FilterModule

with_labels = FilterModule().filters()["with_labels"]

SERVICE, STACK = "selfhosted.prefect.service", "selfhosted.prefect.stack"
ITEMS: list[dict[str, t.Any]] = [
    {"Name": "worker", "Labels": {SERVICE: "worker", STACK: "net", "team": "data"}},
    {"Name": "other", "Labels": {SERVICE: "worker", STACK: "other"}},
    {"Name": "server", "Labels": {SERVICE: "server", STACK: "net"}},
    {"Name": "none", "Labels": None},
    {"Name": "bare"},
    {"Name": "numbered", "Labels": {"number": "1"}},
]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ({SERVICE: "worker"}, ["worker", "other"]),
        ({SERVICE: "worker", STACK: "net"}, ["worker"]),
        ({SERVICE: "proxy"}, []),
        ([SERVICE], ["worker", "other", "server"]),
        ([SERVICE, "team"], ["worker"]),
        (["selfhosted"], []),
        # What a template makes of a number is one; the engine knows texts only.
        ({"number": 1}, ["numbered"]),
        ({}, ["worker", "other", "server", "none", "bare", "numbered"]),
    ],
)
def test_those_that_have_all_labels_are_chosen(labels: t.Any, names: list[str]) -> None:
    assert [item["Name"] for item in with_labels(ITEMS, labels)] == names


@pytest.mark.parametrize("labels", ["selfhosted.prefect.service", None, 1])
def test_what_is_neither_labels_nor_names_of_them_is_refused(labels: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="must be a dictionary or a list"):
        with_labels(ITEMS, labels)
