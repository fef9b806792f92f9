#include "plan/plan.h"

#include <string.h>

/* Takes out what the result does not need: attempts of the binder, columns that were looked at
 * and not used.  Nodes keep their order, so arguments stay in front of their users. */

typedef struct {
    cf_id *new_id; /* 0: not needed; while marking: 1 */
    cf_plan *plan;
} compaction;

static void mark_out(compaction *c, const cf_out *out) {
    if (out == NULL) return;
    c->new_id[out->node] = c->new_id[out->valid] = 1;
    for (uint32_t i = 0; i < out->child_count; i++)
        mark_out(c, out->children[i]);
}

static void renumber_out(const compaction *c, cf_out *out) {
    if (out == NULL) return;
    out->node = c->new_id[out->node];
    out->valid = c->new_id[out->valid];
    for (uint32_t i = 0; i < out->child_count; i++)
        renumber_out(c, out->children[i]);
}

static void mark(compaction *c) {
    cf_plan *p = c->plan;
    c->new_id[1] = c->new_id[p->level] = 1;
    mark_out(c, p->rows);
    for (uint32_t i = 0; i < p->save_count; i++) {
        c->new_id[p->saves[i].level] = 1;
        mark_out(c, p->saves[i].rows);
    }
    for (cf_id id = p->node_count; id >= 1; id--) {
        if (c->new_id[id] == 0) continue;
        c->new_id[p->nodes[id].level] = 1;
        for (uint32_t k = 0; k < p->nodes[id].arg_count; k++)
            c->new_id[p->nodes[id].args[k]] = 1;
    }
}

void cf_plan_compact(cf_plan *plan) {
    compaction c = {.new_id = CF_NEWS(plan->arena, cf_id, plan->node_count + 1), .plan = plan};
    mark(&c);
    c.new_id[0] = 0;
    cf_id next = 0;
    for (cf_id id = 1; id <= plan->node_count; id++) {
        if (c.new_id[id] == 0) continue;
        c.new_id[id] = ++next;
        cf_node n = plan->nodes[id];
        cf_id *args = CF_NEWS(plan->arena, cf_id, n.arg_count + 1);
        for (uint32_t k = 0; k < n.arg_count; k++)
            args[k] = c.new_id[n.args[k]];
        n.args = args;
        n.level = c.new_id[n.level];
        plan->nodes[next] = n;
    }
    plan->node_count = next;
    plan->level = c.new_id[plan->level];
    renumber_out(&c, plan->rows);
    for (uint32_t i = 0; i < plan->save_count; i++) {
        plan->saves[i].level = c.new_id[plan->saves[i].level];
        renumber_out(&c, plan->saves[i].rows);
    }
}
