/* Groups that are found while rows stream by: the same as whole ones, in little memory. */
#include "events.h"

static cf_id map2(frame *f, const char *func, cf_id a, cf_id b) {
    const cf_id args[] = {a, b};
    return cf_plan_map_named(f->b, func, args, 2);
}

static bool explained(const cf_plan *plan, const char *words) {
    cf_text t = {0};
    cf_exec_explain(plan, &t);
    const bool found = t.data != NULL && strstr(t.data, words) != NULL;
    cf_text_clear(&t);
    return found;
}

/* Every reduction of the members of groups of `from`'s rows, by a text, a float and a bool. */
static cf_plan *all_reductions(frame *f, cf_id from) {
    const bool moved = from != f->ev;
    cf_id x = f->x, w = f->w, t = f->t;
    if (moved) {
        const cf_id index = cf_plan_index(f->b, from, 0);
        x = cf_plan_gather(f->b, x, index);
        w = cf_plan_gather(f->b, w, index);
        t = cf_plan_gather(f->b, t, index);
    }
    const cf_id positive = map2(f, "gt_int", x, cf_plan_const_int(f->b, 0));
    const cf_id half = map2(f, "gt_float", w, cf_plan_const_float(f->b, 4.0));
    const cf_id args[] = {from, t, half, positive};
    const cf_id groups = cf_plan_level(f->b, CF_L_GROUP, args, 4, 0);
    const cf_id members = cf_plan_level(f->b, CF_L_MEMBERS, &groups, 1, 0);
    const cf_id first = cf_plan_index(f->b, groups, 0);
    const cf_id member = cf_plan_index(f->b, members, 0);
    const cf_id mx = cf_plan_gather(f->b, x, member), mw = cf_plan_gather(f->b, w, member);
    const cf_id mt = cf_plan_gather(f->b, t, member);
    const cf_id odd = map2(f, "gt_float", mw, cf_plan_const_float(f->b, 1.0));
    const struct {
        cf_reduce kind;
        cf_id value;
    } reductions[] = {
        {CF_R_COUNT, 0},
        {CF_R_COUNT_VALID, mw},
        {CF_R_SUM, mx},
        {CF_R_SUM, mw},
        {CF_R_SUM, odd},
        {CF_R_MIN, mx},
        {CF_R_MAX, mw},
        {CF_R_MIN, mt},
        {CF_R_MAX, odd},
        {CF_R_ANY, odd},
        {CF_R_ALL, odd},
        {CF_R_AVERAGE, mw},
        {CF_R_AVERAGE, mx},
        {CF_R_STDDEV, mw},
        {CF_R_STDDEV, mx},
        {CF_R_COUNT_DISTINCT, mx},
        {CF_R_COUNT_DISTINCT, mt},
        {CF_R_COUNT_NAN, mw},
        {CF_R_CONCAT, mt},
    };
    cf_out *fields[CF_COUNT(reductions) + 4];
    uint32_t n = 0;
    fields[n++] = out_value(f, "t", cf_plan_gather(f->b, t, first));
    fields[n++] = out_value(f, "half", cf_plan_gather(f->b, half, first));
    fields[n++] = out_value(f, "positive", cf_plan_gather(f->b, positive, first));
    fields[n++] = out_value(f, "w", cf_plan_gather(f->b, w, first));
    for (size_t i = 0; i < CF_COUNT(reductions); i++)
        fields[n++] = out_value(
            f, "r", cf_plan_reduce(f->b, reductions[i].kind, members, reductions[i].value));
    return finish(f, groups, out_tuple(f, fields, n));
}

/* The same rows, at a level that is whole. */
static cf_id whole_copy(frame *f) {
    const cf_id zero = cf_plan_const_int(f->b, 0);
    const cf_id args[] = {f->ev, zero, zero};
    return cf_plan_level(f->b, CF_L_SLICE, args, 3, 0);
}

static bool nearly_equal(const cf_table *a, const cf_table *b) {
    if (a->length != b->length || a->child_count != b->child_count) return false;
    for (uint32_t c = 0; c < a->child_count; c++) {
        if (a->children[c]->type->kind != CF_FLOAT64) {
            if (!cf_column_equal(a->children[c], b->children[c])) return false;
            continue;
        }
        for (int64_t i = 0; i < a->length; i++) {
            if (cf_column_is_null(a->children[c], i) != cf_column_is_null(b->children[c], i))
                return false;
            const double x = cf_column_float(a->children[c], i);
            const double y = cf_column_float(b->children[c], i);
            if (!(fabs(x - y) <= 1e-12 * fabs(x)) && !(isnan(x) && isnan(y))) return false;
        }
    }
    return true;
}

static void streamed_groups_equal_whole_ones(void) {
    static const int64_t partitions[] = {EVENTS, 61, 7};
    for (size_t k = 0; k < CF_COUNT(partitions); k++) {
        frame f = frame_new(partitions[k]), g = frame_new(partitions[k]);
        cf_plan *streamed = all_reductions(&f, f.ev);
        cf_plan *whole = all_reductions(&g, whole_copy(&g));
        CHECK(explained(streamed, "groups #") && !explained(streamed, "whole"));
        CHECK(explained(whole, "whole, from what the passes left: slice"));
        cf_table *a = run_all_ways(streamed, NULL), *b = run_all_ways(whole, NULL);
        CHECK(a->length > 30);
        CHECK(nearly_equal(a, b));
        if (partitions[k] == EVENTS) CHECK(same_table(a, b)); /* one partition: to the bit */
        cf_column_release(a);
        cf_column_release(b);
        cf_plan_free(streamed);
        cf_plan_free(whole);
    }
}

/* group {t} (filter x > 0 | aggregate {count, sum of the jets' pt}) */
static void members_are_filtered_and_have_lists(void) {
    frame f = frame_new(61);
    const cf_id args[] = {f.ev, f.t};
    const cf_id groups = cf_plan_level(f.b, CF_L_GROUP, args, 2, 0);
    const cf_id members = cf_plan_level(f.b, CF_L_MEMBERS, &groups, 1, 0);
    const cf_id x = cf_plan_gather(f.b, f.x, cf_plan_index(f.b, members, 0));
    const cf_id kept = cf_plan_filter(
        f.b, members, map2(&f, "gt_int", x, cf_plan_const_int(f.b, 0)), (cf_str){0});
    const cf_id index =
        cf_plan_gather(f.b, cf_plan_index(f.b, members, 0), cf_plan_index(f.b, kept, 0));
    const cf_id list_args[] = {f.jets, index};
    const cf_id jets = cf_plan_level(f.b, CF_L_REGATHER, list_args, 2, 0);
    const cf_id flat_args[] = {jets, groups};
    const cf_id flat = cf_plan_level(f.b, CF_L_FLAT, flat_args, 2, 0);
    const cf_id pt = cf_plan_gather(f.b, cf_plan_gather(f.b, f.pt, cf_plan_index(f.b, jets, 0)),
                                    cf_plan_index(f.b, flat, 0));
    cf_plan *plan = finish(
        &f, groups,
        TUPLE(&f, out_value(&f, "t", cf_plan_gather(f.b, f.t, cf_plan_index(f.b, groups, 0))),
              out_value(&f, "n", cf_plan_reduce(f.b, CF_R_COUNT, kept, 0)),
              out_value(&f, "jets", cf_plan_reduce(f.b, CF_R_COUNT, flat, 0)),
              out_value(&f, "pt", cf_plan_reduce(f.b, CF_R_SUM, flat, pt))));
    CHECK(explained(plan, "groups #") && !explained(plan, "whole"));
    cf_table *t = run_all_ways(plan, NULL);
    for (int64_t g = 0; g < t->length; g++) {
        const cf_view key = cf_column_text(column_at(t, 0), g);
        int64_t n = 0, count = 0;
        double sum = 0;
        for (int e = 0; e < EVENTS; e++) {
            const event *v = &events[e];
            if (strlen(v->t) != key.size || memcmp(v->t, key.data, key.size) != 0 || v->x <= 0)
                continue;
            n++;
            count += v->jets;
            for (int i = 0; i < v->jets; i++)
                sum += v->pt[i];
        }
        CHECK(cf_column_int(column_at(t, 1), g) == n);
        CHECK(cf_column_int(column_at(t, 2), g) == count);
        CHECK_NEAR(cf_column_float(column_at(t, 3), g), sum, 1e-9 * sum);
    }
    CHECK(t->length == 15);
    cf_column_release(t);
    cf_plan_free(plan);
}

/* A member's place among the others is nothing that a row of a stream knows. */
static void groups_whose_members_are_looked_at_are_whole(void) {
    for (int use = 0; use < 3; use++) {
        frame f = frame_new(61);
        const cf_id args[] = {f.ev, f.t};
        const cf_id groups = cf_plan_level(f.b, CF_L_GROUP, args, 2, 0);
        const cf_id members = cf_plan_level(f.b, CF_L_MEMBERS, &groups, 1, 0);
        const cf_id x = cf_plan_gather(f.b, f.x, cf_plan_index(f.b, members, 0));
        const cf_id window_args[] = {members, x};
        cf_out *extra;
        if (use == 0) {
            const cf_id number = cf_plan_value(f.b, CF_V_WINDOW, CF_INT64, members, window_args,
                                               2, CF_W_ROW_NUMBER, 0, 0);
            extra = out_value(&f, "most", cf_plan_reduce(f.b, CF_R_MAX, members, number));
        } else if (use == 1) {
            extra = out_list(&f, "x", members, out_value(&f, "", x));
        } else {
            const cf_id last = cf_plan_pick(f.b, CF_PICK_LAST, members, 0);
            extra = out_value(&f, "last", cf_plan_gather(f.b, x, last));
        }
        cf_plan *plan = finish(
            &f, groups,
            TUPLE(&f, out_value(&f, "n", cf_plan_reduce(f.b, CF_R_COUNT, members, 0)), extra));
        CHECK(explained(plan, "whole, from what the passes left: group"));
        cf_table *t = run_all_ways(plan, NULL);
        int64_t rows = 0, row = 0;
        for (int e = 0; e < EVENTS; e++) {
            bool first = true;
            int64_t n = 0, last = 0;
            for (int i = 0; i < EVENTS; i++) {
                if (strcmp(events[i].t, events[e].t) != 0) continue;
                if (i < e) first = false;
                n++;
                last = events[i].x;
            }
            if (!first) continue;
            rows += n;
            CHECK(cf_column_int(column_at(t, 0), row) == n);
            if (use == 0) CHECK(cf_column_int(column_at(t, 1), row) == n);
            if (use == 1) CHECK(column_at(t, 1)->offsets[row + 1] == rows);
            if (use == 2) CHECK(cf_column_int(column_at(t, 1), row) == last);
            row++;
        }
        CHECK(t->length == row && rows == EVENTS);
        cf_column_release(t);
        cf_plan_free(plan);
    }
}

/* sum (x - the mean of all rows), by group: the groups wait for the mean's pass. */
static void groups_are_found_in_the_pass_that_has_their_values(void) {
    frame f = frame_new(61);
    const cf_id args[] = {f.ev, f.t};
    const cf_id groups = cf_plan_level(f.b, CF_L_GROUP, args, 2, 0);
    const cf_id members = cf_plan_level(f.b, CF_L_MEMBERS, &groups, 1, 0);
    const cf_id x = cf_plan_gather(f.b, f.x, cf_plan_index(f.b, members, 0));
    const cf_id most = cf_plan_reduce(f.b, CF_R_MAX, f.ev, f.x);
    const cf_id apart = map2(&f, "sub_int", x, cf_plan_broadcast(f.b, most, members));
    const cf_id sum = cf_plan_reduce(f.b, CF_R_SUM, members, apart);
    cf_plan *plan =
        finish(&f, CF_UNIT,
               TUPLE(&f, out_value(&f, "n", cf_plan_reduce(f.b, CF_R_COUNT, groups, 0)),
                     out_value(&f, "s", cf_plan_reduce(f.b, CF_R_SUM, groups, sum))));
    CHECK(explained(plan, "pass 2") && explained(plan, "groups #"));
    cf_table *t = run_all_ways(plan, NULL);
    int64_t want = 0, largest = -25;
    for (int e = 0; e < EVENTS; e++)
        if (events[e].x > largest) largest = events[e].x;
    for (int e = 0; e < EVENTS; e++)
        want += events[e].x - largest;
    CHECK(cf_column_int(column_at(t, 0), 0) == 15 && cf_column_int(column_at(t, 1), 0) == want);
    cf_column_release(t);
    cf_plan_free(plan);
}

/* Values that depend on how many groups there are cannot be those of their members. */
static void groups_do_not_wait_for_themselves(void) {
    frame f = frame_new(61);
    const cf_id args[] = {f.ev, f.t};
    const cf_id groups = cf_plan_level(f.b, CF_L_GROUP, args, 2, 0);
    const cf_id members = cf_plan_level(f.b, CF_L_MEMBERS, &groups, 1, 0);
    const cf_id x = cf_plan_gather(f.b, f.x, cf_plan_index(f.b, members, 0));
    const cf_id n = cf_plan_reduce(f.b, CF_R_COUNT, groups, 0);
    const cf_id more = map2(&f, "add_int", x, cf_plan_broadcast(f.b, n, members));
    cf_plan *plan =
        finish(&f, groups,
               TUPLE(&f, out_value(&f, "s", cf_plan_reduce(f.b, CF_R_SUM, members, more))));
    CHECK(explained(plan, "whole, from what the passes left: group"));
    cf_table *t = run_all_ways(plan, NULL);
    int64_t got = 0, want = EVENTS * 15;
    for (int e = 0; e < EVENTS; e++)
        want += events[e].x;
    for (int64_t g = 0; g < t->length; g++)
        got += cf_column_int(column_at(t, 0), g);
    CHECK(got == want);
    cf_column_release(t);
    cf_plan_free(plan);
}

static void different_rows_are_the_first_of_their_kind(void) {
    frame f = frame_new(61);
    const cf_id keep = cf_plan_filter(
        f.b, f.ev, map2(&f, "gt_int", f.x, cf_plan_const_int(f.b, -20)), (cf_str){0});
    const cf_id index = cf_plan_index(f.b, keep, 0);
    const cf_id x = cf_plan_gather(f.b, f.x, index), w = cf_plan_gather(f.b, f.w, index);
    const cf_id args[] = {keep, x};
    const cf_id mask = cf_plan_value(f.b, CF_V_DISTINCT, CF_BOOL, keep, args, 2, 0, 0, 0);
    const cf_id distinct = cf_plan_filter(f.b, keep, mask, (cf_str){0});
    const cf_id at = cf_plan_index(f.b, distinct, 0);
    cf_plan *plan = finish(&f, distinct,
                           TUPLE(&f, out_value(&f, "x", cf_plan_gather(f.b, x, at)),
                                 out_value(&f, "w", cf_plan_gather(f.b, w, at))));
    CHECK(explained(plan, "groups #") && !explained(plan, "whole"));
    cf_table *t = run_all_ways(plan, NULL);
    int64_t row = 0;
    for (int e = 0; e < EVENTS; e++) {
        bool first = events[e].x > -20;
        for (int i = 0; i < e; i++)
            first = first && events[i].x != events[e].x;
        if (!first) continue;
        CHECK(cf_column_int(column_at(t, 0), row) == events[e].x);
        CHECK(cf_column_is_null(column_at(t, 1), row) == events[e].w_null);
        row++;
    }
    CHECK(t->length == row && row == 44);
    cf_column_release(t);
    cf_plan_free(plan);
}

/* --- memory --- */

#define MANY      5000000
#define MANY_PART 500000

typedef struct {
    cf_cursor base;
    int64_t *values;
} made_cursor;

static void made_close(cf_source *s) {
    free((void *)(uintptr_t)s->partitions);
    free(s);
}

static cf_status made_open(cf_source *s, uint32_t partition, const int32_t *nodes, size_t count,
                           cf_cursor **cursor, cf_error *err) {
    (void)s, (void)partition, (void)nodes, (void)count, (void)err;
    made_cursor *c = calloc(1, sizeof *c);
    c->values = malloc(16384 * sizeof *c->values);
    *cursor = &c->base;
    return CF_OK;
}

static cf_status made_read(cf_cursor *c, int32_t node, int64_t begin, int64_t end,
                           cf_array *out, cf_error *err) {
    (void)node, (void)err;
    int64_t *values = ((made_cursor *)c)->values;
    const int64_t first = c->source->partitions[c->partition].first_row;
    for (int64_t i = begin; i < end; i++)
        values[i - begin] = first + i;
    *out = (cf_array){.count = (uint32_t)(end - begin), .values = values};
    return CF_OK;
}

static void made_cursor_close(cf_cursor *c, cf_io_stats *add) {
    (void)add;
    free(((made_cursor *)c)->values);
    free(c);
}

static const cf_source_class made_class = {
    .close = made_close,
    .cursor_open = made_open,
    .cursor_read = made_read,
    .cursor_close = made_cursor_close,
};

/* Five million rows with their number in x, which exist nowhere. */
static frame many_rows(void) {
    frame f = {.b = cf_plan_builder_new()};
    cf_source *like = events_source(100), *s = calloc(1, sizeof *s);
    *s = *like;
    s->class = &made_class;
    atomic_init(&s->refs, 1);
    s->rows = MANY;
    s->partition_count = MANY / MANY_PART;
    cf_partition *parts = calloc(s->partition_count, sizeof *parts);
    for (uint32_t i = 0; i < s->partition_count; i++)
        parts[i] = (cf_partition){.rows = MANY_PART, .first_row = (int64_t)i * MANY_PART};
    s->partitions = parts;
    const int32_t x = node_of(s->schema, "x");
    f.s = like; /* the schema is its */
    f.source = cf_plan_add_source(f.b, s);
    f.ev = cf_plan_scan(f.b, f.source, 0);
    f.x = cf_plan_load(f.b, f.source, x, CF_INT64, f.ev);
    cf_source_release(s);
    return f;
}

static cf_plan *sums_by_remainder(frame *f, int64_t groups_wanted) {
    const cf_id key = map2(f, "mod_int", f->x, cf_plan_const_int(f->b, groups_wanted));
    const cf_id args[] = {f->ev, key};
    const cf_id groups = cf_plan_level(f->b, CF_L_GROUP, args, 2, 0);
    const cf_id members = cf_plan_level(f->b, CF_L_MEMBERS, &groups, 1, 0);
    const cf_id x = cf_plan_gather(f->b, f->x, cf_plan_index(f->b, members, 0));
    const cf_id real = cf_plan_cast(f->b, x, CF_FLOAT64);
    return finish(
        f, groups,
        TUPLE(f, out_value(f, "k", cf_plan_gather(f->b, key, cf_plan_index(f->b, groups, 0))),
              out_value(f, "n", cf_plan_reduce(f->b, CF_R_COUNT, members, 0)),
              out_value(f, "s", cf_plan_reduce(f->b, CF_R_SUM, members, x)),
              out_value(f, "m", cf_plan_reduce(f->b, CF_R_AVERAGE, members, real))));
}

static void memory_is_for_groups_not_for_rows(void) {
    frame f = many_rows();
    cf_plan *plan = sums_by_remainder(&f, 1000);
    cf_engine *engine = cf_engine_threads(2);
    const cf_exec_options options = {.engine = engine, .memory_limit = (size_t)4 << 20};
    cf_exec_result result;
    cf_error err = {0};
    CHECK(cf_exec_run(plan, &options, &result, &err) == CF_OK);
    CHECK(result.peak_bytes < (size_t)4 << 20);
    CHECK(result.rows != NULL && result.rows->length == 1000);
    for (int64_t g = 0; result.rows != NULL && g < 1000; g++) {
        const int64_t n = MANY / 1000, sum = n * g + 1000 * (n * (n - 1) / 2);
        CHECK(cf_column_int(column_at(result.rows, 0), g) == g);
        CHECK(cf_column_int(column_at(result.rows, 1), g) == n);
        CHECK(cf_column_int(column_at(result.rows, 2), g) == sum);
        CHECK_NEAR(cf_column_float(column_at(result.rows, 3), g), (double)sum / (double)n,
                   1e-6);
    }
    cf_exec_result_clear(&result);
    cf_plan_free(plan);
    cf_source_release(f.s);
    f = many_rows();
    plan = sums_by_remainder(&f, MANY);
    CHECK(cf_exec_run(plan, &options, &result, &err) == CF_E_LIMIT);
    CHECK(strstr(err.message, "memory") != NULL);
    cf_engine_free(engine);
    cf_plan_free(plan);
    cf_source_release(f.s);
}

static void functions_of_whole_arrays_go_in_blocks(void) {
    frame f = many_rows();
    const cf_id args[] = {f.ev, cf_plan_const_int(f.b, 0), cf_plan_const_int(f.b, 600000)};
    const cf_id slice = cf_plan_level(f.b, CF_L_SLICE, args, 3, 0);
    const cf_id x = cf_plan_gather(f.b, f.x, cf_plan_index(f.b, slice, 0));
    const cf_id window_args[] = {slice, x};
    const cf_id lag =
        cf_plan_value(f.b, CF_V_WINDOW, CF_INT64, slice, window_args, 2, CF_W_LAG, 1, 0);
    const cf_id sum = map2(&f, "add_int", lag, x); /* null in the first row */
    cf_plan *plan =
        finish(&f, CF_UNIT,
               TUPLE(&f, out_value(&f, "s", cf_plan_reduce(f.b, CF_R_SUM, slice, sum)),
                     out_value(&f, "n", cf_plan_reduce(f.b, CF_R_COUNT_VALID, slice, sum))));
    cf_exec_result result;
    CHECK(cf_exec_run(plan, NULL, &result, NULL) == CF_OK);
    const int64_t n = 600000;
    CHECK(cf_column_int(column_at(result.rows, 0), 0) == (n - 1) * (n - 1));
    CHECK(cf_column_int(column_at(result.rows, 1), 0) == n - 1);
    cf_exec_result_clear(&result);
    cf_plan_free(plan);
    cf_source_release(f.s);
}

int main(void) {
    events_make();
    RUN(streamed_groups_equal_whole_ones);
    RUN(members_are_filtered_and_have_lists);
    RUN(groups_whose_members_are_looked_at_are_whole);
    RUN(groups_are_found_in_the_pass_that_has_their_values);
    RUN(groups_do_not_wait_for_themselves);
    RUN(different_rows_are_the_first_of_their_kind);
    RUN(memory_is_for_groups_not_for_rows);
    RUN(functions_of_whole_arrays_go_in_blocks);
    return cf_test_failures > 0;
}
