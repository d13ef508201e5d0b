# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done with one object (private: not for use outside this collection)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Key, Kind

CREATE, UPDATE, DELETE, NOTHING = "create", "update", "delete", "nothing"


@dataclass(frozen=True)
class Plan:
    """What is to be done with one object.

    :param kind: Its kind.
    :param key: Its key.
    :param action: ``create``, ``update``, ``delete`` or ``nothing``.
    :param document: The API object as it is, or None.
    :param before: The same by options; empty if there is none.
    :param desired: What is declared, completed; empty for one that is to be absent.
    :param changes: Those of the declared values that differ.
    :param after: What will be there, by options; empty if nothing will.
    """

    kind: Kind
    key: Key
    action: str
    document: t.Optional[Json]
    before: Json
    desired: Json
    changes: Json
    after: Json
