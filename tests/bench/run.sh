#!/usr/bin/env bash
# The ADL benchmark beside RDataFrame and DuckDB; arguments go to adl.py (see README.md).
# What it needs from Python, ROOT included, is installed into .venv-bench once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

packages=(root==0.1a12 numpy pyarrow duckdb)
venv=.venv-bench

have='import duckdb, importlib.util, numpy, pyarrow; assert importlib.util.find_spec("ROOT")'
if ! "$venv/bin/python" -c "$have" 2>/dev/null; then
    echo "installing ${packages[*]} into $venv" >&2
    python3 -m venv "$venv"
    echo '*' >"$venv/.gitignore"
    "$venv/bin/pip" install -q "${packages[@]}"
fi
exec "$venv/bin/python" tests/bench/adl.py "$@"
