#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about flow runs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: flow_run_info
short_description: Tell about Prefect flow runs
version_added: 0.1.0
description:
  - Returns flow runs, the newest first, which is by the time they began or are to begin.
  - Reads them in pages of 200, as many as O(limit) needs. Flow runs that begin or are made meanwhile may move another one
    from a page to the next, so that it is returned twice or not at all.
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
  id:
    description:
      - ID of one flow run.
    type: str
  deployment:
    description:
      - Only flow runs of this deployment, as the flow's and the deployment's name, such as V(nightly-report/production).
      - One that does not exist has none.
    type: str
  flow:
    description:
      - Only flow runs of the flow of this name.
    type: str
  state_types:
    description:
      - Only flow runs whose last state is of one of these types.
    type: list
    elements: str
    choices:
      - SCHEDULED
      - PENDING
      - RUNNING
      - PAUSED
      - CANCELLING
      - COMPLETED
      - FAILED
      - CRASHED
      - CANCELLED
  tags:
    description:
      - Only flow runs that have every one of these tags.
    type: list
    elements: str
  limit:
    description:
      - How many to return at most. V(0) returns all, which may be very many, as a server keeps them for ever by default.
    type: int
    default: 200
seealso:
  - module: selfhosted.prefect.flow_run
"""

EXAMPLES = r"""
- name: Get the last ten flow runs that did not end well
  selfhosted.prefect.flow_run_info:
    api_url: http://server:4200/api
    state_types:
      - FAILED
      - CRASHED
    limit: 10
  register: found

- name: Show when they ended, and why
  ansible.builtin.debug:
    msg: "{{ item.name }} ended at {{ item.end_time }}: {{ item.state.message }}"
  loop: "{{ found.flow_runs }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
flow_runs:
  description: The flow runs as the API returns them; empty if there is none.
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
      description: The flow run's name.
      type: str
    flow_id:
      description: The flow's ID.
      type: str
    deployment_id:
      description: The deployment's ID.
      type: str
    deployment_version:
      description: The version its deployment had.
      type: str
    flow_version:
      description: The version its flow had.
      type: str
    work_pool_id:
      description: The work pool's ID.
      type: str
    work_pool_name:
      description: The work pool it runs in.
      type: str
    work_queue_id:
      description: The work queue's ID.
      type: str
    work_queue_name:
      description: The work queue it is taken from.
      type: str
    state_id:
      description: The ID of its last state.
      type: str
    state_type:
      description: The type of its last state, such as V(COMPLETED).
      type: str
    state_name:
      description: The name of its last state, such as V(Late).
      type: str
    state:
      description: Its last state, with C(message) and, where the result is kept, C(data).
      type: dict
    parameters:
      description: Its parameters.
      type: dict
    job_variables:
      description: Its job variables.
      type: dict
    tags:
      description: Its tags.
      type: list
      elements: str
    labels:
      description: Its labels.
      type: dict
    idempotency_key:
      description: The key that keeps it from being made twice.
      type: str
    context:
      description: Further values that its maker gave.
      type: dict
    empirical_policy:
      description: Its retries, as the server counts them.
      type: dict
    parent_task_run_id:
      description: The task run that called it, if it is a flow in a flow.
      type: str
    run_count:
      description: How often it began.
      type: int
    expected_start_time:
      description: When it was to begin.
      type: str
    next_scheduled_start_time:
      description: When it is to begin next.
      type: str
    start_time:
      description: When it began.
      type: str
    end_time:
      description: When it ended.
      type: str
    total_run_time:
      description: Seconds it ran.
      type: float
    estimated_run_time:
      description: Seconds it has run so far, if it runs.
      type: float
    estimated_start_time_delta:
      description: Seconds it began, or is to begin, late.
      type: float
    auto_scheduled:
      description: Whether a schedule made it.
      type: bool
    infrastructure_document_id:
      description: Not used any more by Prefect 3.
      type: str
    infrastructure_pid:
      description: What it runs in, as its worker names it; the container, for a worker of type docker.
      type: str
    created_by:
      description: Who made it.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._flow_run import STATE_TYPES, tell
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run, wait_spec


def main() -> None:
    """Run the module."""
    run(
        {
            "id": {"type": "str"},
            "deployment": {"type": "str"},
            "flow": {"type": "str"},
            "state_types": {"type": "list", "elements": "str", "choices": list(STATE_TYPES)},
            "tags": {"type": "list", "elements": "str"},
            "limit": {"type": "int", "default": 200},
            **wait_spec(),
        },
        tell,
    )


if __name__ == "__main__":
    main()
