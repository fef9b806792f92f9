/* Progress, events and annotations; junit.c has the file. */

#include "notebook/report.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word; /* in events */
    const char *note; /* after the time */
    const char *color;
    int code;
} verdicts[] = {
    [CF_NB_PASSED] = {"passed", "", "", 0},
    [CF_NB_UPDATED] = {"updated", "updated", "33", 0},
    [CF_NB_SKIPPED] = {"skipped", "skipped", "2", 0},
    [CF_NB_NOT_RUN] = {"not_run", "not run", "2", 0},
    [CF_NB_DIFFERS] = {"differs", "differs", "31", CF_NB_EXIT_DIFFERS},
    [CF_NB_FAILED] = {"failed", "failed", "31", CF_NB_EXIT_FAILED},
    [CF_NB_TIMEOUT] = {"timeout", "took too long", "31", CF_NB_EXIT_TIMEOUT},
    [CF_NB_DIED] = {"died", "died", "31", CF_NB_EXIT_DIED},
};

int cf_nb_verdict_code(cf_nb_verdict verdict) {
    return verdicts[verdict].code;
}

int cf_nb_worse(int a, int b) {
    static const int order[] = {0,
                                CF_NB_EXIT_DIFFERS,
                                CF_NB_EXIT_FAILED,
                                CF_NB_EXIT_TIMEOUT,
                                CF_NB_EXIT_DIED,
                                CF_NB_EXIT_USAGE};
    const size_t count = sizeof(order) / sizeof(order[0]);
    size_t at_a = count, at_b = count; /* signals are worst */
    for (size_t i = 0; i < count; i++) {
        if (order[i] == a) at_a = i;
        if (order[i] == b) at_b = i;
    }
    return at_a >= at_b ? a : b;
}

/* ---- lines for people ---- */

static void clear_line(cf_nb_reporter *r) {
    if (r->on_line) fputs("\r\033[K", stderr);
    r->on_line = false;
}

static void put_place(const cf_nb_reporter *r, const cf_nb_suite *suite,
                      const cf_nb_case *cell) {
    if (r->several) fprintf(stderr, "%s ", suite->path);
    fprintf(stderr, "[%zu/%zu] cell %.*s", cell->number, suite->code_cells,
            CF_NB_STR_ARGS(cell->id));
}

void cf_nb_report_running(cf_nb_reporter *r, const cf_nb_suite *suite, const cf_nb_case *cell,
                          double fraction) {
    if (!r->terminal || r->options->quiet) return;
    clear_line(r);
    put_place(r, suite, cell);
    if (fraction >= 0) fprintf(stderr, " %.0f%%", fraction * 100);
    fputs(" ...", stderr);
    fflush(stderr);
    r->on_line = true;
}

static void put_details(cf_nb_str details) {
    cf_nb_str rest = details, line;
    while (cf_nb_str_line(&rest, &line))
        fprintf(stderr, "    %.*s\n", CF_NB_STR_ARGS(line));
}

static bool is_bad(const cf_nb_case *cell) {
    return verdicts[cell->verdict].code != 0;
}

static void put_line(cf_nb_reporter *r, const cf_nb_suite *suite, const cf_nb_case *cell) {
    const bool color = r->options->color && *verdicts[cell->verdict].color != '\0';
    clear_line(r);
    if (r->options->quiet && !is_bad(cell)) return;
    if (cell->verdict == CF_NB_NOT_RUN) return;
    put_place(r, suite, cell);
    if (cell->verdict != CF_NB_SKIPPED) fprintf(stderr, " %.1f s", cell->seconds);
    const char *note = verdicts[cell->verdict].note;
    if (color)
        fprintf(stderr, " \033[%sm%s\033[0m", verdicts[cell->verdict].color, note);
    else if (*note != '\0')
        fprintf(stderr, " %s", note);
    if (*cell->message != '\0') fprintf(stderr, ": %s", cell->message);
    fputc('\n', stderr);
    put_details(cell->details);
}

/* ---- events ---- */

static void event_text(cf_nb_text *out, const char *key, cf_nb_str value) {
    cf_nb_text_addf(out, ",\"%s\":", key);
    cf_nb_json_write_string(out, value);
}

static void begin_event(cf_nb_text *out, const char *event, const cf_nb_suite *suite) {
    cf_nb_text_addf(out, "{\"event\":\"%s\"", event);
    event_text(out, "notebook", cf_nb_str_of(suite->path));
}

static void send_event(cf_nb_text *out) {
    cf_nb_text_adds(out, "}\n");
    fwrite(out->data, 1, out->size, stdout);
    fflush(stdout);
    cf_nb_text_clear(out);
}

static void cell_event(const cf_nb_suite *suite, const cf_nb_case *cell) {
    cf_nb_text out = {0};
    begin_event(&out, "cell", suite);
    event_text(&out, "cell", cell->id);
    cf_nb_text_addf(&out, ",\"number\":%zu,\"verdict\":\"%s\",\"seconds\":%.3f", cell->number,
                    verdicts[cell->verdict].word, cell->seconds);
    if (*cell->message != '\0') event_text(&out, "message", cf_nb_str_of(cell->message));
    if (cell->details.size > 0) event_text(&out, "details", cell->details);
    send_event(&out);
}

void cf_nb_report_start(cf_nb_reporter *r, const cf_nb_suite *suite) {
    if (!r->options->json) return;
    cf_nb_text out = {0};
    begin_event(&out, "start", suite);
    cf_nb_text_addf(&out, ",\"cells\":%zu", suite->code_cells);
    send_event(&out);
}

/* ---- GitHub ---- */

static void put_escaped(FILE *f, cf_nb_str s, bool property) {
    for (size_t i = 0; i < s.size; i++) {
        const char c = s.data[i];
        if (c == '%' || c == '\n' || c == '\r' || (property && (c == ':' || c == ',')))
            fprintf(f, "%%%02X", (unsigned)c);
        else
            fputc(c, f);
    }
}

static void annotate(const cf_nb_suite *suite, cf_nb_str title, uint32_t line, cf_nb_str text) {
    fputs("::error file=", stdout);
    put_escaped(stdout, cf_nb_str_of(suite->path), true);
    if (line > 0) printf(",line=%u", line);
    fputs(",title=", stdout);
    put_escaped(stdout, title, true);
    fputs("::", stdout);
    put_escaped(stdout, text, false);
    putchar('\n');
    fflush(stdout);
}

static void annotate_cell(const cf_nb_suite *suite, const cf_nb_case *cell) {
    cf_nb_pool *pool = cf_nb_pool_new();
    cf_nb_text text = {0};
    cf_nb_text_adds(&text, cell->message);
    if (cell->details.size > 0) cf_nb_text_addc(&text, '\n');
    cf_nb_text_addt(&text, cf_nb_stream_shown(pool, cell->details));
    annotate(suite,
             cf_nb_str_of(cf_nb_printf(pool, "cell %.*s %s", CF_NB_STR_ARGS(cell->id),
                                       verdicts[cell->verdict].note)),
             cell->line, cf_nb_text_view(&text));
    cf_nb_text_clear(&text);
    cf_nb_pool_free(pool);
}

void cf_nb_report_cell(cf_nb_reporter *r, const cf_nb_suite *suite, const cf_nb_case *cell) {
    put_line(r, suite, cell);
    if (r->options->json) cell_event(suite, cell);
    if (r->options->github && is_bad(cell)) annotate_cell(suite, cell);
}

void cf_nb_report_end(cf_nb_reporter *r, const cf_nb_suite *suite) {
    clear_line(r);
    if (suite->fault != NULL) {
        fprintf(stderr, "cutflow run: %s\n", suite->fault);
        if (r->options->github)
            annotate(suite, cf_nb_str_of("the notebook"), 0, cf_nb_str_of(suite->fault));
    }
    if (!r->options->json) return;
    cf_nb_text out = {0};
    begin_event(&out, "end", suite);
    cf_nb_text_addf(&out, ",\"seconds\":%.3f,\"code\":%d", suite->seconds, suite->code);
    if (suite->fault != NULL) event_text(&out, "message", cf_nb_str_of(suite->fault));
    send_event(&out);
}
