# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that Prefect would ignore, or not start with, are refused before a running container is touched."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.tests.roles.deployment import Deployment, Run, Variables, snapshot

SECRET = "Zk9settingSecret"

CASES: dict[str, tuple[str, Variables, tuple[str, ...]]] = {
    "misspelt": (
        "server",
        {"prefect_server_environment": {"PREFECT_LOGING_LEVEL": "INFO", "PREFECT_SERVER_DATABASE_ECO": True}},
        (
            "PREFECT_LOGING_LEVEL (did you mean PREFECT_LOGGING_LEVEL?)",
            "PREFECT_SERVER_DATABASE_ECO (did you mean PREFECT_SERVER_DATABASE_ECHO?)",
            "would ignore them",
            "prefect_server_extra_settings",
        ),
    ),
    "misspelt-in-the-container": (
        "server",
        {"prefect_server_container": {"env": {"PREFECT_LOGING_LEVEL": "INFO"}}},
        ("PREFECT_LOGING_LEVEL (did you mean PREFECT_LOGGING_LEVEL?)", "would ignore it"),
    ),
    "wrong-values": (
        "server",
        {
            "prefect_server_environment": {
                "PREFECT_API_REQUEST_TIMEOUT": SECRET,
                "PREFECT_CLIENT_CUSTOM_HEADERS": f"{{{SECRET}",
            }
        },
        (
            "would not start",
            "PREFECT_API_REQUEST_TIMEOUT: Input should be a valid number",
            "PREFECT_CLIENT_CUSTOM_HEADERS: it must be JSON",
        ),
    ),
    "of-a-worker": (
        "worker",
        {"prefect_worker_environment": {"PREFECT_API_REQEST_TIMEOUT": 30}},
        ("PREFECT_API_REQEST_TIMEOUT (did you mean PREFECT_API_REQUEST_TIMEOUT?)", "prefect_worker_extra_settings"),
    ),
}


@pytest.fixture(scope="module")
def runs(deployed: object) -> dict[str, Run]:
    """Run the roles with all cases side by side, and see to it that nothing is changed."""
    stack: Deployment = deployed.stack  # type: ignore[attr-defined]
    before = snapshot()
    cases = {name: (role, changes) for name, (role, changes, _words) in CASES.items()}
    found = stack.roles(cases)
    assert snapshot() == before
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_setting_that_would_do_nothing_or_harm_is_refused(runs: dict[str, Run], name: str) -> None:
    message = runs[name].refused()
    for word in CASES[name][2]:
        assert word in message, message
    assert SECRET not in runs[name].output


def test_what_something_else_reads_and_what_integrations_know_passes(stack: Deployment) -> None:
    environment = {"PREFECT_OURS": "x", "PREFECT_DOCKER_MODE": True, "PREFECT_UI_URL": "http://example.org"}
    run = stack.role(
        "server", "--check", prefect_server_environment=environment, prefect_server_extra_settings=["PREFECT_OURS"]
    )
    assert "Run" not in run.succeeded().message
