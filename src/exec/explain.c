#include "exec/run.h"

/* For %explain: what is streamed in which pass, what that leaves, and what is computed at once
 * from it. */

typedef struct {
    const cf_plan *plan;
    cf_places places;
    cf_text *out;
    size_t listed;
} explaining;

static void list(explaining *x, const char *what, cf_id id) {
    if (x->listed++ == 0)
        cf_text_addf(x->out, "%s #%u", what, id);
    else
        cf_text_addf(x->out, " #%u", id);
}

static void list_op(explaining *x, const char *what, cf_id id) {
    cf_text_adds(x->out, x->listed++ == 0 ? what : ",");
    cf_text_addc(x->out, ' ');
    for (const char *c = cf_node_op_name(x->plan->nodes[id].op); *c != '\0'; c++)
        cf_text_addc(x->out, *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c);
    cf_text_addf(x->out, " #%u", id);
}

static bool in_pass(const explaining *x, cf_id id, uint32_t step, cf_id stream) {
    const cf_spot *s = &x->places.spots[id];
    return s->step == step && s->stream == stream;
}

typedef bool picks(const explaining *x, cf_id id);

static bool is_groups(const explaining *x, cf_id id) {
    const cf_spot *s = &x->places.spots[id];
    return s->place == CF_PLACE_GROUP && s->group == id;
}

static bool is_aggregate(const explaining *x, cf_id id) {
    return x->places.spots[id].place == CF_PLACE_SINK;
}

static bool is_collected(const explaining *x, cf_id id) {
    const cf_spot *s = &x->places.spots[id];
    return s->place == CF_PLACE_STREAM && s->boundary;
}

static size_t list_pass(explaining *x, uint32_t step, cf_id stream) {
    static const struct {
        const char *what;
        picks *is;
    } parts[] = {
        {"  groups", is_groups}, {"  aggregates", is_aggregate}, {"  keeps", is_collected}};
    size_t all = 0;
    for (size_t k = 0; k < CF_COUNT(parts); k++) {
        x->listed = 0;
        for (cf_id id = 1; id <= x->plan->node_count; id++)
            if (in_pass(x, id, step, stream) && parts[k].is(x, id)) list(x, parts[k].what, id);
        all += x->listed;
    }
    return all;
}

static bool is_root(const explaining *x, cf_id stream, uint32_t step) {
    const cf_spot *s = &x->places.spots[x->plan->level];
    return s->place == CF_PLACE_STREAM && s->stream == stream && s->step <= step;
}

static void explain_passes(explaining *x) {
    uint32_t number = 0;
    for (uint32_t step = 0; step < x->places.step_count; step++)
        for (cf_id id = 1; id <= x->plan->node_count; id++) {
            const cf_spot *s = &x->places.spots[id];
            if (s->place != CF_PLACE_STREAM || s->stream != id) continue;
            const size_t mark = x->out->size;
            cf_text_addf(x->out, "pass %u streams #%u:", number + 1, id);
            const bool rows = is_root(x, id, step) && step + 1 == x->places.step_count;
            if (list_pass(x, step, id) == 0 && !rows) {
                x->out->size = mark; /* nothing to do */
                x->out->data[mark] = '\0';
                continue;
            }
            number++;
            if (rows) cf_text_adds(x->out, "  rows of the result");
            cf_text_addc(x->out, '\n');
        }
}

void cf_exec_explain(const cf_plan *plan, cf_text *out) {
    cf_arena *arena = cf_arena_new(16384);
    if (arena == NULL) return;
    explaining x = {.plan = plan, .out = out};
    cf_run_places(plan, arena, &x.places);
    explain_passes(&x);
    x.listed = 0;
    for (cf_id id = 2; id <= plan->node_count; id++)
        if (x.places.spots[id].place == CF_PLACE_WHOLE && plan->nodes[id].op < CF_NODE_VALUES)
            list_op(&x, "whole, from what the passes left:", id);
    if (x.listed > 0) cf_text_addc(out, '\n');
    cf_arena_free(arena);
}
