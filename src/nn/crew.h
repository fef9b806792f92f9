#ifndef CF_NN_CREW_H
#define CF_NN_CREW_H

/* Threads that work off numbered tasks together, many times a second: a step of a small network
 * takes 50 microseconds, so they wait awake for a moment before they sleep. */

#include "base/base.h"

typedef struct cf_crew cf_crew;

/* threads 0: one a core; at most 64.  NULL: no memory.  With fewer threads than asked for when
 * the system gives no more. */
cf_crew *cf_crew_new(unsigned threads);
void cf_crew_free(cf_crew *c);
unsigned cf_crew_size(const cf_crew *c);
/* fn(user, task, worker) for all tasks below `count`, worker < size; returns when all are done.
 * The caller works, too. */
void cf_crew_run(cf_crew *c, void (*fn)(void *user, size_t task, unsigned worker), void *user,
                 size_t count);

#endif
