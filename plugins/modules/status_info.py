#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell how the work of a Prefect server stands."""

from __future__ import annotations

DOCUMENTATION = r"""
module: status_info
short_description: Tell how the work of a Prefect server stands
version_added: 0.1.0
description:
  - Tells in one task whether the API is ready, which work pools there are, what waits in their queues, what is late, which workers
    are online, and how many flow runs are in which state.
  - An API that is not there, is starting or lacks its database is no failure, but is told by RV(reason).
  - Takes one request, and three for each work pool, and two more for each queue of a work pool where something waits.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
attributes:
  diff_mode:
    support: N/A
    details: This module changes nothing.
"""

EXAMPLES = r"""
- name: See how the work stands
  selfhosted.prefect.status_info:
    api_url: http://server:4200/api
  register: work

- name: Stop if something is late
  ansible.builtin.assert:
    that: work.flow_runs.LATE == 0
"""

RETURN = r"""
ready:
  description: Whether the API can be used. Without it, nothing but RV(reason), RV(message) and RV(api_url) is returned.
  returned: always
  type: bool
  sample: true
reason:
  description: V(ready), or why the API is not, as RV(selfhosted.prefect.server_info#module:reason).
  returned: always
  type: str
  sample: ready
message:
  description: The same in a sentence that names the URL.
  returned: success
  type: str
  sample: http://server:4200/api is ready, Prefect 3.8.8
api_url:
  description: The API's URL, without a trailing slash.
  returned: success
  type: str
  sample: http://server:4200/api
version:
  description: The version of Prefect.
  returned: when ready
  type: str
  sample: 3.8.8
pools:
  description: The work pools, sorted by name.
  returned: when ready
  type: list
  elements: dict
  contains:
    name:
      description: The work pool's name.
      type: str
    type:
      description: Its type.
      type: str
    is_paused:
      description: Whether it is paused.
      type: bool
    status:
      description: V(READY), V(NOT_READY) or V(PAUSED).
      type: str
    concurrency_limit:
      description: How many flow runs may be under way at once; none for no limit.
      type: int
    active:
      description: How many are under way.
      type: int
    depth:
      description: How many are due and wait for a worker.
      type: int
    late:
      description: How many of them the server calls late.
      type: int
    queues:
      description: Its queues by priority, with V(name), V(is_paused), V(status), V(priority), V(concurrency_limit), V(depth) and V(late).
      type: list
      elements: dict
    workers:
      description:
        - Its workers by name, with V(name), V(status), V(last_heartbeat_time), V(heartbeat_interval_seconds) and V(heartbeat_age),
          the age of the last heartbeat in seconds.
      type: list
      elements: dict
flow_runs:
  description: How many flow runs are in each type of state that they are expected to leave, and how many are V(LATE).
  returned: when ready
  type: dict
  sample:
    SCHEDULED: 12
    PENDING: 0
    RUNNING: 3
    PAUSED: 0
    CANCELLING: 0
    LATE: 1
ended:
  description: How many flow runs ended during the last hour, by the type of state they ended in.
  returned: when ready
  type: dict
  sample:
    COMPLETED: 41
    FAILED: 1
    CRASHED: 0
    CANCELLED: 0
unmarked:
  description:
    - How many flow runs are due for two minutes or more without being called late. More than none of them says that the server's
      background services do not run, although its API answers.
  returned: when ready
  type: int
  sample: 0
"""

import time

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._context import Context
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run
from ansible_collections.selfhosted.prefect.plugins.module_utils._operations import survey
from ansible_collections.selfhosted.prefect.plugins.module_utils._readiness import look, not_ready_error


def describe(context: Context) -> Json:
    """Return how the work stands.

    :raises PrefectError: The options are wrong, as the credentials may be.
    """
    client = context.client
    state = look(client)
    if state.final:
        raise not_ready_error(state, client)
    told = {
        "changed": False,
        "ready": state.ready,
        "reason": state.reason,
        "message": state.message,
        "api_url": client.api_url,
    }
    return {**told, "version": state.version, **survey(client, time.time())} if state.ready else told


def main() -> None:
    """Run the module."""
    run({}, describe)


if __name__ == "__main__":
    main()
