#!/usr/bin/env bash
# The DL trigger's ingest: Cutflow beside plain Python and numba, and beside bare decompression.  Arguments go to ingest.py.
# What it needs from Python, ROOT included, is installed into .venv-bench once; the corpus is found by CUTFLOW_CORPUS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

packages=(root==0.1a12 numpy pyarrow duckdb uproot awkward numba)
venv=.venv-bench

have='import awkward, importlib.util, numba, numpy, pyarrow, uproot; assert importlib.util.find_spec("ROOT")'
if ! "$venv/bin/python" -c "$have" 2>/dev/null; then
    echo "installing ${packages[*]} into $venv" >&2
    python3 -m venv "$venv"
    echo '*' >"$venv/.gitignore"
    "$venv/bin/pip" install -q "${packages[@]}"
fi
mkdir -p build/bench
${CC:-cc} -std=c17 -O2 -D_POSIX_C_SOURCE=200809L -o build/bench/ingest_floor tests/bench/ingest_floor.c -ldeflate -llz4 -lzstd
exec "$venv/bin/python" tests/bench/ingest.py "$@"
