#ifndef CF_EXEC_COLLECT_H
#define CF_EXEC_COLLECT_H

/* Rows of a stream, kept: each partition fills a part, and the parts, one after the other, are
 * whole arrays. */

#include "exec/bytes.h"
#include "exec/eval.h"

/* What is kept.  Levels stand with the levels round them, outer ones first. */
typedef struct {
    const cf_plan *plan;
    cf_id *levels, *values;
    size_t level_count, value_count;
    cf_id top;     /* the level over UNIT that `limit` and `best` count; 0: neither is there */
    int64_t limit; /* rows of `top` to keep, the first ones; -1: all */
    cf_id sort;    /* a SORT of `top` */
    int64_t best;  /* rows of `top` that it can put first and that are asked for; 0: all are */
} cf_collection;

typedef struct cf_part cf_part;

/* The collection of these nodes, and of the levels that they need. */
cf_collection *cf_collection_make(const cf_plan *plan, const cf_id *nodes, size_t count,
                                  cf_arena *arena);
cf_part *cf_part_new(const cf_collection *c); /* NULL: no memory */
void cf_part_free(cf_part *p);
/* Computes what a chunk is to give, without keeping it yet. */
cf_status cf_collect_eval(const cf_collection *c, const cf_part *p, cf_eval *e);
/* Keeps it; rows: of the whole partition. */
cf_status cf_collect_add(const cf_collection *c, cf_part *p, cf_eval *e, int64_t rows);
/* Drops rows that come too late in `sort` to be asked for; last: no more rows come. */
cf_status cf_collect_thin(const cf_collection *c, cf_part *p, bool last, cf_eval *e);
int64_t cf_part_rows(const cf_part *p); /* of the top level, with those over the limit */
bool cf_part_full(const cf_collection *c, const cf_part *p);
size_t cf_part_bytes(const cf_part *p);
/* Puts the parts' rows, end to end, into e's memory (NULL parts are empty), and gives up what
 * was put there.  Texts, and the arrays of a part that is the only one, are borrowed: free the
 * parts after e. */
cf_status cf_collect_join(const cf_collection *c, cf_part *const *parts, size_t count,
                          cf_eval *e);
/* A part as bytes, and back: NULL: no memory, or, if r is bad, nonsense. */
void cf_part_write(const cf_collection *c, const cf_part *p, cf_text *out);
cf_part *cf_part_read(const cf_collection *c, cf_reader *r);

#endif
