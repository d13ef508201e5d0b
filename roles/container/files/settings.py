# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asked of a Prefect image: which settings it knows, and whether it takes the environment's.

Runs in a throw-away container with the environment that another is to have, and prints one line, the word
C(settings:) and JSON: the version, the names of all variables that Prefect or an integration reads, and what is wrong
with the values of those that are set. No value is printed.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from pathlib import Path

PREFIX = "PREFECT_"

declared = {name: os.environ.pop(name) for name in list(os.environ) if name.upper().startswith(PREFIX)}
try:
    # With a wrong value in the environment, the import itself would fail.
    import prefect
    from prefect.settings.base import PrefectBaseSettings
    from prefect.settings.models import root
    from pydantic import AliasChoices, ValidationError
    from pydantic_settings import SettingsError
except ImportError as reason:
    sys.exit(f"no settings to look at: {reason}")

known = set()
# Some variables are read without being a setting, and integrations bring settings of their own.
for package in Path(prefect.__file__).parent.parent.glob("prefect*"):
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8", errors="replace")
        known.update(re.findall(r"""(?:environ|getenv)[^\n"']*["'](PREFECT_\w+)["']""", text))
        if package.name != "prefect" and ("build_settings_config" in text or "BaseSettings" in text):
            try:
                importlib.import_module(".".join(path.relative_to(package.parent).with_suffix("").parts))
            except Exception:  # noqa: BLE001 (whatever an integration lacks: its names are in its text)
                known.update(re.findall(r"PREFECT_\w+", text))


def variables(each: type, name: str) -> list[str]:
    """Return the variables that a field is read from."""
    alias = each.model_fields[name].validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    texts = [item for item in choices if isinstance(item, str)]
    return [item.upper() for item in texts or [(each.model_config.get("env_prefix") or "") + name]]


models: list[type] = []
waiting = [PrefectBaseSettings]
while waiting:
    model = waiting.pop()
    if model not in models:
        models.append(model)
        waiting += model.__subclasses__()
for model in models:
    known.update(item for name in model.model_fields for item in variables(model, name))

os.environ.update(declared)
wrong: dict[str, str] = {}
unshown = "its value is not one that Prefect takes"
for model in models:
    try:
        model()
    except ValidationError as error:
        # That of a model within this one comes by itself.
        if error.title != model.__name__:
            continue
        for item in error.errors(include_url=False, include_context=False):
            field = str(item["loc"][0]) if item["loc"] else ""
            names = variables(model, field) if field in model.model_fields else [field.upper()]
            reason = item["msg"]
            # A validator's message may repeat what it was given.
            if item["type"] in ("value_error", "assertion_error") or any(
                len(value) > 2 and value in reason for value in declared.values()
            ):
                reason = unshown
            for name in declared:
                if name.upper() in names or (not field and model is root.Settings):
                    wrong[name if field else "the settings together"] = reason
    except SettingsError as error:
        found = re.search(r'field "(\w+)"', str(error))
        for name in declared:
            if found and found.group(1) in model.model_fields and name.upper() in variables(model, found.group(1)):
                wrong[name] = "it must be JSON, and is not"

answer = {
    "version": prefect.__version__,
    "known": sorted({name.upper() for name in known if name.upper().startswith(PREFIX)}),
    "wrong": [{"name": name, "reason": reason} for name, reason in sorted(wrong.items())],
}
print("\nsettings:" + json.dumps(answer))  # noqa: T201 (the answer)
