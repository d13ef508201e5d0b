# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that no output may hold (private: not for use outside this collection).

A secret is a text that reads as a mask wherever it is shown, written as JSON, or put into a message. Only ``reveal`` gives
the value, and only what builds a request calls it. Two secrets compare by their values.
"""

from __future__ import annotations

import re
import typing as t
import urllib.parse

MASK = "********"
"""What Prefect itself shows for a secret."""

CHANGED = f"{MASK} (changed)"
"""What a diff shows for a secret that differs."""

_SHORTEST = 6
"""Shorter texts are not searched for in output: they stand in other words, and ``Secret`` hides them already."""

_UNUSUAL = re.compile(r"[^\w. -]")

_HOLE = re.compile(r"\{\{ prefect_secrets\['([^']*)'\] \}\}")


class Secret(str):
    """A value that reads as a mask.

    :param plain: The value: anything that JSON can say.
    """

    plain: t.Any

    def __new__(cls, plain: t.Any) -> Secret:
        made = super().__new__(cls, MASK)
        made.plain = plain
        return made

    def __getnewargs__(self) -> t.Tuple[t.Any]:
        return (self.plain,)

    @property
    def known(self) -> bool:
        """Whether the server gave the value. Prefect Cloud gives masks instead."""
        return not masked(self.plain)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Secret):
            # What is not known is not called different.
            return not self.known or not other.known or _exact(self.plain) == _exact(other.plain)
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


def masked(value: t.Any) -> bool:
    """Whether a value is nothing but masks."""
    if isinstance(value, dict):
        return bool(value) and all(masked(inner) for inner in value.values())
    if isinstance(value, list):
        return bool(value) and all(masked(inner) for inner in value)
    return isinstance(value, str) and not isinstance(value, Secret) and value == MASK


def reveal(value: t.Any) -> t.Any:
    """Return a value with all secrets in plain, to be sent to the server and to nobody else."""
    if isinstance(value, Secret):
        return reveal(value.plain)
    if isinstance(value, dict):
        return {name: reveal(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [reveal(inner) for inner in value]
    return value


def texts(value: t.Any, inside: bool = False) -> t.Set[str]:
    """Return every text that a value's secrets hold, so that it can be hidden wherever it turns up.

    :param inside: Whether the value itself is secret.
    """
    if isinstance(value, Secret):
        return texts(value.plain, True) if value.known else set()
    if isinstance(value, dict):
        return {text for inner in value.values() for text in texts(inner, inside)}
    if isinstance(value, list):
        return {text for inner in value for text in texts(inner, inside)}
    if not inside or value is None or isinstance(value, bool) or len(str(value)) < _SHORTEST:
        return set()
    return {str(value)}


def sealed_in(value: t.Any) -> t.List[Secret]:
    """Return every secret of a value."""
    if isinstance(value, Secret):
        return [value]
    if isinstance(value, dict):
        return [found for inner in value.values() for found in sealed_in(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in sealed_in(inner)]
    return []


def marked(before: t.Any, after: t.Any) -> t.Any:
    """Return what is shown for ``after``, with a mark on each secret that differs."""
    if isinstance(after, Secret):
        return CHANGED if isinstance(before, Secret) and before != after else MASK
    if isinstance(after, dict):
        held = before if isinstance(before, dict) else {}
        return {name: marked(held.get(name), inner) for name, inner in after.items()}
    return after


class Hole(str):
    """What an export holds in a secret's place: a template that a variable of Ansible fills.

    Only what is of this type is one; a text of the same letters can stand on a server as any other text can.

    :param name: Where the secret stands: the block's type and name, and the fields on the way, with slashes between.
    """

    name: str

    def __new__(cls, name: str) -> Hole:
        made = super().__new__(cls, hole(name))
        made.name = name
        return made

    def __getnewargs__(self) -> t.Tuple[str]:
        return (self.name,)


def hole(name: str) -> str:
    """Return the text of a hole."""
    return "{{ prefect_secrets['" + name + "'] }}"


def below(path: str, field: t.Union[str, int]) -> str:
    """Return the name of what stands below another; no two places have the same."""
    return f"{path}/{_UNUSUAL.sub(lambda match: urllib.parse.quote(match.group(), ''), str(field))}"


def is_hole(value: str) -> bool:
    """Whether a text is a hole that nothing has filled."""
    return _HOLE.fullmatch(value) is not None


def holes(value: t.Any) -> t.List[str]:
    """Return the names of all holes in an export."""
    if isinstance(value, dict):
        return [name for inner in value.values() for name in holes(inner)]
    if isinstance(value, list):
        return [name for inner in value for name in holes(inner)]
    return [value.name] if isinstance(value, Hole) else []


def _exact(value: t.Any) -> t.Any:
    """Return a value in which true is not 1, as it is in Python."""
    if isinstance(value, dict):
        return {name: _exact(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_exact(inner) for inner in value]
    return (isinstance(value, bool), value)
