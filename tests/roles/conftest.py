# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack that the tests of the roles share. It is deployed once, with secrets that are easy to find again."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import Deployment, remove_everything
from ansible_collections.selfhosted.prefect.tests.roles.witness import AUTH_STRING, PASSWORD, Processes, Witnessed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what talks to a real server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session", autouse=True)
def clean_engine() -> t.Iterator[None]:
    """Leave nothing of these tests on the engine, not even of a run that was killed."""
    docker("version")
    remove_everything()
    yield
    remove_everything()


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Witnessed:
    """Deploy and verify a stack with authentication, under the eyes of those who look for secrets."""
    stack = Deployment(
        tmp_path_factory.mktemp("stack"),
        prefect_database_password=PASSWORD,
        prefect_server_api_auth_string=AUTH_STRING,
        prefect_worker_api_auth_string="{{ prefect_server_api_auth_string }}",
        prefect_server_environment={"PREFECT_LOGGING_SERVER_LEVEL": "INFO"},
        # A flow run's container stays, so that it can be looked at.
        prefect_worker_pool_job_variables={"auto_remove": False},
    )
    # As most people have it: what a module is told passes through a file.
    stack.environment["ANSIBLE_PIPELINING"] = "false"
    with Processes() as processes:
        site = stack.playbook("site", "-vvv", "--diff").succeeded()
        verify = stack.playbook("verify", "-vvv", "--diff").succeeded()
    del stack.environment["ANSIBLE_PIPELINING"]
    return Witnessed(stack, site, verify, processes.command_lines)


@pytest.fixture
def stack(deployed: Witnessed) -> Deployment:
    """Give the deployed stack."""
    return deployed.stack
