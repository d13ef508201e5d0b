#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage a block schema."""

from __future__ import annotations

DOCUMENTATION = r"""
module: block_schema
short_description: Manage a schema of a Prefect block type
version_added: 0.1.0
description:
  - Makes sure that a block type has a schema with certain fields, or that it has none with them. A schema describes what a
    block holds, and which of it is secret.
  - A schema never changes. Declaring other fields adds a schema beside the earlier ones; new blocks then use the newest,
    and those that are there keep theirs until M(selfhosted.prefect.block) gives them another.
  - Prefect's Python package registers the schemas of your own code with C(prefect block register). This module is for
    block types that no Python code describes.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure. The result then
    tells what would happen on an empty server, and RV(reason) and RV(msg) say so.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
options:
  block_type:
    description:
      - Slug of the block type. It must exist.
    type: str
    required: true
  version:
    description:
      - Version of the schema, in any form. Without it, V(non-versioned).
    type: str
  fields:
    description:
      - The JSON schema of what a block holds, an object with C(title), C(properties) and C(required). C(definitions) hold what
        it refers to as V(#/definitions/NAME).
      - C(secret_fields) lists the names of the fields that the server masks, those inside others with dots, and all inside
        one as V(name.*). Without it, these are the fields whose format is C(password).
      - A field that holds another block is described in C(block_schema_references) by its C(block_type_slug) and
        C(block_schema_checksum).
      - C(block_type_slug) is set to the block type, so that two types with equal fields do not share one schema.
      - Needed, unless O(checksum) says which schema is meant.
    type: dict
  capabilities:
    description:
      - What blocks with the schema can do, such as V(read-path), V(write-path), V(get-directory), V(put-directory) and
        V(notify), by which Prefect finds those that fit.
      - Prefect does not tell two schemas apart by their capabilities, nor by C(secret_fields) in O(fields). Where these
        differ from those of a schema with the same fields and version, that is refused; give another O(version).
    type: list
    elements: str
  checksum:
    description:
      - The checksum of the fields as the server computes it, such as V(sha256:1f2e…), to name a schema without its fields.
      - It follows from O(fields) and is not needed beside it.
    type: str
  state:
    description:
      - Whether the schema is there.
      - Removing a schema also removes B(the blocks that use it), with their secrets. If one of them is the default result
        storage, that is cleared.
      - Schemas of the block types that Prefect protects cannot be removed; that is refused.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.block_schema_info
  - module: selfhosted.prefect.block_type
  - module: selfhosted.prefect.block
"""

EXAMPLES = r"""
- name: Make a block type of our own
  selfhosted.prefect.block_type:
    api_url: http://server:4200/api
    slug: ticket-api
    name: Ticket API

- name: Describe what a block of the type holds
  selfhosted.prefect.block_schema:
    api_url: http://server:4200/api
    block_type: ticket-api
    version: "1.0"
    fields:
      title: TicketApi
      type: object
      required:
        - url
        - token
      properties:
        url:
          type: string
          title: URL
        token:
          type: string
          title: Token
          format: password
        timeout:
          type: integer
          default: 30
      secret_fields:
        - token
  register: made

- name: Remove the schema, and with it the blocks that use it
  selfhosted.prefect.block_schema:
    api_url: http://server:4200/api
    block_type: ticket-api
    version: "1.0"
    checksum: "{{ made.block_schema.checksum }}"
    state: absent
"""

RETURN = r"""
block_schema:
  description:
    - The block schema as the API returns it; in check mode, as it would be.
    - Empty if it is absent.
  returned: success
  type: dict
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
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The block schema before, by names of options; empty if there was none.
      type: dict
    after:
      description: The block schema after, by names of options; empty if there is none.
      type: dict
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
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(BLOCK_SCHEMA)


if __name__ == "__main__":
    main()
