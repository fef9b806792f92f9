#ifndef CF_NOTEBOOK_REPORT_H
#define CF_NOTEBOOK_REPORT_H

/* What a run tells: lines on standard error while it goes, events, annotations for GitHub, a
 * JUnit file at the end. */

#include "notebook/options.h"

#include <stdint.h>

typedef enum {
    CF_NB_PASSED,
    CF_NB_UPDATED, /* differed, and was accepted */
    CF_NB_SKIPPED,
    CF_NB_NOT_RUN, /* something before it failed */
    CF_NB_DIFFERS,
    CF_NB_FAILED,
    CF_NB_TIMEOUT,
    CF_NB_DIED
} cf_nb_verdict;

typedef struct {
    cf_nb_str id, title;
    size_t number; /* among the cells of code, from 1 */
    cf_nb_verdict verdict;
    double seconds;
    const char *message; /* one line; "": nothing to say */
    cf_nb_str details;   /* traceback or diff */
    cf_nb_str printed;   /* its standard output */
    uint32_t line;       /* of the notebook's file; 0: unknown */
} cf_nb_case;

typedef struct {
    const char *path;
    const char *fault; /* why it could not run; NULL: it could */
    cf_nb_case *cases;
    size_t count, code_cells;
    double seconds;
    int code;
} cf_nb_suite;

enum {
    CF_NB_EXIT_FAILED = 1,
    CF_NB_EXIT_USAGE = 2,
    CF_NB_EXIT_DIED = 3,
    CF_NB_EXIT_DIFFERS = 4,
    CF_NB_EXIT_TIMEOUT = 124
};

/* The exit code of what is worse. */
int cf_nb_worse(int a, int b);
int cf_nb_verdict_code(cf_nb_verdict verdict);

typedef struct {
    const cf_nb_options *options;
    bool terminal; /* standard error is one, and one notebook runs at a time */
    bool several;  /* notebooks: each line says which */
    bool on_line;  /* a line that will be written over stands there */
} cf_nb_reporter;

void cf_nb_report_start(cf_nb_reporter *r, const cf_nb_suite *suite);
/* fraction < 0: unknown */
void cf_nb_report_running(cf_nb_reporter *r, const cf_nb_suite *suite, const cf_nb_case *cell,
                          double fraction);
void cf_nb_report_cell(cf_nb_reporter *r, const cf_nb_suite *suite, const cf_nb_case *cell);
void cf_nb_report_end(cf_nb_reporter *r, const cf_nb_suite *suite);

cf_nb_str cf_nb_junit(cf_nb_pool *pool, const cf_nb_suite *suites, size_t count);

#endif
