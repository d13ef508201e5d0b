# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module automation against real servers: every trigger and action they have, and what they refer to by name."""

from __future__ import annotations

import concurrent.futures
import copy
import threading
import typing as t
import uuid
from datetime import UTC, datetime

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _automation, _resources
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, connect, proven
from ansible_collections.selfhosted.prefect.tests.integration.stack import Json, Playbook, Server, task, until

POOL, QUEUE, DEPLOYMENT, BLOCK, OTHER = "au pool", "au pool/au queue", "au flow/au deployment", "webhook/au", "au other"
REACTIVE = {"type": "event", "posture": "Reactive", "expect": ["au.event"]}
NOTHING = [{"type": "do-nothing"}]


@pytest.fixture(scope="module")
def ids(plain: Server) -> dict[str, str]:
    """Make one object of each kind that an automation can name, and give their ids by noun."""
    made = {"work_pool": plain.ask("POST", "/work_pools/", {"name": POOL, "type": "process"})["id"]}
    made["work_queue"] = plain.ask("POST", f"/work_pools/{POOL}/queues".replace(" ", "%20"), {"name": "au queue"})["id"]
    made["flow"] = plain.ask("POST", "/flows/", {"name": "au flow"})["id"]
    deployment = {"name": "au deployment", "flow_id": made["flow"]}
    made["deployment"] = plain.ask("POST", "/deployments/", deployment)["id"]
    kind = plain.ask("GET", "/block_types/slug/webhook")["id"]
    schema = plain.ask("POST", "/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind]}}})[0]["id"]
    block = {"name": "au", "data": {"url": "http://127.0.0.1:9"}, "block_type_id": kind, "block_schema_id": schema}
    made["block"] = plain.ask("POST", "/block_documents/", block)["id"]
    other = {"name": OTHER, "trigger": REACTIVE, "actions": NOTHING, "enabled": False}
    made["automation"] = plain.ask("POST", "/automations/", other)["id"]
    limit = {"name": "au limit", "limit": 1}
    made["global_concurrency_limit"] = plain.ask("POST", "/v2/concurrency_limits/", limit)["id"]
    made["variable"] = plain.ask("POST", "/variables/", {"name": "au_variable", "value": 1})["id"]
    return made


@pytest.fixture
def name(plain: Server, request: pytest.FixtureRequest) -> t.Iterator[str]:
    """Give a name, and remove what has it at the end."""
    chosen = f"au {uuid.uuid4().hex[:8]} / ä"
    yield chosen
    for found in held(plain, chosen):
        plain.ask("DELETE", f"/automations/{found['id']}")


def held(server: Server, name: str) -> Json:
    return server.ask("POST", "/automations/filter", {"automations": {"name": {"any_": [name]}}})


def exported(server: Server, name: str) -> Json:
    directory = Directory(connect(server), KINDS)
    document = directory.find("automation", (name,))
    assert document is not None
    return KINDS["automation"].declared(directory, document)


def is_unchanged_when_fed_back(server: Server, name: str) -> Json:
    found = exported(server, name)
    assert not apply(server, "automation", **found).changed
    return found


@pytest.fixture(scope="module")
def schemas(plain: Server) -> Json:
    """Return the schemas of the server's OpenAPI document."""
    outside = Server(plain.url.removesuffix("/api"), plain.container)
    return outside.ask("GET", "/openapi.json")["components"]["schemas"]


def one_of(schemas: Json, listed: Json) -> dict[str, Json]:
    """Return the schemas of a choice, by the type they are for."""
    found = [schemas[entry["$ref"].rpartition("/")[2]]["properties"] for entry in listed["anyOf"]]
    return {entry["type"]["const"]: entry for entry in found}


def test_the_actions_are_those_of_the_server(plain: Server, schemas: Json) -> None:
    theirs = one_of(schemas, schemas["AutomationCreate"]["properties"]["actions"]["items"])
    ours = {
        kind: {*shape.keys} - {shape.acts_on}
        for kind, shape in _automation.ACTIONS.items()
        if plain.version >= shape.since
    }
    assert ours == {kind: set(properties) for kind, properties in theirs.items()}
    assert list(_automation.STATES) == schemas["StateType"]["enum"]


def test_the_triggers_are_those_of_the_server(schemas: Json) -> None:
    theirs = one_of(schemas, schemas["AutomationCreate"]["properties"]["trigger"])
    ours = {kind: {"id", *shape.keys} for kind, shape in _automation.TRIGGERS.items()}
    assert ours == {kind: set(properties) for kind, properties in theirs.items()}
    assert list(_automation.POSTURES) == theirs["event"]["posture"]["enum"]


# Each as it is declared and as it comes back, if that is not the same.
ACTIONS: dict[str, tuple[Json, Json]] = {
    "nothing": ({"type": "do-nothing"}, None),
    "run": ({"type": "run-deployment", "deployment": DEPLOYMENT}, None),
    "run inferred": ({"type": "run-deployment", "source": "inferred"}, {"type": "run-deployment"}),
    "run at once": (
        {
            "type": "run-deployment",
            "deployment": DEPLOYMENT,
            "schedule_after": 0,
            "parameters": {},
            "job_variables": {},
        },
        {"type": "run-deployment", "deployment": DEPLOYMENT},
    ),
    "run with everything": (
        {
            "type": "run-deployment",
            "source": "selected",
            "deployment": DEPLOYMENT,
            "parameters": {
                "a": "{{ event.id }}",
                "b": [{"c": {"__prefect_kind": "jinja", "template": "{{ x }}"}}],
                "d": 0,
            },
            "job_variables": {"env": {"A": "{{ not ours }}"}},
            "schedule_after": "PT1H30M",
        },
        {
            "type": "run-deployment",
            "deployment": DEPLOYMENT,
            "parameters": {
                "a": "{{ event.id }}",
                "b": [{"c": {"__prefect_kind": "jinja", "template": "{{ x }}"}}],
                "d": 0,
            },
            "job_variables": {"env": {"A": "{{ not ours }}"}},
            "schedule_after": 5400,
        },
    ),
    "state": (
        {"type": "change-flow-run-state", "state": "CRASHED", "name": "Lost", "message": "m", "force": "yes"},
        {"type": "change-flow-run-state", "state": "CRASHED", "name": "Lost", "message": "m", "force": True},
    ),
    "state alone": (
        {"type": "change-flow-run-state", "state": "PAUSED", "force": False},
        {"type": "change-flow-run-state", "state": "PAUSED"},
    ),
    "notification": (
        {
            "type": "send-notification",
            "block": BLOCK,
            "subject": "s",
            "body": "{{ automation.name }}\n{% if a %}b{% endif %}",
        },
        None,
    ),
    "notification with the usual subject": (
        {"type": "send-notification", "block": BLOCK, "subject": "Prefect automated notification", "body": ""},
        {"type": "send-notification", "block": BLOCK, "body": ""},
    ),
    "webhook": ({"type": "call-webhook", "block": BLOCK}, None),
    "webhook with a document": (
        {"type": "call-webhook", "block": BLOCK, "payload": {"ä": [1, {}, []]}},
        {"type": "call-webhook", "block": BLOCK, "payload": '{\n  "ä": [\n    1,\n    {},\n    []\n  ]\n}'},
    ),
    **{kind: ({"type": kind}, None) for kind in ("cancel-flow-run", "suspend-flow-run", "resume-flow-run")},
    "delete-flow-run": ({"type": "delete-flow-run"}, None),
    **{
        f"{verb} {noun}{' inferred' * (not name)}": (
            {"type": f"{verb}-{noun.replace('_', '-')}", **({noun: name} if name else {})},
            None,
        )
        for verb in ("pause", "resume")
        for noun, value in {
            "deployment": DEPLOYMENT,
            "work_pool": POOL,
            "work_queue": QUEUE,
            "automation": OTHER,
        }.items()
        for name in (value, "")
    },
}


def cases() -> list[t.Any]:
    """Return the names of the actions above, each with the release that has it."""
    return [
        pytest.param(case, marks=pytest.mark.since(*_automation.ACTIONS[action["type"]].since))
        for case, (action, _comes_back) in ACTIONS.items()
    ]


@pytest.mark.parametrize("case", cases())
def test_an_action_comes_back_as_it_was_declared(plain: Server, ids: dict[str, str], name: str, case: str) -> None:
    action, comes_back = ACTIONS[case]
    result = proven(
        plain, "automation", name=name, trigger=REACTIVE, actions=[action, *NOTHING], actions_on_resolve=[action]
    )
    assert result.changed
    assert result.after["actions"] == [comes_back or action, *NOTHING]
    assert result.after["actions_on_resolve"] == [comes_back or action]
    assert is_unchanged_when_fed_back(plain, name)["actions"] == [comes_back or action, *NOTHING]
    assert proven(plain, "automation", name=name, actions=NOTHING).after["actions_on_resolve"] == [comes_back or action]


LABELS: Json = {
    "prefect.resource.id": [
        "prefect.flow-run.*",
        {"work_pool": POOL},
        {"work_queue": QUEUE},
        {"deployment": DEPLOYMENT},
        {"flow": "au flow"},
        {"block": BLOCK},
        {"automation": OTHER},
        {"global_concurrency_limit": "au limit"},
        {"variable": "au_variable"},
    ],
    "role": "x",
}
TRIGGERS: dict[str, tuple[Json, Json]] = {
    "shortest": ({"posture": "Reactive"}, {"type": "event", "posture": "Reactive"}),
    "all defaults": (
        {
            "type": "event",
            "posture": "Reactive",
            "expect": [],
            "after": [],
            "for_each": [],
            "match": {},
            "match_related": [],
            "threshold": 1,
            "within": 0,
        },
        {"type": "event", "posture": "Reactive"},
    ),
    "everything": (
        {
            "type": "event",
            "posture": "Reactive",
            "expect": ["b.*", "a", "b.*"],
            "after": "c",
            "for_each": ["prefect.resource.id", "related:flow:x"],
            "match": {"prefect.resource.id": ["x"], "n": 5},
            "match_related": [{"a": ["c", "b"]}, {}, {"d": "e"}],
            "threshold": 0,
            "within": "1.5",
        },
        {
            "type": "event",
            "posture": "Reactive",
            "expect": ["a", "b.*"],
            "after": ["c"],
            "for_each": ["prefect.resource.id", "related:flow:x"],
            "match": {"prefect.resource.id": "x", "n": "5"},
            "match_related": [{"a": ["b", "c"]}, {"d": "e"}],
            "threshold": 0,
            "within": 1.5,
        },
    ),
    "proactive": (
        {"type": "event", "posture": "Proactive", "within": "15m"},
        {"type": "event", "posture": "Proactive", "within": 900},
    ),
    "proactive by default": (
        {"type": "event", "posture": "Proactive", "within": 10, "threshold": 2},
        {"type": "event", "posture": "Proactive", "threshold": 2},
    ),
    "compound": (
        {"type": "compound", "require": "2", "triggers": [{"posture": "Reactive"}, REACTIVE], "within": "P1D"},
        {
            "type": "compound",
            "require": 2,
            "triggers": [{"type": "event", "posture": "Reactive"}, REACTIVE],
            "within": 86400,
        },
    ),
    "nested": (
        {
            "type": "sequence",
            "triggers": [
                {
                    "type": "compound",
                    "require": "any",
                    "triggers": [{"type": "sequence", "triggers": [REACTIVE], "within": 0}],
                },
                {**REACTIVE, "match": LABELS},
            ],
        },
        None,
    ),
}


@pytest.mark.parametrize("case", TRIGGERS)
def test_a_trigger_comes_back_as_it_was_declared(plain: Server, ids: dict[str, str], name: str, case: str) -> None:
    trigger, comes_back = TRIGGERS[case]
    result = proven(plain, "automation", name=name, trigger=trigger, actions=NOTHING)
    if case != "nested":
        assert result.after["trigger"] == comes_back
    is_unchanged_when_fed_back(plain, name)
    assert proven(plain, "automation", name=name, trigger={**REACTIVE, "threshold": 7}).changed
    assert proven(plain, "automation", name=name, trigger=trigger).after["trigger"] == result.after["trigger"]


RESOURCES = {
    "work_pool": (POOL, "prefect.work-pool."),
    "work_queue": (QUEUE, "prefect.work-queue."),
    "deployment": (DEPLOYMENT, "prefect.deployment."),
    "flow": ("au flow", "prefect.flow."),
    "automation": (OTHER, "prefect.automation."),
    "block": (BLOCK, "prefect.block-document."),
    "global_concurrency_limit": ("au limit", "prefect.concurrency-limit."),
    "variable": ("au_variable", "prefect.variable."),
}


def test_every_kind_of_resource_is_tried() -> None:
    assert set(RESOURCES) == set(_automation.RESOURCES)


@pytest.mark.parametrize("noun", RESOURCES)
def test_a_label_names_an_object_instead_of_its_resource_id(
    plain: Server, ids: dict[str, str], name: str, noun: str
) -> None:
    called, prefix = RESOURCES[noun]
    match = {"prefect.resource.id": {noun: called}}
    proven(plain, "automation", name=name, trigger={**REACTIVE, "match": match}, actions=NOTHING)
    (found,) = held(plain, name)
    resource_id = f"{prefix}{ids[noun]}"
    assert found["trigger"]["match"] == {"prefect.resource.id": resource_id}
    # Given as an id, it is the same.
    trigger = {**REACTIVE, "match": {"prefect.resource.id": [resource_id]}}
    assert not apply(plain, "automation", name=name, trigger=trigger).changed


def test_an_id_is_taken_for_the_name_it_stands_for(plain: Server, ids: dict[str, str], name: str) -> None:
    by_id = [{"type": "pause-work-pool", "work_pool_id": ids["work_pool"].upper()}]
    result = proven(plain, "automation", name=name, trigger=REACTIVE, actions=by_id)
    assert result.after["actions"] == [{"type": "pause-work-pool", "work_pool": POOL}]


def test_what_it_names_may_be_gone_and_stays_as_an_id(plain: Server, name: str) -> None:
    pool = f"au {uuid.uuid4().hex[:6]}"
    identity = plain.ask("POST", "/work_pools/", {"name": pool, "type": "process"})["id"]
    match = {"prefect.resource.id": {"work_pool": pool}}
    actions = [{"type": "pause-work-pool", "work_pool": pool}]
    proven(plain, "automation", name=name, trigger={**REACTIVE, "match": match}, actions=actions)
    plain.ask("DELETE", f"/work_pools/{pool.replace(' ', '%20')}")
    found = is_unchanged_when_fed_back(plain, name)
    assert found["actions"] == [{"type": "pause-work-pool", "work_pool_id": identity}]
    assert found["trigger"]["match"] == {"prefect.resource.id": f"prefect.work-pool.{identity}"}
    with pytest.raises(PrefectError, match=r"actions\[0\].work_pool names the work pool .* which does not exist"):
        apply(plain, "automation", name=name, actions=actions)


def test_it_may_act_on_itself(plain: Server, name: str) -> None:
    actions = [{"type": "pause-automation", "automation": name}, *NOTHING]
    match = {"prefect.resource.id": [{"automation": name}, "x"]}
    result = proven(plain, "automation", name=name, trigger={**REACTIVE, "match": match}, actions=actions, tags=["a"])
    (found,) = held(plain, name)
    assert found["actions"][0]["automation_id"] == found["id"]
    assert f"prefect.automation.{found['id']}" in found["trigger"]["match"]["prefect.resource.id"]
    assert (found["enabled"], result.after["actions"]) == (True, actions)


def test_a_change_of_one_thing_keeps_the_others(plain: Server, name: str) -> None:
    whole = {
        "description": "d",
        "enabled": False,
        "tags": ["b", "a", "b"],
        "trigger": REACTIVE,
        "actions": NOTHING,
        "actions_on_trigger": NOTHING,
        "actions_on_resolve": NOTHING,
    }
    result = proven(plain, "automation", name=name, **whole)
    assert result.after == {"name": name, **whole, "tags": ["a", "b"]}
    changes: list[Json] = [
        {"description": ""},
        {"tags": []},
        {"actions_on_trigger": []},
        {"trigger": {**REACTIVE, "threshold": 2}},
    ]
    for change in changes:
        before = exported(plain, name)
        assert proven(plain, "automation", name=name, **change).after == {**before, **change}


def test_switching_it_does_not_make_it_count_anew(plain: Server, name: str) -> None:
    apply(plain, "automation", name=name, trigger=REACTIVE, actions=NOTHING)
    counting = held(plain, name)[0]["trigger"]["id"]
    for enabled in (False, True):
        assert proven(plain, "automation", name=name, enabled=enabled).after["enabled"] is enabled
    assert held(plain, name)[0]["trigger"]["id"] == counting
    apply(plain, "automation", name=name, description="other")
    assert held(plain, name)[0]["trigger"]["id"] != counting


def test_a_name_that_several_have_is_refused_with_their_ids(plain: Server, name: str) -> None:
    body = {"name": name, "trigger": REACTIVE, "actions": NOTHING}
    made = [plain.ask("POST", "/automations/", body)["id"] for _number in range(2)]
    for options in ({"enabled": False}, {"state": "absent"}):
        with pytest.raises(PrefectError) as caught:
            apply(plain, "automation", name=name, **options)
        assert all(identity in caught.value.message for identity in made)
    assert [entry["enabled"] for entry in held(plain, name)] == [True, True]


def test_two_runs_at_the_same_time_make_it_once(plain: Server, name: str) -> None:
    declared: dict[str, t.Any] = {
        "automations": [{"name": f"{name} {number}", "trigger": REACTIVE, "actions": NOTHING} for number in range(10)]
    }
    together = threading.Barrier(2)

    def run() -> t.Any:
        directory = Directory(connect(plain), KINDS)
        together.wait()
        return _resources.apply(directory, copy.deepcopy(declared))

    with concurrent.futures.ThreadPoolExecutor(2) as both:
        for done in [both.submit(run) for _number in range(2)]:
            done.result()
    for item in declared["automations"]:
        assert len(held(plain, item["name"])) == 1
        apply(plain, "automation", name=item["name"], state="absent")


def test_automations_of_one_name_are_left_out_of_an_export_with_a_warning(plain: Server, name: str) -> None:
    body = {"name": name, "trigger": REACTIVE, "actions": NOTHING}
    made = [plain.ask("POST", "/automations/", body)["id"] for _number in range(2)]
    directory = Directory(connect(plain), KINDS)
    found = _resources.export(directory, [KINDS["automation"]])
    assert name not in [item["name"] for item in found.get("automations", [])]
    assert [warning for warning in directory.warnings if f"several automations called {name!r}" in warning]
    assert not _resources.apply(Directory(connect(plain, read_only=True), KINDS), found)["changed"]
    for identity in made:
        plain.ask("DELETE", f"/automations/{identity}")


def test_an_automation_whose_name_says_nothing_is_shown_by_its_id(plain: Server, name: str) -> None:
    body = {"name": name, "trigger": REACTIVE, "actions": NOTHING}
    made = [plain.ask("POST", "/automations/", body)["id"] for _number in range(2)]
    action = {"type": "pause-automation", "source": "selected", "automation_id": made[0]}
    about = f"{name} about it"
    plain.ask("POST", "/automations/", {"name": about, "trigger": REACTIVE, "actions": [action]})
    found = is_unchanged_when_fed_back(plain, about)
    assert found["actions"] == [{"type": "pause-automation", "automation_id": made[0]}]
    assert apply(plain, "automation", name=about, state="absent").changed


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("action", "words"),
    [
        (
            {"type": "run-deployment", "parameters": {"a": [{"b": "x\n{{ y"}]}},
            r"actions\[0\].parameters.a\[0\].b is no template that Prefect can read: line 2: unexpected end of template",
        ),
        (
            {"type": "run-deployment", "parameters": {"a": {"__prefect_kind": "jinja", "template": "{% for %}"}}},
            r"actions\[0\].parameters.a.template is no template that Prefect can read: line 1: ",
        ),
    ],
)
def test_a_template_the_server_cannot_read_is_told_with_its_place(
    plain: Server, name: str, action: Json, words: str, check: bool
) -> None:
    with pytest.raises(PrefectError, match=words):
        apply(plain, "automation", check=check, name=name, trigger=REACTIVE, actions=[action])
    assert held(plain, name) == []


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trigger": REACTIVE}, "does not exist; to create it, give actions"),
        ({"trigger": REACTIVE, "actions": []}, "actions must not be empty"),
        (
            {"trigger": REACTIVE, "actions": [*NOTHING, {"type": "pause-work-queue", "work_queue": "au nosuch/q"}]},
            r"actions\[1\].work_queue names the work queue 'au nosuch/q', which does not exist",
        ),
        (
            {"trigger": REACTIVE, "actions": [{"type": "pause-work-queue", "work_queue": "q"}]},
            r"actions\[0\].work_queue must name a work queue as work_pool/name",
        ),
        (
            {
                "trigger": {**REACTIVE, "match_related": [{"a": "b"}, {"x.y": ["z", {"flow": "au nosuch"}]}]},
                "actions": NOTHING,
            },
            r"trigger.match_related\[1\]\[x.y\]\[1\] names the flow 'au nosuch', which does not exist",
        ),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(
    plain: Server, name: str, options: Json, words: str, check: bool
) -> None:
    with pytest.raises(PrefectError, match=words):
        apply(plain, "automation", check=check, name=name, **options)
    assert held(plain, name) == []


@pytest.mark.before(*_automation.ACTIONS["delete-flow-run"].since)
def test_an_action_the_server_does_not_have_is_told_with_its_version(plain: Server, name: str) -> None:
    with pytest.raises(PrefectError, match=r"actions\[0\].type is delete-flow-run, which this server, Prefect 3.6"):
        apply(plain, "automation", name=name, trigger=REACTIVE, actions=[{"type": "delete-flow-run"}])


def test_a_loop_the_server_sees_is_told_in_its_words(plain: Server, name: str) -> None:
    trigger = {"posture": "Reactive", "expect": ["prefect.flow-run.*"]}
    with pytest.raises(PrefectError, match="Running an inferred deployment from a flow run state change event"):
        apply(plain, "automation", name=name, trigger=trigger, actions=[{"type": "run-deployment"}])


def test_listing_many_takes_few_requests(plain: Server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pools = [f"{name[:11]} {number}" for number in range(12)]
    made = [plain.ask("POST", "/work_pools/", {"name": pool, "type": "process"})["id"] for pool in pools]
    for identity in [*made, str(uuid.uuid4()), str(uuid.uuid4())]:
        action = {"type": "pause-work-pool", "source": "selected", "work_pool_id": identity}
        plain.ask("POST", "/automations/", {"name": f"{name} {identity}", "trigger": REACTIVE, "actions": [action]})
    client = connect(plain)
    asked: list[str] = []
    query = client.query

    def counted(path: str, body: Json = None) -> Json:
        asked.append(path)
        return query(path, body)

    monkeypatch.setattr(client, "query", counted)
    directory = Directory(client, KINDS)
    listed = [
        KINDS["automation"].declared(directory, document)
        for document in directory.documents("automation")
        if document["name"].startswith(name)
    ]
    assert {action["work_pool"] for entry in listed for action in entry["actions"] if "work_pool" in action} == set(
        pools
    )
    assert len(listed) == 14
    assert asked.count("/automations/filter") == 1
    assert asked.count("/work_pools/filter") == 1
    for entry in listed:
        apply(plain, "automation", name=entry["name"], state="absent")


def test_a_value_of_another_type_is_a_difference_unless_it_is_the_same_number(plain: Server, name: str) -> None:
    for number, changed in ((5, True), (5.0, False), (True, True), ("5", True)):
        actions = [{"type": "run-deployment", "parameters": {"number": number}}]
        assert proven(plain, "automation", name=name, trigger=REACTIVE, actions=actions).changed is changed


def test_it_acts_on_an_event(plain: Server, name: str) -> None:
    pool = f"au {uuid.uuid4().hex[:8]}"
    apply(plain, "work_pool", name=pool, type="process")
    trigger = {**REACTIVE, "expect": [f"{pool}.fire"], "match": {"prefect.resource.id": {"work_pool": pool}}}
    apply(plain, "automation", name=name, trigger=trigger, actions=[{"type": "pause-work-pool", "work_pool": pool}])
    resource = {"prefect.resource.id": f"prefect.work-pool.{plain.pool(pool.replace(' ', '%20'))['id']}"}

    def fired() -> bool:
        event = {"event": f"{pool}.fire", "resource": resource, "id": str(uuid.uuid4()), "occurred": now()}
        plain.ask("POST", "/events", [event])
        return bool(plain.pool(pool.replace(" ", "%20"))["is_paused"])

    until("the work pool is paused", fired, 30)


def now() -> str:
    return datetime.now(UTC).isoformat()


def test_create_again_change_check_absent_with_ansible(server: Server, playbook: Playbook) -> None:
    name = "au in a playbook"
    raw = "{% raw %}{{ flow_run.name }} {% if flow_run %}!{% endif %}{% endraw %}"
    actions = [
        {"type": "pause-work-pool", "work_pool": "au playbook pool"},
        {"type": "run-deployment", "parameters": {"text": raw}},
    ]
    whole = {"name": name, "trigger": {"posture": "Proactive", "within": "1m"}, "actions": actions}
    results = playbook(
        server.defaults,
        task("pool", "work_pool", name="au playbook pool", type="process"),
        task("check", "automation", **whole, on_check_mode=True, on_diff=True),
        task("create", "automation", **whole),
        task("again", "automation", **whole),
        task("off", "automation", name=name, enabled=False),
        task("info", "automation_info", name=name),
        task("absent", "automation", name=name, state="absent"),
        task("absent again", "automation", name=name, state="absent"),
        task("pool absent", "work_pool", name="au playbook pool", state="absent"),
        task("none", "automation_info", name=name),
    )
    changed = [results[title]["changed"] for title in ("check", "create", "again", "off", "absent", "absent again")]
    assert changed == [True, True, False, True, True, False]
    assert results["create"]["automation"]["actions"][1]["parameters"]["text"] == (
        "{{ flow_run.name }} {% if flow_run %}!{% endif %}"
    )
    assert results["check"]["diff"] == results["create"]["diff"]
    assert results["info"]["automations"][0]["enabled"] is False
    assert results["none"]["automations"] == []
