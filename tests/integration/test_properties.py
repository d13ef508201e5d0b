# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for any valid object of any kind, tried against a real server with objects made at random.

``make properties`` tries many more of them.
"""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.selfhosted.prefect.plugins.module_utils import _engine, _resources, _secret
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Key, Kind
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, connect
from ansible_collections.selfhosted.prefect.tests.integration.stack import Server
from ansible_collections.selfhosted.prefect.tests.integration.strategies import (
    NOT_MADE,
    PREREQUISITES,
    SUBJECTS,
    Options,
    ground,
)

Json = dict[str, t.Any]
every_kind = pytest.mark.parametrize("noun", [noun for noun in KINDS if noun in SUBJECTS])


@pytest.fixture(scope="session")
def some(plain: Server) -> Server:
    """Give the server without auth, with what objects made at random name."""
    ground(plain)
    return plain


def held(server: Server, noun: str, key: Key, wanted: t.Container[str] = ()) -> Json:
    """Return what a server holds of an object, read by nobody else before; empty if there is none."""
    directory = Directory(connect(server), KINDS)
    document = directory.find(noun, key)
    return {} if document is None else KINDS[noun].declared(directory, document, wanted)


def listed(server: Server, noun: str, key: Key) -> list[Json]:
    """Return every object of that key that the listing of the server holds."""
    directory = Directory(connect(server), KINDS)
    kind = KINDS[noun]
    found = [kind.declared(directory, document) for document in directory.documents(noun)]
    return [values for values in found if kind.key_of(values) == key]


def normal(kind: Kind, values: Json) -> Json:
    """Return options as they are compared."""
    own = {entry.option: entry for entry in kind.fields}
    return {option: own[option].normalise(value) if option in own else value for option, value in values.items()}


def same(kind: Kind, left: Json, right: Json) -> bool:
    """Whether two objects, by options, mean the same."""
    return not _engine.differs(normal(kind, left), normal(kind, right))


def brought_to(server: Server, noun: str, options: Options) -> _engine.Result:
    """Apply, and prove all that holds of any object."""
    kind = KINDS[noun]
    predicted = apply(server, noun, check=True, **options)
    result = apply(server, noun, **options)
    assert (predicted.changed, predicted.before) == (result.changed, result.before)
    assert same(kind, predicted.after, result.after), (predicted.after, result.after)
    assert result.warnings == []
    again = apply(server, noun, **options)
    assert not again.changed, (again.before, again.after)
    desired = kind.desired(options, given=options)
    key = kind.key_of(desired)
    if options.get("state") == "absent":
        assert held(server, noun, key) == {}
        assert listed(server, noun, key) == []
        return result
    fresh = held(server, noun, key, desired)
    assert same(kind, kind.shown(result.before, fresh), result.after), (fresh, result.after)
    for entry in kind.fields:
        if entry.option in desired and not entry.write_only:
            wanted, got = (_secret.reveal(values[entry.option]) for values in (desired, fresh))
            if entry.option == "schedules":
                # What is not declared of one stays as it is.
                assert len(wanted) == len(got)
                assert all(any(_within(one, other) for other in got) for one in wanted), (wanted, got)
            elif desired.get("update_secrets") != "on_create":
                assert not _engine.differs(entry.normalise(wanted), entry.normalise(got)), (entry.option, wanted, got)
    return result


def _within(declared: Json, held: Json) -> bool:
    return not any(_engine.differs(value, held.get(option)) for option, value in declared.items())


def absent(noun: str, options: Options) -> Options:
    """Return the declaration that an object is not to be there."""
    subject = SUBJECTS[noun]
    return {name: options[name] for name in (*subject.key, *subject.names)} | {"state": "absent"}


def drawn(data: st.DataObject, noun: str, count: int) -> tuple[Options, list[Options]]:
    """Make the key of an object and some states of it."""
    subject = SUBJECTS[noun]
    key = data.draw(subject.keys, "key")
    states = [data.draw(subject.states, f"state {number}") for number in range(count)]
    for state in states[1:]:
        for option in subject.kept:
            state.pop(option, None)
            if option in states[0]:
                state[option] = states[0][option]
    return key, states


def without_secrets(options: Options) -> Options:
    """Return options as an export can hold them: in the place of a secret it has a hole."""
    options.get("data", {}).pop("secret", None)
    return options


def test_every_kind_is_made_at_random() -> None:
    declarable = set(KINDS)
    assert declarable == set(SUBJECTS) | set(NOT_MADE)
    for noun, subject in SUBJECTS.items():
        options = {*subject.key, *subject.needed, *subject.free} - {"timing"}
        assert options <= {entry.option for entry in KINDS[noun].options}, noun


@every_kind
@given(data=st.data())
def test_any_state_is_reached_as_foreseen_and_then_kept(some: Server, noun: str, data: st.DataObject) -> None:
    key, (first, second) = drawn(data, noun, 2)
    apply(some, noun, **absent(noun, {**key, **first}))
    try:
        made = brought_to(some, noun, {**key, **first})
        assert made.changed
        assert made.before == {}
        brought_to(some, noun, {**key, **second})
        back = brought_to(some, noun, {**key, **first})
        assert back.changed or same(KINDS[noun], back.before, back.after)
    finally:
        gone = brought_to(some, noun, absent(noun, {**key, **first}))
    assert gone.changed
    assert gone.after == {}


@every_kind
@given(data=st.data())
def test_what_is_exported_is_unchanged_and_makes_the_same_again(some: Server, noun: str, data: st.DataObject) -> None:
    kind = KINDS[noun]
    key, (state,) = drawn(data, noun, 1)
    options = without_secrets({**key, **state})
    apply(some, noun, **absent(noun, options))

    def exported() -> list[Json]:
        found = _resources.export(Directory(connect(some), KINDS), [kind]).get(kind.many, [])
        wanted = kind.key_of(kind.desired(options, given=options))
        return [one for one in found if kind.key_of(kind.desired(one, given=one)) == wanted]

    try:
        apply(some, noun, **options)
        if not (first := exported()):
            # Only as a part of something else.
            assert kind.export is not None
            return
        assert len(first) == 1
        assert not _resources.apply(Directory(connect(some), KINDS), {kind.many: first})["changed"]
        apply(some, noun, **absent(noun, options))
        assert _resources.apply(Directory(connect(some), KINDS), {kind.many: first})["changed"]
        assert exported() == first
    finally:
        apply(some, noun, **absent(noun, options))


# The whole server

MANY = ("work_queue", "variable", "deployment")
"""Kinds of which there are two at once, because they could get into each other's way."""


def whole(data: st.DataObject, earlier: Json) -> Json:
    """Make some objects of some kinds, and all that they name, in any order."""
    found: dict[tuple[str, Key], Options] = {}
    for noun, options in PREREQUISITES:
        found[noun, KINDS[noun].key_of(KINDS[noun].desired(options, given=options))] = dict(options)
    chosen = data.draw(st.lists(st.sampled_from(sorted(SUBJECTS)), unique=True, max_size=6), "kinds")
    for noun in chosen:
        kind = KINDS[noun]
        for _number in range(2 if noun in MANY else 1):
            key, (state,) = drawn(data, noun, 1)
            options = without_secrets({**key, **state})
            if noun == "block_type":
                # Names are unique, too.
                options["name"] = f"the type {options['slug']}"
            place = kind.key_of(kind.desired(options, given=options))
            before = [one for one in earlier.get(kind.many, ()) if kind.key_of(kind.desired(one, given=one)) == place]
            for one in before:
                options.update({option: one[option] for option in SUBJECTS[noun].kept if option in one})
            found.setdefault((noun, place), options)
    declared: Json = {}
    for noun, place in data.draw(st.permutations(sorted(found)), "order"):
        declared.setdefault(KINDS[noun].many, []).append(found[noun, place])
    return declared


def all_at_once(server: Server, declared: Json, check: bool = False) -> Json:
    """Make a server hold what is declared and nothing else."""
    plurals = [kind.many for kind in KINDS.values() if kind.noun not in NOT_MADE]
    everything = {**{plural: [] for plural in plurals}, **declared}
    return _resources.apply(Directory(connect(server, check), KINDS), everything, prune=plurals, prune_limit=1000)


def all_held(server: Server) -> Json:
    """Return the export of a whole server."""
    return _resources.export(Directory(connect(server), KINDS), list(KINDS.values()))


@settings(max_examples=settings().max_examples // 2)
@given(data=st.data())
def test_any_whole_server_becomes_any_other(alone: Server, data: st.DataObject) -> None:
    declared: Json = {}
    try:
        for _number in range(2):
            declared = whole(data, declared)
            predicted = all_at_once(alone, declared, check=True)
            result = all_at_once(alone, declared)
            assert result["warnings"] == []
            assert not _engine.differs(predicted, result), (predicted, result)
            again = all_at_once(alone, declared)
            assert not again["changed"], again["diff"]
        held_now = all_held(alone)
        assert not _resources.apply(Directory(connect(alone), KINDS), held_now)["changed"]
        all_at_once(alone, {})
        assert all_held(alone) == {}
        all_at_once(alone, held_now)
        assert all_held(alone) == held_now
    finally:
        all_at_once(alone, {})
