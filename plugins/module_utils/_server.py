# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``server_info`` tells about a server (private: not for use outside this collection)."""

from __future__ import annotations

import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError
from ansible_collections.selfhosted.prefect.plugins.module_utils._readiness import (
    look,
    not_ready_error,
    wait_until_ready,
)

_SETTINGS: t.Tuple[t.Tuple[str, t.Tuple[str, ...]], ...] = (
    ("api_base_path", ("server", "api", "base_path")),
    ("csrf_protection_enabled", ("server", "api", "csrf_protection_enabled")),
    ("analytics_enabled", ("server", "analytics_enabled")),
    ("metrics_enabled", ("server", "metrics_enabled")),
    ("logging_level", ("server", "logging_level")),
    ("ui_enabled", ("server", "ui", "enabled")),
    ("ui_api_url", ("server", "ui", "api_url")),
    ("ui_serve_base", ("server", "ui", "serve_base")),
    ("ui_url", ("ui_url",)),
    ("database_driver", ("server", "database", "driver")),
    ("database_host", ("server", "database", "host")),
    ("database_name", ("server", "database", "name")),
    ("database_migrate_on_start", ("server", "database", "migrate_on_start")),
    ("events_retention_period", ("server", "events", "retention_period")),
    ("messaging_broker", ("server", "events", "messaging_broker")),
)


def describe(client: Client, wait: bool, wait_timeout: int) -> Json:
    """Return readiness, version and useful settings of a server.

    :param wait: Whether to wait until it is ready.
    :param wait_timeout: Seconds to wait at most.
    :raises PrefectError: Waiting cannot help, or the time is over.
    """
    state = wait_until_ready(client, wait_timeout) if wait else look(client)
    if state.final:
        raise not_ready_error(state, client)
    return {
        "ready": state.ready,
        "reason": state.reason,
        "message": state.message,
        "version": state.version,
        "api_url": client.api_url,
        "settings": _settings(client) if state.ready else {},
    }


def _settings(client: Client) -> Json:
    """Pick what is useful and no secret; a setting that a release does not have is none.

    A proxy may keep the settings to itself and leave everything else open: then there are none to tell.
    """
    try:
        document: Json = client.get("/admin/settings")
    except ApiError as exc:
        if exc.status not in (403, 404):
            raise
        return {}
    picked: Json = {name: _dig(document, path) for name, path in _SETTINGS}
    picked["auth_enabled"] = _dig(document, ("server", "api", "auth_string")) is not None
    return picked


def _dig(document: t.Any, path: t.Tuple[str, ...]) -> t.Any:
    for key in path:
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document
