#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Remove records of workers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: worker
short_description: Remove records of Prefect workers
version_added: 0.1.0
description:
  - Removes the record of one worker, or of all those of a work pool that were not seen for some time.
  - A server keeps a record of each worker for ever, and a worker without a name of its own leaves one at each start.
  - Removing a record stops nothing. A worker that runs makes its record again with its next heartbeat, within 30 seconds
    by default, so one that is online is removed only with O(force).
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
options:
  work_pool:
    description:
      - Name of the work pool. One that does not exist has no workers.
    type: str
    required: true
  name:
    description:
      - Name of the worker. Required unless O(offline) is set.
    type: str
  offline:
    description:
      - Whether to remove every worker that was not seen for O(not_seen_for); with O(name), that one only if so.
    type: bool
    default: false
  not_seen_for:
    description:
      - How long ago the last heartbeat of a worker must be, by the server's clock, for O(offline) to remove it. Seconds,
        or a text such as V(90s), V(15m), V(12h), V(7d) or V(PT15M).
      - Three heartbeats must be missing in any case, which is what V(OFFLINE) means, so by default every worker that is
        offline is removed.
      - The server's own V(OFFLINE) is not asked for, because a server without background services never says it.
    type: str
    default: "0"
  force:
    description:
      - Whether to remove the record of O(name) even though it is V(ONLINE). A worker that was stopped a moment ago is
        listed V(ONLINE) for up to 90 seconds more.
    type: bool
    default: false
  state:
    description:
      - What is to be. Workers appear when they are started, so there is no other state.
    type: str
    choices:
      - absent
    required: true
seealso:
  - module: selfhosted.prefect.worker_info
"""

EXAMPLES = r"""
- name: Forget the workers that were not seen for a week
  selfhosted.prefect.worker:
    api_url: http://server:4200/api
    work_pool: docker-pool
    offline: true
    not_seen_for: 7d
    state: absent

- name: Forget a worker that was stopped just now
  selfhosted.prefect.worker:
    api_url: http://server:4200/api
    work_pool: docker-pool
    name: worker-2
    force: true
    state: absent
"""

RETURN = r"""
removed:
  description: The names of the workers whose records were, or in check mode would be, removed.
  returned: success
  type: list
  elements: str
  sample:
    - worker-2
diff:
  description: What changed, or in check mode would change.
  returned: success
  type: dict
  contains:
    before:
      description: Under C(workers), the names of the work pool's workers before.
      type: dict
    after:
      description: Under C(workers), the names of the work pool's workers after.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run, wait_spec
from ansible_collections.selfhosted.prefect.plugins.module_utils._workers import forget


def main() -> None:
    """Run the module."""
    run(
        {
            "work_pool": {"type": "str", "required": True},
            "name": {"type": "str"},
            "offline": {"type": "bool", "default": False},
            "not_seen_for": {"type": "str", "default": "0"},
            "force": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["absent"], "required": True},
            **wait_spec(),
        },
        forget,
    )


if __name__ == "__main__":
    main()
