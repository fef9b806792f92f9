#include "notebook/compare.h"
#include "test.h"

#include <stdlib.h>

static bool text(const char *want, const char *got, double rtol, double atol) {
    return cf_nb_text_agrees(cf_nb_str_of(want), cf_nb_str_of(got), rtol, atol, 0);
}

static void without_a_tolerance_texts_are_equal_or_not(void) {
    CHECK(text("a 1.0", "a 1.0", 0, 0));
    CHECK(!text("a 1.0", "a 1.00", 0, 0));
    CHECK(!text("a  b", "a b", 0, 0));
    CHECK(
        cf_nb_text_agrees(cf_nb_str_of(" a \n b"), cf_nb_str_of("a b "), 0, 0, CF_NB_COLLAPSE));
    CHECK(!cf_nb_text_agrees(cf_nb_str_of("ab"), cf_nb_str_of("a b"), 0, 0, CF_NB_COLLAPSE));
}

static void numbers_within_texts_may_lie_apart(void) {
    CHECK(text("x = 1.0 GeV", "x = 1.0001 GeV", 1e-3, 0));
    CHECK(!text("x = 1.0 GeV", "x = 1.0001 GeV", 1e-5, 0));
    CHECK(text("x = 0.0", "x = 1e-9", 0, 1e-8));
    CHECK(text("-1.5e3", "-1500.1", 1e-3, 0));
    CHECK(!text("-1.5", "1.5", 1e-3, 0));
    CHECK(text("nan", "nan", 1e-3, 0) && !text("nan", "1", 1e-3, 0));
    CHECK(!text("x 1", "y 1", 1, 0));
    CHECK(!text("1 2", "1", 1, 0));
    CHECK(text("100%", "100.0%", 1e-9, 0));
    CHECK(!text("Jet1", "Jet2", 1, 0)); /* a name, not a number */
}

static void tables_may_become_wider(void) {
    CHECK(text("│ 9.99 │\n├──────┤", "│ 10.001 │\n├────────┤", 1e-2, 0));
    CHECK(text("a    b\n---- -\n", "a b\n-- -\n", 1e-2, 0));
    CHECK(!text("ab", "a b", 1e-2, 0));
}

static bool markup(const char *want, const char *got, double rtol) {
    const cf_nb_tolerance t = {.rtol = rtol};
    return cf_nb_markup_agrees(cf_nb_str_of(want), cf_nb_str_of(got), &t);
}

static void markup_is_compared_by_structure(void) {
    CHECK(markup("<a x='1' y=\"2\">t</a>", "<a\n y='2' x=1 > t\n</a><!-- c -->", 0));
    CHECK(markup("<br/>", "<br>", 0));
    CHECK(!markup("<a x='1'>t</a>", "<a x='2'>t</a>", 0));
    CHECK(!markup("<a>t</a>", "<b>t</b>", 0));
    CHECK(!markup("<a>t</a>", "<a>t</a><a>", 0));
    CHECK(!markup("<a>t</a>", "<a>u</a>", 0));
    CHECK(markup("<path d='M1.00,2L3 4'/>", "<path d='M1.001,2L3 4.001'/>", 1e-2));
    CHECK(!markup("<path d='M1.00,2L3 4'/>", "<path d='M1.001,2L3 4.001'/>", 1e-6));
    CHECK(markup("<", "<", 0));
    CHECK(!markup("<a", "<b", 0));
}

static bool json(const char *want, const char *got, double rtol, bool unordered) {
    cf_nb_pool *pool = cf_nb_pool_new();
    const cf_nb_tolerance t = {.rtol = rtol, .unordered = unordered};
    cf_nb_json *a = NULL, *b = NULL;
    CHECK(cf_nb_json_read(pool, cf_nb_str_of(want), &a, NULL) == CF_OK);
    CHECK(cf_nb_json_read(pool, cf_nb_str_of(got), &b, NULL) == CF_OK);
    const bool agree = cf_nb_json_agrees(a, b, &t);
    cf_nb_pool_free(pool);
    return agree;
}

static void json_is_compared_by_structure(void) {
    CHECK(json("{\"a\": 1, \"b\": [1.0]}", "{\"b\": [1], \"a\": 1}", 0, false));
    CHECK(!json("{\"a\": 1}", "{\"a\": 1, \"b\": 1}", 0, false));
    CHECK(!json("[1, 2]", "[2, 1]", 0, false));
    CHECK(json("[1, 2, 2]", "[2, 1, 2]", 0, true));
    CHECK(!json("[1, 2, 2]", "[1, 1, 2]", 0, true));
    CHECK(json("[100]", "[101]", 0.02, false));
    CHECK(!json("[100]", "[\"100\"]", 1, false));
}

static void shows(const char *stream, const char *want) {
    cf_nb_pool *pool = cf_nb_pool_new();
    CHECK_STR(cf_nb_stream_shown(pool, cf_nb_str_of(stream)).data, want);
    cf_nb_pool_free(pool);
}

static void streams_are_what_a_terminal_shows(void) {
    shows("plain\n", "plain\n");
    shows("10%\r20%\r\n", "20%\n");
    shows("abc\rX\n", "Xbc\n");
    shows("\xC3\xBC"
          "b\rx\n",
          "xb\n");
    shows("ab\b\bc", "c");
    shows("a\xC3\xBC\bz", "az");
    shows("\b\r\n", "\n");
    shows("\033[1;31mred\033[0m", "red");
    shows("cut \033[1", "cut ");
}

static void cleans(const char *rules, const char *before, const char *want) {
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_error err = {0};
    cf_nb_rules *r = cf_nb_rules_read("rules", cf_nb_str_of(rules), &err);
    CHECK_STR(err.message, "");
    if (r != NULL) CHECK_STR(cf_nb_sanitized(pool, cf_nb_str_of(before), r).data, want);
    cf_nb_rules_free(r);
    cf_nb_pool_free(pool);
}

static void rules_are_those_of_nbval(void) {
    cleans("[a]\nregex: \\d+\nreplace: N\n", "1 22 x3", "N N xN");
    cleans("# note\n[a]\nregex = (\\w+)@(\\w+)\nreplace = \\2 at \\g<1>\n", "me@here",
           "here at me");
    cleans("[a]\nregex: (?:a|b)(c)\nreplace: <\\1>\n", "ac bc", "<c> <c>");
    cleans("[a]\nregex: [^\\d\\]]+\nreplace: _\n", "ab]1", "_]1");
    cleans("[a]\nregex: x*\nreplace: -\n", "ab", "-a-b-");
    cleans("[a]\nregex: ^l.*$\nreplace: L\n", "line 1\nline 2", "L\nL");
    cleans("[a]\nregex: a\\.b\\[\nreplace: y\n[b]\nregex: y\nreplace: z\n", "a.b[ axb[",
           "z axb[");
}

static void refuses(const char *rules, const char *message) {
    cf_error err = {0};
    CHECK(cf_nb_rules_read("rules", cf_nb_str_of(rules), &err) == NULL);
    CHECK_STR(err.message, message);
}

static void rules_that_cannot_be_used_are_named(void) {
    refuses("[a]\nregex: x*?\nreplace: y\n", "rules: the pattern of [a] cannot be used: a "
                                             "repetition that takes as little as it can");
    refuses("[a]\nregex: (?=x)\nreplace: y\n",
            "rules: the pattern of [a] cannot be used: a look-around or a flag, `(?`");
    refuses("[a]\nregex: [x\nreplace: y\n",
            "rules: the pattern of [a] cannot be used: a `[` without `]`");
    refuses("[a]\nregex: x\n", "rules: [a] needs `regex:` and `replace:`");
    refuses("regex: x\n", "rules, line 1: here `[name]`, `regex:` or `replace:` is needed");
}

static void what_is_no_picture_does_not_agree(void) {
    CHECK(cf_nb_png_agrees(cf_nb_str_of("AAAA"), cf_nb_str_of("AAAA")));
    CHECK(!cf_nb_png_agrees(cf_nb_str_of("AAAA"), cf_nb_str_of("AAAB")));
    CHECK(!cf_nb_png_agrees(cf_nb_str_of(""), cf_nb_str_of("iVBORw0KGgo=")));
}

int main(void) {
    RUN(without_a_tolerance_texts_are_equal_or_not);
    RUN(numbers_within_texts_may_lie_apart);
    RUN(tables_may_become_wider);
    RUN(markup_is_compared_by_structure);
    RUN(json_is_compared_by_structure);
    RUN(streams_are_what_a_terminal_shows);
    RUN(rules_are_those_of_nbval);
    RUN(rules_that_cannot_be_used_are_named);
    RUN(what_is_no_picture_does_not_agree);
    return cf_test_failures != 0;
}
