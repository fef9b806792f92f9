#include "column/type.h"
#include "test.h"

static void check_print(const cf_type *type, const char *plain, const char *wide) {
    cf_text text = {0};
    cf_type_print(&text, type, false);
    CHECK_STR(text.data, plain);
    cf_text_clear(&text);
    cf_type_print(&text, type, true);
    CHECK_STR(text.data, wide);
    cf_text_clear(&text);
}

static const cf_type *jets(cf_arena *arena) {
    const cf_field fields[] = {
        {.name = "pt", .type = cf_type_of_kind(CF_FLOAT32)},
        {.name = "q", .type = cf_type_of_kind(CF_INT8), .unit = "e", .doc = "charge"},
        {.name = "hits", .type = cf_type_list(arena, &cf_type_int), .file_name = "Jet_hits"},
    };
    return cf_type_list(arena, cf_type_tuple(arena, fields, CF_COUNT(fields)));
}

static void types_print_as_a_user_would_write_them(void) {
    cf_arena *arena = cf_arena_new(1024);
    check_print(&cf_type_float, "float", "float");
    check_print(cf_type_of_kind(CF_UINT16), "int", "uint16");
    check_print(cf_type_of_kind(CF_DECIMAL), "decimal", "decimal");
    check_print(cf_type_list(arena, cf_type_of_kind(CF_FLOAT32)), "[float]", "[float32]");
    check_print(jets(arena), "[{pt = float, q = int, hits = [int]}]",
                "[{pt = float32, q = int8, hits = [int]}]");
    check_print(cf_type_tuple(arena, NULL, 0), "{}", "{}");
    cf_arena_free(arena);
}

static void odd_names_print_in_backticks_and_no_name_prints_none(void) {
    cf_arena *arena = cf_arena_new(1024);
    const cf_field fields[] = {{.name = "a b", .type = &cf_type_int},
                               {.name = "", .type = &cf_type_text},
                               {.name = "2x", .type = &cf_type_bool},
                               {.name = "\xCE\xB7_1", .type = &cf_type_date}};
    const char *text = "{`a b` = int, text, `2x` = bool, \xCE\xB7_1 = date}";
    check_print(cf_type_tuple(arena, fields, 4), text, text);
    cf_arena_free(arena);
}

static void a_copy_is_equal_and_outlives_the_original(void) {
    cf_arena *first = cf_arena_new(1024), *second = cf_arena_new(1024);
    const cf_type *copy = cf_type_copy(second, jets(first));
    CHECK(cf_type_equal(copy, jets(first)));
    cf_arena_free(first);
    const cf_type *jet = copy->fields[0].type;
    const cf_field *q = cf_type_field(jet, CF_STR("q"));
    CHECK(q != NULL && q == &jet->fields[1]);
    CHECK_STR(q->unit, "e");
    CHECK_STR(q->doc, "charge");
    CHECK_STR(jet->fields[2].file_name, "Jet_hits");
    CHECK(cf_type_field(jet, CF_STR("eta")) == NULL);
    cf_arena_free(second);
}

static void types_differ_by_kind_scale_names_and_count(void) {
    cf_arena *arena = cf_arena_new(1024);
    const cf_field a = {.name = "a", .type = &cf_type_int},
                   b = {.name = "b", .type = &cf_type_int};
    const cf_field ab[] = {a, b};
    CHECK(!cf_type_equal(&cf_type_int, cf_type_of_kind(CF_INT32)));
    CHECK(cf_type_equal(&cf_type_int, cf_type_of_kind(CF_INT64)));
    CHECK(!cf_type_equal(cf_type_tuple(arena, &a, 1), cf_type_tuple(arena, &b, 1)));
    CHECK(!cf_type_equal(cf_type_tuple(arena, &a, 1), cf_type_tuple(arena, ab, 2)));
    const cf_type cents = {.kind = CF_DECIMAL, .scale = 2};
    CHECK(!cf_type_equal(&cents, cf_type_of_kind(CF_DECIMAL)));
    cf_arena_free(arena);
}

static void kinds_know_what_they_widen_to(void) {
    for (cf_kind kind = 0; kind < CF_KIND_COUNT; kind++) {
        const cf_kind wide = cf_kind_widened(kind);
        CHECK(cf_kind_widened(wide) == wide);
        if (cf_kind_is_integer(kind)) CHECK(wide == CF_INT64 && cf_kind_is_number(kind));
        if (cf_kind_is_float(kind)) CHECK(wide == CF_FLOAT64 && cf_kind_is_number(kind));
        if (!cf_kind_is_number(kind)) CHECK(wide == kind);
    }
    CHECK(!cf_kind_is_number(CF_BOOL) && cf_kind_is_number(CF_DECIMAL));
    CHECK(cf_kind_size(CF_DECIMAL) == sizeof(cf_int128) &&
          cf_kind_size(CF_TEXT) == sizeof(cf_view));
}

int main(void) {
    RUN(types_print_as_a_user_would_write_them);
    RUN(odd_names_print_in_backticks_and_no_name_prints_none);
    RUN(a_copy_is_equal_and_outlives_the_original);
    RUN(types_differ_by_kind_scale_names_and_count);
    RUN(kinds_know_what_they_widen_to);
    return cf_test_failures != 0;
}
