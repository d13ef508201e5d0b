# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Choose from what an engine has by its labels."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: with_labels
short_description: Choose from what a Docker engine has by its labels
version_added: 0.1.0
description:
  - Gives those containers, networks or volumes of a list that have all the labels, in their order.
  - The names of labels have dots in them, by which Jinja's own filters would look for attributes.
author:
  - The selfhosted.prefect authors (@selfhosted)
positional: labels
options:
  _input:
    description: What M(community.docker.docker_host_info) lists with O(community.docker.docker_host_info#module:verbose_output).
    type: list
    elements: dict
    required: true
  labels:
    description: Labels with their values, or a list of labels whose values do not matter.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Ask the Docker engine what it has
  community.docker.docker_host_info:
    containers: true
    verbose_output: true
  register: engine

- name: Show the workers
  ansible.builtin.debug:
    msg: "{{ engine.containers | selfhosted.prefect.with_labels({'selfhosted.prefect.service': 'worker'}) | map(attribute='Names.0') }}"
"""

RETURN = r"""
_value:
  description: Those that have the labels.
  type: list
  elements: dict
"""


def with_labels(items: t.Iterable[t.Mapping[str, t.Any]], labels: t.Any) -> list[t.Mapping[str, t.Any]]:
    """Those of C(items) that have all labels.

    :param labels: A dictionary of labels and values, or a list of labels that may have any.
    :raises AnsibleFilterError: The labels are neither.
    """
    if isinstance(labels, t.Mapping):
        # Ansible's own dictionaries do not compare their items as others do.
        wanted = {str(name): str(value) for name, value in labels.items()}
        return [
            item
            for item in items
            if all((item.get("Labels") or {}).get(name) == value for name, value in wanted.items())
        ]
    if isinstance(labels, (list, tuple)):
        return [item for item in items if set(labels) <= set(item.get("Labels") or {})]
    msg = f"with_labels: the labels must be a dictionary or a list, not {type(labels).__name__}"
    raise AnsibleFilterError(msg)


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names of the filters."""
        return {"with_labels": with_labels}
