# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module result_storage_info against real servers."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_a_server_without_one_is_no_failure(server: Server, playbook: Playbook) -> None:
    results = playbook(
        server.defaults,
        task("clear", "result_storage", state="absent"),
        task("info", "result_storage_info"),
    )
    assert results["info"]["result_storage"] == []
