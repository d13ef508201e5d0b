# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about blocks (private: not for use outside this collection).

Blocks are read with their secrets, so that a changed one is seen, and sealed at once (``_secret``): from then on nothing
that shows a block can show what is secret in it. Which values are secret is said by the block's schema. The server does
not check a block's data (3.8.8); here they are held against the schema before anything is written.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils import _block_schema, _secret
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import PAGE_SIZE, Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError, InputError
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Reference
from ansible_collections.selfhosted.prefect.plugins.module_utils._schema import why_not
from ansible_collections.selfhosted.prefect.plugins.module_utils._secret import MASK, Hole, Secret
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import check_inner_text

if t.TYPE_CHECKING:
    from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
    from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Key

REF = "$ref"
"""The key of a value that names another block."""

CHANGED, ALWAYS, ON_CREATE = "changed", "always", "on_create"

LISTING_BODY = {"include_secrets": True, "sort": "BLOCK_TYPE_AND_NAME_ASC"}
"""Names alone are no order: blocks of several types share them, and could get lost between two pages."""

_LISTING = "/block_documents/filter"

_TRIES = 3
"""How often a block is sent again that was refused as if it were there, and is not."""


# What is declared


def parse_data(value: t.Any) -> Json:
    """Return a block's data, sealed as a whole until the schema says what is secret; names of other blocks excepted."""
    try:
        found: Json = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as exc:
        raise InputError("must be what JSON can say") from exc
    _refuse_what_cannot_be_kept(found, "")
    return {name: inner if _is_reference(inner, name) else Secret(inner) for name, inner in found.items()}


def references(desired: Json) -> t.Iterator[Reference]:
    """Return the blocks that a block holds."""
    for name, inner in desired.get("data", {}).items():
        if isinstance(inner, dict):
            yield Reference("block", inner[REF], f"data.{name}")


def _is_reference(value: t.Any, name: str) -> bool:
    if not isinstance(value, dict) or REF not in value:
        return False
    if len(value) > 1 or not isinstance(value[REF], str) or value[REF].count("/") != 1:
        raise InputError(
            f"must be {{{REF}: block-type/name}} to name another block, with nothing beside it; ids are not taken",
            name,
        )
    return True


def _refuse_what_cannot_be_kept(value: t.Any, path: str) -> None:
    """Refuse texts the server cannot keep, and masks. The value itself is never shown."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _refuse_what_cannot_be_kept(name, path)
            _refuse_what_cannot_be_kept(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_what_cannot_be_kept(inner, f"{path}[{index}]")
    elif isinstance(value, str):
        if value in (MASK, _secret.CHANGED):
            raise InputError(
                "is the mask that is shown for a secret, not the secret. Give the secret, or leave out data", path
            )
        check_inner_text(value, path)


# Sealing


def seal(data: Json, fields: t.Optional[Json]) -> Json:
    """Return data in which what a schema calls secret is sealed; everything, where there is no schema.

    :param data: In plain.
    """
    if fields is None:
        return {
            name: inner if isinstance(inner, dict) and REF in inner else _sealed(inner) for name, inner in data.items()
        }
    sealed: t.Any = data
    for path in _secret_paths(fields):
        sealed = _seal_at(sealed, path)
    found: Json = sealed
    return found


def _secret_paths(fields: Json) -> t.List[t.List[str]]:
    # The server leaves out of this list what a hand-written schema only marks as a password.
    named = [path for path in fields.get("secret_fields") or () if isinstance(path, str)]
    marked = [n for n, described in (fields.get("properties") or {}).items() if _block_schema.is_password(described)]
    return [path.split(".") for path in dict.fromkeys([*named, *marked])]


def _seal_at(value: t.Any, path: t.List[str]) -> t.Any:
    if not path or path[0] == "*":
        return _sealed(value)
    if isinstance(value, list):
        return [_seal_at(inner, path) for inner in value]
    if isinstance(value, dict) and path[0] in value:
        return {**value, path[0]: _seal_at(value[path[0]], path[1:])}
    return value


def _sealed(value: t.Any) -> t.Any:
    """Return a secret; nothing is none."""
    return value if value is None or isinstance(value, Secret) else Secret(value)


# What the server holds


def load(directory: Directory, keys: t.Optional[t.Sequence[Key]]) -> t.List[Json]:
    """Read blocks by their types and names."""
    if keys is None:
        return directory.client.read_all(_LISTING, LISTING_BODY)
    found: t.List[Json] = []
    ordered = sorted(keys)
    for start in range(0, len(ordered), PAGE_SIZE):
        chunk = ordered[start : start + PAGE_SIZE]
        body = {
            **LISTING_BODY,
            # Blocks that Prefect made for itself have names, too, and can stand in others.
            "block_documents": {"name": {"any_": sorted({name for _slug, name in chunk})}, "is_anonymous": None},
            "block_types": {"slug": {"any_": sorted({slug for slug, _name in chunk})}},
        }
        found.extend(directory.client.read_all(_LISTING, body))
    return found


def prepare(directory: Directory, documents: t.Sequence[Json]) -> None:
    """Seal what is secret in blocks that were read, and name the blocks they hold instead of repeating them."""
    for document in documents:
        schema = document.get("block_schema") or {}
        data = {**document.get("data", {}), **_held_blocks(document)}
        document["data"] = seal(data, schema.get("fields"))
        directory.client.secrets.update(_secret.texts(document["data"]))


def _held_blocks(document: Json) -> Json:
    return {name: {REF: _name_of(entry["block_document"])} for name, entry in _references_of(document).items()}


def _references_of(document: Json) -> Json:
    found: Json = document.get("block_document_references") or {}
    return found


def _name_of(document: Json) -> str:
    return f"{_block_schema.slug_of(document)}/{document.get('name')}"


def decode_schema(part: str) -> t.Callable[[Directory, Json], t.Any]:
    """Return what reads the version or the checksum of a block's schema."""

    def decode(directory: Directory, document: Json) -> t.Any:
        return (document.get("block_schema") or {}).get(part)

    return decode


# What is to be


def resolve(directory: Directory, current: t.Optional[Json], desired: Json) -> Json:
    """Choose the schema, hold the data against it, and seal what it calls secret.

    :raises InputError: There is no such schema, or the data do not fit it.
    """
    result = dict(desired)
    held = directory.find("block", (desired["block_type"], desired["name"]))
    schema = _chosen(directory, desired, held)
    result["schema_version"], result["schema_checksum"] = schema["version"], schema["checksum"]
    if current is None or "data" in desired:
        stored = current["data"] if current is not None else {}
        plain = _filled(_secret.reveal(desired.get("data", {})), _secret.reveal(stored), "data")
        sealed = seal(plain, schema["fields"])
        directory.client.secrets.update(_secret.texts(sealed))
        directory.client.secrets_known = True
        _hold_against(schema["fields"], plain, _secret.reveal(stored))
        _refuse_a_circle(directory, desired, plain)
        if current is not None:
            sealed = {**_defaults_of(schema["fields"], stored, sealed), **sealed}
            if desired.get("update_secrets") == ON_CREATE:
                sealed = _with_secrets_of(stored, sealed)
        result["data"] = sealed
    return result


def _filled(wanted: t.Any, stored: t.Any, path: str) -> t.Any:
    """Return data in which holes that nothing filled hold what is stored, so that an export changes nothing by itself.

    :raises InputError: Nothing is stored there.
    """
    if isinstance(wanted, dict):
        held = stored if isinstance(stored, dict) else {}
        return {name: _filled(inner, held.get(name), f"{path}.{name}") for name, inner in wanted.items()}
    if isinstance(wanted, list):
        padded = [*(stored if isinstance(stored, list) else ()), *[None] * len(wanted)]
        return [_filled(inner, padded[index], f"{path}[{index}]") for index, inner in enumerate(wanted)]
    if isinstance(wanted, str) and _secret.is_hole(wanted):
        if stored is None:
            raise InputError(
                "is the hole that an export left for a secret, and the server holds none here. Give the secret in the"
                " dictionary prefect_secrets",
                path,
            )
        return stored
    return wanted


def always(desired: Json) -> bool:
    """Whether a block's data are written at each run."""
    return desired.get("update_secrets") == ALWAYS and bool(_secret.sealed_in(desired.get("data")))


def shown(before: Json, after: Json) -> Json:
    """Return a block's options after a change, with a mark on each secret that differs."""
    if "data" not in after:
        return after
    return {**after, "data": _secret.marked(before.get("data"), after["data"])}


def _chosen(directory: Directory, desired: Json, held: t.Optional[Json]) -> Json:
    """Return the schema for a block: the one asked for, or the one it has, or the newest."""
    version, checksum = desired.get("schema_version"), desired.get("schema_checksum")
    if held is not None and (held.get("block_schema") or {}).get("fields") is not None:
        own: Json = held["block_schema"]
        if version in (None, own["version"]) and checksum in (None, own["checksum"]):
            return own
    known = _block_schema.of_type(directory, desired["block_type"])
    fitting = [s for s in known if version in (None, s["version"]) and checksum in (None, s["checksum"])]
    if fitting:
        return fitting[0]
    slug = desired["block_type"]
    if not known:
        raise InputError(f"names the block type {slug!r}, which has no schema; make one first", "block_type")
    option = "schema_version" if version is not None else "schema_checksum"
    words = ", ".join(sorted({str(schema[option[len("schema_") :]]) for schema in known}))
    raise InputError(f"is not that of a schema of the block type {slug!r}; there are {words}", option)


def _hold_against(fields: Json, data: Json, stored: Json) -> None:
    """Refuse data that do not fit a schema; those that the server already holds are left in peace."""
    properties: Json = fields.get("properties") or {}
    closed = bool(properties) and not fields.get("additionalProperties")
    paths = _secret_paths(fields)
    secret = {path[0] for path in paths}
    required = fields.get("required") or ()
    for name, value in data.items():
        if name in stored and stored[name] == value:
            continue
        if name not in properties:
            if closed:
                raise InputError(
                    f"is no field of the schema; there are {', '.join(sorted(properties))}", f"data.{name}"
                )
            continue
        if isinstance(value, dict) and REF in value:
            # Where what is secret lies deeper, it is that of the other block.
            if [name] in paths or [name, "*"] in paths:
                raise InputError(
                    "must be the secret itself: the schema calls this field secret, and the server cannot keep the name of"
                    " another block there",
                    f"data.{name}",
                )
            _hold_reference_against(fields, name, value[REF])
            continue
        if value is None and name not in required:
            # Prefect's own schemas call a field a text that may as well be none, and its clients write that.
            continue
        reason = why_not(value, properties[name], fields.get("definitions") or {}, name in secret)
        if reason:
            path, words = reason
            raise InputError(words, f"data.{name}{path}")
    for name in required:
        if name not in data and (name in stored or not stored):
            raise InputError("is required by the schema", f"data.{name}")


def _hold_reference_against(fields: Json, name: str, reference: str) -> None:
    taken = (fields.get("block_schema_references") or {}).get(name)
    if not taken:
        return
    slugs = [str(entry.get("block_type_slug")) for entry in (taken if isinstance(taken, list) else [taken])]
    if reference.partition("/")[0] not in slugs:
        raise InputError(f"must name a block of the type {' or '.join(slugs)}, but names {reference!r}", f"data.{name}")


def _refuse_a_circle(directory: Directory, desired: Json, data: Json) -> None:
    """Refuse a block that would hold itself; Prefect before 3.8 would take it, and could not read it again."""
    own = f"{desired['block_type']}/{desired['name']}"
    for name, value in data.items():
        if not isinstance(value, dict) or REF not in value:
            continue
        held = directory.find("block", directory.key("block", value[REF]))
        if value[REF] == own or (held is not None and own in _all_held(held)):
            raise InputError(f"names a block that holds {own!r}, which would then hold itself", f"data.{name}")


def _all_held(document: Json) -> t.Set[str]:
    found: t.Set[str] = set()
    for entry in _references_of(document).values():
        inner = entry["block_document"]
        found |= {_name_of(inner), *_all_held(inner)}
    return found


def _defaults_of(fields: Json, stored: Json, wanted: Json) -> Json:
    """Return stored values that are the schema's own defaults; Prefect's client writes them, and they say nothing."""
    properties = fields.get("properties") or {}
    found = {}
    for name, value in stored.items():
        described = properties.get(name)
        if name in wanted or not isinstance(described, dict) or "default" not in described:
            continue
        plain, default = _secret.reveal(value), described["default"]
        if plain == default and isinstance(plain, bool) == isinstance(default, bool):
            found[name] = value
    return found


def _with_secrets_of(stored: t.Any, wanted: t.Any) -> t.Any:
    """Return what is wanted with the secrets that are stored."""
    if isinstance(wanted, Secret):
        return stored if isinstance(stored, Secret) else wanted
    if isinstance(wanted, dict):
        held = stored if isinstance(stored, dict) else {}
        return {name: _with_secrets_of(held.get(name), inner) for name, inner in wanted.items()}
    if isinstance(wanted, list):
        held_list = stored if isinstance(stored, list) else []
        padded = [*held_list, *[None] * len(wanted)]
        return [_with_secrets_of(padded[index], inner) for index, inner in enumerate(wanted)]
    return wanted


# Writing


def create(directory: Directory, desired: Json, body: Json) -> Json:
    """Create a block."""
    schema = _schema_id(directory, desired)
    made = _created(directory, {**body, "data": _sent(directory, desired["data"]), "block_schema_id": schema}, desired)
    # The answer masks what is secret, and not all of it.
    answered = {**made.get("data", {}), **_held_blocks(made)}
    made["data"] = _with_secrets_of(desired["data"], seal(answered, (made.get("block_schema") or {}).get("fields")))
    return made


def _created(directory: Directory, body: Json, desired: Json) -> Json:
    """POST a block.

    A server makes the key that it encrypts blocks with when the first is written. Of several written at the same time to a
    new one, all but one are refused with 409, as if they were there (3.8.8).
    """
    for _try in range(_TRIES):
        try:
            return t.cast(Json, directory.client.create("/block_documents/", body))
        except ApiError as exc:
            key = (desired["block_type"], desired["name"])
            if exc.status != 409 or directory.reread("block", key) is not None:
                raise
    return t.cast(Json, directory.client.create("/block_documents/", body))


def update(directory: Directory, document: Json, after: Json, changes: Json) -> None:
    """Write a block's data as a whole; without them the server would not take another schema either (3.8.8)."""
    body: Json = {"data": _sent(directory, after["data"]), "merge_existing_data": False}
    if "schema_checksum" in changes or "schema_version" in changes:
        body["block_schema_id"] = _schema_id(directory, after)
    directory.client.update(f"/block_documents/{quote(str(document['id']))}", body)


def _schema_id(directory: Directory, values: Json) -> str:
    key = (values["block_type"], values["schema_version"], values["schema_checksum"])
    held = directory.memo.get(f"schemas of {values['block_type']}", ())
    for document in held:
        if (document["version"], document["checksum"]) == key[1:]:
            return str(document["id"])
    found = directory.find("block_schema", key)
    if found is None:
        raise InputError("is not that of a schema that could be made", "schema_checksum")
    return str(found["id"])


def _sent(directory: Directory, data: Json) -> Json:
    """Return data as the API takes them: in plain, and other blocks by their ids."""
    return {
        name: {REF: {"block_document_id": directory.id_of("block", inner[REF], f"data.{name}")}}
        if isinstance(inner, dict) and REF in inner
        else _secret.reveal(inner)
        for name, inner in data.items()
    }


# Export


def export(directory: Directory, document: Json, item: Json) -> Json:
    """Return an exported block: with a named hole for each secret, and its schema where another server would choose another.

    That is where it is not the newest, or where a client of another release brought it to one of Prefect's own types.
    """
    found = {**item, "data": _with_holes(item.get("data", {}), _name_of(document))}
    newest = next(iter(_block_schema.of_type(directory, item["block_type"])), None)
    schema = document.get("block_schema") or {}
    chosen = newest is not None and all(newest[part] == schema.get(part) for part in ("version", "checksum"))
    if newest is not None and chosen:
        system = _block_schema.is_system(directory, newest)
        if not system or _block_schema.is_servers_own(directory, newest):
            del found["schema_version"], found["schema_checksum"]
    return found


def _with_holes(value: t.Any, path: str) -> t.Any:
    if isinstance(value, Secret):
        return Hole(path)
    if isinstance(value, dict):
        return {name: _with_holes(inner, _secret.below(path, name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_holes(inner, _secret.below(path, index)) for index, inner in enumerate(value)]
    return value
