/* cutflow-exec: runs tasks of plans for somebody else.  Frames come on standard input and
 * answers go to standard output; anything to be read by people goes to standard error.  It
 * knows no language: plans come as JSON, data files are opened here.
 *
 * One task at a time.  A second thread says meanwhile that this one is alive, and ends the
 * program when nobody listens any more. */

#include "dist/message.h"
#include "exec/remote.h"
#include "io/open.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PLANS        4 /* as many as callers count on (CF_CHILD_PLANS) */
#define HEARTBEAT_MS 500
#define READ_SIZE    ((size_t)256 << 10)
#define STACK_BYTES  (16u << 20) /* plans are evaluated by recursion */

enum { EXIT_VERSION = 3, EXIT_DAMAGED = 4, EXIT_SYSTEM = 5 };

typedef struct {
    uint64_t id;
    cf_plan *plan;
    cf_status status; /* of opening it; later tasks report it */
    cf_error err;
} known_plan;

typedef struct {
    cf_frame_reader in;
    bool hello;
    known_plan plans[PLANS];
    size_t plan_count; /* ever */
    uint64_t job;
    cf_remote *remote; /* of the job; NULL: it could not be made */
    cf_status status;
    cf_error err;
} executor;

/* --- output, and life signs --- */

static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static _Atomic bool busy;
static cf_remote *_Atomic running;
static volatile sig_atomic_t stopped;

static void send_all(cf_text *out) {
    (void)pthread_mutex_lock(&writing);
    for (size_t sent = 0; sent < out->size && !out->failed;) {
        const ssize_t n = write(STDOUT_FILENO, out->data + sent, out->size - sent);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) _exit(0); /* nobody reads: nobody is there */
        sent += (size_t)n;
    }
    (void)pthread_mutex_unlock(&writing);
    if (out->failed) {
        (void)fputs("cutflow-exec: not enough memory for an answer\n", stderr);
        _exit(EXIT_SYSTEM);
    }
    cf_text_clear(out);
}

static void *life_signs(void *unused) {
    (void)unused;
    for (;;) {
        struct pollfd in = {STDIN_FILENO, 0, 0};
        const int seen = poll(&in, 1, HEARTBEAT_MS);
        if (!atomic_load(&busy)) {
            if (seen > 0) (void)poll(NULL, 0, HEARTBEAT_MS);
            continue;
        }
        if (seen > 0 && in.revents & (POLLHUP | POLLERR | POLLNVAL)) _exit(0);
        cf_text beat = {0};
        cf_put_heartbeat(&beat);
        send_all(&beat);
    }
    return NULL;
}

static void on_stop(int number) {
    (void)number;
    cf_remote *r = atomic_load(&running);
    stopped = 1;
    if (r != NULL) cf_remote_stop(r);
}

/* --- plans --- */

static cf_status open_source(void *user, const char *format, const char *pattern,
                             const char *tree, bool flat, cf_source **source, cf_error *err) {
    const cf_open_options options = {.format = format, .tree = tree, .flat = flat};
    (void)user;
    return cf_open(pattern, &options, source, err);
}

/* Partitions are numbers: they must be the same rows here as there. */
static cf_status same_sizes(const cf_plan *plan, cf_str sizes, cf_error *err) {
    uint64_t size[2] = {0};
    if (sizes.size != plan->source_count * sizeof size)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "a plan with other sources than it says");
    for (uint32_t i = 0; i < plan->source_count; i++) {
        const cf_source *s = plan->sources[i];
        memcpy(size, sizes.data + i * sizeof size, sizeof size);
        if (size[0] != (uint64_t)s->rows || size[1] != s->partition_count)
            return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                           "%s has %lld rows in %u partitions here, but %lld in %llu where the "
                           "query began: did it change?",
                           s->where, (long long)s->rows, s->partition_count, (long long)size[0],
                           (unsigned long long)size[1]);
    }
    return CF_OK;
}

static cf_status plan_open(known_plan *k, const cf_plan_message *m) {
    char *folder = strndup(m->folder.data, m->folder.size);
    char *json = strndup(m->json.data, m->json.size);
    cf_status status = CF_OK;
    if (folder == NULL || json == NULL)
        status = cf_fail(&k->err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for a plan");
    else if (folder[0] != '\0' && chdir(folder) != 0)
        status = cf_fail(&k->err, CF_E_OPEN, CF_NOWHERE, "cannot enter %.300s: %s", folder,
                         cf_errno_text());
    if (status == CF_OK)
        status = cf_plan_from_json(json, open_source, NULL, NULL, 0, &k->plan, &k->err);
    if (status == CF_OK) status = same_sizes(k->plan, m->sizes, &k->err);
    free(folder);
    free(json);
    return status;
}

static void job_end(executor *x) {
    cf_remote_close(x->remote);
    x->remote = NULL;
    x->job = 0;
}

static bool take_plan(executor *x, const cf_frame *f) {
    cf_plan_message m;
    if (!cf_get_plan(f, &m)) return false;
    known_plan *k = &x->plans[x->plan_count++ % PLANS];
    job_end(x); /* it may be this plan's */
    if (k->plan != NULL) cf_plan_free(k->plan);
    *k = (known_plan){.id = m.id};
    k->status = plan_open(k, &m);
    return true;
}

static bool take_job(executor *x, const cf_frame *f) {
    cf_job_message m;
    if (!cf_get_job(f, &m)) return false;
    job_end(x);
    x->job = m.id;
    x->err = (cf_error){0};
    x->status = CF_E_FORMAT;
    for (size_t i = 0; i < PLANS; i++) {
        const known_plan *k = &x->plans[i];
        if (k->id != m.plan) continue;
        x->err = k->err;
        x->status = k->status;
        if (k->status == CF_OK)
            x->status = cf_remote_open(k->plan, (size_t)m.memory_limit, (uint32_t)m.chunk_rows,
                                       (uint32_t)m.step, (cf_id)m.stream, m.wholes.data,
                                       m.wholes.size, &x->remote, &x->err);
        return true;
    }
    (void)cf_fail(&x->err, CF_E_FORMAT, CF_NOWHERE, "a job of a plan that is not here");
    return true;
}

/* --- tasks --- */

/* CUTFLOW_EXEC_TEST, for tests of what may go wrong: `die=N` ends the program in task N,
 * `slow=MS` makes every task last longer; `other` says hello as another version would. */
static long test_number(const char *word) {
    const char *all = getenv("CUTFLOW_EXEC_TEST");
    const char *at = all == NULL ? NULL : strstr(all, word);
    return at == NULL ? -1 : strtol(at + strlen(word), NULL, 10);
}

static void test_hooks(uint64_t task) {
    const long die = test_number("die="), slow = test_number("slow=");
    if (die >= 0 && (uint64_t)die == task) (void)raise(SIGKILL);
    for (long ms = 0; ms < slow && !stopped; ms++)
        (void)poll(NULL, 0, 1);
}

static int64_t cpu_ns_of(const struct rusage *u) {
    return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * INT64_C(1000000000) +
           (u->ru_utime.tv_usec + u->ru_stime.tv_usec) * INT64_C(1000);
}

static cf_status task_run(executor *x, uint64_t task, cf_text *bytes, cf_task_metrics *metrics,
                          cf_error *err) {
    struct rusage before = {0}, after = {0};
    cf_remote_counts counts = {0};
    const int64_t begin = cf_clock_ns();
    if (x->status != CF_OK) {
        *err = x->err;
        return x->status;
    }
    (void)getrusage(RUSAGE_SELF, &before);
    stopped = 0;
    atomic_store(&running, x->remote);
    test_hooks(task);
    const cf_status status = stopped ? cf_fail(err, CF_E_CANCELLED, CF_NOWHERE, "interrupted")
                                     : cf_remote_task(x->remote, task, bytes, &counts, err);
    atomic_store(&running, NULL);
    (void)getrusage(RUSAGE_SELF, &after);
    *metrics = (cf_task_metrics){.wall_ns = (uint64_t)(cf_clock_ns() - begin),
                                 .cpu_ns = (uint64_t)(cpu_ns_of(&after) - cpu_ns_of(&before)),
                                 .peak_bytes = (uint64_t)after.ru_maxrss * 1024,
                                 .bytes_requested = (uint64_t)counts.io.bytes_requested,
                                 .bytes_read = (uint64_t)counts.io.bytes_read,
                                 .bytes_unpacked = (uint64_t)counts.io.bytes_unpacked,
                                 .rows = (uint64_t)counts.rows};
    return status;
}

static bool take_task(executor *x, const cf_frame *f) {
    cf_task_message m;
    cf_task_metrics metrics;
    cf_error err = {0};
    cf_text bytes = {0}, answer = {0};
    if (!cf_get_task(f, &m) || m.job != x->job) return false;
    atomic_store(&busy, true);
    const cf_status status = task_run(x, m.task, &bytes, &metrics, &err);
    if (status == CF_OK)
        cf_put_result(&answer, &m, &metrics, (cf_str){bytes.data, bytes.size});
    else
        cf_put_error(&answer, &m, status, &err);
    cf_text_clear(&bytes);
    send_all(&answer);
    atomic_store(&busy, false);
    return true;
}

/* --- the loop --- */

static int complain(const char *what, int code) {
    (void)fprintf(stderr, "cutflow-exec: %s\n", what);
    return code;
}

static int take_hello(executor *x, const cf_frame *f) {
    cf_error err = {0};
    const cf_status status = cf_check_hello(f, "the caller", &err);
    x->hello = true;
    if (status == CF_OK) return 0;
    return complain(err.message, status == CF_E_FORMAT ? EXIT_DAMAGED : EXIT_VERSION);
}

static int take_frame(executor *x, const cf_frame *f) {
    bool fine = false;
    if (!x->hello) return take_hello(x, f);
    switch (f->type) {
    case CF_FRAME_PLAN: fine = take_plan(x, f); break;
    case CF_FRAME_JOB: fine = take_job(x, f); break;
    case CF_FRAME_TASK: fine = take_task(x, f); break;
    default: break;
    }
    return fine ? 0 : complain("a frame that makes no sense here", EXIT_DAMAGED);
}

static int take_frames(executor *x) {
    for (;;) {
        cf_frame f;
        const char *why;
        const cf_frame_state state = cf_frame_next(&x->in, &f, &why);
        if (state == CF_FRAME_NONE) return 0;
        if (state == CF_FRAME_BAD) return complain(why, EXIT_DAMAGED);
        const int code = take_frame(x, &f);
        if (code != 0) return code;
    }
}

static int serve(executor *x) {
    char *bytes = malloc(READ_SIZE);
    int code = bytes == NULL ? complain("not enough memory", EXIT_SYSTEM) : 0;
    cf_text hello = {0};
    cf_put_hello(&hello, test_number("other") >= 0 ? 99 : CF_PROTOCOL_VERSION);
    send_all(&hello);
    while (code == 0) {
        const ssize_t n = read(STDIN_FILENO, bytes, READ_SIZE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) code = complain("standard input cannot be read", EXIT_SYSTEM);
        if (n <= 0) break;
        code = cf_frame_feed(&x->in, bytes, (size_t)n)
                   ? take_frames(x)
                   : complain("not enough memory", EXIT_SYSTEM);
    }
    free(bytes);
    return code;
}

static void executor_clear(executor *x) {
    job_end(x);
    for (size_t i = 0; i < PLANS; i++)
        if (x->plans[i].plan != NULL) cf_plan_free(x->plans[i].plan);
    cf_frame_reader_clear(&x->in);
    free(x);
}

static int exit_code = EXIT_SYSTEM;

static void *serve_all(void *unused) {
    executor *x = calloc(1, sizeof *x);
    (void)unused;
    if (x == NULL) return NULL;
    exit_code = serve(x);
    executor_clear(x);
    return NULL;
}

static bool thread_start(pthread_t *t, void *(*function)(void *), size_t stack) {
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    if (stack > 0) (void)pthread_attr_setstacksize(&attributes, stack);
    const int status = pthread_create(t, &attributes, function, NULL);
    (void)pthread_attr_destroy(&attributes);
    return status == 0;
}

static int usage(const char *word) {
    if (strcmp(word, "--version") == 0) {
        (void)printf("cutflow-exec %s\n", cf_build_id());
        return 0;
    }
    (void)fputs(
        "cutflow-exec runs tasks for cutflow, which starts it: frames on standard input, "
        "answers on\nstandard output.  cutflow-exec --version names its build.\n",
        stderr);
    return strcmp(word, "--help") == 0 ? 0 : 2;
}

int main(int argc, char **argv) {
    pthread_t server, signs;
    struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    if (argc > 1) return usage(argv[1]);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGTTOU, SIG_IGN);
    (void)sigaction(SIGUSR1, &stop, NULL);
    if (!thread_start(&server, serve_all, STACK_BYTES) || !thread_start(&signs, life_signs, 0))
        return complain("no thread can be started", EXIT_SYSTEM);
    (void)pthread_join(server, NULL);
    return exit_code;
}
