#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about schedules of deployments."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_schedule_info
short_description: Tell about schedules of Prefect deployments
version_added: 0.1.0
description:
  - Returns one schedule, those of a deployment, or all of them.
  - Schedules without a slug are left out; M(selfhosted.prefect.deployment_info) returns deployments with all of
    theirs.
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
  deployment:
    description:
      - A deployment, as the flow's and its own name, such as V(etl/production). Without it, schedules of all
        deployments are returned.
    type: str
  slug:
    description:
      - Slug of a schedule. Without it, all schedules are returned.
    type: str
seealso:
  - module: selfhosted.prefect.deployment_info
  - module: selfhosted.prefect.deployment_schedule
"""

EXAMPLES = r"""
- name: Deploy a flow that runs each night
  selfhosted.prefect.deployment:
    api_url: http://server:4200/api
    flow: etl
    name: production
    schedules:
      - slug: nightly
        cron: "0 3 * * *"

- name: Get the schedules of the deployment
  selfhosted.prefect.deployment_schedule_info:
    api_url: http://server:4200/api
    deployment: etl/production
  register: found

- name: Show which of them are not active
  ansible.builtin.debug:
    msg: "{{ found.deployment_schedules | rejectattr('active') | map(attribute='slug') }}"
"""

RETURN = r"""
deployment_schedules:
  description: The schedules as the API returns them; empty if there is none.
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
    deployment_id:
      description: The deployment's ID.
      type: str
    slug:
      description: The schedule's slug.
      type: str
    schedule:
      description:
        - When it runs, with the keys C(cron) and C(day_or), or C(interval) and C(anchor_date), or C(rrule), and
          C(timezone).
      type: dict
    active:
      description: Whether runs are scheduled.
      type: bool
    max_scheduled_runs:
      description: How many runs are scheduled ahead at most; none if that is left to the server.
      type: int
    parameters:
      description: Values of parameters for its runs.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import DEPLOYMENT_SCHEDULE
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(DEPLOYMENT_SCHEDULE)


if __name__ == "__main__":
    main()
