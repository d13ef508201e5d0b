# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many requests at once: order inside a lane, bounds, and a number of connections that follows what helps."""

from __future__ import annotations

import threading
import time

from ansible_collections.selfhosted.prefect.plugins.module_utils import _pace


def settled(most: int, answer: object, rounds: int = 4000) -> int:
    """Return how many connections are used in the end with answers that take what ``answer(connections)`` says."""
    pace = _pace.Pace(most, lambda: 0)
    for _round in range(rounds):
        pace.measured(answer(pace.allowed))  # type: ignore[operator]
    return pace.allowed


def test_a_server_that_answers_one_by_one_gets_few_connections() -> None:
    assert settled(64, lambda connections: 0.004 * max(1, connections)) <= 6


def test_a_long_way_to_the_server_is_filled() -> None:
    # 20 ms there and back, 4 ms of work: six requests keep the server busy.
    assert 6 <= settled(64, lambda connections: max(0.024, 0.004 * connections)) <= 12


def test_the_bound_holds() -> None:
    assert settled(3, lambda connections: 0.02) == 3
    assert settled(1, lambda connections: 0.02) == 1


def test_after_a_refusal_for_too_much_load_one_connection_goes_on_alone() -> None:
    strain = 0
    pace = _pace.Pace(16, lambda: strain)
    for _round in range(2000):
        pace.measured(0.02)
    assert pace.allowed == 16
    strain += 1
    pace.measured(0.02)
    assert pace.allowed == 1
    for _round in range(2000):
        pace.measured(0.02)
    assert pace.allowed == 16


def test_lanes_keep_their_order_and_never_overlap_themselves() -> None:
    done: list[tuple[int, int]] = []
    busy = [False] * 5
    lock = threading.Lock()

    def job(lane: int, number: int) -> _pace.Job:
        def work() -> None:
            assert not busy[lane]
            busy[lane] = True
            time.sleep(0.001)
            busy[lane] = False
            with lock:
                done.append((lane, number))

        return work

    _pace.run([[job(lane, number) for number in range(10)] for lane in range(5)], _pace.Pace(4, lambda: 0))
    assert len(done) == 50
    for lane in range(5):
        assert [number for other, number in done if other == lane] == list(range(10))


def test_no_more_jobs_run_at_once_than_allowed() -> None:
    pace = _pace.Pace(2, lambda: 0)
    running = [0, 0]
    lock = threading.Lock()

    def work() -> None:
        with lock:
            running[0] += 1
            running[1] = max(running)
        time.sleep(0.002)
        with lock:
            running[0] -= 1

    _pace.run([[work] for _number in range(40)], pace)
    assert running == [0, 2]


def test_nothing_to_do_is_done_at_once() -> None:
    _pace.run([], _pace.Pace(4, lambda: 0))
    _pace.run([[]], _pace.Pace(4, lambda: 0))
