# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold against each other the places of the collection that must say the same thing.

* ``roles/*/defaults/main.yml`` and the options of ``roles/*/meta/argument_specs.yml``,
* ``meta/runtime.yml``'s action group and the modules in ``plugins/modules`` that have the connection options,
* ``requirements.yml`` and the dependencies in ``galaxy.yml``,
* where roles, playbooks and inventories use a private variable (``__prefect_…``) and where they define it.

usage: consistency.py [COLLECTION]     (default: the checkout this file is part of)

Prints one line for every disagreement, ``file: what is wrong and what to do``, and exits with 1 when there is one.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTION_GROUP = "prefect"
CONNECTION_FRAGMENT = "selfhosted.prefect.connection"
VARIABLES_FOLDERS = ("roles", "playbooks", "inventory")
VARIABLES_SUFFIXES = (".yml", ".j2")
PRIVATE_NAME = re.compile(r"\b__prefect_\w+")
# A key of vars, set_fact or a task's own vars; what a task registers or a loop calls its item; what Jinja sets.
PRIVATE_DEFINITION = re.compile(
    r"(?:^[ \t]*(?:- )?|[{,][ \t]*)(__prefect_\w+):|\b(?:register|loop_var|index_var): (__prefect_\w+)|\b(?:set|for) (__prefect_\w+)\b",
    flags=re.MULTILINE,
)


def load(path: Path) -> Any:
    """Return a YAML file's content, an empty dictionary when it is missing or empty."""
    return (yaml.safe_load(path.read_text()) or {}) if path.is_file() else {}


def commented_names(text: str) -> set[str]:
    """Return the variables that a defaults file only names, in lines like ``# prefect_server_image:``."""
    return set(re.findall(r"^#\s?([A-Za-z_]\w*):", text, flags=re.MULTILINE))


def check_role(role: Path) -> Iterator[str]:
    """Yield what disagrees between a role's defaults and its argument specs."""
    defaults_path = role / "defaults" / "main.yml"
    specs_path = role / "meta" / "argument_specs.yml"
    where = f"roles/{role.name}/defaults/main.yml"
    if not specs_path.is_file():
        yield f"roles/{role.name}/meta/argument_specs.yml: missing; describe every entry point of the role there"
        return
    entry_points = load(specs_path).get("argument_specs", {})
    defaults = load(defaults_path)
    commented = commented_names(defaults_path.read_text()) if defaults_path.is_file() else set()
    options = {name for spec in entry_points.values() for name in spec.get("options") or {}}

    for name in sorted(defaults.keys() - options):
        yield f"{where}: {name} is no option of any entry point in argument_specs.yml; add it there or move it to vars"
    for name in sorted(commented - options):
        yield f"{where}: {name} is named in a comment but is no option of any entry point; add or remove it"
    for name in sorted(options):
        stated = {
            entry_point: spec["options"][name]["default"]
            for entry_point, spec in entry_points.items()
            if "default" in (spec.get("options") or {}).get(name, {})
        }
        if stated and name not in defaults:
            stated_defaults = ", ".join(repr(value) for value in stated.values())
            yield f"{where}: {name} is missing; argument_specs.yml gives it the default {stated_defaults}"
        # One that follows from other options is a template, which only a text's specification can state.
        elif not stated and name in defaults and "{{" not in str(defaults[name]):
            yield f"{where}: {name} has a default that argument_specs.yml does not state; state it or comment it out"
        elif not stated and name not in defaults and name not in commented:
            yield f"{where}: {name} has no default; list it in a comment as `# {name}:`"
        for entry_point, default in stated.items():
            if name in defaults and default != defaults[name]:
                yield (
                    f"{where}: {name} is {defaults[name]!r}, but {default!r} "
                    f"in argument_specs.yml ({entry_point}); make them equal"
                )

    entry_files = {path.stem for path in (role / "tasks").glob("*.yml")}
    for name in sorted(entry_points.keys() - entry_files):
        yield f"roles/{role.name}/meta/argument_specs.yml: entry point {name} has no tasks/{name}.yml"


def check_action_group(collection: Path) -> Iterator[str]:
    """Yield what disagrees between the action group and the modules that talk to the API."""
    group = load(collection / "meta" / "runtime.yml").get("action_groups", {}).get(ACTION_GROUP)
    members = [name for name in group or [] if isinstance(name, str)]
    modules = {path.stem: path.read_text() for path in (collection / "plugins" / "modules").glob("*.py")}
    connected = {
        name
        for name, text in modules.items()
        if re.search(rf"^\s*- {re.escape(CONNECTION_FRAGMENT)}$", text, flags=re.MULTILINE)
    }
    for name in sorted(connected - set(members)):
        yield f"meta/runtime.yml: module {name} has the connection options; add it to the action group {ACTION_GROUP}"
    for name in sorted(set(members) - modules.keys()):
        yield f"meta/runtime.yml: action group {ACTION_GROUP} lists {name}, but there is no plugins/modules/{name}.py"
    for name in sorted(set(members) & modules.keys() - connected):
        yield f"meta/runtime.yml: action group {ACTION_GROUP} lists {name}, which has no connection options; remove it"
    if members != sorted(set(members)):
        yield f"meta/runtime.yml: action group {ACTION_GROUP} is not in alphabetical order or repeats a name"


def check_dependencies(collection: Path) -> Iterator[str]:
    """Yield what disagrees between galaxy.yml's dependencies and requirements.yml."""
    wanted = load(collection / "galaxy.yml").get("dependencies", {})
    listed = {
        entry["name"]: entry.get("version") for entry in load(collection / "requirements.yml").get("collections", [])
    }
    if wanted != listed:
        yield f"requirements.yml: lists {listed}, but galaxy.yml depends on {wanted}; make them equal"


def check_private_names(collection: Path) -> Iterator[str]:
    """Yield each private variable that is used and never defined, which only a run of that very task would tell, or the reverse."""
    used: dict[str, list[str]] = {}
    defined: dict[str, list[str]] = {}
    for folder in VARIABLES_FOLDERS:
        for path in sorted((collection / folder).rglob("*")):
            if path.suffix not in VARIABLES_SUFFIXES:
                continue
            where = str(path.relative_to(collection))
            text = re.sub(r"^\s*#.*$", "", path.read_text(), flags=re.MULTILINE)
            for match in PRIVATE_NAME.finditer(text):
                used.setdefault(match[0], []).append(where)
            for match in PRIVATE_DEFINITION.finditer(text):
                defined.setdefault(match[match.lastindex or 0], []).append(where)
    for name in sorted(used.keys() - defined.keys()):
        yield f"{used[name][0]}: {name} is used but defined nowhere; define it in the role's vars or correct the name"
    for name in sorted(defined):
        if len(used[name]) == len(defined[name]):
            yield f"{defined[name][0]}: {name} is defined but never used; remove it"


def check(collection: Path) -> list[str]:
    """Return every disagreement in the collection at this path, in a stable order."""
    found: list[str] = []
    for role in sorted(path for path in (collection / "roles").glob("*") if path.is_dir()):
        found += check_role(role)
    found += check_action_group(collection)
    found += check_dependencies(collection)
    found += check_private_names(collection)
    return found


def main(arguments: list[str]) -> int:
    """Print the disagreements; return the exit code."""
    collection = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2]
    found = check(collection)
    print("\n".join(found) or "consistency: nothing disagrees")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
