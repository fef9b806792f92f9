/* Texts, formats, regular expressions. */
#include "call.h"
#include "func/letters.h"
#include "func/pattern.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

static cf_vec text(const char *s) {
    cf_view *v = CF_NEW(call_arena, cf_view);
    *v = (cf_view){s, strlen(s)};
    return constant(CF_TEXT, v, NULL);
}

static const char *one(const char *name, const char *s) {
    return text_at(CALL(name, 1, text(s)), 0);
}

static void letters_change_case_in_every_script(void) {
    CHECK_STR(
        one("text_lower", "AC/DC \xc3\x84\xc3\x9f \xd0\x9f\xd1\x80 \xce\xa3 \xc4\x80\xc5\xb8"),
        "ac/dc \xc3\xa4\xc3\x9f \xd0\xbf\xd1\x80 \xcf\x83 \xc4\x81\xc3\xbf");
    CHECK_STR(one("text_upper",
                  "rock \xc3\xa4\xc3\x9f \xd0\xbf \xcf\x82\xcf\x83 \xc5\xbe \xc3\xbf \xc3\xb7"),
              "ROCK \xc3\x84\xc3\x9f \xd0\x9f \xce\xa3\xce\xa3 \xc5\xbd \xc5\xb8 \xc3\xb7");
    CHECK_STR(one("text_upper", "a\xff\xfe z"), "A\xff\xfe Z");
    CHECK_STR(one("text_upper", ""), "");
    for (uint32_t c = 0; c < 0x2000; c++) {
        CHECK(cf_lower(cf_lower(c)) == cf_lower(c));
        CHECK(cf_upper(cf_upper(c)) == cf_upper(c));
        if (cf_lower(c) != c) CHECK(cf_upper(cf_lower(c)) == c);
    }
}

static void texts_are_trimmed_and_measured(void) {
    CHECK_STR(one("text_trim", " \t a b\n "), "a b");
    CHECK_STR(one("text_ltrim", "  a "), "a ");
    CHECK_STR(one("text_rtrim", "  a "), "  a");
    CHECK_STR(one("text_trim", "   "), "");
    CHECK(int_at(CALL("text_length", 1, text("B\xc3\xbchne")), 0) == 5);
    CHECK(int_at(CALL("text_length", 1, text("")), 0) == 0);
}

static const char *extract(int64_t from, int64_t count, const char *s) {
    return text_at(CALL("text_extract", 1, INTS(from), INTS(count), text(s)), 0);
}

static void parts_are_counted_in_characters_from_one(void) {
    CHECK_STR(extract(1, 2, "AC/DC"), "AC");
    CHECK_STR(extract(2, 2, "B\xc3\xbchne"), "\xc3\xbch");
    CHECK_STR(extract(4, 10, "AC/DC"), "DC");
    CHECK_STR(extract(6, 1, "AC/DC"), "");
    CHECK_STR(extract(0, 2, "AC/DC"), "A");
    CHECK_STR(extract(-3, 2, "AC/DC"), "");
    CHECK_STR(extract(2, 0, "AC/DC"), "");
    CHECK_STR(extract(2, -1, "AC/DC"), "");
    CHECK_STR(extract(INT64_MAX, INT64_MAX, "AC/DC"), "");
    CHECK_STR(extract(INT64_MIN, INT64_MAX, "AC/DC"), "");
    CHECK_STR(extract(2, INT64_MAX, "AC/DC"), "C/DC");
}

static const char *replace(const char *what, const char *by, const char *s) {
    return text_at(CALL("text_replace", 1, text(what), text(by), text(s)), 0);
}

static void texts_are_replaced_from_left_to_right(void) {
    CHECK_STR(replace("/", "-", "AC/DC"), "AC-DC");
    CHECK_STR(replace("aa", "b", "aaaaa"), "bba");
    CHECK_STR(replace("a", "", "banana"), "bnn");
    CHECK_STR(replace("", "x", "abc"), "abc");
    CHECK_STR(replace("x", "y", "abc"), "abc");
    CHECK_STR(replace("a", "aaa", "aa"), "aaaaaa");
    CHECK_STR(replace(".*", "z", "a.*b"), "azb");
}

static int test(const char *name, const char *what, const char *s) {
    return bool_at(CALL(name, 1, text(what), text(s)), 0);
}

static void texts_are_searched_without_wildcards(void) {
    CHECK(test("text_starts_with", "Ac", "Accept") == 1 &&
          test("text_starts_with", "ac", "Accept") == 0);
    CHECK(test("text_ends_with", "ept", "Accept") == 1 &&
          test("text_ends_with", "Accept!", "Accept") == 0);
    CHECK(test("text_contains", "ana", "banana") == 1 &&
          test("text_contains", "nab", "banana") == 0);
    CHECK(test("text_contains", "", "") == 1 && test("text_contains", "a", "") == 0 &&
          test("text_starts_with", "", "") == 1);
    CHECK(test("text_contains", "%", "a") == 0);
    const cf_view t[] = {{"ab", 2}, {NULL, 0}, {"b", 1}};
    const cf_vec r =
        CALL("text_contains", 3, TEXT("b"), VALID(column(CF_TEXT, t, NULL, 3), 1, 0, 1));
    CHECK(bool_at(r, 0) == 1 && null_at(r, 1) && bool_at(r, 2) == 1);
}

/* ---- formats ---- */

static const char *format_float(double x, const char *spec) {
    return text_at(CALL("format_float", 1, FLOATS(x), text(spec)), 0);
}

static const char *format_int(int64_t x, const char *spec) {
    return text_at(CALL("format_int", 1, INTS(x), text(spec)), 0);
}

static void numbers_are_formatted(void) {
    CHECK_STR(format_float(2.345, ".1f"), "2.3");
    CHECK_STR(format_float(-1234567.891, ",.2f"), "-1,234,567.89");
    CHECK_STR(format_float(0.256, ".1%"), "25.6%");
    CHECK_STR(format_float(1234.5, ".3e"), "1.234e+03");
    CHECK_STR(format_float(1234.5, "g"), "1234.5");
    CHECK_STR(format_float(0.1, ""), "0.1");
    CHECK_STR(format_float(2.5, ">8"), "     2.5");
    CHECK_STR(format_float(2.5, "<8"), "2.5     ");
    CHECK_STR(format_float(2.5, "*^7.1f"), "**2.5**");
    CHECK_STR(format_float(-2.5, "08.2f"), "-0002.50");
    CHECK_STR(format_float(2.5, "+.1f"), "+2.5");
    CHECK_STR(format_float(NaN, ".1f"), "nan");
    CHECK_STR(format_float(-Inf, "6.1f"), "  -inf");
    CHECK(strlen(format_float(1e308, ".2f")) == 312);
    CHECK_STR(format_float(3, ".2"), "3");
    CHECK_STR(format_int(42, "05d"), "00042");
    CHECK_STR(format_int(-42, "05d"), "-0042");
    CHECK_STR(format_int(1234567, ","), "1,234,567");
    CHECK_STR(format_int(255, "x"), "ff");
    CHECK_STR(format_int(5, "b"), "101");
    CHECK_STR(format_int(5, ".2f"), "5.00");
    CHECK_STR(format_int(INT64_MIN, "d"), "-9223372036854775808");
    CHECK_STR(format_int(7, ""), "7");
    CHECK_STR(format_int(7, ">3"), "  7");
    CHECK_STR(format_int(7, "\xc2\xb7>3"), "\xc2\xb7\xc2\xb7"
                                           "7");
    CHECK_STR(text_at(CALL("format_text", 1, text("B\xc3\xbc"), text(">4")), 0), "  B\xc3\xbc");
    CHECK_STR(text_at(CALL("format_text", 1, text("B\xc3\xbchne"), text(".2")), 0),
              "B\xc3\xbc");
}

static void wrong_formats_are_errors(void) {
    static const char *const wrong[] = {".f", "z",  ".1ff", "99999f", ".999f",
                                        "d",  "5.", ",,",   "--"};
    for (size_t i = 0; i < CF_COUNT(wrong); i++) {
        (void)format_float(1.0, wrong[i]);
        if (call_status == CF_OK) printf("%s\n", wrong[i]);
        CHECK(call_status == CF_E_VALUE);
    }
    CHECK_STR(call_error.message, "`--` is not a format");
    const cf_vec null = CALL("format_float", 1, VALID(FLOATS(0), 0), TEXT("z"));
    CHECK(call_status == CF_OK && null_at(null, 0));
}

static void pieces_are_joined_and_null_makes_null(void) {
    const cf_view t[] = {{"a", 1}, {NULL, 0}, {"ccc", 3}};
    const cf_vec x = VALID(column(CF_TEXT, t, NULL, 3), 1, 0, 1);
    const cf_vec r = CALL("text_concat", 3, TEXT("<"), x, TEXT("> "), x);
    CHECK_STR(text_at(r, 0), "<a> a");
    CHECK(null_at(r, 1));
    CHECK_STR(text_at(r, 1), "");
    CHECK_STR(text_at(r, 2), "<ccc> ccc");
    CHECK_STR(text_at(CALL("text_concat", 2, TEXT("a"), TEXT("b")), 1), "ab");
}

/* ---- regular expressions ---- */

static int found(const char *pattern, const char *s) {
    const cf_vec r = CALL("regex", 1, text(s), text(pattern));
    return call_status == CF_OK ? bool_at(r, 0) : -1;
}

static void patterns_are_found(void) {
    static const struct {
        const char *pattern, *text;
        int found;
    } cases[] = {{"^Love .*s$", "Love Bites", 1},
                 {"^Love .*s$", "Glove s", 0},
                 {"abc", "xabcx", 1},
                 {"", "", 1},
                 {"", "a", 1},
                 {"a+b", "aaab", 1},
                 {"a+b", "b", 0},
                 {"a*b", "b", 1},
                 {"^a?b$", "ab", 1},
                 {"^a?b$", "aab", 0},
                 {"^(ab|cd)+$", "abcdab", 1},
                 {"^(ab|cd)+$", "abc", 0},
                 {"^[a-c]+$", "abcb", 1},
                 {"^[^a-c]+$", "xyz", 1},
                 {"^[^a-c]+$", "xaz", 0},
                 {"^\\d{3}-\\d+$", "123-4", 1},
                 {"^\\d{3}-\\d+$", "12-4", 0},
                 {"^\\w+\\s\\w+$", "ab cd", 1},
                 {"\\bcat\\b", "a cat.", 1},
                 {"\\bcat\\b", "concat", 0},
                 {"\\Bcat", "concat", 1},
                 {"^.$", "\xc3\xa4", 1},
                 {"^.$", "\n", 0},
                 {"(?i)ROCK", "hard rock", 1},
                 {"(?i)\xc3\x84", "\xc3\xa4", 1},
                 {"(?i)[A-Z]+\\d", "ab1", 1},
                 {"^a{2,3}$", "aa", 1},
                 {"^a{2,3}$", "aaaa", 0},
                 {"^a{2,}$", "aaaaa", 1},
                 {"^a{0}$", "", 1},
                 {"a{,2}", "a{,2}", 1},
                 {"x{y", "x{y", 1},
                 {"^(a*)*$", "aaab", 0},
                 {"^(a*)*$", "aaa", 1},
                 {"^(a|b|)+$", "abab", 1},
                 {"\\.", "a.b", 1},
                 {"\\.", "ab", 0},
                 {"[.]", "ab", 0},
                 {"[]a]", "]", 1},
                 {"[a-]", "-", 1},
                 {"[\\d.]+", "1.5", 1},
                 {"^[\\D]+$", "ab", 1},
                 {"[[:alpha:]]", "1a", 1},
                 {"^[[:upper:]]+$", "AB", 1},
                 {"\\x41", "A", 1},
                 {"\\t", "\t", 1},
                 {"(?:ab)+c", "ababc", 1},
                 {"(?P<n>a)b", "ab", 1},
                 {"a.*?b", "axxb", 1},
                 {"^\\S+$", "a b", 0},
                 {"^\\W$", "-", 1},
                 {"a|b|c", "xxc", 1},
                 {"(^a|b$)", "ab", 1},
                 {"$^", "", 1},
                 {"a$b", "a", 0},
                 {"^^a$$", "a", 1},
                 {"^(a?){30}a{30}$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1},
                 {"^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 0}};
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        const int got = found(cases[i].pattern, cases[i].text);
        if (got != cases[i].found)
            printf("%s in %s: %d %s\n", cases[i].pattern, cases[i].text, got,
                   call_error.message);
        CHECK(got == cases[i].found);
    }
}

static void unreadable_patterns_say_what_is_wrong(void) {
    static const char *const wrong[] = {"(",
                                        ")",
                                        "[a",
                                        "a**b(",
                                        "*a",
                                        "(a",
                                        "a)",
                                        "[z-a]",
                                        "\\",
                                        "(?=a)",
                                        "(?<!a)",
                                        "\\1",
                                        "\\q",
                                        "a{5,2}",
                                        "a{1001}",
                                        "((((a{1000}){1000}){1000}){1000})",
                                        "(((x{0}){1000}){1000}){1000}",
                                        "[a-\\d]",
                                        "\\x4",
                                        "(?Px"};
    for (size_t i = 0; i < CF_COUNT(wrong); i++) {
        const int got = found(wrong[i], "abc");
        if (got != -1) printf("%s is read\n", wrong[i]);
        CHECK(got == -1);
        CHECK(call_status == CF_E_VALUE);
    }
    (void)found("ab(c", "");
    CHECK_STR(call_error.message,
              "the pattern \"ab(c\" cannot be read: `(` without `)` (at character 5)");
    char deep[2001];
    memset(deep, '(', 2000);
    deep[2000] = '\0';
    CHECK(found(deep, "a") == -1);
    memset(deep, '[', 2000);
    CHECK(found(deep, "a") == -1);
}

static void long_alternatives_and_sequences_are_no_deep_recursion(void) {
    static char many[20001];
    for (size_t i = 0; i < 20000; i++)
        many[i] = i % 2 == 0 ? 'a' : '|';
    CHECK(found(many, "b") == -1 ||
          found(many, "b") == 1); /* too large, or the empty alternative */
    for (size_t i = 0; i < 10000; i++)
        many[i] = '.';
    many[10000] = '\0';
    CHECK(found(many, "short") == 0);
}

/* Against the C library's matcher, on random patterns of what both have. */
static void random_patterns_agree_with_the_c_library(void) {
    static const char *const parts[] = {"a", "b",  "c",    "(a|b)",       "[ab]",  "[^a]",
                                        ".", "a*", "b+",   "c?",          "(ab)*", "(a|bc)+",
                                        "^", "$",  "a{2}", "(a|b|c){1,2}"};
    for (size_t i = 0; i < 3000; i++) {
        char pattern[128] = "", s[16] = "";
        const size_t count = 1 + cf_hash_u64(i, 1) % 4;
        for (size_t k = 0; k < count; k++) {
            const char *part = parts[cf_hash_u64(i * 8 + k, 2) % CF_COUNT(parts)];
            memcpy(pattern + strlen(pattern), part, strlen(part) + 1);
        }
        regex_t reference;
        if (regcomp(&reference, pattern, REG_EXTENDED | REG_NOSUB) != 0) continue;
        for (size_t t = 0; t < 8; t++) {
            const size_t size = cf_hash_u64(i * 8 + t, 3) % 7;
            for (size_t k = 0; k < size; k++)
                s[k] = (char)('a' + cf_hash_u64(i * 64 + t * 8 + k, 4) % 3);
            s[size] = '\0';
            const int want = regexec(&reference, s, 0, NULL, 0) == 0;
            const int got = found(pattern, s);
            if (got != want) printf("%s in %s: %d\n", pattern, s, got);
            CHECK(got == want);
        }
        regfree(&reference);
        cf_arena_reset(call_arena);
    }
}

static void patterns_may_differ_from_row_to_row(void) {
    const cf_view p[] = {{"^a", 2}, {"b$", 2}, {NULL, 0}, {"(", 1}};
    const cf_vec r =
        CALL("regex", 4, TEXT("ab"), VALID(column(CF_TEXT, p, NULL, 4), 1, 1, 1, 0));
    CHECK(call_status == CF_OK && bool_at(r, 0) == 1 && bool_at(r, 1) == 1 &&
          bool_at(r, 2) == 1 && null_at(r, 3));
}

int main(void) {
    call_arena = cf_arena_new(1 << 16);
    RUN(letters_change_case_in_every_script);
    RUN(texts_are_trimmed_and_measured);
    RUN(parts_are_counted_in_characters_from_one);
    RUN(texts_are_replaced_from_left_to_right);
    RUN(texts_are_searched_without_wildcards);
    RUN(numbers_are_formatted);
    RUN(wrong_formats_are_errors);
    RUN(pieces_are_joined_and_null_makes_null);
    RUN(patterns_are_found);
    RUN(unreadable_patterns_say_what_is_wrong);
    RUN(long_alternatives_and_sequences_are_no_deep_recursion);
    RUN(random_patterns_agree_with_the_c_library);
    RUN(patterns_may_differ_from_row_to_row);
    return call_end();
}
