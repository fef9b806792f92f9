#ifndef CF_LANG_PARSE_H
#define CF_LANG_PARSE_H

/* One lexer and parser for programs, is-complete, completion and the formatter. */

#include "lang/ast.h"

/* CF_TOKEN(NAME): all tokens; comments and newlines are tokens too, the parser skips them. */
typedef enum {
    CF_TOK_END,
    CF_TOK_NEWLINE,
    CF_TOK_COMMENT,
    CF_TOK_DOC,
    CF_TOK_WRAP /* \ at line end */,
    CF_TOK_NAME,
    CF_TOK_QUOTED,
    CF_TOK_PARAM,
    CF_TOK_KEYWORD,
    CF_TOK_INT,
    CF_TOK_FLOAT,
    CF_TOK_TEXT,
    CF_TOK_FSTRING,
    CF_TOK_DATE,
    CF_TOK_DURATION,
    CF_TOK_OPERATOR,
    CF_TOK_OPEN,
    CF_TOK_CLOSE,
    CF_TOK_COMMA,
    CF_TOK_PIPE,
    CF_TOK_SEMICOLON,
    CF_TOK_COMMAND /* a whole %-line */,
    CF_TOK_ERROR
} cf_token_kind;

typedef struct {
    cf_token_kind kind;
    cf_span span;
    bool space_before, space_after; /* blanks (or a line's end) touch it */
    bool line_start;                /* first token of its line */
} cf_token;

/* All tokens of a text, END last.  Never fails: what is no token is CF_TOK_ERROR. */
cf_token *cf_lex(cf_arena *arena, uint32_t source, const char *text, size_t size,
                 size_t *count);

/* Parses; errors go to diags (statements that parsed are kept).  Never recurses deeper than a
 * fixed limit (deeper nesting is an error). */
cf_program *cf_parse(cf_arena *arena, uint32_t source, const char *text, size_t size,
                     cf_diags *diags);

/* Would Enter run this?  INCOMPLETE: an open bracket, text or f-string, a trailing `|`,
 * operator, comma, `=`, `->`. indent: blanks that the next line should start with. */
typedef enum { CF_COMPLETE, CF_INCOMPLETE, CF_INVALID } cf_completeness;
cf_completeness cf_is_complete(const char *text, size_t size, unsigned *indent);

/* The program in canonical form, comments kept; `cutflow fmt`.  Fails with the first syntax
 * error. */
cf_status cf_format_program(const char *text, size_t size, cf_text *out, cf_error *err);

#endif
