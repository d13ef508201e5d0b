# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any name is either refused before anything is asked, or good for a whole life: made, found, changed and removed."""

from __future__ import annotations

import contextlib
import string
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _resources
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError
from ansible_collections.selfhosted.prefect.tests.integration.apply import connect
from ansible_collections.selfhosted.prefect.tests.integration.awkward import NAMES
from ansible_collections.selfhosted.prefect.tests.integration.stack import Server
from ansible_collections.selfhosted.prefect.tests.integration.strategies import GROUND, ground

Json = dict[str, t.Any]

pytestmark = pytest.mark.once

TRIED = sorted(
    {
        *NAMES.values(),
        *"-._~'\"",
        *(f"a{char}b" for char in string.punctuation + string.whitespace),
        *(f"a{char}" for char in " .:"),
        *(" a", ".a", "", " ", "\n", "a\n", "\0", "a\0b", "\ud83d", "\U0001f600", "a\u200db", "\u202eabc", "ﬁ", "ß"),
        *(
            "0",
            "123",
            "1e3",
            "-1",
            "true",
            "null",
            "none",
            "None",
            "~",
            "..",
            "../..",
            "%2F",
            "%00",
            "a%20b",
            "default",
        ),
        *("name", "filter", "count", "paginate", "A" * 250, "a" * 251, "😀" * 250),
        *("0B0E5A4E-8D0E-4C1E-9D7C-1F1F0A3C2B11", "0b0e5a4e8d0e4c1e9d7c1f1f0a3c2b12"),
    }
)

KINDS_WITH_NAMES: dict[str, tuple[str, Json, Json]] = {
    "work_pool": ("name", {"type": "process"}, {"description": "changed"}),
    "work_queue": ("name", {"work_pool": GROUND}, {"description": "changed"}),
    "variable": ("name", {"value": 1}, {"value": 2}),
    "global_concurrency_limit": ("name", {"limit": 1}, {"limit": 2}),
    "task_run_concurrency_limit": ("tag", {"limit": 1}, {"limit": 2}),
    "flow": ("name", {}, {"tags": ["changed"]}),
    "deployment": ("name", {"flow": GROUND}, {"description": "changed"}),
    "deployment_schedule": ("slug", {"deployment": f"{GROUND}/{GROUND}", "cron": "0 6 * * *"}, {"active": False}),
    "block_type": ("slug", {"name": "{slug}"}, {"description": "changed"}),
    "block": ("name", {"block_type": "ground-of-blocks"}, {"data": {"text": "changed"}}),
    "automation": (
        "name",
        {"trigger": {"posture": "Reactive"}, "actions": [{"type": "do-nothing"}]},
        {"description": "changed"},
    ),
}
"""The option that is the name, what else an object needs, and a change."""

WITHOUT = {
    "block_schema": "is known by what it holds",
    "result_storage": "has no name",
    "flow_run": "gets its name",
    "worker": "is named by itself",
}


def test_every_kind_with_a_name_is_tried() -> None:
    assert set(KINDS) - set(WITHOUT) == set(KINDS_WITH_NAMES)


def all_of(server: Server, noun: str, items: list[Json]) -> Json:
    kind = KINDS[noun]
    found: Json = _resources.apply(Directory(connect(server), KINDS), {kind.many: items})["kinds"].get(kind.many, {})
    return found


@pytest.mark.parametrize("noun", KINDS_WITH_NAMES)
def test_any_name_is_refused_or_lives(plain: Server, noun: str) -> None:
    ground(plain)
    kind = KINDS[noun]
    option, needed, change = KINDS_WITH_NAMES[noun]
    items: list[Json] = []
    # A deployment with a hundred schedules takes a server seconds for each request.
    for number, name in enumerate(TRIED[::6] if noun == "deployment_schedule" else TRIED):
        item = {**needed, option: name, **({"name": f"type {number}"} if noun == "block_type" else {})}
        # Any other error than this one fails.
        with contextlib.suppress(InputError):
            kind.desired(item, given=item)
            if (noun, name) != ("work_queue", "default"):
                items.append(item)
    assert items
    gone = [{name: item[name] for name in kind.key} | {"state": "absent"} for item in items]
    all_of(plain, noun, gone)
    try:
        assert len(all_of(plain, noun, items)["created"]) == len(items)
        for item in items:
            # Each by itself, as the single module looks for it.
            directory = Directory(connect(plain), KINDS)
            document = directory.find(noun, kind.key_of(kind.desired(item, given=item)))
            assert document is not None, item
            assert kind.declared(directory, document)[option] == item[option]
        changed = [{**item, **change} for item in items]
        assert len(all_of(plain, noun, changed)["changed"]) == len(items)
        assert all_of(plain, noun, changed)["unchanged"] == len(items)
    finally:
        removed = all_of(plain, noun, gone)
    assert len(removed["removed"]) == len(items)
    held = {values[option] for values in _all(plain, noun)}
    assert held.isdisjoint(item[option] for item in items)


def _all(server: Server, noun: str) -> list[Json]:
    directory = Directory(connect(server), KINDS)
    return [KINDS[noun].declared(directory, document) for document in directory.documents(noun)]
