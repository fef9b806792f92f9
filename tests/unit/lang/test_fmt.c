#include "lang/parse.h"
#include "test.h"

#include <stdlib.h>

/* What `cutflow fmt` makes of programs.  test_corpus checks that it keeps their meaning. */

typedef struct {
    const char *text, *want;
} sample;

static void check_one(const char *text, const char *want) {
    cf_text out = {0};
    cf_error err = {0};
    CHECK(cf_format_program(text, strlen(text), &out, &err) == CF_OK);
    CHECK_STR(err.message, "");
    CHECK_STR(out.data == NULL ? "" : out.data, want);
    cf_text_clear(&out);
}

static void check(const sample *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        check_one(list[i].text, list[i].want);
        check_one(list[i].want, list[i].want);
    }
}

#define FORMATS(...)                            \
    static const sample list[] = {__VA_ARGS__}; \
    check(list, CF_COUNT(list))

static void blanks_are_set(void) {
    FORMATS({"from  events|filter   pt>3&&! x", "from events | filter pt > 3 && !x\n"},
            {"select{a,b=c+1 , }", "select {a, b = c + 1}\n"},
            {"hist pt bins: 100 range:0 .. 5", "hist pt bins:100 range:0..5\n"},
            {"let f=a b:2->a*b", "let f = a b:2 -> a * b\n"},
            {"case[a=>1,true=>2]", "case [a => 1, true => 2]\n"},
            {"join g = genres (== k)", "join g=genres (==k)\n"},
            {"derive x=sum y", "derive x = sum y\n"}, {"x as  int..3", "x as int..3\n"},
            {"sort -pt", "sort -pt\n"}, {"sort - pt", "sort - pt\n"}, {"a-b", "a - b\n"},
            {"60<m  <120", "60 < m < 120\n"}, {"let x<int>=3", "let x <int> = 3\n"},
            {"type T={a=int,b=[float]}", "type T = {a = int, b = [float]}\n"}, {"", ""},
            {"\n\n", ""});
}

static void literals_keep_their_spelling(void) {
    FORMATS({"0x1f+1_000 +5e3", "0x1f + 1_000 + 5e3\n"}, {"(  'a'  )", "('a')\n"},
            {"f\"{ x+1 :.2f}\"", "f\"{ x+1 :.2f}\"\n"}, {"@2024-01-31", "@2024-01-31\n"},
            {"10days", "10days\n"}, {"(-9223372036854775808)", "(-9223372036854775808)\n"});
}

static void calls_are_tight_in_expressions_and_loose_as_stages(void) {
    FORMATS({"filter milliseconds > 12 * (average milliseconds)",
             "filter milliseconds > 12 * average(milliseconds)\n"},
            {"x | text.starts_with(\"a\")", "x | text.starts_with \"a\"\n"},
            {"x | f(a, b:3) | now()", "x | f a b:3 | now()\n"}, {"x | f(-a)", "x | f(-a)\n"},
            {"group k (take 1)", "group k (take 1)\n"}, {"!(any x)", "!any(x)\n"},
            {"(first x).pt", "first(x).pt\n"}, {"{n = count(this)}", "{n = count(this)}\n"},
            {"join b(==id)", "join b(==id)\n"}, {"f(a) b", "f a b\n"});
}

static void long_pipelines_have_a_stage_a_line(void) {
    FORMATS(
        {"from invoices | filter customer_id <= 3 | group customer_id (sort total | derive {r "
         "= "
         "rank total, d = rank_dense total})",
         "from invoices\nfilter customer_id <= 3\n"
         "group customer_id (sort total | derive {r = rank total, d = rank_dense total})\n"},
        {"from t\n| filter x", "from t\nfilter x\n"},
        {"let x = (from t | filter a |\n take 3)",
         "let x = (\n  from t\n  filter a\n  take 3\n)\n"},
        {"let x = from t | take 3", "let x = (from t | take 3)\n"},
        {"a\n| -b\n| from c", "a\n| -b\n| from c\n"});
}

static void brackets_stay_open_when_their_author_opened_them(void) {
    FORMATS({"f {\na, b = 1}", "f {\n  a,\n  b = 1,\n}\n"},
            {"f {\na,\nb}", "f {\n  a, b,\n}\n"}, {"f {a,\n b}", "f {a, b}\n"},
            {"f(\na, b)", "f(\n  a,\n  b,\n)\n"},
            {"select {a = 1111111111111111111, b = 2222222222222222222, c = "
             "333333333333333333, d = 4444444444}",
             "select {\n  a = 1111111111111111111,\n  b = 2222222222222222222,\n"
             "  c = 333333333333333333,\n  d = 4444444444,\n}\n"},
            {"filter aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > 1 && "
             "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb < 2 && "
             "ccccccccccccc",
             "filter aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > 1\n  && "
             "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb < 2\n"
             "  && ccccccccccccc\n"});
}

static void comments_stay_where_they_were(void) {
    FORMATS({"# head\n\n\n#! doc\nlet x = 3   # why\n\n\n# next\nfrom t # t\n# own\nfilter x# "
             "c\n# end",
             "# head\n\n#! doc\nlet x = 3 # why\n\n# next\nfrom t # t\n# own\nfilter x # c\n# "
             "end\n"},
            {"f {# in\na = 1 # one\n# two\n, b = 2\n\n# three\n}",
             "f {\n  # in\n  a = 1, # one\n  # two\n  b = 2,\n\n  # three\n}\n"},
            {"(a # x\n| b)", "(\n  a # x\n  b\n)\n"}, {"a + # why\n b", "a + b # why\n"},
            {"module m {# c\nlet a = 1}", "module m {\n  # c\n  let a = 1\n}\n"},
            {"x # end \t ", "x # end\n"}, {"#! doc\r \nlet a = 1", "#! doc\nlet a = 1\n"},
            {"# mixed \r \r \r \r \r \r ", "# mixed\n"});
}

static void statements_stay_apart(void) {
    FORMATS({"let a=1\nlet b=2\n\n\n\nlet c=3", "let a = 1\nlet b = 2\n\nlet c = 3\n"},
            {"a;b", "a;\nb\n"}, {"from a\n\nb", "from a\n\nb\n"},
            {"from a\nfrom b", "from a\nfrom b\n"}, {"let a = 1\n\n-b", "let a = 1\n\n-b\n"},
            {"%time   from x\n | take 3\nabs?", "%time from x\n | take 3\nabs?\n"},
            {"from a\n| into b", "from a | into b\n"},
            {"prql target:sql.any\n\nfrom a", "prql target:sql.any\n\nfrom a\n"},
            {"@{param}\nlet a = 1", "@{param}\nlet a = 1\n"});
}

static void mistakes_are_not_formatted(void) {
    cf_text out = {0};
    cf_error err = {0};
    CHECK(cf_format_program("f (a", 4, &out, &err) == CF_E_UNCLOSED);
    CHECK_STR(err.message, "`(` is not closed");
    CHECK(out.size == 0);
    cf_text_clear(&out);
}

int main(void) {
    RUN(blanks_are_set);
    RUN(literals_keep_their_spelling);
    RUN(calls_are_tight_in_expressions_and_loose_as_stages);
    RUN(long_pipelines_have_a_stage_a_line);
    RUN(brackets_stay_open_when_their_author_opened_them);
    RUN(comments_stay_where_they_were);
    RUN(statements_stay_apart);
    RUN(mistakes_are_not_formatted);
    return cf_test_failures != 0;
}
