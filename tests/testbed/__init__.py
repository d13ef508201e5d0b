# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests need around them: an engine, images, an image registry and VPS hosts.

This package is the only place that knows about the machine the tests run on:

* **engine** and **product images**: left to ``playbooks/bootstrap.yml``, as for
  a user. An engine that answers is used as it is, and never stopped.
* **registry**: Debian's, in a container, serving the product images under their
  upstream names. The VPS hosts use it as their mirror, so that a role pulls
  ``postgres:15-alpine`` the real way where no registry is within reach.
* **VPS hosts**: containers with systemd and sshd, with or without an engine of
  their own, reached over SSH with a key, as root or as a user with sudo. Each has
  a fixed address in the public network, and in private ones as it is asked to;
  a firewall too. Cables can be pulled, the power cut, the way out taken.

Everything is idempotent. Images carry the hash of what they were built from, so
that they are built once. Names and labels begin with ``sp-``; only what carries
the label is ever stopped or removed, by its id. State (key, host facts, logs)
lies in ``.work/testbed`` of the checkout.

See ``python -m tests.testbed --help``.
"""

from __future__ import annotations

__all__ = ["TestbedError"]

from .machine import TestbedError
