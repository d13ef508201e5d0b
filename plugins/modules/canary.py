#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Run a small flow through a work pool."""

from __future__ import annotations

DOCUMENTATION = r"""
module: canary
short_description: Run a small flow through a Prefect work pool and wait for its end
version_added: 0.1.0
description:
  - Proves that a work pool runs flows. Makes, or brings up to date, the flow C(selfhosted-canary) and a deployment
    named after the work pool, runs it once, and waits for its end.
  - The flow needs nothing in the image but Prefect and C(python3). Its source is written to a temporary directory by the
    deployment's own pull steps.
  - The flow run must be completed, and its log and its two task runs must be visible through the API, else the module
    fails and says what is usually wrong.
  - A flow run that does not end in time is cancelled.
  - Each run is kept in Prefect's history, so the module always reports a change. In check mode nothing is run.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
attributes:
  check_mode:
    details: In check mode nothing is run, so nothing is proven.
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Each run of the module is a flow run.
options:
  work_pool:
    description:
      - Name of the work pool. It must exist.
    type: str
    required: true
  work_queue:
    description:
      - Name of the work queue. Without it, the work pool's default queue is used.
      - A work queue that does not exist is made by the server.
    type: str
  job_variables:
    description:
      - Job variables of this flow run, over the defaults of the work pool.
    type: dict
    default: {}
  wait_timeout:
    description:
      - Seconds the flow run may take from its creation to its end. A worker looks for work every 10 seconds.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: See that the work pool runs flows
  selfhosted.prefect.canary:
    api_url: http://server:4200/api
    work_pool: docker-pool
  register: canary

- name: Show how long the flow took
  ansible.builtin.debug:
    msg: "{{ canary.flow_run.name }} took {{ canary.flow_run.total_run_time }} s"
"""

RETURN = r"""
flow_run:
  description: The flow run; empty in check mode.
  returned: when a flow run was made
  type: dict
  contains:
    id:
      description: The flow run's ID.
      type: str
    name:
      description: The flow run's name.
      type: str
    state_type:
      description: The type of its last state.
      type: str
      sample: COMPLETED
    state_name:
      description: The name of its last state.
      type: str
      sample: Completed
    message:
      description: The message of its last state.
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
    infrastructure_pid:
      description: What it ran in, as its worker names it; the container, for a worker of type docker.
      type: str
    work_pool:
      description: The work pool it ran in.
      type: str
    work_queue:
      description: The work queue it was taken from.
      type: str
logs:
  description: The messages that it logged, in their order.
  returned: when a flow run was made
  type: list
  elements: str
task_runs:
  description: Its task runs.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The task run's name.
      type: str
    state:
      description: The type of its state.
      type: str
      sample: COMPLETED
msg:
  description: In check mode, that nothing was run; on failure, the reason.
  returned: in check mode and on failure
  type: str
"""

from ansible_collections.selfhosted.prefect.plugins.module_utils._canary import describe
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run


def main() -> None:
    """Run the module."""
    run(
        {
            "work_pool": {"type": "str", "required": True},
            "work_queue": {"type": "str"},
            "job_variables": {"type": "dict", "default": {}},
            "wait_timeout": {"type": "int", "default": 120},
        },
        describe,
    )


if __name__ == "__main__":
    main()
