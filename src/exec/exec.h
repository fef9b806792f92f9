#ifndef CF_EXEC_H
#define CF_EXEC_H

/* Runs a plan and hands over its result.  See README.md in this folder for how. */

#include "column/column.h"
#include "exec/engine.h"

typedef struct {
    int64_t rows_done, rows_total; /* of the scanned sources; total 0: unknown */
    int64_t bytes_read;
    uint32_t step, step_count; /* passes over the data */
} cf_progress;

typedef struct {
    cf_id node;
    int64_t rows, nulls_or_dropped, nanoseconds, bytes, calls;
} cf_node_stats;

typedef struct {
    cf_table *rows;     /* TUPLE column: the rows asked for; for a UNIT result one row */
    int64_t total_rows; /* -1: not counted */
    int64_t wall_ns, cpu_ns;
    int64_t rows_scanned;
    cf_io_stats io;
    size_t peak_bytes;
    uint32_t partitions, partitions_skipped, steps;
    cf_node_stats *nodes; /* with analyze: [node_count + 1]; else NULL */
    cf_id node_count;
    struct {
        int64_t rows, bytes;
    } * saves; /* [plan->save_count] */
} cf_exec_result;

typedef struct {
    cf_engine *engine;
    size_t memory_limit; /* bytes for materialised rows; 0: three quarters of the machine's
                            memory */
    const _Atomic bool
        *cancel; /* set by anybody: the run ends soon with CF_E_CANCELLED; NULL: never */
    void (*progress)(
        void *user,
        const cf_progress *p); /* from the caller's thread, at most every 100 ms; NULL: none */
    void *user;
    bool analyze; /* measure each node for %explain analyze */
    uint32_t
        chunk_rows;    /* 0: as many as fit the cache (CF_CHUNK_ROWS of the build overrides) */
    bool check_states; /* each partition's result goes through bytes, as from another machine */
    /* The rows as far as they are known, from the caller's thread at most every 500 ms, while
     * the last pass runs, and if that leaves nothing but small states; NULL: none.  The result
     * is cleared after the call. */
    void (*partial)(void *user, const cf_exec_result *so_far);
    uint32_t partial_ms; /* 0: 500 */
} cf_exec_options;

/* How a plan would run, in words: passes, what they stream and what is left for the end. */
void cf_exec_explain(const cf_plan *plan, cf_text *out);
cf_status cf_exec_run(const cf_plan *plan, const cf_exec_options *options,
                      cf_exec_result *result, cf_error *err);
void cf_exec_result_clear(cf_exec_result *result);

#endif
