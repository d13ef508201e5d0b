# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole server at once: declared objects of every kind, pruning, and export (private: not for use outside this collection).

Four steps: everything declared is checked without a server; what the server holds is read by pages; every object is
planned; only then, if nothing at all was wrong, plans are carried out, side by side where they do not depend on each other.
"""

from __future__ import annotations

import difflib
import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from ansible_collections.selfhosted.prefect.plugins.module_utils import _engine, _pace, _secret
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._context import Context
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import (
    ApiError,
    InputError,
    PrefectError,
    TransportError,
)
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import UNKNOWN, Key, Kind, Reference
from ansible_collections.selfhosted.prefect.plugins.module_utils._plan import CREATE, DELETE, NOTHING, UPDATE, Plan
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import check_least

_MOST_COMPLAINTS = 50

_BUSY = frozenset({429, 503})

_HOPELESS = 3
"""After so many objects that a server refused again, one after the other, no more are tried."""

Place = t.Tuple[str, Key]
"""An object: the noun of its kind, and its key."""


@dataclass
class Item:
    """One declared object.

    :param kind: Its kind.
    :param path: Where it is declared, such as ``deployments[17]``.
    :param state: ``present`` or ``absent``.
    :param desired: Its declared values.
    :param implied: Whether another object's declaration brought it along.
    :param refers: The objects it names.
    :param plan: What is to be done.
    :param failure: Why it was not done.
    :param refused: Whether that was because the server was too busy.
    :param extra: What is done beyond the declared values, in words.
    """

    kind: Kind
    path: str
    state: str
    desired: Json
    implied: bool = False
    refers: t.List[Reference] = field(default_factory=list)
    plan: t.Optional[Plan] = None
    failure: str = ""
    refused: bool = False
    extra: str = ""

    @property
    def place(self) -> Place:
        """The object."""
        return self.kind.noun, self.kind.key_of(self.desired)

    @property
    def name(self) -> str:
        """What the object is called in results."""
        return "/".join(self.place[1]) or self.kind.label


class _Complaints:
    """What is wrong with the declared values, all of it."""

    def __init__(self) -> None:
        self._words: t.List[str] = []

    def add(self, error: PrefectError, where: t.Union[Item, str], name: str = "") -> None:
        """Take note of an error.

        :param where: The object that it is about, or the path of what is no object.
        :param name: What the object is called, where it is no item yet.
        """
        path = where.path if isinstance(where, Item) else where
        name = where.name if isinstance(where, Item) else name
        words = error.under(path).message if isinstance(error, InputError) else f"{path}: {error.message}"
        self._words.append(f"{words} ({name})" if name and name not in words else words)

    def stop(self) -> None:
        """Raise all of it as one error, if there is any.

        :raises PrefectError: With one line for each.
        """
        if not self._words:
            return
        shown = self._words[:_MOST_COMPLAINTS]
        if len(self._words) > len(shown):
            shown.append(f"and {len(self._words) - len(shown)} more")
        count = "one thing" if len(self._words) == 1 else f"{len(self._words)} things"
        raise PrefectError(
            f"Nothing was changed, because {count} in resources cannot be had:\n" + "\n".join(shown),
            errors=self._words,
        )


# Declared values


def parse(
    declared: t.Mapping[str, t.Any], kinds: t.Mapping[str, Kind], additions: t.Optional[t.Mapping[str, t.Any]] = None
) -> t.List[Item]:
    """Return every declared object, checked as far as that needs no server.

    :param declared: Lists of objects by the plural of their kind.
    :param additions: Further such dictionaries by their names, which paths then begin with.
    :raises PrefectError: With everything that is wrong, each with the path of the offending item.
    """
    complaints = _Complaints()
    items = _parse_source("", declared, kinds, complaints)
    for name, further in (additions or {}).items():
        if not isinstance(further, dict):
            complaints.add(InputError(f"must be a dictionary of lists, but is {_type_of(further)}"), str(name))
        else:
            items.extend(_parse_source(f"{name}.", further, kinds, complaints))
    _refuse_duplicates(items, complaints)
    complaints.stop()
    return items


def _parse_source(
    prefix: str, declared: t.Mapping[str, t.Any], kinds: t.Mapping[str, Kind], complaints: _Complaints
) -> t.List[Item]:
    by_plural = {kind.many: kind for kind in kinds.values()}
    items: t.List[Item] = []
    for plural, listed in declared.items():
        kind = by_plural.get(str(plural))
        if kind is None:
            complaints.add(InputError(f"is no kind of object; {_hint(str(plural), by_plural)}"), f"{prefix}{plural}")
        elif listed is None:
            continue
        elif not isinstance(listed, list):
            words = f"must be a list of {kind.label}s, but is {_type_of(listed)}"
            complaints.add(InputError(words), f"{prefix}{kind.many}")
        else:
            items.extend(_parse_list(kind, listed, prefix, complaints))
    return items


def _hint(word: str, known: t.Iterable[str]) -> str:
    """Return what an unknown word may have been meant to be."""
    close = difflib.get_close_matches(word, list(known), 1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"


def _parse_list(kind: Kind, listed: t.Sequence[t.Any], prefix: str, complaints: _Complaints) -> t.List[Item]:
    spec = kind.argument_spec()
    validator = ArgumentSpecValidator(spec, mutually_exclusive=[list(group) for group in kind.exclusive])
    items = []
    for index, given in enumerate(listed):
        path = f"{prefix}{kind.many}[{index}]"
        if not isinstance(given, dict):
            words = f"must be a dictionary with the options of a {kind.label}, but is {_type_of(given)}"
            complaints.add(InputError(words), path)
            continue
        name = "/".join(str(given[option]) for option in kind.key if given.get(option) is not None)
        unknown = [str(option) for option in given if option not in spec]
        for option in unknown:
            words = f"is no option of a {kind.label}; {_hint(option, sorted(spec))}"
            complaints.add(InputError(words, option), path, name)
        misshapen = _misshapen(spec, given)
        for complaint in misshapen:
            complaints.add(complaint, path, name)
        if misshapen:
            continue
        checked = validator.validate(given)
        wrong = [error for error in checked.errors.errors if not isinstance(error, UnsupportedError)]
        for error in wrong:
            complaints.add(PrefectError(_plain(error.msg)), path, name)
        if unknown or wrong:
            continue
        params = checked.validated_parameters
        errors: t.List[InputError] = []
        desired = kind.desired(params, given=given, errors=errors)
        for complaint in errors:
            complaints.add(complaint, path, name)
        if errors:
            continue
        item = Item(kind, path, str(params["state"]), desired)
        if item.state != "absent":
            item.refers = kind.named(desired)
        items.append(item)
    return items


def _misshapen(spec: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any]) -> t.List[InputError]:
    """Return an error for each dictionary or list that is something else: Ansible's own checks stumble over some."""
    found = []
    for option, value in given.items():
        described = spec.get(option, {})
        if value is None or "options" not in described:
            continue
        if described["type"] == "dict" and not isinstance(value, dict):
            found.append(InputError(f"must be a dictionary, but is {_type_of(value)}", option))
        elif described["type"] == "list" and not isinstance(value, list):
            found.append(InputError(f"must be a list, but is {_type_of(value)}", option))
        elif described["type"] == "list":
            for index, inner in enumerate(value):
                if not isinstance(inner, dict):
                    words = f"must be a dictionary, but is {_type_of(inner)}"
                    found.append(InputError(words, f"{option}[{index}]"))
    return found


def _refuse_duplicates(items: t.Sequence[Item], complaints: _Complaints) -> None:
    first: t.Dict[Place, Item] = {}
    for item in items:
        earlier = first.setdefault(item.place, item)
        if earlier is not item:
            complaints.add(InputError(f"declares {item.kind.title(item.desired)}, as {earlier.path} does"), item)
    within: t.Dict[Place, t.List[Item]] = {}
    for item in first.values():
        for place in _within(item.place):
            within.setdefault(place, []).append(item)
    for item in items:
        for place, path in item.kind.claims(item.desired) if item.state != "absent" else ():
            for other in within.get(place, ()):
                words = f"declares {other.kind.title(other.desired)}, but {item.path}.{path} is the whole truth of it"
                complaints.add(InputError(f"{words}; declare it in one place"), other)


def _within(place: Place) -> t.List[Place]:
    """Return an object, and everything that a shortened key stands for and that it is part of."""
    noun, key = place
    return [(noun, key[:length]) for length in range(1, len(key) + 1)]


# Planning


def prepare(directory: Directory, items: t.List[Item], prune: t.Sequence[Kind]) -> None:
    """Read what the server holds of all that is declared or named, and plan every object.

    Objects that others imply are added to ``items``.

    :raises PrefectError: With everything that is wrong; nothing was written.
    """
    complaints = _Complaints()
    for item in items:
        for reference in item.refers:
            try:
                directory.check_shape(reference)
            except InputError as exc:
                complaints.add(exc, item)
    complaints.stop()
    declared = {item.place: item for item in items}
    _add_implied(directory, items, declared)
    wanted: t.Dict[str, t.Set[Key]] = {}
    for item in items:
        wanted.setdefault(item.kind.noun, set()).add(item.place[1])
        for reference in item.refers:
            noun, key = directory.place(reference)
            wanted.setdefault(noun, set()).add(key)
    for noun, kind in directory.kinds.items():
        if kind in prune:
            directory.load(noun)
        elif noun in wanted:
            directory.load(noun, wanted[noun])
    _drop_needless(directory, items)
    for item in items:
        if item.state != "absent":
            directory.promise(*item.place, item.desired)
    for item in items:
        for reference in item.refers:
            gone = declared.get(directory.place(reference))
            if gone is not None and gone.state == "absent":
                complaints.add(
                    InputError(
                        f"names the {gone.kind.label} {reference.name!r}, which {gone.path} declares absent",
                        reference.path,
                    ),
                    item,
                )
    for item in items:
        missing = _missing(directory, item)
        for error in missing:
            complaints.add(error, item)
        if missing:
            continue
        try:
            item.plan = _engine.plan(directory, item.kind.noun, item.state, item.desired)
        except PrefectError as exc:
            complaints.add(exc, item)
    for kind in directory.kinds.values():
        mine = [item for item in items if item.kind is kind and item.plan is not None]
        if kind.settle is not None and mine:
            settled = kind.settle(directory, [item.plan for item in mine if item.plan is not None])
            for item, plan in zip(mine, settled):
                item.plan = plan
        if kind.judge is not None and mine and not directory.empty:
            for index, error in kind.judge(directory, [item.plan for item in mine if item.plan is not None]):
                complaints.add(error, mine[index])
    for error, path in _circles(directory, items):
        complaints.add(error, path)
    complaints.stop()


def _missing(directory: Directory, item: Item) -> t.List[InputError]:
    """Return an error for each name in an object that nothing has; what a server will hold that is not there yet is not known."""
    found = []
    for reference in item.refers if not directory.empty else ():
        try:
            directory.require(reference)
        except InputError as exc:
            found.append(exc)
    return found


def _add_implied(directory: Directory, items: t.List[Item], declared: t.Dict[Place, Item]) -> None:
    for item in list(items):
        if item.state == "absent":
            continue
        for noun, desired in item.kind.implies(item.desired):
            kind = directory.kinds[noun]
            place = (noun, kind.key_of(desired))
            if place not in declared:
                declared[place] = Item(kind, item.path, "present", desired, implied=True)
                items.append(declared[place])


def _drop_needless(directory: Directory, items: t.List[Item]) -> None:
    """Forget implied objects that are there."""
    items[:] = [item for item in items if not item.implied or directory.find(*item.place) is None]


def _circles(directory: Directory, items: t.Sequence[Item]) -> t.List[t.Tuple[InputError, str]]:
    """Return an error for each circle of objects of one kind that name each other."""
    found = []
    for kind in directory.kinds.values():
        left = _levels(directory, [item for item in items if item.kind is kind and item.state != "absent"])[1]
        if left:
            names = " -> ".join(item.name for item in left)
            reference = next(ref for ref in left[0].refers if ref.noun == kind.noun)
            found.append(
                (
                    InputError(f"is part of a circle of {kind.label}s that name each other: {names}", reference.path),
                    left[0].path,
                )
            )
    return found


def _levels(directory: Directory, items: t.Sequence[Item]) -> t.Tuple[t.List[t.List[Item]], t.List[Item]]:
    """Return items in levels, each naming only what is there or made in earlier ones, and those in circles."""
    places = {item.place for item in items if item.plan is None or item.plan.action == CREATE}
    needs = {item.place: {place for place in map(directory.place, item.refers) if place in places} for item in items}
    levels: t.List[t.List[Item]] = []
    left = list(items)
    done: t.Set[Place] = set()
    while left:
        level = [item for item in left if needs[item.place] <= done]
        if not level:
            return levels, left
        levels.append(level)
        done |= {item.place for item in level}
        left = [item for item in left if item.place not in done]
    return levels, []


def prunable(directory: Directory, items: t.Sequence[Item], prune: t.Sequence[Kind], limit: int) -> t.List[Item]:
    """Return the objects to prune: those of the named kinds that are not declared and that Prefect does not make itself.

    :raises PrefectError: There are more of them than the limit; nothing was written.
    """
    declared = {item.place for item in items}
    present = [item for item in items if item.state != "absent"]
    claimed = {place for item in items for place, _path in item.kind.claims(item.desired)}
    for item in present:
        claimed |= {(noun, directory.kinds[noun].key_of(values)) for noun, values in item.kind.implies(item.desired)}
    found: t.List[Item] = []
    for kind in prune:
        for document in directory.documents(kind.noun):
            values = kind.declared(directory, document)
            key = {option: values[option] for option in kind.key}
            item = Item(kind, f"{kind.many} (pruned)", "absent", key)
            if (
                item.place in declared
                or not claimed.isdisjoint(_within(item.place))
                or kind.system(directory, document)
            ):
                continue
            if kind.protected(directory, document):
                continue
            item.plan = Plan(kind, item.place[1], DELETE, document, values, {}, {}, {})
            found.append(item)
    _refuse_to_prune_what_is_named(directory, present, found)
    _refuse_to_prune_what_is_needed(directory, declared, found)
    if len(found) > limit:
        numbers = [(kind.label, sum(item.kind is kind for item in found)) for kind in prune]
        counts = ", ".join(f"{number} {label}{'s' * (number > 1)}" for label, number in numbers if number)
        names = ", ".join(item.kind.title(item.desired) for item in found[:10])
        raise PrefectError(
            f"Nothing was changed, because prune would remove {len(found)} objects ({counts}), more than prune_limit"
            f" {limit}. The first are {names}. If that is meant, raise prune_limit; if not, declare them or do not prune"
            " their kind",
            prune={kind.many: [i.name for i in found if i.kind is kind] for kind in prune},
        )
    return found


def _refuse_to_prune_what_is_named(directory: Directory, items: t.Sequence[Item], pruned: t.Sequence[Item]) -> None:
    complaints = _Complaints()
    gone = {item.place for item in pruned}
    for item in items:
        for reference in item.refers:
            if directory.place(reference) in gone:
                kind = directory.kinds[reference.noun]
                complaints.add(
                    InputError(
                        f"names the {kind.label} {reference.name!r}, which prune would remove, because {kind.many} does not"
                        " declare it",
                        reference.path,
                    ),
                    item,
                )
    complaints.stop()


def _refuse_to_prune_what_is_needed(
    directory: Directory, declared: t.Container[Place], pruned: t.Sequence[Item]
) -> None:
    """Refuse to prune what objects name that nobody declared, and that would be lost or left without it.

    Work queues and schedules are part of what they name, and go with it.
    """
    gone = {item.place: item for item in pruned}
    complaints = _Complaints()
    for kind in directory.kinds.values() if gone else ():
        if kind.part_of or not any(kind.may_name(noun) for noun, _key in gone):
            continue
        for document in directory.documents(kind.noun):
            values = kind.declared(directory, document)
            place = (kind.noun, kind.key_of(values))
            if place in gone or place in declared or kind.system(directory, document):
                continue
            for reference in kind.named({o: value for o, value in values.items() if value is not None}):
                item = gone.get(directory.place(reference))
                if item is not None:
                    words = (
                        f"would remove {item.kind.title(item.desired)}, but {kind.title(values)} needs it, which is not"
                        " declared. Declare one of them, or prune both kinds"
                    )
                    complaints.add(InputError(words), "prune")
    complaints.stop()


# Writing


def carry_out(directory: Directory, items: t.Sequence[Item], connections: int) -> None:
    """Carry out every plan: what is named before what names it, and removals last and the other way round.

    A failure is kept in its item and does not stop the others; what depends on it is not tried, and nothing is removed.
    """
    pace = _pace.Pace(connections, lambda: directory.client.strained)
    failed: t.Dict[Place, Item] = {}
    for kind in directory.kinds.values():
        mine = [item for item in items if item.kind is kind and item.plan is not None and item.plan.action != DELETE]
        for level in _levels(directory, mine)[0]:
            _run(directory, level, pace, failed)
    if failed:
        # What should have taken the place of what goes is not there.
        for item in items:
            if item.plan is not None and item.plan.action == DELETE:
                item.failure = "not removed, because others failed"
        return
    for kind in reversed(list(directory.kinds.values())):
        _run(
            directory,
            [item for item in items if item.kind is kind and item.plan is not None and item.plan.action == DELETE],
            pace,
            failed,
        )


def _run(directory: Directory, items: t.Sequence[Item], pace: _pace.Pace, failed: t.Dict[Place, Item]) -> None:
    busy = [item for item in items if item.plan is not None and (item.plan.action != NOTHING or item.kind.after)]
    lanes: t.Dict[t.Any, t.List[Item]] = {}
    for item in busy:
        lane = item.kind.lane(item.desired) if item.kind.lane is not None and item.state != "absent" else item.place
        lanes.setdefault(lane, []).append(item)
    rank = busy[0].kind.rank if busy else None
    if rank is not None:
        for lane_items in lanes.values():
            if lane_items[0].state != "absent":
                lane_items.sort(key=lambda item: rank(item.desired))

    def job(item: Item) -> _pace.Job:
        return lambda: _one(directory, item, failed)

    _pace.run([[job(item) for item in lane_items] for lane_items in lanes.values()], pace)
    _once_more(directory, [item for item in busy if item.refused], failed)
    failed.update({item.place: item for item in busy if item.failure})


def _once_more(directory: Directory, items: t.Sequence[Item], failed: t.Mapping[Place, Item]) -> None:
    """Try again, one at a time, what the server was too busy for: side by side, writes to SQLite are in each other's way."""
    refused = 0
    for item in items:
        if item.plan is None or refused >= _HOPELESS:
            return
        try:
            if item.plan.action == CREATE and directory.reread(*item.place) is not None:
                # An earlier try was carried out after all.
                item.plan = _engine.plan(directory, item.kind.noun, item.state, item.desired)
        except PrefectError:
            # What was refused is told, and not this.
            return
        item.failure, item.refused = "", False
        _one(directory, item, failed)
        refused = refused + 1 if item.refused else 0


def _is_refusal(error: PrefectError) -> bool:
    """Whether the server was too busy. One on SQLite can leave writes that meet without an answer."""
    if isinstance(error, TransportError):
        return error.kind == "timeout"
    return isinstance(error, ApiError) and error.status in _BUSY


def _one(directory: Directory, item: Item, failed: t.Mapping[Place, Item]) -> None:
    if item.plan is None:
        return
    for reference in item.refers:
        broken = failed.get(directory.place(reference))
        if broken is not None:
            item.failure = f"not tried, because {broken.kind.title(broken.desired)}, which it names, failed"
            return
    try:
        plan = item.plan
        if plan.action == CREATE and directory.is_brought(*item.place):
            # What was to be made came along with another object that was made a moment ago.
            directory.forget(item.kind.noun, [plan.key])
            plan = _engine.plan(directory, item.kind.noun, item.state, item.desired)
        _engine.carry_out(directory, plan)
        if plan is not item.plan:
            directory.reread(*item.place)
        item.extra = _engine.aftermath(directory, item.plan)
    except PrefectError as exc:
        item.failure = exc.message
        item.refused = _is_refusal(exc)
    except Exception as exc:  # noqa: BLE001  a mistake of ours must not lose the report on all other objects
        item.failure = f"{type(exc).__name__}: {exc}"


def apply(
    directory: Directory,
    declared: t.Mapping[str, t.Any],
    prune: t.Sequence[str] = (),
    prune_limit: int = 20,
    connections: int = 8,
    diff: bool = True,
    additions: t.Optional[t.Mapping[str, t.Any]] = None,
    sealed: t.AbstractSet[str] = frozenset(),
) -> Json:
    """Bring a server to what is declared, and return the result of the module ``resources``.

    :param prune: Plurals of the kinds of which the declared list is the whole truth.
    :param prune_limit: How many objects may be pruned at most.
    :param connections: How many requests may be under way at most.
    :param diff: Whether to return a diff.
    :param additions: Further declarations by their names.
    :param sealed: Texts that were hidden until the schemas say what of them is secret.
    :raises PrefectError: What is declared cannot be had, and nothing was written; or some objects failed, with the result
        for the others.
    """
    sources = [declared, *(further for further in (additions or {}).values() if isinstance(further, dict))]
    pruned = _chosen(directory.kinds, prune, "prune")
    for kind in pruned:
        if not any(isinstance(source.get(kind.many), list) for source in sources):
            raise PrefectError(
                f"Nothing was changed: prune names {kind.many}, but resources holds no list of that name. To remove all"
                " of them, declare an empty list"
            )
    items = parse(declared, directory.kinds, additions)
    prepare(directory, items, pruned)
    directory.client.secrets -= sealed - _secrets_of(items)
    items.extend(prunable(directory, items, pruned, prune_limit))
    if directory.client.read_only or directory.empty:
        for item in items:
            if item.plan is not None:
                item.extra = _engine.aftermath(directory, item.plan)
    else:
        carry_out(directory, items, connections)
    return _report(directory, items, diff)


def _secrets_of(items: t.Sequence[Item]) -> t.Set[str]:
    """Return every text of planned objects that is secret."""
    return {
        text
        for item in items
        if item.plan is not None and any(entry.no_log for entry in item.kind.options)
        for values in (item.plan.before, item.plan.after)
        for text in _secret.texts(values)
    }


def _sealed_texts(declared: t.Mapping[str, t.Any], kinds: t.Mapping[str, Kind]) -> t.Set[str]:
    """Return every text that stands in an option which Ansible must not log."""
    found: t.Set[str] = set()
    for kind in kinds.values():
        listed = declared.get(kind.many)
        for item in listed if isinstance(listed, list) else ():
            for entry in kind.options:
                if entry.no_log and isinstance(item, dict):
                    found |= _secret.texts(item.get(entry.option), True)
    return found


def _chosen(kinds: t.Mapping[str, Kind], plurals: t.Sequence[str], option: str) -> t.List[Kind]:
    """Return kinds by their plurals.

    :raises PrefectError: There is no such kind.
    """
    by_plural = {kind.many: kind for kind in kinds.values()}
    for plural in plurals:
        if plural not in by_plural:
            raise PrefectError(
                f"{option} names {plural!r}, which is no kind of object. There are {', '.join(by_plural)}"
            )
    return [kind for plural, kind in by_plural.items() if plural in plurals]


def _report(directory: Directory, items: t.Sequence[Item], diff: bool) -> Json:
    kinds: t.Dict[str, Json] = {}
    before: Json = {}
    after: Json = {}
    warnings: t.List[str] = list(directory.warnings)
    actual = not (directory.client.read_only or directory.empty)
    if actual:
        _reread(directory, items)
    for item in items:
        plan = item.plan
        if plan is None:
            continue
        report = kinds.setdefault(item.kind.many, {"created": [], "changed": [], "removed": [], "unchanged": 0})
        if item.failure:
            report.setdefault("failed", []).append(item.name)
            continue
        if plan.action == NOTHING and not item.extra:
            report["unchanged"] += 0 if item.state == "absent" else 1
            continue
        word = {CREATE: "created", UPDATE: "changed", NOTHING: "changed", DELETE: "removed"}[plan.action]
        report[word].append(item.name)
        held = plan.after
        if actual and plan.action != DELETE:
            document = directory.find(item.kind.noun, plan.key)
            held = {} if document is None else item.kind.declared(directory, document, item.desired)
            warnings.extend(_engine.not_taken(plan, held))
        if diff:
            if plan.before:
                before.setdefault(item.kind.many, {})[item.name] = plan.before
            held = item.kind.shown(plan.before, held)
            if held:
                after.setdefault(item.kind.many, {})[item.name] = held
    changed = any(report[word] for report in kinds.values() for word in ("created", "changed", "removed"))
    result: Json = {"changed": changed, "kinds": kinds, "warnings": warnings}
    if diff:
        result["diff"] = {"before": before, "after": after}
    failures = [item for item in items if item.failure]
    if failures:
        words = [f"{item.path} ({item.kind.noun} {item.name!r}): {item.failure}" for item in failures]
        raise PrefectError(
            f"{len(failures)} of {len(items)} objects failed; the others were dealt with:\n"
            + "\n".join(words[:_MOST_COMPLAINTS]),
            **result,
            failures=words,
        )
    return result


def _reread(directory: Directory, items: t.Sequence[Item]) -> None:
    """Read what was changed in place once more, by pages: the answers to changes are empty."""
    for noun in directory.kinds:
        keys = [
            item.plan.key
            for item in items
            if item.kind.noun == noun
            and item.plan is not None
            and not item.failure
            and (item.plan.action == UPDATE or item.extra)
        ]
        if keys:
            directory.forget(noun, keys)
            directory.load(noun, keys)


# Export


def export(directory: Directory, kinds: t.Sequence[Kind]) -> t.Dict[str, t.List[Json]]:
    """Return what a server holds in the form that ``apply`` takes.

    Left out are values that are a creation's defaults, and objects that Prefect makes itself.
    """
    found: t.Dict[str, t.List[Json]] = {}
    for kind in directory.kinds.values():
        if kind not in kinds:
            continue
        listed = []
        for document in directory.documents(kind.noun):
            values = kind.declared(directory, document)
            item = _exported(kind, values)
            if kind.export is not None:
                chosen = kind.export(directory, document, item)
                if chosen is None:
                    continue
                item = chosen
            elif kind.system(directory, document):
                continue
            listed.append(item)
        if listed:
            found[kind.many] = listed
    return found


def _exported(kind: Kind, values: Json) -> Json:
    item: Json = {}
    for entry in kind.fields:
        value = values.get(entry.option)
        default = entry.default is not UNKNOWN and not _engine.differs(value, entry.default)
        if entry.option not in values or (default and entry.option not in kind.key):
            continue
        if value is None and not entry.takes_null:
            # Nothing says "none" for an option that cannot.
            if entry.null is not None:
                item[entry.option] = entry.null
            continue
        item[entry.option] = value
    return item


def _type_of(value: t.Any) -> str:
    names = {dict: "a dictionary", list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def _plain(message: str) -> str:
    """Return a message of Ansible's argument checks without Python's words for types."""
    return message.replace("<class '", "").replace("'>", "")


# The modules


def ensure_all(context: Context, kinds: t.Mapping[str, Kind]) -> Json:
    """Do the work of the module ``resources``."""
    params = context.params

    check_least(params, prune_limit=0, connections=1, outage_timeout=0)
    context.client.patience = params["outage_timeout"]
    # What Ansible masks without being told better is every word that is declared, and so half of an error. Which values are
    # secret is known once the schemas were read; until then all are that may be.
    sealed = {
        text
        for source in (params["resources"], *params["additions"].values())
        if isinstance(source, dict)
        for text in _sealed_texts(source, kinds)
    }
    context.client.secrets |= sealed
    context.client.secrets_known = True

    def work(directory: Directory) -> Json:
        return apply(
            directory,
            params["resources"],
            prune=params["prune"],
            prune_limit=params["prune_limit"],
            connections=params["connections"],
            diff=context.diff,
            additions=params["additions"],
            sealed=sealed,
        )

    result = context.reaching(
        lambda: work(Directory(context.client, kinds)), lambda: work(Directory(context.client, kinds, empty=True))
    )
    if "reason" in result:
        # All of it would be created: that must not look like a server that has lost everything.
        result["warnings"] = [*result.get("warnings", ()), result["msg"]]
    return result


def export_all(context: Context, kinds: t.Mapping[str, Kind]) -> Json:
    """Do the work of the module ``resources_info``."""
    wanted = _chosen(kinds, context.params["kinds"], "kinds") or list(kinds.values())

    def work() -> Json:
        directory = Directory(context.client, kinds)
        found = export(directory, wanted)
        holes = sorted(set(_secret.holes(found)))
        return {"changed": False, "resources": found, "holes": holes, "warnings": directory.warnings}

    return context.reaching(work, lambda: {"changed": False, "resources": {}, "holes": []})
