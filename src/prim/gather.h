#ifndef CF_PRIM_GATHER_H
#define CF_PRIM_GATHER_H

/* Moving values of 1, 2, 4, 8 or 16 bytes, whatever they mean.  out never overlaps the inputs.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* out[i] = x[index[i]]; every index is a row of x. */
void cf_prim_take(void *out, const void *x, size_t size, const int32_t *index, size_t n);
/* The same where index -1 gives zero bytes; x has at least one row. */
void cf_prim_take_or_zero(void *out, const void *x, size_t size, const int32_t *index,
                          size_t n);
/* valid[i] = index[i] >= 0 and x_valid (NULL: all) says so there. */
void cf_prim_take_valid(uint8_t *valid, const uint8_t *x_valid, const int32_t *index, size_t n);
bool cf_prim_any_negative(const int32_t *index, size_t n);

/* out[offsets[p] .. offsets[p + 1]) = x[p] for all p < n: a value of an outer row, for its
 * rows. */
void cf_prim_spread(void *out, const void *x, size_t size, const int32_t *offsets, size_t n);
/* out[i] = sources[source[i]][row[i]]; a source with step 0 has one value for all rows, else
 * step 1. */
void cf_prim_merge(void *out, const void *const *sources, const uint8_t *steps, size_t size,
                   const int32_t *source, const int32_t *row, size_t n);
/* out[i * count + k] = sources[k][i], steps as above: columns become rows of `count`. */
void cf_prim_interleave(void *out, const void *const *sources, const uint8_t *steps,
                        size_t size, size_t count, size_t n);
/* n copies of one value. */
void cf_prim_fill(void *out, const void *value, size_t size, size_t n);

#endif
