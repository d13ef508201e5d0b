# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module worker against a real server."""

from __future__ import annotations

import time

from ansible_collections.selfhosted.prefect.tests.integration.awkward import NAMES
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task

FAILS = {"on_ignore_errors": True}


def test_records_are_removed_by_name_or_by_silence(secured: Server, playbook: Playbook) -> None:
    secured.ask("POST", "/work_pools/", {"name": "records", "type": "process"})

    def heard(name: str, interval: int) -> None:
        body = {"name": name, "heartbeat_interval_seconds": interval}
        secured.ask("POST", "/work_pools/records/workers/heartbeat", body)

    for name in NAMES.values():
        heard(name, 1)
    time.sleep(4.5)
    heard("alive", 3600)
    results = playbook(
        {**secured.defaults, "work_pool": "records", "state": "absent"},
        task("online", "worker", name="alive", **FAILS),
        task("not long enough", "worker", offline=True, not_seen_for="1h"),
        task("check", "worker", offline=True, not_seen_for="1s", on_check_mode=True),
        task("silent", "worker", offline=True, not_seen_for="1s"),
        task("again", "worker", offline=True, not_seen_for="1s"),
        task("forced", "worker", name="alive", force=True),
        task("gone", "worker", name="alive"),
        task("no pool", "worker", work_pool="no such pool", name="alive"),
    )
    assert "'alive' of the work pool 'records' is ONLINE" in results["online"]["msg"]
    assert results["not long enough"]["removed"] == []
    assert results["check"]["removed"] == results["silent"]["removed"] == sorted(NAMES.values())
    assert results["silent"]["diff"]["after"] == {"workers": ["alive"]}
    assert results["forced"]["removed"] == ["alive"]
    for title in ("again", "gone", "no pool"):
        assert not results[title]["changed"]
    assert secured.ask("POST", "/work_pools/records/workers/filter", {}) == []
