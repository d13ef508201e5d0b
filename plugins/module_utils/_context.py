# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module's work is given (private: not for use outside this collection)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import TransportError
from ansible_collections.selfhosted.prefect.plugins.module_utils._readiness import (
    ABSENT_REASONS,
    Readiness,
    look,
    not_ready_error,
    wait_until_ready,
)


@dataclass(frozen=True)
class Context:
    """What a module's work is given.

    :param client: The API; read-only in check mode.
    :param params: The module's options.
    :param check_mode: Whether nothing may be changed.
    :param diff: Whether the user asked for a diff.
    """

    client: Client
    params: t.Mapping[str, t.Any]
    check_mode: bool
    diff: bool = False

    def absent(self) -> t.Optional[Readiness]:
        """Wait as the options ask. In check mode, look once instead and return why the API cannot be used yet, if so.

        :raises PrefectError: Waiting cannot help, or the time is over.
        """
        if not self.params["wait"]:
            return None
        if not self.check_mode:
            wait_until_ready(self.client, self.params["wait_timeout"])
            return None
        state = look(self.client)
        if state.final:
            raise not_ready_error(state, self.client)
        return None if state.ready else state

    def reaching(self, work: t.Callable[[], Json], nowhere: t.Callable[[], Json]) -> Json:
        """Return what ``work`` returns. In check mode, where there is no API yet, what ``nowhere`` does, with the reason.

        :raises PrefectError: As ``work`` does.
        """
        absent = self.absent()
        if absent is not None:
            return {**nowhere(), **_not_there(absent.reason, absent.message)}
        try:
            return work()
        except TransportError as exc:
            if not self.check_mode or exc.kind not in ABSENT_REASONS:
                raise
            return {**nowhere(), **_not_there(exc.kind, exc.message)}


def _not_there(reason: str, message: str) -> Json:
    return {
        "reason": reason,
        "msg": f"The API is not there yet, so this is what would happen on an empty server. {message}",
    }
