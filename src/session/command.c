/* The commands that start with %, and %set's keys. */

#include "dist/processes.h"
#include "session/session_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- settings ---- */

typedef struct {
    const char *key, *doc, *words; /* words: values, as far as they are words */
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

static bool set_engine(cf_session *s, const char *value) {
    const bool processes = strcmp(value, "processes") == 0;
    if (!processes && strcmp(value, "threads") != 0) return false;
    if (processes != s->processes && s->engine != NULL) {
        cf_engine_free(s->engine);
        s->engine = NULL;
    }
    s->processes = processes;
    return true;
}

static void get_engine(const cf_session *s, cf_text *out) {
    cf_text_adds(out, s->processes ? "processes" : "threads");
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
     "box plain csv tsv json jsonlines markdown vertical none", set_format, get_format},
    {"rows", "rows of a relation that are shown: a number or all", "all", set_rows, get_rows},
    {"threads", "threads that work; 0: one a core", "", set_threads, get_threads},
    {"engine", "who does the work: threads, or processes of their own (cutflow-exec)",
     "threads processes", set_engine, get_engine},
    {"memory", "memory for rows that must be held, like 4G; 0: three quarters of the machine's",
     "", set_memory, get_memory},
    {"timer", "on: the time, rows and bytes of each statement", "on off", set_timer, get_timer},
    {"check_plans", "on: every plan is written as JSON and read back before it runs", "on off",
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

const char *cf_setting_key(size_t i) {
    return i < CF_COUNT(settings) ? settings[i].key : NULL;
}

const char *cf_setting_words(const char *key) {
    for (size_t i = 0; i < CF_COUNT(settings); i++)
        if (strcmp(settings[i].key, key) == 0) return settings[i].words;
    return "";
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

/* %engine: who works, and how it went; %engine NAME: from now on. */
static cf_status command_engine(command *c) {
    cf_session *s = c->run->s;
    cf_error err = {0};
    cf_text t = {0};
    if (c->rest[0] != 0 && cf_session_set(s, "engine", c->rest, &err) != CF_OK)
        return fail(c, &err);
    if (cf_session_engine(s, &err) != CF_OK) return fail(c, &err);
    cf_engine_describe(s->engine, &t);
    cf_run_text(c->run, CF_RESULT_TEXT, t.data);
    return CF_OK;
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

/* The trees of a file with several: each is a table `stem.Tree`. */
static void add_trees(cf_text *out, const cf_table_entry *e) {
    cf_arena *arena = cf_arena_new(4096);
    const char *const *names = NULL;
    const size_t count = arena == NULL ? 0 : cf_tables_trees(e, arena, &names);
    for (size_t i = 0; i < count; i++)
        cf_text_addf(out, "  %s.%s\n", e->name, names[i]);
    cf_arena_free(arena);
}

static cf_status command_tables(command *c) {
    cf_session *s = c->run->s;
    cf_text t = {0};
    if (s->table_count == 0)
        cf_text_adds(&t, "no tables: give files on the command line, or read_root \"file\"\n");
    size_t width = 4;
    for (size_t i = 0; i < s->table_count; i++)
        if (strlen(s->tables[i].name) > width) width = strlen(s->tables[i].name);
    for (size_t i = 0; i < s->table_count; i++) {
        const cf_table_entry *e = &s->tables[i];
        if (e->clash == NULL) cf_text_addf(&t, "%-*s  %s\n", (int)width, e->name, e->path);
        if (i == 0 || strcmp(e->path, s->tables[i - 1].path) != 0) add_trees(&t, e);
    }
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

/* Three digits in the unit that suits: `12.3 µs`, `0.42 ms`, `1.23 s`. */
static void add_seconds(cf_text *out, double s) {
    if (s < 1e-4)
        cf_text_addf(out, "%.1f µs", s * 1e6);
    else if (s < 1)
        cf_text_addf(out, "%.*f ms", s < 1e-2 ? 2 : s < 0.1 ? 1 : 0, s * 1e3);
    else
        cf_text_addf(out, "%.*f s", s < 10 ? 2 : 1, s);
}

static cf_status time_one(command *c, const cf_stmt *stmt) {
    const int64_t start = cf_clock_ns(), cpu = cf_clock_cpu_ns();
    c->run->timing = (cf_timing){0};
    CF_TRY(cf_run_stmt(c->run, stmt));
    const cf_timing *t = &c->run->timing;
    cf_text out = {0};
    const double wall = (double)(cf_clock_ns() - start) / 1e9;
    cf_text_adds(&out, "wall ");
    add_seconds(&out, wall);
    cf_text_adds(&out, ", CPU ");
    add_seconds(&out, (double)(cf_clock_cpu_ns() - cpu) / 1e9);
    cf_text_addf(&out, ", %lld rows", (long long)t->rows);
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

#define PROGRAM_MAX ((size_t)64 << 20)

/* The whole file, malloc'd; NULL after failing. */
char *cf_session_text(const char *path, size_t *size, cf_error *err) {
    FILE *f = fopen(path, "rb");
    char *text = f == NULL ? NULL : malloc(PROGRAM_MAX);
    *size = text == NULL ? 0 : fread(text, 1, PROGRAM_MAX, f);
    const bool bad = text == NULL || ferror(f) != 0;
    if (bad)
        (void)cf_fail(err, CF_E_OPEN, CF_NOWHERE, "cannot read %s: %s", path, cf_errno_text());
    else if (*size == PROGRAM_MAX)
        (void)cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "%s is longer than any program", path);
    if (f != NULL) (void)fclose(f);
    if (!bad && *size < PROGRAM_MAX) return text;
    free(text);
    return NULL;
}

#define LOADS_MAX 20 /* a file that loads itself */

/* %load FILE: its statements, as if they were written here. */
static cf_status command_load(command *c) {
    cf_error err = {0};
    size_t size = strlen(c->rest);
    char *path = c->rest;
    if (size > 1 && (path[0] == '"' || path[0] == '\'') && path[size - 1] == path[0]) {
        path[size - 1] = 0;
        path++;
    }
    if (path[0] == 0) {
        (void)cf_fail(&err, CF_E_COMMAND, CF_NOWHERE, "%%load needs a file: %%load setup.cf");
        return fail(c, &err);
    }
    if (c->run->loads >= LOADS_MAX) {
        (void)cf_fail(&err, CF_E_RECURSION, CF_NOWHERE, "%s loads itself", path);
        return fail(c, &err);
    }
    char *text = cf_session_text(path, &size, &err);
    if (text == NULL) return fail(c, &err);
    cf_diags diags = {0};
    uint32_t source = 0;
    const cf_program *program = cf_run_parse_as(c->run, text, size, path, &source, &diags);
    free(text);
    cf_run_diagnose(c->run, &diags);
    if (diags.count > 0) return diags.errors[0].status;
    cf_status status = CF_OK;
    c->run->loads++;
    for (size_t i = 0; i < program->count && status == CF_OK; i++)
        status = cf_run_shown(c->run, program->stmts[i]);
    c->run->loads--;
    return status;
}

static const struct {
    const char *name;
    cf_status (*run)(command *c);
} commands[] = {
    {"help", command_help},     {"set", command_set},   {"tables", command_tables},
    {"schema", command_schema}, {"time", command_time}, {"explain", command_explain},
    {"print", command_print},   {"load", command_load}, {"engine", command_engine},
};

/* All commands, those of the prompt too, as they are documented. */
static size_t command_names(cf_str *names, size_t max) {
    size_t n = 0, families = 0;
    const cf_family *f = cf_families(&families);
    for (size_t i = 0; i < families; i++)
        for (size_t k = 0; k < f[i].count && n < max; k++)
            if (f[i].builtins[k].class == CF_BUILTIN_COMMAND && f[i].builtins[k].since == NULL)
                names[n++] = cf_str_of(f[i].builtins[k].name);
    if (n < max) names[n++] = CF_STR("quit");
    return n;
}

static void unknown_command(cf_run *r, const cf_stmt *stmt) {
    cf_error err = {0};
    cf_str names[64];
    const size_t n = command_names(names, CF_COUNT(names));
    size_t best = n, distance = stmt->command.size / 3 + 2;
    cf_text all = {0};
    for (size_t i = 0; i < n; i++) {
        const bool same = stmt->command.size == names[i].size &&
                          strncasecmp(stmt->command.data, names[i].data, names[i].size) == 0;
        const size_t own = cf_edit_distance(stmt->command, names[i]);
        const size_t d = same && own > 0 ? 1 : own;
        cf_text_addf(&all, "%s%%%.*s", i > 0 ? " " : "", CF_STR_ARGS(names[i]));
        if (d >= distance) continue;
        distance = d;
        best = i;
    }
    if (best < n && distance == 0) {
        (void)cf_fail(&err, CF_E_COMMAND, stmt->span, "%%%.*s is a command of the prompt only",
                      CF_STR_ARGS(stmt->command));
    } else {
        (void)cf_fail(&err, CF_E_COMMAND, stmt->span, "there is no command %%%.*s",
                      CF_STR_ARGS(stmt->command));
        if (best < n)
            cf_error_hint(&err, "did you mean %%%.*s?", CF_STR_ARGS(names[best]));
        else
            cf_error_hint(&err, "there are %s", all.data == NULL ? "" : all.data);
    }
    cf_text_clear(&all);
    cf_run_error(r, &err, false);
}

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
        unknown_command(r, stmt);
    }
    free(c.rest);
    return status;
}
