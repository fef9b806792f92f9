#ifndef CF_EXEC_PASS_H
#define CF_EXEC_PASS_H

/* One scan over a stream: what it is made of, and the state of one partition. */

#include "exec/groups.h"
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

/* What a pass makes states of. */
typedef enum {
    CF_SINK_REDUCE,
    CF_SINK_BINS,
    CF_SINK_GROUPS, /* the groups themselves */
    CF_SINK_FIRST   /* values of the rows that groups begin with */
} cf_sink_kind;

typedef struct {
    cf_id id;
    cf_sink_kind kind;
    int32_t groups; /* which sink has its groups; -1: it is of the whole stream */
    const cf_id *keys;
    cf_kind *key_kinds; /* GROUPS: as their numbers are kept */
    size_t key_count;
} cf_sink;

/* A sink's state: one of these, by kind. */
typedef struct {
    cf_state *state;
    void *bins; /* int64 or double [k] */
    int64_t k;
    cf_groups *groups;
    cf_store *first;
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
    cf_sink *sinks; /* groups stand before what is theirs */
    size_t sink_count;
    cf_delivery **deliveries;
    size_t delivery_count;
    cf_branch *branches;
    size_t branch_count, branch_capacity;
    cf_pass_task *tasks;
    size_t task_count;
    _Atomic uint64_t last_task; /* later ones need not run on */
    bool *needed;               /* [node_count + 1] what any branch asks for */
    /* of the fold */
    cf_sink_state *
        *blocks;         /* [task_count] by first task; NULL: not there, or part of another */
    size_t *block_tasks; /* how many tasks a block stands for */
} cf_pass;

/* Elsewhere: the pass with its tasks, but the values of the whole come from the caller. */
cf_status cf_pass_open(cf_pass *pass);
void cf_pass_close(cf_pass *pass);

/* Marks the tasks whose partitions the statistics rule out. */
void cf_pass_skip(cf_pass *pass);

cf_status cf_task_run(void *user, uint64_t number, unsigned worker, void **out, cf_error *err);
void cf_partial_free(const cf_pass *pass, cf_partial *p);

cf_partial *cf_partial_new(const cf_pass *pass, cf_error *err);
size_t cf_partial_bytes(const cf_pass *pass, const cf_partial *p);
/* A task's result as bytes and back; hostile bytes are an error. */
cf_status cf_partial_write(const cf_pass *pass, const cf_partial *p, cf_text *out,
                           cf_error *err);
cf_status cf_partial_read(const cf_pass *pass, const char *data, size_t size, cf_partial **out,
                          cf_error *err);

/* The fold: states go in, in any order, numbered by task; one comes out. */
cf_status cf_fold_add(cf_pass *pass, size_t task, cf_sink_state *sinks);
cf_status cf_fold_finish(cf_pass *pass, cf_sink_state **out);
/* What there is so far, in one; nothing of it is used up. */
cf_status cf_fold_look(const cf_pass *pass, cf_sink_state **out, cf_error *err);

/* Shows the result so far, if somebody wants to see it and it is time. */
void cf_pass_look(const cf_pass *pass);

/* The sinks of the pass's step and stream. */
void cf_sinks_find(cf_pass *pass);
cf_sink_state *cf_sinks_new(const cf_pass *pass, cf_error *err);
void cf_sinks_free(const cf_pass *pass, cf_sink_state *sinks);
size_t cf_sinks_bytes(const cf_pass *pass, const cf_sink_state *sinks);
/* No rows come any more. */
void cf_sinks_seal(const cf_pass *pass, cf_sink_state *sinks);
/* The sinks' results become values of e, which is the whole's. */
cf_status cf_sinks_publish(const cf_pass *pass, cf_sink_state *sinks, cf_eval *e);
/* For a chunk: computing first, then adding. */
cf_status cf_sinks_eval(const cf_pass *pass, cf_eval *e);
cf_status cf_sinks_add(const cf_pass *pass, cf_sink_state *sinks, cf_eval *e);
/* Text and numbers of a sink's arguments. */
cf_kind cf_sink_value_kind(const cf_pass *pass, const cf_sink *sink);
int64_t cf_sink_bins(const cf_pass *pass, const cf_sink *sink);

#endif
