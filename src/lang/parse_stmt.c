#include "lang/parse_internal.h"

#include <string.h>

/* Statements: let, import, module, type, commands, and everything else, which is a pipeline. */

typedef struct {
    cf_stmt **list;
    size_t count, capacity;
} stmts;

static void push(cf_parser *p, stmts *all, cf_stmt *stmt) {
    if (all->count == all->capacity) {
        const size_t capacity = all->capacity == 0 ? 8 : all->capacity * 2;
        cf_stmt **grown = CF_NEWS(p->arena, cf_stmt *, capacity);
        if (all->count > 0) memcpy(grown, all->list, all->count * sizeof(cf_stmt *));
        all->list = grown;
        all->capacity = capacity;
    }
    all->list[all->count++] = stmt;
}

static cf_str copy(cf_parser *p, cf_str s) {
    return (cf_str){cf_str_dup(p->arena, s), s.size};
}

static bool refuse(cf_parser *p, cf_span at, const char *message, const char *label) {
    cf_error *e = cf_complain(p, CF_E_SYNTAX, at, "%s", message);
    cf_error_label(e, "%s", label);
    cf_report(p);
    return false;
}

/* Where something is missing: the current token, or the last one at the end of a line. */
static cf_span here(const cf_parser *p) {
    const bool seen = p->at->span.end > p->at->span.begin;
    return seen || p->at == p->stream->items ? p->at->span : p->at[-1].span;
}

static bool parse_statement_name(cf_parser *p, cf_stmt *stmt, const char *message) {
    p->at++;
    if (cf_parse_name(p, &stmt->name)) return true;
    return refuse(p, here(p), message, "name expected");
}

/* ---- comments and annotations ------------------------------------------------------------ */

static cf_str doc_line(const cf_stream *s, const cf_token *t) {
    const char *text = s->text + t->span.begin + 2;
    size_t size = t->span.end - t->span.begin - 2;
    if (size > 0 && *text == ' ') {
        text++;
        size--;
    }
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
        size--;
    return (cf_str){text, size};
}

/* May the token stand between a `#!` line and the statement that it is about? */
static bool is_above(const cf_token *t) {
    switch (t->kind) {
    case CF_TOK_NEWLINE: return !t->line_start; /* not beyond an empty line */
    case CF_TOK_DOC:
    case CF_TOK_SEMICOLON: return t->line_start;
    case CF_TOK_WRAP:
    case CF_TOK_COMMENT: return true;
    default: return false;
    }
}

/* The `#!` lines right above token `raw`, joined. */
static cf_str find_doc(cf_parser *p, uint32_t raw) {
    const cf_token *t = p->stream->tokens;
    size_t first = raw, bytes = 0;
    while (first > 0 && is_above(&t[first - 1]))
        first--;
    for (size_t i = first; i < raw; i++)
        if (t[i].kind == CF_TOK_DOC) bytes += doc_line(p->stream, &t[i]).size + 1;
    if (bytes == 0) return (cf_str){0};
    char *doc = CF_NEWS(p->arena, char, bytes);
    size_t n = 0;
    for (size_t i = first; i < raw; i++) {
        if (t[i].kind != CF_TOK_DOC) continue;
        const cf_str line = doc_line(p->stream, &t[i]);
        if (n > 0) doc[n++] = '\n';
        memcpy(doc + n, line.data, line.size);
        n += line.size;
    }
    return (cf_str){doc, n};
}

/* `@{..}` above a let; several count as one. */
static void parse_annotations(cf_parser *p, cf_stmt *stmt) {
    cf_items all = {0};
    while (p->at->sign == CF_SIGN_AT) {
        const cf_span at = p->at++->span;
        if (cf_at_bracket(p, p->at) != '{') {
            (void)refuse(p, at, "an annotation is a tuple: `@{param, doc=\"..\"}`",
                         "`{` expected behind it");
            return;
        }
        cf_ast *tuple = cf_parse_tuple(p);
        if (tuple == NULL) return;
        if (stmt->annotation == NULL) stmt->annotation = tuple;
        for (size_t i = 0; i < tuple->as.list.count; i++)
            *cf_items_push(p, &all) = tuple->as.list.items[i];
        stmt->annotation->as.list.items = all.items;
        stmt->annotation->as.list.count = all.count;
        while (p->at->kind == CF_TOK_NEWLINE)
            p->at++;
        if (p->at->sign != CF_SIGN_AT && p->at->sign != CF_WORD_LET)
            (void)refuse(p, at, "an annotation belongs above a `let`", "no `let` follows");
    }
}

/* ---- the kinds of statements ------------------------------------------------------------- */

static bool parse_let(cf_parser *p, cf_stmt *stmt) {
    stmt->kind = CF_STMT_LET;
    if (!parse_statement_name(p, stmt, "a name is missing after `let`")) return false;
    if (p->at->sign == CF_SIGN_LT) {
        stmt->type = cf_parse_type_in_angles(p);
        if (stmt->type == NULL) return false;
    }
    const bool joined = stmt->type != NULL && p->at->sign == CF_SIGN_GE; /* `<int>= 3` */
    if (p->at->sign == CF_SIGN_EQ)
        return refuse(p, p->at->span, "`==` compares; a name is given with `=`",
                      "`=` expected");
    if (p->at->sign != CF_SIGN_ASSIGN && !joined) {
        cf_error *e = cf_complain(p, CF_E_SYNTAX, here(p), "`let` needs a value");
        cf_error_label(e, "`=` expected");
        cf_error_hint(e, "write `let %.*s = ..`", CF_STR_ARGS(stmt->name.text));
        cf_report(p);
        return false;
    }
    p->at++;
    stmt->value = cf_parse_stages_node(p, CF_STAGES_ONE_LINE);
    return stmt->value != NULL;
}

static bool parse_import(cf_parser *p, cf_stmt *stmt) {
    cf_name names[16];
    stmt->kind = CF_STMT_IMPORT;
    do {
        p->at++;
        if (stmt->path_count == CF_COUNT(names) || !cf_parse_name(p, &names[stmt->path_count]))
            return refuse(p, here(p), "`import` takes the name of a module", "name expected");
        stmt->path_count++;
    } while (p->at->sign == CF_SIGN_DOT);
    stmt->path = CF_NEWS(p->arena, cf_name, stmt->path_count);
    memcpy(stmt->path, names, stmt->path_count * sizeof *names);
    return true;
}

static bool parse_type_statement(cf_parser *p, cf_stmt *stmt) {
    stmt->kind = CF_STMT_TYPE;
    if (!parse_statement_name(p, stmt, "a name is missing after `type`")) return false;
    if (p->at->sign != CF_SIGN_ASSIGN)
        return refuse(p, here(p), "a type is given as `type name = type`", "`=` expected");
    p->at++;
    stmt->type = cf_parse_type(p);
    return stmt->type != NULL;
}

static void parse_body(cf_parser *p, stmts *all);

static bool parse_module(cf_parser *p, cf_stmt *stmt) {
    stmt->kind = CF_STMT_MODULE;
    if (!parse_statement_name(p, stmt, "a name is missing after `module`")) return false;
    const cf_lexeme *open = p->at, *close = p->stream->items + open->match;
    if (cf_at_bracket(p, open) != '{')
        return refuse(p, here(p), "a module is written `module name { .. }`", "`{` expected");
    if (p->depth >= CF_NESTING_MAX)
        return refuse(p, open->span, "too deeply nested", "one module too many");
    p->depth++;
    p->at++;
    stmts body = {0};
    parse_body(p, &body);
    p->depth--;
    p->at = close + 1;
    p->bad = open->broken;
    stmt->body = body.list;
    stmt->body_count = body.count;
    return true;
}

static cf_str trimmed(cf_str s) {
    while (s.size > 0 && (*s.data == ' ' || *s.data == '\t')) {
        s.data++;
        s.size--;
    }
    return s;
}

/* `%word rest` or `name?`: the lexer took the whole line, without blanks at its end. */
static bool parse_command(cf_parser *p, cf_stmt *stmt) {
    const bool help = p->at->help;
    const cf_str text = cf_span_text(p, p->at->span);
    size_t split = 1, bytes = 0;
    if (help) {
        split = text.size - (text.data[text.size - 2] == '?' ? 2 : 1);
        stmt->kind = CF_STMT_HELP;
        const size_t quote = text.data[0] == '`';
        stmt->command = copy(p, (cf_str){text.data + quote, split - 2 * quote});
        stmt->rest = copy(p, (cf_str){text.data + split, text.size - split});
    } else {
        stmt->kind = CF_STMT_COMMAND;
        while (cf_lex_name_char(text.data, split, text.size, false, &bytes))
            split += bytes;
        stmt->command = copy(p, (cf_str){text.data + 1, split - 1});
        stmt->rest = copy(p, trimmed((cf_str){text.data + split, text.size - split}));
    }
    p->at++;
    return true;
}

static bool parse_pipeline(cf_parser *p, cf_stmt *stmt) {
    const cf_span from = p->at->span;
    cf_items stages = {0};
    stmt->kind = CF_STMT_PIPELINE;
    cf_parse_stages(p, CF_STAGES_TOP | CF_STAGES_LINES | CF_STAGES_NAMED, &stages);
    if (stages.count == 0 || p->bad) return false;
    cf_ast *node = CF_NEW(p->arena, cf_ast);
    node->kind = CF_AST_PIPELINE;
    const cf_span last = stages.items[stages.count - 1].value->span;
    node->span = cf_span_join(from, last);
    node->as.list.items = stages.items;
    node->as.list.count = stages.count;
    stmt->value = node;
    if (p->at->sign != CF_WORD_INTO) return true;
    return parse_statement_name(p, stmt, "a name is missing after `into`");
}

static bool parse_kind(cf_parser *p, cf_stmt *stmt) {
    if (p->at->kind == CF_TOK_COMMAND) return parse_command(p, stmt);
    switch (p->at->sign) {
    case CF_WORD_LET: return parse_let(p, stmt);
    case CF_WORD_IMPORT: return parse_import(p, stmt);
    case CF_WORD_MODULE: return parse_module(p, stmt);
    case CF_WORD_TYPE: return parse_type_statement(p, stmt);
    default: return parse_pipeline(p, stmt);
    }
}

/* ---- all statements ---------------------------------------------------------------------- */

static bool at_statement_end(const cf_parser *p) {
    return p->at->kind == CF_TOK_END || p->at->kind == CF_TOK_NEWLINE ||
           p->at->kind == CF_TOK_SEMICOLON || p->at->kind == CF_TOK_CLOSE;
}

static void skip_to_statement_end(cf_parser *p) {
    while (!at_statement_end(p))
        p->at = p->at->kind == CF_TOK_OPEN ? p->stream->items + p->at->match + 1 : p->at + 1;
}

static void parse_statement(cf_parser *p, stmts *all) {
    cf_stmt *stmt = CF_NEW(p->arena, cf_stmt);
    p->bad = p->too_deep = false;
    stmt->doc = find_doc(p, p->at->raw);
    parse_annotations(p, stmt);
    if (p->at->kind == CF_TOK_END || p->at->kind == CF_TOK_CLOSE) return;
    const bool annotated = !p->bad;
    const cf_span from = p->at->span;
    const bool good = parse_kind(p, stmt) && annotated && !p->bad;
    stmt->span = cf_since(p, from);
    if (!at_statement_end(p)) {
        if (good) cf_complain_unexpected(p, 0);
        skip_to_statement_end(p);
    } else if (good) {
        push(p, all, stmt);
    }
    if (p->at->kind == CF_TOK_SEMICOLON) {
        stmt->hidden = true;
        p->at++;
    }
}

static void parse_body(cf_parser *p, stmts *all) {
    for (;;) {
        while (p->at->kind == CF_TOK_NEWLINE || p->at->kind == CF_TOK_SEMICOLON)
            p->at++;
        if (p->at->kind == CF_TOK_END || p->at->kind == CF_TOK_CLOSE) return;
        parse_statement(p, all);
    }
}

/* `prql target:sql.duckdb` at the top is read and ignored. */
static cf_span skip_header(cf_parser *p) {
    const cf_lexeme *t = p->at;
    if (t->kind != CF_TOK_NAME || !cf_str_is(cf_span_text(p, t->span), "prql") ||
        !cf_at_name(t + 1) || t[2].sign != CF_SIGN_COLON)
        return CF_NOWHERE;
    skip_to_statement_end(p);
    return cf_since(p, t->span);
}

cf_program *cf_parse_statements(cf_parser *p, cf_span *header) {
    cf_program *program = CF_NEW(p->arena, cf_program);
    stmts all = {0};
    *header = skip_header(p);
    parse_body(p, &all);
    CF_ASSERT(p->at->kind == CF_TOK_END);
    program->stmts = all.list;
    program->count = all.count;
    return program;
}

cf_program *cf_parse(cf_arena *arena, uint32_t source, const char *text, size_t size,
                     cf_diags *diags) {
    cf_span header;
    if (size > CF_SOURCE_BYTES_MAX) {
        cf_error e = {0};
        (void)cf_fail(&e, CF_E_LIMIT, (cf_span){source, 0, 0},
                      "this program is too large: %zu MiB", size >> 20);
        cf_error_hint(&e, "put data into files and read them with `read_csv` or `read_json`");
        cf_diags_add(diags, &e);
        return CF_NEW(arena, cf_program);
    }
    cf_stream stream = {.source = source, .text = text, .size = size};
    cf_stream_make(&stream, arena, false, 0, size, diags);
    cf_parser p;
    cf_parser_init(&p, arena, &stream, diags);
    return cf_parse_statements(&p, &header);
}
