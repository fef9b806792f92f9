/* The commands that start with %, and %set's keys. */

#include "session/session_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- settings ---- */

typedef struct {
    const char *key, *doc;
    bool (*set)(cf_session *s, const char *value);
    void (*get)(const cf_session *s, cf_text *out);
} setting;

static bool whole_number(const char *value, int64_t *n) {
    char *end = NULL;
    const long long x = strtoll(value, &end, 10);
    if (end == value || *end != 0) return false;
    *n = x;
    return true;
}

static bool on_off(const char *value, bool *out) {
    *out = strcmp(value, "on") == 0 || strcmp(value, "true") == 0;
    return *out || strcmp(value, "off") == 0 || strcmp(value, "false") == 0;
}

static bool set_rows(cf_session *s, const char *value) {
    int64_t n = 0;
    if (strcmp(value, "all") == 0)
        n = -1;
    else if (!whole_number(value, &n) || n < 0)
        return false;
    s->options.rows_shown = n;
    return true;
}

static void get_rows(const cf_session *s, cf_text *out) {
    if (s->options.rows_shown < 0)
        cf_text_adds(out, "all");
    else
        cf_text_addf(out, "%lld", (long long)s->options.rows_shown);
}

static bool set_threads(cf_session *s, const char *value) {
    int64_t n = 0;
    if (!whole_number(value, &n) || n < 0 || n > 1024) return false;
    s->options.threads = (unsigned)n;
    if (s->engine != NULL) cf_engine_free(s->engine);
    s->engine = NULL;
    return true;
}

static void get_threads(const cf_session *s, cf_text *out) {
    cf_text_addf(out, "%u", s->options.threads);
}

static bool set_memory(cf_session *s, const char *value) {
    char *end = NULL;
    const double x = strtod(value, &end);
    double unit = 1;
    switch (toupper((unsigned char)*end)) {
    case 'K': unit = 1024; break;
    case 'M': unit = 1024.0 * 1024; break;
    case 'G': unit = 1024.0 * 1024 * 1024; break;
    case 'T': unit = 1024.0 * 1024 * 1024 * 1024; break;
    case 0: break;
    default: return false;
    }
    if (end == value || !(x >= 0) || x * unit > 1e18 ||
        (*end != 0 && end[1] != 0 && !(toupper((unsigned char)end[1]) == 'B' && end[2] == 0)))
        return false;
    s->options.memory = (size_t)(x * unit);
    return true;
}

static void get_memory(const cf_session *s, cf_text *out) {
    cf_text_addf(out, "%zu", s->options.memory);
}

static bool set_timer(cf_session *s, const char *value) {
    return on_off(value, &s->timer);
}

static void get_timer(const cf_session *s, cf_text *out) {
    cf_text_adds(out, s->timer ? "on" : "off");
}

static bool set_check_plans(cf_session *s, const char *value) {
    return on_off(value, &s->plan_check);
}

static void get_check_plans(const cf_session *s, cf_text *out) {
    cf_text_adds(out, s->plan_check ? "on" : "off");
}

/* How results look is the front end's; the word is kept here for it. */
static bool set_format(cf_session *s, const char *value) {
    s->format = cf_format_of(value);
    return s->format != CF_FORMAT_COUNT;
}

static void get_format(const cf_session *s, cf_text *out) {
    static const char *const words[] = {
#define CF_FORMAT(name, word) [CF_FORMAT_##name] = (word),
#include "cutflow/formats.def"
#undef CF_FORMAT
        [CF_FORMAT_COUNT] = ""};
    cf_text_adds(out, words[s->format]);
}

static const setting settings[] = {
    {"format",
     "how results are printed: box plain csv tsv json jsonlines markdown vertical none",
     set_format, get_format},
    {"rows", "rows of a relation that are shown: a number or all", set_rows, get_rows},
    {"threads", "threads that work; 0: one a core", set_threads, get_threads},
    {"memory", "memory for rows that must be held, like 4G; 0: three quarters of the machine's",
     set_memory, get_memory},
    {"timer", "on: the time, rows and bytes of each statement", set_timer, get_timer},
    {"check_plans", "on: every plan is written as JSON and read back before it runs",
     set_check_plans, get_check_plans},
};

cf_status cf_session_set(cf_session *s, const char *key, const char *value, cf_error *err) {
    for (size_t i = 0; i < CF_COUNT(settings); i++) {
        if (strcmp(settings[i].key, key) != 0) continue;
        if (settings[i].set(s, value)) return CF_OK;
        const cf_status status =
            cf_fail(err, CF_E_COMMAND, CF_NOWHERE, "`%s` is no value for `%s`", value, key);
        cf_error_hint(err, "%s: %s", key, settings[i].doc);
        return status;
    }
    const cf_status status =
        cf_fail(err, CF_E_COMMAND, CF_NOWHERE, "there is no setting `%s`", key);
    cf_text keys = {0};
    for (size_t i = 0; i < CF_COUNT(settings); i++)
        cf_text_addf(&keys, "%s%s", i > 0 ? ", " : "", settings[i].key);
    cf_error_hint(err, "there are: %s", keys.data);
    cf_text_clear(&keys);
    return status;
}

char *cf_session_get(cf_session *s, const char *key) {
    cf_text t = {0};
    for (size_t i = 0; i < CF_COUNT(settings); i++)
        if (strcmp(settings[i].key, key) == 0) settings[i].get(s, &t);
    return t.data;
}

/* ---- commands ---- */

typedef struct {
    cf_run *run;
    const cf_stmt *stmt;
    char *rest; /* zero-terminated, trimmed */
} command;

static cf_status fail(command *c, cf_error *err) {
    if (err->span.source == 0) err->span = c->stmt->span;
    cf_run_error(c->run, err, false);
    return err->status;
}

static cf_status command_set(command *c) {
    cf_session *s = c->run->s;
    cf_error err = {0};
    if (c->rest[0] == 0) {
        cf_text t = {0};
        for (size_t i = 0; i < CF_COUNT(settings); i++) {
            char *value = cf_session_get(s, settings[i].key);
            cf_text_addf(&t, "%-12s %-8s %s\n", settings[i].key, value, settings[i].doc);
            free(value);
        }
        cf_run_text(c->run, CF_RESULT_TEXT, t.data);
        return CF_OK;
    }
    char *value = c->rest;
    while (*value != 0 && *value != ' ' && *value != '=')
        value++;
    if (*value != 0) *value++ = 0;
    while (*value == ' ' || *value == '=')
        value++;
    if (*value == 0) {
        char *now = cf_session_get(s, c->rest);
        if (now != NULL) {
            cf_text t = {0};
            cf_text_addf(&t, "%s\n", now);
            free(now);
            cf_run_text(c->run, CF_RESULT_TEXT, t.data);
            return CF_OK;
        }
    }
    return cf_session_set(s, c->rest, value, &err) == CF_OK ? CF_OK : fail(c, &err);
}

static cf_status command_help(command *c) {
    char *text = cf_help_text(c->run->s, c->rest);
    if (text != NULL) {
        cf_run_text(c->run, CF_RESULT_TEXT, text);
        return CF_OK;
    }
    cf_error err = {0};
    (void)cf_help_unknown(c->rest, &err);
    return fail(c, &err);
}

static cf_status command_tables(command *c) {
    cf_session *s = c->run->s;
    cf_text t = {0};
    if (s->table_count == 0)
        cf_text_adds(&t, "no tables: give files on the command line, or read_root \"file\"\n");
    size_t width = 4;
    for (size_t i = 0; i < s->table_count; i++)
        if (strlen(s->tables[i].name) > width) width = strlen(s->tables[i].name);
    for (size_t i = 0; i < s->table_count; i++)
        if (s->tables[i].clash == NULL)
            cf_text_addf(&t, "%-*s  %s\n", (int)width, s->tables[i].name, s->tables[i].path);
    for (size_t i = 0; i < cf_module_count(s->module); i++) {
        const cf_let *let = cf_module_at(s->module, i);
        if (cf_module_find(s->module, let->name) == let)
            cf_text_addf(&t, "%-*.*s  let\n", (int)width, CF_STR_ARGS(let->name));
    }
    cf_run_text(c->run, CF_RESULT_TEXT, t.data);
    return CF_OK;
}

static cf_status command_schema(command *c) {
    cf_error err = {0};
    char *text = cf_schema_text(c->run->s, c->rest, &err);
    if (text == NULL) return fail(c, &err);
    cf_run_text(c->run, CF_RESULT_TEXT, text);
    return CF_OK;
}

/* The statements in the command's line: their trees, with places in a text of their own. */
static cf_status each_statement(command *c, const char *text,
                                cf_status (*run)(command *, const cf_stmt *)) {
    cf_diags diags = {0};
    uint32_t source = 0;
    const cf_program *program = cf_run_parse(c->run, text, strlen(text), &source, &diags);
    cf_run_diagnose(c->run, &diags);
    if (diags.count > 0) return diags.errors[0].status;
    if (program->count == 0) {
        cf_error err = {0};
        (void)cf_fail(&err, CF_E_COMMAND, CF_NOWHERE, "%%%.*s needs a pipeline",
                      CF_STR_ARGS(c->stmt->command));
        cf_error_hint(&err, "write it on the same line: %%%.*s from ..",
                      CF_STR_ARGS(c->stmt->command));
        return fail(c, &err);
    }
    for (size_t i = 0; i < program->count; i++)
        CF_TRY(run(c, program->stmts[i]));
    return CF_OK;
}

static cf_status time_one(command *c, const cf_stmt *stmt) {
    const int64_t start = cf_clock_ns(), cpu = cf_clock_cpu_ns();
    c->run->timing = (cf_timing){0};
    CF_TRY(cf_run_stmt(c->run, stmt));
    const cf_timing *t = &c->run->timing;
    cf_text out = {0};
    const double wall = (double)(cf_clock_ns() - start) / 1e9;
    cf_text_addf(&out, "wall %.3f s, CPU %.3f s, %lld rows", wall,
                 (double)(cf_clock_cpu_ns() - cpu) / 1e9, (long long)t->rows);
    if (t->rows > 0 && wall > 0) cf_text_addf(&out, " (%.3g a second)", (double)t->rows / wall);
    cf_text_addf(&out, ", %.3g MB read, %.3g MB unpacked\n", (double)t->bytes_read / 1e6,
                 (double)t->bytes_unpacked / 1e6);
    cf_run_text(c->run, CF_RESULT_TEXT, out.data);
    return CF_OK;
}

static cf_status command_time(command *c) {
    return each_statement(c, c->rest, time_one);
}

static cf_status explain_with(command *c, const cf_stmt *stmt, cf_show show) {
    if (stmt->kind != CF_STMT_PIPELINE) return cf_run_stmt(c->run, stmt);
    return cf_run_plan(c->run, stmt->value, show, false);
}

static cf_status explain_one(command *c, const cf_stmt *stmt) {
    return explain_with(c, stmt, CF_SHOW_PLAN);
}

static cf_status analyze_one(command *c, const cf_stmt *stmt) {
    return explain_with(c, stmt, CF_SHOW_ANALYZE);
}

static cf_status command_explain(command *c) {
    if (strncmp(c->rest, "analyze", 7) == 0 && isspace((unsigned char)c->rest[7]))
        return each_statement(c, c->rest + 8, analyze_one);
    return each_statement(c, c->rest, explain_one);
}

static cf_status print_out(command *c, const cf_stmt *stmt) {
    if (stmt->kind != CF_STMT_PIPELINE) return cf_run_stmt(c->run, stmt);
    return cf_run_plan(c->run, stmt->value, CF_SHOW_TEXT, false);
}

static cf_status print_err(command *c, const cf_stmt *stmt) {
    if (stmt->kind != CF_STMT_PIPELINE) return cf_run_stmt(c->run, stmt);
    return cf_run_plan(c->run, stmt->value, CF_SHOW_TEXT, true);
}

static cf_status command_print(command *c) {
    if (strncmp(c->rest, "err:true ", 9) == 0) return each_statement(c, c->rest + 9, print_err);
    return each_statement(c, c->rest, print_out);
}

static const struct {
    const char *name;
    cf_status (*run)(command *c);
} commands[] = {
    {"help", command_help},     {"set", command_set},   {"tables", command_tables},
    {"schema", command_schema}, {"time", command_time}, {"explain", command_explain},
    {"print", command_print},
};

cf_status cf_run_command(cf_run *r, const cf_stmt *stmt) {
    command c = {.run = r,
                 .stmt = stmt,
                 .rest =
                     strndup(stmt->rest.data == NULL ? "" : stmt->rest.data, stmt->rest.size)};
    CF_ASSERT(c.rest != NULL);
    cf_status status = CF_E_COMMAND;
    bool known = false;
    for (size_t i = 0; i < CF_COUNT(commands) && !known; i++)
        if (cf_str_is(stmt->command, commands[i].name)) {
            known = true;
            status = commands[i].run(&c);
        }
    if (!known) {
        cf_error err = {0};
        (void)cf_fail(&err, CF_E_COMMAND, stmt->span, "there is no command %%%.*s",
                      CF_STR_ARGS(stmt->command));
        cf_str names[CF_COUNT(commands)];
        for (size_t i = 0; i < CF_COUNT(commands); i++)
            names[i] = cf_str_of(commands[i].name);
        const size_t n = CF_COUNT(commands);
        size_t best = n, distance = stmt->command.size / 3 + 1;
        for (size_t i = 0; i < n; i++) {
            const size_t d = cf_edit_distance(stmt->command, names[i]);
            if (d < distance) {
                distance = d;
                best = i;
            }
        }
        if (best < n)
            cf_error_hint(&err, "did you mean %%%s?", commands[best].name);
        else
            cf_error_hint(&err,
                          "there are %%help %%schema %%tables %%set %%time %%explain %%print");
        cf_run_error(r, &err, false);
    }
    free(c.rest);
    return status;
}
