#include "exec/place.h"

/* Arguments have smaller numbers than their node, so one loop upwards settles place and step,
 * and one loop downwards says which nodes are needed.
 *
 * A row of a stream never waits for other rows of its depth: what looks at all rows of a
 * relation (sort, group, windows ..) is whole.  Below that depth everything belongs to one
 * event. */

static const cf_node *node_at(const cf_plan *plan, cf_id id) {
    return &plan->nodes[id];
}

cf_id cf_index_target(const cf_plan *plan, cf_id index) {
    const cf_node *n = node_at(plan, index);
    if (n->op == CF_V_PICK || n->op == CF_V_NTH) return n->args[0];
    if (n->op != CF_V_INDEX) return cf_index_target(plan, n->args[0]);
    const cf_node *level = node_at(plan, n->args[0]);
    if (n->i0 == CF_SLOT_PARENT) return level->level;
    if (level->op == CF_L_MEMBERS) return node_at(plan, level->args[0])->args[0];
    return level->args[level->op == CF_L_CROSS ? n->i0 : 0];
}

static bool outermost(const cf_node *n) {
    return n->op < CF_NODE_VALUES && n->level == 1;
}

/* May a level directly over UNIT, made from streams, be a stream? */
static bool streams_at_top(cf_node_op op) {
    return op == CF_L_FLAT || op == CF_L_FILTER || op == CF_L_CONCAT;
}

static bool windowed(cf_node_op op) {
    return op == CF_V_WINDOW || op == CF_V_DISTINCT || op == CF_V_REMOVE;
}

typedef struct {
    const cf_plan *plan;
    cf_spot *spots;
} placing;

/* What the arguments have in common. */
typedef struct {
    bool any_stream, any_whole; /* whole: other than one value for all rows */
    bool mixed;                 /* different streams */
    cf_id stream;
    uint32_t stream_step; /* the latest pass in which all streams are there */
    uint32_t ready;       /* passes that must be over for the whole arguments */
} argument_view;

static void look_at(const placing *p, cf_id arg, argument_view *v) {
    const cf_node *n = node_at(p->plan, arg);
    const cf_spot *s = &p->spots[arg];
    if (s->place == CF_PLACE_STREAM) {
        if (v->any_stream && v->stream != s->stream) v->mixed = true;
        v->any_stream = true;
        v->stream = s->stream;
        if (s->step > v->stream_step) v->stream_step = s->step;
        return;
    }
    const uint32_t ready = s->place == CF_PLACE_SINK ? s->step + 1 : s->step;
    if (ready > v->ready) v->ready = ready;
    const bool one_value = n->op > CF_NODE_VALUES && n->level == 1 && n->kind != CF_INDEX;
    if (!one_value && arg != 1) v->any_whole = true;
}

static bool is_sink(const placing *p, const cf_node *n, const argument_view *v) {
    if (!v->any_stream || v->any_whole || v->mixed) return false;
    if (n->op == CF_V_REDUCE) return n->level == 1;
    if (n->op != CF_V_BINCOUNT) return false;
    const cf_node *bins = node_at(p->plan, n->level);
    return bins->op == CF_L_REPEAT && bins->args[0] == 1;
}

static bool is_stream(const placing *p, const cf_node *n, const argument_view *v) {
    if (n->op == CF_L_SCAN || n->op == CF_L_LIST) return true;
    if (n->op == CF_V_LOAD || n->op == CF_V_VALID) return true;
    if (!v->any_stream || v->any_whole) return false;
    if (v->mixed) return n->op == CF_L_CONCAT || n->op == CF_L_CONCATL || n->op == CF_V_CONCATV;
    if (outermost(n)) return streams_at_top(n->op);
    if (n->op < CF_NODE_VALUES) return true;
    if (n->level == 1) return false;
    return !(windowed(n->op) && outermost(node_at(p->plan, n->args[0])));
}

static cf_id stream_of(const placing *p, cf_id id, const argument_view *v) {
    const cf_node *n = node_at(p->plan, id);
    switch (n->op) {
    case CF_L_SCAN: return id;
    case CF_L_CONCAT: return outermost(n) ? id : v->stream;
    case CF_L_CONCATL: return p->spots[n->args[0]].stream;
    case CF_L_LIST:
    case CF_V_LOAD:
    case CF_V_VALID:
    case CF_V_CONCATV: return p->spots[n->level].stream;
    default: return v->stream;
    }
}

static uint32_t later(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static void arguments_view(const placing *p, cf_id id, argument_view *v) {
    const cf_node *n = node_at(p->plan, id);
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (n->args[i] != 0) look_at(p, n->args[i], v);
    if (n->op < CF_NODE_VALUES || n->level == 1 || n->op == CF_V_BINCOUNT) return;
    const cf_spot *level = &p->spots[n->level];
    if (level->place == CF_PLACE_STREAM) {
        if (!v->any_stream) v->stream = level->stream;
        v->any_stream = true;
        v->stream_step = later(v->stream_step, level->step);
    } else {
        v->any_whole = true;
        v->ready = later(v->ready, level->step);
    }
}

static void place(const placing *p, cf_id id) {
    const cf_node *n = node_at(p->plan, id);
    cf_spot *s = &p->spots[id];
    argument_view v = {0};
    arguments_view(p, id, &v);
    const uint32_t pass = later(v.stream_step, v.ready);
    if (is_sink(p, n, &v))
        *s = (cf_spot){.place = CF_PLACE_SINK, .stream = v.stream, .step = pass};
    else if (is_stream(p, n, &v))
        *s = (cf_spot){.place = CF_PLACE_STREAM, .stream = stream_of(p, id, &v), .step = pass};
    else
        *s = (cf_spot){.place = CF_PLACE_WHOLE,
                       .step = later(v.ready, v.any_stream ? v.stream_step + 1 : 0)};
}

static void need_all(const placing *p, bool *needed) {
    for (cf_id id = p->plan->node_count; id > 0; id--) {
        if (!needed[id]) continue;
        const cf_node *n = node_at(p->plan, id);
        if (n->level != 0) needed[n->level] = true;
        for (uint32_t i = 0; i < n->arg_count; i++)
            needed[n->args[i]] = true;
    }
}

/* Levels stand with all levels round them: their offsets count rows of those. */
static void collect_chain(const placing *p, cf_id level) {
    for (; level > 1 && p->spots[level].place == CF_PLACE_STREAM;
         level = node_at(p->plan, level)->level)
        p->spots[level].boundary = true;
}

static void collect(const placing *p, cf_id id) {
    if (id == 0 || p->spots[id].place != CF_PLACE_STREAM) return;
    const cf_node *n = node_at(p->plan, id);
    p->spots[id].boundary = true;
    collect_chain(p, n->op < CF_NODE_VALUES ? id : n->level);
    if (n->kind == CF_INDEX) collect_chain(p, cf_index_target(p->plan, id));
}

/* Which source each row of a concatenation came from is found out again from the sources'
 * lists. */
static void collect_sources(const placing *p, cf_id level) {
    const cf_node *n = node_at(p->plan, level);
    if (n->op != CF_L_CONCAT && n->op != CF_L_CONCATL) return;
    if (n->op == CF_L_CONCATL) collect_sources(p, n->args[0]);
    for (uint32_t i = 0; i < n->arg_count; i++)
        collect(p, n->args[i]);
}

static void mark_boundary(const placing *p, cf_id id) {
    const cf_node *n = node_at(p->plan, id);
    if (p->spots[id].place != CF_PLACE_WHOLE) return;
    collect_chain(p, n->level);
    for (uint32_t i = 0; i < n->arg_count; i++)
        collect(p, n->args[i]);
    if (n->op == CF_V_CONCATV) collect_sources(p, n->level);
    if (n->op == CF_L_CONCATL) collect_sources(p, n->args[0]);
}

void cf_places_collect(const cf_plan *plan, cf_places *places, cf_id id) {
    const placing p = {plan, places->spots};
    collect(&p, id);
}

void cf_places_make(const cf_plan *plan, const cf_id *roots, size_t root_count, cf_arena *arena,
                    cf_places *out) {
    const placing p = {plan, CF_NEWS(arena, cf_spot, plan->node_count + 1)};
    bool *needed = CF_NEWS(arena, bool, plan->node_count + 1);
    for (size_t i = 0; i < root_count; i++)
        needed[roots[i]] = true;
    needed[1] = true;
    need_all(&p, needed);
    for (cf_id id = 1; id <= plan->node_count; id++)
        if (needed[id]) place(&p, id);
    for (cf_id id = 1; id <= plan->node_count; id++)
        if (needed[id]) mark_boundary(&p, id);
    *out = (cf_places){.spots = p.spots};
    for (cf_id id = 1; id <= plan->node_count; id++) {
        const cf_spot *s = &p.spots[id];
        if (s->place == CF_PLACE_STREAM || s->place == CF_PLACE_SINK)
            out->step_count = later(out->step_count, s->step + 1);
    }
}
