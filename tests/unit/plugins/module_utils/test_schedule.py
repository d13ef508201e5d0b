# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What schedules are in options, and how declared ones find those that are held."""

from __future__ import annotations

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
