#ifndef CF_PRIM_SORT_H
#define CF_PRIM_SORT_H

/* Stable sorting of rows by keys that were made into uint64 numbers first: the smaller number
 * comes first.  The number says it all: direction, NaN and null last. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NaN after every number, null (valid 0; NULL: none) after NaN, in both directions; -0 is 0. */
void cf_prim_order_f64(uint64_t *out, const double *x, const uint8_t *valid, bool descending,
                       size_t n);
/* Nulls count as zero: a key of their own (order_null) must come before this one. */
void cf_prim_order_i64(uint64_t *out, const int64_t *x, bool descending, size_t n);
void cf_prim_order_u8(uint64_t *out, const uint8_t *x, bool descending, size_t n);
void cf_prim_order_null(uint64_t *out, const uint8_t *valid, size_t n);

typedef enum { CF_SORT_DONE, CF_SORT_NO_MEMORY, CF_SORT_STOPPED } cf_sort_status;

/* index[offsets[p] .. offsets[p + 1]) = the rows of list p in order.  keys[0] weighs most.
 * stop (may be NULL) is looked at now and then. */
cf_sort_status cf_prim_sort_lists(int32_t *index, const uint64_t *const *keys, size_t key_count,
                                  const int32_t *offsets, size_t lists,
                                  const _Atomic bool *stop);

/* Sorts index[0..n) by any order: less(user, a, b) says whether row a comes before row b. */
typedef bool cf_less_fn(const void *user, int32_t a, int32_t b);
cf_sort_status cf_prim_sort_by(int32_t *index, size_t n, cf_less_fn *less, const void *user,
                               const _Atomic bool *stop);

#endif
