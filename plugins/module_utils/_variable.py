# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about variables (private: not for use outside this collection)."""

from __future__ import annotations

import json
import math
import re
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError

_LONGEST = 5000
_KEPT = 1e16
"""From here on the database turns a decimal number without decimals into a whole one."""

_NAME = re.compile(r"[a-z0-9_-]{1,255}")


def parse_name(value: t.Any) -> str:
    """Return a variable's name."""
    text = str(value)
    if not _NAME.fullmatch(text):
        raise InputError(
            f"must be 1 to 255 lower-case letters, digits, dashes and underscores, which is all Prefect takes, but is {text!r}"
        )
    return text


def parse_value(value: t.Any) -> t.Any:
    """Return a variable's value: anything that JSON can say, of at most 5000 bytes as JSON (the server's limit)."""
    _check(value, "")
    length = len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
    if value is not None and length > _LONGEST:
        raise InputError(f"must be at most {_LONGEST} bytes as JSON, but is {length}")
    return value


def with_kinds_of_number(value: t.Any) -> t.Any:
    """Return a value in which 5.0 is not 5: a flow that reads the variable sees the difference."""
    if isinstance(value, dict):
        return {name: with_kinds_of_number(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_kinds_of_number(inner) for inner in value]
    if isinstance(value, float) and abs(value) < _KEPT:
        # The database knows no negative zero.
        return {"decimal": value + 0.0}
    return value


def _check(value: t.Any, path: str) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _check(str(name), path)
            _check(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check(inner, f"{path}[{index}]")
    elif isinstance(value, str) and ("\0" in value or any("\ud800" <= char <= "\udfff" for char in value)):
        raise InputError("must not hold a NUL or half a character, which the server cannot keep", path)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"must be what JSON can say, but is {value!r}", path)
    elif isinstance(value, float) and not -(2.0**63) <= value < 2.0**64:
        # PostgreSQL keeps it as a whole number, which the server cannot read: every listing of variables then fails.
        raise InputError(f"must be a number that fits 64 bits, or a text, but is {value!r}", path)
    elif isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise InputError("must be a number of at most 64 bits, which is all the server takes", path)
