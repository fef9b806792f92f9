/* `cutflow run`: one thread waits for all: executors, deadlines, signals. */

#define _GNU_SOURCE /* pipe2 */

#include "notebook/job.h"
#include "notebook/script.h"

#include "cutflow/notebook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int signal_pipe[2] = {-1, -1}; /* a signal handler has no other place to find it */

static void on_signal(int number) {
    const int saved = errno;
    const unsigned char byte = (unsigned char)number;
    if (write(signal_pipe[1], &byte, 1) < 0) {
    } /* full: more than enough wait there already */
    errno = saved;
}

static bool listen_to_signals(void) {
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct sigaction action = {0}, old;
        action.sa_handler = on_signal;
        action.sa_flags = SA_RESTART;
        sigemptyset(&action.sa_mask);
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    return true;
}

typedef struct {
    const cf_nb_options *options;
    cf_nb_reporter reporter;
    cf_nb_job **jobs;
    size_t count, started, running;
    int signal; /* the one that ends all */
} crew;

static void start_more(crew *c) {
    while (c->signal == 0 && c->started < c->count && c->running < c->options->jobs) {
        cf_nb_job *job = c->jobs[c->started++];
        cf_nb_job_start(job);
        c->running += !cf_nb_job_is_done(job);
    }
}

static void count_running(crew *c) {
    c->running = 0;
    for (size_t i = 0; i < c->started; i++)
        c->running += !cf_nb_job_is_done(c->jobs[i]);
}

static int wait_ms(const crew *c) {
    int64_t wake = INT64_MAX;
    for (size_t i = 0; i < c->started; i++) {
        const int64_t at = cf_nb_job_wake_ns(c->jobs[i]);
        if (at < wake) wake = at;
    }
    if (wake == INT64_MAX) return -1;
    const int64_t left = wake - cf_nb_now_ns();
    if (left <= 0) return 0;
    return left > 1000000000 ? 1000 : (int)(left / 1000000) + 1;
}

/* The first signal asks, the second of its kind does not wait any longer. */
static void take_signals(crew *c) {
    unsigned char number;
    while (read(signal_pipe[0], &number, 1) == 1) {
        const bool again = c->signal != 0;
        if (!again) c->signal = number;
        for (size_t i = 0; i < c->started; i++)
            cf_nb_job_stop(c->jobs[i], c->signal, again);
    }
}

static void wait_and_work(crew *c, struct pollfd *fds) {
    fds[0] = (struct pollfd){signal_pipe[0], POLLIN, 0};
    for (size_t i = 0; i < c->started; i++)
        fds[i + 1] = (struct pollfd){cf_nb_job_fd(c->jobs[i]), POLLIN, 0};
    const size_t count = c->started;
    const int ready = poll(fds, count + 1, wait_ms(c));
    take_signals(c);
    for (size_t i = 0; i < count; i++) {
        if (ready > 0 && fds[i + 1].fd >= 0 && fds[i + 1].revents != 0 &&
            cf_nb_job_fd(c->jobs[i]) == fds[i + 1].fd)
            cf_nb_job_receive(c->jobs[i]);
        cf_nb_job_tick(c->jobs[i]);
    }
}

static int write_junit(const crew *c, cf_nb_pool *pool) {
    cf_error err = {0};
    if (c->options->junit == NULL) return 0;
    cf_nb_suite *suites = cf_nb_alloc(pool, c->count + 1, sizeof(*suites));
    for (size_t i = 0; i < c->count; i++)
        suites[i] = *cf_nb_job_suite(c->jobs[i]);
    if (cf_nb_file_write(c->options->junit, cf_nb_junit(pool, suites, c->count), &err) == CF_OK)
        return 0;
    fprintf(stderr, "cutflow run: %s\n", err.message);
    return CF_NB_EXIT_FAILED;
}

static int run_all(crew *c) {
    struct pollfd *fds = cf_nb_alloc(c->options->pool, c->count + 1, sizeof(*fds));
    int code = 0;
    for (start_more(c); c->running > 0; start_more(c)) {
        wait_and_work(c, fds);
        count_running(c);
    }
    for (size_t i = 0; i < c->count; i++)
        code = cf_nb_worse(code, cf_nb_job_suite(c->jobs[i])->code);
    if (c->signal != 0) code = 128 + c->signal;
    return cf_nb_worse(code, write_junit(c, c->options->pool));
}

static void say_total(const crew *c, int code) {
    size_t good = 0;
    if (c->options->quiet || c->count < 2) return;
    for (size_t i = 0; i < c->count; i++)
        good += i < c->started && cf_nb_job_suite(c->jobs[i])->code == 0;
    fprintf(stderr, "%zu of %zu notebooks are well%s\n", good, c->count,
            code == 0 ? "" : ", see above");
}

static int run_notebooks(const cf_nb_options *o) {
    crew c = {.options = o, .count = o->file_count};
    c.reporter = (cf_nb_reporter){.options = o,
                                  .terminal = isatty(STDERR_FILENO) != 0 && o->jobs == 1,
                                  .several = o->file_count > 1};
    if (!listen_to_signals()) return CF_NB_EXIT_DIED;
    c.jobs = cf_nb_alloc(o->pool, c.count + 1, sizeof(*c.jobs));
    for (size_t i = 0; i < c.count; i++)
        c.jobs[i] = cf_nb_job_new(o->files[i], o, &c.reporter);
    const int code = run_all(&c);
    say_total(&c, code);
    for (size_t i = 0; i < c.count; i++)
        cf_nb_job_free(c.jobs[i]);
    return code;
}

/* ---- --list-params ---- */

static bool is_notebook(const char *path) {
    const size_t size = strlen(path);
    return size > 6 && strcmp(path + size - 6, ".ipynb") == 0;
}

static int list_params(const cf_nb_options *o) {
    cf_nb_text out = {0};
    int code = 0;
    for (size_t i = 0; i < o->file_count; i++) {
        cf_nb_book book;
        cf_error err = {0};
        cf_nb_str text;
        const char *path = o->files[i];
        cf_status status = cf_nb_file_read(o->pool, path, &text, &err);
        if (status == CF_OK && is_notebook(path))
            status = cf_nb_book_parse(o->pool, path, text, &book, &err);
        else if (status == CF_OK)
            cf_nb_script_read(o->pool, path, text, &book);
        if (status == CF_OK) {
            cf_nb_params_list(&book, &out);
        } else {
            fprintf(stderr, "cutflow run: %s\n", err.message);
            code = CF_NB_EXIT_USAGE;
        }
    }
    if (out.size > 0) fputs(out.data, stdout);
    cf_nb_text_clear(&out);
    return code;
}

static bool asks_for_help(int argc, char *const *argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return false;
}

static int finish_output(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fputs("cutflow run: cannot write to standard output\n", stderr);
    return cf_nb_worse(code, CF_NB_EXIT_FAILED);
}

int cf_notebook_run(int argc, char *const *argv) {
    cf_nb_options options;
    if (asks_for_help(argc, argv)) {
        fputs(cf_nb_run_help, stdout);
        return finish_output(0);
    }
    int code = CF_NB_EXIT_USAGE;
    if (cf_nb_options_read(&options, argc, argv))
        code = options.list_params ? list_params(&options) : run_notebooks(&options);
    cf_nb_rules_free(options.rules);
    cf_nb_pool_free(options.pool);
    return finish_output(code);
}
