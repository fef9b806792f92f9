#include "exec/run.h"

/* `take n` straight from a stream needs only the stream's first rows: the collection gets a
 * limit, if nobody uses anything else of it. */

static const cf_node *node_at(const cf_run *run, cf_id id) {
    return &run->plan->nodes[id];
}

static bool collected(const cf_collection *c, cf_id id) {
    for (size_t i = 0; i < c->level_count; i++)
        if (c->levels[i] == id) return true;
    for (size_t i = 0; i < c->value_count; i++)
        if (c->values[i] == id) return true;
    return false;
}

/* How many rows of X this SLICE can ask for; -1: perhaps all. */
static int64_t rows_asked(const cf_run *run, cf_id slice) {
    const cf_node *n = node_at(run, slice);
    const cf_node *to = node_at(run, n->args[2]);
    if (n->i0 != 0 || to->op != CF_V_CONST || (to->flags & CF_NODE_NULL) || to->i0 == 0)
        return -1;
    return to->i0 < 0 ? 0 : to->i0;
}

static bool is_slice_of(const cf_run *run, cf_id level, cf_id top) {
    const cf_node *n = node_at(run, level);
    return n->op == CF_L_SLICE && n->args[0] == top;
}

/* Does this whole node ask the collection for no more rows than its slices let through? */
static bool asks_through_slice(const cf_run *run, cf_id id, cf_id top) {
    const cf_node *n = node_at(run, id);
    if (n->op == CF_L_SLICE) return n->args[0] == top && node_at(run, n->args[1])->level == 1;
    if (n->op != CF_V_GATHER && n->op != CF_L_REGATHER) return false;
    const cf_node *index = node_at(run, n->args[1]);
    if (n->op == CF_L_REGATHER && node_at(run, n->args[0])->level != top) return false;
    if (n->op == CF_V_GATHER && node_at(run, n->args[0])->level != top) return false;
    return index->op == CF_V_INDEX && is_slice_of(run, index->args[0], top);
}

/* Lists below carry their values along by their own index. */
static bool asks_through_lists(const cf_run *run, cf_id id, cf_id top) {
    const cf_node *n = node_at(run, id);
    if (n->op != CF_V_GATHER) return false;
    const cf_node *index = node_at(run, n->args[1]);
    if (index->op != CF_V_INDEX) return false;
    const cf_node *lists = node_at(run, index->args[0]);
    return lists->op == CF_L_REGATHER && node_at(run, lists->args[0])->level == top &&
           asks_through_slice(run, index->args[0], top);
}

static cf_id top_level(const cf_run *run, const cf_collection *c) {
    cf_id top = 0;
    for (size_t i = 0; i < c->level_count; i++) {
        if (node_at(run, c->levels[i])->level != 1) continue;
        if (top != 0) return 0;
        top = c->levels[i];
    }
    return top;
}

static void limit_find(const cf_run *run, cf_collection *c) {
    const cf_id top = top_level(run, c);
    int64_t most = 0;
    if (top == 0) return;
    for (cf_id id = 1; id <= run->plan->node_count; id++)
        if (run->asked[id] && collected(c, id)) return;
    for (cf_id id = top + 1; id <= run->plan->node_count; id++) {
        const cf_node *n = node_at(run, id);
        if (run->places.spots[id].place != CF_PLACE_WHOLE) continue;
        bool uses = false;
        for (uint32_t i = 0; i < n->arg_count; i++)
            uses = uses || (n->args[i] != 0 && collected(c, n->args[i]));
        if (n->op > CF_NODE_VALUES && collected(c, n->level)) uses = true;
        if (!uses) continue;
        if (!asks_through_slice(run, id, top) && !asks_through_lists(run, id, top)) return;
        if (n->op != CF_L_SLICE) continue;
        const int64_t asked = rows_asked(run, id);
        if (asked < 0) return;
        if (asked > most) most = asked;
    }
    c->top = top;
    c->limit = most;
}

void cf_run_limit_slices(cf_run *run) {
    for (size_t i = 0; i < run->delivery_count; i++)
        if (run->deliveries[i].purpose == CF_FOR_WHOLE)
            limit_find(run, run->deliveries[i].collection);
}
