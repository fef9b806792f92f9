#include "prim/sort.h"

#include "prim/simd.h"

#include <stdlib.h>
#include <string.h>

/* Short lists by insertion, longer ones by merging, whole tables by radix: least significant
 * digit first, which is stable, digits that are the same everywhere skipped. */

#define INSERTION_MAX 16
#define MERGE_MAX     4096
#define DIGIT_BITS    11
#define DIGITS        (1 << DIGIT_BITS)
#define STOP_EVERY    65536

/* --- numbers that sort like values --- */

#define SIGN (UINT64_C(1) << 63)

CF_SIMD static void order_floats(uint64_t *restrict out, const double *restrict x,
                                 uint64_t flip, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        const double value = x[i] + 0.0; /* -0 + 0 is 0 */
        memcpy(&bits, &value, sizeof bits);
        const uint64_t ordered = bits & SIGN ? ~bits : bits | SIGN;
        out[i] = x[i] == x[i] ? ordered ^ flip : UINT64_MAX - 1;
    }
}

void cf_prim_order_f64(uint64_t *out, const double *x, const uint8_t *valid, bool descending,
                       size_t n) {
    order_floats(out, x, descending ? UINT64_MAX : 0, n);
    if (valid == NULL) return;
    for (size_t i = 0; i < n; i++)
        out[i] = valid[i] ? out[i] : UINT64_MAX;
}

CF_SIMD void cf_prim_order_i64(uint64_t *restrict out, const int64_t *restrict x,
                               bool descending, size_t n) {
    const uint64_t flip = descending ? ~SIGN : SIGN;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint64_t)x[i] ^ flip;
}

CF_SIMD void cf_prim_order_u8(uint64_t *restrict out, const uint8_t *restrict x,
                              bool descending, size_t n) {
    const uint64_t flip = descending ? 255 : 0;
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] ^ flip;
}

CF_SIMD void cf_prim_order_null(uint64_t *restrict out, const uint8_t *restrict valid,
                                size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = valid[i] ^ 1U;
}

/* --- by comparing --- */

typedef struct {
    const uint64_t *const *keys;
    size_t count;
} key_set;

static bool keys_less(const void *user, int32_t a, int32_t b) {
    const key_set *k = user;
    for (size_t i = 0; i < k->count; i++)
        if (k->keys[i][a] != k->keys[i][b]) return k->keys[i][a] < k->keys[i][b];
    return false;
}

static void insertion(int32_t *index, size_t n, cf_less_fn *less, const void *user) {
    for (size_t i = 1; i < n; i++) {
        const int32_t row = index[i];
        size_t at = i;
        for (; at > 0 && less(user, row, index[at - 1]); at--)
            index[at] = index[at - 1];
        index[at] = row;
    }
}

static void merge(int32_t *restrict out, const int32_t *restrict in, size_t middle, size_t n,
                  cf_less_fn *less, const void *user) {
    size_t a = 0, b = middle;
    for (size_t i = 0; i < n; i++) {
        const bool right = a == middle || (b < n && less(user, in[b], in[a]));
        out[i] = right ? in[b++] : in[a++];
    }
}

static bool stopped(const _Atomic bool *stop) {
    return stop != NULL && atomic_load_explicit(stop, memory_order_relaxed);
}

static cf_sort_status merge_sort(int32_t *index, int32_t *scratch, size_t n, cf_less_fn *less,
                                 const void *user, const _Atomic bool *stop) {
    for (size_t i = 0; i < n; i += INSERTION_MAX)
        insertion(index + i, n - i < INSERTION_MAX ? n - i : INSERTION_MAX, less, user);
    int32_t *from = index, *to = scratch;
    for (size_t run = INSERTION_MAX; run < n; run *= 2) {
        for (size_t i = 0; i < n; i += 2 * run) {
            const size_t left = n - i, count = left < 2 * run ? left : 2 * run;
            merge(to + i, from + i, count < run ? count : run, count, less, user);
            if (run >= STOP_EVERY / 2 && stopped(stop)) return CF_SORT_STOPPED;
        }
        int32_t *swap = from;
        from = to;
        to = swap;
        if (n > STOP_EVERY && stopped(stop)) return CF_SORT_STOPPED;
    }
    if (from != index) memcpy(index, from, n * sizeof *index);
    return CF_SORT_DONE;
}

cf_sort_status cf_prim_sort_by(int32_t *index, size_t n, cf_less_fn *less, const void *user,
                               const _Atomic bool *stop) {
    if (n <= INSERTION_MAX) {
        insertion(index, n, less, user);
        return CF_SORT_DONE;
    }
    int32_t *scratch = malloc(n * sizeof *scratch);
    if (scratch == NULL) return CF_SORT_NO_MEMORY;
    const cf_sort_status status = merge_sort(index, scratch, n, less, user, stop);
    free(scratch);
    return status;
}

/* --- by digits --- */

typedef struct {
    uint64_t key;
    int32_t row;
} pair;

static size_t histogram(uint32_t *restrict starts, const pair *restrict p, size_t n,
                        unsigned shift) {
    memset(starts, 0, DIGITS * sizeof *starts);
    for (size_t i = 0; i < n; i++)
        starts[(p[i].key >> shift) & (DIGITS - 1)]++;
    size_t used = 0;
    uint32_t at = 0;
    for (size_t d = 0; d < DIGITS; d++) {
        const uint32_t count = starts[d];
        used += count != 0;
        starts[d] = at;
        at += count;
    }
    return used;
}

/* Sorts by one key; the result is in *p, which changes place with *q. */
static bool radix_key(pair **p, pair **q, size_t n, const _Atomic bool *stop) {
    uint32_t starts[DIGITS];
    for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
        if (stopped(stop)) return false;
        if (histogram(starts, *p, n, shift) < 2) continue;
        pair *restrict to = *q;
        const pair *restrict from = *p;
        for (size_t i = 0; i < n; i++)
            to[starts[(from[i].key >> shift) & (DIGITS - 1)]++] = from[i];
        pair *swap = *p;
        *p = *q;
        *q = swap;
    }
    return true;
}

static cf_sort_status radix_sort(int32_t *index, key_set keys, size_t n,
                                 const _Atomic bool *stop) {
    pair *p = malloc(n * sizeof *p), *q = malloc(n * sizeof *q);
    cf_sort_status status = p != NULL && q != NULL ? CF_SORT_DONE : CF_SORT_NO_MEMORY;
    for (size_t k = keys.count; k-- > 0 && status == CF_SORT_DONE;) {
        for (size_t i = 0; i < n; i++)
            p[i] = (pair){keys.keys[k][index[i]], index[i]};
        if (!radix_key(&p, &q, n, stop)) status = CF_SORT_STOPPED;
        for (size_t i = 0; i < n; i++)
            index[i] = p[i].row;
    }
    free(p);
    free(q);
    return status;
}

/* --- lists --- */

static void insertion_one(int32_t *restrict index, const uint64_t *restrict key, size_t n) {
    for (size_t i = 1; i < n; i++) {
        const int32_t row = index[i];
        size_t at = i;
        for (; at > 0 && key[row] < key[index[at - 1]]; at--)
            index[at] = index[at - 1];
        index[at] = row;
    }
}

static size_t longest(const int32_t *offsets, size_t lists) {
    int32_t longest = 0;
    for (size_t p = 0; p < lists; p++) {
        const int32_t n = offsets[p + 1] - offsets[p];
        if (n > longest) longest = n;
    }
    return (size_t)longest;
}

cf_sort_status cf_prim_sort_lists(int32_t *index, const uint64_t *const *keys, size_t key_count,
                                  const int32_t *offsets, size_t lists,
                                  const _Atomic bool *stop) {
    const key_set set = {keys, key_count};
    const size_t most = longest(offsets, lists);
    int32_t *scratch = NULL;
    if (most > INSERTION_MAX) {
        scratch = malloc((most < MERGE_MAX ? most : MERGE_MAX) * sizeof *scratch);
        if (scratch == NULL) return CF_SORT_NO_MEMORY;
    }
    const int32_t rows = offsets[lists];
    for (int32_t i = 0; i < rows; i++)
        index[i] = i;
    cf_sort_status status = CF_SORT_DONE;
    for (size_t p = 0; p < lists && status == CF_SORT_DONE; p++) {
        int32_t *list = index + offsets[p];
        const size_t n = (size_t)(offsets[p + 1] - offsets[p]);
        if (n <= INSERTION_MAX && key_count == 1)
            insertion_one(list, keys[0], n);
        else if (n <= INSERTION_MAX)
            insertion(list, n, keys_less, &set);
        else if (n <= MERGE_MAX)
            status = merge_sort(list, scratch, n, keys_less, &set, stop);
        else
            status = radix_sort(list, set, n, stop);
        if ((p & 1023) == 1023 && stopped(stop)) status = CF_SORT_STOPPED;
    }
    free(scratch);
    return status;
}
