#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage a block type."""

from __future__ import annotations

DOCUMENTATION = r"""
module: block_type
short_description: Manage a Prefect block type
version_added: 0.1.0
description:
  - Creates, changes or removes a block type, which is a family of blocks such as V(slack-webhook). What a block of a type
    holds is described by its schemas, see M(selfhosted.prefect.block_schema).
  - Prefect registers many block types by itself, and its Python package registers those of your own code with
    C(prefect block register). This module is for those that no Python code describes, and for their texts and pictures.
  - Options that are not set are left alone.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure. The result then
    tells what would happen on an empty server, and RV(reason) and RV(msg) say so.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
options:
  slug:
    description:
      - Name that schemas and blocks refer to the block type by, of lower-case letters, digits and dashes.
    type: str
    required: true
  name:
    description:
      - Name that the user interface shows. It must not begin with C(Prefect), which is reserved, nor hold any of V(/), V(%),
        V(&), V(>) and V(<).
      - Required to create a block type. Prefect cannot change it later; another name than the block type's is refused.
    type: str
  description:
    description:
      - What the blocks are for, in Markdown. An empty text removes it.
    type: str
  code_example:
    description:
      - Example of their use, in Markdown. An empty text removes it.
    type: str
  logo_url:
    description:
      - Where the user interface finds a picture. An empty text removes it.
    type: str
  documentation_url:
    description:
      - Where the block type is documented. An empty text removes it.
    type: str
  state:
    description:
      - Whether the block type is there.
      - Removing a block type also removes its schemas and B(all blocks of the type), with their secrets. If one of them is
        the default result storage, that is cleared.
      - V(local-file-system), V(secret) and V(webhook) are protected by Prefect and cannot be removed; that is refused.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.block_type_info
  - module: selfhosted.prefect.block_schema
  - module: selfhosted.prefect.block
"""

EXAMPLES = r"""
- name: Make a block type of our own
  selfhosted.prefect.block_type:
    api_url: http://server:4200/api
    slug: ticket-system
    name: Ticket system
    description: Where a flow opens tickets.
    documentation_url: https://wiki.example.org/tickets

- name: Remove its description
  selfhosted.prefect.block_type:
    api_url: http://server:4200/api
    slug: ticket-system
    description: ""

- name: Remove the block type, and with it its schemas and blocks
  selfhosted.prefect.block_type:
    api_url: http://server:4200/api
    slug: ticket-system
    state: absent
"""

RETURN = r"""
block_type:
  description:
    - The block type as the API returns it; in check mode, as it would be.
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
    slug:
      description: The name that schemas and blocks refer to it by.
      type: str
    name:
      description: Its display name.
      type: str
    description:
      description: Its description; the server writes C(<), C(>) and C(&) in it as HTML does.
      type: str
    code_example:
      description: An example of its use.
      type: str
    logo_url:
      description: Where its picture is.
      type: str
    documentation_url:
      description: Where it is documented.
      type: str
    is_protected:
      description: Whether Prefect needs it itself and does not remove it.
      type: bool
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The block type before, by names of options; empty if there was none.
      type: dict
    after:
      description: The block type after, by names of options; empty if there is none.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import BLOCK_TYPE
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(BLOCK_TYPE)


if __name__ == "__main__":
    main()
