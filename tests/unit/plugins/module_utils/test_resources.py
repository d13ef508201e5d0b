# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared values of a whole server: everything wrong is told at once, with its path, before anything is asked or written."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _resources
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import Response
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

Json = dict[str, t.Any]
SCHEDULE = {"slug": "s", "cron": "0 2 * * *"}


class Silent:
    """A server that must not be asked."""

    def send(self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None, timeout: float) -> Response:
        raise AssertionError(f"{method} {url} was sent")


def refused(declared: Json, **options: t.Any) -> list[str]:
    """Return everything that is wrong with what is declared, found without a server."""
    with pytest.raises(PrefectError) as told:
        _resources.apply(Directory(Client(Silent(), "http://s/api"), KINDS), declared, **options)
    assert "Nothing was changed" in told.value.message
    errors: list[str] = told.value.details.get("errors", [told.value.message])
    assert all(error in told.value.message for error in errors)
    return errors


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"varables": []}, "varables is no kind of object; did you mean variables?"),
        ({"nothing like it": []}, "nothing like it is no kind of object; there are work_pools, "),
        ({"variables": {"name": "a"}}, "variables must be a list of variables, but is a dictionary"),
        ({"variables": "a"}, "variables must be a list of variables, but is a text"),
        ({"variables": ["a"]}, "variables[0] must be a dictionary with the options of a variable, but is a text"),
        ({"variables": [{"nam": "a"}]}, "variables[0].nam is no option of a variable; did you mean name?"),
        ({"variables": [{"value": 1}]}, "variables[0]: missing required arguments: name"),
        ({"variables": [{"name": "a", "value": 1}, {"name": "A b"}]}, "variables[1].name must be 1 to 255"),
        ({"work_pools": [{"name": "a", "paused": "perhaps"}]}, "work_pools[0]: argument 'paused' is of type str"),
        ({"work_pools": [{"name": "a", "concurrency_limit": "-1"}]}, "work_pools[0].concurrency_limit must be a whole"),
        ({"work_pools": [{"name": "a", "state": "here"}]}, "work_pools[0]: value of state must be one of"),
        (
            {"work_pools": [{"name": "a", "base_job_template": {}, "job_variable_defaults": {}}]},
            "work_pools[0]: parameters are mutually exclusive: base_job_template|job_variable_defaults",
        ),
        (
            {"work_queues": [{"work_pool": "a", "name": "b"}, {"work_pool": "a", "name": "b", "state": "absent"}]},
            "work_queues[1] declares the work queue 'a/b', as work_queues[0] does",
        ),
        (
            {
                "deployments": [
                    {"flow": "f", "name": "d", "schedules": [{"slug": "a", "cron": "0 3 * * *"}]},
                    {"flow": "f", "name": "e"},
                ],
                "deployment_schedules": [
                    {"deployment": "f/e", "slug": "b", "cron": "0 3 * * *"},
                    {"deployment": "f/d", "slug": "b", "cron": "0 3 * * *"},
                ],
            },
            "deployment_schedules[1] declares the schedule 'f/d/b', but deployments[0].schedules is the whole truth of",
        ),
        (
            {
                "deployments": [{"flow": "f", "name": "d", "schedules": []}],
                "deployment_schedules": [{"deployment": "f/d", "slug": "a", "state": "absent"}],
            },
            "deployment_schedules[0] declares the schedule 'f/d/a', but deployments[0].schedules is the whole truth of",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_path(declared: Json, words: str) -> None:
    assert any(words in error for error in refused(declared)), refused(declared)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    errors = refused({"variables": [{"name": "A"}, {"name": "b"}, 3], "flows": [{"name": "a/b"}], "pools": []})
    assert [error.split(" ")[0] for error in errors] == ["variables[0].name", "variables[2]", "flows[0].name", "pools"]


def test_a_kind_is_pruned_only_where_its_list_is_declared() -> None:
    assert "resources holds no list of that name" in refused({"flows": []}, prune=["variables"])[0]


def test_an_unknown_kind_cannot_be_pruned() -> None:
    with pytest.raises(PrefectError, match="prune names 'varables', which is no kind of object"):
        _resources.apply(Directory(Client(Silent(), "http://s/api"), KINDS), {}, prune=["varables"])


def test_nothing_declared_is_nothing_done() -> None:
    result = _resources.apply(Directory(Client(Silent(), "http://s/api"), KINDS), {"variables": [], "flows": None})
    assert (result["changed"], result["kinds"]) == (False, {})


def test_on_an_empty_server_that_is_not_there_all_would_be_created() -> None:
    directory = Directory(Client(Silent(), "http://s/api", read_only=True), KINDS, empty=True)
    result = _resources.apply(
        directory,
        {
            "work_queues": [{"work_pool": "a", "name": "b"}],
            "work_pools": [{"name": "a", "type": "docker"}, {"name": "gone", "state": "absent"}],
            # Nobody can say yet what else will be there by then.
            "deployments": [{"flow": "f", "name": "d", "work_pool": "made-by-a-role", "schedules": [SCHEDULE]}],
            "automations": [
                {
                    "name": "a",
                    "trigger": {"type": "event", "posture": "Reactive"},
                    "actions": [{"type": "pause-deployment", "deployment": "f/d"}],
                }
            ],
        },
    )
    assert (result["kinds"]["deployments"]["created"], result["kinds"]["automations"]["created"]) == (["f/d"], ["a"])
    assert result["kinds"]["work_pools"] == {"created": ["a"], "changed": [], "removed": [], "unchanged": 0}
    assert result["kinds"]["work_queues"]["created"] == ["a/b"]
    assert result["diff"]["before"] == {}


def test_nothing_is_removed_once_something_failed(client: Client, server: ScriptedServer) -> None:
    held = {"id": "1", "name": "old", "value": 1, "tags": []}
    server.expect(
        Exchange("POST", "/variables/filter", body=[held]),
        Exchange("POST", "/automations/filter", body=[]),
        Exchange("POST", "/variables/", 400, {"detail": "not today"}),
    )
    declared = {"variables": [{"name": "new", "value": 1}]}
    with pytest.raises(PrefectError, match="variable 'old'.: not removed, because others failed"):
        _resources.apply(Directory(client, KINDS), declared, prune=["variables"])


def test_an_object_that_somebody_else_made_meanwhile_is_as_declared(client: Client, server: ScriptedServer) -> None:
    made = {"id": "1", "name": "v", "value": 1, "tags": []}
    server.expect(
        Exchange("POST", "/variables/filter", body=[]),
        Exchange("POST", "/variables/", 409, {"detail": "already exists"}),
        Exchange("GET", "/variables/name/v", body=made),
        Exchange("PATCH", "/variables/name/v", 204, sent={"value": 2}),
        Exchange("GET", "/variables/name/v", body={**made, "value": 2}),
    )
    result = _resources.apply(Directory(client, KINDS), {"variables": [{"name": "v", "value": 2}]})
    assert result["kinds"]["variables"]["created"] == ["v"]


def test_names_and_values_of_a_wrong_shape_are_told_with_their_path() -> None:
    with pytest.raises(PrefectError) as told:
        _resources.apply(
            Directory(Client(Silent(), "http://s/api"), KINDS),
            {"deployments": [{"flow": "f", "name": "d", "storage_block": "x"}], "result_storage": [{"block": "x"}]},
        )
    assert "deployments[0].storage_block must name a block as block_type/name, but is 'x' (f/d)" in told.value.message
    assert "result_storage[0].block must name a block as block_type/name" in told.value.message
    errors = refused({"deployments": [{"flow": "f", "name": "d", "concurrency_options": 5, "schedules": [1]}]})
    assert errors == [
        "deployments[0].concurrency_options must be a dictionary, but is a number (f/d)",
        "deployments[0].schedules[0] must be a dictionary, but is a number (f/d)",
    ]


def test_one_failure_does_not_stop_the_others_and_stops_what_needs_it(client: Client, server: ScriptedServer) -> None:
    template = {"job_configuration": {"image": "i"}, "variables": {"type": "object", "properties": {}}}
    server.expect(
        Exchange("POST", "/work_pools/filter", body=[]),
        Exchange("POST", "/work_queues/filter", body=[]),
        Exchange("POST", "/variables/filter", body=[]),
        Exchange("GET", "/collections/views/aggregate-worker-metadata", body={}),
        Exchange("POST", "/ui/schemas/validate", body={"errors": [], "valid": True}),
        Exchange("POST", "/work_pools/", 409, {"detail": "no more pools"}),
        Exchange("GET", "/work_pools/p", 404, {"detail": 'Work pool "p" not found.'}),
        Exchange("POST", "/variables/", 201, {"id": "1", "name": "v", "value": 1, "tags": []}),
    )
    declared = {
        "work_pools": [{"name": "p", "type": "own", "base_job_template": template}],
        "work_queues": [{"work_pool": "p", "name": "q"}],
        "variables": [{"name": "v", "value": 1}],
    }
    with pytest.raises(PrefectError) as told:
        _resources.apply(Directory(client, KINDS), declared, connections=1)
    assert "2 of 3 objects failed" in told.value.message
    assert "work_pools[0] (work_pool 'p'): POST" in told.value.message
    assert "no more pools" in told.value.message
    assert "work_queues[0] (work_queue 'p/q'): not tried, because the work pool 'p'" in told.value.message
    assert told.value.details["kinds"]["variables"]["created"] == ["v"]
    assert told.value.details["kinds"]["work_pools"]["failed"] == ["p"]
