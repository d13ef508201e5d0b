# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller: its directories, its commands, its lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".work" / "testbed"
HERE = Path(__file__).resolve().parent

# All containers, networks and volumes of the test bed carry this label; its
# value is the state directory they belong to, one for each checkout.
LABEL = "selfhosted.prefect.testbed"


class TestbedError(Exception):
    """A part of the test bed is missing or does not work; the message says what to do."""

    __test__ = False


def say(message: str) -> None:
    """Tell a person what happens, apart from the output a program reads."""
    print(f"testbed: {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def timed(what: str) -> Iterator[None]:
    """Say how many seconds a step took."""
    start = time.monotonic()
    yield
    say(f"{what}: {time.monotonic() - start:.1f} s")


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Let one test suite at a time change what all of them share on this machine."""
    path = Path(tempfile.gettempdir()) / f"sp-testbed-{os.getuid()}.lock"
    with path.open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(
    command: Sequence[str],
    *,
    check: bool = True,
    log: Path | None = None,
    env: dict[str, str] | None = None,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command and keep its output.

    :param command: program and arguments.
    :param check: raise when it fails.
    :param log: file that gets a copy of the output.
    :param env: the whole environment (default: this process's).
    :param timeout: seconds it may take (default: no limit).
    :raises TestbedError: the program is missing, fails or takes too long.
    """
    try:
        result = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=timeout
        )
    except FileNotFoundError as error:
        msg = f"{command[0]} is not installed"
        raise TestbedError(msg) from error
    except subprocess.TimeoutExpired as error:
        msg = f"'{' '.join(command)}' did not end within {timeout:.0f} s"
        raise TestbedError(msg) from error
    output = result.stdout + result.stderr
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(output, encoding="utf-8")
    if check and result.returncode != 0:
        tail = "\n".join(output.strip().splitlines()[-25:])
        msg = f"'{' '.join(command)}' failed ({result.returncode}):\n{tail}"
        raise TestbedError(msg)
    return result


def docker(*args: str, check: bool = True, log: Path | None = None) -> str:
    """Run the engine's client and return what it prints, without the last line break.

    With ``check=False`` a failure gives an empty string.
    """
    result = run(["docker", *args], check=check, log=log)
    return result.stdout.strip() if result.returncode == 0 else ""


def run_service(name: str, image: str, options: Sequence[str], arguments: Sequence[str] = ()) -> None:
    """Leave a container of the test bed running; one of another image is made anew.

    :param options: options of ``docker run`` besides name, label and restart policy.
    :param arguments: what follows the image.
    """
    state = docker("inspect", "--format", "{{.Config.Image}} {{.State.Running}}", name, check=False)
    if state and state.split()[0] != image:
        remove_service(name)
        state = ""
    if not state:
        fixed = ["--detach", "--name", name, "--label", f"{LABEL}={STATE}", "--restart", "unless-stopped"]
        docker("run", *fixed, *options, image, *arguments)
    elif state.endswith("false"):
        docker("start", name)


def remove_service(name: str) -> None:
    """Remove such a container by its id, if there is one; a named volume stays."""
    container = docker("inspect", "--format", "{{.Id}}", name, check=False)
    if container:
        docker("rm", "--force", "--volumes", container)


def wait_for(what: str, seconds: float, probe: Callable[[], str | None]) -> None:
    """Poll until the probe gives None; it gives the reason why not until then.

    :param seconds: how long to wait at most.
    :raises TestbedError: the last reason, when the time is over.
    """
    deadline = time.monotonic() + seconds
    while (reason := probe()) is not None:
        if time.monotonic() > deadline:
            msg = f"{what} after {seconds:.0f} s: {reason}"
            raise TestbedError(msg)
        time.sleep(0.2)


def need_packages(programs: dict[str, str]) -> None:
    """Install the Debian packages of programs this machine lacks.

    :param programs: program name to Debian package name.
    :raises TestbedError: one is missing and this process may not install it.
    """
    missing = sorted({package for program, package in programs.items() if not shutil.which(program)})
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        msg = f"missing packages: {', '.join(missing)}. Install them, or run this as root on Debian."
        raise TestbedError(msg)
    say(f"installing {', '.join(missing)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update"], env=env)
    run(["apt-get", "install", "--yes", "--no-install-recommends", *missing], env=env)
