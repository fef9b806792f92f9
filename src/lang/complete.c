#include "lang/parse_internal.h"

/* Would Enter run this text?  The parser's own stream decides, so that terminal, notebook and
 * script agree on where a statement ends. */

/* Does the text end in a token after which a line goes on? */
static bool waits_for_more(const cf_stream *s) {
    size_t newlines = 0;
    for (size_t i = s->token_count - 1; i > 0; i--) {
        const cf_token *last = &s->tokens[i - 1];
        if (last->kind == CF_TOK_NEWLINE)
            newlines++;
        else if (last->kind == CF_TOK_WRAP)
            return newlines <= 1;
        else if (last->kind != CF_TOK_COMMENT && last->kind != CF_TOK_DOC)
            break;
    }
    if (s->count < 2 || newlines > 1)
        return false; /* a blank line ends it, whatever it lacks */
    const cf_lexeme *end = &s->items[s->count - 2];
    return end->kind != CF_TOK_OPEN && cf_lexeme_continues(end);
}

/* An annotation waits for its `let`. */
static bool ends_in_annotation(const cf_stream *s) {
    if (s->count < 2) return false;
    const cf_lexeme *close = &s->items[s->count - 2];
    return close->kind == CF_TOK_CLOSE && close->match > 0 &&
           s->items[close->match - 1].sign == CF_SIGN_AT;
}

/* Is a text (or f-string) open at the end? */
static bool ends_in_text(const cf_stream *s) {
    for (size_t i = 0; i < s->token_count; i++) {
        if (s->tokens[i].kind != CF_TOK_ERROR) continue;
        const char *text = s->text + s->tokens[i].span.begin;
        const size_t size = s->tokens[i].span.end - s->tokens[i].span.begin;
        const bool prefixed = size > 1 && (*text == 'f' || *text == 'r');
        const char quote = text[prefixed];
        if (quote == '"' || quote == '\'') return true;
    }
    return false;
}

/* Errors that more text cannot mend: those that are not about the end of what is there. */
static bool has_other_errors(const cf_diags *diags, const cf_stream *s) {
    const uint32_t end = s->count < 2 ? 0 : s->items[s->count - 2].span.end;
    for (size_t i = 0; i < diags->count; i++) {
        const cf_error *e = &diags->errors[i];
        if (e->status != CF_E_UNCLOSED && e->span.end < end) return true;
    }
    return false;
}

static cf_completeness judge(cf_arena *arena, const char *text, size_t size, unsigned *indent,
                             unsigned depth);

/* `%time from x |` goes on as the statement in it does. */
static cf_completeness judge_command(cf_arena *arena, const cf_program *program,
                                     unsigned *indent, unsigned depth) {
    if (program->count == 0 || depth > 0) return CF_COMPLETE;
    const cf_stmt *last = program->stmts[program->count - 1];
    const bool runs = cf_str_is(last->command, "time") || cf_str_is(last->command, "explain") ||
                      cf_str_is(last->command, "print");
    if (last->kind != CF_STMT_COMMAND || !runs) return CF_COMPLETE;
    const cf_completeness inside =
        judge(arena, last->rest.data, last->rest.size, indent, depth + 1);
    return inside == CF_INCOMPLETE ? CF_INCOMPLETE : CF_COMPLETE; /* its errors show when run */
}

static cf_completeness judge(cf_arena *arena, const char *text, size_t size, unsigned *indent,
                             unsigned depth) {
    cf_diags diags = {0};
    cf_span header;
    cf_stream s = {.source = 1, .text = text, .size = size};
    cf_stream_make(&s, arena, false, 0, size, &diags);
    cf_parser p;
    cf_parser_init(&p, arena, &s, &diags);
    const cf_program *program = cf_parse_statements(&p, &header);
    const bool annotation = ends_in_annotation(&s) && diags.count <= 1;
    if (s.mismatched || (has_other_errors(&diags, &s) && !annotation)) return CF_INVALID;
    const bool waits = waits_for_more(&s), text_open = ends_in_text(&s);
    if (s.open_at_end > 0 || waits || text_open || annotation) {
        const bool pipe = s.count > 1 && s.items[s.count - 2].kind == CF_TOK_PIPE;
        const unsigned levels = s.open_at_end + (s.open_at_end == 0 && waits && !pipe);
        *indent = text_open ? 0 : 2 * (levels < 20 ? levels : 20);
        return CF_INCOMPLETE;
    }
    if (diags.count > 0) return CF_INVALID;
    return judge_command(arena, program, indent, depth);
}

cf_completeness cf_is_complete(const char *text, size_t size, unsigned *indent) {
    unsigned unused = 0;
    if (indent == NULL) indent = &unused;
    *indent = 0;
    if (size > CF_SOURCE_BYTES_MAX) return CF_COMPLETE; /* running it gives the error */
    cf_arena *arena = cf_arena_new((size_t)64 << 10);
    if (arena == NULL) return CF_COMPLETE;
    const cf_completeness result = judge(arena, text, size, indent, 0);
    cf_arena_free(arena);
    return result;
}
