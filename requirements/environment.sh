#!/bin/sh
# Makes .venv with the first Python on the path that Accord runs on.
set -eu
for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
  if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
    if "$python" -m venv .venv; then
      exit 0
    fi
    rm -rf .venv
    echo "$python cannot make a virtual environment. On Debian: apt-get install python3-venv" >&2
    exit 1
  fi
done
echo "Accord needs Python 3.11, 3.12 or 3.13; found: $(python3 --version 2>&1 || true). Or name one: make PYTHON=…" >&2
exit 1
