#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about block schemas."""

from __future__ import annotations

DOCUMENTATION = r"""
module: block_schema_info
short_description: Tell about the schemas of Prefect block types
version_added: 0.1.0
description:
  - Returns schemas of block types, those that Prefect registers by itself among them.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure. The result is then
    empty, and RV(reason) and RV(msg) say why.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
attributes:
  diff_mode:
    support: N/A
    details: This module changes nothing.
options:
  block_type:
    description:
      - Slug of the block type whose schemas are returned. Without it, those of all block types.
    type: str
  version:
    description:
      - Version of the schemas to return.
    type: str
  checksum:
    description:
      - Checksum of the schemas to return.
    type: str
  capabilities:
    description:
      - What blocks with the schemas to return can do; all of it.
    type: list
    elements: str
seealso:
  - module: selfhosted.prefect.block_schema
"""

EXAMPLES = r"""
- name: Get the schema of secrets
  selfhosted.prefect.block_schema_info:
    api_url: http://server:4200/api
    block_type: secret
  register: secret

- name: Show which of its fields the server masks
  ansible.builtin.debug:
    msg: "{{ secret.block_schemas | map(attribute='fields.secret_fields') }}"

- name: Find the block types whose blocks can keep results
  selfhosted.prefect.block_schema_info:
    api_url: http://server:4200/api
    capabilities:
      - write-path
"""

RETURN = r"""
block_schemas:
  description: The schemas as the API returns them; empty if there is none.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The object's ID.
      type: str
    created:
      description: When it was made.
      type: str
    updated:
      description: When it was last changed.
      type: str
    block_type_id:
      description: The ID of its block type.
      type: str
    block_type:
      description: The block type, with its C(slug) and C(name) among others.
      type: dict
    version:
      description: Its version.
      type: str
    checksum:
      description: The checksum of its fields, by which the server knows it.
      type: str
    fields:
      description: The JSON schema of what a block holds.
      type: dict
    capabilities:
      description: What blocks with the schema can do.
      type: list
      elements: str
reason:
  description: Why the API cannot be used yet, as RV(selfhosted.prefect.server_info#module:reason).
  returned: in check mode, when the API is not there yet; when waiting failed
  type: str
  sample: refused
msg:
  description: The same in a sentence.
  returned: in check mode, when the API is not there yet; on failure
  type: str
"""

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import BLOCK_SCHEMA
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(BLOCK_SCHEMA)


if __name__ == "__main__":
    main()
