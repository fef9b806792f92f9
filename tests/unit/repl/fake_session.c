/* A session for tests of the prompt and the command line: it implements the public headers with
 * a toy language, so that what the terminal does can be seen without data, plans or waiting.
 *
 *   rows N      a relation of N rows          wait        works until it is interrupted
 *   say TEXT    a text                        work MS     works that long, with progress
 *   fail        an error                      ask         asks the user for a line
 *   %set k v    a setting                     anything else says what it is
 *
 * A statement is a line; lines joined by an open bracket or a trailing `|` are one. */

#include "cutflow/notebook.h"
#include "cutflow/session.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct cf_session {
    atomic_bool interrupted;
    int64_t rows_shown;
    char timer[8], opened[256], param[256];
};

struct cf_result {
    atomic_int refs;
    cf_result_kind kind;
    int64_t rows, total;
    char text[512];
};

const char *cf_version(void) {
    return "0-fake";
}

cf_session *cf_session_new(const cf_session_options *options, cf_error *err) {
    (void)err;
    cf_session *s = calloc(1, sizeof(*s));
    if (s == NULL) abort();
    s->rows_shown = options->rows_shown;
    snprintf(s->timer, sizeof(s->timer), "off");
    return s;
}

void cf_session_free(cf_session *s) {
    free(s);
}

static cf_status fake_fail(cf_error *err, cf_status status, const char *what,
                           const char *name) {
    if (err != NULL) {
        *err = (cf_error){.status = status};
        snprintf(err->message, sizeof(err->message), "%s `%s`", what, name);
    }
    return status;
}

cf_status cf_session_open(cf_session *s, const char *data, cf_error *err) {
    if (strstr(data, "missing") != NULL) return fake_fail(err, CF_E_OPEN, "cannot open", data);
    snprintf(s->opened, sizeof(s->opened), "%s", data);
    return CF_OK;
}

cf_status cf_session_library(cf_session *s, const char *folder, cf_error *err) {
    (void)s;
    (void)folder;
    (void)err;
    return CF_OK;
}

cf_status cf_session_param(cf_session *s, const char *assignment, cf_error *err) {
    (void)err;
    snprintf(s->param, sizeof(s->param), "%s", assignment);
    return CF_OK;
}

const char *cf_session_unused_param(cf_session *s) {
    (void)s;
    return NULL;
}

cf_result *cf_result_retain(cf_result *r) {
    r->refs++;
    return r;
}

void cf_result_release(cf_result *r) {
    if (--r->refs == 0) free(r);
}

cf_result_kind cf_result_kind_of(const cf_result *r) {
    return r->kind;
}

cf_draw cf_result_draw(const cf_result *r) {
    (void)r;
    return CF_DRAW_NONE;
}

int64_t cf_result_rows(const cf_result *r) {
    return r->rows;
}

int64_t cf_result_total(const cf_result *r) {
    return r->total;
}

cf_format cf_format_of(const char *word) {
    static const char *const words[] = {
#define CF_FORMAT(name, text) text,
#include "cutflow/formats.def"
#undef CF_FORMAT
    };
    for (size_t i = 0; i < CF_FORMAT_COUNT; i++)
        if (strcmp(word, words[i]) == 0) return (cf_format)i;
    return CF_FORMAT_COUNT;
}

char *cf_result_render(const cf_result *r, const cf_render_options *options, size_t *size) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f == NULL) abort();
    if (options->format == CF_FORMAT_NONE) {
    } else if (r->kind == CF_RESULT_TEXT) {
        fprintf(f, "%s\n", r->text);
    } else {
        fprintf(f, options->format == CF_FORMAT_BOX ? "| n |\n" : "n\n");
        for (int64_t i = 0; i < r->rows; i++)
            fprintf(f, "%lld\n", (long long)i);
        if (options->format == CF_FORMAT_BOX && r->rows < r->total)
            fprintf(f, "%lld of %lld rows, width %u\n", (long long)r->rows, (long long)r->total,
                    options->width);
    }
    fclose(f);
    if (size != NULL) *size = n;
    return text;
}

void cf_session_interrupt(cf_session *s) {
    s->interrupted = true;
}

static void give(const cf_callbacks *c, cf_result_kind kind, int64_t rows, int64_t total,
                 const char *text) {
    cf_result *r = calloc(1, sizeof(*r));
    if (r == NULL) abort();
    r->refs = 1;
    r->kind = kind;
    r->rows = rows;
    r->total = total;
    snprintf(r->text, sizeof(r->text), "%s", text);
    if (c->result != NULL) c->result(c->user, r);
    cf_result_release(r);
}

static cf_status complain(const cf_callbacks *c, cf_status status, const char *text) {
    const cf_error e = {.status = status};
    if (c->diagnostic != NULL) c->diagnostic(c->user, text, &e, false);
    return status;
}

static void nap_ms(long ms) {
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static cf_status work_for(cf_session *s, const cf_callbacks *c, long ms) {
    for (long passed = 0; passed < ms; passed += 20) {
        if (s->interrupted) return complain(c, CF_E_CANCELLED, "error[E0064]: interrupted");
        nap_ms(20);
        const cf_progress_report p = {
            passed, ms, passed * 1000, (double)passed / 1000, (double)(ms - passed) / 1000,
            1,      1,  NULL};
        if (c->progress != NULL && passed % 100 == 0) c->progress(c->user, &p);
    }
    return CF_OK;
}

static cf_status ask(const cf_callbacks *c) {
    char *line = c->input(c->user, "name? ");
    char text[128];
    snprintf(text, sizeof(text), "hello %s", line != NULL ? line : "nobody");
    give(c, CF_RESULT_TEXT, 0, 0, text);
    free(line);
    return CF_OK;
}

static cf_status set_here(cf_session *s, const char *arguments) {
    char key[32] = "", value[32] = "";
    if (sscanf(arguments, "%31s %31s", key, value) != 2) return CF_E_COMMAND;
    return cf_session_set(s, key, value, NULL);
}

static cf_status run_one(cf_session *s, const cf_callbacks *c, const char *text) {
    if (strncmp(text, "rows ", 5) == 0) {
        const int64_t total = strtoll(text + 5, NULL, 10);
        const int64_t shown =
            s->rows_shown >= 0 && s->rows_shown < total ? s->rows_shown : total;
        give(c, CF_RESULT_RELATION, shown, total, "");
        return CF_OK;
    }
    if (strncmp(text, "say ", 4) == 0) {
        give(c, CF_RESULT_TEXT, 0, 0, text + 4);
        return CF_OK;
    }
    if (strcmp(text, "fail") == 0)
        return complain(c, CF_E_UNKNOWN_COLUMN,
                        "error[E0012]: no column `fail`\n  1 | fail\n    | ^^^^ unknown "
                        "name\nhelp: try again");
    if (strcmp(text, "wait") == 0) return work_for(s, c, 60000);
    if (strncmp(text, "work ", 5) == 0) return work_for(s, c, strtol(text + 5, NULL, 10));
    if (strcmp(text, "ask") == 0) return ask(c);
    if (strncmp(text, "%set ", 5) == 0) return set_here(s, text + 5);
    if (strcmp(text, "%print") == 0) {
        c->text(c->user, false, "printed\n", 8);
        return CF_OK;
    }
    if (strcmp(text, "opened") == 0) {
        give(c, CF_RESULT_TEXT, 0, 0, s->opened);
        return CF_OK;
    }
    char said[400];
    size_t n = 0;
    for (const char *p = text; *p != '\0' && n + 3 < sizeof(said); p++)
        said[n++] = *p == '\n' ? '/' : *p;
    said[n] = '\0';
    char whole[512];
    snprintf(whole, sizeof(whole), "ran <%s>", said);
    give(c, CF_RESULT_TEXT, 0, 0, whole);
    return CF_OK;
}

cf_text_state cf_text_is_complete(const char *text, size_t size, unsigned *indent) {
    int depth = 0;
    size_t last = size;
    for (size_t i = 0; i < size; i++) {
        if (strchr("([{", text[i]) != NULL && text[i] != '\0') depth++;
        if (strchr(")]}", text[i]) != NULL && text[i] != '\0') depth--;
        if (text[i] != ' ' && text[i] != '\n') last = i;
    }
    *indent = depth > 0 ? 2 * (unsigned)depth : 0;
    return depth > 0 || (last < size && text[last] == '|') ? CF_TEXT_INCOMPLETE
                                                           : CF_TEXT_COMPLETE;
}

cf_status cf_session_run(cf_session *s, const cf_cell *cell, const cf_callbacks *callbacks) {
    s->interrupted = false;
    char *text = strndup(cell->text, cell->size);
    cf_status status = CF_OK;
    for (char *at = text; at != NULL && *at != '\0' && status == CF_OK;) {
        char *end = at;
        unsigned indent;
        do {
            end += strcspn(end, "\n");
            if (*end == '\n') end++;
        } while (*end != '\0' &&
                 cf_text_is_complete(at, (size_t)(end - at), &indent) == CF_TEXT_INCOMPLETE);
        char *next = *end != '\0' ? end : NULL;
        const char first = *end;
        *end = '\0';
        size_t n = strlen(at);
        while (n > 0 && (at[n - 1] == '\n' || at[n - 1] == ' '))
            at[--n] = '\0';
        while (*at == ' ' || *at == '\n')
            at++;
        if (*at != '\0' && *at != '#') {
            status = run_one(s, callbacks, at);
            const cf_timing timing = {12300000, 24000000, 1234567, 1500000, 3000000, 10000000};
            if (callbacks->timing != NULL) callbacks->timing(callbacks->user, &timing);
        }
        if (next != NULL) *next = first;
        at = next;
    }
    free(text);
    return status;
}

static const char *const names[][3] = {
    {"Jet", "column", "[{pt, eta}]"}, {"Jet_count", "column", "int"},
    {"filter", "verb", ""},           {"first", "function", ""},
    {"Jet.pt", "column", "[float]"},  {"Jet.eta", "column", "[float]"},
};

cf_completions cf_session_complete(cf_session *s, const char *text, size_t size,
                                   size_t cursor) {
    (void)s;
    (void)size;
    cf_completions c = {.begin = cursor, .end = cursor};
    while (c.begin > 0 && strchr(" \n\t(|", text[c.begin - 1]) == NULL)
        c.begin--;
    c.items = calloc(sizeof(names) / sizeof(names[0]), sizeof(*c.items));
    if (c.items == NULL) abort();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncasecmp(names[i][0], text + c.begin, cursor - c.begin) != 0) continue;
        c.items[c.count++] =
            (cf_completion){strdup(names[i][0]), strdup(names[i][1]), strdup(names[i][2])};
    }
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
    (void)s, (void)text, (void)size, (void)cursor, (void)detail;
    return NULL;
}

char *cf_text_format(const char *text, size_t size, const char *name, char **message) {
    (void)size;
    if (strstr(text, "broken") != NULL) {
        char whole[128];
        snprintf(whole, sizeof(whole), "error[E0001]: broken in %s", name);
        *message = strdup(whole);
        return NULL;
    }
    char *after = strdup(text), *to = after;
    for (const char *p = text; *p != '\0'; p++)
        if (!(p[0] == ' ' && p[1] == ' ')) *to++ = *p;
    *to = '\0';
    return after;
}

char *cf_describe_file(const char *path, bool json, const _Atomic bool *cancel, cf_error *err) {
    (void)cancel;
    if (strstr(path, "missing") != NULL) {
        (void)fake_fail(err, CF_E_OPEN, "cannot open", path);
        return NULL;
    }
    return strdup(json ? "{}" : "described");
}

char *cf_schema_file(const char *path, cf_error *err) {
    return cf_describe_file(path, false, NULL, err);
}

char *cf_error_render(const cf_error *e, const char *text, size_t size, const char *name,
                      bool warning) {
    (void)text, (void)size, (void)name, (void)warning;
    char whole[700];
    snprintf(whole, sizeof(whole), "error[E%04d]: %s", (int)e->status, e->message);
    return strdup(whole);
}

cf_status cf_session_set(cf_session *s, const char *key, const char *value, cf_error *err) {
    if (strcmp(key, "rows") == 0)
        s->rows_shown = strcmp(value, "all") == 0 ? -1 : strtoll(value, NULL, 10);
    else if (strcmp(key, "timer") == 0)
        snprintf(s->timer, sizeof(s->timer), "%s", value);
    else
        return fake_fail(err, CF_E_COMMAND, "no setting", key);
    return CF_OK;
}

char *cf_session_get(cf_session *s, const char *key) {
    char rows[24];
    if (s->rows_shown < 0)
        snprintf(rows, sizeof(rows), "all");
    else
        snprintf(rows, sizeof(rows), "%lld", (long long)s->rows_shown);
    if (strcmp(key, "rows") == 0) return strdup(rows);
    return strcmp(key, "timer") == 0 ? strdup(s->timer) : NULL;
}

/* Notebooks are another front end, which has tests of its own. */
int cf_notebook_run(int argc, char *const *argv) {
    (void)argv;
    return argc > 1 ? 0 : 2;
}

int cf_notebook_tool(int argc, char *const *argv) {
    return cf_notebook_run(argc, argv);
}
