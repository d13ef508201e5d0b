# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx settings of the reference pages that ``make docs`` renders."""

project = "selfhosted.prefect"
copyright = "2026 The selfhosted.prefect authors"  # noqa: A001  Sphinx's name
extensions = ["sphinx_antsibull_ext"]
html_theme = "alabaster"
html_title = "selfhosted.prefect"
pygments_style = "ansible"
# References to pages of Ansible and other collections stay plain words: resolving them takes the network.
suppress_warnings = ["ref.ref"]
