#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about deployments."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_info
short_description: Tell about Prefect deployments
version_added: 0.1.0
description:
  - Returns one deployment, those that fit, or all of them.
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
  flow:
    description:
      - Name of a flow. Without it, deployments of all flows are returned.
    type: str
  name:
    description:
      - Name of a deployment. Without it, all deployments are returned.
    type: str
  name_like:
    description:
      - A part of the name, in any case.
    type: str
  tags:
    description:
      - Tags that the deployment has, all of them.
    type: list
    elements: str
  paused:
    description:
      - Whether it is paused.
    type: bool
  work_pools:
    description:
      - Names of work pools, one of which the deployment is in.
    type: list
    elements: str
seealso:
  - module: selfhosted.prefect.deployment
"""

EXAMPLES = r"""
- name: Deploy a flow
  selfhosted.prefect.deployment:
    api_url: http://server:4200/api
    flow: etl
    name: production
    tags: [etl]

- name: Get one deployment
  selfhosted.prefect.deployment_info:
    api_url: http://server:4200/api
    flow: etl
    name: production

- name: Get all deployments with a tag that are not paused
  selfhosted.prefect.deployment_info:
    api_url: http://server:4200/api
    tags: [etl]
    paused: false
  register: found

- name: Show which of them nothing starts by itself
  ansible.builtin.debug:
    msg: "{{ found.deployments | rejectattr('schedules') | map(attribute='name') }}"
"""

RETURN = r"""
deployments:
  description: The deployments as the API returns them; empty if there is none.
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
      description: Not used any more by Prefect 3; RV(deployments[].global_concurrency_limit) holds the limit.
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
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(DEPLOYMENT)


if __name__ == "__main__":
    main()
