#include "exec/run.h"

/* `take n` straight from a stream needs only the stream's first rows: the collection gets a
 * limit, if nobody uses anything else of it.  `sort | take n` needs only the n rows that come
 * first in order. */

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

/* --- sort, then take --- */

typedef struct {
    const cf_run *run;
    const cf_collection *c;
    cf_id sort;
} sorting;

static bool is_index_of(const cf_run *run, cf_id index, cf_id level) {
    const cf_node *n = node_at(run, index);
    return n->op == CF_V_INDEX && n->i0 == 0 && n->args[0] == level;
}

static bool is_index_of_slice(const sorting *s, cf_id index) {
    const cf_node *n = node_at(s->run, index);
    return n->op == CF_V_INDEX && n->i0 == 0 && is_slice_of(s->run, n->args[0], s->sort);
}

/* Does this index give nothing but rows of the sorted level, or of its slices? */
static bool is_through_sort(const sorting *s, cf_id index) {
    const cf_node *n = node_at(s->run, index);
    if (is_index_of(s->run, index, s->sort)) return true;
    return n->op == CF_V_GATHER && is_through_sort(s, n->args[0]) &&
           is_index_of_slice(s, n->args[1]);
}

/* Lists that are carried along with rows of the sorted level. */
static bool is_carried(const sorting *s, cf_id level) {
    const cf_node *n = node_at(s->run, level);
    if (n->op != CF_L_REGATHER) return false;
    const cf_node *index = node_at(s->run, n->args[1]);
    return is_through_sort(s, n->args[1]) ||
           (index->op == CF_V_INDEX && index->i0 == 0 && is_carried(s, index->args[0]));
}

/* Is this one of the ways of asking for rows that the sort has put somewhere? */
static bool asks_through_sort(const sorting *s, cf_id id) {
    const cf_node *n = node_at(s->run, id);
    if (id == s->sort) return true;
    if (n->op == CF_L_REGATHER) return is_carried(s, id);
    if (n->op != CF_V_GATHER) return false;
    const cf_node *index = node_at(s->run, n->args[1]);
    return is_through_sort(s, n->args[1]) ||
           (index->op == CF_V_INDEX && index->i0 == 0 && is_carried(s, index->args[0]));
}

static bool is_sorted_side(const sorting *s, cf_id id) {
    const cf_node *n = node_at(s->run, id);
    cf_id level = n->op < CF_NODE_VALUES ? id : n->level;
    while (level > 1 && level != s->sort)
        level = node_at(s->run, level)->level;
    return level == s->sort;
}

/* What stands at the sorted rows looks at one of them at a time. */
static bool row_by_row(const sorting *s, const cf_node *n) {
    if (n->op == CF_V_WINDOW || n->op == CF_V_DISTINCT || n->op == CF_V_REMOVE)
        return n->args[0] != s->sort;
    return n->op != CF_V_INDEX || n->i0 != CF_SLOT_PARENT;
}

/* What does not stand there takes rows through a slice. */
static bool takes_slice(const sorting *s, cf_id id) {
    const cf_node *n = node_at(s->run, id);
    if (n->op == CF_L_SLICE) return n->args[0] == s->sort;
    if (n->op == CF_V_INDEX) return n->i0 == 0 && n->args[0] != s->sort;
    if (n->op != CF_V_GATHER && n->op != CF_L_REGATHER) return false;
    const cf_node *index = node_at(s->run, n->args[1]);
    if (is_index_of_slice(s, n->args[1])) return true;
    if (index->op != CF_V_INDEX || index->i0 != 0) return false;
    const cf_node *lists = node_at(s->run, index->args[0]);
    return lists->op == CF_L_REGATHER && is_index_of_slice(s, lists->args[1]);
}

static bool uses(const sorting *s, cf_id id, bool (*what)(const sorting *s, cf_id id)) {
    const cf_node *n = node_at(s->run, id);
    bool found = n->op > CF_NODE_VALUES && n->level != 1 && what(s, n->level);
    for (uint32_t i = 0; i < n->arg_count; i++)
        found = found || (n->args[i] != 0 && what(s, n->args[i]));
    return found;
}

static bool is_collected(const sorting *s, cf_id id) {
    return collected(s->c, id);
}

static bool fits(const sorting *s, cf_id id) {
    const cf_node *n = node_at(s->run, id);
    if (uses(s, id, is_collected) && !asks_through_sort(s, id)) return false;
    if (id == s->sort) return true;
    if (is_sorted_side(s, id)) return !s->run->asked[id] && row_by_row(s, n);
    return !uses(s, id, is_sorted_side) || takes_slice(s, id);
}

static cf_id sort_of(const cf_run *run, cf_id top) {
    for (cf_id id = top + 1; id <= run->plan->node_count; id++)
        if (run->places.spots[id].place == CF_PLACE_WHOLE &&
            node_at(run, id)->op == CF_L_SORT && node_at(run, id)->args[0] == top)
            return id;
    return 0;
}

/* Can this collection alone say which rows come first, and are they in no other one? */
static bool has_keys(const sorting *s, cf_id top) {
    const cf_node *sort = node_at(s->run, s->sort);
    for (uint32_t k = 1; k < sort->arg_count; k++) {
        const cf_node *key = node_at(s->run, sort->args[k]);
        if (key->level != 1 && key->kind != CF_NULL && !collected(s->c, sort->args[k]))
            return false;
    }
    for (size_t i = 0; i < s->c->value_count; i++) /* numbers of rows that move */
        if (node_at(s->run, s->c->values[i])->kind == CF_INDEX) return false;
    for (size_t i = 0; i < s->run->delivery_count; i++) {
        const cf_collection *other = s->run->deliveries[i].collection;
        const bool whole = s->run->deliveries[i].purpose == CF_FOR_WHOLE;
        if (whole && other != s->c && collected(other, top)) return false;
    }
    return true;
}

static void best_find(const cf_run *run, cf_collection *c) {
    const cf_id top = top_level(run, c);
    const sorting s = {run, c, top == 0 ? 0 : sort_of(run, top)};
    int64_t most = 0;
    if (s.sort == 0 || c->limit >= 0 || run->asked[s.sort] || !has_keys(&s, top)) return;
    for (cf_id id = 1; id <= run->plan->node_count; id++) {
        if (run->asked[id] && collected(c, id)) return;
        if (run->places.spots[id].place != CF_PLACE_WHOLE) continue;
        if (!fits(&s, id)) return;
        if (!is_slice_of(run, id, s.sort)) continue;
        const int64_t asked = rows_asked(run, id);
        if (asked < 0) return;
        if (asked > most) most = asked;
    }
    if (most == 0 || most > INT32_MAX) return;
    c->top = top;
    c->sort = s.sort;
    c->best = most;
}

void cf_run_limit_slices(cf_run *run) {
    for (size_t i = 0; i < run->delivery_count; i++)
        if (run->deliveries[i].purpose == CF_FOR_WHOLE) {
            limit_find(run, run->deliveries[i].collection);
            best_find(run, run->deliveries[i].collection);
        }
}
