#ifndef CF_PRIM_GROUP_H
#define CF_PRIM_GROUP_H

/* Equal rows in each list.  Keys are uint64 numbers; rows are equal when all their keys are. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NaN equals NaN, -0 equals 0; nulls need a key of their own. */
void cf_prim_equal_f64(uint64_t *out, const double *x, size_t n);

/* Numbers the groups of all lists through, in order of first appearance: group[row] is the
 * row's, first[g] the group's first row (room for a group a row), group_offsets [lists + 1] the
 * groups of each list.  Returns how many groups there are; -1: no memory; -2: stop was set. */
int64_t cf_prim_group(int32_t *group, int32_t *first, int32_t *group_offsets,
                      const uint64_t *const *keys, size_t key_count, const int32_t *offsets,
                      size_t lists, const _Atomic bool *stop);

/* The rows of each group, in order: members of g are rows[member_offsets[g] .. [g + 1]). */
void cf_prim_members(int32_t *rows, int32_t *member_offsets, const int32_t *group, size_t n,
                     size_t groups);

#endif
