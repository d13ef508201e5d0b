# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module flow against a real server."""

from __future__ import annotations

import urllib.error

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, proven
from ansible_collections.selfhosted.prefect.tests.integration.awkward import NAMES
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


def test_life_of_a_flow(server: Server) -> None:
    assert proven(server, "flow", name="life", tags=["b", "a"]).after == {"name": "life", "tags": ["a", "b"]}
    # Registering it once more, as a flow run does, changes nothing.
    server.ask("POST", "/flows/", {"name": "life", "tags": ["c"], "labels": {"l": "1"}})
    assert not proven(server, "flow", name="life", tags=["a", "b"]).changed
    assert proven(server, "flow", name="life", tags=["a/b", "50%", "", "n\nl"]).changed
    assert proven(server, "flow", name="life", tags=[]).after["tags"] == []
    assert proven(server, "flow", name="life", state="absent").changed


def test_removing_a_flow_removes_its_deployments_and_flow_runs(plain: Server) -> None:
    flow = proven(plain, "flow", name="goes").document or {}
    deployment = plain.ask("POST", "/deployments/", {"name": "goes", "flow_id": flow["id"]})
    run = plain.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", {})
    assert proven(plain, "flow", name="goes", state="absent").changed
    for path in (f"/deployments/{deployment['id']}", f"/flow_runs/{run['id']}"):
        with pytest.raises(urllib.error.HTTPError) as gone:
            plain.ask("GET", path)
        gone.value.close()
        assert gone.value.code == 404


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_awkward_names(secured: Server, name: str) -> None:
    assert proven(secured, "flow", name=name, tags=[name]).changed
    assert proven(secured, "flow", name=name, state="absent").changed


@pytest.mark.parametrize("name", ["", "a/b", "50%", "<a>", "a&b", "a\nb", "a\0b", "a\ud800"])
def test_names_the_server_refuses_or_cannot_find_again(plain: Server, name: str) -> None:
    with pytest.raises(InputError, match="^name must not"):
        apply(plain, "flow", name=name)


def test_through_ansible(plain: Server, playbook: Playbook) -> None:
    results = playbook(
        {**plain.defaults, "name": "through ansible"},
        task("check", "flow", tags=["a"], on_check_mode=True),
        task("make", "flow", tags=["a"]),
        task("again", "flow", tags=["a"]),
        task("absent", "flow", state="absent"),
    )
    assert [result["changed"] for result in results.values()] == [True, True, False, True]
    assert results["check"]["diff"] == results["make"]["diff"]
