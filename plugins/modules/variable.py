#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Manage a variable."""

from __future__ import annotations

DOCUMENTATION = r"""
module: variable
short_description: Manage a Prefect variable
version_added: 0.1.0
description:
  - Creates, changes or removes a variable.
  - A variable is for values that everybody may read. Nothing about it is hidden; for secrets there are blocks.
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
      - Name of the variable, of 1 to 255 lower-case letters, digits, dashes and underscores.
    type: str
    required: true
  value:
    description:
      - Its value, anything that JSON can say, of at most 5000 bytes as JSON. Required to create a variable.
      - Types are kept, and a difference of type is a change, as between V(5) and V("5"). Only V(5) and V(5.0) are the same here, because
        a server on SQLite does not tell them apart.
      - A V(null) that is written down is a value like any other. To leave the value alone, leave the option out.
      - A text with C({{ }}) that is meant for Prefect and not for Ansible needs the tag C(!unsafe).
      - Numbers must fit 64 bits, because the server cannot read back a larger one and would then fail on every listing of
        variables.
    type: raw
  tags:
    description:
      - Tags of the variable, instead of those it has. Their order means nothing. An empty list removes them all.
    type: list
    elements: str
  state:
    description:
      - Whether the variable is there.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: selfhosted.prefect.variable_info
"""

EXAMPLES = r"""
- name: Set a variable
  selfhosted.prefect.variable:
    api_url: http://server:4200/api
    name: bucket
    value: reports-2026
    tags:
      - team-a

- name: Set one of several parts, whose types are kept
  selfhosted.prefect.variable:
    api_url: http://server:4200/api
    name: retry_policy
    value:
      attempts: 5
      delays: [1, 2.5, 10]
      jitter: false
      label: "007"

- name: Set a variable to nothing, which is not the same as removing it
  selfhosted.prefect.variable:
    api_url: http://server:4200/api
    name: override
    value: null

- name: Remove a variable
  selfhosted.prefect.variable:
    api_url: http://server:4200/api
    name: override
    state: absent
"""

RETURN = r"""
variable:
  description:
    - The variable as the API returns it; in check mode, as it would be.
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
      description: The variable's name.
      type: str
    value:
      description: Its value.
      type: raw
    tags:
      description: Its tags.
      type: list
      elements: str
diff:
  description: What changed, or in check mode would change, among what this module manages.
  returned: success
  type: dict
  contains:
    before:
      description: The variable before, by names of options; empty if there was none.
      type: dict
    after:
      description: The variable after, by names of options; empty if there is none.
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import VARIABLE
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run_ensure


def main() -> None:
    """Run the module."""
    run_ensure(VARIABLE)


if __name__ == "__main__":
    main()
