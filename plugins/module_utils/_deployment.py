# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about deployments (private: not for use outside this collection).

What creates a deployment also replaces one, and then loses schedules, parameters and labels that are not sent; so it is used
for new ones alone. A limit of its own and a shared one are the same field to the server, which changes or removes the shared
one where it was asked about the deployment's own; so only one of them is ever spoken of at a time.
"""

from __future__ import annotations

import datetime
import time
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils import _schedule
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json, quote
from ansible_collections.selfhosted.prefect.plugins.module_utils._engine import differs, encoded
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError, PrefectError
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Key, Reference
from ansible_collections.selfhosted.prefect.plugins.module_utils._plan import DELETE, Plan
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import (
    parse_json,
    parse_limit,
)

if t.TYPE_CHECKING:
    from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory

STRATEGIES = ("ENQUEUE", "CANCEL_NEW")
_GRACE = (60, 86400)
_CLEARS_JOB_VARIABLES = (3, 8, 7)
"""Older servers ignore empty job variables."""

_PLACES = "places of schedules"
"""Beside the declared values: where in the declared list each schedule stands."""

_NO_SCHEMA = {"type": "object", "properties": {}}
_LIMITS = ("concurrency_limit", "global_concurrency_limit")


# Values


def parse_own_limit(value: t.Any) -> int:
    """Return how many runs of a deployment may run at once."""
    return parse_limit(value, 1)


def parse_concurrency_options(value: Json) -> Json:
    """Return what happens to a run above the limit; nothing for the server's own way."""
    values = {option: held for option, held in value.items() if held is not None}
    if values and "collision_strategy" not in values:
        raise InputError(f"must be given, one of {', '.join(STRATEGIES)}", "collision_strategy")
    grace = values.get("grace_period_seconds")
    if grace is not None and not _GRACE[0] <= grace <= _GRACE[1]:
        raise InputError(
            f"must be a number of seconds from {_GRACE[0]} to {_GRACE[1]}, but is {grace}", "grace_period_seconds"
        )
    return values


def parse_labels(value: Json) -> Json:
    """Return labels: texts, numbers and booleans by name."""
    for name, held in value.items():
        if not isinstance(held, (str, int, float)):
            raise InputError(f"must be a text, a number or a boolean, but is {held!r}", str(name))
        if str(name).startswith("prefect."):
            raise InputError("must not be given: Prefect itself sets labels that begin with 'prefect.'", str(name))
    found: Json = parse_json({str(name): held for name, held in value.items()})
    return found


def parse_pull_steps(value: t.Any) -> t.Any:
    """Return steps, each a dictionary with the step's name as its only key beside an id."""
    for index, step in enumerate(value):
        if not isinstance(step, dict) or not step:
            raise InputError(f"must be a dictionary with the name of a step as its key, but is {step!r}", f"[{index}]")
    return parse_json(value)


def comparable_schema(value: t.Any) -> t.Any:
    """Return a schema of parameters as it is compared: the server writes out an empty one."""
    return {} if value == _NO_SCHEMA else value


# From the API


def _shared(document: Json) -> t.Optional[Json]:
    """Return the global concurrency limit that a deployment shares with others, or None."""
    limit = document.get("global_concurrency_limit")
    return None if not limit or limit.get("name") == _own_name(document) else limit


def _own_name(document: Json) -> str:
    return f"deployment:{document.get('id')}"


def decode_limit(directory: Directory, document: Json) -> t.Optional[int]:
    """Return the deployment's own limit."""
    limit = document.get("global_concurrency_limit")
    return int(limit["limit"]) if limit and _shared(document) is None else None


def decode_global_limit(directory: Directory, document: Json) -> t.Optional[str]:
    """Return the name of the global concurrency limit that it shares."""
    limit = _shared(document)
    return None if limit is None else str(limit["name"])


def decode_concurrency_options(directory: Directory, document: Json) -> Json:
    """Return what happens to a run above the limit."""
    held = document.get("concurrency_options") or {}
    return {option: value for option, value in held.items() if value is not None}


def encode_concurrency_options(directory: Directory, value: Json) -> t.Optional[Json]:
    """Return the API's form: nothing is null."""
    return value or None


def decode_work_queue(directory: Directory, document: Json) -> t.Optional[str]:
    """Return the work queue; without a work pool there is none to speak of."""
    return document.get("work_queue_name") if document.get("work_pool_name") else None


def decode_pull_steps(directory: Directory, document: Json) -> t.List[Json]:
    """Return the steps; the server keeps null or an empty list for none."""
    return document.get("pull_steps") or []


def decode_schema(directory: Directory, document: Json) -> Json:
    """Return the schema of parameters."""
    found: Json = comparable_schema(document.get("parameter_openapi_schema") or {})
    return found


def decode_labels(directory: Directory, document: Json) -> Json:
    """Return the labels that are the deployment's own, without those of Prefect and of the flow."""
    flow = directory.by_id("flow", str(document.get("flow_id"))) or {}
    given = flow.get("labels") or {}
    return {
        name: value
        for name, value in (document.get("labels") or {}).items()
        if not name.startswith("prefect.") and (name not in given or differs(given[name], value))
    }


def prepare(directory: Directory, documents: t.Sequence[Json]) -> None:
    """Read at once the flows and blocks of many deployments."""
    directory.load_ids("flow", [str(document["flow_id"]) for document in documents])
    blocks = [str(document["storage_document_id"]) for document in documents if document.get("storage_document_id")]
    if blocks:
        directory.load_ids("block", blocks)


# Declared against held


def check(desired: Json) -> None:
    """Refuse what cannot stand together."""
    if all(desired.get(option) is not None for option in _LIMITS):
        raise InputError("must not be given together with concurrency_limit", "global_concurrency_limit")
    if desired.get("work_queue") and "work_pool" in desired and desired["work_pool"] is None:
        raise InputError("must not be given where work_pool is empty", "work_queue")


def references(desired: Json) -> t.List[Reference]:
    """Return the work queue, which is named within its work pool."""
    if desired.get("work_pool") and desired.get("work_queue"):
        return [Reference("work_queue", f"{desired['work_pool']}/{desired['work_queue']}", "work_queue")]
    return []


def implies(desired: Json) -> t.List[t.Tuple[str, Json]]:
    """Return the flow, which is made where there is none."""
    return [("flow", {"name": desired["flow"]})]


def claims(desired: Json) -> t.List[t.Tuple[t.Tuple[str, Key], str]]:
    """Return the schedules with a slug, all of which the declared list is the whole truth of."""
    if "schedules" not in desired:
        return []
    return [(("deployment_schedule", (f"{desired['flow']}/{desired['name']}",)), "schedules")]


def resolve(directory: Directory, current: t.Optional[Json], desired: Json) -> Json:
    """Complete the declared values by what follows from them."""
    values = dict(desired)
    _resolve_queue(directory, current or {}, values)
    if values.get("concurrency_limit") is not None:
        values["global_concurrency_limit"] = None
    elif values.get("global_concurrency_limit") is not None:
        values["concurrency_limit"] = None
    emptied = current is not None and values.get("job_variables") == {} and current["job_variables"]
    if emptied and directory.version() < _CLEARS_JOB_VARIABLES:
        del values["job_variables"]
        directory.warnings.append(
            f"The deployment '{desired['flow']}/{desired['name']}' keeps its job_variables: before Prefect 3.8.7 a server"
            " ignores empty ones. Replace them by others, or remove the deployment and create it again"
        )
    if "schedules" in values:
        held = [] if current is None else current["schedules"]
        values["schedules"], values[_PLACES] = _schedule.complete_list(values["schedules"], held)
    if current is None and values.get("labels"):
        _refuse_labels_of_flow(directory, values)
    return values


def _resolve_queue(directory: Directory, current: Json, values: Json) -> None:
    pool = values["work_pool"] if "work_pool" in values else current.get("work_pool")
    queue = values.get("work_queue")
    if pool is None:
        if queue is not None:
            raise InputError("needs work_pool, because this deployment has none", "work_queue")
        if "work_pool" in values or "work_queue" in values:
            values["work_queue"] = None
    elif queue is not None:
        if "work_pool" not in values:
            directory.require(Reference("work_queue", f"{pool}/{queue}", "work_queue"))
    elif "work_queue" in values or ("work_pool" in values and pool != current.get("work_pool")):
        values["work_queue"] = _default_queue(directory, pool)


def _default_queue(directory: Directory, work_pool: str) -> str:
    """Return the name of the queue that a work pool's flow runs go to when none is named."""
    pool = directory.find("work_pool", (work_pool,))
    if pool is None:
        return "default"
    # For all work pools at once, so that many deployments cost one request.
    known = [str(other["default_queue_id"]) for other in directory.known("work_pool") if other.get("default_queue_id")]
    directory.load_ids("work_queue", known)
    queue = directory.by_id("work_queue", str(pool.get("default_queue_id")))
    return "default" if queue is None else str(queue["name"])


def _refuse_labels_of_flow(directory: Directory, values: Json) -> None:
    flow = directory.find("flow", (values["flow"],)) or {}
    for name, value in values["labels"].items():
        given = flow.get("labels") or {}
        if name in given and not differs(given[name], value):
            raise InputError(
                "is a label of the flow, which its deployments have anyway; leave it out", f"labels.{name}"
            )


def judge(directory: Directory, plans: t.Sequence[Plan]) -> t.List[t.Tuple[int, InputError]]:
    """Ask the server about all schedules that are about to be written, in one request."""
    entries = []
    for index, plan in enumerate(plans):
        if plan.action == DELETE or "schedules" not in plan.changes:
            continue
        held = plan.before.get("schedules") or ()
        for place, values in zip(plan.desired.get(_PLACES, ()), plan.changes["schedules"]):
            if values not in held:
                entries.append((index, f"schedules[{place}]", values))
    return _schedule.judge(directory, entries)


# Writing


def create(directory: Directory, desired: Json, body: Json) -> Json:
    """Create a deployment."""
    # A limit that is null would remove the shared one that is named beside it.
    body = {name: value for name, value in body.items() if value is not None}
    if body.get("parameters"):
        # Only where this is sent does the server compare parameters with their schema.
        body.setdefault("enforce_parameter_schema", True)
    schedules = body.pop("schedules", [])
    # The server would forget how many runs to schedule ahead.
    later = [schedule for schedule in schedules if "max_scheduled_runs" in schedule]
    now = [schedule for schedule in schedules if "max_scheduled_runs" not in schedule]
    begun = time.monotonic()
    made = directory.client.create("/deployments/", {**body, "schedules": now} if now else body)
    if not isinstance(made, dict):
        raise PrefectError("The server did not return the deployment that it was asked to make")
    # Younger than the request, it is made by this try, or by an earlier one whose answer was lost.
    if _age(made) > time.monotonic() - begun:
        directory.warnings.append(
            f"The deployment '{desired['flow']}/{desired['name']}' was not there when this run looked, but has been made by"
            f" something else since, at {made['created']}. Creating it has replaced that one: its schedules, parameters and"
            " other values that are not declared here may be lost"
        )
    if later:
        made["schedules"] = [*made.get("schedules", []), *_schedule.add(directory, str(made["id"]), later)]
    return made


def _age(document: Json) -> float:
    """Return the seconds from a deployment's creation to its last change, both by the server's clock."""
    try:
        moments = [
            datetime.datetime.fromisoformat(_schedule.parse_anchor_date(document[name])[:-1])
            for name in ("created", "updated")
        ]
    except (KeyError, InputError):
        return 0.0
    return (moments[1] - moments[0]).total_seconds()


def update(directory: Directory, document: Json, after: Json, changes: Json) -> None:
    """Change a deployment by no more than what differs."""
    kind = directory.kinds["deployment"]
    path = f"/deployments/{document['id']}"
    apart = ("schedules", *_LIMITS)
    wanted = {option: value for option, value in changes.items() if option not in apart}
    wanted.update(_together(after, changes))
    body = encoded(directory, kind, wanted)
    last: Json = {}
    if any(option in changes for option in _LIMITS):
        shared = _shared(document)
        if after["concurrency_limit"] is not None:
            if shared is not None:
                body["global_concurrency_limit_id"] = None
            if shared is not None or document.get("global_concurrency_limit") is None:
                # One that was left behind would be in the way.
                directory.client.delete(f"/v2/concurrency_limits/{quote(_own_name(document))}")
            body["concurrency_limit"] = after["concurrency_limit"]
        else:
            if shared is None and document.get("global_concurrency_limit") is not None:
                body["concurrency_limit"] = None
            if after["global_concurrency_limit"] is not None:
                last = encoded(directory, kind, {"global_concurrency_limit": after["global_concurrency_limit"]})
            elif shared is not None:
                body["global_concurrency_limit_id"] = None
    if last and "concurrency_limit" not in body:
        body, last = {**body, **last}, {}
    for part in (body, last):
        if part:
            directory.client.update(path, part)
    if "schedules" in changes:
        _schedule.write_list(directory, document, after["schedules"])


def _together(after: Json, changes: Json) -> Json:
    """Return what has to be sent with the changes.

    A queue is found within the work pool that stands beside it, and job variables are compared with the template of that one.
    """
    moved = "work_pool" in changes or "work_queue" in changes
    pool = after["work_pool"]
    # References to blocks are not looked up here by the server, and then do not fit the template.
    checkable = "$ref" not in str(after["job_variables"])
    found: Json = {}
    if pool is not None and (moved or ("job_variables" in changes and checkable)):
        found = {"work_pool": pool, "work_queue": after["work_queue"]}
        if moved and after["job_variables"] and checkable:
            found["job_variables"] = after["job_variables"]
    return found


def delete(directory: Directory, document: Json) -> None:
    """Remove a deployment, and not the limit that it shares with others: the server would (3.8.8)."""
    path = f"/deployments/{document['id']}"
    if _shared(document) is not None:
        directory.client.update(path, {"global_concurrency_limit_id": None})
    directory.client.delete(path)


def export(directory: Directory, document: Json, item: Json) -> Json:
    """Return how a deployment is exported: schedules without what they have anyway."""
    if item.get("schedules"):
        item = {**item, "schedules": [_schedule.tidy(values) for values in item["schedules"]]}
    return item
