# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookups: what they ask, and what they say when it goes wrong."""

from __future__ import annotations

import importlib
import typing as t

import pytest
from ansible.errors import AnsibleError

from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def look_up(kind: str, *terms: str, **options: t.Any) -> t.Any:
    """Run a lookup with these options; that they come from elsewhere, too, is for the integration tests."""
    module = importlib.import_module(f"ansible_collections.selfhosted.prefect.plugins.lookup.{kind}")
    connection = {"api_auth_string": None, "api_key": None, "custom_headers": None, "ca_path": None}
    lookup = module.LookupModule()
    lookup.set_options = lambda **_: None
    lookup.get_options = lambda: {**connection, "validate_certs": True, "timeout": 5, "retries": 0, **options}
    return lookup.run(list(terms), variables={}, **options)


def test_variables_of_any_type(server: ScriptedServer) -> None:
    for name, value in (("a", 5), ("b", {"x": None})):
        server.expect(Exchange("GET", f"/variables/name/{name}", body={"name": name, "value": value}))
    assert look_up("variable", "a", "b", api_url=server.url) == [5, {"x": None}]


def test_a_block_comes_with_its_secrets(server: ScriptedServer) -> None:
    path = "/block_types/slug/secret/block_documents/name/one?include_secrets=true"
    server.expect(Exchange("GET", path, body={"data": {"value": "plain"}}))
    assert look_up("block", "secret/one", api_url=server.url) == [{"value": "plain"}]


def test_the_default_stands_for_what_does_not_exist(server: ScriptedServer) -> None:
    missing = Exchange("GET", "/variables/name/a", 404, {"detail": "Variable not found"})
    server.expect(missing, missing)
    assert look_up("variable", "a", api_url=server.url, default=None) == [None]
    with pytest.raises(AnsibleError, match="selfhosted.prefect.variable: the variable 'a' does not exist"):
        look_up("variable", "a", api_url=server.url)


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("secret", "must name a block as type/name"),
        ("a/b/c", "must be lower-case letters"),
        ("A/b", "must be lower-case letters"),
    ],
)
def test_a_malformed_name_of_a_block_is_refused(term: str, words: str) -> None:
    with pytest.raises(AnsibleError, match=words):
        look_up("block", term, api_url="http://127.0.0.1:9/api")
