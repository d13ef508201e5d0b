# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module resources against real servers: order, failures, few requests, pruning, check mode."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _resources
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import Counting, connect
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, Stack, task, until

Json = dict[str, t.Any]
FAILS = {"on_ignore_errors": True}


def declare(
    server: Server, declared: Json, check: bool = False, **options: t.Any
) -> tuple[Json, list[tuple[str, str]]]:
    """Apply, and return the result and the requests."""
    client = connect(server, check)
    counting = Counting(client._transport)
    client._transport = counting
    return _resources.apply(Directory(client, KINDS), declared, **options), counting.sent


def proven(server: Server, declared: Json, **options: t.Any) -> Json:
    """Apply with check mode before and a second run after, and hold the three against each other."""
    predicted, sent = declare(server, declared, check=True, **options)
    assert not [path for method, path in sent if method != "GET" and not reads(path)]
    result, _sent = declare(server, declared, **options)
    again, _sent = declare(server, declared, **options)
    assert not again["changed"], again["kinds"]
    assert again["diff"] == {"before": {}, "after": {}}
    assert predicted["kinds"] == result["kinds"]
    assert predicted["diff"] == result["diff"]
    assert result["warnings"] == []
    return result


def reads(path: str) -> bool:
    """Whether a POST only reads."""
    return path.endswith(("/filter", "/schemas/validate", "/templates/validate")) or "/00000000-" in path


def many(prefix: str, count: int) -> Json:
    """Declare so many objects of each of five kinds, the later ones in need of the earlier."""
    numbers = range(count)
    return {
        "deployments": [
            {
                "flow": f"{prefix}-flow-{number % 3}",
                "name": f"{prefix}-{number}",
                "work_pool": f"{prefix}-{number}",
                "work_queue": "queue",
                "parameters": {"number": number},
            }
            for number in numbers
        ],
        "work_queues": [{"work_pool": f"{prefix}-{number}", "name": "queue", "priority": 1} for number in numbers],
        "global_concurrency_limits": [{"name": f"{prefix}-{number}", "limit": number} for number in numbers],
        "variables": [{"name": f"{prefix}-{number}", "value": {"number": number}} for number in numbers],
        "work_pools": [{"name": f"{prefix}-{number}", "type": "process"} for number in numbers],
    }


def without(declared: Json) -> Json:
    """Declare the same objects absent, and the flows that came along."""
    gone = {
        kind.many: [
            {**{option: item[option] for option in kind.key}, "state": "absent"} for item in declared[kind.many]
        ]
        for kind in KINDS.values()
        if kind.many in declared
    }
    flows = {item["flow"] for item in declared.get("deployments", ())}
    return {**gone, "flows": [{"name": flow, "state": "absent"} for flow in sorted(flows)]}


def test_objects_are_made_in_the_order_in_which_they_need_each_other(server: Server) -> None:
    declared = many("ordered", 5)
    result = proven(server, declared)
    assert {plural: len(report["created"]) for plural, report in result["kinds"].items()} == {
        **dict.fromkeys(declared, 5),
        "flows": 3,
    }
    assert proven(server, without(declared))["kinds"]["work_pools"]["removed"] == [f"ordered-{n}" for n in range(5)]


def test_a_second_run_over_many_objects_takes_few_requests(alone: Server) -> None:
    declared = many("few", 120)
    declare(alone, declared)
    result, sent = declare(alone, declared)
    assert not result["changed"]
    assert len(sent) <= 20, sent
    declared["variables"][7]["value"] = "another"
    result, sent = declare(alone, declared)
    assert result["kinds"]["variables"]["changed"] == ["few-7"]
    assert [request for request in sent if request[0] == "PATCH"] == [("PATCH", "/variables/name/few-7")]
    assert result["diff"] == {
        "before": {"variables": {"few-7": {"name": "few-7", "value": {"number": 7}, "tags": []}}},
        "after": {"variables": {"few-7": {"name": "few-7", "value": "another", "tags": []}}},
    }
    declare(alone, without(declared))


def test_queues_with_priorities_come_to_stand_as_declared(plain: Server) -> None:
    def queues(*priorities: int | None) -> Json:
        return {
            "work_pools": [{"name": "converging", "type": "process"}],
            "work_queues": [
                {
                    "work_pool": "converging",
                    "name": f"q{number}",
                    **({} if priority is None else {"priority": priority}),
                }
                for number, priority in enumerate(priorities)
            ],
        }

    for priorities in ((3, 1, 2, 5, None), (1, 2, 3, 4, None), (4, 3, 2, 1, 5), (2, 3, 4, 5, 6), (9, 1, 8, 2, 7)):
        proven(plain, queues(*priorities))
        held = {
            queue["name"]: queue["priority"] for queue in plain.ask("POST", "/work_pools/converging/queues/filter", {})
        }
        assert [held[f"q{n}"] for n, priority in enumerate(priorities) if priority] == [p for p in priorities if p]
    declare(plain, {"work_pools": [{"name": "converging", "state": "absent"}]})


def test_what_the_server_makes_along_with_an_object_can_be_named_at_once(plain: Server) -> None:
    actions = [{"type": "pause-work-queue", "work_queue": "brings/default"}]
    declared: dict[str, t.Any] = {
        "automations": [{"name": "brings", "trigger": {"posture": "Reactive"}, "actions": actions}],
        "work_pools": [{"name": "brings", "type": "process"}],
    }
    # As pruning does: all queues are known, and this one is none of them.
    directory = Directory(connect(plain), KINDS)
    directory.load("work_queue")
    made = _resources.apply(directory, declared)
    assert made["kinds"]["automations"]["created"] == ["brings"]
    assert not _resources.apply(Directory(connect(plain), KINDS), declared)["changed"]
    gone = {plural: [{"name": "brings", "state": "absent"}] for plural in declared}
    _resources.apply(Directory(connect(plain), KINDS), gone)


def test_what_is_missing_is_told_with_its_path_and_nothing_is_written(plain: Server) -> None:
    before = plain.pools()
    with pytest.raises(PrefectError) as told:
        declare(
            plain,
            {
                "work_pools": [{"name": "made in vain", "type": "process"}, {"name": "untyped"}],
                "work_queues": [{"work_pool": "nowhere", "name": "q"}, {"work_pool": "leaving", "name": "q"}],
                "deployments": [
                    {"flow": "f", "name": "d", "work_pool": "made in vain", "work_queue": "no such queue"},
                    {"flow": "f", "name": "e", "global_concurrency_limit": "no such limit"},
                ],
            },
        )
    assert sorted(told.value.details["errors"]) == [
        "deployments[0].work_queue names the work queue 'made in vain/no such queue', which does not exist (f/d)",
        "deployments[1].global_concurrency_limit names the global concurrency limit 'no such limit', which does not exist (f/e)",
        "work_pools[1]: The work pool 'untyped' does not exist; to create it, give type",
        "work_queues[0].work_pool names the work pool 'nowhere', which does not exist (nowhere/q)",
        "work_queues[1].work_pool names the work pool 'leaving', which does not exist (leaving/q)",
    ]
    assert plain.pools() == before


def test_what_is_declared_absent_cannot_be_named(plain: Server) -> None:
    plain.ask("POST", "/work_pools/", {"name": "leaving soon", "type": "process"})
    declared = {
        "work_pools": [{"name": "leaving soon", "state": "absent"}],
        "work_queues": [{"work_pool": "leaving soon", "name": "q"}],
    }
    with pytest.raises(PrefectError, match=r"work_queues\[0\].work_pool names .*which work_pools\[0\] declares absent"):
        declare(plain, declared)
    assert plain.ask("GET", "/work_pools/leaving%20soon")
    declare(plain, {"work_pools": [{"name": "leaving soon", "state": "absent"}]})


def test_pruning_removes_what_is_not_declared_but_nothing_of_prefects_own(alone: Server) -> None:
    kept = many("kept", 2)
    declare(alone, many("pruned", 3))
    declare(alone, kept)
    everything = [kind.many for kind in KINDS.values()]
    declared = {plural: kept.get(plural, []) for plural in everything}
    declared["flows"] = [{"name": f"kept-flow-{number}"} for number in range(2)]

    with pytest.raises(PrefectError, match="prune would remove 18 objects .* more than prune_limit 17") as told:
        declare(alone, declared, prune=everything, prune_limit=17)
    assert told.value.details["prune"]["work_pools"] == ["pruned-0", "pruned-1", "pruned-2"]
    types_before = alone.ask("POST", "/block_types/filter", {})
    result = proven(alone, declared, prune=everything, prune_limit=18)
    removed = {plural: report["removed"] for plural, report in result["kinds"].items() if report["removed"]}
    assert {plural: len(names) for plural, names in removed.items()} == {
        "deployments": 3,
        "flows": 3,
        "global_concurrency_limits": 3,
        "variables": 3,
        "work_pools": 3,
        "work_queues": 3,
    }
    assert alone.ask("POST", "/block_types/filter", {}) == types_before
    assert alone.ask("GET", "/work_pools/kept-0/queues/default")["name"] == "default"


def test_an_object_that_fails_does_not_stop_the_others(plain: Server, playbook: Playbook) -> None:
    # A default that refers to a block which does not exist, which only the server looks for.
    nowhere = {"$ref": {"block_document_id": "00000000-0000-4000-8000-000000000000"}}
    variables = {"type": "object", "properties": {"a": {"type": "string", "default": nowhere}}}
    template = {"job_configuration": {"a": "{{ '{{' }} a {{ '}}' }}"}, "variables": variables}
    resources = {
        "work_pools": [
            {"name": "half-broken", "type": "own", "base_job_template": template},
            {"name": "half-whole", "type": "process"},
        ],
        "work_queues": [{"work_pool": "half-broken", "name": "q"}, {"work_pool": "half-whole", "name": "q"}],
        "variables": [{"name": "half-whole", "value": 1}],
    }
    results = playbook(
        plain.defaults,
        task("apply", "resources", resources=resources, **FAILS),
        task("export", "resources_info", kinds=["variables", "work_queues"]),
    )
    failed = results["apply"]
    assert failed["failed"]
    assert "2 of 5 objects failed" in failed["msg"]
    assert "work_pools[0] (work_pool 'half-broken')" in failed["failures"][0]
    assert "HTTP 404" in failed["failures"][0]
    assert "work_queues[0] (work_queue 'half-broken/q'): not tried" in failed["failures"][1]
    assert failed["kinds"]["work_queues"] == {
        "created": ["half-whole/q"],
        "changed": [],
        "removed": [],
        "unchanged": 0,
        "failed": ["half-broken/q"],
    }
    assert {"name": "half-whole", "value": 1} in results["export"]["resources"]["variables"]


def test_through_ansible_it_is_told_in_diff_mode(plain: Server, playbook: Playbook) -> None:
    plain.ask("POST", "/variables/", {"name": "not-declared", "value": 1})
    resources = {"variables": [{"name": "through-ansible", "value": None}]}
    check = {"on_check_mode": True, "on_diff": True}
    results = playbook(
        plain.defaults,
        task("check", "resources", resources=resources, **check),
        task("apply", "resources", resources=resources, prune=["variables"], prune_limit=0, **FAILS),
        task("apply for good", "resources", resources=resources, on_diff=True),
        task("again", "resources", resources=resources),
    )
    assert results["check"]["diff"] == results["apply for good"]["diff"]
    assert "more than prune_limit 0" in results["apply"]["msg"]
    assert [results[name]["changed"] for name in ("check", "apply for good", "again")] == [True, True, False]
    assert plain.ask("GET", "/variables/name/through-ansible")["value"] is None


def test_the_first_blocks_of_a_new_server_are_all_made(servers: dict[str, Server], stack: Stack, database: str) -> None:
    # Written side by side, each of them makes the server look for the key to encrypt it with, which is not there yet.
    container = "database" if database == "postgresql" else None
    if container is not None:
        stack.schema(container, "unwritten")
    new = stack.server("unwritten", container, "unwritten")
    until(f"server {new.container}", new.ready)
    blocks = [
        {"block_type": "secret", "name": f"first-{number}", "data": {"value": f"value-{number}"}}
        for number in range(20)
    ]
    result, _sent = declare(new, {"blocks": blocks})
    assert len(result["kinds"]["blocks"]["created"]) == len(blocks)
    assert not declare(new, {"blocks": blocks})[0]["changed"]
