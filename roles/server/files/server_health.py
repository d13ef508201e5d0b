# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say whether a Prefect server is well: its API, its database, and its background services.

usage: server_health.py URL SECONDS

URL is that of ``/api/ready``, which needs no credentials. A service counts as dead when it has started and not ended well for longer
than SECONDS, or has not started for three times its usual pause and SECONDS more. 0 looks at the API alone, as does a server whose
services leave no record, such as one that was started by another command.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from pathlib import Path

RECORD = "/tmp/prefect-services.json"  # noqa: S108 (the container's own)


def dead(record: dict, limit: float) -> list:
    """Return what is wrong with the services, as the watch in the server recorded them.

    :param limit: Seconds that nothing may happen.
    """
    now = time.time()
    services = record["services"]
    if not services:
        return ["no background service has started"] if record["begun"] and now - record["begun"] > limit else []
    found = []
    for name, service in sorted(services.items()):
        since, late = service["since"], now - service["started"] - 3 * (service["gap"] or 0)
        if since and now - since > limit:
            found.append(f"{name} has not ended well for {now - since:.0f} s")
        elif service["gap"] and late > limit:
            found.append(f"{name} has not started for {now - service['started']:.0f} s")
    return found


def main(url: str, limit: float) -> str:
    """Return what is wrong, or an empty text."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except OSError as exc:
        return f"{url}: {exc}"
    if not limit:
        return ""
    try:
        record = json.loads(Path(RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    return "; ".join(dead(record, limit))


if __name__ == "__main__":
    wrong = main(sys.argv[1], float(sys.argv[2]))
    sys.stdout.write(f"{wrong or 'well'}\n")
    sys.exit(1 if wrong else 0)
