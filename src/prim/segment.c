#include "prim/segment.h"

#include "prim/simd.h"

void cf_prim_parents(int32_t *restrict out, const int32_t *restrict offsets, size_t lists) {
    for (size_t p = 0; p < lists; p++)
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            out[i] = (int32_t)p;
}

CF_SIMD void cf_prim_offsets_through(int32_t *restrict out, const int32_t *restrict outer,
                                     const int32_t *restrict inner, size_t lists) {
    for (size_t p = 0; p <= lists; p++)
        out[p] = inner[outer[p]];
}

/* --- keeping rows --- */

/* The store is unconditional; only the cursor depends on the data, so nothing mispredicts. */
static size_t select_plain(int32_t *restrict index, const uint8_t *restrict mask, size_t n) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        index[k] = (int32_t)i;
        k += mask[i];
    }
    return k;
}

static size_t select_counted(int32_t *restrict index, int32_t *restrict before,
                             const uint8_t *restrict mask, size_t n) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        index[k] = (int32_t)i;
        before[i] = (int32_t)k;
        k += mask[i];
    }
    before[n] = (int32_t)k;
    return k;
}

static size_t select_valid(int32_t *restrict index, int32_t *restrict before,
                           const uint8_t *restrict mask, const uint8_t *restrict valid,
                           size_t n) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        index[k] = (int32_t)i;
        if (before != NULL) before[i] = (int32_t)k;
        k += mask[i] & valid[i];
    }
    if (before != NULL) before[n] = (int32_t)k;
    return k;
}

size_t cf_prim_select(int32_t *index, int32_t *before, const uint8_t *mask,
                      const uint8_t *valid, size_t n) {
    if (valid != NULL) return select_valid(index, before, mask, valid, n);
    if (before != NULL) return select_counted(index, before, mask, n);
    return select_plain(index, mask, n);
}

/* --- how long --- */

__extension__ typedef __int128 wide_int;

/* n over k for k <= 4 and n below 2^31; above 2^62 it is cut there, which is too many anyway.
 */
static int64_t choose(int64_t n, unsigned k) {
    if (n < (int64_t)k) return 0;
    wide_int ways = 1;
    for (unsigned i = 0; i < k; i++)
        ways = ways * (n - i) / (i + 1);
    return ways > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)ways;
}

int64_t cf_prim_combine_offsets(int32_t *restrict out, const int32_t *restrict offsets,
                                size_t lists, unsigned k) {
    int64_t total = 0;
    out[0] = 0;
    for (size_t p = 0; p < lists; p++) {
        total += choose(offsets[p + 1] - offsets[p], k);
        if (total > INT32_MAX) return -1;
        out[p + 1] = (int32_t)total;
    }
    return total;
}

int64_t cf_prim_cross_offsets(int32_t *restrict out, const int32_t *restrict x,
                              const int32_t *restrict y, size_t lists) {
    int64_t total = 0;
    out[0] = 0;
    for (size_t p = 0; p < lists; p++) {
        total += (int64_t)(x[p + 1] - x[p]) * (y[p + 1] - y[p]);
        if (total > INT32_MAX) return -1;
        out[p + 1] = (int32_t)total;
    }
    return total;
}

int64_t cf_prim_regather_offsets(int32_t *restrict out, const int32_t *restrict offsets,
                                 const int32_t *restrict index, size_t lists) {
    int64_t total = 0;
    out[0] = 0;
    for (size_t p = 0; p < lists; p++) {
        const int32_t q = index[p];
        if (q >= 0) total += offsets[q + 1] - offsets[q];
        if (total > INT32_MAX) return -1;
        out[p + 1] = (int32_t)total;
    }
    return total;
}

/* --- which rows --- */

void cf_prim_pairs(int32_t *restrict a, int32_t *restrict b, const int32_t *restrict offsets,
                   size_t lists) {
    size_t at = 0;
    for (size_t p = 0; p < lists; p++)
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            for (int32_t j = i + 1; j < offsets[p + 1]; j++, at++) {
                a[at] = i;
                b[at] = j;
            }
}

void cf_prim_triplets(int32_t *restrict a, int32_t *restrict b, int32_t *restrict c,
                      const int32_t *restrict offsets, size_t lists) {
    size_t at = 0;
    for (size_t p = 0; p < lists; p++)
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            for (int32_t j = i + 1; j < offsets[p + 1]; j++)
                for (int32_t k = j + 1; k < offsets[p + 1]; k++, at++) {
                    a[at] = i;
                    b[at] = j;
                    c[at] = k;
                }
}

void cf_prim_quadruplets(int32_t *restrict a, int32_t *restrict b, int32_t *restrict c,
                         int32_t *restrict d, const int32_t *restrict offsets, size_t lists) {
    size_t at = 0;
    for (size_t p = 0; p < lists; p++)
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            for (int32_t j = i + 1; j < offsets[p + 1]; j++)
                for (int32_t k = j + 1; k < offsets[p + 1]; k++)
                    for (int32_t l = k + 1; l < offsets[p + 1]; l++, at++) {
                        a[at] = i;
                        b[at] = j;
                        c[at] = k;
                        d[at] = l;
                    }
}

void cf_prim_cross(int32_t *restrict a, int32_t *restrict b, const int32_t *restrict x,
                   const int32_t *restrict y, size_t lists) {
    size_t at = 0;
    for (size_t p = 0; p < lists; p++)
        for (int32_t i = x[p]; i < x[p + 1]; i++)
            for (int32_t j = y[p]; j < y[p + 1]; j++, at++) {
                a[at] = i;
                b[at] = j;
            }
}

void cf_prim_regather(int32_t *restrict out, const int32_t *restrict offsets,
                      const int32_t *restrict index, size_t lists) {
    size_t at = 0;
    for (size_t p = 0; p < lists; p++) {
        if (index[p] < 0) continue;
        for (int32_t i = offsets[index[p]]; i < offsets[index[p] + 1]; i++)
            out[at++] = i;
    }
}
