#include "io/json.h"
#include "source_text.h"

static void check(const char *json, const char *want) {
    cf_storage *storage = storage_of("t.json", json);
    cf_source *source = NULL;
    cf_error err = {0};
    const cf_status status = cf_json_open_storage(storage, &source, &err);
    char *got = status == CF_OK ? text_of_source(source) : strdup(err.message);
    CHECK_STR(got, want);
    free(got);
    cf_storage_close(storage);
}

static void arrays_and_lines_of_objects_are_rows(void) {
    const char *want =
        "{a = int, b = text}\n{\"a\": 1, \"b\": \"x\"}\n{\"a\": 2, \"b\": null}\n";
    check("[{\"a\": 1, \"b\": \"x\"}, {\"a\": 2}]", want);
    check("{\"a\": 1, \"b\": \"x\"}\n{\"a\": 2}\n", want);
    check("{\n \"a\": 1,\n \"b\": \"x\"\n}\n\n{\"a\": 2}", want);
}

static void nested_values_are_lists_and_tuples(void) {
    check("[{\"m\": [{\"pt\": 1, \"q\": -1}, {\"pt\": 2.5}], \"t\": {\"x\": true}},"
          " {\"m\": [], \"t\": null}, {\"m\": null}]",
          "{m = [{pt = float, q = int}], t = {x = bool}}\n"
          "{\"m\": [{\"pt\": 1.0, \"q\": -1}, {\"pt\": 2.5, \"q\": null}], \"t\": {\"x\": "
          "true}}\n"
          "{\"m\": [], \"t\": null}\n{\"m\": null, \"t\": null}\n");
    check("[[1, 2], [], [3]]",
          "{value = [int]}\n{\"value\": [1, 2]}\n{\"value\": []}\n{\"value\": [3]}\n");
}

static void texts_for_nan_and_infinity_are_floats_among_numbers(void) {
    check("[{\"a\": 1, \"b\": \"nan\"}, {\"a\": \"-inf\", \"b\": \"x\"}]",
          "{a = float, b = text}\n{\"a\": 1.0, \"b\": \"nan\"}\n{\"a\": \"-inf\", \"b\": "
          "\"x\"}\n");
}

static void an_empty_array_is_a_relation_without_columns(void) {
    check("[]\n", "{}\n");
}

static void errors_name_the_place(void) {
    check("[{\"a\": 1},\n {\"a\": }]", "t.json, line 2: unexpected token near '}'");
    check("{\"a\": 1}\n{\"a\": 2}\n{\"a\": [3]}\n",
          "t.json: `a` is a number in row 1 and a list in row 3");
    check("[{\"a\": [{\"b\": 1}]}, {\"a\": [{\"b\": \"x\"}]}]",
          "t.json: `a[].b` is a number in row 1 and a text in row 2");
    check("5", "t.json: rows are objects, or an array of them, but this is a single value");
    check(" ", "t.json has no rows, so no columns are known");
    check("{\"a\": 1}\n{\"a\": 123456789012345678901234567890}\n",
          "t.json, line 2: too big integer");
}

static void many_keys_are_told_apart(void) {
    cf_text json = {0};
    for (int i = 0; i < 3000; i++)
        cf_text_addf(&json, "{\"k%d\": %d}\n", i % 1000, i);
    cf_storage *storage = storage_of("t.json", json.data);
    cf_source *source = NULL;
    cf_table *table = NULL;
    CHECK(cf_json_open_storage(storage, &source, NULL) == CF_OK);
    CHECK(cf_rows_read_all(source, &table, NULL) == CF_OK);
    CHECK(table->child_count == 1000 && table->length == 3000);
    CHECK(cf_column_int(table->children[7], 2007) == 2007);
    CHECK(cf_column_is_null(table->children[7], 2008));
    cf_column_release(table);
    cf_source_release(source);
    cf_storage_close(storage);
    cf_text_clear(&json);
}

static void deep_nesting_is_refused(void) {
    char json[512];
    memset(json, '[', 100);
    memset(json + 100, ']', 100);
    json[200] = '\0';
    check(json, "t.json: row 1 is nested more than 64 deep");
}

static void rows_that_are_null_have_null_fields(void) {
    check("[null, {\"a\": 1}]", "{a = int}\n{\"a\": null}\n{\"a\": 1}\n");
}

int main(void) {
    RUN(arrays_and_lines_of_objects_are_rows);
    RUN(nested_values_are_lists_and_tuples);
    RUN(texts_for_nan_and_infinity_are_floats_among_numbers);
    RUN(an_empty_array_is_a_relation_without_columns);
    RUN(errors_name_the_place);
    RUN(many_keys_are_told_apart);
    RUN(deep_nesting_is_refused);
    RUN(rows_that_are_null_have_null_fields);
    return cf_test_failures > 0;
}
