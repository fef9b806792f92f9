/* The thread pool as an engine. */
#include "exec/engine.h"
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static void pause_ms(long ms) {
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

typedef struct {
    _Atomic int ran;
    _Atomic unsigned workers_seen; /* bits */
} counter;

static cf_status count_task(void *user, uint64_t task, unsigned worker, void **state,
                            cf_error *err) {
    counter *c = user;
    (void)atomic_fetch_add(&c->ran, 1);
    (void)atomic_fetch_or(&c->workers_seen, 1U << worker);
    if (task == 13) return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "task 13");
    *state = (void *)(uintptr_t)(task + 1);
    return CF_OK;
}

static void every_task_gives_one_result(void) {
    for (unsigned threads = 1; threads <= 3; threads++) {
        cf_engine *e = cf_engine_threads(threads);
        counter c = {0};
        cf_job *job;
        CHECK(e->class->open(e, count_task, &c, NULL, &job, NULL) == CF_OK);
        for (uint64_t t = 0; t < 100; t++)
            CHECK(e->class->submit(job, t, NULL) == CF_OK);
        bool seen[100] = {false};
        for (int i = 0; i < 100; i++) {
            cf_task_result r;
            CHECK(e->class->wait(job, 10000, &r));
            CHECK(r.task < 100 && !seen[r.task]);
            seen[r.task] = true;
            CHECK(r.status == (r.task == 13 ? CF_E_FORMAT : CF_OK));
            if (r.task == 13) CHECK_STR(r.err.message, "task 13");
            if (r.task != 13) CHECK((uintptr_t)r.state == r.task + 1);
        }
        cf_task_result none;
        CHECK(!e->class->wait(job, 0, &none));
        CHECK(atomic_load(&c.workers_seen) >> threads == 0);
        cf_engine_stats stats;
        e->class->stats(e, &stats);
        CHECK(stats.slots == threads && stats.tasks_done == 99 && stats.tasks_failed == 1);
        e->class->close(job);
        cf_engine_free(e);
    }
}

static _Atomic bool gate;

static cf_status gated_task(void *user, uint64_t task, unsigned worker, void **state,
                            cf_error *err) {
    (void)task, (void)worker, (void)state, (void)err;
    (void)atomic_fetch_add((_Atomic int *)user, 1);
    while (!atomic_load(&gate))
        pause_ms(1);
    return CF_OK;
}

static void cancel_drops_what_has_not_begun(void) {
    cf_engine *e = cf_engine_threads(1);
    _Atomic int ran = 0;
    cf_job *job;
    atomic_store(&gate, false);
    CHECK(e->class->open(e, gated_task, &ran, NULL, &job, NULL) == CF_OK);
    for (uint64_t t = 0; t < 50; t++)
        CHECK(e->class->submit(job, t, NULL) == CF_OK);
    while (atomic_load(&ran) == 0)
        pause_ms(1);
    e->class->cancel(job);
    atomic_store(&gate, true);
    CHECK(e->class->drain(job) == CF_OK);
    CHECK(atomic_load(&ran) == 1);
    e->class->close(job);
    cf_engine_free(e);
}

static void *wake_soon(void *job_and_engine) {
    void **pair = job_and_engine;
    pause_ms(20);
    ((cf_engine *)pair[1])->class->wake(pair[0]);
    return NULL;
}

static void wake_ends_a_wait(void) {
    cf_engine *e = cf_engine_threads(1);
    counter c = {0};
    cf_job *job;
    cf_task_result r;
    pthread_t other;
    CHECK(e->class->open(e, count_task, &c, NULL, &job, NULL) == CF_OK);
    void *pair[] = {job, e};
    CHECK(pthread_create(&other, NULL, wake_soon, pair) == 0);
    CHECK(!e->class->wait(job, 600000, &r));
    CHECK(pthread_join(other, NULL) == 0);
    e->class->close(job);
    cf_engine_free(e);
}

/* A job behind a long one gets its turn. */
static void jobs_take_turns(void) {
    cf_engine *e = cf_engine_threads(1);
    counter c = {0};
    _Atomic int ran = 0;
    cf_job *slow, *quick;
    cf_task_result r;
    atomic_store(&gate, false);
    CHECK(e->class->open(e, gated_task, &ran, NULL, &slow, NULL) == CF_OK);
    CHECK(e->class->open(e, count_task, &c, NULL, &quick, NULL) == CF_OK);
    for (uint64_t t = 0; t < 5; t++)
        CHECK(e->class->submit(slow, t, NULL) == CF_OK);
    while (atomic_load(&ran) == 0)
        pause_ms(1);
    CHECK(e->class->submit(quick, 1, NULL) == CF_OK);
    atomic_store(&gate, true);
    CHECK(e->class->wait(quick, 10000, &r) && r.task == 1);
    CHECK(e->class->drain(slow) == CF_OK);
    CHECK(atomic_load(&ran) == 5);
    e->class->close(slow);
    e->class->close(quick);
    cf_engine_free(e);
}

int main(void) {
    RUN(every_task_gives_one_result);
    RUN(cancel_drops_what_has_not_begun);
    RUN(wake_ends_a_wait);
    RUN(jobs_take_turns);
    return cf_test_failures != 0;
}
