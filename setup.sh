#!/usr/bin/env bash
# One door for people and machines:
#   ./setup.sh demo              builds and runs an analysis of the events in this repository
#   ./setup.sh install [PREFIX]  builds for use and installs (default ~/.local)
#   ./setup.sh test [PRESET...]  everything that must hold before a change lands (dev tiny release)
#   ./setup.sh night             what takes longer: data races, fuzzers
# What is missing on a Debian machine is installed by apt.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

build_packages=(build-essential cmake ninja-build pkg-config libreadline-dev libdeflate-dev liblz4-dev
    libzstd-dev liblzma-dev libsnappy-dev libbrotli-dev libjansson-dev libsleef-dev libzmq3-dev libssl-dev)
run_packages=(libcairo2 fonts-dejavu-core) # pictures of plots; without them there are none
test_packages=(python3 python3-venv clang clang-format clang-tidy libclang-rt-14-dev codespell chromium libhdf5-103-1
    libxgboost0)
python_packages=(pexpect==4.9.0 pyarrow duckdb uproot numpy
    altair==5.5.0 jsonschema==4.26.0 vl-convert-python
    jupyter_kernel_test==0.7.0 jupyter_client pyzmq nbformat nbclient nbval papermill nbconvert
    jupyter_console jupyterlab==4.* playwright onnx onnxruntime)
jobs=$(nproc 2>/dev/null || echo 2)
passed=0 failed=0 skipped=0

say() { printf '\n== %s\n' "$*"; }

# Quiet unless it fails.
quietly() {
    local log
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 60 "$log"
    rm -f "$log"
    return 1
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

need() {
    local missing=() package as_root=()
    command -v dpkg-query >/dev/null || return 0 # no Debian: cmake says what it does not find
    for package; do installed "$package" || missing+=("$package"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    quietly "${as_root[@]}" apt-get update -q
    quietly "${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" || {
        echo "cannot install: ${missing[*]}"
        exit 1
    }
}

need_python() {
    [ -x .venv/bin/python ] && .venv/bin/python -c 'import pexpect, pyarrow, duckdb, uproot, numpy, altair, vl_convert, jupyter_kernel_test,
        nbformat, nbclient, nbval, papermill, nbconvert, jupyter_console, jupyterlab, playwright, onnx, onnxruntime' 2>/dev/null && return
    say "installing ${python_packages[*]} into .venv"
    quietly python3 -m venv .venv && quietly .venv/bin/pip install -q "${python_packages[@]}" || {
        echo "cannot make .venv"
        exit 1
    }
}

build() { # PRESET [TARGET]
    say "building $1"
    quietly cmake --preset "$1" && quietly cmake --build --preset "$1" -j "$jobs" ${2:+--target "$2"}
}

step() { # NAME COMMAND...: counts one check
    local name=$1
    shift
    say "$name"
    if "$@"; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "FAILED: $name"
    fi
}

run_ctest() { # PRESET ARGUMENT...: counts its tests
    local preset=$1 log summary bad all left
    shift
    log=build/$preset/ctest.log
    say "testing $preset"
    ctest --preset "$preset" -j "$jobs" "$@" 2>&1 | tee "$log" | grep -vE '^ *[0-9]+/[0-9]+ Test +#[0-9]+: .* Passed|^ +Start +[0-9]+:'
    summary=$(grep -E 'tests passed, [0-9]+ tests? failed out of [0-9]+' "$log")
    bad=$(sed -E 's/.*passed, ([0-9]+) tests? failed.*/\1/' <<<"$summary")
    all=$(sed -E 's/.*out of ([0-9]+).*/\1/' <<<"$summary")
    left=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#[0-9]+: .*\*\*\*Skipped' "$log")
    if [ -z "$summary" ]; then
        failed=$((failed + 1))
        return
    fi
    passed=$((passed + all - bad - left)) failed=$((failed + bad)) skipped=$((skipped + left))
}

suite() { # PRESET ARGUMENT...
    if build "$1"; then run_ctest "$@"; else
        failed=$((failed + 1))
        echo "FAILED: building $1"
    fi
}

run_tidy() { # shallow|deep: how far the analyzer looks; deep takes ten times as long
    local tool=run-clang-tidy
    command -v $tool >/dev/null || tool=run-clang-tidy-14
    [ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null || return 1
    $tool -quiet -p build/dev -j "$jobs" -extra-arg=-Wno-unknown-warning-option -extra-arg=-Xclang \
        -extra-arg=-analyzer-config -extra-arg=-Xclang -extra-arg=mode="$1" '/(src|kernel)/.*\.c$' \
        >build/tidy.log 2>/dev/null && return
    sed 's/\x1b\[[0-9;]*m//g' build/tidy.log | grep -E ' (warning|error): ' | sort -u | head -n 100
    return 1
}

finish() {
    [ "$skipped" = 0 ] || echo "$skipped skipped"
    if [ -n "${CI:-}" ] && [ "$skipped" != 0 ]; then
        echo "here nothing may be skipped"
        failed=$((failed + skipped))
    fi
    printf '\n%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
}

find_corpus() {
    export CUTFLOW_CORPUS=${CUTFLOW_CORPUS:-$PWD/../shared/data}
    [ -d "$CUTFLOW_CORPUS" ] && return
    echo "no test data at $CUTFLOW_CORPUS: set CUTFLOW_CORPUS to have all tests"
    [ -z "${CI:-}" ] || exit 1
}

do_test() {
    local preset
    need "${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}"
    need_python
    find_corpus
    [ $# -gt 0 ] || set -- dev tiny release
    for preset; do
        # chunks of three rows concern what computes; the front ends were tested before
        if [ "$preset" = tiny ]; then suite tiny -E '^(kernel|notebook|browser|tidy)[.]|^unit[.](nn|notebook|repl|cli)[.]|dl_notebooks'
        else suite "$preset"; fi
    done
    step "format" sh tests/format.sh
    step "clang-tidy" run_tidy shallow
    finish
}

fuzz_all() { # each for FUZZ_SECONDS; the seeds grow below build/
    local fuzzer name seeds bad=0
    for fuzzer in build/fuzz/tests/fuzz_*; do
        [ -f "$fuzzer" ] && [ -x "$fuzzer" ] || continue
        name=${fuzzer##*/fuzz_} seeds=tests/fuzz/seeds/$name
        [ -d "$seeds" ] || seeds=tests/fuzz/seeds/text
        say "fuzzing $name for ${FUZZ_SECONDS:-120} s"
        mkdir -p "build/fuzz/found/$name"
        "$fuzzer" -max_total_time="${FUZZ_SECONDS:-120}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
            -artifact_prefix="build/fuzz/found/" "build/fuzz/found/$name" "$seeds" \
            >"build/fuzz/$name.log" 2>&1 && passed=$((passed + 1)) && tail -n 3 "build/fuzz/$name.log" && continue
        failed=$((failed + 1)) bad=1
        tail -n 40 "build/fuzz/$name.log"
    done
    return $bad
}

do_night() {
    need "${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}"
    need_python
    find_corpus
    suite tsan -E '^tidy'
    build dev && step "clang-tidy, deep" run_tidy deep
    if build fuzz; then fuzz_all; else failed=$((failed + 1)); fi
    finish
}

do_install() {
    local prefix=${1:-$HOME/.local}
    need "${build_packages[@]}" "${run_packages[@]}"
    say "building for use"
    quietly cmake -S . -B build/install -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCF_TESTS=OFF &&
        quietly cmake --build build/install -j "$jobs" &&
        quietly cmake --install build/install --prefix "$prefix" --strip || exit 1
    echo "installed $prefix/bin/cutflow"
    case ":$PATH:" in *":$prefix/bin:"*) ;; *) echo "$prefix/bin is not in PATH" ;; esac
}

do_demo() {
    need "${build_packages[@]}" "${run_packages[@]}"
    build release cutflow || exit 1
    say "docs/demo.cf"
    cat docs/demo.cf
    say "what it shows"
    build/release/cutflow docs/demo.cf --format box
}

case ${1:-} in
demo) do_demo ;;
test) do_test "${@:2}" ;;
night) do_night ;;
install) do_install "${2:-}" ;;
*)
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
