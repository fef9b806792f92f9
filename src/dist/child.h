#ifndef CF_DIST_CHILD_H
#define CF_DIST_CHILD_H

/* One program `cutflow-exec` and the way to it: a socket pair, of which it has the other end as
 * standard input and output.  Nothing here waits, but for a program to die that was killed. */

#include "dist/message.h"

#include <sys/types.h>

#define CF_CHILD_PLANS 4 /* plans that an executor keeps, the last ones */

typedef struct {
    pid_t pid; /* 0: not running */
    int fd;
    bool hello; /* it said which build it is */
    cf_frame_reader in;
    cf_text out; /* not sent yet: from `sent` on */
    size_t sent;
    uint64_t plans[CF_CHILD_PLANS]; /* which it has; a ring */
    size_t plans_sent;
    uint64_t job; /* the last one sent */
    int64_t heard_ns;
} cf_child;

/* The program: $CUTFLOW_EXEC, else beside this one, else `cutflow-exec` in PATH. */
void cf_child_program(char *path, size_t size);
cf_status cf_child_start(cf_child *c, cf_error *err);
/* Sends as much of what is to be sent as goes now; false: the other end is gone. */
bool cf_child_flush(cf_child *c);
/* Takes what came; false: the other end is gone, or there is no memory. */
bool cf_child_receive(cf_child *c);
/* Ends it at once, and how it had ended, if it had, in words. */
void cf_child_end(cf_child *c, char *how, size_t size);
/* Asks it to go, by the end of its input. */
void cf_child_dismiss(cf_child *c);
/* After that: is it gone?  Waits at most so long, then ends it. */
void cf_child_await(cf_child *c, int64_t until_ns);

bool cf_child_has_plan(const cf_child *c, uint64_t plan);
void cf_child_note_plan(cf_child *c, uint64_t plan);

#endif
