# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many requests at once, as many as help (private: not for use outside this collection).

One Prefect server process answers its requests one after the other, so connections beyond the first few only wait in its
queue, unless the way there is long. How many help is found while working, as TCP Vegas does it: as long as an answer takes
hardly longer than the quickest did, one more connection is used; when answers take much longer, requests wait in the
server's queue, and one less is. A refusal for too much load (429, 503) halves the number.
"""

from __future__ import annotations

import collections
import threading
import time
import typing as t

_FIRST = 4
"""Connections to begin with."""

_FEW, _MANY = 2.0, 4.0
"""Requests thought to wait in the server's queue: below the first, one more connection is used, above the second one less."""

_WINDOW = 16
"""Answers after which the number of connections is thought over, and how many of them the quickest is taken from."""


class Pace:
    """How many connections are in use.

    :param most: The largest number of connections.
    :param strain: Returns how many answers so far asked for less load.
    :param clock: Seconds; replaced in tests.
    """

    def __init__(self, most: int, strain: t.Callable[[], int], clock: t.Callable[[], float] = time.monotonic) -> None:
        self.most = max(1, most)
        self.allowed = min(_FIRST, self.most)
        self._strain = strain
        self._seen = strain()
        self._clock = clock
        self._times: t.List[float] = []
        self._quickest: t.Deque[float] = collections.deque(maxlen=8)

    def measured(self, seconds: float) -> None:
        """Take note of how long one answer took."""
        strain = self._strain()
        if strain > self._seen:
            self._seen = strain
            self.allowed = max(1, self.allowed // 2)
            self._times.clear()
            return
        self._times.append(seconds)
        if len(self._times) < _WINDOW:
            return
        usual = sorted(self._times)[len(self._times) // 2]
        self._quickest.append(min(self._times))
        waiting = self.allowed * (1 - min(self._quickest) / usual) if usual > 0 else 0.0
        if waiting < _FEW:
            self.allowed = min(self.most, self.allowed + 1)
        elif waiting > _MANY:
            self.allowed = max(1, self.allowed - 1)
        self._times.clear()


Job = t.Callable[[], None]


def run(lanes: t.Sequence[t.Sequence[Job]], pace: Pace, clock: t.Callable[[], float] = time.monotonic) -> None:
    """Run all jobs: those of one lane one after the other, those of different lanes side by side.

    :param lanes: The jobs. None of them may raise.
    :param pace: How many lanes are worked on at once; changed by how long jobs take.
    """
    waiting: t.Deque[t.Deque[Job]] = collections.deque(collections.deque(lane) for lane in lanes if lane)
    condition = threading.Condition()
    active = 0
    threads: t.List[threading.Thread] = []

    def work() -> None:
        nonlocal active
        while True:
            with condition:
                if not waiting or active >= pace.allowed:
                    if not waiting:
                        return
                    condition.wait(0.05)
                    continue
                lane = waiting.popleft()
                job = lane.popleft()
                active += 1
            begun = clock()
            try:
                job()
            finally:
                with condition:
                    active -= 1
                    pace.measured(clock() - begun)
                    if lane:
                        waiting.append(lane)
                    condition.notify()

    # The lane that a thread has in hand is not waiting, so a thread may end early; the one that has it goes on.
    for _number in range(min(pace.most, len(waiting))):
        thread = threading.Thread(target=work, daemon=True)
        threads.append(thread)
        thread.start()
    for thread in threads:
        thread.join()
