# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules against a real server: inline in the module deployment, and by the module deployment_schedule."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _resources, _schedule
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError, PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import Counting, apply, connect, proven
from ansible_collections.selfhosted.prefect.tests.integration.stack import Json, Playbook, Server, task

ANCHOR = "2026-01-01T00:00:00Z"
CRON = {"cron": "0 3 * * *"}


def schedules(server: Server, flow: str) -> list[Json]:
    """Return the schedules of a flow's deployment ``d`` as the API has them."""
    found: list[Json] = server.ask("GET", f"/deployments/name/{flow}/d")["schedules"]
    return found


def declare(server: Server, flow: str, *declared: Json) -> list[Json]:
    """Declare the schedules of a flow's deployment ``d``, and return what it has then, by options."""
    after = proven(server, "deployment", flow=flow, name="d", schedules=list(declared)).after
    found: list[Json] = after["schedules"]
    return found


def ids(server: Server, flow: str) -> dict[str | None, str]:
    """Return the id of each schedule by its slug."""
    return {schedule["slug"]: schedule["id"] for schedule in schedules(server, flow)}


TIMINGS: list[tuple[Json, Json]] = [
    ({"cron": " 0 3 * * * "}, {"cron": "0 3 * * *", "day_or": True}),
    ({"cron": "@daily", "day_or": False}, {"cron": "@daily", "day_or": False}),
    ({"cron": "0 0 13 * 5", "timezone": ""}, {"cron": "0 0 13 * 5", "day_or": True}),
    (
        {"interval": "1h", "anchor_date": "2026-01-01"},
        {"interval": 3600, "anchor_date": "2026-01-01T00:00:00Z"},
    ),
    (
        {"interval": 0.5, "anchor_date": "2026-06-30T23:30:00.25+02:00", "timezone": "Europe/Berlin"},
        {"interval": 0.5, "anchor_date": "2026-06-30T21:30:00.250000Z", "timezone": "Europe/Berlin"},
    ),
    ({"rrule": "FREQ=DAILY"}, {"rrule": "FREQ=DAILY"}),
    ({"rrule": "DTSTART:20200101T000000\nFREQ=DAILY\n"}, {"rrule": "FREQ=DAILY"}),
    ({"rrule": "DTSTART:20240101T000000\nRRULE:FREQ=WEEKLY;BYDAY=MO", "timezone": "Asia/Tokyo"}, {}),
    ({"rrule": "RRULE:FREQ=DAILY;UNTIL=20300101"}, {}),
    ({"rrule": "FREQ=MINUTELY;COUNT=7"}, {"rrule": "FREQ=MINUTELY;COUNT=7"}),
]


@pytest.mark.parametrize("slug", [{}, {"slug": "s"}], ids=["without a slug", "with a slug"])
@pytest.mark.parametrize(("declared", "held"), TIMINGS, ids=lambda value: str(list(value.values())[:2]))
def test_what_the_server_fills_in_is_no_difference(plain: Server, declared: Json, held: Json, slug: Json) -> None:
    flow = "schedule-filled"
    found = declare(plain, flow, {**declared, **slug})
    usual = {"timezone": "UTC", "active": True, "parameters": {}}
    assert found == [{**usual, **declared, **held, **slug, "timezone": declared.get("timezone") or "UTC"}]
    declare(plain, flow)
    declare(plain, flow, {**CRON, **slug, "parameters": {"a": 1}})
    declare(plain, flow, {**declared, **slug})
    apply(plain, "flow", name=flow, state="absent")


def test_an_interval_without_an_anchor_counts_from_its_creation_and_keeps_that(plain: Server) -> None:
    flow = "schedule-anchor"
    key: Json = {"flow": flow, "name": "d"}
    first = apply(plain, "deployment", **key, schedules=[{"interval": 60, "slug": "a"}, {"interval": 90}]).after
    assert not apply(plain, "deployment", **key, schedules=[{"interval": 60, "slug": "a"}, {"interval": 90}]).changed
    after = declare(plain, flow, {"interval": 120, "slug": "a"}, {"interval": 90})
    assert [one["anchor_date"] for one in after] == [one["anchor_date"] for one in first["schedules"]]
    apply(plain, "flow", name=flow, state="absent")


def test_the_declared_list_is_the_whole_truth(plain: Server) -> None:
    flow = "schedule-truth"
    declare(plain, flow, {**CRON, "slug": "a"}, {**CRON, "slug": "b"}, {"interval": 60, "anchor_date": "2026-01-01"})
    first = ids(plain, flow)
    declare(plain, flow, {**CRON, "slug": "b"}, {**CRON, "slug": "c"})
    second = ids(plain, flow)
    assert (set(second), second["b"]) == ({"b", "c"}, first["b"])
    assert not proven(plain, "deployment", flow=flow, name="d").changed
    assert declare(plain, flow) == []
    apply(plain, "flow", name=flow, state="absent")


def test_schedules_with_and_without_a_slug_stand_side_by_side(plain: Server) -> None:
    """A PATCH of the deployment itself would remove all of them, or none."""
    flow = "schedule-mixed"
    bare = {"cron": "5 * * * *"}
    declare(plain, flow, bare)
    first = ids(plain, flow)
    declare(plain, flow, bare, {**CRON, "slug": "a"})
    assert ids(plain, flow)[None] == first[None]
    declare(plain, flow, {**bare, "active": False, "parameters": {"x": 1}}, {**CRON, "slug": "a", "active": False})
    assert ids(plain, flow)[None] == first[None]
    declare(plain, flow, bare, {**bare, "timezone": "Europe/Berlin"}, {**bare, "timezone": "Asia/Tokyo"})
    assert len(schedules(plain, flow)) == 3
    declare(plain, flow, {**CRON, "slug": "a"}, {**CRON, "slug": "b"})
    declare(plain, flow, {**CRON, "slug": "a"}, CRON)
    declare(plain, flow, {**bare, "parameters": {"n": 1}}, {**bare, "parameters": {"n": 2}})
    declare(plain, flow, {**bare, "parameters": {"n": 2}}, {**bare, "parameters": {"n": 3}})
    apply(plain, "flow", name=flow, state="absent")


def test_what_is_not_declared_of_a_schedule_stays(plain: Server) -> None:
    """A PATCH without parameters would remove them."""
    flow = "schedule-stays"
    full = {
        **CRON,
        "slug": "a",
        "timezone": "Europe/Berlin",
        "day_or": False,
        "parameters": {"x": 1},
        "max_scheduled_runs": "3",
    }
    declare(plain, flow, full)
    first = ids(plain, flow)
    held = declare(plain, flow, {**CRON, "slug": "a", "active": False})[0]
    assert held == {**full, "active": False, "max_scheduled_runs": 3}
    assert declare(plain, flow, {"cron": "1 1 * * *", "slug": "a"})[0] == {**held, "cron": "1 1 * * *"}
    assert ids(plain, flow) == first
    turned = declare(plain, flow, {"rrule": "FREQ=DAILY", "slug": "a"})[0]
    assert "cron" not in turned
    assert (turned["timezone"], turned["parameters"]) == ("Europe/Berlin", {"x": 1})
    apply(plain, "flow", name=flow, state="absent")


def test_everything_of_a_schedule_can_be_cleared(plain: Server) -> None:
    flow = "schedule-cleared"
    extra = {"parameters": {"x": 1}, "max_scheduled_runs": "3", "timezone": "Asia/Tokyo", "day_or": False}
    declare(plain, flow, {**CRON, "slug": "a", **extra}, {**CRON, **extra})
    cleared = {"parameters": {}, "max_scheduled_runs": "none", "timezone": "", "day_or": True}
    # Without a slug it is another schedule in another time zone.
    after = declare(plain, flow, {**CRON, "slug": "a", **cleared}, {**CRON, **cleared})
    for values in after:
        assert "max_scheduled_runs" not in values
        assert (values["parameters"], values["timezone"], values["day_or"]) == ({}, "UTC", True)
    apply(plain, "flow", name=flow, state="absent")


def test_runs_scheduled_ahead_are_limited_from_the_creation_on(plain: Server) -> None:
    """What creates a deployment forgets this of its schedules."""
    flow = "schedule-ahead"
    after = declare(plain, flow, {**CRON, "slug": "a", "max_scheduled_runs": "2"}, {**CRON, "slug": "b"})
    assert [values.get("max_scheduled_runs") for values in after] == [2, None]
    apply(plain, "flow", name=flow, state="absent")


def test_life_of_a_schedule(server: Server) -> None:
    flow = "schedule-life"
    apply(server, "deployment", flow=flow, name="d", schedules=[{"cron": "5 * * * *"}, {**CRON, "slug": "other"}])
    key: Json = {"deployment": f"{flow}/d", "slug": "a b/c"}
    other = [schedule for schedule in schedules(server, flow) if schedule["slug"] != key["slug"]]
    made = proven(server, "deployment_schedule", **key, **CRON, parameters={"x": 1}, max_scheduled_runs=5)
    assert (made.document or {})["slug"] == key["slug"]
    paused = proven(server, "deployment_schedule", **key, active=False)
    assert paused.after == {**made.after, "active": False}
    same_id = (paused.document or {})["id"]
    turned = proven(
        server, "deployment_schedule", **key, interval="2h", anchor_date="2026-01-01", timezone="Asia/Tokyo"
    )
    assert (turned.after["cron"], turned.after["day_or"], turned.after["interval"]) == (None, None, 7200)
    assert (turned.document or {})["id"] == same_id
    assert proven(server, "deployment_schedule", **key, max_scheduled_runs="none").after["max_scheduled_runs"] is None
    proven(server, "deployment_schedule", **key, rrule="FREQ=DAILY", parameters={}, timezone="")
    proven(server, "deployment_schedule", **key, cron="1 1 1 * 1", day_or=False)
    assert proven(server, "deployment_schedule", **key, state="absent").changed
    left = [schedule for schedule in schedules(server, flow) if schedule["slug"] != key["slug"]]
    assert left == other
    apply(server, "flow", name=flow, state="absent")


WRONG: list[tuple[Json, str]] = [
    ({"deployment": "no/such", **CRON}, "deployment names the deployment 'no/such', which does not exist"),
    ({"deployment": "no", **CRON}, "deployment must name a deployment as flow/deployment, but is 'no'"),
    ({"slug": "", **CRON}, "slug must not be empty"),
    ({}, "must have exactly one of cron, interval and rrule, but has none of them"),
    ({**CRON, "interval": 5}, "must have exactly one of cron, interval and rrule, but has cron and interval"),
    ({"cron": "x"}, 'cron is refused by the server: Invalid cron string: "x"'),
    ({**CRON, "timezone": "x"}, "timezone must be a time zone such as Europe/Berlin, but is 'x'"),
    ({**CRON, "anchor_date": "2026-01-01"}, "anchor_date belongs to interval, but this schedule has cron"),
    ({"slug": "held", "anchor_date": "2026-01-01"}, "anchor_date belongs to interval, but this schedule has cron"),
    ({"slug": "held", "timezone": "x"}, "timezone must be a time zone such as Europe/Berlin, but is 'x'"),
    ({"slug": "held", "max_scheduled_runs": 99999}, "max_scheduled_runs is refused by the server"),
    ({"slug": "held", "interval": "soon"}, "interval must be a duration in seconds"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("check", [True, False])
def test_bad_input_is_refused_with_its_place(plain: Server, options: Json, message: str, check: bool) -> None:
    flow = "schedule-wrong"
    apply(plain, "deployment", flow=flow, name="d", schedules=[{**CRON, "slug": "held"}])
    before = schedules(plain, flow)
    with pytest.raises(InputError) as caught:
        apply(plain, "deployment_schedule", check=check, **{"deployment": f"{flow}/d", "slug": "a", **options})
    assert str(caught.value).startswith(message), str(caught.value)
    assert schedules(plain, flow) == before


def test_an_absent_schedule_of_an_absent_deployment_is_absent(plain: Server) -> None:
    assert not proven(plain, "deployment_schedule", deployment="no/such", slug="a", state="absent").changed


def test_the_server_judges_many_schedules_in_one_request_and_writes_none(plain: Server) -> None:
    client = connect(plain, read_only=True)
    counting = Counting(client._transport)
    client._transport = counting
    directory = Directory(client, KINDS)
    wrong = {3: "cron", 77: "rrule", 140: "timezone"}
    bad = {"cron": {"cron": "x"}, "rrule": {"rrule": "x"}, "timezone": {**CRON, "timezone": "x"}}
    entries = [
        (
            index,
            f"s[{index}]",
            _schedule.complete(bad[wrong[index]] if index in wrong else {"cron": f"{index % 60} * * * *"}, None),
        )
        for index in range(200)
    ]
    found = _schedule.judge(directory, entries)
    assert {owner: error.path for owner, error in found} == {i: f"s[{i}].{option}" for i, option in wrong.items()}
    assert len(counting.sent) == 1
    assert _schedule.judge(directory, entries)
    assert len(counting.sent) == 1


def test_resources_takes_deployments_with_schedules_and_schedules_of_others(plain: Server) -> None:
    flow = "schedule-resources"
    declared = {
        "work_pools": [{"name": flow, "type": "process"}],
        "work_queues": [{"work_pool": flow, "name": "fast"}],
        "deployments": [
            {"flow": flow, "name": "d", "work_pool": flow, "schedules": [{**CRON, "slug": "a"}]},
            {"flow": flow, "name": "e", "work_pool": flow, "work_queue": "fast"},
            {"flow": flow, "name": "f", "work_pool": flow, "work_queue": "default"},
        ],
        "deployment_schedules": [{"deployment": f"{flow}/e", "slug": "a", **CRON}],
    }
    predicted = _resources.apply(Directory(connect(plain, read_only=True), KINDS), declared)
    result = _resources.apply(Directory(connect(plain), KINDS), declared)
    assert predicted["diff"] == result["diff"]
    assert not _resources.apply(Directory(connect(plain), KINDS), declared)["changed"]
    twice = {**declared, "deployment_schedules": [{"deployment": f"{flow}/d", "slug": "a", **CRON}]}
    with pytest.raises(PrefectError, match=r"deployments\[0\]\.schedules is the whole truth of it"):
        _resources.apply(Directory(connect(plain), KINDS), twice)
    bad = {
        "deployments": [{"flow": flow, "name": "e"}, {"flow": flow, "name": "d", "schedules": [CRON, {"cron": "x"}]}]
    }
    with pytest.raises(PrefectError, match=r"deployments\[1\]\.schedules\[1\]\.cron is refused by the server"):
        _resources.apply(Directory(connect(plain), KINDS), bad)
    apply(plain, "flow", name=flow, state="absent")
    apply(plain, "work_pool", name=flow, state="absent")


@pytest.mark.parametrize("slug", [{}, {"slug": "s"}], ids=["without a slug", "with a slug"])
@pytest.mark.parametrize("rule", ["FREQ=MINUTELY;INTERVAL=7", "RRULE:FREQ=SECONDLY;INTERVAL=30", "freq=minutely"])
def test_a_rule_that_runs_often_gets_a_start_once(plain: Server, rule: str, slug: Json) -> None:
    flow = "schedule-often"
    found = declare(plain, flow, {"rrule": rule, "timezone": "Asia/Tokyo", **slug})
    assert [values["rrule"].partition("\n")[2] for values in found] == [rule]
    assert declare(plain, flow, {"rrule": rule, "active": False, **slug})[0]["rrule"] == found[0]["rrule"]
    apply(plain, "flow", name=flow, state="absent")


@pytest.mark.parametrize(
    "declared",
    [
        [CRON, {**CRON, "timezone": "Europe/Berlin"}],
        [{"interval": 60, "anchor_date": ANCHOR}, {"interval": 60, "anchor_date": ANCHOR, "active": False}],
        [{"rrule": "FREQ=DAILY"}, {"rrule": "FREQ=DAILY", "parameters": {"n": 1}}],
        [{"rrule": "FREQ=MINUTELY"}, {"rrule": "FREQ=MINUTELY", "timezone": "Asia/Tokyo"}],
    ],
    ids=str,
)
def test_two_without_a_slug_that_begin_alike_stay_two(plain: Server, declared: list[Json]) -> None:
    flow = "schedule-alike"
    assert len(declare(plain, flow, *declared)) == 2
    before = ids(plain, flow)
    assert len(declare(plain, flow, *reversed(declared))) == 2
    assert ids(plain, flow) == before
    apply(plain, "flow", name=flow, state="absent")


def test_rules_that_another_client_has_the_server_start_now_are_as_declared(plain: Server) -> None:
    flow = "schedule-started"
    apply(plain, "deployment", flow=flow, name="d")
    path = f"/deployments/{plain.ask('GET', f'/deployments/name/{flow}/d')['id']}/schedules"
    plain.ask("POST", path, [{"schedule": {"rrule": "FREQ=MINUTELY"}}, {"schedule": CRON, "slug": "s"}])
    assert not apply(
        plain, "deployment", flow=flow, name="d", schedules=[{"rrule": "FREQ=MINUTELY"}, {"slug": "s", **CRON}]
    ).changed
    changed = {"deployment": f"{flow}/d", "slug": "s", "rrule": "FREQ=SECONDLY"}
    assert proven(plain, "deployment_schedule", **changed).changed
    apply(plain, "flow", name=flow, state="absent")


def test_exported_schedules_that_nobody_could_declare_change_nothing(plain: Server) -> None:
    flow = "schedule-exported"
    apply(plain, "deployment", flow=flow, name="d")
    path = f"/deployments/{plain.ask('GET', f'/deployments/name/{flow}/d')['id']}/schedules"
    alike = {"schedule": {**CRON, "timezone": "UTC"}}
    plain.ask("POST", path, [alike, alike, {**alike, "slug": ""}, {"schedule": {"rrule": "FREQ=MINUTELY"}}])
    exported = _resources.export(Directory(connect(plain, read_only=True), KINDS), [KINDS["deployment"]])
    mine = [item for item in exported["deployments"] if item["flow"] == flow]
    assert len(mine[0]["schedules"]) == 4
    assert not _resources.apply(Directory(connect(plain), KINDS), {"deployments": mine})["changed"]
    listed = Directory(connect(plain), KINDS).documents("deployment_schedule")
    assert all(schedule["slug"] for schedule in listed)
    with pytest.raises(InputError, match="is the same as schedules"):
        apply(plain, "deployment", flow=flow, name="e", schedules=[CRON, CRON])
    apply(plain, "flow", name=flow, state="absent")


def test_the_module_by_a_playbook(secured: Server, playbook: Playbook) -> None:
    apply(secured, "deployment", flow="schedule-module", name="d")
    key: Json = {"deployment": "schedule-module/d", "slug": "a"}
    results = playbook(
        secured.defaults,
        task("made", "deployment_schedule", **key, interval="15m", max_scheduled_runs=3),
        task("again", "deployment_schedule", **key, interval=900),
        task("removed", "deployment_schedule", **key, state="absent"),
    )
    assert [result["changed"] for result in results.values()] == [True, False, True]
    assert results["made"]["deployment_schedule"]["schedule"]["interval"] == 900
    assert results["made"]["deployment_schedule"]["max_scheduled_runs"] == 3
    apply(secured, "flow", name="schedule-module", state="absent")
