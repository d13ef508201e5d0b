# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Valid options of every kind of object, made at random: what a person could declare, the awkward included.

They name objects that ``ground`` puts on a server.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from hypothesis import strategies as st

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import LARGEST
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply
from ansible_collections.selfhosted.prefect.tests.integration.awkward import NAMES
from ansible_collections.selfhosted.prefect.tests.integration.stack import Server

Options = dict[str, t.Any]
Some = st.SearchStrategy

GROUND = "ground"
"""What the objects that others name are called."""


# Values

_kept = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts: Some[str] = st.one_of(st.sampled_from(sorted(NAMES.values())), st.text(_kept, max_size=12))
names: Some[str] = st.one_of(
    st.sampled_from(sorted(NAMES.values())),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n/%&<>"), min_size=1, max_size=12),
)
slugs: Some[str] = st.text("abz019-", min_size=1, max_size=40)
tags: Some[list[str]] = st.lists(texts, max_size=3)
wholes: Some[int] = st.one_of(st.sampled_from([0, 1, LARGEST]), st.integers(0, LARGEST))
limits: Some[t.Any] = st.one_of(st.just("none"), wholes)
flags: Some[bool] = st.booleans()
seconds: Some[t.Any] = st.one_of(
    st.integers(0, 10**7),
    st.floats(0, 10**7).map(lambda number: round(number, 3)),
    st.sampled_from(["90s", "15m", "12h", "7d", "PT15M", "P1DT0.5S"]),
)
numbers: Some[t.Any] = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(-1e18, 1e18, allow_nan=False, allow_infinity=False)
)
scalars: Some[t.Any] = st.one_of(st.none(), st.booleans(), numbers, texts)


def _nested(inner: Some[t.Any]) -> Some[t.Any]:
    return st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3))


json_values: Some[t.Any] = st.recursive(scalars, _nested, max_leaves=6)
documents: Some[Options] = st.dictionaries(texts, json_values, max_size=3)


def _short(value: t.Any) -> bool:
    return len(json.dumps(value, ensure_ascii=False).encode()) < 4500


# Work pools

templates: Some[Options] = st.builds(
    lambda title, default, extra: {
        "job_configuration": {"command": "{{ command }}", "extra": extra},
        "variables": {
            "type": "object",
            "properties": {"command": {"type": "string", "title": title, "default": default}},
        },
    },
    # To Prefect these are places to fill in.
    texts.filter(lambda text: "{{" not in text),
    st.one_of(st.none(), texts),
    texts.filter(lambda text: "{{" not in text),
)


# Automations

_plain = texts.filter(lambda text: "{" not in text)
_labels = st.dictionaries(
    texts,
    st.one_of(
        texts,
        st.lists(texts, min_size=1, max_size=3),
        st.just({"work_pool": GROUND}),
        st.just([{"variable": GROUND}, "prefect.*"]),
    ),
    max_size=2,
)
_event = st.fixed_dictionaries(
    {"posture": st.just("Reactive")},
    optional={
        "type": st.just("event"),
        "expect": st.lists(texts, max_size=2),
        "after": st.lists(texts, max_size=2),
        "for_each": st.lists(texts, max_size=2),
        "match": _labels,
        "match_related": st.one_of(_labels, st.lists(_labels, max_size=2)),
        "threshold": wholes,
        "within": seconds,
    },
)
_proactive = st.builds(
    lambda event, within: {**event, "posture": "Proactive", **within}, _event, st.just({"within": 10})
)


def _composed(inner: Some[Options]) -> Some[Options]:
    triggers = st.lists(inner, min_size=1, max_size=2)
    within = {"within": seconds}
    return st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("compound"), "require": st.sampled_from(["any", "all", 1]), "triggers": triggers},
            optional=within,
        ),
        st.fixed_dictionaries({"type": st.just("sequence"), "triggers": triggers}, optional=within),
    )


triggers: Some[Options] = st.recursive(st.one_of(_event, _proactive), _composed, max_leaves=3)
_simple_actions = ["do-nothing", "cancel-flow-run", "suspend-flow-run", "resume-flow-run"]
_on_something = ["pause-work-pool", "resume-work-pool", "pause-work-queue", "resume-work-queue", "resume-automation"]
actions: Some[Options] = st.one_of(
    st.builds(lambda type_: {"type": type_}, st.sampled_from([*_simple_actions, *_on_something])),
    st.builds(lambda type_: {"type": type_, "work_pool": GROUND}, st.sampled_from(_on_something[:2])),
    st.builds(lambda type_: {"type": type_, "work_queue": f"{GROUND}/default"}, st.sampled_from(_on_something[2:4])),
    st.fixed_dictionaries(
        {"type": st.just("change-flow-run-state"), "state": st.sampled_from(["FAILED", "PAUSED"])},
        optional={"name": texts, "message": texts, "force": flags},
    ),
)


# Deployments

_crons = st.sampled_from(["0 6 * * *", "*/5 1-3 * * mon,fri", "@daily", "0 0 1 1 *"])
_zones = st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
_anchors = st.datetimes().map(lambda moment: moment.replace(year=2000 + moment.year % 100).isoformat())
_intervals = seconds.filter(lambda value: not isinstance(value, (int, float)) or value >= 1)
_rules = st.sampled_from(
    ["FREQ=DAILY", "DTSTART:20240229T000000\nRRULE:FREQ=YEARLY", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=9"]
)
timings: Some[Options] = st.one_of(
    st.fixed_dictionaries({"cron": _crons}, optional={"day_or": flags, "timezone": _zones}),
    # Without an anchor it is the time of the run, and no two runs foresee the same.
    st.fixed_dictionaries({"interval": _intervals, "anchor_date": _anchors}, optional={"timezone": _zones}),
    st.fixed_dictionaries({"rrule": _rules}, optional={"timezone": _zones}),
)
_of_schedules: dict[str, Some[t.Any]] = {
    "active": flags,
    "max_scheduled_runs": st.one_of(st.just("none"), st.integers(1, 50)),
    "parameters": documents,
}
schedules: Some[list[Options]] = st.lists(
    st.builds(
        lambda timing, rest, slug: {**timing, **rest, **slug},
        timings,
        st.fixed_dictionaries({}, optional=_of_schedules),
        st.one_of(st.just({}), st.fixed_dictionaries({"slug": st.one_of(slugs, names)})),
    ),
    max_size=3,
    unique_by=lambda values: values.get("slug", json.dumps(values, sort_keys=True)),
)
_steps = st.lists(
    st.one_of(
        st.just({"prefect.deployments.steps.set_working_directory": {"directory": "/tmp"}}),
        st.builds(lambda id_, held: {"own.step": held, "id": id_}, texts, documents),
    ),
    max_size=2,
)


# The kinds


def _flat(options: Options) -> Options:
    """Put options that only come together where they belong."""
    return {**options.pop("timing", {}), **options}


@dataclass(frozen=True)
class Subject:
    """How objects of one kind are made at random.

    :param key: Options that identify one.
    :param needed: Options without which there can be none.
    :param free: Further options.
    :param kept: Options that cannot change, so that they are the same in every state of one object.
    :param names: Options of the key that tell which object is to go, beside the key itself.
    """

    key: t.Mapping[str, Some[t.Any]]
    needed: t.Mapping[str, Some[t.Any]]
    free: t.Mapping[str, Some[t.Any]]
    kept: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def keys(self) -> Some[Options]:
        """Make what identifies an object."""
        return st.fixed_dictionaries(dict(self.key))

    @property
    def states(self) -> Some[Options]:
        """Make all that is declared of an object beside its key."""
        return st.fixed_dictionaries(dict(self.needed), optional=dict(self.free)).map(_flat)


_texts_of_types = {
    option: st.one_of(st.just(""), _plain)
    for option in ("description", "code_example", "logo_url", "documentation_url")
}
_fields = st.fixed_dictionaries(
    {
        "type": st.just("object"),
        "title": texts,
        "properties": st.dictionaries(
            st.sampled_from(["a", "b", "c d", "é"]),
            st.fixed_dictionaries(
                {"type": st.sampled_from(["string", "integer", "object"])},
                optional={"title": texts, "default": st.none()},
            ),
            max_size=3,
        ),
    }
)

SUBJECTS: dict[str, Subject] = {
    "work_pool": Subject(
        {"name": names.filter(lambda name: name.strip(" '\"") and not name.lower().startswith("prefect"))},
        {"type": st.sampled_from(["process", "docker"])},
        {
            "description": texts,
            "paused": flags,
            "concurrency_limit": limits,
            "base_job_template": templates,
        },
        kept=("type",),
    ),
    "work_queue": Subject(
        {"work_pool": st.just(GROUND), "name": names.filter(lambda name: name != "default")},
        {},
        {
            "description": texts,
            "paused": flags,
            "concurrency_limit": limits,
            "priority": st.one_of(st.integers(1, 5), st.integers(1, LARGEST)),
        },
    ),
    "variable": Subject(
        {"name": st.text("abz019_-", min_size=1, max_size=255)},
        {"value": json_values.filter(_short)},
        {"tags": tags},
    ),
    "global_concurrency_limit": Subject(
        {"name": names},
        {"limit": wholes},
        {
            "active": flags,
            # Without active_slots, which change by themselves.
            "slot_decay_per_second": st.floats(0, 1e6, allow_nan=False),
        },
    ),
    "task_run_concurrency_limit": Subject({"tag": names}, {"limit": wholes}, {"reset": flags}),
    "flow": Subject({"name": names}, {}, {"tags": tags}),
    "block_type": Subject(
        {"slug": slugs},
        {"name": names.filter(lambda name: not name.lower().startswith("prefect"))},
        _texts_of_types,
        kept=("name",),
    ),
    "block_schema": Subject(
        {"block_type": st.just(GROUND), "version": st.sampled_from(["1.0", "2 ä"])},
        {"fields": _fields},
        {"capabilities": st.lists(st.sampled_from(["a", "b", "ü"]), max_size=2)},
        kept=("fields", "capabilities"),
        names=("fields",),
    ),
    "block": Subject(
        {"block_type": st.just("ground-of-blocks"), "name": slugs},
        {},
        {
            "data": st.fixed_dictionaries(
                {}, optional={"text": texts, "secret": texts, "number": st.integers(0, 2**31), "deep": documents}
            ),
            "update_secrets": st.sampled_from(["changed", "on_create"]),
        },
    ),
    "deployment": Subject(
        {"flow": st.just(GROUND), "name": names},
        {},
        {
            "description": texts,
            "version": texts,
            "tags": tags,
            "labels": st.dictionaries(slugs, st.one_of(texts, flags, st.integers(-5, 5)), max_size=2),
            "paused": flags,
            "entrypoint": texts,
            "path": texts,
            "pull_steps": _steps,
            "parameters": documents,
            "parameter_openapi_schema": st.sampled_from([{}, {"type": "object", "properties": {"a": {}}}]),
            "enforce_parameter_schema": flags,
            "work_pool": st.sampled_from([GROUND, ""]),
            "job_variables": st.fixed_dictionaries(
                {}, optional={"env": st.dictionaries(slugs, texts, max_size=2), "of one's own": json_values}
            ),
            "concurrency_limit": st.one_of(st.just("none"), st.integers(1, LARGEST)),
            "concurrency_options": st.sampled_from(
                [
                    {},
                    {"collision_strategy": "CANCEL_NEW"},
                    {"collision_strategy": "ENQUEUE", "grace_period_seconds": 60},
                ]
            ),
            "schedules": schedules,
        },
        kept=("labels",),
    ),
    "deployment_schedule": Subject(
        {"deployment": st.just(f"{GROUND}/{GROUND}"), "slug": st.one_of(slugs, names)},
        {"timing": timings},
        _of_schedules,
    ),
    "automation": Subject(
        {"name": texts.filter(bool)},
        {"trigger": triggers, "actions": st.lists(actions, min_size=1, max_size=2)},
        {
            "description": texts,
            "enabled": flags,
            "tags": tags,
            "actions_on_trigger": st.lists(actions, max_size=1),
            "actions_on_resolve": st.lists(actions, max_size=1),
        },
    ),
}
"""How objects of each kind are made."""

NOT_MADE = {
    "result_storage": "There is one a server, and it is nothing but the name of a block",
}
"""Kinds without a strategy, each with the reason."""

PREREQUISITES: list[tuple[str, Options]] = [
    ("work_pool", {"name": GROUND, "type": "process"}),
    ("variable", {"name": GROUND, "value": None}),
    ("flow", {"name": GROUND}),
    ("deployment", {"flow": GROUND, "name": GROUND}),
    ("block_type", {"slug": GROUND, "name": GROUND}),
    ("block_type", {"slug": "ground-of-blocks", "name": "ground of blocks"}),
    (
        "block_schema",
        {
            "block_type": "ground-of-blocks",
            "fields": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "secret": {"type": "string", "format": "password"},
                    "number": {"type": "integer"},
                    "deep": {"type": "object"},
                },
            },
        },
    ),
]


def ground(server: Server) -> None:
    """Put the objects on a server that objects made at random name."""
    for noun, options in PREREQUISITES:
        if noun in KINDS:
            apply(server, noun, **options)
