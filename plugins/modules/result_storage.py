#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage the default result storage."""

from __future__ import annotations

DOCUMENTATION = r"""
module: result_storage
short_description: Manage the default result storage of a Prefect server
version_added: 0.1.0
description:
  - Sets or clears the block that flows keep their results in, where neither they nor their deployment name one.
  - There is one a server, from Prefect 3.7 on. With an older server setting it is refused, and there is nothing to clear.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure. The result then
    tells what would happen on an empty server, and RV(reason) and RV(msg) say so.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
options:
  block:
    description:
      - The block, by its type's slug and its name, such as V(s3-bucket/results). It must exist, and its schema must have the
        capability C(write-path), as those of V(local-file-system), V(s3-bucket), V(gcs-bucket) and V(redis-database) have.
      - Required to set the storage.
    type: str
  state:
    description:
      - Whether there is a default result storage.
      - V(absent) clears it, whichever block it is. The block stays.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.result_storage_info
  - module: selfhosted.prefect.block
"""

EXAMPLES = r"""
- name: Make a block for results, in a folder that every worker sees
  selfhosted.prefect.block:
    api_url: http://server:4200/api
    block_type: local-file-system
    name: shared
    data:
      basepath: /srv/results

- name: Keep results there
  selfhosted.prefect.result_storage:
    api_url: http://server:4200/api
    block: local-file-system/shared

- name: Leave it to each flow again
  selfhosted.prefect.result_storage:
    api_url: http://server:4200/api
    state: absent
"""

RETURN = r"""
result_storage:
  description:
    - The default result storage as the API returns it; in check mode, as it would be.
    - Empty if it is absent.
  returned: success
  type: dict
  contains:
    default_result_storage_block_id:
      description: The ID of the block.
      type: str
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The default result storage before, by names of options; empty if there was none.
      type: dict
    after:
      description: The default result storage after, by names of options; empty if there is none.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import RESULT_STORAGE
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(RESULT_STORAGE)


if __name__ == "__main__":
    main()
