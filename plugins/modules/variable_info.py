#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tell about variables."""

from __future__ import annotations

DOCUMENTATION = r"""
module: variable_info
short_description: Tell about Prefect variables
version_added: 0.1.0
description:
  - Returns one variable, those that match, or all of them.
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
      - Name of one variable. Without it, all variables are returned.
    type: str
  name_like:
    description:
      - Only variables whose name holds this text. V(%) in it stands for any text, V(_) for any character.
    type: str
  tags:
    description:
      - Only variables that have every one of these tags.
    type: list
    elements: str
seealso:
  - module: selfhosted.prefect.variable
"""

EXAMPLES = r"""
- name: Get the variables of one team
  selfhosted.prefect.variable_info:
    api_url: http://server:4200/api
    tags:
      - team-a
  register: found

- name: Show their values by name
  ansible.builtin.debug:
    msg: "{{ found.variables | items2dict(key_name='name', value_name='value') }}"
"""

RETURN = r"""
variables:
  description: The variables as the API returns them; empty if there is none.
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
      description: The variable's name.
      type: str
    value:
      description: Its value.
      type: raw
    tags:
      description: Its tags.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import VARIABLE
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_info


def main() -> None:
    """Run the module."""
    run_info(VARIABLE)


if __name__ == "__main__":
    main()
