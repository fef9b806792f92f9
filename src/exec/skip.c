#include "exec/pass.h"

/* Partitions that need not be read: all that a pass wants went through filters of the form
 * `column op constant` on the scan itself, and the source's statistics say that no row passes.
 */

#define BOUNDS_MAX 32

static const cf_node *node_at(const cf_pass *pass, cf_id id) {
    return &pass->run->plan->nodes[id];
}

static bool overload_of(const cf_func *f, const char *builtin) {
    const cf_builtin *b = cf_builtin_find(cf_str_of(builtin));
    return b != NULL && f >= b->overloads && f < b->overloads + b->overload_count;
}

static bool compare_of(const cf_func *f, cf_compare *out) {
    static const struct {
        const char *name;
        cf_compare compare;
    } words[] = {{"==", CF_CMP_EQ},
                 {"<", CF_CMP_LT},
                 {"<=", CF_CMP_LE},
                 {">", CF_CMP_GT},
                 {">=", CF_CMP_GE}};
    for (size_t i = 0; i < CF_COUNT(words); i++)
        if (overload_of(f, words[i].name)) {
            *out = words[i].compare;
            return true;
        }
    return false;
}

static cf_compare swapped(cf_compare c) {
    switch (c) {
    case CF_CMP_LT: return CF_CMP_GT;
    case CF_CMP_LE: return CF_CMP_GE;
    case CF_CMP_GT: return CF_CMP_LT;
    case CF_CMP_GE: return CF_CMP_LE;
    default: return c;
    }
}

static bool is_widening(const cf_pass *pass, const cf_node *n) {
    if (n->op != CF_V_MAP || n->arg_count != 1 || !overload_of(n->func, "as")) return false;
    const cf_kind from = node_at(pass, n->args[0])->kind;
    return cf_kind_is_number(from) &&
           (n->kind == CF_FLOAT64 || (n->kind == CF_INT64 && cf_kind_is_integer(from)));
}

/* At a later filter's level the value is gathered from the level before. */
static bool is_filtered(const cf_pass *pass, const cf_node *n) {
    if (n->op != CF_V_GATHER) return false;
    const cf_node *index = node_at(pass, n->args[1]);
    return index->op == CF_V_INDEX && node_at(pass, index->args[0])->op == CF_L_FILTER;
}

/* A column of the scan, seen through conversions that keep its numbers; NULL: it is not that.
 * Integers above 2^53 may round, which never moves them past another double. */
static const cf_node *column_of(const cf_pass *pass, cf_id id, cf_id scan) {
    const cf_node *n = node_at(pass, id);
    while (is_widening(pass, n) || is_filtered(pass, n))
        n = node_at(pass, n->args[0]);
    const bool known =
        (cf_kind_is_number(n->kind) && n->kind != CF_DECIMAL && n->kind != CF_UINT64) ||
        n->kind == CF_DATE || n->kind == CF_TEXT;
    return n->op == CF_V_LOAD && n->level == scan && known ? n : NULL;
}

static bool constant_of(const cf_node *n, cf_bound *out) {
    if (n->op != CF_V_CONST || (n->flags & CF_NODE_NULL)) return false;
    if (n->kind == CF_INT64 && n->i0 >= -(INT64_C(1) << 53) && n->i0 <= INT64_C(1) << 53)
        out->value = (double)n->i0;
    else if (n->kind == CF_FLOAT64)
        out->value = n->f0;
    else if (n->kind == CF_DATE)
        out->value = (double)n->i0;
    else if (n->kind == CF_TEXT)
        out->text = (cf_view){n->text.data == NULL ? "" : n->text.data, n->text.size};
    else
        return false;
    return true;
}

static bool bound_of(const cf_pass *pass, cf_id mask, cf_id scan, cf_bound *out) {
    const cf_node *n = node_at(pass, mask);
    *out = (cf_bound){0};
    if (n->op != CF_V_MAP || n->arg_count != 2 || !compare_of(n->func, &out->compare))
        return false;
    const cf_node *column = column_of(pass, n->args[0], scan);
    cf_id constant = n->args[1];
    if (column == NULL) {
        column = column_of(pass, n->args[1], scan);
        constant = n->args[0];
        out->compare = swapped(out->compare);
    }
    const cf_node *c = node_at(pass, constant);
    if (column == NULL || !constant_of(c, out)) return false;
    if (!cf_kind_is_number(column->kind) && column->kind != c->kind) return false;
    out->node = (int32_t)column->i1;
    return true;
}

/* The outermost level that something at this node comes from. */
static cf_id top_of(const cf_pass *pass, cf_id id) {
    const cf_node *n = node_at(pass, id);
    cf_id level = n->op < CF_NODE_VALUES ? id : n->level;
    while (level > 1 && node_at(pass, level)->level > 1)
        level = node_at(pass, level)->level;
    return level;
}

static bool passes_through(const cf_pass *pass, cf_id top, cf_id filter) {
    for (;;) {
        const cf_node *n = node_at(pass, top);
        if (top == filter) return true;
        if (n->op == CF_L_FLAT) {
            top = top_of(pass, n->args[0]);
            if (node_at(pass, n->args[0])->level == 1) top = n->args[0];
            continue;
        }
        const bool groups = pass->run->places.spots[top].place == CF_PLACE_GROUP;
        if (n->op != CF_L_FILTER && !groups) return false;
        top = n->args[0];
    }
}

static bool all_pass_through(const cf_pass *pass, cf_id filter) {
    for (size_t i = 0; i < pass->sink_count; i++)
        if (!passes_through(pass, top_of(pass, node_at(pass, pass->sinks[i].id)->args[0]),
                            filter))
            return false;
    for (size_t i = 0; i < pass->delivery_count; i++) {
        const cf_collection *c = pass->deliveries[i]->collection;
        for (size_t k = 0; k < c->level_count; k++)
            if (!passes_through(pass, top_of(pass, c->levels[k]), filter)) return false;
    }
    return true;
}

static size_t bounds_of(const cf_pass *pass, cf_id scan, cf_bound *bounds) {
    size_t count = 0;
    const cf_plan *plan = pass->run->plan;
    for (cf_id id = scan + 1; id <= plan->node_count && count < BOUNDS_MAX; id++) {
        const cf_node *n = node_at(pass, id);
        const cf_spot *s = &pass->run->places.spots[id];
        if (n->op != CF_L_FILTER || s->place != CF_PLACE_STREAM || s->stream != scan) continue;
        cf_bound b;
        if (n->level == 1 && bound_of(pass, n->args[1], scan, &b) && all_pass_through(pass, id))
            bounds[count++] = b;
    }
    return count;
}

void cf_pass_skip(cf_pass *pass) {
    if (pass->branch_count != 1 || pass->branches[0].scan != pass->stream) return;
    cf_source *source = pass->run->plan->sources[node_at(pass, pass->stream)->i0];
    cf_bound bounds[BOUNDS_MAX];
    const size_t count =
        source->class->may_match == NULL ? 0 : bounds_of(pass, pass->stream, bounds);
    if (count == 0) return;
    for (size_t i = 0; i < pass->task_count; i++)
        pass->tasks[i].skipped =
            !source->class->may_match(source, pass->tasks[i].partition, bounds, count);
}
