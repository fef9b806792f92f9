/* A notebook's way: cell after cell to the session (and to the kernel, where both are asked),
 * outputs back, a verdict on each, and at the end, however it came, the notebook to its file.
 */

#include "notebook/directive.h"
#include "notebook/job_internal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NEVER INT64_MAX
static const int64_t repeat_ns = 100000000; /* an interrupt that came too early is lost */

int64_t cf_nb_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t after(int64_t from, double seconds) {
    return seconds > 0 ? from + (int64_t)(seconds * 1e9) : NEVER;
}

cf_nb_job *cf_nb_job_new(const char *path, const cf_nb_options *options,
                         cf_nb_reporter *reporter) {
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_nb_job *j = cf_nb_alloc(pool, 1, sizeof(*j));
    *j = (cf_nb_job){.options = options,
                     .reporter = reporter,
                     .pool = pool,
                     .suite = {.path = path},
                     .deadline_ns = NEVER,
                     .cell_deadline_ns = NEVER,
                     .tolerance = options->tolerance};
    return j;
}

void cf_nb_job_free(cf_nb_job *job) {
    cf_nb_text_clear(&job->tail_text);
    cf_nb_rules_free(job->builtin);
    cf_nb_pool_free(job->pool); /* the job too */
}

bool cf_nb_job_is_done(const cf_nb_job *job) {
    return job->done;
}

cf_nb_suite *cf_nb_job_suite(cf_nb_job *job) {
    return &job->suite;
}

/* ---- the end ---- */

static void end_executors(cf_nb_job *j, bool force) {
    char how[64];
    cf_nb_executor_end(j->session, force, how);
    cf_nb_executor_end(j->kernel, force, how);
    j->session = j->kernel = NULL;
}

static void finish(cf_nb_job *j) {
    end_executors(j, j->signal != 0);
    for (size_t i = 0; i < j->suite.count; i++)
        j->suite.code =
            cf_nb_worse(j->suite.code, cf_nb_verdict_code(j->suite.cases[i].verdict));
    if (j->signal != 0) j->suite.code = 128 + j->signal;
    cf_nb_job_save(j);
    j->suite.seconds = (double)(cf_nb_now_ns() - j->start_ns) / 1e9;
    j->done = true;
    cf_nb_report_end(j->reporter, &j->suite);
}

static void give_up(cf_nb_job *j, int code, const char *fault) {
    j->suite.fault = cf_nb_printf(j->pool, "%s", fault);
    j->suite.code = cf_nb_worse(j->suite.code, code);
    j->halted = true;
}

/* ---- cells ---- */

static void advance(cf_nb_job *j);
static void settle_stream(cf_nb_job *j);

static cf_nb_json *iso_time(cf_nb_job *j, struct timespec t) {
    struct tm parts;
    char text[32];
    gmtime_r(&t.tv_sec, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    return cf_nb_json_text(j->pool, cf_nb_printf(j->pool, "%s.%06ldZ", text, t.tv_nsec / 1000));
}

/* The keys that nbclient writes, so that tools which show times find them. */
static void note_timing(cf_nb_job *j) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    cf_nb_json *times = cf_nb_json_object(j->pool);
    cf_nb_set(j->pool, times, "iopub.status.busy", iso_time(j, j->cell_clock));
    cf_nb_set(j->pool, times, "iopub.execute_input", iso_time(j, j->cell_clock));
    cf_nb_set(j->pool, times, "iopub.status.idle", iso_time(j, now));
    cf_nb_set(j->pool, times, "shell.execute_reply", iso_time(j, now));
    cf_nb_set(j->pool, cf_nb_get(cf_nb_job_cell(j, j->at), "metadata"), "execution", times);
}

/* The verdict is there: outputs are kept, the next cell is next. */
static void end_cell(cf_nb_job *j) {
    cf_nb_case *c = cf_nb_job_case(j);
    cell_state *state = &j->cells[j->at];
    c->seconds = (double)(cf_nb_now_ns() - j->cell_ns) / 1e9;
    c->printed = cf_nb_job_printed(j);
    if (j->round == 0) {
        state->fresh = j->outputs;
        state->count = j->count;
        if (j->options->timing) note_timing(j);
    }
    if (cf_nb_verdict_code(c->verdict) > 0 && c->verdict != CF_NB_DIFFERS &&
        !j->options->keep_going)
        j->halted = true;
    if (j->round == 0 || cf_nb_verdict_code(c->verdict) > 0)
        cf_nb_report_cell(j->reporter, &j->suite, c);
    j->cell_deadline_ns = NEVER;
    j->asked = false;
    j->at++;
    advance(j);
}

/* The session, and the kernel if there is one, have answered. */
static void cell_done(cf_nb_job *j) {
    settle_stream(j);
    const cf_nb_json *cell = cf_nb_job_cell(j, j->at);
    if (j->asked && j->raised)
        cf_nb_job_judge_stopped(j, "");
    else if (j->raised)
        cf_nb_job_judge_error(j);
    else if (cf_nb_expects_error(cell))
        cf_nb_job_judge(j, CF_NB_FAILED, "was to raise an exception and did not");
    if (cf_nb_job_case(j)->verdict == CF_NB_PASSED) cf_nb_job_compare(j);
    end_cell(j);
}

static void died(cf_nb_job *j) {
    char how[64];
    const bool kernel = j->in_kernel;
    settle_stream(j);
    cf_nb_executor_end(kernel ? j->kernel : j->session, false, how);
    if (kernel)
        j->kernel = NULL;
    else
        j->session = NULL;
    const char *text = cf_nb_printf(j->pool, "the %s died%s%s", kernel ? "kernel" : "session",
                                    *how != '\0' ? ": " : "", how);
    cf_nb_job_add_error(j, "DeadKernelError", text);
    cf_nb_job_judge(j, CF_NB_DIED, text);
    j->halted = true;
    end_cell(j);
}

static void kill_cell(cf_nb_job *j) {
    settle_stream(j);
    end_executors(j, true);
    cf_nb_job_judge_stopped(j, "; it did not stop and was killed");
    j->halted = true;
    end_cell(j);
}

/* ---- the next cell ---- */

static bool send_cell(cf_nb_job *j) {
    cf_nb_executor *e = j->in_kernel ? j->kernel : j->session;
    const double left =
        j->cell_deadline_ns == NEVER ? 0 : (double)(j->cell_deadline_ns - cf_nb_now_ns()) / 1e9;
    return cf_nb_executor_send(e, cf_nb_cell_source(cf_nb_job_cell(j, j->at)),
                               left > 0 ? left : 0);
}

static void start_cell(cf_nb_job *j) {
    cf_nb_case *c = cf_nb_job_case(j);
    j->outputs = cf_nb_json_list(j->pool);
    j->in_kernel = j->raised = j->asked = false;
    j->cell_ns = cf_nb_now_ns();
    clock_gettime(CLOCK_REALTIME, &j->cell_clock);
    j->cell_deadline_ns =
        after(j->cell_ns,
              cf_nb_cell_timeout(&j->book, cf_nb_job_cell(j, j->at), j->options->cell_timeout));
    j->count++;
    c->verdict = CF_NB_PASSED;
    cf_nb_report_running(j->reporter, &j->suite, c, -1);
    if (!send_cell(j)) died(j);
}

static void start_in_kernel(cf_nb_job *j) {
    settle_stream(j);
    j->session_outputs = j->outputs;
    j->outputs = cf_nb_json_list(j->pool);
    j->in_kernel = true;
    if (!send_cell(j)) died(j);
}

static bool start_executors(cf_nb_job *j);

/* All agreed so far: once more, with another number of threads. */
static bool next_round(cf_nb_job *j) {
    for (size_t i = 0; i < j->suite.count; i++)
        if (cf_nb_verdict_code(j->suite.cases[i].verdict) != 0) return false;
    if (j->halted || j->signal != 0 || j->round + 1 >= j->options->repeat) return false;
    j->round++;
    j->count = 0;
    j->at = 0;
    end_executors(j, false);
    return start_executors(j);
}

/* Runs nothing for a cell that has nothing to run; true: it waits for an answer. */
static bool enter_cell(cf_nb_job *j) {
    cell_state *state = &j->cells[j->at];
    const cf_nb_json *cell = cf_nb_job_cell(j, j->at);
    if (state->report == NULL) return false;
    const bool stopped = j->halted || j->signal != 0;
    if (j->round > 0 && state->fresh == NULL) return false;
    if (j->at < j->first || j->at > j->last) {
        state->report->verdict = CF_NB_SKIPPED;
    } else if (stopped) {
        if (j->round == 0) state->report->verdict = CF_NB_NOT_RUN;
        if (j->round == 0) cf_nb_report_cell(j->reporter, &j->suite, state->report);
    } else if (cf_nb_is_skipped(cell)) {
        state->report->verdict = CF_NB_SKIPPED;
        cf_nb_report_cell(j->reporter, &j->suite, state->report);
    } else if (cf_nb_str_trim(cf_nb_cell_source(cell)).size == 0) {
        state->fresh = cf_nb_json_list(j->pool); /* clients do not send it either */
    } else {
        return true;
    }
    return false;
}

static void advance(cf_nb_job *j) {
    do {
        for (; j->at < j->book.cells->count; j->at++)
            if (enter_cell(j)) {
                start_cell(j);
                return;
            }
    } while (next_round(j));
    finish(j);
}

/* ---- what comes from the executors ---- */

static bool is_stream(const cf_nb_json *output) {
    return cf_nb_is_text(cf_nb_get(output, "output_type"), "stream");
}

/* Text of a stream joins what was written to it just before; the whole is set once. */
static void settle_stream(cf_nb_job *j) {
    if (j->tail == NULL) return;
    cf_nb_set(j->pool, j->tail, "text",
              cf_nb_json_string(j->pool, cf_nb_text_view(&j->tail_text)));
    cf_nb_text_clear(&j->tail_text);
    j->tail = NULL;
}

static void add_output(cf_nb_job *j, cf_nb_json *output) {
    if (!cf_nb_is(output, CF_NB_OBJECT)) return;
    const bool goes_on =
        j->tail != NULL && is_stream(output) &&
        cf_nb_str_equal(cf_nb_get_text(j->tail, "name"), cf_nb_get_text(output, "name"));
    if (!goes_on) {
        settle_stream(j);
        cf_nb_json_plain_numbers(j->pool, output);
        cf_nb_append(j->pool, j->outputs, output);
        if (is_stream(output)) j->tail = output;
    }
    if (is_stream(output)) cf_nb_text_addt(&j->tail_text, cf_nb_get_text(output, "text"));
}

static void on_line(cf_nb_job *j, cf_nb_str line) {
    cf_nb_json *message = NULL;
    double fraction = 0;
    if (cf_nb_json_read(j->pool, line, &message, NULL) != CF_OK) {
        died(j); /* what speaks nonsense will not say anything better */
        return;
    }
    const cf_nb_json *fatal = cf_nb_get(message, "fatal"), *all = cf_nb_get(message, "outputs");
    if (cf_nb_is(fatal, CF_NB_STRING)) {
        give_up(j, CF_NB_EXIT_USAGE,
                cf_nb_printf(j->pool, "%s: %s", j->suite.path, fatal->text.data));
        cf_nb_job_case(j)->verdict = CF_NB_NOT_RUN;
        j->at++;
        advance(j);
        return;
    }
    if (cf_nb_number(cf_nb_get(message, "progress"), &fraction))
        cf_nb_report_running(j->reporter, &j->suite, cf_nb_job_case(j), fraction);
    if (cf_nb_get(message, "output") != NULL) add_output(j, cf_nb_get(message, "output"));
    if (cf_nb_get(message, "status") == NULL) return;
    for (size_t i = 0; cf_nb_is(all, CF_NB_LIST) && i < all->count; i++)
        add_output(j, all->items[i]);
    j->raised = !cf_nb_is_text(cf_nb_get(message, "status"), "ok");
    if (j->kernel != NULL && !j->in_kernel && !j->asked)
        start_in_kernel(j);
    else
        cell_done(j);
}

int cf_nb_job_fd(const cf_nb_job *job) {
    const cf_nb_executor *e = job->in_kernel ? job->kernel : job->session;
    return e != NULL && !job->done ? cf_nb_executor_fd(e) : -1;
}

void cf_nb_job_receive(cf_nb_job *job) {
    cf_nb_executor *e = job->in_kernel ? job->kernel : job->session;
    cf_nb_str line;
    if (e == NULL || job->done) return;
    const bool open = cf_nb_executor_receive(e);
    while (!job->done && e == (job->in_kernel ? job->kernel : job->session) &&
           cf_nb_executor_line(e, &line))
        on_line(job, line);
    const bool same = e == (job->in_kernel ? job->kernel : job->session);
    if (!open && same && !job->done) died(job);
}

/* ---- time ---- */

int64_t cf_nb_job_wake_ns(const cf_nb_job *job) {
    if (job->done) return NEVER;
    if (job->asked) return job->again_ns < job->kill_ns ? job->again_ns : job->kill_ns;
    return job->deadline_ns < job->cell_deadline_ns ? job->deadline_ns : job->cell_deadline_ns;
}

static void ask_to_stop(cf_nb_job *j, const char *why, double grace) {
    j->asked = true;
    j->why = why;
    j->again_ns = cf_nb_now_ns();
    j->kill_ns = j->again_ns + (int64_t)(grace * 1e9);
}

static void interrupt_again(cf_nb_job *j) {
    cf_nb_executor *e = j->in_kernel ? j->kernel : j->session;
    j->again_ns = cf_nb_now_ns() + repeat_ns;
    if (e != NULL) cf_nb_executor_interrupt(e);
}

void cf_nb_job_tick(cf_nb_job *job) {
    const int64_t now = cf_nb_now_ns();
    if (job->done || job->session == NULL) return;
    if (!job->asked && now >= job->cell_deadline_ns) {
        ask_to_stop(job,
                    cf_nb_printf(job->pool, "the cell ran longer than %g s",
                                 (double)(job->cell_deadline_ns - job->cell_ns) / 1e9),
                    job->options->grace);
    } else if (!job->asked && now >= job->deadline_ns) {
        ask_to_stop(
            job,
            cf_nb_printf(job->pool, "the notebook ran longer than %g s", job->options->timeout),
            job->options->grace);
        job->halted = true;
        job->deadline_ns = NEVER;
        job->suite.code = cf_nb_worse(job->suite.code, CF_NB_EXIT_TIMEOUT);
    }
    if (!job->asked) return;
    if (now >= job->kill_ns)
        kill_cell(job);
    else if (now >= job->again_ns)
        interrupt_again(job);
}

void cf_nb_job_stop(cf_nb_job *job, int signal, bool now) {
    if (job->done) return;
    job->signal = signal;
    if (job->session == NULL) {
        finish(job);
        return;
    }
    if (!job->asked || now)
        ask_to_stop(job, signal == SIGINT ? "interrupted" : "ended by a signal",
                    now ? 0 : job->options->grace);
    cf_nb_job_tick(job);
}

/* ---- the start ---- */

static const char *folder_of(cf_nb_job *j) {
    const char *slash = strrchr(j->suite.path, '/');
    if (j->options->cwd != NULL) return j->options->cwd;
    if (slash == NULL) return NULL;
    if (slash == j->suite.path) return "/";
    return cf_nb_printf(j->pool, "%.*s", (int)(slash - j->suite.path), j->suite.path);
}

static bool start_executors(cf_nb_job *j) {
    const cf_nb_options *o = j->options;
    size_t count = 0;
    const char **assignments = cf_nb_params_assignments(&o->params, j->pool, &count);
    cf_nb_start start = {.cwd = folder_of(j),
                         .data = o->data,
                         .params = assignments,
                         .data_count = o->data_count,
                         .param_count = count,
                         .seed = o->seed,
                         .threads = o->threads != 0 ? o->threads : j->round,
                         .memory = o->memory,
                         .safe = o->safe,
                         .progress = o->progress};
    cf_error err = {0};
    j->session = cf_nb_executor_start(&start, &err);
    start.kernel = o->kernel;
    if (j->session != NULL && o->kernel != NULL) j->kernel = cf_nb_executor_start(&start, &err);
    if (j->session != NULL && (o->kernel == NULL || j->kernel != NULL)) return true;
    give_up(j, CF_NB_EXIT_DIED, err.message);
    return false;
}

void cf_nb_job_start(cf_nb_job *job) {
    cf_error err = {0};
    job->start_ns = cf_nb_now_ns();
    if (cf_nb_job_open(job, &err) != CF_OK) {
        give_up(job, CF_NB_EXIT_USAGE, err.message);
        job->cells = NULL; /* nothing to save */
        job->suite.count = 0;
        finish(job);
        return;
    }
    job->deadline_ns = after(job->start_ns, job->options->timeout);
    job->builtin = cf_nb_rules_builtin(folder_of(job));
    job->tolerance.builtin = job->builtin;
    cf_nb_report_start(job->reporter, &job->suite);
    start_executors(job);
    advance(job);
}
