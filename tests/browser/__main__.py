# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Visit the UI at a public URL, and fail when a request of its pages does.

The credentials come in the environment variable PREFECT_API_AUTH_STRING. Prints what was seen as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from .visitor import Visitor, Watched, visit


def main(arguments: list[str] | None = None) -> int:
    """Make one visit; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser", description=__doc__)
    parser.add_argument("url", help="the public URL")
    parser.add_argument("--authority", type=Path, required=True, metavar="FILE", help="PEM file of what to trust")
    parser.add_argument("--pictures", type=Path, required=True, metavar="DIRECTORY", help="where screenshots go")
    parser.add_argument("--work-pool", required=True, metavar="NAME", help="a work pool to look at")
    parser.add_argument("--flow-run", metavar="ID", help="a run to look at, which logs while it is looked at")
    parser.add_argument("--word", default="line", help="a word of its log lines (default: line)")
    parser.add_argument("--changes", type=int, default=2, help="how often the newest must change (default: 2)")
    parser.add_argument(
        "--container", required=True, metavar="NAME", help="the container whose network the browser is in"
    )
    parser.add_argument(
        "--address",
        action="append",
        default=[],
        metavar="NAME=ADDRESS",
        help="where a name leads, either with a port or none",
    )
    options = parser.parse_args(arguments)
    addresses = dict(item.split("=", 1) for item in options.address)
    with tempfile.TemporaryDirectory(prefix="sp-browser-") as home:
        watched = Watched(id=options.flow_run, word=options.word, changes=options.changes) if options.flow_run else None
        with Visitor(
            options.url, Path(home), options.authority, options.pictures, options.container, addresses
        ) as visitor:
            seen = visit(visitor, os.environ["PREFECT_API_AUTH_STRING"], options.work_pool, watched)
    enough = watched is None or len(seen) > options.changes
    failed = bool(visitor.failures or visitor.strangers or not enough)
    report = {
        "failures": visitor.failures,
        "strangers": sorted(visitor.strangers),
        "calls": len(visitor.calls),
        "websockets": visitor.sockets,
        "newest_log_lines": seen,
    }
    print(json.dumps(report, indent=2))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
