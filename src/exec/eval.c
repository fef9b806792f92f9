#include "exec/eval.h"

/* Remembering, measuring, and what all operations share. */

#include "prim/gather.h"
#include "prim/segment.h"

#include <stdatomic.h>
#include <string.h>

/* A level that multiplies rows gets the chunk split above this. */
#define WIDE_ROWS (1 << 20)

void cf_eval_next_chunk(cf_eval *e, int64_t begin, int64_t end) {
    cf_arena_reset(e->arena);
    e->epoch++;
    e->begin = begin;
    e->end = end;
    e->split = false;
    e->depth = 0;
}

/* --- errors and room --- */

cf_status cf_eval_no_memory(cf_eval *e) {
    return cf_fail(e->err, CF_E_MEMORY, CF_NOWHERE,
                   "not enough memory for the rows of this query");
}

/* What is computed whole counts against the limit with what was kept for it. */
#define SMALL 65536

static bool above_limit(cf_eval *e, size_t count, size_t size) {
    const double kept = (double)atomic_load(e->kept) + (double)cf_arena_used(e->arena);
    if (kept + (double)count * (double)size <= (double)e->memory_limit) return false;
    (void)cf_fail(e->err, CF_E_LIMIT, CF_NOWHERE,
                  "what this query computes from all rows at once needs more than its %zu MiB "
                  "of memory",
                  e->memory_limit >> 20);
    return true;
}

void *cf_eval_alloc(cf_eval *e, size_t count, size_t size) {
    void *memory = NULL;
    if (e->kept != NULL && count > SMALL / size && above_limit(e, count, size)) return NULL;
    if (count <= SIZE_MAX / 4 / size) memory = cf_arena_alloc(e->arena, count * size, 64);
    if (memory == NULL) (void)cf_eval_no_memory(e);
    return memory;
}

bool cf_eval_stopped(const cf_eval *e) {
    return e->stop != NULL && atomic_load_explicit(e->stop, memory_order_relaxed);
}

cf_status cf_eval_check_stop(cf_eval *e) {
    if (!cf_eval_stopped(e)) return CF_OK;
    return cf_fail(e->err, CF_E_CANCELLED, CF_NOWHERE, "interrupted");
}

static cf_status too_wide(cf_eval *e, cf_id level, const char *why) {
    const cf_span at = cf_eval_node(e, level)->span;
    if (e->cursor == NULL)
        return cf_fail(e->err, CF_E_LIMIT, at, "this would make more rows than %s", why);
    const cf_source *source = e->cursor->source;
    const int64_t row = source->partitions[e->cursor->partition].first_row + e->begin;
    return cf_fail(e->err, CF_E_LIMIT, at,
                   "row %lld of %s alone would make more rows than %s here", (long long)row,
                   source->where, why);
}

cf_status cf_eval_check_size(cf_eval *e, cf_id level, int64_t rows) {
    if (rows >= 0 && rows <= WIDE_ROWS) return CF_OK;
    if (e->cursor != NULL && e->end - e->begin > 1) {
        e->split = true;
        return CF_E_LIMIT;
    }
    if (rows < 0) return too_wide(e, level, "can be numbered (2^31)");
    if ((uint64_t)rows > e->memory_limit / 32)
        return too_wide(e, level, "the memory limit allows");
    return CF_OK;
}

/* --- remembering --- */

/* Asking goes by recursion; the threads' stacks (and a main thread's) have room for this. */
#define DEPTH_MAX 4000

static cf_status go_deeper(cf_eval *e, cf_id id) {
    CF_TRY(cf_eval_check_stop(e));
    if (++e->depth <= DEPTH_MAX) return CF_OK;
    return cf_fail(e->err, CF_E_LIMIT, cf_eval_node(e, id)->span,
                   "this is nested more than %d steps deep", DEPTH_MAX);
}

static bool fresh(const cf_eval *e, cf_id id) {
    return e->memo[id].epoch == e->epoch;
}

typedef struct {
    int64_t start, inner_before;
} stopwatch;

static stopwatch watch_start(cf_eval *e) {
    if (e->stats == NULL) return (stopwatch){0, 0};
    const stopwatch w = {cf_clock_ns(), e->inner_ns};
    e->inner_ns = 0;
    return w;
}

/* What this node took without the nodes that it asked for. */
static void watch_stop(cf_eval *e, stopwatch w, cf_id id, int64_t rows, size_t kind_size) {
    if (e->stats == NULL) return;
    const int64_t took = cf_clock_ns() - w.start;
    cf_node_stats *s = &e->stats[id];
    s->node = id;
    s->calls++;
    s->rows += rows;
    s->bytes += rows * (int64_t)kind_size;
    s->nanoseconds += took - e->inner_ns;
    e->inner_ns = w.inner_before + took;
}

static cf_status rows_made(cf_eval *e, cf_id level) {
    cf_memo *m = &e->memo[level];
    CF_TRY(go_deeper(e, level));
    m->as.rows = (cf_rows){0};
    const stopwatch w = watch_start(e);
    CF_TRY(cf_eval_level_node(e, level, &m->as.rows));
    watch_stop(e, w, level, m->as.rows.n, 4);
    e->depth--;
    m->epoch = e->epoch;
    return CF_OK;
}

/* In a pass: what is not a stream was computed before. */
static const cf_eval *owner(const cf_eval *e, cf_id id) {
    if (e->whole == NULL) return e;
    const cf_place place = e->places->spots[id].place;
    return place == CF_PLACE_STREAM || place == CF_PLACE_GROUP ? e : e->whole;
}

cf_status cf_eval_rows(cf_eval *e, cf_id level, const cf_rows **out) {
    const cf_eval *at = owner(e, level);
    if (!fresh(at, level)) {
        CF_ASSERT(at == e);
        CF_TRY(rows_made(e, level));
    }
    *out = &at->memo[level].as.rows;
    return CF_OK;
}

bool cf_eval_is_made(const cf_eval *e, cf_id id) {
    return fresh(owner(e, id), id);
}

static const uint64_t nothing[2];

static int64_t null_count(const cf_vec *v) {
    int64_t nulls = 0;
    if (v->valid == NULL) return 0;
    if (v->constant) return v->valid[0] ? 0 : v->n;
    for (size_t i = 0; i < v->n; i++)
        nulls += v->valid[i] == 0;
    return nulls;
}

static cf_status vec_made(cf_eval *e, cf_id value) {
    const cf_node *n = cf_eval_node(e, value);
    cf_memo *m = &e->memo[value];
    const cf_rows *rows;
    CF_TRY(go_deeper(e, value));
    CF_TRY(cf_eval_rows(e, n->level, &rows));
    m->as.vec = (cf_vec){.kind = n->kind, .n = rows->n, .data = nothing};
    const stopwatch w = watch_start(e);
    if (rows->n > 0) CF_TRY(cf_eval_value_node(e, value, &m->as.vec));
    watch_stop(e, w, value, rows->n, cf_kind_size(n->kind));
    if (e->stats != NULL) e->stats[value].nulls_or_dropped += null_count(&m->as.vec);
    m->epoch = e->epoch;
    e->depth--;
    return CF_OK;
}

cf_status cf_eval_vec(cf_eval *e, cf_id value, const cf_vec **out) {
    const cf_eval *at = owner(e, value);
    if (!fresh(at, value)) {
        CF_ASSERT(at == e);
        CF_TRY(vec_made(e, value));
    }
    *out = &at->memo[value].as.vec;
    return CF_OK;
}

cf_status cf_eval_arg(cf_eval *e, cf_id value, cf_id level, cf_vec *out) {
    const cf_vec *v;
    CF_TRY(cf_eval_vec(e, value, &v));
    *out = *v;
    if (cf_eval_node(e, value)->level == level) return CF_OK;
    CF_ASSERT(cf_eval_node(e, value)->level == 1);
    const cf_rows *rows;
    CF_TRY(cf_eval_rows(e, level, &rows));
    out->constant = true;
    out->n = rows->n;
    return CF_OK;
}

cf_status cf_eval_array(cf_eval *e, cf_id value, cf_id level, cf_vec *out) {
    CF_TRY(cf_eval_arg(e, value, level, out));
    if (!out->constant) return CF_OK;
    const size_t size = cf_kind_size(out->kind);
    void *data = cf_eval_alloc(e, out->n, size);
    if (data == NULL) return CF_E_MEMORY;
    cf_prim_fill(data, out->data, size, out->n);
    out->data = data;
    out->constant = false;
    if (out->valid == NULL) return CF_OK;
    uint8_t *valid = out->valid[0] ? NULL : CF_EVAL_NEWS(e, uint8_t, out->n);
    if (valid == NULL && !out->valid[0]) return CF_E_MEMORY;
    if (valid != NULL) memset(valid, 0, out->n);
    out->valid = valid;
    return CF_OK;
}

/* --- levels' arrays --- */

cf_status cf_eval_lists(cf_eval *e, cf_id level, uint32_t *lists) {
    const cf_rows *parent;
    CF_TRY(cf_eval_rows(e, cf_eval_node(e, level)->level, &parent));
    *lists = parent->n;
    return CF_OK;
}

cf_status cf_eval_offsets(cf_eval *e, cf_id level, cf_id ancestor, const int32_t **offsets) {
    const cf_rows *rows;
    CF_TRY(cf_eval_rows(e, level, &rows));
    const int32_t *inner = rows->offsets;
    for (cf_id at = cf_eval_node(e, level)->level; at != ancestor;
         at = cf_eval_node(e, at)->level) {
        CF_TRY(cf_eval_rows(e, at, &rows));
        uint32_t lists;
        CF_TRY(cf_eval_lists(e, at, &lists));
        int32_t *through = CF_EVAL_NEWS(e, int32_t, lists + 1);
        if (through == NULL) return CF_E_MEMORY;
        cf_prim_offsets_through(through, rows->offsets, inner, lists);
        inner = through;
    }
    *offsets = inner;
    return CF_OK;
}

bool cf_eval_is_frame(const cf_eval *e, cf_id level) {
    return e->whole != NULL && e->places->spots[level].place == CF_PLACE_GROUP;
}

/* Rows of this level stand by themselves, so what they belong to is that of the rows they came
 * from. */
cf_status cf_eval_group_rows(cf_eval *e, cf_id level, const int32_t **group) {
    const cf_node *n = cf_eval_node(e, level);
    const cf_rows *rows, *from;
    const int32_t *index, *of;
    CF_TRY(cf_eval_rows(e, level, &rows));
    if (n->op == CF_L_MEMBERS && cf_eval_is_frame(e, n->level)) {
        CF_TRY(cf_eval_rows(e, n->level, &from));
        *group = from->group;
        return CF_OK;
    }
    int32_t *out = CF_EVAL_NEWS(e, int32_t, rows->n);
    if (out == NULL) return CF_E_MEMORY;
    *group = out;
    if (!cf_eval_is_frame(e, n->level)) {
        CF_TRY(cf_eval_group_rows(e, n->level, &of));
        CF_TRY(cf_eval_rows(e, n->level, &from));
        cf_prim_spread(out, of, sizeof *of, rows->offsets, from->n);
        return CF_OK;
    }
    CF_TRY(cf_eval_group_rows(e, n->args[0], &of));
    if (rows->identity) {
        *group = of;
        return CF_OK;
    }
    CF_TRY(cf_eval_slot(e, level, 0, &index));
    cf_prim_take(out, of, sizeof *of, index, rows->n);
    return CF_OK;
}

bool cf_eval_choice(const cf_eval *e, cf_id level, uint32_t *choice) {
    const cf_node *n = cf_eval_node(e, level);
    if (e->whole == NULL) return false;
    while (n->op == CF_L_CONCATL) {
        level = n->args[0];
        n = cf_eval_node(e, level);
    }
    if (n->op != CF_L_CONCAT || n->level != 1) return false;
    *choice = e->choice[level];
    return true;
}

cf_status cf_eval_take(cf_eval *e, const cf_vec *x, const int32_t *index, size_t n, bool holes,
                       cf_vec *out) {
    const size_t size = cf_kind_size(out->kind);
    holes = holes && cf_prim_any_negative(index, n);
    if (x->constant && !holes) {
        *out = *x;
        out->n = (uint32_t)n;
        return CF_OK;
    }
    void *data = cf_eval_alloc(e, n, size);
    if (data == NULL) return CF_E_MEMORY;
    out->data = data;
    if (x->n == 0)
        memset(data, 0, n * size);
    else if (holes)
        cf_prim_take_or_zero(data, x->data, size, index, n);
    else
        cf_prim_take(data, x->data, size, index, n);
    if (x->valid == NULL && !holes) return CF_OK;
    uint8_t *valid = CF_EVAL_NEWS(e, uint8_t, n);
    if (valid == NULL) return CF_E_MEMORY;
    cf_prim_take_valid(valid, x->n == 0 ? NULL : x->valid, index, n);
    out->valid = valid;
    return CF_OK;
}
