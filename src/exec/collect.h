#ifndef CF_EXEC_COLLECT_H
#define CF_EXEC_COLLECT_H

/* Rows of a stream, kept: each partition fills a part, and the parts, one after the other, are
 * whole arrays. */

#include "exec/eval.h"

/* What is kept.  Levels stand with the levels round them, outer ones first. */
typedef struct {
    const cf_plan *plan;
    cf_id *levels, *values;
    size_t level_count, value_count;
    cf_id top;     /* the level over UNIT that `limit` counts; 0: there is no limit */
    int64_t limit; /* rows of `top` to keep, the first ones */
} cf_collection;

typedef struct cf_part cf_part;

/* The collection of these nodes, and of the levels that they need. */
cf_collection *cf_collection_make(const cf_plan *plan, const cf_id *nodes, size_t count,
                                  cf_arena *arena);
cf_part *cf_part_new(const cf_collection *c); /* NULL: no memory */
void cf_part_free(cf_part *p);
/* Computes what a chunk is to give, without keeping it yet. */
cf_status cf_collect_eval(const cf_collection *c, const cf_part *p, cf_eval *e);
cf_status cf_collect_add(const cf_collection *c, cf_part *p, cf_eval *e);
int64_t cf_part_rows(const cf_part *p); /* of the top level, with those over the limit */
bool cf_part_full(const cf_collection *c, const cf_part *p);
size_t cf_part_bytes(const cf_part *p);
/* Puts the parts' rows, end to end, into e's memory (NULL parts are empty).  The parts' texts
 * are borrowed: free them after e. */
cf_status cf_collect_join(const cf_collection *c, cf_part *const *parts, size_t count,
                          cf_eval *e);

#endif
