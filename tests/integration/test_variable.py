# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module variable against a real server."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError, PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, proven
from ansible_collections.selfhosted.prefect.tests.integration.awkward import NAMES
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task

VALUES: list[t.Any] = [
    None,
    True,
    5,
    5.0,
    "5",
    "null",
    "",
    [],
    {},
    {"a": [1.5, None, {"b": False}], "": 0},
    "x" * 4998,
    "ä" * 2499,
    {"k": "ü" * 2000},
    2**63 - 1,
    -(2**63),
    1e16,
    -0.0,
    5e-324,
    "{{ not_ansible }}",
]


def test_every_value_is_kept(server: Server) -> None:
    for value in VALUES:
        apply(server, "variable", name="value-kept", value=["another"])
        assert proven(server, "variable", name="value-kept", value=value).changed, value
        held = server.ask("GET", "/variables/name/value-kept")["value"]
        # SQLite does not tell 5.0 from 5, and no database has decimal numbers from 1e16 on.
        assert (held, isinstance(held, bool), isinstance(held, str)) == (
            value,
            isinstance(value, bool),
            isinstance(value, str),
        )
    assert proven(server, "variable", name="value-kept", state="absent").changed


@pytest.mark.parametrize(
    "value", ["x" * 4999, "ä" * 2500, '"' * 2500, list(range(2000)), "a\0", {"a": "\ud800"}, 2**63, 1e20, -1e19, 1e300]
)
def test_values_the_server_cannot_keep_are_refused_before_they_do_harm(plain: Server, value: t.Any) -> None:
    with pytest.raises(InputError, match=r"^value"):
        apply(plain, "variable", name="value-refused", value=value)
    assert "value-refused" not in {variable["name"] for variable in plain.ask("POST", "/variables/filter", {})}


@pytest.mark.parametrize("name", ["a", "-", "_", "0", "a" * 255, "filter", "count"])
def test_names_the_server_takes(plain: Server, name: str) -> None:
    assert proven(plain, "variable", name=name, value=1).changed
    assert proven(plain, "variable", name=name, state="absent").changed


@pytest.mark.parametrize("name", ["", "A", "a.b", "a b", "ä", "a\n", "a" * 256, "a/b"])
def test_names_the_server_refuses_or_cannot_find_again(plain: Server, name: str) -> None:
    with pytest.raises(InputError, match="name must be 1 to 255 lower-case letters"):
        apply(plain, "variable", name=name, value=1)


def test_tags_are_a_set(plain: Server) -> None:
    awkward = [*NAMES.values(), "a/b", "50%", "<b>", "", "line\nbreak"]
    made = proven(plain, "variable", name="tagged", value=1, tags=[*awkward, "a/b"])
    assert made.after["tags"] == sorted(awkward)
    plain.ask("PATCH", "/variables/name/tagged", {"tags": ["b", "a", "a"]})
    assert not proven(plain, "variable", name="tagged", tags=["a", "b"]).changed
    assert not proven(plain, "variable", name="tagged", value=1).changed
    assert proven(plain, "variable", name="tagged", tags=[]).after["tags"] == []
    proven(plain, "variable", name="tagged", state="absent")


def test_a_new_variable_needs_a_value(plain: Server) -> None:
    with pytest.raises(PrefectError, match="does not exist; to create it, give value"):
        apply(plain, "variable", name="no-value")


def test_through_ansible_types_and_nulls_arrive(plain: Server, playbook: Playbook) -> None:
    values: dict[str, t.Any] = {
        "nothing": None,
        "text": "5",
        "number": 5,
        "decimal": 5.5,
        "no": False,
        "deep": {"a": None},
    }
    results = playbook(
        {**plain.defaults, "name": "typed"},
        *[task(title, "variable", value=value) for title, value in values.items()],
        task("null", "variable", value=None),
        task("null again", "variable", value=None),
        task("left out", "variable", tags=[]),
        task("templated", "variable", value="{{ [1, 2.5, none] }}"),
        task("templated again", "variable", value="{{ [1, 2.5, none] }}"),
        task("absent", "variable", state="absent"),
    )
    for title, value in values.items():
        assert json.dumps(results[title]["variable"]["value"]) == json.dumps(value), title
    unchanged = {title for title, result in results.items() if not result["changed"]}
    assert unchanged == {"null again", "left out", "templated again"}
    assert json.dumps(results["templated"]["variable"]["value"]) == "[1, 2.5, null]"
