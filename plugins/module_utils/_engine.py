# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings one API object to its desired state (private: not for use outside this collection).

Pure but for the client it is given: it decides from (state, current object, desired values) and sends the smallest
write, or none in check mode.
"""

from __future__ import annotations

import string
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import Kind
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError, PrefectError


@dataclass(frozen=True)
class Result:
    """What came of it.

    :param changed: Whether the object was, or in check mode would be, changed.
    :param before: The object as it was, or None.
    :param after: The object as it is, or in check mode would be, or None.
    """

    changed: bool
    before: t.Optional[Json]
    after: t.Optional[Json]


def ensure(state: str, client: Client, kind: Kind, desired: Json, check_mode: bool) -> Result:
    """Make an object present with the desired values, or absent.

    :param state: ``present`` or ``absent``.
    :param desired: Values by names of the API; what is not named is left alone.
    :raises PrefectError: The desired values cannot be had, or the API failed.
    """
    current = _find(client, kind, desired)
    if state == "absent":
        if current is None:
            return Result(False, None, None)
        if not check_mode:
            client.delete(item_path(kind, current, desired))
        return Result(True, current, None)
    if current is None:
        return _create(client, kind, desired, check_mode)
    return _update(client, kind, current, desired, check_mode)


def predict(state: str, kind: Kind, desired: Json) -> Result:
    """Return what would happen on a server that holds nothing, for check mode where no server is there yet."""
    if state == "absent":
        return Result(False, None, None)
    _check_required(kind, desired)
    return Result(True, None, _as_created(kind, desired))


def read(client: Client, kind: Kind, key: Json) -> t.Optional[Json]:
    """Return one object, or None."""
    return _find(client, kind, key)


def item_path(kind: Kind, current: t.Optional[Json], desired: Json) -> str:
    """Return the path of one object, with every value quoted."""
    values = {**desired, **(current or {})}
    names = [name for _text, name, _spec, _conversion in string.Formatter().parse(kind.item) if name]
    return kind.item.format(**{name: quote(str(values[name])) for name in names})


def differs(left: t.Any, right: t.Any) -> bool:
    """Whether two JSON values mean different things. Unlike in Python, true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is not right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() != right.keys() or any(differs(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) != len(right) or any(differs(a, b) for a, b in zip(left, right))
    return bool(left != right)


def managed(kind: Kind, document: t.Optional[Json]) -> Json:
    """Return the part of an object that its module manages, by names of Ansible, for a diff."""
    if document is None:
        return {}
    return {f.option: document[f.name] for f in kind.fields if f.name in document and not f.write_only and not f.no_log}


def _find(client: Client, kind: Kind, desired: Json) -> t.Optional[Json]:
    if kind.find is not None:
        return kind.find(client, desired)
    return client.find(item_path(kind, None, desired))


def _check_required(kind: Kind, desired: Json) -> None:
    names = {entry.option: entry.name for entry in (*kind.fields, *kind.inputs)}
    missing = [option for option in kind.required_on_create if desired.get(names[option]) is None]
    if missing:
        name = "/".join(str(desired[names[option]]) for option in kind.key)
        raise PrefectError(f"The {kind.label} {name!r} does not exist; to create it, give {', '.join(missing)}")


def _as_created(kind: Kind, desired: Json) -> Json:
    names = {entry.name for entry in kind.fields}
    return {**kind.created, **{name: value for name, value in desired.items() if name in names}}


def _create(client: Client, kind: Kind, desired: Json, check_mode: bool) -> Result:
    _check_required(kind, desired)
    body = kind.resolve(client, None, desired)
    if check_mode:
        return Result(True, None, _as_created(kind, body))
    try:
        after = client.create(kind.collection, body)
    except ApiError as exc:
        if exc.status != 409 or not exc.answer_lost:
            raise
        # The answer of an earlier try was lost. If the object is there now, that try made it.
        current = _find(client, kind, desired)
        if current is None:
            raise
        return Result(True, None, _update(client, kind, current, desired, check_mode).after)
    return Result(True, None, after)


def _update(client: Client, kind: Kind, current: Json, desired: Json, check_mode: bool) -> Result:
    _check_immutable(kind, current, desired)
    wanted = kind.resolve(client, current, desired)
    changes: Json = {}
    secrets: Json = {}
    for field in kind.fields:
        if field.name not in wanted or not field.updatable:
            continue
        value = wanted[field.name]
        if field.write_only:
            secrets[field.name] = value
            continue
        if not differs(field.normalise(value), field.normalise(current.get(field.name))):
            continue
        if value is None and not field.nullable:
            raise PrefectError(f"{field.option} of the {kind.label} {_name(kind, wanted)!r} cannot be set to none")
        changes[field.name] = value
    if not changes:
        return Result(False, current, current)
    changes.update(secrets)
    after: t.Optional[Json] = {**current, **changes}
    if not check_mode:
        path = item_path(kind, current, wanted)
        client.update(path, changes if kind.update_method == "PATCH" else wanted, kind.update_method)
        after = _find(client, kind, desired)
    return Result(True, current, after)


def _check_immutable(kind: Kind, current: Json, desired: Json) -> None:
    """Refuse to change what the server cannot change in place.

    :raises PrefectError: With the way out.
    """
    for field in kind.fields:
        if field.updatable or field.write_only or field.option in kind.key or field.name not in desired:
            continue
        value, held = desired[field.name], current.get(field.name)
        if differs(field.normalise(value), field.normalise(held)):
            raise PrefectError(
                f"The {kind.label} {_name(kind, desired)!r} has {field.option} {held!r}, not {value!r}."
                f" {field.way_out}".rstrip()
            )


def _name(kind: Kind, values: Json) -> str:
    names = {entry.option: entry.name for entry in kind.fields}
    return "/".join(str(values[names[option]]) for option in kind.key)
