#include "lang/parse_internal.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* The values of literals: numbers, texts with escapes, dates, durations, f-strings. */

static bool refuse(cf_parser *p) {
    cf_report(p);
    return false;
}

/* ---- numbers ----------------------------------------------------------------------------- */

static unsigned digit_value(char c) {
    if (c >= '0' && c <= '9') return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f') return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return (unsigned)(c - 'A') + 10;
    return 99;
}

static unsigned base_of(cf_str *digits) {
    if (digits->size < 2 || digits->data[0] != '0') return 10;
    const char c = digits->data[1];
    const unsigned base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;
    if (base != 10) *digits = (cf_str){digits->data + 2, digits->size - 2};
    return base;
}

/* `negative`: a minus stands before it, so 2^63 is allowed and *value is negative. */
bool cf_literal_int(cf_parser *p, cf_span at, bool negative, int64_t *value) {
    cf_str digits = cf_span_text(p, at);
    const unsigned base = base_of(&digits);
    const uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t sum = 0;
    bool any = false, fits = true;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] == '_') continue;
        const unsigned d = digit_value(digits.data[i]);
        if (d >= base) {
            cf_error *e =
                cf_complain(p, CF_E_LITERAL, at, "`%c` is no digit of a number in base %u",
                            digits.data[i], base);
            cf_error_label(e, "this number");
            return refuse(p);
        }
        any = true;
        if (fits) fits = sum <= (limit - d) / base;
        if (fits) sum = sum * base + d;
    }
    if (!any || !fits) {
        cf_error *e = cf_complain(p, CF_E_LITERAL, at,
                                  any ? "this integer does not fit into 64 bits"
                                      : "this number has no digits");
        cf_error_label(e, any ? "at most 9223372036854775807" : "digits expected");
        if (any && base == 10) cf_error_hint(e, "as a float: `%.*s.0`", CF_STR_ARGS(digits));
        return refuse(p);
    }
    *value = (int64_t)(negative ? 0 - sum : sum);
    return true;
}

/* strtod reads every finite decimal correctly rounded; its point is the C locale's, and no part
 * of this program sets another for numbers. */
bool cf_literal_float(cf_parser *p, cf_span at, double *value) {
    const cf_str digits = cf_span_text(p, at);
    char *plain = CF_NEWS(p->arena, char, digits.size + 1);
    size_t n = 0;
    for (size_t i = 0; i < digits.size; i++)
        if (digits.data[i] != '_') plain[n++] = digits.data[i];
    *value = strtod(plain, NULL);
    if (*value <= DBL_MAX) return true;
    cf_error *e = cf_complain(p, CF_E_LITERAL, at, "this number is too large for a float");
    cf_error_label(e, "at most about 1.8e308");
    return refuse(p);
}

bool cf_literal_duration(cf_parser *p, cf_span at, int64_t *count, cf_str *unit) {
    cf_span number = at;
    number.end = number.begin;
    const char *text = p->stream->text;
    while (number.end < at.end &&
           (digit_value(text[number.end]) < 10 || text[number.end] == '_'))
        number.end++;
    const cf_str word = {text + number.end, at.end - number.end};
    const bool plural = word.data[word.size - 1] == 's';
    const char *name =
        cf_arena_printf(p->arena, "%.*s%s", CF_STR_ARGS(word), plural ? "" : "s");
    *unit = cf_str_of(name);
    return cf_literal_int(p, number, false, count);
}

/* ---- texts ------------------------------------------------------------------------------- */

/* The escape whose `\` is at `at`; returns the offset behind it, 0 if it is none. */
static size_t read_escape(const char *text, size_t at, size_t end, uint32_t *code_point) {
    static const char letters[] = "ntbfr0\\'\"";
    static const char values[] = "\n\t\b\f\r\0\\'\"";
    if (at + 1 >= end) return 0;
    const char c = text[at + 1];
    const char *found = c == '\0' ? NULL : strchr(letters, c);
    if (found != NULL) {
        *code_point = (unsigned char)values[found - letters];
        return at + 2;
    }
    size_t i = at + 2;
    uint32_t sum = 0;
    if (c == 'x') {
        for (; i < at + 4; i++) {
            if (i >= end || digit_value(text[i]) > 15) return 0;
            sum = sum * 16 + digit_value(text[i]);
        }
    } else if (c == 'u' && i < end && text[i] == '{') {
        const size_t first = ++i;
        for (; i < end && i < first + 6 && digit_value(text[i]) < 16; i++)
            sum = sum * 16 + digit_value(text[i]);
        if (i == first || i >= end || text[i] != '}') return 0;
        i++;
    } else {
        return 0;
    }
    *code_point = sum;
    return sum > 0x10ffff || (sum >= 0xd800 && sum < 0xe000) ? 0 : i;
}

/* `\u{..}` with hexadecimal digits that are no character; false: it is written differently. */
static bool refuse_code_point(cf_parser *p, size_t at, size_t end) {
    const char *text = p->stream->text;
    size_t i = at + 3;
    while (i < end && digit_value(text[i]) < 16)
        i++;
    if (at + 2 >= end || text[at + 2] != '{' || i == at + 3 || i >= end || text[i] != '}')
        return false;
    const cf_span span = {p->stream->source, (uint32_t)at, (uint32_t)i + 1};
    cf_error *e = cf_complain(p, CF_E_LITERAL, span, "there is no character %.*s",
                              (int)(i - at - 3), text + at + 3);
    cf_error_label(e, "from 0 to 10ffff, without d800 to dfff");
    (void)refuse(p);
    return true;
}

static bool refuse_escape(cf_parser *p, size_t at, size_t end) {
    const char *text = p->stream->text;
    size_t behind = at + 1;
    if (behind < end) behind += 1;
    while (behind < end && ((unsigned char)text[behind] & 0xc0) == 0x80)
        behind++;
    const cf_span span = {p->stream->source, (uint32_t)at, (uint32_t)behind};
    const cf_str shown = cf_span_text(p, span);
    if (cf_str_is(shown, "\\u") && refuse_code_point(p, at, end)) return false;
    cf_error *e = cf_complain(p, CF_E_LITERAL, span, "`%.*s` is no escape", CF_STR_ARGS(shown));
    cf_error_label(e, "in this text");
    cf_error_hint(e, "a backslash as such is written `\\\\`, or use a raw text: `r\"..\"`");
    return refuse(p);
}

static bool refuse_brace(cf_parser *p, size_t at) {
    const cf_span span = {p->stream->source, (uint32_t)at, (uint32_t)at + 1};
    const char c = p->stream->text[at];
    cf_error *e = cf_complain(p, CF_E_LITERAL, span,
                              c == '{' ? "this `{` is not closed" : "this `}` closes nothing");
    cf_error_label(e, "in an f-string");
    cf_error_hint(e, "a brace as such is written twice: `%c%c`", c, c);
    return refuse(p);
}

bool cf_literal_unescape(cf_parser *p, size_t begin, size_t end, bool braces, cf_str *out) {
    const char *text = p->stream->text;
    char *to = CF_NEWS(p->arena, char, end - begin + 1);
    size_t n = 0;
    for (size_t i = begin; i < end;) {
        if (text[i] == '\\') {
            uint32_t code_point = 0;
            const size_t behind = read_escape(text, i, end, &code_point);
            if (behind == 0) return refuse_escape(p, i, end);
            n += cf_utf8_put(to + n, code_point); /* never longer than the escape */
            i = behind;
            continue;
        }
        if (braces && (text[i] == '{' || text[i] == '}')) {
            if (i + 1 >= end || text[i + 1] != text[i]) return refuse_brace(p, i);
            i++;
        }
        to[n++] = text[i++];
    }
    *out = (cf_str){to, n};
    return true;
}

static bool check_utf8(cf_parser *p, cf_span at) {
    const cf_str s = cf_span_text(p, at);
    if (cf_utf8_valid(s.data, s.size)) return true;
    cf_error *e = cf_complain(p, CF_E_LITERAL, at, "this text is not valid UTF-8");
    cf_error_label(e, "bytes that are no characters");
    return refuse(p);
}

/* What stands between the quotes; `prefix`: letters before them. */
static void inside_quotes(const char *text, cf_span at, size_t prefix, size_t *begin,
                          size_t *end) {
    const size_t open = at.begin + prefix;
    size_t quotes = 0;
    while (open + quotes < at.end && text[open + quotes] == text[open])
        quotes++;
    if (quotes % 2 == 0) {
        *begin = *end = at.end;
    } else {
        *begin = open + quotes;
        *end = at.end - quotes;
    }
}

bool cf_literal_text(cf_parser *p, cf_span at, cf_str *value) {
    const char *text = p->stream->text;
    const bool raw = text[at.begin] == 'r';
    size_t begin = 0, end = 0;
    if (!check_utf8(p, at)) return false;
    inside_quotes(text, at, raw, &begin, &end);
    if (!raw) return cf_literal_unescape(p, begin, end, false, value);
    *value = cf_str_of(cf_str_dup(p->arena, (cf_str){text + begin, end - begin}));
    value->size = end - begin;
    return true;
}

/* ---- f-strings --------------------------------------------------------------------------- */

/* [<>^] [+] [0] [width] [.digits] [letter], as in Python; or a date format, which has a `%`. */
static bool is_format(cf_str s) {
    static const char letters[] = "defgsx%";
    size_t i = 0;
    if (s.size == 0) return false;
    if (s.data[0] == '%') return true;
    if (s.data[i] == '<' || s.data[i] == '>' || s.data[i] == '^') i++;
    if (i < s.size && s.data[i] == '+') i++;
    while (i < s.size && digit_value(s.data[i]) < 10)
        i++;
    if (i < s.size && s.data[i] == '.') {
        const size_t first = ++i;
        while (i < s.size && digit_value(s.data[i]) < 10)
            i++;
        if (i == first) return false;
    }
    if (i < s.size && s.data[i] != '\0' && strchr(letters, s.data[i]) != NULL) i++;
    return i == s.size;
}

/* Splits the inside of `{..}` at the `:` before a format.  Colons in brackets and texts do not
 * count, nor do those of named arguments: what follows them is no format. */
static size_t find_format(cf_parser *p, size_t begin, size_t end) {
    const char *text = p->stream->text;
    size_t count = 0, depth = 0;
    const cf_token *t =
        cf_lex_range(p->arena, p->stream->source, text, begin, end, true, &count);
    for (size_t i = 0; i < count; i++) {
        if (t[i].kind == CF_TOK_OPEN) depth++;
        if (t[i].kind == CF_TOK_CLOSE && depth > 0) depth--;
        if (t[i].kind != CF_TOK_OPERATOR || depth > 0 || text[t[i].span.begin] != ':') continue;
        const size_t behind = t[i].span.end;
        if (is_format((cf_str){text + behind, end - behind})) return t[i].span.begin;
    }
    return end;
}

static bool is_blank(const char *text, size_t begin, size_t end) {
    while (begin < end && (text[begin] == ' ' || text[begin] == '\n' || text[begin] == '\t'))
        begin++;
    return begin == end;
}

static bool read_value(cf_parser *p, size_t begin, size_t end, cf_piece *piece) {
    const char *text = p->stream->text;
    const size_t colon = find_format(p, begin, end);
    if (is_blank(text, begin, colon)) {
        const cf_span at = {p->stream->source, (uint32_t)begin - 1, (uint32_t)end + 1};
        cf_error *e = cf_complain(p, CF_E_LITERAL, at, "there is no value in these braces");
        cf_error_label(e, "value expected");
        return refuse(p);
    }
    cf_stream stream = {.source = p->stream->source, .text = text, .size = p->stream->size};
    cf_diags *diags = p->quiet > 0 ? NULL : p->diags;
    const size_t errors = diags == NULL ? 0 : diags->count;
    cf_stream_make(&stream, p->arena, true, begin, colon, diags);
    if (diags != NULL && diags->count > errors) p->bad = true;
    cf_parser inner;
    cf_parser_init(&inner, p->arena, &stream, diags);
    inner.depth = p->depth;
    piece->value = cf_parse_stages_node(&inner, CF_STAGES_NAMED | CF_STAGES_LINES);
    p->bad |= inner.bad;
    if (colon < end)
        piece->format =
            cf_str_of(cf_str_dup(p->arena, (cf_str){text + colon + 1, end - colon - 1}));
    return piece->value != NULL;
}

typedef struct {
    cf_piece *list;
    size_t count, capacity;
} pieces;

static cf_piece *push_piece(cf_parser *p, pieces *all) {
    if (all->count == all->capacity) {
        const size_t capacity = all->capacity == 0 ? 4 : all->capacity * 2;
        cf_piece *grown = CF_NEWS(p->arena, cf_piece, capacity);
        if (all->count > 0) memcpy(grown, all->list, all->count * sizeof *grown);
        all->list = grown;
        all->capacity = capacity;
    }
    return &all->list[all->count++];
}

/* The end of the plain text that begins at `at`: the next single `{`. */
static size_t plain_end(const char *text, size_t at, size_t end) {
    for (; at < end; at++) {
        if (text[at] == '\\')
            at++;
        else if (text[at] == '{' && at + 1 < end && text[at + 1] == '{')
            at++;
        else if (text[at] == '{')
            return at;
    }
    return end;
}

bool cf_literal_fstring(cf_parser *p, cf_span at, cf_ast *node) {
    const char *text = p->stream->text;
    size_t i = 0, end = 0;
    pieces all = {0};
    if (!check_utf8(p, at)) return false;
    inside_quotes(text, at, 1, &i, &end);
    if (p->depth >= CF_NESTING_MAX) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, at, "too deeply nested");
        cf_error_label(e, "more than %u levels", CF_NESTING_MAX);
        return refuse(p);
    }
    p->depth++;
    bool good = true;
    while (i < end) {
        const size_t brace = plain_end(text, i, end);
        if (brace > i && !cf_literal_unescape(p, i, brace, true, &push_piece(p, &all)->text))
            good = false;
        i = brace;
        if (i >= end) break;
        const size_t behind = cf_lex_braces(text, i, end);
        if (behind == 0) good = refuse_brace(p, i);
        if (behind == 0) break;
        cf_piece value = {0};
        if (read_value(p, i + 1, behind - 1, &value))
            *push_piece(p, &all) = value;
        else
            good = false;
        i = behind;
    }
    p->depth--;
    node->as.fstring.pieces = all.list;
    node->as.fstring.count = all.count;
    return good;
}

/* ---- dates ------------------------------------------------------------------------------- */

static int64_t two_digits(const char *s) {
    return (s[0] - '0') * 10 + (s[1] - '0');
}

static unsigned days_in_month(int64_t year, int64_t month) {
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* hh:mm[:ss[.fraction]][zone], as the lexer let it through.  zone_us: to take off for UTC. */
static bool read_clock(cf_str s, int64_t *us, int64_t *zone_us) {
    const int64_t hour = two_digits(s.data), minute = two_digits(s.data + 3);
    int64_t second = 0, micro = 0;
    size_t i = 5;
    if (i < s.size && s.data[i] == ':') {
        second = two_digits(s.data + i + 1);
        i += 3;
    }
    if (i < s.size && s.data[i] == '.') {
        int64_t unit = 100000; /* digits beyond microseconds are cut off */
        for (i++; i < s.size && digit_value(s.data[i]) < 10; i++, unit /= 10)
            micro += unit * (s.data[i] - '0');
    }
    *us = ((hour * 60 + minute) * 60 + second) * 1000000 + micro;
    *zone_us = 0;
    bool good = hour < 24 && minute < 60 && second < 60;
    if (i < s.size && s.data[i] != 'Z') {
        const int64_t zone_hour = two_digits(s.data + i + 1);
        const int64_t zone_minute = two_digits(s.data + s.size - 2);
        *zone_us = (zone_hour * 60 + zone_minute) * 60000000;
        if (s.data[i] == '-') *zone_us = -*zone_us;
        good = good && zone_hour < 24 && zone_minute < 60;
    }
    return good;
}

static bool refuse_date(cf_parser *p, cf_span at, const char *what) {
    const cf_str text = cf_span_text(p, at);
    cf_error *e = cf_complain(p, CF_E_LITERAL, at, "there is no %s %.*s", what,
                              CF_STR_ARGS(((cf_str){text.data + 1, text.size - 1})));
    cf_error_label(e, "not in the calendar");
    return refuse(p);
}

#define DAY_US INT64_C(86400000000)

bool cf_literal_date(cf_parser *p, cf_span at, cf_ast_kind *kind, int64_t *value) {
    const cf_str s = cf_span_text(p, at);
    int64_t us = 0, zone = 0;
    if (s.data[3] == ':') {
        *kind = CF_AST_TIME;
        if (!read_clock((cf_str){s.data + 1, s.size - 1}, &us, &zone))
            return refuse_date(p, at, "time");
        *value = ((us - zone) % DAY_US + DAY_US) % DAY_US;
        return true;
    }
    const int64_t year = two_digits(s.data + 1) * 100 + two_digits(s.data + 3);
    const int64_t month = two_digits(s.data + 6), day = two_digits(s.data + 9);
    *kind = s.size > 11 ? CF_AST_TIMESTAMP : CF_AST_DATE;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return refuse_date(p, at, "date");
    const int64_t days = cf_days_from_civil(year, (unsigned)month, (unsigned)day);
    *value = days;
    if (*kind == CF_AST_DATE) return true;
    if (!read_clock((cf_str){s.data + 12, s.size - 12}, &us, &zone))
        return refuse_date(p, at, "time");
    *value = days * DAY_US + us - zone;
    return true;
}
