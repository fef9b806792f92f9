#include "plan/plan.h"

/* A plan in words, a node a line:
 *     #7 filter #3 (mask #6)  over #1
 *     #9 float mul_float #7 #8  at #3 */

static const char *const reduce_words[] = {
#define CF_REDUCE(name, word) [CF_R_##name] = (word),
    CF_REDUCES(CF_REDUCE)
#undef CF_REDUCE
};

static const char *const pick_words[] = {"first", "last", "min_by", "max_by"};

static const char *const window_words[] = {
    "row_number", "lag",        "lead",       "rank",       "rank_dense",     "first",
    "last",       "moving sum", "moving min", "moving max", "moving average", "moving count"};

static void print_lower(cf_text *out, const char *name) {
    for (; *name != '\0'; name++)
        cf_text_addc(out, *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name);
}

/* The column's path in the schema: `Muon.pt`; false: no such node. */
static bool print_path(cf_text *out, const cf_type *type, int32_t node, const char *before) {
    for (uint32_t i = 0; i < type->field_count; i++) {
        const cf_field *f = &type->fields[i];
        const size_t mark = out->size;
        if (f->name[0] != '\0') cf_text_addf(out, "%s%s", before, f->name);
        if (f->node == node) return true;
        if (print_path(out, f->type, node, mark == out->size ? before : ".")) return true;
        out->size = mark;
        if (out->data != NULL) out->data[mark] = '\0';
    }
    return false;
}

static void print_column(cf_text *out, const cf_plan *plan, const cf_node *n) {
    cf_text_addc(out, ' ');
    if (n->i0 < 0 || n->i0 >= plan->source_count) return;
    const cf_source *source = plan->sources[n->i0];
    if (!print_path(out, source->schema, (int32_t)n->i1, ""))
        cf_text_addf(out, "column %lld", (long long)n->i1);
}

static void print_const(cf_text *out, const cf_node *n) {
    char number[32];
    if (n->flags & CF_NODE_NULL) {
        cf_text_adds(out, " null");
    } else if (n->kind == CF_TEXT) {
        cf_text_addf(out, " \"%.*s\"", CF_STR_ARGS(n->text));
    } else if (n->kind == CF_BOOL) {
        cf_text_adds(out, n->i0 != 0 ? " true" : " false");
    } else {
        if (n->kind == CF_FLOAT64)
            (void)cf_format_f64(number, n->f0);
        else
            (void)cf_format_i64(number, n->i0);
        cf_text_addf(out, " %s", number);
    }
}

static void print_args(cf_text *out, const cf_node *n) {
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (n->args[i] != 0) cf_text_addf(out, " #%u", n->args[i]);
}

static const char *radius_word(const cf_node *n) {
    return (n->i0 & 1) != 0 ? " <=" : " <";
}

static void print_level(cf_text *out, const cf_plan *plan, const cf_node *n) {
    print_lower(out, cf_node_op_name(n->op));
    switch (n->op) {
    case CF_L_SCAN: cf_text_addf(out, " %s", plan->sources[n->i0]->where); break;
    case CF_L_LIST: print_column(out, plan, n); break;
    case CF_L_FILTER:
        cf_text_addf(out, " #%u (mask #%u)", n->args[0], n->args[1]);
        if (n->text.size > 0) cf_text_addf(out, " `%.*s`", CF_STR_ARGS(n->text));
        break;
    case CF_L_COMBINE:
    case CF_L_ITEMS: cf_text_addf(out, " %lld of", (long long)n->i0); break;
    case CF_L_RADIUS: cf_text_adds(out, radius_word(n)); break;
    default: break;
    }
    if (n->op != CF_L_FILTER && n->op != CF_L_LIST) print_args(out, n);
    if (n->level != 0) cf_text_addf(out, "  over #%u", n->level);
}

static void print_value(cf_text *out, const cf_plan *plan, const cf_node *n) {
    cf_text_addf(out, "%s ", cf_kind_word(n->kind));
    if (n->op != CF_V_MAP) print_lower(out, cf_node_op_name(n->op));
    switch (n->op) {
    case CF_V_CONST: print_const(out, n); break;
    case CF_V_LOAD:
    case CF_V_VALID: print_column(out, plan, n); break;
    case CF_V_MAP: cf_text_adds(out, n->func->name); break;
    case CF_V_REDUCE: cf_text_addf(out, " %s", reduce_words[n->i0]); break;
    case CF_V_PICK: cf_text_addf(out, " %s", pick_words[n->i0]); break;
    case CF_V_WINDOW: cf_text_addf(out, " %s", window_words[n->i0]); break;
    case CF_V_INDEX:
        if (n->i0 == CF_SLOT_PARENT)
            cf_text_adds(out, " parent of");
        else
            cf_text_addf(out, " %lld of", (long long)n->i0);
        break;
    default: break;
    }
    print_args(out, n);
    if (n->op != CF_V_CONST) cf_text_addf(out, "  at #%u", n->level);
}

static void print_out(cf_text *out, const cf_out *o, unsigned indent) {
    cf_text_addf(out, "%*s%s: ", (int)indent, "", o->name == NULL ? "" : o->name);
    if (o->shape == CF_OUT_VALUE) cf_text_addf(out, "#%u", o->node);
    if (o->shape == CF_OUT_LIST) cf_text_addf(out, "list over #%u", o->node);
    if (o->shape == CF_OUT_TUPLE) cf_text_adds(out, "tuple");
    if (o->valid != 0) cf_text_addf(out, " (valid #%u)", o->valid);
    cf_text_addc(out, '\n');
    for (uint32_t i = 0; i < o->child_count; i++)
        print_out(out, o->children[i], indent + 2);
}

/* What is read: the columns of each source, and in how many partitions. */
static void print_sources(const cf_plan *plan, cf_text *out) {
    for (uint32_t i = 0; i < plan->source_count; i++) {
        const cf_source *s = plan->sources[i];
        cf_text_addf(out, "reads %s (%lld rows, %u partition%s):", s->where, (long long)s->rows,
                     s->partition_count, s->partition_count == 1 ? "" : "s");
        size_t columns = 0;
        for (cf_id id = 1; id <= plan->node_count; id++) {
            const cf_node *n = &plan->nodes[id];
            if (n->op != CF_V_LOAD || n->i0 != (int64_t)i) continue;
            cf_text_adds(out, columns++ == 0 ? " " : ", ");
            (void)print_path(out, s->schema, (int32_t)n->i1, "");
        }
        cf_text_adds(out, columns == 0 ? " no column\n" : "\n");
    }
}

void cf_plan_print(const cf_plan *plan, cf_text *out) {
    print_sources(plan, out);
    for (cf_id id = 1; id <= plan->node_count; id++) {
        const cf_node *n = &plan->nodes[id];
        cf_text_addf(out, "#%u ", id);
        if (n->op < CF_NODE_VALUES)
            print_level(out, plan, n);
        else
            print_value(out, plan, n);
        cf_text_addc(out, '\n');
    }
    if (plan->rows != NULL) {
        cf_text_addf(out, "result at #%u", plan->level);
        if (plan->limit >= 0) cf_text_addf(out, ", first %lld rows", (long long)plan->limit);
        cf_text_addc(out, '\n');
        print_out(out, plan->rows, 2);
    }
    for (uint32_t i = 0; i < plan->save_count; i++) {
        cf_text_addf(out, "save %s: rows of #%u\n", plan->saves[i].path, plan->saves[i].level);
        print_out(out, plan->saves[i].rows, 2);
    }
}
