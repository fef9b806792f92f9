/* A table of made-up events with lists, as a source with as many partitions as a test wants,
 * and running a plan under every setting that must not matter. */
#ifndef EVENTS_H
#define EVENTS_H

#include "exec/exec.h"
#include "plan/build.h"
#include "test.h"

#include <stdatomic.h>
#include <stdlib.h>

#define EVENTS 500

typedef struct {
    int64_t x;
    double w;
    bool w_null;
    char t[8];
    int jets, tracks;
    double pt[8];
    int64_t q[8];
    double eta[8], phi[8];
    double track_eta[16], track_phi[16];
} event;

static event events[EVENTS];

static uint64_t random_state = 12345;
static uint64_t random_bits(void) {
    random_state = cf_hash_u64(random_state, 7);
    return random_state;
}
static int random_below(int n) {
    return (int)(random_bits() % (uint64_t)n);
}
static double random_float(void) {
    return (double)(random_bits() >> 11) / 9007199254740992.0;
}

static void events_make(void) {
    for (int i = 0; i < EVENTS; i++) {
        event *e = &events[i];
        e->x = random_below(50) - 25;
        e->w_null = random_below(10) == 0;
        e->w = e->w_null ? 0.0 : random_below(20) == 0 ? (double)NAN : random_float() * 10 - 3;
        (void)snprintf(e->t, sizeof e->t, "%c%d", 'a' + random_below(5), random_below(3));
        e->jets = random_below(4) == 0 ? 0 : random_below(8);
        e->tracks = random_below(16);
        for (int k = 0; k < e->jets; k++) {
            e->pt[k] = random_below(12) == 0 ? 20.0 : random_float() * 100;
            e->q[k] = random_below(5) - 2;
            e->eta[k] = random_float() * 4 - 2;
            e->phi[k] = random_float() * 6.28 - 3.14;
        }
        for (int k = 0; k < e->tracks; k++) {
            e->track_eta[k] = random_float() * 4 - 2;
            e->track_phi[k] = random_float() * 6.28 - 3.14;
        }
    }
}

static cf_field field_of(const char *name, const cf_type *type, bool nullable) {
    return (cf_field){.name = name, .type = type, .nullable = nullable, .node = -1};
}

static cf_column *events_table(void) {
    cf_arena *arena = cf_arena_new(4096);
    const cf_field jet[] = {
        field_of("pt", &cf_type_float, false), field_of("q", &cf_type_int, false),
        field_of("eta", &cf_type_float, false), field_of("phi", &cf_type_float, false)};
    const cf_field track[] = {field_of("eta", &cf_type_float, false),
                              field_of("phi", &cf_type_float, false)};
    const cf_field columns[] = {
        field_of("x", &cf_type_int, false), field_of("w", &cf_type_float, true),
        field_of("t", &cf_type_text, false),
        field_of("jets", cf_type_list(arena, cf_type_tuple(arena, jet, 4)), false),
        field_of("tracks", cf_type_list(arena, cf_type_tuple(arena, track, 2)), false)};
    cf_builder *b = cf_builder_new(cf_type_tuple(arena, columns, 5));
    for (int i = 0; i < EVENTS; i++) {
        const event *e = &events[i];
        cf_builder_int(cf_builder_child(b, 0), e->x);
        if (e->w_null)
            cf_builder_null(cf_builder_child(b, 1));
        else
            cf_builder_float(cf_builder_child(b, 1), e->w);
        cf_builder_text(cf_builder_child(b, 2), e->t, strlen(e->t));
        cf_builder *jets = cf_builder_child(b, 3), *j = cf_builder_child(jets, 0);
        for (int k = 0; k < e->jets; k++) {
            cf_builder_float(cf_builder_child(j, 0), e->pt[k]);
            cf_builder_int(cf_builder_child(j, 1), e->q[k]);
            cf_builder_float(cf_builder_child(j, 2), e->eta[k]);
            cf_builder_float(cf_builder_child(j, 3), e->phi[k]);
            cf_builder_end_tuple(j);
        }
        cf_builder_end_list(jets);
        cf_builder *tracks = cf_builder_child(b, 4), *t = cf_builder_child(tracks, 0);
        for (int k = 0; k < e->tracks; k++) {
            cf_builder_float(cf_builder_child(t, 0), e->track_eta[k]);
            cf_builder_float(cf_builder_child(t, 1), e->track_phi[k]);
            cf_builder_end_tuple(t);
        }
        cf_builder_end_list(tracks);
        cf_builder_end_tuple(b);
    }
    cf_column *table = cf_builder_finish(b);
    cf_arena_free(arena);
    return table;
}

/* --- a source in many partitions, over one that has a single one --- */

typedef struct {
    cf_source base;
    cf_source *inner;
    int broken_partition; /* reading it fails; -1: none */
} sliced;

typedef struct {
    cf_cursor base;
    cf_cursor *inner;
} sliced_cursor;

static void sliced_close(cf_source *s) {
    cf_source_release(((sliced *)s)->inner);
    free((void *)(uintptr_t)s->partitions);
    free(s);
}

static cf_status sliced_open(cf_source *s, uint32_t partition, const int32_t *nodes,
                             size_t count, cf_cursor **cursor, cf_error *err) {
    (void)partition;
    sliced_cursor *c = calloc(1, sizeof *c);
    const cf_status status =
        cf_cursor_open(((sliced *)s)->inner, 0, nodes, count, &c->inner, err);
    if (status == CF_OK)
        *cursor = &c->base;
    else
        free(c);
    return status;
}

static cf_status sliced_read(cf_cursor *c, int32_t node, int64_t begin, int64_t end,
                             cf_array *out, cf_error *err) {
    const sliced *s = (const sliced *)c->source;
    if ((int)c->partition == s->broken_partition)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "partition %u is broken", c->partition);
    const int64_t first = s->base.partitions[c->partition].first_row;
    return cf_cursor_read(((sliced_cursor *)c)->inner, node, first + begin, first + end, out,
                          err);
}

static void sliced_cursor_close(cf_cursor *c, cf_io_stats *add) {
    cf_cursor_close(((sliced_cursor *)c)->inner, add);
    free(c);
}

static const cf_source_class sliced_class = {
    .close = sliced_close,
    .cursor_open = sliced_open,
    .cursor_read = sliced_read,
    .cursor_close = sliced_cursor_close,
};

static cf_source *sliced_source(cf_source *inner, int64_t partition_rows) {
    sliced *s = calloc(1, sizeof *s);
    s->base = *inner;
    s->base.class = &sliced_class;
    atomic_init(&s->base.refs, 1);
    s->inner = inner;
    s->broken_partition = -1;
    const size_t count = (size_t)((inner->rows + partition_rows - 1) / partition_rows);
    cf_partition *parts = calloc(count + 1, sizeof *parts);
    for (size_t i = 0; i < count; i++) {
        const int64_t first = (int64_t)i * partition_rows;
        const int64_t left = inner->rows - first;
        parts[i] = (cf_partition){.rows = left < partition_rows ? left : partition_rows,
                                  .first_row = first};
    }
    s->base.partitions = parts;
    s->base.partition_count = (uint32_t)count;
    return &s->base;
}

static cf_source *events_source(int64_t partition_rows) {
    cf_column *table = events_table();
    cf_source *inner;
    cf_error err = {0};
    CHECK(cf_source_of_table(table, "events", &inner, &err) == CF_OK);
    cf_column_release(table);
    return sliced_source(inner, partition_rows);
}

/* --- the nodes that most plans begin with --- */

typedef struct {
    cf_plan_builder *b;
    cf_source *s;
    uint32_t source;
    cf_id ev, x, w, t;
    cf_id jets, pt, q, eta, phi;
    cf_id tracks, track_eta, track_phi;
} frame;

static int32_t node_of(const cf_type *tuple, const char *name) {
    return cf_type_field(tuple, cf_str_of(name))->node;
}

static const cf_type *element_of(const cf_type *tuple, const char *list) {
    return cf_type_field(tuple, cf_str_of(list))->type->fields[0].type;
}

static frame frame_over(cf_plan_builder *b, cf_source *s, int64_t ordinal) {
    frame f = {.b = b, .s = s};
    const cf_type *schema = s->schema;
    f.source = cf_plan_add_source(b, s);
    f.ev = cf_plan_scan(b, f.source, ordinal);
    f.x = cf_plan_load(b, f.source, node_of(schema, "x"), CF_INT64, f.ev);
    f.w = cf_plan_load(b, f.source, node_of(schema, "w"), CF_FLOAT64, f.ev);
    f.t = cf_plan_load(b, f.source, node_of(schema, "t"), CF_TEXT, f.ev);
    const cf_type *jet = element_of(schema, "jets"), *track = element_of(schema, "tracks");
    f.jets = cf_plan_list(b, f.source, node_of(schema, "jets"), f.ev);
    f.pt = cf_plan_load(b, f.source, node_of(jet, "pt"), CF_FLOAT64, f.jets);
    f.q = cf_plan_load(b, f.source, node_of(jet, "q"), CF_INT64, f.jets);
    f.eta = cf_plan_load(b, f.source, node_of(jet, "eta"), CF_FLOAT64, f.jets);
    f.phi = cf_plan_load(b, f.source, node_of(jet, "phi"), CF_FLOAT64, f.jets);
    f.tracks = cf_plan_list(b, f.source, node_of(schema, "tracks"), f.ev);
    f.track_eta = cf_plan_load(b, f.source, node_of(track, "eta"), CF_FLOAT64, f.tracks);
    f.track_phi = cf_plan_load(b, f.source, node_of(track, "phi"), CF_FLOAT64, f.tracks);
    return f;
}

static frame frame_new(int64_t partition_rows) {
    cf_source *s = events_source(partition_rows);
    frame f = frame_over(cf_plan_builder_new(), s, 0);
    cf_source_release(s); /* the builder has it */
    return f;
}

/* --- results --- */

static cf_out *out_value(frame *f, const char *name, cf_id value) {
    cf_out *o = CF_NEW(cf_plan_builder_arena(f->b), cf_out);
    *o = (cf_out){.shape = CF_OUT_VALUE, .name = name, .node = value};
    return o;
}

static inline cf_out *out_list(frame *f, const char *name, cf_id level, cf_out *element) {
    cf_out *o = CF_NEW(cf_plan_builder_arena(f->b), cf_out);
    *o = (cf_out){.shape = CF_OUT_LIST, .name = name, .node = level, .child_count = 1};
    o->children = CF_NEWS(cf_plan_builder_arena(f->b), cf_out *, 1);
    o->children[0] = element;
    return o;
}

static inline cf_out *out_tuple(frame *f, cf_out **fields, uint32_t count) {
    cf_out *o = CF_NEW(cf_plan_builder_arena(f->b), cf_out);
    *o = (cf_out){.shape = CF_OUT_TUPLE, .name = "", .child_count = count};
    o->children = CF_NEWS(cf_plan_builder_arena(f->b), cf_out *, count);
    for (uint32_t i = 0; i < count; i++)
        o->children[i] = fields[i];
    return o;
}

#define TUPLE(f, ...)                         \
    out_tuple((f), (cf_out *[]){__VA_ARGS__}, \
              sizeof((cf_out *[]){__VA_ARGS__}) / sizeof(cf_out *))

static cf_plan *finish(frame *f, cf_id level, cf_out *rows) {
    cf_plan *plan = cf_plan_finish(f->b);
    plan->level = level;
    plan->rows = rows;
    return plan;
}

/* Equal to the bit, but for which NaN it is. */
static bool same_table(const cf_table *a, const cf_table *b) {
    return cf_column_equal(a, b);
}

/* Runs under every chunk size and thread count; all results must be the same. */
static inline cf_table *run_all_ways(const cf_plan *plan, int64_t *total) {
    static const uint32_t chunks[] = {1000, 1, 3, 7, 0};
    cf_table *first = NULL;
    for (unsigned threads = 1; threads <= 3; threads++) {
        cf_engine *engine = cf_engine_threads(threads);
        for (size_t i = 0; i < CF_COUNT(chunks); i++) {
            const cf_exec_options options = {.engine = engine, .chunk_rows = chunks[i]};
            cf_exec_result result;
            cf_error err = {0};
            const cf_status status = cf_exec_run(plan, &options, &result, &err);
            if (status != CF_OK) printf("%s\n", err.message);
            CHECK(status == CF_OK);
            if (status != CF_OK) continue;
            if (total != NULL) *total = result.total_rows;
            if (first == NULL)
                first = cf_column_retain(result.rows);
            else
                CHECK(same_table(first, result.rows));
            cf_exec_result_clear(&result);
        }
        cf_engine_free(engine);
    }
    return first;
}

static inline const cf_column *column_at(const cf_table *t, uint32_t i) {
    return t->children[i];
}

#endif
