# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people and clients meet at the public URL: the UI in a real browser, websockets, the proxy."""
