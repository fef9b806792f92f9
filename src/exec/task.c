#include "exec/pass.h"

/* One partition: chunk after chunk, everything a chunk is to give is computed first; then,
 * since nothing can fail any more for having been too large, it is added to the states. */

#include <stdlib.h>

#define FIRST_ROWS   16 /* until it is known how large an event is */
#define MOST_ROWS    16384
#define CHUNK_TARGET (1024u << 10) /* bytes of arrays: a core's second-level cache */

void cf_partial_free(const cf_pass *pass, cf_partial *p) {
    if (p == NULL) return;
    cf_sinks_free(pass, p->sinks);
    for (size_t i = 0; p->parts != NULL && i < pass->delivery_count; i++)
        cf_part_free(p->parts[i]);
    free(p->parts);
    free(p);
}

cf_partial *cf_partial_new(const cf_pass *pass, cf_error *err) {
    cf_partial *p = calloc(1, sizeof *p);
    bool fine = p != NULL;
    if (fine) {
        p->sinks = cf_sinks_new(pass, err);
        p->parts = calloc(pass->delivery_count + 1, sizeof *p->parts);
        fine = p->sinks != NULL && p->parts != NULL;
    }
    for (size_t i = 0; fine && i < pass->delivery_count; i++) {
        p->parts[i] = cf_part_new(pass->deliveries[i]->collection);
        fine = p->parts[i] != NULL;
    }
    if (fine) return p;
    (void)cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for a partition's state");
    cf_partial_free(pass, p);
    return NULL;
}

static cf_status chunk_eval(const cf_pass *pass, const cf_partial *p, cf_eval *e) {
    CF_TRY(cf_sinks_eval(pass, e));
    for (size_t i = 0; i < pass->delivery_count; i++)
        CF_TRY(cf_collect_eval(pass->deliveries[i]->collection, p->parts[i], e));
    return CF_OK;
}

size_t cf_partial_bytes(const cf_pass *pass, const cf_partial *p) {
    size_t bytes = cf_sinks_bytes(pass, p->sinks);
    for (size_t i = 0; i < pass->delivery_count; i++)
        bytes += cf_part_bytes(p->parts[i]);
    return bytes;
}

static cf_status chunk_add(const cf_pass *pass, cf_partial *p, cf_eval *e, int64_t rows) {
    const size_t before = cf_partial_bytes(pass, p);
    CF_TRY(cf_sinks_add(pass, p->sinks, e));
    for (size_t i = 0; i < pass->delivery_count; i++)
        CF_TRY(cf_collect_add(pass->deliveries[i]->collection, p->parts[i], e, rows));
    return cf_run_keep_bytes(pass->run, (int64_t)(cf_partial_bytes(pass, p) - before), e->err);
}

/* Has every delivery all it wants, and is there nothing else to do? */
static bool task_full(const cf_pass *pass, const cf_partial *p) {
    if (pass->sink_count > 0) return false;
    for (size_t i = 0; i < pass->delivery_count; i++) {
        const cf_delivery *d = pass->deliveries[i];
        if (d->count_all || !cf_part_full(d->collection, p->parts[i])) return false;
    }
    return true;
}

static int64_t next_rows(const cf_run *run, const cf_eval *e, int64_t rows) {
    if (CF_CHUNK_ROWS > 0) return CF_CHUNK_ROWS;
    if (run->options->chunk_rows > 0) return run->options->chunk_rows;
    const size_t used = cf_arena_used(e->arena);
    double next = used == 0 ? MOST_ROWS : (double)rows * CHUNK_TARGET / (double)used;
    if (next > 4.0 * (double)rows) next = 4.0 * (double)rows; /* rows differ: feel the way */
    return next < 1.0 ? 1 : next > MOST_ROWS ? MOST_ROWS : (int64_t)next;
}

static cf_status chunks_run(cf_pass *pass, uint64_t task, cf_worker *w, int64_t rows,
                            cf_partial *p) {
    cf_eval *e = &w->eval;
    int64_t begin = 0;
    while (begin < rows && !task_full(pass, p)) {
        if (cf_eval_stopped(e) || task > atomic_load(&pass->last_task)) return CF_E_CANCELLED;
        const int64_t end = rows - begin < w->chunk_rows ? rows : begin + w->chunk_rows;
        cf_eval_next_chunk(e, begin, end);
        const cf_status status = chunk_eval(pass, p, e);
        if (status != CF_OK && e->split) {
            w->chunk_rows = (end - begin) / 2;
            continue;
        }
        CF_TRY(status);
        CF_TRY(chunk_add(pass, p, e, rows));
        w->chunk_rows = next_rows(pass->run, e, end - begin);
        (void)atomic_fetch_add(&pass->run->rows_done, end - begin);
        p->rows += end - begin;
        begin = end;
    }
    return CF_OK;
}

static void worker_begin(cf_pass *pass, cf_worker *w) {
    if (w->last_stream == pass->stream && w->last_step == pass->step && w->chunk_rows > 0)
        return;
    w->last_stream = pass->stream;
    w->last_step = pass->step;
    w->chunk_rows = CF_CHUNK_ROWS > 0                    ? CF_CHUNK_ROWS
                    : pass->run->options->chunk_rows > 0 ? pass->run->options->chunk_rows
                                                         : FIRST_ROWS;
}

/* What a remote executor would send is made and read, so that tests go that way. */
static cf_status through_bytes(const cf_pass *pass, cf_partial **p, cf_error *err) {
    cf_text bytes = {0};
    cf_partial *back = NULL;
    cf_status status = cf_partial_write(pass, *p, &bytes, err);
    if (status == CF_OK) status = cf_partial_read(pass, bytes.data, bytes.size, &back, err);
    cf_text_clear(&bytes);
    if (status != CF_OK) return status;
    cf_partial_free(pass, *p);
    *p = back;
    return CF_OK;
}

static cf_status partial_finish(const cf_pass *pass, cf_partial **p, cf_eval *e) {
    const size_t before = cf_partial_bytes(pass, *p);
    cf_sinks_seal(pass, (*p)->sinks);
    for (size_t i = 0; i < pass->delivery_count; i++)
        CF_TRY(cf_collect_thin(pass->deliveries[i]->collection, (*p)->parts[i], true, e));
    if (pass->run->options->check_states) CF_TRY(through_bytes(pass, p, e->err));
    return cf_run_keep_bytes(pass->run, (int64_t)cf_partial_bytes(pass, *p) - (int64_t)before,
                             e->err);
}

cf_status cf_task_run(void *user, uint64_t number, unsigned worker, void **out, cf_error *err) {
    cf_pass *pass = user;
    const cf_pass_task *task = &pass->tasks[number];
    const cf_branch *branch = &pass->branches[task->branch];
    const cf_plan *plan = pass->run->plan;
    cf_source *source = plan->sources[plan->nodes[branch->scan].i0];
    cf_worker *w = &pass->run->workers[worker];
    if (number > atomic_load(&pass->last_task)) return CF_E_CANCELLED;
    cf_partial *p = cf_partial_new(pass, err);
    if (p == NULL) return CF_E_MEMORY;
    cf_cursor *cursor = NULL;
    cf_status status = cf_run_keep_bytes(pass->run, (int64_t)cf_partial_bytes(pass, p), err);
    if (status == CF_OK)
        status = cf_cursor_open(source, task->partition, branch->columns, branch->column_count,
                                &cursor, err);
    if (status == CF_OK) {
        worker_begin(pass, w);
        w->eval.err = err;
        w->eval.cursor = cursor;
        w->eval.choice = branch->choice;
        status = chunks_run(pass, number, w, source->partitions[task->partition].rows, p);
        w->eval.cursor = NULL;
        cf_cursor_close(cursor, &p->io);
    }
    if (status == CF_OK) status = partial_finish(pass, &p, &w->eval);
    if (status != CF_OK) {
        cf_partial_free(pass, p);
        return status;
    }
    *out = p;
    return CF_OK;
}
