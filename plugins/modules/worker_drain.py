#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Let workers finish before they are stopped."""

from __future__ import annotations

DOCUMENTATION = r"""
module: worker_drain
short_description: Let Prefect workers finish before they are stopped
version_added: 0.1.0
description:
  - A worker that is told to stop does not wait for its flow runs. One of type process takes them with it, and the server
    calls them C(RUNNING) for ever. One of type docker leaves those alone whose containers it has started, and loses those
    that it was about to start.
  - O(state=drained) pauses what hands work to some workers and waits until they have none, so that they can be stopped,
    O(state=stopped) tells the server what became of the flow runs of workers that were stopped all the same, and
    O(state=resumed) ends the pause.
  - A work pool is paused for all of its workers. Where several hosts drain workers of one work pool, let each resume it only
    when all are done, as the linear strategy does with tasks in the C(always) of a block.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
attributes:
  check_mode:
    details: In check mode nothing is waited for.
  diff_mode:
    support: none
options:
  state:
    description:
      - V(drained) pauses the work queues of O(workers), or the work pool of a worker that serves all of its queues, unless it
        is paused already, and waits until no flow run is active in a worker. It fails when O(drain_timeout) is over, unless
        O(force) is set, and never resumes what it paused.
      - V(stopped) sets the flow runs to C(CRASHED) that are still active in O(workers), and to C(CANCELLED) where that
        was asked for. The workers must have been stopped.
      - V(resumed) resumes O(held), as far as it is there and paused.
    type: str
    choices:
      - drained
      - stopped
      - resumed
    required: true
  workers:
    description:
      - The workers. A flow run is known to be a worker's by the label C(prefect.worker.name), and one that was taken a moment
        ago and has no label yet may be any worker's.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name of the worker in the API.
        type: str
        required: true
      work_pool:
        description:
          - Work pool that it serves.
        type: str
        required: true
      work_queues:
        description:
          - Work queues that it serves. Without any, it serves all of them.
        type: list
        elements: str
        default: []
      since:
        description:
          - When the worker's process began, as an ISO 8601 time or in seconds since the epoch. A flow run that came to its state
            before that ended with an earlier process of the worker, and is not waited for.
        type: str
      detached:
        description:
          - Whether flow runs have infrastructure of their own, as those of type docker have. Then only those are waited for
            that the worker was yet to start.
        type: bool
        default: false
  drain_timeout:
    description:
      - For O(state=drained), seconds to wait until no flow run is active. It takes three seconds in any case, in which a flow
        run becomes visible that a worker took just before the pause.
    type: int
    default: 300
  force:
    description:
      - For O(state=drained), whether flow runs that are still active when the time is over are no failure.
    type: bool
    default: false
  held:
    description:
      - For O(state=resumed), what to resume, as RV(held) had it.
    type: list
    elements: dict
    default: []
    suboptions:
      work_pool:
        description:
          - The work pool.
        type: str
        required: true
      work_queue:
        description:
          - The work queue. Without it, the work pool itself is meant.
        type: str
seealso:
  - module: selfhosted.prefect.worker
  - module: selfhosted.prefect.work_pool
"""

EXAMPLES = r"""
- name: Replace a worker without losing a flow run
  block:
    - name: Let the worker finish
      selfhosted.prefect.worker_drain:
        api_url: http://server:4200/api
        workers:
          - name: vps1-worker
            work_pool: etl
        drain_timeout: 600
        state: drained
      register: drain

    - name: Stop it
      community.docker.docker_container:
        name: worker
        state: stopped
  always:
    - name: Let the work pool hand out work again
      selfhosted.prefect.worker_drain:
        api_url: http://server:4200/api
        held: "{{ drain.held | default([]) }}"
        state: resumed

- name: Tell the server that nobody runs the flow runs of a worker that is gone
  selfhosted.prefect.worker_drain:
    api_url: http://server:4200/api
    workers:
      - name: vps1-worker
        work_pool: etl
    state: stopped
"""

RETURN = r"""
held:
  description: What was, or in check mode would be, paused or resumed.
  returned: with O(state=drained), also when it failed, and with O(state=resumed)
  type: list
  elements: dict
  sample:
    - work_pool: etl
      work_queue: null
paused_before:
  description: What had been paused by somebody else. It is not for this module to resume.
  returned: with O(state=drained), also when it failed
  type: list
  elements: dict
flow_runs:
  description: The flow runs that were waited for, or with O(state=stopped) those whose state was set.
  returned: with O(state=drained), also when it failed, and with O(state=stopped)
  type: list
  elements: dict
  contains:
    id:
      description: The flow run's ID.
      type: str
    name:
      description: The flow run's name.
      type: str
    state_type:
      description: The type of the state that it was seen in first.
      type: str
    state_name:
      description: The name of that state.
      type: str
    worker:
      description: The worker that took it.
      type: str
    work_pool:
      description: Its work pool.
      type: str
    work_queue:
      description: Its work queue.
      type: str
active:
  description: The flow runs that are still active.
  returned: with O(state=drained), also when it failed
  type: list
  elements: dict
left_behind:
  description: The flow runs that an earlier process of the workers left in an active state.
  returned: with O(state=drained), also when it failed
  type: list
  elements: dict
reason:
  description: Why the API cannot be used yet, as RV(selfhosted.prefect.server_info#module:reason).
  returned: in check mode, when the API is not there yet; when waiting failed
  type: str
  sample: refused
msg:
  description: What was found, in a sentence; on failure, the reason.
  returned: with O(state=drained), and on failure
  type: str
  sample: "Waited for 1 flow run: busy-otter (RUNNING)."
"""

from ansible_collections.selfhosted.prefect.plugins.module_utils._drain import describe
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run, wait_spec


def main() -> None:
    """Run the module."""
    worker = {
        "name": {"type": "str", "required": True},
        "work_pool": {"type": "str", "required": True},
        "work_queues": {"type": "list", "elements": "str", "default": []},
        "since": {"type": "str"},
        "detached": {"type": "bool", "default": False},
    }
    hold = {"work_pool": {"type": "str", "required": True}, "work_queue": {"type": "str"}}
    run(
        {
            "state": {"type": "str", "choices": ["drained", "stopped", "resumed"], "required": True},
            "workers": {"type": "list", "elements": "dict", "default": [], "options": worker},
            "drain_timeout": {"type": "int", "default": 300},
            "force": {"type": "bool", "default": False},
            "held": {"type": "list", "elements": "dict", "default": [], "options": hold},
            **wait_spec(),
        },
        describe,
    )


if __name__ == "__main__":
    main()
