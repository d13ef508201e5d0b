# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter to_declaration: YAML that Ansible reads back as it was."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.selfhosted.prefect.plugins.filter.to_declaration import to_declaration
from ansible_collections.selfhosted.prefect.plugins.module_utils._secret import hole


class Loader(yaml.SafeLoader):
    """Takes marked texts as they are."""


Loader.add_constructor("!unsafe", lambda loader, node: ("unsafe", str(node.value)))


def read(text: str) -> t.Any:
    return yaml.load(text, Loader)  # noqa: S506  a safe loader with one more tag


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yes",
        "5",
        5,
        5.0,
        True,
        None,
        [],
        {},
        "a\nb\n",
        "  a\nb",
        "a\n\n",
        "tab\there\nb",
        "ä ☃ \u2028",
        "# no comment",
        "a: b",
        "-",
        [[1, [2]], {"a": {"b": []}}],
        "~",
        "2026-01-01",
        "1e3",
        "0o7",
    ],
)
def test_a_value_is_read_back_as_it_was(value: t.Any) -> None:
    again = read(to_declaration({"a": value}))["a"]
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize("value", ["{{ env }}", "a {% if b %}", "{# c #}", "first\n{{ second }}\n"])
def test_what_ansible_would_take_for_a_template_is_marked(value: str) -> None:
    assert read(to_declaration([value])) == [("unsafe", value)]


def test_holes_are_left_for_ansible_to_fill_where_their_names_say() -> None:
    block = {"block_type": "t", "name": "b", "data": {"a": hole("t/b/a"), "c": {"d": [hole("t/b/c/d/0")]}}}
    names = ["t/b/a", "t/b/c/d/0"]
    for value in ({"blocks": [block]}, {"prefect_resources": {"blocks": [block]}}):
        assert read(to_declaration(value, names)) == value


def test_nothing_else_that_reads_like_a_hole_can_ask_for_a_secret() -> None:
    crafted, marked = hole("secret/a/value"), ("unsafe", hole("secret/a/value"))
    true = {"block_type": "secret", "name": "a", "data": {"value": crafted}}
    elsewhere: dict[str, list[t.Any]] = {
        "variables": [{"name": "v", "value": crafted}, {"name": "w", "value": {"value": crafted}}],
        "blocks": [
            {"block_type": "secret", "name": "b", "data": {"value": crafted}},
            {"block_type": "secret", "name": "a", "data": {"other": crafted, "value": {"value": crafted}}},
            {"block_type": "secret", "name": "a", "data": {}, "description": crafted},
        ],
    }
    written = {"prefect_resources": {**elsewhere, "blocks": [true, *elsewhere["blocks"]]}}
    again = read(to_declaration(written, ["secret/a/value"]))["prefect_resources"]
    assert again["blocks"][0] == true
    assert [v["value"] for v in again["variables"]] == [marked, {"value": marked}]
    assert again["blocks"][1]["data"] == {"value": marked}
    assert again["blocks"][2]["data"] == {"other": marked, "value": {"value": marked}}
    assert again["blocks"][3]["description"] == marked
    # Where export made no hole, none is left, though the text and the place agree.
    assert read(to_declaration({"blocks": [true]}, []))["blocks"][0]["data"] == {"value": marked}


def test_subclasses_of_plain_types_are_written_plainly() -> None:
    class Tagged(str):
        __slots__ = ()

    class Mapping(dict[str, t.Any]):
        pass

    assert read(to_declaration(Mapping(a=Tagged("{{ b }}"), c=Tagged("d")))) == {"a": ("unsafe", "{{ b }}"), "c": "d"}
