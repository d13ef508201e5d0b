# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that are easy to find again, and eyes that look for them."""

from __future__ import annotations

import base64
import threading
import typing as t
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ansible_collections.selfhosted.prefect.tests.roles.deployment import Deployment, Run

# The middle of each has no character that anything quotes, so it is found however the rest is written.
PASSWORD_CORE = "Wq7databaseSecret"
PASSWORD = f"p@:/%41#?&=+ $'{PASSWORD_CORE}\"end"
AUTH_CORE = "Kx4interfaceSecret"
AUTH_STRING = f"admin:a@:%23#{AUTH_CORE}"


def traces(text: str, core: str, whole: str = "") -> list[str]:
    """Return the lines of a text that hold a secret, or the header that a client makes of it."""
    encoded = base64.b64encode(whole.encode()).decode() if whole else core
    return [line for line in text.splitlines() if core in line or encoded in line]


def places(value: t.Any, core: str, path: str = "") -> set[str]:
    """Return where in a document a secret stands; an environment variable is given by its name."""
    if isinstance(value, dict):
        return {found for key, item in value.items() for found in places(item, core, f"{path}/{key}")}
    if isinstance(value, list):
        return {found for item in value for found in places(item, core, path)}
    if core not in str(value):
        return set()
    return {f"{path}/{str(value).partition('=')[0]}" if path.endswith("/Env") else path}


class Processes:
    """Collects the command lines of all processes of this machine, containers' included, while it is entered."""

    def __init__(self) -> None:
        self.command_lines: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> t.Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.03):
            for process in Path("/proc").iterdir():
                if process.name.isdigit():
                    try:
                        line = (process / "cmdline").read_bytes()
                    except OSError:
                        continue  # it has ended
                    self.command_lines.add(line.replace(b"\0", b" ").decode("utf-8", "replace"))


@dataclass
class Witnessed:
    """A stack, and what was seen while it was deployed."""

    stack: Deployment
    site: Run
    verify: Run
    command_lines: set[str]
