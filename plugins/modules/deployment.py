#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage a deployment."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment
short_description: Manage a Prefect deployment
version_added: 0.1.0
description:
  - Creates, changes or removes a deployment, and its flow's entry on the server where there is none.
  - Options that are not set are left alone. Nothing is lost by a change, as it would be by deploying once more.
  - Other objects are named, never numbered, and one that does not exist is an error before anything is written.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure. The result
    then tells what would happen on an empty server, and RV(reason) and RV(msg) say so.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
options:
  flow:
    description:
      - Name of the flow. It is made where it does not exist, and never removed.
      - Must not hold a line break nor any of V(/), V(%), V(&), V(>) and V(<).
    type: str
    required: true
  name:
    description:
      - Name of the deployment, under which the flow has only one.
      - Must not hold a line break nor any of V(/), V(%), V(&), V(>) and V(<).
    type: str
    required: true
  description:
    description:
      - What the deployment is for, in Markdown. An empty text removes the description.
    type: str
  version:
    description:
      - A version that Prefect shows and does not interpret. An empty text removes it.
    type: str
  tags:
    description:
      - Tags, which the deployment's flow runs get, too. An empty list removes them.
    type: list
    elements: str
  labels:
    description:
      - Labels of the deployment itself, which are texts, numbers or booleans by name.
      - Prefect sets them only when a deployment is created; other ones than a deployment has are refused. Those of the
        flow and of Prefect itself, which begin with C(prefect.), come along and are not named here.
    type: dict
  paused:
    description:
      - Whether the deployment is paused. No schedule of a paused one makes flow runs.
    type: bool
  entrypoint:
    description:
      - Where the flow is, as a file and a function such as V(flows/etl.py:etl), relative to where the code is. An
        empty text removes it.
    type: str
  path:
    description:
      - Where the code is. An empty text removes it.
    type: str
  pull_steps:
    description:
      - Steps that a worker takes to get the code, each a dictionary with the step's name as its key and the step's
        inputs.
      - An empty list removes them.
    type: list
    elements: dict
  storage_block:
    description:
      - A block that the code is fetched by, as the block type's slug and the block's name, such as V(s3-bucket/code).
        It must exist. An empty text removes it.
    type: str
  parameters:
    description:
      - Values of the flow's parameters by name; anything that JSON can say. They replace all that the deployment has,
        and an empty dictionary removes them.
      - Where the deployment is changed, the server replaces a value that is a dictionary with the key
        C(__prefect_kind) by what it stands for. There is a warning then, because the next run finds the difference
        again.
    type: dict
  parameter_openapi_schema:
    description:
      - JSON schema of the flow's parameters, as Prefect derives it from the flow's code. An empty dictionary removes
        it.
    type: dict
  enforce_parameter_schema:
    description:
      - Whether the server refuses parameters that do not fit O(parameter_openapi_schema). A new deployment has V(true)
        without it.
    type: bool
  work_pool:
    description:
      - Name of the work pool whose workers run the deployment. It must exist. An empty text removes the deployment
        from its work pool.
    type: str
  work_queue:
    description:
      - Name of a work queue of the work pool. It must exist; Prefect itself would make a missing one.
      - Without it, a deployment that gets a work pool is in that one's default queue; so is one with an empty text.
    type: str
  job_variables:
    description:
      - Job variables of the deployment, which replace the work pool's defaults. They replace all that the deployment
        has, and an empty dictionary removes them.
      - Servers before Prefect 3.8.7 ignore an empty dictionary. The deployment then keeps what it has, and there is a
        warning.
      - The server holds them against the work pool's template, unless they refer to blocks by C($ref).
    type: dict
  concurrency_limit:
    description:
      - How many flow runs of the deployment may run at once, V(1) or more. The word V(none) lifts the limit.
      - Takes the place of O(global_concurrency_limit).
    type: str
  global_concurrency_limit:
    description:
      - Name of a global concurrency limit that the deployment shares with others. It must exist. An empty text removes
        the deployment from it.
      - The limit itself is never changed nor removed here. Takes the place of O(concurrency_limit).
    type: str
  concurrency_options:
    description:
      - What happens to a flow run above the limit. An empty dictionary leaves that to the server.
    type: dict
    suboptions:
      collision_strategy:
        description:
          - Whether such a run waits (V(ENQUEUE)) or is cancelled (V(CANCEL_NEW)). Required unless the dictionary is
            empty.
        type: str
        choices:
          - ENQUEUE
          - CANCEL_NEW
      grace_period_seconds:
        description:
          - How long a run may take to start, in seconds from 60 to 86400, before its place is given to another one.
        type: int
  schedules:
    description:
      - The schedules of the deployment. This list is the whole truth. Schedules that are not in it are removed, and an
        empty list removes all. Without this option, schedules are left alone.
      - One with a slug is the one that has it. One without a slug is one without that runs at the same times, and of
        several of these the one that differs least. What is not given for it stays as it is.
      - Two that are alike are refused, unless the deployment has as many.
      - To manage one schedule beside others, use M(selfhosted.prefect.deployment_schedule) instead, and not both for one
        deployment.
      - Before anything is written, the server judges what is about to be.
    type: list
    elements: dict
    suboptions:
      slug:
        description:
          - Name of the schedule, of which the deployment has only one.
        type: str
      cron:
        description:
          - When to run, as a cron expression such as V(0 3 * * *), with five fields, or six where the last one is
            seconds.
          - Exactly one of C(cron), C(interval) and C(rrule) is given.
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
          - Whether a cron expression with both a day of the month and a day of the week runs on either, as cron does,
            or only where both fit.
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
          - Values of parameters that are used instead of the deployment's in runs of this schedule. An empty
            dictionary removes them.
        type: dict
  state:
    description:
      - Whether the deployment is there.
      - Removing a deployment also removes its schedules and its flow runs that have not begun. The flow stays.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.deployment_info
  - module: selfhosted.prefect.deployment_schedule
  - module: selfhosted.prefect.flow
  - module: selfhosted.prefect.work_pool
"""

EXAMPLES = r"""
- name: Make a work pool
  selfhosted.prefect.work_pool:
    api_url: http://server:4200/api
    name: etl-pool
    type: process

- name: Deploy a flow that runs each night, and on weekdays at noon for the small data set
  selfhosted.prefect.deployment:
    api_url: http://server:4200/api
    flow: etl
    name: production
    work_pool: etl-pool
    path: /opt/flows
    entrypoint: etl.py:etl
    parameters:
      data_set: large
    concurrency_limit: 1
    concurrency_options:
      collision_strategy: CANCEL_NEW
    schedules:
      - slug: nightly
        cron: "0 3 * * *"
        timezone: Europe/Berlin
      - slug: noon
        rrule: FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=12;BYMINUTE=0;BYSECOND=0
        parameters:
          data_set: small

- name: Pause it, and leave everything else as it is
  selfhosted.prefect.deployment:
    api_url: http://server:4200/api
    flow: etl
    name: production
    paused: true

- name: Make a limit for all flows that use the warehouse
  selfhosted.prefect.global_concurrency_limit:
    api_url: http://server:4200/api
    name: warehouse
    limit: 4

- name: Share that limit, and run by hand only
  selfhosted.prefect.deployment:
    api_url: http://server:4200/api
    flow: etl
    name: production
    global_concurrency_limit: warehouse
    schedules: []

- name: Remove the deployment
  selfhosted.prefect.deployment:
    api_url: http://server:4200/api
    flow: etl
    name: production
    state: absent
"""

RETURN = r"""
deployment:
  description:
    - The deployment as the API returns it; in check mode, as it would be.
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
      description: The deployment's name.
      type: str
    flow_id:
      description: The flow's ID.
      type: str
    description:
      description: Its description.
      type: str
    version:
      description: Its version.
      type: str
    tags:
      description: Its tags.
      type: list
    labels:
      description: Its labels, with those of the flow and of Prefect itself.
      type: dict
    paused:
      description: Whether it is paused.
      type: bool
    schedules:
      description: Its schedules, as RV(selfhosted.prefect.deployment_schedule#module:deployment_schedule).
      type: list
    entrypoint:
      description: Where the flow is.
      type: str
    path:
      description: Where the code is.
      type: str
    pull_steps:
      description: Steps that a worker takes to get the code.
      type: list
    storage_document_id:
      description: The ID of the block that the code is fetched by.
      type: str
    infrastructure_document_id:
      description: Not used any more by Prefect 3.
      type: str
    parameters:
      description: Values of the flow's parameters.
      type: dict
    parameter_openapi_schema:
      description: JSON schema of the flow's parameters.
      type: dict
    enforce_parameter_schema:
      description: Whether parameters that do not fit it are refused.
      type: bool
    work_pool_name:
      description: The work pool's name.
      type: str
    work_queue_name:
      description: The work queue's name.
      type: str
    work_queue_id:
      description: The work queue's ID.
      type: str
    job_variables:
      description: Its job variables.
      type: dict
    concurrency_limit:
      description: Not used any more by Prefect 3; RV(deployment.global_concurrency_limit) holds the limit.
      type: int
    global_concurrency_limit:
      description: The limit on its flow runs. One of its own is called C(deployment:) and the deployment's ID.
      type: dict
    concurrency_options:
      description: What happens to a flow run above the limit.
      type: dict
    status:
      description: V(READY) when a worker has looked for its flow runs a moment ago, else V(NOT_READY).
      type: str
    last_polled:
      description: When a worker last did.
      type: str
    created_by:
      description: Who made it, where that is known.
      type: dict
    updated_by:
      description: Who changed it last, where that is known.
      type: dict
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The deployment before, by names of options; empty if there was none.
      type: dict
    after:
      description: The deployment after, by names of options; empty if there is none.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import DEPLOYMENT
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(DEPLOYMENT)


if __name__ == "__main__":
    main()
