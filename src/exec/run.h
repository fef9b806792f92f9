#ifndef CF_EXEC_RUN_H
#define CF_EXEC_RUN_H

/* One run of a plan: what its passes share. */

#include "exec/collect.h"
#include "exec/table.h"
#include "io/open.h"

#include <stdatomic.h>

/* A thread's own memory for chunks, kept from pass to pass. */
typedef struct {
    cf_eval eval;
    int64_t chunk_rows; /* for the next chunk */
    cf_id last_stream;  /* chunk_rows was found out for this pass */
    uint32_t last_step;
} cf_worker;

/* Rows that a pass delivers somewhere. */
typedef enum { CF_FOR_WHOLE, CF_FOR_RESULT, CF_FOR_SAVE } cf_purpose;
typedef struct {
    cf_purpose purpose;
    cf_collection *collection;
    uint32_t step;
    cf_id stream;
    bool count_all; /* with a limit: the rows after it are counted, too */
    uint32_t save;  /* which */
    cf_writer *writer;
    cf_part **parts; /* [tasks] of the pass */
    int64_t total;   /* rows of the top level, all parts; -1: not all were seen */
    size_t written;  /* SAVE: parts handed to the writer */
} cf_delivery;

typedef struct {
    const cf_plan *plan;
    const cf_exec_options *options;
    cf_exec_result *result;
    cf_error *err;
    cf_engine *engine;
    cf_engine *own_engine; /* when the caller had none */
    cf_arena *arena;       /* bookkeeping */
    cf_places places;
    cf_eval whole; /* and its arena: everything whole */
    cf_eval rows;  /* the result's rows, if they are a stream's */
    cf_worker *workers;
    unsigned worker_count;
    cf_delivery *deliveries;
    size_t delivery_count;
    size_t memory_limit;
    const cf_type **save_types;
    bool *asked;       /* [node_count + 1] the result or a save shows it from the whole */
    _Atomic bool stop; /* for the workers */
    _Atomic int64_t bytes_kept, rows_done;
    int64_t rows_total, bytes_peak, last_progress_ns, next_look_ns;
    uint32_t step;
    bool elsewhere;        /* an executor's: no file is written */
    int64_t cpu_elsewhere; /* nanoseconds, of executors */
    struct cf_kept *kept;  /* parts whose texts the whole arrays borrow */
} cf_run;

/* All work of one step on one stream. */
cf_status cf_pass_run(cf_run *run, uint32_t step, cf_id stream);

/* An executor's: one worker, no engine, nothing computed whole.  The plan stays the caller's.
 */
cf_status cf_run_open_elsewhere(const cf_plan *plan, size_t memory_limit, uint32_t chunk_rows,
                                cf_run **out, cf_error *err);
void cf_run_close_elsewhere(cf_run *run); /* NULL is fine */
/* Where each node of the plan is computed. */
void cf_run_places(const cf_plan *plan, cf_arena *arena, cf_places *out);
/* Limits what is collected where only `take` looks at it. */
void cf_run_limit_slices(cf_run *run);
/* Keeps a part until the run is over. */
void cf_run_keep(cf_run *run, cf_part *part);
/* So many more bytes are kept (or fewer); CF_E_LIMIT.  Any thread. */
cf_status cf_run_keep_bytes(cf_run *run, int64_t more, cf_error *err);
/* Looks at the cancel flag and reports progress; CF_E_CANCELLED. */
cf_status cf_run_poll(cf_run *run);
/* The result's rows, which e has; d: the delivery that they came with, or NULL. */
cf_status cf_run_rows(const cf_run *run, cf_eval *e, const cf_delivery *d,
                      cf_exec_result *result);
/* Writes rows of a save; `e` has them. */
cf_status cf_save_rows(cf_run *run, uint32_t i, cf_writer *writer, cf_eval *e);

#endif
