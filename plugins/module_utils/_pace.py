# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many requests at once, as many as help (private: not for use outside this collection).

One Prefect server process answers its requests one after the other, so connections beyond the first few only wait in its
queue, unless the way there is long. How many help is found while working: more are tried from time to time, and kept when
that got more answers a second. After a refusal for too much load (429, 503), or no answer at all, one goes on alone.
"""

from __future__ import annotations

import collections
import threading
import time
import typing as t

_FIRST = 2
"""Connections to begin with. More at once can block a server on SQLite for half a minute before it has said anything."""

_WINDOW = 32
"""Answers, at least, over which a number of connections is judged."""

_GAIN = 0.4
"""What part of the gain that so many more connections could bring must come of them for them to be kept."""

_PATIENCE = 8
"""Windows after which more connections are tried again when they did not help."""


class Pace:
    """How many connections are in use.

    :param most: The largest number of connections.
    :param strain: Returns how many answers so far asked for less load.
    """

    def __init__(self, most: int, strain: t.Callable[[], int]) -> None:
        self.most = max(1, most)
        self.allowed = min(_FIRST, self.most)
        self._strain = strain
        self._seen = strain()
        self._times: t.List[float] = []
        self._before: t.Optional[t.Tuple[int, float]] = None
        self._wait = 0

    def measured(self, seconds: float) -> None:
        """Take note of how long one answer took."""
        strain = self._strain()
        if strain > self._seen:
            self._seen = strain
            self._use(1, None, _PATIENCE)
            return
        self._times.append(seconds)
        if len(self._times) < max(_WINDOW, 2 * self.allowed):
            return
        # With so many under way all the time, so many are answered in the time that one takes.
        rate = self.allowed * len(self._times) / max(sum(self._times), 1e-9)
        if self._before is not None and rate < self._before[1] * self._least_gain(self._before[0]):
            self._use(self._before[0], None, _PATIENCE)
        elif self._wait > 0:
            self._use(self.allowed, None, self._wait - 1)
        else:
            self._use(min(self.most, self.allowed + max(1, self.allowed // 2)), (self.allowed, rate), 0)

    def _least_gain(self, before: int) -> float:
        return 1 + _GAIN * (self.allowed / before - 1)

    def _use(self, connections: int, before: t.Optional[t.Tuple[int, float]], wait: int) -> None:
        self.allowed = connections
        self._before = before if before is not None and before[0] != connections else None
        self._wait = wait
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
