#include "plan/plan.h"

/* What must hold for a plan to be run without further questions.  Plans that the builder makes
 * are right by construction; these checks are for plans that came from elsewhere. */

/* Evaluation goes from a node into its arguments; this bounds how deep. */
#define DEPTH_MAX 10000

typedef struct {
    const cf_plan *plan;
    uint32_t *depth; /* [node_count + 1] */
    cf_error *err;
} checking;

#define BAD(c, id, ...) cf_fail((c)->err, CF_E_FORMAT, (c)->plan->nodes[id].span, __VA_ARGS__)

static const cf_node *node_at(const checking *c, cf_id id) {
    return &c->plan->nodes[id];
}

static bool is_level(const checking *c, cf_id id) {
    return id != 0 && node_at(c, id)->op < CF_NODE_VALUES;
}

static bool is_value(const checking *c, cf_id id) {
    return id != 0 && node_at(c, id)->op > CF_NODE_VALUES;
}

static bool value_at(const checking *c, cf_id id, cf_id level) {
    return is_value(c, id) && (node_at(c, id)->level == level || node_at(c, id)->level == 1);
}

static bool values_at(const checking *c, const cf_node *n, uint32_t first, uint32_t end,
                      cf_id level) {
    for (uint32_t i = first; i < end; i++)
        if (!value_at(c, n->args[i], level)) return false;
    return true;
}

static bool kind_is(const checking *c, cf_id id, cf_kind kind) {
    return is_value(c, id) && node_at(c, id)->kind == kind;
}

static bool ancestor(const checking *c, cf_id outer, cf_id level) {
    while (level != 0 && level != outer)
        level = node_at(c, level)->level;
    return level == outer && outer != 0;
}

/* --- what every node has --- */

static cf_status check_numbers(const checking *c, cf_id id) {
    const cf_node *n = node_at(c, id);
    if (n->op <= CF_NODE_NONE || n->op >= CF_NODE_KINDS || n->op == CF_NODE_VALUES)
        return BAD(c, id, "node %u of the plan is of no known sort", id);
    if ((id == 1) != (n->op == CF_L_UNIT))
        return BAD(c, id, "node 1 of a plan, and only it, is UNIT");
    if (n->level >= id || (id > 1 && !is_level(c, n->level)))
        return BAD(c, id, "node %u lies at something that is no earlier level", id);
    if (n->arg_count > 0 && n->args == NULL) return BAD(c, id, "node %u has no arguments", id);
    if ((unsigned)n->kind >= CF_KIND_COUNT) return BAD(c, id, "node %u has no known kind", id);
    c->depth[id] = n->level == 0 ? 0 : c->depth[n->level] + 1;
    for (uint32_t i = 0; i < n->arg_count; i++) {
        if (n->args[i] >= id) return BAD(c, id, "node %u uses a later node", id);
        const uint32_t depth = c->depth[n->args[i]] + 1;
        if (n->args[i] != 0 && depth > c->depth[id]) c->depth[id] = depth;
    }
    if (c->depth[id] > DEPTH_MAX)
        return BAD(c, id, "the plan is nested more than %d deep", DEPTH_MAX);
    return CF_OK;
}

static cf_status check_source(const checking *c, cf_id id) {
    const cf_node *n = node_at(c, id);
    if (n->i0 < 0 || n->i0 >= c->plan->source_count)
        return BAD(c, id, "node %u reads a source that the plan does not have", id);
    if (n->op == CF_L_SCAN) return CF_OK;
    if (n->i1 < 0 || n->i1 >= c->plan->sources[n->i0]->node_count)
        return BAD(c, id, "node %u reads a column that %s does not have", id,
                   c->plan->sources[n->i0]->where);
    for (cf_id at = n->level; at != 1; at = node_at(c, at)->level) {
        const cf_node *owner = node_at(c, at);
        if ((owner->op != CF_L_SCAN && owner->op != CF_L_LIST) || owner->i0 != n->i0)
            return BAD(c, id, "node %u reads a column at a level that is not its own", id);
    }
    return n->level == 1 ? BAD(c, id, "node %u reads a column without rows", id) : CF_OK;
}

/* --- arguments --- */

static bool level_arguments(const checking *c, const cf_node *n) {
    const cf_id *a = n->args;
    const uint32_t k = n->arg_count;
    const cf_id x = k > 0 ? a[0] : 0;
    const cf_id parent = is_level(c, x) ? node_at(c, x)->level : 0;
    const bool beside = parent != 0 && n->level == parent;
    switch (n->op) {
    case CF_L_UNIT: return k == 0 && n->level == 0;
    case CF_L_SCAN: return k == 0 && n->level == 1;
    case CF_L_LIST: return k == 1 && n->level == x;
    case CF_L_FLAT:
        return k == 2 && is_level(c, x) && n->level == a[1] && x != a[1] &&
               ancestor(c, a[1], x);
    case CF_L_FILTER:
        return k == 2 && beside && value_at(c, a[1], x) && kind_is(c, a[1], CF_BOOL);
    case CF_L_SORT:
    case CF_L_GROUP: return k >= 1 && beside && values_at(c, n, 1, k, x);
    case CF_L_SLICE:
        return k == 3 && beside && values_at(c, n, 1, 3, parent) &&
               kind_is(c, a[1], CF_INT64) && kind_is(c, a[2], CF_INT64);
    case CF_L_COMBINE: return k == 1 && beside && n->i0 >= 2 && n->i0 <= 4;
    case CF_L_EXPLODE: return k == 1 && beside;
    case CF_L_CROSS:
    case CF_L_CONCAT:
        for (uint32_t i = 1; i < k; i++)
            if (!is_level(c, a[i]) || node_at(c, a[i])->level != parent) return false;
        return k >= (n->op == CF_L_CROSS ? 2U : 1U) && beside;
    case CF_L_CONCATL: {
        const cf_node *outer = is_level(c, x) ? node_at(c, x) : NULL;
        if (outer == NULL || n->level != x) return false;
        const uint32_t skip = outer->op == CF_L_CONCATL ? 1 : 0;
        if (outer->op != CF_L_CONCAT && outer->op != CF_L_CONCATL) return false;
        if (outer->arg_count - skip != k - 1) return false;
        for (uint32_t i = 1; i < k; i++)
            if (!is_level(c, a[i]) || node_at(c, a[i])->level != outer->args[i - 1 + skip])
                return false;
        return true;
    }
    case CF_L_ITEMS: return k == 1 && n->level == x && n->i0 >= 0;
    case CF_L_REPEAT:
        return k == 2 && n->level == x && value_at(c, a[1], 1) && kind_is(c, a[1], CF_INT64);
    case CF_L_REGATHER:
        return k == 2 && is_level(c, x) && kind_is(c, a[1], CF_INDEX) &&
               n->level == node_at(c, a[1])->level;
    case CF_L_MEMBERS: return k == 1 && n->level == x && node_at(c, x)->op == CF_L_GROUP;
    case CF_L_RADIUS:
        if (k != 8 || !is_level(c, x) || n->level != a[1] || !is_level(c, a[1])) return false;
        for (uint32_t i = 2; i < 7; i++)
            if (!kind_is(c, a[i], CF_FLOAT64)) return false;
        return values_at(c, n, 2, 4, a[1]) && values_at(c, n, 4, 6, x) &&
               value_at(c, a[6], 1) && kind_is(c, a[7], CF_INDEX) && value_at(c, a[7], a[1]);
    default: return false;
    }
}

/* Kinds that reductions, keys and windows have loops for. */
static bool plain_kind(cf_kind kind) {
    return kind <= CF_INDEX;
}

static bool plain_arguments(const checking *c, const cf_node *n) {
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (is_value(c, n->args[i]) && !plain_kind(node_at(c, n->args[i])->kind)) return false;
    return true;
}

static bool map_arguments(const checking *c, const cf_node *n) {
    if (n->func == NULL || n->kind != n->func->result) return false;
    const bool variadic = (n->func->flags & CF_VARIADIC) != 0;
    if (variadic ? n->arg_count < n->func->arg_count : n->arg_count != n->func->arg_count)
        return false;
    for (uint32_t i = 0; i < n->arg_count && i < n->func->arg_count; i++) {
        const cf_kind want = n->func->args[i];
        if (want != CF_NULL && is_value(c, n->args[i]) && node_at(c, n->args[i])->kind != want)
            return false;
    }
    return values_at(c, n, 0, n->arg_count, n->level);
}

static bool index_slot(const checking *c, const cf_node *n) {
    const cf_node *level = node_at(c, n->args[0]);
    if (n->i0 == CF_SLOT_PARENT) return level->op != CF_L_UNIT;
    switch (level->op) {
    case CF_L_COMBINE: return n->i0 >= 0 && n->i0 < level->i0;
    case CF_L_CROSS: return n->i0 == 0 || n->i0 == 1;
    case CF_L_FLAT:
    case CF_L_FILTER:
    case CF_L_SORT:
    case CF_L_SLICE:
    case CF_L_REGATHER:
    case CF_L_GROUP:
    case CF_L_MEMBERS:
    case CF_L_RADIUS:
    case CF_L_EXPLODE: return n->i0 == 0;
    default: return false;
    }
}

static bool sources_of_concat(const checking *c, const cf_node *n) {
    const cf_node *level = node_at(c, n->level);
    const uint32_t skip = level->op == CF_L_CONCATL ? 1 : 0;
    if (level->op != CF_L_CONCAT && level->op != CF_L_CONCATL) return false;
    if (n->arg_count != level->arg_count - skip) return false;
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (!value_at(c, n->args[i], level->args[i + skip]) || !kind_is(c, n->args[i], n->kind))
            return false;
    return true;
}

static bool reduce_arguments(const checking *c, const cf_node *n) {
    if (n->arg_count != 2 || !is_level(c, n->args[0]) ||
        n->level != node_at(c, n->args[0])->level || n->i0 < 0 || n->i0 >= CF_REDUCE_COUNT)
        return false;
    if (n->i0 == CF_R_COUNT) return n->kind == CF_INT64;
    if (!value_at(c, n->args[1], n->args[0])) return false;
    const cf_kind x = node_at(c, n->args[1])->kind;
    const bool number = x == CF_INT64 || x == CF_FLOAT64 || x == CF_BOOL || x == CF_NULL;
    switch ((cf_reduce)n->i0) {
    case CF_R_SUM:
        return (number || x == CF_DURATION) && n->kind == (x == CF_BOOL ? CF_INT64 : x);
    case CF_R_AVERAGE:
    case CF_R_STDDEV: return number && n->kind == CF_FLOAT64;
    case CF_R_ANY:
    case CF_R_ALL: return (x == CF_BOOL || x == CF_NULL) && n->kind == CF_BOOL;
    case CF_R_MIN:
    case CF_R_MAX: return n->kind == x && x != CF_INDEX;
    case CF_R_CONCAT: return (x == CF_TEXT || x == CF_NULL) && n->kind == CF_TEXT;
    default: return n->kind == CF_INT64;
    }
}

static bool removed_keys(const checking *c, const cf_node *n) {
    const cf_id *a = n->args;
    if (n->arg_count < 2 || n->arg_count % 2 != 0 || !is_level(c, a[0]) || !is_level(c, a[1]))
        return false;
    const uint32_t keys = (n->arg_count - 2) / 2;
    for (uint32_t i = 0; i < keys; i++)
        if (!is_value(c, a[2 + i]) || !kind_is(c, a[2 + keys + i], node_at(c, a[2 + i])->kind))
            return false;
    return n->level == a[0] && node_at(c, a[0])->level == node_at(c, a[1])->level &&
           values_at(c, n, 2, 2 + keys, a[0]) && values_at(c, n, 2 + keys, n->arg_count, a[1]);
}

/* Each input at R, at a level over R, or at one over that; R: the parent of the outputs' level.
 */
static bool predict_arguments(const checking *c, const cf_node *n) {
    const cf_node *outputs = node_at(c, n->level);
    if (outputs->op != CF_L_ITEMS || n->kind != CF_FLOAT64 || n->arg_count == 0 || n->i0 < 0 ||
        n->i0 >= c->plan->model_count)
        return false;
    for (uint32_t i = 0; i < n->arg_count; i++) {
        if (!is_value(c, n->args[i])) return false;
        cf_id level = node_at(c, n->args[i])->level;
        for (unsigned up = 0; up < 2 && level != outputs->level; up++)
            level = node_at(c, level)->level;
        if (level != outputs->level || node_at(c, n->args[i])->kind != CF_FLOAT64) return false;
    }
    return true;
}

static bool value_arguments(const checking *c, const cf_node *n) {
    const cf_id *a = n->args;
    const uint32_t k = n->arg_count;
    const cf_id x = k > 0 ? a[0] : 0;
    switch (n->op) {
    case CF_V_CONST: return k == 0 && n->level == 1 && plain_kind(n->kind);
    case CF_V_LOAD: return k == 0;
    case CF_V_VALID: return k == 0 && n->kind == CF_BOOL;
    case CF_V_MAP: return map_arguments(c, n);
    case CF_V_BROADCAST:
        return k == 1 && kind_is(c, x, n->kind) && ancestor(c, node_at(c, x)->level, n->level);
    case CF_V_GATHER:
        return k == 2 && kind_is(c, x, n->kind) && kind_is(c, a[1], CF_INDEX) &&
               n->level == node_at(c, a[1])->level;
    case CF_V_INDEX:
        return k == 1 && is_level(c, x) && n->level == x && n->kind == CF_INDEX &&
               index_slot(c, n);
    case CF_V_REDUCE: return reduce_arguments(c, n);
    case CF_V_PICK:
        return k == 2 && is_level(c, x) && n->kind == CF_INDEX &&
               n->level == node_at(c, x)->level && n->i0 >= CF_PICK_FIRST &&
               n->i0 <= CF_PICK_MAX_BY && (n->i0 <= CF_PICK_LAST || value_at(c, a[1], x));
    case CF_V_NTH:
        return k == 2 && is_level(c, x) && n->kind == CF_INDEX &&
               n->level == node_at(c, x)->level && value_at(c, a[1], n->level) &&
               kind_is(c, a[1], CF_INT64);
    case CF_V_WINDOW:
        return k >= 2 && is_level(c, x) && n->level == x &&
               (a[1] == 0 || value_at(c, a[1], x)) && values_at(c, n, 2, k, x) && n->i0 >= 0 &&
               n->i0 <= CF_W_COUNT;
    case CF_V_CONCATV: return sources_of_concat(c, n);
    case CF_V_ITEMSV: {
        const cf_node *items = node_at(c, n->level);
        return items->op == CF_L_ITEMS && items->i0 == k && values_at(c, n, 0, k, items->level);
    }
    case CF_V_ALIGN:
        return k == 2 && n->level == x && is_level(c, x) && kind_is(c, a[1], n->kind) &&
               node_at(c, node_at(c, a[1])->level)->level == node_at(c, x)->level;
    case CF_V_PREDICT: return predict_arguments(c, n);
    case CF_V_DISTINCT:
        return k >= 1 && is_level(c, x) && n->level == x && values_at(c, n, 1, k, x) &&
               n->kind == CF_BOOL;
    case CF_V_REMOVE: return removed_keys(c, n) && n->kind == CF_BOOL;
    case CF_V_BINCOUNT:
        return (k == 2 || k == 3) && is_level(c, x) &&
               node_at(c, n->level)->op == CF_L_REPEAT &&
               ancestor(c, node_at(c, n->level)->level, x) && value_at(c, a[1], x) &&
               kind_is(c, a[1], CF_INT64) &&
               (k == 2 || a[2] == 0 ||
                (value_at(c, a[2], x) && kind_is(c, a[2], CF_FLOAT64))) &&
               n->kind == (k == 3 && a[2] != 0 ? CF_FLOAT64 : CF_INT64);
    default: return false;
    }
}

static bool needs_plain(const cf_node *n) {
    return n->op == CF_V_REDUCE || n->op == CF_V_PICK || n->op == CF_V_WINDOW ||
           n->op == CF_V_DISTINCT || n->op == CF_V_REMOVE || n->op == CF_L_SORT ||
           n->op == CF_L_GROUP;
}

static cf_status check_node(const checking *c, cf_id id) {
    const cf_node *n = node_at(c, id);
    CF_TRY(check_numbers(c, id));
    if (n->op == CF_L_SCAN || n->op == CF_L_LIST || n->op == CF_V_LOAD || n->op == CF_V_VALID)
        CF_TRY(check_source(c, id));
    const bool fine = n->op < CF_NODE_VALUES ? level_arguments(c, n) : value_arguments(c, n);
    if (!fine || (needs_plain(n) && !plain_arguments(c, n)))
        return BAD(c, id, "node %u of the plan (%s) does not fit its arguments", id,
                   cf_node_op_name(n->op));
    return CF_OK;
}

/* --- results --- */

static cf_status check_out(const checking *c, const cf_out *o, cf_id level, unsigned depth) {
    if (depth > 100) return BAD(c, 1, "the plan's result is nested more than 100 deep");
    if (o->node > c->plan->node_count || o->valid > c->plan->node_count)
        return BAD(c, 1, "the plan's result uses a node that does not exist");
    bool fine =
        o->valid == 0 || (value_at(c, o->valid, level) && kind_is(c, o->valid, CF_BOOL));
    if (o->shape == CF_OUT_VALUE)
        fine = fine && value_at(c, o->node, level) && o->child_count == 0;
    if (o->shape == CF_OUT_LIST)
        fine = fine && is_level(c, o->node) && node_at(c, o->node)->level == level &&
               o->child_count == 1;
    if (!fine) return BAD(c, 1, "a part of the plan's result does not lie at its rows");
    for (uint32_t i = 0; i < o->child_count; i++)
        CF_TRY(
            check_out(c, o->children[i], o->shape == CF_OUT_LIST ? o->node : level, depth + 1));
    return CF_OK;
}

static cf_status check_rows(const checking *c, cf_id level, const cf_out *rows) {
    if (level == 0 || level > c->plan->node_count || !is_level(c, level) ||
        (level != 1 && node_at(c, level)->level != 1))
        return BAD(c, 1, "the plan's result is no relation");
    if (rows == NULL) return BAD(c, 1, "the plan has no result");
    return check_out(c, rows, level, 0);
}

cf_status cf_plan_check(const cf_plan *plan, cf_error *err) {
    if (plan->node_count == 0)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "the plan is empty");
    cf_arena *arena = cf_arena_new(4096);
    if (arena == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory");
    const checking c = {plan, CF_NEWS(arena, uint32_t, plan->node_count + 1), err};
    cf_status status = CF_OK;
    for (cf_id id = 1; id <= plan->node_count && status == CF_OK; id++)
        status = check_node(&c, id);
    if (status == CF_OK) status = check_rows(&c, plan->level, plan->rows);
    for (uint32_t i = 0; i < plan->save_count && status == CF_OK; i++)
        status = check_rows(&c, plan->saves[i].level, plan->saves[i].rows);
    cf_arena_free(arena);
    return status;
}
