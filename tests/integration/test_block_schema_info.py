# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block_schema_info against real servers."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_it_returns_those_of_a_type_with_capabilities_and_none(server: Server, playbook: Playbook) -> None:
    results = playbook(
        server.defaults,
        task("type", "block_schema_info", block_type="local-file-system"),
        task("capabilities", "block_schema_info", capabilities=["write-path"]),
        task("both", "block_schema_info", block_type="local-file-system", capabilities=["write-path"]),
        task("none", "block_schema_info", block_type="no-such"),
    )
    assert [found["block_type"]["slug"] for found in results["type"]["block_schemas"]] == ["local-file-system"]
    assert {"local-file-system", "s3-bucket"} <= {
        found["block_type"]["slug"] for found in results["capabilities"]["block_schemas"]
    }
    assert results["both"]["block_schemas"] == results["type"]["block_schemas"]
    assert results["none"]["block_schemas"] == []
