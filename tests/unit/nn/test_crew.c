/* Many short rounds of work on several threads: every task once, none of another round. */
#include "nn/crew.h"
#include "test.h"

#include <stdatomic.h>
#include <time.h>

#define TASKS_MOST 40u

typedef struct {
    atomic_uint done[TASKS_MOST];
    atomic_uint wrong_worker;
    unsigned size;
} work;

static void count_task(void *user, size_t task, unsigned worker) {
    work *w = user;
    atomic_fetch_add(&w->done[task], 1);
    if (worker >= w->size) atomic_fetch_add(&w->wrong_worker, 1);
}

static void check_rounds(unsigned threads, size_t rounds) {
    cf_crew *c = cf_crew_new(threads);
    size_t wrong = 0;
    for (size_t round = 0; round < rounds; round++) {
        /* on the caller's stack: a task that comes too late writes where it must not */
        work w = {.size = cf_crew_size(c)};
        const size_t count = cf_hash_u64(round, threads) % (TASKS_MOST + 1);
        cf_crew_run(c, count_task, &w, count);
        for (size_t i = 0; i < TASKS_MOST; i++)
            wrong += atomic_load(&w.done[i]) != (i < count);
        wrong += atomic_load(&w.wrong_worker);
        if (round % 500 == 0) { /* long enough for the helpers to fall asleep */
            const struct timespec moment = {0, 1000000};
            nanosleep(&moment, NULL);
        }
    }
    CHECK(wrong == 0);
    cf_crew_free(c);
}

static void every_task_runs_once(void) {
    check_rounds(1, 1000);
    check_rounds(2, 20000);
    check_rounds(3, 20000);
    check_rounds(9, 5000);
}

static void crews_come_and_go(void) {
    for (unsigned i = 0; i < 50; i++)
        check_rounds(1 + i % 5, i % 3);
}

int main(void) {
    RUN(every_task_runs_once);
    RUN(crews_come_and_go);
    return cf_test_failures != 0;
}
