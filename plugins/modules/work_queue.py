#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage a work queue."""

from __future__ import annotations

DOCUMENTATION = r"""
module: work_queue
short_description: Manage a Prefect work queue
version_added: 0.1.0
description:
  - Creates, changes or removes a work queue of a work pool.
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
  work_pool:
    description:
      - Name of the work pool. It must exist.
    type: str
    required: true
  name:
    description:
      - Name of the work queue. It must not hold a line break nor any of V(/), V(%), V(&), V(>) and V(<).
      - Each work pool has a work queue V(default), which Prefect makes and does not remove.
    type: str
    required: true
  description:
    description:
      - What the work queue is for. An empty text removes the description.
    type: str
  paused:
    description:
      - Whether the work queue is paused. No flow run is taken from a paused one.
    type: bool
  concurrency_limit:
    description:
      - How many flow runs of the work queue may run at once.
      - V(0) is a limit like any other, under which nothing runs. The word V(none) lifts the limit.
    type: str
  priority:
    description:
      - Which of a work pool's queues comes first; V(1) is the highest priority. Without it, a new work queue gets the
        first number that is free.
      - No two work queues of a work pool have one priority. The server gives a work queue that stands in the way, and
        those behind it where they stand close, the next numbers, without being asked.
      - To give several work queues of a work pool their priorities with this module, declare them in the order of these,
        beginning with V(1). What one then moves is put right by a later one, and the second run changes nothing. In
        another order that can take several runs. A work queue V(default) that is not declared moves out of the way.
    type: int
  state:
    description:
      - Whether the work queue is there.
      - A work pool's V(default) queue cannot be removed; that is refused.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.work_queue_info
"""

EXAMPLES = r"""
- name: Make a work pool with a queue that comes before its own
  selfhosted.prefect.work_pool:
    api_url: http://server:4200/api
    name: docker-pool
    type: docker

- name: Put urgent work first
  selfhosted.prefect.work_queue:
    api_url: http://server:4200/api
    work_pool: docker-pool
    name: urgent
    priority: 1
    description: Goes before everything else

- name: Let no more than two reports be made at once
  selfhosted.prefect.work_queue:
    api_url: http://server:4200/api
    work_pool: docker-pool
    name: reports
    priority: 2
    concurrency_limit: 2

- name: Pause a work queue
  selfhosted.prefect.work_queue:
    api_url: http://server:4200/api
    work_pool: docker-pool
    name: reports
    paused: true

- name: Remove it
  selfhosted.prefect.work_queue:
    api_url: http://server:4200/api
    work_pool: docker-pool
    name: reports
    state: absent
"""

RETURN = r"""
work_queue:
  description:
    - The work queue as the API returns it; in check mode, as it would be.
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
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The work queue before, by names of options; empty if there was none.
      type: dict
    after:
      description: The work queue after, by names of options; empty if there is none.
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
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(WORK_QUEUE)


if __name__ == "__main__":
    main()
