# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kind of API object is described by (private: not for use outside this collection).

Everything above the client speaks of an object by the options of its module ("declared" values); the names and shapes of
the API appear only where a field is encoded for a request or decoded from an answer. So a declared value, a diff, an
export and a comparison are all in one form.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError

if t.TYPE_CHECKING:
    from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory

Key = t.Tuple[str, ...]
"""What identifies an object: the values of its kind's key options."""

UNKNOWN: t.Any = object()
"""Stands for a default that is not known before the server has chosen it."""


def same(value: t.Any) -> t.Any:
    """Change nothing."""
    return value


def _no(desired: Json) -> bool:
    """Say no."""
    return False


@dataclass(frozen=True)
class Reference:
    """One object that another one names.

    :param noun: The kind of the object that is named.
    :param name: Its key as people write it: the parts joined by slashes.
    :param path: Where it is named, such as ``actions[1].deployment``.
    """

    noun: str
    name: str
    path: str


@dataclass(frozen=True)
class Field:
    """One option of a module.

    :param option: Its name in Ansible.
    :param type: Its Ansible type.
    :param api: Its name in the API, where that differs.
    :param updatable: Whether the server changes it in place.
    :param way_out: For one that is not: what the user can do instead.
    :param volatile: Whether it changes by itself, like a count of what is in use. It is compared and shown only where it is
        declared, and no export holds it.
    :param write_only: Whether the server never returns it. It is sent on creation and along with other changes.
    :param in_path: Whether it stands in paths alone, not in what is sent.
    :param default: What the server sets on creation when it is not given; ``UNKNOWN`` where that is not a constant.
    :param null: How the option says null, such as ``none`` or an empty text; without it null cannot be had.
    :param takes_null: Whether a null that was written down is a value like any other, not the same as nothing.
    :param no_log: Whether Ansible hides its value; must be said where the option's name sounds secret.
    :param force: Whether it is written although it does not differ, given all declared values.
    :param choices: Allowed values, if they are fixed.
    :param elements: Ansible type of a list's elements.
    :param options: Argument spec of a dictionary, or of a list's dictionaries.
    :param refers: The kind of object it names. In the API it is that object's id if ``by_id``, else its own name.
    :param parse: Turns the option's value into what is compared and shown; raises ``InputError`` on a bad one.
    :param normalise: Turns a value, declared or decoded, into what is compared.
    :param encode: Turns a declared value into the API's.
    :param decode: Returns the declared value from an API object.
    """

    option: str
    type: str = "str"
    api: str = ""
    updatable: bool = True
    way_out: str = ""
    volatile: bool = False
    write_only: bool = False
    in_path: bool = False
    default: t.Any = UNKNOWN
    null: t.Optional[str] = None
    takes_null: bool = False
    no_log: t.Optional[bool] = None
    force: t.Callable[[Json], bool] = _no
    choices: t.Tuple[str, ...] = ()
    elements: str = ""
    options: t.Optional[t.Mapping[str, t.Any]] = None
    refers: str = ""
    by_id: bool = False
    parse: t.Callable[[t.Any], t.Any] = same
    normalise: t.Callable[[t.Any], t.Any] = same
    encode: t.Optional[t.Callable[[Directory, t.Any], t.Any]] = None
    decode: t.Optional[t.Callable[[Directory, Json], t.Any]] = None

    @property
    def name(self) -> str:
        """The field's name in the API."""
        return self.api or self.option

    @property
    def nullable(self) -> bool:
        """Whether the option can be set to null."""
        return self.null is not None or self.takes_null

    def spec(self) -> t.Dict[str, t.Any]:
        """Return the option's entry in an Ansible argument spec."""
        found: t.Dict[str, t.Any] = {"type": self.type}
        if self.choices:
            found["choices"] = list(self.choices)
        if self.elements:
            found["elements"] = self.elements
        if self.options is not None:
            found["options"] = dict(self.options)
        if self.no_log is not None:
            found["no_log"] = self.no_log
        return found

    def declared(self, value: t.Any) -> t.Any:
        """Return an option's value as it is compared and shown.

        :raises InputError: It is wrong.
        """
        if value is None or (self.null is not None and isinstance(value, str) and value.strip().lower() == self.null):
            return None
        try:
            return self.parse(value)
        except InputError as exc:
            raise exc.under(self.option) from exc

    def to_api(self, directory: Directory, value: t.Any) -> t.Any:
        """Return a declared value as the API takes it."""
        if value is None:
            return None
        if self.encode is not None:
            return self.encode(directory, value)
        if self.refers and self.by_id:
            return directory.id_of(self.refers, value, self.option)
        return value

    def from_api(self, directory: Directory, document: Json) -> t.Any:
        """Return the declared value from an API object."""
        if self.decode is not None:
            return self.decode(directory, document)
        value = document.get(self.name)
        if self.refers and self.by_id and value is not None:
            return directory.name_of(self.refers, str(value))
        return value


@dataclass(frozen=True)
class Filter:
    """An option that narrows a listing.

    :param option: Its name in Ansible.
    :param body: Where it stands in the body of the filter request, such as ``variables.tags.all_``.
    """

    option: str
    body: str
    type: str = "str"
    elements: str = ""

    def spec(self) -> t.Dict[str, t.Any]:
        """Return the option's entry in an Ansible argument spec."""
        return {"type": self.type, **({"elements": self.elements} if self.elements else {})}


def _shown_as_it_is(before: Json, after: Json) -> Json:
    """Mark nothing."""
    return after


def _no_check(desired: Json) -> None:
    """Accept anything."""


def _as_given(directory: Directory, current: t.Optional[Json], desired: Json) -> Json:
    """Resolve nothing."""
    return desired


def _nothing(desired: Json) -> t.List[t.Any]:
    """Name nothing."""
    return []


def _brings_nothing(key: Key) -> t.List[t.Any]:
    """Bring nothing along."""
    return []


def _never(directory: Directory, document: Json) -> bool:
    """Say no."""
    return False


def _no_reason(directory: Directory, document: Json) -> str:
    """Give none."""
    return ""


def _always(document: Json) -> bool:
    """Say yes."""
    return True


def _no_defaults(directory: Directory, desired: Json) -> Json:
    """Know no further defaults."""
    return {}


@dataclass(frozen=True)
class Kind:
    """One kind of API object.

    Paths hold names of key options in braces, or ``{id}`` for the id of the current object.

    :param noun: The module's name and the key of its result.
    :param label: What people call it.
    :param plural: The key of the info module's result and of the module ``resources``; noun and ``s`` by default.
    :param collection: Path that objects are POSTed to.
    :param item: Path of one object for changing and deleting it.
    :param lookup: Path that reads one object by its key; ``item`` by default. Empty where only the listing knows.
    :param further_paths: Other paths that its hooks write to.
    :param listing: Path of the filter route that lists objects.
    :param by_name: Where that route's body takes the values of the last key option, such as ``variables.name.any_``.
    :param by_id: Where it takes ids.
    :param listing_body: What every request to that route holds.
    :param filters: Options of the info module beside the key.
    :param fields: The options that are fields of the API.
    :param inputs: Options that are no fields of the API; ``resolve`` turns them into fields, or the hooks use them.
    :param key: Options that identify an object. Without any there is one object a server.
    :param derived: Those of them that need not be given, because ``derive`` knows them.
    :param derive: Completes declared values by what follows from them, before ``check``.
    :param required_on_create: Options that are needed only where the object does not exist.
    :param exclusive: Groups of options that exclude each other.
    :param check: Refuses declared values that need no server to be seen as wrong.
    :param references: What the declared values name, beside fields with ``refers``.
    :param refers: The kinds of what ``references`` finds.
    :param implies: Objects, as (noun, declared values), that are made first where they do not exist.
    :param resolve: Completes the declared values, given the current declared values or None. May read from the server;
        raises ``InputError`` on bad input.
    :param defaults: Values the server will choose on creation, where they are not constants.
    :param belongs: Whether an object of the listing is of this kind.
    :param part_of: Whether its objects are part of what they name, and go with it.
    :param system: Whether Prefect makes the object itself; such objects are never pruned.
    :param protected: Why an object cannot be removed; empty if it can.
    :param load: Reads objects where that takes more than ``listing``; given keys, or None for all.
    :param prepare: Reads at once what decoding many objects will need.
    :param create: Creates an object, given its declared values and the body for ``collection``; returns the API's answer.
    :param update: Changes an object, given its API object, all its declared values to be, and those that change.
    :param delete: Deletes an object, given its API object.
    :param after: What is to be done to an object that is as declared; given the API object and the declared values.
        Returns what it would do, in words, or an empty text; does it when the client is not read-only.
    :param shown: Returns the options after a change as results show them, given those before and after.
    :param claims: Objects, as (place, path), that a declaration is the whole truth of beside its own. A key that
        stops short is that of all objects whose keys begin so.
    :param settle: Completes the plans of all declared objects of the kind, where one write changes others.
    :param brings: Further objects, as (noun, key), that the server makes along with one, given its key.
    :param encode: Turns declared values into the body of a request, where options and fields of the API are not one to one.
    :param judge: Asks the server about all planned objects of the kind at once whether it would take them; returns the
        index of each that it would not, with the error.
    :param export: Returns how an object is exported, given the API object and its options, or None to leave it out. By
        default those that Prefect makes itself are left out.
    :param lane: Objects with the same value are written one after the other, in the order ``rank`` gives.
    :param rank: See ``lane``.
    :param update_method: ``PATCH`` sends only what changes; ``PUT`` and ``POST`` everything that is to be.
    :param create_model: The schema of creation in the server's OpenAPI document.
    :param update_model: The schema of an update there; empty where there is none.
    :param left_out: Fields of those schemas without an option, each with the reason.
    """

    noun: str
    label: str
    collection: str
    item: str
    fields: t.Tuple[Field, ...]
    create_model: str
    update_model: str
    listing: str = ""
    further_paths: t.Tuple[str, ...] = ()
    plural: str = ""
    lookup: t.Optional[str] = None
    by_name: str = ""
    by_id: str = ""
    listing_body: t.Mapping[str, t.Any] = field(default_factory=dict)
    filters: t.Tuple[Filter, ...] = ()
    inputs: t.Tuple[Field, ...] = ()
    key: t.Tuple[str, ...] = ("name",)
    derived: t.Tuple[str, ...] = ()
    derive: t.Callable[[Json], Json] = same
    required_on_create: t.Tuple[str, ...] = ()
    exclusive: t.Tuple[t.Tuple[str, ...], ...] = ()
    check: t.Callable[[Json], None] = _no_check
    references: t.Callable[[Json], t.Iterable[Reference]] = _nothing
    refers: t.Tuple[str, ...] = ()
    implies: t.Callable[[Json], t.Iterable[t.Tuple[str, Json]]] = _nothing
    resolve: t.Callable[[Directory, t.Optional[Json], Json], Json] = _as_given
    defaults: t.Callable[[Directory, Json], Json] = _no_defaults
    belongs: t.Callable[[Json], bool] = _always
    part_of: bool = False
    system: t.Callable[[Directory, Json], bool] = _never
    protected: t.Callable[[Directory, Json], str] = _no_reason
    load: t.Optional[t.Callable[[Directory, t.Optional[t.Sequence[Key]]], t.List[Json]]] = None
    prepare: t.Optional[t.Callable[[Directory, t.Sequence[Json]], None]] = None
    create: t.Optional[t.Callable[[Directory, Json, Json], Json]] = None
    update: t.Optional[t.Callable[[Directory, Json, Json, Json], None]] = None
    delete: t.Optional[t.Callable[[Directory, Json], None]] = None
    after: t.Optional[t.Callable[[Directory, Json, Json], str]] = None
    shown: t.Callable[[Json, Json], Json] = _shown_as_it_is
    claims: t.Callable[[Json], t.Iterable[t.Tuple[t.Tuple[str, Key], str]]] = _nothing
    brings: t.Callable[[Key], t.Iterable[t.Tuple[str, Key]]] = _brings_nothing
    encode: t.Optional[t.Callable[[Directory, t.Mapping[str, t.Any]], Json]] = None
    settle: t.Optional[t.Callable[[Directory, t.List[t.Any]], t.List[t.Any]]] = None
    judge: t.Optional[t.Callable[[Directory, t.Sequence[t.Any]], t.Iterable[t.Tuple[int, InputError]]]] = None
    export: t.Optional[t.Callable[[Directory, Json, Json], t.Optional[Json]]] = None
    lane: t.Optional[t.Callable[[Json], t.Any]] = None
    rank: t.Optional[t.Callable[[Json], t.Any]] = None
    update_method: str = "PATCH"
    left_out: t.Mapping[str, str] = field(default_factory=dict)

    @property
    def many(self) -> str:
        """The key of the info module's result and of the module ``resources``."""
        return self.plural or f"{self.noun}s"

    @property
    def options(self) -> t.Tuple[Field, ...]:
        """Every option of the kind's own."""
        return (*self.fields, *self.inputs)

    def option(self, name: str) -> Field:
        """Return the field of an option."""
        return next(entry for entry in self.options if entry.option == name)

    def argument_spec(self) -> t.Dict[str, t.Dict[str, t.Any]]:
        """Return the Ansible argument spec of the kind's own options, ``state`` among them."""
        spec: t.Dict[str, t.Dict[str, t.Any]] = {}
        for entry in self.options:
            spec[entry.option] = entry.spec()
            if entry.option in self.key and entry.option not in self.derived:
                spec[entry.option]["required"] = True
        spec["state"] = {"type": "str", "choices": ["present", "absent"], "default": "present"}
        return spec

    def desired(
        self,
        params: t.Mapping[str, t.Any],
        given: t.Container[str] = (),
        errors: t.Optional[t.List[InputError]] = None,
    ) -> Json:
        """Return the declared values by option. Options that are not set are left out.

        :param params: Options, of the types of the argument spec.
        :param given: Options that were written down, so that a null there can count.
        :param errors: Takes what is wrong with each option, instead of raising the first.
        :raises InputError: An option's value is wrong.
        """
        values: Json = {}
        wrong: t.List[InputError] = []
        for entry in self.options:
            value = params.get(entry.option)
            if value is None and not (entry.takes_null and entry.option in given):
                continue
            try:
                values[entry.option] = entry.declared(value)
            except InputError as exc:
                wrong.append(exc)
        if not wrong:
            try:
                values = self.derive(values)
                if params.get("state") != "absent":
                    self.check(values)
            except InputError as exc:
                wrong.append(exc)
        if wrong and errors is None:
            raise wrong[0]
        if errors is not None:
            errors.extend(wrong)
        return values

    def key_of(self, values: t.Mapping[str, t.Any]) -> Key:
        """Return the key from declared values."""
        return tuple(str(values[option]) for option in self.key)

    def title(self, values: t.Mapping[str, t.Any]) -> str:
        """Return how messages call an object, such as ``the work queue 'pool/queue'``."""
        return f"the {self.label} {'/'.join(self.key_of(values))!r}" if self.key else f"the {self.label}"

    def declared(self, directory: Directory, document: Json, wanted: t.Container[str] = ()) -> Json:
        """Return an API object by options.

        :param wanted: Options whose fields are returned even though they change by themselves.
        """
        return {
            entry.option: entry.from_api(directory, document)
            for entry in self.fields
            if not entry.write_only and (not entry.volatile or entry.option in wanted)
        }

    def may_name(self, noun: str) -> bool:
        """Whether its objects can name those of a kind."""
        return noun in self.refers or any(entry.refers == noun for entry in self.options)

    def named(self, values: Json) -> t.List[Reference]:
        """Return every object that declared values name."""
        found = [
            Reference(entry.refers, str(values[entry.option]), entry.option)
            for entry in self.options
            if entry.refers and values.get(entry.option) is not None
        ]
        return [*found, *self.references(values)]


def nested(path: str, value: t.Any) -> Json:
    """Return ``{"a": {"b": value}}`` for ``a.b``."""
    for part in reversed(path.split(".")):
        value = {part: value}
    found: Json = value
    return found


def merged(left: Json, right: t.Mapping[str, t.Any]) -> Json:
    """Return two nested documents as one; where both hold a value, the right one's."""
    result = dict(left)
    for name, value in right.items():
        held = result.get(name)
        result[name] = merged(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return result
