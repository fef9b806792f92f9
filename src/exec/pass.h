#ifndef CF_EXEC_PASS_H
#define CF_EXEC_PASS_H

/* One scan over a stream: what it is made of, and the state of one partition. */

#include "exec/run.h"
#include "exec/state.h"

/* A way from the stream down to one SCAN: which argument of each CONCAT. */
typedef struct {
    cf_id scan;
    uint32_t *choice; /* [node_count + 1] */
    int32_t *columns; /* the source's nodes that may be read */
    size_t column_count;
} cf_branch;

typedef struct {
    uint32_t branch, partition;
    bool skipped; /* statistics say that no row passes the filters */
} cf_pass_task;

/* A sink's state: a reduction's, or bins. */
typedef struct {
    cf_state *state;
    void *bins; /* int64 or double [k] */
    int64_t k;
} cf_sink_state;

/* What a task leaves. */
typedef struct {
    cf_sink_state *sinks; /* [sink_count] */
    cf_part **parts;      /* [delivery_count] */
    cf_io_stats io;
    int64_t rows;
} cf_partial;

typedef struct {
    cf_run *run;
    uint32_t step;
    cf_id stream;
    cf_id *sinks;
    size_t sink_count;
    cf_delivery **deliveries;
    size_t delivery_count;
    cf_branch *branches;
    size_t branch_count, branch_capacity;
    cf_pass_task *tasks;
    size_t task_count;
    _Atomic uint64_t last_task; /* later ones need not run on */
    /* of the fold */
    cf_sink_state *
        *blocks;         /* [task_count] by first task; NULL: not there, or part of another */
    size_t *block_tasks; /* how many tasks a block stands for */
} cf_pass;

/* Marks the tasks whose partitions the statistics rule out. */
void cf_pass_skip(cf_pass *pass);

cf_status cf_task_run(void *user, uint64_t number, unsigned worker, void **out, cf_error *err);
void cf_partial_free(const cf_pass *pass, cf_partial *p);

/* The fold: states go in, in any order, numbered by task; one comes out. */
cf_status cf_fold_add(cf_pass *pass, size_t task, cf_sink_state *sinks);
cf_status cf_fold_finish(cf_pass *pass, cf_sink_state **out);
void cf_sinks_free(const cf_pass *pass, cf_sink_state *sinks);
cf_sink_state *cf_sinks_new(const cf_pass *pass, cf_error *err);
/* The sinks' results become values of the whole. */
cf_status cf_sinks_publish(cf_pass *pass, cf_sink_state *sinks);
/* For a chunk: computing first, then adding. */
cf_status cf_sinks_eval(const cf_pass *pass, cf_eval *e);
cf_status cf_sinks_add(const cf_pass *pass, cf_sink_state *sinks, cf_eval *e);

#endif
