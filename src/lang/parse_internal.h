#ifndef CF_LANG_PARSE_INTERNAL_H
#define CF_LANG_PARSE_INTERNAL_H

/* What lexer, parser, is-complete and formatter share inside this folder.
 *
 * Text becomes tokens (lex.c), tokens a stream in which every bracket has its partner and every
 * newline its meaning (stream.c), the stream a tree (parse.c, parse_stmt.c). */

#include "lang/parse.h"

/* Longest first, so that the first match is the right one.  CF_SIGN(NAME, text) */
/* clang-format off */
#define CF_SIGNS(CF_SIGN)                                                                    \
    CF_SIGN(ARROW, "->") CF_SIGN(FAT_ARROW, "=>") CF_SIGN(EQ, "==") CF_SIGN(NE, "!=")        \
    CF_SIGN(LE, "<=") CF_SIGN(GE, ">=") CF_SIGN(MATCH, "~=") CF_SIGN(AND, "&&")              \
    CF_SIGN(OR, "||") CF_SIGN(COALESCE, "??") CF_SIGN(IDIV, "//") CF_SIGN(POW, "**")         \
    CF_SIGN(RANGE, "..") CF_SIGN(STAR, ".*") CF_SIGN(ADD, "+") CF_SIGN(SUB, "-")             \
    CF_SIGN(MUL, "*") CF_SIGN(DIV, "/") CF_SIGN(MOD, "%") CF_SIGN(NOT, "!") CF_SIGN(LT, "<") \
    CF_SIGN(GT, ">") CF_SIGN(ASSIGN, "=") CF_SIGN(COLON, ":") CF_SIGN(DOT, ".")              \
    CF_SIGN(AT, "@") CF_SIGN(QUESTION, "?")
/* clang-format on */

/* import, module and type are words only where a statement starts; elsewhere they are names. */
/* clang-format off */
#define CF_WORDS(CF_WORD)                                                           \
    CF_WORD(TRUE, "true") CF_WORD(FALSE, "false") CF_WORD(NULL, "null")             \
    CF_WORD(CASE, "case") CF_WORD(LET, "let") CF_WORD(INTO, "into")                 \
    CF_WORD(AS, "as") CF_WORD(IN, "in") CF_WORD(IMPORT, "import")                   \
    CF_WORD(MODULE, "module") CF_WORD(TYPE, "type")
/* clang-format on */

typedef enum {
    CF_SIGN_NONE,
#define CF_SIGN(name, text) CF_SIGN_##name,
    CF_SIGNS(CF_SIGN)
#undef CF_SIGN
#define CF_WORD(name, text) CF_WORD_##name,
        CF_WORDS(CF_WORD)
#undef CF_WORD
            CF_SIGN_COUNT
} cf_sign;

#define CF_SOURCE_BYTES_MAX ((size_t)64 << 20)
#define CF_NESTING_MAX      200u /* brackets within brackets */
#define CF_HEIGHT_MAX       500u /* nodes from root to leaf, so that others may recurse */

/* ---- lex.c ------------------------------------------------------------------------------- */

/* The tokens of text[begin, end).  inner: the range is part of a statement (of an f-string), so
 * no statement or command starts in it. */
cf_token *cf_lex_range(cf_arena *arena, uint32_t source, const char *text, size_t begin,
                       size_t end, bool inner, size_t *count);

/* The offset behind the `}` that closes the `{` at text[at]; 0: there is none before `end`. */
size_t cf_lex_braces(const char *text, size_t at, size_t end);

bool cf_lex_name_char(const char *text, size_t at, size_t end, bool first, size_t *bytes);

/* ---- stream.c ---------------------------------------------------------------------------- */

typedef struct {
    cf_token_kind kind; /* NEWLINE: between two stages or statements; no comments, no wraps */
    cf_sign sign;       /* of an OPERATOR or KEYWORD */
    cf_span span;
    uint32_t match; /* OPEN, CLOSE: index of the partner (always there) */
    uint32_t raw;   /* index of the token it came from */
    bool space_before, space_after, line_start;
    bool stop;   /* NEWLINE: a statement ends here */
    bool broken; /* OPEN: not closed in the text, or by the wrong bracket */
    bool help;   /* COMMAND: `name?` rather than `%word` */
} cf_lexeme;

typedef struct {
    uint32_t source;
    const char *text;
    size_t size;
    const cf_token *tokens; /* with comments */
    size_t token_count;
    cf_lexeme *items;
    size_t count;         /* the last is END */
    unsigned open_at_end; /* brackets that wait for the rest of the text */
    bool mismatched;      /* brackets that no further text can put right */
} cf_stream;

void cf_stream_make(cf_stream *s, cf_arena *arena, bool inner, size_t begin, size_t end,
                    cf_diags *diags);
/* May a line go on after, or begin with, this token? (language D3) */
bool cf_lexeme_continues(const cf_lexeme *t);
bool cf_lexeme_continued_by(const cf_lexeme *t);

/* ---- literal.c --------------------------------------------------------------------------- */

typedef struct cf_parser cf_parser;

/* Each reads the current token into `node`; false: an error was reported. */
bool cf_literal_int(cf_parser *p, cf_span at, bool negative, int64_t *value);
bool cf_literal_float(cf_parser *p, cf_span at, double *value);
bool cf_literal_text(cf_parser *p, cf_span at, cf_str *value);
bool cf_literal_date(cf_parser *p, cf_span at, cf_ast_kind *kind, int64_t *value);
bool cf_literal_duration(cf_parser *p, cf_span at, int64_t *count, cf_str *unit);
bool cf_literal_fstring(cf_parser *p, cf_span at, cf_ast *node);

/* The escapes of text[begin, end) undone, in the arena.  braces: `{{` and `}}` are braces. */
bool cf_literal_unescape(cf_parser *p, size_t begin, size_t end, bool braces, cf_str *out);

/* ---- parse.c, parse_stmt.c, complain.c --------------------------------------------------- */

typedef struct {
    cf_ast *node;
    const cf_lexeme *end;
} cf_memo;

struct cf_parser {
    cf_arena *arena;
    const cf_stream *stream;
    const cf_lexeme *at; /* the current token; END is never passed */
    cf_memo *memos;      /* by token: operands that two readings share are parsed once */
    cf_diags *diags;
    cf_error error; /* the one being written */
    unsigned depth;
    unsigned quiet;         /* > 0: inside a bracket that has its error already */
    bool bad;               /* this statement has an error */
    bool too_deep;          /* .. that one */
    const cf_lexeme *stage; /* where the current stage began */
};

/* A list of items that grows. */
typedef struct {
    cf_item *items;
    size_t count, capacity;
} cf_items;
cf_item *cf_items_push(cf_parser *p, cf_items *list);

/* Which ends a list of stages has, and whether newlines are pipes in it. */
enum {
    CF_STAGES_NAMED = 1,    /* `j = Jet | ..` */
    CF_STAGES_LINES = 2,    /* a newline is a pipe */
    CF_STAGES_COMMA = 4,    /* a comma ends it */
    CF_STAGES_TOP = 8,      /* a whole statement: `into` ends it, `x = 3` is a mistake */
    CF_STAGES_ONE_LINE = 16 /* a newline ends it */
};
void cf_parse_stages(cf_parser *p, unsigned flags, cf_items *out);
cf_ast *cf_parse_stages_node(cf_parser *p, unsigned flags); /* one unnamed stage: just that */
cf_ast *cf_parse_expr(cf_parser *p);
cf_ast *cf_parse_tuple(cf_parser *p);
cf_type_ast *cf_parse_type(cf_parser *p);
cf_type_ast *cf_parse_type_in_angles(cf_parser *p);
bool cf_parse_name(cf_parser *p, cf_name *name);
void cf_parser_init(cf_parser *p, cf_arena *arena, const cf_stream *stream, cf_diags *diags);
cf_program *cf_parse_statements(cf_parser *p, cf_span *header);

bool cf_at_name(const cf_lexeme *t);
bool cf_at_sign(const cf_lexeme *t, cf_sign sign);
char cf_at_bracket(const cf_parser *p, const cf_lexeme *t); /* '(' .. of an OPEN, else 0 */
bool cf_at_operand(const cf_lexeme *t);
cf_str cf_span_text(const cf_parser *p, cf_span at);
cf_span cf_span_join(cf_span from, cf_span to);
cf_span cf_since(const cf_parser *p, cf_span from); /* from there to the last token taken */

/* cf_complain starts an error (label and hint may follow), cf_report adds it to the diags. */
CF_PRINTF(4, 5)
cf_error *cf_complain(cf_parser *p, cf_status status, cf_span at, const char *fmt, ...);
void cf_report(cf_parser *p);
/* The current token cannot stand here: says why, by what it is and what comes before it. */
void cf_complain_unexpected(cf_parser *p, unsigned flags);
void cf_complain_missing_operand(cf_parser *p);
bool cf_complain_sql(cf_parser *p); /* true: the stage at hand is SQL, and was reported */
void cf_complain_word(cf_parser *p, const cf_lexeme *word);
cf_sign cf_habit_word(const cf_parser *p, const cf_lexeme *t); /* and, or, not: its sign */

#endif
