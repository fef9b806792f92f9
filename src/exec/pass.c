#include "exec/pass.h"

/* Which partitions a pass reads, and the caller's side of its tasks: handing them out in order,
 * a few at a time, and putting their results in place. */

#include <stdlib.h>
#include <string.h>

#define POLL_MS 20

static const cf_node *node_at(const cf_pass *pass, cf_id id) {
    return &pass->run->plan->nodes[id];
}

static cf_place place_of(const cf_pass *pass, cf_id id) {
    return pass->run->places.spots[id].place;
}

static bool is_stream(const cf_pass *pass, cf_id id) {
    return place_of(pass, id) == CF_PLACE_STREAM;
}

/* Is it what this pass makes states of?  Other passes' are values of the whole by now. */
static bool is_own_state(const cf_pass *pass, cf_id id) {
    const cf_spot *s = &pass->run->places.spots[id];
    return (s->place == CF_PLACE_SINK || s->place == CF_PLACE_GROUP) &&
           s->stream == pass->stream && s->step == pass->step;
}

/* --- branches --- */

/* Adds a branch for each way from the stream to a SCAN. */
static void branches_add(cf_pass *pass, cf_id stream, uint32_t *choice) {
    const cf_node *n = node_at(pass, stream);
    cf_arena *arena = pass->run->arena;
    if (n->op == CF_L_CONCAT) {
        for (uint32_t i = 0; i < n->arg_count; i++) {
            choice[stream] = i;
            branches_add(pass, pass->run->places.spots[n->args[i]].stream, choice);
        }
        return;
    }
    if (pass->branch_count == pass->branch_capacity) {
        pass->branch_capacity = pass->branch_capacity * 2 + 4;
        cf_branch *grown = CF_NEWS(arena, cf_branch, pass->branch_capacity);
        for (size_t i = 0; i < pass->branch_count; i++)
            grown[i] = pass->branches[i];
        pass->branches = grown;
    }
    const size_t nodes = pass->run->plan->node_count + 1;
    cf_branch *b = &pass->branches[pass->branch_count++];
    *b = (cf_branch){.scan = stream, .choice = CF_NEWS(arena, uint32_t, nodes)};
    memcpy(b->choice, choice, nodes * sizeof *choice);
}

static uint32_t choice_at(const cf_pass *pass, const cf_branch *b, cf_id level) {
    while (node_at(pass, level)->op == CF_L_CONCATL)
        level = node_at(pass, level)->args[0];
    return b->choice[level];
}

static bool top_concat(const cf_pass *pass, cf_id level) {
    while (node_at(pass, level)->op == CF_L_CONCATL)
        level = node_at(pass, level)->args[0];
    return node_at(pass, level)->op == CF_L_CONCAT && node_at(pass, level)->level == 1;
}

/* Marks what the node asks for in this branch. */
static void need_arguments(const cf_pass *pass, const cf_branch *b, cf_id id, bool *needed) {
    const cf_node *n = node_at(pass, id);
    if (n->level != 0) needed[n->level] = true;
    const bool value = n->op == CF_V_CONCATV;
    const bool level = n->op == CF_L_CONCAT || n->op == CF_L_CONCATL;
    if ((value && top_concat(pass, n->level)) || (level && top_concat(pass, id))) {
        const uint32_t choice = choice_at(pass, b, value ? n->level : id);
        needed[n->args[n->op == CF_L_CONCATL ? choice + 1 : choice]] = true;
        if (value) { /* the argument's own level is asked for, too */
            const cf_node *levels = node_at(pass, n->level);
            needed[levels->args[levels->op == CF_L_CONCATL ? choice + 1 : choice]] = true;
        }
        return;
    }
    const cf_id *args = n->args;
    size_t count = n->arg_count;
    if (place_of(pass, id) == CF_PLACE_GROUP && n->op == CF_L_FILTER) {
        needed[args[0]] = true;
        (void)cf_group_keys(pass->run->plan, id, &args, &count);
    }
    for (size_t i = 0; i < count; i++)
        needed[args[i]] = true;
}

static void need_roots(const cf_pass *pass, bool *needed) {
    for (size_t i = 0; i < pass->sink_count; i++)
        needed[pass->sinks[i].id] = true;
    for (size_t i = 0; i < pass->delivery_count; i++) {
        const cf_collection *c = pass->deliveries[i]->collection;
        for (size_t k = 0; k < c->level_count; k++)
            needed[c->levels[k]] = true;
        for (size_t k = 0; k < c->value_count; k++)
            needed[c->values[k]] = true;
    }
}

/* The columns that a branch reads, and what it needs; gives that. */
static const bool *branch_columns(const cf_pass *pass, cf_branch *b) {
    const cf_plan *plan = pass->run->plan;
    bool *needed = CF_NEWS(pass->run->arena, bool, plan->node_count + 1);
    b->columns = CF_NEWS(pass->run->arena, int32_t, plan->node_count + 1);
    need_roots(pass, needed);
    for (cf_id id = plan->node_count; id > 0; id--) {
        if (!needed[id]) continue;
        const cf_node *n = node_at(pass, id);
        if (is_stream(pass, id) || is_own_state(pass, id)) need_arguments(pass, b, id, needed);
        if (is_stream(pass, id) &&
            (n->op == CF_V_LOAD || n->op == CF_V_VALID || n->op == CF_L_LIST))
            b->columns[b->column_count++] = (int32_t)n->i1;
    }
    for (cf_id id = 1; id <= plan->node_count; id++)
        pass->needed[id] = pass->needed[id] || needed[id];
    return needed;
}

/* What a branch needs of the whole is computed. */
static cf_status branch_wholes(const cf_pass *pass, const bool *needed) {
    const cf_plan *plan = pass->run->plan;
    cf_eval *whole = &pass->run->whole;
    for (cf_id id = 1; id <= plan->node_count; id++) {
        const cf_rows *rows;
        const cf_vec *vec;
        if (!needed[id] || is_stream(pass, id) || is_own_state(pass, id)) continue;
        CF_TRY(node_at(pass, id)->op < CF_NODE_VALUES ? cf_eval_rows(whole, id, &rows)
                                                      : cf_eval_vec(whole, id, &vec));
    }
    return CF_OK;
}

/* --- tasks --- */

static const cf_source *branch_source(const cf_pass *pass, const cf_branch *b) {
    return pass->run->plan->sources[node_at(pass, b->scan)->i0];
}

static cf_status tasks_make(cf_pass *pass) {
    size_t count = 0;
    for (size_t b = 0; b < pass->branch_count; b++) {
        const cf_source *source = branch_source(pass, &pass->branches[b]);
        count += source->partition_count;
        pass->run->rows_total += source->rows;
    }
    pass->tasks = calloc(count + 1, sizeof *pass->tasks);
    pass->blocks = calloc(count + 1, sizeof *pass->blocks);
    pass->block_tasks = calloc(count + 1, sizeof *pass->block_tasks);
    if (pass->tasks == NULL || pass->blocks == NULL || pass->block_tasks == NULL)
        return cf_eval_no_memory(&pass->run->whole);
    for (size_t b = 0; b < pass->branch_count; b++) {
        const cf_source *source = branch_source(pass, &pass->branches[b]);
        for (uint32_t i = 0; i < source->partition_count; i++)
            pass->tasks[pass->task_count++] = (cf_pass_task){(uint32_t)b, i, false};
    }
    for (size_t i = 0; i < pass->delivery_count; i++) {
        pass->deliveries[i]->parts = calloc(count + 1, sizeof(cf_part *));
        if (pass->deliveries[i]->parts == NULL) return cf_eval_no_memory(&pass->run->whole);
    }
    return CF_OK;
}

/* --- results of tasks --- */

typedef struct {
    cf_pass *pass;
    cf_job *job;
    size_t submitted, received;
    size_t prefix; /* tasks 0 .. prefix - 1 are done */
    bool *done;    /* [task_count] */
    bool enough;   /* no more tasks are needed */
    bool failed;
    uint64_t failed_task;
    cf_status status;
    cf_error error; /* of the first task that failed */
} progress;

static void add_io(cf_io_stats *to, const cf_io_stats *from) {
    to->bytes_requested += from->bytes_requested;
    to->bytes_read += from->bytes_read;
    to->bytes_unpacked += from->bytes_unpacked;
}

static cf_status take_partial(cf_pass *pass, size_t task, cf_partial *p) {
    add_io(&pass->run->result->io, &p->io);
    pass->run->result->rows_scanned += p->rows;
    for (size_t i = 0; i < pass->delivery_count; i++) {
        pass->deliveries[i]->parts[task] = p->parts[i];
        p->parts[i] = NULL;
    }
    cf_sink_state *sinks = p->sinks;
    p->sinks = NULL;
    cf_partial_free(pass, p);
    if (pass->sink_count > 0) return cf_fold_add(pass, task, sinks);
    cf_sinks_free(pass, sinks);
    return CF_OK;
}

/* The first task that fails is the one to report: earlier ones go on, later ones stop. */
static void note_failure(progress *g, uint64_t task, cf_status status, const cf_error *error) {
    if (g->failed && task >= g->failed_task) return;
    g->failed = true;
    g->failed_task = task;
    g->status = status;
    g->error = *error;
    atomic_store(&g->pass->last_task, task);
}

static void take_result(progress *g, const cf_task_result *r) {
    cf_pass *pass = g->pass;
    g->received++;
    const bool wanted = r->task <= atomic_load(&pass->last_task);
    if (r->status != CF_OK) {
        if (wanted) note_failure(g, r->task, r->status, &r->err);
        return;
    }
    if (!wanted || g->failed) {
        const int64_t bytes = (int64_t)cf_partial_bytes(pass, r->state);
        (void)cf_run_keep_bytes(pass->run, -bytes, NULL);
        cf_partial_free(pass, r->state);
        return;
    }
    cf_error error = {0};
    cf_error *outer = pass->run->err;
    pass->run->err = &error;
    const cf_status status = take_partial(pass, (size_t)r->task, r->state);
    pass->run->err = outer;
    if (status != CF_OK) note_failure(g, r->task, status, &error);
    g->done[r->task] = true;
}

/* --- what complete partitions allow --- */

static cf_status save_prefix(progress *g, cf_delivery *d) {
    cf_run *run = g->pass->run;
    for (; d->written < g->prefix; d->written++) {
        cf_part *part = d->parts[d->written];
        d->parts[d->written] = NULL;
        if (part == NULL) continue;
        cf_eval *e = &run->rows;
        cf_eval_next_chunk(e, 0, 0);
        e->err = run->err;
        const int64_t bytes = (int64_t)cf_part_bytes(part);
        cf_status status = cf_collect_join(d->collection, &part, 1, e);
        if (status == CF_OK) status = cf_save_rows(run, d->save, d->writer, e);
        (void)cf_run_keep_bytes(run, -bytes, run->err);
        cf_part_free(part);
        CF_TRY(status);
    }
    return CF_OK;
}

static bool delivery_has_enough(const cf_delivery *d, size_t prefix) {
    if (d->collection->limit < 0 || d->count_all) return false;
    int64_t rows = 0;
    for (size_t i = 0; i < prefix; i++)
        if (d->parts[i] != NULL) rows += cf_part_rows(d->parts[i]);
    return rows >= d->collection->limit;
}

static void look_for_enough(progress *g) {
    const cf_pass *pass = g->pass;
    bool enough = pass->sink_count == 0 && pass->delivery_count > 0;
    for (size_t i = 0; i < pass->delivery_count && enough; i++)
        enough = delivery_has_enough(pass->deliveries[i], g->prefix);
    if (!enough) return;
    g->enough = true;
    atomic_store(&g->pass->last_task, g->prefix - 1);
}

static cf_status after_result(progress *g) {
    const size_t before = g->prefix;
    while (g->prefix < g->pass->task_count && g->done[g->prefix])
        g->prefix++;
    if (g->prefix == before || g->failed) return CF_OK;
    for (size_t i = 0; i < g->pass->delivery_count; i++)
        if (g->pass->deliveries[i]->purpose == CF_FOR_SAVE)
            CF_TRY(save_prefix(g, g->pass->deliveries[i]));
    look_for_enough(g);
    return CF_OK;
}

/* --- the loop --- */

static cf_status submit_more(progress *g) {
    cf_pass *pass = g->pass;
    const size_t window = 2 * (size_t)pass->run->worker_count + 2;
    while (!g->enough && !g->failed && g->submitted < pass->task_count &&
           g->submitted - g->prefix < window * 4 && g->submitted - g->received < window) {
        if (pass->tasks[g->submitted].skipped) {
            pass->run->result->partitions_skipped++;
            g->done[g->submitted] = true;
            g->received++;
        } else {
            CF_TRY(pass->run->engine->class->submit(g->job, g->submitted, pass->run->err));
        }
        g->submitted++;
    }
    return CF_OK;
}

static cf_status pass_loop(progress *g) {
    cf_run *run = g->pass->run;
    const cf_engine_class *engine = run->engine->class;
    for (;;) {
        CF_TRY(submit_more(g));
        CF_TRY(after_result(g));
        if (g->received == g->submitted) {
            const bool all = g->submitted == g->pass->task_count || g->enough || g->failed;
            if (all) return CF_OK;
            continue;
        }
        cf_task_result result;
        if (engine->wait(g->job, POLL_MS, &result)) take_result(g, &result);
        CF_TRY(cf_run_poll(run));
        cf_pass_look(g->pass);
    }
}

/* Nothing of the job is left, whatever happened. */
static void pass_drain(progress *g) {
    const cf_engine_class *engine = g->pass->run->engine->class;
    engine->cancel(g->job);
    (void)engine->drain(g->job);
    cf_task_result result;
    while (engine->wait(g->job, 0, &result))
        if (result.status == CF_OK) cf_partial_free(g->pass, result.state);
    engine->close(g->job);
}

static cf_status pass_tasks(cf_pass *pass) {
    cf_run *run = pass->run;
    progress *g = calloc(1, sizeof *g);
    if (g == NULL) return cf_eval_no_memory(&run->whole);
    g->pass = pass;
    g->done = calloc(pass->task_count + 1, sizeof *g->done);
    if (g->done == NULL) {
        free(g);
        return cf_eval_no_memory(&run->whole);
    }
    atomic_store(&pass->last_task, UINT64_MAX);
    atomic_store(&run->stop, false);
    cf_status status =
        run->engine->class->open(run->engine, cf_task_run, pass, run->plan, &g->job, run->err);
    if (status == CF_OK) {
        status = pass_loop(g);
        if (status != CF_OK) atomic_store(&run->stop, true);
        pass_drain(g);
    }
    if (status == CF_OK && g->failed) {
        status = g->status;
        if (run->err != NULL) *run->err = g->error;
    }
    run->result->partitions += (uint32_t)g->submitted;
    for (size_t i = 0; i < pass->delivery_count; i++)
        pass->deliveries[i]->total = g->prefix == pass->task_count ? 0 : -1;
    free(g->done);
    free(g);
    return status;
}

/* --- handing over --- */

static int64_t parts_bytes(const cf_pass *pass, const cf_delivery *d) {
    size_t bytes = 0;
    for (size_t i = 0; i < pass->task_count; i++)
        if (d->parts[i] != NULL) bytes += cf_part_bytes(d->parts[i]);
    return (int64_t)bytes;
}

static cf_status deliver(cf_pass *pass, cf_delivery *d) {
    cf_run *run = pass->run;
    if (d->total >= 0)
        for (size_t i = 0; i < pass->task_count; i++)
            if (d->parts[i] != NULL) d->total += cf_part_rows(d->parts[i]);
    if (d->purpose == CF_FOR_SAVE) return CF_OK; /* written by now */
    cf_eval *e = d->purpose == CF_FOR_RESULT ? &run->rows : &run->whole;
    if (e == &run->rows) cf_eval_next_chunk(e, 0, 0);
    const int64_t before = parts_bytes(pass, d);
    CF_TRY(cf_collect_join(d->collection, d->parts, pass->task_count, e));
    CF_TRY(cf_run_keep_bytes(run, parts_bytes(pass, d) - before, run->err));
    for (size_t i = 0; i < pass->task_count; i++) {
        if (d->parts[i] != NULL) cf_run_keep(run, d->parts[i]);
        d->parts[i] = NULL;
    }
    return CF_OK;
}

static void pass_clear(cf_pass *pass) {
    for (size_t i = 0; i < pass->delivery_count; i++) {
        cf_delivery *d = pass->deliveries[i];
        for (size_t k = 0; d->parts != NULL && k < pass->task_count; k++)
            cf_part_free(d->parts[k]);
        free(d->parts);
        d->parts = NULL;
    }
    for (size_t i = 0; pass->blocks != NULL && i < pass->task_count; i++)
        cf_sinks_free(pass, pass->blocks[i]);
    free(pass->blocks);
    free(pass->block_tasks);
    free(pass->tasks);
}

static void find_work(cf_pass *pass) {
    cf_run *run = pass->run;
    cf_sinks_find(pass);
    pass->deliveries = CF_NEWS(run->arena, cf_delivery *, run->delivery_count + 1);
    for (size_t i = 0; i < run->delivery_count; i++)
        if (run->deliveries[i].stream == pass->stream && run->deliveries[i].step == pass->step)
            pass->deliveries[pass->delivery_count++] = &run->deliveries[i];
}

static void find_branches(cf_pass *pass) {
    cf_run *run = pass->run;
    uint32_t *choice = CF_NEWS(run->arena, uint32_t, run->plan->node_count + 1);
    pass->needed = CF_NEWS(run->arena, bool, run->plan->node_count + 1);
    branches_add(pass, pass->stream, choice);
}

static cf_status pass_work(cf_pass *pass) {
    cf_run *run = pass->run;
    cf_sink_state *sinks = NULL;
    find_branches(pass);
    for (size_t i = 0; i < pass->branch_count; i++)
        CF_TRY(branch_wholes(pass, branch_columns(pass, &pass->branches[i])));
    CF_TRY(tasks_make(pass));
    cf_pass_skip(pass);
    CF_TRY(pass_tasks(pass));
    if (pass->sink_count > 0) {
        CF_TRY(cf_fold_finish(pass, &sinks));
        const cf_status status = cf_sinks_publish(pass, sinks, &run->whole);
        (void)cf_run_keep_bytes(run, -(int64_t)cf_sinks_bytes(pass, sinks), run->err);
        cf_sinks_free(pass, sinks);
        CF_TRY(status);
    }
    for (size_t i = 0; i < pass->delivery_count; i++)
        CF_TRY(deliver(pass, pass->deliveries[i]));
    return CF_OK;
}

cf_status cf_pass_run(cf_run *run, uint32_t step, cf_id stream) {
    cf_pass pass = {.run = run, .step = step, .stream = stream};
    find_work(&pass);
    if (pass.sink_count == 0 && pass.delivery_count == 0) return CF_OK;
    const cf_status status = pass_work(&pass);
    pass_clear(&pass);
    return status;
}

cf_status cf_pass_open(cf_pass *pass) {
    find_work(pass);
    find_branches(pass);
    for (size_t i = 0; i < pass->branch_count; i++)
        (void)branch_columns(pass, &pass->branches[i]);
    return tasks_make(pass);
}

void cf_pass_close(cf_pass *pass) {
    pass_clear(pass);
}
