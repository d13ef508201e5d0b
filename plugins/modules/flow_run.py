#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Run a deployment."""

from __future__ import annotations

DOCUMENTATION = r"""
module: flow_run
short_description: Run a Prefect deployment, and wait for its end
version_added: 0.1.0
description:
  - Makes a flow run of a deployment, waits for its end unless told otherwise, and returns its state, its logs and where
    its result is kept.
  - Fails where the flow run failed, crashed or was cancelled, unless O(fail_on) says otherwise.
  - Each run is kept in Prefect's history, so the module reports a change. Only with an O(idempotency_key) that was used
    before, it makes no flow run and returns, and waits for, the one that is there.
  - In check mode nothing is run. A deployment that does not exist yet and an API that is not there yet are then no
    failure.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
attributes:
  check_mode:
    details: In check mode nothing is run, and RV(msg) says what would be.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details: Only with O(idempotency_key).
options:
  deployment:
    description:
      - The deployment, as the flow's and the deployment's name, such as V(nightly-report/production).
    type: str
    required: true
  name:
    description:
      - Name of the flow run. Prefect makes one up where there is none.
    type: str
  parameters:
    description:
      - Parameters of the flow, over those of the deployment.
    type: dict
  job_variables:
    description:
      - Job variables of this flow run, over those of the deployment and the defaults of the work pool.
    type: dict
  tags:
    description:
      - Tags of the flow run beside those of the deployment.
    type: list
    elements: str
  work_queue:
    description:
      - Name of the work queue. Without it, that of the deployment is used.
      - A work queue that does not exist is made by the server.
    type: str
  idempotency_key:
    description:
      - A text that stands for this flow run among those of the flow. Where a flow run with it is there, none is made.
    type: str
  scheduled_time:
    description:
      - When the flow run is to begin; at once by default.
      - An ISO 8601 time, or seconds since the epoch. A time without a zone is taken as UTC.
    type: str
  wait_for_end:
    description:
      - Whether to wait until the flow run has ended.
      - A paused or suspended flow run is waited for, too, until somebody resumes it. To fail instead, name V(PAUSED) in
        O(fail_on).
      - A server that restarts meanwhile is no failure.
    type: bool
    default: true
  end_timeout:
    description:
      - Seconds to wait for the end at most. One that has not ended then is a failure, and goes on running.
      - A worker looks for work every 10 seconds.
    type: int
    default: 600
  cancel_on_timeout:
    description:
      - Whether to cancel a flow run that has not ended in time, or that is paused and must not be.
    type: bool
    default: false
  fail_on:
    description:
      - Types of state that are a failure. An empty list lets every end pass.
    type: list
    elements: str
    choices:
      - FAILED
      - CRASHED
      - CANCELLED
      - PAUSED
    default:
      - FAILED
      - CRASHED
      - CANCELLED
  log_lines:
    description:
      - How many of the last messages to return at most. V(0) returns none.
      - Messages of every level that was sent to the API are among them. A flow that logs a secret shows it here, too.
    type: int
    default: 200
seealso:
  - module: selfhosted.prefect.flow_run_info
  - module: selfhosted.prefect.deployment
  - module: selfhosted.prefect.canary
"""

EXAMPLES = r"""
- name: Make a work pool
  selfhosted.prefect.work_pool:
    api_url: http://server:4200/api
    name: docker-pool
    type: docker

- name: Make a deployment
  selfhosted.prefect.deployment:
    api_url: http://server:4200/api
    flow: nightly-report
    name: production
    work_pool: docker-pool
    entrypoint: reports.py:nightly

- name: Start a run and go on
  selfhosted.prefect.flow_run:
    api_url: http://server:4200/api
    deployment: nightly-report/production
    wait_for_end: false

- name: Have the report of one day made once, however often this is run
  selfhosted.prefect.flow_run:
    api_url: http://server:4200/api
    deployment: nightly-report/production
    idempotency_key: report-2026-01-31
    scheduled_time: "2036-02-01T04:00:00Z"
    wait_for_end: false

- name: Run it, wait, and fail when it fails
  selfhosted.prefect.flow_run:
    api_url: http://server:4200/api
    deployment: nightly-report/production
    parameters:
      day: "2026-01-31"
    end_timeout: 1800
  register: report

- name: Show what it logged last
  ansible.builtin.debug:
    msg: "{{ report.logs[-5:] }}"
"""

RETURN = r"""
flow_run:
  description: The flow run as the API returns it; empty in check mode where none is there.
  returned: when there is a flow run
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
result:
  description:
    - What the API tells of the result, which is where it is kept and how it was written, not the result itself.
    - None for a flow run whose result is not kept, which is Prefect's default.
  returned: when there is a flow run
  type: raw
  sample:
    storage_key: /root/.prefect/storage/6c1ae27b0a4c4a6e
logs:
  description: The last messages that it logged, in their order.
  returned: when there is a flow run
  type: list
  elements: str
reason:
  description: Why the API cannot be used yet, as RV(selfhosted.prefect.server_info#module:reason).
  returned: in check mode, when the API is not there yet; when waiting failed
  type: str
  sample: refused
msg:
  description: In check mode, that nothing was run; on failure, the reason and the last log lines.
  returned: in check mode and on failure
  type: str
"""

from ansible_collections.selfhosted.prefect.plugins.module_utils._flow_run import FAILURES, describe
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run, wait_spec


def main() -> None:
    """Run the module."""
    run(
        {
            "deployment": {"type": "str", "required": True},
            "name": {"type": "str"},
            "parameters": {"type": "dict"},
            "job_variables": {"type": "dict"},
            "tags": {"type": "list", "elements": "str"},
            "work_queue": {"type": "str"},
            "idempotency_key": {"type": "str", "no_log": False},
            "scheduled_time": {"type": "str"},
            "wait_for_end": {"type": "bool", "default": True},
            "end_timeout": {"type": "int", "default": 600},
            "cancel_on_timeout": {"type": "bool", "default": False},
            "fail_on": {
                "type": "list",
                "elements": "str",
                "choices": [*FAILURES, "PAUSED"],
                "default": list(FAILURES),
            },
            "log_lines": {"type": "int", "default": 200},
            **wait_spec(),
        },
        describe,
    )


if __name__ == "__main__":
    main()
