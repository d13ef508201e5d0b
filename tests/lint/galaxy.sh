#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Imports a collection's tarball the way Galaxy does; any warning or error fails.
#
# usage: galaxy.sh TARBALL
set -euo pipefail

tarball=$(realpath "${1:?usage: galaxy.sh TARBALL}")
# It leaves its result in the current directory.
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
log=$(python -m galaxy_importer.main "$tarball" 2>&1) || { echo "$log"; exit 1; }
echo "$log"
if grep --quiet --extended-regexp '^(WARNING|ERROR|CRITICAL)' <<<"$log"; then
  echo "galaxy-importer: see the warnings above" >&2
  exit 1
fi
grep --quiet 'processing completed successfully' <<<"$log"
