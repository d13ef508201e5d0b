#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage a flow."""

from __future__ import annotations

DOCUMENTATION = r"""
module: flow
short_description: Manage a Prefect flow
version_added: 0.1.0
description:
  - Creates, changes or removes the record of a flow. Its code lives elsewhere; deployments say where.
  - A flow is also made by the first deployment or flow run that names it, so this module is needed only for its tags and
    to remove it.
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
      - Name of the flow. It must not hold a line break nor any of V(/), V(%), V(&), V(>) and V(<).
    type: str
    required: true
  tags:
    description:
      - Tags of the flow, instead of those it has. Their order means nothing. An empty list removes them all.
    type: list
    elements: str
  state:
    description:
      - Whether the flow is there.
      - Removing a flow also removes all its deployments with their schedules, and all its flow runs.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.flow_info
"""

EXAMPLES = r"""
- name: Tag a flow
  selfhosted.prefect.flow:
    api_url: http://server:4200/api
    name: nightly-report
    tags:
      - team-a
      - reports

- name: Remove the tags of another one
  selfhosted.prefect.flow:
    api_url: http://server:4200/api
    name: weekly-report
    tags: []

- name: Remove a flow with its deployments and flow runs
  selfhosted.prefect.flow:
    api_url: http://server:4200/api
    name: weekly-report
    state: absent
"""

RETURN = r"""
flow:
  description:
    - The flow as the API returns it; in check mode, as it would be.
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
      description: The flow's name.
      type: str
    tags:
      description: Its tags.
      type: list
      elements: str
    labels:
      description: Labels that the client set which registered it.
      type: dict
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The flow before, by names of options; empty if there was none.
      type: dict
    after:
      description: The flow after, by names of options; empty if there is none.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import FLOW
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(FLOW)


if __name__ == "__main__":
    main()
