#ifndef CF_PRIM_SIMD_H
#define CF_PRIM_SIMD_H

/* CF_SIMD before a loop's function: compiled for several instruction sets, chosen when the
 * program starts.  All of them do the same operations in the same order, so the results are the
 * same bits. */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__)
#define CF_SIMD __attribute__((target_clones("avx2", "default")))
#else
#define CF_SIMD
#endif

#endif
