#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Bring a whole server to what is declared."""

from __future__ import annotations

DOCUMENTATION = r"""
module: resources
short_description: Bring all objects of a Prefect server to what is declared
version_added: 0.1.0
description:
  - Takes objects of every kind at once and creates, changes or removes what differs from them.
  - Nothing is written before everything declared has been checked, what the server holds has been read and every object has
    been planned. Wrong values are told all at once; once they are right, so is what does not fit the server. If anything is wrong, the module
    fails with the path of each offending item, such as
    C(deployments[17].schedules[0].cron), and nothing was changed.
  - Objects may be declared in any order. They are written in the order in which they need each other, side by side over a
    bounded number of connections, and what is to be absent is removed last.
  - An object that fails does not stop the others. The module fails at the end and names each that did, and each that was not
    tried because it needs one that failed.
  - What the server holds is read by pages rather than object by object, so a second run over a thousand objects takes about ten
    requests.
  - In check mode nothing is written, and an API that is not there at all, as on a host that is yet to be set up, is no failure.
author:
  - The selfhosted.prefect authors (@selfhosted)
extends_documentation_fragment:
  - selfhosted.prefect.attributes
  - selfhosted.prefect.connection
  - selfhosted.prefect.wait
options:
  resources:
    description:
      - A dictionary of lists. Each key is the plural of a module's name, such as V(work_pools), V(variables) or V(deployments),
        and each item of its list has exactly the options of that module, O(ignore:state) among them.
      - An object is declared once; twice the same is an error.
      - Objects may name others that are declared here or that the server holds already.
    type: dict
    required: true
  additions:
    description:
      - Further dictionaries like O(resources), by names of their own, such as those of the variables that hold them. Their objects
        are declared along with the others, and paths in errors begin with the name.
    type: dict
    default: {}
  prune:
    description:
      - Kinds, by the same keys as in O(resources), of which the declared list is the whole truth. Objects of these kinds that
        are not declared are removed.
      - Never removed are objects that Prefect makes itself, such as default work queues and its own block types, and flows of
        declared deployments. An object that another declared one names is an error.
      - What goes along with an object is not counted, such as the work queues of a work pool and the blocks of a block type.
      - Each kind must have its list in O(resources). To remove all of a kind, declare an empty list.
      - Look at it in check mode first.
    type: list
    elements: str
    default: []
  prune_limit:
    description:
      - How many objects O(prune) may remove in one run. With more to remove, the module fails and changes nothing.
    type: int
    default: 20
  connections:
    description:
      - How many requests may be under way at once. How many of them are used is found by how long answers take.
    type: int
    default: 8
  outage_timeout:
    description:
      - Seconds for which the server may be away once it has answered, as during a restart, before an object is given up.
    type: int
    default: 60
seealso:
  - module: selfhosted.prefect.resources_info
"""

EXAMPLES = r"""
- name: Declare what the reports need
  selfhosted.prefect.resources:
    api_url: http://server:4200/api
    resources:
      work_pools:
        - name: reports
          type: docker
          concurrency_limit: 4
      work_queues:
        - work_pool: reports
          name: urgent
          priority: 1
      variables:
        - name: reports-bucket
          value: s3://reports
      global_concurrency_limits:
        - name: warehouse
          limit: 10
      deployments:
        - flow: monthly-report
          name: production
          entrypoint: reports.py:monthly
          work_pool: reports
          work_queue: urgent
          schedules:
            - slug: monthly
              cron: 0 6 1 * *
              timezone: Europe/Vienna

- name: Let the declared variables be all there are, but never remove more than five
  selfhosted.prefect.resources:
    api_url: http://server:4200/api
    resources:
      variables:
        - name: reports-bucket
          value: s3://reports
    prune:
      - variables
    prune_limit: 5
"""

RETURN = r"""
kinds:
  description: For each kind that was declared or pruned, what became of its objects.
  returned: success; on failure when some objects failed
  type: dict
  sample:
    variables:
      created:
        - reports-bucket
      changed: []
      removed: []
      unchanged: 12
diff:
  description:
    - What changed, or in check mode would change, by kind and name and options. Objects that did not change are left out.
    - Secrets are masked.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: The objects before.
      type: dict
    after:
      description: The objects after.
      type: dict
errors:
  description: Everything that was wrong with what is declared, each with the path of the item.
  returned: on failure when nothing was changed
  type: list
  elements: str
failures:
  description: Every object that failed, and why.
  returned: on failure when some objects failed
  type: list
  elements: str
prune:
  description: What would have been pruned, by kind.
  returned: on failure when that is more than O(prune_limit)
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

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._module import run, wait_spec
from ansible_collections.selfhosted.prefect.plugins.module_utils._resources import ensure_all


def main() -> None:
    """Run the module."""
    run(
        {
            "resources": {"type": "dict", "required": True, "no_log": True},
            "additions": {"type": "dict", "default": {}, "no_log": True},
            "prune": {"type": "list", "elements": "str", "default": []},
            "prune_limit": {"type": "int", "default": 20},
            "connections": {"type": "int", "default": 8},
            "outage_timeout": {"type": "int", "default": 60},
            **wait_spec(),
        },
        lambda context: ensure_all(context, KINDS),
        sealed=("resources", "additions"),
    )


if __name__ == "__main__":
    main()
