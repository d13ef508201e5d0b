#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about work queues."""

from __future__ import annotations

DOCUMENTATION = r"""
module: work_queue_info
short_description: Tell about Prefect work queues
version_added: 0.1.0
description:
  - Returns one work queue, those of a work pool, or all of them.
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
  work_pool:
    description:
      - Name of a work pool. Without it, work queues of all work pools are returned.
    type: str
  name:
    description:
      - Name of a work queue. Without it, all work queues are returned.
    type: str
seealso:
  - module: selfhosted.prefect.work_queue
"""

EXAMPLES = r"""
- name: Get all work queues of a work pool
  selfhosted.prefect.work_queue_info:
    api_url: http://server:4200/api
    work_pool: docker-pool
  register: found

- name: Show them in the order of their priorities
  ansible.builtin.debug:
    msg: "{{ found.work_queues | sort(attribute='priority') | map(attribute='name') }}"
"""

RETURN = r"""
work_queues:
  description: The work queues as the API returns them; empty if there is none.
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
      description: The work queue's name.
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
    priority:
      description: Its priority; the lowest number comes first.
      type: int
    work_pool_id:
      description: The work pool's ID.
      type: str
    work_pool_name:
      description: The work pool's name.
      type: str
    status:
      description: V(READY) with a worker that looked into it a moment ago, else V(NOT_READY), or V(PAUSED).
      type: str
    last_polled:
      description: When a worker last looked into it.
      type: str
    active_slots:
      description: How many of its flow runs run; none if that is not limited.
      type: int
    filter:
      description: Not used any more by Prefect 3.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import WORK_QUEUE
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(WORK_QUEUE)


if __name__ == "__main__":
    main()
