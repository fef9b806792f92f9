#ifndef CF_EXEC_EVAL_H
#define CF_EXEC_EVAL_H

/* Evaluation by asking: cf_eval_vec computes a value for the rows at hand, after what it needs,
 * and remembers it until the next chunk.  Nothing is computed at a level without rows, so a
 * column whose events were all dropped is never read. */

#include "exec/exec.h"
#include "exec/place.h"

/* The rows of a level. */
typedef struct {
    uint32_t n;
    const int32_t *offsets;  /* [rows of the parent + 1] */
    const int32_t *index[4]; /* NULL: not made yet, or the identity */
    const int32_t *parents;  /* NULL: not made yet */
    const int32_t *group;    /* GROUP: which group each row of X is in; in a pass that finds the
                                groups: known once they were added to the state */
    uint32_t fresh;          /* in such a pass: how many rows in index[0] begin new groups */
    bool identity;           /* row i of the level is row i of what it was made from */
} cf_rows;

typedef struct {
    uint32_t epoch; /* the rest is good while this is the evaluation's */
    union {
        cf_rows rows;
        cf_vec vec;
    } as;
} cf_memo;

typedef struct cf_eval cf_eval;
struct cf_eval {
    const cf_plan *plan;
    const cf_places *places;
    cf_arena *arena; /* the arrays: a chunk's, or of the whole run */
    cf_memo *memo;   /* [node_count + 1] */
    uint32_t epoch;
    const cf_eval *whole; /* in a pass: where the values at UNIT are; NULL: this is it */
    cf_node_stats *stats; /* [node_count + 1]; NULL: not measured */
    int64_t inner_ns;     /* with stats: time spent in what this node asked for */
    const _Atomic bool *stop;
    size_t memory_limit;
    const _Atomic int64_t *kept; /* the whole: bytes that passes keep, which count, too */
    uint32_t depth;              /* nodes that wait for this one */
    struct cf_eval_near *near;   /* lists in cells, for RADIUS */
    cf_error *err;
    /* in a pass */
    cf_cursor *cursor;
    const uint32_t
        *choice; /* [node_count + 1] CONCAT of streams: which of its arguments this branch is */
    int64_t begin, end; /* rows of the partition */
    bool split;         /* failed only because the chunk has too many events */
};

void cf_eval_next_chunk(cf_eval *e, int64_t begin, int64_t end);

cf_status cf_eval_rows(cf_eval *e, cf_id level, const cf_rows **out);
cf_status cf_eval_vec(cf_eval *e, cf_id value, const cf_vec **out);
/* The value for the rows of `level`, at which it is, or at UNIT: then as a constant. */
cf_status cf_eval_arg(cf_eval *e, cf_id value, cf_id level, cf_vec *out);
/* The same as an array, never a constant. */
cf_status cf_eval_array(cf_eval *e, cf_id value, cf_id level, cf_vec *out);

/* --- for the files of this folder --- */

static inline const cf_node *cf_eval_node(const cf_eval *e, cf_id id) {
    return &e->plan->nodes[id];
}

/* Room for count things of that size, 64-byte aligned; NULL after cf_fail. */
void *cf_eval_alloc(cf_eval *e, size_t count, size_t size);
#define CF_EVAL_NEWS(e, type, count) ((type *)cf_eval_alloc((e), (size_t)(count), sizeof(type)))
cf_status cf_eval_no_memory(cf_eval *e);
bool cf_eval_stopped(const cf_eval *e);
cf_status cf_eval_check_stop(cf_eval *e); /* CF_E_CANCELLED when stopped */
/* May a level of so many rows (-1: above 2^31) be made here? */
cf_status cf_eval_check_size(cf_eval *e, cf_id level, int64_t rows);

/* Rows of the level's parent. */
cf_status cf_eval_lists(cf_eval *e, cf_id level, uint32_t *lists);
/* Index array of a level; made if need be. */
cf_status cf_eval_slot(cf_eval *e, cf_id level, unsigned slot, const int32_t **index);
/* Of a CONCAT or CONCATL: which source each row came from, and which row of that it is. */
cf_status cf_eval_sources(cf_eval *e, cf_id level, const int32_t **row, const int32_t **source);
/* Was the value (or level) computed for this chunk already? */
bool cf_eval_is_made(const cf_eval *e, cf_id id);
/* A sum of gathered floats in one pass; *done: it was one, and out is set. */
cf_status cf_eval_gather_sum(cf_eval *e, const cf_node *n, cf_vec *out, bool *done);
/* Offsets of the level's rows in those of an ancestor, other than itself. */
cf_status cf_eval_offsets(cf_eval *e, cf_id level, cf_id ancestor, const int32_t **offsets);
/* Which of its argument a CONCAT or CONCATL of streams stands for in this branch; false: it is
 * no such level. */
bool cf_eval_choice(const cf_eval *e, cf_id level, uint32_t *choice);

/* Is it groups that this pass finds?  Then the level has one row, for all of its members. */
bool cf_eval_is_frame(const cf_eval *e, cf_id level);
/* The group of each row of a level of members. */
cf_status cf_eval_group_rows(cf_eval *e, cf_id level, const int32_t **group);

/* x[index] for an index array; -1 gives null if `holes`. */
cf_status cf_eval_take(cf_eval *e, const cf_vec *x, const int32_t *index, size_t n, bool holes,
                       cf_vec *out);

/* Keys as uint64 numbers: for sorting, or only for equality. */
typedef struct {
    const uint64_t **keys;
    size_t count;
} cf_keys;
cf_status cf_eval_order_keys(cf_eval *e, cf_id level, const cf_id *args, size_t count,
                             uint64_t descending, cf_keys *out);
cf_status cf_eval_equal_keys(cf_eval *e, cf_id level, const cf_id *args, size_t count,
                             cf_keys *out);
cf_status cf_eval_order_key(cf_eval *e, const cf_vec *v, bool descending, cf_keys *keys);
/* Of arrays that are there; appends to keys->keys, which has room for two more. */
cf_status cf_eval_equal_key(cf_eval *e, const cf_vec *v, cf_keys *keys);

/* By operation, each in its file. */
cf_status cf_eval_level_node(cf_eval *e, cf_id id, cf_rows *out);
cf_status cf_eval_value_node(cf_eval *e, cf_id id, cf_vec *out);
void cf_eval_near_free(struct cf_eval_near *near);
cf_status cf_eval_radius(cf_eval *e, cf_id id, cf_rows *out);
cf_status cf_eval_reduce(cf_eval *e, cf_id id, cf_vec *out);
cf_status cf_eval_pick(cf_eval *e, cf_id id, cf_vec *out);
cf_status cf_eval_nth(cf_eval *e, cf_id id, cf_vec *out);
cf_status cf_eval_window(cf_eval *e, cf_id id, cf_vec *out);
cf_status cf_eval_distinct(cf_eval *e, cf_id id, cf_vec *out);
cf_status cf_eval_remove(cf_eval *e, cf_id id, cf_vec *out);
cf_status cf_eval_bincount(cf_eval *e, cf_id id, cf_vec *out);
cf_status cf_eval_predict(cf_eval *e, cf_id id, cf_vec *out);

#endif
