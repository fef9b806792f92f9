#ifndef CUTFLOW_TERMINAL_H
#define CUTFLOW_TERMINAL_H

/** The terminal's front end: what a program's results look like on standard output, and the
 * prompt. It uses a session through session.h like any other front end; the `cutflow` command
 * uses it. */

#include "cutflow/session.h"

typedef struct cf_terminal cf_terminal;

typedef enum { CF_COLOR_AUTO, CF_COLOR_ALWAYS, CF_COLOR_NEVER } cf_color;

typedef struct {
    cf_format format; /* CF_FORMAT_COUNT: box on a terminal, else plain */
    cf_color color;   /* AUTO: on a terminal, unless NO_COLOR is set or TERM is `dumb` */
    bool safe;        /* no shell: no pager, no editor */
    bool stdin_taken; /* standard input is a program, so `input` may not read it */
} cf_terminal_options;

/** Does a relation in that format (CF_FORMAT_COUNT: the default) show all its rows?  People on
 * a terminal see the first ten; a program that reads the output gets everything. */
bool cf_terminal_shows_all(cf_format format);

/** NULL: out of memory.  The session must outlive the terminal. */
cf_terminal *cf_terminal_new(cf_session *session, const cf_terminal_options *options);
void cf_terminal_free(cf_terminal *t);

/** Runs a program's text: results go to standard output as they come, messages to standard
 * error. An interrupt (SIGINT) ends it with CF_E_CANCELLED.  keep_going: statements after one
 * that failed are run too; the first error is returned. */
cf_status cf_terminal_run(cf_terminal *t, const cf_cell *cell, bool keep_going);

/** 0, or the errno of the first write to standard output that failed. */
int cf_terminal_output_error(const cf_terminal *t);

/** The prompt, until the user leaves it.  rc: a program to run first, or NULL.  Returns the
 * exit code. */
int cf_terminal_prompt(cf_terminal *t, const cf_cell *rc);

#endif
