# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module work_queue against a real server."""

from __future__ import annotations

import typing as t
from urllib.parse import quote

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _work_queue
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError, PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, proven
from ansible_collections.selfhosted.prefect.tests.integration.awkward import NAMES
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def make_pool(server: Server, name: str) -> str:
    apply(server, "work_pool", name=name, type="process")
    return name


def priorities(server: Server, pool: str) -> dict[str, int]:
    queues = server.ask("POST", f"/work_pools/{pool}/queues/filter", {})
    return {queue["name"]: queue["priority"] for queue in queues}


def test_life_of_a_queue(server: Server) -> None:
    pool = make_pool(server, "queue-life")
    key = {"work_pool": pool, "name": "a"}
    assert proven(server, "work_queue", **key).after["priority"] == 2
    made = proven(server, "work_queue", **key, description="d", paused=True, concurrency_limit=0)
    assert (made.after["concurrency_limit"], made.after["paused"]) == (0, True)
    cleared = proven(server, "work_queue", **key, description="", paused=False, concurrency_limit="none")
    assert (cleared.after["concurrency_limit"], cleared.after["description"]) == (None, "")
    assert proven(server, "work_queue", **key, state="absent").changed
    apply(server, "work_pool", name=pool, state="absent")


def test_queues_declared_in_the_order_of_their_priorities_converge_in_one_run(plain: Server) -> None:
    pool = make_pool(plain, "queue-order")
    wanted = {"c": 1, "a": 2, "b": 3, "d": 7}
    for name, priority in wanted.items():
        assert proven(plain, "work_queue", work_pool=pool, name=name, priority=priority).changed
    assert priorities(plain, pool) == {**wanted, "default": 4}
    turned = {"d": 1, "b": 2, "a": 3, "c": 4}
    for name, priority in turned.items():
        apply(plain, "work_queue", work_pool=pool, name=name, priority=priority)
    for name, priority in turned.items():
        assert not apply(plain, "work_queue", work_pool=pool, name=name, priority=priority).changed
    apply(plain, "work_pool", name=pool, state="absent")


MOVES: list[list[tuple[str, int | None]]] = [
    [("a", 1), ("b", 1), ("c", 1), ("a", 1)],
    [("a", 5), ("b", 5), ("c", 6), ("a", 6), ("default", 6)],
    [("a", None), ("b", None), ("a", 9), ("c", None), ("b", 1)],
    [("a", 2), ("b", 2), ("c", 4), ("d", 3), ("a", 2), ("c", 1), ("default", 1)],
    [("a", 3), ("b", None), ("c", None), ("d", None), ("e", 2), ("a", 100), ("b", 100)],
]


@pytest.mark.parametrize("moves", MOVES, ids=str)
def test_what_the_server_moves_is_foreseen(plain: Server, moves: list[tuple[str, int | None]]) -> None:
    pool = make_pool(plain, "queue-moves")
    held = {"default": 1}
    for name, priority in moves:
        if name in held:
            plain.ask("PATCH", f"/work_pools/{pool}/queues/{name}", {"priority": priority})
        else:
            plain.ask("POST", f"/work_pools/{pool}/queues", {"name": name, "priority": priority})
        held = _work_queue.moved(held, name, priority or _work_queue.first_free(held.values()))
        assert priorities(plain, pool) == held
    apply(plain, "work_pool", name=pool, state="absent")


def test_the_default_queue_can_be_changed_but_not_removed(plain: Server) -> None:
    pool = make_pool(plain, "queue-default")
    assert proven(plain, "work_queue", work_pool=pool, name="default", paused=True).changed
    for check in (True, False):
        with pytest.raises(PrefectError, match="cannot be removed: it is the default queue"):
            apply(plain, "work_queue", check, work_pool=pool, name="default", state="absent")
    apply(plain, "work_pool", name=pool, state="absent")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_awkward_names(secured: Server, name: str) -> None:
    pool = make_pool(secured, "queue-names")
    proven(secured, "work_queue", work_pool=pool, name=name, description=name)
    assert secured.ask("GET", f"/work_pools/{pool}/queues/{quote(name, safe='')}")["description"] == name
    proven(secured, "work_queue", work_pool=pool, name=name, state="absent")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "a/b"}, "name must not be empty nor hold"),
        ({"name": "a\nb"}, "name must not be empty nor hold"),
        ({"name": "a", "concurrency_limit": "many"}, "concurrency_limit must be a whole number from 0"),
        ({"name": "a", "concurrency_limit": str(2**31)}, "concurrency_limit must be a whole number from 0"),
        ({"name": "a", "work_pool": "nowhere"}, "work_pool names the work pool 'nowhere', which does not exist"),
    ],
)
def test_bad_input_is_told(plain: Server, options: dict[str, t.Any], words: str) -> None:
    make_pool(plain, "queue-bad")
    with pytest.raises(InputError, match=words):
        apply(plain, "work_queue", **{"work_pool": "queue-bad", **options})
    assert priorities(plain, "queue-bad") == {"default": 1}


def test_absent_in_a_pool_that_does_not_exist_is_nothing_to_do(plain: Server) -> None:
    assert not proven(plain, "work_queue", work_pool="nowhere", name="a", state="absent").changed


def test_through_ansible(plain: Server, playbook: Playbook) -> None:
    make_pool(plain, "queue-ansible")
    results = playbook(
        {**plain.defaults, "work_pool": "queue-ansible"},
        task("check", "work_queue", name="a", concurrency_limit=0, on_check_mode=True),
        task("make", "work_queue", name="a", concurrency_limit=0),
        task("again", "work_queue", name="a", concurrency_limit=0),
        task("info", "work_queue_info"),
    )
    assert [result["changed"] for result in results.values()] == [True, True, False, False]
    assert results["check"]["diff"] == results["make"]["diff"]
    assert [queue["name"] for queue in results["info"]["work_queues"]] == ["a", "default"]
