#include "exec/run.h"

/* A run: what is wanted, the passes step by step, then everything whole, and the result. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cf_kept {
    struct cf_kept *next;
    cf_part *part;
};

void cf_run_keep(cf_run *run, cf_part *part) {
    struct cf_kept *k = CF_NEW(run->arena, struct cf_kept);
    k->part = part;
    k->next = run->kept;
    run->kept = k;
}

cf_status cf_run_keep_bytes(cf_run *run, int64_t more, cf_error *err) {
    const int64_t kept = atomic_fetch_add(&run->bytes_kept, more) + more;
    if (more <= 0 || kept <= 0 || (uint64_t)kept <= run->memory_limit) return CF_OK;
    return cf_fail(err, CF_E_LIMIT, CF_NOWHERE,
                   "the rows and groups that this query keeps need more than its %zu MiB of "
                   "memory",
                   run->memory_limit >> 20);
}

cf_status cf_run_poll(cf_run *run) {
    const cf_exec_options *o = run->options;
    const int64_t bytes = atomic_load(&run->bytes_kept);
    if (bytes > run->bytes_peak) run->bytes_peak = bytes;
    const int64_t now = cf_clock_ns();
    if (o->progress != NULL && now - run->last_progress_ns > 100000000) {
        run->last_progress_ns = now;
        const cf_progress p = {atomic_load(&run->rows_done), run->rows_total,
                               run->result->io.bytes_read, run->step, run->places.step_count};
        o->progress(o->user, &p);
    }
    if (o->cancel == NULL || !atomic_load(o->cancel)) return CF_OK;
    atomic_store(&run->stop, true);
    return cf_fail(run->err, CF_E_CANCELLED, CF_NOWHERE, "interrupted");
}

/* --- setting up --- */

/* A chunk's arrays all fit into common blocks, which go from chunk to chunk as they are; larger
 * ones would be given back to the system and faulted in again and again. */
#define CHUNK_BLOCK ((size_t)1 << 20)

static size_t memory_limit(size_t asked) {
    if (asked > 0) return asked;
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || size <= 0) return (size_t)4 << 30;
    return (size_t)pages / 4 * 3 * (size_t)size;
}

static cf_status eval_init(cf_run *run, cf_eval *e, bool own_memory) {
    e->plan = run->plan;
    e->places = &run->places;
    e->memory_limit = run->memory_limit;
    e->err = run->err;
    e->epoch = 1;
    e->stop = own_memory ? &run->stop : run->options->cancel;
    e->arena = cf_arena_new(own_memory ? CHUNK_BLOCK : (size_t)64 << 10);
    e->memo = calloc(run->plan->node_count + 1u, sizeof *e->memo);
    if (run->options->analyze) e->stats = calloc(run->plan->node_count + 1u, sizeof *e->stats);
    if (e->arena != NULL && e->memo != NULL && (e->stats != NULL || !run->options->analyze))
        return CF_OK;
    return cf_fail(run->err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to run the query");
}

static void eval_clear(cf_eval *e) {
    cf_arena_free(e->arena);
    cf_eval_near_free(e->near);
    free(e->memo);
    free(e->stats);
}

static cf_status engine_find(cf_run *run) {
    run->engine = run->options->engine;
    if (run->engine == NULL) run->engine = run->own_engine = cf_engine_threads(1);
    if (run->engine == NULL)
        return cf_fail(run->err, CF_E_MEMORY, CF_NOWHERE, "no thread can be started");
    cf_engine_stats stats = {0};
    run->engine->class->stats(run->engine, &stats);
    run->worker_count = stats.slots;
    run->workers = calloc(stats.slots, sizeof *run->workers);
    if (run->workers == NULL)
        return cf_fail(run->err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to run the query");
    for (unsigned i = 0; i < run->worker_count; i++) {
        CF_TRY(eval_init(run, &run->workers[i].eval, true));
        run->workers[i].eval.whole = &run->whole;
    }
    return CF_OK;
}

/* --- what is wanted --- */

static size_t wanted_count(const cf_plan *plan) {
    size_t count = cf_table_node_count(plan->rows);
    for (uint32_t i = 0; i < plan->save_count; i++)
        count += cf_table_node_count(plan->saves[i].rows);
    return count;
}

void cf_run_places(const cf_plan *plan, cf_arena *arena, cf_places *out) {
    cf_id *roots = CF_NEWS(arena, cf_id, wanted_count(plan) + 1);
    size_t count = 0;
    cf_table_nodes(plan->rows, plan->level, roots, &count);
    for (uint32_t i = 0; i < plan->save_count; i++)
        cf_table_nodes(plan->saves[i].rows, plan->saves[i].level, roots, &count);
    cf_places_make(plan, roots, count, arena, out);
}

/* Do all of these come from the one stream, or from UNIT?  *step: the pass that has them all.
 */
static bool all_streamed(const cf_run *run, cf_id level, const cf_id *nodes, size_t count,
                         uint32_t *step) {
    const cf_spot *spots = run->places.spots;
    if (spots[level].place != CF_PLACE_STREAM) return false;
    *step = spots[level].step;
    for (size_t i = 0; i < count; i++) {
        const cf_spot *s = &spots[nodes[i]];
        const bool unit = run->plan->nodes[nodes[i]].level == 1;
        if (s->place == CF_PLACE_STREAM && s->step > *step) *step = s->step;
        if (s->place != CF_PLACE_STREAM && !unit) return false;
    }
    return true;
}

static size_t only_streams(const cf_run *run, cf_id *nodes, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (run->places.spots[nodes[i]].place == CF_PLACE_STREAM) nodes[kept++] = nodes[i];
    return kept;
}

/* Is every row of the sources a row of this level? */
static bool bare(const cf_plan *plan, cf_id level) {
    const cf_node *n = &plan->nodes[level];
    if (n->op == CF_L_SCAN) return true;
    if (n->op != CF_L_CONCAT) return false;
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (!bare(plan, n->args[i])) return false;
    return true;
}

static int64_t bare_rows(const cf_plan *plan, cf_id level) {
    const cf_node *n = &plan->nodes[level];
    if (n->op == CF_L_SCAN) return plan->sources[n->i0]->rows;
    int64_t rows = 0;
    for (uint32_t i = 0; i < n->arg_count; i++)
        rows += bare_rows(plan, n->args[i]);
    return rows;
}

/* A delivery of these rows from their stream; or, if they are no stream's, they are collected
 * for the whole.  Returns NULL then. */
static cf_delivery *want_rows(cf_run *run, cf_id level, const cf_out *rows) {
    cf_id *nodes = CF_NEWS(run->arena, cf_id, cf_table_node_count(rows));
    size_t count = 0;
    uint32_t step = 0;
    cf_table_nodes(rows, level, nodes, &count);
    if (!all_streamed(run, level, nodes, count, &step)) {
        for (size_t i = 0; i < count; i++) {
            cf_places_collect(run->plan, &run->places, nodes[i]);
            run->asked[nodes[i]] = true;
        }
        return NULL;
    }
    count = only_streams(run, nodes, count);
    cf_delivery *d = &run->deliveries[run->delivery_count++];
    *d = (cf_delivery){.collection = cf_collection_make(run->plan, nodes, count, run->arena),
                       .step = step,
                       .stream = run->places.spots[level].stream};
    return d;
}

static cf_status want_save(cf_run *run, uint32_t i) {
    const cf_save *save = &run->plan->saves[i];
    run->save_types[i] = cf_table_type(run->plan, save->rows, run->arena);
    cf_delivery *d = want_rows(run, save->level, save->rows);
    if (d == NULL) return CF_OK;
    d->purpose = CF_FOR_SAVE;
    d->save = i;
    if (save->to != NULL || run->elsewhere) return CF_OK;
    return cf_writer_open_with(save->path, save->format, &save->options, run->save_types[i],
                               &d->writer, run->err);
}

static void want_result(cf_run *run) {
    const cf_plan *plan = run->plan;
    cf_delivery *d = want_rows(run, plan->level, plan->rows);
    if (d == NULL) return;
    d->purpose = CF_FOR_RESULT;
    if (plan->limit < 0) return;
    d->collection->top = plan->level;
    d->collection->limit = plan->limit;
    d->count_all = plan->count_rows && !bare(plan, plan->level);
}

/* What whole nodes use of a stream, by step and stream. */
static void want_boundaries(cf_run *run) {
    const cf_plan *plan = run->plan;
    cf_id *nodes = CF_NEWS(run->arena, cf_id, plan->node_count + 1);
    bool *taken = CF_NEWS(run->arena, bool, plan->node_count + 1);
    for (cf_id id = 1; id <= plan->node_count; id++) {
        const cf_spot first = run->places.spots[id];
        if (!first.boundary || taken[id]) continue;
        size_t count = 0;
        for (cf_id other = id; other <= plan->node_count; other++) {
            const cf_spot *s = &run->places.spots[other];
            if (!s->boundary || s->step != first.step || s->stream != first.stream) continue;
            taken[other] = true;
            nodes[count++] = other;
        }
        run->deliveries[run->delivery_count++] =
            (cf_delivery){.purpose = CF_FOR_WHOLE,
                          .collection = cf_collection_make(plan, nodes, count, run->arena),
                          .step = first.step,
                          .stream = first.stream};
    }
    cf_run_limit_slices(run);
}

static cf_status wants_find(cf_run *run) {
    const cf_plan *plan = run->plan;
    const size_t most = plan->node_count + plan->save_count + 2u;
    run->deliveries = CF_NEWS(run->arena, cf_delivery, most);
    run->asked = CF_NEWS(run->arena, bool, plan->node_count + 1);
    run->save_types = CF_NEWS(run->arena, const cf_type *, plan->save_count + 1);
    want_result(run);
    for (uint32_t i = 0; i < plan->save_count; i++)
        CF_TRY(want_save(run, i));
    want_boundaries(run);
    return CF_OK;
}

/* --- the result --- */

cf_status cf_run_rows(const cf_run *run, cf_eval *e, const cf_delivery *d,
                      cf_exec_result *result) {
    const cf_plan *plan = run->plan;
    const cf_rows *rows;
    CF_TRY(cf_eval_rows(e, plan->level, &rows));
    int64_t shown = rows->n, total = rows->n;
    if (plan->limit >= 0 && shown > plan->limit) shown = plan->limit;
    if (d != NULL && plan->limit >= 0)
        total = bare(plan, plan->level) ? bare_rows(plan, plan->level) : d->total;
    result->total_rows = total;
    const cf_type *type = cf_table_type(plan, plan->rows, run->arena);
    return cf_table_make(e, type, plan->level, plan->rows, 0, shown, &result->rows);
}

static cf_status result_rows(cf_run *run) {
    const cf_delivery *d = NULL;
    for (size_t i = 0; i < run->delivery_count; i++)
        if (run->deliveries[i].purpose == CF_FOR_RESULT) d = &run->deliveries[i];
    return cf_run_rows(run, d != NULL ? &run->rows : &run->whole, d, run->result);
}

/* Rows that are written at once: as many as the cache holds. */
#define SAVE_ROWS  65536
#define SAVE_BYTES ((size_t)1 << 20)

static cf_status save_step(const cf_run *run, const cf_save *save, cf_eval *e, int64_t rows,
                           int64_t *step) {
    cf_id *nodes = CF_NEWS(run->arena, cf_id, cf_table_node_count(save->rows));
    size_t count = 0, bytes = 1;
    cf_table_nodes(save->rows, save->level, nodes, &count);
    for (size_t i = 0; i < count; i++) {
        const cf_vec *v;
        if (run->plan->nodes[nodes[i]].op < CF_NODE_VALUES) continue;
        CF_TRY(cf_eval_vec(e, nodes[i], &v));
        if (!v->constant) bytes += (size_t)v->n * cf_kind_size(v->kind);
    }
    const double fit = (double)rows * (double)SAVE_BYTES / (double)bytes;
    *step = fit < 1.0 ? 1 : fit > SAVE_ROWS ? SAVE_ROWS : (int64_t)fit;
    return CF_OK;
}

cf_status cf_save_rows(cf_run *run, uint32_t i, cf_writer *writer, cf_eval *e) {
    const cf_save *save = &run->plan->saves[i];
    const cf_rows *rows;
    CF_TRY(cf_eval_rows(e, save->level, &rows));
    int64_t step = SAVE_ROWS;
    if (save->to == NULL) CF_TRY(save_step(run, save, e, rows->n, &step));
    for (int64_t begin = 0; begin < rows->n; begin += step) {
        const int64_t end = rows->n - begin < step ? rows->n : begin + step;
        cf_table *table;
        CF_TRY(cf_run_poll(run));
        CF_TRY(
            cf_table_make(e, run->save_types[i], save->level, save->rows, begin, end, &table));
        const cf_status status = save->to != NULL ? save->to(save->to_user, table, run->err)
                                                  : cf_writer_add(writer, table, run->err);
        cf_column_release(table);
        CF_TRY(status);
        run->result->saves[i].rows += end - begin;
    }
    return CF_OK;
}

static cf_status save_whole(cf_run *run, uint32_t i) {
    cf_writer *writer;
    const cf_save *save = &run->plan->saves[i];
    if (save->to != NULL) return cf_save_rows(run, i, NULL, &run->whole);
    CF_TRY(cf_writer_open_with(save->path, save->format, &save->options, run->save_types[i],
                               &writer, run->err));
    const cf_status status = cf_save_rows(run, i, writer, &run->whole);
    if (status == CF_OK)
        return cf_writer_finish(writer, &run->result->saves[i].bytes, run->err);
    cf_writer_abandon(writer);
    return status;
}

static cf_status saves_finish(cf_run *run) {
    for (uint32_t i = 0; i < run->plan->save_count; i++) {
        cf_delivery *d = NULL;
        for (size_t k = 0; k < run->delivery_count; k++)
            if (run->deliveries[k].purpose == CF_FOR_SAVE && run->deliveries[k].save == i)
                d = &run->deliveries[k];
        if (d == NULL) {
            CF_TRY(save_whole(run, i));
            continue;
        }
        cf_writer *writer = d->writer;
        d->writer = NULL;
        if (writer == NULL) continue;
        CF_TRY(cf_writer_finish(writer, &run->result->saves[i].bytes, run->err));
    }
    return CF_OK;
}

/* --- all of it --- */

static cf_status passes_run(cf_run *run) {
    for (uint32_t step = 0; step < run->places.step_count; step++) {
        run->step = step;
        for (cf_id id = 1; id <= run->plan->node_count; id++) {
            const cf_spot *s = &run->places.spots[id];
            const bool stream = s->place == CF_PLACE_STREAM && s->stream == id;
            if (stream) CF_TRY(cf_pass_run(run, step, id));
        }
    }
    run->result->steps = run->places.step_count;
    return CF_OK;
}

static void stats_add(cf_run *run, const cf_eval *e) {
    for (cf_id id = 1; e->stats != NULL && id <= run->plan->node_count; id++) {
        cf_node_stats *to = &run->result->nodes[id];
        to->node = id;
        to->rows += e->stats[id].rows;
        to->nulls_or_dropped += e->stats[id].nulls_or_dropped;
        to->nanoseconds += e->stats[id].nanoseconds;
        to->bytes += e->stats[id].bytes;
        to->calls += e->stats[id].calls;
    }
}

static cf_status stats_collect(cf_run *run) {
    run->result->node_count = run->plan->node_count;
    if (!run->options->analyze) return CF_OK;
    run->result->nodes = calloc(run->plan->node_count + 1u, sizeof *run->result->nodes);
    if (run->result->nodes == NULL) return cf_eval_no_memory(&run->whole);
    stats_add(run, &run->whole);
    for (unsigned i = 0; i < run->worker_count; i++)
        stats_add(run, &run->workers[i].eval);
    return CF_OK;
}

static cf_status run_all(cf_run *run) {
    const cf_rows *unit;
    cf_run_places(run->plan, run->arena, &run->places);
    CF_TRY(eval_init(run, &run->whole, false));
    CF_TRY(eval_init(run, &run->rows, false));
    run->whole.kept = &run->bytes_kept;
    run->rows.whole = &run->whole;
    CF_TRY(engine_find(run));
    CF_TRY(cf_eval_rows(&run->whole, 1, &unit));
    run->result->saves = calloc(run->plan->save_count + 1u, sizeof *run->result->saves);
    if (run->result->saves == NULL) return cf_eval_no_memory(&run->whole);
    CF_TRY(wants_find(run));
    CF_TRY(passes_run(run));
    CF_TRY(result_rows(run));
    CF_TRY(saves_finish(run));
    return stats_collect(run);
}

static void run_clear(cf_run *run) {
    for (size_t i = 0; i < run->delivery_count; i++)
        if (run->deliveries[i].writer != NULL) cf_writer_abandon(run->deliveries[i].writer);
    for (unsigned i = 0; i < run->worker_count && run->workers != NULL; i++)
        eval_clear(&run->workers[i].eval);
    free(run->workers);
    eval_clear(&run->whole);
    eval_clear(&run->rows);
    for (struct cf_kept *k = run->kept; k != NULL; k = k->next)
        cf_part_free(k->part);
    cf_engine_free(run->own_engine);
    cf_arena_free(run->arena);
}

cf_status cf_exec_run(const cf_plan *plan, const cf_exec_options *options,
                      cf_exec_result *result, cf_error *err) {
    static const cf_exec_options defaults;
    cf_error ignored = {0};
    const int64_t wall = cf_clock_ns(), cpu = cf_clock_cpu_ns();
    *result = (cf_exec_result){.total_rows = -1};
    cf_run *run = calloc(1, sizeof *run);
    if (run == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory");
    run->plan = plan;
    run->options = options == NULL ? &defaults : options;
    run->result = result;
    run->err = err == NULL ? &ignored : err;
    run->memory_limit = memory_limit(run->options->memory_limit);
    run->arena = cf_arena_new((size_t)32 << 10);
    cf_status status = run->arena == NULL
                           ? cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory")
                           : run_all(run);
    /* whoever asked for the memory only knows that it got none */
    if (status == CF_E_MEMORY && run->err->status == CF_E_LIMIT) status = CF_E_LIMIT;
    if (status == CF_OK) {
        result->peak_bytes = (size_t)run->bytes_peak + cf_arena_used(run->whole.arena);
        result->wall_ns = cf_clock_ns() - wall;
        result->cpu_ns = cf_clock_cpu_ns() - cpu + run->cpu_elsewhere;
    }
    run_clear(run);
    free(run);
    if (status != CF_OK) cf_exec_result_clear(result);
    return status;
}

/* --- elsewhere --- */

typedef struct { /* what a run borrows from its caller */
    cf_run run;
    cf_exec_options options;
    cf_exec_result result;
} run_elsewhere;

static cf_status elsewhere_init(cf_run *run) {
    const cf_rows *unit;
    cf_run_places(run->plan, run->arena, &run->places);
    CF_TRY(eval_init(run, &run->whole, false));
    run->whole.kept = &run->bytes_kept;
    run->worker_count = 1;
    run->workers = calloc(1, sizeof *run->workers);
    if (run->workers == NULL) return cf_eval_no_memory(&run->whole);
    CF_TRY(eval_init(run, &run->workers[0].eval, true));
    run->workers[0].eval.whole = &run->whole;
    CF_TRY(cf_eval_rows(&run->whole, 1, &unit));
    return wants_find(run);
}

cf_status cf_run_open_elsewhere(const cf_plan *plan, size_t limit, uint32_t chunk_rows,
                                cf_run **out, cf_error *err) {
    run_elsewhere *r = calloc(1, sizeof *r);
    cf_arena *arena = r == NULL ? NULL : cf_arena_new((size_t)32 << 10);
    if (arena == NULL) {
        free(r);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory");
    }
    r->options.chunk_rows = chunk_rows;
    r->run.plan = plan;
    r->run.options = &r->options;
    r->run.result = &r->result;
    r->run.err = err;
    r->run.elsewhere = true;
    r->run.memory_limit = memory_limit(limit);
    r->run.arena = arena;
    const cf_status status = elsewhere_init(&r->run);
    r->run.err = r->run.whole.err = NULL; /* the caller's may be gone by the next call */
    if (status == CF_OK)
        *out = &r->run;
    else
        cf_run_close_elsewhere(&r->run);
    return status;
}

void cf_run_close_elsewhere(cf_run *run) {
    if (run == NULL) return;
    run_clear(run);
    free(run); /* the first member of what was allocated */
}

void cf_exec_result_clear(cf_exec_result *result) {
    cf_column_release(result->rows);
    free(result->nodes);
    free(result->saves);
    *result = (cf_exec_result){.total_rows = -1};
}
