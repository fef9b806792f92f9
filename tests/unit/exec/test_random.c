/* Random plans, computed in passes and whole: the same nodes over the scan, and over a sorted
 * copy of it that has the same order.  All results must be equal to the bit, under every
 * setting. */
#include "events.h"

#define LISTS_MAX  12
#define VALUES_MAX 24

typedef struct {
    cf_id level;
    cf_id values[VALUES_MAX]; /* floats */
    size_t value_count;
} rows;

/* Events, with lists over them. */
typedef struct {
    frame *f;
    rows event;
    rows lists[LISTS_MAX];
    size_t list_count;
} world;

static uint64_t choice_state;
static int choose(int n) {
    choice_state = cf_hash_u64(choice_state, 3);
    return (int)(choice_state % (uint64_t)n);
}

static cf_id map2(frame *f, const char *func, cf_id a, cf_id b) {
    const cf_id args[] = {a, b};
    return cf_plan_map_named(f->b, func, args, 2);
}

static void add_value(rows *r, cf_id value) {
    if (r->value_count < VALUES_MAX) r->values[r->value_count++] = value;
}

static cf_id some_value(const rows *r) {
    return r->values[choose((int)r->value_count)];
}

static rows *some_list(world *w) {
    return &w->lists[choose((int)w->list_count)];
}

/* The same rows seen through an index. */
static rows seen_through(world *w, const rows *from, cf_id level, unsigned slot) {
    rows r = {.level = level};
    const cf_id index = cf_plan_index(w->f->b, level, slot);
    for (size_t i = 0; i < from->value_count; i++)
        add_value(&r, cf_plan_gather(w->f->b, from->values[i], index));
    return r;
}

static void add_list(world *w, rows r) {
    if (w->list_count < LISTS_MAX)
        w->lists[w->list_count++] = r;
    else
        w->lists[choose(LISTS_MAX)] = r;
}

static cf_id mask_of(world *w, const rows *r) {
    const cf_id limit = cf_plan_const_float(w->f->b, choose(2) == 0 ? 0.0 : (double)choose(60));
    return map2(w->f, choose(2) == 0 ? "gt_float" : "le_float", some_value(r), limit);
}

static rows over_list(world *w, const rows *from, cf_node_op op, const cf_id *args,
                      size_t count, int64_t i0) {
    return seen_through(w, from, cf_plan_level(w->f->b, op, args, count, i0), 0);
}

static void filter_list(world *w) {
    const rows *l = some_list(w);
    const cf_id args[] = {l->level, mask_of(w, l)};
    add_list(w, over_list(w, l, CF_L_FILTER, args, 2, 0));
}

static void sort_list(world *w) {
    const rows *l = some_list(w);
    const cf_id args[] = {l->level, some_value(l), some_value(l)};
    add_list(w, over_list(w, l, CF_L_SORT, args, 3, choose(4)));
}

static void slice_list(world *w) {
    const rows *l = some_list(w);
    const cf_id args[] = {l->level, cf_plan_const_int(w->f->b, choose(3)),
                          cf_plan_const_int(w->f->b, choose(5) + 1)};
    add_list(w, over_list(w, l, CF_L_SLICE, args, 3, 0));
}

static void pairs_of_list(world *w) {
    const rows *l = &w->lists[choose(2)]; /* of the stored ones: pairs of pairs grow too fast */
    const cf_id level = cf_plan_level(w->f->b, CF_L_COMBINE, &l->level, 1, 2);
    rows r = seen_through(w, l, level, 0);
    const rows other = seen_through(w, l, level, 1);
    for (size_t i = 0; i < 2; i++)
        add_value(&r, map2(w->f, "add_float", some_value(&r), some_value(&other)));
    add_list(w, r);
}

static void join_lists(world *w) {
    const rows *a = &w->lists[choose(2)], *b = &w->lists[choose(2)];
    const cf_id args[] = {a->level, b->level};
    rows r = {.level = cf_plan_level(w->f->b, CF_L_CONCAT, args, 2, 0)};
    for (size_t i = 0; i < 2; i++) {
        const cf_id values[] = {some_value(a), some_value(b)};
        add_value(
            &r, cf_plan_value(w->f->b, CF_V_CONCATV, CF_FLOAT64, r.level, values, 2, 0, 0, 0));
    }
    add_list(w, r);
}

static void group_list(world *w) {
    const rows *l = some_list(w);
    const cf_id args[] = {l->level, some_value(l)};
    const cf_id groups = cf_plan_level(w->f->b, CF_L_GROUP, args, 2, 0);
    const cf_id members = cf_plan_level(w->f->b, CF_L_MEMBERS, &groups, 1, 0);
    rows r = seen_through(w, l, groups, 0);
    const cf_id member =
        cf_plan_gather(w->f->b, some_value(l), cf_plan_index(w->f->b, members, 0));
    add_value(&r, cf_plan_reduce(w->f->b, CF_R_SUM, members, member));
    add_list(w, r);
}

static void derive(world *w) {
    rows *r = choose(3) == 0 ? &w->event : some_list(w);
    const cf_id other = choose(2) == 0 ? some_value(r) : some_value(&w->event);
    static const char *const functions[] = {"add_float", "sub_float", "mul_float"};
    add_value(r, map2(w->f, functions[choose(3)], some_value(r), other));
}

static void reduce_list(world *w) {
    static const cf_reduce kinds[] = {CF_R_SUM, CF_R_MIN, CF_R_MAX, CF_R_AVERAGE, CF_R_STDDEV};
    const rows *l = some_list(w);
    add_value(&w->event, cf_plan_reduce(w->f->b, kinds[choose(5)], l->level, some_value(l)));
}

static void pick_from_list(world *w) {
    const rows *l = some_list(w);
    const cf_id row = cf_plan_pick(w->f->b, (cf_pick)choose(4), l->level, some_value(l));
    add_value(&w->event, cf_plan_gather(w->f->b, some_value(l), row));
}

/* A value of all events, from a pass of its own. */
static void reduce_events(world *w) {
    static const cf_reduce kinds[] = {CF_R_MIN, CF_R_MAX, CF_R_COUNT_VALID};
    const cf_id all =
        cf_plan_reduce(w->f->b, kinds[choose(3)], w->event.level, some_value(&w->event));
    add_value(&w->event, map2(w->f, "add_float", some_value(&w->event),
                              cf_plan_cast(w->f->b, all, CF_FLOAT64)));
}

static void window_of_events(world *w) {
    const cf_id args[] = {w->event.level, some_value(&w->event)};
    add_value(&w->event,
              cf_plan_value(w->f->b, CF_V_WINDOW, CF_FLOAT64, w->event.level, args, 2,
                            choose(2) == 0 ? CF_W_LAG : CF_W_LEAD, choose(30), 0));
}

/* Other events, with their lists. */
static void events_through(world *w, cf_id level) {
    w->event = seen_through(w, &w->event, level, 0);
    const cf_id index = cf_plan_index(w->f->b, level, 0);
    for (size_t i = 0; i < w->list_count; i++) {
        const cf_id args[] = {w->lists[i].level, index};
        const cf_id lists = cf_plan_level(w->f->b, CF_L_REGATHER, args, 2, 0);
        w->lists[i] = seen_through(w, &w->lists[i], lists, 0);
    }
}

static void filter_events(world *w) {
    const cf_id args[] = {w->event.level, mask_of(w, &w->event)};
    events_through(w, cf_plan_level(w->f->b, CF_L_FILTER, args, 2, 0));
}

static void sort_events(world *w) {
    const cf_id args[] = {w->event.level, some_value(&w->event)};
    events_through(w, cf_plan_level(w->f->b, CF_L_SORT, args, 2, choose(2)));
}

static void one_step(world *w) {
    typedef void step(world * w);
    static step *const steps[] = {filter_list,  sort_list,   slice_list,     pairs_of_list,
                                  join_lists,   group_list,  derive,         derive,
                                  reduce_list,  reduce_list, pick_from_list, reduce_events,
                                  filter_events};
    const int n = choose(40);
    if (n == 0)
        sort_events(w);
    else if (n == 1)
        window_of_events(w);
    else
        steps[choose((int)CF_COUNT(steps))](w);
}

static world world_new(frame *f) {
    world w = {.f = f, .list_count = 2};
    w.event.level = f->ev;
    add_value(&w.event, f->w);
    add_value(&w.event, cf_plan_cast(f->b, f->x, CF_FLOAT64));
    w.lists[0].level = f->jets;
    add_value(&w.lists[0], f->pt);
    add_value(&w.lists[0], f->eta);
    add_value(&w.lists[0], cf_plan_cast(f->b, f->q, CF_FLOAT64));
    w.lists[1].level = f->tracks;
    add_value(&w.lists[1], f->track_eta);
    add_value(&w.lists[1], f->track_phi);
    return w;
}

/* Two relations of equal columns, one after the other. */
static rows appended(world *w, cf_node_op op, const cf_id *args, size_t count, const rows *a,
                     const rows *b) {
    rows r = {.level = cf_plan_level(w->f->b, op, args, count, 0)};
    for (size_t i = 0; i < a->value_count; i++) {
        const cf_id values[] = {a->values[i], b->values[i]};
        add_value(
            &r, cf_plan_value(w->f->b, CF_V_CONCATV, CF_FLOAT64, r.level, values, 2, 0, 0, 0));
    }
    return r;
}

static world world_append(world *a, world *b) {
    world w = {.f = a->f, .list_count = a->list_count};
    const cf_id tops[] = {a->event.level, b->event.level};
    w.event = appended(&w, CF_L_CONCAT, tops, 2, &a->event, &b->event);
    for (size_t i = 0; i < w.list_count; i++) {
        const cf_id lists[] = {w.event.level, a->lists[i].level, b->lists[i].level};
        w.lists[i] = appended(&w, CF_L_CONCATL, lists, 3, &a->lists[i], &b->lists[i]);
    }
    return w;
}

static cf_out *world_out(world *w) {
    cf_out *fields[VALUES_MAX + LISTS_MAX];
    uint32_t count = 0;
    for (size_t i = 0; i < w->event.value_count; i++)
        fields[count++] = out_value(w->f, "v", w->event.values[i]);
    for (size_t l = 0; l < w->list_count; l++) {
        cf_out *values[VALUES_MAX];
        for (size_t i = 0; i < w->lists[l].value_count; i++)
            values[i] = out_value(w->f, "v", w->lists[l].values[i]);
        cf_out *tuple = out_tuple(w->f, values, (uint32_t)w->lists[l].value_count);
        fields[count++] = out_list(w->f, "l", w->lists[l].level, tuple);
    }
    return out_tuple(w->f, fields, count);
}

static cf_plan *random_plan(uint64_t seed, bool whole, int64_t partition_rows) {
    choice_state = seed;
    frame f = frame_new(partition_rows);
    world w = world_new(&f);
    frame again = {.b = NULL};
    if (choose(3) == 0) {
        again = frame_over(f.b, f.s, 1);
        world second = world_new(&again);
        if (choose(2) == 0) filter_events(&second);
        w = world_append(&w, &second);
    }
    if (whole) { /* sorted by a key that is the row number: the same order */
        const cf_id ev = w.event.level, window_args[] = {ev, 0};
        const cf_id number = cf_plan_value(f.b, CF_V_WINDOW, CF_INT64, ev, window_args, 2,
                                           CF_W_ROW_NUMBER, 0, 0);
        const cf_id args[] = {ev, number};
        events_through(&w, cf_plan_level(f.b, CF_L_SORT, args, 2, 0));
    }
    const int steps = 3 + choose(14);
    for (int i = 0; i < steps; i++)
        one_step(&w);
    cf_out *out = world_out(&w);
    return finish(&f, w.event.level, out);
}

static cf_table *run_once(const cf_plan *plan, unsigned threads, uint32_t chunk_rows) {
    cf_engine *engine = cf_engine_threads(threads);
    const cf_exec_options options = {.engine = engine, .chunk_rows = chunk_rows};
    cf_exec_result result;
    cf_error err = {0};
    const cf_status status = cf_exec_run(plan, &options, &result, &err);
    if (status != CF_OK) printf("%s\n", err.message);
    CHECK(status == CF_OK);
    cf_engine_free(engine);
    cf_table *table = result.rows;
    result.rows = NULL;
    cf_exec_result_clear(&result);
    return table;
}

static void passes_and_whole_agree(void) {
    static const struct {
        unsigned threads;
        uint32_t chunk_rows;
        int64_t partition_rows;
    } ways[] = {{1, 0, 500}, {2, 1, 500}, {1, 7, 83}, {3, 3, 41}, {2, 1000, 130}};
    const char *rounds = getenv("CUTFLOW_RANDOM_ROUNDS");
    const uint64_t count = rounds == NULL ? 60 : (uint64_t)strtoull(rounds, NULL, 10);
    for (uint64_t seed = 1; seed <= count; seed++) {
        const int failures = cf_test_failures;
        cf_plan *whole = random_plan(seed, true, 500);
        CHECK(cf_plan_check(whole, NULL) == CF_OK);
        cf_table *want = run_once(whole, 1, 0);
        for (size_t i = 0; i < CF_COUNT(ways); i++) {
            cf_plan *plan = random_plan(seed, false, ways[i].partition_rows);
            CHECK(cf_plan_check(plan, NULL) == CF_OK);
            cf_table *got = run_once(plan, ways[i].threads, ways[i].chunk_rows);
            CHECK(got != NULL && want != NULL && same_table(got, want));
            cf_column_release(got);
            cf_plan_free(plan);
        }
        cf_column_release(want);
        cf_plan_free(whole);
        if (cf_test_failures != failures) printf("seed %llu\n", (unsigned long long)seed);
    }
}

int main(void) {
    events_make();
    RUN(passes_and_whole_agree);
    return cf_test_failures != 0;
}
