# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role server's watch makes of docket's log, and its health check of that. The real ones meet in the tests of the role."""

from __future__ import annotations

import importlib.util
import json
import logging
import time
import typing as t
from pathlib import Path
from types import ModuleType

import pytest

FILES = Path(__file__).parents[3] / "roles" / "server" / "files"
NOW = 1_000_000.0


def load(name: str) -> ModuleType:
    """Return one of the role's files as a module."""
    spec = importlib.util.spec_from_file_location(name, FILES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Server:
    """The log of a server, the time, and what is recorded."""

    def __init__(self, place: Path, patch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        loggers = [logging.getLogger("docket.worker"), logging.getLogger("docket.dependencies")]
        before = [(logger, logger.level, list(logger.filters)) for logger in loggers]
        self._watch = load("server_watch")
        for logger, level, filters in before:
            logger.setLevel(level)
            logger.filters[:] = filters
        self._health = load("server_health")
        self._record = place / "services.json"
        patch.setattr(self._watch, "RECORD", str(self._record))
        patch.setattr(self._watch, "PAUSE", 0)
        patch.setattr(time, "time", lambda: self.now)

    def log(self, text: str, level: int = logging.INFO) -> bool:
        """Log a line, and return whether it is shown."""
        record = logging.LogRecord("docket.worker", level, __file__, 1, text, None, None)
        return bool(self._watch.WATCH.filter(record))

    def run(self, name: str, failing: bool = False) -> None:
        """Let a service start and end."""
        self.log(f"↪ [  12ms] {name}(){{{name}}}")
        if failing:
            self.log(f"↩ [  12ms] {name}(){{{name}}}", logging.ERROR)
        self.log(f"↫ [  12ms] {name}(){{{name}}}")

    def dead(self, limit: float = 60) -> list[str]:
        """Return what the health check says of the services."""
        found: list[str] = self._health.dead(json.loads(self._record.read_text(encoding="utf-8")), limit)
        return found


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Start a server."""
    made = Server(tmp_path, monkeypatch)
    made.log("Starting worker 'x' with the following tasks:")
    return made


def test_services_that_work_are_well_for_as_long_as_they_pause(server: Server) -> None:
    for _step in range(3):
        server.run("hourly")
        server.now += 3600
    assert server.dead() == []


def test_a_service_that_hangs_is_dead(server: Server) -> None:
    server.run("other")
    server.log("↪ [  12ms] scheduler(){scheduler}")
    server.now += 59
    assert server.dead() == []
    server.now += 2
    assert server.dead() == ["scheduler has not ended well for 61 s"]


def test_a_service_that_always_fails_is_dead_and_well_again_after_one_good_run(server: Server) -> None:
    for _step in range(14):
        server.run("scheduler", failing=True)
        server.now += 5
    assert server.dead() == ["scheduler has not ended well for 70 s"]
    server.run("scheduler")
    assert server.dead() == []


def test_a_service_that_is_not_started_any_more_is_dead(server: Server) -> None:
    for _step in range(3):
        server.run("late")
        server.now += 5
    server.now += 71
    assert server.dead() == ["late has not started for 76 s"]


def test_a_server_in_which_nothing_starts_is_dead(server: Server) -> None:
    assert server.dead() == []
    server.now += 61
    assert server.dead() == ["no background service has started"]


@pytest.mark.parametrize(
    "line", ["↪ [  1ms] mark_flow_run_late(id){mark-flow-run-late:1}", "* schedule_deployments(...)", "something else"]
)
def test_other_work_of_docket_is_not_a_service(server: Server, line: str) -> None:
    server.log(line)
    server.now += 50
    assert server.dead() == []


def test_the_log_shows_what_it_showed_before(server: Server) -> None:
    shown: dict[int, t.Any] = {level: server.log("anything", level) for level in (logging.INFO, logging.ERROR)}
    assert shown == {logging.INFO: logging.getLogger().level <= logging.INFO, logging.ERROR: True}
