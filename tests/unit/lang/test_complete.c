#include "lang/parse.h"
#include "test.h"

#include <stdlib.h>

/* What Enter does in terminal and notebook. */

typedef struct {
    const char *text;
    cf_completeness want;
    unsigned indent;
} sample;

static void check(const sample *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        unsigned indent = 99;
        const cf_completeness got = cf_is_complete(list[i].text, strlen(list[i].text), &indent);
        if (got != list[i].want || indent != list[i].indent)
            printf("`%s`: %d, indent %u\n", list[i].text, (int)got, indent);
        CHECK(got == list[i].want);
        CHECK(indent == list[i].indent);
    }
}

static void whole_statements_run(void) {
    static const sample list[] = {
        {"", CF_COMPLETE, 0},
        {"from events", CF_COMPLETE, 0},
        {"from events | take 3", CF_COMPLETE, 0},
        {"let x = (from t | take 3)\n", CF_COMPLETE, 0},
        {"take 5..", CF_COMPLETE, 0},
        {"# only a comment", CF_COMPLETE, 0},
        {"sum?", CF_COMPLETE, 0},
        {"sum??", CF_COMPLETE, 0},
        {"%tables", CF_COMPLETE, 0},
        {"%set key (", CF_COMPLETE, 0},
        {"a;", CF_COMPLETE, 0},
        {"select t.*", CF_COMPLETE, 0},
        {"@{param}\nlet x = 3", CF_COMPLETE, 0},
    };
    check(list, CF_COUNT(list));
}

static void open_ends_wait(void) {
    static const sample list[] = {
        {"from events |", CF_INCOMPLETE, 0},
        {"from events | # more follows", CF_INCOMPLETE, 0},
        {"filter a &&", CF_INCOMPLETE, 2},
        {"filter a &&\n", CF_INCOMPLETE, 2},
        {"let x =", CF_INCOMPLETE, 2},
        {"let f = x ->", CF_INCOMPLETE, 2},
        {"let", CF_INCOMPLETE, 2},
        {"from x \\", CF_INCOMPLETE, 2},
        {"x in", CF_INCOMPLETE, 2},
        {"@{param, doc=\"d\"}", CF_INCOMPLETE, 0},
        {"%time from x |", CF_INCOMPLETE, 0},
        {"%explain (from x", CF_INCOMPLETE, 2},
    };
    check(list, CF_COUNT(list));
}

static void open_brackets_wait_over_empty_lines(void) {
    static const sample list[] = {
        {"let x = (", CF_INCOMPLETE, 2},
        {"let x = (\n  from t\n\n", CF_INCOMPLETE, 2},
        {"let x = (\n  derive {\n    a = 3,", CF_INCOMPLETE, 4},
        {"f [1, 2", CF_INCOMPLETE, 2},
        {"module m {", CF_INCOMPLETE, 2},
        {"module m {\n  let a = 3\n", CF_INCOMPLETE, 2},
        {"f(a,", CF_INCOMPLETE, 2},
        {"from_text \"\"\"\na,b\n", CF_INCOMPLETE, 0},
        {"x == \"abc", CF_INCOMPLETE, 0},
        {"f\"{a", CF_INCOMPLETE, 0},
        {"f(\"abc", CF_INCOMPLETE, 0},
    };
    check(list, CF_COUNT(list));
}

static void an_empty_line_ends_what_brackets_do_not_hold(void) {
    static const sample list[] = {
        {"filter a &&\n\n", CF_INVALID, 0},
        {"let x =\n\n", CF_INVALID, 0},
        {"from x |\n\n", CF_INVALID, 0},
    };
    check(list, CF_COUNT(list));
}

static void mistakes_do_not_wait(void) {
    static const sample list[] = {
        {"x = 3", CF_INVALID, 0},
        {"(a]", CF_INVALID, 0},
        {"a)", CF_INVALID, 0},
        {"SELECT * FROM t", CF_INVALID, 0},
        {"a + * b | (", CF_INVALID, 0},
        {"let x", CF_INVALID, 0},
        {"from t | | x", CF_INVALID, 0},
        {"10abc", CF_INVALID, 0},
        {"(a\nlet b = 3", CF_INVALID, 0},
    };
    check(list, CF_COUNT(list));
}

int main(void) {
    RUN(whole_statements_run);
    RUN(open_ends_wait);
    RUN(open_brackets_wait_over_empty_lines);
    RUN(an_empty_line_ends_what_brackets_do_not_hold);
    RUN(mistakes_do_not_wait);
    return cf_test_failures != 0;
}
