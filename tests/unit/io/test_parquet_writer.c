/* What is written to Parquet is read back equal, whatever the nesting, the packing, the size of
 * the row groups and of the windows; CUTFLOW_KEEP names a folder that keeps the files for other
 * readers. */

#include "io/parquet.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

__extension__ typedef __int128 int128;

static char folder[] = "/tmp/cutflow-parquet-XXXXXX";

static const char *file_named(const char *name) {
    static char path[512];
    const char *keep = getenv("CUTFLOW_KEEP");
    (void)snprintf(path, sizeof path, "%s/%s", keep != NULL ? keep : folder, name);
    return path;
}

static void forget(const char *path) {
    if (getenv("CUTFLOW_KEEP") == NULL) (void)unlink(path);
}

/* ---- a relation with something of everything ---- */

static const cf_field *field(cf_arena *a, const char *name, const cf_type *type,
                             bool nullable) {
    cf_field *f = CF_NEW(a, cf_field);
    *f = (cf_field){.name = name, .type = type, .nullable = nullable, .node = -1};
    return f;
}

static const cf_type *list_of(cf_arena *a, const cf_type *element, bool nullable) {
    cf_type *t = CF_NEW(a, cf_type);
    *t =
        (cf_type){.kind = CF_LIST, .field_count = 1, .fields = field(a, "", element, nullable)};
    return t;
}

static const cf_type *decimal_type(cf_arena *a) {
    cf_type *t = CF_NEW(a, cf_type);
    *t = (cf_type){.kind = CF_DECIMAL, .scale = 3};
    return t;
}

static const cf_type *sample_type(cf_arena *a) {
    cf_field muon[3], all[20];
    size_t n = 0;
    muon[0] = *field(a, "pt", cf_type_of_kind(CF_FLOAT32), false);
    muon[0].unit = "GeV";
    muon[1] = *field(a, "q", cf_type_of_kind(CF_INT8), true);
    muon[2] = *field(a, "hits", list_of(a, cf_type_of_kind(CF_INT64), true), false);
    const cf_type *tuple = cf_type_tuple(a, muon, 3);
    all[n++] = *field(a, "id", cf_type_of_kind(CF_INT64), false);
    all[n++] = *field(a, "maybe", cf_type_of_kind(CF_FLOAT64), true);
    all[n++] = *field(a, "flag", cf_type_of_kind(CF_BOOL), false);
    all[n++] = *field(a, "flag_or_not", cf_type_of_kind(CF_BOOL), true);
    all[n++] = *field(a, "name", cf_type_of_kind(CF_TEXT), true);
    all[n++] = *field(a, "kind", cf_type_of_kind(CF_TEXT), false);
    all[n++] = *field(a, "Muon", list_of(a, tuple, false), true);
    all[n++] = *field(a, "top", tuple, true);
    all[n++] = *field(
        a, "deep",
        list_of(a, list_of(a, list_of(a, cf_type_of_kind(CF_TEXT), true), true), true), true);
    all[n++] = *field(a, "day", cf_type_of_kind(CF_DATE), true);
    all[n++] = *field(a, "clock", cf_type_of_kind(CF_TIME), false);
    all[n++] = *field(a, "moment", cf_type_of_kind(CF_TIMESTAMP), true);
    all[n++] = *field(a, "lasts", cf_type_of_kind(CF_DURATION), false);
    all[n++] = *field(a, "price", decimal_type(a), true);
    all[n++] = *field(a, "u8", cf_type_of_kind(CF_UINT8), false);
    all[n++] = *field(a, "i16", cf_type_of_kind(CF_INT16), false);
    all[n++] = *field(a, "u32", cf_type_of_kind(CF_UINT32), false);
    all[n++] = *field(a, "u64", cf_type_of_kind(CF_UINT64), false);
    return cf_type_tuple(a, all, (uint32_t)n);
}

static uint64_t seed;

static uint64_t draw(uint64_t below) {
    return cf_hash_u64(seed++, 7) % below;
}

static void put_value(cf_builder *b, const cf_field *f);

static void put_kind(cf_builder *b, const cf_type *t) {
    char text[32];
    const int128 big = (int128)(int64_t)draw(UINT64_MAX) * 1000003;
    const uint64_t huge = draw(UINT64_MAX);
    switch (t->kind) {
    case CF_BOOL: CHECK(cf_builder_bool(b, draw(3) == 0)); break;
    case CF_FLOAT32:
    case CF_FLOAT64:
        CHECK(cf_builder_float(b, draw(50) == 0 ? (double)NAN : (double)(float)draw(1000) / 7));
        break;
    case CF_TEXT:
        (void)snprintf(text, sizeof text, "t%u \xc3\xbc",
                       (unsigned)draw(draw(2) == 0 ? 5 : 100000));
        CHECK(cf_builder_text(b, text, draw(9) == 0 ? 0 : strlen(text)));
        break;
    case CF_DATE: CHECK(cf_builder_int(b, (int64_t)draw(40000) - 20000)); break;
    case CF_TIME: CHECK(cf_builder_int(b, (int64_t)draw(86400000000))); break;
    case CF_INT8: CHECK(cf_builder_int(b, (int64_t)draw(256) - 128)); break;
    case CF_INT16: CHECK(cf_builder_int(b, (int64_t)draw(65536) - 32768)); break;
    case CF_UINT8: CHECK(cf_builder_int(b, (int64_t)draw(256))); break;
    case CF_UINT32: CHECK(cf_builder_int(b, (int64_t)draw((uint64_t)1 << 32))); break;
    case CF_UINT64: CHECK(cf_builder_run(b, &huge, NULL, 1)); break;
    case CF_DECIMAL: CHECK(cf_builder_run(b, &big, NULL, 1)); break;
    case CF_LIST:
        for (uint64_t n = draw(4) == 0 ? 0 : draw(4); n > 0; n--)
            put_value(cf_builder_child(b, 0), &t->fields[0]);
        CHECK(cf_builder_end_list(b));
        break;
    case CF_TUPLE:
        for (uint32_t i = 0; i < t->field_count; i++)
            put_value(cf_builder_child(b, i), &t->fields[i]);
        CHECK(cf_builder_end_tuple(b));
        break;
    default: CHECK(cf_builder_int(b, (int64_t)draw(1000000000) - 500000000)); break;
    }
}

static void put_value(cf_builder *b, const cf_field *f) {
    if (f->nullable && draw(5) == 0) {
        CHECK(cf_builder_null(b));
    } else {
        put_kind(b, f->type);
    }
}

static cf_column *sample_rows(const cf_type *type, size_t rows) {
    cf_builder *b = cf_builder_new(type);
    const cf_field row = {.name = "", .type = type};
    seed = rows;
    for (size_t i = 0; i < rows; i++)
        put_value(b, &row);
    return cf_builder_finish(b);
}

/* ---- is it the same? ---- */

typedef struct {
    cf_cursor *cursor;
    cf_array arrays[256];
} window;

static bool read_field(window *w, const cf_field *f, int64_t begin, int64_t end) {
    cf_error err = {0};
    if (cf_cursor_read(w->cursor, f->node, begin, end, &w->arrays[f->node], &err) != CF_OK) {
        printf("%s\n", err.message);
        return false;
    }
    for (uint32_t i = 0; i < f->type->field_count; i++) {
        if (!read_field(w, &f->type->fields[i], begin, end)) return false;
    }
    return true;
}

static bool same_value(const window *w, const cf_field *f, size_t slot, const cf_column *c,
                       int64_t row) {
    const cf_array *a = &w->arrays[f->node];
    const bool null = cf_column_is_null(c, row),
               there = a->valid == NULL || a->valid[slot] != 0;
    if (null == there) return false;
    if (null) return true;
    const size_t size = cf_kind_size(f->type->kind);
    if (f->type->kind == CF_LIST) {
        const int32_t *offsets = a->values;
        const int64_t n = c->offsets[row + 1] - c->offsets[row];
        if (offsets[slot + 1] - offsets[slot] != n) return false;
        for (int64_t i = 0; i < n; i++) {
            if (!same_value(w, &f->type->fields[0], (size_t)(offsets[slot] + i), c->children[0],
                            c->offsets[row] + i))
                return false;
        }
        return true;
    }
    for (uint32_t i = 0; i < f->type->field_count; i++) {
        if (!same_value(w, &f->type->fields[i], slot, c->children[i], row)) return false;
    }
    if (f->type->kind == CF_TUPLE) return true;
    if (f->type->kind == CF_TEXT) {
        const cf_view want = cf_column_text(c, row), got = ((const cf_view *)a->values)[slot];
        return want.size == got.size &&
               (want.size == 0 || memcmp(want.data, got.data, want.size) == 0);
    }
    return memcmp((const char *)a->values + slot * size,
                  (const char *)c->values + (size_t)row * size, size) == 0;
}

static bool same_window(window *w, const cf_type *schema, const cf_column *rows, int64_t first,
                        int64_t begin, int64_t end) {
    for (uint32_t i = 0; i < schema->field_count; i++) {
        if (!read_field(w, &schema->fields[i], begin, end)) return false;
        for (int64_t row = begin; row < end; row++) {
            if (same_value(w, &schema->fields[i], (size_t)(row - begin), rows->children[i],
                           first + row))
                continue;
            printf("column %s, row %lld differs\n", schema->fields[i].name,
                   (long long)(first + row));
            return false;
        }
    }
    return true;
}

/* Forward in steps, then here and there. */
static bool same_rows(const char *path, const cf_column *rows, int64_t step) {
    cf_source *source = NULL;
    cf_error err = {0};
    if (cf_parquet_open(&path, 1, NULL, &source, &err) != CF_OK) {
        printf("%s\n", err.message);
        return false;
    }
    bool good = source->rows == rows->length && cf_type_equal(source->schema, rows->type);
    for (uint32_t p = 0; p < source->partition_count && good; p++) {
        const cf_partition *part = &source->partitions[p];
        window w = {.cursor = NULL};
        good = cf_cursor_open(source, p, NULL, 0, &w.cursor, &err) == CF_OK;
        for (int64_t at = 0; at < part->rows && good; at += step) {
            const int64_t end = at + step < part->rows ? at + step : part->rows;
            good = same_window(&w, source->schema, rows, part->first_row, at, end);
        }
        for (int i = 0; i < 12 && good; i++) {
            const int64_t begin = (int64_t)draw((uint64_t)part->rows);
            const int64_t end = begin + (int64_t)draw((uint64_t)(part->rows - begin) + 1);
            good = same_window(&w, source->schema, rows, part->first_row, begin, end);
        }
        cf_cursor_close(w.cursor, NULL);
    }
    cf_source_release(source);
    return good;
}

static bool write_rows(const char *path, const cf_type *schema, const cf_column *rows,
                       const cf_parquet_write_options *options) {
    cf_parquet_writer *w = NULL;
    cf_error err = {0};
    int64_t bytes = 0;
    cf_status status = cf_parquet_writer_open(path, schema, options, &w, &err);
    if (status == CF_OK) status = cf_parquet_writer_add(w, rows, &err);
    if (status == CF_OK) {
        status = cf_parquet_writer_finish(w, &bytes, &err);
    } else {
        cf_parquet_writer_abandon(w);
    }
    if (status != CF_OK) printf("%s\n", err.message);
    return status == CF_OK && bytes > 0;
}

/* The same rows as text, for tests/py/check_parquet.py. */
static void keep_text(const char *path, const cf_type *schema, const cf_column *rows) {
    char text[600];
    cf_writer *w = NULL;
    if (getenv("CUTFLOW_KEEP") == NULL) return;
    (void)snprintf(text, sizeof text, "%s.jsonl", path);
    CHECK(cf_writer_open(text, NULL, schema, &w, NULL) == CF_OK);
    CHECK(cf_writer_add(w, rows, NULL) == CF_OK);
    CHECK(cf_writer_finish(w, &(int64_t){0}, NULL) == CF_OK);
}

static void check_sample(const char *name, size_t rows, const cf_parquet_write_options *options,
                         int64_t step) {
    cf_arena *a = cf_arena_new(4096);
    const cf_type *schema = sample_type(a);
    cf_column *table = sample_rows(schema, rows);
    const char *path = file_named(name);
    CHECK(write_rows(path, schema, table, options));
    CHECK(same_rows(path, table, step));
    keep_text(path, schema, table);
    forget(path);
    cf_column_release(table);
    cf_arena_free(a);
}

static void everything_is_read_back(void) {
    check_sample("all_zstd.parquet", 3000, NULL, 1000);
}

static void row_groups_and_small_windows_make_no_difference(void) {
    const cf_parquet_write_options options = {.pack = CF_PARQUET_PACK_SNAPPY,
                                              .group_rows = 700};
    check_sample("all_snappy.parquet", 2000, &options, 3);
}

static void unpacked_files_work_too(void) {
    const cf_parquet_write_options options = {.pack = CF_PARQUET_PACK_NONE,
                                              .group_bytes = 20000};
    check_sample("all_plain.parquet", 1000, &options, 64);
}

static void no_rows_make_a_file(void) {
    check_sample("empty.parquet", 0, NULL, 1);
}

/* Many pages: lists of varying length, so that windows, rows and pages never fall together. */
static void windows_cross_pages(void) {
    cf_arena *a = cf_arena_new(4096);
    cf_field columns[3];
    columns[0] = *field(a, "x", list_of(a, cf_type_of_kind(CF_FLOAT64), false), false);
    columns[1] = *field(a, "y", list_of(a, cf_type_of_kind(CF_INT64), true), false);
    columns[2] = *field(a, "z", cf_type_of_kind(CF_INT64), true);
    const cf_type *schema = cf_type_tuple(a, columns, 3);
    cf_column *table = sample_rows(schema, 200000);
    const cf_parquet_write_options options = {.pack = CF_PARQUET_PACK_SNAPPY,
                                              .group_rows = 200000};
    const char *path = file_named("pages.parquet");
    CHECK(write_rows(path, schema, table, &options));
    CHECK(same_rows(path, table, 9973));
    keep_text(path, schema, table);
    forget(path);
    cf_column_release(table);
    cf_arena_free(a);
}

static void old_pages_are_read_back(void) {
    const cf_parquet_write_options options = {.pack = CF_PARQUET_PACK_SNAPPY,
                                              .old_pages = true};
    check_sample("all_old.parquet", 2000, &options, 101);
}

/* Row groups of several partitions, in which a cursor begins in the middle. */
static void check_large_group(const char *name, bool old_pages) {
    cf_arena *a = cf_arena_new(4096);
    cf_field columns[3];
    columns[0] = *field(a, "x", list_of(a, cf_type_of_kind(CF_FLOAT64), false), false);
    columns[1] =
        *field(a, "y", list_of(a, list_of(a, cf_type_of_kind(CF_INT16), true), true), true);
    columns[2] = *field(a, "z", cf_type_of_kind(CF_INT64), true);
    const cf_type *schema = cf_type_tuple(a, columns, 3);
    cf_column *table = sample_rows(schema, 270000);
    const cf_parquet_write_options options = {
        .pack = CF_PARQUET_PACK_SNAPPY, .old_pages = old_pages, .group_rows = 1000000};
    const char *path = file_named(name);
    CHECK(write_rows(path, schema, table, &options));
    CHECK(same_rows(path, table, 40000));
    cf_source *source = NULL;
    CHECK(cf_parquet_open(&path, 1, NULL, &source, NULL) == CF_OK &&
          source->partition_count == 2);
    cf_source_release(source);
    forget(path);
    cf_column_release(table);
    cf_arena_free(a);
}

static void large_row_groups_make_several_partitions(void) {
    check_large_group("large_old.parquet", true);
    check_large_group("large.parquet", false);
}

/* ---- statistics, notes, errors ---- */

static cf_source *open_numbers(cf_arena *a, const char *path) {
    cf_field columns[2];
    columns[0] = *field(a, "n", cf_type_of_kind(CF_INT64), false);
    columns[0].unit = "mm";
    columns[0].doc = "the row's number";
    columns[1] = *field(a, "none", cf_type_of_kind(CF_FLOAT64), true);
    const cf_type *schema = cf_type_tuple(a, columns, 2);
    cf_builder *b = cf_builder_new(schema);
    for (int64_t i = 0; i < 300; i++) {
        CHECK(cf_builder_int(cf_builder_child(b, 0), i) &&
              cf_builder_null(cf_builder_child(b, 1)));
        CHECK(cf_builder_end_tuple(b));
    }
    cf_column *table = cf_builder_finish(b);
    const cf_parquet_write_options options = {.group_rows = 100};
    CHECK(write_rows(path, schema, table, &options));
    cf_column_release(table);
    cf_source *source = NULL;
    CHECK(cf_parquet_open(&path, 1, NULL, &source, NULL) == CF_OK);
    return source;
}

static bool matches(cf_source *source, uint32_t partition, const char *name, cf_compare compare,
                    double value) {
    const cf_bound bound = {.node = cf_type_field(source->schema, cf_str_of(name))->node,
                            .compare = compare,
                            .value = value};
    return source->class->may_match(source, partition, &bound, 1);
}

static void statistics_rule_out_row_groups(void) {
    cf_arena *a = cf_arena_new(4096);
    const char *path = file_named("numbers.parquet");
    cf_source *source = open_numbers(a, path);
    CHECK(source->partition_count == 3);
    CHECK(!matches(source, 0, "n", CF_CMP_GT, 99) && matches(source, 0, "n", CF_CMP_GE, 99));
    CHECK(!matches(source, 1, "n", CF_CMP_LT, 100) && matches(source, 1, "n", CF_CMP_LE, 100));
    CHECK(matches(source, 2, "n", CF_CMP_EQ, 250) && !matches(source, 2, "n", CF_CMP_EQ, 199));
    CHECK(!matches(source, 0, "none", CF_CMP_EQ, 1));
    cf_source_release(source);
    forget(path);
    cf_arena_free(a);
}

/* Floats of which no two are equal, but for those that are no numbers. */
static cf_column *different_floats(const cf_type *schema, int64_t rows) {
    cf_builder *b = cf_builder_new(schema);
    cf_builder *f = cf_builder_child(b, 0), *x = cf_builder_child(b, 1);
    cf_builder *element = cf_builder_child(x, 0);
    for (int64_t i = 0; i < rows; i++) {
        CHECK(cf_builder_float(f, i % 1000 == 7 ? (double)NAN : (double)i / 2.0 - 1000.0));
        for (int64_t k = i % 4; k > 0; k--)
            CHECK(i % 31 == 0 && k == 2 ? cf_builder_null(element)
                                        : cf_builder_float(element, (double)(3 * i + k)));
        CHECK(cf_builder_end_list(x) && cf_builder_end_tuple(b));
    }
    return cf_builder_finish(b);
}

/* Pages of such columns do not wait for the end of the row group. */
static void different_floats_are_read_back(void) {
    cf_arena *a = cf_arena_new(4096);
    cf_field columns[2];
    columns[0] = *field(a, "f", cf_type_of_kind(CF_FLOAT64), false);
    columns[1] = *field(a, "x", list_of(a, cf_type_of_kind(CF_FLOAT32), true), false);
    const cf_type *schema = cf_type_tuple(a, columns, 2);
    cf_column *table = different_floats(schema, 700000);
    const cf_parquet_write_options options = {.group_rows = 400000};
    const char *path = file_named("floats.parquet");
    CHECK(write_rows(path, schema, table, &options));
    CHECK(same_rows(path, table, 30011));
    cf_source *source = NULL;
    CHECK(cf_parquet_open(&path, 1, NULL, &source, NULL) == CF_OK);
    const uint32_t last = source->partition_count - 1;
    CHECK(!matches(source, 0, "f", CF_CMP_LT, -1000) &&
          matches(source, 0, "f", CF_CMP_LE, -1000));
    CHECK(!matches(source, 0, "f", CF_CMP_GT, 199000));
    CHECK(!matches(source, last, "f", CF_CMP_LT, 199000));
    CHECK(!matches(source, last, "f", CF_CMP_GE, 349000) &&
          matches(source, last, "f", CF_CMP_GE, 348999.5));
    cf_source_release(source);
    keep_text(path, schema, table);
    forget(path);
    cf_column_release(table);
    cf_arena_free(a);
}

static void units_and_documentation_travel(void) {
    cf_arena *a = cf_arena_new(4096);
    const char *path = file_named("notes.parquet");
    cf_source *source = open_numbers(a, path);
    const cf_field *n = cf_type_field(source->schema, CF_STR("n"));
    CHECK_STR(n->unit, "mm");
    CHECK_STR(n->doc, "the row's number");
    cf_source_release(source);
    forget(path);
    cf_arena_free(a);
}

static void several_files_are_one_relation(void) {
    cf_arena *a = cf_arena_new(4096);
    char one[512], two[512];
    (void)snprintf(one, sizeof one, "%s", file_named("part1.parquet"));
    (void)snprintf(two, sizeof two, "%s", file_named("part2.parquet"));
    cf_source_release(open_numbers(a, one));
    cf_source_release(open_numbers(a, two));
    const char *const paths[] = {one, two};
    cf_source *source = NULL;
    CHECK(cf_parquet_open(paths, 2, NULL, &source, NULL) == CF_OK);
    CHECK(source->rows == 600 && source->partition_count == 6);
    CHECK(source->partitions[5].file == 1 && source->partitions[5].first_row == 500);
    cf_source_release(source);
    forget(one);
    forget(two);
    cf_arena_free(a);
}

static void files_of_different_schema_do_not_mix(void) {
    cf_arena *a = cf_arena_new(4096);
    char one[512], two[512];
    (void)snprintf(one, sizeof one, "%s", file_named("mix1.parquet"));
    (void)snprintf(two, sizeof two, "%s", file_named("mix2.parquet"));
    cf_source_release(open_numbers(a, one));
    const cf_field other = *field(a, "m", cf_type_of_kind(CF_INT64), false);
    const cf_type *schema = cf_type_tuple(a, &other, 1);
    cf_column *table = sample_rows(schema, 5);
    CHECK(write_rows(two, schema, table, NULL));
    const char *const paths[] = {one, two};
    cf_source *source = NULL;
    cf_error err = {0};
    CHECK(cf_parquet_open(paths, 2, NULL, &source, &err) == CF_E_MISMATCH);
    CHECK(strstr(err.message, "`m`") != NULL || strstr(err.message, "`n`") != NULL);
    cf_column_release(table);
    forget(one);
    forget(two);
    cf_arena_free(a);
}

static void a_folder_that_is_not_there_is_an_error(void) {
    cf_arena *a = cf_arena_new(4096);
    const cf_field f = *field(a, "m", cf_type_of_kind(CF_INT64), false);
    cf_parquet_writer *w = NULL;
    cf_error err = {0};
    CHECK(cf_parquet_writer_open("/no/such/folder/x.parquet", cf_type_tuple(a, &f, 1), NULL, &w,
                                 &err) == CF_E_WRITE);
    CHECK(strstr(err.message, "/no/such/folder/x.parquet") != NULL);
    cf_arena_free(a);
}

static void an_abandoned_file_leaves_nothing(void) {
    cf_arena *a = cf_arena_new(4096);
    const cf_field f = *field(a, "m", cf_type_of_kind(CF_INT64), false);
    const char *path = file_named("abandoned.parquet");
    cf_parquet_writer *w = NULL;
    CHECK(cf_parquet_writer_open(path, cf_type_tuple(a, &f, 1), NULL, &w, NULL) == CF_OK);
    cf_parquet_writer_abandon(w);
    CHECK(access(path, F_OK) != 0);
    cf_arena_free(a);
}

/* Lists that claim to belong together but do not: flat columns with a counter. */
static void lists_of_different_length_are_reported(void) {
    cf_arena *a = cf_arena_new(4096);
    cf_field columns[3];
    columns[0] = *field(a, "nX", cf_type_of_kind(CF_INT64), false);
    columns[1] = *field(a, "X_a", list_of(a, cf_type_of_kind(CF_INT64), false), false);
    columns[2] = *field(a, "X_b", list_of(a, cf_type_of_kind(CF_INT64), false), false);
    const cf_type *schema = cf_type_tuple(a, columns, 3);
    cf_builder *b = cf_builder_new(schema);
    for (int i = 0; i < 10; i++) {
        CHECK(cf_builder_int(cf_builder_child(b, 0), 2));
        for (int k = 0; k < 2; k++) { /* the same number in all, but not row by row */
            for (int n = 0; n < (i == 4 + k ? 3 : 2); n++)
                CHECK(cf_builder_int(cf_builder_child(cf_builder_child(b, (uint32_t)k + 1), 0),
                                     n));
            CHECK(cf_builder_end_list(cf_builder_child(b, (uint32_t)k + 1)));
        }
        CHECK(cf_builder_end_tuple(b));
    }
    cf_column *table = cf_builder_finish(b);
    const char *path = file_named("uneven.parquet");
    CHECK(write_rows(path, schema, table, NULL));
    cf_source *source = NULL;
    cf_error err = {0};
    CHECK(cf_parquet_open(&path, 1, NULL, &source, &err) == CF_OK);
    const cf_field *x = cf_type_field(source->schema, CF_STR("X"));
    CHECK(x != NULL && x->type->kind == CF_LIST);
    if (x != NULL) {
        const cf_type *tuple = x->type->fields[0].type;
        cf_cursor *cursor = NULL;
        cf_array array;
        CHECK(cf_cursor_open(source, 0, NULL, 0, &cursor, &err) == CF_OK);
        CHECK(cf_cursor_read(cursor, tuple->fields[0].node, 0, 10, &array, &err) == CF_OK);
        CHECK(cf_cursor_read(cursor, tuple->fields[1].node, 0, 10, &array, &err) ==
              CF_E_MISMATCH);
        CHECK(strstr(err.message, "X_b") != NULL && strstr(err.message, "row 4") != NULL);
        cf_cursor_close(cursor, NULL);
    }
    cf_source_release(source);
    forget(path);
    cf_column_release(table);
    cf_arena_free(a);
}

int main(void) {
    if (mkdtemp(folder) == NULL) return 1;
    RUN(everything_is_read_back);
    RUN(row_groups_and_small_windows_make_no_difference);
    RUN(unpacked_files_work_too);
    RUN(no_rows_make_a_file);
    RUN(windows_cross_pages);
    RUN(old_pages_are_read_back);
    RUN(large_row_groups_make_several_partitions);
    RUN(statistics_rule_out_row_groups);
    RUN(different_floats_are_read_back);
    RUN(units_and_documentation_travel);
    RUN(several_files_are_one_relation);
    RUN(files_of_different_schema_do_not_mix);
    RUN(a_folder_that_is_not_there_is_an_error);
    RUN(an_abandoned_file_leaves_nothing);
    RUN(lists_of_different_length_are_reported);
    (void)rmdir(folder);
    return cf_test_failures == 0 ? 0 : 1;
}
