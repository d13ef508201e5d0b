#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage the concurrency limit of a tag."""

from __future__ import annotations

DOCUMENTATION = r"""
module: task_run_concurrency_limit
short_description: Manage the Prefect concurrency limit of a tag
version_added: 0.1.0
description:
  - Creates, changes or removes the limit of how many task runs with a tag may run at once.
  - Frees slots that task runs still hold which died, as happens when a flow run's process or container is killed. The
    server's own reset leaves them taken.
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
  tag:
    description:
      - The tag of the task runs. It must not hold a line break nor any of V(/), V(%), V(&), V(>) and V(<); Prefect takes
        tags with these, but cannot limit them.
    type: str
    required: true
  limit:
    description:
      - How many task runs with the tag may run at once. Required to create a limit.
      - V(0) lets none run.
    type: int
  reset:
    description:
      - Whether to free all slots that are taken. The module reports a change when there were any.
      - A slot of a task run that is alive becomes free, too, and a further task run can begin beside it. So use it in a
        task of its own, when no such task runs.
      - A task run that waits for a slot takes one that became free within 30 seconds.
    type: bool
  state:
    description:
      - Whether the limit is there. Without a limit, every task run with the tag runs.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.task_run_concurrency_limit_info
"""

EXAMPLES = r"""
- name: Let no more than three tasks write to the database at once
  selfhosted.prefect.task_run_concurrency_limit:
    api_url: http://server:4200/api
    tag: database
    limit: 3

- name: Free the slots of task runs that died
  selfhosted.prefect.task_run_concurrency_limit:
    api_url: http://server:4200/api
    tag: database
    reset: true

- name: Remove the limit
  selfhosted.prefect.task_run_concurrency_limit:
    api_url: http://server:4200/api
    tag: database
    state: absent
"""

RETURN = r"""
task_run_concurrency_limit:
  description:
    - The limit as the API returns it; in check mode, as it would be.
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
    tag:
      description: The tag.
      type: str
    concurrency_limit:
      description: How many task runs may run at once.
      type: int
    active_slots:
      description: The IDs of the task runs known to hold a slot. A server that restarts forgets them, but not the slots.
      type: list
      elements: str
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The limit before, by names of options; empty if there was none.
      type: dict
    after:
      description: The limit after, by names of options; empty if there is none.
      type: dict
reason:
  description: Why the API cannot be used yet, as RV(selfhosted.prefect.server_info#module:reason).
  returned: in check mode, when the API is not there yet; when waiting failed
  type: str
  sample: refused
msg:
  description: The same in a sentence. With O(reset), how many slots were, or in check mode would be, freed.
  returned: in check mode, when the API is not there yet; when slots are freed; on failure
  type: str
"""

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import TASK_RUN_CONCURRENCY_LIMIT
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(TASK_RUN_CONCURRENCY_LIMIT)


if __name__ == "__main__":
    main()
