#ifndef CF_KERNEL_HISTORY_H
#define CF_KERNEL_HISTORY_H

/* What was run, over all sessions: `$CUTFLOW_HISTORY`, or `cutflow/kernel-history.jsonl` in the
 * user's data folder; a JSON object a line.  Without such a file (`CUTFLOW_HISTORY=`) the
 * memory of this session. */

#include "kernel/text.h"

/** One shell's. */
typedef struct {
    int64_t session;  /* 0: none yet */
    cf_growing lines; /* of this session */
} cf_history;

void cf_history_init(cf_history *h);
void cf_history_clear(cf_history *h);

void cf_history_append(cf_history *h, int64_t line, cf_slice input);

/** Writes the array of `[session, line, input]` or `[session, line, [input, null]]` that a
 * history_request's content asks for. */
void cf_history_put(cf_history *h, cf_slice request, cf_growing *to);

#endif
