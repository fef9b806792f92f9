#ifndef CF_EXEC_GROUPS_H
#define CF_EXEC_GROUPS_H

/* Groups of equal rows, found as the rows come, numbered in order of first appearance; and
 * values that are kept, one a group. */

#include "exec/bytes.h"
#include "func/func.h"

/* Values of one kind, one after the other. */
typedef struct {
    cf_kind kind;
    size_t count, capacity;
    void *data;     /* TEXT: uint64, where each ends in `bytes` */
    uint8_t *valid; /* NULL: no null yet */
    cf_text bytes;
} cf_store;

cf_store *cf_store_new(cf_kind kind); /* NULL: no memory */
void cf_store_free(cf_store *s);
size_t cf_store_bytes(const cf_store *s);
/* Appends x[rows[i]]; -1 is null. */
cf_status cf_store_add(cf_store *s, const cf_vec *x, const int32_t *rows, size_t count,
                       cf_error *err);
/* All of it as an array: borrowed, or a copy in the arena. */
cf_status cf_store_vec(const cf_store *s, bool copy, cf_arena *arena, cf_vec *out,
                       cf_error *err);
void cf_store_write(const cf_store *s, cf_text *out);
cf_store *cf_store_read(cf_kind kind, size_t count, cf_reader *r);

/* The groups by their keys: whole numbers that are equal for equal values (INT64), or texts. */
typedef struct {
    size_t key_count, count;
    cf_store **keys; /* [key_count] */
    uint64_t *hash;  /* [count] */
    size_t capacity;
    uint32_t *table; /* group + 1; 0: free */
    size_t table_size;
} cf_groups;

cf_groups *cf_groups_new(const cf_kind *kinds, size_t key_count); /* NULL: no memory */
void cf_groups_free(cf_groups *g);
size_t cf_groups_bytes(const cf_groups *g);
/* Finds the group of each row, making new ones: fresh[0 .. *fresh_count) are their rows. */
cf_status cf_groups_add(cf_groups *g, const cf_vec *keys, size_t rows, int32_t *group,
                        int32_t *fresh, size_t *fresh_count, cf_error *err);
/* Adds right's groups: map is which of left's each of them is, fresh those that were new. */
cf_status cf_groups_merge(cf_groups *left, const cf_groups *right, cf_arena *arena,
                          int32_t **map, int32_t **fresh, size_t *fresh_count, cf_error *err);
void cf_groups_write(const cf_groups *g, cf_text *out);
cf_groups *cf_groups_read(const cf_kind *kinds, size_t key_count, cf_reader *r);

#endif
