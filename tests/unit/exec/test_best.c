/* `sort | take n` keeps no more rows than it has to, and the right ones. */
#include "events.h"

static cf_id map2(frame *f, const char *func, cf_id a, cf_id b) {
    const cf_id args[] = {a, b};
    return cf_plan_map_named(f->b, func, args, 2);
}

/* Rows with texts and lists by two keys with many ties, from `from` to `to`. */
static cf_plan *some_of_sorted(frame *f, int64_t from, int64_t to, bool derived) {
    const cf_id args[] = {f->ev, f->t, f->w};
    const cf_id sorted = cf_plan_level(f->b, CF_L_SORT, args, 3, 2);
    const cf_id by = cf_plan_index(f->b, sorted, 0);
    const cf_id slice_args[] = {sorted, cf_plan_const_int(f->b, from),
                                cf_plan_const_int(f->b, to)};
    const cf_id slice = cf_plan_level(f->b, CF_L_SLICE, slice_args, 3, 0);
    const cf_id first = cf_plan_index(f->b, slice, 0);
    const cf_id carried_args[] = {f->jets, by};
    const cf_id carried = cf_plan_level(f->b, CF_L_REGATHER, carried_args, 2, 0);
    const cf_id list_args[] = {carried, first};
    const cf_id jets = cf_plan_level(f->b, CF_L_REGATHER, list_args, 2, 0);
    cf_id pt = cf_plan_gather(f->b, f->pt, cf_plan_index(f->b, carried, 0));
    pt = cf_plan_gather(f->b, pt, cf_plan_index(f->b, jets, 0));
    cf_id x = cf_plan_gather(f->b, f->x, by);
    if (derived) x = map2(f, "add_int", x, cf_plan_gather(f->b, f->x, by));
    return finish(
        f, slice,
        TUPLE(f, out_value(f, "x", cf_plan_gather(f->b, x, first)),
              out_value(f, "t", cf_plan_gather(f->b, cf_plan_gather(f->b, f->t, by), first)),
              out_value(f, "w", cf_plan_gather(f->b, cf_plan_gather(f->b, f->w, by), first)),
              out_list(f, "pt", jets, out_value(f, "", pt))));
}

static bool goes_before(const event *a, const event *b) {
    const int texts = strcmp(a->t, b->t);
    if (texts != 0) return texts < 0;
    const int x = a->w_null ? 2 : isnan(a->w), y = b->w_null ? 2 : isnan(b->w);
    if (x != y) return x < y;
    return x == 0 && a->w > b->w;
}

static void the_first_rows_of_the_order_are_kept(void) {
    static const int64_t takes[] = {1, 2, 7, 60, EVENTS, 2 * EVENTS};
    for (size_t k = 0; k < CF_COUNT(takes); k++)
        for (int derived = 0; derived < 2; derived++) {
            const event *order[EVENTS];
            int n = 0;
            for (int e = 0; e < EVENTS; e++) { /* stable, by insertion */
                int at = n++;
                for (; at > 0 && goes_before(&events[e], order[at - 1]); at--)
                    order[at] = order[at - 1];
                order[at] = &events[e];
            }
            const int64_t from = takes[k] > 5 ? 3 : 0;
            frame f = frame_new(61);
            cf_plan *plan = some_of_sorted(&f, from, takes[k], derived);
            cf_table *t = run_all_ways(plan, NULL);
            const int64_t begin = from > 0 ? from - 1 : 0;
            const int64_t end = takes[k] > EVENTS ? EVENTS : takes[k];
            CHECK(t->length == end - begin);
            int64_t jet = 0;
            for (int64_t i = 0; i < t->length; i++) {
                const event *want = order[begin + i];
                CHECK(cf_column_int(column_at(t, 0), i) == want->x * (derived ? 2 : 1));
                CHECK(cf_column_is_null(column_at(t, 2), i) == want->w_null);
                const cf_view text = cf_column_text(column_at(t, 1), i);
                CHECK(text.size == strlen(want->t) &&
                      memcmp(text.data, want->t, text.size) == 0);
                for (int j = 0; j < want->jets; j++)
                    CHECK(cf_column_float(column_at(t, 3)->children[0], jet++) == want->pt[j]);
                CHECK(column_at(t, 3)->offsets[i + 1] == jet);
            }
            cf_column_release(t);
            cf_plan_free(plan);
        }
}

static int64_t peak_of(const cf_plan *plan) {
    cf_exec_result result;
    cf_error err = {0};
    const cf_exec_options options = {.chunk_rows = 10};
    CHECK(cf_exec_run(plan, &options, &result, &err) == CF_OK);
    const int64_t peak = (int64_t)result.peak_bytes;
    cf_exec_result_clear(&result);
    return peak;
}

/* The total of all sorted rows needs all of them. */
static void another_use_of_the_order_keeps_all_rows(void) {
    frame f = frame_new(10);
    const cf_id args[] = {f.ev, f.x};
    const cf_id sorted = cf_plan_level(f.b, CF_L_SORT, args, 2, 0);
    const cf_id one = cf_plan_const_int(f.b, 1);
    const cf_id slice_args[] = {sorted, one, one};
    const cf_id slice = cf_plan_level(f.b, CF_L_SLICE, slice_args, 3, 0);
    const cf_id x = cf_plan_gather(f.b, f.x, cf_plan_index(f.b, sorted, 0));
    const cf_id sum = cf_plan_reduce(f.b, CF_R_SUM, sorted, x);
    const cf_id number_args[] = {sorted, x};
    const cf_id last =
        cf_plan_value(f.b, CF_V_WINDOW, CF_INT64, sorted, number_args, 2, CF_W_LAST, 0, 0);
    cf_plan *plan = finish(
        &f, slice,
        TUPLE(&f, out_value(&f, "s", cf_plan_broadcast(f.b, sum, slice)),
              out_value(&f, "m", cf_plan_gather(f.b, last, cf_plan_index(f.b, slice, 0)))));
    cf_table *t = run_all_ways(plan, NULL);
    int64_t want = 0, most = INT64_MIN;
    for (int e = 0; e < EVENTS; e++) {
        want += events[e].x;
        if (events[e].x > most) most = events[e].x;
    }
    CHECK(t->length == 1 && cf_column_int(column_at(t, 0), 0) == want);
    CHECK(cf_column_int(column_at(t, 1), 0) == most);
    cf_column_release(t);
    cf_plan_free(plan);
}

static void less_is_kept(void) {
    frame f = frame_new(100), g = frame_new(100);
    cf_plan *few = some_of_sorted(&f, 0, 2, false);
    cf_plan *all = some_of_sorted(&g, 0, EVENTS, false);
    CHECK(peak_of(few) * 4 < peak_of(all));
    cf_plan_free(few);
    cf_plan_free(all);
}

int main(void) {
    events_make();
    RUN(the_first_rows_of_the_order_are_kept);
    RUN(another_use_of_the_order_keeps_all_rows);
    RUN(less_is_kept);
    return cf_test_failures > 0;
}
