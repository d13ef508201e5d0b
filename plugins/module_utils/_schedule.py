# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about schedules of deployments (private: not for use outside this collection).

A schedule in options is flat: ``cron``, ``interval`` or ``rrule`` with what belongs to it, ``timezone``, ``active``,
``max_scheduled_runs``, ``parameters`` and ``slug``. The API nests the first ones, fills in what was not sent, and has no way to
clear some of it in place; all of that stays in this file.
"""

from __future__ import annotations

import datetime
import json
import re
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError, InputError, PrefectError
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Key
from ansible_collections.selfhosted.prefect.plugins.module_utils._plan import CREATE, DELETE, NOTHING, Plan
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import (
    parse_json,
    parse_seconds,
    parse_text,
    parse_whole,
)

if t.TYPE_CHECKING:
    from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory

TIMINGS = {"cron": "CronSchedule", "interval": "IntervalSchedule", "rrule": "RRuleSchedule"}
"""The options of which a schedule has one, and what the API calls such a schedule."""

_BELONGS = {"anchor_date": "interval", "day_or": "cron"}
_OF_TIMING = ("cron", "day_or", "interval", "anchor_date", "rrule", "timezone")

_START = "DTSTART:20200101T000000\n"
"""What the server puts before a recurrence rule that does not say when it starts (since 3.8); it counts from there anyway."""

_BEGINNING = datetime.datetime(2020, 1, 1)
_ANY_START = re.compile(r"\ADTSTART:\d{8}T\d{6}\n")
_OFTEN = {"MINUTELY": 60, "SECONDLY": 1}
"""Seconds of the frequencies whose rules start close to now, because the server would count through every run since 2020."""

_NOBODY = "/deployments/00000000-0000-0000-0000-000000000000/schedules"
"""Schedules of a deployment that does not exist: the server judges them before it looks for it, and so writes nothing."""

_MOST_AT_ONCE = 500
_FRACTION = re.compile(r"(\.\d{1,6})\d*")


# Values


def parse_slug(value: t.Any) -> str:
    """Return a slug."""
    text = parse_text(value)
    if not text.strip():
        raise InputError("must not be empty")
    return text


def parse_cron(value: t.Any) -> str:
    """Return a cron expression; the server judges it."""
    return _some(value)


def parse_rrule(value: t.Any) -> str:
    """Return a recurrence rule, without the start that the server gives one that has none."""
    text = _some(value).replace("\r\n", "\n")
    return text[len(_START) :] if text.startswith(_START) else text


def parse_timezone(value: t.Any) -> str:
    """Return a time zone; none at all is UTC."""
    return parse_text(value).strip() or "UTC"


def parse_interval(value: t.Any) -> float:
    """Return a positive number of seconds."""
    seconds = round(parse_seconds(value), 6)
    if seconds <= 0:
        raise InputError(f"must be longer than nothing, but is {value!r}")
    return int(seconds) if seconds == int(seconds) else seconds


def parse_anchor_date(value: t.Any) -> str:
    """Return a time in UTC, as ISO 8601. One without an offset is in UTC, as it is to the server."""
    text = str(value).strip().replace("Z", "+00:00").replace("z", "+00:00")
    # Before Python 3.11 only three and six digits are understood.
    text = _FRACTION.sub(lambda match: match.group(1).ljust(7, "0"), text, count=1)
    try:
        moment = datetime.datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=moment.tzinfo or datetime.timezone.utc).astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError) as exc:
        raise InputError(f"must be a time such as 2026-01-31T06:00:00Z, but is {value!r}") from exc
    return moment.replace(tzinfo=None).isoformat() + "Z"


def parse_max_scheduled_runs(value: t.Any) -> t.Optional[int]:
    """Return how many runs are scheduled ahead; None where the word C(none) leaves that to the server."""
    if str(value).strip().lower() == "none":
        return None
    return parse_whole(value, 1)


def parse_parameters(value: t.Any) -> Json:
    """Return parameters."""
    found: Json = parse_json(value)
    return found


OPTIONS: t.Dict[str, t.Tuple[t.Dict[str, t.Any], t.Callable[[t.Any], t.Any]]] = {
    "slug": ({"type": "str"}, parse_slug),
    "cron": ({"type": "str"}, parse_cron),
    "interval": ({"type": "str"}, parse_interval),
    "anchor_date": ({"type": "str"}, parse_anchor_date),
    "rrule": ({"type": "str"}, parse_rrule),
    "timezone": ({"type": "str"}, parse_timezone),
    "day_or": ({"type": "bool"}, bool),
    "active": ({"type": "bool"}, bool),
    "max_scheduled_runs": ({"type": "str"}, parse_max_scheduled_runs),
    "parameters": ({"type": "dict"}, parse_parameters),
}
"""Options of a schedule: Ansible's specification, and what makes a declared value of one."""

SPEC = {option: dict(spec) for option, (spec, _parse) in OPTIONS.items()}


def parse_list(value: t.Sequence[t.Any]) -> t.List[Json]:
    """Return the declared values of a deployment's schedules.

    :raises InputError: With the place in the list.
    """
    found: t.List[Json] = []
    for index, given in enumerate(value):
        values: Json = {}
        for option, (_spec, parse) in OPTIONS.items():
            if given.get(option) is not None:
                try:
                    values[option] = parse(given[option])
                except InputError as exc:
                    raise exc.under(f"[{index}].{option}") from exc
        try:
            check_timing(values, needed=True)
        except InputError as exc:
            raise exc.under(f"[{index}]") from exc
        for earlier, other in enumerate(found):
            if "slug" in values and values["slug"] == other.get("slug"):
                raise InputError(f"is {values['slug']!r}, as it is in schedules[{earlier}]", f"[{index}].slug")
        found.append(values)
    return found


def check_timing(values: Json, needed: bool = False) -> None:
    """Refuse what cannot stand together.

    :param needed: Whether one of cron, interval and rrule has to be there.
    :raises InputError: With what is wrong.
    """
    given = [option for option in TIMINGS if values.get(option) is not None]
    if len(given) > 1 or (needed and not given):
        held = " and ".join(given) if given else "none of them"
        raise InputError(f"must have exactly one of cron, interval and rrule, but has {held}")
    for option, timing in _BELONGS.items():
        if values.get(option) is not None and given and given != [timing]:
            raise InputError(f"belongs to {timing}, but this schedule has {given[0]}", option)


# The API's form


def decode(document: Json) -> Json:
    """Return a schedule of the API by options, with everything it has."""
    timing = document.get("schedule") or {}
    values: Json = {"slug": document["slug"]} if _has_slug(document) else {}
    if timing.get("cron") is not None:
        values.update(cron=timing["cron"], day_or=timing.get("day_or", True))
    elif timing.get("interval") is not None:
        values.update(interval=parse_interval(timing["interval"]))
        if timing.get("anchor_date"):
            values["anchor_date"] = parse_anchor_date(timing["anchor_date"])
    elif timing.get("rrule") is not None:
        values["rrule"] = parse_rrule(timing["rrule"])
    values["timezone"] = parse_timezone(timing.get("timezone") or "")
    values["active"] = document.get("active", True)
    if document.get("max_scheduled_runs") is not None:
        values["max_scheduled_runs"] = document["max_scheduled_runs"]
    values["parameters"] = document.get("parameters") or {}
    return values


def _has_slug(document: Json) -> bool:
    """Whether a schedule can be named. The server keeps an empty slug, too, which nobody can declare."""
    return bool((document.get("slug") or "").strip())


def decode_list(directory: Directory, document: Json) -> t.List[Json]:
    """Return a deployment's schedules by options."""
    return in_order([decode(schedule) for schedule in document.get("schedules") or ()])


def encode(values: Json) -> Json:
    """Return a whole schedule as the API takes it."""
    body: Json = {"schedule": _timing(values), "active": values["active"], "parameters": values["parameters"]}
    for option in ("slug", "max_scheduled_runs"):
        if values.get(option) is not None:
            body[option] = values[option]
    return body


def encode_list(directory: Directory, value: t.Sequence[Json]) -> t.List[Json]:
    """Return whole schedules as the API takes them."""
    return [encode(values) for values in value]


def tidy(values: Json) -> Json:
    """Return a schedule without what a new one has anyway."""
    usual = {"day_or": True, "timezone": "UTC", "active": True, "parameters": {}}
    return {option: value for option, value in values.items() if option not in usual or value != usual[option]}


def in_order(schedules: t.Sequence[Json]) -> t.List[Json]:
    """Return schedules in the one order they are compared and shown in; the server keeps none."""
    return sorted(schedules, key=lambda values: (values.get("slug") is None, str(values.get("slug")), _text(values)))


def comparable(schedules: t.Any) -> t.Any:
    """Return schedules as they are compared."""
    return [tidy(values) for values in in_order(schedules)] if schedules else schedules


def _period(rule: str) -> int:
    """Return the seconds from one run to the next of a rule that the server lets start close to now; 0 of any other."""
    parts = dict(
        part.split("=", 1) for part in re.sub(r"\ARRULE:", "", rule.strip().upper()).split(";") if part.count("=") == 1
    )
    every = parts.get("INTERVAL", "1")
    if "\n" in rule.strip() or ":" in "".join(parts) or "COUNT" in parts or not every.isdecimal():
        return 0
    return _OFTEN.get(parts.get("FREQ", ""), 0) * int(every)


def _same_rule(declared: str, held: str) -> bool:
    """Whether a rule is as declared: one that does not say when it starts keeps the start that it was given."""
    return declared == held or bool(_period(declared) and _ANY_START.sub("", held) == declared)


def _with_start(rule: str) -> str:
    """Return a new rule as it will be held: the server would choose a start of the same runs, depending on the time."""
    period = _period(rule)
    if not period:
        return rule
    # The day before yesterday is over in every time zone.
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    passed = int((today - datetime.timedelta(days=1) - _BEGINNING).total_seconds())
    start = _BEGINNING + datetime.timedelta(seconds=passed - passed % period)
    return f"DTSTART:{start:%Y%m%dT%H%M%S}\n{rule}"


def _timing(values: Json) -> Json:
    return {option: values[option] for option in _OF_TIMING if values.get(option) is not None}


def _text(values: t.Any) -> str:
    return json.dumps(values, sort_keys=True, default=str)


def _some(value: t.Any) -> str:
    text = parse_text(value).strip()
    if not text:
        raise InputError("must not be empty")
    return text


# Declared against held


def complete(declared: Json, held: t.Optional[Json]) -> Json:
    """Return a declared schedule with everything it will have: what is not declared stays as it is."""
    values = dict(held or {"timezone": "UTC", "active": True, "parameters": {}})
    timing = next((option for option in TIMINGS if declared.get(option) is not None), None)
    if timing is not None and timing not in values:
        for option in (*TIMINGS, *_BELONGS):
            values.pop(option, None)
    rule = values.get("rrule")
    values.update(declared)
    if declared.get("rrule") is not None:
        values["rrule"] = rule if rule and _same_rule(declared["rrule"], rule) else _with_start(declared["rrule"])
    if "cron" in values:
        values.setdefault("day_or", True)
    elif "interval" in values:
        # The server would take its own time; so it is known what it will be.
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
        values.setdefault("anchor_date", now.isoformat() + "Z")
    if values.get("max_scheduled_runs", 0) is None:
        del values["max_scheduled_runs"]
    return values


def complete_list(declared: t.Sequence[Json], held: t.Sequence[Json]) -> t.Tuple[t.List[Json], t.List[int]]:
    """Return declared schedules with everything they will have, and where each is declared.

    One with a slug is the one that has it. One without is one without that runs at the same times; of those, as many as
    possible are ones that are wholly as declared, so that what has been applied is found to be there.

    :raises InputError: Two are declared alike, and there are not as many.
    """
    matches: t.Dict[int, int] = {}
    for fits in (_same_slug, _wholly, _same_times):
        matches.update(_matched(declared, held, fits, matches))
    whole = [
        complete(values, held[matches[index]] if index in matches else None) for index, values in enumerate(declared)
    ]
    for index, values in enumerate(declared):
        for earlier, other in enumerate(declared[:index]):
            if not {index, earlier} <= set(matches) and "slug" not in values and _text(values) == _text(other):
                raise InputError(f"is the same as schedules[{earlier}]; leave one of them out", f"schedules[{index}]")
    order = in_order(whole)
    return order, [next(index for index, one in enumerate(whole) if one is values) for values in order]


def _matched(
    declared: t.Sequence[Json],
    held: t.Sequence[Json],
    fits: t.Callable[[Json, Json], bool],
    matches: t.Mapping[int, int],
) -> t.Dict[int, int]:
    """Return further matches of declared schedules with held ones that fit, by their indexes: as many as there can be.

    Those that declare most choose first, and what they choose has least beside it.
    """
    free = [other for other in range(len(held)) if other not in matches.values()]
    choices = {
        index: sorted(
            (other for other in free if fits(values, held[other])),
            key=lambda other: len(set(tidy(held[other])) - set(values)),
        )
        for index, values in enumerate(declared)
        if index not in matches
    }
    owners: t.Dict[int, int] = {}

    def settle(index: int, asked: t.Set[int]) -> bool:
        """Find a held one for a declared one, where needed by moving others to another one of theirs."""
        for other in choices[index]:
            if other not in asked:
                asked.add(other)
                if other not in owners or settle(owners[other], asked):
                    owners[other] = index
                    return True
        return False

    for index in sorted(choices, key=lambda index: -len(declared[index])):
        settle(index, set())
    return {index: other for other, index in owners.items()}


def _same_slug(declared: Json, held: Json) -> bool:
    return "slug" in declared and declared["slug"] == held.get("slug")


def _wholly(declared: Json, held: Json) -> bool:
    return _same_times(declared, held) and _text(complete(declared, held)) == _text(held)


def _same_times(declared: Json, held: Json) -> bool:
    if "slug" in declared or "slug" in held:
        return False
    return all(
        _same_rule(declared[option], held.get(option) or "")
        if option == "rrule"
        else held.get(option) == declared[option]
        for option in _OF_TIMING
        if option in declared
    )


def write_list(directory: Directory, deployment: Json, wanted: t.Sequence[Json]) -> None:
    """Bring a deployment's schedules to what they are to be.

    The deployment's own PATCH would lose schedules: it never removes one of those with slugs, and removes all others.
    """
    path = f"/deployments/{deployment['id']}/schedules"
    left = [(decode(document), document) for document in deployment.get("schedules") or ()]
    new: t.List[Json] = []
    patches: t.List[t.Tuple[str, Json]] = []
    rest = list(wanted)
    for same in (lambda one, other: _text(one) == _text(other), _same_slug, _same_times):
        for values in list(rest):
            pair = next((pair for pair in left if same(values, pair[0])), None)
            if pair is None:
                continue
            if _text(values) != _text(pair[0]):
                if not can_patch(pair[0], values):
                    continue
                patches.append((f"{path}/{pair[1]['id']}", patch_body(pair[0], values)))
            rest.remove(values)
            left = [other for other in left if other is not pair]
    new = encode_list(directory, rest)
    for _values, document in left:
        directory.client.delete(f"{path}/{document['id']}")
    for place, body in patches:
        directory.client.update(place, body)
    if new:
        add(directory, str(deployment["id"]), new)


def add(directory: Directory, deployment_id: str, bodies: t.Any) -> t.List[Json]:
    """Add schedules to a deployment and return them.

    :raises TransportError: The answer was lost. Without slugs, trying again could add them twice.
    """
    once = any("slug" not in body for body in bodies)
    made = directory.client.create(f"/deployments/{deployment_id}/schedules", bodies, once)
    if not isinstance(made, list):
        raise PrefectError("The server did not return the schedules that it was asked to make")
    return made


def can_patch(held: Json, wanted: Json) -> bool:
    """Whether the server can turn one schedule into another; it cannot take back how many runs are scheduled ahead."""
    return "max_scheduled_runs" not in held or wanted.get("max_scheduled_runs") is not None


def patch_body(held: Json, wanted: Json) -> Json:
    """Return what changes one schedule into another. Without parameters the server would remove them (3.8.8)."""
    body = encode(wanted)
    if _timing(held) == _timing(wanted):
        del body["schedule"]
    return body


# What the server thinks of it


def judge(directory: Directory, entries: t.Sequence[t.Tuple[t.Any, str, Json]]) -> t.List[t.Tuple[t.Any, InputError]]:
    """Ask the server which of these schedules it would not take. Nothing is written, in one request for many.

    :param entries: Whose the schedule is, its path, and the whole schedule.
    :return: Whose is wrong, with the error.
    """
    judged: t.Dict[str, t.Optional[t.Tuple[str, str]]] = directory.memo.setdefault("judged schedules", {})
    asked: t.Dict[str, Json] = {}
    for _owner, _path, values in entries:
        body = _judged_part(values)
        if _text(body) not in judged:
            asked[_text(body)] = body
    texts = list(asked)
    for start in range(0, len(texts), _MOST_AT_ONCE):
        chunk = texts[start : start + _MOST_AT_ONCE]
        wrong = _refused(directory, [asked[text] for text in chunk])
        judged.update({text: wrong.get(index) for index, text in enumerate(chunk)})
    found = []
    for owner, path, values in entries:
        verdict = judged[_text(_judged_part(values))]
        if verdict is not None:
            option, words = verdict
            place = ".".join(part for part in (path, option) if part)
            found.append((owner, InputError(words, place)))
    return found


def _judged_part(values: Json) -> Json:
    body = encode(values)
    return {part: body[part] for part in ("schedule", "max_scheduled_runs") if part in body}


def _refused(directory: Directory, bodies: t.Any) -> t.Dict[int, t.Tuple[str, str]]:
    """Return the option and what is wrong, by index, of those the server does not take."""
    try:
        directory.client.query(_NOBODY, bodies)
    except ApiError as exc:
        if exc.status == 404:
            return {}
        if exc.status != 422 or not exc.complaints:
            raise
        found: t.Dict[int, t.Tuple[str, str]] = {}
        for place, words in exc.complaints:
            index = place[0] if place and isinstance(place[0], int) else 0
            told = _told(bodies[index], [str(part) for part in place[1:]], words)
            if told is not None:
                found.setdefault(index, told)
        for place, _words in exc.complaints:
            index = place[0] if place and isinstance(place[0], int) else 0
            found.setdefault(index, ("", "is not a schedule that the server takes"))
        return found
    return {}


def _told(body: Json, place: t.Sequence[str], words: str) -> t.Optional[t.Tuple[str, str]]:
    """Return a complaint in words for people, if it is about the kind of schedule that was meant; else None."""
    words = words.replace("Value error, ", "", 1)
    if place[:1] != ["schedule"]:
        return (place[0] if place else "", f"is refused by the server: {words}")
    timing = next(option for option in TIMINGS if option in body["schedule"])
    if len(place) < 2 or TIMINGS[timing] not in place[1]:
        return None
    zone = body["schedule"].get("timezone")
    if place[-1] == "timezone" or (len(place) == 2 and "timezone" in words):
        # The server's own words hold every time zone there is.
        return "timezone", f"must be a time zone such as Europe/Berlin, but is {zone!r}"
    return (place[2] if len(place) > 2 else timing), f"is refused by the server: {words}"


# The kind of its own


def parse_deployment(value: t.Any) -> str:
    """Return the name of a deployment behind that of its flow."""
    text = parse_text(value)
    if text.count("/") != 1 or "" in text.split("/"):
        raise InputError(f"must name a deployment as flow/deployment, but is {text!r}")
    return text


def load(directory: Directory, keys: t.Optional[t.Sequence[Key]]) -> t.List[Json]:
    """Return schedules that have a slug, from the deployments that hold them."""
    if keys is None:
        deployments = directory.documents("deployment")
    else:
        owners = list(dict.fromkeys(directory.key("deployment", key[0]) for key in keys))
        if len(owners) > 1:
            directory.load("deployment", owners)
        deployments = [found for found in (directory.find("deployment", owner) for owner in owners) if found]
    return [
        {**schedule, "deployment_id": deployment["id"]}
        for deployment in deployments
        for schedule in deployment.get("schedules") or ()
        if _has_slug(schedule)
    ]


def of_schedule(option: str) -> t.Callable[[Directory, Json], t.Any]:
    """Return what decodes an option of the kind."""
    return lambda directory, document: decode(document).get(option)


def check(desired: Json) -> None:
    """Refuse what cannot stand together."""
    check_timing(desired)


def resolve(directory: Directory, current: t.Optional[Json], desired: Json) -> Json:
    """Complete the declared values by what is there, and by what a new schedule has."""
    held = None if current is None else {option: value for option, value in current.items() if value is not None}
    declared = {
        option: value for option, value in desired.items() if value is not None or option == "max_scheduled_runs"
    }
    if held is None:
        check_timing(declared, needed=True)
    whole = complete(declared, held)
    timing = next(option for option in TIMINGS if whole.get(option) is not None)
    for option, other in _BELONGS.items():
        if desired.get(option) is not None and other != timing:
            raise InputError(f"belongs to {other}, but this schedule has {timing}", option)
    return {option: whole.get(option) for option in ("deployment", *OPTIONS)}


def encode_options(directory: Directory, values: t.Mapping[str, t.Any]) -> Json:
    """Return the options of the kind as the body of a request."""
    return encode({option: value for option, value in values.items() if value is not None})


def judge_plans(directory: Directory, plans: t.Sequence[Plan]) -> t.List[t.Tuple[int, InputError]]:
    """Ask the server about all schedules that are about to be written."""
    return judge(
        directory,
        [
            (index, "", {option: value for option, value in plan.after.items() if value is not None})
            for index, plan in enumerate(plans)
            if plan.action not in (DELETE, NOTHING) and _judge_needed(plan)
        ],
    )


def _judge_needed(plan: Plan) -> bool:
    return plan.action == CREATE or any(
        option in plan.changes for option in (*_OF_TIMING, "max_scheduled_runs") if plan.changes.get(option) is not None
    )


def create(directory: Directory, desired: Json, body: Json) -> Json:
    """Add a schedule to its deployment."""
    owner = directory.key("deployment", desired["deployment"])
    deployment = directory.find("deployment", owner)
    if deployment is None:
        raise PrefectError(f"The deployment {desired['deployment']!r} does not exist any more")
    made = add(directory, str(deployment["id"]), [body])[0]
    return {**made, "deployment_id": deployment["id"]}


def update(directory: Directory, document: Json, after: Json, changes: Json) -> None:
    """Change a schedule, or where the server cannot, put another in its place."""
    deployment_id = str(document["deployment_id"])
    path = f"/deployments/{deployment_id}/schedules/{document['id']}"
    held, wanted = decode(document), {option: value for option, value in after.items() if value is not None}
    if can_patch(held, wanted):
        directory.client.update(path, patch_body(held, wanted))
    else:
        directory.client.delete(path)
        add(directory, deployment_id, [encode(wanted)])
    directory.forget("deployment", [directory.key("deployment", after["deployment"])])


def delete(directory: Directory, document: Json) -> None:
    """Remove a schedule from its deployment."""
    directory.client.delete(f"/deployments/{document['deployment_id']}/schedules/{document['id']}")


def lane(desired: Json) -> t.Any:
    """Write the schedules of one deployment one after the other."""
    return desired["deployment"]


def not_exported(directory: Directory, document: Json, item: Json) -> t.Optional[Json]:
    """Leave it out: an exported deployment holds its schedules."""
    return None
