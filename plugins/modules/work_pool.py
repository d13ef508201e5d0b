#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage a work pool."""

from __future__ import annotations

DOCUMENTATION = r"""
module: work_pool
short_description: Manage a Prefect work pool
version_added: 0.1.0
description:
  - Creates, changes or removes a work pool.
  - Options that are not set are left alone, and what the server or the first worker fills in is not a difference.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure. The result then
    tells what would happen on an empty server, and RV(reason) and RV(msg) say so.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
options:
  name:
    description:
      - Name of the work pool.
      - Must not hold any of V(/), V(%), V(&), V(>) and V(<), and must not begin with V(prefect) in any case, because Prefect
        reserves these names.
    type: str
    required: true
  type:
    description:
      - Type of the workers that serve the work pool, such as V(docker), V(process) or V(kubernetes).
      - Required to create a work pool. Prefect cannot change it later; another type than the work pool's is refused.
      - Must be known to the server, unless O(base_job_template) brings the template for a worker type of your own.
    type: str
  description:
    description:
      - What the work pool is for. An empty text removes the description.
    type: str
  paused:
    description:
      - Whether the work pool is paused. No flow run starts in a paused one.
    type: bool
  concurrency_limit:
    description:
      - How many flow runs of the work pool may run at once.
      - V(0) is a limit like any other, under which nothing runs. The word V(none) lifts the limit.
    type: str
  base_job_template:
    description:
      - The whole base job template, with the keys C(job_configuration) and C(variables).
      - An empty dictionary stands for the worker type's own template, which the first worker fills in; it never replaces
        a template that is there.
      - Mutually exclusive with O(job_variable_defaults).
    type: dict
  job_variable_defaults:
    description:
      - Defaults of job variables, merged over the work pool's template. For a new work pool this is the template
        the server knows for the worker type.
      - Each value replaces the whole default of its job variable. Job variables that are not named keep theirs.
      - To know the worker type's own template, a server asks the internet first, which can take it some seconds where
        there is none. This happens only while a work pool is created or has no template yet.
      - Mutually exclusive with O(base_job_template).
    type: dict
  state:
    description:
      - Whether the work pool is there.
      - Removing a work pool also removes its work queues and the records of its workers, and its deployments are left
        without a work pool.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.work_pool_info
"""

EXAMPLES = r"""
- name: Make a work pool whose flow runs join the server's network, as soon as the server is ready
  selfhosted.prefect.work_pool:
    api_url: http://server:4200/api
    name: docker-pool
    type: docker
    job_variable_defaults:
      networks:
        - prefect-internal
      image_pull_policy: IfNotPresent
    wait: true

- name: Let no more than four flow runs run at once
  selfhosted.prefect.work_pool:
    api_url: http://server:4200/api
    name: docker-pool
    concurrency_limit: 4

- name: Lift the limit
  selfhosted.prefect.work_pool:
    api_url: http://server:4200/api
    name: docker-pool
    concurrency_limit: none

- name: Remove the work pool
  selfhosted.prefect.work_pool:
    api_url: http://server:4200/api
    name: docker-pool
    state: absent
"""

RETURN = r"""
work_pool:
  description:
    - The work pool as the API returns it; in check mode, as it would be.
    - Empty if it is absent.
  returned: success
  type: dict
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
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The work pool before, by names of options; empty if there was none.
      type: dict
    after:
      description: The work pool after, by names of options; empty if there is none.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import WORK_POOL
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(WORK_POOL)


if __name__ == "__main__":
    main()
