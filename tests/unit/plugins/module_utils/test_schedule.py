# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What schedules are in options, and how declared ones find those that are held."""

from __future__ import annotations

import datetime
import random
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _schedule
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (60, 60),
        ("90s", 90),
        ("15m", 900),
        ("PT1H", 3600),
        (0.5, 0.5),
        ("1.5", 1.5),
        ("0.0000005", None),
        (0, None),
        ("x", None),
    ],
)
def test_an_interval_is_a_positive_number_of_seconds(given: t.Any, seconds: float | None) -> None:
    if seconds is None:
        with pytest.raises(InputError):
            _schedule.parse_interval(given)
    else:
        assert _schedule.parse_interval(given) == seconds


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-01-31", "2026-01-31T00:00:00Z"),
        ("2026-01-31 06:00:00", "2026-01-31T06:00:00Z"),
        ("2026-01-31T06:00:00Z", "2026-01-31T06:00:00Z"),
        ("2026-01-31T06:00:00+02:00", "2026-01-31T04:00:00Z"),
        ("2026-01-31T06:00:00.5Z", "2026-01-31T06:00:00.500000Z"),
        ("2026-01-31T06:00:00.123456789Z", "2026-01-31T06:00:00.123456Z"),
        ("soon", None),
        ("0001-01-01T00:00:00+05:00", None),
    ],
)
def test_an_anchor_is_one_moment_however_it_is_written(given: str, moment: str | None) -> None:
    if moment is None:
        with pytest.raises(InputError, match="must be a time such as"):
            _schedule.parse_anchor_date(given)
    else:
        assert _schedule.parse_anchor_date(given) == moment
        assert _schedule.parse_anchor_date(moment) == moment


def held(**values: t.Any) -> dict[str, t.Any]:
    return {"timezone": "UTC", "active": True, "parameters": {}, **values}


def test_declared_schedules_find_theirs_by_slug_and_else_by_their_times() -> None:
    there = [
        held(slug="a", cron="1 * * * *", day_or=True, active=False),
        held(cron="2 * * * *", day_or=True, parameters={"n": 1}),
        held(cron="2 * * * *", day_or=True, parameters={"n": 2}),
    ]
    declared: list[dict[str, t.Any]] = [
        {"cron": "2 * * * *", "parameters": {"n": 2}},
        {"slug": "a", "cron": "3 * * * *"},
        {"cron": "2 * * * *"},
        {"cron": "1 * * * *"},
    ]
    made, places = _schedule.complete_list(declared, there)
    assert made == [
        held(slug="a", cron="3 * * * *", day_or=True, active=False),
        held(cron="1 * * * *", day_or=True),
        held(cron="2 * * * *", day_or=True, parameters={"n": 1}),
        held(cron="2 * * * *", day_or=True, parameters={"n": 2}),
    ]
    assert places == [1, 3, 2, 0]


def test_another_kind_of_timing_takes_nothing_along_but_the_time_zone() -> None:
    made = _schedule.complete(
        {"interval": 60, "anchor_date": "2026-01-01T00:00:00Z"},
        held(cron="1 * * * *", day_or=False, timezone="Asia/Tokyo", max_scheduled_runs=3),
    )
    assert made == held(interval=60, anchor_date="2026-01-01T00:00:00Z", timezone="Asia/Tokyo", max_scheduled_runs=3)


def test_a_tidy_schedule_is_completed_to_the_same() -> None:
    for schedule in (
        held(cron="1 * * * *", day_or=True),
        held(rrule="FREQ=DAILY", slug="s", timezone="Asia/Tokyo", active=False),
        held(interval=5, anchor_date="2026-01-01T00:00:00Z", parameters={"n": 1}),
    ):
        assert _schedule.complete(_schedule.tidy(schedule), None) == schedule


def twice(declared: list[dict[str, t.Any]], there: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return what declared schedules make of those that are there, which the same once more leaves as it is."""
    made, places = _schedule.complete_list(declared, there)
    assert sorted(places) == list(range(len(declared)))
    assert _schedule.complete_list(declared, made)[0] == made
    assert _schedule.complete_list(list(reversed(declared)), list(reversed(made)))[0] == made
    return made


@pytest.mark.parametrize(
    "declared",
    [
        [{"cron": "0 0 * * *"}, {"cron": "0 0 * * *", "timezone": "Europe/Berlin"}],
        [{"interval": 60}, {"interval": 60, "active": False}],
        [{"rrule": "FREQ=DAILY"}, {"rrule": "FREQ=DAILY", "parameters": {"n": 1}}],
        [{"rrule": "FREQ=MINUTELY"}, {"rrule": "FREQ=MINUTELY", "timezone": "Asia/Tokyo"}],
        [{"cron": "0 0 * * *"}, {"cron": "0 0 * * *", "timezone": "UTC"}],
    ],
)
def test_one_that_says_less_never_takes_the_place_of_one_that_says_more(declared: list[dict[str, t.Any]]) -> None:
    made = twice(declared, [])
    assert {tuple(sorted(values)) for values in declared} >= {
        tuple(sorted(option for option in _schedule.tidy(values) if option != "anchor_date")) for values in made
    }


def test_of_two_that_fit_the_one_with_less_beside_it_stays() -> None:
    there = [held(cron="1 * * * *", day_or=True, timezone="Asia/Tokyo"), held(cron="1 * * * *", day_or=True)]
    assert twice([{"cron": "1 * * * *"}], there) == there[1:]


def drawn(chance: random.Random, whole: bool) -> dict[str, t.Any]:
    """Return a schedule of few possible ones, so that many are alike; or one that is held, with everything."""
    values: dict[str, t.Any] = {}
    values.update(
        chance.choice(
            [{"cron": "1 * * * *"}, {"interval": 60}, {"rrule": "FREQ=DAILY"}, {"rrule": "FREQ=MINUTELY;INTERVAL=7"}]
        )
    )
    if "interval" in values and (whole or chance.random() < 0.3):
        values["anchor_date"] = chance.choice(["2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"])
    if values.get("rrule", "").endswith("7") and chance.random() < 0.5:
        values["rrule"] = chance.choice(["DTSTART:20260101T000000\n", "DTSTART:20260102T000000\n"]) + values["rrule"]
    for option, choices in (
        ("timezone", ["UTC", "Asia/Tokyo"]),
        ("active", [True, False]),
        ("parameters", [{}, {"n": 1}]),
        ("max_scheduled_runs", [1] if whole else [None, 1, 2]),
        ("slug", ["a", "b"]),
    ):
        if chance.random() < 0.3 or (whole and option in ("timezone", "active", "parameters")):
            values[option] = chance.choice(choices)
    return {"day_or": True, **values} if whole and "cron" in values else values


def different(schedules: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return schedules without those that have the slug of another one, or are all the same."""
    found: list[dict[str, t.Any]] = []
    for values in schedules:
        alike = (values == other or values.get("slug", "none") == other.get("slug") for other in found)
        if not any(alike):
            found.append(values)
    return found


@pytest.mark.parametrize("seed", range(300))
def test_whatever_is_declared_is_there_afterwards_and_once_more_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  nothing is kept secret with it
    there = different([drawn(chance, True) for _one in range(chance.randrange(8))])
    declared = different([drawn(chance, False) for _one in range(chance.randrange(8))])
    made = twice(declared, there)
    for values in declared:
        found = [one for one in made if one.get("slug") == values.get("slug")]
        assert any(_schedule.complete(values, one) == one for one in found), (values, made)
    exported = [_schedule.tidy(values) for values in there]
    assert _schedule.complete_list(exported, there)[0] == _schedule.in_order(there)


def test_as_many_alike_are_taken_as_there_are() -> None:
    there = held(cron="1 * * * *", day_or=True)
    alike = {"cron": "1 * * * *"}
    assert twice([alike, alike], [there, there]) == [there, there]
    for short in ([], [there]):
        with pytest.raises(InputError) as told:
            _schedule.complete_list([{"cron": "2 * * * *"}, alike, alike], short)
        assert told.value.message == "schedules[2] is the same as schedules[1]; leave one of them out"


@pytest.mark.parametrize(
    ("declared", "there", "kept"),
    [
        ("FREQ=MINUTELY", "DTSTART:20261122T144100\nFREQ=MINUTELY", True),
        ("RRULE:freq=secondly;interval=5", "DTSTART:20261122T144100\nRRULE:freq=secondly;interval=5", True),
        ("FREQ=MINUTELY", "FREQ=MINUTELY", True),
        ("FREQ=MINUTELY", "DTSTART:20261122T144100\nFREQ=MINUTELY;INTERVAL=2", False),
        ("FREQ=MINUTELY;COUNT=5", "DTSTART:20261122T144100\nFREQ=MINUTELY;COUNT=5", False),
        ("FREQ=DAILY", "DTSTART:20261122T144100\nFREQ=DAILY", False),
        ("DTSTART:20261122T144200\nFREQ=MINUTELY", "DTSTART:20261122T144100\nFREQ=MINUTELY", False),
    ],
)
def test_a_rule_that_does_not_say_when_it_starts_keeps_a_start_close_to_now(
    declared: str, there: str, kept: bool
) -> None:
    made, _places = _schedule.complete_list([{"rrule": declared}], [held(rrule=there, parameters={"n": 1})])
    assert (made == [held(rrule=there, parameters={"n": 1})]) is kept


def test_a_new_rule_that_runs_often_starts_close_to_now_in_step_with_2020() -> None:
    made = _schedule.complete({"rrule": "FREQ=MINUTELY;INTERVAL=7"}, None)["rrule"]
    start, rule = made.split("\n")
    moment = datetime.datetime.strptime(start, "DTSTART:%Y%m%dT%H%M%S")
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    assert rule == "FREQ=MINUTELY;INTERVAL=7"
    assert datetime.timedelta(days=1) <= now - moment < datetime.timedelta(days=2, minutes=7)
    assert (moment - datetime.datetime(2020, 1, 1)) % datetime.timedelta(minutes=7) == datetime.timedelta()
    for other in ("FREQ=DAILY", "FREQ=MINUTELY;INTERVAL=0", "FREQ=MINUTELY;INTERVAL=x", "FREQ=SECONDLY;COUNT=3", "=;="):
        assert _schedule.complete({"rrule": other}, None)["rrule"] == other


def test_an_empty_slug_is_none() -> None:
    timing = {"schedule": {"cron": "1 * * * *", "day_or": True, "timezone": None}}
    assert _schedule.decode({**timing, "slug": ""}) == _schedule.decode({**timing, "slug": None})
