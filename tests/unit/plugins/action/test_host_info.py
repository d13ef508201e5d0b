# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin host_info: what is known of a host's clock."""

from __future__ import annotations

import time
import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader

from ansible_collections.selfhosted.prefect.plugins.action.host_info import ActionModule, bounds


@pytest.mark.parametrize("offset", [0.0, 120.0, -3600.0, 0.3])
@pytest.mark.parametrize("moment", [0.0, 0.5, 1.0])
def test_the_true_offset_lies_between_the_bounds(offset: float, moment: float) -> None:
    # A task of two seconds that looks at the clock at its beginning, in its middle or at its end.
    clock = bounds(1000.0, 1000.0 + 2.0 * moment + offset, 1002.0)
    assert clock["offset_min"] <= offset <= clock["offset_max"]
    assert clock["offset_max"] - clock["offset_min"] == pytest.approx(2.0)
    assert clock["offset"] == pytest.approx((clock["offset_min"] + clock["offset_max"]) / 2)


def run(monkeypatch: pytest.MonkeyPatch, module: t.Callable[..., dict[str, t.Any]]) -> dict[str, t.Any]:
    context = PlayContext()
    loader = DataLoader()
    plugin = ActionModule(Task(), connection_loader.get("local", context), context, loader, None)
    monkeypatch.setattr(plugin, "_execute_module", module)
    return plugin.run(task_vars={})


def test_a_module_that_takes_long_widens_the_bounds_and_does_not_shift_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def module(**_arguments: t.Any) -> dict[str, t.Any]:
        shown = time.time() + 60
        time.sleep(0.3)
        return {"changed": False, "clock": {"time": shown}, "memory": {"total_mib": 1}}

    result = run(monkeypatch, module)
    assert result["memory"] == {"total_mib": 1}
    assert result["clock"]["offset_min"] <= 60 <= result["clock"]["offset_max"]
    assert 0.29 <= result["clock"]["offset_max"] - result["clock"]["offset_min"] < 5


def test_a_module_that_fails_is_passed_on_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, lambda **_arguments: {"failed": True, "msg": "no Python"})
    assert (result["failed"], result["msg"]) == (True, "no Python")
    assert "clock" not in result
