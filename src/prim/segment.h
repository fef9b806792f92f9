#ifndef CF_PRIM_SEGMENT_H
#define CF_PRIM_SEGMENT_H

/* Rows in lists: list p has the rows offsets[p] .. offsets[p + 1].  All offsets start at 0. */

#include <stddef.h>
#include <stdint.h>

/* out[i]: the list that row i is in; out has offsets[lists] entries. */
void cf_prim_parents(int32_t *out, const int32_t *offsets, size_t lists);
/* Offsets of grandchildren in grandparents: out[p] = inner[outer[p]]; p = 0 .. lists. */
void cf_prim_offsets_through(int32_t *out, const int32_t *outer, const int32_t *inner,
                             size_t lists);

/* Keeps the rows with a true mask and valid (NULL: all): index[k] is the k-th such row.  index
 * has room for n rows.  before (may be NULL): [n + 1] kept rows before each row. */
size_t cf_prim_select(int32_t *index, int32_t *before, const uint8_t *mask,
                      const uint8_t *valid, size_t n);

/* Offsets of lists made from lists, or -1 when the total is above INT32_MAX; else the total. */
int64_t cf_prim_combine_offsets(int32_t *out, const int32_t *offsets, size_t lists, unsigned k);
int64_t cf_prim_cross_offsets(int32_t *out, const int32_t *x, const int32_t *y, size_t lists);
/* List p has the rows of list index[p]; -1: none. */
int64_t cf_prim_regather_offsets(int32_t *out, const int32_t *offsets, const int32_t *index,
                                 size_t lists);

/* The index arrays that go with them. */
void cf_prim_pairs(int32_t *a, int32_t *b, const int32_t *offsets, size_t lists);
void cf_prim_triplets(int32_t *a, int32_t *b, int32_t *c, const int32_t *offsets, size_t lists);
void cf_prim_quadruplets(int32_t *a, int32_t *b, int32_t *c, int32_t *d, const int32_t *offsets,
                         size_t lists);
void cf_prim_cross(int32_t *a, int32_t *b, const int32_t *x, const int32_t *y, size_t lists);
void cf_prim_regather(int32_t *out, const int32_t *offsets, const int32_t *index, size_t lists);

#endif
