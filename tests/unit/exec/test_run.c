/* How a run goes: limits, errors, interruption, and what is not read. */
#include "events.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

static cf_id map2(frame *f, const char *func, cf_id a, cf_id b) {
    const cf_id args[] = {a, b};
    return cf_plan_map_named(f->b, func, args, 2);
}

static cf_id filter_over(frame *f, cf_id level, cf_id x, int64_t limit) {
    return cf_plan_filter(f->b, level, map2(f, "gt_int", x, cf_plan_const_int(f->b, limit)),
                          (cf_str){0});
}

static void a_limit_cuts_rows_and_lists(void) {
    static const int64_t limits[] = {0, 1, 20, 60, 61, EVENTS, 2 * EVENTS};
    for (size_t k = 0; k < CF_COUNT(limits); k++)
        for (int filtered = 0; filtered < 2; filtered++) {
            frame f = frame_new(60);
            const cf_id keep = filtered ? filter_over(&f, f.ev, f.x, 0) : f.ev;
            cf_id x = f.x, jets = f.jets, pt = f.pt;
            if (filtered) {
                const cf_id index = cf_plan_index(f.b, keep, 0);
                const cf_id args[] = {f.jets, index};
                x = cf_plan_gather(f.b, f.x, index);
                jets = cf_plan_level(f.b, CF_L_REGATHER, args, 2, 0);
                pt = cf_plan_gather(f.b, f.pt, cf_plan_index(f.b, jets, 0));
            }
            cf_plan *plan = finish(&f, keep,
                                   TUPLE(&f, out_value(&f, "x", x),
                                         out_list(&f, "pt", jets, out_value(&f, "", pt))));
            plan->limit = limits[k];
            plan->count_rows = true;
            int64_t total, row = 0, at = 0, all = 0;
            cf_table *t = run_all_ways(plan, &total);
            for (int e = 0; e < EVENTS; e++) {
                if (filtered && events[e].x <= 0) continue;
                all++;
                if (row == limits[k]) continue;
                CHECK(cf_column_int(column_at(t, 0), row++) == events[e].x);
                for (int i = 0; i < events[e].jets; i++)
                    CHECK(cf_column_float(column_at(t, 1)->children[0], at++) ==
                          events[e].pt[i]);
                CHECK(column_at(t, 1)->offsets[row] == at);
            }
            CHECK(t->length == row && total == all);
            cf_column_release(t);
            cf_plan_free(plan);
        }
}

static void the_first_rows_need_no_full_scan(void) {
    frame f = frame_new(10);
    const cf_id args[] = {f.ev, cf_plan_const_int(f.b, 0), cf_plan_const_int(f.b, 25)};
    const cf_id first = cf_plan_level(f.b, CF_L_SLICE, args, 3, 0);
    const cf_id x = cf_plan_gather(f.b, f.x, cf_plan_index(f.b, first, 0));
    cf_plan *plan = finish(&f, first, TUPLE(&f, out_value(&f, "x", x)));
    cf_table *t = run_all_ways(plan, NULL);
    CHECK(t->length == 25);
    for (int e = 0; e < 25; e++)
        CHECK(cf_column_int(column_at(t, 0), e) == events[e].x);
    cf_column_release(t);
    cf_exec_result result;
    CHECK(cf_exec_run(plan, NULL, &result, NULL) == CF_OK);
    CHECK(result.rows_scanned < 200);
    cf_exec_result_clear(&result);
    cf_plan_free(plan);
}

/* Rows above the limit may be wanted for something else. */
static void a_slice_beside_another_use_sees_all_rows(void) {
    frame f = frame_new(10);
    const cf_id args[] = {f.ev, cf_plan_const_int(f.b, 0), cf_plan_const_int(f.b, 5)};
    const cf_id first = cf_plan_level(f.b, CF_L_SLICE, args, 3, 0);
    const cf_id window_args[] = {f.ev, f.x};
    const cf_id lead =
        cf_plan_value(f.b, CF_V_WINDOW, CF_INT64, f.ev, window_args, 2, CF_W_LEAD, 100, 0);
    const cf_id x = cf_plan_gather(f.b, lead, cf_plan_index(f.b, first, 0));
    cf_plan *plan = finish(&f, first, TUPLE(&f, out_value(&f, "x", x)));
    cf_table *t = run_all_ways(plan, NULL);
    CHECK(t->length == 5);
    for (int e = 0; e < 5; e++)
        CHECK(cf_column_int(column_at(t, 0), e) == events[e + 100].x);
    cf_column_release(t);
    cf_plan_free(plan);
}

static void nothing_is_read_behind_a_filter_that_keeps_nothing(void) {
    cf_source *s = events_source(100);
    frame f = frame_over(cf_plan_builder_new(), s, 0);
    ((sliced *)s)->broken_partition = -1;
    cf_source_release(s);
    const cf_id none = filter_over(&f, f.ev, f.x, 1000);
    const cf_id index = cf_plan_index(f.b, none, 0);
    const cf_id args[] = {f.jets, index};
    const cf_id jets = cf_plan_level(f.b, CF_L_REGATHER, args, 2, 0);
    const cf_id pt = cf_plan_gather(f.b, f.pt, cf_plan_index(f.b, jets, 0));
    cf_plan *plan =
        finish(&f, CF_UNIT,
               TUPLE(&f, out_value(&f, "s",
                                   cf_plan_reduce(f.b, CF_R_SUM, none,
                                                  cf_plan_reduce(f.b, CF_R_SUM, jets, pt)))));
    cf_exec_result result;
    const cf_exec_options options = {.analyze = true};
    CHECK(cf_exec_run(plan, &options, &result, NULL) == CF_OK);
    CHECK(result.nodes[f.x].rows == EVENTS);
    CHECK(result.nodes[f.pt].calls == 0 && result.nodes[f.jets].calls == 0);
    CHECK(result.nodes[none].nulls_or_dropped == EVENTS);
    CHECK(cf_column_float(column_at(result.rows, 0), 0) == 0.0);
    cf_exec_result_clear(&result);
    cf_plan_free(plan);
}

static void the_first_error_is_reported(void) {
    for (unsigned threads = 1; threads <= 3; threads++) {
        cf_source *s = events_source(20);
        frame f = frame_over(cf_plan_builder_new(), s, 0);
        cf_plan *plan =
            finish(&f, CF_UNIT,
                   TUPLE(&f, out_value(&f, "s", cf_plan_reduce(f.b, CF_R_SUM, f.ev, f.x))));
        ((sliced *)s)->broken_partition = 11;
        cf_source_release(s);
        cf_engine *engine = cf_engine_threads(threads);
        const cf_exec_options options = {.engine = engine};
        cf_exec_result result;
        cf_error err = {0};
        CHECK(cf_exec_run(plan, &options, &result, &err) == CF_E_FORMAT);
        CHECK_STR(err.message, "partition 11 is broken");
        CHECK(result.rows == NULL);
        cf_engine_free(engine);
        cf_plan_free(plan);
    }
}

static void an_overflow_is_an_error(void) {
    frame f = frame_new(100);
    const cf_id big = map2(&f, "add_int", map2(&f, "mul_int", f.x, cf_plan_const_int(f.b, 0)),
                           cf_plan_const_int(f.b, INT64_MAX / 2));
    cf_plan *plan = finish(
        &f, CF_UNIT, TUPLE(&f, out_value(&f, "s", cf_plan_reduce(f.b, CF_R_SUM, f.ev, big))));
    cf_exec_result result;
    cf_error err = {0};
    CHECK(cf_exec_run(plan, NULL, &result, &err) == CF_E_OVERFLOW);
    cf_plan_free(plan);
}

static void rows_above_the_memory_limit_are_an_error(void) {
    frame f = frame_new(100);
    const cf_id args[] = {f.ev, f.x};
    const cf_id sorted = cf_plan_level(f.b, CF_L_SORT, args, 2, 0);
    cf_plan *plan = finish(
        &f, sorted,
        TUPLE(&f, out_value(&f, "x", cf_plan_gather(f.b, f.x, cf_plan_index(f.b, sorted, 0)))));
    const cf_exec_options options = {.memory_limit = 2000};
    cf_exec_result result;
    cf_error err = {0};
    CHECK(cf_exec_run(plan, &options, &result, &err) == CF_E_LIMIT);
    cf_plan_free(plan);
}

/* (tracks x tracks) | pairs: millions of rows, of which a chunk holds few events' at a time. */
static void wide_levels_split_the_chunk(void) {
    frame f = frame_new(EVENTS);
    const cf_id cross_args[] = {f.tracks, f.tracks};
    const cf_id cross = cf_plan_level(f.b, CF_L_CROSS, cross_args, 2, 0);
    const cf_id pairs = cf_plan_level(f.b, CF_L_COMBINE, &cross, 1, 2);
    const cf_id n = cf_plan_reduce(f.b, CF_R_COUNT, pairs, 0);
    cf_plan *plan = finish(
        &f, CF_UNIT, TUPLE(&f, out_value(&f, "s", cf_plan_reduce(f.b, CF_R_SUM, f.ev, n))));
    int64_t want = 0;
    for (int e = 0; e < EVENTS; e++) {
        const int64_t c = (int64_t)events[e].tracks * events[e].tracks;
        want += c * (c - 1) / 2;
    }
    cf_table *t = run_all_ways(plan, NULL);
    CHECK(want > 1 << 20 && cf_column_int(column_at(t, 0), 0) == want);
    cf_column_release(t);
    cf_plan_free(plan);
}

static void one_event_too_wide_is_named(void) {
    frame f = frame_new(EVENTS);
    cf_id level = f.tracks;
    for (int i = 0; i < 4; i++) {
        const cf_id args[] = {level, level};
        level = cf_plan_level(f.b, CF_L_CROSS, args, 2, 0);
    }
    const cf_id n = cf_plan_reduce(f.b, CF_R_COUNT, level, 0);
    cf_plan *plan = finish(
        &f, CF_UNIT, TUPLE(&f, out_value(&f, "s", cf_plan_reduce(f.b, CF_R_SUM, f.ev, n))));
    cf_exec_result result;
    cf_error err = {0};
    const cf_exec_options options = {.memory_limit = (size_t)1 << 30};
    CHECK(cf_exec_run(plan, &options, &result, &err) == CF_E_LIMIT);
    CHECK(strstr(err.message, "of events alone") != NULL);
    cf_plan_free(plan);
}

/* A sum of thousands of terms is computed; more than the stack bears is refused. */
static void deep_expressions_fit_the_stack(void) {
    for (int terms = 3900; terms <= 30000; terms += 26100) {
        frame f = frame_new(EVENTS);
        cf_id sum = f.x;
        for (int i = 0; i < terms; i++)
            sum = map2(&f, "add_int", sum, f.x);
        const cf_id args[] = {f.ev, f.x};
        const cf_id sorted = cf_plan_level(f.b, CF_L_SORT, args, 2, 0);
        const cf_id window_args[] = {f.ev, f.x};
        cf_id whole =
            cf_plan_value(f.b, CF_V_WINDOW, CF_INT64, f.ev, window_args, 2, CF_W_FIRST, 0, 0);
        for (int i = 0; i < terms; i++)
            whole = map2(&f, "add_int", whole, f.x);
        const cf_id index = cf_plan_index(f.b, sorted, 0);
        cf_plan *plan = finish(&f, sorted,
                               TUPLE(&f, out_value(&f, "a", cf_plan_gather(f.b, sum, index)),
                                     out_value(&f, "b", cf_plan_gather(f.b, whole, index))));
        cf_exec_result result;
        cf_error err = {0};
        const cf_status status = cf_exec_run(plan, NULL, &result, &err);
        CHECK(status == (terms < 4000 ? CF_OK : CF_E_LIMIT));
        if (status == CF_OK)
            CHECK(cf_column_int(column_at(result.rows, 0), 0) == -25 * (terms + 1));
        cf_exec_result_clear(&result);
        cf_plan_free(plan);
    }
}

/* --- what statistics rule out --- */

static uint32_t asked_bounds;

/* Partition 3 has no x above 20, say the statistics. */
static bool third_has_none(cf_source *source, uint32_t partition, const cf_bound *bounds,
                           size_t count) {
    asked_bounds = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        if (bounds[i].node == node_of(source->schema, "x") && bounds[i].compare == CF_CMP_GT &&
            bounds[i].value == 20.0)
            return partition != 3;
    return true;
}

static void partitions_without_a_match_are_skipped(void) {
    cf_source_class class = sliced_class;
    class.may_match = third_has_none;
    for (int k = 0; k < 2; k++) {
        cf_source *s = events_source(50);
        s->class = &class;
        ((sliced *)s)->broken_partition = 3;
        frame f = frame_over(cf_plan_builder_new(), s, 0);
        cf_source_release(s);
        const cf_id some = filter_over(&f, f.ev, f.x, 20);
        const cf_id x = cf_plan_gather(f.b, f.x, cf_plan_index(f.b, some, 0));
        const cf_id fewer = cf_plan_filter(
            f.b, some, map2(&f, "lt_int", x, cf_plan_const_int(f.b, 24)), (cf_str){0});
        cf_out *count = out_value(&f, "n", cf_plan_reduce(f.b, CF_R_COUNT, fewer, 0));
        cf_out *all = out_value(&f, "all", cf_plan_reduce(f.b, CF_R_SUM, f.ev, f.x));
        cf_plan *plan = finish(&f, CF_UNIT, k == 0 ? TUPLE(&f, count) : TUPLE(&f, count, all));
        cf_exec_result result;
        cf_error err = {0};
        const cf_status status = cf_exec_run(plan, NULL, &result, &err);
        CHECK(status == (k == 0 ? CF_OK : CF_E_FORMAT)); /* another use needs all of them */
        if (k == 0) CHECK(result.partitions_skipped == 1 && asked_bounds == 2);
        cf_exec_result_clear(&result);
        cf_plan_free(plan);
    }
}

/* --- interruption --- */

static _Atomic bool cancelled;
static _Atomic int64_t cancelled_at;

static void *cancel_soon(void *unused) {
    (void)unused;
    const struct timespec pause = {0, 60000000};
    (void)nanosleep(&pause, NULL);
    atomic_store(&cancelled_at, cf_clock_ns());
    atomic_store(&cancelled, true);
    return NULL;
}

/* Work for minutes ends soon after the flag is set. */
static void a_run_can_be_interrupted(void) {
    cf_source *s = events_source(EVENTS);
    frame f = frame_over(cf_plan_builder_new(), s, 0);
    cf_source_release(s);
    cf_id sum = cf_plan_const_int(f.b, 0);
    for (int i = 0; i < 200; i++) { /* 200 different scans of pairs of pairs */
        const cf_id keep =
            filter_over(&f, f.tracks, cf_plan_broadcast(f.b, f.x, f.tracks), -100 - i);
        const cf_id cross_args[] = {keep, keep};
        const cf_id cross = cf_plan_level(f.b, CF_L_CROSS, cross_args, 2, 0);
        const cf_id pairs = cf_plan_level(f.b, CF_L_COMBINE, &cross, 1, 2);
        const cf_id eta = cf_plan_gather(f.b, f.track_eta, cf_plan_index(f.b, keep, 0));
        const cf_id a =
            cf_plan_gather(f.b, cf_plan_gather(f.b, eta, cf_plan_index(f.b, cross, 0)),
                           cf_plan_index(f.b, pairs, 0));
        const cf_id b =
            cf_plan_gather(f.b, cf_plan_gather(f.b, eta, cf_plan_index(f.b, cross, 1)),
                           cf_plan_index(f.b, pairs, 1));
        const cf_id near = cf_plan_reduce(f.b, CF_R_SUM, pairs, map2(&f, "lt_float", a, b));
        sum = map2(&f, "add_int", sum, cf_plan_reduce(f.b, CF_R_SUM, f.ev, near));
    }
    cf_plan *plan = finish(&f, CF_UNIT, TUPLE(&f, out_value(&f, "s", sum)));
    for (unsigned threads = 1; threads <= 2; threads++) {
        cf_engine *engine = cf_engine_threads(threads);
        const cf_exec_options options = {.engine = engine, .cancel = &cancelled};
        cf_exec_result result;
        cf_error err = {0};
        pthread_t other;
        atomic_store(&cancelled, false);
        CHECK(pthread_create(&other, NULL, cancel_soon, NULL) == 0);
        CHECK(cf_exec_run(plan, &options, &result, &err) == CF_E_CANCELLED);
        CHECK(pthread_join(other, NULL) == 0);
        CHECK(cf_clock_ns() - atomic_load(&cancelled_at) < INT64_C(5000000000));
        cf_engine_free(engine);
    }
    cf_plan_free(plan);
}

static void an_empty_source_gives_an_empty_result(void) {
    cf_column *table = events_table();
    cf_column *none = cf_column_slice(table, 0, 0);
    cf_source *s;
    CHECK(cf_source_of_table(none, "none", &s, NULL) == CF_OK);
    cf_column_release(table);
    cf_column_release(none);
    for (int k = 0; k < 2; k++) {
        frame f = frame_over(cf_plan_builder_new(), s, 0);
        const cf_id args[] = {f.ev, f.t};
        const cf_id groups = cf_plan_level(f.b, CF_L_GROUP, args, 2, 0);
        const cf_id sum = cf_plan_reduce(f.b, CF_R_SUM, f.ev, f.w),
                    top = cf_plan_reduce(f.b, CF_R_MAX, f.ev, f.t);
        cf_out *rows =
            k == 0
                ? TUPLE(&f, out_value(&f, "t",
                                      cf_plan_gather(f.b, f.t, cf_plan_index(f.b, groups, 0))))
                : TUPLE(&f, out_value(&f, "s", sum), out_value(&f, "m", top));
        cf_plan *plan = finish(&f, k == 0 ? groups : CF_UNIT, rows);
        cf_table *t = run_all_ways(plan, NULL);
        CHECK(t->length == k);
        if (k == 1)
            CHECK(cf_column_float(column_at(t, 0), 0) == 0.0 &&
                  cf_column_is_null(column_at(t, 1), 0));
        cf_column_release(t);
        cf_plan_free(plan);
    }
    cf_source_release(s);
}

static void lists_of_different_length_are_named(void) {
    frame f = frame_new(60);
    const cf_id keep = filter_over(&f, f.ev, f.x, 0);
    const cf_id args[] = {f.jets, cf_plan_index(f.b, keep, 0)};
    const cf_id jets = cf_plan_level(f.b, CF_L_REGATHER, args, 2, 0);
    const cf_id track_args[] = {f.tracks, cf_plan_index(f.b, keep, 0)};
    const cf_id tracks = cf_plan_level(f.b, CF_L_REGATHER, track_args, 2, 0);
    const cf_id eta = cf_plan_gather(f.b, f.track_eta, cf_plan_index(f.b, tracks, 0));
    const cf_id align_args[] = {jets, eta};
    const cf_id aligned =
        cf_plan_value(f.b, CF_V_ALIGN, CF_FLOAT64, jets, align_args, 2, 0, 0, 0);
    cf_plan *plan = finish(
        &f, keep, TUPLE(&f, out_value(&f, "s", cf_plan_reduce(f.b, CF_R_SUM, jets, aligned))));
    int first = 0;
    while (events[first].x <= 0 || events[first].jets == events[first].tracks)
        first++;
    char want[100];
    (void)snprintf(want, sizeof want, "lists of different length: %d and %d elements in row %d",
                   events[first].jets, events[first].tracks, first);
    cf_exec_result result;
    cf_error err = {0};
    CHECK(cf_exec_run(plan, NULL, &result, &err) == CF_E_LENGTHS);
    CHECK_STR(err.message, want);
    cf_plan_free(plan);
}

/* --- saving --- */

static char *file_text(const char *path) {
    FILE *file = fopen(path, "rb");
    cf_text t = {0};
    char piece[4096];
    size_t n;
    while (file != NULL && (n = fread(piece, 1, sizeof piece, file)) > 0)
        cf_text_add(&t, piece, n);
    if (file != NULL) (void)fclose(file);
    return t.data;
}

/* From the stream, and after a sort: rows in order, whatever the threads did. */
static void saved_rows_come_in_order(void) {
    for (int sorted = 0; sorted < 2; sorted++) {
        char path[64];
        (void)snprintf(path, sizeof path, "/tmp/cf_test_save_%d.csv", (int)getpid());
        frame f = frame_new(40);
        const cf_id args[] = {f.ev, f.x};
        const cf_id level = sorted ? cf_plan_level(f.b, CF_L_SORT, args, 2, 0) : f.ev;
        const cf_id x = sorted ? cf_plan_gather(f.b, f.x, cf_plan_index(f.b, level, 0)) : f.x;
        cf_save *save = CF_NEW(cf_plan_builder_arena(f.b), cf_save);
        *save =
            (cf_save){.path = path, .level = level, .rows = TUPLE(&f, out_value(&f, "x", x))};
        cf_plan *plan =
            finish(&f, CF_UNIT,
                   TUPLE(&f, out_value(&f, "n", cf_plan_reduce(f.b, CF_R_COUNT, f.ev, 0))));
        plan->saves = save;
        plan->save_count = 1;
        char *first = NULL;
        for (unsigned threads = 1; threads <= 3; threads++) {
            cf_engine *engine = cf_engine_threads(threads);
            const cf_exec_options options = {.engine = engine, .chunk_rows = threads * 7};
            cf_exec_result result;
            cf_error err = {0};
            const cf_status status = cf_exec_run(plan, &options, &result, &err);
            if (status != CF_OK) printf("%s\n", err.message);
            CHECK(status == CF_OK && result.saves[0].rows == EVENTS &&
                  result.saves[0].bytes > 0);
            char *text = file_text(path);
            CHECK(text != NULL);
            if (first == NULL && text != NULL && !sorted) {
                const char *at = strchr(text, '\n');
                for (int e = 0; e < EVENTS && at != NULL; e++) {
                    CHECK(atol(at + 1) == events[e].x);
                    at = strchr(at + 1, '\n');
                }
            }
            if (first == NULL)
                first = text;
            else if (text != NULL) {
                CHECK_STR(text, first);
                free(text);
            }
            cf_exec_result_clear(&result);
            cf_engine_free(engine);
        }
        free(first);
        (void)unlink(path);
        cf_plan_free(plan);
    }
}

int main(void) {
    events_make();
    RUN(a_limit_cuts_rows_and_lists);
    RUN(the_first_rows_need_no_full_scan);
    RUN(a_slice_beside_another_use_sees_all_rows);
    RUN(nothing_is_read_behind_a_filter_that_keeps_nothing);
    RUN(the_first_error_is_reported);
    RUN(an_overflow_is_an_error);
    RUN(rows_above_the_memory_limit_are_an_error);
    RUN(wide_levels_split_the_chunk);
    RUN(one_event_too_wide_is_named);
    RUN(deep_expressions_fit_the_stack);
    RUN(partitions_without_a_match_are_skipped);
    RUN(a_run_can_be_interrupted);
    RUN(lists_of_different_length_are_named);
    RUN(saved_rows_come_in_order);
    RUN(an_empty_source_gives_an_empty_result);
    return cf_test_failures != 0;
}
