# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception family of this collection's modules (private: not for use outside this collection).

Everything below ``_module.py`` raises ``PrefectError`` or a subclass; ``_module.py`` turns it into a failed task.
"""

from __future__ import annotations

import typing as t


class PrefectError(Exception):
    """Something the user has to know about, in words that say what, where and what to do.

    :param message: The text shown to the user. Never holds credentials.
    :param details: Further values returned by the failed task beside ``msg``.
    """

    def __init__(self, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: t.Dict[str, t.Any] = details

    def __str__(self) -> str:
        return self.message


class TransportError(PrefectError):
    """No usable HTTP answer came back.

    :param kind: One of ``refused``, ``unresolved``, ``unreachable``, ``timeout``, ``dropped``, ``tls``,
        ``not_http`` or ``proxy``.
    """

    def __init__(self, kind: str, message: str, **details: t.Any) -> None:
        super().__init__(message, **details)
        self.kind = kind


class ApiError(PrefectError):
    """The server answered, but not with what was asked for.

    :param status: The HTTP status.
    :param words: The server's own explanation, or an empty string.
    :param complaints: What a 422 says of each refused value: where it stands in the request, and what is wrong.
    :param answer_lost: Whether an earlier try of the same request may have been carried out although its answer
        was lost. The engine then reads the object again before it calls a conflict a failure.
    """

    def __init__(
        self,
        status: int,
        words: str,
        message: str,
        answer_lost: bool = False,
        complaints: t.Sequence[t.Tuple[t.Tuple[t.Any, ...], str]] = (),
        **details: t.Any,
    ) -> None:
        super().__init__(message, status=status, **details)
        self.status = status
        self.words = words
        self.complaints = complaints
        self.answer_lost = answer_lost


class NotPrefectError(PrefectError):
    """Something answers at the URL, but it is not a Prefect API."""


class CheckModeWriteError(PrefectError):
    """A write was attempted in check mode. This is a mistake in the collection, never the user's."""


class InputError(PrefectError):
    """A declared value is wrong, whatever the server holds or because of what it holds.

    :param text: What is wrong and what to do, as the rest of a sentence that begins with the path.
    :param path: Where the value stands, such as ``schedules[0].cron``; empty for the object as a whole.
    """

    def __init__(self, text: str, path: str = "") -> None:
        super().__init__(f"{path} {text}" if path else text)
        self.text = text
        self.path = path

    def under(self, parent: str) -> InputError:
        """Return the same error seen from further up: ``parent`` is where the object stands that holds the path."""
        if not parent or not self.path:
            return InputError(self.text, parent or self.path)
        joint = "" if self.path.startswith("[") else "."
        return InputError(self.text, f"{parent}{joint}{self.path}")
