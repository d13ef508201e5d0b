# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Make one report of what was seen of a fleet."""

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.selfhosted.prefect.plugins.plugin_utils._status import report

DOCUMENTATION = r"""
name: status_report
short_description: Make one report of what was seen of a fleet
version_added: 0.1.0
description:
  - Joins what modules told of hosts, API, databases and certificates, and says what of it wants attention.
  - The playbook C(selfhosted.prefect.status) is made of it.
author:
  - The selfhosted.prefect authors (@selfhosted)
positional: api, certificates
options:
  _input:
    description:
      - By name of host, a dictionary with C(groups), the names of its groups, C(seen), the result of
        M(selfhosted.prefect.services_info), and C(database), the result of a query for sizes, if there was one.
    type: dict
    required: true
  api:
    description: The result of M(selfhosted.prefect.status_info).
    type: dict
  certificates:
    description: The result of M(selfhosted.prefect.certificate_info).
    type: dict
"""

EXAMPLES = r"""
- name: Say what wants attention
  ansible.builtin.debug:
    msg: "{{ ({'hub': {'groups': ['prefect_server'], 'seen': services}} | selfhosted.prefect.status_report(work)).attention }}"
"""

RETURN = r"""
_value:
  description: The report, with C(hosts), C(api), C(databases), C(certificates) and C(attention).
  type: dict
"""


def status_report(
    hosts: t.Any, api: dict[str, t.Any] | None = None, certificates: dict[str, t.Any] | None = None
) -> dict[str, t.Any]:
    """Return the report."""
    if not isinstance(hosts, dict):
        raise AnsibleFilterError("status_report takes a dictionary of hosts")
    return report(hosts, api, certificates, clean=lambda value: json.loads(json.dumps(value, default=str)))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return them by name."""
        return {"status_report": status_report}
