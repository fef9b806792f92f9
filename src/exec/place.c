#include "exec/place.h"

/* Arguments have smaller numbers than their node, so one loop upwards settles place and step,
 * and one loop downwards says which nodes are needed.
 *
 * A row of a stream never waits for other rows of its depth: what looks at all rows of a
 * relation (sort, windows ..) is whole.  Below that depth everything belongs to one event.
 *
 * Groups of a stream are found as its rows come, if nobody asks for more than reductions of
 * their members and for values of their first rows.  Then the members are the stream's own
 * rows, each of which knows its group.  That is tried first; where something else turns out to
 * be asked, the groups are whole. */

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
    const cf_id *roots;
    size_t root_count;
    bool *needed;
    bool *whole;     /* groups that cannot be found as the rows come */
    uint32_t *least; /* groups: the first pass that has all their members' values */
} placing;

bool cf_group_keys(const cf_plan *plan, cf_id level, const cf_id **keys, size_t *count) {
    const cf_node *n = node_at(plan, level);
    *count = 0;
    if (!outermost(n) || (n->op != CF_L_GROUP && n->op != CF_L_FILTER)) return false;
    if (n->op == CF_L_FILTER) {
        const cf_id rows = n->args[0];
        n = node_at(plan, n->args[1]);
        if (n->op != CF_V_DISTINCT || n->args[0] != rows) return false;
    }
    *keys = n->args + 1;
    *count = n->arg_count - 1;
    return true;
}

/* What the arguments have in common. */
typedef struct {
    bool any_stream, any_whole; /* whole: other than one value for all rows */
    bool mixed;                 /* different streams */
    cf_id stream;
    cf_id group;          /* whose members the rows are */
    uint32_t stream_step; /* the latest pass in which all streams are there */
    uint32_t ready;       /* passes that must be over for the whole arguments */
} argument_view;

static void look_at(const placing *p, cf_id arg, argument_view *v) {
    const cf_node *n = node_at(p->plan, arg);
    const cf_spot *s = &p->spots[arg];
    if (v->group != 0 && arg == v->group) return; /* FLAT of members up to their groups */
    if (s->place == CF_PLACE_STREAM) {
        if (v->any_stream && v->stream != s->stream) v->mixed = true;
        if (v->group != 0 && s->group != 0 && v->group != s->group) v->mixed = true;
        if (s->group != 0) v->group = s->group;
        v->any_stream = true;
        v->stream = s->stream;
        if (s->step > v->stream_step) v->stream_step = s->step;
        return;
    }
    const bool folded = s->place == CF_PLACE_SINK || s->place == CF_PLACE_GROUP;
    const uint32_t ready = folded ? s->step + 1 : s->step;
    if (ready > v->ready) v->ready = ready;
    const bool one_value = n->op > CF_NODE_VALUES && n->level == 1 && n->kind != CF_INDEX;
    if (!one_value && arg != 1) v->any_whole = true;
}

static bool is_sink(const placing *p, const cf_node *n, const argument_view *v) {
    if (!v->any_stream || v->any_whole || v->mixed || v->group != 0) return false;
    if (n->op == CF_V_REDUCE) return n->level == 1;
    if (n->op != CF_V_BINCOUNT) return false;
    const cf_node *bins = node_at(p->plan, n->level);
    return bins->op == CF_L_REPEAT && bins->args[0] == 1;
}

static bool is_parent_slot(const cf_node *n) {
    return n->op == CF_V_INDEX && n->i0 == CF_SLOT_PARENT;
}

/* Rows and values of the members of groups: their groups stand for UNIT. */
static bool is_member(const placing *p, const cf_node *n, const argument_view *v) {
    const bool level = n->op < CF_NODE_VALUES;
    if (level && n->level == v->group)
        return n->op == CF_L_FILTER || (n->op == CF_L_FLAT && n->args[1] == v->group);
    if (p->spots[n->level].place != CF_PLACE_STREAM || p->spots[n->level].group != v->group)
        return false;
    if (level || !(windowed(n->op) || is_parent_slot(n))) return true;
    return node_at(p->plan, n->args[0])->level != v->group;
}

static bool is_stream(const placing *p, const cf_node *n, const argument_view *v) {
    if (n->op == CF_L_SCAN || n->op == CF_L_LIST) return true;
    if (n->op == CF_V_LOAD || n->op == CF_V_VALID) return true;
    if (!v->any_stream || v->any_whole) return false;
    if (v->group != 0) return !v->mixed && is_member(p, n, v);
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
        if (v->group != 0 && level->group != 0 && v->group != level->group) v->mixed = true;
        if (level->group != 0) v->group = level->group;
        v->any_stream = true;
        v->stream_step = later(v->stream_step, level->step);
    } else {
        v->any_whole = true;
        v->ready = later(v->ready, level->step);
    }
}

/* --- groups --- */

static bool place_groups(const placing *p, cf_id id, cf_spot *s) {
    const cf_id *keys;
    size_t count;
    argument_view v = {0};
    if (p->whole[id] || !cf_group_keys(p->plan, id, &keys, &count)) return false;
    look_at(p, node_at(p->plan, id)->args[0], &v);
    for (size_t k = 0; k < count; k++)
        look_at(p, keys[k], &v);
    if (!v.any_stream || v.any_whole || v.mixed || v.group != 0) return false;
    *s = (cf_spot){.place = CF_PLACE_GROUP,
                   .stream = v.stream,
                   .step = later(later(v.stream_step, v.ready), p->least[id]),
                   .group = id};
    return true;
}

/* The rows that the groups begin with, and values of those rows. */
static bool place_first(const placing *p, cf_id id, cf_spot *s) {
    const cf_node *n = node_at(p->plan, id);
    const cf_spot *from = &p->spots[n->args[n->op == CF_V_GATHER ? 1 : 0]];
    if (from->place != CF_PLACE_GROUP || is_parent_slot(n)) return false;
    *s = *from;
    if (n->op == CF_V_INDEX) return true;
    const cf_spot *x = &p->spots[n->args[0]];
    if (x->place != CF_PLACE_STREAM || x->group != 0 || x->stream != from->stream) return false;
    s->step = later(s->step, x->step);
    s->place = n->kind == CF_INDEX ? CF_PLACE_GROUP : CF_PLACE_SINK;
    return true;
}

static bool place_reduction(const placing *p, cf_id id, cf_spot *s) {
    const cf_node *n = node_at(p->plan, id);
    const cf_spot *groups = &p->spots[n->level];
    argument_view v = {0};
    if (groups->place != CF_PLACE_GROUP) return false;
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (n->args[i] != 0) look_at(p, n->args[i], &v);
    if (!v.any_stream || v.any_whole || v.mixed || v.group != n->level) return false;
    *s = *groups;
    s->place = CF_PLACE_SINK;
    s->step = later(s->step, later(v.stream_step, v.ready));
    return true;
}

static bool place_of_groups(const placing *p, cf_id id, cf_spot *s) {
    const cf_node *n = node_at(p->plan, id);
    const cf_spot *groups;
    switch (n->op) {
    case CF_L_GROUP:
    case CF_L_FILTER: return place_groups(p, id, s);
    case CF_L_MEMBERS:
        groups = &p->spots[n->args[0]];
        if (groups->place != CF_PLACE_GROUP) return false;
        *s = *groups;
        s->place = CF_PLACE_STREAM;
        return true;
    case CF_V_INDEX:
    case CF_V_GATHER: return place_first(p, id, s);
    case CF_V_REDUCE: return place_reduction(p, id, s);
    default: return false;
    }
}

static void place(const placing *p, cf_id id) {
    const cf_node *n = node_at(p->plan, id);
    cf_spot *s = &p->spots[id];
    argument_view v = {0};
    if (place_of_groups(p, id, s)) return;
    arguments_view(p, id, &v);
    const uint32_t pass = later(v.stream_step, v.ready);
    if (is_sink(p, n, &v))
        *s = (cf_spot){.place = CF_PLACE_SINK, .stream = v.stream, .step = pass};
    else if (is_stream(p, n, &v))
        *s = (cf_spot){.place = CF_PLACE_STREAM,
                       .stream = stream_of(p, id, &v),
                       .step = pass,
                       .group = v.group};
    else
        *s = (cf_spot){.place = CF_PLACE_WHOLE,
                       .step = later(v.ready, v.any_stream ? v.stream_step + 1 : 0)};
}

/* Is `used` something of groups in a pass that only other things of theirs may use? */
static bool is_inner(const placing *p, cf_id used) {
    const cf_spot *s = &p->spots[used];
    if (s->group == 0 || s->group == used) return false;
    return s->place == CF_PLACE_STREAM || s->place == CF_PLACE_GROUP;
}

static bool check_use(const placing *p, cf_id used, const cf_spot *user) {
    if (!is_inner(p, used)) return true;
    const cf_id group = p->spots[used].group;
    if (user != NULL && user->place != CF_PLACE_WHOLE && user->group == group) return true;
    p->whole[group] = true;
    return false;
}

/* A reduction of groups may need a later pass than they; then they are found in that.  If it
 * waits for the groups themselves, that would go on for ever. */
#define ROUNDS_MAX 8

static bool check_step(const placing *p, cf_id id, unsigned round) {
    const cf_spot *s = &p->spots[id];
    if (s->group == 0 || s->place == CF_PLACE_STREAM) return true;
    if (s->step <= p->spots[s->group].step) return true;
    if (s->step > p->least[s->group]) p->least[s->group] = s->step;
    if (round >= ROUNDS_MAX) p->whole[s->group] = true;
    return false;
}

static bool check_groups(const placing *p, unsigned round) {
    bool fine = true;
    for (size_t i = 0; i < p->root_count; i++)
        fine = check_use(p, p->roots[i], NULL) && fine;
    for (cf_id id = 1; id <= p->plan->node_count; id++) {
        if (!p->needed[id]) continue;
        const cf_node *n = node_at(p->plan, id);
        fine = check_use(p, n->level, &p->spots[id]) && fine;
        for (uint32_t i = 0; i < n->arg_count; i++)
            fine = check_use(p, n->args[i], &p->spots[id]) && fine;
        fine = check_step(p, id, round) && fine;
    }
    return fine;
}

static void need(const placing *p, cf_id id) {
    const cf_node *n = node_at(p->plan, id);
    const cf_id *args = n->args;
    size_t count = n->arg_count;
    if (n->level != 0) p->needed[n->level] = true;
    if (n->op == CF_L_FILTER && p->spots[id].place == CF_PLACE_GROUP) {
        p->needed[args[0]] = true; /* the mask is not made, only its keys */
        (void)cf_group_keys(p->plan, id, &args, &count);
    }
    for (size_t i = 0; i < count; i++)
        p->needed[args[i]] = true;
}

static void need_all(const placing *p) {
    for (cf_id id = 0; id <= p->plan->node_count; id++)
        p->needed[id] = false;
    p->needed[1] = true;
    for (size_t i = 0; i < p->root_count; i++)
        p->needed[p->roots[i]] = true;
    for (cf_id id = p->plan->node_count; id > 0; id--)
        if (p->needed[id]) need(p, id);
}

static void place_all(const placing *p) {
    for (unsigned round = 0;; round++) {
        for (cf_id id = 0; id <= p->plan->node_count; id++)
            p->spots[id] = (cf_spot){0};
        need_all(p);
        for (cf_id id = 1; id <= p->plan->node_count; id++)
            if (p->needed[id]) place(p, id);
        if (check_groups(p, round)) break;
    }
    need_all(p);
    for (cf_id id = 1; id <= p->plan->node_count; id++)
        if (!p->needed[id]) p->spots[id] = (cf_spot){0};
}

/* --- what is collected --- */

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
    const placing p = {.plan = plan, .spots = places->spots};
    collect(&p, id);
}

void cf_places_make(const cf_plan *plan, const cf_id *roots, size_t root_count, cf_arena *arena,
                    cf_places *out) {
    const size_t nodes = plan->node_count + 1;
    const placing p = {.plan = plan,
                       .spots = CF_NEWS(arena, cf_spot, nodes),
                       .roots = roots,
                       .root_count = root_count,
                       .needed = CF_NEWS(arena, bool, nodes),
                       .whole = CF_NEWS(arena, bool, nodes),
                       .least = CF_NEWS(arena, uint32_t, nodes)};
    place_all(&p);
    for (cf_id id = 1; id <= plan->node_count; id++)
        if (p.needed[id]) mark_boundary(&p, id);
    *out = (cf_places){.spots = p.spots};
    for (cf_id id = 1; id <= plan->node_count; id++) {
        const cf_spot *s = &p.spots[id];
        if (s->place != CF_PLACE_NONE && s->place != CF_PLACE_WHOLE)
            out->step_count = later(out->step_count, s->step + 1);
    }
}
