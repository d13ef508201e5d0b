# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter unknown_settings: what Prefect would ignore, and what was meant."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.selfhosted.prefect.plugins.filter.unknown_settings import FilterModule, unknown_settings

KNOWN = [
    "PREFECT_API_URL",
    "PREFECT_API_KEY",
    "PREFECT_LOGGING_LEVEL",
    "PREFECT_SERVER_API_PORT",
    "PREFECT_SERVER_UI_API_URL",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL",
]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("PREFECT_LOGING_LEVEL", "PREFECT_LOGGING_LEVEL"),
        ("PREFECT_LOGGING_LEVELS", "PREFECT_LOGGING_LEVEL"),
        ("prefect_loging_level", "PREFECT_LOGGING_LEVEL"),
        ("PREFECT_APIURL", "PREFECT_API_URL"),
        ("PREFECT_SERVER_DATABASE_URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL"),
        ("PREFECT_API_PORT", "PREFECT_SERVER_API_PORT"),
        ("PREFECT_PORT", "PREFECT_SERVER_API_PORT"),
        ("PREFECT_SOMETHING_ELSE", ""),
    ],
)
def test_what_would_be_ignored_is_found_with_what_it_is_most_like(name: str, nearest: str) -> None:
    assert unknown_settings([name], KNOWN) == [{"name": name, "nearest": nearest}]


def test_what_is_known_or_nobody_s_business_is_not_found() -> None:
    names = [*KNOWN, "prefect_api_url", "PREFECT__FLOW_RUN_ID", "TZ", "PREFECTION", "PREFECT_MINE"]
    assert unknown_settings(names, KNOWN, ["prefect_mine"]) == []


def test_several_come_in_order() -> None:
    found = unknown_settings({"PREFECT_B": "1", "PREFECT_A": "2"}, KNOWN)
    assert [item["name"] for item in found] == ["PREFECT_A", "PREFECT_B"]


@pytest.mark.parametrize("names", ["PREFECT_A", [1]])
def test_what_is_no_list_of_names_is_refused(names: object) -> None:
    with pytest.raises(AnsibleFilterError, match="list of names"):
        unknown_settings(names, KNOWN)  # type: ignore[arg-type]


@given(st.lists(st.text(max_size=20).map(lambda text: f"PREFECT_{text}")))
def test_each_name_is_either_known_or_found(names: list[str]) -> None:
    found = {item["name"] for item in unknown_settings(names, KNOWN)}
    assert all(name in found or name.upper() in KNOWN or name.startswith("PREFECT__") for name in names)
    assert FilterModule().filters()["unknown_settings"](sorted(found), sorted(found)) == []
