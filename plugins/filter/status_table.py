# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Write a report of a fleet as a table."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.selfhosted.prefect.plugins.plugin_utils._status import table

DOCUMENTATION = r"""
name: status_table
short_description: Write a report of a fleet as a table
version_added: 0.1.0
description:
  - Writes what P(selfhosted.prefect.status_report#filter) returns as lines for people.
author:
  - The selfhosted.prefect authors (@selfhosted)
options:
  _input:
    description: The report.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show how the fleet is
  ansible.builtin.debug:
    msg: "{{ report | selfhosted.prefect.status_table }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""


def status_table(report: t.Any) -> list[str]:
    """Return the lines."""
    try:
        return table(report)
    except (KeyError, TypeError) as exc:
        raise AnsibleFilterError("status_table takes what the filter status_report returns") from exc


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return them by name."""
        return {"status_table": status_table}
