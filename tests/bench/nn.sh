#!/bin/sh
# Builds and runs nn_bench.c.  Usage: tests/bench/nn.sh [threads]   (BUILD=<folder of a release build>)
set -e
cd "$(dirname "$0")/../.."
build=${BUILD:-build/release}
cmake --build "$build" --target cf_nn cf_prim cf_base
${CC:-cc} -std=c17 -O2 -D_POSIX_C_SOURCE=200809L -Isrc -Iinclude -o "$build/nn_bench" tests/bench/nn_bench.c \
    "$build/libcf_nn.a" "$build/libcf_prim.a" "$build/libcf_base.a" -ljansson -lm -lpthread -ldl
# OpenBLAS 0.3.21 does not know new processors and takes its AVX2 kernels there
OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=${CORETYPE:-SkylakeX} "$build/nn_bench" "$@"
