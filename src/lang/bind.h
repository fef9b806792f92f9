#ifndef CF_LANG_BIND_H
#define CF_LANG_BIND_H

/* From the tree of a program to a plan: every name, type and nesting is resolved here, against
 * the schemas of the files, before anything runs. */

#include "io/open.h"
#include "lang/ast.h"
#include "lang/learn.h"
#include "plan/build.h"

/* What a program stands in: tables, parameters, files.  The session fills it. */
typedef struct {
    void *user;
    /* The table of that name (retained for the caller), or CF_E_UNKNOWN_TABLE. */
    cf_status (*table)(void *user, cf_str name, cf_source **source, cf_error *err);
    /* Names of all tables, for "did you mean". */
    size_t (*table_names)(void *user, cf_str *names, size_t max);
    /* read_root, read_parquet, read_csv ...: may keep what it opened. */
    cf_status (*open)(void *user, const char *pattern, const cf_open_options *options,
                      cf_source **source, cf_error *err);
    /* The whole text of a source number (cf_span.source); size 0: not known. */
    cf_str (*text)(void *user, uint32_t source);
    /* The text given for a parameter (`-p name=value`), or NULL. */
    const char *(*param)(void *user, cf_str name);
    /* Trains and keeps models; NULL: names and types are wanted, not results. */
    const cf_learner *learner;
} cf_bind_env;

/* The names that a session knows: `let` values, functions, modules.  Immutable values; a later
 * definition hides an earlier one.  Keeps the trees of the programs it was given alive. */
typedef struct cf_module cf_module;

typedef struct {
    cf_str name;
    const cf_stmt *stmt; /* LET */
    bool param;          /* annotated with @{param} */
    const char *doc;
    cf_str home; /* `hep.` of what a module defines, name and all; its own names are seen
                    without it */
} cf_let;

cf_module *cf_module_new(void);
void cf_module_free(cf_module *m);
/* A program's arena is handed to the module, which frees it with itself. */
void cf_module_keep(cf_module *m, cf_arena *arena);
const cf_let *cf_module_find(const cf_module *m, cf_str name);
size_t cf_module_count(const cf_module *m);
const cf_let *cf_module_at(const cf_module *m,
                           size_t i); /* visible ones, in order of definition */

/* Defines what a module holds (statements other than `let` and `module` are errors); prefix:
 * "hep.".  CF_OK, or the error's status after it was reported. */
cf_status cf_bind_module(cf_module *m, cf_str prefix, cf_stmt *const *body, size_t count,
                         cf_diags *diags);

/* The text, kept as long as the module. */
cf_str cf_bind_keep_name(cf_module *m, cf_str name);

/* How the result of a statement wants to be shown. */
typedef struct {
    int draw; /* cf_draw of cutflow/result.h */
    const char *caption, *label_x, *label_y;
    uint32_t draw_column_count, draw_columns[8];
    cf_id caption_nodes[4]; /* HIST, HIST2D: values at UNIT for the caption: values, nan, rows;
                               HIST: the moment of what lies in its range.  0: none */
    bool is_value;          /* one value, not a relation */
    bool saved;             /* the last stage was `save`: show one line */
    const char *text;       /* a model: what it is made of; or NULL */
    const char *caption_word; /* of caption_nodes[0], a FLOAT64: "auc"; NULL: see there */
} cf_shape;

/* Defines a `let`, checking its value when it is no function. */
cf_status cf_bind_let(cf_module *m, const cf_bind_env *env, const cf_stmt *stmt,
                      cf_diags *diags);

/* A plan for a pipeline statement.  limit: rows to deliver (-1 all).  The plan is the caller's.
 */
cf_status cf_bind_pipeline(cf_module *m, const cf_bind_env *env, const cf_ast *pipeline,
                           int64_t limit, cf_plan **plan, cf_shape *shape, cf_diags *diags);

/* What a name could be at a place, for completion: the columns of the row at the end of the
 * last pipeline of `text` (which is cut at the cursor). Calls `each` for every name in scope,
 * columns first. */
typedef void cf_bind_name_fn(void *user, const char *name, const char *kind, const char *type);
void cf_bind_names(cf_module *m, const cf_bind_env *env, const cf_ast *pipeline,
                   cf_bind_name_fn *each, void *user);
/* The same for the value of the column `inner` of that row, and of the column `inner` in it,
 * and so on. */
void cf_bind_names_inside(cf_module *m, const cf_bind_env *env, const cf_ast *pipeline,
                          const char *inner, cf_bind_name_fn *each, void *user);
/* "did you mean": the nearest of names, within a third of the length; size 0: none. */
cf_str cf_bind_nearest(cf_str wanted, const cf_str *names, size_t count);
/* The type of a pipeline's result in the user's words; NULL: it does not bind. */
char *cf_bind_type(cf_module *m, const cf_bind_env *env, const cf_ast *pipeline,
                   cf_arena *arena);

#endif
