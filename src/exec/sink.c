#include "exec/pass.h"

/* Reductions of a whole stream to UNIT.  Each partition has a state; states are merged in a
 * tree that depends on nothing but the number of partitions: fold(lo, hi) = merge(fold(lo,
 * mid), fold(mid, hi)),  mid = lo + the largest power of two < hi - lo Blocks of 2^i partitions
 * are merged as soon as both halves are there. */

#include <stdlib.h>
#include <string.h>

static const cf_node *sink_node(const cf_pass *pass, size_t i) {
    return &pass->run->plan->nodes[pass->sinks[i]];
}

static cf_kind value_kind(const cf_pass *pass, const cf_node *n) {
    return n->args[1] == 0 ? CF_NULL : pass->run->plan->nodes[n->args[1]].kind;
}

void cf_sinks_free(const cf_pass *pass, cf_sink_state *sinks) {
    if (sinks == NULL) return;
    for (size_t i = 0; i < pass->sink_count; i++) {
        cf_state_free(sinks[i].state);
        free(sinks[i].bins);
    }
    free(sinks);
}

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the aggregates");
}

/* How many bins: the rows of the histogram's level. */
static int64_t bins_of(const cf_pass *pass, const cf_node *n) {
    return pass->run->whole.memo[n->level].as.rows.n;
}

static bool sink_new(const cf_pass *pass, size_t i, cf_sink_state *out) {
    const cf_node *n = sink_node(pass, i);
    if (n->op == CF_V_REDUCE) {
        out->state = cf_state_new((cf_reduce)n->i0, value_kind(pass, n));
        return out->state != NULL;
    }
    out->k = bins_of(pass, n);
    out->bins = calloc((size_t)out->k + 1, 8);
    return out->bins != NULL;
}

cf_sink_state *cf_sinks_new(const cf_pass *pass, cf_error *err) {
    cf_sink_state *sinks = calloc(pass->sink_count + 1, sizeof *sinks);
    bool fine = sinks != NULL;
    for (size_t i = 0; i < pass->sink_count && fine; i++)
        fine = sink_new(pass, i, &sinks[i]);
    if (fine) return sinks;
    cf_sinks_free(pass, sinks);
    (void)no_memory(err);
    return NULL;
}

/* --- a chunk --- */

static bool looks_at_values(const cf_node *n) {
    return n->op == CF_V_BINCOUNT || n->i0 != CF_R_COUNT;
}

cf_status cf_sinks_eval(const cf_pass *pass, cf_eval *e) {
    for (size_t i = 0; i < pass->sink_count; i++) {
        const cf_node *n = sink_node(pass, i);
        const cf_rows *rows;
        const cf_vec *vec;
        CF_TRY(cf_eval_rows(e, n->args[0], &rows));
        if (rows->n == 0 || !looks_at_values(n)) continue;
        for (uint32_t a = 1; a < n->arg_count; a++)
            if (n->args[a] != 0) CF_TRY(cf_eval_vec(e, n->args[a], &vec));
    }
    return CF_OK;
}

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

static cf_status sink_add(const cf_node *n, cf_sink_state *s, cf_eval *e) {
    const cf_rows *rows;
    cf_vec x;
    CF_TRY(cf_eval_rows(e, n->args[0], &rows));
    if (rows->n == 0) return CF_OK;
    if (n->op == CF_V_BINCOUNT) return bins_add(n, s, e);
    if (n->i0 == CF_R_COUNT) {
        cf_state_add_count(s->state, rows->n);
        return CF_OK;
    }
    CF_TRY(cf_eval_array(e, n->args[1], n->args[0], &x));
    return cf_state_add(s->state, &x, 0, rows->n, e->err);
}

cf_status cf_sinks_add(const cf_pass *pass, cf_sink_state *sinks, cf_eval *e) {
    for (size_t i = 0; i < pass->sink_count; i++)
        CF_TRY(sink_add(sink_node(pass, i), &sinks[i], e));
    return CF_OK;
}

/* --- the fold --- */

static void bins_merge(const cf_node *n, cf_sink_state *left, cf_sink_state *right) {
    for (int64_t i = 0; i < left->k; i++)
        if (n->kind == CF_FLOAT64)
            ((double *)left->bins)[i] += ((double *)right->bins)[i];
        else
            ((int64_t *)left->bins)[i] += ((int64_t *)right->bins)[i];
}

/* right is freed. */
static cf_status sinks_merge(const cf_pass *pass, cf_sink_state *left, cf_sink_state *right) {
    cf_status status = CF_OK;
    for (size_t i = 0; i < pass->sink_count && status == CF_OK; i++) {
        if (left[i].state == NULL) {
            bins_merge(sink_node(pass, i), &left[i], &right[i]);
            continue;
        }
        status = cf_state_merge(left[i].state, right[i].state, pass->run->err);
        right[i].state = NULL;
    }
    cf_sinks_free(pass, right);
    return status;
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
        const cf_status status = sinks_merge(pass, left, buddy < first ? sinks : other);
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
        if (right != NULL) status = sinks_merge(pass, left, right);
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

static cf_status publish(cf_pass *pass, size_t i, cf_sink_state *s) {
    cf_eval *e = &pass->run->whole;
    const cf_node *n = sink_node(pass, i);
    cf_memo *m = &e->memo[pass->sinks[i]];
    m->as.vec = (cf_vec){.kind = n->kind, .n = 1};
    if (s->state == NULL) {
        void *bins = cf_eval_alloc(e, (size_t)s->k + 1, 8);
        if (bins == NULL) return CF_E_MEMORY;
        memcpy(bins, s->bins, (size_t)s->k * 8);
        m->as.vec.n = (uint32_t)s->k;
        m->as.vec.data = bins;
    } else {
        char *room = cf_eval_alloc(e, 1, 32);
        if (room == NULL) return CF_E_MEMORY;
        uint8_t *valid = (uint8_t *)room + 16;
        CF_TRY(cf_state_value(s->state, e->arena, room, valid, n->span, e->err));
        m->as.vec.data = room;
        m->as.vec.valid = *valid ? NULL : valid;
    }
    m->epoch = e->epoch;
    return CF_OK;
}

cf_status cf_sinks_publish(cf_pass *pass, cf_sink_state *sinks) {
    for (size_t i = 0; i < pass->sink_count; i++)
        CF_TRY(publish(pass, i, &sinks[i]));
    return CF_OK;
}
