# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Look up what a block holds."""

from __future__ import annotations

DOCUMENTATION = r"""
name: block
short_description: Look up what a Prefect block holds, its secrets in plain
version_added: 0.1.0
description:
  - Returns what blocks of a Prefect server hold, by the fields of their schemas. Blocks inside a block are dictionaries.
  - B(Secrets are returned in plain), because that is what the lookup is for. Give a task that uses one C(no_log), so that
    Ansible does not show it. M(selfhosted.prefect.block_info) returns masks instead.
  - Prefect Cloud gives nobody a stored secret; there, the mask is returned.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.lookup_connection
options:
  _terms:
    description:
      - Blocks, each by its type's slug and its name, such as V(secret/warehouse-password).
    type: list
    elements: str
    required: true
seealso:
  - module: selfhosted.prefect.block
  - module: selfhosted.prefect.block_info
"""

EXAMPLES = r"""
- name: Use a secret of the server
  ansible.builtin.set_fact:
    warehouse_password: "{{ (lookup('selfhosted.prefect.block', 'secret/warehouse-password', default={})).value | default('') }}"
  vars:
    prefect_api_url: http://server:4200/api
  no_log: true
"""

RETURN = r"""
_raw:
  description: What each block holds.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._block_type import parse_slug
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError
from ansible_collections.selfhosted.prefect.plugins.plugin_utils._lookup import ServerLookup


class LookupModule(ServerLookup):
    """Looks blocks up."""

    label = "block"

    def find(self, client: Client, term: str) -> Json | None:
        """Return a block by its type and name, with its secrets."""
        slug, slash, name = term.partition("/")
        if not slash:
            raise InputError(f"must name a block as type/name, but is {term!r}", "the term")
        place = f"/block_types/slug/{quote(parse_slug(slug))}/block_documents/name/{quote(parse_slug(name))}"
        return client.find(f"{place}?include_secrets=true")

    def value(self, found: Json) -> t.Any:
        """Return what it holds."""
        return found.get("data")
