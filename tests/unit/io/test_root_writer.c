/* What is written as a tree is read back equal by our own reader (tests/py/test_writers.py asks
 * others), in every packing and over many baskets; what cannot be stored is refused by name;
 * a file that cannot be finished leaves nothing behind. */

#include "io/json.h"
#include "io/root_writer.h"
#include "source_text.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[] = "/tmp/cutflow-root-XXXXXX";

static const char *file_named(const char *name) {
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int files_there(void) {
    int n = 0;
    DIR *dir = opendir(folder);
    for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
        n += e->d_name[0] != '.';
    if (dir != NULL) (void)closedir(dir);
    return n;
}

/* Rows from JSON text. */
static cf_table *table_of(const char *json) {
    cf_storage *storage = storage_of("rows.json", json);
    cf_source *source = NULL;
    cf_table *table = NULL;
    CHECK(cf_json_open_storage(storage, &source, NULL) == CF_OK);
    CHECK(cf_rows_read_all(source, &table, NULL) == CF_OK);
    cf_source_release(source);
    cf_storage_close(storage);
    return table;
}

static cf_status save(const cf_table *table, const char *path,
                      const cf_root_write_options *options, int times, cf_error *err) {
    cf_root_writer *w = NULL;
    CF_TRY(cf_root_writer_open(path, table->type, options, &w, err));
    for (int i = 0; i < times; i++) {
        const cf_status status = cf_root_writer_add(w, table, err);
        if (status == CF_OK) continue;
        cf_root_writer_abandon(w);
        return status;
    }
    return cf_root_writer_finish(w, NULL, err);
}

static char *read_back(const char *path) {
    cf_source *source = NULL;
    cf_error err = {.status = CF_OK};
    if (cf_open(path, NULL, &source, &err) == CF_OK) return text_of_source(source);
    printf("%s\n", err.message);
    cf_test_failures++;
    return calloc(1, 1);
}

/* What is read back of some JSON, with its types. */
static void check_rows(const char *json, const cf_root_write_options *options,
                       const char *expected) {
    const char *path = file_named("rows.root");
    cf_error err = {.status = CF_OK};
    cf_table *table = table_of(json);
    CHECK(save(table, path, options, 1, &err) == CF_OK);
    CHECK_STR(err.message, "");
    char *got = read_back(path);
    CHECK_STR(got, expected);
    free(got);
    cf_column_release(table);
    CHECK(unlink(path) == 0);
}

static void check_refused(const char *json, const cf_root_write_options *options,
                          const char *message) {
    cf_error err = {.status = CF_OK};
    cf_table *table = table_of(json);
    CHECK(save(table, file_named("rows.root"), options, 1, &err) != CF_OK);
    CHECK_STR(err.message, message);
    CHECK(files_there() == 0);
    cf_column_release(table);
}

/* --- shapes --- */

static void numbers_and_texts_come_back(void) {
    check_rows("{\"i\": 1, \"x\": 1.5, \"b\": true, \"t\": \"one\"}\n"
               "{\"i\": -2, \"x\": null, \"b\": false, \"t\": \"\"}",
               NULL,
               "{i = int, x = float, b = bool, t = text}\n"
               "{\"i\": 1, \"x\": 1.5, \"b\": true, \"t\": \"one\"}\n"
               "{\"i\": -2, \"x\": \"nan\", \"b\": false, \"t\": \"\"}\n");
}

static void a_long_text_comes_back(void) {
    char json[700] = "{\"t\": \"", expected[900] = "{t = text}\n";
    for (int i = 0; i < 60; i++)
        (void)strncat(json, "0123456789", sizeof json - strlen(json) - 1);
    (void)strncat(json, "\"}", sizeof json - strlen(json) - 1);
    (void)strncat(expected, json, sizeof expected - strlen(expected) - 2);
    (void)strncat(expected, "\n", 2);
    check_rows(json, NULL, expected);
}

static void lists_of_tuples_keep_their_grouping(void) {
    check_rows(
        "{\"M\": [{\"pt\": 1.5, \"q\": 1}, {\"pt\": 2.5, \"q\": -1}], \"n\": 7}\n"
        "{\"M\": [], \"n\": 8}",
        NULL,
        "{nM = int32, M = [{pt = float, q = int}], n = int}\n"
        "{\"nM\": 2, \"M\": [{\"pt\": 1.5, \"q\": 1}, {\"pt\": 2.5, \"q\": -1}], \"n\": 7}\n"
        "{\"nM\": 0, \"M\": [], \"n\": 8}\n");
}

static void tuples_come_back_whatever_is_in_them(void) {
    static const char row[] = "{\"MET\": {\"pt\": 1.5, \"phi\": 2.5}, \"in\": {\"side\": "
                              "{\"x\": 1, \"y\": 2}, \"z\": 3}, "
                              "\"a_b\": {\"x\": 1, \"y\": 2}, \"one\": {\"f\": 3}}\n";
    char expected[600];
    (void)snprintf(
        expected, sizeof expected,
        "{MET = {pt = float, phi = float}, in = {side = {x = int, y = int}, z = int}, "
        "a_b = {x = int, y = int}, one = {f = int}}\n%s",
        row);
    check_rows(row, NULL, expected);
}

static void lists_in_lists_are_vectors(void) {
    static const char rows[] =
        "{\"vv\": [[1.5, 2.5], []], \"ts\": [\"a\", \"bc\"], \"vvv\": [[[1], []]]}\n"
        "{\"vv\": [], \"ts\": [], \"vvv\": []}\n";
    char expected[400];
    (void)snprintf(expected, sizeof expected,
                   "{vv = [[float]], ts = [text], vvv = [[[int]]]}\n%s", rows);
    check_rows(rows, NULL, expected);
}

static void a_clones_array_comes_back(void) {
    const cf_root_write_options delphes = {.layout = "delphes", .tree = "Delphes"};
    check_rows("{\"Jet\": [{\"PT\": 1.5, \"BTag\": 1}], \"Muon\": [], \"w\": 0.5, \"l\": [1]}\n"
               "{\"Jet\": [], \"Muon\": [{\"PT\": 2.5}, {\"PT\": 1.5}], \"w\": 1.5, \"l\": []}",
               &delphes,
               "{Jet = [{PT = float, BTag = int}], Jet_size = int32, Muon = [{PT = float}], "
               "Muon_size = int32, w = float, l_size = int32, l = [int]}\n"
               "{\"Jet\": [{\"PT\": 1.5, \"BTag\": 1}], \"Jet_size\": 1, \"Muon\": [], "
               "\"Muon_size\": 0, \"w\": 0.5, \"l_size\": 1, \"l\": [1]}\n"
               "{\"Jet\": [], \"Jet_size\": 0, \"Muon\": [{\"PT\": 2.5}, {\"PT\": 1.5}], "
               "\"Muon_size\": 2, \"w\": 1.5, \"l_size\": 0, \"l\": []}\n");
}

/* --- kinds and sizes --- */

static const cf_type *every_kind(cf_arena *a) {
    static const cf_kind kinds[] = {CF_BOOL,   CF_INT8,    CF_INT16,  CF_INT32,
                                    CF_INT64,  CF_UINT8,   CF_UINT16, CF_UINT32,
                                    CF_UINT64, CF_FLOAT32, CF_FLOAT64};
    cf_field fields[CF_COUNT(kinds) + 3], inner[CF_COUNT(kinds)];
    uint32_t n = 0;
    for (; n < CF_COUNT(kinds); n++) {
        inner[n] = (cf_field){
            .name = cf_kind_word(kinds[n]), .type = cf_type_of_kind(kinds[n]), .node = -1};
        fields[n] = inner[n];
    }
    cf_type *three = CF_NEW(a, cf_type);
    *three = *cf_type_list(a, cf_type_of_kind(CF_INT16));
    three->fixed_length = 3;
    const cf_type *list = cf_type_list(a, cf_type_tuple(a, inner, n));
    fields[n++] = (cf_field){.name = "three", .type = three, .node = -1};
    fields[n++] = (cf_field){.name = "X", .type = list, .node = -1};
    fields[n++] = (cf_field){.name = "t", .type = &cf_type_text, .node = -1};
    return cf_type_tuple(a, fields, n);
}

static void put(cf_builder *b, const cf_type *type, uint64_t seed) {
    const uint64_t bits = cf_hash_u64(seed, 1);
    const float narrow = (float)(bits % 1000) / 8;
    const double wide = (double)(bits % 100000) / 16;
    uint8_t raw[8];
    memcpy(raw, &bits, sizeof raw);
    switch (type->kind) {
    case CF_BOOL: raw[0] &= 1; break;
    case CF_FLOAT32: memcpy(raw, &narrow, sizeof narrow); break;
    case CF_FLOAT64: memcpy(raw, &wide, sizeof wide); break;
    default: break;
    }
    if (type->kind == CF_TEXT) {
        CHECK(cf_builder_text(b, "some text", bits % 10));
    } else if (type->kind == CF_TUPLE) {
        for (uint32_t i = 0; i < type->field_count; i++)
            put(cf_builder_child(b, i), type->fields[i].type, seed * 31 + i);
        CHECK(cf_builder_end_tuple(b));
    } else if (type->kind == CF_LIST) {
        const uint64_t count = type->fixed_length > 0 ? type->fixed_length : bits % 5;
        for (uint64_t i = 0; i < count; i++)
            put(cf_builder_child(b, 0), type->fields[0].type, seed * 37 + i);
        CHECK(cf_builder_end_list(b));
    } else {
        CHECK(cf_builder_run(b, raw, NULL, 1));
    }
}

static cf_table *many_rows(cf_arena *a, int64_t rows) {
    cf_builder *b = cf_builder_new(every_kind(a));
    for (int64_t i = 0; i < rows; i++)
        put(b, every_kind(a), (uint64_t)i);
    return cf_builder_finish(b);
}

/* Columns of the file by name, as the rows that were written have them. */
static void compare(const cf_table *wrote, const cf_table *read) {
    for (uint32_t i = 0; i < wrote->child_count; i++) {
        const char *name = wrote->type->fields[i].name;
        const cf_field *f = cf_type_field(read->type, cf_str_of(name));
        CHECK(f != NULL);
        if (f == NULL) continue;
        const cf_column *got = read->children[f - read->type->fields];
        if (cf_column_equal(wrote->children[i], got)) continue;
        printf("column %s differs\n", name);
        cf_test_failures++;
    }
}

static void every_kind_comes_back_in_every_packing(void) {
    static const char *const packings[] = {"zstd", "lz4", "zlib", "none", NULL};
    cf_arena *a = cf_arena_new(4096);
    cf_table *table = many_rows(a, 700);
    for (size_t i = 0; i < CF_COUNT(packings); i++) {
        const cf_root_write_options options = {.compression = packings[i]};
        const char *path = file_named("kinds.root");
        cf_source *source = NULL;
        cf_table *read = NULL;
        CHECK(save(table, path, &options, 1, NULL) == CF_OK);
        CHECK(cf_open(path, NULL, &source, NULL) == CF_OK);
        CHECK(cf_rows_read_all(source, &read, NULL) == CF_OK);
        CHECK(read->length == 700);
        compare(table, read);
        cf_column_release(read);
        cf_source_release(source);
        CHECK(unlink(path) == 0);
    }
    cf_column_release(table);
    cf_arena_free(a);
}

/* Enough for several baskets a branch and several clusters. */
static void many_baskets_come_back(void) {
    enum { ROWS = 1000, TIMES = 250 };
    cf_arena *a = cf_arena_new(4096);
    cf_table *table = many_rows(a, ROWS);
    const cf_root_write_options options = {.compression = "lz4"};
    const char *path = file_named("many.root");
    cf_source *source = NULL;
    cf_table *read = NULL;
    CHECK(save(table, path, &options, TIMES, NULL) == CF_OK);
    CHECK(cf_open(path, NULL, &source, NULL) == CF_OK);
    CHECK(source->rows == ROWS * TIMES);
    CHECK(source->partition_count > 1);
    CHECK(cf_rows_read_all(source, &read, NULL) == CF_OK);
    for (int64_t i = 0; i < TIMES; i += 83) {
        cf_column *part = cf_column_slice(read, i * ROWS, (i + 1) * ROWS);
        compare(table, part);
        cf_column_release(part);
    }
    cf_column_release(read);
    cf_source_release(source);
    cf_column_release(table);
    cf_arena_free(a);
    CHECK(unlink(path) == 0);
}

static void no_rows_make_a_tree_all_the_same(void) {
    cf_arena *a = cf_arena_new(4096);
    cf_table *table = many_rows(a, 0);
    CHECK(save(table, file_named("none.root"), NULL, 1, NULL) == CF_OK);
    cf_source *source = NULL;
    CHECK(cf_open(file_named("none.root"), NULL, &source, NULL) == CF_OK);
    CHECK(source->rows == 0);
    CHECK(cf_type_field(source->schema, CF_STR("X")) != NULL);
    cf_source_release(source);
    cf_column_release(table);
    cf_arena_free(a);
    CHECK(unlink(file_named("none.root")) == 0);
}

/* Unit and meaning go with the column. */
static void titles_hold_what_is_known_of_a_column(void) {
    cf_arena *a = cf_arena_new(4096);
    const cf_field fields[] = {
        {.name = "pt", .type = &cf_type_float, .node = -1, .unit = "GeV", .doc = "of the pair"},
        {.name = "m", .type = &cf_type_float, .node = -1, .unit = "GeV"},
        {.name = "n", .type = &cf_type_int, .node = -1}};
    cf_builder *b = cf_builder_new(cf_type_tuple(a, fields, 3));
    cf_table *table = cf_builder_finish(b);
    cf_root_writer *w = NULL;
    CHECK(cf_root_writer_open(file_named("t.root"), cf_type_tuple(a, fields, 3), NULL, &w,
                              NULL) == CF_OK);
    CHECK(cf_root_writer_finish(w, NULL, NULL) == CF_OK);
    cf_source *source = NULL;
    CHECK(cf_open(file_named("t.root"), NULL, &source, NULL) == CF_OK);
    CHECK_STR(source->schema->fields[0].doc, "of the pair");
    CHECK_STR(source->schema->fields[0].unit, "GeV");
    CHECK_STR(source->schema->fields[1].unit, "GeV");
    CHECK(source->schema->fields[1].doc == NULL);
    CHECK(source->schema->fields[2].doc == NULL);
    cf_source_release(source);
    cf_column_release(table);
    cf_arena_free(a);
    CHECK(unlink(file_named("t.root")) == 0);
}

/* --- what is refused --- */

static void nulls_are_refused_by_column_and_row(void) {
    check_refused("{\"a\": 1}\n{\"a\": 2}\n{\"a\": null}", NULL,
                  "column `a` is null in row 2, which a ROOT tree cannot hold");
    check_refused("{\"X\": [{\"q\": 1}]}\n{\"X\": [{\"q\": 2}, {\"q\": null}]}", NULL,
                  "column `X.q` is null in row 1, which a ROOT tree cannot hold");
    check_refused("{\"l\": [1]}\n{\"l\": null}", NULL,
                  "column `l` is null in row 1, which a ROOT tree cannot hold");
}

static void a_counter_must_say_what_the_list_says(void) {
    check_rows(
        "{\"nX\": 1, \"X\": [{\"a\": 1, \"b\": 2}]}", NULL,
        "{nX = int32, X = [{a = int, b = int}]}\n{\"nX\": 1, \"X\": [{\"a\": 1, \"b\": 2}]}\n");
    check_refused("{\"nX\": 1, \"X\": [{\"a\": 1}]}\n{\"nX\": 3, \"X\": [{\"a\": 1}]}", NULL,
                  "`nX` is 3 in row 1, where the list that it counts has 1 elements");
}

static void other_things_are_refused(void) {
    const cf_root_write_options lzma = {.compression = "lzma"}, wide = {.layout = "wide"},
                                inside = {.tree = "dir/tree"}, delphes = {.layout = "delphes"};
    check_refused("{\"a_b\": 1, \"a\": {\"b\": 2, \"c\": 3}}", NULL,
                  "columns `a_b` and `a.b` would both be the branch `a_b`");
    check_refused(
        "{\"l\": [[{\"a\": 1}]]}", NULL,
        "column `l` cannot be stored in a ROOT tree: in lists of lists it holds numbers "
        "and texts only");
    check_refused(
        "{\"X\": [{\"t\": \"a\"}]}", &delphes,
        "column `X.t` cannot be stored in a ROOT tree: in the Delphes layout the fields "
        "of a list are numbers");
    check_refused("{\"a\": 1}", &lzma, "compression is zstd, lz4, zlib or none, not `lzma`");
    check_refused("{\"a\": 1}", &wide, "layout is flat or delphes, not `wide`");
    check_refused("{\"a\": 1}", &inside,
                  "`dir/tree` cannot be the name of a tree: folders cannot be written");
}

/* --- files that do not come to be --- */

static void an_abandoned_file_leaves_nothing(void) {
    cf_table *table = table_of("{\"a\": 1}");
    cf_root_writer *w = NULL;
    CHECK(cf_root_writer_open(file_named("a.root"), table->type, NULL, &w, NULL) == CF_OK);
    CHECK(cf_root_writer_add(w, table, NULL) == CF_OK);
    CHECK(files_there() == 1);
    cf_root_writer_abandon(w);
    CHECK(files_there() == 0);
    cf_column_release(table);
}

/* Nothing that packing could make smaller. */
static cf_table *random_rows(cf_arena *a, uint64_t rows) {
    const cf_field field = {.name = "x", .type = &cf_type_int, .node = -1};
    cf_builder *b = cf_builder_new(cf_type_tuple(a, &field, 1));
    for (uint64_t i = 0; i < rows; i++) {
        CHECK(cf_builder_int(cf_builder_child(b, 0), (int64_t)(cf_hash_u64(i, 3) >> 1)));
        CHECK(cf_builder_end_tuple(b));
    }
    return cf_builder_finish(b);
}

/* As on a full disk: in every format the error names the file, and nothing is left. */
static void a_full_disk_leaves_nothing(void) {
    static const char *const names[] = {"f.root", "f.parquet", "f.tfrecord", "f.csv"};
    const struct rlimit little = {100000, RLIM_INFINITY};
    struct rlimit before;
    cf_arena *a = cf_arena_new(4096);
    cf_table *table = random_rows(a, 20000);
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0 && setrlimit(RLIMIT_FSIZE, &little) == 0);
    for (size_t i = 0; i < CF_COUNT(names); i++) {
        cf_writer *w = NULL;
        cf_error err = {.status = CF_OK};
        cf_status status = CF_OK;
        CHECK(cf_writer_open(file_named(names[i]), NULL, table->type, &w, &err) == CF_OK);
        for (int k = 0; k < 10 && status == CF_OK; k++)
            status = cf_writer_add(w, table, &err);
        if (status == CF_OK)
            status = cf_writer_finish(w, NULL, &err);
        else
            cf_writer_abandon(w);
        CHECK(status == CF_E_WRITE);
        CHECK(strstr(err.message, names[i]) != NULL &&
              strstr(err.message, "too large") != NULL);
        CHECK(files_there() == 0);
    }
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    cf_column_release(table);
    cf_arena_free(a);
}

int main(void) {
    if (mkdtemp(folder) == NULL) return 1;
    RUN(numbers_and_texts_come_back);
    RUN(a_long_text_comes_back);
    RUN(lists_of_tuples_keep_their_grouping);
    RUN(tuples_come_back_whatever_is_in_them);
    RUN(lists_in_lists_are_vectors);
    RUN(a_clones_array_comes_back);
    RUN(every_kind_comes_back_in_every_packing);
    RUN(many_baskets_come_back);
    RUN(no_rows_make_a_tree_all_the_same);
    RUN(titles_hold_what_is_known_of_a_column);
    RUN(nulls_are_refused_by_column_and_row);
    RUN(a_counter_must_say_what_the_list_says);
    RUN(other_things_are_refused);
    RUN(an_abandoned_file_leaves_nothing);
    RUN(a_full_disk_leaves_nothing);
    (void)rmdir(folder);
    return cf_test_failures != 0;
}
