#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage a schedule of a deployment."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_schedule
short_description: Manage a schedule of a Prefect deployment
version_added: 0.1.0
description:
  - Creates, changes or removes one schedule of a deployment, and leaves the others alone.
  - To say what all schedules of a deployment are, use O(selfhosted.prefect.deployment#module:schedules) instead. A
    schedule that is declared in both ways would be removed and made again in turns, so M(selfhosted.prefect.resources)
    refuses it.
  - Options that are not set are left alone.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure. The result
    then tells what would happen on an empty server, and RV(reason) and RV(msg) say so.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
options:
  deployment:
    description:
      - The deployment, as the flow's and its own name, such as V(etl/production). It must exist.
    type: str
    required: true
  slug:
    description:
      - Name of the schedule, of which the deployment has only one.
      - Schedules without a slug are not known here.
    type: str
    required: true
  cron:
    description:
      - When to run, as a cron expression such as V(0 3 * * *), with five fields, or six where the last one is seconds.
      - A schedule has exactly one of O(cron), O(interval) and O(rrule). Giving another one than it has replaces that.
    type: str
  interval:
    description:
      - How long from one run to the next, in seconds or such as V(15m), V(12h), V(7d) or V(PT15M).
    type: str
  anchor_date:
    description:
      - A time that an interval counts from, such as V(2026-01-31T06:00:00Z). One without an offset is in UTC.
      - Without it, a new schedule counts from now, and one that is there keeps what it has.
    type: str
  rrule:
    description:
      - When to run, as a recurrence rule of RFC 5545 such as V(FREQ=WEEKLY;BYDAY=MO).
      - A rule that does not say C(DTSTART) counts from the beginning of 2020, as Prefect has it. One that runs each
        minute or second gets a start of the same runs close to now, and keeps it.
    type: str
  timezone:
    description:
      - Time zone of the schedule, such as V(Europe/Berlin). A new schedule is in UTC without it.
    type: str
  day_or:
    description:
      - Whether a cron expression with both a day of the month and a day of the week runs on either, as cron does, or
        only where both fit.
      - A new schedule with a cron expression has V(true) without it.
    type: bool
  active:
    description:
      - Whether runs are scheduled. A new schedule is active without it.
    type: bool
  max_scheduled_runs:
    description:
      - How many runs are scheduled ahead at most. The word V(none) leaves that to the server.
      - The server has a largest number, 50 unless it is set up otherwise.
    type: str
  parameters:
    description:
      - Values of parameters that are used instead of the deployment's in runs of this schedule. An empty dictionary
        removes them.
    type: dict
  state:
    description:
      - Whether the schedule is there.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.deployment
  - module: selfhosted.prefect.deployment_schedule_info
"""

EXAMPLES = r"""
- name: Deploy a flow
  selfhosted.prefect.deployment:
    api_url: http://server:4200/api
    flow: etl
    name: production

- name: Run it each night
  selfhosted.prefect.deployment_schedule:
    api_url: http://server:4200/api
    deployment: etl/production
    slug: nightly
    cron: "0 3 * * *"
    timezone: Europe/Berlin

- name: Run it each quarter of an hour, too, with other parameters
  selfhosted.prefect.deployment_schedule:
    api_url: http://server:4200/api
    deployment: etl/production
    slug: often
    interval: 15m
    anchor_date: "2026-01-01T00:00:00Z"
    parameters:
      data_set: small

- name: Let the nightly runs rest
  selfhosted.prefect.deployment_schedule:
    api_url: http://server:4200/api
    deployment: etl/production
    slug: nightly
    active: false

- name: Remove a schedule
  selfhosted.prefect.deployment_schedule:
    api_url: http://server:4200/api
    deployment: etl/production
    slug: often
    state: absent
"""

RETURN = r"""
deployment_schedule:
  description:
    - The schedule as the API returns it; in check mode, as it would be.
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
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The schedule before, by names of options; empty if there was none.
      type: dict
    after:
      description: The schedule after, by names of options; empty if there is none.
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
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(DEPLOYMENT_SCHEDULE)


if __name__ == "__main__":
    main()
