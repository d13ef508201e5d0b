# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about work queues (private: not for use outside this collection).

No two queues of a work pool have one priority: giving a queue one that another has moves the other, and those behind it
where they stand close, to the next numbers. Written in the order of their priorities, the declared ones come to stand.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError
from ansible_collections.selfhosted.prefect.plugins.module_utils._plan import CREATE, DELETE, UPDATE, Plan
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import LARGEST, parse_whole

if t.TYPE_CHECKING:
    from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory


def parse_priority(value: t.Any) -> int:
    """Return a priority."""
    return parse_whole(value, 1)


def decode_description(directory: Directory, document: Json) -> str:
    """Return the description; the server keeps an empty text or null for none."""
    return str(document.get("description") or "")


def lane(desired: Json) -> t.Any:
    """Write the queues of one work pool one after the other."""
    return desired["work_pool"]


def rank(desired: Json) -> t.Any:
    """Write those without a priority last, so that they take what is left."""
    return desired.get("priority") or LARGEST + 1


def is_default(directory: Directory, document: Json) -> bool:
    """Whether Prefect made the queue along with its work pool."""
    pool = directory.find("work_pool", (str(document.get("work_pool_name")),))
    if pool is None:
        return str(document.get("name")) == "default"
    return str(pool.get("default_queue_id")) == str(document.get("id"))


def why_kept(directory: Directory, document: Json) -> str:
    """Say why the server would not remove a queue; it answers 500 (3.8.8)."""
    if not is_default(directory, document):
        return ""
    return (
        "it is the default queue of its work pool, which Prefect does not remove. Pause it to keep it from being used"
    )


def defaults(directory: Directory, desired: Json) -> Json:
    """Return the priority the server will choose: the first that is free."""
    if "priority" in desired:
        return {}
    held = priorities(directory, str(desired["work_pool"]))
    return {"priority": held.get(str(desired["name"])) or first_free(held.values())}


def export(directory: Directory, document: Json, item: Json) -> t.Optional[Json]:
    """Return an exported queue; a default queue only where something about it was set."""
    if is_default(directory, document) and not set(item) - {"work_pool", "name", "priority"}:
        return None
    return item


def priorities(directory: Directory, work_pool: str) -> t.Dict[str, int]:
    """Return the priorities of all queues of a work pool, by name, as the server holds them."""
    place = f"priorities of {work_pool}"
    if directory.find("work_pool", (work_pool,)) is None:
        return {"default": 1}
    if place not in directory.memo:
        path = directory.path("/work_pools/{work_pool}/queues/filter", {"work_pool": work_pool})
        directory.memo[place] = {
            str(queue["name"]): int(queue["priority"]) for queue in directory.client.read_all(path)
        }
    return dict(directory.memo[place])


def settle(directory: Directory, plans: t.List[Plan]) -> t.List[Plan]:
    """Complete the plans of all declared queues by what giving one its priority does to the others.

    Queues are written in the order of ``rank``, so what one write moves is put right by a later one.
    """
    pools: t.Dict[str, t.List[int]] = {}
    for index, plan in enumerate(plans):
        if plan.action != DELETE and plan.after:
            pools.setdefault(str(plan.after["work_pool"]), []).append(index)
    settled = list(plans)
    for work_pool, indices in pools.items():
        if not any(plans[index].action == CREATE or "priority" in plans[index].changes for index in indices):
            continue
        held = priorities(directory, work_pool)
        for index in sorted(indices, key=lambda index: int(rank(plans[index].desired))):
            plan = plans[index]
            name, wanted = str(plan.after["name"]), plan.desired.get("priority")
            if plan.action == CREATE and wanted is None:
                held.setdefault(name, first_free(held.values()))
                settled[index] = replace(plan, after={**plan.after, "priority": held[name]})
            elif wanted is not None and held.get(name) != wanted:
                held = moved(held, name, wanted)
                if plan.action != CREATE and "priority" not in plan.changes:
                    changes = {**plan.changes, "priority": wanted}
                    settled[index] = replace(plan, action=UPDATE, changes=changes)
    return settled


def judge(directory: Directory, plans: t.Sequence[Plan]) -> t.Iterator[t.Tuple[int, InputError]]:
    """Refuse the same priority for two queues of one work pool: each run would take it from the other."""
    held: t.Dict[t.Tuple[str, int], str] = {}
    for index, plan in enumerate(plans):
        priority = plan.desired.get("priority")
        if plan.action == DELETE or priority is None:
            continue
        other = held.setdefault((str(plan.after["work_pool"]), priority), str(plan.after["name"]))
        if other != plan.after["name"]:
            words = (
                f"must differ from the priorities of the work pool's other queues, but is {priority}, as is declared for"
                f" {other!r}"
            )
            yield index, InputError(words, "priority")


def first_free(taken: t.Iterable[int]) -> int:
    """Return the priority that a new queue without one gets."""
    held = set(taken)
    return next(number for number in range(1, len(held) + 2) if number not in held)


def moved(held: t.Mapping[str, int], name: str, priority: int) -> t.Dict[str, int]:
    """Return all priorities after the server has given one queue its own (3.8.8: ``models/workers.py``)."""
    others = sorted((number, other) for other, number in held.items() if other != name)
    result: t.Dict[str, int] = {}
    last = 0
    for number, other in sorted([*others, (priority, "")], key=lambda entry: (entry[0], entry[1] != "")):
        last = max(number, last + 1)
        result[other or name] = last
    return result
