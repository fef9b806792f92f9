#ifndef CF_NOTEBOOK_EXECUTOR_H
#define CF_NOTEBOOK_EXECUTOR_H

/* A child process with a session in it, so that whatever a cell does, the notebook is not lost:
 * the parent holds the tree, and a cell that does not stop can be killed.
 *
 *  Both sides speak JSON, a line each way:
 *    {"code": "..", "timeout": 5.0}                   runs a cell (timeout 0: none)
 *    {"output": {..}}                                 an output, as it belongs into a notebook
 *    {"progress": 0.25}                               only where asked for
 *    {"status": "ok"|"error", "execution_count": 1, "outputs": [..]}   the cell is done
 *    {"fatal": ".."}                                  the session could not be made
 *  The same lines are understood by `cutflow-kernel client`, which gives all outputs at once.
 */

#include "notebook/json.h"

typedef struct cf_nb_executor cf_nb_executor;

typedef struct {
    const char *cwd;    /* NULL: this one */
    const char *kernel; /* a program to run as `PROGRAM client`; NULL: a session in a fork */
    const char *const *data;   /* [NAME=]PATH */
    const char *const *params; /* name=value */
    size_t data_count, param_count;
    const char *seed; /* NULL: none */
    unsigned threads;
    size_t memory;
    bool safe, progress;
} cf_nb_start;

cf_nb_executor *cf_nb_executor_start(const cf_nb_start *start, cf_error *err);

/* The descriptor to poll for reading. */
int cf_nb_executor_fd(const cf_nb_executor *e);
/* False: it is dead. */
bool cf_nb_executor_send(cf_nb_executor *e, cf_nb_str code, double timeout);
/* Reads what has come; false: the other side is closed. */
bool cf_nb_executor_receive(cf_nb_executor *e);
/* The next whole line, until the next call of receive; false: none. */
bool cf_nb_executor_line(cf_nb_executor *e, cf_nb_str *line);

void cf_nb_executor_interrupt(cf_nb_executor *e);
/* Ends it, by force where `force` says so or it does not go by itself; frees.  how: why it had
 * ended already ("signal 11 (Segmentation fault)"), or "". */
void cf_nb_executor_end(cf_nb_executor *e, bool force, char how[64]);

/* The child's side: answers requests until the descriptor is closed. */
int cf_nb_serve(int fd, const cf_nb_start *start);

#endif
