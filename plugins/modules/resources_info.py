#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Return a whole server in the form in which it is declared."""

from __future__ import annotations

DOCUMENTATION = r"""
module: resources_info
short_description: Return all objects of a Prefect server as they would be declared
version_added: 0.1.0
description:
  - Returns what a server holds in the form that M(selfhosted.prefect.resources) takes. Applied to the same server, it changes
    nothing; so an installation that was made by other means is adopted.
  - Left out are options that have the values which an object gets without them, and objects that Prefect makes itself.
  - Automations of which several have one name are left out with a warning, because the name does not say which is meant.
  - Automations that name each other are returned as they are. A server that has none of them yet refuses them, until the
    first was made without the other's name.
  - A secret in a block comes out as a named hole, never as its value and never as a mask that would be applied.
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
  kinds:
    description:
      - Kinds to return, by the keys of O(selfhosted.prefect.resources#module:resources), such as V(work_pools). Without any,
        all kinds are returned.
    type: list
    elements: str
    default: []
seealso:
  - module: selfhosted.prefect.resources
"""

EXAMPLES = r"""
- name: Get everything that a server holds
  selfhosted.prefect.resources_info:
    api_url: http://server:4200/api
  register: server

- name: Declare the same on the same server, which changes nothing
  selfhosted.prefect.resources:
    api_url: http://server:4200/api
    resources: "{{ server.resources }}"
"""

RETURN = r"""
resources:
  description: Lists of objects by kind, each object by the options of its module.
  returned: success
  type: dict
  sample:
    work_pools:
      - name: reports
        type: docker
        concurrency_limit: 4
holes:
  description:
    - The names of the holes that stand for secrets, as keys of the dictionary C(prefect_secrets).
  returned: success
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run, wait_spec
from ansible_collections.selfhosted.prefect.plugins.module_utils._resources import export_all


def main() -> None:
    """Run the module."""
    run(
        {"kinds": {"type": "list", "elements": "str", "default": []}, **wait_spec()},
        lambda context: export_all(context, KINDS),
    )


if __name__ == "__main__":
    main()
