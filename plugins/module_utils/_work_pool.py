# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about work pools (private: not for use outside this collection).

Names Prefect reserves, types it knows, and defaults of job variables merged into a base job template.
"""

from __future__ import annotations

import copy
import json
import re
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError, InputError, NotPrefectError
from ansible_collections.selfhosted.prefect.plugins.module_utils._plan import CREATE, UPDATE, Plan

WORKER_METADATA = "/collections/views/aggregate-worker-metadata"
"""The worker types a server knows, with their templates. Slow at first: the server asks the internet, then falls back."""

_PLACE = re.compile(r"\{\{\s*([\w.\-\[\]$]+)\s*\}\}")
"""What the server fills in with the value of a job variable."""


def check(desired: Json) -> None:
    """Refuse what is wrong whatever the server holds.

    :raises InputError: With the reason.
    """
    if not desired["name"].strip(" '\""):
        raise InputError(f"must not be made of spaces and quotes alone, but is {desired['name']!r}", "name")
    if desired["name"].lower().startswith("prefect"):
        raise InputError(
            f"must not begin with 'prefect' in any case, because Prefect reserves these names, but is"
            f" {desired['name']!r}; use another name",
            "name",
        )
    template = desired.get("base_job_template")
    if not template:
        return
    if not ("job_configuration" in template and "variables" in template):
        raise InputError(
            "must be the whole document, with the keys job_configuration and variables; to change only defaults of job"
            " variables use job_variable_defaults",
            "base_job_template",
        )
    try:
        _check_template(template)
    except InputError as exc:
        raise exc.under("base_job_template") from exc


def _check_template(template: Json) -> None:
    """Refuse what the server would refuse or, when it changes a work pool, could not read afterwards."""
    for key in ("job_configuration", "variables"):
        if not isinstance(template[key], dict) or not template[key]:
            raise InputError(f"must be a dictionary and not empty, but is {template[key]!r}", key)
    _check_described(template["variables"], "variables")
    used = {name for value in template["job_configuration"].values() for name in _PLACE.findall(json.dumps(value))}
    unknown = sorted(used - set(template["variables"].get("properties", {})))
    if unknown:
        raise InputError(
            f"uses job variables that variables.properties does not have: {', '.join(unknown)}", "job_configuration"
        )


def _check_described(schema: Json, path: str) -> None:
    """Refuse a schema whose fields are not described by dictionaries; the server answers 500 to it (3.8.8)."""
    for key in ("properties", "definitions", "$defs"):
        described = schema.get(key, {})
        if not isinstance(described, dict):
            raise InputError(f"must be a dictionary, but is {described!r}", f"{path}.{key}")
        for name, inner in described.items():
            if not isinstance(inner, dict):
                raise InputError(f"must be a dictionary that describes it, but is {inner!r}", f"{path}.{key}.{name}")
            _check_described(inner, f"{path}.{key}.{name}")


def resolve(directory: Directory, current: t.Optional[Json], desired: Json) -> Json:
    """Turn ``job_variable_defaults`` into a base job template, and check the type of a pool that is to be created.

    The worker types' metadata is read only where it is needed: for a new pool, and for one without a template.

    :raises InputError: The type is unknown, a job variable is, a default does not fit its variable, or the template's
        variables are no JSON schema.
    """
    desired = dict(desired)
    defaults = desired.pop("job_variable_defaults", None)
    if current is not None and desired.get("base_job_template") == {}:
        # An empty template means the worker type's own, which the first worker fills in.
        del desired["base_job_template"]
    if current is None:
        bundled = _templates(directory)
        pool_type = desired["type"]
        if pool_type not in bundled and not desired.get("base_job_template"):
            raise InputError(
                f"{pool_type!r} is not known to the server. Known types: {', '.join(sorted(bundled))}. A worker type of"
                " your own needs its base_job_template",
                "type",
            )
        template = bundled.get(pool_type, {})
    else:
        template = current.get("base_job_template") or {}
        if defaults and not template:
            template = _templates(directory).get(current["type"], {})
    if defaults:
        desired["base_job_template"] = merge_defaults(template, defaults)
    return desired


def judge(directory: Directory, plans: t.Sequence[Plan]) -> t.List[t.Tuple[int, InputError]]:
    """Ask the server whether the variables of all templates that are about to be written are JSON schemas.

    It asks itself only when it creates a work pool (3.8.8). One request is enough where all of them are.
    """
    schemas = {
        index: plan.changes["base_job_template"].get("variables")
        for index, plan in enumerate(plans)
        if plan.action in (CREATE, UPDATE) and plan.changes.get("base_job_template")
    }
    whole = {"type": "object", "properties": {str(index): schema for index, schema in schemas.items()}}
    if not schemas or not _why_no_schema(directory, whole):
        return []
    found = []
    for index, schema in schemas.items():
        words = _why_no_schema(directory, schema)
        if words:
            error = InputError(f"is no JSON schema that Prefect can read: {words}", "base_job_template.variables")
            found.append((index, error))
    return found


def _why_no_schema(directory: Directory, schema: Json) -> str:
    """Return the server's words about what is no JSON schema, or an empty text."""
    try:
        directory.client.query("/ui/schemas/validate", {"schema": schema, "values": {}})
    except ApiError as exc:
        if exc.status == 404:
            # A server that judges nothing by itself.
            return ""
        if exc.status != 422:
            raise
        return exc.words or "no reason was given"
    return ""


def merge_defaults(template: Json, defaults: Json) -> Json:
    """Return a copy of a base job template with other defaults of its job variables.

    :raises InputError: A job variable is unknown, or a default does not fit it.
    """
    merged = copy.deepcopy(template)
    variables = merged.get("variables", {}).get("properties", {})
    unknown = sorted(set(defaults) - set(variables))
    if unknown:
        raise InputError(
            f"names unknown job variables: {', '.join(unknown)}. The work pool's template knows:"
            f" {', '.join(sorted(variables)) or 'none'}",
            "job_variable_defaults",
        )
    for name, value in defaults.items():
        # The server checks defaults when a pool is created, but not when it is changed. It takes null for any variable.
        if value is not None and not _fits(variables[name], value):
            raise InputError(
                f"does not fit the job variable: it must be of type {_type_words(variables[name])}, but is of type"
                f" {_type_of(value)}",
                f"job_variable_defaults.{name}",
            )
        variables[name]["default"] = value
    return merged


def _templates(directory: Directory) -> t.Dict[str, Json]:
    """Return the base job template of each worker type the server knows."""
    if WORKER_METADATA not in directory.memo:
        metadata = directory.client.get(WORKER_METADATA)
        if not isinstance(metadata, dict):
            raise NotPrefectError(
                f"GET {directory.client.api_url}{WORKER_METADATA}: the answer is not an object, so this is not Prefect's API"
            )
        found: t.Dict[str, Json] = {}
        for workers in metadata.values():
            for worker in workers.values():
                found[worker["type"]] = worker.get("default_base_job_configuration") or {}
        directory.memo[WORKER_METADATA] = found
    known: t.Dict[str, Json] = directory.memo[WORKER_METADATA]
    return known


_TYPES: t.Dict[str, t.Tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def _fits(schema: Json, value: t.Any) -> bool:
    """Whether a value can be of a JSON schema's type. Looks at the outer type only, so it never refuses a good value."""
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            return any(_fits(option, value) for option in schema[key] if isinstance(option, dict))
    if isinstance(schema.get("enum"), list) and value not in schema["enum"]:
        return False
    wanted = schema.get("type")
    names = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
    if not names or any(name not in _TYPES for name in names):
        return True
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)


def _type_words(schema: Json) -> str:
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            return " or ".join(_type_words(option) for option in schema[key] if isinstance(option, dict))
    if isinstance(schema.get("enum"), list):
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    wanted = schema.get("type", "any")
    return wanted if isinstance(wanted, str) else " or ".join(wanted)


def _type_of(value: t.Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    for name, types in _TYPES.items():
        if isinstance(value, types):
            return name
    return type(value).__name__
