#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage a global concurrency limit."""

from __future__ import annotations

DOCUMENTATION = r"""
module: global_concurrency_limit
short_description: Manage a Prefect global concurrency limit
version_added: 0.1.0
description:
  - Creates, changes or removes a global concurrency limit, whose slots flows and tasks take with C(concurrency) and
    C(rate_limit).
  - Prefect keeps the limits of tags and of deployments in the same place. They are not global limits here; the module
    M(selfhosted.prefect.task_run_concurrency_limit) manages those of tags.
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
  name:
    description:
      - Name of the limit. It must not hold a line break nor any of V(/), V(%), V(&), V(>) and V(<), and must not begin
        with V(tag:) or V(deployment:).
    type: str
    required: true
  limit:
    description:
      - How many slots there are. Required to create a limit.
    type: int
  active:
    description:
      - Whether the limit limits. Nothing waits for one that is not active.
      - A new limit is active unless this says otherwise.
    type: bool
  slot_decay_per_second:
    description:
      - How many slots become free by themselves each second, which rate limits need. V(0) frees none.
    type: float
  active_slots:
    description:
      - How many slots are taken. Set V(0) to free those of runs that died, or another number to correct the count.
      - This changes by itself while flows run, so it is compared and shown in the diff only where it is set. Set it in a
        task of its own for the moment, not in what is applied each day.
      - With O(slot_decay_per_second) it falls by itself too, so setting it is a change again a moment later.
    type: int
  state:
    description:
      - Whether the limit is there.
      - Nothing waits for a limit that does not exist, unless it asks for one in strict mode.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.global_concurrency_limit_info
"""

EXAMPLES = r"""
- name: Let no more than ten connections to the database be open
  selfhosted.prefect.global_concurrency_limit:
    api_url: http://server:4200/api
    name: database
    limit: 10

- name: Let a partner be asked no more than twice a second
  selfhosted.prefect.global_concurrency_limit:
    api_url: http://server:4200/api
    name: partner-api
    limit: 2
    slot_decay_per_second: 2

- name: Lift a limit for the moment
  selfhosted.prefect.global_concurrency_limit:
    api_url: http://server:4200/api
    name: database
    active: false

- name: Free the slots that runs held which died
  selfhosted.prefect.global_concurrency_limit:
    api_url: http://server:4200/api
    name: database
    active_slots: 0

- name: Remove a limit
  selfhosted.prefect.global_concurrency_limit:
    api_url: http://server:4200/api
    name: partner-api
    state: absent
"""

RETURN = r"""
global_concurrency_limit:
  description:
    - The global concurrency limit as the API returns it; in check mode, as it would be.
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
    name:
      description: The limit's name.
      type: str
    limit:
      description: How many slots there are.
      type: int
    active:
      description: Whether it limits.
      type: bool
    active_slots:
      description: How many slots are taken.
      type: int
    slot_decay_per_second:
      description: How many slots become free by themselves each second.
      type: float
    denied_slots:
      description: How many slots were asked for in vain.
      returned: when it was just made
      type: int
    avg_slot_occupancy_seconds:
      description: How long a slot is taken on average.
      returned: when it was just made
      type: float
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The global concurrency limit before, by names of options; empty if there was none.
      type: dict
    after:
      description: The global concurrency limit after, by names of options; empty if there is none.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import GLOBAL_CONCURRENCY_LIMIT
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(GLOBAL_CONCURRENCY_LIMIT)


if __name__ == "__main__":
    main()
