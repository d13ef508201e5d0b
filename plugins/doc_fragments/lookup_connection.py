# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that say where the Prefect API is, and how to be let in, as seen from the controller."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that say where the Prefect API is, and how to be let in, as seen from the controller."""

    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Base URL of the Prefect API as the controller reaches it, usually ending with V(/api), such as
        V(http://server:4200/api).
      - Redirects are not followed, because that would carry credentials to another place.
    type: str
    required: true
    env:
      - name: PREFECT_API_URL
    vars:
      - name: prefect_api_url
  api_auth_string:
    description:
      - User and password for basic authentication, as V(user:password), exactly as in the server's
        E(PREFECT_SERVER_API_AUTH_STRING).
      - If neither this nor O(api_key) is set, the environment variables E(PREFECT_API_KEY) and
        E(PREFECT_API_AUTH_STRING) of the controller are used. As in Prefect itself, the key goes before the string.
    type: str
    vars:
      - name: prefect_api_auth_string
  api_key:
    description:
      - Key sent as a bearer token, for an API behind a proxy that asks for one.
      - It goes before O(api_auth_string).
    type: str
    vars:
      - name: prefect_api_key
  custom_headers:
    description:
      - Further headers sent with each request, such as the tokens of an authenticating proxy.
    type: dict
    vars:
      - name: prefect_api_custom_headers
  ca_path:
    description:
      - Path on the controller of a PEM file with the certificate authorities to trust instead of the system's.
    type: path
    vars:
      - name: prefect_api_ca_path
  validate_certs:
    description:
      - Whether the server's TLS certificate must be trusted.
    type: bool
    default: true
    vars:
      - name: prefect_api_validate_certs
  timeout:
    description:
      - Seconds to wait for each answer of the API.
    type: int
    default: 30
  retries:
    description:
      - How often a request is sent again when that can help.
    type: int
    default: 3
  default:
    description:
      - What to return for one that does not exist. Without it, that is an error.
    type: raw
notes:
  - Lookups run on the controller, not on the target. The controller must reach the API.
  - The lookup needs nothing but Python.
  - What is looked up is not kept from one use to the next; each use asks the server. Put it into a variable of a task
    with C(vars), or into a fact, where it is used often.
"""
