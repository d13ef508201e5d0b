# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about variables (private: not for use outside this collection)."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import parse_json

_LONGEST = 5000
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
    parse_json(value)
    length = len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
    if value is not None and length > _LONGEST:
        raise InputError(f"must be at most {_LONGEST} bytes as JSON, but is {length}")
    return value
