#include "exec/pass.h"

/* What passes make states of: reductions of a whole stream to UNIT, histograms, and groups with
 * what belongs to them.  A chunk's values are all computed before any of them goes in. */

#include "prim/group.h"

#include <stdlib.h>
#include <string.h>

static const cf_node *node_of(const cf_pass *pass, const cf_sink *sink) {
    return &pass->run->plan->nodes[sink->id];
}

/* --- which --- */

/* Keys that are the same for all rows tell none apart. */
static void find_keys(const cf_pass *pass, cf_sink *sink) {
    const cf_plan *plan = pass->run->plan;
    const cf_id *all;
    size_t count;
    (void)cf_group_keys(plan, sink->id, &all, &count);
    cf_id *keys = CF_NEWS(pass->run->arena, cf_id, count + 1);
    sink->key_kinds = CF_NEWS(pass->run->arena, cf_kind, count + 1);
    for (size_t k = 0; k < count; k++) {
        const cf_node *n = &plan->nodes[all[k]];
        if (n->level == 1 || n->kind == CF_NULL) continue;
        sink->key_kinds[sink->key_count] = n->kind == CF_TEXT ? CF_TEXT : CF_INT64;
        keys[sink->key_count++] = all[k];
    }
    sink->keys = keys;
}

static int32_t sink_of_groups(const cf_pass *pass, cf_id groups) {
    for (size_t i = 0; i < pass->sink_count; i++)
        if (pass->sinks[i].id == groups) return (int32_t)i;
    return -1;
}

static cf_sink_kind kind_of(const cf_node *n) {
    if (n->op < CF_NODE_VALUES) return CF_SINK_GROUPS;
    if (n->op == CF_V_REDUCE) return CF_SINK_REDUCE;
    return n->op == CF_V_BINCOUNT ? CF_SINK_BINS : CF_SINK_FIRST;
}

void cf_sinks_find(cf_pass *pass) {
    const cf_run *run = pass->run;
    pass->sinks = CF_NEWS(run->arena, cf_sink, run->plan->node_count + 1);
    for (cf_id id = 1; id <= run->plan->node_count; id++) {
        const cf_spot *s = &run->places.spots[id];
        const bool groups = s->place == CF_PLACE_GROUP && s->group == id;
        if (s->place != CF_PLACE_SINK && !groups) continue;
        if (s->stream != pass->stream || s->step != pass->step) continue;
        cf_sink *sink = &pass->sinks[pass->sink_count];
        *sink = (cf_sink){.id = id,
                          .kind = kind_of(&run->plan->nodes[id]),
                          .groups = groups ? -1 : sink_of_groups(pass, s->group)};
        if (groups) find_keys(pass, sink);
        pass->sink_count++;
    }
}

cf_kind cf_sink_value_kind(const cf_pass *pass, const cf_sink *sink) {
    const cf_node *n = node_of(pass, sink);
    if (sink->kind == CF_SINK_FIRST) return n->kind;
    return n->args[1] == 0 ? CF_NULL : pass->run->plan->nodes[n->args[1]].kind;
}

/* How many bins: the rows of the histogram's level. */
int64_t cf_sink_bins(const cf_pass *pass, const cf_sink *sink) {
    return pass->run->whole.memo[node_of(pass, sink)->level].as.rows.n;
}

/* --- states --- */

static void sink_free(cf_sink_state *s) {
    cf_state_free(s->state);
    cf_groups_free(s->groups);
    cf_store_free(s->first);
    free(s->bins);
}

void cf_sinks_free(const cf_pass *pass, cf_sink_state *sinks) {
    if (sinks == NULL) return;
    for (size_t i = 0; i < pass->sink_count; i++)
        sink_free(&sinks[i]);
    free(sinks);
}

static bool sink_new(const cf_pass *pass, const cf_sink *sink, cf_sink_state *out,
                     cf_error *err) {
    switch (sink->kind) {
    case CF_SINK_REDUCE:
        out->state =
            cf_state_new((cf_reduce)node_of(pass, sink)->i0, cf_sink_value_kind(pass, sink));
        return out->state != NULL &&
               cf_state_grow(out->state, sink->groups < 0 ? 1U : 0U, err) == CF_OK;
    case CF_SINK_BINS:
        out->k = cf_sink_bins(pass, sink);
        out->bins = calloc((size_t)out->k + 1, 8);
        return out->bins != NULL;
    case CF_SINK_GROUPS:
        out->groups = cf_groups_new(sink->key_kinds, sink->key_count);
        return out->groups != NULL;
    default:
        out->first = cf_store_new(cf_sink_value_kind(pass, sink));
        return out->first != NULL;
    }
}

cf_sink_state *cf_sinks_new(const cf_pass *pass, cf_error *err) {
    cf_sink_state *sinks = calloc(pass->sink_count + 1, sizeof *sinks);
    bool fine = sinks != NULL;
    for (size_t i = 0; i < pass->sink_count && fine; i++)
        fine = sink_new(pass, &pass->sinks[i], &sinks[i], err);
    if (fine) return sinks;
    cf_sinks_free(pass, sinks);
    (void)cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the aggregates");
    return NULL;
}

size_t cf_sinks_bytes(const cf_pass *pass, const cf_sink_state *sinks) {
    size_t bytes = 0;
    for (size_t i = 0; i < pass->sink_count; i++) {
        const cf_sink_state *s = &sinks[i];
        bytes += (size_t)s->k * 8;
        if (s->state != NULL) bytes += cf_state_bytes(s->state);
        if (s->groups != NULL) bytes += cf_groups_bytes(s->groups);
        if (s->first != NULL) bytes += cf_store_bytes(s->first);
    }
    return bytes;
}

void cf_sinks_seal(const cf_pass *pass, cf_sink_state *sinks) {
    for (size_t i = 0; i < pass->sink_count; i++)
        if (sinks[i].state != NULL) cf_state_seal(sinks[i].state);
}

/* --- a chunk's values --- */

static bool looks_at_values(const cf_node *n) {
    return n->op == CF_V_BINCOUNT || n->i0 != CF_R_COUNT;
}

static cf_status eval_reduced(const cf_node *n, cf_eval *e) {
    const cf_rows *rows;
    const cf_vec *vec;
    CF_TRY(cf_eval_rows(e, n->args[0], &rows));
    if (rows->n == 0 || !looks_at_values(n)) return CF_OK;
    for (uint32_t a = 1; a < n->arg_count; a++)
        if (n->args[a] != 0) CF_TRY(cf_eval_vec(e, n->args[a], &vec));
    return CF_OK;
}

static cf_status eval_keys(const cf_pass *pass, const cf_sink *sink, cf_eval *e) {
    const cf_rows *rows;
    const cf_vec *vec;
    CF_TRY(cf_eval_rows(e, sink->id, &rows)); /* the frame */
    CF_TRY(cf_eval_rows(e, node_of(pass, sink)->args[0], &rows));
    for (size_t k = 0; k < sink->key_count && rows->n > 0; k++)
        CF_TRY(cf_eval_vec(e, sink->keys[k], &vec));
    return CF_OK;
}

/* The value, and the indexes on the way from the groups' first rows to its rows. */
static cf_status eval_first(const cf_node *n, cf_eval *e) {
    const cf_vec *vec;
    CF_TRY(cf_eval_vec(e, n->args[0], &vec));
    for (n = cf_eval_node(e, n->args[1]); n->op == CF_V_GATHER; n = cf_eval_node(e, n->args[1]))
        CF_TRY(cf_eval_vec(e, n->args[0], &vec));
    return CF_OK;
}

cf_status cf_sinks_eval(const cf_pass *pass, cf_eval *e) {
    for (size_t i = 0; i < pass->sink_count; i++) {
        const cf_sink *sink = &pass->sinks[i];
        const cf_node *n = node_of(pass, sink);
        switch (sink->kind) {
        case CF_SINK_GROUPS: CF_TRY(eval_keys(pass, sink, e)); break;
        case CF_SINK_FIRST: CF_TRY(eval_first(n, e)); break;
        default: CF_TRY(eval_reduced(n, e)); break;
        }
    }
    return CF_OK;
}

/* --- adding them --- */

static cf_status bins_add(const cf_node *n, cf_sink_state *s, cf_eval *e) {
    cf_vec bin, weight = {.data = NULL};
    CF_TRY(cf_eval_array(e, n->args[1], n->args[0], &bin));
    if (n->arg_count > 2 && n->args[2] != 0)
        CF_TRY(cf_eval_array(e, n->args[2], n->args[0], &weight));
    const int64_t *at = bin.data;
    const double *w = weight.data;
    for (uint32_t i = 0; i < bin.n; i++) {
        if (at[i] < 0 || at[i] >= s->k || (bin.valid != NULL && !bin.valid[i])) continue;
        if (w != NULL)
            ((double *)s->bins)[at[i]] += w[i];
        else
            ((int64_t *)s->bins)[at[i]]++;
    }
    return CF_OK;
}

/* The reduction's groups: those of its sink, as many as there are by now. */
static cf_status reduce_add(const cf_node *n, const cf_sink *sink, cf_sink_state *sinks,
                            cf_sink_state *s, cf_eval *e) {
    const cf_rows *rows;
    cf_vec x = {.kind = CF_NULL};
    CF_TRY(cf_eval_rows(e, n->args[0], &rows));
    if (sink->groups >= 0)
        CF_TRY(cf_state_grow(s->state, sinks[sink->groups].groups->count, e->err));
    if (rows->n == 0) return CF_OK;
    if (looks_at_values(n)) CF_TRY(cf_eval_array(e, n->args[1], n->args[0], &x));
    if (sink->groups >= 0) {
        const int32_t *group;
        CF_TRY(cf_eval_group_rows(e, n->args[0], &group));
        return cf_state_add_rows(s->state, group, &x, rows->n, e->err);
    }
    return cf_state_add(s->state, 0, &x, 0, rows->n, e->err);
}

/* Keys as the groups keep them. */
static cf_status key_values(const cf_sink *sink, cf_id rows, cf_eval *e, cf_vec **out) {
    cf_vec *keys = CF_EVAL_NEWS(e, cf_vec, sink->key_count + 1);
    if (keys == NULL) return CF_E_MEMORY;
    for (size_t k = 0; k < sink->key_count; k++) {
        CF_TRY(cf_eval_array(e, sink->keys[k], rows, &keys[k]));
        cf_kind kind = keys[k].kind;
        if (kind == CF_TEXT) continue;
        uint64_t *number = CF_EVAL_NEWS(e, uint64_t, keys[k].n);
        if (number == NULL) return CF_E_MEMORY;
        if (kind == CF_FLOAT64) cf_prim_equal_f64(number, keys[k].data, keys[k].n);
        for (uint32_t i = 0; kind == CF_BOOL && i < keys[k].n; i++)
            number[i] = CF_VEC_DATA(keys[k], uint8_t)[i];
        for (uint32_t i = 0; kind == CF_INDEX && i < keys[k].n; i++)
            number[i] = (uint64_t)CF_VEC_DATA(keys[k], int32_t)[i];
        if (kind == CF_FLOAT64 || kind == CF_BOOL || kind == CF_INDEX) keys[k].data = number;
        keys[k].kind = CF_INT64;
    }
    *out = keys;
    return CF_OK;
}

/* The frame gets each row's group, and the rows of the chunk that begin new ones. */
static cf_status groups_add(const cf_node *n, const cf_sink *sink, cf_sink_state *s,
                            cf_eval *e) {
    const cf_rows *rows;
    cf_vec *keys;
    cf_rows *frame = &e->memo[sink->id].as.rows;
    CF_TRY(cf_eval_rows(e, n->args[0], &rows));
    int32_t *group = CF_EVAL_NEWS(e, int32_t, rows->n + 1);
    int32_t *fresh = CF_EVAL_NEWS(e, int32_t, rows->n + 1);
    if (group == NULL || fresh == NULL) return CF_E_MEMORY;
    size_t fresh_count = 0;
    if (rows->n > 0) {
        CF_TRY(key_values(sink, n->args[0], e, &keys));
        CF_TRY(cf_groups_add(s->groups, keys, rows->n, group, fresh, &fresh_count, e->err));
    }
    frame->group = group;
    frame->index[0] = fresh;
    frame->fresh = (uint32_t)fresh_count;
    return CF_OK;
}

static cf_status first_rows(cf_eval *e, const cf_node *index, const cf_rows *frame,
                            const int32_t **out) {
    cf_vec through;
    const int32_t *from;
    if (index->op == CF_V_INDEX) {
        *out = frame->index[0];
        return CF_OK;
    }
    CF_TRY(first_rows(e, cf_eval_node(e, index->args[1]), frame, &from));
    CF_TRY(cf_eval_array(e, index->args[0], cf_eval_node(e, index->args[0])->level, &through));
    int32_t *rows = CF_EVAL_NEWS(e, int32_t, frame->fresh);
    if (rows == NULL) return CF_E_MEMORY;
    for (uint32_t i = 0; i < frame->fresh; i++)
        rows[i] = from[i] < 0 ? -1 : CF_VEC_DATA(through, int32_t)[from[i]];
    *out = rows;
    return CF_OK;
}

static cf_status first_add(const cf_pass *pass, const cf_node *n, const cf_sink *sink,
                           cf_sink_state *s, cf_eval *e) {
    const cf_rows *frame = &e->memo[pass->sinks[sink->groups].id].as.rows;
    const int32_t *rows;
    cf_vec x;
    if (frame->fresh == 0) return CF_OK;
    CF_TRY(first_rows(e, cf_eval_node(e, n->args[1]), frame, &rows));
    CF_TRY(cf_eval_array(e, n->args[0], cf_eval_node(e, n->args[0])->level, &x));
    return cf_store_add(s->first, &x, rows, frame->fresh, e->err);
}

cf_status cf_sinks_add(const cf_pass *pass, cf_sink_state *sinks, cf_eval *e) {
    for (size_t i = 0; i < pass->sink_count; i++) {
        const cf_sink *sink = &pass->sinks[i];
        const cf_node *n = node_of(pass, sink);
        switch (sink->kind) {
        case CF_SINK_REDUCE: CF_TRY(reduce_add(n, sink, sinks, &sinks[i], e)); break;
        case CF_SINK_BINS: CF_TRY(bins_add(n, &sinks[i], e)); break;
        case CF_SINK_GROUPS: CF_TRY(groups_add(n, sink, &sinks[i], e)); break;
        case CF_SINK_FIRST: CF_TRY(first_add(pass, n, sink, &sinks[i], e)); break;
        }
    }
    return CF_OK;
}

/* --- results --- */

static cf_status publish_bins(cf_eval *e, const cf_sink_state *s, cf_vec *out) {
    void *bins = cf_eval_alloc(e, (size_t)s->k + 1, 8);
    if (bins == NULL) return CF_E_MEMORY;
    memcpy(bins, s->bins, (size_t)s->k * 8);
    out->n = (uint32_t)s->k;
    out->data = bins;
    return CF_OK;
}

static cf_status publish_values(cf_eval *e, const cf_sink_state *s, size_t groups, cf_span span,
                                cf_vec *out) {
    const size_t size = cf_kind_size(out->kind);
    void *data = cf_eval_alloc(e, groups + 1, size);
    uint8_t *valid = CF_EVAL_NEWS(e, uint8_t, groups + 1);
    if (data == NULL || valid == NULL) return CF_E_MEMORY;
    CF_TRY(cf_state_grow(s->state, groups, e->err)); /* of no partition at all */
    CF_TRY(cf_state_values(s->state, size, e->arena, data, valid, span, e->err));
    out->n = (uint32_t)groups;
    out->data = data;
    if (memchr(valid, 0, groups) != NULL) out->valid = valid;
    return CF_OK;
}

static cf_status publish_groups(cf_eval *e, const cf_sink_state *s, cf_rows *out) {
    int32_t *offsets = CF_EVAL_NEWS(e, int32_t, 2);
    if (offsets == NULL) return CF_E_MEMORY;
    offsets[0] = 0;
    offsets[1] = (int32_t)s->groups->count;
    *out = (cf_rows){.n = (uint32_t)s->groups->count, .offsets = offsets};
    return CF_OK;
}

static cf_status publish(const cf_pass *pass, cf_sink_state *sinks, size_t i, cf_eval *e) {
    const cf_sink *sink = &pass->sinks[i];
    const cf_node *n = node_of(pass, sink);
    cf_memo *m = &e->memo[sink->id];
    const size_t groups = sink->groups < 0 ? 1 : sinks[sink->groups].groups->count;
    cf_vec vec = {.kind = n->kind};
    m->epoch = e->epoch;
    switch (sink->kind) {
    case CF_SINK_GROUPS: return publish_groups(e, &sinks[i], &m->as.rows);
    case CF_SINK_BINS: CF_TRY(publish_bins(e, &sinks[i], &vec)); break;
    case CF_SINK_FIRST:
        CF_TRY(cf_store_vec(sinks[i].first, true, e->arena, &vec, e->err));
        break;
    case CF_SINK_REDUCE: CF_TRY(publish_values(e, &sinks[i], groups, n->span, &vec)); break;
    }
    m->as.vec = vec;
    return CF_OK;
}

cf_status cf_sinks_publish(const cf_pass *pass, cf_sink_state *sinks, cf_eval *e) {
    for (size_t i = 0; i < pass->sink_count; i++)
        CF_TRY(publish(pass, sinks, i, e));
    return CF_OK;
}
