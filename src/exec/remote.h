#ifndef CF_EXEC_REMOTE_H
#define CF_EXEC_REMOTE_H

/* A pass in two places.  The caller runs the plan as always, but its engine lets the tasks be
 * done elsewhere: it sends the plan, which pass it is, and the values of the whole that the
 * pass uses.  The executor makes the same pass out of them and gives the results of its tasks
 * as bytes. */

#include "exec/pass.h"

/* --- the caller's side --- */

/* NULL: the pass's tasks can be done elsewhere; else why they cannot, for a note. */
const char *cf_remote_obstacle(const cf_pass *pass);
/* The values of the whole that tasks of this pass may ask for. */
cf_status cf_wholes_write(const cf_pass *pass, cf_text *out, cf_error *err);
/* The result of one task, which now counts against the query's memory. */
cf_status cf_remote_result(cf_pass *pass, const char *data, size_t size, void **state,
                           cf_error *err);

/* --- the executor's side --- */

typedef struct cf_remote cf_remote;
typedef struct {
    int64_t rows;
    cf_io_stats io;
} cf_remote_counts;

/* The plan stays the caller's, and must outlive this. */
cf_status cf_remote_open(const cf_plan *plan, size_t memory_limit, uint32_t chunk_rows,
                         uint32_t step, cf_id stream, const char *wholes, size_t size,
                         cf_remote **out, cf_error *err);
/* Appends the bytes of the result. */
cf_status cf_remote_task(cf_remote *r, uint64_t task, cf_text *out, cf_remote_counts *counts,
                         cf_error *err);
/* The task ends soon; any thread, signal handlers included. */
void cf_remote_stop(cf_remote *r);
void cf_remote_close(cf_remote *r); /* NULL is fine */

#endif
