#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about concurrency limits of tags."""

from __future__ import annotations

DOCUMENTATION = r"""
module: task_run_concurrency_limit_info
short_description: Tell about Prefect concurrency limits of tags
version_added: 0.1.0
description:
  - Returns the concurrency limit of one tag, or those of all tags, and who holds their slots.
  - Finds limits that the server's own listing leaves out behind 200 global limits.
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
  tag:
    description:
      - One tag. Without it, the limits of all tags are returned.
    type: str
seealso:
  - module: selfhosted.prefect.task_run_concurrency_limit
"""

EXAMPLES = r"""
- name: Get the limits of all tags
  selfhosted.prefect.task_run_concurrency_limit_info:
    api_url: http://server:4200/api
  register: found

- name: Show which of them are reached
  ansible.builtin.debug:
    msg: "{{ item.tag }}: {{ item.active_slots | length }} of {{ item.concurrency_limit }}"
  loop: "{{ found.task_run_concurrency_limits }}"
  loop_control:
    label: "{{ item.tag }}"
"""

RETURN = r"""
task_run_concurrency_limits:
  description: The limits as the API returns them; empty if there is none.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import TASK_RUN_CONCURRENCY_LIMIT
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(TASK_RUN_CONCURRENCY_LIMIT)


if __name__ == "__main__":
    main()
