#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about block types."""

from __future__ import annotations

DOCUMENTATION = r"""
module: block_type_info
short_description: Tell about Prefect block types
version_added: 0.1.0
description:
  - Returns one block type, or all of them, those that Prefect registers by itself among them.
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
  slug:
    description:
      - Name of one block type. Without it, all are returned.
    type: str
  name_like:
    description:
      - Part of the display name, in any case, of the block types to return.
    type: str
seealso:
  - module: selfhosted.prefect.block_type
"""

EXAMPLES = r"""
- name: Get all block types
  selfhosted.prefect.block_type_info:
    api_url: http://server:4200/api
  register: types

- name: Show what there is a block for
  ansible.builtin.debug:
    msg: "{{ types.block_types | map(attribute='slug') }}"
"""

RETURN = r"""
block_types:
  description: The block types as the API returns them; empty if there is none.
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
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(BLOCK_TYPE)


if __name__ == "__main__":
    main()
