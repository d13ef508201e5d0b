# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a value fits a JSON schema."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._schema import why_not

DEFINITIONS = {
    "Colour": {"type": "string", "enum": ["red", "blue"]},
    "Loop": {"type": "object", "properties": {"next": {"$ref": "#/definitions/Loop"}}},
}


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ("x", {"type": "string"}),
        ("5", {"type": "integer"}),
        (5.0, {"type": "integer"}),
        ("1.5e3", {"type": "number"}),
        ("yes", {"type": "boolean"}),
        (None, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ("red", {"$ref": "#/definitions/Colour"}),
        ("red", {"allOf": [{"$ref": "#/definitions/Colour"}], "default": "blue"}),
        ({"next": {"next": {}}}, {"$ref": "#/definitions/Loop"}),
        ("anything", {"$ref": "#/definitions/Unknown"}),
        ("anything", {"type": "something new"}),
        ("anything", True),
        (5, {"type": ["integer", "null"]}),
    ],
)
def test_it_fits(value: t.Any, schema: t.Any) -> None:
    assert why_not(value, schema, DEFINITIONS, secret=False) is None


@pytest.mark.parametrize(
    ("value", "schema", "path", "words"),
    [
        (5, {"type": "string"}, "", "must be a text, but is a number; write it in quotes to make it a text"),
        (True, {"type": "string"}, "", "must be a text, but is a boolean"),
        ("x", {"type": "integer"}, "", "must be a whole number, but is a text"),
        (1.5, {"type": "integer"}, "", "must be a whole number, but is a number; write"),
        (True, {"type": "number"}, "", "must be a number, but is a boolean"),
        ("maybe", {"type": "boolean"}, "", "must be true or false, but is a text"),
        ([], {"type": "object"}, "", "must be a dictionary, but is a list"),
        (None, {"type": "array"}, "", "must be a list, but is null"),
        ("green", {"$ref": "#/definitions/Colour"}, "", "must be one of red, blue, but is 'green'"),
        ("x", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "", "must be a whole number or null, but is a text"),
        ({"next": 5}, {"$ref": "#/definitions/Loop"}, ".next", "must be a dictionary"),
        (["a", 5], {"type": "array", "items": {"type": "string"}}, "[1]", "must be a text"),
        ({}, {"type": "object", "required": ["a"]}, ".a", "is required by the schema"),
    ],
)
def test_it_does_not(value: t.Any, schema: t.Any, path: str, words: str) -> None:
    reason = why_not(value, schema, DEFINITIONS, secret=False)
    assert reason is not None
    assert reason[0] == path
    assert reason[1].startswith(words)


def test_of_a_secret_the_value_is_not_told() -> None:
    assert why_not("green", {"$ref": "#/definitions/Colour"}, DEFINITIONS, secret=True) == (
        "",
        "must be one of red, blue",
    )
