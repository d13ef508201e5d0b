# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about block schemas (private: not for use outside this collection).

A schema is what it holds: the server knows one by the checksum of its fields and by its version, and never changes it. The
checksum leaves out the capabilities and which fields are secret, so these cannot be changed under the same version.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import parse_json, parse_text

if t.TYPE_CHECKING:
    from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
    from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Key

NO_VERSION = "non-versioned"
"""The version the server gives a schema without one."""

WAY_OUT = "Prefect cannot change a schema. Give the new one another version; blocks keep the schema they were made with"

_DEFINITIONS = "#/definitions/"


# What is declared


def parse_fields(value: t.Any) -> Json:
    """Return a schema's fields as the server will hold them."""
    # As JSON has it: keys are texts.
    found: Json = json.loads(json.dumps(parse_json(value)))
    for name, type_, words in (
        ("properties", dict, "a dictionary"),
        ("definitions", dict, "a dictionary"),
        ("required", list, "a list"),
        ("secret_fields", list, "a list"),
        ("block_schema_references", dict, "a dictionary"),
    ):
        if name in found and not isinstance(found[name], type_):
            raise InputError(f"must be {words}", name)
    for name, described in found.get("properties", {}).items():
        if not isinstance(described, dict):
            raise InputError("must be a dictionary that describes the field", f"properties.{name}")
    if "definitions" in found:
        # The server keeps only what is referred to, apart from blocks.
        own = _own_definitions(found, found["definitions"])
        found["definitions"] = {n: d for n, d in found["definitions"].items() if n in own or "block_type_slug" in d}
        if not found["definitions"]:
            del found["definitions"]
    return found


def parse_checksum(value: t.Any) -> str:
    """Return a checksum."""
    text = parse_text(value).strip()
    if not text.startswith("sha256:"):
        raise InputError(f"must be a checksum as the server gives it, such as sha256:1f2e…, but is {text!r}")
    return text


def derive(desired: Json) -> Json:
    """Complete declared values by what follows from them: the version, the fields' own words, and the checksum."""
    completed = {"version": NO_VERSION, **desired}
    if "fields" in desired:
        fields = dict(desired["fields"])
        # The checksum is the server's alone; without the type in it, two types with equal fields would share a schema.
        fields.setdefault("block_type_slug", desired["block_type"])
        fields.setdefault("secret_fields", _passwords(fields))
        completed["fields"] = fields
        completed.setdefault("checksum", checksum(fields))
    elif "checksum" not in desired:
        raise InputError("is needed to tell which schema is meant, unless checksum is given", "fields")
    return completed


def check(desired: Json) -> None:
    """Refuse a schema of another type."""
    slug = desired.get("fields", {}).get("block_type_slug", desired["block_type"])
    if slug != desired["block_type"]:
        raise InputError(f"must be the block type {desired['block_type']!r}, but is {slug!r}", "fields.block_type_slug")


def resolve(directory: Directory, current: t.Optional[Json], desired: Json) -> Json:
    """Refuse to make a schema whose declared checksum the server would not give it."""
    if current is None and desired["checksum"] != checksum(desired["fields"]):
        raise InputError("is not the checksum of fields; leave it out to make the schema", "checksum")
    return desired


def normal_fields(value: t.Any) -> t.Any:
    """Return fields without what the server adds when it returns a schema."""
    if not isinstance(value, dict):
        return value
    kept = {name: inner for name, inner in value.items() if name not in ("definitions", "block_schema_references")}
    kept["secret_fields"] = sorted(set(value.get("secret_fields") or ()))
    if value.get("block_schema_references"):
        kept["block_schema_references"] = value["block_schema_references"]
    own = _own_definitions(value, value.get("definitions") or {})
    return {**kept, "definitions": own} if own else kept


# What the server computes


def checksum(fields: Json) -> str:
    """Return the checksum the server gives a schema with these fields (3.6 to 3.9)."""
    counted = _without_secret_fields(fields)
    if counted.get("definitions"):
        own = _own_definitions(counted, counted["definitions"])
        if own:
            counted["definitions"] = own
        else:
            del counted["definitions"]
    text = json.dumps(((counted,), {}), sort_keys=True)
    return "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()


def _without_secret_fields(value: t.Any) -> t.Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_secret_fields(inner) for name, inner in value.items() if name != "secret_fields"}


def _own_definitions(value: t.Any, definitions: Json) -> Json:
    """Return the definitions that a value refers to and that are no blocks; the server keeps blocks in tables of their own."""
    found: Json = {}
    for name in _referred(value):
        definition = definitions.get(name)
        if name not in found and isinstance(definition, dict) and definition.get("block_type_slug") is None:
            found[name] = definition
            rest = {other: inner for other, inner in definitions.items() if other not in found}
            found.update(_own_definitions(definition, rest))
    return found


def _referred(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].replace(_DEFINITIONS, "")
        for inner in value.values():
            yield from _referred(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _referred(inner)


def _passwords(fields: Json) -> t.List[str]:
    return [name for name, described in fields.get("properties", {}).items() if is_password(described)]


def is_password(described: t.Any) -> bool:
    """Whether a field's JSON schema says that it is secret."""
    if not isinstance(described, dict):
        return False
    if described.get("format") == "password" or described.get("writeOnly") is True:
        return True
    return any(is_password(choice) for word in ("anyOf", "oneOf", "allOf") for choice in described.get(word) or ())


# What the server holds


def load(directory: Directory, keys: t.Optional[t.Sequence[Key]]) -> t.List[Json]:
    """Read schemas by their types; the server finds them by nothing else that is of use."""
    if keys is None:
        found = directory.client.read_all("/block_schemas/filter")
        slugs = {slug_of(document) for document in found}
    else:
        slugs = {key[0] for key in keys}
        directory.load("block_type", [(slug,) for slug in slugs])
        types = [directory.find("block_type", (slug,)) for slug in sorted(slugs)]
        ids = [str(document["id"]) for document in types if document is not None]
        body = {"block_schemas": {"block_type_id": {"any_": ids}}}
        found = directory.client.read_all("/block_schemas/filter", body) if ids else []
    for slug in slugs:
        directory.memo[_place(slug)] = [document for document in found if slug_of(document) == slug]
    return found


def of_type(directory: Directory, slug: str) -> t.List[Json]:
    """Return the schemas of a block type, the newest first, those that are about to be made before them."""
    if _place(slug) not in directory.memo and not directory.empty:
        directory.load("block_schema", [(slug, "", "")])
    held = sorted(directory.memo.get(_place(slug), ()), key=_age, reverse=True)
    there = {(document["version"], document["checksum"]) for document in held}
    coming = [
        {"block_type_slug": slug, **values}
        for key, values in directory.promised("block_schema").items()
        if key[0] == slug and key[1:] not in there and values.get("fields") is not None
    ]
    return [*reversed(coming), *held]


def create(directory: Directory, desired: Json, body: Json) -> Json:
    """Create a schema; the server answers with the one it has if that is identical."""
    made: Json = directory.client.create("/block_schemas/", body)
    directory.memo.setdefault(_place(desired["block_type"]), []).append(made)
    return made


def slug_of(document: Json) -> str:
    """Return the block type of a schema or of a block."""
    return str((document.get("block_type") or {}).get("slug") or document.get("block_type_slug") or "")


def decode_fields(directory: Directory, document: Json) -> t.Any:
    """Return the fields as they were declared: the server adds an empty list of the blocks they refer to."""
    fields = document.get("fields")
    if not isinstance(fields, dict) or fields.get("block_schema_references"):
        return fields
    without = {name: inner for name, inner in fields.items() if name != "block_schema_references"}
    return without if checksum(without) == document.get("checksum") else fields


def decode_capabilities(directory: Directory, document: Json) -> t.List[str]:
    """Return the capabilities in order; it means nothing."""
    return sorted(document.get("capabilities") or ())


def decode_type(directory: Directory, document: Json) -> str:
    """Return the block type, which schemas and blocks carry along."""
    return slug_of(document)


def is_system(directory: Directory, document: Json) -> bool:
    """Whether the schema belongs to a block type that Prefect registers by itself."""
    kind = directory.kinds["block_type"]
    return kind.system(directory, document.get("block_type") or {})


def why_kept(directory: Directory, document: Json) -> str:
    """Say why the server would not remove a schema."""
    protected = (document.get("block_type") or {}).get("is_protected")
    return "it belongs to a block type that Prefect protects, because it needs it itself" if protected else ""


def is_servers_own(directory: Directory, document: Json) -> bool:
    """Whether a server of the same release has the schema by itself.

    Of one block type that is the oldest, which the server made as it began, before any client could add its own; and those
    without a version, which stand in others.
    """
    if not is_system(directory, document):
        return False
    versions = [held for held in of_type(directory, slug_of(document)) if held.get("version") != NO_VERSION]
    own = versions[-1:] or [document]
    return document.get("version") == NO_VERSION or document.get("checksum") == own[0]["checksum"]


def export(directory: Directory, document: Json, item: Json) -> t.Optional[Json]:
    """Return an exported schema; with its checksum where the server has forgotten what it was computed from."""
    plain = checksum(item["fields"]) == item["checksum"]
    if is_system(directory, document) and (
        is_servers_own(directory, document) or why_kept(directory, document) or not plain
    ):
        # One that could not be made elsewhere would be in the way of all the rest.
        return None
    return {option: value for option, value in item.items() if option != "checksum"} if plain else item


def _age(document: Json) -> t.Tuple[str, bool, str]:
    return str(document.get("created")), document["version"] != NO_VERSION, str(document["checksum"])


def _place(slug: str) -> str:
    return f"schemas of {slug}"
