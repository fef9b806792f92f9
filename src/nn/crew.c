#include "nn/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* One number says it all: the round in its upper half, the next task of it in the lower one.
 * Whoever is awake takes a task by counting it up; a helper that comes late finds another round
 * there and takes nothing.  The caller waits for the tasks, not for the helpers: one that the
 * system keeps waiting holds nobody up.  A helper that got no task for a moment goes to sleep.
 */

#define AWAKE_NS   20000
#define CREW_MOST  64u
#define ROUND_STEP ((uint64_t)1 << 32)

typedef struct {
    cf_crew *crew;
    unsigned number;
    pthread_t thread;
} helper;

typedef void task_fn(void *user, size_t task, unsigned worker);

struct cf_crew {
    unsigned size; /* with the caller */
    helper helpers[CREW_MOST];
    pthread_mutex_t mutex;
    pthread_cond_t begun, finished;
    unsigned sleeping; /* under the mutex */
    _Atomic uint64_t state;
    atomic_bool closing;
    /* of the round; written while no task of it can be taken */
    _Atomic uint64_t count;
    _Atomic(task_fn *) fn;
    _Atomic(void *) user;
    _Atomic uint64_t done;
};

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* One task of the round at hand; false: there is none left.  If the state is still the same
 * after fn and user were read, they are that round's: they change only when all its tasks are
 * taken. */
static bool work_one(cf_crew *c, unsigned worker) {
    uint64_t state = atomic_load(&c->state);
    for (;;) {
        const uint64_t count = atomic_load(&c->count), task = state % ROUND_STEP;
        task_fn *const fn = atomic_load(&c->fn);
        void *const user = atomic_load(&c->user);
        if (task >= count) return false;
        if (!atomic_compare_exchange_weak(&c->state, &state, state + 1)) continue;
        fn(user, (size_t)task, worker);
        if (atomic_fetch_add(&c->done, 1) + 1 == count) {
            pthread_mutex_lock(&c->mutex);
            pthread_cond_signal(&c->finished);
            pthread_mutex_unlock(&c->mutex);
        }
        return true;
    }
}

static void sleep_until_another_round(cf_crew *c, uint64_t round) {
    pthread_mutex_lock(&c->mutex);
    c->sleeping++;
    while (atomic_load(&c->state) / ROUND_STEP == round && !atomic_load(&c->closing))
        pthread_cond_wait(&c->begun, &c->mutex);
    c->sleeping--;
    pthread_mutex_unlock(&c->mutex);
}

static void *help(void *user) {
    const helper *h = user;
    cf_crew *c = h->crew;
    int64_t until = cf_clock_ns() + AWAKE_NS;
    while (!atomic_load(&c->closing)) {
        const uint64_t round = atomic_load(&c->state) / ROUND_STEP;
        bool worked = false;
        while (work_one(c, h->number))
            worked = true;
        const int64_t now = cf_clock_ns();
        if (worked)
            until = now + AWAKE_NS;
        else if (now > until)
            sleep_until_another_round(c, round);
        for (int i = 0; i < 50 && atomic_load(&c->state) / ROUND_STEP == round; i++)
            pause_briefly();
    }
    return NULL;
}

cf_crew *cf_crew_new(unsigned threads) {
    cf_crew *c = calloc(1, sizeof *c);
    if (c == NULL) return NULL;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (threads == 0) threads = cores > 0 ? (unsigned)cores : 1;
    if (threads > CREW_MOST) threads = CREW_MOST;
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->begun, NULL);
    pthread_cond_init(&c->finished, NULL);
    for (c->size = 1; c->size < threads; c->size++) {
        helper *h = &c->helpers[c->size];
        h->crew = c;
        h->number = c->size;
        if (pthread_create(&h->thread, NULL, help, h) != 0) break;
    }
    return c;
}

void cf_crew_free(cf_crew *c) {
    if (c == NULL) return;
    pthread_mutex_lock(&c->mutex);
    atomic_store(&c->closing, true);
    pthread_cond_broadcast(&c->begun);
    pthread_mutex_unlock(&c->mutex);
    for (unsigned i = 1; i < c->size; i++)
        pthread_join(c->helpers[i].thread, NULL);
    pthread_cond_destroy(&c->finished);
    pthread_cond_destroy(&c->begun);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

unsigned cf_crew_size(const cf_crew *c) {
    return c->size;
}

/* As many sleepers are woken as there are tasks for them. */
static void begin_round(cf_crew *c, task_fn *fn, void *user, size_t count) {
    const uint64_t round = atomic_load(&c->state) / ROUND_STEP;
    atomic_store(&c->done, 0);
    atomic_store(&c->fn, fn);
    atomic_store(&c->user, user);
    pthread_mutex_lock(&c->mutex);
    /* first no task of the old round, however many there were, then the new number of them */
    atomic_store(&c->state, (round + 1) * ROUND_STEP + (ROUND_STEP - 1));
    atomic_store(&c->count, count);
    atomic_store(&c->state, (round + 2) * ROUND_STEP);
    for (size_t i = 0; i < c->sleeping && i + 1 < count; i++)
        pthread_cond_signal(&c->begun);
    pthread_mutex_unlock(&c->mutex);
}

static void wait_until_done(cf_crew *c, size_t count) {
    for (const int64_t until = cf_clock_ns() + AWAKE_NS; cf_clock_ns() < until;)
        for (int i = 0; i < 50; i++) {
            if (atomic_load(&c->done) == count) return;
            pause_briefly();
        }
    pthread_mutex_lock(&c->mutex);
    while (atomic_load(&c->done) != count)
        pthread_cond_wait(&c->finished, &c->mutex);
    pthread_mutex_unlock(&c->mutex);
}

void cf_crew_run(cf_crew *c, void (*fn)(void *user, size_t task, unsigned worker), void *user,
                 size_t count) {
    if (c->size == 1 || count <= 1) {
        for (size_t task = 0; task < count; task++)
            fn(user, task, 0);
        return;
    }
    CF_ASSERT(count < ROUND_STEP - 1);
    begin_round(c, fn, user, count);
    while (work_one(c, 0))
        ;
    wait_until_done(c, count);
}
