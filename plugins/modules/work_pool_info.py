#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about work pools."""

from __future__ import annotations

DOCUMENTATION = r"""
module: work_pool_info
short_description: Tell about Prefect work pools
version_added: 0.1.0
description:
  - Returns one work pool, those of some types, or all of them.
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
  name:
    description:
      - Name of one work pool. Without it, all work pools are returned.
    type: str
  type:
    description:
      - Only work pools of these types, such as V(docker).
    type: list
    elements: str
seealso:
  - module: selfhosted.prefect.work_pool
"""

EXAMPLES = r"""
- name: Get all work pools
  selfhosted.prefect.work_pool_info:
    api_url: http://server:4200/api
  register: all

- name: Show which of them no worker serves
  ansible.builtin.debug:
    msg: "{{ all.work_pools | selectattr('status', 'eq', 'NOT_READY') | map(attribute='name') }}"
"""

RETURN = r"""
work_pools:
  description: The work pools as the API returns them; empty if O(name) does not exist.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The object's ID.
      type: str
    name:
      description: The work pool's name.
      type: str
    type:
      description: The type of its workers.
      type: str
    description:
      description: Its description.
      type: str
    is_paused:
      description: Whether it is paused.
      type: bool
    concurrency_limit:
      description: How many of its flow runs may run at once; none if that is not limited.
      type: int
    base_job_template:
      description: The document that says how a flow run becomes a process or container.
      type: dict
    status:
      description: V(READY) with a worker online, else V(NOT_READY), or V(PAUSED).
      type: str
    default_queue_id:
      description: The ID of its default work queue.
      type: str
    active_slots:
      description: How many of its flow runs run; none if that is not limited.
      type: int
    storage_configuration:
      description: Where Prefect keeps bundles of flows for it.
      type: dict
    created:
      description: When it was made.
      type: str
    updated:
      description: When it last changed.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import WORK_POOL
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(WORK_POOL)


if __name__ == "__main__":
    main()
