/* Runs a cell in a thread of its own, so that the main thread can listen to signals: handlers
 * only write the signal's number into a pipe.  An interrupt asks the session to stop and is
 * repeated until it has, since one that comes before the cell has begun would be lost. */

#define _GNU_SOURCE /* pipe2 */

#include "repl/terminal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { REPEAT_MS = 100, IMPATIENT_MS = 2000, LEAVE_MS_MAX = 3000 };

static int signal_pipe[2] = {-1, -1}; /* a signal handler has no other place to find it */

static void on_signal(int number) {
    const int saved = errno;
    const unsigned char byte = (unsigned char)number;
    if (write(signal_pipe[1], &byte, 1) < 0) {
    } /* full: more than enough wait there already */
    errno = saved;
}

/* A signal that the parent had ignored stays so: `nohup`, and a shell's background jobs. */
static void listen_to(int number, bool even_if_ignored) {
    struct sigaction action = {0}, old;
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &old) != 0) return;
    if (even_if_ignored || old.sa_handler != SIG_IGN) sigaction(number, &action, NULL);
}

bool cf_signals_start(bool prompting) {
    if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    listen_to(SIGINT, prompting);
    signal(SIGPIPE, prompting ? SIG_IGN : SIG_DFL);
    if (!prompting) return true;
    listen_to(SIGWINCH, true);
    listen_to(SIGTSTP, false);
    listen_to(SIGTERM, true);
    listen_to(SIGHUP, false);
    return true;
}

int cf_signals_fd(void) {
    return signal_pipe[0];
}

int cf_signals_next(void) {
    unsigned char byte;
    return read(signal_pipe[0], &byte, 1) == 1 ? byte : 0;
}

typedef struct {
    cf_terminal *terminal;
    const cf_cell *cell;
    cf_status status;
    int done; /* closed at the end: the other side wakes up */
} job;

static void *work(void *argument) {
    job *j = argument;
    const cf_callbacks callbacks = cf_show_callbacks(j->terminal);
    j->status = cf_session_run(j->terminal->session, j->cell, &callbacks);
    close(j->done);
    return NULL;
}

static bool start(pthread_t *thread, job *j) {
    sigset_t mine, old;
    sigemptyset(&mine);
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaddset(&mine, numbers[i]);
    pthread_sigmask(SIG_BLOCK, &mine, &old);
    const bool ok = pthread_create(thread, NULL, work, j) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return ok;
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

typedef struct {
    cf_terminal *terminal;
    cf_run_outcome outcome;
    int64_t last_interrupt_ms, leave_ms;
} watch;

static void stop_cell(const watch *w) {
    cf_session_interrupt(w->terminal->session);
    if (write(w->terminal->wake[1], "", 1) < 0) {
    } /* an `input` that waits */
}

static void suspend(void) {
    signal(SIGTSTP, SIG_DFL);
    raise(SIGTSTP);
    listen_to(SIGTSTP, false);
}

static void on_interrupt(watch *w) {
    static const char patience[] = "\nstill stopping what runs; the session stays as it is\n";
    const int64_t now = now_ms();
    if (w->outcome.interrupted && !w->terminal->prompting) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
    if (w->outcome.interrupted && now - w->last_interrupt_ms < IMPATIENT_MS) {
        if (write(STDERR_FILENO, patience, sizeof(patience) - 1) < 0) {
        }
    }
    w->outcome.interrupted = true;
    w->last_interrupt_ms = now;
    stop_cell(w);
}

static void on_signal_while_running(watch *w, int number) {
    switch (number) {
    case SIGINT:
        if (!w->terminal->child) on_interrupt(w);
        break;
    case SIGTSTP: suspend(); break;
    case SIGTERM:
    case SIGHUP:
        w->outcome.signal = number;
        w->outcome.interrupted = true;
        w->leave_ms = now_ms() + LEAVE_MS_MAX;
        stop_cell(w);
        break;
    default: break; /* a changed window is asked for when something is shown */
    }
}

static void wait_for_end(watch *w, int done) {
    for (;;) {
        struct pollfd fds[] = {{done, POLLIN, 0}, {signal_pipe[0], POLLIN, 0}};
        const int n = poll(fds, 2, w->outcome.interrupted ? REPEAT_MS : -1);
        if (n < 0 && errno != EINTR) return;
        if (n > 0 && fds[0].revents != 0) return;
        for (int number = cf_signals_next(); number != 0; number = cf_signals_next())
            on_signal_while_running(w, number);
        if (w->outcome.interrupted) cf_session_interrupt(w->terminal->session);
        if (w->outcome.signal != 0 && now_ms() > w->leave_ms) _exit(128 + w->outcome.signal);
    }
}

cf_run_outcome cf_runner_run(cf_terminal *t, const cf_cell *cell) {
    char drain[16];
    while (t->wake[0] >= 0 && read(t->wake[0], drain, sizeof(drain)) > 0) {
    }
    int ends[2];
    job j = {t, cell, CF_OK, -1};
    watch w = {.terminal = t};
    pthread_t thread;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        const cf_callbacks callbacks = cf_show_callbacks(t);
        w.outcome.status = cf_session_run(t->session, cell, &callbacks);
        return w.outcome;
    }
    j.done = ends[1];
    if (start(&thread, &j)) {
        wait_for_end(&w, ends[0]);
        pthread_join(thread, NULL);
    } else {
        work(&j);
    }
    close(ends[0]);
    cf_show_settle(t);
    w.outcome.status = j.status;
    return w.outcome;
}

static cf_status run_all(cf_terminal *t, const cf_cell *cell, bool keep_going) {
    if (!keep_going) return cf_runner_run(t, cell).status;
    cf_status first = CF_OK;
    for (size_t begin = 0; begin < cell->size && t->output_errno == 0;) {
        const size_t end = cf_statement_end(cell->text, cell->size, begin);
        char *part = cf_statement_alone(cell->text, begin, end);
        if (part == NULL) return CF_E_MEMORY;
        const cf_cell one = {part, end, cell->name};
        const cf_run_outcome outcome = cf_runner_run(t, &one);
        free(part);
        if (first == CF_OK) first = outcome.status;
        if (outcome.interrupted) return CF_E_CANCELLED;
        begin = end;
    }
    return first;
}

cf_status cf_terminal_run(cf_terminal *t, const cf_cell *cell, bool keep_going) {
    t->prompting = false;
    if (!cf_signals_start(false)) return CF_E_INTERNAL;
    return run_all(t, cell, keep_going);
}
