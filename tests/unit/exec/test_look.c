/* The result so far, while a query runs. */
#include "events.h"

#include <time.h>

/* --- partitions that take their time --- */

static cf_status slow_read(cf_cursor *c, int32_t node, int64_t begin, int64_t end,
                           cf_array *out, cf_error *err) {
    const struct timespec moment = {.tv_nsec = 2000000};
    (void)nanosleep(&moment, NULL);
    return sliced_read(c, node, begin, end, out, err);
}

static const cf_source_class slow_class = {
    .close = sliced_close,
    .cursor_open = sliced_open,
    .cursor_read = slow_read,
    .cursor_close = sliced_cursor_close,
};

static frame slow_frame(void) {
    cf_source *s = events_source(10);
    s->class = &slow_class;
    frame f = frame_over(cf_plan_builder_new(), s, 0);
    cf_source_release(s);
    return f;
}

/* --- plans --- */

/* How many events have each x, and how many there are; in every row. */
static cf_plan *histogram(frame *f) {
    const cf_id n = cf_plan_reduce(f->b, CF_R_COUNT, f->ev, 0);
    const cf_id repeat_args[] = {CF_UNIT, cf_plan_const_int(f->b, 30)};
    const cf_id bins = cf_plan_level(f->b, CF_L_REPEAT, repeat_args, 2, 0);
    const cf_id args[] = {f->ev, f->x};
    const cf_id counts = cf_plan_value(f->b, CF_V_BINCOUNT, CF_INT64, bins, args, 2, 0, 0, 0);
    return finish(f, bins,
                  TUPLE(f, out_value(f, "n", counts),
                        out_value(f, "all", cf_plan_broadcast(f->b, n, bins))));
}

static cf_plan *groups(frame *f) {
    const cf_id args[] = {f->ev, f->t};
    const cf_id level = cf_plan_level(f->b, CF_L_GROUP, args, 2, 0);
    const cf_id members = cf_plan_level(f->b, CF_L_MEMBERS, &level, 1, 0);
    const cf_id x = cf_plan_gather(f->b, f->x, cf_plan_index(f->b, members, 0));
    const cf_id n = cf_plan_reduce(f->b, CF_R_COUNT, members, 0);
    return finish(
        f, level,
        TUPLE(f, out_value(f, "n", n),
              out_value(f, "t", cf_plan_gather(f->b, f->t, cf_plan_index(f->b, level, 0))),
              out_value(f, "d", cf_plan_reduce(f->b, CF_R_STDDEV, members, x))));
}

static cf_plan *plain_rows(frame *f) {
    return finish(f, f->ev, TUPLE(f, out_value(f, "x", f->x)));
}

/* --- looking --- */

typedef struct {
    int times;
    int64_t seen; /* in the last one */
    bool grows;
} looks;

static int64_t sum_of(const cf_table *t) {
    int64_t sum = 0;
    for (int64_t i = 0; i < t->length; i++)
        sum += cf_column_int(column_at(t, 0), i);
    return sum;
}

static void on_partial(void *user, const cf_exec_result *so_far) {
    looks *l = user;
    const int64_t sum = sum_of(so_far->rows);
    l->times++;
    l->grows = l->grows && sum >= l->seen && sum <= EVENTS;
    l->seen = sum;
}

static looks run_looking(const cf_plan *plan, unsigned threads, cf_table **rows) {
    looks l = {.grows = true};
    cf_engine *engine = cf_engine_threads(threads);
    const cf_exec_options options = {
        .engine = engine, .partial = on_partial, .partial_ms = 1, .user = &l};
    cf_exec_result result;
    CHECK(cf_exec_run(plan, &options, &result, NULL) == CF_OK);
    *rows = cf_column_retain(result.rows);
    cf_exec_result_clear(&result);
    cf_engine_free(engine);
    return l;
}

static void looking_changes_nothing(cf_plan *(*make)(frame *f), bool shown) {
    frame f = slow_frame(), g = frame_new(10);
    cf_plan *slow = make(&f), *plain = make(&g);
    cf_table *want = run_all_ways(plain, NULL);
    for (unsigned threads = 1; threads <= 2; threads++) {
        cf_table *got;
        const looks l = run_looking(slow, threads, &got);
        CHECK(l.grows && (l.times > 1) == shown);
        CHECK(same_table(want, got));
        cf_column_release(got);
    }
    cf_column_release(want);
    cf_plan_free(slow);
    cf_plan_free(plain);
}

static void histograms_fill(void) {
    looking_changes_nothing(histogram, true);
}

static void groups_grow(void) {
    looking_changes_nothing(groups, true);
}

static void rows_are_shown_at_the_end(void) {
    looking_changes_nothing(plain_rows, false);
}

int main(void) {
    events_make();
    RUN(histograms_fill);
    RUN(groups_grow);
    RUN(rows_are_shown_at_the_end);
    return cf_test_failures > 0;
}
