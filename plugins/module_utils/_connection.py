# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From connection options to a client (private: not for use outside this collection).

What modules on a target and lookups on the controller share.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import (
    Client,
    auth_headers,
    check_api_url,
    check_custom_headers,
)
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import KeptAliveTransport
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import check_least


def connect(params: t.Mapping[str, t.Any], read_only: bool) -> Client:
    """Make the client from the connection options.

    Credentials that come from the environment are among ``Client.secrets``.

    :raises PrefectError: An option is wrong.
    """
    auth_string, api_key = params["api_auth_string"], params["api_key"]
    taken: t.List[t.Optional[str]] = []
    if not auth_string and not api_key:
        api_key = os.environ.get("PREFECT_API_KEY")
        auth_string = os.environ.get("PREFECT_API_AUTH_STRING")
        taken = [api_key, auth_string]
    check_least(params, timeout=1, retries=0, wait_timeout=0)
    headers = auth_headers(auth_string, api_key)
    headers.update(check_custom_headers(params["custom_headers"] or {}, bool(headers)))
    client = Client(
        KeptAliveTransport(validate_certs=params["validate_certs"], ca_path=params["ca_path"]),
        check_api_url(params["api_url"]),
        headers=headers,
        timeout=params["timeout"],
        retries=params["retries"],
        read_only=read_only,
    )
    client.secrets.update(value for value in taken if value)
    return client
