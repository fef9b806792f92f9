#include "lang/dump.h"
#include "lang/parse.h"
#include "test.h"

#include <stdlib.h>

/* Programs and their trees (as dump.h writes them), and what mistakes are told. */

typedef struct {
    const char *text, *tree;
} sample;

static void check_tree(const sample *s) {
    cf_arena *arena = cf_arena_new(1 << 14);
    cf_diags diags = {0};
    cf_text got = {0};
    cf_program_dump(&got, cf_parse(arena, 1, s->text, strlen(s->text), &diags), false);
    if (diags.count > 0) printf("%s\n", s->text);
    for (size_t i = 0; i < diags.count; i++)
        CHECK_STR(diags.errors[i].message, "");
    if (got.size > 0) got.data[got.size - 1] = '\0'; /* the last newline */
    CHECK_STR(got.data == NULL ? "" : got.data, s->tree);
    cf_text_clear(&got);
    cf_arena_free(arena);
}

static void check_trees(const sample *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        check_tree(&list[i]);
}

#define TREES(...)                              \
    static const sample list[] = {__VA_ARGS__}; \
    check_trees(list, CF_COUNT(list))

static void literals_have_their_values(void) {
    TREES({"1_000 + 0x1f", "(pipe (+ 1000 31))"}, {"0b101 * 0o17", "(pipe (* 5 15))"},
          {"9223372036854775807", "(pipe 9223372036854775807)"},
          {"-9223372036854775808", "(pipe -9223372036854775808)"},
          {"1.5 + 5e3", "(pipe (+ 1.5 5000.0))"}, {"1e-3 + 2.5E+1", "(pipe (+ 0.001 25.0))"},
          {"[true, false, null]", "(pipe (array true false null))"},
          {"'it \"is\"'", "(pipe \"it \\\"is\\\"\")"}, {"\"\"", "(pipe \"\")"},
          {"\"\"\"a\n\"b\" \"\"\"", "(pipe \"a\\n\\\"b\\\" \")"},
          {"\"two\nlines\"", "(pipe \"two\\nlines\")"},
          {"\"\\x41\\u{e9}\\n\\\\\"", "(pipe \"A\xc3\xa9\\n\\\\\")"},
          {"r\"a\\n\"", "(pipe \"a\\\\n\")"}, {"10days", "(pipe (duration 10 days))"},
          {"1hour", "(pipe (duration 1 hours))"}, {"$input", "(pipe $input)"},
          {"`my col`.x", "(pipe `my col`.x)"}, {"größe + x", "(pipe (+ größe x))"});
}

static void dates_are_counted_from_1970(void) {
    TREES({"@1970-01-02", "(pipe (date 1))"}, {"@2024-02-29", "(pipe (date 19782))"},
          {"@16:54", "(pipe (time 60840000000))"}, {"@00:00:01.5", "(pipe (time 1500000))"},
          {"@1970-01-01T00:00:00Z", "(pipe (timestamp 0))"},
          {"@1970-01-01T01:00:00.000001+01:00", "(pipe (timestamp 1))"},
          {"@1970-01-01T00:00-0130", "(pipe (timestamp 5400000000))"},
          {"@1960-01-01..@1970-12-31", "(pipe (.. (date -3653) (date 364)))"});
}

static void f_strings_hold_values_and_formats(void) {
    TREES({"f\"{pt / 1000:.1f} GeV\"", "(pipe (f (/ pt 1000):.1f \" GeV\"))"},
          {"f\"{{{x}}}\"", "(pipe (f \"{\" x \"}\"))"},
          {"f'{a | text.lower}'", "(pipe (f (pipe a text.lower)))"},
          {"f\"{f(a, n:2)}\"", "(pipe (f (tight f a n:2)))"},
          {"f\"{d:%H:%M}\"", "(pipe (f d:%H:%M))"},
          {"f\"{text.replace(n, \"a\", \"b\")}\"",
           "(pipe (f (tight text.replace n \"a\" \"b\")))"},
          {"f\"{f\"{x}\"}!\"", "(pipe (f (f x) \"!\"))"}, {"f\"\"", "(pipe (f))"});
}

static void operators_bind_as_the_table_says(void) {
    TREES(
        {"2 + 3 * a ** 2", "(pipe (+ 2 (* 3 (** a 2))))"},
        {"2 ** 3 ** 2", "(pipe (** 2 (** 3 2)))"}, {"-a ** 2", "(pipe (** (- a) 2))"},
        {"a ** -b", "(pipe (** a (- b)))"}, {"7 - 2 - 1", "(pipe (- (- 7 2) 1))"},
        {"17 // 5 * 5 + 17 % 5", "(pipe (+ (* (// 17 5) 5) (% 17 5)))"},
        {"a ?? 0 > 5", "(pipe (?? a (> 0 5)))"}, {"a && !b || b", "(pipe (|| (&& a (! b)) b))"},
        {"a && b ?? c == d", "(pipe (&& a (?? b (== c d))))"},
        {"x in 1..5 && y", "(pipe (&& (in x (.. 1 5)) y))"},
        {"a as int + b as [float]", "(pipe (+ (as a int) (as b [float])))"},
        {"-a as int ** 2", "(pipe (** (as (- a) int) 2))"},
        {"1..2 ** 3", "(pipe (** (.. 1 2) 3))"}, {"name ~= \"^L\"", "(pipe (~= name \"^L\"))"});
}

static void comparisons_chain(void) {
    TREES({"60 < m < 120", "(pipe (&& (< 60 m) (< m 120)))"},
          {"0 <= a < b <= c", "(pipe (&& (&& (<= 0 a) (< a b)) (<= b c)))"},
          {"9 > a >= 3 && x", "(pipe (&& (&& (> 9 a) (>= a 3)) x))"},
          {"(a < b) < c", "(pipe (< (< a b) c))"}, {"a < b == c", "(pipe (== (< a b) c))"});
}

static void ranges_may_lack_their_ends(void) {
    TREES({"take 4..6", "(pipe (call take (.. 4 6)))"},
          {"take 24..", "(pipe (call take (.. 24 _)))"},
          {"take ..5", "(pipe (call take (.. _ 5)))"},
          {"window rows:.. (x)", "(pipe (call window rows:(.. _ _) x))"},
          {"window rows:-1..1 x", "(pipe (call window rows:(.. (- 1) 1) x))"},
          {"f 5.. x", "(pipe (call f (.. 5 _) x))"}, {"f a ..5", "(pipe (call f a (.. _ 5)))"},
          {"a .. b", "(pipe (.. a b))"},
          {"hist x range:a..b weight:w", "(pipe (call hist x range:(.. a b) weight:w))"});
}

static void a_name_touching_a_bracket_is_a_call(void) {
    TREES({"abs(eta) < 1", "(pipe (< (tight abs eta) 1))"},
          {"delta_r(a, b)", "(pipe (tight delta_r a b))"}, {"now()", "(pipe (tight now))"},
          {"f(a, n:3)", "(pipe (tight f a n:3))"},
          {"join b(==id)", "(pipe (call join (tight b (== id))))"},
          {"join b (==id)", "(pipe (call join b (== id)))"},
          {"x | text.starts_with(\"a\")", "(pipe x (tight text.starts_with \"a\"))"},
          {"count(Jet | filter pt > 3)",
           "(pipe (tight count (pipe Jet (call filter (> pt 3)))))"},
          {"group k(\n sort x\n take 1)",
           "(pipe (call group (tight k (pipe (call sort x) (call take 1)))))"},
          {"f(a) b", "(pipe (call f a b))"},
          {"(f x).pt[0].q", "(pipe (field (index (field (call f x) pt) 0) q))"},
          {"f(x).g(y)", "(pipe (tight (field (tight f x) g) y))"},
          {"x [0]", "(pipe (call x (array 0)))"}, {"x[-1]", "(pipe (index x (- 1)))"});
}

static void the_first_name_takes_the_rest_of_some_stages(void) {
    TREES({"derive x = sum y", "(pipe (call derive x=(call sum y)))"},
          {"select x = a + b", "(pipe (call select x=(+ a b)))"},
          {"aggregate n = count this | f", "(pipe (call aggregate n=(call count this)) f)"},
          {"join g=genres (==k)", "(pipe (call join g=genres (== k)))"},
          {"filter a = b", "(pipe (call filter a=b))"},
          {"from a=[{k = 1}]", "(pipe (call from a=(array (tuple k=1))))"},
          {"{n = count this, m = sort -x}",
           "(pipe (tuple n=(call count this) m=(either (- sort x) (call sort (- x)))))"});
}

static void a_minus_behind_a_name_keeps_both_readings(void) {
    TREES({"sort -pt", "(pipe (either (- sort pt) (call sort (- pt))))"},
          {"a - b", "(pipe (- a b))"}, {"a-b", "(pipe (- a b))"},
          {"lag -1 x", "(pipe (call lag (- 1) x))"},
          {"filter b -c", "(pipe (call filter (- b c)))"},
          {"f +x * 2", "(pipe (either (+ f (* x 2)) (call f (* (+ x) 2))))"});
}

static void newlines_are_pipes_or_blanks(void) {
    TREES({"from t\nfilter x\ntake 1", "(pipe (call from t) (call filter x) (call take 1))"},
          {"from t\n| filter x\n  | take 1",
           "(pipe (call from t) (call filter x) (call take 1))"},
          {"from t |\nfilter x", "(pipe (call from t) (call filter x))"},
          {"filter a\n  && b\n  || c", "(pipe (call filter (|| (&& a b) c)))"},
          {"filter a &&\n b", "(pipe (call filter (&& a b)))"},
          {"derive x =\n 3", "(pipe (call derive x=3))"},
          {"select s = a\n\\ + b\n\\ + c", "(pipe (call select s=(+ (+ a b) c)))"},
          {"from t \\\n x", "(pipe (call from t x))"},
          {"take 5..\nfilter x", "(pipe (call take (.. 5 _)) (call filter x))"},
          {"f {\n a,\n b,\n}", "(pipe (call f (tuple a b)))"},
          {"from t # c\n# own\nfilter x", "(pipe (call from t) (call filter x))"},
          {"(\n j = Jet\n\n filter x\n)", "(pipe (pipe j=Jet (call filter x)))"},
          {"from t\r\nfilter x\r\n", "(pipe (call from t) (call filter x))"});
}

static void statements_end_where_the_rules_say(void) {
    TREES({"from a\n\nb | c", "(pipe (call from a))\n(pipe b c)"},
          {"from a\nfrom b", "(pipe (call from a))\n(pipe (call from b))"},
          {"from a\nlet b = 1", "(pipe (call from a))\n(let b 1)"},
          {"let x = 1\nx + 1", "(let x 1)\n(pipe (+ x 1))"},
          {"let x = a | b\nc", "(let x (pipe a b))\n(pipe c)"},
          {"let x =\nfrom t", "(let x (call from t))"}, {"a; b;", "(pipe a);\n(pipe b);"},
          {"from a\n%tables\nb", "(pipe (call from a))\n(% \"tables\" \"\")\n(pipe b)"},
          {"from a | into b\n\nc", "(into b (pipe (call from a)))\n(pipe c)"},
          {"from a\ninto b", "(into b (pipe (call from a)))"},
          {"from a into b", "(into b (pipe (call from a)))"},
          {"prql target:sql.duckdb\nfrom a", "(pipe (call from a))"},
          {"a % b", "(pipe (% a b))"}, {"(a\n%b)", "(pipe (% a b))"});
}

static void statements_of_every_kind(void) {
    TREES({"let f = a b:2 c <relation> -> <int> a + b",
           "(let f (fn (a b:2 c<relation>) <int> (+ a b)))"},
          {"let f = x -> x | g", "(let f (fn (x) (pipe x g)))"},
          {"let x <int> = 3", "(let x <int> 3)"}, {"let x <int>= 3", "(let x <int> 3)"},
          {"type T = {a = int, b = [float]}", "(type T <{a=int, b=[float]}>)"},
          {"import hep.cuts", "(import hep.cuts)"},
          {"module m {\n  let a = 1\n\n  let b = 2\n}\nfrom m.a",
           "(module m (let a 1) (let b 2))\n(pipe (call from m.a))"},
          {"@{param, doc=\"cut\"}\nlet x = 25", "@(tuple param doc=\"cut\") (let x 25)"},
          {"#! one\n#! two\nlet x = 1", "#!\"one\\ntwo\" (let x 1)"},
          {"sum?", "(help \"sum\" \"?\")"}, {"text.lower??", "(help \"text.lower\" \"??\")"},
          {"%set rows 5 ", "(% \"set\" \"rows 5\")"},
          {"x | (y -> y + 1)", "(pipe x (fn (y) (+ y 1)))"},
          {"case [a > 3 => \"big\", true => sum x]",
           "(pipe (case (> a 3) => \"big\" true => (call sum x)))"},
          {"select {t.*, !{a}, this.count}",
           "(pipe (call select (tuple t.* (! (tuple a)) this.count)))"},
          {"filter type == 3 && import", "(pipe (call filter (&& (== type 3) import)))"},
          {"(total | in 20..)", "(pipe (pipe total (call in (.. 20 _))))"},
          {"(x | as int)", "(pipe (pipe x (call as int)))"});
}

static void a_timed_statement_goes_on_like_any(void) {
    TREES(
        {"%time from x\n| filter y\nfrom z",
         "(% \"time\" \"from x\\n| filter y\")\n(pipe (call from z))"},
        {"%explain from x |\n take 3", "(% \"explain\" \"from x |\\n take 3\")"},
        {"%time (from x\n\n take 3)\n\nb", "(% \"time\" \"(from x\\n\\n take 3)\")\n(pipe b)"},
        {"%time\nfrom x", "(% \"time\" \"\")\n(pipe (call from x))"},
        {"%set a (\nb", "(% \"set\" \"a (\")\n(pipe b)"});
}

static void a_commands_rest_ends_its_span(void) {
    const char *text = "%time   from x\n| take 3  \n";
    cf_arena *arena = cf_arena_new(1 << 14);
    cf_diags diags = {0};
    const cf_program *program = cf_parse(arena, 1, text, strlen(text), &diags);
    CHECK(program->count == 1 && diags.count == 0);
    const cf_stmt *s = program->stmts[0];
    CHECK(memcmp(text + s->span.end - s->rest.size, s->rest.data, s->rest.size) == 0);
    cf_arena_free(arena);
}

static void every_node_knows_its_place(void) {
    const char *text = "from events\nfilter (Jet | any pt > 40) && n == -1";
    cf_arena *arena = cf_arena_new(1 << 14);
    cf_diags diags = {0};
    const cf_program *program = cf_parse(arena, 7, text, strlen(text), &diags);
    const cf_ast *call = program->stmts[0]->value->as.list.items[1].value;
    const cf_ast *both = call->as.call.args[0].value, *list = both->as.op.left;
    CHECK(call->span.source == 7 && call->span.begin == 12 && call->span.end == strlen(text));
    CHECK(list->parens && text[list->span.begin] == '(' && text[list->span.end - 1] == ')');
    CHECK(memcmp(text + both->as.op.op_span.begin, "&&", 2) == 0);
    CHECK(strcmp(text + both->as.op.right->as.op.right->span.begin, "-1") == 0);
    cf_arena_free(arena);
}

/* ---- mistakes ---------------------------------------------------------------------------- */

typedef struct {
    const char *text;
    int code;
    const char *under; /* the text that the carets mark */
    const char *message;
    const char *hint; /* NULL: none */
} mistake;

static void check_mistake(const mistake *m) {
    cf_arena *arena = cf_arena_new(1 << 14);
    cf_diags diags = {0};
    (void)cf_parse(arena, 1, m->text, strlen(m->text), &diags);
    const cf_error *e = &diags.errors[0];
    if (diags.count != 1) printf("%zu errors: %s\n", diags.count, m->text);
    CHECK(diags.count == 1);
    CHECK((int)e->status == m->code);
    CHECK_STR(e->message, m->message);
    CHECK_STR(e->hint, m->hint == NULL ? "" : m->hint);
    CHECK(e->label[0] != '\0');
    const size_t size = e->span.end - e->span.begin;
    if (size != strlen(m->under) || memcmp(m->text + e->span.begin, m->under, size) != 0)
        printf("%s: carets under `%.*s`\n", m->text, (int)size, m->text + e->span.begin);
    CHECK(size == strlen(m->under) && memcmp(m->text + e->span.begin, m->under, size) == 0);
    cf_arena_free(arena);
}

#define MISTAKES(...)                            \
    static const mistake list[] = {__VA_ARGS__}; \
    for (size_t i = 0; i < CF_COUNT(list); i++)  \
    check_mistake(&list[i])

static void brackets_and_texts_are_blamed_where_they_open(void) {
    MISTAKES({"from t | filter (a > 3", 2, "(", "`(` is not closed", NULL},
             {"let a = (from x | filter (y > 3)\nlet b = 3", 2, "(", "`(` is not closed", NULL},
             {"from t | select {a, b\n\nfrom u", 2, "{", "`{` is not closed", NULL},
             {"(a > 3; b)", 2, "(", "`(` is not closed", NULL},
             {"(a]", 2, "]", "`]` does not close `(`", NULL},
             {"[(a, b]", 2, "]", "`]` does not close `(`", NULL},
             {"a)", 1, ")", "`)` closes nothing", NULL},
             {"filter x == \"abc\nsort y\ntake 3", 2, "\"", "this text is not closed", NULL},
             {"x | f '''abc", 2, "'''", "this text is not closed", NULL},
             {"f \"abc", 2, "\"", "this text is not closed", NULL},
             {"f\"abc", 2, "f\"", "this text is not closed", NULL},
             {"select `abc", 2, "`", "this name in backticks is not closed", NULL},
             {"()", 1, "()", "there is nothing in these parentheses", NULL});
}

static void habits_of_sql_are_named(void) {
    MISTAKES(
        {"SELECT * FROM t", 1, "SELECT", "this is SQL: here a pipeline begins with `from`",
         "write `from t`"},
        {"select a, b from t", 1, "select", "this is SQL: here a pipeline begins with `from`",
         "write `from t | select {a, b}`"},
        {"SELECT a\nFROM t\nWHERE x = 3", 1, "SELECT",
         "this is SQL: here a pipeline begins with `from`",
         "begin with `from table`, then a stage for every step: `filter`, `derive`, `group`, "
         "`select`, `sort`, `take`"},
        {"from t | WHERE x > 3", 1, "WHERE", "`WHERE` is SQL", "rows are chosen with `filter`"},
        {"FROM t\nfilter x", 1, "FROM", "`FROM` is SQL", "write `from` in small letters"},
        {"from t | filter a > 3 and b < 4", 1, "and", "`and` is no operator", "write `&&`"},
        {"from t | filter a or b", 1, "or", "`or` is no operator", "write `||`"},
        {"from t | filter not a", 1, "not", "`not` is no operator", "write `!`"},
        {"filter x not in [1]", 1, "not", "`not` is no operator", "write `!(x in ..)`"},
        {"filter a <> 3", 1, "<>", "`<>` is no operator", "write `!=`"},
        {"filter t.a = 3", 7, "=", "`=` gives a name, it does not compare",
         "compare with `==`"},
        {"filter a == 1 && b = 2", 7, "=", "`=` gives a name, it does not compare",
         "compare with `==`"},
        {"x = 3", 1, "=", "`=` alone does not name a value", "write `let x = 3`"},
        {"from t\nx = 3", 1, "=", "`=` alone does not name a value", "write `let x = 3`"},
        {"count *", 1, "*", "a value is missing after `*`",
         "rows are counted with `count this`"},
        {"a & b", 1, "&", "`&` has no meaning here", "\"and\" is written `&&`"},
        {"s\"SELECT\"", 18, "s\"SELECT\"", "there are no s-strings here",
         "no SQL engine lies beneath; write it as an expression"});
}

static void lists_need_their_commas_and_braces(void) {
    MISTAKES({"select a, b", 1, ",", "a comma cannot stand here",
              "several go into braces: `select {a, b}`"},
             {"group a, b (take 1)", 1, ",", "a comma cannot stand here",
              "several go into braces: `{a, b}`"},
             {"(a, b)", 1, ",", "a comma cannot stand here",
              "a tuple is written `{a, b}`, a list `[a, b]`"},
             {"{a = 1 b = 2}", 1, "b", "a comma is missing before `b`", NULL},
             {"{a = 1\n b = 2}", 1, "1", "a comma is missing at the end of this line", NULL},
             {"{a, , b}", 1, ",", "a value is missing before `,`", NULL},
             {"{a: 1}", 1, ":", "a tuple's items are written `name = value`", "write `a = ..`"},
             {"[{\"a\": 1}]", 1, ":", "a tuple's items are written `name = value`",
              "write `a = ..`"},
             {"[a = 1]", 1, "=", "the elements of a list have no names",
              "a tuple is written in braces: `[{a = ..}]`"},
             {"case [a]", 1, "]", "an arm of `case` is written `condition => value`", NULL});
}

static void values_are_missed_where_they_should_stand(void) {
    MISTAKES({"a +", 1, "+", "a value is missing after `+`", NULL},
             {"a + * b", 1, "+", "a value is missing after `+`", NULL},
             {"from t |", 1, "|", "a stage is missing after `|`", NULL},
             {"from t | | x", 1, "|", "there is no stage between these `|`", NULL},
             {"from t\n\n| x", 1, "|", "there is nothing before this `|`",
              "a blank line ends a statement; start with a relation: `from t | ..`"},
             {"let x =", 1, "=", "a value is missing after `=`", NULL},
             {"let x", 1, "x", "`let` needs a value", "write `let x = ..`"},
             {"let", 1, "let", "a name is missing after `let`", NULL},
             {"x.", 1, ".", "a field's name is missing after `.`", NULL},
             {"1 + sum x", 1, "x", "nothing joins `x` to what stands before it",
              "inside an expression a call needs parentheses: `sum(x)`"},
             {"1 + f (x)", 1, "(", "nothing joins `(` to what stands before it",
              "inside an expression a call has its bracket right behind the name: `f(..)`"},
             {"@{param}\nfrom t", 1, "@", "an annotation belongs above a `let`", NULL},
             {"f x let y = 3", 1, "let", "`let` cannot stand here", NULL});
}

static void literals_say_what_is_wrong(void) {
    MISTAKES({"99999999999999999999", 3, "99999999999999999999",
              "this integer does not fit into 64 bits", "as a float: `99999999999999999999.0`"},
             {"0b12", 3, "0b12", "`2` is no digit of a number in base 2", NULL},
             {"0x", 3, "0x", "this number has no digits", NULL},
             {"1e999", 3, "1e999", "this number is too large for a float", NULL},
             {"@2023-02-29", 3, "@2023-02-29", "there is no date 2023-02-29", NULL},
             {"@25:00", 3, "@25:00", "there is no time 25:00", NULL},
             {"@2024-1-2", 3, "@2024-1-2", "this is no date",
              "dates are written `@2024-12-31`, `@16:54` or `@2024-12-31T16:54:00Z`"},
             {"\"a\\q\"", 3, "\\q", "`\\q` is no escape",
              "a backslash as such is written `\\\\`, or use a raw text: `r\"..\"`"},
             {"f\"{}\"", 3, "{}", "there is no value in these braces", NULL},
             {"f\"a}b\"", 3, "}", "this `}` closes nothing",
              "a brace as such is written twice: `}}`"},
             {"f\"{x +}\"", 1, "+", "a value is missing after `+`", NULL},
             {"\001", 1, "\001", "the byte 0x01 is not text", NULL},
             {"\xff", 1, "\xff", "the byte 0xff is not text", NULL},
             {"\"\xff\"", 3, "\"\xff\"", "this text is not valid UTF-8", NULL});
}

static void every_mistake_is_told_once_and_in_order(void) {
    const char *text = "from a | filter x > | take 3 +\n\nlet y = [1 2]\n\nc d\n\nz = 4\n\n"
                       "(b\n\nlet w = 5 5\n\nq q, q\n\n)";
    cf_arena *arena = cf_arena_new(1 << 14);
    cf_diags diags = {0};
    const cf_program *program = cf_parse(arena, 1, text, strlen(text), &diags);
    CHECK(diags.count == CF_DIAGS_MAX);
    for (size_t i = 1; i < diags.count; i++)
        CHECK(diags.errors[i].span.begin > diags.errors[i - 1].span.begin);
    CHECK(program->count == 1); /* `c d` */
    cf_arena_free(arena);
}

static void repeat(cf_text *t, const char *piece, size_t times) {
    for (size_t i = 0; i < times; i++)
        cf_text_adds(t, piece);
}

static void deep_programs_are_refused(void) {
    static const char *const pieces[][2] = {
        {"(", ")"},
        {"[", "]"},
        {"{a = ", "}"},
        {"f(", ")"},
        {"-", ""},
        {"x[", "]"},
        {"a ** ", ""},
        {"f\"{", "}\""},
        {"a + ", ""},
        {"case [a => ", "]"},
        {"f -(", ")"},
        {"x -> ", ""},
        {"derive x = ", ""},
        {"let f = <[", ""},
        {"!", ""},
        {"sort -", ""},
        {"a < ", ""},
        {"(x | f ", ")"},
        {"module m {\n", "}"},
    };
    for (size_t i = 0; i < CF_COUNT(pieces); i++) {
        cf_text text = {0};
        cf_arena *arena = cf_arena_new(1 << 14);
        cf_diags diags = {0};
        repeat(&text, pieces[i][0], 3000);
        cf_text_adds(&text, "x");
        repeat(&text, pieces[i][1], 3000);
        (void)cf_parse(arena, 1, text.data, text.size, &diags);
        CHECK(diags.count > 0);
        cf_arena_free(arena);
        cf_text_clear(&text);
    }
}

/* Both readings of each level must not double the work. */
static void nested_readings_take_linear_time(void) {
    cf_text text = {0};
    cf_arena *arena = cf_arena_new(1 << 14);
    cf_diags diags = {0};
    repeat(&text, "f -(", 100);
    cf_text_adds(&text, "x");
    repeat(&text, ")", 100);
    const cf_program *program = cf_parse(arena, 1, text.data, text.size, &diags);
    CHECK(diags.count == 0 && program->count == 1);
    cf_arena_free(arena);
    cf_text_clear(&text);
}

int main(void) {
    RUN(literals_have_their_values);
    RUN(dates_are_counted_from_1970);
    RUN(f_strings_hold_values_and_formats);
    RUN(operators_bind_as_the_table_says);
    RUN(comparisons_chain);
    RUN(ranges_may_lack_their_ends);
    RUN(a_name_touching_a_bracket_is_a_call);
    RUN(the_first_name_takes_the_rest_of_some_stages);
    RUN(a_minus_behind_a_name_keeps_both_readings);
    RUN(newlines_are_pipes_or_blanks);
    RUN(statements_end_where_the_rules_say);
    RUN(statements_of_every_kind);
    RUN(a_timed_statement_goes_on_like_any);
    RUN(a_commands_rest_ends_its_span);
    RUN(every_node_knows_its_place);
    RUN(brackets_and_texts_are_blamed_where_they_open);
    RUN(habits_of_sql_are_named);
    RUN(lists_need_their_commas_and_braces);
    RUN(values_are_missed_where_they_should_stand);
    RUN(literals_say_what_is_wrong);
    RUN(every_mistake_is_told_once_and_in_order);
    RUN(deep_programs_are_refused);
    RUN(nested_readings_take_linear_time);
    return cf_test_failures != 0;
}
