# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module worker_info against a real server and worker."""

from __future__ import annotations

import datetime

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task

FAILS = {"on_ignore_errors": True}


def test_workers_are_awaited_and_missing_ones_named(secured: Server, worker: str, playbook: Playbook) -> None:
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    results = playbook(
        {**secured.defaults, "work_pool": "served"},
        task("any", "worker_info", wait=True),
        task("named", "worker_info", names=[worker], wait=True, heartbeat_after="2020-01-01T00:00:00Z"),
        task("another", "worker_info", names=[worker, "second"], wait=True, wait_timeout=1, **FAILS),
        task(
            "newer",
            "worker_info",
            names=[worker],
            heartbeat_after=later.isoformat(),
            wait=True,
            wait_timeout=1,
            **FAILS,
        ),
        task("no wait", "worker_info", names=["second"]),
    )
    assert results["any"]["workers"][0]["status"] == "ONLINE"
    assert results["named"]["missing"] == []
    assert results["another"]["missing"] == ["second: not registered"]
    assert "second: not registered" in results["another"]["msg"]
    assert "is too old" in results["newer"]["msg"]
    assert results["no wait"]["missing"] == ["second: not registered"]


def test_a_pool_that_does_not_exist_fails_at_once_but_not_in_check_mode(plain: Server, playbook: Playbook) -> None:
    results = playbook(
        {**plain.defaults, "work_pool": "no such pool", "wait": True, "wait_timeout": 600},
        task("real", "worker_info", **FAILS),
        task("check", "worker_info", on_check_mode=True),
    )
    assert "'no such pool' does not exist" in results["real"]["msg"]
    assert (results["check"]["workers"], results["check"]["reason"]) == ([], "no_work_pool")
