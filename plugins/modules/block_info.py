#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about blocks."""

from __future__ import annotations

DOCUMENTATION = r"""
module: block_info
short_description: Tell about Prefect blocks
version_added: 0.1.0
description:
  - Returns blocks, with a mask in the place of each secret. The lookup P(selfhosted.prefect.block#lookup) returns secrets.
  - Blocks that Prefect made for itself are left out.
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
      - Slug of the block type whose blocks are returned. Without it, those of all block types.
    type: str
  name:
    description:
      - Name of the blocks to return. Each block type can have one of that name.
    type: str
  name_like:
    description:
      - Part of the name, in any case, of the blocks to return.
    type: str
  capabilities:
    description:
      - What the blocks to return can do, such as V(write-path); all of it.
    type: list
    elements: str
seealso:
  - module: selfhosted.prefect.block
  - plugin: selfhosted.prefect.block
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Get all blocks
  selfhosted.prefect.block_info:
    api_url: http://server:4200/api
  register: all

- name: Show their types and names
  ansible.builtin.debug:
    msg: "{{ all.blocks | map(attribute='block_type.slug') | zip(all.blocks | map(attribute='name')) }}"

- name: Find those that can keep results
  selfhosted.prefect.block_info:
    api_url: http://server:4200/api
    capabilities:
      - write-path
"""

RETURN = r"""
blocks:
  description: The blocks as the API returns them, with secrets masked; empty if there is none.
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
    name:
      description: Its name.
      type: str
    data:
      description: What it holds, with a mask in the place of each secret, and with C($ref) where it holds another block.
      type: dict
    block_type_id:
      description: The ID of its block type.
      type: str
    block_type_name:
      description: The block type's display name.
      type: str
    block_type:
      description: The block type, with its C(slug) among others.
      type: dict
    block_schema_id:
      description: The ID of its schema.
      type: str
    block_schema:
      description: The schema, with its C(version), C(checksum), C(fields) and C(capabilities) among others.
      type: dict
    block_document_references:
      description: The blocks it holds, by the names of fields.
      type: dict
    is_anonymous:
      description: Whether Prefect made it for itself.
      type: bool
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import BLOCK
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(BLOCK)


if __name__ == "__main__":
    main()
