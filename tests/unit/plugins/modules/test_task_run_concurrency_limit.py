# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module task_run_concurrency_limit."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def held(limit: int, *holders: str) -> Exchange:
    body = {"id": "1", "tag": "a", "concurrency_limit": limit, "active_slots": list(holders)}
    return Exchange("GET", "/concurrency_limits/tag/a", body=body)


def counted(slots: int) -> Exchange:
    return Exchange("GET", "/v2/concurrency_limits/1", body={"id": "1", "name": "tag:a", "active_slots": slots})


ZERO = Exchange("PATCH", "/v2/concurrency_limits/1", 204, sent={"active_slots": 0})
FORGET = Exchange("POST", "/concurrency_limits/tag/a/reset", sent={"slot_override": []})


def test_a_limit_is_changed_by_the_route_that_creates(server: ScriptedServer, run_module: RunModule) -> None:
    change = Exchange("POST", "/concurrency_limits/", sent={"tag": "a", "concurrency_limit": 3}, body={})
    server.expect(held(2), change, held(3))
    answer = run_module("task_run_concurrency_limit", api_url=server.url, tag="a", limit=3)
    assert answer["task_run_concurrency_limit"]["concurrency_limit"] == 3


@pytest.mark.parametrize(
    ("holders", "slots", "writes"), [(("x",), 1, [FORGET, ZERO]), ((), 2, [ZERO]), (("x",), 0, [FORGET, ZERO])]
)
def test_a_reset_frees_the_count_and_the_holders(
    server: ScriptedServer, run_module: RunModule, holders: tuple[str, ...], slots: int, writes: list[Exchange]
) -> None:
    options: dict[str, t.Any] = {"api_url": server.url, "tag": "a", "reset": True}
    server.expect(held(2, *holders), counted(slots), held(2, *holders), counted(slots), *writes, held(2))
    predicted = run_module("task_run_concurrency_limit", **options, check_mode=True)
    done = run_module("task_run_concurrency_limit", **options)
    words = f"Slots of the tag 'a' that were held and are freed: {max(len(holders), slots)}"
    assert (predicted["changed"], predicted["msg"]) == (done["changed"], done["msg"]) == (True, words)


def test_a_reset_of_free_slots_changes_nothing(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(held(2), counted(0))
    assert not run_module("task_run_concurrency_limit", api_url=server.url, tag="a", reset=True)["changed"]


@pytest.mark.parametrize("tag", ["", "a/b", "50%", "<a>", "a&b", "a\nb"])
def test_tags_that_prefect_cannot_limit_are_refused(run_module: RunModule, tag: str) -> None:
    answer = run_module("task_run_concurrency_limit", api_url="http://s/api", tag=tag, limit=1)
    assert answer["msg"].startswith("tag must not be empty nor hold any of")
