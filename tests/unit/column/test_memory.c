#include "column/scan.h"
#include "sample.h"
#include "test.h"

/* The sample's nodes, depth first. */
enum { EVENT, NAME, MET, JETS, JET, PT, TAGS, TAG, NODES };
static const int32_t all_nodes[] = {EVENT, NAME, MET, JETS, JET, PT, TAGS, TAG};

static cf_source *open_sample(int64_t rows) {
    cf_column *table = sample_table(0, rows);
    cf_source *source = NULL;
    CHECK(cf_source_of_table(table, "sample", &source, NULL) == CF_OK);
    cf_column_release(table); /* the source keeps it */
    return source;
}

static cf_array read(cf_cursor *cursor, int32_t node, int64_t begin, int64_t end) {
    cf_array array;
    cf_error err = {0};
    CHECK(cf_cursor_read(cursor, node, begin, end, &array, &err) == CF_OK);
    CHECK_STR(err.message, "");
    return array;
}

static void nodes_are_numbered_depth_first(void) {
    cf_source *s = open_sample(10);
    CHECK(s->node_count == NODES && s->rows == 10 && s->partition_count == 1);
    CHECK_STR(s->format, "memory");
    CHECK_STR(s->where, "sample");
    const cf_field *jets = cf_type_field(s->schema, CF_STR("jets"));
    CHECK(s->schema->fields[0].node == EVENT && s->schema->fields[2].node == MET);
    CHECK(jets->node == JETS && jets->nullable && !s->schema->fields[0].nullable);
    const cf_field *jet = &jets->type->fields[0];
    CHECK(jet->node == JET && jet->type->fields[0].node == PT &&
          jet->type->fields[1].node == TAGS);
    CHECK(jet->type->fields[1].type->fields[0].node == TAG);
    cf_source_release(s);
}

/* Checks one read of rows [begin, end) that start at row `first` of the sample. */
static void check_range(cf_cursor *cursor, int64_t first, int64_t begin, int64_t end) {
    const size_t rows = (size_t)(end - begin);
    const cf_array event = read(cursor, EVENT, begin, end),
                   name = read(cursor, NAME, begin, end), jets = read(cursor, JETS, begin, end),
                   jet = read(cursor, JET, begin, end), pt = read(cursor, PT, begin, end),
                   tags = read(cursor, TAGS, begin, end), tag = read(cursor, TAG, begin, end);
    CHECK(event.count == rows && name.count == rows && jets.count == rows);
    const int32_t *jet_at = jets.values, *tag_at = tags.values;
    CHECK(jet_at[0] == 0 && tag_at[0] == 0);
    CHECK((size_t)jet_at[rows] == pt.count && pt.count == jet.count && tags.count == pt.count);
    CHECK((size_t)tag_at[tags.count] == tag.count);
    for (size_t row = 0; row < rows; row++) {
        const int64_t i = first + begin + (int64_t)row;
        CHECK(((const int64_t *)event.values)[row] == i);
        CHECK((name.valid[row] == 0) == (i % 5 == 3));
        CHECK((jets.valid[row] == 0) == (i % 7 == 6));
        for (int32_t k = jet_at[row]; k < jet_at[row + 1]; k++) {
            const int32_t j = k - jet_at[row];
            CHECK_NEAR(((const double *)pt.values)[k], (double)(10 * i + j), 0);
            CHECK(tag_at[k + 1] - tag_at[k] == j);
            char want[64];
            (void)snprintf(want, sizeof want, "%lld.%d.0", (long long)i, j);
            const cf_view got = j == 0 ? (cf_view){want, strlen(want)}
                                       : ((const cf_view *)tag.values)[tag_at[k]];
            CHECK(got.size == strlen(want) && memcmp(got.data, want, got.size) == 0);
        }
    }
}

static void any_range_of_rows_reads_as_the_table_has_it(void) {
    cf_source *s = open_sample(200);
    cf_cursor *cursor = NULL;
    CHECK(cf_cursor_open(s, 0, all_nodes, NODES, &cursor, NULL) == CF_OK);
    cf_source_release(s); /* the cursor keeps it */
    for (int64_t begin = 0; begin <= 200; begin += 11)
        for (int64_t end = begin; end <= 200; end += 17)
            check_range(cursor, 0, begin, end);
    cf_cursor_close(cursor, NULL);
}

static void a_long_table_has_several_partitions(void) {
    const int64_t rows = 2 * 65536 + 10;
    cf_source *s = open_sample(rows);
    CHECK(s->partition_count == 3 && s->partitions[2].rows == 10);
    CHECK(s->partitions[1].first_row == 65536 && s->partitions[1].rows == 65536);
    for (uint32_t p = 0; p < 3; p++) {
        cf_cursor *cursor = NULL;
        CHECK(cf_cursor_open(s, p, all_nodes, NODES, &cursor, NULL) == CF_OK);
        check_range(cursor, s->partitions[p].first_row, 0, 10);
        check_range(cursor, s->partitions[p].first_row, s->partitions[p].rows - 9,
                    s->partitions[p].rows);
        cf_io_stats stats = {0};
        cf_cursor_close(cursor, &stats);
        CHECK(stats.bytes_read == 0);
    }
    cf_source_release(s);
}

static void an_empty_table_has_no_partitions(void) {
    cf_source *s = open_sample(0);
    CHECK(s->rows == 0 && s->partition_count == 0 && s->node_count == NODES);
    cf_source_release(s);
}

static void the_schema_hash_depends_on_names_and_kinds_and_not_on_rows(void) {
    cf_source *a = open_sample(100), *b = open_sample(50);
    CHECK(cf_source_schema_hash(a) == cf_source_schema_hash(b));
    cf_arena *arena = cf_arena_new(1024);
    cf_type *changed = CF_NEW(arena, cf_type);
    *changed = *a->schema;
    cf_field *fields = CF_NEWS(arena, cf_field, changed->field_count);
    memcpy(fields, a->schema->fields, sizeof *fields * changed->field_count);
    changed->fields = fields;
    cf_source copy = {.schema = changed};
    CHECK(cf_source_schema_hash(&copy) == cf_source_schema_hash(a));
    fields[2].type = &cf_type_float;
    CHECK(cf_source_schema_hash(&copy) != cf_source_schema_hash(a));
    fields[2].type = a->schema->fields[2].type;
    fields[2].name = "MET";
    CHECK(cf_source_schema_hash(&copy) != cf_source_schema_hash(a));
    cf_arena_free(arena);
    cf_source_release(a);
    cf_source_release(b);
}

int main(void) {
    RUN(nodes_are_numbered_depth_first);
    RUN(any_range_of_rows_reads_as_the_table_has_it);
    RUN(a_long_table_has_several_partitions);
    RUN(an_empty_table_has_no_partitions);
    RUN(the_schema_hash_depends_on_names_and_kinds_and_not_on_rows);
    return cf_test_failures != 0;
}
