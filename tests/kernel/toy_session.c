/* A session for tests of the kernel: the public header with a toy language, so that what goes
 * over the wire can be seen without data, plans or waiting.  A statement is a line:
 *
 *   value TEXT     a result                    partial MS   works, with progress and partial
 * results help TEXT      a text                      work MS      works that long, with
 * progress print TEXT     to stdout                   stubborn MS  works, and heeds no
 * interrupt error TEXT     to stderr                   ask TEXT     asks the user for a line
 *   lines N        N lines, alternately to     fail TEXT    an error
 *                  stdout and stderr           fails        an error without a message
 *   burst N        N lines to stdout           warn TEXT    a warning
 *   big N          a result of N bytes         crash        the process ends */

#include "cutflow/session.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct cf_session {
    atomic_bool interrupted;
};

struct cf_result {
    cf_result_kind kind;
    const char *text;
};

const char *cf_version(void) {
    return "0-toy";
}

cf_session *cf_session_new(const cf_session_options *options, cf_error *err) {
    (void)options;
    (void)err;
    cf_session *s = calloc(1, sizeof *s);
    if (s == NULL) abort();
    return s;
}

void cf_session_free(cf_session *s) {
    free(s);
}

void cf_session_interrupt(cf_session *s) {
    s->interrupted = true;
}

cf_result_kind cf_result_kind_of(const cf_result *r) {
    return r->kind;
}

char *cf_result_bundle(const cf_result *r, size_t *size) {
    const size_t room = strlen(r->text) + 64;
    char *out = malloc(room);
    if (out == NULL) abort();
    const int n = snprintf(out, room, "{\"text/plain\":\"%s\"}", r->text);
    if (size != NULL) *size = (size_t)n;
    return out;
}

const char *cf_status_title(int code) {
    return code == CF_E_CANCELLED ? "interrupted" : "toy";
}

void cf_error_name(const cf_error *e, char name[32]) {
    if (e->status == CF_E_CANCELLED)
        snprintf(name, 32, "KeyboardInterrupt");
    else
        snprintf(name, 32, "E%04d", (int)e->status);
}

char *cf_error_traceback(const cf_error *e, const char *text, size_t size, const char *name) {
    (void)text;
    (void)size;
    char out[900];
    snprintf(out, sizeof out, "\033[1;31merror\033[0m: %s\n  %s\n", e->message,
             name != NULL ? name : "nowhere");
    return strdup(out);
}

static cf_status complain(const cf_callbacks *c, cf_status status, const char *message,
                          const char *name, bool warning) {
    cf_error e = {.status = status};
    char rendered[900];
    snprintf(e.message, sizeof e.message, "%s", message);
    snprintf(rendered, sizeof rendered, "%s: %s\n  %s\n", warning ? "warning" : "error",
             message, name);
    c->diagnostic(c->user, rendered, &e, warning);
    return status;
}

static void nap(void) {
    const struct timespec t = {0, 10 * 1000000};
    nanosleep(&t, NULL);
}

static cf_status work(cf_session *s, const cf_callbacks *c, const char *name, long ms,
                      bool heed, bool partial) {
    for (long passed = 0; passed < ms; passed += 10) {
        if (heed && s->interrupted)
            return complain(c, CF_E_CANCELLED, "interrupted", name, false);
        nap();
        const cf_progress_report p = {.rows_done = passed,
                                      .rows_total = ms,
                                      .seconds = 1,
                                      .eta_seconds = 2,
                                      .step = 0,
                                      .steps = 1};
        if (c->progress != NULL && passed % 100 == 0) c->progress(c->user, &p);
        cf_result so_far = {CF_RESULT_RELATION, "so far"};
        if (partial && c->partial != NULL && passed % 500 == 0) c->partial(c->user, &so_far);
    }
    return CF_OK;
}

static cf_status ask(const cf_callbacks *c, const char *name, const char *prompt) {
    if (c->input == NULL)
        return complain(c, CF_E_REFUSED, "nobody can be asked here", name, false);
    char *line = c->input(c->user, prompt), text[256];
    if (line == NULL) return complain(c, CF_E_CANCELLED, "no answer", name, false);
    snprintf(text, sizeof text, "you said %s", line);
    free(line);
    cf_result r = {CF_RESULT_VALUE, text};
    c->result(c->user, &r);
    return CF_OK;
}

static cf_status lines(cf_session *s, const cf_callbacks *c, const char *name, long n,
                       bool both) {
    for (long i = 0; i < n; i++) {
        char line[32];
        const int size = snprintf(line, sizeof line, "%ld\n", i);
        if (s->interrupted) return complain(c, CF_E_CANCELLED, "interrupted", name, false);
        c->text(c->user, both && i % 2 == 1, line, (size_t)size);
    }
    return CF_OK;
}

static cf_status big(const cf_callbacks *c, size_t n) {
    char *text = malloc(n + 1);
    if (text == NULL) abort();
    memset(text, 'x', n);
    text[n] = 0;
    cf_result r = {CF_RESULT_VALUE, text};
    c->result(c->user, &r);
    free(text);
    return CF_OK;
}

static const char *after(const char *line, const char *word) {
    const size_t n = strlen(word);
    if (strncmp(line, word, n) != 0 || (line[n] != ' ' && line[n] != 0)) return NULL;
    return line[n] == ' ' ? line + n + 1 : line + n;
}

static cf_status run_line(cf_session *s, const cf_callbacks *c, const char *name,
                          const char *line) {
    const char *rest;
    cf_result r = {CF_RESULT_VALUE, ""};
    if ((rest = after(line, "value")) != NULL || (rest = after(line, "help")) != NULL) {
        r.text = rest;
        if (line[0] == 'h') r.kind = CF_RESULT_TEXT;
        c->result(c->user, &r);
        return CF_OK;
    }
    if ((rest = after(line, "print")) != NULL || (rest = after(line, "error")) != NULL) {
        if (c->text != NULL) c->text(c->user, line[0] == 'e', rest, strlen(rest));
        return CF_OK;
    }
    if ((rest = after(line, "lines")) != NULL)
        return lines(s, c, name, strtol(rest, NULL, 10), true);
    if ((rest = after(line, "burst")) != NULL)
        return lines(s, c, name, strtol(rest, NULL, 10), false);
    if ((rest = after(line, "big")) != NULL) return big(c, strtoul(rest, NULL, 10));
    if ((rest = after(line, "work")) != NULL)
        return work(s, c, name, strtol(rest, NULL, 10), true, false);
    if ((rest = after(line, "partial")) != NULL)
        return work(s, c, name, strtol(rest, NULL, 10), true, true);
    if ((rest = after(line, "stubborn")) != NULL)
        return work(s, c, name, strtol(rest, NULL, 10), false, false);
    if (after(line, "late") != NULL) return CF_OK;
    if ((rest = after(line, "ask")) != NULL) return ask(c, name, rest);
    if ((rest = after(line, "warn")) != NULL) {
        (void)complain(c, CF_E_VALUE, rest, name, true);
        return CF_OK;
    }
    if (after(line, "fails") != NULL) return CF_E_TYPE;
    if (after(line, "crash") != NULL) _exit(99);
    if ((rest = after(line, "fail")) != NULL) return complain(c, CF_E_TYPE, rest, name, false);
    return complain(c, CF_E_SYNTAX, "no such statement", name, false);
}

/* `late` in front: the cell takes a moment to begin, and misses an interrupt of that time. */
cf_status cf_session_run(cf_session *s, const cf_cell *cell, const cf_callbacks *callbacks) {
    char *text = strndup(cell->text, cell->size), *rest = NULL;
    if (text != NULL && after(text, "late\nwork") != NULL) nap();
    s->interrupted = false;
    cf_status status = CF_OK;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && status == CF_OK;
         line = strtok_r(NULL, "\n", &rest)) {
        while (*line == ' ')
            line++;
        if (*line == 0) continue;
        if (callbacks->next != NULL)
            callbacks->next(callbacks->user, after(line, "value") != NULL);
        status = run_line(s, callbacks, cell->name, line);
        const cf_timing timing = {.wall_ns = 1000, .cpu_ns = 2000, .rows = 3};
        if (callbacks->timing != NULL) callbacks->timing(callbacks->user, &timing);
    }
    free(text);
    return status;
}

cf_text_state cf_text_is_complete(const char *text, size_t size, unsigned *indent) {
    *indent = 2;
    if (size > 0 && text[size - 1] == '|') return CF_TEXT_INCOMPLETE;
    return size > 0 && text[size - 1] == ')' ? CF_TEXT_INVALID : CF_TEXT_COMPLETE;
}

/* The word before the cursor, in capitals. */
cf_completions cf_session_complete(cf_session *s, const char *text, size_t size,
                                   size_t cursor) {
    (void)s;
    (void)size;
    cf_completions c = {.begin = cursor, .end = cursor, .count = 1};
    while (c.begin > 0 && text[c.begin - 1] != ' ')
        c.begin--;
    char word[64];
    size_t n = 0;
    for (size_t i = c.begin; i < c.end && n + 1 < sizeof word; i++)
        word[n++] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
    word[n] = 0;
    c.items = calloc(1, sizeof *c.items);
    if (c.items == NULL) abort();
    c.items[0] = (cf_completion){strdup(word), strdup("column"), strdup("[float]")};
    return c;
}

void cf_completions_clear(cf_completions *c) {
    for (size_t i = 0; i < c->count; i++) {
        free(c->items[i].text);
        free(c->items[i].kind);
        free(c->items[i].type);
    }
    free(c->items);
    *c = (cf_completions){0};
}

char *cf_session_inspect(cf_session *s, const char *text, size_t size, size_t cursor,
                         int detail) {
    (void)s;
    (void)size;
    if (cursor == 0) return NULL;
    char out[64];
    snprintf(out, sizeof out, "before the cursor: %c, detail %d", text[cursor - 1], detail);
    return strdup(out);
}
