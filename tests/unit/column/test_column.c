#include "column/column.h"
#include "sample.h"
#include "test.h"

#include <stdlib.h>

static void a_nested_builder_gives_back_what_it_was_given(void) {
    cf_column *t = sample_table(0, 100);
    CHECK(t->length == 100 && t->child_count == 4 && t->valid == NULL);
    const cf_column *name = t->children[1], *jets = t->children[3], *jet = jets->children[0];
    for (int64_t i = 0; i < 100; i++) {
        CHECK(cf_column_int(t->children[0], i) == i);
        CHECK(cf_column_is_null(name, i) == (i % 5 == 3));
        CHECK_NEAR(cf_column_float(t->children[2], i), (double)i / 2, 0);
        CHECK(cf_column_is_null(jets, i) == (i % 7 == 6));
        const int64_t count = jets->offsets[i + 1] - jets->offsets[i];
        CHECK(count == (i % 7 == 6 ? 0 : i % 4));
        for (int64_t j = 0; j < count; j++) {
            const int64_t at = jets->offsets[i] + j;
            CHECK_NEAR(cf_column_float(jet->children[0], at), (double)(10 * i + j), 0);
            const cf_column *tags = jet->children[1];
            CHECK(tags->offsets[at + 1] - tags->offsets[at] == j);
        }
    }
    const cf_view text = cf_column_text(name, 12);
    CHECK(text.size == 8 && memcmp(text.data, "event 12", 8) == 0);
    CHECK(cf_column_text(name, 3).size == 0);
    CHECK(cf_type_field(t->type, CF_STR("name"))->nullable);
    CHECK(!cf_type_field(t->type, CF_STR("met"))->nullable);
    cf_column_release(t);
}

static void a_null_tuple_has_null_fields(void) {
    cf_arena *arena = cf_arena_new(256);
    const cf_field fields[] = {{.name = "x", .type = &cf_type_float},
                               {.name = "l", .type = cf_type_list(arena, &cf_type_int)}};
    cf_builder *b = cf_builder_new(cf_type_tuple(arena, fields, 2));
    CHECK(cf_builder_null(b));
    CHECK(cf_builder_float(cf_builder_child(b, 0), 2));
    CHECK(cf_builder_end_list(cf_builder_child(b, 1)));
    CHECK(cf_builder_end_tuple(b));
    CHECK(cf_builder_length(b) == 2);
    cf_column *c = cf_builder_finish(b);
    CHECK(cf_column_is_null(c, 0) && !cf_column_is_null(c, 1));
    CHECK(cf_column_is_null(c->children[0], 0) && cf_column_is_null(c->children[1], 0));
    CHECK_NEAR(cf_column_float(c->children[0], 0), 0, 0);
    CHECK_NEAR(cf_column_float(c->children[0], 1), 2, 0);
    cf_column_release(c);
    cf_arena_free(arena);
}

static void an_empty_builder_gives_an_empty_column(void) {
    cf_column *t = sample_table(0, 0);
    CHECK(t->length == 0 && t->children[3]->offsets[0] == 0);
    CHECK(t->children[3]->children[0]->length == 0);
    cf_column *joined = cf_column_concat((cf_column *[]){t, t}, 2);
    CHECK(cf_column_equal(t, joined));
    cf_column_release(joined);
    cf_column_release(t);
}

static void every_integer_kind_keeps_its_extremes(void) {
    static const struct {
        cf_kind kind;
        int64_t low, high;
    } cases[] = {{CF_INT8, INT8_MIN, INT8_MAX},
                 {CF_INT16, INT16_MIN, INT16_MAX},
                 {CF_INT32, INT32_MIN, INT32_MAX},
                 {CF_INT64, INT64_MIN, INT64_MAX},
                 {CF_UINT8, 0, UINT8_MAX},
                 {CF_UINT16, 0, UINT16_MAX},
                 {CF_UINT32, 0, UINT32_MAX},
                 {CF_UINT64, 0, -1},
                 {CF_BOOL, 0, 1},
                 {CF_TIMESTAMP, INT64_MIN, INT64_MAX},
                 {CF_INDEX, -1, INT32_MAX}};
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_builder *b = cf_builder_new(cf_type_of_kind(cases[i].kind));
        CHECK(cf_builder_int(b, cases[i].low) && cf_builder_int(b, cases[i].high));
        CHECK(cf_builder_null(b));
        cf_column *c = cf_builder_finish(b);
        CHECK(cf_column_int(c, 0) == cases[i].low && cf_column_int(c, 1) == cases[i].high);
        CHECK(cf_column_int(c, 2) == 0 && cf_column_is_null(c, 2));
        cf_column_release(c);
    }
}

static void an_unsigned_maximum_is_a_large_float(void) {
    cf_builder *b = cf_builder_new(cf_type_of_kind(CF_UINT64));
    CHECK(cf_builder_int(b, -1));
    cf_column *c = cf_builder_finish(b);
    CHECK_NEAR(cf_column_float(c, 0), 18446744073709551615.0, 0);
    cf_column_release(c);
}

static void decimals_come_in_runs(void) {
    const cf_type cents = {.kind = CF_DECIMAL, .scale = 2};
    const cf_int128 values[] = {199, -5, 0, (cf_int128)1 << 100};
    static const uint8_t valid[] = {1, 1, 0, 1};
    cf_builder *b = cf_builder_new(&cents);
    CHECK(cf_builder_run(b, values, valid, 4));
    cf_column *c = cf_builder_finish(b);
    CHECK_NEAR(cf_column_float(c, 0), 1.99, 0);
    CHECK_NEAR(cf_column_float(c, 1), -0.05, 0);
    CHECK(cf_column_is_null(c, 2));
    CHECK_NEAR(cf_column_float(c, 3), 0x1p100 / 100, 1e14);
    cf_column_release(c);
}

static void runs_clear_what_lies_under_nulls(void) {
    static const double values[] = {1, 2, 3};
    static const uint8_t valid[] = {1, 0, 1};
    cf_builder *b = cf_builder_new(&cf_type_float);
    CHECK(cf_builder_run(b, values, NULL, 3));
    CHECK(cf_builder_run(b, values, valid, 3));
    CHECK(cf_builder_run(b, values, NULL, 3));
    CHECK(cf_builder_run(b, NULL, NULL, 0));
    cf_column *c = cf_builder_finish(b);
    CHECK(c->length == 9);
    for (int64_t i = 0; i < 9; i++) {
        CHECK(cf_column_is_null(c, i) == (i == 4));
        CHECK_NEAR(cf_column_float(c, i), i == 4 ? 0 : values[i % 3], 0);
    }
    cf_column_release(c);
}

static void runs_of_texts_copy_their_bytes(void) {
    static const uint8_t valid[] = {1, 0, 1};
    char first[] = "one", last[] = "three";
    const cf_view views[] = {{first, 3}, {NULL, 0}, {last, 5}};
    cf_builder *b = cf_builder_new(&cf_type_text);
    CHECK(cf_builder_run(b, views, valid, 3));
    first[0] = last[0] = '?';
    cf_column *c = cf_builder_finish(b);
    CHECK(cf_column_text(c, 0).size == 3 && memcmp(cf_column_text(c, 0).data, "one", 3) == 0);
    CHECK(cf_column_is_null(c, 1) && cf_column_text(c, 1).size == 0);
    CHECK(cf_column_text(c, 2).size == 5 && memcmp(cf_column_text(c, 2).data, "three", 5) == 0);
    cf_column_release(c);
}

static void slices_joined_again_are_the_whole(void) {
    cf_column *whole = sample_table(0, 90);
    for (int64_t cut = 0; cut <= 90; cut += 13) {
        cf_column *parts[] = {cf_column_slice(whole, 0, cut), cf_column_slice(whole, cut, 90)};
        cf_column *joined = cf_column_concat(parts, 2);
        CHECK(cf_column_equal(whole, joined));
        CHECK(cf_column_equal(parts[0], whole) == (cut == 90));
        cf_column_release(joined);
        cf_column_release(parts[0]);
        cf_column_release(parts[1]);
    }
    cf_column_release(whole);
}

static void a_slice_equals_the_rows_built_alone(void) {
    cf_column *whole = sample_table(0, 60);
    cf_column *slice = cf_column_slice(whole, 17, 41), *alone = sample_table(17, 41);
    CHECK(cf_column_equal(slice, alone));
    cf_column *other = sample_table(18, 42);
    CHECK(!cf_column_equal(slice, other));
    cf_column_release(whole);
    cf_column_release(slice);
    cf_column_release(alone);
    cf_column_release(other);
}

static void nan_equals_nan_and_null_equals_null_only(void) {
    cf_column *c[3];
    for (int i = 0; i < 3; i++) {
        cf_builder *b = cf_builder_new(&cf_type_float);
        CHECK(cf_builder_float(b, (double)NAN));
        CHECK(i < 2 ? cf_builder_null(b) : cf_builder_float(b, 0));
        c[i] = cf_builder_finish(b);
    }
    CHECK(cf_column_equal(c[0], c[1]));
    CHECK(!cf_column_equal(c[0], c[2]));
    for (int i = 0; i < 3; i++)
        cf_column_release(c[i]);
}

static void joining_parts_with_and_without_nulls_marks_the_nulls(void) {
    cf_builder *a = cf_builder_new(&cf_type_int), *b = cf_builder_new(&cf_type_int);
    CHECK(cf_builder_int(a, 1) && cf_builder_null(b) && cf_builder_int(b, 2));
    cf_column *parts[] = {cf_builder_finish(a), cf_builder_finish(b)};
    cf_column *joined = cf_column_concat(parts, 2);
    CHECK(!cf_column_is_null(joined, 0) && cf_column_is_null(joined, 1));
    CHECK(cf_column_int(joined, 2) == 2);
    cf_column_release(joined);
    cf_column_release(parts[0]);
    cf_column_release(parts[1]);
}

static void a_builder_given_up_frees_everything(void) {
    cf_arena *arena = cf_arena_new(1024);
    cf_builder *b = cf_builder_new(sample_type(arena));
    for (int64_t i = 0; i < 40; i++)
        sample_add_row(b, i);
    cf_builder_free(b);
    cf_builder_free(NULL);
    cf_column_release(NULL);
    cf_arena_free(arena);
}

static void a_column_by_hand_takes_over_its_buffers(void) {
    int64_t *offsets = malloc(3 * sizeof *offsets);
    double *values = malloc(3 * sizeof *values);
    memcpy(offsets, (int64_t[]){0, 2, 3}, 3 * sizeof *offsets);
    memcpy(values, (double[]){1, 2, 3}, 3 * sizeof *values);
    cf_arena *arena = cf_arena_new(256);
    cf_column *child = cf_column_new(&cf_type_float, 3, NULL, values, NULL, NULL, 0);
    cf_column *list =
        cf_column_new(cf_type_list(arena, &cf_type_float), 2, NULL, NULL, offsets, &child, 1);
    cf_arena_free(arena);
    cf_column *again = cf_column_retain(list);
    cf_column_release(list);
    CHECK_NEAR(cf_column_float(again->children[0], again->offsets[1]), 3, 0);
    cf_column_release(again);
}

int main(void) {
    RUN(a_nested_builder_gives_back_what_it_was_given);
    RUN(a_null_tuple_has_null_fields);
    RUN(an_empty_builder_gives_an_empty_column);
    RUN(every_integer_kind_keeps_its_extremes);
    RUN(an_unsigned_maximum_is_a_large_float);
    RUN(decimals_come_in_runs);
    RUN(runs_clear_what_lies_under_nulls);
    RUN(runs_of_texts_copy_their_bytes);
    RUN(slices_joined_again_are_the_whole);
    RUN(a_slice_equals_the_rows_built_alone);
    RUN(nan_equals_nan_and_null_equals_null_only);
    RUN(joining_parts_with_and_without_nulls_marks_the_nulls);
    RUN(a_builder_given_up_frees_everything);
    RUN(a_column_by_hand_takes_over_its_buffers);
    return cf_test_failures != 0;
}
