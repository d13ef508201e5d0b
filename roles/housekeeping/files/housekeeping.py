# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove what flow runs and former workers leave on a Docker engine.

usage: housekeeping.py [--dry-run] [--report FILE] SETTINGS

SETTINGS is a JSON file; the role that installs this writes it. Removed are containers of flow runs that ended long enough ago, images of
workers that nothing uses, and, where that is asked for, images without a name and the cache of builds. Nothing is forced: the engine itself
refuses to remove a container that runs and an image that is in use, whatever this thinks of it.

Prints a line for everything it does, and writes a report (one JSON object) for who looks later. Ends with 1 when anything failed.
Needs nothing but Python 3.8 and _docker.py beside it.
"""

from __future__ import annotations

import argparse
import calendar
import fcntl
import json
import sys
import time
import typing as t
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from _docker import DockerError, Engine

if t.TYPE_CHECKING:
    Json = dict[str, t.Any]

FLOW_RUN = "io.prefect.flow-run-id"  # the label that prefect-docker gives to the containers of flow runs
FLOW_RUN_NAME = "io.prefect.flow-run-name"
ENDED = ("exited", "dead")
NEVER_BEGAN = "created"
HOUR = 3600
DAY = 86400
ERRORS_KEPT = 5


@dataclass(frozen=True)
class Removal:
    """Something to remove.

    :param kind: C(container) or C(image).
    :param identity: ID of a container or of an image without a name; name of any other image.
    :param words: What it is, for people.
    :param age: Seconds since it ended or was made.
    """

    kind: str
    identity: str
    words: str
    age: float


def moment(text: str) -> float:
    """Return a time of the engine, such as 2026-01-31T12:00:00.123456789Z, in seconds since the epoch; 0 for never."""
    if not text or text.startswith("0001-"):
        return 0.0
    return float(calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")))


def ended_flow_runs(engine: Engine, settings: Json, now: float) -> list[Removal]:
    """Return the containers of flow runs that ended long enough ago, or never began."""
    found = []
    for item in engine.get("/containers/json", all=True, filters={"label": [FLOW_RUN]}):
        if settings["networks"] and not set(settings["networks"]) & set(item["NetworkSettings"]["Networks"]):
            continue
        # One that was made before the limit may have ended within it, and one that was made within it cannot have ended before.
        if item["State"] not in (*ENDED, NEVER_BEGAN) or now - item["Created"] < settings["container_hours"] * HOUR:
            continue
        try:
            state = engine.get(f"/containers/{item['Id']}/json")["State"]
        except DockerError as exc:
            if exc.status != 404:
                raise
            continue  # removed meanwhile, as by its worker
        if state["Status"] == NEVER_BEGAN:
            since = float(item["Created"])
        elif state["Status"] in ENDED:
            since = moment(state["FinishedAt"]) or float(item["Created"])
        else:
            continue
        if now - since >= settings["container_hours"] * HOUR:
            name = item["Names"][0].lstrip("/") if item["Names"] else item["Id"][:12]
            run = item["Labels"].get(FLOW_RUN_NAME) or item["Labels"][FLOW_RUN]
            found.append(Removal("container", item["Id"], f"container {name} of flow run {run}", now - since))
    return found


def unused_images(engine: Engine, settings: Json, now: float) -> list[Removal]:
    """Return images that were built for workers, and those without a name where that is asked for, that no container uses."""
    used = {item["ImageID"] for item in engine.get("/containers/json", all=True)}
    mine: list[tuple[float, str, list[str]]] = []
    found = []
    for item in engine.get("/images/json"):
        age = now - item["Created"]
        # One that was pulled by its digest has no tag, and is what somebody asked for all the same.
        names = [
            name for name in [*(item.get("RepoTags") or []), *(item.get("RepoDigests") or [])] if "<none>" not in name
        ]
        of_workers = [
            name for name in names if "@" not in name and name.rpartition(":")[0] in settings["image_repositories"]
        ]
        if of_workers:
            mine.append((age, item["Id"], of_workers))
        elif (
            not names and settings["dangling_images"] and item["Id"] not in used and age >= settings["image_days"] * DAY
        ):
            found.append(Removal("image", item["Id"], f"image {short(item['Id'])} without a name", age))
    for age, identity, names in sorted(mine)[settings["image_keep"] :]:
        if identity not in used and age >= settings["image_days"] * DAY:
            found += [Removal("image", name, f"image {name}", age) for name in sorted(names)]
    return found


def short(identity: str) -> str:
    """Return the part of an ID that people read."""
    return identity.rpartition(":")[2][:12]


def say(words: str) -> None:
    """Print a line at once, for the journal."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def plan(engine: Engine, settings: Json, now: float) -> list[Removal]:
    """Return everything to remove, what is there for the longest first, containers before the images that they hold."""
    containers = sorted(ended_flow_runs(engine, settings, now), key=lambda removal: -removal.age)
    return containers + sorted(unused_images(engine, settings, now), key=lambda removal: -removal.age)


def remove(engine: Engine, removal: Removal) -> bool:
    """Remove one thing; return whether it was there and could be removed.

    :raises DockerError: The engine failed.
    """
    try:
        if removal.kind == "container":
            # Its anonymous volumes go with it; nobody else can name them.
            engine.delete(f"/containers/{removal.identity}", v=True)
        else:
            engine.delete("/images/" + urllib.parse.quote(removal.identity, safe=":/"))
    except DockerError as exc:
        # Gone meanwhile, or in use meanwhile.
        if exc.status in (404, 409):
            say(f"left {removal.words}: {exc}")
            return False
        raise
    return True


def keep_house(engine: Engine, settings: Json, dry_run: bool, now: float) -> Json:
    """Remove what is to be removed; return the report.

    :param now: Seconds since the epoch.
    """
    removed = {"container": 0, "image": 0}
    errors: list[str] = []
    found = plan(engine, settings, now)
    for removal in found[: settings["limit"]]:
        say(f"{'would remove' if dry_run else 'removing'} {removal.words}, {removal.age / HOUR:.0f} hours old")
        try:
            removed[removal.kind] += 1 if dry_run or remove(engine, removal) else 0
        except DockerError as exc:
            say(f"failed: {removal.words}: {exc}")
            errors.append(str(exc))
    left = max(0, len(found) - settings["limit"])
    if left:
        say(f"{left} more are left for the next run, since one removes {settings['limit']} at most")
    if settings["build_cache"] and not dry_run:
        freed = engine.post("/build/prune", filters={"until": [f"{settings['image_days'] * 24}h"]})["SpaceReclaimed"]
        say(f"removed {freed >> 20} MiB of the cache of builds")
    words = f"removed {removed['container']} containers and {removed['image']} images"
    return {
        "ok": not errors,
        "message": (f"{len(errors)} removals failed, such as: {errors[0]}" if errors else words)
        + (f", {left} left" if left else ""),
        "removed": removed,
        "left": left,
        "errors": errors[:ERRORS_KEPT],
    }


def write(path: str, report: Json) -> None:
    """Write a report, so that whoever reads it sees all of it or the one before."""
    if path:
        new = Path(f"{path}.new")
        new.write_text(json.dumps(report, sort_keys=True) + "\n", encoding="utf-8")
        new.replace(path)


def iso(now: float) -> str:
    """Return a time as ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))


def main(arguments: t.Sequence[str]) -> int:
    """Keep house once; return the exit status."""
    parser = argparse.ArgumentParser(description="Remove what flow runs and former workers leave on a Docker engine.")
    parser.add_argument("settings", help="JSON file")
    parser.add_argument("--dry-run", action="store_true", help="print what would be removed, and remove nothing")
    parser.add_argument("--report", default="", help="file to write the report to; a dry run writes none")
    options = parser.parse_args(arguments)
    path = "" if options.dry_run else options.report
    with Path(options.settings).open(encoding="utf-8") as file:
        # Two at once would count the same things.
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another run is under way")
            return 0
        settings = json.load(file)
        begun = time.time()
        # Stays where this is ended before its time, so that somebody sees it.
        write(path, {"ok": False, "finished_at": None, "message": f"began at {iso(begun)} and did not end"})
        try:
            report = keep_house(Engine(settings["docker_socket"], timeout=120.0), settings, options.dry_run, begun)
        except DockerError as exc:
            report = {"ok": False, "message": str(exc)}
        write(path, {**report, "started_at": iso(begun), "finished_at": iso(time.time())})
    say(report["message"] + (" (nothing, this was a dry run)" if options.dry_run else ""))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
