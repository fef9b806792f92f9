#include "column/arrow.h"
#include "sample.h"
#include "test.h"

#include <stdlib.h>

static cf_column *there_and_back(cf_column *c) {
    struct ArrowSchema schema;
    struct ArrowArray array;
    cf_column *back = NULL;
    cf_error err = {0};
    CHECK(cf_arrow_export(c, "c", &schema, &array, &err) == CF_OK);
    CHECK(cf_arrow_import(&schema, &array, &back, &err) == CF_OK);
    CHECK_STR(err.message, "");
    CHECK(schema.release == NULL && array.release == NULL);
    return back;
}

static void a_nested_table_comes_back_equal(void) {
    for (int64_t rows = 0; rows < 40; rows += 13) {
        cf_column *table = sample_table(0, rows), *back = there_and_back(table);
        CHECK(cf_column_equal(table, back));
        cf_column_release(table);
        cf_column_release(back);
    }
}

static void every_basic_kind_comes_back_with_its_nulls(void) {
    for (cf_kind kind = 0; kind < CF_LIST; kind++) {
        if (kind == CF_INDEX) continue; /* comes back as int32 */
        const cf_type type = {.kind = kind, .scale = kind == CF_DECIMAL ? 3 : 0};
        cf_builder *b = cf_builder_new(&type);
        for (int i = 0; i < 21; i++) {
            const cf_int128 wide = i - 7;
            if (kind == CF_NULL || i % 6 == 4)
                CHECK(cf_builder_null(b));
            else if (kind == CF_TEXT)
                CHECK(cf_builder_text(b, "abcdefgh", (size_t)(i % 5)));
            else if (kind == CF_DECIMAL)
                CHECK(cf_builder_run(b, &wide, NULL, 1));
            else if (cf_kind_is_float(kind))
                CHECK(cf_builder_float(b, i / 4.0));
            else
                CHECK(cf_builder_int(b, i % 3));
        }
        cf_column *c = cf_builder_finish(b), *back = there_and_back(c);
        CHECK(cf_column_equal(c, back));
        cf_column_release(c);
        cf_column_release(back);
    }
}

static void validity_and_bools_go_out_as_bits(void) {
    cf_builder *b = cf_builder_new(&cf_type_bool);
    for (int i = 0; i < 11; i++)
        CHECK(i == 9 ? cf_builder_null(b) : cf_builder_bool(b, i % 2 == 0));
    cf_column *c = cf_builder_finish(b);
    struct ArrowSchema schema;
    struct ArrowArray array;
    CHECK(cf_arrow_export(c, "flag", &schema, &array, NULL) == CF_OK);
    cf_column_release(c); /* the array keeps it */
    CHECK_STR(schema.format, "b");
    CHECK_STR(schema.name, "flag");
    CHECK((schema.flags & ARROW_FLAG_NULLABLE) != 0);
    CHECK(array.length == 11 && array.null_count == 1 && array.n_buffers == 2);
    const uint8_t *valid = array.buffers[0], *values = array.buffers[1];
    CHECK(valid[0] == 0xFF && valid[1] == 0x05);
    CHECK(values[0] == 0x55 && values[1] == 0x05);
    schema.release(&schema);
    array.release(&array);
}

static void a_child_moved_out_lives_on_alone(void) {
    cf_column *table = sample_table(0, 10);
    struct ArrowSchema schema;
    struct ArrowArray array;
    CHECK(cf_arrow_export(table, "", &schema, &array, NULL) == CF_OK);
    cf_column_release(table);
    struct ArrowArray moved = *array.children[0];
    struct ArrowSchema moved_schema = *schema.children[0];
    array.children[0]->release = NULL;
    schema.children[0]->release = NULL;
    array.release(&array);
    schema.release(&schema);
    cf_column *back = NULL;
    CHECK(cf_arrow_import(&moved_schema, &moved, &back, NULL) == CF_OK);
    CHECK(back->length == 10 && cf_column_int(back, 9) == 9);
    cf_column_release(back);
}

/* ---- arrays as another library would make them ---- */

static int released;

static void count_schema_release(struct ArrowSchema *schema) {
    schema->release = NULL;
    released++;
}

static void count_array_release(struct ArrowArray *array) {
    array->release = NULL;
    released++;
}

static struct ArrowSchema foreign_schema(const char *format, struct ArrowSchema **children,
                                         int64_t count) {
    return (struct ArrowSchema){.format = format,
                                .name = "x",
                                .flags = ARROW_FLAG_NULLABLE,
                                .n_children = count,
                                .children = children,
                                .release = count_schema_release};
}

static cf_status take(struct ArrowSchema *schema, struct ArrowArray *array, cf_column **column,
                      cf_error *err) {
    released = 0;
    const cf_status status = cf_arrow_import(schema, array, column, err);
    CHECK(released == 2);
    return status;
}

static void an_offset_and_junk_under_nulls_do_no_harm(void) {
    static const int32_t offsets[] = {0, 1, 3, 5, 6};
    static const double values[] = {9, 9, 9, 1, 2, 3, 4};
    static const uint8_t valid = 0x0D; /* of lists 0 .. 3 the second is null */
    const void *list_buffers[] = {&valid, offsets}, *value_buffers[] = {NULL, values};
    struct ArrowArray child = {
        .length = 6, .offset = 1, .n_buffers = 2, .buffers = value_buffers};
    struct ArrowArray *children[] = {&child};
    struct ArrowArray list = {.length = 3,
                              .offset = 1,
                              .null_count = -1,
                              .n_buffers = 2,
                              .buffers = list_buffers,
                              .n_children = 1,
                              .children = children,
                              .release = count_array_release};
    struct ArrowSchema value = foreign_schema("g", NULL, 0), *fields[] = {&value};
    struct ArrowSchema schema = foreign_schema("+l", fields, 1);
    cf_column *c = NULL;
    CHECK(take(&schema, &list, &c, NULL) == CF_OK);
    CHECK(c->length == 3 && cf_column_is_null(c, 0) && c->offsets[1] == 0);
    CHECK(c->offsets[2] == 2 && c->offsets[3] == 3);
    CHECK_NEAR(cf_column_float(c->children[0], 0), 2,
               0); /* element 3, behind the child's own offset */
    CHECK_NEAR(cf_column_float(c->children[0], 2), 4, 0);
    cf_column_release(c);
}

static void fixed_size_lists_of_a_table_with_offset_are_read(void) {
    static const int16_t values[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const void *value_buffers[] = {NULL, values}, *none[] = {NULL};
    struct ArrowArray child = {.length = 8, .n_buffers = 2, .buffers = value_buffers};
    struct ArrowArray *children[] = {&child};
    struct ArrowArray list = {.length = 3,
                              .offset = 1,
                              .n_buffers = 1,
                              .buffers = none,
                              .n_children = 1,
                              .children = children};
    struct ArrowArray *columns[] = {&list};
    struct ArrowArray table = {.length = 2,
                               .offset = 1,
                               .n_buffers = 1,
                               .buffers = none,
                               .n_children = 1,
                               .children = columns,
                               .release = count_array_release};
    struct ArrowSchema value = foreign_schema("s", NULL, 0), *elements[] = {&value};
    struct ArrowSchema lists = foreign_schema("+w:2", elements, 1), *fields[] = {&lists};
    struct ArrowSchema schema = foreign_schema("+s", fields, 1);
    cf_column *c = NULL;
    CHECK(take(&schema, &table, &c, NULL) == CF_OK);
    const cf_column *l = c->children[0];
    CHECK(c->length == 2 && l->type->fixed_length == 2 && l->offsets[2] == 4);
    for (int64_t i = 0; i < 4; i++)
        CHECK(cf_column_int(l->children[0], i) == 4 + i);
    cf_column_release(c);
}

static void every_unit_of_time_becomes_microseconds(void) {
    static const int64_t wide[] = {-1500, 2000};
    static const int32_t narrow[] = {-1500, 2000};
    static const struct {
        const char *format;
        cf_kind kind;
        const void *values;
        int64_t first, second;
    } cases[] = {{"tss:", CF_TIMESTAMP, wide, -1500000000, 2000000000},
                 {"tsm:Europe/Zurich", CF_TIMESTAMP, wide, -1500000, 2000000},
                 {"tsn:UTC", CF_TIMESTAMP, wide, -2, 2},
                 {"tdm", CF_DATE, wide, -1, 0},
                 {"tdD", CF_DATE, narrow, -1500, 2000},
                 {"ttm", CF_TIME, narrow, -1500000, 2000000},
                 {"tDn", CF_DURATION, wide, -2, 2}};
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        const void *buffers[] = {NULL, cases[i].values};
        struct ArrowArray array = {
            .length = 2, .n_buffers = 2, .buffers = buffers, .release = count_array_release};
        struct ArrowSchema schema = foreign_schema(cases[i].format, NULL, 0);
        cf_column *c = NULL;
        CHECK(take(&schema, &array, &c, NULL) == CF_OK);
        CHECK(c->type->kind == cases[i].kind);
        CHECK(cf_column_int(c, 0) == cases[i].first && cf_column_int(c, 1) == cases[i].second);
        cf_column_release(c);
    }
}

static void what_cannot_be_read_is_named(void) {
    static const char *const formats[] = {"z",       "vu", "+us:0,1", "d:50,2,256",
                                          "d:10,-2", "e",  "+w:x"};
    struct ArrowSchema value = foreign_schema("i", NULL, 0), *fields[] = {&value};
    for (size_t i = 0; i < CF_COUNT(formats); i++) {
        struct ArrowSchema schema = foreign_schema(formats[i], fields, formats[i][0] == '+');
        struct ArrowArray array = {.release = count_array_release};
        cf_column *c = NULL;
        cf_error err = {0};
        CHECK(take(&schema, &array, &c, &err) == CF_E_UNSUPPORTED && c == NULL);
        CHECK(strstr(err.message, formats[i]) != NULL && strstr(err.message, "`x`") != NULL);
    }
}

static void arrays_that_contradict_themselves_are_refused(void) {
    static const int32_t backwards[] = {0, 3, 2}, beyond[] = {0, 1, 9};
    static const int32_t *const bad[] = {backwards, beyond};
    static const double values[] = {1, 2, 3};
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        const void *list_buffers[] = {NULL, bad[i]}, *value_buffers[] = {NULL, values};
        struct ArrowArray child = {.length = 3, .n_buffers = 2, .buffers = value_buffers};
        struct ArrowArray *children[] = {&child};
        struct ArrowArray list = {.length = 2,
                                  .n_buffers = 2,
                                  .buffers = list_buffers,
                                  .n_children = 1,
                                  .children = children,
                                  .release = count_array_release};
        struct ArrowSchema value = foreign_schema("g", NULL, 0), *fields[] = {&value};
        struct ArrowSchema schema = foreign_schema("+l", fields, 1);
        cf_column *c = NULL;
        cf_error err = {0};
        CHECK(take(&schema, &list, &c, &err) == CF_E_FORMAT && c == NULL);
        CHECK_STR(err.message, "column `x`: bad offsets of row 1");
    }
}

int main(void) {
    RUN(a_nested_table_comes_back_equal);
    RUN(every_basic_kind_comes_back_with_its_nulls);
    RUN(validity_and_bools_go_out_as_bits);
    RUN(a_child_moved_out_lives_on_alone);
    RUN(an_offset_and_junk_under_nulls_do_no_harm);
    RUN(fixed_size_lists_of_a_table_with_offset_are_read);
    RUN(every_unit_of_time_becomes_microseconds);
    RUN(what_cannot_be_read_is_named);
    RUN(arrays_that_contradict_themselves_are_refused);
    return cf_test_failures != 0;
}
