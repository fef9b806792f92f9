#ifndef CF_PRIM_REDUCE_H
#define CF_PRIM_REDUCE_H

/* A list's rows to one value: list p has the rows offsets[p] .. offsets[p + 1].  Values at null
 * places are zero, so a sum needs no validity. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A sum in eight lanes, lane = the value's ordinal modulo 8: however the values were cut into
 * calls, the same additions are made.  Start from zero. */
typedef struct {
    double lane[8];
    uint64_t ordinal;
} cf_lanes;

void cf_prim_lanes_add(cf_lanes *lanes, const double *x, size_t n);
double cf_prim_lanes_sum(const cf_lanes *lanes);
/* Lanes of (x - shift) squared; rows that are not valid (NULL: all are) add zero. */
void cf_prim_lanes_add_squares(cf_lanes *lanes, const double *x, const uint8_t *valid,
                               double shift, size_t n);
void cf_prim_lanes_add_shifted(cf_lanes *lanes, const double *x, const uint8_t *valid,
                               double shift, size_t n);

void cf_prim_sums_f64(double *out, const double *x, const int32_t *offsets, size_t lists);
/* False: a sum does not fit; *bad is its list. */
bool cf_prim_sums_i64(int64_t *out, const int64_t *x, const int32_t *offsets, size_t lists,
                      size_t *bad);
void cf_prim_counts_u8(int64_t *out, const uint8_t *x, const int32_t *offsets, size_t lists);
void cf_prim_lengths(int64_t *out, const int32_t *offsets, size_t lists);
int64_t cf_prim_count_u8(const uint8_t *x, size_t n); /* ones */
int64_t cf_prim_count_nan(const double *x, size_t n);

void cf_prim_any(uint8_t *out, const uint8_t *x, const int32_t *offsets, size_t lists);
/* Null counts as true. */
void cf_prim_all(uint8_t *out, const uint8_t *x, const uint8_t *valid, const int32_t *offsets,
                 size_t lists);

/* The first smallest (largest) row of each list among the valid ones (NULL: all), -1 when there
 * is none.  NaN only when there is nothing else. */
void cf_prim_best_row_f64(int32_t *out, const double *x, const uint8_t *valid,
                          const int32_t *offsets, size_t lists, bool largest);
void cf_prim_best_row_i64(int32_t *out, const int64_t *x, const uint8_t *valid,
                          const int32_t *offsets, size_t lists, bool largest);

#endif
