# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module global_concurrency_limit_info."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import Exchange, ScriptedServer


def test_limits_of_tags_and_deployments_are_not_global_ones(server: ScriptedServer, run_module: RunModule) -> None:
    found = [{"id": name, "name": name} for name in ("a", "deployment:1", "tag:a")]
    server.expect(Exchange("POST", "/v2/concurrency_limits/filter", body=found))
    answer = run_module("global_concurrency_limit_info", api_url=server.url)
    assert answer["global_concurrency_limits"] == found[:1]
