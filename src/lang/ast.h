#ifndef CF_LANG_AST_H
#define CF_LANG_AST_H

/* The tree of a program, as the parser leaves it: no names resolved, no types.  Every node
 * keeps the byte span of its text.  Nodes, arrays and texts live in the arena given to the
 * parser. */

#include "base/base.h"

typedef struct cf_ast cf_ast;

/* CF_AST(NAME): what the fields of cf_ast mean for it is said in the union below. */
/* clang-format off */
#define CF_AST_KINDS(CF_AST)                                                                \
    CF_AST(NULL) CF_AST(BOOL) CF_AST(INT) CF_AST(FLOAT) CF_AST(TEXT) CF_AST(FSTRING)        \
    CF_AST(DATE) CF_AST(TIME) CF_AST(TIMESTAMP) CF_AST(DURATION) CF_AST(PARAM)              \
    CF_AST(PATH) CF_AST(FIELD) CF_AST(INDEX) CF_AST(UNARY) CF_AST(BINARY) CF_AST(CAST)      \
    CF_AST(RANGE) CF_AST(TUPLE) CF_AST(ARRAY) CF_AST(CASE) CF_AST(CALL) CF_AST(PIPELINE)    \
    CF_AST(LAMBDA) CF_AST(EITHER)
/* clang-format on */

typedef enum {
#define CF_AST(name) CF_AST_##name,
    CF_AST_KINDS(CF_AST)
#undef CF_AST
} cf_ast_kind;

/* CF_OP(NAME, text, precedence): binary operators, tightest last (10). `as` is CF_AST_CAST. */
/* clang-format off */
#define CF_OPS(CF_OP)                                                              \
    CF_OP(OR, "||", 1) CF_OP(AND, "&&", 2) CF_OP(COALESCE, "??", 3)                \
    CF_OP(EQ, "==", 4) CF_OP(NE, "!=", 4) CF_OP(LT, "<", 4) CF_OP(LE, "<=", 4)     \
    CF_OP(GT, ">", 4) CF_OP(GE, ">=", 4) CF_OP(MATCH, "~=", 4) CF_OP(IN, "in", 4)  \
    CF_OP(ADD, "+", 5) CF_OP(SUB, "-", 5)                                          \
    CF_OP(MUL, "*", 6) CF_OP(DIV, "/", 6) CF_OP(IDIV, "//", 6) CF_OP(MOD, "%", 6)  \
    CF_OP(POW, "**", 7)
/* clang-format on */

typedef enum {
#define CF_OP(name, text, precedence) CF_OP_##name,
    CF_OPS(CF_OP)
#undef CF_OP
        CF_OP_NEG, /* unary - */
    CF_OP_PLUS,    /* unary + */
    CF_OP_NOT,     /* unary ! (and `!{a, b}`: all but) */
    CF_OP_SAME,    /* unary == (`join r (==k)`) */
    CF_OP_COUNT
} cf_op;

const char *cf_op_text(cf_op op);

/* A name with its place.  `quoted`: written in backticks. */
typedef struct {
    cf_str text;
    cf_span span;
    bool quoted;
} cf_name;

/* A tuple's item, an array's element, a case arm, an argument of a call, a stage of a pipeline.
 */
typedef struct {
    cf_name name; /* `name =` or `name:`; text.data NULL: none */
    bool assign;  /* of an argument: `name = e` (an alias) rather than `name:e` (a named
                     argument) */
    cf_ast *cond; /* case arm: the condition (`true` for the default); else NULL */
    cf_ast *value;
} cf_item;

typedef struct { /* an f-string's piece: text, or a value with a format */
    cf_str text;
    cf_ast *value; /* NULL: text */
    cf_str format; /* after `:`; size 0: none */
} cf_piece;

typedef struct cf_type_ast cf_type_ast;
struct cf_type_ast { /* int | [t] | {a = t} | relation | func */
    cf_span span;
    enum { CF_TYPE_NAME, CF_TYPE_LIST, CF_TYPE_TUPLE } kind;
    cf_str name;          /* CF_TYPE_NAME: "int", "relation", ... */
    cf_type_ast *element; /* CF_TYPE_LIST */
    cf_name *names;       /* CF_TYPE_TUPLE */
    cf_type_ast **types;
    size_t count;
};

typedef struct {
    cf_name name;
    cf_type_ast *type; /* NULL: none */
    cf_ast *fallback;  /* `name:default`: a named parameter; NULL: positional */
} cf_param;

struct cf_ast {
    cf_ast_kind kind;
    bool parens; /* written inside ( ) of its own */
    cf_span span;
    union {
        bool boolean;    /* BOOL */
        int64_t integer; /* INT; DATE TIME TIMESTAMP as in column/type.h */
        double number;   /* FLOAT */
        cf_str text;     /* TEXT (unescaped), PARAM (name) */
        struct {
            cf_piece *pieces;
            size_t count;
        } fstring; /* FSTRING */
        struct {
            int64_t count;
            cf_str unit;
        } duration; /* DURATION: 10 "days" */
        struct {
            cf_name *names;
            size_t count;
            bool star;
        } path; /* PATH: a.b.c, `this`; star: ends in `.*` */
        struct {
            cf_ast *base;
            cf_name name;
        } field; /* FIELD: (..).name, f(x).name, x[0].name; name "*" possible */
        struct {
            cf_ast *base, *at;
        } index; /* INDEX: base[at], touching */
        struct {
            cf_op op;
            cf_span op_span;
            cf_ast *left, *right;
        } op; /* UNARY (right only), BINARY */
        struct {
            cf_ast *value;
            cf_type_ast *type;
        } cast; /* CAST: value as type */
        struct {
            cf_ast *low, *high;
        } range; /* RANGE: either may be NULL */
        struct {
            cf_item *items;
            size_t count;
        } list; /* TUPLE, ARRAY, CASE, PIPELINE (its stages) */
        struct {
            cf_ast *callee;
            cf_item *args;
            size_t count;
            bool tight;
        } call; /* CALL; callee is a PATH or FIELD */
        struct {
            cf_param *params;
            size_t count;
            cf_type_ast *result;
            cf_ast *body;
        } lambda; /* LAMBDA */
        struct {
            cf_ast *value, *call;
        } either; /* EITHER: `sort -pt`: subtraction, or a call with -pt; the binder chooses
                     (ruling 4) */
    } as;
};

typedef enum {
    CF_STMT_PIPELINE,
    CF_STMT_LET,
    CF_STMT_IMPORT,
    CF_STMT_MODULE,
    CF_STMT_TYPE,
    CF_STMT_COMMAND,
    CF_STMT_HELP
} cf_stmt_kind;

typedef struct cf_stmt cf_stmt;
struct cf_stmt {
    cf_stmt_kind kind;
    cf_span span;       /* without the annotation */
    cf_ast *annotation; /* the tuple after @; NULL: none */
    cf_name name;       /* LET, MODULE, TYPE; PIPELINE: `into name` or text.data NULL */
    cf_type_ast *type;  /* LET <type>, TYPE; else NULL */
    cf_ast *value;      /* PIPELINE (always a CF_AST_PIPELINE, even of one stage), LET */
    bool hidden;        /* `;` right after it */
    cf_name *path;      /* IMPORT */
    size_t path_count;
    cf_stmt **body; /* MODULE */
    size_t body_count;
    cf_str command; /* COMMAND: word without % ; HELP: the name */
    cf_str rest;    /* COMMAND: the rest of the line, trimmed; HELP: "?" or "??" */
    cf_str doc;     /* the #! lines above it, joined */
};

typedef struct {
    cf_stmt **stmts;
    size_t count;
} cf_program;

/* Errors of one cell: at most 5 are kept, in order of place. */
#define CF_DIAGS_MAX 5
typedef struct {
    cf_error errors[CF_DIAGS_MAX];
    size_t count;
    cf_error warnings[CF_DIAGS_MAX];
    size_t warning_count;
} cf_diags;

void cf_diags_add(cf_diags *d,
                  const cf_error *e); /* ignored when full or when at the same place */
void cf_diags_warn(cf_diags *d, const cf_error *e);

#endif
