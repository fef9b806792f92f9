#ifndef CF_REPL_TERMINAL_INTERNAL_H
#define CF_REPL_TERMINAL_INTERNAL_H

/* What the files of this folder share. */

#include "cutflow/terminal.h"

#include <stdatomic.h>
#include <stddef.h>

struct cf_terminal {
    cf_session *session;
    cf_format format; /* as chosen on the command line; `%set format` may differ by now */
    bool out_tty, err_tty, color_out, color_err, unicode, safe, stdin_taken;
    bool prompting;      /* results may go through the pager */
    bool shown;          /* a result was written, so the next one is set off */
    bool progress_drawn; /* a progress line stands on the terminal */
    bool quiet;          /* results are kept, not shown: a rerun for %last */
    int output_errno;    /* the first failed write */
    atomic_bool child;   /* a pager or editor has the terminal: SIGINT is for it */
    int wake[2];         /* a pipe that ends an `input` that waits */
    cf_result *last;     /* the last result, for %last */
};

/* show.c */
cf_callbacks cf_show_callbacks(cf_terminal *t);
void cf_show_text(cf_terminal *t, const char *text, size_t size); /* by the pager if large */
void cf_show_error(cf_terminal *t, const char *rendered);
void cf_show_note(cf_terminal *t, const char *line); /* on standard error */
void cf_show_settle(cf_terminal *t);                 /* after a cell: no progress line stays */
/* whole: nothing left out, however wide.  malloc'd; NULL: no memory. */
char *cf_show_render(const cf_terminal *t, const cf_result *r, bool whole, size_t *size);

/* style.c: texts and nothing else. */
size_t cf_style_progress(char *out, size_t capacity, const cf_progress_report *p,
                         unsigned columns, bool unicode);
size_t cf_style_timing(char *out, size_t capacity, const cf_timing *timing);
char *cf_style_error(const char *rendered); /* with colours; malloc'd, NULL: no memory */

/* pager.c */
void cf_screen_size(unsigned *columns, unsigned *rows);
/* Bytes of the character or escape sequence that the text starts with, and its width. */
size_t cf_char_width(const char *text, size_t size, unsigned *columns);
bool cf_text_exceeds(const char *text, size_t size, unsigned columns, unsigned rows);
bool cf_pager_show(cf_terminal *t, const char *text, size_t size); /* false: shows nothing */
/* `sh -c COMMAND sh ARGUMENT` with the terminal, until it ends: its exit status, or -1. */
int cf_child_run(cf_terminal *t, const char *command, const char *argument);

/* statements.c: where the statements that begin at `begin` end; a later error is not theirs. */
size_t cf_statement_end(const char *text, size_t size, size_t begin);
/* The text up to `end` with blanks in place of what is before `begin`, so that lines keep their
 * numbers.  malloc'd; NULL: no memory. */
char *cf_statement_alone(const char *text, size_t begin, size_t end);

/* runner.c: runs a cell in a thread of its own while this one listens to signals. */
typedef struct {
    cf_status status;
    int signal; /* SIGTERM or SIGHUP arrived: leave; else 0 */
    bool interrupted;
} cf_run_outcome;

bool cf_signals_start(bool prompting); /* once, before any cell; false: no pipe to be had */
int cf_signals_fd(void);               /* readable when a signal has come */
int cf_signals_next(void);             /* its number; 0: none */
cf_run_outcome cf_runner_run(cf_terminal *t, const cf_cell *cell);

/* history.c: whole statements; NULL paths are fine and keep nothing on disk. */
char *cf_history_path(void); /* malloc'd; NULL: nowhere */
void cf_history_load(const char *path, int entries_max);
void cf_history_add(const char *path, const char *statement);

/* complete.c */
void cf_complete_start(cf_terminal *t);
void cf_complete_context(const char *before,
                         size_t size); /* the lines above the one being typed */

/* commands.c: what only a terminal can do. */
typedef enum {
    CF_NOT_MINE,
    CF_MINE,
    CF_MINE_EXIT,
    CF_MINE_RUN,    /* what `run` says, shown and kept in the history */
    CF_MINE_INSTEAD /* what `run` says, in place of the text */
} cf_command_outcome;
typedef struct {
    cf_terminal *terminal;
    const char *last_cell; /* for %last and %edit; NULL: none */
    int exit_code;         /* out: of CF_MINE_EXIT */
    char *run;             /* out: of CF_MINE_RUN, CF_MINE_INSTEAD, malloc'd */
} cf_command;
cf_command_outcome cf_command_do(cf_command *c, const char *text);

#endif
