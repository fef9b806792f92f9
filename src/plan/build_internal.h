#ifndef CF_PLAN_BUILD_INTERNAL_H
#define CF_PLAN_BUILD_INTERNAL_H

#include "plan/build.h"

/* Nodes stand in blocks, so that a pointer from cf_plan_node stays good while more are made. */
#define CF_BUILD_BLOCK 256

struct cf_plan_builder {
    cf_arena *arena; /* becomes the plan's */
    cf_arena *own;   /* what only the builder needs */
    cf_node **blocks;
    size_t block_capacity;
    cf_id count;       /* nodes made; ids 1 .. count */
    cf_id *table;      /* hash -> id, open addressing; 0: empty */
    size_t table_size; /* power of two */
    uint32_t *depths;  /* of levels, by id */
    size_t depth_capacity;
    cf_source **sources;
    uint32_t source_count, source_capacity;
    cf_predictor **models;
    uint32_t model_count, model_capacity;
    cf_span at;
};

/* The node, or the equal one made before. */
cf_id cf_build_intern(cf_plan_builder *b, const cf_node *node);
/* Does every row of this index value have a row to show (never -1)? */
bool cf_build_index_total(const cf_plan_builder *b, cf_id index);
/* The level whose rows an INDEX value counts. */
cf_id cf_build_index_target(const cf_plan_builder *b, cf_id index);
/* The level that index slot 0.. of a level points into; 0: it has no such slot. */
cf_id cf_build_slot_target(const cf_node *level, unsigned slot);
/* FILTER over a REGATHER by delta_r < R as a RADIUS level; 0: it is not that. */
cf_id cf_build_radius(cf_plan_builder *b, cf_id level, cf_id mask);

#endif
