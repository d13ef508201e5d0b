#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs ansible-test sanity in a copy of the collection, for every Python version that
# ansible-test supports and this machine has.
#
# usage: sanity.sh COPY [ANSIBLE-TEST-OPTION ...]     (COPY as made by tree.sh)
set -euo pipefail

copy=${1:?usage: sanity.sh COPY [ANSIBLE-TEST-OPTION ...]}
shift

# ansible-test starts its environments with a pip bootstrap script that it downloads. Where
# that host is out of reach, the pip that comes with Python does as well: ansible-test takes
# a cached script first, and this one asks the usual package index for the version it wants.
provide_pip_bootstrap() {
  local name=get-pip-$1.py
  local cached=$HOME/.ansible/test/cache/get_pip_${1//./_}.py
  if [[ -e $cached ]]; then
    return
  fi
  if "$python" - "https://ci-files.testing.ansible.com/ansible-test/$name" <<'PY'
import sys
import urllib.request

try:
    urllib.request.urlopen(urllib.request.Request(sys.argv[1], method="HEAD"), timeout=10).close()
except OSError:
    sys.exit(1)
PY
  then
    return
  fi
  echo "$name cannot be downloaded here: ensurepip takes its place in $cached"
  mkdir -p "$(dirname "$cached")"
  cat >"$cached" <<PY
# Stands in for $name: installs pip $1 with the help of ensurepip.
import os
import subprocess
import sys

# ensurepip switches the machine's pip settings off for its process; the install below needs them.
environment = dict(os.environ)

import ensurepip

ensurepip.bootstrap(default_pip=True)
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pip==$1"], env=environment))
PY
}

python=$(command -v python3)
ansible_test=$(command -v ansible-test)
pip_version=$("$(dirname "$ansible_test")/python" -c '
import re
from importlib.resources import files

source = (files("ansible_test") / "_internal" / "python_requirements.py").read_text()
print(re.search("pip=.([0-9.]+).", source).group(1))')
provide_pip_bootstrap "$pip_version"

# The controller is the environment's own Python. Modules are also imported with every other
# version that ansible-test knows and that starts here (a version manager may leave stand-ins
# for versions that do not).
own=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
targets=(--target-python "$own")
for version in $(COLUMNS=200 ansible-test sanity --help 2>/dev/null | sed -n 's/.*python version: \(.*\)/\1/p' | tr -d ','); do
  if [[ $version != "$own" ]] && "python$version" -c 'import ensurepip' 2>/dev/null; then
    targets+=(--target-python "$version")
  fi
done
if [[ $* == *--target-python* ]]; then
  targets=()
fi

cd "$copy"
exec ansible-test sanity --color no --controller "origin:python=venv/$own" "${targets[@]}" "$@"
