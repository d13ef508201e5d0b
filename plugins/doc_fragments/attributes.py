# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules of this collection support."""

from __future__ import annotations


class ModuleDocFragment:
    """What the modules of this collection support."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what would happen, without changing anything.
    support: full
  diff_mode:
    description: Returns what changed, or in check mode would change, when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row with the same options, the second run changes nothing.
    support: full
  action_group:
    description: Options common to the modules of the group C(selfhosted.prefect.prefect) can be set once with
      C(module_defaults).
    support: full
    membership:
      - selfhosted.prefect.prefect
"""
