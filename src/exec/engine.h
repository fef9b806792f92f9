#ifndef CF_EXEC_ENGINE_H
#define CF_EXEC_ENGINE_H

/* Where tasks run.  The local thread pool is the first implementation; forked processes and
 * remote workers come behind the same ten functions.  A task is "run step S of this plan on
 * partition P"; its result is a partial state that the caller folds by partition number, so it
 * does not matter who finishes first. */

#include "plan/plan.h"

typedef struct cf_engine cf_engine;
typedef struct cf_job cf_job; /* one step of one query on an engine */

typedef struct {
    uint64_t task;    /* number given at submit: the partition's */
    cf_status status; /* CF_OK, or the error in *err */
    cf_error err;
    void *state; /* the partial state (local: a pointer; remote: decoded from a frame) */
} cf_task_result;

/* Runs one task on one thread; called by the engine.  worker: 0 .. threads-1. */
typedef cf_status cf_task_fn(void *user, uint64_t task, unsigned worker, void **state,
                             cf_error *err);

typedef struct {
    const char *name; /* "threads" */
    unsigned slots;   /* tasks at once */
    uint64_t tasks_done, tasks_failed, tasks_retried;
    int64_t busy_ns;
} cf_engine_stats;

typedef struct {
    cf_status (*submit)(cf_job *job, uint64_t task, cf_error *err);
    void (*cancel)(cf_job *job); /* tasks not begun are dropped; running ones stop soon */
    bool (*wait)(cf_job *job, int timeout_ms,
                 cf_task_result *result); /* false: nothing within the time */
    void (*wake)(cf_job *job);            /* makes a wait() return false; any thread */
    cf_status (*drain)(cf_job *job);      /* after cancel: until no task runs */
    cf_status (*broadcast)(cf_engine *e, const char *key, const void *data, size_t size,
                           cf_error *err);
    void (*stats)(cf_engine *e, cf_engine_stats *out);
    cf_status (*open)(cf_engine *e, cf_task_fn *fn, void *user, const cf_plan *plan,
                      cf_job **job, cf_error *err);
    void (*close)(cf_job *job);
    void (*free)(cf_engine *e);
} cf_engine_class;

struct cf_engine {
    const cf_engine_class *class;
};

/* threads 0: one a core. */
cf_engine *cf_engine_threads(unsigned threads);
void cf_engine_free(cf_engine *e);

#endif
