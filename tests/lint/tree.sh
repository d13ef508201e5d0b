#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Copies the checkout (what git tracks, so that nobody's own settings are published) to TARGET, a folder that
# must end in ansible_collections/selfhosted/prefect: ansible-test and ansible-galaxy want the
# collection at such a path and clean. The copy is a repository of its own, without which
# ansible-test would ask the checkout's, which ignores it. A copy that exists is brought up to
# date; what tests left in its tests/output is kept.
#
# usage: tree.sh TARGET
set -euo pipefail

target=${1:?usage: tree.sh TARGET}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mkdir -p "$target"
[[ -d $target/.git ]] || git init --quiet "$target"
find "$target" -mindepth 1 \( -path "$target/.git" -o -path "$target/tests/output" \) -prune -o \( -type f -o -type l \) -exec rm {} +
# A file deleted but not yet committed is still listed by git: only what exists is copied.
git ls-files -z --cached \
  | while IFS= read -r -d '' file; do
      if [[ -e $file || -L $file ]]; then printf '%s\0' "$file"; fi
    done \
  | tar --create --null --files-from=- --file=- \
  | tar --extract --directory="$target"
find "$target" -mindepth 1 -path "$target/.git" -prune -o -type d -empty -exec rmdir --parents --ignore-fail-on-non-empty {} +
