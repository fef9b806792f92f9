#include "dist/processes.h"

#include "dist/child.h"
#include "exec/remote.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whoever waits for a result moves everything: sends, receives, starts processes and ends those
 * that are silent or talk nonsense.  There is no thread of the engine's own, so nothing happens
 * between two calls; the pipes hold what comes meanwhile.
 *
 * A task whose process is lost goes to another, at most ATTEMPTS times in all.  An error that
 * an executor reports is the task's, as it would be on threads. */

#define ATTEMPTS   3
#define SLICE_MS   20    /* a wake is seen so soon */
#define CANCEL_MS  100   /* an executor that was asked to stop has so long */
#define GOODBYE_MS 500   /* at the end, all of them together */
#define SILENCE_MS 10000 /* no heartbeat for so long: frozen */
#define SLOTS_MOST 1024

typedef struct {
    uint64_t task;
    unsigned attempt; /* from 1 */
} item;

typedef struct result_item {
    struct result_item *next;
    cf_task_result result;
} result_item;

typedef struct {
    cf_child child;
    cf_job *job; /* whose task it does; NULL: idle */
    item item;
    int64_t begun_ns, stop_by_ns; /* stop_by_ns 0: it was not asked to stop */
} slot;

typedef struct engine engine;

struct cf_job {
    engine *engine;
    cf_job *next;
    cf_job *inner; /* on the engine's threads: everything is theirs */
    cf_pass *pass;
    uint64_t id, plan_id;
    cf_text plan, order; /* the frames PLAN and JOB */
    item *queue;
    size_t first, count, capacity;
    result_item *results, **results_end;
    bool cancelled;
    _Atomic bool woken;
};

struct engine {
    cf_engine base;
    pthread_mutex_t mutex;
    cf_engine *threads; /* for what cannot be sent; NULL: not needed so far */
    cf_job *jobs;
    uint64_t last_job;
    int64_t silence_ns;
    unsigned slot_count;
    slot *slots;
    struct pollfd *polls;
    uint64_t lost; /* processes that ended too soon */
    int64_t cpu_ns;
    uint64_t peak_bytes;
    char note[256]; /* why threads did the last job that they did */
    char last_loss[256];
    cf_engine_stats stats;
};

/* --- queues --- */

static bool queue_put(cf_job *job, item it, bool in_front) {
    if (in_front && job->first > 0) {
        job->queue[--job->first] = it;
        job->count++;
        return true;
    }
    if (job->first + job->count == job->capacity) {
        const size_t capacity = job->capacity * 2 + 16;
        item *queue = realloc(job->queue, capacity * sizeof *queue);
        if (queue == NULL) return false;
        job->queue = queue;
        job->capacity = capacity;
    }
    if (in_front) {
        memmove(job->queue + 1, job->queue, job->count * sizeof it);
        job->queue[0] = it;
    } else {
        job->queue[job->first + job->count] = it;
    }
    job->count++;
    return true;
}

static item queue_take(cf_job *job) {
    const item it = job->queue[job->first++];
    if (--job->count == 0) job->first = 0;
    return it;
}

static void put_result(cf_job *job, const cf_task_result *r) {
    result_item *made = calloc(1, sizeof *made);
    if (made == NULL)
        abort(); /* a few hundred bytes; without them the caller would wait for ever */
    made->result = *r;
    *job->results_end = made;
    job->results_end = &made->next;
}

static void put_failure(cf_job *job, uint64_t task, const cf_error *err) {
    const cf_task_result r = {.task = task, .status = err->status, .err = *err};
    if (err->status != CF_E_CANCELLED) job->engine->stats.tasks_failed++;
    put_result(job, &r);
}

static bool is_wanted(const cf_job *job, uint64_t task) {
    return !job->cancelled && task <= atomic_load(&job->pass->last_task);
}

static void put_unwanted(cf_job *job, uint64_t task) {
    cf_error err = {0};
    (void)cf_fail(&err, CF_E_CANCELLED, CF_NOWHERE, "interrupted");
    put_failure(job, task, &err);
}

/* --- losing a process --- */

static void partition_failed(const cf_job *job, uint64_t task, const char *why, cf_error *err) {
    const cf_pass *pass = job->pass;
    const cf_plan *plan = pass->run->plan;
    const cf_pass_task *t = &pass->tasks[task];
    const cf_source *source = plan->sources[plan->nodes[pass->branches[t->branch].scan].i0];
    const cf_partition *p = &source->partitions[t->partition];
    (void)cf_fail(err, CF_E_EXECUTOR, CF_NOWHERE,
                  "partition %u of %.150s (rows %lld to %lld) failed in %d executors; the last "
                  "time %s",
                  t->partition, source->where, (long long)p->first_row,
                  (long long)(p->first_row + p->rows - 1), ATTEMPTS, why);
    cf_error_hint(err, "`%%engine threads` runs the query in this process");
}

/* Its process is lost: the task goes to another one. */
static void slot_retry(engine *e, slot *s, const char *why) {
    cf_job *job = s->job;
    const item it = s->item;
    cf_error err = {0};
    s->job = NULL;
    s->stop_by_ns = 0;
    if (job == NULL) return;
    if (!is_wanted(job, it.task)) {
        put_unwanted(job, it.task);
        return;
    }
    if (it.attempt < ATTEMPTS) {
        e->stats.tasks_retried++;
        if (queue_put(job, (item){it.task, it.attempt + 1}, true)) return;
        (void)cf_fail(&err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to queue a task");
    } else {
        partition_failed(job, it.task, why, &err);
    }
    put_failure(job, it.task, &err);
}

/* why NULL: it seems to have ended by itself. */
static void slot_lost(engine *e, slot *s, const char *why) {
    char how[128] = "it did not end when told to";
    cf_child_end(&s->child, why == NULL ? how : NULL, sizeof how);
    if (s->stop_by_ns == 0) {
        e->lost++;
        (void)snprintf(e->last_loss, sizeof e->last_loss, "%s", why == NULL ? how : why);
    }
    slot_retry(e, s, why == NULL ? how : why);
}

/* The build of the program is wrong: no use trying again. */
static void slot_refused(engine *e, slot *s, const cf_error *err) {
    cf_child_end(&s->child, NULL, 0);
    cf_job *job = s->job;
    (void)e;
    s->job = NULL;
    if (job != NULL) put_failure(job, s->item.task, err);
}

/* --- what executors say --- */

static bool is_its(const slot *s, const cf_task_message *m) {
    return s->job != NULL && m->job == s->job->id && m->task == s->item.task &&
           m->attempt == s->item.attempt;
}

static void slot_done(engine *e, slot *s, const cf_task_result *r) {
    cf_job *job = s->job;
    e->stats.busy_ns += cf_clock_ns() - s->begun_ns;
    if (r->status == CF_OK)
        e->stats.tasks_done++;
    else if (r->status != CF_E_CANCELLED)
        e->stats.tasks_failed++;
    s->job = NULL;
    s->stop_by_ns = 0;
    put_result(job, r);
}

static const char *take_result(engine *e, slot *s, const cf_frame *f) {
    cf_task_message m;
    cf_task_metrics metrics;
    cf_str bytes;
    if (!cf_get_result(f, &m, &metrics, &bytes) || !is_its(s, &m))
        return "it sent a result that does not fit";
    cf_task_result r = {.task = m.task};
    if (is_wanted(s->job, m.task))
        r.status = cf_remote_result(s->job->pass, bytes.data, bytes.size, &r.state, &r.err);
    else
        r.status = cf_fail(&r.err, CF_E_CANCELLED, CF_NOWHERE, "interrupted");
    if (r.status == CF_E_FORMAT) return "it sent a result that cannot be read";
    e->cpu_ns += (int64_t)metrics.cpu_ns;
    s->job->pass->run->cpu_elsewhere += (int64_t)metrics.cpu_ns;
    if (metrics.peak_bytes > e->peak_bytes) e->peak_bytes = metrics.peak_bytes;
    slot_done(e, s, &r);
    return NULL;
}

static const char *take_error(engine *e, slot *s, const cf_frame *f) {
    cf_task_message m;
    cf_task_result r = {0};
    if (!cf_get_error(f, &m, &r.status, &r.err) || !is_its(s, &m))
        return "it sent an error that does not fit";
    r.task = m.task;
    slot_done(e, s, &r);
    return NULL;
}

/* NULL: fine; else why the process is of no more use. */
static const char *take_frame(engine *e, slot *s, const cf_frame *f) {
    cf_error err = {0};
    char program[300];
    if (!s->child.hello) {
        cf_child_program(program, sizeof program);
        const cf_status status = cf_check_hello(f, program, &err);
        if (status == CF_E_FORMAT) return "it did not say hello";
        s->child.hello = true;
        if (status != CF_OK) slot_refused(e, s, &err);
        return NULL;
    }
    switch (f->type) {
    case CF_FRAME_HEARTBEAT: return NULL;
    case CF_FRAME_RESULT: return take_result(e, s, f);
    case CF_FRAME_ERROR: return take_error(e, s, f);
    default: return "it sent a frame that only a caller sends";
    }
}

static void slot_receive(engine *e, slot *s) {
    const bool alive = cf_child_receive(&s->child);
    const char *why = NULL;
    while (s->child.pid > 0 && why == NULL) {
        cf_frame f;
        const cf_frame_state state = cf_frame_next(&s->child.in, &f, &why);
        if (state == CF_FRAME_NONE) {
            why = NULL;
            break;
        }
        if (state == CF_FRAME_READY) why = take_frame(e, s, &f);
    }
    if (s->child.pid <= 0) return;
    if (why != NULL) {
        char words[160];
        (void)snprintf(words, sizeof words, "it sent nonsense: %s", why);
        slot_lost(e, s, strncmp(why, "it ", 3) == 0 ? why : words);
    } else if (!alive) {
        slot_lost(e, s, NULL);
    }
}

/* --- giving work --- */

static void send_task(slot *s, const cf_job *job, item it) {
    cf_child *c = &s->child;
    const cf_task_message m = {job->id, it.task, it.attempt};
    if (!cf_child_has_plan(c, job->plan_id)) {
        cf_text_add(&c->out, job->plan.data, job->plan.size);
        cf_child_note_plan(c, job->plan_id);
    }
    if (c->job != job->id) cf_text_add(&c->out, job->order.data, job->order.size);
    c->job = job->id;
    cf_put_task(&c->out, &m);
}

static void slot_give(engine *e, slot *s, cf_job *job, item it) {
    cf_error err = {0};
    if (s->child.pid <= 0 && cf_child_start(&s->child, &err) != CF_OK) {
        put_failure(job, it.task, &err);
        return;
    }
    s->job = job;
    s->item = it;
    s->begun_ns = s->child.heard_ns = cf_clock_ns();
    s->stop_by_ns = 0;
    send_task(s, job, it);
    if (!cf_child_flush(&s->child)) slot_lost(e, s, NULL);
}

static cf_job *job_with_work(engine *e) {
    for (cf_job *job = e->jobs; job != NULL; job = job->next) {
        while (job->count > 0 && !is_wanted(job, job->queue[job->first].task))
            put_unwanted(job, queue_take(job).task);
        if (job->count > 0) return job;
    }
    return NULL;
}

static slot *slot_idle(engine *e) {
    slot *idle = NULL;
    for (unsigned i = 0; i < e->slot_count; i++) {
        slot *s = &e->slots[i];
        if (s->job != NULL) continue;
        if (s->child.pid > 0) return s; /* rather than start one more */
        if (idle == NULL) idle = s;
    }
    return idle;
}

static void give_work(engine *e) {
    for (;;) {
        cf_job *job = job_with_work(e);
        slot *s = job == NULL ? NULL : slot_idle(e);
        if (s == NULL) return;
        slot_give(e, s, job, queue_take(job));
    }
}

/* --- time --- */

static void slot_stop(slot *s, int64_t now) {
    if (s->job == NULL || s->stop_by_ns != 0) return;
    s->stop_by_ns = now + CANCEL_MS * INT64_C(1000000);
    /* before its hello it may not know the signal, and die of it, which is right, too */
    (void)kill(s->child.pid, SIGUSR1);
}

static void look_at_clock(engine *e) {
    const int64_t now = cf_clock_ns();
    for (unsigned i = 0; i < e->slot_count; i++) {
        slot *s = &e->slots[i];
        char words[96];
        if (s->job == NULL) continue;
        if (!is_wanted(s->job, s->item.task)) slot_stop(s, now);
        if (s->stop_by_ns != 0 && now > s->stop_by_ns) {
            slot_lost(e, s, "it did not stop when asked to");
        } else if (now - s->child.heard_ns > e->silence_ns) {
            (void)snprintf(words, sizeof words, "it gave no sign of life for %.1f s",
                           (double)e->silence_ns / 1e9);
            slot_lost(e, s, words);
        }
    }
}

/* Everything that can happen, for at most so long. */
static void engine_turn(engine *e, int timeout_ms) {
    nfds_t count = 0;
    give_work(e);
    for (unsigned i = 0; i < e->slot_count; i++) {
        const cf_child *c = &e->slots[i].child;
        const short events = c->out.size > c->sent ? POLLIN | POLLOUT : POLLIN;
        e->polls[i] = (struct pollfd){c->pid > 0 ? c->fd : -1, events, 0};
        count++;
    }
    if (poll(e->polls, count, timeout_ms) < 0 && errno != EINTR) return;
    for (unsigned i = 0; i < e->slot_count; i++) {
        slot *s = &e->slots[i];
        const short came = e->polls[i].fd < 0 ? 0 : e->polls[i].revents;
        if (came & POLLOUT && s->child.pid > 0 && !cf_child_flush(&s->child))
            slot_lost(e, s, NULL);
        else if (came != 0 && came != POLLOUT && s->child.pid > 0)
            slot_receive(e, s);
    }
    look_at_clock(e);
    give_work(e);
}

/* --- jobs --- */

static void hash_file(uint64_t *h, const char *path) {
    struct stat st = {0};
    (void)stat(path, &st);
    const int64_t what[] = {(int64_t)st.st_size, (int64_t)st.st_mtim.tv_sec,
                            (int64_t)st.st_mtim.tv_nsec, (int64_t)st.st_ino};
    *h = cf_hash_bytes(what, sizeof what, *h);
}

/* An executor that has a plan of this number need not get it again: the same text, and files
 * that nobody touched. */
static uint64_t plan_number(const cf_plan *plan, cf_str json, cf_str folder, cf_str sizes) {
    uint64_t h = cf_hash_bytes(json.data, json.size, 1);
    h = cf_hash_bytes(folder.data, folder.size, h);
    h = cf_hash_bytes(sizes.data, sizes.size, h);
    for (uint32_t i = 0; i < plan->source_count; i++)
        for (uint32_t k = 0; k < plan->sources[i]->file_count; k++)
            hash_file(&h, plan->sources[i]->files[k]);
    return h;
}

static cf_status plan_frame(cf_job *job, const cf_plan *plan, cf_error *err) {
    char folder[4096];
    cf_text sizes = {0};
    char *json = cf_plan_to_json(plan, err);
    if (json == NULL) return CF_E_MEMORY;
    if (getcwd(folder, sizeof folder) == NULL) folder[0] = '\0';
    for (uint32_t i = 0; i < plan->source_count; i++) {
        const uint64_t size[] = {(uint64_t)plan->sources[i]->rows,
                                 plan->sources[i]->partition_count};
        cf_text_add(&sizes, (const char *)size, sizeof size);
    }
    const cf_str json_text = cf_str_of(json), counts = {sizes.data, sizes.size};
    job->plan_id = plan_number(plan, json_text, cf_str_of(folder), counts);
    const cf_plan_message m = {job->plan_id, cf_str_of(folder), counts, json_text};
    cf_put_plan(&job->plan, &m);
    free(json);
    cf_text_clear(&sizes);
    return CF_OK;
}

static cf_status order_frame(cf_job *job, cf_error *err) {
    const cf_run *run = job->pass->run;
    cf_text wholes = {0};
    cf_status status = cf_wholes_write(job->pass, &wholes, err);
    const cf_job_message m = {job->id,
                              job->plan_id,
                              job->pass->step,
                              job->pass->stream,
                              run->memory_limit,
                              run->options->chunk_rows,
                              {wholes.data, wholes.size}};
    if (status == CF_OK) cf_put_job(&job->order, &m);
    cf_text_clear(&wholes);
    if (status == CF_OK && (job->plan.failed || job->order.failed))
        status = cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to send the query");
    return status;
}

static cf_status open_threads(engine *e, cf_job *job, const char *why, cf_task_fn *fn,
                              void *user, const cf_plan *plan, cf_error *err) {
    if (e->threads == NULL) e->threads = cf_engine_threads(e->slot_count);
    if (e->threads == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no thread can be started");
    (void)snprintf(e->note, sizeof e->note, "%s", why);
    return e->threads->class->open(e->threads, fn, user, plan, &job->inner, err);
}

static void job_free(cf_job *job) {
    free(job->queue);
    cf_text_clear(&job->plan);
    cf_text_clear(&job->order);
    while (job->results != NULL) { /* nobody wanted them */
        result_item *next = job->results->next;
        free(job->results);
        job->results = next;
    }
    free(job);
}

static cf_status processes_open(cf_engine *base, cf_task_fn *fn, void *user,
                                const cf_plan *plan, cf_job **out, cf_error *err) {
    engine *e = (engine *)base;
    cf_job *job = calloc(1, sizeof *job);
    cf_status status = CF_OK;
    if (job == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for a job");
    const char *obstacle =
        fn != cf_task_run ? "the work is no query" : cf_remote_obstacle(user);
    (void)pthread_mutex_lock(&e->mutex);
    job->engine = e;
    job->results_end = &job->results;
    job->id = ++e->last_job;
    if (obstacle != NULL) {
        status = open_threads(e, job, obstacle, fn, user, plan, err);
    } else {
        job->pass = user;
        status = plan_frame(job, plan, err);
        if (status == CF_OK) status = order_frame(job, err);
        job->next = e->jobs;
        if (status == CF_OK) e->jobs = job;
    }
    (void)pthread_mutex_unlock(&e->mutex);
    if (status == CF_OK)
        *out = job;
    else
        job_free(job);
    return status;
}

#define INNER(job) ((job)->engine->threads->class)

static cf_status processes_submit(cf_job *job, uint64_t task, cf_error *err) {
    engine *e = job->engine;
    if (job->inner != NULL) return INNER(job)->submit(job->inner, task, err);
    (void)pthread_mutex_lock(&e->mutex);
    const bool fine = queue_put(job, (item){task, 1}, false);
    if (fine) give_work(e);
    (void)pthread_mutex_unlock(&e->mutex);
    return fine ? CF_OK
                : cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to queue a task");
}

static void processes_cancel(cf_job *job) {
    engine *e = job->engine;
    if (job->inner != NULL) {
        INNER(job)->cancel(job->inner);
        return;
    }
    (void)pthread_mutex_lock(&e->mutex);
    job->cancelled = true;
    job->count = job->first = 0;
    look_at_clock(e);
    (void)pthread_mutex_unlock(&e->mutex);
}

static bool take_first(cf_job *job, cf_task_result *result) {
    result_item *first = job->results;
    if (first == NULL) return false;
    job->results = first->next;
    if (job->results == NULL) job->results_end = &job->results;
    *result = first->result;
    free(first);
    return true;
}

static bool processes_wait(cf_job *job, int timeout_ms, cf_task_result *result) {
    engine *e = job->engine;
    if (job->inner != NULL) return INNER(job)->wait(job->inner, timeout_ms, result);
    const int64_t until = cf_clock_ns() + timeout_ms * INT64_C(1000000);
    bool found = false;
    for (int64_t left = timeout_ms; !found && left >= 0 && !atomic_exchange(&job->woken, false);
         left = (until - cf_clock_ns()) / 1000000) {
        (void)pthread_mutex_lock(&e->mutex);
        if (job->results == NULL) engine_turn(e, left > SLICE_MS ? SLICE_MS : (int)left);
        found = take_first(job, result);
        (void)pthread_mutex_unlock(&e->mutex);
        if (left == 0) break;
    }
    return found;
}

static void processes_wake(cf_job *job) {
    if (job->inner != NULL)
        INNER(job)->wake(job->inner);
    else
        atomic_store(&job->woken, true);
}

static bool is_running(const cf_job *job) {
    for (unsigned i = 0; i < job->engine->slot_count; i++)
        if (job->engine->slots[i].job == job) return true;
    return job->count > 0;
}

static cf_status processes_drain(cf_job *job) {
    engine *e = job->engine;
    if (job->inner != NULL) return INNER(job)->drain(job->inner);
    (void)pthread_mutex_lock(&e->mutex);
    while (is_running(job))
        engine_turn(e, 5);
    (void)pthread_mutex_unlock(&e->mutex);
    return CF_OK;
}

/* What a pass needs of the whole goes with the job. */
static cf_status processes_broadcast(cf_engine *e, const char *key, const void *data,
                                     size_t size, cf_error *err) {
    (void)e, (void)key, (void)data, (void)size, (void)err;
    return CF_OK;
}

static void processes_stats(cf_engine *base, cf_engine_stats *out) {
    engine *e = (engine *)base;
    cf_engine_stats inner = {0};
    (void)pthread_mutex_lock(&e->mutex);
    *out = e->stats;
    if (e->threads != NULL) e->threads->class->stats(e->threads, &inner);
    (void)pthread_mutex_unlock(&e->mutex);
    out->tasks_done += inner.tasks_done;
    out->tasks_failed += inner.tasks_failed;
    out->busy_ns += inner.busy_ns;
}

static void processes_close(cf_job *job) {
    engine *e = job->engine;
    if (job->inner != NULL) {
        INNER(job)->close(job->inner);
        job_free(job);
        return;
    }
    processes_cancel(job);
    (void)processes_drain(job);
    (void)pthread_mutex_lock(&e->mutex);
    cf_job **at = &e->jobs;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    (void)pthread_mutex_unlock(&e->mutex);
    job_free(job);
}

static void processes_free(cf_engine *base) {
    engine *e = (engine *)base;
    const int64_t until = cf_clock_ns() + GOODBYE_MS * INT64_C(1000000);
    for (unsigned i = 0; e->slots != NULL && i < e->slot_count; i++)
        cf_child_dismiss(&e->slots[i].child);
    for (unsigned i = 0; e->slots != NULL && i < e->slot_count; i++)
        cf_child_await(&e->slots[i].child, until);
    cf_engine_free(e->threads);
    (void)pthread_mutex_destroy(&e->mutex);
    free(e->slots);
    free(e->polls);
    free(e);
}

static const cf_engine_class processes_class = {
    .submit = processes_submit,
    .cancel = processes_cancel,
    .wait = processes_wait,
    .wake = processes_wake,
    .drain = processes_drain,
    .stats = processes_stats,
    .open = processes_open,
    .close = processes_close,
    .free = processes_free,
    .broadcast = processes_broadcast,
};

static int64_t silence_limit(void) {
    const char *given = getenv("CUTFLOW_EXEC_SILENCE_MS");
    const long ms = given == NULL ? 0 : strtol(given, NULL, 10);
    return (ms >= 100 && ms <= 3600000 ? ms : SILENCE_MS) * INT64_C(1000000);
}

cf_engine *cf_engine_processes(unsigned slots) {
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    engine *e = calloc(1, sizeof *e);
    if (e == NULL) return NULL;
    if (slots == 0) slots = cores < 1 ? 1 : (unsigned)cores;
    if (slots > SLOTS_MOST) slots = SLOTS_MOST;
    e->base.class = &processes_class;
    e->slot_count = slots;
    e->silence_ns = silence_limit();
    e->slots = calloc(slots, sizeof *e->slots);
    e->polls = calloc(slots, sizeof *e->polls);
    e->stats = (cf_engine_stats){.name = "processes", .slots = slots};
    (void)pthread_mutex_init(&e->mutex, NULL);
    if (e->slots == NULL || e->polls == NULL) {
        processes_free(&e->base);
        return NULL;
    }
    for (unsigned i = 0; i < slots; i++)
        e->slots[i].child.fd = -1;
    return &e->base;
}

void cf_engine_describe(cf_engine *base, cf_text *out) {
    cf_engine_stats s = {0};
    base->class->stats(base, &s);
    cf_text_addf(out, "%s: %u slots; tasks: %llu done, %llu failed, %llu retried\n", s.name,
                 s.slots, (unsigned long long)s.tasks_done, (unsigned long long)s.tasks_failed,
                 (unsigned long long)s.tasks_retried);
    if (base->class != &processes_class) return;
    engine *e = (engine *)base;
    char program[4200];
    unsigned running = 0;
    (void)pthread_mutex_lock(&e->mutex);
    for (unsigned i = 0; i < e->slot_count; i++)
        running += e->slots[i].child.pid > 0;
    cf_child_program(program, sizeof program);
    cf_text_addf(out, "executors: %s; %u running", program, running);
    if (e->lost > 0)
        cf_text_addf(out, ", %llu lost; the last one: %s", (unsigned long long)e->lost,
                     e->last_loss);
    cf_text_addc(out, '\n');
    if (e->stats.tasks_done > 0)
        cf_text_addf(out, "they used %.3f s of CPU and at most %llu MiB each\n",
                     (double)e->cpu_ns / 1e9, (unsigned long long)(e->peak_bytes >> 20));
    if (e->note[0] != '\0')
        cf_text_addf(out, "on threads of this process, lately: %s\n", e->note);
    (void)pthread_mutex_unlock(&e->mutex);
}
