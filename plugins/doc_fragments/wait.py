# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that let a module wait until the API is ready."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that let a module wait until the API is ready."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until the API is ready, which means that its server and database work and that it accepts the
        credentials.
      - Wrong credentials, an untrusted certificate and anything that is not Prefect fail at once.
      - Nothing is waited for in check mode.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait at most.
    type: int
    default: 60
"""
