/* A pass in two places: the values of the whole go along as bytes, tasks run in another run of
 * the plan, and the answer is the same.  Damaged values are refused, or do no harm. */
#include "events.h"
#include "exec/remote.h"

struct cf_job {
    cf_pass *pass;
    cf_remote *remote;
    cf_task_result results[EVENTS];
    size_t count;
};

static struct {
    cf_engine base;
    bool damage;
    size_t jobs, wholes_bytes, refused;
} here;

/* Every length, and changes: opening it is safe, and so is running a task on what was opened.
 */
static void try_damaged(const cf_pass *pass, const cf_text *wholes) {
    for (int i = 0; i < 60; i++) {
        const size_t size = i < 30 ? (size_t)random_below((int)wholes->size + 1) : wholes->size;
        char *copy = malloc(size + 1); /* so that reading beyond it is seen */
        memcpy(copy, wholes->data, size);
        if (i >= 30) copy[random_below((int)size)] = (char)random_bits();
        cf_remote *r = NULL;
        cf_remote_counts counts;
        cf_error err = {0};
        cf_text out = {0};
        if (cf_remote_open(pass->run->plan, 0, 17, pass->step, pass->stream, copy, size, &r,
                           &err) == CF_OK)
            (void)cf_remote_task(r, 0, &out, &counts, &err);
        else
            here.refused++;
        CHECK(i >= 30 || size == wholes->size || r == NULL);
        cf_text_clear(&out);
        cf_remote_close(r);
        free(copy);
    }
}

static cf_status here_open(cf_engine *e, cf_task_fn *fn, void *user, const cf_plan *plan,
                           cf_job **out, cf_error *err) {
    (void)e;
    cf_text wholes = {0};
    cf_job *job = *out = calloc(1, sizeof *job);
    CHECK(fn == cf_task_run);
    job->pass = user;
    CHECK(cf_wholes_write(job->pass, &wholes, err) == CF_OK);
    if (here.damage && wholes.size > 0) try_damaged(job->pass, &wholes);
    const cf_status status = cf_remote_open(plan, 0, 17, job->pass->step, job->pass->stream,
                                            wholes.data, wholes.size, &job->remote, err);
    here.jobs++;
    here.wholes_bytes += wholes.size;
    cf_text_clear(&wholes);
    CHECK(status == CF_OK);
    return status;
}

static cf_status here_submit(cf_job *job, uint64_t task, cf_error *err) {
    (void)err;
    cf_task_result *r = &job->results[job->count++];
    cf_text bytes = {0};
    cf_remote_counts counts = {0};
    *r = (cf_task_result){.task = task};
    r->status = cf_remote_task(job->remote, task, &bytes, &counts, &r->err);
    if (r->status == CF_OK)
        r->status = cf_remote_result(job->pass, bytes.data, bytes.size, &r->state, &r->err);
    CHECK(r->status != CF_OK || counts.rows > 0);
    cf_text_clear(&bytes);
    return CF_OK;
}

static bool here_wait(cf_job *job, int timeout_ms, cf_task_result *result) {
    (void)timeout_ms;
    if (job->count == 0) return false;
    *result = job->results[--job->count];
    return true;
}

static void here_nothing(cf_job *job) {
    (void)job;
}

static cf_status here_drain(cf_job *job) {
    (void)job;
    return CF_OK;
}

static void here_stats(cf_engine *e, cf_engine_stats *out) {
    (void)e;
    *out = (cf_engine_stats){.name = "here", .slots = 1};
}

static void here_close(cf_job *job) {
    cf_remote_close(job->remote);
    free(job);
}

static const cf_engine_class here_class = {.submit = here_submit,
                                           .cancel = here_nothing,
                                           .wait = here_wait,
                                           .wake = here_nothing,
                                           .drain = here_drain,
                                           .stats = here_stats,
                                           .open = here_open,
                                           .close = here_close};

static cf_id map2(frame *f, const char *func, cf_id a, cf_id b) {
    const cf_id args[] = {a, b};
    return cf_plan_map_named(f->b, func, args, 2);
}

/* Rows above the average, and who has the last name: an earlier pass says both. */
static cf_plan *above_average(frame *f) {
    const cf_id average = cf_plan_reduce(f->b, CF_R_AVERAGE, f->ev, f->x);
    const cf_id last = cf_plan_reduce(f->b, CF_R_MAX, f->ev, f->t);
    return finish(f, f->ev,
                  TUPLE(f, out_value(f, "t", f->t),
                        out_value(f, "big", map2(f, "gt_float", f->w, average)),
                        out_value(f, "last", map2(f, "eq_text", f->t, last))));
}

static cf_plan *histogram(frame *f) {
    const cf_id repeat_args[] = {CF_UNIT, cf_plan_const_int(f->b, 20)};
    const cf_id bins = cf_plan_level(f->b, CF_L_REPEAT, repeat_args, 2, 0);
    const cf_id args[] = {f->ev, f->x, f->w};
    const cf_id weighted =
        cf_plan_value(f->b, CF_V_BINCOUNT, CF_FLOAT64, bins, args, 3, 0, 0, 0);
    return finish(f, bins, TUPLE(f, out_value(f, "w", weighted)));
}

static cf_plan *(*const plans[])(frame *f) = {above_average, histogram};

static void answers_are_the_same(void) {
    for (size_t i = 0; i < CF_COUNT(plans); i++)
        for (int damage = 0; damage < 2; damage++) {
            frame f = frame_new(61);
            cf_plan *plan = plans[i](&f);
            cf_table *want = run_all_ways(plan, NULL);
            cf_exec_result result;
            cf_error err = {0};
            here.base.class = &here_class;
            here.damage = damage == 1;
            here.jobs = here.wholes_bytes = here.refused = 0;
            const cf_exec_options options = {.engine = &here.base, .chunk_rows = 17};
            CHECK(cf_exec_run(plan, &options, &result, &err) == CF_OK);
            CHECK(result.rows != NULL && same_table(want, result.rows));
            CHECK(here.jobs == (i == 0 ? 2 : 1) && here.wholes_bytes > 0);
            CHECK((here.refused > 10) == (damage == 1));
            cf_exec_result_clear(&result);
            cf_column_release(want);
            cf_plan_free(plan);
        }
}

static void passes_that_are_none_are_refused(void) {
    frame f = frame_new(61);
    cf_plan *plan = above_average(&f);
    for (cf_id stream = 0; stream < plan->node_count + 3; stream++) {
        cf_remote *r = NULL;
        cf_error err = {0};
        CHECK(cf_remote_open(plan, 0, 0, 9, stream, NULL, 0, &r, &err) == CF_E_FORMAT);
    }
    cf_plan_free(plan);
}

int main(void) {
    events_make();
    RUN(answers_are_the_same);
    RUN(passes_that_are_none_are_refused);
    return cf_test_failures > 0;
}
