# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module deployment against a real server."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _engine
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError, PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import Counting, apply, connect, proven
from ansible_collections.selfhosted.prefect.tests.integration.stack import Json, Playbook, Server, task

EVERYTHING: Json = {
    "description": "What it is for",
    "version": "1",
    "tags": ["b", "a"],
    "labels": {"team": "data", "tier": 1, "gold": True},
    "paused": True,
    "entrypoint": "flows.py:etl",
    "path": "/opt/flows",
    "pull_steps": [{"prefect.deployments.steps.set_working_directory": {"directory": "/opt/flows"}}],
    "parameters": {"x": 1, "y": [1, 2.5, None, {"z": True}]},
    "parameter_openapi_schema": {"type": "object", "properties": {"x": {"type": "integer"}}},
    "enforce_parameter_schema": False,
    "job_variables": {"env": {"A": "b"}},
    "concurrency_limit": "3",
    "concurrency_options": {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60},
    "schedules": [
        {"slug": "nightly", "cron": "0 3 * * *", "timezone": "Europe/Berlin", "parameters": {"x": 2}},
        {"interval": "15m", "anchor_date": "2026-01-01T00:00:00Z", "max_scheduled_runs": "4", "active": False},
    ],
}


def held(server: Server, flow: str, name: str) -> Json:
    """Return a deployment as the API has it."""
    found: Json = server.ask("GET", f"/deployments/name/{flow}/{name}")
    return found


def remove(server: Server, flow: str, *pools: str) -> None:
    """Remove a flow with its deployments, and work pools."""
    apply(server, "flow", name=flow, state="absent")
    for pool in pools:
        apply(server, "work_pool", name=pool, state="absent")


def limits(server: Server) -> dict[str, int]:
    """Return every limit of the server, hidden ones among them."""
    found = server.ask("POST", "/v2/concurrency_limits/filter", {"limit": 200})
    return {limit["name"]: limit["limit"] for limit in found}


def test_life_of_a_deployment_with_everything(server: Server) -> None:
    flow, pool = "deployment-life", "deployment-life"
    key: Json = {"flow": flow, "name": "all"}
    apply(server, "work_pool", name=pool, type="process")
    before = limits(server)
    made = proven(server, "deployment", **key, **EVERYTHING, work_pool=pool)
    assert made.before == {}
    assert made.after["work_queue"] == "default"
    assert made.after["concurrency_limit"] == 3
    document = held(server, flow, "all")
    assert document == {**(made.document or {}), "updated": document["updated"], "schedules": document["schedules"]}
    changed = proven(server, "deployment", **key, description="d", parameters={"x": "now a text"}, paused=False)
    untouched = set(made.after) - {"description", "parameters", "paused"}
    assert {option: changed.after[option] for option in untouched} == {o: made.after[o] for o in untouched}
    assert proven(server, "deployment", **key, state="absent").changed
    assert limits(server) == before
    assert server.ask("GET", f"/flows/name/{flow}")["name"] == flow
    remove(server, flow, pool)


def test_everything_can_be_cleared(plain: Server) -> None:
    flow, pool = "deployment-cleared", "deployment-cleared"
    key: Json = {"flow": flow, "name": "d"}
    apply(plain, "work_pool", name=pool, type="process")
    apply(plain, "deployment", **key, **EVERYTHING, work_pool=pool)
    empty = {
        "description": "",
        "version": "",
        "tags": [],
        "entrypoint": "",
        "path": "",
        "pull_steps": [],
        "parameters": {},
        "parameter_openapi_schema": {},
        "work_pool": "",
        "concurrency_limit": "none",
        "concurrency_options": {},
        "schedules": [],
    }
    cleared = proven(plain, "deployment", **key, **empty).after
    kind = KINDS["deployment"]
    for option in [*empty, "work_queue"]:
        assert cleared[option] == kind.option(option).default, option
    remove(plain, flow, pool)


def test_job_variables_are_emptied_or_it_is_said_why_not(plain: Server) -> None:
    key: Json = {"flow": "deployment-emptied", "name": "d", "job_variables": {}}
    apply(plain, "deployment", **{**key, "job_variables": {"a": 1}})
    version = Directory(connect(plain), KINDS).version()
    if version >= (3, 8, 7):
        assert proven(plain, "deployment", **key).after["job_variables"] == {}
    else:
        directory = Directory(connect(plain), KINDS)
        result = _engine.ensure(directory, "deployment", "present", KINDS["deployment"].desired(key))
        assert not result.changed
        assert "keeps its job_variables" in directory.warnings[0]
        assert held(plain, "deployment-emptied", "d")["job_variables"] == {"a": 1}
    remove(plain, "deployment-emptied")


def test_a_change_of_one_thing_loses_nothing_else(plain: Server) -> None:
    """The upsert that creates would lose schedules, parameters and labels."""
    key: Json = {"flow": "deployment-kept", "name": "d"}
    full = apply(plain, "deployment", **key, **EVERYTHING).after
    for option, value in {"tags": ["c"], "paused": False, "concurrency_limit": 5, "path": "/other"}.items():
        after = proven(plain, "deployment", **key, **{option: value}).after
        assert after == {**full, option: value}
        full = after
    remove(plain, "deployment-kept")


def test_the_flow_is_made_where_there_is_none_and_only_then(plain: Server) -> None:
    flow = "deployment-flow"
    apply(plain, "deployment", check=True, flow=flow, name="d")
    assert plain.ask("POST", "/flows/filter", {"flows": {"name": {"any_": [flow]}}}) == []
    with pytest.raises(InputError):
        apply(plain, "deployment", flow=flow, name="d", schedules=[{"cron": "x"}])
    assert plain.ask("POST", "/flows/filter", {"flows": {"name": {"any_": [flow]}}}) == []
    proven(plain, "deployment", flow=flow, name="d")
    plain.ask("PATCH", f"/flows/{held(plain, flow, 'd')['flow_id']}", {"tags": ["kept"]})
    proven(plain, "deployment", flow=flow, name="e")
    assert plain.ask("GET", f"/flows/name/{flow}")["tags"] == ["kept"]
    remove(plain, flow)


def test_pool_and_queue_are_found_by_name_and_go_together(plain: Server) -> None:
    flow, one, two = "deployment-pools", "deployment-pool-1", "deployment-pool-2"
    key: Json = {"flow": flow, "name": "d"}
    for pool in (one, two):
        apply(plain, "work_pool", name=pool, type="process")
        apply(plain, "work_queue", work_pool=pool, name="fast")
    seen = []
    for options in (
        {},
        {"work_pool": one},
        {"work_queue": "fast"},
        {"work_pool": two},
        {"work_pool": one, "work_queue": "fast"},
        {"work_queue": ""},
        {"work_queue": "fast", "tags": ["a"]},
        {"job_variables": {"env": {"A": "1"}}},
        {"work_pool": ""},
    ):
        after = proven(plain, "deployment", **key, **options).after
        seen.append((after["work_pool"], after["work_queue"]))
    assert seen == [
        (None, None),
        (one, "default"),
        (one, "fast"),
        (two, "default"),
        (one, "fast"),
        (one, "default"),
        (one, "fast"),
        (one, "fast"),
        (None, None),
    ]
    remove(plain, flow, one, two)


WRONG: list[tuple[Json, str]] = [
    ({"work_pool": "no-such-pool"}, "work_pool names the work pool 'no-such-pool', which does not exist"),
    ({"work_queue": "fast"}, "work_queue needs work_pool, because this deployment has none"),
    ({"work_pool": "", "work_queue": "fast"}, "work_queue must not be given where work_pool is empty"),
    (
        {"work_pool": "deployment-wrong", "work_queue": "no"},
        "work_queue names the work queue 'deployment-wrong/no', which",
    ),
    ({"global_concurrency_limit": "no"}, "global_concurrency_limit names the global concurrency limit 'no', which"),
    ({"storage_block": "secret/no"}, "storage_block names the block 'secret/no', which does not exist"),
    ({"concurrency_limit": 0}, "concurrency_limit must be a whole number from 1 to"),
    ({"concurrency_limit": 1, "global_concurrency_limit": "a"}, "global_concurrency_limit must not be given together"),
    ({"concurrency_options": {"grace_period_seconds": 70}}, "concurrency_options.collision_strategy must be given"),
    (
        {"concurrency_options": {"collision_strategy": "ENQUEUE", "grace_period_seconds": 7}},
        "concurrency_options.grace_period_seconds must be a number of seconds from 60 to 86400",
    ),
    ({"labels": {"a": [1]}}, "labels.a must be a text, a number or a boolean"),
    ({"labels": {"prefect.flow.id": "1"}}, "labels.prefect.flow.id must not be given"),
    ({"pull_steps": [{}]}, "pull_steps[0] must be a dictionary with the name of a step"),
    ({"parameters": {"a": ["\0"]}}, "parameters.a[0] must not hold a NUL"),
    ({"name": "a/b"}, "name must not be empty nor hold any of"),
    ({"flow": "a/b"}, "flow must not be empty nor hold any of"),
    ({"schedules": [{"cron": "x"}]}, 'schedules[0].cron is refused by the server: Invalid cron string: "x"'),
    (
        {"schedules": [{"cron": "* * * * *"}, {"cron": "* * * * *", "timezone": "Mars/Base"}]},
        "schedules[1].timezone must be a time zone such as Europe/Berlin, but is 'Mars/Base'",
    ),
    ({"schedules": [{"rrule": "FREQ=NEVER"}]}, "schedules[0].rrule is refused by the server: Invalid RRule string"),
    ({"schedules": [{"rrule": "FREQ=DAILY", "timezone": "x"}]}, "schedules[0].timezone must be a time zone such as"),
    ({"schedules": [{"interval": 60, "timezone": "x"}]}, "schedules[0].timezone must be a time zone such as"),
    ({"schedules": [{"interval": 10**14}]}, "schedules[0].interval is refused by the server: "),
    ({"schedules": [{"interval": 0}]}, "schedules[0].interval must be longer than nothing"),
    ({"schedules": [{"interval": "1 hour"}]}, "schedules[0].interval must be a duration in seconds"),
    ({"schedules": [{"interval": 60, "anchor_date": "soon"}]}, "schedules[0].anchor_date must be a time such as"),
    ({"schedules": [{}]}, "schedules[0] must have exactly one of cron, interval and rrule, but has none of them"),
    ({"schedules": [{"cron": "* * * * *", "interval": 5}]}, "schedules[0] must have exactly one of cron, interval and"),
    (
        {"schedules": [{"cron": "* * * * *", "anchor_date": "2026-01-01"}]},
        "schedules[0].anchor_date belongs to interval",
    ),
    ({"schedules": [{"interval": 5, "day_or": False}]}, "schedules[0].day_or belongs to cron, but this schedule has"),
    (
        {"schedules": [{"interval": 5, "max_scheduled_runs": 0}]},
        "schedules[0].max_scheduled_runs must be a whole number",
    ),
    ({"schedules": [{"interval": 5, "max_scheduled_runs": 9999}]}, "schedules[0].max_scheduled_runs is refused by the"),
    ({"schedules": [{"interval": 5, "slug": ""}]}, "schedules[0].slug must not be empty"),
    ({"schedules": [{"interval": 5}, {"interval": "5"}]}, "schedules[1] is the same as schedules[0]"),
    (
        {"schedules": [{"interval": 5, "slug": "a"}, {"interval": 6, "slug": "a"}]},
        "schedules[1].slug is 'a', as it is in schedules[0]",
    ),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("check", [True, False])
def test_bad_input_is_refused_with_its_place_before_anything_is_written(
    plain: Server, options: Json, message: str, check: bool
) -> None:
    flow, pool = "deployment-wrong", "deployment-wrong"
    apply(plain, "work_pool", name=pool, type="process")
    apply(plain, "deployment", flow=flow, name="d", tags=["held"], schedules=[{"cron": "0 0 * * *", "slug": "s"}])
    before = held(plain, flow, "d")
    with pytest.raises(InputError) as caught:
        apply(plain, "deployment", check=check, **{"flow": flow, "name": "d", "tags": [], **options})
    assert str(caught.value).startswith(message), str(caught.value)
    assert held(plain, flow, "d") == before
    with pytest.raises(InputError):
        apply(plain, "deployment", check=check, **{"flow": "deployment-wrong-2", "name": "d", **options})
    assert plain.ask("POST", "/flows/filter", {"flows": {"name": {"any_": ["deployment-wrong-2"]}}}) == []
    assert server_queues(plain, pool) == ["default"]


def server_queues(server: Server, pool: str) -> list[str]:
    """Return the names of a work pool's queues: a missing one would be made by the server."""
    return [queue["name"] for queue in server.ask("POST", f"/work_pools/{pool}/queues/filter", {})]


def test_a_global_limit_is_never_changed_or_removed_by_a_deployment(plain: Server) -> None:
    """The server changes or removes the shared limit where it is asked about the deployment's own."""
    flow = "deployment-limits"
    key: Json = {"flow": flow, "name": "d"}
    shared = {"deployment-limit-1": 7, "deployment-limit-2": 8}
    for name, limit in shared.items():
        apply(plain, "global_concurrency_limit", name=name, limit=limit)
    one, two = shared
    seen = []
    for options in (
        {"global_concurrency_limit": one},
        {"concurrency_limit": "none"},
        {"concurrency_limit": 3},
        {"concurrency_limit": 4},
        {"global_concurrency_limit": two},
        {"global_concurrency_limit": one, "concurrency_limit": "none"},
        {"concurrency_limit": 5},
        {"global_concurrency_limit": ""},
        {"concurrency_limit": "none"},
        {"concurrency_limit": 6},
        {"global_concurrency_limit": one},
        {"global_concurrency_limit": ""},
        {"concurrency_limit": 2, "global_concurrency_limit": ""},
        {"global_concurrency_limit": two},
    ):
        after = proven(plain, "deployment", **key, **options).after
        seen.append((after["concurrency_limit"], after["global_concurrency_limit"]))
        held_limits = limits(plain)
        assert {name: held_limits[name] for name in shared} == shared, options
        own = [limit for name, limit in held_limits.items() if name.endswith(held(plain, flow, "d")["id"])]
        assert own == [limit for limit in [after["concurrency_limit"]] if limit is not None], options
    assert seen == [
        (None, one),
        (None, one),
        (3, None),
        (4, None),
        (None, two),
        (None, one),
        (5, None),
        (5, None),
        (None, None),
        (6, None),
        (None, one),
        (None, None),
        (2, None),
        (None, two),
    ]
    assert proven(plain, "deployment", **key, state="absent").changed
    assert {name: limits(plain)[name] for name in shared} == shared
    for name in shared:
        apply(plain, "global_concurrency_limit", name=name, state="absent")
    remove(plain, flow)


def test_a_limit_that_another_client_left_behind_is_not_in_the_way(plain: Server) -> None:
    key: Json = {"flow": "deployment-orphan", "name": "d"}
    apply(plain, "global_concurrency_limit", name="deployment-orphan", limit=1)
    made = apply(plain, "deployment", **key, concurrency_limit=3).document or {}
    limit = plain.ask("GET", "/v2/concurrency_limits/deployment-orphan")["id"]
    plain.ask("PATCH", f"/deployments/{made['id']}", {"global_concurrency_limit_id": limit})
    assert proven(plain, "deployment", **key, concurrency_limit=4).after["concurrency_limit"] == 4
    apply(plain, "global_concurrency_limit", name="deployment-orphan", state="absent")
    remove(plain, "deployment-orphan")


def test_a_storage_block_is_named_by_its_type_and_name(plain: Server) -> None:
    key: Json = {"flow": "deployment-storage", "name": "d"}
    apply(plain, "block", block_type="local-file-system", name="deployment-storage", data={"basepath": "/srv"})
    name = "local-file-system/deployment-storage"
    assert proven(plain, "deployment", **key, storage_block=name).after["storage_block"] == name
    assert proven(plain, "deployment", **key, storage_block="").after["storage_block"] is None
    apply(plain, "block", block_type="local-file-system", name="deployment-storage", state="absent")
    remove(plain, "deployment-storage")


def test_parameters_are_held_against_their_schema_before_anything_is_written(plain: Server) -> None:
    flow = "deployment-schema"
    key: Json = {"flow": flow, "name": "d"}
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
    with pytest.raises(PrefectError, match="'x'"):
        apply(plain, "deployment", **key, parameters={"x": "text"}, parameter_openapi_schema=schema)
    assert plain.ask("POST", "/deployments/filter", {"flows": {"name": {"any_": [flow]}}}) == []
    proven(plain, "deployment", **key, parameters={"x": 1}, parameter_openapi_schema=schema)
    before = held(plain, flow, "d")
    with pytest.raises(PrefectError, match="'x'"):
        apply(plain, "deployment", **key, parameters={"x": "text"}, tags=["a"], schedules=[{"interval": 60}])
    assert held(plain, flow, "d") == before
    proven(plain, "deployment", **key, parameters={"x": "text"}, enforce_parameter_schema=False)
    remove(plain, flow)


def test_job_variables_are_held_against_the_work_pool_before_anything_is_written(plain: Server) -> None:
    flow, pool = "deployment-job", "deployment-job"
    template = {
        "job_configuration": {"n": "{{ n }}"},
        "variables": {"type": "object", "properties": {"n": {"type": "integer"}}},
    }
    apply(plain, "work_pool", name=pool, type="process", base_job_template=template)
    key: Json = {"flow": flow, "name": "d"}
    with pytest.raises(PrefectError):
        apply(plain, "deployment", **key, work_pool=pool, job_variables={"n": "text"})
    proven(plain, "deployment", **key, work_pool=pool, job_variables={"n": 1})
    before = held(plain, flow, "d")
    for options in ({"job_variables": {"n": "text"}}, {"job_variables": {"n": []}, "schedules": [{"interval": 60}]}):
        with pytest.raises(PrefectError):
            apply(plain, "deployment", **key, **options)
        assert held(plain, flow, "d") == before
    proven(plain, "deployment", **key, work_pool="", job_variables={"n": "text"})
    with pytest.raises(PrefectError):
        apply(plain, "deployment", **key, work_pool=pool)
    assert held(plain, flow, "d")["work_pool_name"] is None
    remove(plain, flow, pool)


def test_labels_are_set_once_and_another_set_is_refused_with_the_way_out(plain: Server) -> None:
    flow = "deployment-labels"
    plain.ask("POST", "/flows/", {"name": flow, "labels": {"of": "the flow"}})
    key: Json = {"flow": flow, "name": "d"}
    with pytest.raises(InputError, match=r"labels\.of is a label of the flow"):
        apply(plain, "deployment", **key, labels={"of": "the flow"})
    assert proven(plain, "deployment", **key, labels={"a": 1, "b": "x"}).after["labels"] == {"a": 1, "b": "x"}
    with pytest.raises(PrefectError, match="Prefect sets labels only when a deployment is created"):
        apply(plain, "deployment", **key, labels={"a": 2})
    remove(plain, flow)


PARAMETERS: list[Json] = [
    {"a": None},
    {"a": 1},
    {"a": 1.5},
    {"a": True},
    {"a": "1"},
    {"a": [1, [2, {}], {"b": None}]},
    {"ä ö/%": "\u2603 \U0001f600 'quotes\" \\ {{ not a template }}"},
    {},
]


def test_parameters_keep_the_type_of_every_value(plain: Server) -> None:
    key: Json = {"flow": "deployment-values", "name": "d"}
    apply(plain, "deployment", **key, parameters={"first": 0})
    for value in PARAMETERS:
        assert repr(proven(plain, "deployment", **key, parameters=value).after["parameters"]) == repr(value)
    remove(plain, "deployment-values")


def test_parameters_that_the_server_turns_into_others_are_told(plain: Server) -> None:
    """A PATCH of parameters resolves Prefect's own markers, which the creation keeps."""
    key: Json = {"flow": "deployment-hydrated", "name": "d"}
    apply(plain, "deployment", **key)
    result = apply(plain, "deployment", **key, parameters={"a": {"__prefect_kind": "json", "value": '{"q": 1}'}})
    assert "holds other values than declared for: parameters" in result.warnings[0]
    remove(plain, "deployment-hydrated")


def test_what_is_exported_and_fed_back_changes_nothing(plain: Server) -> None:
    flow, pool = "deployment-export", "deployment-export"
    apply(plain, "work_pool", name=pool, type="process")
    apply(plain, "deployment", flow=flow, name="full", **EVERYTHING, work_pool=pool)
    apply(plain, "deployment", flow=flow, name="bare")
    kind = KINDS["deployment"]
    for name in ("full", "bare"):
        directory = Directory(connect(plain), KINDS)
        document = directory.find("deployment", (flow, name))
        assert document is not None
        declared = kind.declared(directory, document)
        exported = {option: value for option, value in declared.items() if value is not None}
        short = kind.export(directory, document, dict(exported)) if kind.export else None
        assert not proven(plain, "deployment", **exported).changed
        assert not proven(plain, "deployment", **(short or {})).changed
    remove(plain, flow, pool)


def test_one_that_something_else_makes_meanwhile_is_told_to_be_replaced(server: Server) -> None:
    key: Json = {"flow": "deployment-meanwhile", "name": "d"}
    directory = Directory(connect(server), KINDS)
    apply(server, "flow", name=key["flow"])
    planned = _engine.plan(directory, "deployment", "present", {**key, "parameters": {"x": 1}})
    apply(server, "deployment", **key, description="another's")
    # Longer than a request takes; of what is closer nobody can tell who was first.
    time.sleep(1)
    _engine.carry_out(directory, planned)
    told = directory.warnings
    assert len(told) == 1
    assert "'deployment-meanwhile/d' was not there when this run looked, but has been made by something else" in told[0]
    remove(server, key["flow"])


def test_deployments_of_one_name_in_two_flows_are_two(plain: Server) -> None:
    for flow in ("deployment-twin-1", "deployment-twin-2"):
        proven(plain, "deployment", flow=flow, name="d", tags=[flow])
    directory = Directory(connect(plain), KINDS)
    directory.load("deployment", [("deployment-twin-1", "d"), ("deployment-twin-2", "d"), ("deployment-twin-3", "d")])
    assert (directory.find("deployment", ("deployment-twin-2", "d")) or {})["tags"] == ["deployment-twin-2"]
    assert directory.find("deployment", ("deployment-twin-3", "d")) is None
    for flow in ("deployment-twin-1", "deployment-twin-2"):
        remove(plain, flow)


def test_the_module_by_a_playbook(secured: Server, playbook: Playbook) -> None:
    options = {"flow": "deployment-module", "name": "d", "schedules": [{"cron": "0 3 * * *", "slug": "s"}]}
    results = playbook(
        secured.defaults,
        task("made", "deployment", **options, parameters={"x": 1}, concurrency_limit=2),
        task("again", "deployment", **options, parameters={"x": 1}, concurrency_limit=2),
        task("removed", "deployment", flow="deployment-module", name="d", state="absent"),
        task("flow removed", "flow", name="deployment-module", state="absent"),
    )
    assert [result["changed"] for result in results.values()] == [True, False, True, True]
    assert results["made"]["deployment"]["schedules"][0]["slug"] == "s"
    assert results["made"]["diff"]["after"]["concurrency_limit"] == 2


def counted(server: Server, noun: str, **options: t.Any) -> list[tuple[str, str]]:
    """Return the requests that it takes to apply these options."""
    client = connect(server)
    counting = Counting(client._transport)
    client._transport = counting
    kind = KINDS[noun]
    _engine.ensure(Directory(client, KINDS), noun, str(options.pop("state", "present")), kind.desired(options))
    return counting.sent


def test_it_takes_few_requests(plain: Server) -> None:
    key: Json = {"flow": "deployment-requests", "name": "d", "schedules": [{"cron": "0 0 * * *", "slug": "s"}]}
    assert len(counted(plain, "deployment", **key)) == 5
    assert len(counted(plain, "deployment", **key)) == 2
    assert len(counted(plain, "deployment", **key, tags=["a"])) == 4
    remove(plain, "deployment-requests")
