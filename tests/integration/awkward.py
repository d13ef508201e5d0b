# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that Prefect takes and that are easily got wrong on the way to it and back."""

from __future__ import annotations

NAMES = {
    "quotes": 'it\'s "a" `b`',
    "spaces": " two  spaces ",
    "unicode": "ä日本😀",
    "decomposed": "e\u0301",
    "fragment": "a#b?c=d",
    "plus": "a+b",
    "backslash": "a\\b",
    "placeholder": "{id}",
    "dots": "..",
    "route": "filter",
    "control": "tab\there\x01",
    "colon": "a: b;c",
    "uuid": "0b0e5a4e-8d0e-4c1e-9d7c-1f1f0a3c2b10",
    "long": "n" * 250,
    "long unicode": "ü" * 250,
}
