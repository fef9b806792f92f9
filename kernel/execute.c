/* execute_request: a cell. */

#include "kernel/json.h"
#include "kernel/output.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FOOTER_MS = 100, LOCK_MS = 50, NS_PER_MS = 1000000 };

typedef struct {
    char *code;
    size_t size;
    bool silent, store, stop_on_error, allow_stdin;
    char name[32], started[32];
} cell;

/* `CI` is set where notebooks are compared; there nothing may stand that differs each time. */
static bool wanted(const char *variable, bool people) {
    const char *own = getenv(variable), *ci = getenv("CI");
    if (own != NULL && own[0] != 0) return strcmp(own, "0") != 0;
    return people && (ci == NULL || ci[0] == 0);
}

static bool is_blank(const cell *c) {
    for (size_t i = 0; i < c->size; i++)
        if (!isspace((unsigned char)c->code[i])) return false;
    return true;
}

/* `name?` alone: its text goes to the pager. */
static bool is_help(const cell *c) {
    size_t begin = 0, end = c->size;
    while (begin < end && isspace((unsigned char)c->code[begin]))
        begin++;
    while (end > begin && isspace((unsigned char)c->code[end - 1]))
        end--;
    return end > begin && c->code[end - 1] == '?' &&
           memchr(c->code + begin, '\n', end - begin) == NULL;
}

/* `%clear` and `%clear wait` in a cell's first line are for the page, not for the session,
 * which finds blanks in their place. */
static bool take_clear(cell *c, bool *wait) {
    static const char command[] = "%clear";
    const size_t line = strcspn(c->code, "\n"), n = sizeof command - 1;
    if (line < n || memcmp(c->code, command, n) != 0) return false;
    const char *rest = c->code + n, *end = c->code + line;
    while (rest < end && isspace((unsigned char)*rest))
        rest++;
    while (end > rest && isspace((unsigned char)end[-1]))
        end--;
    *wait = cf_slice_is((cf_slice){rest, (size_t)(end - rest)}, "wait");
    if (rest != end && !*wait) return false;
    memset(c->code, ' ', line);
    return true;
}

static bool read_cell(const cf_request *r, cell *c) {
    *c = (cell){.silent = cf_jread_member_bool(r->content, "silent", false),
                .stop_on_error = cf_jread_member_bool(r->content, "stop_on_error", true),
                .allow_stdin = cf_jread_member_bool(r->content, "allow_stdin", false)};
    c->store = !c->silent && cf_jread_member_bool(r->content, "store_history", true);
    c->code = cf_jread_member_text(r->content, "code", &c->size);
    cf_date_now(c->started);
    return c->code != NULL;
}

static void begin_cell(cf_kernel *k, cf_worker *w, const cf_request *r, cell *c) {
    if (is_blank(c)) c->store = false;
    if (c->store) {
        w->count++;
        cf_history_append(&w->history, w->count, (cf_slice){c->code, c->size});
    }
    snprintf(c->name, sizeof c->name, c->store ? "cell %lld" : "cell", (long long)w->count);
    if (c->silent) return;
    cf_message *m = cf_message_new(&k->wire, "execute_input", r);
    cf_message_topic(m, "execute_input", 13);
    cf_growing_adds(&m->content, "{\"code\":");
    cf_put_text(&m->content, (cf_slice){c->code, c->size});
    cf_growing_addf(&m->content, ",\"execution_count\":%lld}", (long long)w->count);
    cf_iopub_send(k, m);
}

/* One cell runs at a time; a subshell's waits for the main one.  False: interrupted meanwhile.
 */
static bool lock_session(cf_kernel *k, const cf_worker *w) {
    for (;;) {
        if (w->interrupted || k->stopping) return false;
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)LOCK_MS * NS_PER_MS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        if (pthread_mutex_timedlock(&k->running, &until) == 0) break;
    }
    if (!w->interrupted) return true;
    pthread_mutex_unlock(&k->running);
    return false;
}

static cf_status run(cf_output *o, const cf_cell *text, bool allow_input) {
    cf_kernel *k = o->kernel;
    const cf_callbacks callbacks = cf_output_callbacks(o, allow_input);
    if (!lock_session(k, o->worker)) return CF_E_CANCELLED;
    const cf_status status = cf_session_run(k->session, text, &callbacks);
    pthread_mutex_unlock(&k->running);
    return status;
}

/* ---- user_expressions ---- */

/* A value is wanted, and nothing on the page. */
static void keep_value(void *user, cf_result *r) {
    cf_output *o = user;
    free(o->held);
    o->held = cf_result_bundle(r, NULL);
}

/* {"status": "ok", "data": bundle, "metadata": {}} or an error. */
static void put_expression(const cf_output *cell_output, cf_slice quoted, cf_growing *to) {
    size_t size;
    char *code = cf_jread_text(quoted, &size);
    const cf_cell text = {code != NULL ? code : "", code != NULL ? size : 0, "expression"};
    cf_output o = {.kernel = cell_output->kernel,
                   .worker = cell_output->worker,
                   .request = cell_output->request,
                   .cell = &text,
                   .silent = true};
    cf_callbacks callbacks = cf_output_callbacks(&o, false);
    callbacks.result = keep_value;
    cf_status status = CF_E_CANCELLED;
    if (lock_session(o.kernel, o.worker)) {
        status = cf_session_run(o.kernel->session, &text, &callbacks);
        pthread_mutex_unlock(&o.kernel->running);
    }
    char *value = o.held;
    o.held = NULL;
    cf_output_end(&o, status);
    if (!o.failed && value != NULL) {
        cf_growing_adds(to, "{\"status\":\"ok\",\"data\":");
        cf_growing_adds(to, value);
        cf_growing_adds(to, ",\"metadata\":{}}");
    } else {
        cf_growing_adds(to, "{\"status\":\"error\",");
        cf_output_put_error(&o, to);
        cf_growing_adds(to, "}");
    }
    free(value);
    free(code);
    cf_output_clear(&o);
}

static void put_expressions(const cf_output *o, cf_growing *to) {
    cf_slice all, key, value;
    const char *comma = "";
    cf_growing_adds(to, "{");
    if (cf_jread_member(o->request->content, "user_expressions", &all) && all.data[0] == '{')
        for (size_t at = 0; cf_jread_next(all, &at, &key, &value); comma = ",") {
            char *name = cf_jread_text(key, NULL);
            cf_growing_adds(to, comma);
            cf_put_string(to, name != NULL ? name : "");
            cf_growing_adds(to, ":");
            put_expression(o, value, to);
            free(name);
        }
    cf_growing_adds(to, "}");
}

/* ---- the reply ---- */

static void put_metadata(cf_message *m, const cf_output *o, const cell *c) {
    m->metadata.size = 0;
    cf_growing_addf(&m->metadata, "{\"started\":\"%s\",\"cutflow\":{", c->started);
    cf_output_put_timing(o, &m->metadata);
    cf_growing_adds(&m->metadata, "}}");
}

static void reply(cf_kernel *k, const cf_worker *w, const cf_output *o, const cell *c) {
    cf_message *m = cf_reply_new(k, o->request);
    cf_growing_addf(&m->content, "{\"status\":\"%s\",\"execution_count\":%lld,",
                    o->failed ? "error" : "ok", (long long)w->count);
    if (o->failed) {
        cf_output_put_error(o, &m->content);
    } else {
        cf_growing_adds(&m->content, "\"user_expressions\":");
        put_expressions(o, &m->content);
        cf_growing_adds(&m->content, ",\"payload\":[");
        cf_growing_add(&m->content, o->payload.data, o->payload.size);
        cf_growing_adds(&m->content, "]");
    }
    cf_growing_adds(&m->content, "}");
    put_metadata(m, o, c);
    cf_reply_send(k, m);
}

/* `aborted`, for a cell that was queued behind one that failed. */
void cf_answer_aborted(cf_kernel *k, cf_worker *w, const cf_request *r) {
    cf_message *m = cf_reply_new(k, r);
    cf_growing_addf(&m->content, "{\"status\":\"aborted\",\"execution_count\":%lld}",
                    (long long)w->count);
    cf_reply_send(k, m);
}

static void send_clear(cf_kernel *k, const cf_request *r, bool wait) {
    cf_message *m = cf_message_new(&k->wire, "clear_output", r);
    cf_message_topic(m, "clear_output", 12);
    cf_growing_addf(&m->content, "{\"wait\":%s}", wait ? "true" : "false");
    cf_iopub_send(k, m);
}

/* Cells that arrived before this one failed are not run.  That is settled before anybody hears
 * of the error, so nothing that is sent as an answer to it is lost. */
static void fail(cf_kernel *k, cf_worker *w, cf_output *o, const cell *c) {
    if (c->silent) return;
    if (c->stop_on_error) {
        cf_shell_drain(k);
        cf_worker_abort_queued(w);
    }
    cf_output_send_error(o);
}

void cf_execute(cf_kernel *k, cf_worker *w, const cf_request *r) {
    cell c;
    if (!read_cell(r, &c)) {
        cf_reply_error(k, r, "BadRequest", "an execute_request without code");
        return;
    }
    begin_cell(k, w, r, &c);
    const cf_cell text = {c.code, c.size, c.name};
    cf_output o = {.kernel = k,
                   .worker = w,
                   .request = r,
                   .cell = &text,
                   .count = w->count,
                   .silent = c.silent,
                   .pages = is_help(&c)};
    o.progress_wanted = !c.silent && wanted("CUTFLOW_PROGRESS", c.allow_stdin);
    bool wait;
    if (take_clear(&c, &wait) && !c.silent) send_clear(k, r, wait);
    cf_output_end(&o, run(&o, &text, c.allow_stdin));
    if (o.failed)
        fail(k, w, &o, &c);
    else if (!c.silent && o.timing.wall_ns > (int64_t)FOOTER_MS * NS_PER_MS &&
             wanted("CUTFLOW_FOOTER", c.allow_stdin))
        cf_output_footer(&o);
    reply(k, w, &o, &c);
    cf_output_clear(&o);
    free(c.code);
}
