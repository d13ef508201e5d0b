# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module result_storage."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

ID = "default_result_storage_block_id"
BLOCK = {
    "id": "b1",
    "name": "one",
    "data": {},
    "block_type": {"slug": "a"},
    "block_schema": {"fields": {}, "capabilities": ["write-path"]},
}


def test_it_is_set_by_the_blocks_name(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(
        Exchange("GET", "/admin/storage", body={ID: None}),
        Exchange("POST", "/block_documents/filter", body=[BLOCK]),
        Exchange("GET", "/admin/version", body="3.8.8"),
        Exchange("PUT", "/admin/storage", body={ID: "b1"}, sent={ID: "b1"}),
    )
    answer = run_module("result_storage", api_url=server.url, block="a/one")
    assert answer["diff"] == {"before": {}, "after": {"block": "a/one"}}
    assert answer["result_storage"] == {ID: "b1"}


def test_a_server_that_has_none_says_which_does(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(
        Exchange("GET", "/admin/storage", 404, {"detail": "Not Found"}),
        Exchange("GET", "/admin/version", body="3.6.27"),
        Exchange("POST", "/block_documents/filter", body=[BLOCK]),
    )
    answer = run_module("result_storage", api_url=server.url, block="a/one")
    assert answer["msg"].startswith("The server is Prefect 3.6.27, which has no default result storage.")


def test_a_place_that_is_no_prefect_is_told_so(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(
        *[Exchange("GET", path, 404, {"detail": "Not Found"}) for path in ("/admin/storage", "/admin/version")]
    )
    answer = run_module("result_storage", api_url=server.url, state="absent")
    assert answer["failed"]
