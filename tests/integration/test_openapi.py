# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog against the OpenAPI document of a real server: every field is an option, or left out for a reason."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Kind
from ansible_collections.selfhosted.prefect.tests.integration.stack import Json, Server


@pytest.fixture(scope="module")
def document(plain: Server) -> Json:
    """Return the server's OpenAPI document."""
    outside = Server(plain.url.removesuffix("/api"), plain.container)
    return outside.ask("GET", "/openapi.json")


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.noun)
def test_every_field_of_creation_is_an_option_or_left_out_for_a_reason(kind: Kind, document: Json) -> None:
    schema = document["components"]["schemas"][kind.create_model]["properties"]
    assert set(schema) == {field.name for field in kind.fields} | set(kind.left_out)
    assert all(kind.left_out.values())


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.noun)
def test_what_can_be_updated_in_place_is_what_the_server_says(kind: Kind, document: Json) -> None:
    schema = document["components"]["schemas"][kind.update_model]["properties"]
    updatable = {field.name for field in kind.fields if field.updatable}
    assert updatable == set(schema) - set(kind.left_out)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.noun)
def test_its_paths_are_the_servers(kind: Kind, document: Json) -> None:
    paths = document["paths"]
    assert "post" in paths[kind.collection]
    assert "post" in paths[kind.listing]
    assert {"get", "delete", kind.update_method.lower()} <= set(paths[kind.item])
