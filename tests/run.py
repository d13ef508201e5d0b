# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every check and test of the collection, and end with the names of what failed and one line: ``N passed, N failed``.

usage: python -m tests.run [STAGE ...]     (default: all of them)

Two lanes run side by side, since most stages wait for a server or a host rather than for a processor. What a stage prints goes to
``.work/test/STAGE.log`` and, when it failed, to the screen. What the stages need is brought up by the test bed, and its hosts are
removed at the end; an engine that was running is left alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / ".work" / "test"
# A stage that hangs must end well inside the time that CI gives the whole run.
STAGE_TIMEOUT = 70 * 60  # seconds
TAIL = 150  # lines of a failed stage's log


@dataclass(frozen=True)
class Stage:
    """One command; ``needs`` names a stage that must have ended before."""

    name: str
    command: tuple[str, ...]
    needs: str = ""
    # Whether pytest counts; any other command is one check.
    pytest: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a stage."""

    stage: Stage
    passed: int
    failures: list[str]
    seconds: float


def pytest_stage(name: str, needs: str = "", folder: str = "", options: tuple[str, ...] = ()) -> Stage:
    """Return the stage of one folder of pytest's tests; the folder is called as the stage unless it is given."""
    report = LOGS / f"{name}.xml"
    command = ("pytest", f"tests/{folder or name}", f"--junitxml={report}", "--durations=10", *options)
    return Stage(name, command, needs, pytest=True)


# What differs between releases, as far as it did so far; `make releases` runs all.
RELEASE_TESTS = ("openapi", "properties", "resources", "automation", "deployment", "canary")


def release_stage(release: str, database: str) -> Stage:
    """Return the stage of the integration tests on another release of Prefect."""
    options = ("--prefect", release, "--database", database, "-m", "not once", "-k", " or ".join(RELEASE_TESTS))
    return pytest_stage(f"integration-{release}", "testbed", "integration", options)


LANES = (
    (
        Stage("lint", ("make", "--no-print-directory", "lint")),
        pytest_stage("unit"),
        pytest_stage("artifact"),
        pytest_stage("roles", needs="testbed"),
        release_stage("3.9", "postgresql"),
        pytest_stage("browser", needs="testbed"),
    ),
    (
        Stage("testbed", (sys.executable, "-m", "tests.testbed", "up")),
        Stage("molecule", ("molecule", "test", "--all"), needs="testbed"),
        pytest_stage("integration", needs="testbed"),
        release_stage("3.6", "sqlite"),
    ),
)


def told(stage: Stage, status: int) -> tuple[int, list[str]]:
    """Return how many tests of a stage passed, and the names of the others; one that was skipped failed, for it did not run."""
    report = LOGS / f"{stage.name}.xml"
    if not stage.pytest or not report.is_file():
        return int(status == 0), [stage.name] * int(status != 0)
    # Our own pytest wrote it.
    cases = ET.parse(report).getroot().findall(".//testcase")  # noqa: S314
    failures = [
        f"{stage.name}: {case.get('classname', '').rpartition('.')[2]}::{case.get('name')}: "
        + " ".join(reason.get("message", "").split())[:200]
        for case in cases
        for reason in case
        if reason.tag in {"failure", "error", "skipped"}
    ]
    # pytest may also end badly without a failed test: none collected, an error at its end.
    return len(cases) - len(failures), failures or [stage.name] * int(status != 0)


class Run:
    """One run of the lanes."""

    def __init__(self, wanted: set[str]) -> None:
        self._wanted = wanted
        self._ended = {stage.name: threading.Event() for lane in LANES for stage in lane}
        self._good: dict[str, bool] = {}
        self._print = threading.Lock()

    def lane(self, stages: tuple[Stage, ...]) -> list[Outcome]:
        """Run the stages of a lane one after the other."""
        outcomes = []
        for stage in stages:
            if stage.name in self._wanted:
                outcomes.append(self._stage(stage))
            self._ended[stage.name].set()
        return outcomes

    def _stage(self, stage: Stage) -> Outcome:
        if stage.needs in self._wanted:
            self._ended[stage.needs].wait()
        begin = time.monotonic()
        log = LOGS / f"{stage.name}.log"
        if stage.needs and not self._good.get(stage.needs, True):
            log.write_text(f"not run, since '{stage.needs}' failed\n", encoding="utf-8")
            status = 1
        else:
            status = self._command(stage, log)
        self._good[stage.name] = status == 0
        outcome = Outcome(stage, *told(stage, status), time.monotonic() - begin)
        self._tell(outcome, log)
        return outcome

    @staticmethod
    def _command(stage: Stage, log: Path) -> int:
        with log.open("w", encoding="utf-8") as output:
            try:
                return subprocess.run(
                    stage.command,
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=STAGE_TIMEOUT,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                output.write(f"\nstopped after {STAGE_TIMEOUT} s\n")
                return 1

    def _tell(self, outcome: Outcome, log: Path) -> None:
        with self._print:
            name, minutes = outcome.stage.name, outcome.seconds / 60
            print(
                f"{name:15} {outcome.passed:4} passed {len(outcome.failures):4} failed {minutes:6.1f} min", flush=True
            )
            if outcome.failures:
                lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:]
                print("\n".join(f"  | {line}" for line in lines), flush=True)


def main() -> int:
    """Run the stages that the command line names."""
    names = [stage.name for lane in LANES for stage in lane]
    parser = argparse.ArgumentParser(description="Run the checks and tests.")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"some of: {', '.join(names)}")
    wanted = parser.parse_args().stages or names
    unknown = set(wanted) - set(names)
    if unknown:
        parser.error(f"no stage is called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    LOGS.mkdir(parents=True, exist_ok=True)
    for report in LOGS.glob("*.xml"):
        report.unlink()
    begin = time.monotonic()
    run = Run(set(wanted))
    with ThreadPoolExecutor(len(LANES)) as pool:
        outcomes = [outcome for lane in pool.map(run.lane, LANES) for outcome in lane]
    if "testbed" in wanted and not os.environ.get("KEEP_TESTBED"):
        subprocess.run((sys.executable, "-m", "tests.testbed", "down"), cwd=ROOT, check=False)
    failures = [failure for outcome in outcomes for failure in outcome.failures]
    print(f"in {(time.monotonic() - begin) / 60:.1f} minutes")
    for failure in failures:
        print(f"failed: {failure}")
    passed = sum(outcome.passed for outcome in outcomes)
    print(f"{passed} passed, {len(failures)} failed")
    return int(bool(failures) or passed == 0)


if __name__ == "__main__":
    sys.exit(main())
