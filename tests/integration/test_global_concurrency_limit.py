# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module global_concurrency_limit against a real server."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError, PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, proven
from ansible_collections.selfhosted.prefect.tests.integration.awkward import NAMES
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def limit(server: Server, name: str, **options: t.Any) -> t.Any:
    return proven(server, "global_concurrency_limit", name=name, **options)


def test_life_of_a_limit(server: Server) -> None:
    made = limit(server, "life", limit=2)
    assert made.after == {"name": "life", "limit": 2, "active": True, "slot_decay_per_second": 0.0}
    changed = limit(server, "life", limit=0, active=False, slot_decay_per_second=0.25)
    assert changed.after == {"name": "life", "limit": 0, "active": False, "slot_decay_per_second": 0.25}
    assert limit(server, "life", state="absent").changed


def test_slots_that_are_taken_are_no_difference_until_they_are_declared(plain: Server) -> None:
    limit(plain, "taken", limit=5)
    plain.ask("POST", "/v2/concurrency_limits/increment", {"names": ["taken"], "slots": 3, "mode": "concurrency"})
    assert not limit(plain, "taken", limit=5).changed
    freed = limit(plain, "taken", active_slots=0)
    assert (freed.before["active_slots"], freed.after["active_slots"]) == (3, 0)
    limit(plain, "taken", state="absent")


def test_slots_may_be_declared_where_they_decay(plain: Server) -> None:
    made = limit(plain, "decaying", limit=5, active_slots=4, slot_decay_per_second=0.001)
    assert made.after["active_slots"] == 4
    assert limit(plain, "decaying", active_slots=1).after["active_slots"] == 1
    assert "active_slots" not in limit(plain, "decaying", limit=6).after
    limit(plain, "decaying", state="absent")


@pytest.mark.parametrize("name", [*NAMES.values(), "0b0e5a4e8d0e4c1e9d7c1f1f0a3c2b10"])
def test_awkward_names_those_that_look_like_an_id_among_them(secured: Server, name: str) -> None:
    assert limit(secured, name, limit=1).changed
    assert limit(secured, name, limit=2).changed
    assert limit(secured, name, state="absent").changed
    assert name not in {entry["name"] for entry in secured.ask("POST", "/v2/concurrency_limits/filter", {})}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "tag:a"}, "must not begin with 'tag:'.*task_run_concurrency_limit"),
        ({"name": "deployment:a"}, "must not begin with 'deployment:'.*deployment"),
        ({"name": "a/b"}, "name must not be empty nor hold"),
        ({"limit": -1}, "limit must be a whole number from 0"),
        ({"limit": 2**31}, "limit must be a whole number from 0"),
        ({"active_slots": -1}, "active_slots must be a whole number from 0"),
        ({"slot_decay_per_second": -0.5}, "slot_decay_per_second must be a number"),
    ],
)
def test_bad_input_is_told(plain: Server, options: dict[str, t.Any], words: str) -> None:
    before = plain.ask("POST", "/v2/concurrency_limits/filter", {})
    with pytest.raises(InputError, match=words):
        apply(plain, "global_concurrency_limit", **{"name": "bad", "limit": 1, **options})
    assert plain.ask("POST", "/v2/concurrency_limits/filter", {}) == before


def test_a_new_limit_needs_its_number(plain: Server) -> None:
    with pytest.raises(PrefectError, match="does not exist; to create it, give limit"):
        apply(plain, "global_concurrency_limit", name="no-number")


def test_through_ansible(plain: Server, playbook: Playbook) -> None:
    results = playbook(
        {**plain.defaults, "name": "through ansible"},
        task("check", "global_concurrency_limit", limit=3, slot_decay_per_second=1.5, on_check_mode=True),
        task("make", "global_concurrency_limit", limit=3, slot_decay_per_second=1.5),
        task("again", "global_concurrency_limit", limit=3, slot_decay_per_second=1.5),
        task("absent", "global_concurrency_limit", state="absent"),
    )
    assert [result["changed"] for result in results.values()] == [True, True, False, True]
    assert results["check"]["diff"] == results["make"]["diff"]
