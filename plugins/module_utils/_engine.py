# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings API objects to their declared state (private: not for use outside this collection).

``plan`` decides what is to be done with one object, from what is declared and what the server holds, and writes nothing;
``carry_out`` does it with the smallest write. One object or thousands, check mode or not, go through the same two.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import (
    ApiError,
    InputError,
    NotPrefectError,
    PrefectError,
)
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import UNKNOWN, Field, Kind
from ansible_collections.selfhosted.prefect.plugins.module_utils._plan import CREATE, DELETE, NOTHING, UPDATE, Plan


@dataclass(frozen=True)
class Result:
    """What came of it.

    :param changed: Whether the object was, or in check mode would be, changed.
    :param document: The API object as it is, or in check mode would be; None if there is none.
    :param before: The object as it was, by options; empty if there was none.
    :param after: The object as it is, or in check mode would be.
    :param warnings: What the user has to know although it worked.
    :param aftermath: What was done beyond the declared values, or in check mode would be, in words.
    """

    changed: bool
    document: t.Optional[Json]
    before: Json
    after: Json
    warnings: t.List[str] = field(default_factory=list)
    aftermath: str = ""


def ensure(directory: Directory, noun: str, state: str, desired: Json) -> Result:
    """Make one object present with the declared values, or absent; in check mode, tell what that would change.

    :param desired: From ``Kind.desired``; what is not named is left alone.
    :raises PrefectError: The declared values cannot be had, or the API failed.
    """
    read_only = directory.client.read_only or directory.empty
    kind = directory.kinds[noun]
    implied: t.List[Plan] = []
    if state != "absent":
        for implied_noun, values in kind.implies(desired):
            made = plan(directory, implied_noun, "present", values)
            if made.action == CREATE:
                directory.promise(implied_noun, made.key, values)
                implied.append(made)
    planned = plan(directory, noun, state, desired)
    if kind.judge is not None and not directory.empty:
        for _index, error in kind.judge(directory, [planned]):
            raise error
    if read_only:
        extra = aftermath(directory, planned)
        changed = planned.action != NOTHING or bool(extra)
        shown = kind.shown(planned.before, planned.after)
        return Result(changed, predicted(directory, planned), planned.before, shown, aftermath=extra)
    for made in implied:
        carry_out(directory, made)
    document = carry_out(directory, planned)
    extra = aftermath(directory, planned)
    if planned.action == UPDATE or extra:
        document = directory.reread(noun, planned.key)
    after = {} if document is None else kind.declared(directory, document, desired)
    changed = planned.action != NOTHING or bool(extra)
    shown = kind.shown(planned.before, after)
    return Result(changed, document, planned.before, shown, not_taken(planned, after), extra)


def plan(directory: Directory, noun: str, state: str, desired: Json) -> Plan:
    """Decide what is to be done with one object. Reads, and writes nothing.

    :raises InputError: The declared values cannot be had.
    """
    kind = directory.kinds[noun]
    key = kind.key_of(desired)
    document = directory.find(noun, key)
    before = {} if document is None else kind.declared(directory, document, desired)
    if state == "absent":
        reason = "" if document is None else kind.protected(directory, document)
        if reason:
            raise PrefectError(f"{_sentence(kind.title(desired))} cannot be removed: {reason}")
        return Plan(kind, key, NOTHING if document is None else DELETE, document, before, {}, {}, {})
    if document is None:
        _check_required(kind, desired)
    else:
        _check_immutable(kind, before, desired)
    if not directory.empty:
        for reference in kind.named(desired):
            directory.require(reference)
        desired = kind.resolve(directory, None if document is None else before, desired)
    # What resolving has used up is no value of the object.
    own = {entry.option for entry in kind.fields}
    wanted = {option: value for option, value in desired.items() if option in own}
    shown = {option: value for option, value in wanted.items() if not kind.option(option).write_only}
    if document is None:
        constants = {
            entry.option: entry.default
            for entry in kind.fields
            if entry.default is not UNKNOWN and (not entry.volatile or entry.option in wanted)
        }
        chosen = {} if directory.empty else kind.defaults(directory, desired)
        return Plan(kind, key, CREATE, None, {}, desired, wanted, {**constants, **chosen, **shown})
    changes = _changes(kind, before, wanted, desired)
    action = UPDATE if changes else NOTHING
    if changes:
        changes.update({o: value for o, value in wanted.items() if kind.option(o).write_only})
    after = {**before, **{o: value for o, value in changes.items() if not kind.option(o).write_only}}
    return Plan(kind, key, action, document, before, desired, changes, after)


def carry_out(directory: Directory, planned: Plan) -> t.Optional[Json]:
    """Do what is planned, and return the API object: as it is now, or after an update as it was.

    :raises PrefectError: The API failed.
    """
    kind, document = planned.kind, planned.document or {}
    if planned.action == NOTHING:
        return planned.document
    if planned.action == DELETE:
        if kind.delete is not None:
            kind.delete(directory, document)
        else:
            directory.client.delete(item_path(directory, planned))
        directory.drop(kind.noun, planned.key)
        return None
    if planned.action == CREATE:
        return directory.put(kind.noun, _create(directory, planned))
    if kind.update is not None:
        kind.update(directory, document, planned.after, planned.changes)
    elif kind.update_method == "PATCH":
        body = encoded(directory, kind, planned.changes)
        directory.client.update(item_path(directory, planned), body, "PATCH")
    else:
        # What the API calls an update replaces the object, so everything goes.
        body = encoded(directory, kind, {**planned.after, **planned.changes})
        directory.client.update(item_path(directory, planned), body, kind.update_method)
    return document


def aftermath(directory: Directory, planned: Plan) -> str:
    """Do what is to be done beyond the declared values, such as freeing slots, and return what it is in words.

    In check mode it is only told.
    """
    kind = planned.kind
    if kind.after is None or planned.action == DELETE or not planned.desired:
        return ""
    document = directory.find(kind.noun, planned.key)
    return "" if document is None else kind.after(directory, document, planned.desired)


def encoded(directory: Directory, kind: Kind, values: t.Mapping[str, t.Any]) -> Json:
    """Return declared values as the body of a request."""
    if kind.encode is not None:
        return kind.encode(directory, values)
    return {
        entry.name: entry.to_api(directory, values[entry.option])
        for entry in kind.fields
        if entry.option in values and not entry.in_path
    }


def predicted(directory: Directory, planned: Plan) -> t.Optional[Json]:
    """Return the API object that will be there, as far as it is known before the write."""
    if planned.action == NOTHING:
        return planned.document
    if planned.action == DELETE:
        return None
    known = {option: value for option, value in planned.after.items() if not planned.kind.option(option).write_only}
    body = {} if directory.empty else encoded(directory, planned.kind, known)
    return {**(planned.document or {}), **body} if body else {**known}


def not_taken(planned: Plan, after: Json) -> t.List[str]:
    """Return in words what the server did not take although it answered that it had."""
    if planned.action not in (CREATE, UPDATE):
        return []
    refused = sorted(
        option
        for option, value in planned.changes.items()
        if option in after and _differ(planned.kind.option(option), value, after[option])
    )
    if not refused:
        return []
    return [
        f"The server accepted {planned.kind.title(planned.after)}, but holds other values than declared for:"
        f" {', '.join(refused)}. The next run will find the same difference"
    ]


def item_path(directory: Directory, planned: Plan) -> str:
    """Return the path of one object for changing and deleting it."""
    return directory.path(planned.kind.item, {**(planned.document or {}), **dict(zip(planned.kind.key, planned.key))})


def differs(left: t.Any, right: t.Any) -> bool:
    """Whether two JSON values mean different things. Unlike in Python, true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is not right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() != right.keys() or any(differs(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) != len(right) or any(differs(a, b) for a, b in zip(left, right))
    if isinstance(left, float) or isinstance(right, float):
        # A database may hand back a decimal number as the whole one that its digits spell.
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        return float(left) != float(right) if numbers else True
    return bool(left != right)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _differ(entry: Field, left: t.Any, right: t.Any) -> bool:
    return differs(entry.normalise(left), entry.normalise(right))


def _changes(kind: Kind, before: Json, wanted: Json, desired: Json) -> Json:
    changes: Json = {}
    for entry in kind.fields:
        if entry.option not in wanted or not entry.updatable or entry.write_only:
            continue
        value = wanted[entry.option]
        if not (_differ(entry, value, before.get(entry.option)) or entry.force(desired)):
            continue
        if value is None and not entry.nullable:
            raise InputError("cannot be set to none", entry.option)
        changes[entry.option] = value
    return changes


def _check_required(kind: Kind, desired: Json) -> None:
    missing = [option for option in kind.required_on_create if option not in desired]
    if missing:
        raise PrefectError(f"{_sentence(kind.title(desired))} does not exist; to create it, give {', '.join(missing)}")


def _check_immutable(kind: Kind, before: Json, desired: Json) -> None:
    """Refuse to change what the server cannot change in place.

    :raises InputError: With the way out.
    """
    for entry in kind.fields:
        if entry.updatable or entry.write_only or entry.option in kind.key or entry.option not in desired:
            continue
        value, held = desired[entry.option], before.get(entry.option)
        if _differ(entry, value, held):
            raise PrefectError(
                f"{_sentence(kind.title(desired))} has {entry.option} {held!r}, not {value!r}. {entry.way_out}".rstrip()
            )


def _create(directory: Directory, planned: Plan) -> Json:
    kind = planned.kind
    body = encoded(directory, kind, planned.changes)
    try:
        if kind.create is not None:
            return kind.create(directory, planned.desired, body)
        path = directory.path(kind.collection, dict(zip(kind.key, planned.key)))
        made = directory.client.create(path, body)
    except ApiError as exc:
        if exc.status != 409:
            raise
        # If the object is there now, an earlier try whose answer was lost has made it, or somebody else has.
        current = directory.reread(kind.noun, planned.key)
        if current is None:
            raise
        again = plan(directory, kind.noun, "present", planned.desired)
        carry_out(directory, again)
        return directory.reread(kind.noun, planned.key) or current
    if not isinstance(made, dict):
        raise NotPrefectError(
            f"POST {directory.client.api_url}{path}: the answer is not {kind.title(planned.desired)} that was to be made, so"
            " this is not Prefect's API"
        )
    return made
