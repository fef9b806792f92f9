#include "notebook/json.h"
#include "test.h"

#include <stdlib.h>

static cf_nb_pool *pool;

static cf_nb_json *read_text(const char *text) {
    cf_nb_json *v = NULL;
    CHECK(cf_nb_json_read(pool, cf_nb_str_of(text), &v, NULL) == CF_OK);
    return v;
}

static void writes(const cf_nb_json *v, bool pretty, const char *want) {
    cf_nb_text out = {0};
    cf_nb_json_write(&out, v, pretty);
    CHECK_STR(out.data, want);
    cf_nb_text_clear(&out);
}

static void what_is_read_is_written_with_sorted_keys(void) {
    writes(read_text(" {\"b\": [1, true, null], \"a\": {}, \"\xC3\xBC\": \"x\"} "), false,
           "{\"a\":{},\"b\":[1,true,null],\"\xC3\xBC\":\"x\"}");
    writes(read_text("{\"b\":[1,[]],\"a\":{\"c\":false}}"), true,
           "{\n \"a\": {\n  \"c\": false\n },\n \"b\": [\n  1,\n  []\n ]\n}");
}

static void numbers_keep_their_text(void) {
    writes(read_text("[0.10, 1E5, -0, 12345678901234567890, 1e400, NaN, -Infinity]"), false,
           "[0.10,1E5,-0,12345678901234567890,1e400,NaN,-Infinity]");
}

static void of_equal_keys_the_last_counts(void) {
    const cf_nb_json *v = read_text("{\"a\": 1, \"b\": 2, \"a\": 3}");
    writes(v, false, "{\"a\":3,\"b\":2}");
    double n = 0;
    CHECK(cf_nb_number(cf_nb_get(v, "a"), &n) && n == 3);
}

static void escapes_are_those_of_python(void) {
    const cf_nb_json *v = read_text(
        "\"\\u00fc\\ud83d\\ude00\\ud83d \\b\\f\\n\\r\\t\\/\\\\\\\"\\u0000\\u001f\\u007f\"");
    CHECK(v->text.size == 21);
    writes(v, false,
           "\"\xC3\xBC\xF0\x9F\x98\x80\xEF\xBF\xBD "
           "\\b\\f\\n\\r\\t/\\\\\\\"\\u0000\\u001f\x7F\"");
}

static void fails(const char *text, const char *message) {
    cf_nb_json *v = NULL;
    cf_error err = {0};
    CHECK(cf_nb_json_read(pool, cf_nb_str_of(text), &v, &err) == CF_E_FORMAT);
    CHECK_STR(err.message, message);
}

static void faults_have_a_place(void) {
    fails("", "line 1, column 1: the text ends too early");
    fails("{\n \"a\": 1,\n}", "line 3, column 1: here a name in quotes is needed");
    fails("[1\n2]", "line 2, column 1: here `,` or `]` is needed");
    fails("[1,]", "line 1, column 4: here a value is needed");
    fails("[01]", "line 1, column 3: here `,` or `]` is needed");
    fails("\"a\nb\"", "line 1, column 3: a control character in a text");
    fails("\"\\x\"", "line 1, column 2: no such escape in a text");
    fails("[\"a", "line 1, column 2: this text has no end");
    fails("\n\xFF", "line 2, column 1: a byte that is not UTF-8");
    fails("\xED\xA0\x80", "line 1, column 1: a byte that is not UTF-8");
    fails("1 2", "line 1, column 3: text after the end of the value");
}

static void depth_has_a_limit(void) {
    char deep[2001];
    memset(deep, '[', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    fails(deep, "line 1, column 501: nested too deep");
}

static void prints(double x, const char *want) {
    char text[32];
    cf_nb_number_print(text, x);
    CHECK_STR(text, want);
}

static void floats_are_printed_as_python_does(void) {
    prints(0.0, "0.0");
    prints(-0.0, "-0.0");
    prints(1.0, "1.0");
    prints(0.1, "0.1");
    prints(-12.5, "-12.5");
    prints(0.0001, "0.0001");
    prints(0.00001, "1e-05");
    prints(123456789012345.0, "123456789012345.0");
    prints(1e15, "1000000000000000.0");
    prints(9999999999999998.0, "9999999999999998.0");
    prints(1e16, "1e+16");
    prints(1.5e300, "1.5e+300");
    prints(5e-324, "5e-324");
    prints(1.0 / 3, "0.3333333333333333");
    prints(INFINITY, "Infinity");
}

static void numbers_of_outputs_become_plain(void) {
    cf_nb_json *v = read_text("[1e5, 0.10, 12, -3, 1.0E+2, {\"a\": 2.50}]");
    cf_nb_json_plain_numbers(pool, v);
    writes(v, false, "[100000.0,0.1,12,-3,100.0,{\"a\":2.5}]");
}

static void members_can_be_set_and_removed(void) {
    cf_nb_json *v = read_text("{\"a\": 1, \"b\": 2, \"a\": 3}");
    cf_nb_set(pool, v, "c", cf_nb_json_text(pool, "x"));
    CHECK(cf_nb_remove(v, "a") && !cf_nb_remove(v, "a") && !cf_nb_remove(NULL, "a"));
    writes(v, false, "{\"b\":2,\"c\":\"x\"}");
    CHECK(cf_nb_get(v, "a") == NULL && cf_nb_get(NULL, "a") == NULL);
    cf_nb_json *list = cf_nb_json_list(pool);
    for (int i = 0; i < 10; i++)
        cf_nb_insert(pool, list, 0, cf_nb_json_int(pool, i));
    writes(list, false, "[9,8,7,6,5,4,3,2,1,0]");
}

static void bytes_that_are_no_text_become_marks(void) {
    cf_nb_text out = {0};
    cf_nb_utf8_clean(&out, cf_nb_str_of("a\xFF\xC3\xBC\xE2\x82z"));
    CHECK_STR(out.data, "a\xEF\xBF\xBD\xC3\xBC\xEF\xBF\xBD\xEF\xBF\xBDz");
    cf_nb_text_clear(&out);
}

int main(void) {
    pool = cf_nb_pool_new();
    RUN(what_is_read_is_written_with_sorted_keys);
    RUN(numbers_keep_their_text);
    RUN(of_equal_keys_the_last_counts);
    RUN(escapes_are_those_of_python);
    RUN(faults_have_a_place);
    RUN(depth_has_a_limit);
    RUN(floats_are_printed_as_python_does);
    RUN(numbers_of_outputs_become_plain);
    RUN(members_can_be_set_and_removed);
    RUN(bytes_that_are_no_text_become_marks);
    cf_nb_pool_free(pool);
    return cf_test_failures != 0;
}
