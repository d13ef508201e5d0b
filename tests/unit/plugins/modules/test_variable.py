# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module variable."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def held(value: t.Any, *tags: str) -> Exchange:
    return Exchange("GET", "/variables/name/a", body={"id": "1", "name": "a", "value": value, "tags": list(tags)})


def test_a_null_that_is_written_down_is_a_value(server: ScriptedServer, run_module: RunModule) -> None:
    change = Exchange("PATCH", "/variables/name/a", 204, sent={"value": None})
    server.expect(held(5), change, held(None), held(None))
    assert run_module("variable", api_url=server.url, name="a", value=None)["changed"]
    assert not run_module("variable", api_url=server.url, name="a", value=None)["changed"]


def test_a_value_that_is_left_out_is_left_alone(server: ScriptedServer, run_module: RunModule) -> None:
    server.expect(held(5, "b", "a", "a"))
    assert not run_module("variable", api_url=server.url, name="a", tags=["a", "b"])["changed"]


@pytest.mark.parametrize(("before", "after"), [(5, "5"), (5, 5.5), (1, True), ([1], [True]), ({"a": None}, {})])
def test_another_type_is_another_value(
    server: ScriptedServer, run_module: RunModule, before: object, after: object
) -> None:
    server.expect(held(before))
    assert run_module("variable", api_url=server.url, name="a", value=after, check_mode=True)["changed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "A"}, "name must be 1 to 255 lower-case letters"),
        ({"name": "a", "value": "x" * 4999}, "value must be at most 5000 bytes as JSON, but is 5001"),
        ({"name": "a", "value": {"b": [{"c": "\0"}]}}, "value.b[0].c must not hold a NUL"),
        ({"name": "a", "value": [1e22]}, "value[0] must be a number that fits 64 bits"),
        ({"name": "a", "value": 2**63}, "value must be a whole number of at most 64 bits"),
    ],
)
def test_what_the_server_cannot_keep_is_refused_with_its_place(
    run_module: RunModule, options: dict[str, t.Any], words: str
) -> None:
    answer = run_module("variable", api_url="http://s/api", **options)
    assert answer["failed"]
    assert answer["msg"].startswith(words)
