# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that no output may hold."""

from __future__ import annotations

import copy
import json
import pickle
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _secret
from ansible_collections.selfhosted.prefect.plugins.module_utils._engine import differs
from ansible_collections.selfhosted.prefect.plugins.module_utils._secret import CHANGED, MASK, Secret

PLAINS = ["hunter-two", {"user": "u", "password": "hunter-two"}, ["hunter-two"], 12345678, ""]


@pytest.mark.parametrize("plain", PLAINS, ids=str)
def test_however_it_is_written_it_is_a_mask(plain: t.Any) -> None:
    secret = Secret(plain)
    written = [str(secret), f"{secret}", "%s" % secret, json.loads(json.dumps(secret)), secret + ""]
    assert set(written) == {MASK}
    assert repr(secret) == repr(MASK)
    for copied in (copy.deepcopy(secret), pickle.loads(pickle.dumps(secret))):  # noqa: S301  our own
        assert (str(copied), copied.plain) == (MASK, plain)
    assert _secret.reveal({"a": [secret]}) == {"a": [plain]}


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ([1], [1, 2], False),
        ("5", 5, False),
        (MASK, "anything", True),
    ],
)
def test_two_compare_by_their_values_and_what_is_not_known_is_not_different(
    left: t.Any, right: t.Any, same: bool
) -> None:
    assert (Secret(left) == Secret(right)) is same
    assert differs({"a": Secret(left)}, {"a": Secret(right)}) is not same


def test_a_secret_is_not_its_own_mask() -> None:
    assert Secret("a") == MASK
    assert differs(Secret("a"), "a")


def test_a_diff_marks_what_differs_and_nothing_else() -> None:
    before = {"a": Secret("1"), "b": Secret("1"), "c": {"d": Secret("x")}, "e": 1}
    after = {"a": Secret("2"), "b": Secret("1"), "c": {"d": Secret("y")}, "e": 2, "new": Secret("z")}
    assert _secret.marked(before, after) == {"a": CHANGED, "b": MASK, "c": {"d": CHANGED}, "e": 2, "new": MASK}


def test_the_texts_to_hide_are_those_of_secrets_and_not_too_short() -> None:
    value = {"a": "shown-text", "b": Secret({"x": "hidden-text", "y": ["short", 123456789, True, None]})}
    assert _secret.texts(value) == {"hidden-text", "123456789"}
    assert _secret.texts({"b": Secret(MASK)}) == set()


def test_holes_are_found_by_their_names_and_a_text_that_looks_like_one_is_none() -> None:
    export = {
        "a": _secret.Hole("secret/one/value"),
        "b": ["x", copy.deepcopy(_secret.Hole("t/two/f"))],
        "c": 5,
        "d": _secret.hole("secret/one/value"),
    }
    assert export["a"] == export["d"]
    assert _secret.holes(export) == ["secret/one/value", "t/two/f"]


def test_no_two_places_have_the_same_name_and_every_name_can_stand_in_a_template() -> None:
    assert _secret.below(_secret.below("t/b", "a"), "b") != _secret.below("t/b", "a/b")
    assert _secret.below("t/b", "it's {{ 1 }}\\") == "t/b/it%27s %7B%7B 1 %7D%7D%5C"
    assert _secret.below("t/b", "a%2Fb") != _secret.below("t/b", "a/b")
