#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about flows."""

from __future__ import annotations

DOCUMENTATION = r"""
module: flow_info
short_description: Tell about Prefect flows
version_added: 0.1.0
description:
  - Returns one flow, those that match, or all of them.
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
  name:
    description:
      - Name of one flow. Without it, all flows are returned.
    type: str
  name_like:
    description:
      - Only flows whose name holds this text, in any case. V(_) in it stands for any character.
    type: str
  tags:
    description:
      - Only flows that have every one of these tags.
    type: list
    elements: str
seealso:
  - module: selfhosted.prefect.flow
"""

EXAMPLES = r"""
- name: Get the flows of one team
  selfhosted.prefect.flow_info:
    api_url: http://server:4200/api
    tags:
      - team-a
  register: found

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ found.flows | map(attribute='name') }}"
"""

RETURN = r"""
flows:
  description: The flows as the API returns them; empty if there is none.
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
      description: The flow's name.
      type: str
    tags:
      description: Its tags.
      type: list
      elements: str
    labels:
      description: Labels that the client set which registered it.
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
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(FLOW)


if __name__ == "__main__":
    main()
