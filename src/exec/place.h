#ifndef CF_EXEC_PLACE_H
#define CF_EXEC_PLACE_H

/* Where and when each node of a plan is computed: in a pass over a stream of rows, chunk by
 * chunk, or once, whole, from what the passes left. */

#include "plan/plan.h"

typedef enum {
    CF_PLACE_NONE,   /* nobody needs it */
    CF_PLACE_STREAM, /* chunk by chunk */
    CF_PLACE_SINK,   /* at UNIT, or at groups: a partial state a partition, folded */
    CF_PLACE_GROUP,  /* groups of a whole stream: a partial state a partition, too; and which
                        rows they begin with, which is known in the pass only */
    CF_PLACE_WHOLE   /* once; UNIT and constants too */
} cf_place;

typedef struct {
    cf_place place;
    cf_id stream; /* STREAM: the SCAN, or the CONCAT of streams, whose rows it comes from; SINK:
                     whose it sees */
    uint32_t step; /* STREAM, SINK: the pass that can compute it; WHOLE: passes that must be
                      over before */
    bool boundary; /* STREAM: a whole node uses it, so it is collected */
    cf_id group;   /* the groups that a GROUP or SINK is of, or whose members STREAM rows are */
} cf_spot;

typedef struct {
    cf_spot *spots;      /* [node_count + 1] */
    uint32_t step_count; /* passes 0 .. step_count - 1 may have work */
} cf_places;

/* roots: what the result and the saves need. */
void cf_places_make(const cf_plan *plan, const cf_id *roots, size_t root_count, cf_arena *arena,
                    cf_places *out);
/* Marks a stream node (others: nothing happens), with the levels round it, to be collected. */
void cf_places_collect(const cf_plan *plan, cf_places *places, cf_id id);
/* The keys of a level of groups: of a GROUP, or of a FILTER that keeps the first row of each
 * kind.  0, and no keys: it is neither. */
bool cf_group_keys(const cf_plan *plan, cf_id level, const cf_id **keys, size_t *count);
/* The level that an INDEX value counts the rows of. */
cf_id cf_index_target(const cf_plan *plan, cf_id index);

#endif
