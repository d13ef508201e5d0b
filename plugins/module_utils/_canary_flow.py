# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The canary's flow, as the text that a deployment's pull steps write to a file (private: not for use outside this
collection).

The text must not hold two braces in a row: Prefect would read them as a placeholder.
"""

from __future__ import annotations

FLOW_NAME = "selfhosted-canary"
TASK_RUNS = 2
ENTRYPOINT = "canary.py:canary"

SOURCE = '''\
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows that flow runs, task runs, their results and their logs work. Changes nothing."""

import pathlib
import shutil
import tempfile

from prefect import flow, get_run_logger, task
from prefect.runtime import flow_run


@task
def add(left: int, right: int) -> int:
    return left + right


@task
def double(value: int) -> int:
    return value * 2


@flow(name="selfhosted-canary")
def canary() -> int:
    answer = double(add(19, 2))
    if answer != 42:
        raise RuntimeError("the canary's tasks answered " + str(answer) + " instead of 42")
    get_run_logger().info("canary %s sings: %s", flow_run.id, answer)
    here = pathlib.Path(__file__).resolve().parent
    if here.name.startswith("selfhosted-canary-") and here.parent == pathlib.Path(tempfile.gettempdir()).resolve():
        shutil.rmtree(here, ignore_errors=True)
    return answer
'''

_WRITE = (
    "import os, pathlib, tempfile;"
    " directory = pathlib.Path(tempfile.mkdtemp(prefix='selfhosted-canary-'));"
    " (directory / 'canary.py').write_text(os.environ['SELFHOSTED_CANARY_SOURCE']);"
    " print(directory)"
)

PULL_STEPS = [
    {
        "prefect.deployments.steps.run_shell_script": {
            "id": "source",
            "script": f'python3 -c "{_WRITE}"',
            "env": {"SELFHOSTED_CANARY_SOURCE": SOURCE},
            "stream_output": False,
        }
    },
    {"prefect.deployments.steps.set_working_directory": {"directory": "{{ source.stdout }}"}},
]
"""What a flow run does first: write the flow into a directory of its own, and go there. Needs no code in the image."""


def song(flow_run_id: str) -> str:
    """Return the log line that only this flow run writes."""
    return f"canary {flow_run_id} sings: 42"
