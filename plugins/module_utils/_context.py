# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module's work is given (private: not for use outside this collection)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client
from ansible_collections.selfhosted.prefect.plugins.module_utils._readiness import (
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
    """

    client: Client
    params: t.Mapping[str, t.Any]
    check_mode: bool

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
