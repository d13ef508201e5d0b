# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the module of the same name and hold the host's clock against the controller's.

Only the controller can tell when it asked and when it had the answer, and how
long a task takes is not known before. So it notes both, and the host's offset
lies between two bounds that are as far apart as the module took.
"""

from __future__ import annotations

import time
import typing as t

from ansible.plugins.action import ActionBase


def bounds(before: float, host: float, after: float) -> dict[str, float]:
    """What is known of a clock that showed C(host) at some moment between two times of the controller.

    :returns: Seconds that it is ahead: the lower and the upper bound, and the middle.
    """
    least, most = host - after, host - before
    return {
        "time": round(host, 3),
        "offset": round((least + most) / 2, 3),
        "offset_min": round(least, 3),
        "offset_max": round(most, 3),
    }


class ActionModule(ActionBase):
    """The plugin; its options are documented with the module of the same name."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the module between two looks at the controller's clock."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        before = time.time()
        result.update(self._execute_module(task_vars=task_vars))
        after = time.time()
        if "clock" in result:
            result["clock"] = bounds(before, result["clock"]["time"], after)
        return result
