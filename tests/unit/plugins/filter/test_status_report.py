# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters status_report and status_table in a real template, and with what is not for them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.selfhosted.prefect.plugins.filter.status_report import status_report
from ansible_collections.selfhosted.prefect.plugins.filter.status_table import status_table


def test_nothing_that_was_seen_makes_a_table_all_the_same() -> None:
    told = status_report({})
    assert told["attention"] == ["the API is not ready, was not asked"]
    assert status_table(told)[0].startswith("HOST")


def test_values_that_json_does_not_know_become_texts() -> None:
    told = status_report({"hub": {"groups": (), "seen": {"msg": ValueError("no")}}})
    assert told["hosts"][0]["reason"] == "no"


@pytest.mark.parametrize("value", [None, [], "text"])
def test_what_is_no_dictionary_of_hosts_is_refused_in_words(value: object) -> None:
    with pytest.raises(AnsibleFilterError, match="takes a dictionary"):
        status_report(value)


@pytest.mark.parametrize("value", [{}, [], None])
def test_what_is_no_report_is_refused_in_words(value: object) -> None:
    with pytest.raises(AnsibleFilterError, match="takes what the filter status_report returns"):
        status_table(value)
