# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about automations (private: not for use outside this collection).

A trigger or an action is a document whose type says what else it holds; the tables here are what the server takes (a test
holds them against its OpenAPI document). As options they are written in the shortest form: without ids of triggers, without
what the server would fill in anyway, sets sorted, and other objects by name. Both what is declared and what the server
holds are brought to that form, so that equal means equal.
"""

from __future__ import annotations

import json
import re
import time
import typing as t
import uuid
from dataclasses import dataclass

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import AFTERWARDS, Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._engine import carry_out, encoded, plan
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import (
    ApiError,
    InputError,
    PrefectError,
    TransportError,
)
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Reference
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import (
    parse_json,
    parse_seconds,
    parse_tags,
    parse_text,
    parse_whole,
)

ACTION_OPTIONS = ("actions", "actions_on_trigger", "actions_on_resolve")
POSTURES = ("Reactive", "Proactive")
STATES = ("SCHEDULED", "PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "CRASHED", "PAUSED", "CANCELLING")

ID_KEYS: t.Mapping[str, str] = {
    "deployment": "deployment_id",
    "work_pool": "work_pool_id",
    "work_queue": "work_queue_id",
    "automation": "automation_id",
    "block": "block_document_id",
}
"""The API's key for the id of what an action is for, by the noun that the option is called by."""

RESOURCES: t.Mapping[str, str] = {
    "deployment": "deployment",
    "flow": "flow",
    "work_pool": "work-pool",
    "work_queue": "work-queue",
    "automation": "automation",
    "block": "block-document",
    "global_concurrency_limit": "concurrency-limit",
    "variable": "variable",
}
"""What stands between ``prefect.`` and the id in the resource id of an object, by noun."""

_NOUNS = {word: noun for noun, word in RESOURCES.items()}
_RESOURCE_ID = re.compile(
    r"prefect\.(" + "|".join(RESOURCES.values()) + r")\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)
_LOOKS = 10
_BETWEEN_LOOKS = 0.3
"""Seconds."""

_NOBODY = str(uuid.UUID(int=0))
_SHORTEST_WAIT = 10
"""Seconds a proactive trigger waits at least, and if nothing is said."""

_LONGEST_WAIT = 36525 * 86400

Change = t.Callable[[t.Any, str], t.Any]


# Values


def _text(value: t.Any) -> str:
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise InputError(f"must be a text, but is {value!r}")
    return parse_text(value)


def _filled(value: t.Any) -> str:
    if not _text(value):
        raise InputError("must not be empty")
    return _text(value)


def parse_name(value: t.Any) -> str:
    """Return an automation's name, which to the server is any text, even an empty one."""
    return _filled(value)


def _flag(value: t.Any) -> bool:
    try:
        return bool(boolean(value))
    except TypeError as exc:
        raise InputError(f"must be true or false, but is {value!r}") from exc


def _one_of(*choices: str) -> t.Callable[[t.Any], str]:
    def parse(value: t.Any) -> str:
        if value not in choices:
            raise InputError(f"must be one of {', '.join(choices)}, but is {value!r}")
        return str(value)

    return parse


def _seconds(value: t.Any) -> t.Union[int, float]:
    seconds = parse_seconds(value)
    if seconds > _LONGEST_WAIT:
        # Added to a date, more would be none that the server can calculate with.
        raise InputError(f"must be at most a hundred years, which is {_LONGEST_WAIT} seconds, but is {value!r}")
    return int(seconds) if seconds == int(seconds) else seconds


def _texts(value: t.Any) -> t.List[str]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        raise InputError(f"must be a list of texts, but is {value!r}")
    return sorted({_at(f"[{index}]", _text, entry) for index, entry in enumerate(value)})


def _mapping(value: t.Any) -> t.Optional[Json]:
    """Return a dictionary; an empty one is to the server the same as none."""
    if not isinstance(value, dict):
        raise InputError(f"must be a dictionary, but is {value!r}")
    return parse_json(value) or None


def _payload(value: t.Any) -> str:
    """Return a webhook's payload; a document becomes JSON, written as the server itself would."""
    if isinstance(value, (dict, list)):
        return json.dumps(parse_json(value), indent=2, ensure_ascii=False)
    return _text(value)


def _require(value: t.Any) -> t.Union[int, str]:
    if value in ("any", "all"):
        return str(value)
    try:
        return parse_whole(value, 1)
    except InputError as exc:
        raise InputError(f"must be any, all, or a number of triggers from 1, but is {value!r}") from exc


def _identity(value: t.Any) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError as exc:
        raise InputError(f"must be an id, but is {value!r}") from exc


def _label_value(value: t.Any) -> t.Any:
    """Return one value of a label: a pattern, or the name of an object by its noun."""
    if not isinstance(value, dict):
        return _text(value)
    if len(value) != 1 or not set(value) <= set(RESOURCES):
        raise InputError(
            f"must be a text or name one object as a dictionary with one of the keys {', '.join(RESOURCES)},"
            f" but is {value!r}"
        )
    return {noun: _at(noun, _filled, name) for noun, name in value.items()}


def _labels(value: t.Any) -> Json:
    if not isinstance(value, dict):
        raise InputError(f"must be a dictionary of labels, but is {value!r}")
    found: Json = {}
    for label, wanted in value.items():
        if isinstance(wanted, list):
            each = [_at(f"[{label}][{index}]", _label_value, entry) for index, entry in enumerate(wanted)]
            found[_text(label)] = each
        else:
            found[_text(label)] = _at(f"[{label}]", _label_value, wanted)
    return _tidy(found)


def _related(value: t.Any) -> t.Any:
    if not isinstance(value, list):
        return _labels(value)
    found = [_at(f"[{index}]", _labels, entry) for index, entry in enumerate(value)]
    # All of them have to match, and an empty one always does.
    found = [entry for entry in found if entry]
    return found if len(found) > 1 else (found or [{}])[0]


def _tidy(labels: Json) -> Json:
    """Write the values of each label in one form: any of them may match, so order means nothing."""
    found: Json = {}
    for label, wanted in labels.items():
        each = wanted if isinstance(wanted, list) else [wanted]
        once = {json.dumps(entry, sort_keys=True): entry for entry in each}
        ordered = [once[text] for text in sorted(once)]
        found[label] = ordered[0] if len(ordered) == 1 else ordered
    return found


def _at(path: str, parse: t.Callable[[t.Any], t.Any], value: t.Any) -> t.Any:
    try:
        return parse(value)
    except InputError as exc:
        raise exc.under(path) from exc


# What describes triggers and actions

_UNSET: t.Any = object()


@dataclass(frozen=True)
class Part:
    """One key of a trigger or an action.

    :param name: The key, in Ansible and in the API.
    :param parse: Turns its value into what is compared and shown.
    :param default: What the server fills in; a value equal to it is left out.
    :param required: Whether it has to be there.
    :param rendered: Whether Prefect renders Jinja in it.
    """

    name: str
    parse: t.Callable[[t.Any], t.Any]
    default: t.Any = _UNSET
    required: bool = False
    rendered: bool = False


@dataclass(frozen=True)
class Shape:
    """What a trigger or an action of one type holds.

    :param parts: Its keys.
    :param acts_on: The noun of what it acts on or with; that has a key of its own.
    :param inferred: Whether the event says what that is where it is not named.
    :param since: The first release of the server that has it.
    """

    parts: t.Tuple[Part, ...] = ()
    acts_on: str = ""
    inferred: bool = True
    since: t.Tuple[int, ...] = ()

    @property
    def keys(self) -> t.List[str]:
        """Every key it may have."""
        named = [self.acts_on, ID_KEYS[self.acts_on]] if self.acts_on else []
        return ["type", *named, *(["source"] if named and self.inferred else []), *(part.name for part in self.parts)]


# From what is declared


def parse_trigger(value: t.Any) -> Json:
    """Return a trigger in its shortest form.

    :raises InputError: It is wrong.
    """
    value = {"type": "event", **value} if isinstance(value, dict) else value
    found = _parsed(TRIGGERS, "a trigger", value)
    if found["type"] == "event":
        proactive = found["posture"] == "Proactive"
        if proactive and found.get("within", _SHORTEST_WAIT) < _SHORTEST_WAIT:
            raise InputError(
                f"must be at least {_SHORTEST_WAIT} seconds with posture Proactive, but is {found['within']}", "within"
            )
        if found.get("within") == (_SHORTEST_WAIT if proactive else 0):
            del found["within"]
    required = found.get("require")
    if isinstance(required, int) and required > len(found["triggers"]):
        raise InputError(f"must not be more than the {len(found['triggers'])} triggers, but is {required}", "require")
    return found


def parse_triggers(value: t.Any) -> t.List[Json]:
    """Return the triggers inside another one."""
    if not isinstance(value, list) or not value:
        raise InputError(f"must be a list of at least one trigger, but is {value!r}")
    return [_at(f"[{index}]", parse_trigger, entry) for index, entry in enumerate(value)]


def parse_actions(value: t.Any) -> t.List[Json]:
    """Return actions in their shortest form.

    :raises InputError: One is wrong.
    """
    return [_at(f"[{index}]", _parse_action, entry) for index, entry in enumerate(value)]


def _parse_action(value: t.Any) -> Json:
    found = _parsed(ACTIONS, "an action", value)
    shape = ACTIONS[found["type"]]
    if not shape.acts_on:
        return found
    id_key = ID_KEYS[shape.acts_on]
    named = [key for key in (shape.acts_on, id_key) if value.get(key) is not None]
    source = value.get("source")
    if len(named) > 1:
        raise InputError(f"must not be given together with {shape.acts_on}", id_key)
    if source is not None:
        _at("source", _one_of("selected", "inferred"), source)
    if source == "inferred" and named:
        raise InputError(f"must not be inferred where {named[0]} says what is selected", "source")
    if not named and (source == "selected" or not shape.inferred):
        raise InputError("must be given", shape.acts_on)
    for key in named:
        found[key] = _at(key, _identity if key == id_key else _filled, value[key])
    return found


def _parsed(shapes: t.Mapping[str, Shape], label: str, value: t.Any) -> Json:
    """Return type and parts of a trigger or an action."""
    if not isinstance(value, dict):
        raise InputError(f"must be a dictionary, but is {value!r}")
    if not isinstance(value.get("type"), str) or value["type"] not in shapes:
        is_now = f"is {value['type']!r}" if "type" in value else "is missing"
        raise InputError(f"must be one of {', '.join(shapes)}, but {is_now}", "type")
    found: Json = {"type": value["type"]}
    shape = shapes[value["type"]]
    for key in value:
        if key not in shape.keys:
            raise InputError(
                f"is nothing that {label} of type {value['type']} has. It has: {', '.join(shape.keys)}", str(key)
            )
    for part in shape.parts:
        if value.get(part.name) is None:
            if part.required:
                raise InputError("must be given", part.name)
            continue
        held = _at(part.name, part.parse, value[part.name])
        if held != part.default:
            found[part.name] = held
    return found


# What the server takes


TRIGGERS: t.Mapping[str, Shape] = {
    "event": Shape(
        (
            Part("posture", _one_of(*POSTURES), required=True),
            Part("expect", _texts, []),
            Part("after", _texts, []),
            Part("for_each", _texts, []),
            Part("match", _labels, {}),
            Part("match_related", _related, {}),
            Part("threshold", parse_whole, 1),
            Part("within", _seconds),
        )
    ),
    "compound": Shape(
        (
            Part("require", _require, required=True),
            Part("triggers", parse_triggers, required=True),
            Part("within", _seconds, None),
        )
    ),
    "sequence": Shape(
        (
            Part("triggers", parse_triggers, required=True),
            Part("within", _seconds, None),
        )
    ),
}

ACTIONS: t.Mapping[str, Shape] = {
    "do-nothing": Shape(),
    "run-deployment": Shape(
        (
            Part("parameters", _mapping, None, rendered=True),
            Part("job_variables", _mapping, None),
            Part("schedule_after", _seconds, 0),
        ),
        acts_on="deployment",
    ),
    "pause-deployment": Shape(acts_on="deployment"),
    "resume-deployment": Shape(acts_on="deployment"),
    "cancel-flow-run": Shape(),
    "delete-flow-run": Shape(since=(3, 7)),
    "suspend-flow-run": Shape(),
    "resume-flow-run": Shape(),
    "change-flow-run-state": Shape(
        (
            Part("state", _one_of(*STATES), required=True),
            Part("name", _text, None),
            Part("message", _text, None),
            Part("force", _flag, False),
        )
    ),
    "pause-work-pool": Shape(acts_on="work_pool"),
    "resume-work-pool": Shape(acts_on="work_pool"),
    "pause-work-queue": Shape(acts_on="work_queue"),
    "resume-work-queue": Shape(acts_on="work_queue"),
    "pause-automation": Shape(acts_on="automation"),
    "resume-automation": Shape(acts_on="automation"),
    "send-notification": Shape(
        (
            Part("subject", _text, "Prefect automated notification", rendered=True),
            Part("body", _text, required=True, rendered=True),
        ),
        acts_on="block",
        inferred=False,
    ),
    "call-webhook": Shape((Part("payload", _payload, "", rendered=True),), acts_on="block", inferred=False),
}


# From and to the API


def decode_trigger(directory: Directory, document: Json) -> Json:
    """Return the trigger of an API object, with what it refers to by name."""
    return _by_names(directory, _held_trigger(document["trigger"]))


def decode_actions(option: str) -> t.Callable[[Directory, Json], t.List[Json]]:
    """Return what returns the actions of an API object, with what they refer to by name."""

    def decode(directory: Directory, document: Json) -> t.List[Json]:
        return [_action_by_name(directory, _held_action(action)) for action in document.get(option) or ()]

    return decode


def decode_tags(directory: Directory, document: Json) -> t.List[str]:
    """Return the tags, which the server keeps as they were sent."""
    return parse_tags(document.get("tags") or ())


def _held_trigger(document: Json) -> Json:
    shape = TRIGGERS.get(str(document.get("type")))
    if shape is None:
        return document
    known = {key: value for key, value in document.items() if key in shape.keys}
    if "triggers" in known:
        known["triggers"] = [_held_trigger(entry) for entry in known["triggers"]]
    try:
        return parse_trigger(known)
    except InputError:
        # Of a server that holds more than this collection knows: shown as it is.
        return known


def _held_action(document: Json) -> Json:
    shape = ACTIONS.get(document.get("type", ""))
    if shape is None:
        return document
    known = {key: value for key, value in document.items() if key in shape.keys}
    try:
        return _parse_action(known)
    except InputError:
        return known


def encode_trigger(directory: Directory, trigger: Json) -> Json:
    """Return a trigger as the API takes it."""

    def to_id(value: t.Any, path: str) -> t.Any:
        if not isinstance(value, dict):
            return value
        ((noun, name),) = value.items()
        return f"prefect.{RESOURCES[noun]}.{directory.id_of(noun, name, path)}"

    return _filled_in(_each_value(trigger, "trigger", to_id))


def encode_actions(option: str) -> t.Callable[[Directory, t.List[Json]], t.List[Json]]:
    """Return what returns actions as the API takes them."""

    def encode(directory: Directory, actions: t.List[Json]) -> t.List[Json]:
        return [_encode_action(directory, action, f"{option}[{index}]") for index, action in enumerate(actions)]

    return encode


def _encode_action(directory: Directory, action: Json, path: str) -> Json:
    shape = ACTIONS.get(action.get("type", ""))
    if shape is None:
        return action
    found = {"type": action["type"], **_defaults(shape)}
    found.update((part.name, action[part.name]) for part in shape.parts if part.name in action)
    if shape.acts_on:
        id_key = ID_KEYS[shape.acts_on]
        name, identity = action.get(shape.acts_on), action.get(id_key)
        if name is not None:
            identity = directory.id_of(shape.acts_on, name, f"{path}.{shape.acts_on}")
        if shape.inferred:
            found["source"] = "selected" if identity else "inferred"
        if identity:
            found[id_key] = identity
    return found


def _filled_in(trigger: Json) -> Json:
    """Return a trigger with the defaults in their places, some of which the API does not know."""
    shape = TRIGGERS.get(trigger.get("type", ""))
    if shape is None:
        return trigger
    found = {**_defaults(shape), **trigger}
    if trigger["type"] == "event":
        found.setdefault("within", _SHORTEST_WAIT if trigger.get("posture") == "Proactive" else 0)
    if "triggers" in found:
        found["triggers"] = [_filled_in(entry) for entry in found["triggers"]]
    return found


def _defaults(shape: Shape) -> Json:
    return {part.name: part.default for part in shape.parts if part.default is not _UNSET}


# Names of other objects


def references(desired: Json) -> t.List[Reference]:
    """Return every other object that declared triggers and actions name."""
    itself = ("automation", str(desired.get("name")))
    return [entry for entry in _named(desired) if (entry.noun, entry.name) != itself]


def _named(desired: Json) -> t.List[Reference]:
    found: t.List[Reference] = []

    def collect(value: t.Any, path: str) -> t.Any:
        if isinstance(value, dict):
            found.extend(Reference(noun, name, path) for noun, name in value.items())
        return value

    if "trigger" in desired:
        _each_value(desired["trigger"], "trigger", collect)
    for action, path in _actions(desired):
        noun = ACTIONS[action["type"]].acts_on
        if noun in action:
            found.append(Reference(noun, action[noun], f"{path}.{noun}"))
    return found


def prepare(directory: Directory, documents: t.Sequence[Json]) -> None:
    """Read at once what all the ids in automations stand for."""
    ids: t.Dict[str, t.Set[str]] = {}

    def collect(value: t.Any, path: str) -> t.Any:
        match = _RESOURCE_ID.fullmatch(value) if isinstance(value, str) else None
        if match:
            ids.setdefault(_NOUNS[match.group(1)], set()).add(match.group(2))
        return value

    for document in documents:
        _each_value(document.get("trigger") or {}, "", collect)
        for action, _path in _actions(document):
            for noun, key in ID_KEYS.items():
                if action.get(key):
                    ids.setdefault(noun, set()).add(str(action[key]))
    # Automations are read where they are needed, because reading them leads here.
    ids.pop("automation", None)
    for noun, wanted in ids.items():
        directory.load_ids(noun, wanted)


def _by_names(directory: Directory, trigger: Json) -> Json:
    def to_name(value: t.Any, path: str) -> t.Any:
        match = _RESOURCE_ID.fullmatch(value) if isinstance(value, str) else None
        name = _name(directory, _NOUNS[match.group(1)], match.group(2)) if match else None
        return {_NOUNS[match.group(1)]: name} if match and name is not None else value

    return _each_value(trigger, "", to_name)


def _action_by_name(directory: Directory, action: Json) -> Json:
    shape = ACTIONS.get(action.get("type", ""))
    if shape is None or not shape.acts_on or not action.get(ID_KEYS[shape.acts_on]):
        return action
    name = _name(directory, shape.acts_on, str(action[ID_KEYS[shape.acts_on]]))
    if name is None:
        return action
    found = {key: value for key, value in action.items() if key != ID_KEYS[shape.acts_on]}
    return {**found, shape.acts_on: name}


def _name(directory: Directory, noun: str, identity: str) -> t.Optional[str]:
    """Return the name that says which object is meant, or None where no name does."""
    if directory.by_id(noun, identity) is None:
        return None
    name = directory.name_of(noun, identity)
    if noun != "automation":
        return name
    return None if _ambiguous(directory, name) else name


def _ambiguous(directory: Directory, name: str) -> bool:
    """Whether several automations have a name."""
    directory.load("automation")
    try:
        directory.find("automation", (name,))
    except PrefectError:
        return True
    return False


def export(directory: Directory, document: Json, item: Json) -> t.Optional[Json]:
    """Return an exported automation; None for one whose name says nothing, since nothing could be done with it by name."""
    name = str(item["name"])
    if not _ambiguous(directory, name):
        return item
    warning = (
        f"There are several automations called {name!r}, so the name does not say which one is meant. They are left out;"
        " rename or delete all but one"
    )
    if warning not in directory.warnings:
        directory.warnings.append(warning)
    return None


def _actions(values: Json) -> t.Iterator[t.Tuple[Json, str]]:
    for option in ACTION_OPTIONS:
        for index, action in enumerate(values.get(option) or ()):
            yield action, f"{option}[{index}]"


def _each_value(trigger: Json, path: str, change: Change) -> Json:
    """Return a trigger with each value of each label changed, in the triggers inside it, too."""
    found = dict(trigger)
    for key in ("match", "match_related"):
        held = found.get(key)
        if isinstance(held, dict):
            found[key] = _each_label(held, f"{path}.{key}", change)
        elif isinstance(held, list):
            found[key] = [_each_label(entry, f"{path}.{key}[{index}]", change) for index, entry in enumerate(held)]
    if isinstance(found.get("triggers"), list):
        found["triggers"] = [
            _each_value(entry, f"{path}.triggers[{index}]", change) for index, entry in enumerate(found["triggers"])
        ]
    return found


def _each_label(labels: Json, path: str, change: Change) -> Json:
    found: Json = {}
    for label, wanted in labels.items():
        place = f"{path}[{label}]"
        if isinstance(wanted, list):
            found[label] = [change(entry, f"{place}[{index}]") for index, entry in enumerate(wanted)]
        else:
            found[label] = change(wanted, place)
    return _tidy(found)


# The whole object


def resolve(directory: Directory, current: t.Optional[Json], desired: Json) -> Json:
    """Return the declared values with what they refer to by name, judged by the server where they are about to be sent.

    :raises InputError: The server would not take them, or nothing would be done.
    """
    found = dict(desired)
    if "trigger" in found:
        found["trigger"] = _by_names(directory, found["trigger"])
    for option in ACTION_OPTIONS:
        if option in found:
            found[option] = [_action_by_name(directory, action) for action in found[option]]
    if current is None and not directory.exists("automation", str(found["name"])):
        # So that it can name itself.
        directory.promise("automation", (str(found["name"]),))
    changed = {option: value for option, value in found.items() if current is None or value != current.get(option)}
    if set(changed) & set(ACTION_OPTIONS) and not any(
        {**(current or {}), **found}.get(option) for option in ACTION_OPTIONS
    ):
        raise InputError(
            "must not be empty: an automation that only makes an event has the action do-nothing", "actions"
        )
    for action, path in _actions(changed):
        since = ACTIONS[action["type"]].since
        if since and directory.version() < since:
            version = ".".join(str(part) for part in directory.version())
            raise InputError(
                f"is {action['type']}, which this server, Prefect {version}, does not have: it came with"
                f" {'.'.join(str(part) for part in since)}",
                f"{path}.type",
            )
        for text, place in _templates(action, path):
            _judge_template(directory, text, place)
    return found


def _templates(action: Json, path: str) -> t.Iterator[t.Tuple[str, str]]:
    for part in ACTIONS[action["type"]].parts:
        if part.rendered and part.name in action:
            yield from _texts_in(action[part.name], f"{path}.{part.name}")


def _texts_in(value: t.Any, path: str) -> t.Iterator[t.Tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts_in(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts_in(inner, f"{path}[{index}]")
    elif isinstance(value, str) and ("{{" in value or "{%" in value):
        yield value, path


def _judge_template(directory: Directory, text: str, path: str) -> None:
    """Ask the server, which has filters of its own, whether it can read a template; each text once.

    :raises InputError: It cannot.
    """
    judged: t.Set[str] = directory.memo.setdefault("templates", set())
    if text in judged:
        return
    try:
        directory.client.query("/templates/validate", text)
    except ApiError as exc:
        if exc.status != 422:
            raise
        raise InputError(f"is no template that Prefect can read: {exc.words}", path) from exc
    judged.add(text)


def create(directory: Directory, desired: Json, body: Json) -> Json:
    """Make an automation that may act on itself.

    Any number of automations may have one name, so that two runs at once could make each twice. What the other run made is
    taken instead: where it is there right before, and where it is there right after and older.
    """
    name = str(desired["name"])
    if _called(directory, name):
        return _taken(directory, desired)
    if not any((entry.noun, entry.name) == ("automation", name) for entry in _named(desired)):
        made = _create_once(directory, name, body)
        return made if _stays(directory, name, made) else _taken(directory, desired)
    # Its id is not known before it is there. Until then it does nothing.
    text = json.dumps(body)
    made = _create_once(directory, name, {**json.loads(text.replace(AFTERWARDS, _NOBODY)), "enabled": False})
    if not _stays(directory, name, made):
        return _taken(directory, desired)
    whole = {"enabled": True, **json.loads(text.replace(AFTERWARDS, str(made["id"])))}
    directory.client.update(f"/automations/{made['id']}", whole, "PUT")
    return t.cast(Json, directory.client.get(f"/automations/{made['id']}"))


def _called(directory: Directory, name: str) -> t.List[Json]:
    """Return every automation of a name as the server has them now."""
    listing = directory.kinds["automation"].listing
    return directory.client.read_all(listing, {"automations": {"name": {"any_": [name]}}})


def _stays(directory: Directory, name: str, made: Json) -> bool:
    """Remove what was just made if it is not the oldest of its name, and tell whether it is."""
    found = _called(directory, name)
    oldest = min(found, key=lambda entry: (str(entry.get("created")), str(entry["id"])), default=made)
    if oldest["id"] == made["id"] or not any(entry["id"] == made["id"] for entry in found):
        return True
    directory.client.delete(f"/automations/{made['id']}")
    return False


def _taken(directory: Directory, desired: Json) -> Json:
    """Bring the automation that another run made to what is declared, and return it."""
    key = (str(desired["name"]),)
    for _look in range(_LOOKS):
        # A third run may be about to remove its own.
        if len(_called(directory, key[0])) <= 1:
            break
        time.sleep(_BETWEEN_LOOKS)
    directory.forget("automation", [key])
    carry_out(directory, plan(directory, "automation", "present", desired))
    found = directory.reread("automation", key)
    if found is None:
        raise PrefectError(f"The automation {key[0]!r}, which another run made, is gone again. Run again")
    return found


def _create_once(directory: Directory, name: str, body: Json) -> Json:
    """Make an automation. Sent twice, the same request would make two of one name."""
    for last in (False, False, True):
        try:
            return t.cast(Json, directory.client.create("/automations/", body, once=True))
        except (ApiError, TransportError) as exc:
            lost = exc.answer_lost if isinstance(exc, ApiError) else exc.kind == "dropped"
            if last or not lost:
                raise
        found = directory.reread("automation", (name,))
        if found is not None:
            return found
    raise AssertionError("not reached")


def update(directory: Directory, document: Json, after: Json, changes: Json) -> None:
    """Change an automation. The API changes ``enabled`` in place; else it takes the whole and starts counting anew."""
    path = f"/automations/{document['id']}"
    if set(changes) == {"enabled"}:
        directory.client.update(path, changes, "PATCH")
    else:
        directory.client.update(path, encoded(directory, directory.kinds["automation"], after), "PUT")
