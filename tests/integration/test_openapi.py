# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog against the OpenAPI document of a real server: nothing that can be configured is missing without a reason."""

from __future__ import annotations

import re

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Kind
from ansible_collections.selfhosted.prefect.tests.integration.stack import Json, Server

WRITES = ("post", "put", "patch", "delete")

SINCE = {
    "ServerDefaultResultStorageUpdate": (3, 7),
    "/admin/storage": (3, 7),
}
"""Schemas and paths that came later than the oldest release these tests run on."""

NO_CONFIGURATION = {
    r"/.*/(filter|count|paginate|history|lateness)": "Reads, by a POST",
    r"/(flow|task)_runs/.*": "Runs are work, not configuration; the module flow_run starts them",
    r"/(logs|artifacts|events)(/.*)?": "What runs leave behind",
    r"/saved_searches/.*": "What a user has looked for in the user interface",
    r"/ui/.*": "Reads for the user interface",
    r"/task_workers/.*": "Reads, by a POST",
    r"/(automations/)?templates/validate": "Judges a template, and keeps nothing",
    r"/automations/owned-by/.*": "Prefect's own use: automations that belong to a deployment it has served",
    r"/block_types/install_system_block_types": "Restores block types that every server has from its start",
    r"/(v2/)?concurrency_limits/(in|de)crement(-with-lease)?": "Takes and frees slots, as runs do",
    r"/v2/concurrency_limits/leases/.*": "Keeps slots, as runs do",
    r"/deployments/get_scheduled_flow_runs": "Reads, by a POST",
    r"/deployments/\{\}/(create_flow_run(/bulk)?|schedule)": "Makes flow runs; the module flow_run does",
    r"/deployments/\{\}/(pause|resume)_deployment": "The same as the option paused",
    r"/(deployments|flows)/bulk_delete": "Removes up to 50 at once; without a filter, any 50",
    r"/work_pools/\{\}/(concurrency_status|get_scheduled_flow_runs)": "Reads, by a POST",
    r"/work_pools/\{\}/workers/heartbeat": "How a worker says that it lives",
    r"/work_pools/\{\}/workers/\{\}": "The module worker removes records of workers",
    r"/work_queues/(\{\}(/.*)?)?": "The same queues without their work pools, as agents used them",
    r"/variables/\{\}": "The same variables by id",
    r"/concurrency_limits/\{\}": "The same limits by id",
}
"""Paths that write, but are no business of a kind's, each with the reason."""


@pytest.fixture(scope="module")
def document(plain: Server) -> Json:
    """Return the server's OpenAPI document."""
    outside = Server(plain.url.removesuffix("/api"), plain.container)
    return outside.ask("GET", "/openapi.json")


def fields(document: Json, model: str, version: tuple[int, ...]) -> set[str]:
    """Return the fields of a schema; none of one that this server does not have yet."""
    if version < SINCE.get(model, ()):
        assert model not in document["components"]["schemas"]
        return set()
    return set(document["components"]["schemas"][model]["properties"])


def plain_path(path: str) -> str:
    """Return a path without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def paths_of(kind: Kind) -> set[str]:
    """Return every path that a kind writes to."""
    return {plain_path(path) for path in (kind.collection, kind.item, *kind.further_paths)}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.noun)
def test_every_field_of_creation_is_an_option_or_left_out_for_a_reason(
    kind: Kind, document: Json, plain: Server
) -> None:
    model = kind.create_model or kind.update_model
    found = fields(document, model, plain.version)
    if plain.version < SINCE.get(model, ()):
        return
    given = {field.name for field in kind.fields if not field.in_path}
    assert (found - given - set(kind.left_out), given - found) == (set(), set())
    assert all(kind.left_out.values())
    assert set(kind.left_out) <= found | fields(document, kind.update_model or model, plain.version)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.noun)
def test_what_can_be_updated_in_place_is_what_the_server_says(kind: Kind, document: Json, plain: Server) -> None:
    updatable = {
        field.name for field in kind.fields if field.updatable and not field.in_path and field.option not in kind.key
    }
    if not kind.update_model:
        return
    keys = {kind.option(option).name for option in kind.key}
    found = fields(document, kind.update_model, plain.version)
    if found:
        assert updatable == found - keys - set(kind.left_out)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.noun)
def test_its_paths_are_the_servers(kind: Kind, document: Json, plain: Server) -> None:
    paths = {plain_path(path) for path in document["paths"]}
    wanted = {*paths_of(kind), *({plain_path(kind.listing)} if kind.listing else ())}
    assert {path for path in wanted if plain.version >= SINCE.get(path, ())} <= paths


def test_every_path_that_writes_belongs_to_a_kind_or_is_no_configuration_for_a_reason(document: Json) -> None:
    writing = {
        plain_path(path) for path, methods in document["paths"].items() if any(method in WRITES for method in methods)
    }
    covered = {path for kind in KINDS.values() for path in paths_of(kind)}
    left = {path for path in writing - covered if not any(re.fullmatch(pattern, path) for pattern in NO_CONFIGURATION)}
    assert not left, left
    assert all(NO_CONFIGURATION.values())


def test_no_exception_is_out_of_date(document: Json) -> None:
    paths = {plain_path(path) for path in document["paths"]}
    assert [pattern for pattern in NO_CONFIGURATION if not any(re.fullmatch(pattern, path) for path in paths)] == []
