# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that say where the Prefect API is and how to be let in."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that say where the Prefect API is and how to be let in."""

    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Base URL of the Prefect API, usually ending with V(/api), such as V(http://server:4200/api).
      - If not set, the environment variable E(PREFECT_API_URL) of the target is used.
      - Redirects are not followed, because that would carry credentials to another place.
    type: str
    required: true
  api_auth_string:
    description:
      - User and password for basic authentication, as V(user:password), exactly as in the server's
        E(PREFECT_SERVER_API_AUTH_STRING).
      - If neither this nor O(api_key) is set, the environment variables E(PREFECT_API_KEY) and
        E(PREFECT_API_AUTH_STRING) of the target are used. As in Prefect itself, the key goes before the string.
      - Mutually exclusive with O(api_key).
    type: str
  api_key:
    description:
      - Key sent as a bearer token, for an API behind a proxy that asks for one.
      - If neither this nor O(api_auth_string) is set, the environment variables E(PREFECT_API_KEY) and
        E(PREFECT_API_AUTH_STRING) of the target are used. As in Prefect itself, the key goes before the string.
      - Mutually exclusive with O(api_auth_string).
    type: str
  custom_headers:
    description:
      - Further headers sent with each request, such as the tokens of an authenticating proxy.
      - Headers the collection sets itself cannot be replaced.
    type: dict
  ca_path:
    description:
      - Path on the target of a PEM file with the certificate authorities to trust instead of the system's.
    type: path
  validate_certs:
    description:
      - Whether the server's TLS certificate must be trusted.
    type: bool
    default: true
  timeout:
    description:
      - Seconds to wait for each answer of the API.
    type: int
    default: 30
  retries:
    description:
      - How often a request is sent again when that can help, which is after a connection that was closed before the
        answer was complete, and after the statuses 429, 502, 503 and 504.
      - A C(Retry-After) of the server is honoured, up to 30 seconds.
    type: int
    default: 3
notes:
  - The module needs nothing but Python on the target.
  - Proxies named by the environment of the target, such as E(HTTPS_PROXY) and E(NO_PROXY), are used.
"""
