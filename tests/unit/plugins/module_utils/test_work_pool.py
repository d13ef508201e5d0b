# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is special about work pools: limits, names, types, and job variables' defaults."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _engine, _work_pool
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS, WORK_POOL
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer

TEMPLATE: Json = {
    "job_configuration": {"networks": "{{ networks }}", "image": "{{ image }}"},
    "variables": {
        "type": "object",
        "properties": {
            "networks": {"type": "array", "items": {"type": "string"}},
            "image": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": "a"},
            "pull": {"enum": ["Always", "Never"], "type": "string"},
            "count": {"type": "integer"},
            "ratio": {"type": "number"},
            "flag": {"type": "boolean"},
            "other": {"$ref": "#/definitions/other"},
        },
    },
}
METADATA = Exchange(
    "GET",
    _work_pool.WORKER_METADATA,
    body={"prefect-docker": {"docker": {"type": "docker", "default_base_job_configuration": TEMPLATE}}},
)
GOOD = Exchange("POST", "/ui/schemas/validate", body={"errors": [], "valid": True})
MISSING = Exchange("GET", "/work_pools/a", 404, {"detail": 'Work pool "a" not found.'})


def with_defaults(**defaults: object) -> Json:
    template = copy.deepcopy(TEMPLATE)
    for name, value in defaults.items():
        template["variables"]["properties"][name]["default"] = value
    return template


def pool(**values: object) -> Json:
    return {
        "id": "1",
        "name": "a",
        "type": "docker",
        "description": None,
        "is_paused": False,
        "concurrency_limit": None,
        "base_job_template": TEMPLATE,
        "status": "NOT_READY",
        **values,
    }


def ensure(client: Client, check_mode: bool = False, **options: object) -> _engine.Result:
    client.read_only = check_mode
    return _engine.ensure(Directory(client, KINDS), "work_pool", "present", WORK_POOL.desired({"name": "a", **options}))


@pytest.mark.parametrize(("given", "limit"), [("0", 0), ("7", 7), (" 7 ", 7), ("none", None), ("None", None), (3, 3)])
def test_a_concurrency_limit_is_a_number_or_none(given: str, limit: int | None) -> None:
    assert WORK_POOL.desired({"name": "a", "concurrency_limit": given})["concurrency_limit"] == limit


@pytest.mark.parametrize("given", ["-1", "1.5", "many", "", "99999999999", "2147483648", "null"])
def test_another_concurrency_limit_is_refused(given: str) -> None:
    with pytest.raises(PrefectError, match="whole number from 0 to 2147483647, or none"):
        WORK_POOL.desired({"name": "a", "concurrency_limit": given})


@pytest.mark.parametrize("name", ["prefect", "Prefect-agent", "PREFECTpool"])
def test_reserved_names_are_refused(name: str) -> None:
    with pytest.raises(PrefectError, match="Prefect reserves these names"):
        WORK_POOL.desired({"name": name})


@pytest.mark.parametrize("name", ["", "a/b", "50%", "a&b", "<a", "a>"])
def test_names_with_bad_characters_are_refused(name: str) -> None:
    with pytest.raises(PrefectError, match="must not be empty nor hold any of"):
        WORK_POOL.desired({"name": name})


@pytest.mark.parametrize("name", [" ", "'", '"', " ' "])
def test_names_that_the_server_takes_for_empty_are_refused(name: str) -> None:
    with pytest.raises(PrefectError, match="must not be made of spaces and quotes alone"):
        WORK_POOL.desired({"name": name})


@pytest.mark.parametrize("name", ["my-prefect", "a b", "ä+?#"])
def test_other_names_are_taken(name: str) -> None:
    assert WORK_POOL.desired({"name": name}) == {"name": name}


def test_options_that_are_not_set_are_not_sent() -> None:
    options = {"name": "a", "type": None, "paused": False, "concurrency_limit": "none", "job_variable_defaults": None}
    assert WORK_POOL.desired(options) == {"name": "a", "paused": False, "concurrency_limit": None}


def test_half_a_template_is_refused() -> None:
    with pytest.raises(PrefectError, match="job_variable_defaults"):
        WORK_POOL.desired({"name": "a", "base_job_template": {"variables": {}}})


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (
            {"job_configuration": {}, "variables": {"type": "object"}},
            "base_job_template.job_configuration must be a dict",
        ),
        ({"job_configuration": {"a": 1}, "variables": []}, r"base_job_template.variables must be a dictionary"),
        (
            {"job_configuration": {"a": "{{ b }} {{a}}"}, "variables": {"properties": {"a": {}}}},
            "base_job_template.job_configuration uses job variables that variables.properties does not have: b$",
        ),
        (
            {"job_configuration": {"a": 1}, "variables": {"properties": {"a": 7}}},
            "base_job_template.variables.properties.a must be a dictionary that describes it, but is 7",
        ),
        (
            {"job_configuration": {"a": 1}, "variables": {"properties": {"a": {"properties": []}}}},
            r"base_job_template.variables.properties.a.properties must be a dictionary, but is \[\]",
        ),
    ],
)
def test_a_template_that_cannot_be_one_is_refused(template: Json, words: str) -> None:
    with pytest.raises(PrefectError, match=words):
        WORK_POOL.desired({"name": "a", "base_job_template": template})


def test_the_servers_judgement_of_a_schema_is_told_before_anything_is_written(
    client: Client, server: ScriptedServer
) -> None:
    bad = Exchange("POST", "/ui/schemas/validate", 422, {"detail": "Invalid schema: 'strin' is not valid"})
    server.expect(Exchange("GET", "/work_pools/a", body=pool()), bad, bad)
    template = {**TEMPLATE, "variables": {**TEMPLATE["variables"], "description": "other"}}
    with pytest.raises(PrefectError, match="base_job_template.variables is no JSON schema .*: Invalid schema: 'strin'"):
        ensure(client, base_job_template=template)


def test_a_new_pool_gets_the_types_template_with_the_defaults_over_it(client: Client, server: ScriptedServer) -> None:
    body = {"name": "a", "type": "docker", "base_job_template": with_defaults(networks=["n"])}
    server.expect(MISSING, METADATA, GOOD, Exchange("POST", "/work_pools/", 201, pool(**body), sent=body))
    assert ensure(client, type="docker", job_variable_defaults={"networks": ["n"]}).changed


def test_a_new_pool_without_defaults_leaves_the_template_to_the_first_worker(
    client: Client, server: ScriptedServer
) -> None:
    server.expect(
        MISSING, METADATA, Exchange("POST", "/work_pools/", 201, pool(), sent={"name": "a", "type": "docker"})
    )
    assert ensure(client, type="docker").changed


def test_an_unknown_type_is_refused_before_anything_is_written(client: Client, server: ScriptedServer) -> None:
    server.expect(MISSING, METADATA)
    with pytest.raises(PrefectError, match="type 'dokcer' is not known to the server. Known types: docker"):
        ensure(client, type="dokcer")


def test_a_type_of_ones_own_is_taken_with_its_template(client: Client, server: ScriptedServer) -> None:
    body = {"name": "a", "type": "mine", "base_job_template": TEMPLATE}
    server.expect(MISSING, METADATA, GOOD, Exchange("POST", "/work_pools/", 201, pool(**body), sent=body))
    ensure(client, type="mine", base_job_template=TEMPLATE)


def test_defaults_that_are_there_need_neither_metadata_nor_a_write(client: Client, server: ScriptedServer) -> None:
    server.expect(Exchange("GET", "/work_pools/a", body=pool(base_job_template=with_defaults(networks=["n"]))))
    assert not ensure(client, type="docker", job_variable_defaults={"networks": ["n"], "image": "a"}).changed


def test_other_defaults_are_merged_over_the_pools_own_template(client: Client, server: ScriptedServer) -> None:
    held = with_defaults(image="mine")
    wanted = with_defaults(image="mine", networks=["n"])
    server.expect(
        Exchange("GET", "/work_pools/a", body=pool(base_job_template=held)),
        GOOD,
        Exchange("PATCH", "/work_pools/a", 204, sent={"base_job_template": wanted}),
        Exchange("GET", "/work_pools/a", body=pool(base_job_template=wanted)),
    )
    assert ensure(client, job_variable_defaults={"networks": ["n"]}).changed


def test_a_pool_without_a_template_gets_the_types_own(client: Client, server: ScriptedServer) -> None:
    wanted = with_defaults(networks=["n"])
    server.expect(
        Exchange("GET", "/work_pools/a", body=pool(base_job_template={})),
        METADATA,
        GOOD,
        Exchange("PATCH", "/work_pools/a", 204, sent={"base_job_template": wanted}),
        Exchange("GET", "/work_pools/a", body=pool(base_job_template=wanted)),
    )
    assert ensure(client, job_variable_defaults={"networks": ["n"]}).changed


def test_an_empty_template_never_replaces_the_one_a_worker_filled_in(client: Client, server: ScriptedServer) -> None:
    server.expect(Exchange("GET", "/work_pools/a", body=pool()))
    assert not ensure(client, base_job_template={}).changed


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_an_unknown_job_variable_is_refused_with_those_known(
    client: Client, server: ScriptedServer, check_mode: bool
) -> None:
    server.expect(Exchange("GET", "/work_pools/a", body=pool()))
    with pytest.raises(PrefectError, match="unknown job variables: netwroks. .* knows: count, flag, image, networks"):
        ensure(client, check_mode, job_variable_defaults={"netwroks": []})


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_another_type_is_refused_with_the_way_out(client: Client, server: ScriptedServer, check_mode: bool) -> None:
    server.expect(Exchange("GET", "/work_pools/a", body=pool()))
    with pytest.raises(PrefectError, match="has type 'docker', not 'process'. Prefect cannot change .* state=absent"):
        ensure(client, check_mode, type="process", job_variable_defaults={"no such": 1})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("networks", "n", "type array, but is of type string"),
        ("image", 5, "type string or null, but is of type integer"),
        ("pull", "Sometimes", "one of Always, Never"),
        ("count", True, "type integer, but is of type boolean"),
        ("count", 1.5, "type integer, but is of type number"),
        ("flag", 1, "type boolean, but is of type integer"),
    ],
)
def test_a_default_that_does_not_fit_is_refused(name: str, value: object, words: str) -> None:
    with pytest.raises(PrefectError, match=f"job_variable_defaults.{name} does not fit .*{words}"):
        _work_pool.merge_defaults(TEMPLATE, {name: value})


@pytest.mark.parametrize(
    "defaults",
    [{"networks": []}, {"image": None}, {"pull": "Never"}, {"count": 0}, {"ratio": 1}, {"flag": False}, {"other": [1]}],
)
def test_a_default_that_fits_is_merged_into_a_copy(defaults: Json) -> None:
    before = copy.deepcopy(TEMPLATE)
    assert _work_pool.merge_defaults(TEMPLATE, defaults) == with_defaults(**defaults)
    assert before == TEMPLATE


def test_zero_is_a_limit_and_none_lifts_it(client: Client, server: ScriptedServer) -> None:
    server.expect(
        Exchange("GET", "/work_pools/a", body=pool()),
        Exchange("PATCH", "/work_pools/a", 204, sent={"concurrency_limit": 0}),
        Exchange("GET", "/work_pools/a", body=pool(concurrency_limit=0)),
        Exchange("GET", "/work_pools/a", body=pool(concurrency_limit=0)),
        Exchange("PATCH", "/work_pools/a", 204, sent={"concurrency_limit": None}),
        Exchange("GET", "/work_pools/a", body=pool()),
        Exchange("GET", "/work_pools/a", body=pool()),
    )
    assert ensure(client, concurrency_limit="0").changed
    assert ensure(client, concurrency_limit="none").changed
    assert not ensure(client, concurrency_limit="none").changed
