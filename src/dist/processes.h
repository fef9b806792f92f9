#ifndef CF_DIST_PROCESSES_H
#define CF_DIST_PROCESSES_H

/* The engine `processes`: tasks are done by programs `cutflow-exec` on this machine, one task a
 * program at a time.  What cannot be done there is done by threads of the engine's own. */

#include "exec/engine.h"

/* slots 0: one a core.  No process is started before there is work. */
cf_engine *cf_engine_processes(unsigned slots);

/* Any engine in words: its slots, its tasks, and what is to be noted; lines. */
void cf_engine_describe(cf_engine *e, cf_text *out);

#endif
