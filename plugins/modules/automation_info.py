#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about automations."""

from __future__ import annotations

DOCUMENTATION = r"""
module: automation_info
short_description: Tell about Prefect automations
version_added: 0.1.0
description:
  - Returns one automation, those that have tags, or all of them.
  - In check mode an API that is not there at all, as on a host that is yet to be set up, is no failure. The result is then
    empty, and RV(reason) and RV(msg) say why.
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
  name:
    description:
      - Name of one automation. Without it, all automations are returned.
      - That several have it is an error, which tells their IDs, as for M(selfhosted.prefect.automation).
    type: str
  tags:
    description: Only automations that have every one of these tags.
    type: list
    elements: str
seealso:
  - module: selfhosted.prefect.automation
"""

EXAMPLES = r"""
- name: Get all automations
  selfhosted.prefect.automation_info:
    api_url: http://server:4200/api
  register: all

- name: Show which of them are switched off
  ansible.builtin.debug:
    msg: "{{ all.automations | rejectattr('enabled') | map(attribute='name') }}"
"""

RETURN = r"""
automations:
  description: The automations as the API returns them; empty if there is none.
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
      description: The automation's name.
      type: str
    description:
      description: Its description.
      type: str
    enabled:
      description: Whether it does anything.
      type: bool
    tags:
      description: Its tags.
      type: list
      elements: str
    trigger:
      description: When it acts, with IDs and defaults in their places.
      type: dict
    actions:
      description: What it does, with IDs and defaults in their places.
      type: list
      elements: dict
    actions_on_trigger:
      description: What it does when it goes over to being triggered.
      type: list
      elements: dict
    actions_on_resolve:
      description: What it does when it goes over to being resolved.
      type: list
      elements: dict
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import AUTOMATION
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(AUTOMATION)


if __name__ == "__main__":
    main()
