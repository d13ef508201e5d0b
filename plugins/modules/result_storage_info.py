#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about the default result storage."""

from __future__ import annotations

DOCUMENTATION = r"""
module: result_storage_info
short_description: Tell about the default result storage of a Prefect server
version_added: 0.1.0
description:
  - Returns the block that flows keep their results in, where neither they nor their deployment name one.
  - There is one a server, from Prefect 3.7 on. An older server has none.
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
seealso:
  - module: selfhosted.prefect.result_storage
"""

EXAMPLES = r"""
- name: Get the default result storage
  selfhosted.prefect.result_storage_info:
    api_url: http://server:4200/api
  register: storage

- name: Say whether one is set
  ansible.builtin.debug:
    msg: "{{ 'set' if storage.result_storage else 'not set' }}"
"""

RETURN = r"""
result_storage:
  description: A list with the default result storage as the API returns it; empty if none is set.
  returned: success
  type: list
  elements: dict
  contains:
    default_result_storage_block_id:
      description: The ID of the block.
      type: str
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import RESULT_STORAGE
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(RESULT_STORAGE)


if __name__ == "__main__":
    main()
