# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Find settings that Prefect does not know."""

from __future__ import annotations

import difflib
import typing as t

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: unknown_settings
short_description: Find settings that Prefect does not know
version_added: 0.1.0
description:
  - Prefect ignores an environment variable whose name it does not know, so a misspelt setting does nothing. Given the names that it
    knows, this filter returns those that it would ignore, each with the known one that it is most like.
  - The roles of this collection are made of it. The case of letters does not count, since Prefect does not look at it.
author:
  - The selfhosted.prefect authors (@selfhosted)
positional: known
options:
  _input:
    description: Names of environment variables. Those that do not begin with C(PREFECT_) are nobody's business here.
    type: list
    elements: str
    required: true
  known:
    description: Names that Prefect knows.
    type: list
    elements: str
    required: true
  extra:
    description: Names that something else reads.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Say what would be ignored
  ansible.builtin.debug:
    msg: "{{ ['PREFECT_LOGING_LEVEL'] | selfhosted.prefect.unknown_settings(['PREFECT_LOGGING_LEVEL']) }}"
"""

RETURN = r"""
_value:
  description: What would be ignored, in order of the names.
  type: list
  elements: dict
  contains:
    name:
      description: The name as it was given.
      type: str
    nearest:
      description: The known name that it is most like. Empty when it is like none.
      type: str
"""

PREFIX = "PREFECT_"
INTERNAL = "PREFECT__"
"""Variables that Prefect passes from one of its processes to another."""

LIKENESS = 0.7
"""How much of two names, without their common beginning, must be the same. Below it, a hint would be a guess."""


def nearest(name: str, known: t.Collection[str]) -> str:
    """Return the known name that a name is most like, or nothing."""
    rests = {item[len(PREFIX) :]: item for item in known}
    rest = name[len(PREFIX) :]
    found = difflib.get_close_matches(rest, sorted(rests), n=1, cutoff=LIKENESS)
    if found:
        return rests[found[0]]
    # A part of the way to it was left out: PREFECT_API_PORT for PREFECT_SERVER_API_PORT.
    longer = sorted((item for item in rests if item.endswith(f"_{rest}")), key=lambda item: (len(item), item))
    return rests[longer[0]] if longer else ""


def unknown_settings(
    names: t.Iterable[str], known: t.Iterable[str], extra: t.Iterable[str] = ()
) -> list[dict[str, str]]:
    """Return the names that Prefect would ignore, each with the nearest that it knows.

    :raises AnsibleFilterError: One of them is no name.
    """
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise AnsibleFilterError("unknown_settings: the input must be a list of names")
    taken = {item.upper() for item in known}
    allowed = taken | {item.upper() for item in extra}
    return [
        {"name": name, "nearest": nearest(name.upper(), taken)}
        for name in sorted(names)
        if name.upper().startswith(PREFIX) and not name.upper().startswith(INTERNAL) and name.upper() not in allowed
    ]


class FilterModule:
    """What Ansible asks a file of filters for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"unknown_settings": unknown_settings}
