# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Triggers and actions as they are declared: what is wrong is told with its place, and what is right has one form."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _automation
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import AUTOMATION, KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._engine import ensure
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError, InputError
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

EVENT = {"posture": "Reactive"}
IDENTITY = "0e1e4a4e-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        ({}, "trigger.posture must be given"),
        ({"type": "metric"}, "trigger.type must be one of event, compound, sequence, but is 'metric'"),
        ({"posture": "reactive"}, "trigger.posture must be one of Reactive, Proactive, but is 'reactive'"),
        (
            {**EVENT, "expects": []},
            "trigger.expects is nothing that a trigger of type event has. It has: type, posture",
        ),
        ({**EVENT, "id": IDENTITY}, "trigger.id is nothing that a trigger of type event has"),
        ({**EVENT, "triggers": []}, "trigger.triggers is nothing that a trigger of type event has"),
        ({**EVENT, "expect": {"a": 1}}, "trigger.expect must be a list of texts, but is {'a': 1}"),
        ({**EVENT, "expect": ["a", ["b"]]}, "trigger.expect[1] must be a text, but is ['b']"),
        ({**EVENT, "expect": ["a\0"]}, "trigger.expect[0] must not hold a NUL character"),
        ({**EVENT, "threshold": -1}, "trigger.threshold must be a whole number from 0"),
        ({**EVENT, "threshold": "many"}, "trigger.threshold must be a whole number from 0"),
        ({**EVENT, "within": "soon"}, "trigger.within must be a duration in seconds, or such as 90s"),
        ({**EVENT, "within": "5300w"}, "trigger.within must be at most a hundred years"),
        ({**EVENT, "within": -1}, "trigger.within must be a duration in seconds"),
        ({"posture": "Proactive", "within": "9s"}, "trigger.within must be at least 10 seconds with posture Proactive"),
        ({"posture": "Proactive", "within": 0}, "trigger.within must be at least 10 seconds with posture Proactive"),
        ({**EVENT, "match": ["a"]}, "trigger.match must be a dictionary of labels, but is ['a']"),
        ({**EVENT, "match": {"a": True}}, "trigger.match[a] must be a text, but is True"),
        ({**EVENT, "match": {"a": ["b", None]}}, "trigger.match[a][1] must be a text, but is None"),
        ({**EVENT, "match": {"a": {"pool": "b"}}}, "trigger.match[a] must be a text or name one object"),
        ({**EVENT, "match": {"a": {"flow": ""}}}, "trigger.match[a].flow must not be empty"),
        ({**EVENT, "match_related": [{"a": "b"}, "c"]}, "trigger.match_related[1] must be a dictionary of labels"),
        ({"type": "compound", "triggers": [EVENT]}, "trigger.require must be given"),
        ({"type": "compound", "require": 0, "triggers": [EVENT]}, "trigger.require must be any, all, or a number"),
        (
            {"type": "compound", "require": 2, "triggers": [EVENT]},
            "trigger.require must not be more than the 1 triggers",
        ),
        ({"type": "sequence", "triggers": []}, "trigger.triggers must be a list of at least one trigger"),
        ({"type": "sequence", "triggers": EVENT}, "trigger.triggers must be a list of at least one trigger"),
        ({"type": "sequence", "triggers": [EVENT, "x"]}, "trigger.triggers[1] must be a dictionary, but is 'x'"),
        (
            {"type": "sequence", "triggers": [EVENT, {"type": "compound", "require": "any", "triggers": [{}]}]},
            "trigger.triggers[1].triggers[0].posture must be given",
        ),
    ],
)
def test_a_wrong_trigger_is_told_with_its_place(trigger: t.Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        AUTOMATION.desired({"name": "a", "trigger": trigger})
    assert caught.value.message.startswith(words)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("do-nothing", "actions[1] must be a dictionary, but is 'do-nothing'"),
        ({}, "actions[1].type must be one of do-nothing, run-deployment,"),
        ({"type": "explode"}, "actions[1].type must be one of do-nothing, run-deployment,"),
        ({"type": ["do-nothing"]}, "actions[1].type must be one of do-nothing, run-deployment,"),
        ({"type": "do-nothing", "x": 1}, "actions[1].x is nothing that an action of type do-nothing has. It has: type"),
        (
            {"type": "pause-work-pool", "deployment": "a/b"},
            "actions[1].deployment is nothing that an action of type pause-work-pool has. It has: type, work_pool,",
        ),
        ({"type": "pause-work-pool", "work_pool": ""}, "actions[1].work_pool must not be empty"),
        ({"type": "pause-work-pool", "work_pool_id": "x"}, "actions[1].work_pool_id must be an id, but is 'x'"),
        (
            {"type": "pause-work-pool", "work_pool_id": IDENTITY, "work_pool": "a"},
            "actions[1].work_pool_id must not be given together with work_pool",
        ),
        ({"type": "pause-work-pool", "source": "selected"}, "actions[1].work_pool must be given"),
        (
            {"type": "pause-work-pool", "source": "inferred", "work_pool": "a"},
            "actions[1].source must not be inferred where work_pool says what is selected",
        ),
        ({"type": "pause-work-pool", "source": "guess"}, "actions[1].source must be one of selected, inferred"),
        ({"type": "run-deployment", "parameters": ["a"]}, "actions[1].parameters must be a dictionary"),
        ({"type": "run-deployment", "parameters": {"a": ["\0"]}}, "actions[1].parameters.a[0] must not hold a NUL"),
        ({"type": "run-deployment", "schedule_after": "-5s"}, "actions[1].schedule_after must be a duration"),
        ({"type": "change-flow-run-state"}, "actions[1].state must be given"),
        ({"type": "change-flow-run-state", "state": "Crashed"}, "actions[1].state must be one of SCHEDULED, PENDING"),
        ({"type": "change-flow-run-state", "state": "FAILED", "force": 7}, "actions[1].force must be true or false"),
        ({"type": "send-notification", "body": "x"}, "actions[1].block must be given"),
        ({"type": "send-notification", "block": "a/b"}, "actions[1].body must be given"),
        ({"type": "call-webhook", "block": "a/b", "source": "inferred"}, "actions[1].source is nothing that an action"),
        ({"type": "call-webhook", "block": "a/b", "payload": True}, "actions[1].payload must be a text"),
    ],
)
def test_a_wrong_action_is_told_with_its_place(action: t.Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        AUTOMATION.desired({"name": "a", "actions": [{"type": "do-nothing"}, action]})
    assert caught.value.message.startswith(words)


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(InputError, match="name must not be empty"):
        AUTOMATION.desired({"name": ""})


def test_what_it_names_is_known_with_its_place() -> None:
    related = [{"a": "b"}, {"c": {"flow": "f"}}]
    inner = {**EVENT, "match": {"x": ["y", {"work_queue": "p/q"}]}, "match_related": related}
    desired = AUTOMATION.desired(
        {
            "name": "me",
            "trigger": {"type": "sequence", "triggers": [EVENT, inner]},
            "actions": [{"type": "pause-automation", "automation": "me"}, {"type": "pause-work-pool"}],
            "actions_on_resolve": [{"type": "run-deployment", "deployment": "f/d"}],
        }
    )
    assert [(entry.noun, entry.name, entry.path) for entry in AUTOMATION.named(desired)] == [
        ("work_queue", "p/q", "trigger.triggers[1].match[x][1]"),
        ("flow", "f", "trigger.triggers[1].match_related[1][c]"),
        ("deployment", "f/d", "actions_on_resolve[0].deployment"),
    ]


def test_what_a_newer_server_holds_is_shown_as_it_is(client: Client) -> None:
    document: dict[str, t.Any] = {
        "id": "1",
        "name": "a",
        "trigger": {"type": "metric", "metric": {"a": 1}},
        "actions": [{"type": "explode", "how": "loud"}, {"type": "do-nothing", "new": 1}],
    }
    shown = AUTOMATION.declared(Directory(client, KINDS), document)
    assert shown["trigger"] == {"type": "metric", "metric": {"a": 1}}
    assert shown["actions"] == [{"type": "explode", "how": "loud"}, {"type": "do-nothing"}]


BODY = {
    "id": IDENTITY,
    "name": "a",
    "enabled": True,
    "description": "",
    "tags": [],
    "trigger": {"type": "event", "id": IDENTITY, "posture": "Reactive", "threshold": 1, "within": 0.0},
    "actions": [{"type": "do-nothing"}],
    "actions_on_trigger": [],
    "actions_on_resolve": [],
}
NONE = Exchange("POST", "/automations/filter", body=[])
ONE = Exchange("POST", "/automations/filter", body=[BODY])
DESIRED = {"name": "a", "trigger": EVENT, "actions": [{"type": "do-nothing"}]}


def test_a_lost_answer_does_not_make_a_second_one(server: ScriptedServer, client: Client) -> None:
    server.expect(NONE, NONE, Exchange("POST", "/automations/", fault="drop"), ONE, ONE)
    result = ensure(Directory(client, KINDS), "automation", "present", AUTOMATION.desired(DESIRED))
    assert result.changed
    assert result.document == BODY


@pytest.mark.parametrize(
    "fault",
    [
        Exchange("POST", "/automations/", fault="drop"),
        Exchange("POST", "/automations/", 502, b"<html>"),
        Exchange("POST", "/automations/", 504, b""),
    ],
)
def test_one_that_was_not_made_is_tried_again(server: ScriptedServer, client: Client, fault: Exchange) -> None:
    server.expect(NONE, NONE, fault, NONE, Exchange("POST", "/automations/", 201, BODY), ONE)
    result = ensure(Directory(client, KINDS), "automation", "present", AUTOMATION.desired(DESIRED))
    assert result.document == BODY


def test_after_three_tries_it_gives_up(server: ScriptedServer, client: Client) -> None:
    fault = Exchange("POST", "/automations/", 502, b"<html>")
    server.expect(NONE, NONE, fault, NONE, fault, NONE, fault)
    with pytest.raises(ApiError, match="HTTP 502"):
        ensure(Directory(client, KINDS), "automation", "present", AUTOMATION.desired(DESIRED))


def test_what_the_server_says_of_itself_is_its_to_retry(server: ScriptedServer, client: Client) -> None:
    away = Exchange("POST", "/automations/", 503, {"exception_message": "Service Unavailable"})
    limited = Exchange("POST", "/automations/", 429, b"", {"Retry-After": "0"})
    server.expect(NONE, NONE, away, limited, Exchange("POST", "/automations/", 201, BODY), ONE)
    assert ensure(Directory(client, KINDS), "automation", "present", AUTOMATION.desired(DESIRED)).changed


def test_one_that_another_run_makes_at_the_same_time_is_taken_instead_of_a_second(
    server: ScriptedServer, client: Client
) -> None:
    older = {**BODY, "created": "2026-01-01T00:00:00Z"}
    ours = {**BODY, "id": IDENTITY.replace("1", "3"), "created": "2026-01-01T00:00:01Z"}
    both = Exchange("POST", "/automations/filter", body=[ours, older])
    made = Exchange("POST", "/automations/", 201, ours)
    removed = Exchange("DELETE", f"/automations/{ours['id']}", 204)
    server.expect(NONE, NONE, made, both, removed, ONE, ONE, ONE)
    result = ensure(Directory(client, KINDS), "automation", "present", AUTOMATION.desired(DESIRED))
    assert result.document == BODY


def test_one_that_another_run_has_just_made_is_brought_to_what_is_declared(
    server: ScriptedServer, client: Client
) -> None:
    other = Exchange("POST", "/automations/filter", body=[{**BODY, "description": "other"}])
    written = Exchange("PUT", f"/automations/{IDENTITY}", 204)
    server.expect(NONE, other, other, other, written, ONE)
    desired = AUTOMATION.desired({**DESIRED, "description": ""})
    assert ensure(Directory(client, KINDS), "automation", "present", desired).document == BODY


def test_the_older_of_two_stays(server: ScriptedServer, client: Client) -> None:
    younger = {**BODY, "id": IDENTITY.replace("1", "3"), "created": "2026-01-01T00:00:01Z"}
    ours = {**BODY, "created": "2026-01-01T00:00:00Z"}
    both = Exchange("POST", "/automations/filter", body=[younger, ours])
    server.expect(NONE, NONE, Exchange("POST", "/automations/", 201, ours), both)
    assert ensure(Directory(client, KINDS), "automation", "present", AUTOMATION.desired(DESIRED)).document == ours


def test_templates_are_judged_only_when_they_are_about_to_be_sent_and_each_once(
    server: ScriptedServer, client: Client
) -> None:
    actions = [{"type": "run-deployment", "parameters": {"a": "{{ x }}", "b": "{{ x }}", "c": "plain"}}]
    held = {
        **BODY,
        "actions": [{"type": "run-deployment", "source": "inferred", "parameters": actions[0]["parameters"]}],
    }
    desired = AUTOMATION.desired({**DESIRED, "actions": actions})
    server.expect(Exchange("POST", "/automations/filter", body=[held]))
    assert not ensure(Directory(client, KINDS), "automation", "present", desired).changed
    server.expect(
        ONE,
        Exchange("POST", "/templates/validate", 204, sent="{{ x }}"),
        Exchange("PUT", f"/automations/{IDENTITY}", 204),
        Exchange("POST", "/automations/filter", body=[held]),
    )
    assert ensure(Directory(client, KINDS), "automation", "present", desired).changed


def test_automations_of_ids_are_read_all_at_once_and_once(server: ScriptedServer, client: Client) -> None:
    gone = {"type": "pause-automation", "source": "selected", "automation_id": IDENTITY.replace("1", "2")}
    itself = {**gone, "automation_id": IDENTITY}
    held = {**BODY, "actions": [itself, gone, gone]}
    server.expect(
        Exchange("POST", "/automations/filter", body=[held]), Exchange("POST", "/automations/filter", body=[held])
    )
    directory = Directory(client, KINDS)
    document = directory.find("automation", ("a",))
    assert document is not None
    for _again in range(2):
        assert AUTOMATION.declared(directory, document)["actions"] == [
            {"type": "pause-automation", "automation": "a"},
            *[{"type": "pause-automation", "automation_id": gone["automation_id"]}] * 2,
        ]


def test_every_reference_has_a_key_for_an_id() -> None:
    assert {shape.acts_on for shape in _automation.ACTIONS.values() if shape.acts_on} == set(_automation.ID_KEYS)
