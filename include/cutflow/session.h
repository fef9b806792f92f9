#ifndef CUTFLOW_SESSION_H
#define CUTFLOW_SESSION_H

/** The one door: text in; tables, plots and errors out.  The terminal, the Jupyter kernel,
 * scripts and headless replay use nothing else.
 *
 *  A session is used by one thread at a time, except cf_session_interrupt (any thread, signal
 * handlers included) and cf_session_complete / _inspect, which may run while another thread
 * runs a cell. */

#include "cutflow/error.h"
#include "cutflow/result.h"

typedef struct cf_session cf_session;

typedef struct {
    unsigned threads; /* 0: one a core */
    size_t memory;    /* bytes for rows held in memory; 0: three quarters of the machine's */
    int64_t
        rows_shown; /* rows of a relation to deliver; 10 for people, -1 (all) for programs */
    bool safe;      /* no file is written */
} cf_session_options;

cf_session *cf_session_new(const cf_session_options *options, cf_error *err);
void cf_session_free(cf_session *s);
const char *cf_version(void);

/** `[NAME=]PATH`: a data file or folder becomes tables named by stem (architecture: "Tables" in
 * the manual).  Files are not read before they are used, apart from their head. */
cf_status cf_session_open(cf_session *s, const char *data, cf_error *err);
/** Where `import` looks first: the folder of the program that runs (NULL: the current one).
 * Then in the folders of $CUTFLOW_PATH, then in share/cutflow/lib beside the program's own
 * folder. */
cf_status cf_session_library(cf_session *s, const char *folder, cf_error *err);
/** `-p name=value`: replaces the value of a `@{param}` let; value is text in the language or
 * plain. */
cf_status cf_session_param(cf_session *s, const char *assignment, cf_error *err);
/** A parameter given but not used by any cell so far, for a warning; each is named once.  NULL:
 * no more; else it lives as long as the session. */
const char *cf_session_unused_param(cf_session *s);

/** What a cell is, for messages: `cell 3, line 2` or `prog.cf, line 2`; name NULL: nothing. */
typedef struct {
    const char *text;
    size_t size;
    const char *name; /* "cell 3", "prog.cf" */
} cf_cell;

typedef struct {
    int64_t rows_done, rows_total, bytes_read;
    double seconds, eta_seconds; /* eta < 0: unknown */
    unsigned step, steps;
    const char *note; /* what else there is to say, in one line: `epoch 3/10  loss 0.21 ..`; or
                         NULL */
} cf_progress_report;

typedef struct {
    int64_t wall_ns, cpu_ns, rows, bytes_read, bytes_unpacked, peak_bytes;
} cf_timing;

/** All optional; called from the thread that runs the cell, in order of the statements. */
typedef struct {
    void *user;
    void (*result)(void *user, cf_result *r);
    void (*text)(void *user, bool to_stderr, const char *data, size_t size); /* %print */
    void (*diagnostic)(void *user, const char *rendered, const cf_error *e,
                       bool warning); /* whole text of the message, without colour */
    void (*progress)(void *user, const cf_progress_report *p); /* at most every 100 ms */
    void (*timing)(void *user, const cf_timing *t);            /* after each statement */
    /* The result as far as it is known, while a statement runs: histograms that fill, cut
     * flows; at most every 500 ms and never instead of result(). */
    void (*partial)(void *user, cf_result *so_far);
    char *(*input)(void *user,
                   const char *prompt); /* malloc'd line; NULL: end or not allowed */
    /* Before each statement.  gives_result: it ends in result() or in an error, so the result
     * before it was not the cell's last. */
    void (*next)(void *user, bool gives_result);
} cf_callbacks;

/** Runs the statements of a cell until the first error.  CF_OK, or the error's status, after
 * its diagnostic was given.  After CF_E_CANCELLED the session is as usable as before. */
cf_status cf_session_run(cf_session *s, const cf_cell *cell, const cf_callbacks *callbacks);

/** Any thread or signal handler: what runs now ends within 200 ms with CF_E_CANCELLED; harmless
 * when idle. */
void cf_session_interrupt(cf_session *s);

/** Would Enter run this? indent: blanks for the next line. */
typedef enum { CF_TEXT_COMPLETE, CF_TEXT_INCOMPLETE, CF_TEXT_INVALID } cf_text_state;
cf_text_state cf_text_is_complete(const char *text, size_t size, unsigned *indent);

/** Completions at a byte offset: columns of the row at that stage, functions, tables, files,
 * commands. */
typedef struct {
    char *text; /* replaces bytes [begin, end) of the completion list */
    char *kind; /* "column", "table", "function", "verb", "value", "command", "file", "argument"
                 */
    char *type; /* "[float]", "abs x"; may be "" */
} cf_completion;
typedef struct {
    cf_completion *items;
    size_t count;
    size_t begin, end;
} cf_completions;
cf_completions cf_session_complete(cf_session *s, const char *text, size_t size, size_t cursor);
void cf_completions_clear(cf_completions *c);

/** Help for the name at the cursor; detail 0 or 1. malloc'd; NULL: nothing known. */
char *cf_session_inspect(cf_session *s, const char *text, size_t size, size_t cursor,
                         int detail);

/** `cutflow fmt`: malloc'd canonical text, or NULL with the error's rendered message in
 * *message (malloc'd). */
char *cf_text_format(const char *text, size_t size, const char *name, char **message);

/** `cutflow describe FILE` and `cutflow schema FILE`: malloc'd text; NULL: err is set. */
char *cf_describe_file(const char *path, bool json, const _Atomic bool *cancel, cf_error *err);
char *cf_schema_file(const char *path, cf_error *err);

/** The message as a terminal shows it (code, source line, carets, help); malloc'd. text NULL:
 * no source line. */
char *cf_error_render(const cf_error *e, const char *text, size_t size, const char *name,
                      bool warning);

/** The same with ANSI colours, for a notebook's traceback. */
char *cf_error_traceback(const cf_error *e, const char *text, size_t size, const char *name);
/** A name for programs: `KeyboardInterrupt` for CF_E_CANCELLED, else the code: `E0012`. */
void cf_error_name(const cf_error *e, char name[32]);

/** Settings as by `%set key value`: CF_E_COMMAND with a hint that lists the keys. get: malloc'd
 * or NULL. */
cf_status cf_session_set(cf_session *s, const char *key, const char *value, cf_error *err);
char *cf_session_get(cf_session *s, const char *key);

#endif
