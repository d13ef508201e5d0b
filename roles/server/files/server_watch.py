# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record, in a running Prefect server, when each background service last did its work, for the container's health check.

Prefect has no signal for that outside of its process: ``/api/ready`` answers while the scheduler is dead. Inside, docket, which runs
the services, logs each start (``↪``) and each end (``↫``, after an error ``↩``) of a service at the level INFO, which Prefect does not
show. As ``sitecustomize`` on PYTHONPATH this puts a filter on those two loggers, which notes them and lets pass what passed before.
It changes nothing else, and whatever goes wrong in it goes unnoticed by the server.

A service is a task whose key is its own name (``prefect.server.services.perpetual_services`` schedules it so). Seen so with Prefect
3.6 to 3.9, docket 0.27 and later.
"""

from __future__ import annotations

import json
import logging
import re
import time
from pathlib import Path

RECORD = "/tmp/prefect-services.json"  # noqa: S108 (the container's own)
PAUSE = 2.0  # seconds between two writings


class Watch(logging.Filter):
    """Notes what docket does and hides what nobody asked to see."""

    def __init__(self) -> None:
        super().__init__()
        self.written = 0.0
        self.failing: set = set()
        self.services: dict = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Note a record; pass it on as if the loggers had no level of their own."""
        try:
            self.note(record)
        except Exception:  # noqa: BLE001 (never the server's trouble)
            return True
        return record.levelno >= logging.getLogger().level

    def note(self, record: logging.LogRecord) -> None:
        """Keep of each service its last start, the time between two starts, and since when no run has ended well."""
        text = record.getMessage()
        found = re.match(r"([↪↬↩↫]) \[[^]]*\] (\w+)\(.*\)\{\2\}$", text)
        now = time.time()
        if found:
            arrow, name = found.groups()
            service = self.services.setdefault(name, {"started": None, "gap": None, "since": None})
            if arrow in "↪↬":
                if service["started"]:
                    service["gap"] = now - service["started"]
                service["started"] = now
                service["since"] = service["since"] or now
            elif arrow == "↩":
                self.failing.add(name)
            elif name in self.failing:
                self.failing.discard(name)
            else:
                service["since"] = None
        elif not text.startswith("Starting worker"):
            return
        if now - self.written >= PAUSE:
            self.written = now
            record = {"begun": None if self.services else now, "services": self.services}
            fresh = Path(RECORD + ".new")
            fresh.write_text(json.dumps(record), encoding="utf-8")
            # In one piece, since the health check may read at any time.
            fresh.replace(RECORD)


WATCH = Watch()
for logger in (logging.getLogger("docket.worker"), logging.getLogger("docket.dependencies")):
    logger.setLevel(logging.INFO)
    logger.addFilter(WATCH)
