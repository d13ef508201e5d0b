# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Write resources as YAML that Ansible reads back as it was."""

from __future__ import annotations

import typing as t

import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.selfhosted.prefect.plugins.module_utils._secret import below, hole

DOCUMENTATION = r"""
name: to_declaration
short_description: Write resources as YAML that Ansible reads back as it was
version_added: 0.1.0
description:
  - Turns what M(selfhosted.prefect.resources_info) returns into YAML for a file of variables.
  - Texts that Ansible would take for templates, such as the placeholders in base job templates and automations, are marked
    with C(!unsafe). The named holes of secrets are not, since Ansible is to fill them. A hole is one only in the very block
    and field that its name says, so that nothing else on a server can ask for a secret.
author:
  - The selfhosted.prefect authors (@selfhosted)
positional: holes
options:
  _input:
    description: The resources, or any other value.
    type: raw
    required: true
  holes:
    description: Names of the holes, as RV(selfhosted.prefect.resources_info#module:holes).
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Get everything that a server holds
  selfhosted.prefect.resources_info:
    api_url: http://server:4200/api
  register: server

- name: Show it as it would be declared
  ansible.builtin.debug:
    msg: "{{ {'prefect_resources': server.resources} | selfhosted.prefect.to_declaration(server.holes) }}"
"""

RETURN = r"""
_value:
  description: The YAML, without a document marker.
  type: str
"""


class _Hole(str):
    """A text that Ansible is to fill."""


class _Dumper(yaml.SafeDumper):
    """Indents lists below their keys, as Ansible's own style asks for."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent always."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        """Write everything out where it stands."""
        return True


def to_declaration(value: t.Any, holes: t.Sequence[str] | None = None) -> str:
    """Return YAML."""
    value = _with_holes(value, set(holes or ()))

    class Dumper(_Dumper):
        """One that knows the holes."""

    def text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
        style = (
            "|"
            if "\n" in data and data == data.lstrip() and all(ord(char) >= 32 or char == "\n" for char in data)
            else None
        )
        if any(mark in data for mark in ("{{", "{%", "{#")):
            return dumper.represent_scalar("!unsafe", data, style=style or '"')
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(_Hole, lambda dumper, data: dumper.represent_scalar("tag:yaml.org,2002:str", str(data)))
    # A representer of exactly a type goes before one of its subclasses, such as Ansible's tagged texts.
    Dumper.add_representer(str, text)
    Dumper.add_multi_representer(str, text)
    Dumper.add_multi_representer(dict, lambda dumper, data: dumper.represent_dict(dict(data).items()))
    Dumper.add_multi_representer(list, lambda dumper, data: dumper.represent_list(list(data)))
    for plain in (bool, int, float):
        Dumper.add_multi_representer(plain, _plainly(plain))
    try:
        return str(yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10_000))
    except yaml.YAMLError as exc:
        raise AnsibleFilterError(f"to_declaration cannot write this as YAML: {exc}") from exc


def _with_holes(value: t.Any, names: set[str]) -> t.Any:
    """Return resources, or a dictionary of resources by the names of variables, with the holes in their blocks marked."""
    if not isinstance(value, dict) or not names:
        return value
    if not isinstance(value.get("blocks"), list):
        return {
            key: _with_holes(inner, names)
            if isinstance(inner, dict) and isinstance(inner.get("blocks"), list)
            else inner
            for key, inner in value.items()
        }
    blocks = [
        {**block, "data": _marked(block["data"], f"{block.get('block_type')}/{block.get('name')}", names)}
        if isinstance(block, dict) and "data" in block
        else block
        for block in value["blocks"]
    ]
    return {**value, "blocks": blocks}


def _marked(value: t.Any, name: str, names: set[str]) -> t.Any:
    """Return a block's data, with what is a hole at this very place marked."""
    if isinstance(value, dict):
        return {key: _marked(inner, below(name, key), names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_marked(inner, below(name, index), names) for index, inner in enumerate(value)]
    return _Hole(value) if isinstance(value, str) and name in names and value == hole(name) else value


def _plainly(kind: t.Callable[[t.Any], t.Any]) -> t.Callable[[yaml.SafeDumper, t.Any], yaml.Node]:
    return lambda dumper, data: dumper.represent_data(kind(data))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return them by name."""
        return {"to_declaration": to_declaration}
