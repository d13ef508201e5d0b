# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block_info against real servers."""

from __future__ import annotations

import json

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_it_returns_blocks_by_type_name_part_and_capability_without_their_secrets(
    server: Server, playbook: Playbook
) -> None:
    results = playbook(
        server.defaults,
        task("secret", "block", block_type="secret", name="bi-one", data={"value": {"deep": "bi-hidden"}}),
        task("folder", "block", block_type="local-file-system", name="bi-one", data={"basepath": "/srv"}),
        task("type", "block_info", block_type="secret", name="bi-one"),
        task("name", "block_info", name="bi-one"),
        task("like", "block_info", name_like="BI-O"),
        task("capability", "block_info", name="bi-one", capabilities=["write-path"]),
        task("none", "block_info", block_type="secret", name="no-such"),
    )
    slugs = {
        step: [found["block_type"]["slug"] for found in results[step]["blocks"]]
        for step in ("type", "name", "like", "capability", "none")
    }
    assert slugs == {
        "type": ["secret"],
        "name": ["local-file-system", "secret"],
        "like": ["local-file-system", "secret"],
        "capability": ["local-file-system"],
        "none": [],
    }
    assert "bi-hidden" not in json.dumps(results["name"])
