#include "lang/parse_internal.h"

#include <string.h>

/* The lexer.  It never fails: what is no token is a CF_TOK_ERROR, and complain.c says why.
 *
 * A text in single quotes may go over lines, as in PRQL.  If one is still open at the end, the
 * whole source is read again with such texts ending at their line, so that a forgotten quote is
 * reported in its own line and the rest of the program is still looked at. */

typedef struct {
    cf_arena *arena;
    uint32_t source;
    const char *text;
    size_t size, at;
    cf_token *tokens;
    size_t count, capacity;
    size_t depth; /* open brackets; the braces of modules do not count */
    size_t modules;
    bool one_line;   /* texts in single quotes end with their line */
    bool unclosed;   /* a text was open at the end */
    bool inside;     /* begins in the middle of a line */
    bool in_command; /* looks for the end of a command: commands in it are not looked into */
} lexer;

static int peek(const lexer *l, size_t ahead) {
    return l->at + ahead < l->size ? (unsigned char)l->text[l->at + ahead] : -1;
}

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

static bool is_ascii_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Beyond ASCII, all is letters but these: controls, blanks, punctuation and pictures. */
static bool is_letter_beyond_ascii(uint32_t c) {
    static const uint32_t others[][2] = {
        {0x80, 0xa9},     {0xab, 0xb4},     {0xb6, 0xb9},     {0xbb, 0xbf},
        {0xd7, 0xd7},     {0xf7, 0xf7},     {0x2000, 0x206f}, {0x20a0, 0x20cf},
        {0x2190, 0x2bff}, {0x3000, 0x3004}, {0x3008, 0x3020}, {0xd800, 0xf8ff},
        {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff0, 0xffff}, {0x1f000, 0x1faff},
    };
    for (size_t i = 0; i < CF_COUNT(others); i++)
        if (c >= others[i][0] && c <= others[i][1]) return false;
    return c <= 0x10ffff;
}

bool cf_lex_name_char(const char *text, size_t at, size_t end, bool first, size_t *bytes) {
    if (at >= end) return false;
    const int c = (unsigned char)text[at];
    *bytes = 1;
    if (c < 0x80) return is_ascii_letter(c) || (!first && is_digit(c));
    uint32_t code_point = 0;
    *bytes = cf_utf8_next(text + at, end - at, &code_point);
    return is_letter_beyond_ascii(code_point);
}

static bool at_letter(const lexer *l) {
    size_t bytes = 0;
    return cf_lex_name_char(l->text, l->at, l->size, true, &bytes);
}

static void skip_name(lexer *l) {
    size_t bytes = 0;
    while (cf_lex_name_char(l->text, l->at, l->size, false, &bytes))
        l->at += bytes;
}

/* Bytes of a blank at the place, 0 if there is none.  Pasted text has more kinds than ASCII. */
static size_t blank_bytes(const char *text, size_t at, size_t end) {
    if (at >= end) return 0;
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\v' || c == '\f') return 1;
    if (c == '\r') return 1;
    if ((unsigned char)c < 0x80) return 0;
    uint32_t cp = 0;
    const size_t bytes = cf_utf8_next(text + at, end - at, &cp);
    const bool blank = cp == 0xa0 || (cp >= 0x2000 && cp <= 0x200b) || cp == 0x202f ||
                       cp == 0x205f || cp == 0x3000 || cp == 0xfeff;
    return blank ? bytes : 0;
}

static size_t line_end(const char *text, size_t at, size_t end) {
    const char *newline = memchr(text + at, '\n', end - at);
    return newline == NULL ? end : (size_t)(newline - text);
}

static size_t quote_run(const char *text, size_t at, size_t end) {
    size_t n = 0;
    while (at + n < end && text[at + n] == text[at])
        n++;
    return n;
}

/* ---- texts ------------------------------------------------------------------------------- */

enum { RAW = 1, FORMAT = 2, ONE_LINE = 4 };

#define NESTED_TEXTS_MAX 16 /* f-strings in f-strings */
#define BRACES_BYTES_MAX                                                \
    4096 /* a value in an f-string: looking for its end must stay cheap \
          */

static size_t skip_text(const char *text, size_t at, size_t end, unsigned how, int nested);

/* Behind the `}` for the `{` at `at`; 0: there is none. */
static size_t skip_braces(const char *text, size_t at, size_t end, unsigned how, int nested) {
    size_t depth = 0;
    if (end - at > BRACES_BYTES_MAX) end = at + BRACES_BYTES_MAX;
    while (at < end) {
        const char c = text[at];
        if (c == '\n' && (how & ONE_LINE)) return 0;
        if (c == '"' || c == '\'') {
            const bool format = at > 0 && text[at - 1] == 'f';
            at =
                skip_text(text, at, end, (how & ONE_LINE) | (format ? FORMAT : 0u), nested + 1);
            if (at == 0) return 0;
            continue;
        }
        if (c == '{') depth++;
        at++;
        if (c == '}' && --depth == 0) return at;
    }
    return 0;
}

/* Behind the text whose quotes begin at `at`; 0: it is not closed.  An even number of quotes is
 * an empty text. */
static size_t skip_text(const char *text, size_t at, size_t end, unsigned how, int nested) {
    if (nested > NESTED_TEXTS_MAX) return 0;
    const char quote = text[at];
    const size_t quotes = quote_run(text, at, end);
    if (quotes % 2 == 0) return at + quotes;
    bool braces = (how & FORMAT) != 0;
    if (quotes > 1) how &= ~(unsigned)ONE_LINE;
    at += quotes;
    while (at < end) {
        const char c = text[at];
        if (c == quote) {
            const size_t run = quote_run(text, at, end);
            if (run >= quotes) return at + quotes;
            at += run;
            continue;
        }
        if (c == '\n' && (how & ONE_LINE)) return 0;
        if (c == '\\' && !(how & RAW) && at + 1 < end && text[at + 1] != '\n') at++;
        if (c == '{' && braces && at + 1 < end && text[at + 1] == '{') {
            at++;
        } else if (c == '{' && braces) {
            const size_t behind = skip_braces(text, at, end, how & ONE_LINE, nested);
            if (behind == 0 && nested > 0) return 0;
            braces = behind != 0; /* else the rest is plain text, and the parser complains */
            if (braces) at = behind - 1;
        }
        at++;
    }
    return 0;
}

size_t cf_lex_braces(const char *text, size_t at, size_t end) {
    return skip_braces(text, at, end, 0, 0);
}

static cf_token_kind scan_text(lexer *l, cf_token_kind kind, unsigned how) {
    const size_t begin = l->at;
    if (l->one_line) how |= ONE_LINE;
    const size_t behind = skip_text(l->text, begin, l->size, how, 0);
    if (behind != 0) {
        l->at = behind;
        return kind;
    }
    const bool single = quote_run(l->text, begin, l->size) == 1;
    l->unclosed = true;
    l->at = l->one_line && single ? line_end(l->text, begin, l->size) : l->size;
    return CF_TOK_ERROR;
}

/* ---- numbers and dates ------------------------------------------------------------------- */

static void skip_digits(lexer *l) {
    while (is_digit(peek(l, 0)) || peek(l, 0) == '_')
        l->at++;
}

static bool is_unit(const char *word, size_t size) {
    static const char *const units[] = {"microsecond", "millisecond", "second",
                                        "minute",      "hour",        "day",
                                        "week",        "month",       "year"};
    if (size > 1 && word[size - 1] == 's') size--;
    for (size_t i = 0; i < CF_COUNT(units); i++)
        if (strlen(units[i]) == size && memcmp(units[i], word, size) == 0) return true;
    return false;
}

static bool scan_fraction(lexer *l) {
    bool is_float = false;
    if (peek(l, 0) == '.' && is_digit(peek(l, 1))) {
        l->at++;
        skip_digits(l);
        is_float = true;
    }
    if (peek(l, 0) == 'e' || peek(l, 0) == 'E') {
        const size_t sign = peek(l, 1) == '+' || peek(l, 1) == '-';
        if (is_digit(peek(l, 1 + sign))) {
            l->at += 1 + sign;
            skip_digits(l);
            is_float = true;
        }
    }
    return is_float;
}

/* A number ends before a letter; `10days` is a duration, any other letters are a mistake. */
static cf_token_kind scan_number(lexer *l) {
    if (peek(l, 0) == '0' && (peek(l, 1) == 'x' || peek(l, 1) == 'b' || peek(l, 1) == 'o')) {
        skip_name(l);
        return CF_TOK_INT; /* its digits are checked when its value is read */
    }
    skip_digits(l);
    const bool is_float = scan_fraction(l);
    const size_t word = l->at;
    skip_name(l);
    if (l->at == word) return is_float ? CF_TOK_FLOAT : CF_TOK_INT;
    return !is_float && is_unit(l->text + word, l->at - word) ? CF_TOK_DURATION : CF_TOK_ERROR;
}

/* Takes what `pattern` says: 0 is a digit, anything else is itself. */
static bool take_pattern(lexer *l, const char *pattern) {
    size_t n = 0;
    for (; pattern[n] != '\0'; n++) {
        const int c = peek(l, n);
        if (pattern[n] == '0' ? !is_digit(c) : c != pattern[n]) return false;
    }
    l->at += n;
    return true;
}

static bool take_clock(lexer *l) {
    if (!take_pattern(l, "00:00")) return false;
    if (take_pattern(l, ":00") && peek(l, 0) == '.' && is_digit(peek(l, 1))) {
        l->at++;
        while (is_digit(peek(l, 0)))
            l->at++;
    }
    if (!take_pattern(l, "Z") && !take_pattern(l, "+00:00") && !take_pattern(l, "-00:00") &&
        !take_pattern(l, "+0000"))
        (void)take_pattern(l, "-0000");
    return true;
}

static cf_token_kind scan_date(lexer *l) {
    l->at++;
    bool good = false;
    if (take_pattern(l, "0000-00-00")) {
        good = peek(l, 0) != 'T';
        if (!good) {
            l->at++;
            good = take_clock(l);
        }
    } else {
        good = take_clock(l);
    }
    const size_t behind = l->at;
    while (is_digit(peek(l, 0)) || is_ascii_letter(peek(l, 0)) || peek(l, 0) == ':' ||
           (!good && peek(l, 0) == '-'))
        l->at++;
    return good && l->at == behind ? CF_TOK_DATE : CF_TOK_ERROR;
}

/* ---- names ------------------------------------------------------------------------------- */

static bool is_word_anywhere(cf_str s) {
    static const char *const words[] = {"true", "false", "null", "case",
                                        "let",  "into",  "as",   "in"};
    for (size_t i = 0; i < CF_COUNT(words); i++)
        if (cf_str_is(s, words[i])) return true;
    return false;
}

/* Is a name the next thing in this line? */
static bool name_follows(const lexer *l) {
    size_t at = l->at, bytes = 0;
    while ((bytes = blank_bytes(l->text, at, l->size)) != 0)
        at += bytes;
    if (at == l->at) return false;
    return at < l->size &&
           (l->text[at] == '`' || cf_lex_name_char(l->text, at, l->size, true, &bytes));
}

/* Behind a `;` and a module's brace, too, a statement starts. */
static bool at_statement(const lexer *l, bool line_start) {
    if (line_start || l->count == 0 || l->depth > 0) return line_start;
    const cf_token_kind last = l->tokens[l->count - 1].kind;
    return last == CF_TOK_SEMICOLON || last == CF_TOK_OPEN;
}

static cf_token_kind scan_name(lexer *l, bool line_start) {
    const size_t begin = l->at;
    skip_name(l);
    const cf_str name = {l->text + begin, l->at - begin};
    const int next = peek(l, 0);
    if (name.size == 1 && (next == '"' || next == '\'')) {
        if (*name.data == 'f') return scan_text(l, CF_TOK_FSTRING, FORMAT);
        if (*name.data == 'r') return scan_text(l, CF_TOK_TEXT, RAW);
        if (*name.data == 's') return scan_text(l, CF_TOK_ERROR, 0); /* SQL: refused */
    }
    if (is_word_anywhere(name)) return CF_TOK_KEYWORD;
    const bool statement =
        cf_str_is(name, "import") || cf_str_is(name, "module") || cf_str_is(name, "type");
    return statement && at_statement(l, line_start) && name_follows(l) ? CF_TOK_KEYWORD
                                                                       : CF_TOK_NAME;
}

static cf_token_kind scan_quoted(lexer *l) {
    l->at++;
    while (peek(l, 0) != '`' && peek(l, 0) != '\n' && peek(l, 0) != -1)
        l->at++;
    if (peek(l, 0) != '`') return CF_TOK_ERROR;
    l->at++;
    return CF_TOK_QUOTED;
}

/* ---- commands ---------------------------------------------------------------------------- */

static cf_token *next_token(lexer *l);

static bool command_takes_program(cf_str word) {
    return cf_str_is(word, "time") || cf_str_is(word, "explain") || cf_str_is(word, "print");
}

static bool token_starts_statement(const lexer *l, const cf_token *t) {
    const cf_str s = {l->text + t->span.begin, t->span.end - t->span.begin};
    switch (t->kind) {
    case CF_TOK_COMMAND:
    case CF_TOK_END: return true;
    case CF_TOK_NAME: return cf_str_is(s, "from");
    case CF_TOK_KEYWORD:
        return cf_str_is(s, "let") || cf_str_is(s, "import") || cf_str_is(s, "module") ||
               cf_str_is(s, "type");
    case CF_TOK_OPERATOR: return cf_str_is(s, "@");
    default: return false;
    }
}

/* `%time` and its kin take a statement: their line goes on as far as that statement does. */
static size_t program_end(lexer *outer, size_t begin) {
    lexer l = *outer;
    l.tokens = NULL;
    l.count = l.capacity = 0;
    l.at = begin;
    l.inside = l.in_command = true;
    size_t end = begin;
    bool line_is_empty = false;
    for (;;) {
        const cf_token *t = next_token(&l);
        outer->unclosed |= l.unclosed;
        if (t->kind == CF_TOK_END) return end;
        if (t->kind == CF_TOK_NEWLINE) {
            if (line_is_empty && l.depth == 0) return end;
            line_is_empty = true;
            continue;
        }
        if (l.depth == 0 && t->line_start && token_starts_statement(&l, t)) return end;
        line_is_empty = false;
        if (t->kind == CF_TOK_COMMENT || t->kind == CF_TOK_DOC) continue;
        end = t->span.end;
        if (t->kind == CF_TOK_SEMICOLON && l.depth == 0) return end;
    }
}

static cf_token_kind scan_command(lexer *l) {
    l->at++;
    const size_t word = l->at;
    skip_name(l);
    const cf_str name = {l->text + word, l->at - word};
    size_t end = line_end(l->text, l->at, l->size);
    while (end > l->at && blank_bytes(l->text, end - 1, end) != 0)
        end--;
    if (end > l->at && !l->in_command && command_takes_program(name)) {
        const size_t behind = program_end(l, l->at);
        if (behind > end) end = behind;
        while (l->text[end - 1] == '\n' || blank_bytes(l->text, end - 1, end) != 0)
            end--; /* an open text goes on to the end of all */
    }
    l->at = end;
    return CF_TOK_COMMAND;
}

/* ---- the rest ---------------------------------------------------------------------------- */

static bool take_sign(lexer *l) {
    static const char *const signs[] = {
#define CF_SIGN(name, text) text,
        CF_SIGNS(CF_SIGN)
#undef CF_SIGN
    };
    for (size_t i = 0; i < CF_COUNT(signs); i++)
        if (take_pattern(l, signs[i])) return true;
    return false;
}

static cf_token_kind scan_bracket(lexer *l, char c) {
    l->at++;
    if (c == '(' || c == '[' || c == '{') {
        const cf_token *before = l->tokens + l->count;
        const bool module = c == '{' && l->depth == 0 && l->count >= 2 &&
                            before[-2].kind == CF_TOK_KEYWORD &&
                            before[-2].span.end - before[-2].span.begin == 6 &&
                            l->text[before[-2].span.begin] == 'm';
        if (module)
            l->modules++;
        else
            l->depth++;
        return CF_TOK_OPEN;
    }
    if (l->depth > 0)
        l->depth--;
    else if (l->modules > 0)
        l->modules--;
    return CF_TOK_CLOSE;
}

static cf_token_kind scan_comment(lexer *l) {
    /* `#!/usr/bin/..` in the first line is for the operating system */
    const bool doc = peek(l, 1) == '!' && !(l->at == 0 && peek(l, 2) == '/');
    l->at = line_end(l->text, l->at, l->size);
    const char *text = l->text;
    while (text[l->at - 1] == ' ' || text[l->at - 1] == '\t' || text[l->at - 1] == '\r')
        l->at--; /* not part of it; stops at the # at the latest */
    return doc ? CF_TOK_DOC : CF_TOK_COMMENT;
}

/* `\` joins lines, at the end of one or at the start of the next. */
static cf_token_kind scan_wrap(lexer *l, bool line_start) {
    l->at++;
    size_t at = l->at, bytes = 0;
    while ((bytes = blank_bytes(l->text, at, l->size)) != 0)
        at += bytes;
    return line_start || at == l->size || l->text[at] == '\n' ? CF_TOK_WRAP : CF_TOK_ERROR;
}

static cf_token_kind scan_unknown(lexer *l) {
    uint32_t code_point = 0;
    const size_t bytes = cf_utf8_next(l->text + l->at, l->size - l->at, &code_point);
    l->at += bytes == 0 ? 1 : bytes;
    return CF_TOK_ERROR;
}

static cf_token_kind scan_param(lexer *l) {
    l->at++;
    const size_t begin = l->at;
    skip_name(l);
    return l->at > begin ? CF_TOK_PARAM : CF_TOK_ERROR;
}

static cf_token_kind scan_token(lexer *l, bool line_start) {
    const int c = peek(l, 0);
    switch (c) {
    case -1: return CF_TOK_END;
    case '\n': l->at++; return CF_TOK_NEWLINE;
    case '#': return scan_comment(l);
    case '\\': return scan_wrap(l, line_start);
    case '"':
    case '\'': return scan_text(l, CF_TOK_TEXT, 0);
    case '`': return scan_quoted(l);
    case '$': return scan_param(l);
    case '(':
    case '[':
    case '{':
    case ')':
    case ']':
    case '}': return scan_bracket(l, (char)c);
    case ',': l->at++; return CF_TOK_COMMA;
    case ';': l->at++; return CF_TOK_SEMICOLON;
    default: break;
    }
    if (is_digit(c)) return scan_number(l);
    if (at_letter(l)) return scan_name(l, line_start);
    if (c == '@' && is_digit(peek(l, 1))) return scan_date(l);
    if (c == '%' && line_start && l->depth == 0 && is_ascii_letter(peek(l, 1)))
        return scan_command(l);
    if (c == '|' && peek(l, 1) != '|') {
        l->at++;
        return CF_TOK_PIPE;
    }
    return take_sign(l) ? CF_TOK_OPERATOR : scan_unknown(l);
}

static cf_token *push(lexer *l) {
    if (l->count == l->capacity) {
        const size_t capacity = l->capacity == 0 ? 64 : l->capacity * 2;
        cf_token *grown = CF_NEWS(l->arena, cf_token, capacity);
        if (l->count > 0) memcpy(grown, l->tokens, l->count * sizeof *grown);
        l->tokens = grown;
        l->capacity = capacity;
    }
    return &l->tokens[l->count];
}

static bool space_at(const lexer *l, size_t at) {
    return at >= l->size || l->text[at] == '\n' || blank_bytes(l->text, at, l->size) != 0;
}

static cf_token *next_token(lexer *l) {
    const size_t from = l->at;
    size_t bytes = 0;
    while ((bytes = blank_bytes(l->text, l->at, l->size)) != 0)
        l->at += bytes;
    cf_token *t = push(l);
    const bool first = l->count == 0, behind_newline = !first && t[-1].kind == CF_TOK_NEWLINE;
    t->line_start = first ? !l->inside : behind_newline;
    t->space_before = first || l->at > from || behind_newline;
    const size_t begin = l->at;
    const cf_token_kind kind = scan_token(l, t->line_start);
    t->kind = kind;
    t->span = (cf_span){l->source, (uint32_t)begin, (uint32_t)l->at};
    t->space_after = space_at(l, l->at);
    l->count++;
    return t;
}

static void lex_all(lexer *l) {
    while (next_token(l)->kind != CF_TOK_END)
        continue;
}

cf_token *cf_lex_range(cf_arena *arena, uint32_t source, const char *text, size_t begin,
                       size_t end, bool inner, size_t *count) {
    lexer l = {.arena = arena, .source = source, .text = text, .size = end, .at = begin};
    l.depth = inner ? 1 : 0;
    l.inside = inner;
    lex_all(&l);
    if (l.unclosed) {
        l.at = begin;
        l.count = l.modules = 0;
        l.depth = inner ? 1 : 0;
        l.one_line = true;
        lex_all(&l);
    }
    *count = l.count;
    return l.tokens;
}

cf_token *cf_lex(cf_arena *arena, uint32_t source, const char *text, size_t size,
                 size_t *count) {
    if (text == NULL) text = "";
    return cf_lex_range(arena, source, text, 0, size > CF_SOURCE_BYTES_MAX ? 0 : size, false,
                        count);
}
