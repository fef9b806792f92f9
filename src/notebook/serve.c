/* The child's side: one session, cells in, outputs out.
 *
 *  What a cell gives must be what the Jupyter kernel gives.  A result is a display_data; if it
 * is a value or a relation, nothing is shown after it and the cell succeeds, it is the cell's
 * execute_result.  That is known only later, so the newest result waits. */

#include "notebook/compare.h"
#include "notebook/executor.h"

#include "cutflow/session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROWS_FOR_PEOPLE = 10, STREAM_FLUSH = 1 << 16, EXIT_DIED = 3 };
#define STREAM_SIZE_MAX                                                  \
    ((size_t)32 << 20) /* of a cell: what prints more is cut and told so \
                        */

typedef struct {
    int fd;
    bool progress;
    cf_session *session;
    const cf_cell *cell;
    int count;          /* execution_count */
    char *waiting;      /* the newest result's bundle */
    cf_nb_text stream;  /* text of the stream that is being written */
    bool stream_is_err; /* which one */
    bool is_help;       /* `name?` alone: what it says is for a pager, not for the page */
    size_t streamed;
    cf_nb_text ename, evalue, traceback; /* of the first error; traceback of all */
} server;

static cf_session *running; /* for the signal handler, which has no other place to find it */

static void on_interrupt(int number) {
    (void)number;
    if (running != NULL) cf_session_interrupt(running);
}

/* ---- lines to the parent ---- */

static void send_text(server *s, cf_nb_str text) {
    while (text.size > 0) {
        const ssize_t n = send(s->fd, text.data, text.size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) _exit(EXIT_DIED); /* nobody listens any more */
        text = (cf_nb_str){text.data + n, text.size - (size_t)n};
    }
}

/* Takes the line over.  Bytes that are not UTF-8 cannot be in a notebook. */
static void send_line(server *s, cf_nb_text *line) {
    cf_nb_text clean = {0};
    cf_nb_utf8_clean(&clean, cf_nb_text_view(line));
    for (size_t i = 0; i < clean.size; i++)
        if (clean.data[i] == '\n') clean.data[i] = ' '; /* only between JSON tokens */
    cf_nb_text_addc(&clean, '\n');
    send_text(s, cf_nb_text_view(&clean));
    cf_nb_text_clear(&clean);
    cf_nb_text_clear(line);
}

static void flush_stream(server *s) {
    if (s->stream.size == 0) return;
    cf_nb_text line = {0};
    cf_nb_text_addf(&line, "{\"output\":{\"output_type\":\"stream\",\"name\":\"%s\",\"text\":",
                    s->stream_is_err ? "stderr" : "stdout");
    cf_nb_json_write_string(&line, cf_nb_text_view(&s->stream));
    cf_nb_text_adds(&line, "}}");
    cf_nb_text_clear(&s->stream);
    send_line(s, &line);
}

static void send_bundle(server *s, const char *type, const char *bundle) {
    cf_nb_text line = {0};
    flush_stream(s);
    cf_nb_text_addf(&line, "{\"output\":{\"output_type\":\"%s\",\"metadata\":{},\"data\":%s",
                    type, bundle);
    if (strcmp(type, "execute_result") == 0)
        cf_nb_text_addf(&line, ",\"execution_count\":%d", s->count);
    cf_nb_text_adds(&line, "}}");
    send_line(s, &line);
}

static void flush_result(server *s, bool last) {
    if (s->waiting != NULL)
        send_bundle(s, last ? "execute_result" : "display_data", s->waiting);
    free(s->waiting);
    s->waiting = NULL;
}

/* ---- what the session says ---- */

static void on_text(void *user, bool to_stderr, const char *data, size_t size) {
    server *s = user;
    flush_result(s, false);
    if (s->streamed > STREAM_SIZE_MAX) return;
    if (s->stream_is_err != to_stderr) flush_stream(s);
    s->stream_is_err = to_stderr;
    s->streamed += size;
    cf_nb_text_add(&s->stream, data, size);
    if (s->streamed > STREAM_SIZE_MAX)
        cf_nb_text_adds(&s->stream, "\n... the rest of the cell's text is left out\n");
    if (s->stream.size > STREAM_FLUSH) flush_stream(s);
}

static void on_result(void *user, cf_result *r) {
    server *s = user;
    const bool is_text = cf_result_kind_of(r) == CF_RESULT_TEXT;
    flush_result(s, false);
    if (is_text && s->is_help) return;
    char *bundle = cf_result_bundle(r, NULL);
    if (bundle == NULL)
        bundle = strdup("{\"text/plain\":\"(not enough memory to show this)\"}");
    if (bundle == NULL) return;
    s->waiting = bundle;
    flush_stream(s);
    if (is_text) flush_result(s, false);
}

/* Where the place of an error is in another cell, only the session knows its text: then the
 * message is taken as it is, without colours. */
static void add_traceback(server *s, const cf_error *e, const char *rendered) {
    char *colored = cf_error_traceback(e, s->cell->text, s->cell->size, s->cell->name);
    cf_nb_pool *pool = cf_nb_pool_new();
    const bool same = colored != NULL &&
                      cf_nb_str_is(cf_nb_stream_shown(pool, cf_nb_str_of(colored)), rendered);
    cf_nb_text_adds(&s->traceback, same ? colored : rendered);
    cf_nb_pool_free(pool);
    free(colored);
}

/* The first names the cell's error, in one line; the others are in its traceback. */
static void name_error(server *s, const cf_error *e) {
    char name[32];
    if (s->ename.size > 0) return;
    cf_error_name(e, name);
    cf_nb_text_adds(&s->ename, name);
    cf_nb_text_adds(&s->evalue, e->message);
    for (size_t i = 0; i < s->evalue.size; i++)
        if (s->evalue.data[i] == '\n') s->evalue.data[i] = ' ';
}

static void on_diagnostic(void *user, const char *rendered, const cf_error *e, bool warning) {
    server *s = user;
    if (warning) {
        on_text(s, true, rendered, strlen(rendered));
        return;
    }
    name_error(s, e);
    add_traceback(s, e, rendered);
}

static void on_progress(void *user, const cf_progress_report *p) {
    server *s = user;
    if (!s->progress || s->waiting != NULL || p->rows_total <= 0) return;
    cf_nb_text line = {0};
    cf_nb_text_addf(&line, "{\"progress\":%.3f}", (double)p->rows_done / (double)p->rows_total);
    send_line(s, &line);
}

/* Standard input belongs to nobody here. */
static char *on_input(void *user, const char *prompt) {
    (void)user;
    (void)prompt;
    return NULL;
}

/* ---- cells ---- */

static void send_error(server *s, cf_status status) {
    if (s->ename.size == 0) { /* stopped between two statements: nobody had anything to say */
        cf_error e = {.status = status};
        const char *title = cf_status_title((int)status);
        snprintf(e.message, sizeof(e.message), "%s", title != NULL ? title : "the cell failed");
        name_error(s, &e);
        char *text = cf_error_traceback(&e, NULL, 0, NULL);
        cf_nb_text_adds(&s->traceback, text != NULL ? text : e.message);
        free(text);
    }
    cf_nb_text line = {0};
    cf_nb_text_adds(&line, "{\"output\":{\"output_type\":\"error\",\"ename\":");
    cf_nb_json_write_string(&line, cf_nb_text_view(&s->ename));
    cf_nb_text_adds(&line, ",\"evalue\":");
    cf_nb_json_write_string(&line, cf_nb_text_view(&s->evalue));
    cf_nb_text_adds(&line, ",\"traceback\":[");
    cf_nb_str rest = cf_nb_text_view(&s->traceback), part;
    for (bool first = true; cf_nb_str_line(&rest, &part); first = false) {
        if (!first) cf_nb_text_addc(&line, ',');
        cf_nb_json_write_string(&line, part);
    }
    cf_nb_text_adds(&line, "]}}");
    send_line(s, &line);
}

/* `%clear` in the first line is for a page that is looked at; the session finds blanks. */
static cf_nb_str without_clear(cf_nb_pool *pool, cf_nb_str code) {
    cf_nb_str rest = code, line;
    if (!cf_nb_str_line(&rest, &line) || !cf_nb_str_starts(line, "%clear")) return code;
    const cf_nb_str word = cf_nb_str_trim((cf_nb_str){line.data + 6, line.size - 6});
    if (word.size > 0 && !cf_nb_str_is(word, "wait")) return code;
    const size_t size = line.size;
    cf_nb_text text = {0};
    for (size_t i = 0; i < code.size; i++)
        cf_nb_text_addc(&text, i < size ? ' ' : code.data[i]);
    return cf_nb_text_keep(&text, pool);
}

static bool is_help(cf_nb_str code) {
    code = cf_nb_str_trim(code);
    return code.size > 0 && code.data[code.size - 1] == '?' &&
           memchr(code.data, '\n', code.size) == NULL;
}

static void run_cell(server *s, cf_nb_str code) {
    char name[32];
    snprintf(name, sizeof(name), "cell %d", ++s->count);
    const cf_cell cell = {code.data, code.size, name};
    s->is_help = is_help(code);
    const cf_callbacks callbacks = {.user = s,
                                    .result = on_result,
                                    .text = on_text,
                                    .diagnostic = on_diagnostic,
                                    .progress = on_progress,
                                    .input = on_input};
    s->cell = &cell;
    s->streamed = 0;
    const cf_status status = cf_session_run(s->session, &cell, &callbacks);
    flush_stream(s);
    flush_result(s, status == CF_OK);
    if (status != CF_OK) send_error(s, status);
    cf_nb_text_clear(&s->ename);
    cf_nb_text_clear(&s->evalue);
    cf_nb_text_clear(&s->traceback);
    cf_nb_text line = {0};
    cf_nb_text_addf(&line, "{\"status\":\"%s\",\"execution_count\":%d}",
                    status == CF_OK ? "ok" : "error", s->count);
    send_line(s, &line);
}

/* False: the other side is closed. */
static bool read_line(int fd, cf_nb_text *line) {
    for (;;) {
        char buffer[1 << 12];
        const ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        cf_nb_text_add(line, buffer, (size_t)n);
        if (buffer[n - 1] == '\n') return true; /* one request at a time */
    }
}

static bool serve_one(server *s) {
    cf_nb_text line = {0};
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_nb_json *request = NULL;
    const bool more = read_line(s->fd, &line);
    if (more && cf_nb_json_read(pool, cf_nb_text_view(&line), &request, NULL) == CF_OK)
        run_cell(s, without_clear(pool, cf_nb_get_text(request, "code")));
    cf_nb_text_clear(&line);
    cf_nb_pool_free(pool);
    return more;
}

static cf_status prepare(cf_session *session, const cf_nb_start *start, cf_error *err) {
    if (start->seed != NULL) CF_TRY(cf_session_set(session, "seed", start->seed, err));
    for (size_t i = 0; i < start->data_count; i++)
        CF_TRY(cf_session_open(session, start->data[i], err));
    for (size_t i = 0; i < start->param_count; i++)
        CF_TRY(cf_session_param(session, start->params[i], err));
    return CF_OK;
}

static int refuse(server *s, const cf_error *err) {
    cf_nb_text line = {0};
    cf_nb_text_adds(&line, "{\"fatal\":");
    cf_nb_json_write_string(&line, cf_nb_str_of(err->message));
    cf_nb_text_adds(&line, "}");
    send_line(s, &line);
    return EXIT_DIED;
}

int cf_nb_serve(int fd, const cf_nb_start *start) {
    const cf_session_options options = {.threads = start->threads,
                                        .memory = start->memory,
                                        .rows_shown = ROWS_FOR_PEOPLE,
                                        .safe = start->safe};
    cf_error err = {0};
    server s = {.fd = fd, .progress = start->progress};
    s.session = cf_session_new(&options, &err);
    if (s.session == NULL) return refuse(&s, &err);
    if (prepare(s.session, start, &err) != CF_OK) return refuse(&s, &err);
    running = s.session;
    struct sigaction action = {0};
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    while (serve_one(&s)) {
    }
    running = NULL;
    cf_session_free(s.session);
    return 0;
}
