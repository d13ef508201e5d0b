# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block_type_info against real servers."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_it_returns_one_all_and_none(server: Server, playbook: Playbook) -> None:
    results = playbook(
        server.defaults,
        task("one", "block_type_info", slug="secret"),
        task("all", "block_type_info"),
        task("none", "block_type_info", slug="no-such"),
    )
    assert [found["slug"] for found in results["one"]["block_types"]] == ["secret"]
    assert results["one"]["block_types"][0] in results["all"]["block_types"]
    assert results["none"]["block_types"] == []
