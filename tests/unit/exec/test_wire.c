/* Results of partitions as bytes: they come back equal, and damaged ones are refused or at
 * least do no harm.  The engine here is a remote executor in small: it runs a task when it is
 * submitted and hands over what was read from the bytes. */
#include "events.h"
#include "exec/pass.h"

static cf_id map2(frame *f, const char *func, cf_id a, cf_id b) {
    const cf_id args[] = {a, b};
    return cf_plan_map_named(f->b, func, args, 2);
}

/* --- the engine --- */

typedef enum { AS_THEY_ARE, TOO_SHORT, CHANGED } damage;

struct cf_job {
    cf_task_fn *fn;
    void *user;
    cf_task_result results[EVENTS];
    size_t count;
};

typedef struct {
    cf_engine base;
    damage damage;
    size_t sent, refused;
} wire_engine;

static wire_engine wires;

static size_t random_index(size_t n) {
    return (size_t)(random_bits() % n);
}

/* Every length, or many changes: what can be read must be safe to put together. */
static void *read_damaged(const cf_pass *pass, const cf_text *bytes) {
    cf_partial *read = NULL;
    cf_error err = {0};
    if (wires.damage == TOO_SHORT) {
        for (size_t size = 0; size < bytes->size; size += 1 + size / 64) {
            char *copy = malloc(size + 1); /* so that reading beyond it is seen */
            memcpy(copy, bytes->data, size);
            CHECK(cf_partial_read(pass, copy, size, &read, &err) == CF_E_FORMAT);
            free(copy);
            wires.refused++;
        }
        return NULL;
    }
    cf_partial *last = NULL;
    for (int i = 0; i < 60; i++) {
        char *copy = malloc(bytes->size);
        memcpy(copy, bytes->data, bytes->size);
        for (size_t k = random_index(3) + 1; k > 0; k--)
            copy[random_index(bytes->size)] = (char)(random_bits() & (k & 1 ? 255 : 1));
        if (cf_partial_read(pass, copy, bytes->size, &read, &err) == CF_OK) {
            cf_partial_free(pass, last);
            last = read;
        } else {
            wires.refused++;
        }
        free(copy);
    }
    return last;
}

static cf_status wire_submit(cf_job *job, uint64_t task, cf_error *err) {
    (void)err;
    const cf_pass *pass = job->user;
    cf_task_result *r = &job->results[job->count++];
    *r = (cf_task_result){.task = task};
    r->status = job->fn(job->user, task, 0, &r->state, &r->err);
    if (r->status != CF_OK) return CF_OK;
    cf_text bytes = {0};
    CHECK(cf_partial_write(pass, r->state, &bytes, &r->err) == CF_OK);
    void *damaged = wires.damage == AS_THEY_ARE ? NULL : read_damaged(pass, &bytes);
    cf_partial *back = damaged;
    if (back == NULL)
        CHECK(cf_partial_read(pass, bytes.data, bytes.size, &back, &r->err) == CF_OK);
    cf_text again = {0};
    CHECK(cf_partial_write(pass, back, &again, &r->err) == CF_OK);
    if (damaged == NULL)
        CHECK(again.size == bytes.size && memcmp(again.data, bytes.data, bytes.size) == 0);
    wires.sent += bytes.size;
    cf_text_clear(&bytes);
    cf_text_clear(&again);
    cf_partial_free(pass, r->state);
    r->state = back;
    return CF_OK;
}

static bool wire_wait(cf_job *job, int timeout_ms, cf_task_result *result) {
    (void)timeout_ms;
    if (job->count == 0) return false;
    *result = job->results[--job->count];
    return true;
}

static void wire_nothing(cf_job *job) {
    (void)job;
}

static cf_status wire_drain(cf_job *job) {
    (void)job;
    return CF_OK;
}

static void wire_stats(cf_engine *e, cf_engine_stats *out) {
    (void)e;
    *out = (cf_engine_stats){.name = "wire", .slots = 1};
}

static cf_status wire_open(cf_engine *e, cf_task_fn *fn, void *user, const cf_plan *plan,
                           cf_job **job, cf_error *err) {
    (void)e, (void)plan, (void)err;
    *job = calloc(1, sizeof **job);
    (*job)->fn = fn;
    (*job)->user = user;
    return CF_OK;
}

static void wire_close(cf_job *job) {
    free(job);
}

static const cf_engine_class wire_class = {.submit = wire_submit,
                                           .cancel = wire_nothing,
                                           .wait = wire_wait,
                                           .wake = wire_nothing,
                                           .drain = wire_drain,
                                           .stats = wire_stats,
                                           .open = wire_open,
                                           .close = wire_close};

/* --- plans that leave every sort of state --- */

static cf_plan *reductions(frame *f) {
    const cf_id odd = map2(f, "gt_float", f->w, cf_plan_const_float(f->b, 1.0));
    return finish(
        f, CF_UNIT,
        TUPLE(f, out_value(f, "a", cf_plan_reduce(f->b, CF_R_COUNT, f->ev, 0)),
              out_value(f, "b", cf_plan_reduce(f->b, CF_R_SUM, f->ev, f->w)),
              out_value(f, "c", cf_plan_reduce(f->b, CF_R_SUM, f->ev, f->x)),
              out_value(f, "d", cf_plan_reduce(f->b, CF_R_STDDEV, f->ev, f->w)),
              out_value(f, "e", cf_plan_reduce(f->b, CF_R_MIN, f->ev, f->t)),
              out_value(f, "f", cf_plan_reduce(f->b, CF_R_MAX, f->ev, f->w)),
              out_value(f, "g", cf_plan_reduce(f->b, CF_R_ANY, f->ev, odd)),
              out_value(f, "h", cf_plan_reduce(f->b, CF_R_ALL, f->ev, odd)),
              out_value(f, "i", cf_plan_reduce(f->b, CF_R_COUNT_DISTINCT, f->ev, f->t)),
              out_value(f, "j", cf_plan_reduce(f->b, CF_R_COUNT_DISTINCT, f->ev, f->w)),
              out_value(f, "k", cf_plan_reduce(f->b, CF_R_CONCAT, f->ev, f->t)),
              out_value(f, "l", cf_plan_reduce(f->b, CF_R_AVERAGE, f->ev, f->x))));
}

static cf_plan *histogram(frame *f) {
    const cf_id repeat_args[] = {CF_UNIT, cf_plan_const_int(f->b, 20)};
    const cf_id bins = cf_plan_level(f->b, CF_L_REPEAT, repeat_args, 2, 0);
    const cf_id args[] = {f->ev, f->x, f->w};
    const cf_id weighted =
        cf_plan_value(f->b, CF_V_BINCOUNT, CF_FLOAT64, bins, args, 3, 0, 0, 0);
    const cf_id counted = cf_plan_value(f->b, CF_V_BINCOUNT, CF_INT64, bins, args, 2, 0, 0, 0);
    return finish(f, bins, TUPLE(f, out_value(f, "w", weighted), out_value(f, "n", counted)));
}

static cf_plan *groups(frame *f) {
    const cf_id args[] = {f->ev, f->t, f->w};
    const cf_id level = cf_plan_level(f->b, CF_L_GROUP, args, 3, 0);
    const cf_id members = cf_plan_level(f->b, CF_L_MEMBERS, &level, 1, 0);
    const cf_id first = cf_plan_index(f->b, level, 0), at = cf_plan_index(f->b, members, 0);
    const cf_id w = cf_plan_gather(f->b, f->w, at), t = cf_plan_gather(f->b, f->t, at);
    const cf_id x = cf_plan_gather(f->b, f->x, at);
    return finish(
        f, level,
        TUPLE(f, out_value(f, "t", cf_plan_gather(f->b, f->t, first)),
              out_value(f, "w", cf_plan_gather(f->b, f->w, first)),
              out_value(f, "a", cf_plan_reduce(f->b, CF_R_STDDEV, members, w)),
              out_value(f, "b", cf_plan_reduce(f->b, CF_R_MAX, members, t)),
              out_value(f, "c", cf_plan_reduce(f->b, CF_R_COUNT_DISTINCT, members, x)),
              out_value(f, "d", cf_plan_reduce(f->b, CF_R_SUM, members, x))));
}

static cf_plan *rows_with_lists(frame *f) {
    const cf_id first = cf_plan_pick(f->b, CF_PICK_MAX_BY, f->jets, f->pt);
    const cf_id picked = cf_plan_gather(f->b, f->q, first);
    const cf_id big = map2(f, "gt_float", f->pt, cf_plan_const_float(f->b, 50.0));
    cf_out *jet = TUPLE(f, out_value(f, "pt", f->pt), out_value(f, "big", big));
    return finish(f, f->ev,
                  TUPLE(f, out_value(f, "t", f->t), out_value(f, "w", f->w),
                        out_value(f, "q", picked), out_list(f, "jets", f->jets, jet)));
}

/* Whole: an index array is collected, too. */
static cf_plan *sorted_rows(frame *f) {
    const cf_id args[] = {f->ev, f->t, f->w};
    const cf_id sorted = cf_plan_level(f->b, CF_L_SORT, args, 3, 2);
    const cf_id index = cf_plan_index(f->b, sorted, 0);
    const cf_id list_args[] = {f->jets, index};
    const cf_id jets = cf_plan_level(f->b, CF_L_REGATHER, list_args, 2, 0);
    const cf_id best =
        cf_plan_gather(f->b, cf_plan_pick(f->b, CF_PICK_MIN_BY, f->jets, f->pt), index);
    const cf_id pt = cf_plan_gather(f->b, f->pt, cf_plan_index(f->b, jets, 0));
    return finish(f, sorted,
                  TUPLE(f, out_value(f, "t", cf_plan_gather(f->b, f->t, index)),
                        out_value(f, "best", cf_plan_gather(f->b, f->pt, best)),
                        out_list(f, "pt", jets, out_value(f, "", pt))));
}

static cf_plan *(*const plans[])(frame *f) = {reductions, histogram, groups, rows_with_lists,
                                              sorted_rows};

static cf_status run_by_wire(const cf_plan *plan, damage how, cf_exec_result *result,
                             cf_error *err) {
    wires = (wire_engine){.base = {&wire_class}, .damage = how};
    const cf_exec_options options = {.engine = &wires.base, .chunk_rows = 17};
    return cf_exec_run(plan, &options, result, err);
}

static void states_come_back_equal(void) {
    for (size_t i = 0; i < CF_COUNT(plans); i++) {
        frame f = frame_new(61);
        cf_plan *plan = plans[i](&f);
        cf_table *want = run_all_ways(plan, NULL);
        cf_exec_result result;
        cf_error err = {0};
        CHECK(run_by_wire(plan, AS_THEY_ARE, &result, &err) == CF_OK);
        CHECK(result.rows != NULL && same_table(want, result.rows));
        CHECK(wires.sent > 100);
        cf_exec_result_clear(&result);
        const cf_exec_options checked = {.check_states = true};
        CHECK(cf_exec_run(plan, &checked, &result, &err) == CF_OK);
        CHECK(result.rows != NULL && same_table(want, result.rows));
        cf_exec_result_clear(&result);
        cf_column_release(want);
        cf_plan_free(plan);
    }
}

static void bytes_that_end_early_are_refused(void) {
    for (size_t i = 0; i < CF_COUNT(plans); i++) {
        frame f = frame_new(61);
        cf_plan *plan = plans[i](&f);
        cf_exec_result result;
        cf_error err = {0};
        CHECK(run_by_wire(plan, TOO_SHORT, &result, &err) == CF_OK);
        CHECK(wires.refused > 100);
        cf_exec_result_clear(&result);
        cf_plan_free(plan);
    }
}

/* What the changed bytes say may be wrong, but it must be something that they can say. */
static void changed_bytes_do_no_harm(void) {
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < CF_COUNT(plans); i++) {
            frame f = frame_new(61);
            cf_plan *plan = plans[i](&f);
            cf_exec_result result;
            cf_error err = {0};
            (void)run_by_wire(plan, CHANGED, &result, &err);
            CHECK(wires.refused > 0);
            cf_exec_result_clear(&result);
            cf_plan_free(plan);
        }
}

int main(void) {
    events_make();
    RUN(states_come_back_equal);
    RUN(bytes_that_end_early_are_refused);
    RUN(changed_bytes_do_no_harm);
    return cf_test_failures > 0;
}
