# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options' values that several kinds of object share (private: not for use outside this collection).

Each ``parse_…`` turns what Ansible gives into what is compared and shown, or says what is wrong; the path of the option is
added by who calls it.
"""

from __future__ import annotations

import math
import re
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError, PrefectError

LARGEST = 2**31 - 1
"""The server keeps 32-bit numbers and answers 503 for ever to a larger one (3.8.8)."""

_NAME = re.compile(r"[^/%&><\n]+")
_WHOLE = re.compile(r"[0-9]{1,10}")
_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def check_least(params: t.Mapping[str, t.Any], **least: int) -> None:
    """Refuse numbers that are smaller than they may be.

    :param least: The smallest value by option.
    :raises PrefectError: One is too small.
    """
    for option, bound in least.items():
        if params.get(option) is not None and params[option] < bound:
            raise PrefectError(f"{option} must be at least {bound}, but is {params[option]}")


def parse_name(value: t.Any) -> str:
    """Return a name that Prefect takes for most of its objects."""
    text = str(value)
    if not _NAME.fullmatch(text):
        # The server takes a name with a line break, but finds none of its own routes for it afterwards (3.8.8).
        raise InputError(f"must not be empty nor hold any of / % & > < or a line break, but is {text!r}")
    return parse_text(text)


def parse_text(value: t.Any) -> str:
    """Return a text the server can keep."""
    text = str(value)
    if "\0" in text:
        # PostgreSQL cannot keep it, and the server answers 503 for ever.
        raise InputError("must not hold a NUL character")
    if any("\ud800" <= char <= "\udfff" for char in text):
        # It answers 500 for ever.
        raise InputError("must not hold half a character (a lone surrogate)")
    return text


def parse_whole(value: t.Any, least: int = 0) -> int:
    """Return a whole number."""
    text = str(value).strip()
    if not isinstance(value, bool) and _WHOLE.fullmatch(text) and least <= int(text) <= LARGEST:
        return int(text)
    raise InputError(f"must be a whole number from {least} to {LARGEST}, but is {value!r}")


def parse_json(value: t.Any) -> t.Any:
    """Return a value that JSON can say and the server can keep."""
    _check_json(value, "")
    return value


def check_inner_text(text: str, path: str) -> None:
    """Refuse a text inside a value that the server cannot keep. The text itself is not shown."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise InputError("must not hold a NUL or half a character, which the server cannot keep", path)


def _check_json(value: t.Any, path: str) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _check_json(str(name), path)
            _check_json(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_json(inner, f"{path}[{index}]")
    elif isinstance(value, str):
        check_inner_text(value, path)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"must be what JSON can say, but is {value!r}", path)
    elif isinstance(value, float) and not -(2.0**63) <= value < 2.0**64:
        # PostgreSQL keeps it as a whole number, which the server cannot read: every listing then fails.
        raise InputError(f"must be a number that fits 64 bits, or a text, but is {value!r}", path)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        # Up to 2**64 PostgreSQL keeps it and SQLite makes it a decimal number.
        raise InputError(
            "must be a whole number of at most 64 bits, sign included, which is all that each database keeps", path
        )


def parse_limit(value: t.Any, least: int = 0) -> int:
    """Return a limit that the word C(none) lifts."""
    try:
        return parse_whole(value, least)
    except InputError as exc:
        raise InputError(
            f"must be a whole number from {least} to {LARGEST}, or none to lift the limit, but is {value!r}"
        ) from exc


def parse_tags(value: t.Any) -> t.List[str]:
    """Return tags in order, each once: to Prefect they are a set."""
    return sorted({parse_text(tag) for tag in value})


def parse_seconds(value: t.Any) -> float:
    """Return a duration in seconds from a number, from a text such as C(90s), C(15m), C(12h), C(7d), or from ISO 8601."""
    text = str(value).strip()
    if not isinstance(value, bool):
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if 0 <= number < LARGEST * 86400:
            return number
        if text[:-1].isdigit() and text[-1:].lower() in _UNITS:
            return float(int(text[:-1]) * _UNITS[text[-1:].lower()])
        match = _ISO.fullmatch(text)
        if match and any(match.groups()):
            weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
            return weeks * 604800 + days * 86400 + hours * 3600 + minutes * 60 + seconds
    raise InputError(
        f"must be a duration in seconds, or such as 90s, 15m, 12h, 7d or PT15M, and not negative, but is {value!r}"
    )


def blank_is_none(value: t.Any) -> t.Any:
    """Treat an empty text like none at all."""
    return None if value == "" else value


def in_order(value: t.Any) -> t.Any:
    """Sort a list of texts whose order and repetition mean nothing."""
    return sorted(set(value)) if isinstance(value, list) else value
