# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flow for tests that ends as it is told, deployed without any code in the worker's image."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Server

SOURCE = """
import time
from prefect import flow, get_client, get_run_logger

@flow(name="ends", persist_result=True)
def ends(end: str = "well") -> str:
    get_run_logger().info("it ends with: %s", end)
    if end == "fail":
        raise ValueError("as it was told")
    if end == "sleep":
        time.sleep(300)
    if end.startswith("after the pause of "):
        with get_client(sync_client=True) as client:
            while not client.read_work_pool(end.removeprefix("after the pause of ")).is_paused:
                time.sleep(0.3)
        time.sleep(1)
    return end
"""

_WRITE = (
    "import os, pathlib, tempfile; directory = pathlib.Path(tempfile.mkdtemp());"
    " (directory / 'ends.py').write_text(os.environ['ENDS_SOURCE']); print(directory)"
)


def deploy(server: Server, work_pool: str, name: str = "told") -> str:
    """Deploy the flow in a work pool and return it as flow/deployment."""
    flow = server.ask("POST", "/flows/", {"name": "ends"})
    script = {"id": "source", "script": f'python3 -c "{_WRITE}"', "env": {"ENDS_SOURCE": SOURCE}}
    steps = [
        {"prefect.deployments.steps.run_shell_script": script},
        {"prefect.deployments.steps.set_working_directory": {"directory": "{{ source.stdout }}"}},
    ]
    server.ask(
        "POST",
        "/deployments/",
        {
            "name": name,
            "flow_id": flow["id"],
            "work_pool_name": work_pool,
            "entrypoint": "ends.py:ends",
            "pull_steps": steps,
            "parameter_openapi_schema": {"type": "object", "properties": {"end": {"type": "string"}}},
            "enforce_parameter_schema": True,
        },
    )
    return f"ends/{name}"
