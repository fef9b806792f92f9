#include "exec/remote.h"

/* See remote.h.  The values of the whole go as they lie in the memo: how many rows a level has
 * and where its lists begin; the array of a value.  Index arrays stay: a pass makes those of
 * its own levels and asks for no others. */

#include <stdlib.h>
#include <string.h>

struct cf_remote {
    cf_run *run;
    cf_pass pass;
    bool opened;
};

enum { HAS_OFFSETS = 1, IS_IDENTITY = 2, HAS_NULLS = 4, IS_CONSTANT = 8, IS_THERE = 16 };

const char *cf_remote_obstacle(const cf_pass *pass) {
    const cf_plan *plan = pass->run->plan;
    if (pass->run->options->analyze) return "each step of the query is measured";
    if (plan->model_count > 0) return "the query uses a model";
    for (uint32_t i = 0; i < plan->source_count; i++)
        if (plan->sources[i]->open_pattern == NULL)
            return "the query reads a table that is only in memory, or a file with options";
    for (uint32_t i = 0; i < plan->save_count; i++)
        if (plan->saves[i].to != NULL || plan->saves[i].path == NULL)
            return "the query's rows go to a program's own function";
    return NULL;
}

/* Which nodes of the whole the pass may ask for: those it needs, and the levels round them. */
static bool *wholes_of(const cf_pass *pass) {
    const cf_run *run = pass->run;
    const size_t count = run->plan->node_count + 1u;
    bool *wanted = calloc(count, sizeof *wanted);
    if (wanted == NULL) return NULL;
    for (cf_id id = 1; id < count; id++) {
        const cf_spot *s = &run->places.spots[id];
        const bool own = (s->place == CF_PLACE_SINK || s->place == CF_PLACE_GROUP) &&
                         s->stream == pass->stream && s->step == pass->step;
        if (!pass->needed[id] || s->place == CF_PLACE_STREAM || own) continue;
        for (cf_id at = id; at > 1; at = run->plan->nodes[at].level)
            wanted[at] = true;
    }
    return wanted;
}

/* --- writing --- */

static void rows_write(const cf_rows *rows, uint32_t lists, cf_text *out) {
    const bool offsets = rows->offsets != NULL;
    cf_put_u8(out, (uint8_t)(IS_THERE | (offsets ? HAS_OFFSETS : 0) |
                             (rows->identity ? IS_IDENTITY : 0)));
    cf_put_u64(out, rows->n);
    if (offsets) cf_put_array(out, rows->offsets, lists + 1u, sizeof(int32_t));
}

static void vec_write(const cf_vec *v, cf_text *out) {
    const size_t entries = v->constant && v->n > 0 ? 1 : v->n;
    cf_put_u8(out, (uint8_t)(IS_THERE | (v->valid != NULL ? HAS_NULLS : 0) |
                             (v->constant ? IS_CONSTANT : 0)));
    cf_put_u64(out, v->n);
    if (v->valid != NULL) cf_put_array(out, v->valid, entries, 1);
    if (v->kind != CF_TEXT) {
        cf_put_array(out, v->data, entries, cf_kind_size(v->kind));
        return;
    }
    const cf_view *texts = CF_VEC_DATA(*v, cf_view);
    for (size_t i = 0; i < entries; i++)
        cf_put_u64(out, texts[i].size);
    for (size_t i = 0; i < entries; i++)
        cf_put_array(out, texts[i].data, (size_t)texts[i].size, 1);
}

cf_status cf_wholes_write(const cf_pass *pass, cf_text *out, cf_error *err) {
    const cf_run *run = pass->run;
    const cf_eval *whole = &run->whole;
    bool *wanted = wholes_of(pass);
    for (cf_id id = 2; wanted != NULL && id <= run->plan->node_count; id++) {
        const cf_node *n = &run->plan->nodes[id];
        const cf_memo *m = &whole->memo[id];
        if (!wanted[id]) continue;
        if (m->epoch != whole->epoch)
            cf_put_u8(out, 0);
        else if (n->op < CF_NODE_VALUES)
            rows_write(&m->as.rows, whole->memo[n->level].as.rows.n, out);
        else
            vec_write(&m->as.vec, out);
    }
    const bool fine = wanted != NULL && !out->failed;
    free(wanted);
    if (fine) return CF_OK;
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE,
                   "not enough memory to send the query's values");
}

/* --- reading --- */

static cf_status no_room(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the query's values");
}

static cf_status rows_read(cf_eval *whole, cf_id id, uint8_t flags, cf_reader *r) {
    const cf_id parent = whole->plan->nodes[id].level;
    cf_rows *rows = &whole->memo[id].as.rows;
    const size_t lists = whole->memo[parent].as.rows.n;
    const uint64_t n = cf_get_u64(r);
    if (whole->memo[parent].epoch != whole->epoch || n > INT32_MAX) r->bad = true;
    *rows = (cf_rows){.identity = (flags & IS_IDENTITY) != 0};
    if (!(flags & HAS_OFFSETS) || lists + 1 > r->left / sizeof(int32_t)) r->bad = true;
    if (r->bad) return CF_OK;
    int32_t *offsets = CF_EVAL_NEWS(whole, int32_t, lists + 1);
    if (offsets == NULL) return CF_E_MEMORY;
    (void)cf_get_array(r, offsets, lists + 1, sizeof *offsets);
    for (size_t i = 0; i < lists; i++)
        if (offsets[i] > offsets[i + 1]) r->bad = true;
    if (offsets[0] != 0 || (uint64_t)offsets[lists] != n) r->bad = true;
    rows->offsets = offsets;
    rows->n = (uint32_t)n;
    return CF_OK;
}

static cf_status texts_read(cf_eval *whole, cf_view *to, size_t count, cf_reader *r) {
    const char *sizes = cf_get_bytes(r, count, sizeof(uint64_t));
    uint64_t total = 0;
    for (size_t i = 0; i < count && !r->bad; i++) {
        uint64_t size;
        memcpy(&size, sizes + i * sizeof size, sizeof size);
        if (size > r->left || total + size > r->left) r->bad = true;
        total += size;
    }
    const char *bytes = r->bad ? NULL : cf_get_bytes(r, (size_t)total, 1);
    if (r->bad) return CF_OK;
    char *own = cf_eval_alloc(whole, (size_t)total + 1, 1);
    if (own == NULL) return CF_E_MEMORY;
    if (total > 0) memcpy(own, bytes, (size_t)total);
    for (size_t i = 0; i < count; i++) {
        memcpy(&to[i].size, sizes + i * sizeof to[i].size, sizeof to[i].size);
        to[i].data = own;
        own += to[i].size;
    }
    return CF_OK;
}

/* Bytes that the rest of the program trusts to be 0 or 1, and rows that it trusts to exist. */
static void check_vec(const cf_eval *whole, cf_id id, const cf_vec *v, size_t entries,
                      cf_reader *r) {
    for (size_t i = 0; v->valid != NULL && i < entries; i++)
        if (v->valid[i] > 1) r->bad = true;
    for (size_t i = 0; v->kind == CF_BOOL && i < entries; i++)
        if (CF_VEC_DATA(*v, uint8_t)[i] > 1) r->bad = true;
    if (v->kind != CF_INDEX) return;
    const cf_id target = cf_index_target(whole->plan, id);
    const cf_memo *m = &whole->memo[target];
    const int64_t rows = m->epoch == whole->epoch ? m->as.rows.n : INT32_MAX;
    for (size_t i = 0; i < entries; i++) {
        const int32_t row = CF_VEC_DATA(*v, int32_t)[i];
        if (row < -1 || row >= rows) r->bad = true;
    }
}

static cf_status vec_read(cf_eval *whole, cf_id id, uint8_t flags, cf_reader *r) {
    const cf_node *n = &whole->plan->nodes[id];
    const cf_memo *level = &whole->memo[n->level];
    const size_t size = cf_kind_size(n->kind);
    const uint64_t count = cf_get_u64(r);
    if (level->epoch != whole->epoch || count != level->as.rows.n) r->bad = true;
    const bool constant = (flags & IS_CONSTANT) != 0;
    const size_t entries = constant && count > 0 ? 1 : (size_t)count;
    if (!r->bad && entries > r->left) r->bad = size > 0;
    if (r->bad) return CF_OK;
    uint8_t *valid = flags & HAS_NULLS ? CF_EVAL_NEWS(whole, uint8_t, entries + 1) : NULL;
    void *data = cf_eval_alloc(whole, entries + 1, size > 0 ? size : 1);
    if (data == NULL || (flags & HAS_NULLS && valid == NULL)) return CF_E_MEMORY;
    if (valid != NULL) (void)cf_get_array(r, valid, entries, 1);
    if (n->kind == CF_TEXT)
        CF_TRY(texts_read(whole, data, entries, r));
    else
        (void)cf_get_array(r, data, entries, size);
    cf_vec *v = &whole->memo[id].as.vec;
    *v = (cf_vec){.kind = n->kind,
                  .constant = constant,
                  .n = (uint32_t)count,
                  .data = data,
                  .valid = valid};
    if (!r->bad) check_vec(whole, id, v, entries, r);
    return CF_OK;
}

static cf_status wholes_read(const cf_pass *pass, const char *data, size_t size,
                             cf_error *err) {
    cf_eval *whole = &pass->run->whole;
    cf_reader r = {data, size, false};
    bool *wanted = wholes_of(pass);
    cf_status status = CF_OK;
    if (wanted == NULL) return no_room(err);
    whole->err = err;
    for (cf_id id = 2; id <= whole->plan->node_count && status == CF_OK && !r.bad; id++) {
        if (!wanted[id]) continue;
        const uint8_t flags = cf_get_u8(&r);
        if (!(flags &
              IS_THERE)) { /* a level that nobody asked for; else there is no such pass */
            if (pass->needed[id]) r.bad = true;
            continue;
        }
        status = whole->plan->nodes[id].op < CF_NODE_VALUES ? rows_read(whole, id, flags, &r)
                                                            : vec_read(whole, id, flags, &r);
        if (status == CF_OK && !r.bad) whole->memo[id].epoch = whole->epoch;
    }
    free(wanted);
    whole->err = NULL; /* it is the caller's */
    if (status != CF_OK) return status;
    if (!r.bad && r.left == 0) return CF_OK;
    return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                   "the values sent with a query are damaged, or another version's");
}

/* --- running --- */

static cf_status remote_begin(cf_remote *r, const char *wholes, size_t size, cf_error *err) {
    CF_TRY(cf_pass_open(&r->pass));
    CF_TRY(wholes_read(&r->pass, wholes, size, err));
    atomic_store(&r->pass.last_task, UINT64_MAX);
    return CF_OK;
}

cf_status cf_remote_open(const cf_plan *plan, size_t memory_limit, uint32_t chunk_rows,
                         uint32_t step, cf_id stream, const char *wholes, size_t size,
                         cf_remote **out, cf_error *err) {
    cf_remote *r = calloc(1, sizeof *r);
    if (r == NULL) return no_room(err);
    cf_status status = cf_run_open_elsewhere(plan, memory_limit, chunk_rows, &r->run, err);
    if (status == CF_OK) {
        const cf_spot *s =
            stream == 0 || stream > plan->node_count ? NULL : &r->run->places.spots[stream];
        const bool fits = s != NULL && s->place == CF_PLACE_STREAM && s->stream == stream &&
                          step < r->run->places.step_count;
        r->pass = (cf_pass){.run = r->run, .step = step, .stream = stream};
        r->opened = fits;
        status = fits ? remote_begin(r, wholes, size, err)
                      : cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                                "the plan has no pass over its node %u", stream);
    }
    if (status == CF_OK)
        *out = r;
    else
        cf_remote_close(r);
    return status;
}

cf_status cf_remote_task(cf_remote *r, uint64_t task, cf_text *out, cf_remote_counts *counts,
                         cf_error *err) {
    void *state = NULL;
    if (task >= r->pass.task_count)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "the pass has no task %llu",
                       (unsigned long long)task);
    atomic_store(&r->run->stop, false);
    CF_TRY(cf_task_run(&r->pass, task, 0, &state, err));
    cf_partial *p = state;
    *counts = (cf_remote_counts){p->rows, p->io};
    const cf_status status = cf_partial_write(&r->pass, p, out, err);
    (void)cf_run_keep_bytes(r->run, -(int64_t)cf_partial_bytes(&r->pass, p), NULL);
    cf_partial_free(&r->pass, p);
    return status;
}

cf_status cf_remote_result(cf_pass *pass, const char *data, size_t size, void **state,
                           cf_error *err) {
    cf_partial *p;
    CF_TRY(cf_partial_read(pass, data, size, &p, err));
    const cf_status status =
        cf_run_keep_bytes(pass->run, (int64_t)cf_partial_bytes(pass, p), err);
    if (status != CF_OK) {
        (void)cf_run_keep_bytes(pass->run, -(int64_t)cf_partial_bytes(pass, p), NULL);
        cf_partial_free(pass, p);
        return status;
    }
    (void)atomic_fetch_add(&pass->run->rows_done, p->rows);
    *state = p;
    return CF_OK;
}

void cf_remote_stop(cf_remote *r) {
    atomic_store(&r->run->stop, true);
}

void cf_remote_close(cf_remote *r) {
    if (r == NULL) return;
    if (r->opened) cf_pass_close(&r->pass);
    cf_run_close_elsewhere(r->run);
    free(r);
}
