#include "plan/plan.h"

/* What a plan computes, as a number: equal for equal plans wherever they were written. */

#include <string.h>

static uint64_t add_number(uint64_t h, uint64_t x) {
    return cf_hash_u64(x, h);
}

static uint64_t add_text(uint64_t h, const char *s) {
    return s == NULL ? add_number(h, 0) : cf_hash_bytes(s, strlen(s), add_number(h, 1));
}

static uint64_t add_out(uint64_t h, const cf_out *o) {
    if (o == NULL) return add_number(h, 0);
    h = add_text(add_number(h, (uint64_t)o->shape + 1), o->name);
    h = add_number(add_number(h, o->node), o->valid);
    h = add_number(h, o->child_count * 2 + o->hidden);
    for (uint32_t i = 0; i < o->child_count; i++)
        h = add_out(h, o->children[i]);
    return h;
}

static uint64_t add_node(uint64_t h, const cf_node *n) {
    uint64_t bits;
    memcpy(&bits, &n->f0, sizeof bits);
    const uint64_t fields[] = {
        (uint64_t)n->op, (uint64_t)n->kind, n->flags,        n->level, n->arg_count,
        (uint64_t)n->i0, (uint64_t)n->i1,   (uint64_t)n->i2, bits,     n->text.size};
    h = cf_hash_bytes(fields, sizeof fields, h);
    h = cf_hash_bytes(n->args, n->arg_count * sizeof *n->args, h);
    h = cf_hash_bytes(n->text.data, n->text.size, h);
    return add_text(h, n->func == NULL ? NULL : n->func->name);
}

static uint64_t add_source(uint64_t h, const cf_source *s) {
    h = add_text(add_text(h, s->format), s->open_pattern);
    h = add_text(add_number(h, cf_source_schema_hash(s)), s->open_tree);
    return add_number(h, s->open_flat);
}

uint64_t cf_plan_hash(const cf_plan *plan) {
    uint64_t h = CF_PLAN_VERSION;
    for (uint32_t i = 0; i < plan->source_count; i++)
        h = add_source(h, plan->sources[i]);
    for (uint32_t i = 0; i < plan->model_count; i++)
        h = add_number(h, plan->model_ids[i]);
    for (cf_id id = 1; id <= plan->node_count; id++)
        h = add_node(h, &plan->nodes[id]);
    h = add_out(add_number(h, plan->level), plan->rows);
    for (uint32_t i = 0; i < plan->save_count; i++)
        h = add_out(add_number(h, plan->saves[i].level), plan->saves[i].rows);
    return h;
}
