# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block: what it asks and sends, and that it shows nothing secret whatever the server answers."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

MASK = "********"
SECRET, OTHER = "first-hidden-value", "second-hidden-value"
TYPE = {"id": "t1", "slug": "a", "name": "A"}
SCHEMA = {
    "id": "s1",
    "block_type": TYPE,
    "version": "1",
    "checksum": "sha256:1",
    "created": "2026-01-01",
    "fields": {
        "properties": {"url": {"type": "string"}, "token": {"type": "string"}},
        "secret_fields": ["token"],
    },
}


def the_type() -> Exchange:
    return Exchange("GET", "/block_types/slug/a", body=TYPE)


def schemas() -> Exchange:
    return Exchange("POST", "/block_schemas/filter", body=[SCHEMA])


def document(data: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "id": "d1",
        "name": "one",
        "data": data,
        "block_type": TYPE,
        "block_schema": SCHEMA,
        "block_schema_id": "s1",
    }


def held(*data: dict[str, t.Any]) -> Exchange:
    sent = {
        "include_secrets": True,
        "sort": "BLOCK_TYPE_AND_NAME_ASC",
        "block_documents": {"name": {"any_": ["one"]}, "is_anonymous": None},
        "block_types": {"slug": {"any_": ["a"]}},
        "limit": 200,
        "offset": 0,
    }
    return Exchange("POST", "/block_documents/filter", body=[document(each) for each in data], sent=sent)


def run_block(server: ScriptedServer, run_module: RunModule, **options: t.Any) -> dict[str, t.Any]:
    answer = run_module("block", **{"api_url": server.url, "block_type": "a", "name": "one", **options})
    assert "hidden-value" not in json.dumps(answer)
    return answer


def test_it_is_created_with_its_secrets_and_shown_without(server: ScriptedServer, run_module: RunModule) -> None:
    sent = {"block_type_id": "t1", "block_schema_id": "s1", "name": "one", "data": {"url": "x", "token": SECRET}}
    made = Exchange("POST", "/block_documents/", 201, document({"url": "x", "token": MASK}), sent=sent)
    server.expect(held(), the_type(), schemas(), made)
    answer = run_block(server, run_module, data={"url": "x", "token": SECRET})
    assert answer["diff"]["after"]["data"] == {"url": "x", "token": MASK}
    assert answer["block"]["data"] == {"url": "x", "token": MASK}
    assert answer["invocation"]["module_args"]["data"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


CONFLICT = Exchange("POST", "/block_documents/", 409, {"detail": "Data integrity conflict."})
PLAIN = {"url": "x", "token": SECRET}


def test_one_that_is_refused_as_if_it_were_there_is_sent_again(server: ScriptedServer, run_module: RunModule) -> None:
    made = Exchange("POST", "/block_documents/", 201, document({"url": "x", "token": MASK}))
    server.expect(held(), the_type(), schemas(), CONFLICT, held(), CONFLICT, held(), made)
    assert run_block(server, run_module, data=PLAIN)["changed"] is True


def test_one_that_is_refused_again_and_again_fails(server: ScriptedServer, run_module: RunModule) -> None:
    again = [CONFLICT, held()] * 3
    server.expect(held(), the_type(), schemas(), *again, CONFLICT, held())
    assert "HTTP 409" in run_block(server, run_module, data=PLAIN)["msg"]


def test_one_that_another_run_made_meanwhile_is_taken(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(held(), the_type(), schemas(), CONFLICT, held(PLAIN), held(PLAIN), held(PLAIN))
    assert run_block(server, run_module, data=PLAIN)["block"]["data"] == {"url": "x", "token": MASK}


def test_a_stored_secret_that_is_the_declared_one_is_unchanged(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(held({"url": "x", "token": SECRET}), the_type())
    assert run_block(server, run_module, data={"url": "x", "token": SECRET})["changed"] is False


def test_another_one_is_sent_with_all_of_the_data(server: ScriptedServer, run_module: RunModule) -> None:
    sent = {"data": {"url": "x", "token": OTHER}, "merge_existing_data": False}
    patch = Exchange("PATCH", "/block_documents/d1", 204, sent=sent)
    server.expect(held({"url": "x", "token": SECRET}), the_type(), patch, held({"url": "x", "token": OTHER}))
    answer = run_block(server, run_module, data={"url": "x", "token": OTHER})
    assert answer["diff"]["before"]["data"]["token"] == MASK
    assert answer["diff"]["after"]["data"]["token"] == f"{MASK} (changed)"


def test_where_the_server_gives_masks_secrets_are_taken_for_unchanged(
    server: ScriptedServer, run_module: RunModule
) -> None:
    server.expect(held({"url": "x", "token": MASK}), the_type())
    assert run_block(server, run_module, data={"url": "x", "token": SECRET})["changed"] is False


def test_where_the_server_gives_masks_always_sends_them(server: ScriptedServer, run_module: RunModule) -> None:
    sent = {"data": {"url": "x", "token": SECRET}, "merge_existing_data": False}
    patch = Exchange("PATCH", "/block_documents/d1", 204, sent=sent)
    stored = {"url": "x", "token": MASK}
    server.expect(held(stored), the_type(), patch, held(stored))
    answer = run_block(server, run_module, data={"url": "x", "token": SECRET}, update_secrets="always")
    assert (answer["changed"], answer.get("warnings")) == (True, None)


def test_where_the_server_gives_masks_another_change_sends_them_back(
    server: ScriptedServer, run_module: RunModule
) -> None:
    sent = {"data": {"url": "y", "token": MASK}, "merge_existing_data": False}
    patch = Exchange("PATCH", "/block_documents/d1", 204, sent=sent)
    server.expect(held({"url": "x", "token": MASK}), the_type(), patch, held({"url": "y", "token": MASK}))
    answer = run_block(server, run_module, data={"url": "y", "token": SECRET}, update_secrets="on_create")
    assert answer["changed"]


def test_a_refusal_that_repeats_the_request_shows_nothing_of_it(server: ScriptedServer, run_module: RunModule) -> None:
    body = {
        "exception_message": "Invalid request received.",
        "exception_detail": [{"loc": ["body", "data"], "msg": f"bad {SECRET}", "input": {"token": SECRET}}],
        "request_body": {"data": {"token": SECRET}},
    }
    server.expect(held(), the_type(), schemas(), Exchange("POST", "/block_documents/", 422, body))
    answer = run_block(server, run_module, data={"url": "x", "token": SECRET})
    assert "HTTP 422: data: bad ***" in answer["msg"]


def test_what_is_not_secret_may_be_short_words_without_being_hidden(
    server: ScriptedServer, run_module: RunModule
) -> None:
    server.expect(held({"url": "a", "token": SECRET}), the_type())
    answer = run_block(server, run_module, data={"url": "a", "token": SECRET})
    assert answer["block"]["block_type"]["slug"] == "a"
    assert answer["block"]["data"]["url"] == "a"


def test_without_a_server_everything_is_sealed(run_module: RunModule) -> None:
    answer = run_module(
        "block",
        api_url="http://no-such-host.invalid/api",
        block_type="a",
        name="one",
        data={"url": "hidden-value"},
        check_mode=True,
    )
    assert answer["diff"]["after"]["data"] == {"url": MASK}
    assert "hidden-value" not in json.dumps(answer)
