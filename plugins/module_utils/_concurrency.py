# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about concurrency limits (private: not for use outside this collection).

Prefect keeps three things in one table: global limits, limits of tags as ``tag:…``, and those of deployments as
``deployment:…``. Only the first are global limits to people.
"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import parse_name

if t.TYPE_CHECKING:
    from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
    from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Key

_TAG = "tag:"
_SINGLY = 4
"""So many limits of tags are read one by one; more of them from the table of all limits."""

_HIDDEN = {
    _TAG: "the module task_run_concurrency_limit manages limits of tags",
    "deployment:": "the option concurrency_limit of the module deployment manages the limit of a deployment",
}


def parse_global_name(value: t.Any) -> str:
    """Return the name of a global concurrency limit."""
    text = parse_name(value)
    for prefix, other in _HIDDEN.items():
        if text.startswith(prefix):
            raise InputError(f"must not begin with {prefix!r}, but is {text!r}: {other}")
    return text


def parse_tag(value: t.Any) -> str:
    """Return a tag, which is part of a limit's name to the server."""
    return parse_name(value)


def parse_decay(value: t.Any) -> float:
    """Return a decay in slots per second."""
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise InputError(f"must be a number of slots per second and not negative, but is {value!r}")
    return number


def is_global(document: Json) -> bool:
    """Whether an entry of the server's table is a global limit."""
    return not str(document.get("name")).startswith(tuple(_HIDDEN))


def load_task_run_limits(directory: Directory, keys: t.Optional[t.Sequence[Key]]) -> t.List[Json]:
    """Return limits of tags, each with the ids of the task runs that hold its slots.

    Many are found in the table of all limits; each that is in use then costs one more request.
    """
    if keys is not None and len(keys) <= _SINGLY:
        return _by_tag(directory, [tag for (tag,) in keys])
    wanted = None if keys is None else set(keys)
    found: t.List[Json] = []
    in_use: t.List[str] = []
    for entry in directory.client.read_all("/v2/concurrency_limits/filter"):
        name = str(entry.get("name"))
        tag = name[len(_TAG) :]
        if not name.startswith(_TAG) or (wanted is not None and (tag,) not in wanted):
            continue
        if entry.get("active_slots"):
            in_use.append(tag)
            continue
        same = {name: entry.get(name) for name in ("id", "created", "updated")}
        found.append({**same, "tag": tag, "concurrency_limit": entry.get("limit"), "active_slots": []})
    return [*found, *_by_tag(directory, in_use)]


def _by_tag(directory: Directory, tags: t.Iterable[str]) -> t.List[Json]:
    found = [directory.client.find(f"/concurrency_limits/tag/{quote(tag)}") for tag in tags]
    return [document for document in found if document is not None]


def update_task_run_limit(directory: Directory, document: Json, after: Json, changes: Json) -> None:
    """Change the limit of a tag: the API changes it by what elsewhere creates (3.8.8)."""
    body = {"tag": after["tag"], "concurrency_limit": changes["limit"]}
    directory.client.update("/concurrency_limits/", body, "POST")


def reset(directory: Directory, document: Json, desired: Json) -> str:
    """Free all slots of a tag, where that is asked for.

    The server counts slots in one place and keeps who holds them in another. Its own reset forgets the holders and leaves
    the count, so that the slots stay taken for ever (3.8.8); the count must be set, too. Slots whose holders were lost, as
    at a restart of the server, are seen in the count alone.
    """
    if not desired.get("reset") or not document.get("id"):
        return ""
    client, counted = directory.client, f"/v2/concurrency_limits/{document['id']}"
    holders = len(document.get("active_slots") or ())
    held = max(holders, int((client.find(counted) or {}).get("active_slots") or 0))
    if not held:
        return ""
    if not client.read_only:
        if holders:
            client.update(f"/concurrency_limits/tag/{quote(desired['tag'])}/reset", {"slot_override": []}, "POST")
        client.update(counted, {"active_slots": 0})
    return f"Slots of the tag {desired['tag']!r} that were held and are freed: {held}"
