# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as its users get it: built, and installed from the tarball into an empty project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of the environment's commands as a user of another project would: none of our settings reach it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PREFECT_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{inherited['PATH']}"
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**inherited, "PATH": path, "ANSIBLE_NOCOLOR": "1", **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


def build() -> Path:
    """Build the tarball from this checkout, and return its path."""
    result = run("make", "--no-print-directory", "build", cwd=ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    (found,) = (ROOT / "build").glob("selfhosted-prefect-*.tar.gz")
    return found


def install(tarball: Path, project: Path) -> None:
    """Install the collection from its tarball into a project's folder ``collections``, as its only collection."""
    (project / "ansible.cfg").write_text("[defaults]\ncollections_path = collections\n", encoding="utf-8")
    command = ("ansible-galaxy", "collection", "install", "--offline", "--no-deps", "-p", "collections", tarball)
    result = run(*command, cwd=project)
    assert result.returncode == 0, result.stdout + result.stderr
