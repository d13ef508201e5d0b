# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Look up the value of a variable."""

from __future__ import annotations

DOCUMENTATION = r"""
name: variable
short_description: Look up the value of a Prefect variable
version_added: 0.1.0
description:
  - Returns the values of variables of a Prefect server, of the type they have there.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.lookup_connection
options:
  _terms:
    description:
      - Names of variables.
    type: list
    elements: str
    required: true
seealso:
  - module: selfhosted.prefect.variable
"""

EXAMPLES = r"""
- name: Use a variable of the server
  ansible.builtin.debug:
    msg: "{{ lookup('selfhosted.prefect.variable', 'release', api_url='http://server:4200/api', default='none yet') }}"

- name: Use several, one by one
  ansible.builtin.debug:
    msg: "{{ query('selfhosted.prefect.variable', 'release', 'channel', default='none yet') }}"
  vars:
    prefect_api_url: http://server:4200/api
"""

RETURN = r"""
_raw:
  description: The value of each variable.
  type: list
  elements: raw
"""

import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._variable import parse_name
from ansible_collections.selfhosted.prefect.plugins.plugin_utils._lookup import ServerLookup


class LookupModule(ServerLookup):
    """Looks variables up."""

    label = "variable"

    def find(self, client: Client, term: str) -> Json | None:
        """Return a variable by its name."""
        return client.find(f"/variables/name/{quote(parse_name(term))}")

    def value(self, found: Json) -> t.Any:
        """Return its value."""
        return found.get("value")
