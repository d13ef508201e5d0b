# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a value fits a JSON schema, as far as that is simple (private: not for use outside this collection).

Knows types, choices, what is required of a dictionary, and references to definitions. What it does not know, fits. Numbers
and booleans fit as texts, too, because Prefect's own models read them so.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json

Reason = t.Optional[t.Tuple[str, str]]
"""Where below the value, and what is wrong there; None where it fits."""

_DEPTH = 20
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")
_TRUTHS = {"true", "false", "yes", "no", "on", "off", "1", "0", "t", "f", "y", "n"}
_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a dictionary",
    "array": "a list",
    "null": "null",
}


def why_not(value: t.Any, schema: t.Any, definitions: Json, secret: bool, depth: int = 0) -> Reason:
    """Return why a value does not fit a schema.

    :param secret: Whether choices are not to be named along with the value.
    """
    if not isinstance(schema, dict) or depth > _DEPTH:
        return None
    if isinstance(schema.get("$ref"), str):
        name = schema["$ref"].rpartition("/")[2]
        reason = why_not(value, definitions.get(name), definitions, secret, depth + 1)
        if reason:
            return reason
    for part in schema.get("allOf") or ():
        reason = why_not(value, part, definitions, secret, depth + 1)
        if reason:
            return reason
    choices = schema.get("anyOf") or schema.get("oneOf") or ()
    if choices:
        reasons = [why_not(value, choice, definitions, secret, depth + 1) for choice in choices]
        if None not in reasons:
            deeper = [reason for reason in reasons if reason and reason[0]]
            return (
                deeper[0] if len(deeper) == 1 else (reasons[0] if len(reasons) == 1 else ("", _one_of(schema, value)))
            )
    types = schema.get("type")
    if types is not None and not any(_is(value, one) for one in (types if isinstance(types, list) else [types])):
        return "", f"must be {_named(types)}, but is {kind_of(value)}"
    allowed = schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        words = ", ".join(str(choice) for choice in allowed)
        return "", f"must be one of {words}" + ("" if secret else f", but is {value!r}")
    return _inside(value, schema, definitions, secret, depth)


def kind_of(value: t.Any) -> str:
    """Return what a value is, in words, and never the value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number; write it in quotes to make it a text"
    if isinstance(value, dict):
        return "a dictionary"
    return "a list" if isinstance(value, list) else "a text"


def _inside(value: t.Any, schema: Json, definitions: Json, secret: bool, depth: int) -> Reason:
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, inner in enumerate(value):
            reason = why_not(inner, schema["items"], definitions, secret, depth + 1)
            if reason:
                return f"[{index}]{reason[0]}", reason[1]
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        for name, inner in value.items():
            if inner is None and name not in (schema.get("required") or ()):
                continue
            reason = why_not(inner, properties.get(name), definitions, secret, depth + 1)
            if reason:
                return f".{name}{reason[0]}", reason[1]
        for name in schema.get("required") or ():
            if name not in value:
                return f".{name}", "is required by the schema"
    return None


def _is(value: t.Any, type_: t.Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if type_ == "string":
        return isinstance(value, str)
    if type_ in ("integer", "number"):
        text = isinstance(value, str) and bool(_NUMBER.fullmatch(value))
        return text or (number and (type_ == "number" or float(value).is_integer()))
    if type_ == "boolean":
        return isinstance(value, bool) or (number and value in (0, 1)) or str(value).lower() in _TRUTHS
    known: t.Dict[str, type] = {"object": dict, "array": list, "null": type(None)}
    return str(type_) not in known or isinstance(value, known[str(type_)])


def _named(types: t.Any) -> str:
    return " or ".join(_WORDS.get(str(one), str(one)) for one in (types if isinstance(types, list) else [types]))


def _one_of(schema: Json, value: t.Any) -> str:
    names = [
        _named(choice["type"])
        for choice in schema.get("anyOf") or schema.get("oneOf") or ()
        if isinstance(choice, dict) and choice.get("type")
    ]
    taken = f"must be {' or '.join(dict.fromkeys(names))}" if names else "must be what its schema describes"
    return f"{taken}, but is {kind_of(value)}"
