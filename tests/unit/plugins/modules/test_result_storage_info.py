# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module result_storage_info."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

ID = "default_result_storage_block_id"


@pytest.mark.parametrize(("identity", "found"), [(None, []), ("b1", [{ID: "b1"}])])
def test_none_is_an_empty_list(
    server: ScriptedServer, run_module: RunModule, identity: str | None, found: list[object]
) -> None:
    script = [Exchange("GET", "/admin/storage", body={ID: identity})]
    if identity:
        script.append(Exchange("POST", "/block_documents/filter", body=[]))
    server.expect(*script)
    assert run_module("result_storage_info", api_url=server.url)["result_storage"] == found
