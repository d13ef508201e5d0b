# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server holds, by key and by id (private: not for use outside this collection).

Reads when it is asked, and remembers: one object by its path, or many at once by pages. Also knows which objects are about
to be made, so that they can be named before they exist.
"""

from __future__ import annotations

import re
import threading
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import PAGE_SIZE, Client, Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError, InputError, PrefectError
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Key, Kind, Reference, merged, nested

_PLACE = re.compile(r"\{([a-z_]+)\}")

AFTERWARDS = "(known once it is made)"
"""Stands for the id of an object that is about to be made, in check mode."""


_NEWEST = (999,)


class Directory:
    """What a server holds.

    :param client: The API.
    :param kinds: Every kind of object, by noun.
    :param empty: Take the server for empty, as before there is one.
    """

    def __init__(self, client: Client, kinds: t.Mapping[str, Kind], empty: bool = False) -> None:
        self.client = client
        self.kinds = kinds
        self.empty = empty
        self.memo: t.Dict[str, t.Any] = {}
        """Further answers that kinds keep here, by names of their own."""
        self.warnings: t.List[str] = []
        """What the user has to know although it is no failure."""
        self._lock = threading.RLock()
        self._held: t.Dict[str, t.Dict[Key, t.List[Json]]] = {noun: {} for noun in kinds}
        self._ids: t.Dict[str, t.Dict[str, Json]] = {noun: {} for noun in kinds}
        self._strangers: t.Dict[str, t.Set[str]] = {noun: set() for noun in kinds}
        self._complete: t.Set[str] = set(kinds) if empty else set()
        self._promised: t.Dict[str, t.Dict[Key, Json]] = {noun: {} for noun in kinds}
        self._brought: t.Set[t.Tuple[str, Key]] = set()

    # One object

    def find(self, noun: str, key: Key) -> t.Optional[Json]:
        """Return an object of the API, or None.

        :raises PrefectError: There are several of that name.
        """
        kind = self.kinds[noun]
        held = self._held[noun]
        if key not in held and noun not in self._complete:
            if kind.load is not None or kind.lookup == "":
                self.load(noun, [key])
            else:
                found = self.client.find(self.path(kind.lookup or kind.item, dict(zip(kind.key, key))))
                self._remember(kind, [] if found is None else [found], [key])
        documents = held.get(key, [])
        if len(documents) > 1:
            ids = ", ".join(sorted(str(document.get("id")) for document in documents))
            raise PrefectError(
                f"There are {len(documents)} {kind.label}s called {'/'.join(key)!r}, so the name does not say which one is"
                f" meant. Rename or delete the others first; their ids are {ids}"
            )
        return documents[0] if documents else None

    def by_id(self, noun: str, identity: str) -> t.Optional[Json]:
        """Return an object by its id, or None."""
        if identity not in self._ids[noun]:
            self.load_ids(noun, [identity])
        return self._ids[noun].get(identity)

    def reread(self, noun: str, key: Key) -> t.Optional[Json]:
        """Return an object as the server has it now."""
        self.forget(noun, [key])
        return self.find(noun, key)

    # Names

    def key(self, noun: str, name: str) -> Key:
        """Return the key that a name such as ``flow/deployment`` holds."""
        return tuple(name.split("/", len(self.kinds[noun].key) - 1))

    def place(self, reference: Reference) -> t.Tuple[str, Key]:
        """Return the noun and the key of what is named."""
        return reference.noun, self.key(reference.noun, reference.name)

    def exists(self, noun: str, name: str) -> bool:
        """Whether an object is there or about to be made."""
        key = self.key(noun, name)
        return key in self._promised[noun] or self.find(noun, key) is not None

    def require(self, reference: Reference) -> None:
        """Refuse a name that nothing has.

        :raises InputError: With the place of the name.
        """
        self.check_shape(reference)
        if not self.exists(reference.noun, reference.name):
            label = self.kinds[reference.noun].label
            raise InputError(f"names the {label} {reference.name!r}, which does not exist", reference.path)

    def check_shape(self, reference: Reference) -> None:
        """Refuse a name that has not the parts of a kind's names.

        :raises InputError: With the place of the name.
        """
        kind = self.kinds[reference.noun]
        if len(self.key(reference.noun, reference.name)) != len(kind.key):
            raise InputError(
                f"must name a {kind.label} as {'/'.join(kind.key)}, but is {reference.name!r}", reference.path
            )

    def id_of(self, noun: str, name: str, path: str) -> str:
        """Return the id of an object; of one that is about to be made, words that say so.

        :raises InputError: There is none.
        """
        self.require(Reference(noun, name, path))
        document = self.find(noun, self.key(noun, name))
        return AFTERWARDS if document is None else str(document["id"])

    def name_of(self, noun: str, identity: str) -> str:
        """Return the name of an object by its id; the id where nothing has it any more."""
        document = self.by_id(noun, identity)
        if document is None:
            return identity
        return "/".join(self._key_of(self.kinds[noun], document))

    def promise(self, noun: str, key: Key, values: t.Optional[Json] = None) -> None:
        """Let an object be named that is about to be made, with its declared values, and what comes along with it."""
        self._promised[noun][key] = dict(values or {})
        brought = list(self.kinds[noun].brings(key))
        if brought and self.find(noun, key) is None:
            for other, place in brought:
                self._promised[other].setdefault(place, {})
                self._brought.add((other, place))

    def is_brought(self, noun: str, key: Key) -> bool:
        """Whether an object comes along with one that is about to be made."""
        return (noun, key) in self._brought

    def promised(self, noun: str) -> t.Dict[Key, Json]:
        """Return the declared values of the objects that are about to be made, or to be as declared."""
        return dict(self._promised[noun])

    def path(self, template: str, values: t.Mapping[str, t.Any]) -> str:
        """Return a path with every value quoted."""
        return _PLACE.sub(lambda match: quote(str(values[match.group(1)])), template)

    # Many objects

    def load(self, noun: str, keys: t.Optional[t.Iterable[Key]] = None) -> None:
        """Read many objects in few requests.

        :param keys: Those to read; None for all of the kind.
        """
        kind = self.kinds[noun]
        held = self._held[noun]
        wanted = None if keys is None else [key for key in dict.fromkeys(keys) if key not in held]
        if noun in self._complete or wanted == []:
            return
        if kind.load is not None:
            found = kind.load(self, wanted)
        elif wanted is None or not kind.by_name or not kind.key:
            found = self.client.read_all(kind.listing, dict(kind.listing_body))
            wanted = None
        else:
            found = self._chunks(kind, kind.by_name, [key[-1] for key in wanted])
        self._remember(kind, self._prepared(kind, found), wanted)
        if wanted is None:
            self._complete.add(noun)

    def load_ids(self, noun: str, ids: t.Iterable[str]) -> None:
        """Read many objects by their ids; all of the kind where the server does not filter by them."""
        kind = self.kinds[noun]
        # An id that nothing has will not be anything's later.
        missing = sorted({one for one in ids if one not in self._ids[noun] and one not in self._strangers[noun]})
        if not missing or noun in self._complete:
            return
        found = []
        if kind.by_id:
            found = self._prepared(kind, self._chunks(kind, kind.by_id, missing))
        else:
            self.load(noun)
        with self._lock:
            for document in found:
                self._ids[noun][str(document["id"])] = document
            self._strangers[noun].update(one for one in missing if one not in self._ids[noun])

    def known(self, noun: str) -> t.List[Json]:
        """Return the objects of a kind that were read so far."""
        with self._lock:
            return [document for documents in self._held[noun].values() for document in documents]

    def documents(self, noun: str) -> t.List[Json]:
        """Return every object of a kind, in the order of their keys."""
        self.load(noun)
        held = self._held[noun]
        return [document for key in sorted(held) for document in held[key]]

    def matching(self, noun: str, body: Json) -> t.List[Json]:
        """Return the objects that a filter of the API lets through; it remembers them, but not what is missing."""
        kind = self.kinds[noun]
        return self._prepared(kind, self.client.read_all(kind.listing, merged(dict(kind.listing_body), body)))

    # Writes

    def put(self, noun: str, document: Json) -> Json:
        """Remember an object as the server has it now, and return it."""
        kind = self.kinds[noun]
        key = self._key_of(kind, document)
        with self._lock:
            self._held[noun][key] = [document]
            if document.get("id"):
                self._ids[noun][str(document["id"])] = document
            brought = [(other, place) for other, place in kind.brings(key) if not self._held[other].get(place)]
        for other, place in brought:
            # It was not there before, and is now.
            self.forget(other, [place])
        return document

    def drop(self, noun: str, key: Key) -> None:
        """Remember that an object is gone."""
        with self._lock:
            for document in self._held[noun].get(key, []):
                self._ids[noun].pop(str(document.get("id")), None)
            self._held[noun][key] = []

    def forget(self, noun: str, keys: t.Iterable[Key]) -> None:
        """Read these objects again when they are asked for."""
        with self._lock:
            self._complete.discard(noun)
            for key in keys:
                for document in self._held[noun].pop(key, []):
                    self._ids[noun].pop(str(document.get("id")), None)

    def version(self) -> t.Tuple[int, ...]:
        """Return the server's version, such as (3, 8, 8). One that does not tell, as Prefect Cloud, is taken for the newest."""
        if "version" not in self.memo:
            try:
                text = str(self.client.get("/admin/version"))
            except ApiError as exc:
                if exc.status not in (403, 404):
                    raise
                text = ""
            self.memo["version"] = tuple(int(part) for part in re.findall(r"\d+", text)[:3]) or _NEWEST
        found: t.Tuple[int, ...] = self.memo["version"]
        return found

    def _prepared(self, kind: Kind, found: t.Iterable[Json]) -> t.List[Json]:
        """Return those of a listing that are of the kind, ready to be decoded."""
        own = [document for document in found if kind.belongs(document)]
        if kind.prepare is not None:
            kind.prepare(self, own)
        return own

    def _chunks(self, kind: Kind, path: str, values: t.Sequence[str]) -> t.List[Json]:
        found: t.List[Json] = []
        for start in range(0, len(values), PAGE_SIZE):
            chunk = list(values[start : start + PAGE_SIZE])
            body = merged(dict(kind.listing_body), nested(path, chunk))
            # Where each value is one object's own, there is no second page.
            most = len(chunk) if len(kind.key) == 1 and kind.lookup != "" else None
            found.extend(self.client.read_all(kind.listing, body, most))
        return found

    def _remember(self, kind: Kind, found: t.Iterable[Json], asked: t.Optional[t.Iterable[Key]]) -> None:
        with self._lock:
            held = self._held[kind.noun]
            fresh: t.Dict[Key, t.Dict[str, Json]] = {}
            for document in found:
                identity = str(document.get("id"))
                fresh.setdefault(self._key_of(kind, document), {})[identity] = document
                self._ids[kind.noun][identity] = document
            for key, documents in fresh.items():
                held[key] = list(documents.values())
            for key in asked or ():
                held.setdefault(key, [])

    def _key_of(self, kind: Kind, document: Json) -> Key:
        return tuple(str(kind.option(option).from_api(self, document)) for option in kind.key)
