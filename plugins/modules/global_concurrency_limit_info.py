#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about global concurrency limits."""

from __future__ import annotations

DOCUMENTATION = r"""
module: global_concurrency_limit_info
short_description: Tell about Prefect global concurrency limits
version_added: 0.1.0
description:
  - Returns one global concurrency limit, or all of them. Limits of tags and of deployments are not among them.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure. The result is
    then empty, and RV(reason) and RV(msg) say why.
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
  name:
    description:
      - Name of one limit. Without it, all global concurrency limits are returned.
    type: str
seealso:
  - module: selfhosted.prefect.global_concurrency_limit
"""

EXAMPLES = r"""
- name: Get all global concurrency limits
  selfhosted.prefect.global_concurrency_limit_info:
    api_url: http://server:4200/api
  register: found

- name: Show which of them are in use
  ansible.builtin.debug:
    msg: "{{ found.global_concurrency_limits | rejectattr('active_slots', 'eq', 0) | map(attribute='name') }}"
"""

RETURN = r"""
global_concurrency_limits:
  description: The global concurrency limits as the API returns them; empty if there is none.
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
      description: When it last changed.
      type: str
    name:
      description: The limit's name.
      type: str
    limit:
      description: How many slots there are.
      type: int
    active:
      description: Whether it limits.
      type: bool
    active_slots:
      description: How many slots are taken.
      type: int
    slot_decay_per_second:
      description: How many slots become free by themselves each second.
      type: float
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import GLOBAL_CONCURRENCY_LIMIT
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(GLOBAL_CONCURRENCY_LIMIT)


if __name__ == "__main__":
    main()
