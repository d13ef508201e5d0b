# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about the default result storage (private: not for use outside this collection).

There is one a server, from Prefect 3.7 on. An older server holds none, and cannot be given one.
"""

from __future__ import annotations

import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import (
    InputError,
    NotPrefectError,
    PrefectError,
)

if t.TYPE_CHECKING:
    from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
    from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Key

FIRST = (3, 7)
"""The first version that has it."""

_PATH = "/admin/storage"
_ID = "default_result_storage_block_id"
_CAPABILITY = "write-path"
"""What the server asks of the block's schema."""


def load(directory: Directory, keys: t.Optional[t.Sequence[Key]]) -> t.List[Json]:
    """Return the default result storage, if one is set."""
    try:
        found = directory.client.find(_PATH)
    except NotPrefectError:
        # So answers a server without the route, and one that is none.
        if directory.version() >= FIRST:
            raise
        return []
    return [found] if found and found.get(_ID) else []


def prepare(directory: Directory, documents: t.Sequence[Json]) -> None:
    """Read the block that is the storage."""
    directory.load_ids("block", [str(document[_ID]) for document in documents if document.get(_ID)])


def resolve(directory: Directory, current: t.Optional[Json], desired: Json) -> Json:
    """Refuse what the server would refuse."""
    if directory.version() < FIRST:
        number = ".".join(str(part) for part in directory.version())
        raise PrefectError(
            f"The server is Prefect {number}, which has no default result storage. It came with Prefect 3.7. A newer"
            " server has it; until then, set the storage in each deployment"
        )
    name = desired.get("block")
    held = None if name is None else directory.find("block", directory.key("block", name))
    if held is not None and _CAPABILITY not in ((held.get("block_schema") or {}).get("capabilities") or ()):
        raise InputError(
            f"must name a block that results can be written to, such as one of the type local-file-system or s3-bucket,"
            f" but the block {name!r} does not have the capability {_CAPABILITY}",
            "block",
        )
    return desired


def create(directory: Directory, desired: Json, body: Json) -> Json:
    """Set the storage."""
    made: Json = directory.client.update(_PATH, body, "PUT")
    return made


def update(directory: Directory, document: Json, after: Json, changes: Json) -> None:
    """Set another storage."""
    body = {_ID: directory.id_of("block", changes["block"], "block")}
    directory.client.update(_PATH, body, "PUT")
