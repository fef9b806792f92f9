#include "lang/parse_internal.h"

#include <string.h>

/* From tokens to the stream that the parser reads: comments and wraps are gone, every bracket
 * has a partner (one that the text lacks is made up, after the error was reported), and a
 * newline is there only where it means something (language D3, D6, ruling 10):
 *   - in brackets: the end of a stage,
 *   - outside: the end of a stage, or (`stop`) of a statement. */

typedef struct {
    cf_stream *s;
    cf_arena *arena;
    cf_diags *diags;
    size_t capacity;
    uint32_t *open; /* indices of open brackets */
    size_t open_count, open_capacity;
    size_t modules;  /* how many of them, from the outside, are braces of modules */
    size_t forgiven; /* closers whose opener was given up */
    bool blank_line, newline, wrap;
    bool inner;
} maker;

static const char *const sign_texts[CF_SIGN_COUNT] = {
#define CF_SIGN(name, text) [CF_SIGN_##name] = (text),
    CF_SIGNS(CF_SIGN)
#undef CF_SIGN
#define CF_WORD(name, text) [CF_WORD_##name] = (text),
        CF_WORDS(CF_WORD)
#undef CF_WORD
};

static cf_str text_of(const cf_stream *s, cf_span at) {
    return (cf_str){s->text + at.begin, at.end - at.begin};
}

static cf_sign sign_of(const cf_stream *s, const cf_token *t) {
    const bool word = t->kind == CF_TOK_KEYWORD;
    if (!word && t->kind != CF_TOK_OPERATOR) return CF_SIGN_NONE;
    const cf_str text = text_of(s, t->span);
    for (int i = word ? CF_WORD_TRUE : 1; i < CF_SIGN_COUNT; i++)
        if (cf_str_is(text, sign_texts[i])) return (cf_sign)i;
    return CF_SIGN_NONE;
}

bool cf_lexeme_continues(const cf_lexeme *t) {
    switch (t->kind) {
    case CF_TOK_COMMA:
    case CF_TOK_PIPE:
    case CF_TOK_OPEN: return true;
    case CF_TOK_KEYWORD:
        return t->sign == CF_WORD_IN || t->sign == CF_WORD_AS || t->sign == CF_WORD_LET ||
               t->sign == CF_WORD_INTO;
    case CF_TOK_OPERATOR:
        return t->sign != CF_SIGN_RANGE && t->sign != CF_SIGN_STAR &&
               t->sign != CF_SIGN_QUESTION;
    default: return false;
    }
}

bool cf_lexeme_continued_by(const cf_lexeme *t) {
    switch (t->kind) {
    case CF_TOK_COMMA:
    case CF_TOK_PIPE:
    case CF_TOK_SEMICOLON:
    case CF_TOK_CLOSE: return true;
    case CF_TOK_OPERATOR:
        return t->sign != CF_SIGN_RANGE && t->sign != CF_SIGN_NOT && t->sign != CF_SIGN_AT &&
               t->sign != CF_SIGN_STAR && t->sign != CF_SIGN_QUESTION;
    default: return false;
    }
}

static cf_lexeme *push(maker *m) {
    cf_stream *s = m->s;
    if (s->count == m->capacity) {
        const size_t capacity = m->capacity == 0 ? 64 : m->capacity * 2;
        cf_lexeme *grown = CF_NEWS(m->arena, cf_lexeme, capacity);
        if (s->count > 0) memcpy(grown, s->items, s->count * sizeof *grown);
        s->items = grown;
        m->capacity = capacity;
    }
    return &s->items[s->count++];
}

static const cf_lexeme *last_of(const maker *m) {
    return m->s->count == 0 ? NULL : &m->s->items[m->s->count - 1];
}

static bool in_brackets(const maker *m) {
    return m->inner || m->open_count > m->modules;
}

/* ---- brackets ---------------------------------------------------------------------------- */

static char bracket_of(const maker *m, uint32_t index) {
    return m->s->text[m->s->items[index].span.begin];
}

static char partner(char open) {
    return open == '(' ? ')' : open == '[' ? ']' : '}';
}

static void open_bracket(maker *m, uint32_t index, bool module) {
    if (m->open_count == m->open_capacity) {
        const size_t capacity = m->open_capacity == 0 ? 16 : m->open_capacity * 2;
        uint32_t *grown = CF_NEWS(m->arena, uint32_t, capacity);
        if (m->open_count > 0) memcpy(grown, m->open, m->open_count * sizeof *grown);
        m->open = grown;
        m->open_capacity = capacity;
    }
    m->open[m->open_count++] = index;
    if (module) m->modules++;
}

static void join_brackets(maker *m, uint32_t open, uint32_t close) {
    m->s->items[open].match = close;
    m->s->items[close].match = open;
}

static void pop(maker *m) {
    m->open_count--;
    if (m->modules > m->open_count) m->modules = m->open_count;
}

/* Closes the innermost bracket where the text does not. */
static void close_for_text(maker *m) {
    const uint32_t open = m->open[m->open_count - 1];
    const cf_lexeme *last = last_of(m);
    const cf_span end = {last->span.source, last->span.end, last->span.end};
    const uint32_t raw = last->raw;
    cf_lexeme *made = push(m);
    *made = (cf_lexeme){.kind = CF_TOK_CLOSE, .span = end, .raw = raw};
    join_brackets(m, open, (uint32_t)(m->s->count - 1));
    m->s->items[open].broken = true;
    pop(m);
}

static void report_unclosed(maker *m, const cf_token *stop) {
    const uint32_t open = m->open[m->open_count - 1];
    const cf_span at = m->s->items[open].span;
    cf_error e = {0};
    (void)cf_fail(&e, CF_E_UNCLOSED, at, "`%c` is not closed", bracket_of(m, open));
    cf_error_label(&e, "opened here");
    if (stop != NULL) cf_error_because(&e, stop->span, "a new statement begins here");
    cf_diags_add(m->diags, &e);
}

/* Gives up the brackets beyond the innermost module: a statement starts, or the text ends. */
static void give_up(maker *m, size_t keep, const cf_token *stop) {
    if (m->open_count <= keep) return;
    report_unclosed(m, stop);
    while (m->open_count > keep) {
        close_for_text(m);
        if (stop != NULL) m->forgiven++;
    }
}

static size_t find_opener(const maker *m, char close) {
    for (size_t i = m->open_count; i > 0; i--)
        if (partner(bracket_of(m, m->open[i - 1])) == close) return i;
    return 0;
}

static void report_closer(maker *m, const cf_token *t, bool has_opener) {
    cf_error e = {0};
    const char c = m->s->text[t->span.begin];
    if (has_opener) {
        const uint32_t open = m->open[m->open_count - 1];
        (void)cf_fail(&e, CF_E_UNCLOSED, t->span, "`%c` does not close `%c`", c,
                      bracket_of(m, open));
        cf_error_label(&e, "`%c` expected", partner(bracket_of(m, open)));
        cf_error_because(&e, m->s->items[open].span, "opened here");
    } else {
        (void)cf_fail(&e, CF_E_SYNTAX, t->span, "`%c` closes nothing", c);
        cf_error_label(&e, "no bracket is open");
    }
    cf_diags_add(m->diags, &e);
    m->s->mismatched = true;
}

static void add_close(maker *m, const cf_token *t, uint32_t raw) {
    const char c = m->s->text[t->span.begin];
    if (m->open_count == 0) {
        if (m->forgiven > 0)
            m->forgiven--;
        else
            report_closer(m, t, false);
        return;
    }
    const size_t opener = find_opener(m, c);
    if (opener != m->open_count) {
        report_closer(m, t, true);
        m->s->items[m->open[m->open_count - 1]].broken = true;
        while (opener != 0 && m->open_count > opener)
            close_for_text(m);
    }
    const uint32_t open = m->open[m->open_count - 1];
    *push(m) = (cf_lexeme){.kind = CF_TOK_CLOSE,
                           .span = t->span,
                           .raw = raw,
                           .space_before = t->space_before,
                           .space_after = t->space_after};
    join_brackets(m, open, (uint32_t)(m->s->count - 1));
    pop(m);
}

/* ---- newlines ---------------------------------------------------------------------------- */

/* `name?` or `name??` alone on a line: the index of the token behind the question mark. */
static size_t help_end(const cf_stream *s, size_t i) {
    const cf_token *t = s->tokens;
    if (!t[i].line_start) return 0;
    while ((t[i].kind == CF_TOK_NAME || t[i].kind == CF_TOK_KEYWORD) && !t[i].space_after &&
           cf_str_is(text_of(s, t[i + 1].span), ".") && !t[i + 1].space_after)
        i += 2;
    if (t[i].kind != CF_TOK_NAME && t[i].kind != CF_TOK_KEYWORD && t[i].kind != CF_TOK_QUOTED)
        return 0;
    const cf_str mark = text_of(s, t[++i].span);
    if (t[i].space_before || (!cf_str_is(mark, "?") && !cf_str_is(mark, "??"))) return 0;
    const cf_token_kind after = t[i + 1].kind;
    return after == CF_TOK_NEWLINE || after == CF_TOK_END || after == CF_TOK_COMMENT ||
                   after == CF_TOK_SEMICOLON
               ? i + 1
               : 0;
}

/* Does the token, the first of its line, start a statement? */
static bool starts_statement(const maker *m, size_t i, cf_sign sign) {
    const cf_token *t = &m->s->tokens[i];
    if (!t->line_start) return false;
    if (t->kind == CF_TOK_COMMAND) return true;
    if (t->kind == CF_TOK_OPERATOR) return sign == CF_SIGN_AT;
    if (t->kind == CF_TOK_KEYWORD)
        return sign == CF_WORD_LET || sign == CF_WORD_IMPORT || sign == CF_WORD_MODULE ||
               sign == CF_WORD_TYPE;
    return t->kind == CF_TOK_NAME && cf_str_is(text_of(m->s, t->span), "from");
}

/* Inside brackets: is it so surely the start of a statement that a bracket must be missing? */
static bool gives_brackets_up(const maker *m, size_t i, cf_sign sign) {
    if (m->inner || !in_brackets(m)) return false;
    const cf_token *t = &m->s->tokens[i];
    if (t->kind == CF_TOK_SEMICOLON) return true;
    if (!starts_statement(m, i, sign)) return false;
    const cf_token *next = t + 1;
    if (t->kind == CF_TOK_OPERATOR) return next->kind == CF_TOK_OPEN;
    const bool named = next->kind == CF_TOK_NAME || next->kind == CF_TOK_QUOTED;
    if (sign == CF_WORD_LET) return named;
    if (cf_lexeme_continues(last_of(m)))
        return false; /* an item or a stage may well begin so */
    return t->kind == CF_TOK_NAME ? next->kind != CF_TOK_OPERATOR &&
                                        next->kind != CF_TOK_COMMA && next->kind != CF_TOK_CLOSE
                                  : named;
}

/* Puts the newline between the last item and token i into the stream, if it means anything. */
static void add_newline(maker *m, size_t i, cf_sign sign, bool help) {
    const cf_lexeme *last = last_of(m);
    const cf_token *t = &m->s->tokens[i];
    if (!m->newline || last == NULL || t->kind == CF_TOK_END) return;
    const cf_lexeme next = {.kind = t->kind, .sign = sign};
    bool stop = false;
    if (!in_brackets(m)) {
        const bool waits = last->kind == CF_TOK_OPERATOR &&
                           (last->sign == CF_SIGN_ASSIGN || last->sign == CF_SIGN_ARROW) &&
                           t->kind == CF_TOK_NAME;
        const bool after_brace = last->kind == CF_TOK_OPEN || t->kind == CF_TOK_CLOSE;
        stop = m->blank_line || help || (!waits && starts_statement(m, i, sign)) ||
               after_brace || last->kind == CF_TOK_COMMAND;
    }
    if (!stop && (m->wrap || cf_lexeme_continues(last) || cf_lexeme_continued_by(&next)))
        return;
    const cf_span at = {t->span.source, last->span.end, last->span.end};
    const uint32_t raw = last->raw;
    *push(m) = (cf_lexeme){.kind = CF_TOK_NEWLINE, .span = at, .raw = raw, .stop = stop};
}

/* ---- all tokens -------------------------------------------------------------------------- */

static void add_token(maker *m, size_t i, cf_sign sign) {
    const cf_token *t = &m->s->tokens[i];
    if (t->kind == CF_TOK_CLOSE) {
        add_close(m, t, (uint32_t)i);
        return;
    }
    const size_t before = m->s->count;
    const cf_lexeme *items = m->s->items;
    const bool module = t->kind == CF_TOK_OPEN && m->s->text[t->span.begin] == '{' &&
                        !in_brackets(m) && before >= 2 &&
                        items[before - 2].sign == CF_WORD_MODULE;
    /* behind a dot a word is a name: `m.in` */
    const bool field = t->kind == CF_TOK_KEYWORD && before > 0 && !t->space_before &&
                       items[before - 1].sign == CF_SIGN_DOT;
    *push(m) = (cf_lexeme){.kind = field ? CF_TOK_NAME : t->kind,
                           .sign = field ? CF_SIGN_NONE : sign,
                           .span = t->span,
                           .raw = (uint32_t)i,
                           .space_before = t->space_before,
                           .space_after = t->space_after,
                           .line_start = t->line_start};
    if (t->kind == CF_TOK_OPEN) open_bracket(m, (uint32_t)before, module);
}

/* Takes note of what only separates; false: it is a token of its own. */
static bool take_blank(maker *m, const cf_token *t) {
    switch (t->kind) {
    case CF_TOK_NEWLINE:
        if (t->line_start) m->blank_line = true;
        m->newline = true;
        return true;
    case CF_TOK_WRAP: m->wrap = true; return true;
    case CF_TOK_COMMENT:
    case CF_TOK_DOC: return true;
    default: return false;
    }
}

static void add_help(maker *m, size_t from, size_t behind) {
    const cf_span at = {m->s->source, m->s->tokens[from].span.begin,
                        m->s->tokens[behind - 1].span.end};
    *push(m) = (cf_lexeme){.kind = CF_TOK_COMMAND,
                           .span = at,
                           .raw = (uint32_t)from,
                           .line_start = true,
                           .help = true};
}

void cf_stream_make(cf_stream *s, cf_arena *arena, bool inner, size_t begin, size_t end,
                    cf_diags *diags) {
    if (s->text == NULL) s->text = "";
    s->tokens = cf_lex_range(arena, s->source, s->text, begin, end, inner, &s->token_count);
    maker m = {.s = s, .arena = arena, .diags = diags, .inner = inner};
    for (size_t i = 0; i < s->token_count; i++) {
        const cf_token *t = &s->tokens[i];
        if (take_blank(&m, t)) continue;
        const cf_sign sign = sign_of(s, t);
        if (t->kind == CF_TOK_END) s->open_at_end = (unsigned)m.open_count;
        if (t->kind == CF_TOK_END)
            give_up(&m, 0, NULL);
        else if (gives_brackets_up(&m, i, sign))
            give_up(&m, m.modules, t);
        const size_t behind = in_brackets(&m) ? 0 : help_end(s, i);
        add_newline(&m, i, sign, behind != 0);
        m.newline = m.blank_line = m.wrap = false;
        if (behind != 0) {
            add_help(&m, i, behind);
            i = behind - 1;
        } else {
            add_token(&m, i, sign);
        }
    }
}
