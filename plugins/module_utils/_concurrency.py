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

_HIDDEN = {
    "tag:": "the module task_run_concurrency_limit manages limits of tags",
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


def update_task_run_limit(directory: Directory, document: Json, after: Json, changes: Json) -> None:
    """Change the limit of a tag: the API changes it by what elsewhere creates (3.8.8)."""
    body = {"tag": after["tag"], "concurrency_limit": changes["limit"]}
    directory.client.update("/concurrency_limits/", body, "POST")


def reset(directory: Directory, document: Json, desired: Json) -> str:
    """Free the slots that task runs hold, where that is asked for."""
    held = len(document.get("active_slots") or ())
    if not desired.get("reset") or not held:
        return ""
    if not directory.client.read_only:
        directory.client.update(f"/concurrency_limits/tag/{quote(desired['tag'])}/reset", {"slot_override": []}, "POST")
    return f"frees {held} slots"
