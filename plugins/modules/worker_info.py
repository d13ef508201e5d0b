#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about the workers of a work pool."""

from __future__ import annotations

DOCUMENTATION = r"""
module: worker_info
short_description: Tell about the workers of a Prefect work pool, or wait for them
version_added: 0.1.0
description:
  - Returns the workers of a work pool as the server knows them, and can wait until they are online.
  - A worker that died stays V(ONLINE) in the server's records for up to 90 seconds. To be sure of one that was just
    started or replaced, set O(heartbeat_after) to the moment of its start.
  - In check mode it does not wait, and neither an API that is not there nor a work pool that does not exist is a failure.
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
      - Name of the work pool. It must exist.
    type: str
    required: true
  names:
    description:
      - Names of the workers to wait for. Without any, one worker of any name is enough.
      - The result is not limited to them.
    type: list
    elements: str
    default: []
  heartbeat_after:
    description:
      - A moment that the last heartbeat of a worker must not lie before, for it to count as online while waiting.
      - An ISO 8601 time, such as the start time that C(docker inspect) prints, or seconds since the epoch. A time without
        a zone is taken as UTC.
      - The server dates heartbeats by its own clock.
    type: str
  wait:
    description:
      - Whether to wait until the API is ready, and then until every worker in O(names) is online.
      - Wrong credentials, an untrusted certificate and anything that is not Prefect fail at once, and so does a work pool
        that does not exist.
      - Nothing is waited for in check mode.
  wait_timeout:
    description:
      - Seconds to wait at most, for the API and for the workers together.
"""

EXAMPLES = r"""
- name: Wait until the two workers that were just started are online
  selfhosted.prefect.worker_info:
    api_url: http://server:4200/api
    work_pool: docker-pool
    names:
      - worker-1
      - worker-2
    heartbeat_after: "{{ started.container.State.StartedAt }}"
    wait: true
"""

RETURN = r"""
workers:
  description: The workers of the work pool, sorted by name.
  returned: success; on failure when waiting for workers took too long
  type: list
  elements: dict
  contains:
    id:
      description: The record's ID.
      type: str
    name:
      description: The worker's name.
      type: str
    status:
      description: V(ONLINE) or V(OFFLINE).
      type: str
    last_heartbeat_time:
      description: When the server last heard from it.
      type: str
    heartbeat_interval_seconds:
      description: How often it promises to be heard.
      type: int
    work_pool_id:
      description: The work pool's ID.
      type: str
    created:
      description: When it was first heard of.
      type: str
    updated:
      description: When its record last changed.
      type: str
missing:
  description: For each worker that is not as wanted, its name and what is wrong with it.
  returned: always
  type: list
  elements: str
  sample:
    - "worker-2: OFFLINE, last heartbeat 2026-01-31T12:00:00.000000Z"
reason:
  description: Why the API cannot be used yet, as RV(selfhosted.prefect.server_info#module:reason).
  returned: in check mode, when the API is not there yet; when waiting for the API failed
  type: str
  sample: refused
msg:
  description: The same in a sentence.
  returned: in check mode, when the API is not there yet; on failure
  type: str
"""

from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run, wait_spec
from ansible_collections.selfhosted.prefect.plugins.module_utils._workers import describe


def main() -> None:
    """Run the module."""
    run(
        {
            "work_pool": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "default": []},
            "heartbeat_after": {"type": "str"},
            **wait_spec(),
        },
        describe,
    )


if __name__ == "__main__":
    main()
