#include "exec/engine.h"

/* The thread pool.  A job has a queue of tasks not begun and a queue of results not fetched;
 * workers take from the jobs in turn, so that a long query does not starve a short one. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES (16u << 20) /* plans are evaluated by recursion */

typedef struct {
    uint64_t *items;
    size_t first, count, capacity;
} task_queue;

typedef struct result_item {
    struct result_item *next;
    cf_task_result result;
} result_item;

typedef struct pool pool;

struct cf_job {
    pool *pool;
    cf_job *next;
    cf_task_fn *fn;
    void *user;
    task_queue queue;
    result_item *results, **results_end;
    unsigned running;
    bool woken;
    pthread_cond_t changed; /* a result, a wake, or nothing runs any more */
};

struct pool {
    cf_engine base;
    pthread_mutex_t mutex;
    pthread_cond_t work;
    cf_job *jobs;
    bool closing;
    unsigned thread_count;
    pthread_t *threads;
    cf_engine_stats stats;
};

typedef struct {
    pool *pool;
    unsigned number;
} worker_start;

/* --- queues --- */

static bool queue_put(task_queue *q, uint64_t task) {
    if (q->first + q->count == q->capacity) {
        if (q->first > q->capacity / 2) {
            memmove(q->items, q->items + q->first, q->count * sizeof *q->items);
        } else {
            const size_t capacity = q->capacity * 2 + 16;
            uint64_t *items = malloc(capacity * sizeof *items);
            if (items == NULL) return false;
            if (q->count > 0) memcpy(items, q->items + q->first, q->count * sizeof *items);
            free(q->items);
            q->items = items;
            q->capacity = capacity;
        }
        q->first = 0;
    }
    q->items[q->first + q->count++] = task;
    return true;
}

static uint64_t queue_take(task_queue *q) {
    q->count--;
    return q->items[q->first++];
}

/* --- workers --- */

/* The next job with work, which moves to the end of the list. */
static cf_job *job_with_work(pool *p) {
    for (cf_job **at = &p->jobs; *at != NULL; at = &(*at)->next) {
        cf_job *job = *at;
        if (job->queue.count == 0) continue;
        *at = job->next;
        job->next = NULL;
        cf_job **end = &p->jobs;
        while (*end != NULL)
            end = &(*end)->next;
        *end = job;
        return job;
    }
    return NULL;
}

static void put_result(cf_job *job, result_item *item) {
    item->next = NULL;
    *job->results_end = item;
    job->results_end = &item->next;
}

static void run_one(pool *p, cf_job *job, unsigned worker) {
    result_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        abort(); /* a few hundred bytes; without them the caller would wait for ever */
    item->result.task = queue_take(&job->queue);
    job->running++;
    (void)pthread_mutex_unlock(&p->mutex);
    const int64_t start = cf_clock_ns();
    cf_task_result *r = &item->result;
    r->status = job->fn(job->user, r->task, worker, &r->state, &r->err);
    const int64_t took = cf_clock_ns() - start;
    (void)pthread_mutex_lock(&p->mutex);
    job->running--;
    p->stats.busy_ns += took;
    if (r->status == CF_OK)
        p->stats.tasks_done++;
    else
        p->stats.tasks_failed++;
    put_result(job, item);
    (void)pthread_cond_broadcast(&job->changed);
}

static void *worker_main(void *argument) {
    const worker_start start = *(worker_start *)argument;
    free(argument);
    pool *p = start.pool;
    (void)pthread_mutex_lock(&p->mutex);
    while (!p->closing) {
        cf_job *job = job_with_work(p);
        if (job != NULL)
            run_one(p, job, start.number);
        else
            (void)pthread_cond_wait(&p->work, &p->mutex);
    }
    (void)pthread_mutex_unlock(&p->mutex);
    return NULL;
}

/* --- jobs --- */

static cf_status pool_submit(cf_job *job, uint64_t task, cf_error *err) {
    (void)pthread_mutex_lock(&job->pool->mutex);
    const bool fine = queue_put(&job->queue, task);
    (void)pthread_cond_signal(&job->pool->work);
    (void)pthread_mutex_unlock(&job->pool->mutex);
    return fine ? CF_OK
                : cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to queue a task");
}

static void pool_cancel(cf_job *job) {
    (void)pthread_mutex_lock(&job->pool->mutex);
    job->queue.count = 0;
    (void)pthread_mutex_unlock(&job->pool->mutex);
}

static struct timespec deadline_in(int timeout_ms) {
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += timeout_ms / 1000;
    at.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static bool pool_wait(cf_job *job, int timeout_ms, cf_task_result *result) {
    const struct timespec deadline = deadline_in(timeout_ms);
    int status = 0;
    (void)pthread_mutex_lock(&job->pool->mutex);
    while (job->results == NULL && !job->woken && status != ETIMEDOUT)
        status = pthread_cond_timedwait(&job->changed, &job->pool->mutex, &deadline);
    job->woken = false;
    result_item *item = job->results;
    if (item != NULL) {
        job->results = item->next;
        if (job->results == NULL) job->results_end = &job->results;
    }
    (void)pthread_mutex_unlock(&job->pool->mutex);
    if (item == NULL) return false;
    *result = item->result;
    free(item);
    return true;
}

static void pool_wake(cf_job *job) {
    (void)pthread_mutex_lock(&job->pool->mutex);
    job->woken = true;
    (void)pthread_cond_broadcast(&job->changed);
    (void)pthread_mutex_unlock(&job->pool->mutex);
}

static cf_status pool_drain(cf_job *job) {
    (void)pthread_mutex_lock(&job->pool->mutex);
    while (job->running > 0 || job->queue.count > 0)
        (void)pthread_cond_wait(&job->changed, &job->pool->mutex);
    (void)pthread_mutex_unlock(&job->pool->mutex);
    return CF_OK;
}

/* Threads share memory: there is nothing to send. */
static cf_status pool_broadcast(cf_engine *e, const char *key, const void *data, size_t size,
                                cf_error *err) {
    (void)e, (void)key, (void)data, (void)size, (void)err;
    return CF_OK;
}

static void pool_stats(cf_engine *e, cf_engine_stats *out) {
    pool *p = (pool *)e;
    (void)pthread_mutex_lock(&p->mutex);
    *out = p->stats;
    (void)pthread_mutex_unlock(&p->mutex);
}

static void cond_init(pthread_cond_t *cond) {
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(cond, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

static cf_status pool_open(cf_engine *e, cf_task_fn *fn, void *user, const cf_plan *plan,
                           cf_job **out, cf_error *err) {
    (void)plan; /* the tasks' `user` has it */
    pool *p = (pool *)e;
    cf_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for a job");
    job->pool = p;
    job->fn = fn;
    job->user = user;
    job->results_end = &job->results;
    cond_init(&job->changed);
    (void)pthread_mutex_lock(&p->mutex);
    job->next = p->jobs;
    p->jobs = job;
    (void)pthread_mutex_unlock(&p->mutex);
    *out = job;
    return CF_OK;
}

static void pool_close(cf_job *job) {
    pool *p = job->pool;
    pool_cancel(job);
    (void)pool_drain(job);
    (void)pthread_mutex_lock(&p->mutex);
    cf_job **at = &p->jobs;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    (void)pthread_mutex_unlock(&p->mutex);
    while (job->results !=
           NULL) { /* nobody wanted them; their states leak unless fetched before */
        result_item *next = job->results->next;
        free(job->results);
        job->results = next;
    }
    (void)pthread_cond_destroy(&job->changed);
    free(job->queue.items);
    free(job);
}

static void pool_free(cf_engine *e) {
    pool *p = (pool *)e;
    (void)pthread_mutex_lock(&p->mutex);
    p->closing = true;
    (void)pthread_cond_broadcast(&p->work);
    (void)pthread_mutex_unlock(&p->mutex);
    for (unsigned i = 0; i < p->thread_count; i++)
        (void)pthread_join(p->threads[i], NULL);
    (void)pthread_cond_destroy(&p->work);
    (void)pthread_mutex_destroy(&p->mutex);
    free(p->threads);
    free(p);
}

static const cf_engine_class pool_class = {
    .submit = pool_submit,
    .cancel = pool_cancel,
    .wait = pool_wait,
    .wake = pool_wake,
    .drain = pool_drain,
    .stats = pool_stats,
    .open = pool_open,
    .close = pool_close,
    .free = pool_free,
    .broadcast = pool_broadcast,
};

static bool start_worker(pool *p, unsigned number) {
    worker_start *start = malloc(sizeof *start);
    if (start == NULL) return false;
    *start = (worker_start){p, number};
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    const int status = pthread_create(&p->threads[number], &attributes, worker_main, start);
    (void)pthread_attr_destroy(&attributes);
    if (status != 0) free(start);
    return status == 0;
}

static unsigned core_count(void) {
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > 1024 ? 1024 : (unsigned)cores;
}

cf_engine *cf_engine_threads(unsigned threads) {
    if (threads == 0) threads = core_count();
    pool *p = calloc(1, sizeof *p);
    if (p == NULL) return NULL;
    p->base.class = &pool_class;
    p->threads = calloc(threads, sizeof *p->threads);
    (void)pthread_mutex_init(&p->mutex, NULL);
    cond_init(&p->work);
    while (p->threads != NULL && p->thread_count < threads && start_worker(p, p->thread_count))
        p->thread_count++;
    p->stats = (cf_engine_stats){.name = "threads", .slots = p->thread_count};
    if (p->thread_count > 0) return &p->base;
    pool_free(&p->base);
    return NULL;
}

void cf_engine_free(cf_engine *e) {
    if (e != NULL) e->class->free(e);
}
