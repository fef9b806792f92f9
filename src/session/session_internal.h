#ifndef CF_SESSION_INTERNAL_H
#define CF_SESSION_INTERNAL_H

/* What a session holds; for the files of this folder. */

#include "exec/exec.h"
#include "lang/bind.h"
#include "session/learn.h"
#include "session/result.h"

#include "cutflow/session.h"

#include <pthread.h>

/* A name that data has: a file, a tree in a file, a folder as one dataset. Opened when first
 * used. */
typedef struct {
    char *name;
    char *path;        /* or glob */
    char *tree;        /* NULL: the only one */
    char *clash;       /* not NULL: two files have this name; how to tell them apart */
    cf_source *source; /* NULL: not opened yet */
} cf_table_entry;

typedef struct {
    char *name, *value;
    bool used;
} cf_param_entry;

typedef struct { /* a text that spans point into */
    char *text;
    size_t size;
    char *name;
} cf_text_entry;

struct cf_session {
    /* Of tables, values and texts.  Held by the cell that runs, but not while rows are read or
     * a model learns: then completion and help may look. */
    pthread_mutex_t names;
    cf_session_options options;
    cf_engine *engine; /* NULL: made when needed */
    bool processes;    /* what it is to be */
    cf_module *module;
    cf_bind_env env;
    cf_table_entry *tables;
    size_t table_count, table_capacity;
    cf_param_entry *params;
    size_t param_count;
    cf_text_entry *texts; /* source number - 1 */
    size_t text_count;
    cf_table_entry *files; /* what read_* opened, by path: name holds path, options and all */
    size_t file_count;
    _Atomic bool cancel;
    bool timer;
    cf_format format; /* CF_FORMAT_COUNT: the front end's own choice */
    int64_t cell_number;
    char *library; /* where `import` looks first; NULL: the current folder */
    cf_learner learner;
    struct cf_learn_store *learned; /* NULL: nothing yet */
    struct cf_run *running;         /* the cell that runs; or NULL */
    bool stopped_training;          /* by the user: its statement ends as interrupted */
    bool plan_check; /* %set check_plans on: every plan goes through JSON and back before it
                        runs */
};

/* There is an engine, or it is said why not. */
cf_status cf_session_engine(cf_session *s, cf_error *err);

/* The session's tables (tables.c) */
cf_status cf_tables_add(cf_session *s, const char *data, cf_error *err);
void cf_tables_clear(cf_session *s);
cf_status cf_tables_find(void *session, cf_str name, cf_source **source, cf_error *err);
size_t cf_tables_names(void *session, cf_str *names, size_t max);
/* The trees of a ROOT file if there are several, in the arena; else none. */
size_t cf_tables_trees(const cf_table_entry *e, cf_arena *arena, const char *const **names);
cf_status cf_tables_open(void *session, const char *pattern, const cf_open_options *options,
                         cf_source **source, cf_error *err);

/* One cell being run. */
typedef struct cf_run {
    cf_session *s;
    const cf_callbacks *cb;
    uint32_t source; /* of its text */
    int64_t start_ns;
    cf_timing timing;
    unsigned loads; /* files that %load one another */
} cf_run;

/* Runs a plan for its rows alone, with the cell's progress and timing. */
cf_status cf_run_exec(cf_run *r, const cf_plan *plan, cf_exec_result *done, cf_error *err);
void cf_run_diagnose(cf_run *r, const cf_diags *diags);
void cf_run_error(cf_run *r, const cf_error *e, bool warning);
void cf_run_text(cf_run *r, cf_result_kind kind,
                 char *text); /* takes over; shown as a TEXT result */
cf_status cf_run_pipeline(cf_run *r, const cf_stmt *stmt, bool show);
/* Runs a pipeline and gives its first value as text (%print). */
cf_status cf_run_command(cf_run *r, const cf_stmt *stmt);
/* A program that stands in a command's line (`%time from ..`): parsed at its place. */
cf_program *cf_run_parse_as(cf_run *r, const char *text, size_t size, const char *name,
                            uint32_t *source, cf_diags *diags);
cf_program *cf_run_parse(cf_run *r, const char *text, size_t size, uint32_t *source,
                         cf_diags *diags);
cf_status cf_run_stmt(cf_run *r, const cf_stmt *stmt);
cf_status cf_run_shown(cf_run *r, const cf_stmt *stmt); /* unless `;` hides its result */

typedef enum { CF_SHOW_RESULT, CF_SHOW_PLAN, CF_SHOW_ANALYZE, CF_SHOW_TEXT } cf_show;
cf_status cf_run_plan(cf_run *r, const cf_ast *pipeline, cf_show show, bool to_stderr);

/* What %set knows (command.c), for completion. */
const char *cf_setting_key(size_t i);          /* NULL: there are no more */
const char *cf_setting_words(const char *key); /* with blanks between; "": none */

/* A program's file, malloc'd; NULL after failing (command.c). */
char *cf_session_text(const char *path, size_t *size, cf_error *err);

/* Modules (import.c) */
cf_status cf_run_import(cf_run *r, const cf_stmt *stmt, unsigned depth);
cf_status cf_run_module(cf_run *r, const cf_stmt *stmt);

/* Help (help.c): malloc'd text; NULL: nothing of that name. */
char *cf_help_text(cf_session *s, const char *topic);
cf_status cf_help_unknown(const char *topic,
                          cf_error *err); /* the error, with what may have been meant */
char *cf_schema_text(cf_session *s, const char *name, cf_error *err);
void cf_schema_print(cf_text *out, const cf_source *source);

#endif
