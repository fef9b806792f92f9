#include "exec/pass.h"

/* Partitions' states put together, in a tree that depends on nothing but the number of
 * partitions: fold(lo, hi) = merge(fold(lo, mid), fold(mid, hi)),  mid = lo + the largest power
 * of two < hi - lo.  Blocks of 2^i partitions are merged as soon as both halves are there. */

#include <stdlib.h>

/* How right's groups were taken over. */
typedef struct {
    int32_t *map, *fresh;
    size_t fresh_count;
} taken;

static void bins_merge(const cf_node *n, cf_sink_state *left, const cf_sink_state *right) {
    for (int64_t i = 0; i < left->k; i++)
        if (n->kind == CF_FLOAT64)
            ((double *)left->bins)[i] += ((double *)right->bins)[i];
        else
            ((uint64_t *)left->bins)[i] += ((uint64_t *)right->bins)[i];
}

static cf_status first_merge(cf_store *left, const cf_store *right, const taken *t,
                             cf_arena *arena, cf_error *err) {
    cf_vec x;
    if (t->fresh_count == 0) return CF_OK;
    CF_TRY(cf_store_vec(right, false, arena, &x, err));
    return cf_store_add(left, &x, t->fresh, t->fresh_count, err);
}

static cf_status reduce_merge(const cf_sink *sink, cf_sink_state *sinks, cf_state *left,
                              const cf_state *right, const taken *t, cf_error *err) {
    if (sink->groups < 0) return cf_state_merge(left, right, NULL, err);
    cf_state_seal(left);
    CF_TRY(cf_state_grow(left, sinks[sink->groups].groups->count, err));
    return cf_state_merge(left, right, t[sink->groups].map, err);
}

static cf_status merge_all(const cf_pass *pass, cf_sink_state *left, const cf_sink_state *right,
                           taken *t, cf_arena *arena, cf_error *err) {
    for (size_t i = 0; i < pass->sink_count; i++) {
        const cf_sink *sink = &pass->sinks[i];
        const cf_node *n = &pass->run->plan->nodes[sink->id];
        switch (sink->kind) {
        case CF_SINK_BINS: bins_merge(n, &left[i], &right[i]); break;
        case CF_SINK_GROUPS:
            CF_TRY(cf_groups_merge(left[i].groups, right[i].groups, arena, &t[i].map,
                                   &t[i].fresh, &t[i].fresh_count, err));
            break;
        case CF_SINK_FIRST:
            CF_TRY(first_merge(left[i].first, right[i].first, &t[sink->groups], arena, err));
            break;
        case CF_SINK_REDUCE:
            CF_TRY(reduce_merge(sink, left, left[i].state, right[i].state, t, err));
            break;
        }
    }
    return CF_OK;
}

static cf_status sinks_merge(const cf_pass *pass, cf_sink_state *left,
                             const cf_sink_state *right, cf_error *err) {
    cf_arena *arena = cf_arena_new(65536);
    taken *t = calloc(pass->sink_count + 1, sizeof *t);
    const cf_status status =
        arena == NULL || t == NULL
            ? cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the aggregates")
            : merge_all(pass, left, right, t, arena, err);
    free(t);
    cf_arena_free(arena);
    return status;
}

/* The same, and right is over; what is kept is counted anew. */
static cf_status sinks_take(cf_pass *pass, cf_sink_state *left, cf_sink_state *right) {
    cf_run *run = pass->run;
    const int64_t before = (int64_t)(cf_sinks_bytes(pass, left) + cf_sinks_bytes(pass, right));
    const cf_status status = sinks_merge(pass, left, right, run->err);
    cf_sinks_free(pass, right);
    const int64_t after = (int64_t)cf_sinks_bytes(pass, left);
    CF_TRY(status);
    return cf_run_keep_bytes(run, after - before, run->err);
}

cf_status cf_fold_add(cf_pass *pass, size_t task, cf_sink_state *sinks) {
    size_t first = task, tasks = 1;
    for (;;) {
        const size_t buddy = first ^ tasks;
        if (buddy >= pass->task_count || pass->blocks[buddy] == NULL ||
            pass->block_tasks[buddy] != tasks)
            break;
        cf_sink_state *other = pass->blocks[buddy];
        pass->blocks[buddy] = NULL;
        cf_sink_state *left = buddy < first ? other : sinks;
        const cf_status status = sinks_take(pass, left, buddy < first ? sinks : other);
        sinks = left;
        if (status != CF_OK) {
            cf_sinks_free(pass, sinks);
            return status;
        }
        first &= ~tasks;
        tasks *= 2;
    }
    pass->blocks[first] = sinks;
    pass->block_tasks[first] = tasks;
    return CF_OK;
}

/* What is left are blocks of falling size: the last two are merged first. */
cf_status cf_fold_finish(cf_pass *pass, cf_sink_state **out) {
    cf_sink_state *right = NULL;
    cf_status status = CF_OK;
    for (size_t i = pass->task_count; i-- > 0 && status == CF_OK;) {
        cf_sink_state *left = pass->blocks[i];
        if (left == NULL) continue;
        pass->blocks[i] = NULL;
        if (right != NULL) status = sinks_take(pass, left, right);
        right = left;
    }
    if (status == CF_OK && right == NULL) { /* a source without partitions */
        right = cf_sinks_new(pass, pass->run->err);
        if (right == NULL) status = CF_E_MEMORY;
    }
    if (status != CF_OK) cf_sinks_free(pass, right);
    *out = status == CF_OK ? right : NULL;
    return status;
}

cf_status cf_fold_look(const cf_pass *pass, cf_sink_state **out, cf_error *err) {
    cf_sink_state *sum = cf_sinks_new(pass, err);
    cf_status status = sum == NULL ? CF_E_MEMORY : CF_OK;
    for (size_t i = 0; i < pass->task_count && status == CF_OK; i++)
        if (pass->blocks[i] != NULL) status = sinks_merge(pass, sum, pass->blocks[i], err);
    if (status != CF_OK) {
        cf_sinks_free(pass, sum);
        sum = NULL;
    }
    *out = sum;
    return status;
}
