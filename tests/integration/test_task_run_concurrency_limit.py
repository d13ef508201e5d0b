# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module task_run_concurrency_limit against a real server."""

from __future__ import annotations

import typing as t
import urllib.error
import uuid

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError, PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, proven
from ansible_collections.selfhosted.prefect.tests.integration.awkward import NAMES
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def limit(server: Server, tag: str, **options: t.Any) -> t.Any:
    return proven(server, "task_run_concurrency_limit", tag=tag, **options)


def take(server: Server, tag: str) -> bool:
    """Take a slot as a task run does; whether there was one."""
    try:
        server.ask("POST", "/concurrency_limits/increment", {"names": [tag], "task_run_id": str(uuid.uuid4())})
    except urllib.error.HTTPError as exc:
        with exc:
            if exc.code == 423:
                return False
        raise
    return True


def test_life_of_a_limit(server: Server) -> None:
    assert limit(server, "life", limit=2).after == {"tag": "life", "limit": 2}
    assert limit(server, "life", limit=0).changed
    assert limit(server, "life", state="absent").changed


def test_orphaned_slots_can_be_taken_again_after_a_reset(server: Server) -> None:
    limit(server, "orphans", limit=2)
    assert [take(server, "orphans") for _time in range(3)] == [True, True, False]
    foreseen = apply(server, "task_run_concurrency_limit", check=True, tag="orphans", reset=True)
    assert (foreseen.changed, foreseen.aftermath) == (
        True,
        "Slots of the tag 'orphans' that were held and are freed: 2",
    )
    assert not take(server, "orphans")
    done = apply(server, "task_run_concurrency_limit", tag="orphans", reset=True)
    assert (done.changed, done.aftermath) == (True, foreseen.aftermath)
    assert (done.document or {})["active_slots"] == []
    assert not apply(server, "task_run_concurrency_limit", tag="orphans", reset=True).changed
    assert [take(server, "orphans") for _time in range(3)] == [True, True, False]
    limit(server, "orphans", state="absent")


def test_slots_whose_holders_the_server_forgot_are_freed_too(plain: Server) -> None:
    made = limit(plain, "forgotten", limit=1)
    assert take(plain, "forgotten")
    # This leaves what a restart of the server leaves: the count without the holders.
    plain.ask("POST", "/concurrency_limits/tag/forgotten/reset", {"slot_override": []})
    assert plain.ask("GET", "/concurrency_limits/tag/forgotten")["active_slots"] == []
    assert plain.ask("GET", f"/v2/concurrency_limits/{made.document['id']}")["active_slots"] in (0, 1)
    apply(plain, "task_run_concurrency_limit", tag="forgotten", reset=True)
    assert take(plain, "forgotten")
    limit(plain, "forgotten", state="absent")


def test_a_new_limit_has_nothing_to_free(plain: Server) -> None:
    assert limit(plain, "fresh", limit=1, reset=True).changed
    limit(plain, "fresh", state="absent")


@pytest.mark.parametrize("tag", NAMES.values(), ids=NAMES)
def test_awkward_tags(secured: Server, tag: str) -> None:
    limit(secured, tag, limit=1)
    assert limit(secured, tag, limit=2).changed
    assert take(secured, tag)
    assert apply(secured, "task_run_concurrency_limit", tag=tag, reset=True).changed
    assert limit(secured, tag, state="absent").changed


@pytest.mark.parametrize("tag", ["", "a/b", "50%", "a&b", "<a>", "a\nb", "a\0", "a\ud800"])
def test_tags_the_server_answers_with_an_error_or_cannot_find_are_refused(plain: Server, tag: str) -> None:
    with pytest.raises(InputError, match="^tag must not"):
        apply(plain, "task_run_concurrency_limit", tag=tag, limit=1)


@pytest.mark.parametrize("number", [-1, 2**31])
def test_limits_that_mean_nothing_are_refused(plain: Server, number: int) -> None:
    with pytest.raises(InputError, match="^limit must be a whole number"):
        apply(plain, "task_run_concurrency_limit", tag="bad", limit=number)


def test_a_reset_of_a_limit_that_does_not_exist_is_told(plain: Server) -> None:
    with pytest.raises(PrefectError, match="does not exist; to create it, give limit"):
        apply(plain, "task_run_concurrency_limit", tag="nowhere", reset=True)


def test_through_ansible(plain: Server, playbook: Playbook) -> None:
    limit(plain, "ansible", limit=1)
    assert take(plain, "ansible")
    results = playbook(
        {**plain.defaults, "tag": "ansible"},
        task("check", "task_run_concurrency_limit", limit=2, reset=True, on_check_mode=True),
        task("reset", "task_run_concurrency_limit", limit=2, reset=True),
        task("again", "task_run_concurrency_limit", limit=2, reset=True),
        task("absent", "task_run_concurrency_limit", state="absent"),
    )
    assert [result["changed"] for result in results.values()] == [True, True, False, True]
    assert results["check"]["msg"] == results["reset"]["msg"]
