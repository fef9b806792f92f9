#ifndef CF_PLAN_BUILD_H
#define CF_PLAN_BUILD_H

/* Makes a plan node by node.  Equal nodes are made once (so common subexpressions are shared),
 * and functions of values that were all gathered by one index are computed before the gathering
 * (hoisting), where that does not compute more. */

#include "plan/plan.h"

typedef struct cf_plan_builder cf_plan_builder;

cf_plan_builder *cf_plan_builder_new(void);
void cf_plan_builder_free(cf_plan_builder *b); /* if not finished */
cf_arena *cf_plan_builder_arena(cf_plan_builder *b);
const cf_node *cf_plan_node(const cf_plan_builder *b, cf_id id);
#define CF_UNIT ((cf_id)1)

uint32_t
cf_plan_add_source(cf_plan_builder *b,
                   cf_source *source); /* retains; the same source gets the same number */
uint32_t cf_plan_add_model(cf_plan_builder *b, cf_predictor *model); /* retains; by id once */
/* The span that nodes made from now on carry. */
void cf_plan_at(cf_plan_builder *b, cf_span span);

/* levels */
cf_id cf_plan_scan(cf_plan_builder *b, uint32_t source, int64_t ordinal);
cf_id cf_plan_list(cf_plan_builder *b, uint32_t source, int32_t node, cf_id owner);
cf_id cf_plan_filter(cf_plan_builder *b, cf_id level, cf_id mask,
                     cf_str label); /* finds the radius join */
cf_id cf_plan_level(cf_plan_builder *b, cf_node_op op, const cf_id *args, size_t count,
                    int64_t i0); /* every other level; computes the parent */
bool cf_plan_is_ancestor(const cf_plan_builder *b, cf_id ancestor,
                         cf_id level);                         /* or the same */
unsigned cf_plan_depth(const cf_plan_builder *b, cf_id level); /* UNIT 0 */

/* values */
cf_id cf_plan_const_int(cf_plan_builder *b, int64_t x);
cf_id cf_plan_const_float(cf_plan_builder *b, double x);
cf_id cf_plan_const_bool(cf_plan_builder *b, bool x);
cf_id cf_plan_const_text(cf_plan_builder *b, cf_str x);
cf_id cf_plan_const_time(cf_plan_builder *b, cf_kind kind,
                         int64_t x); /* DATE TIME TIMESTAMP DURATION */
cf_id cf_plan_const_null(cf_plan_builder *b, cf_kind kind);
cf_id cf_plan_load(cf_plan_builder *b, uint32_t source, int32_t node, cf_kind kind,
                   cf_id level);
cf_id cf_plan_valid(cf_plan_builder *b, uint32_t source, int32_t node, cf_id level);
/* At the deepest level of the arguments (which must lie on one line of ancestors: CF_ASSERT),
 * broadcasting the others.  Folds constants of TOTAL functions. */
cf_id cf_plan_map(cf_plan_builder *b, const cf_func *f, const cf_id *args, size_t count);
cf_id cf_plan_map_named(cf_plan_builder *b, const char *func, const cf_id *args, size_t count);
cf_id cf_plan_broadcast(cf_plan_builder *b, cf_id value,
                        cf_id level); /* itself when already there */
cf_id cf_plan_gather(cf_plan_builder *b, cf_id value,
                     cf_id index); /* constants pass through only if index cannot be -1 */
cf_id cf_plan_index(cf_plan_builder *b, cf_id level, unsigned slot);
cf_id cf_plan_cast(cf_plan_builder *b, cf_id value,
                   cf_kind to); /* itself when it is of that kind; CF_ASSERT the cast exists */
cf_id cf_plan_widen(cf_plan_builder *b, cf_id value); /* storage kinds to INT64 / FLOAT64 */
cf_id cf_plan_reduce(cf_plan_builder *b, cf_reduce kind, cf_id level,
                     cf_id value /* 0 for COUNT */);
cf_id cf_plan_pick(cf_plan_builder *b, cf_pick kind, cf_id level, cf_id key);
cf_id cf_plan_value(cf_plan_builder *b, cf_node_op op, cf_kind kind, cf_id level,
                    const cf_id *args, size_t count, int64_t i0, int64_t i1,
                    int64_t i2); /* every other value */

/* A plan of its own out of what the builder has so far, which goes on; the caller sets what is
 * wanted as after cf_plan_finish, and compacts.  It borrows the builder's texts and trees, so
 * it must not live longer.  Frees with cf_plan_free. */
cf_plan *cf_plan_snapshot(const cf_plan_builder *b);
cf_plan *cf_plan_finish(cf_plan_builder *b); /* the builder's arena becomes the plan's; the
                                                caller sets level, rows, limit, saves */

#endif
