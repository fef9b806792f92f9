#include "func/func.h"
#include "lang/parse_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What the parser says when it cannot go on, in the user's words: the habits of SQL and Python,
 * signs that are no tokens, values that are missing or one too many. */

cf_error *cf_complain(cf_parser *p, cf_status status, cf_span at, const char *fmt, ...) {
    char message[sizeof p->error.message];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    p->error = (cf_error){0};
    (void)cf_fail(&p->error, status, at, "%s", message);
    return &p->error;
}

void cf_report(cf_parser *p) {
    p->bad = true;
    if (p->quiet == 0) cf_diags_add(p->diags, &p->error);
}

#define SHOWN_BYTES_MAX 40

/* The token's text for a message, cut at a character. */
static cf_str shown(const cf_parser *p, const cf_lexeme *t) {
    cf_str s = cf_span_text(p, t->span);
    const char *newline = memchr(s.data, '\n', s.size);
    if (newline != NULL) s.size = (size_t)(newline - s.data);
    if (s.size <= SHOWN_BYTES_MAX) return s;
    s.size = SHOWN_BYTES_MAX;
    while (s.size > 0 && ((unsigned char)s.data[s.size] & 0xc0) == 0x80)
        s.size--;
    return s;
}

/* The current token's place, or the last one's where nothing is to be seen. */
static cf_span here(const cf_parser *p) {
    const bool empty = p->at->span.begin == p->at->span.end;
    return empty && p->at > p->stream->items ? p->at[-1].span : p->at->span;
}

static bool equals_ignoring_case(cf_str s, const char *lower) {
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (lower[i] != c) return false; /* also at its end */
    }
    return lower[s.size] == '\0';
}

/* ---- tokens that are none ---------------------------------------------------------------- */

static const struct {
    const char *text, *hint;
} wrong_signs[] = {
    {"&", "\"and\" is written `&&`"},
    {"^", "a power is written `**`"},
    {"~", "\"not\" is written `!`, a search with a pattern `~=`"},
    {"\xe2\x80\x9c", "texts stand in plain quotes: `\"..\"`"},
    {"\xe2\x80\x9d", "texts stand in plain quotes: `\"..\"`"},
    {"\xe2\x80\x98", "texts stand in plain quotes: `'..'`"},
    {"\xe2\x80\x99", "texts stand in plain quotes: `'..'`"},
    {"\xe2\x80\x93", "minus is written `-`"},
    {"\xe2\x80\x94", "minus is written `-`"},
    {"\xe2\x88\x92", "minus is written `-`"},
    {"\xe2\x89\xa4", "write `<=`"},
    {"\xe2\x89\xa5", "write `>=`"},
    {"\xe2\x89\xa0", "write `!=`"},
    {"\xc3\x97", "\"times\" is written `*`"},
    {"\xe2\x80\xa6", "a range is written `a..b`"},
};

static void complain_sign(cf_parser *p) {
    const cf_str s = cf_span_text(p, p->at->span);
    const unsigned char c = (unsigned char)s.data[0];
    if (c < 0x20 || c == 0x7f || !cf_utf8_valid(s.data, s.size)) {
        cf_error *e =
            cf_complain(p, CF_E_SYNTAX, p->at->span, "the byte 0x%02x is not text", c);
        cf_error_label(e, "programs are UTF-8");
    } else {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at->span, "`%.*s` has no meaning here",
                                  CF_STR_ARGS(s));
        cf_error_label(e, "unexpected sign");
        for (size_t i = 0; i < CF_COUNT(wrong_signs); i++)
            if (cf_str_is(s, wrong_signs[i].text)) cf_error_hint(e, "%s", wrong_signs[i].hint);
    }
}

static void complain_open_text(cf_parser *p, uint32_t prefix) {
    const cf_span at = p->at->span;
    const char *text = p->stream->text;
    uint32_t end = at.begin + prefix;
    while (end < at.end && text[end] == text[at.begin + prefix])
        end++;
    cf_error *e = cf_complain(p, CF_E_UNCLOSED, (cf_span){at.source, at.begin, end},
                              "this text is not closed");
    cf_error_label(e, "opened here");
}

static void complain_number(cf_parser *p) {
    const cf_str s = shown(p, p->at);
    cf_error *e = cf_complain(p, CF_E_LITERAL, p->at->span,
                              "`%.*s` is neither a number nor a name", CF_STR_ARGS(s));
    cf_error_label(e, "a number and letters");
    cf_error_hint(e,
                  "durations are written `10days`; names that begin with a digit need "
                  "backticks: `` `%.*s` ``",
                  CF_STR_ARGS(s));
}

static void complain_token(cf_parser *p) {
    const cf_str s = cf_span_text(p, p->at->span);
    const char c = s.data[0];
    const bool prefixed = s.size > 1 && (s.data[1] == '"' || s.data[1] == '\'');
    if (c == '"' || c == '\'') {
        complain_open_text(p, 0);
    } else if (c == 's' && prefixed) {
        cf_error *e = cf_complain(p, CF_E_REFUSED, p->at->span, "there are no s-strings here");
        cf_error_label(e, "SQL");
        cf_error_hint(e, "no SQL engine lies beneath; write it as an expression");
    } else if ((c == 'f' || c == 'r') && prefixed) {
        complain_open_text(p, 1);
    } else if (c == '`') {
        cf_error *e =
            cf_complain(p, CF_E_UNCLOSED,
                        (cf_span){p->at->span.source, p->at->span.begin, p->at->span.begin + 1},
                        "this name in backticks is not closed");
        cf_error_label(e, "opened here");
    } else if (c >= '0' && c <= '9') {
        complain_number(p);
    } else if (c == '@') {
        cf_error *e = cf_complain(p, CF_E_LITERAL, p->at->span, "this is no date");
        cf_error_label(e, "cannot be read");
        cf_error_hint(e,
                      "dates are written `@2024-12-31`, `@16:54` or `@2024-12-31T16:54:00Z`");
    } else if (c == '$') {
        cf_error *e =
            cf_complain(p, CF_E_SYNTAX, p->at->span, "a parameter's name is missing after `$`");
        cf_error_label(e, "name expected");
    } else if (c == '\\') {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at->span,
                                  "`\\` joins lines, at the end or the start of one");
        cf_error_label(e, "in the middle of a line");
    } else {
        complain_sign(p);
    }
    cf_report(p);
}

/* ---- habits ------------------------------------------------------------------------------ */

cf_sign cf_habit_word(const cf_parser *p, const cf_lexeme *t) {
    if (t->kind != CF_TOK_NAME) return CF_SIGN_NONE;
    const cf_str s = cf_span_text(p, t->span);
    if (equals_ignoring_case(s, "and")) return CF_SIGN_AND;
    if (equals_ignoring_case(s, "or")) return CF_SIGN_OR;
    return equals_ignoring_case(s, "not") ? CF_SIGN_NOT : CF_SIGN_NONE;
}

void cf_complain_word(cf_parser *p, const cf_lexeme *word) {
    const cf_sign sign = cf_habit_word(p, word);
    cf_error *e = cf_complain(p, CF_E_SYNTAX, word->span, "`%.*s` is no operator",
                              CF_STR_ARGS(cf_span_text(p, word->span)));
    cf_error_label(e, "a word from another language");
    if (sign == CF_SIGN_NOT && word[1].sign == CF_WORD_IN)
        cf_error_hint(e, "write `!(x in ..)`");
    else
        cf_error_hint(e, "write `%s`",
                      sign == CF_SIGN_AND  ? "&&"
                      : sign == CF_SIGN_OR ? "||"
                                           : "!");
    cf_report(p);
}

static const struct {
    const char *word, *hint;
} sql_words[] = {
    {"from", "write `from` in small letters"},
    {"where", "rows are chosen with `filter`"},
    {"group", "write `group key (aggregate {n = count this})`"},
    {"order", "rows are ordered with `sort {key, -other}`"},
    {"having", "put a `filter` behind the `group`"},
    {"limit", "the first rows are `take 10`"},
    {"join", "write `join other (==key)`"},
    {"left", "write `join side:left other (==key)`"},
    {"right", "write `join side:right other (==key)`"},
    {"inner", "write `join other (==key)`"},
    {"union", "write `append other`, then `distinct`"},
    {"with", "name a relation with `let name = (from t | ..)`"},
    {"insert", "tables are not changed; `save \"file.parquet\"` writes a result"},
    {"update", "tables are not changed; `derive` computes columns"},
    {"delete", "tables are not changed; `filter` leaves rows out"},
    {"create", "name a relation with `let name = (from t | ..)`"},
    {"drop", "leave columns out with `select !{a, b}`"},
};

static bool is_capital(cf_str s) {
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] < 'A' || s.data[i] > 'Z') return false;
    return true;
}

/* The next token at this level up to the statement's end that is the word; NULL: none. */
static const cf_lexeme *find_word(const cf_parser *p, const cf_lexeme *t, const char *lower,
                                  bool this_line) {
    for (; t->kind != CF_TOK_END && t->kind != CF_TOK_CLOSE && t->kind != CF_TOK_PIPE; t++) {
        if (t->kind == CF_TOK_NEWLINE && (t->stop || this_line)) return NULL;
        if (t->kind == CF_TOK_OPEN) t = p->stream->items + t->match;
        if (t->kind == CF_TOK_NAME && equals_ignoring_case(cf_span_text(p, t->span), lower))
            return t;
    }
    return NULL;
}

/* `SELECT a, b FROM t` as a pipeline, if that is all there is. */
static void hint_select(cf_parser *p, cf_error *e, const cf_lexeme *from) {
    const cf_lexeme *table = from == NULL ? NULL : from + 1;
    const bool plain = table != NULL && cf_at_name(table) && p->at + 1 < from &&
                       (table[1].kind == CF_TOK_END || table[1].kind == CF_TOK_SEMICOLON ||
                        (table[1].kind == CF_TOK_NEWLINE && table[1].stop));
    if (!plain) {
        cf_error_hint(e, "begin with `from table`, then a stage for every step: "
                         "`filter`, `derive`, `group`, `select`, `sort`, `take`");
        return;
    }
    const cf_str name = cf_span_text(p, table->span);
    const cf_str columns = cf_span_text(p, cf_span_join(p->at[1].span, from[-1].span));
    if (cf_str_is(columns, "*"))
        cf_error_hint(e, "write `from %.*s`", CF_STR_ARGS(name));
    else
        cf_error_hint(e, "write `from %.*s | select {%.*s}`", CF_STR_ARGS(name),
                      CF_STR_ARGS(columns));
}

static void skip_statement(cf_parser *p) {
    while (p->at->kind != CF_TOK_END && p->at->kind != CF_TOK_CLOSE &&
           p->at->kind != CF_TOK_SEMICOLON && !(p->at->kind == CF_TOK_NEWLINE && p->at->stop)) {
        if (p->at->kind == CF_TOK_OPEN) p->at = p->stream->items + p->at->match;
        p->at++;
    }
}

static bool report_sql(cf_parser *p, cf_error *e) {
    cf_error_label(e, "SQL");
    cf_report(p);
    skip_statement(p);
    return true;
}

/* Is this a later stage of a pipeline? */
static bool behind_stage(const cf_parser *p) {
    if (p->at == p->stream->items) return false;
    const cf_lexeme *t = p->at - 1;
    return t->kind == CF_TOK_PIPE || (t->kind == CF_TOK_NEWLINE && !t->stop);
}

bool cf_complain_sql(cf_parser *p) {
    const cf_lexeme *next = p->at + 1;
    if (p->at->kind != CF_TOK_NAME || (next->kind == CF_TOK_OPEN && !next->space_before))
        return false;
    const cf_str word = cf_span_text(p, p->at->span);
    const bool star = next->sign == CF_SIGN_MUL;
    if (!star && !cf_at_operand(next)) return false;
    if (star && cf_str_is(word, "select") && behind_stage(p)) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, next->span, "`*` is no column");
        cf_error_label(e, "all columns are there anyway");
        cf_error_hint(e, "leave `select *` out; `select t.*` takes the columns of one table");
        cf_report(p);
        skip_statement(p);
        return true;
    }
    if (equals_ignoring_case(word, "select")) {
        const bool upper = !cf_str_is(word, "select");
        const cf_lexeme *from = find_word(p, next, "from", !upper);
        if (!upper && !star && from == NULL) return false;
        cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at->span,
                                  "this is SQL: here a pipeline begins with `from`");
        hint_select(p, e, from);
        return report_sql(p, e);
    }
    if (!is_capital(word)) return false;
    for (size_t i = 0; i < CF_COUNT(sql_words); i++) {
        if (!equals_ignoring_case(word, sql_words[i].word)) continue;
        cf_error *e =
            cf_complain(p, CF_E_SYNTAX, p->at->span, "`%.*s` is SQL", CF_STR_ARGS(word));
        cf_error_hint(e, "%s", sql_words[i].hint);
        return report_sql(p, e);
    }
    return false;
}

/* ---- one value too few ------------------------------------------------------------------- */

static void complain_operator(cf_parser *p, const cf_lexeme *sign) {
    const cf_str s = cf_span_text(p, sign->span);
    cf_error *e = cf_complain(p, CF_E_SYNTAX, sign->span, "a value is missing after `%.*s`",
                              CF_STR_ARGS(s));
    cf_error_label(e, "value expected behind it");
    const bool counts = sign->sign == CF_SIGN_MUL && sign > p->stream->items &&
                        sign[-1].kind == CF_TOK_NAME &&
                        cf_str_is(cf_span_text(p, sign[-1].span), "count");
    if (counts) cf_error_hint(e, "rows are counted with `count this`");
    if (p->at->sign == CF_SIGN_DOT && p->at[1].kind == CF_TOK_INT)
        cf_error_hint(e, "a number begins with a digit: `0.%.*s`",
                      CF_STR_ARGS(cf_span_text(p, p->at[1].span)));
    if (sign->sign == CF_SIGN_EQ && p->at->sign == CF_SIGN_ASSIGN)
        cf_error_hint(e, "write `==`");
}

/* Signs that other languages have: `=<`, `=>` for a comparison, `|>`. */
static bool complain_turned(cf_parser *p) {
    const cf_lexeme *t = p->at, *last = t > p->stream->items ? t - 1 : NULL;
    if (last == NULL || last->span.end != t->span.begin) return false;
    const bool pipe = last->kind == CF_TOK_PIPE && t->sign == CF_SIGN_GT;
    const bool less = last->sign == CF_SIGN_ASSIGN && t->sign == CF_SIGN_LT;
    if (!pipe && !less) return false;
    const cf_span both = cf_span_join(last->span, t->span);
    cf_error *e = cf_complain(p, CF_E_SYNTAX, both, "`%s` is no operator", pipe ? "|>" : "=<");
    cf_error_label(e, "a sign from another language");
    cf_error_hint(e, "write `%s`", pipe ? "|" : "<=");
    return true;
}

void cf_complain_missing_operand(cf_parser *p) {
    const cf_lexeme *t = p->at, *last = t > p->stream->items ? t - 1 : NULL;
    if (t->kind == CF_TOK_ERROR) {
        complain_token(p);
        return;
    }
    const cf_str s = shown(p, t);
    if (complain_turned(p)) {
        /* said all */
    } else if (last != NULL && (last->kind == CF_TOK_OPERATOR ||
                                (last->kind == CF_TOK_KEYWORD && last->sign == CF_WORD_IN))) {
        complain_operator(p, last);
    } else if (last != NULL && last->kind == CF_TOK_PIPE && t->kind != CF_TOK_OPERATOR) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, last->span, "a stage is missing after `|`");
        cf_error_label(e, "stage expected behind it");
    } else if (t->sign == CF_SIGN_QUESTION) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, t->span, "`?` cannot stand here");
        cf_error_label(e, "unexpected");
        cf_error_hint(e, "help is asked for as `name?`, alone on a line");
    } else if (s.size > 0) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, t->span, "a value is missing before `%.*s`",
                                  CF_STR_ARGS(s));
        cf_error_label(e, "value expected before it");
    } else {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, here(p), "a value is missing");
        cf_error_label(e, "value expected behind it");
    }
    cf_report(p);
}

/* ---- one value too many ------------------------------------------------------------------ */

/* `select a, b`: the rest of the stage in braces, if it is short. */
static void complain_comma(cf_parser *p) {
    const cf_lexeme *head = p->stage, *t = p->at;
    cf_error *e = cf_complain(p, CF_E_SYNTAX, t->span, "a comma cannot stand here");
    cf_error_label(e, "outside of any list");
    if (t == head + 1 || head->kind != CF_TOK_NAME) {
        cf_error_hint(e, "a tuple is written `{a, b}`, a list `[a, b]`");
        return;
    }
    bool named = false;
    for (const cf_lexeme *i = head; i < t; i++)
        named |= i->sign == CF_SIGN_COLON;
    while (t->kind != CF_TOK_END && t->kind != CF_TOK_CLOSE && t->kind != CF_TOK_PIPE &&
           t->kind != CF_TOK_NEWLINE && t->kind != CF_TOK_SEMICOLON)
        t = t->kind == CF_TOK_OPEN ? p->stream->items + t->match + 1 : t + 1;
    const cf_str verb = cf_span_text(p, head->span);
    const cf_str rest = cf_span_text(p, cf_span_join(head[1].span, t[-1].span));
    static const char *const verbs[] = {"select", "derive", "aggregate", "sort"};
    bool known = false;
    for (size_t i = 0; i < CF_COUNT(verbs); i++)
        known |= cf_str_is(verb, verbs[i]);
    if (known && !named && rest.size <= 60 && t[-1].kind != CF_TOK_COMMA &&
        memchr(rest.data, '\n', rest.size) == NULL)
        cf_error_hint(e, "several go into braces: `%.*s {%.*s}`", CF_STR_ARGS(verb),
                      CF_STR_ARGS(rest));
    else
        cf_error_hint(e, "several go into braces: `{a, b}`");
}

/* A value right behind a finished expression. */
static void complain_value(cf_parser *p, unsigned flags) {
    const cf_lexeme *t = p->at, *last = t - 1;
    const cf_str s = shown(p, t), before = shown(p, last);
    const bool call = last->kind == CF_TOK_NAME && last > p->stream->items &&
                      last[-1].kind == CF_TOK_OPERATOR && cf_builtin_find(before) != NULL;
    if ((flags & CF_STAGES_COMMA) && !call) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, t->span, "a comma is missing before `%.*s`",
                                  CF_STR_ARGS(s));
        cf_error_label(e, "`,` expected before it");
        return;
    }
    cf_error *e = cf_complain(p, CF_E_SYNTAX, t->span,
                              "nothing joins `%.*s` to what stands before it", CF_STR_ARGS(s));
    cf_error_label(e, "unexpected");
    if (last->kind != CF_TOK_NAME) return;
    if (cf_at_bracket(p, t) == '(')
        cf_error_hint(
            e, "inside an expression a call has its bracket right behind the name: `%.*s(..)`",
            CF_STR_ARGS(before));
    else if (t->kind == CF_TOK_NAME || t->kind == CF_TOK_INT)
        cf_error_hint(e, "inside an expression a call needs parentheses: `%.*s(%.*s)`",
                      CF_STR_ARGS(before), CF_STR_ARGS(s));
}

static const struct {
    cf_sign sign;
    const char *message, *hint;
} misplaced[] = {
    {CF_SIGN_FAT_ARROW, "`=>` cannot stand here",
     "it belongs into `case [condition => value]`"},
    {CF_SIGN_ARROW, "`->` cannot stand here",
     "a function inside an expression needs parentheses: `(x -> x + 1)`"},
    {CF_SIGN_DOT, "`.` must touch the names on both sides", NULL},
    {CF_SIGN_COLON, "`:` cannot stand here", "a named argument is written `name:value`"},
    {CF_SIGN_QUESTION, "`?` cannot stand here",
     "help is asked for as `name?`, alone on a line"},
};

static bool complain_misplaced(cf_parser *p) {
    for (size_t i = 0; i < CF_COUNT(misplaced); i++) {
        if (p->at->sign != misplaced[i].sign) continue;
        cf_error *e = cf_complain(p, CF_E_SYNTAX, p->at->span, "%s", misplaced[i].message);
        cf_error_label(e, "unexpected");
        if (misplaced[i].hint != NULL) cf_error_hint(e, "%s", misplaced[i].hint);
        return true;
    }
    return false;
}

/* The first token of the line, or of what stands behind a `;`. */
static const cf_lexeme *line_head(const cf_parser *p) {
    const cf_lexeme *t = p->at;
    while (t > p->stream->items && t[-1].kind != CF_TOK_SEMICOLON &&
           t[-1].kind != CF_TOK_NEWLINE)
        t--;
    return t;
}

/* Does the stage give names to what it makes? */
static bool in_naming_stage(const cf_parser *p) {
    static const char *const verbs[] = {"derive", "select", "aggregate"};
    const cf_lexeme *t = p->at;
    while (t > p->stream->items && t[-1].kind != CF_TOK_SEMICOLON &&
           t[-1].kind != CF_TOK_NEWLINE && t[-1].kind != CF_TOK_PIPE)
        t--;
    for (size_t i = 0; i < CF_COUNT(verbs); i++)
        if (cf_str_is(cf_span_text(p, t->span), verbs[i])) return true;
    return false;
}

static void complain_assign(cf_parser *p) {
    const cf_lexeme *t = p->at, *head = line_head(p);
    const cf_str word = cf_span_text(p, head->span);
    const bool dotted = t - p->stream->items >= 3 && t[-1].kind == CF_TOK_NAME &&
                        t[-2].sign == CF_SIGN_DOT && t[-3].kind == CF_TOK_NAME &&
                        in_naming_stage(p);
    static const char *const makers[] = {"function", "def", "fn", "func", "fun"};
    for (size_t i = 0; i < CF_COUNT(makers); i++) {
        if (head == t || !cf_str_is(word, makers[i])) continue;
        cf_error *e =
            cf_complain(p, CF_E_SYNTAX, head->span, "`%s` has no meaning here", makers[i]);
        cf_error_label(e, "a word from another language");
        cf_error_hint(e, "a function is written `let f = x -> x + 1`");
        return;
    }
    if (dotted) {
        const cf_str tuple = cf_span_text(p, t[-3].span), field = cf_span_text(p, t[-1].span);
        cf_error *e = cf_complain(p, CF_E_ASSIGN, cf_span_join(t[-3].span, t[-1].span),
                                  "a name that is given has no dot: `%.*s.%.*s` is a field",
                                  CF_STR_ARGS(tuple), CF_STR_ARGS(field));
        cf_error_label(e, "one name expected");
        cf_error_hint(e,
                      "a tuple is made anew: `%.*s = {%.*s.*, %.*s = ..}`; in a list: "
                      "`%.*s = (%.*s | derive %.*s = ..)`",
                      CF_STR_ARGS(tuple), CF_STR_ARGS(tuple), CF_STR_ARGS(field),
                      CF_STR_ARGS(tuple), CF_STR_ARGS(tuple), CF_STR_ARGS(field));
        return;
    }
    cf_error *e = cf_complain(p, CF_E_ASSIGN, t->span, "`=` gives a name, it does not compare");
    cf_error_label(e, "unexpected `=`");
    cf_error_hint(e, "compare with `==`");
}

void cf_complain_unexpected(cf_parser *p, unsigned flags) {
    const cf_lexeme *t = p->at;
    if (t->kind == CF_TOK_ERROR) {
        complain_token(p);
        return;
    }
    if (cf_habit_word(p, t) != CF_SIGN_NONE) {
        cf_complain_word(p, t);
        return;
    }
    if (t->sign == CF_SIGN_ASSIGN) {
        complain_assign(p);
    } else if (t->kind == CF_TOK_COMMA) {
        complain_comma(p);
    } else if (t->kind == CF_TOK_NEWLINE && (flags & CF_STAGES_COMMA)) {
        cf_error *e =
            cf_complain(p, CF_E_SYNTAX, here(p), "a comma is missing at the end of this line");
        cf_error_label(e, "`,` expected behind it");
    } else if (complain_misplaced(p)) {
        /* said all */
    } else if (cf_at_operand(t) && t->kind != CF_TOK_OPERATOR && t > p->stream->items) {
        complain_value(p, flags);
    } else {
        const cf_str s = shown(p, t);
        if (s.size > 0)
            cf_complain(p, CF_E_SYNTAX, t->span, "`%.*s` cannot stand here", CF_STR_ARGS(s));
        else
            cf_complain(p, CF_E_SYNTAX, here(p), "the statement ends too early");
        cf_error_label(&p->error, "unexpected");
    }
    cf_report(p);
}
