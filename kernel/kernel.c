/* The kernel's life: sockets, threads, signals, the end. */

#include "kernel/kernel.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum {
    ROWS_SHOWN = 10,
    REPEAT_MS = 50,   /* an interrupt is repeated until the cell has ended */
    PARENT_MS = 1000, /* between two looks at the parent */
    IDLE_MS = 3600000,
    WORKERS_END_MS = 600, /* a cell that does not stop is left alone after that */
    LAST_WORDS_MS = 100,
    LINGER_MS = 150,
    NS_PER_MS = 1000000
};

int64_t cf_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void cf_sleep_ms(long ms) {
    struct timespec t = {ms / 1000, ms % 1000 * NS_PER_MS};
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

int cf_eventfd_new(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void cf_eventfd_raise(int fd) {
    const uint64_t one = 1;
    if (write(fd, &one, sizeof one) < 0) {
    } /* full: it is raised */
}

void cf_eventfd_lower(int fd) {
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0) {
    } /* was not raised */
}

/* ---- interrupts ---- */

/* The session is told while the worker cannot go on to its next cell, which would otherwise be
 * hit.  True if something was told. */
static bool interrupt_worker(cf_kernel *k, cf_worker *w, bool only_again) {
    pthread_mutex_lock(&w->lock);
    const bool tell = w->executing && (!only_again || w->interrupted);
    if (tell) {
        w->interrupted = true;
        cf_session_interrupt(k->session);
    }
    pthread_mutex_unlock(&w->lock);
    return tell;
}

static bool interrupt_all(cf_kernel *k, bool only_again) {
    bool any = interrupt_worker(k, &k->main, only_again);
    pthread_mutex_lock(&k->subshell_lock);
    for (cf_worker *w = k->subshells; w != NULL; w = w->next)
        any |= interrupt_worker(k, w, only_again);
    pthread_mutex_unlock(&k->subshell_lock);
    if (any) cf_question_wake(k);
    return any;
}

/* SIGUSR1 makes the main thread look: it repeats what a cell that was just beginning missed. */
void cf_kernel_interrupt(cf_kernel *k) {
    if (interrupt_all(k, false)) (void)pthread_kill(k->main_thread, SIGUSR1);
}

void cf_kernel_stop(cf_kernel *k) {
    k->stopping = true;
    cf_question_wake(k);
    (void)pthread_kill(k->main_thread, SIGUSR1);
}

/* ---- the parent ---- */

/* Who started the kernel says so in JPY_PARENT_PID.  If that is our parent, another parent
 * means that it is gone (orphans go to process 1 or to a subreaper; 1 may be the parent
 * itself). If there is a process between, the named one is asked for. */
typedef struct {
    pid_t named, first;
    bool watched;
} parent;

static parent find_parent(void) {
    parent p = {.first = getppid()};
    const char *name = getenv("JPY_PARENT_PID");
    p.named = name != NULL ? (pid_t)strtol(name, NULL, 10) : 0;
    p.watched = p.named > 0 && (p.named == p.first || kill(p.named, 0) == 0 || errno == EPERM);
    return p;
}

static bool is_gone(const parent *p) {
    if (!p->watched) return false;
    if (p->named == p->first) return getppid() != p->first;
    return kill(p->named, 0) != 0 && errno == ESRCH;
}

/* ---- signals ---- */

static sigset_t block_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
    sigset_t ours;
    sigemptyset(&ours);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&ours, numbers[i]);
    pthread_sigmask(SIG_BLOCK, &ours, NULL); /* threads inherit it */
    (void)signal(SIGPIPE, SIG_IGN);
    return ours;
}

static void listen_to_signals(cf_kernel *k, const sigset_t *ours) {
    const parent p = find_parent();
    while (!k->stopping) {
        const long wait_ms = interrupt_all(k, true) ? REPEAT_MS
                             : p.watched            ? (long)PARENT_MS
                                                    : (long)IDLE_MS;
        const struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * NS_PER_MS};
        const int number = sigtimedwait(ours, NULL, &wait);
        if (number == SIGINT) (void)interrupt_all(k, false);
        if (number == SIGTERM || number == SIGHUP) {
            k->exit_code = 128 + number;
            k->stopping = true;
        }
        if (is_gone(&p)) k->stopping = true;
    }
}

/* ---- beginning ---- */

static const struct {
    cf_port port;
    int type;
} sockets[] = {{CF_PORT_SHELL, ZMQ_ROUTER},
               {CF_PORT_IOPUB, ZMQ_XPUB},
               {CF_PORT_STDIN, ZMQ_ROUTER},
               {CF_PORT_CONTROL, ZMQ_ROUTER},
               {CF_PORT_HB, ZMQ_ROUTER}};

static bool bind_all(cf_kernel *k) {
    for (size_t i = 0; i < CF_PORT_COUNT; i++) {
        const cf_port port = sockets[i].port;
        k->sockets[port] = cf_connection_bind(&k->connection, k->zmq, port, sockets[i].type);
        if (k->sockets[port] == NULL) {
            fprintf(stderr, "cutflow-kernel: cannot bind %s %d: %s\n", cf_port_keys[port],
                    k->connection.ports[port], zmq_strerror(errno));
            return false;
        }
    }
    return true;
}

static bool read_connection(cf_kernel *k, const char *path) {
    const char *why;
    if (!cf_connection_read(&k->connection, path, &why)) {
        fprintf(stderr, "cutflow-kernel: %s: %s\n", path, why);
        return false;
    }
    if (cf_wire_init(&k->wire, k->connection.scheme, k->connection.key)) return true;
    fprintf(stderr, "cutflow-kernel: %s: no signature scheme `%s`\n", path,
            k->connection.scheme);
    return false;
}

static bool open_session(cf_kernel *k) {
    const cf_session_options options = {.rows_shown = ROWS_SHOWN};
    cf_error error = {0};
    k->session = cf_session_new(&options, &error);
    if (k->session == NULL) fprintf(stderr, "cutflow-kernel: %s\n", error.message);
    return k->session != NULL;
}

static void close_sockets(cf_kernel *k) {
    const int linger = LINGER_MS;
    for (size_t i = 0; i < CF_PORT_COUNT; i++) {
        if (k->sockets[i] == NULL) continue;
        (void)zmq_setsockopt(k->sockets[i], ZMQ_LINGER, &linger, sizeof linger);
        zmq_close(k->sockets[i]);
    }
    if (k->zmq != NULL)
        while (zmq_ctx_term(k->zmq) != 0 && errno == EINTR) {
        }
}

static bool open_sockets(cf_kernel *k, const char *path) {
    k->zmq = zmq_ctx_new();
    k->stop_fd = cf_eventfd_new();
    if (k->zmq == NULL || k->stop_fd < 0 || !bind_all(k)) return false;
    if (!k->connection.chosen || cf_connection_write(&k->connection, path)) return true;
    fprintf(stderr, "cutflow-kernel: cannot write the chosen ports to %s\n", path);
    return false;
}

static bool start_threads(cf_kernel *k) {
    return cf_iopub_start(k) && cf_shell_start(k) && cf_worker_start(&k->main, k, NULL) &&
           pthread_create(&k->control_thread, NULL, cf_control_main, k) == 0 &&
           pthread_create(&k->heartbeat_thread, NULL, cf_heartbeat_main, k) == 0;
}

static void publish_starting(cf_kernel *k) {
    cf_iopub_status(k, NULL, "starting");
}

/* ---- the end ---- */

/* Whoever works is interrupted until it stops; false: it does not. */
static bool join_worker(cf_kernel *k, cf_worker *w, int64_t deadline) {
    while (!cf_worker_join(w, cf_now_ns() + (int64_t)REPEAT_MS * NS_PER_MS)) {
        if (cf_now_ns() > deadline) return false;
        (void)interrupt_worker(k, w, false);
        cf_question_wake(k);
    }
    return true;
}

static bool end_workers(cf_kernel *k) {
    const int64_t deadline = cf_now_ns() + (int64_t)WORKERS_END_MS * NS_PER_MS;
    cf_worker_leave(&k->main);
    pthread_mutex_lock(&k->subshell_lock);
    cf_worker *list = k->subshells;
    for (cf_worker *w = list; w != NULL; w = w->next)
        cf_worker_leave(w);
    k->subshells = NULL;
    pthread_mutex_unlock(&k->subshell_lock);
    (void)interrupt_worker(k, &k->main, false);
    for (cf_worker *w = list; w != NULL; w = w->next)
        (void)interrupt_worker(k, w, false);
    while (list != NULL) {
        cf_worker *next = list->next;
        if (!join_worker(k, list, deadline)) return false;
        free(list);
        list = next;
    }
    return join_worker(k, &k->main, deadline);
}

/* Workers still reply while they end, so the shell thread goes after them; it hands over
 * nothing new. */
static void end_threads(cf_kernel *k) {
    pthread_mutex_lock(&k->subshell_lock);
    k->closed = true;
    pthread_mutex_unlock(&k->subshell_lock);
    cf_eventfd_raise(k->stop_fd);
    pthread_join(k->control_thread, NULL);
    pthread_join(k->heartbeat_thread, NULL);
    if (!end_workers(k)) { /* it hangs in the middle of something: nothing can be freed */
        cf_iopub_flush(k);
        cf_sleep_ms(LAST_WORDS_MS);
        _exit(k->exit_code);
    }
    cf_shell_stop(k);
    cf_iopub_stop(k);
    close(k->stop_fd);
}

static void init_locks(cf_kernel *k) {
    pthread_mutex_init(&k->running, NULL);
    pthread_mutex_init(&k->subshell_lock, NULL);
    pthread_mutex_init(&k->question.lock, NULL);
    pthread_cond_init(&k->question.wake, NULL);
    k->main_thread = pthread_self();
}

static int run(cf_kernel *k, const char *path) {
    const sigset_t ours = block_signals();
    init_locks(k);
    if (!read_connection(k, path)) return 1;
    bool ok = open_sockets(k, path) && open_session(k);
    if (ok && start_threads(k)) {
        publish_starting(k);
        listen_to_signals(k, &ours);
        end_threads(k);
    } else if (ok) {
        fputs("cutflow-kernel: cannot start threads\n", stderr);
        _exit(1);
    }
    close_sockets(k);
    cf_session_free(k->session);
    return ok ? k->exit_code : 1;
}

int cf_kernel_run(const char *connection_file) {
    cf_kernel *k = cf_need(calloc(1, sizeof *k));
    const int code = run(k, connection_file);
    cf_connection_clear(&k->connection);
    if (k->wire.seen != NULL) cf_wire_clear(&k->wire);
    free(k);
    return code;
}
