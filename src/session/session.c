/* The session: cells in, results out.  Statement by statement: bind, run, show. */

#include "dist/processes.h"
#include "lang/parse.h"
#include "session/session_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *cf_version(void) {
    return CF_VERSION;
}

/* ---- what the binder asks ---- */

static cf_str env_text(void *user, uint32_t source) {
    cf_session *s = user;
    if (source == 0 || source > s->text_count) return (cf_str){"", 0};
    return (cf_str){s->texts[source - 1].text, s->texts[source - 1].size};
}

static const char *env_param(void *user, cf_str name) {
    cf_session *s = user;
    for (size_t i = 0; i < s->param_count; i++)
        if (cf_str_is(name, s->params[i].name)) {
            s->params[i].used = true;
            return s->params[i].value;
        }
    return NULL;
}

cf_session *cf_session_new(const cf_session_options *options, cf_error *err) {
    cf_session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for a session");
        return NULL;
    }
    pthread_mutex_init(&s->names, NULL);
    s->options = *options;
    s->format = CF_FORMAT_COUNT;
    s->module = cf_module_new();
    s->env = (cf_bind_env){.user = s,
                           .table = cf_tables_find,
                           .table_names = cf_tables_names,
                           .open = cf_tables_open,
                           .text = env_text,
                           .param = env_param};
    cf_learn_init(s);
    if (s->module == NULL) {
        free(s);
        (void)cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for a session");
        return NULL;
    }
    return s;
}

void cf_session_free(cf_session *s) {
    if (s == NULL) return;
    if (s->engine != NULL) cf_engine_free(s->engine);
    cf_module_free(s->module);
    cf_learn_clear(s);
    cf_tables_clear(s);
    for (size_t i = 0; i < s->param_count; i++) {
        free(s->params[i].name);
        free(s->params[i].value);
    }
    for (size_t i = 0; i < s->text_count; i++) {
        free(s->texts[i].text);
        free(s->texts[i].name);
    }
    free(s->library);
    free(s->params);
    free(s->texts);
    pthread_mutex_destroy(&s->names);
    free(s);
}

cf_status cf_session_open(cf_session *s, const char *data, cf_error *err) {
    return cf_tables_add(s, data, err);
}

cf_status cf_session_param(cf_session *s, const char *assignment, cf_error *err) {
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment)
        return cf_fail(err, CF_E_PARAMETER, CF_NOWHERE,
                       "a parameter is given as name=value, not `%s`", assignment);
    cf_param_entry *grown = realloc(s->params, (s->param_count + 1) * sizeof *grown);
    if (grown == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for a parameter");
    s->params = grown;
    char *name = strndup(assignment, (size_t)(equals - assignment)),
         *value = strdup(equals + 1);
    if (name == NULL || value == NULL) {
        free(name);
        free(value);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for a parameter");
    }
    for (size_t i = 0; i < s->param_count; i++)
        if (strcmp(s->params[i].name, name) == 0) { /* the last one counts */
            free(name);
            free(s->params[i].value);
            s->params[i].value = value;
            return CF_OK;
        }
    s->params[s->param_count++] = (cf_param_entry){.name = name, .value = value};
    return CF_OK;
}

const char *cf_session_unused_param(cf_session *s) {
    for (size_t i = 0; i < s->param_count; i++)
        if (!s->params[i].used) {
            s->params[i].used = true; /* said once */
            return s->params[i].name;
        }
    return NULL;
}

void cf_session_interrupt(cf_session *s) {
    s->cancel = true;
}

/* ---- texts and messages ---- */

static uint32_t keep_text(cf_session *s, const char *text, size_t size, const char *name) {
    cf_text_entry *grown = realloc(s->texts, (s->text_count + 1) * sizeof *grown);
    CF_ASSERT(grown != NULL);
    s->texts = grown;
    char *copy = malloc(size + 1);
    CF_ASSERT(copy != NULL);
    if (size > 0) memcpy(copy, text, size);
    copy[size] = 0;
    s->texts[s->text_count] =
        (cf_text_entry){.text = copy, .size = size, .name = name == NULL ? NULL : strdup(name)};
    return (uint32_t)++s->text_count;
}

void cf_run_error(cf_run *r, const cf_error *e, bool warning) {
    const uint32_t n = e->span.source;
    const cf_text_entry *t = n > 0 && n <= r->s->text_count ? &r->s->texts[n - 1] : NULL;
    char *message = cf_error_render(e, t == NULL ? NULL : t->text, t == NULL ? 0 : t->size,
                                    t == NULL ? NULL : t->name, warning);
    if (r->cb->diagnostic != NULL && message != NULL)
        r->cb->diagnostic(r->cb->user, message, e, warning);
    free(message);
}

void cf_run_diagnose(cf_run *r, const cf_diags *diags) {
    for (size_t i = 0; i < diags->warning_count; i++)
        cf_run_error(r, &diags->warnings[i], true);
    for (size_t i = 0; i < diags->count; i++)
        cf_run_error(r, &diags->errors[i], false);
}

void cf_run_text(cf_run *r, cf_result_kind kind, char *text) {
    cf_result *result = cf_result_new(kind);
    if (result == NULL) {
        free(text);
        return;
    }
    result->text = text;
    if (r->cb->result != NULL) r->cb->result(r->cb->user, result);
    cf_result_release(result);
}

/* ---- running a plan ---- */

/* What a running plan's reports need to know. */
typedef struct {
    cf_run *r;
    const cf_shape *shape;
} running;

static void on_progress(void *user, const cf_progress *p) {
    cf_run *r = ((const running *)user)->r;
    const double seconds = (double)(cf_clock_ns() - r->start_ns) / 1e9;
    const double done = p->rows_total > 0 && p->step_count > 0
                            ? ((double)p->step + (double)p->rows_done / (double)p->rows_total) /
                                  (double)p->step_count
                            : 0;
    const cf_progress_report report = {.rows_done = p->rows_done,
                                       .rows_total = p->rows_total,
                                       .bytes_read = p->bytes_read,
                                       .seconds = seconds,
                                       .eta_seconds =
                                           done > 0.001 ? seconds * (1 - done) / done : -1,
                                       .step = p->step,
                                       .steps = p->step_count};
    if (r->cb->progress != NULL) r->cb->progress(r->cb->user, &report);
}

cf_status cf_session_engine(cf_session *s, cf_error *err) {
    if (s->processes && s->options.safe)
        return cf_fail(err, CF_E_SAVE, CF_NOWHERE,
                       "a safe session starts no program, so it has no engine `processes`");
    if (s->engine == NULL)
        s->engine = s->processes ? cf_engine_processes(s->options.threads)
                                 : cf_engine_threads(s->options.threads);
    return s->engine != NULL
               ? CF_OK
               : cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no threads can be started");
}

/* `%set check_plans on` (tests): what runs is the plan that came back from JSON. */
static cf_status through_json(const cf_plan *plan, cf_plan **back, cf_error *err) {
    char *json = cf_plan_to_json(plan, err);
    if (json == NULL) return err->status;
    cf_status status =
        cf_plan_from_json(json, NULL, NULL, plan->sources, plan->source_count, back, err);
    if (status == CF_OK) status = cf_plan_attach(*back, plan->models, plan->model_count, err);
    if (status == CF_OK) {
        char *again = cf_plan_to_json(*back, err);
        if (again == NULL || strcmp(json, again) != 0)
            status = cf_fail(err, CF_E_INTERNAL, CF_NOWHERE,
                             "the plan changes when it goes through JSON");
        free(again);
    }
    free(json);
    return status;
}

static int64_t caption_count(const cf_table *rows, uint32_t column) {
    return rows->length > 0 ? cf_column_int(rows->children[column], 0) : 0;
}

/* The first n columns of a table, which it takes over. */
static cf_table *without_columns(cf_table *rows, uint32_t n) {
    cf_column **children = calloc(n == 0 ? 1 : n, sizeof *children);
    cf_arena *arena = cf_arena_new(4096);
    if (children == NULL || arena == NULL) {
        free(children);
        cf_arena_free(arena);
        return rows;
    }
    for (uint32_t i = 0; i < n; i++)
        children[i] = cf_column_retain(rows->children[i]);
    const cf_type *type = cf_type_tuple(arena, rows->type->fields, n);
    cf_table *out = cf_column_new(type, rows->length, NULL, NULL, NULL, children, n);
    cf_arena_free(arena);
    free(children);
    cf_column_release(rows);
    return out;
}

/* The last columns are numbers for the caption: take them off. */
static cf_table *take_caption(cf_table *rows, const cf_shape *shape, cf_result *result) {
    const bool moment = shape->caption_nodes[3] != 0;
    const uint32_t n = rows->child_count - (shape->caption_word != NULL ? 1 : moment ? 4 : 3);
    if (shape->caption_word != NULL) {
        cf_text word = {0};
        if (rows->length > 0 && !cf_column_is_null(rows->children[n], 0))
            cf_text_addf(&word, "%s %.6g", shape->caption_word,
                         cf_column_float(rows->children[n], 0));
        result->caption = word.data;
        return without_columns(rows, n);
    }
    const int64_t valid = caption_count(rows, n), nan = caption_count(rows, n + 1),
                  all = caption_count(rows, n + 2);
    result->entries = valid - nan;
    if (moment && rows->length > 0 && !cf_column_is_null(rows->children[n + 3], 0))
        result->moment = cf_column_float(rows->children[n + 3], 0);
    cf_text t = {0};
    if (nan > 0) cf_text_addf(&t, "%lld nan left out", (long long)nan);
    if (all > valid)
        cf_text_addf(&t, "%s%lld null left out", nan > 0 ? ", " : "", (long long)(all - valid));
    result->caption = t.data;
    return without_columns(rows, n);
}

static char *copy_or_null(const char *s) {
    return s == NULL ? NULL : strdup(s);
}

static char *saved_note(const cf_plan *plan, const cf_exec_result *done) {
    cf_text t = {0};
    for (uint32_t i = 0; i < plan->save_count; i++)
        cf_text_addf(&t, "%ssaved %lld row%s, %lld bytes: %s", i > 0 ? "\n" : "",
                     (long long)done->saves[i].rows, done->saves[i].rows == 1 ? "" : "s",
                     (long long)done->saves[i].bytes, plan->saves[i].path);
    return t.data;
}

/* Takes the rows out of `done`. */
static cf_result *make_result(cf_exec_result *done, const cf_shape *shape) {
    cf_result *result = cf_result_new(shape->is_value ? CF_RESULT_VALUE : CF_RESULT_RELATION);
    if (result == NULL) return NULL;
    cf_table *rows = done->rows;
    done->rows = NULL;
    if (shape->caption_nodes[0] != 0 && !shape->is_value && rows != NULL &&
        rows->child_count >= (shape->caption_word != NULL ? 1 : 4))
        rows = take_caption(rows, shape, result);
    result->rows = rows;
    result->draw = (cf_draw)shape->draw;
    result->total = shape->is_value         ? 1
                    : done->total_rows >= 0 ? done->total_rows
                    : rows != NULL          ? rows->length
                                            : 0;
    result->label_x = copy_or_null(shape->label_x);
    result->label_y = copy_or_null(shape->label_y);
    result->draw_column_count = shape->draw_column_count;
    memcpy(result->draw_columns, shape->draw_columns, sizeof result->draw_columns);
    return result;
}

static void show_result(cf_run *r, const cf_plan *plan, cf_exec_result *done,
                        const cf_shape *shape) {
    cf_result *result = make_result(done, shape);
    if (result == NULL) return;
    if (shape->saved) result->note = saved_note(plan, done);
    if (r->cb->result != NULL) r->cb->result(r->cb->user, result);
    cf_result_release(result);
}

static void on_partial(void *user, const cf_exec_result *so_far) {
    const running *run = user;
    cf_exec_result copy = *so_far;
    copy.rows = cf_column_retain(so_far->rows);
    cf_result *result = make_result(&copy, run->shape);
    if (result == NULL) {
        cf_column_release(copy.rows);
        return;
    }
    run->r->cb->partial(run->r->cb->user, result);
    cf_result_release(result);
}

static void add_timing(cf_run *r, const cf_exec_result *done) {
    r->timing.wall_ns += done->wall_ns;
    r->timing.cpu_ns += done->cpu_ns;
    r->timing.rows += done->rows_scanned;
    r->timing.bytes_read += done->io.bytes_read;
    r->timing.bytes_unpacked += done->io.bytes_unpacked;
    if ((int64_t)done->peak_bytes > r->timing.peak_bytes)
        r->timing.peak_bytes = (int64_t)done->peak_bytes;
}

static void explain_analyze(cf_text *out, const cf_plan *plan, const cf_exec_result *done) {
    cf_text_addf(out,
                 "%u partition%s (%u skipped), %u pass%s, %lld rows scanned, %.3f s wall, %.3f "
                 "s CPU, %lld bytes read, %lld unpacked\n",
                 done->partitions, done->partitions == 1 ? "" : "s", done->partitions_skipped,
                 done->steps, done->steps == 1 ? "" : "es", (long long)done->rows_scanned,
                 (double)done->wall_ns / 1e9, (double)done->cpu_ns / 1e9,
                 (long long)done->io.bytes_read, (long long)done->io.bytes_unpacked);
    if (done->nodes == NULL) return;
    cf_text_adds(out, "  node  operator        rows        ms      bytes\n");
    for (cf_id id = 1; id <= done->node_count; id++) {
        const cf_node_stats *n = &done->nodes[id];
        if (n->calls == 0) continue;
        const cf_node *node = &plan->nodes[id];
        cf_text_addf(out, "  #%-4u %-10s %9lld %9.3f %10lld  %.*s\n", id,
                     node->op == CF_V_MAP ? node->func->name : cf_node_op_name(node->op),
                     (long long)n->rows, (double)n->nanoseconds / 1e6, (long long)n->bytes,
                     CF_STR_ARGS(node->text));
    }
}

/* A single value without quotes, or all rows (%print). */
static char *plain_text(const cf_exec_result *done, const cf_shape *shape) {
    cf_result result = {.refs = 1,
                        .kind = shape->is_value ? CF_RESULT_VALUE : CF_RESULT_RELATION,
                        .rows = done->rows,
                        .total = done->rows == NULL ? 0 : done->rows->length};
    const cf_render_options options = {.format = CF_FORMAT_PLAIN};
    return cf_result_render(&result, &options, NULL);
}

/* Rows are read: meanwhile others may look at the names. */
static cf_status exec_unlocked(cf_session *s, const cf_plan *plan,
                               const cf_exec_options *options, cf_exec_result *done,
                               cf_error *err) {
    pthread_mutex_unlock(&s->names);
    const cf_status status = cf_exec_run(plan, options, done, err);
    pthread_mutex_lock(&s->names);
    return status;
}

cf_status cf_run_exec(cf_run *r, const cf_plan *plan, cf_exec_result *done, cf_error *err) {
    cf_session *s = r->s;
    CF_TRY(cf_session_engine(s, err));
    running user = {r, NULL};
    const cf_exec_options options = {.engine = s->engine,
                                     .memory_limit = s->options.memory,
                                     .cancel = &s->cancel,
                                     .progress = r->cb->progress != NULL ? on_progress : NULL,
                                     .user = &user};
    CF_TRY(exec_unlocked(s, plan, &options, done, err));
    add_timing(r, done);
    return CF_OK;
}

static cf_status run_bound(cf_run *r, const cf_plan *plan, cf_shape *shape, cf_show show,
                           bool to_stderr, cf_error *err) {
    cf_session *s = r->s;
    CF_TRY(cf_session_engine(s, err));
    if (s->options.safe && plan->save_count > 0)
        return cf_fail(err, CF_E_SAVE, plan->saves[0].span,
                       "no files are written in a safe session");
    running user = {r, shape};
    const bool looks = r->cb->partial != NULL && show == CF_SHOW_RESULT;
    const cf_exec_options options = {.engine = s->engine,
                                     .memory_limit = s->options.memory,
                                     .cancel = &s->cancel,
                                     .progress = r->cb->progress != NULL ? on_progress : NULL,
                                     .partial = looks ? on_partial : NULL,
                                     .user = &user,
                                     .analyze = show == CF_SHOW_ANALYZE,
                                     .check_states = s->plan_check};
    cf_exec_result done = {0};
    cf_status status = exec_unlocked(s, plan, &options, &done, err);
    if (status == CF_OK) {
        add_timing(r, &done);
        if (show == CF_SHOW_RESULT && shape->text != NULL)
            cf_run_text(r, CF_RESULT_TEXT, strdup(shape->text));
        else if (show == CF_SHOW_RESULT)
            show_result(r, plan, &done, shape);
        else if (show == CF_SHOW_ANALYZE) {
            cf_text t = {0};
            cf_plan_print(plan, &t);
            cf_exec_explain(plan, &t);
            explain_analyze(&t, plan, &done);
            cf_run_text(r, CF_RESULT_TEXT, t.data);
        } else if (show == CF_SHOW_TEXT) {
            char *text = plain_text(&done, shape);
            if (text != NULL && r->cb->text != NULL)
                r->cb->text(r->cb->user, to_stderr, text, strlen(text));
            free(text);
        }
    }
    cf_exec_result_clear(&done);
    return status;
}

cf_status cf_run_plan(cf_run *r, const cf_ast *pipeline, cf_show show, bool to_stderr) {
    cf_session *s = r->s;
    cf_diags diags = {0};
    cf_plan *plan = NULL;
    cf_shape shape;
    cf_status status = cf_bind_pipeline(s->module, &s->env, pipeline,
                                        show == CF_SHOW_RESULT ? s->options.rows_shown : -1,
                                        &plan, &shape, &diags);
    cf_run_diagnose(r, &diags);
    if (status != CF_OK) return status;
    if (shape.draw != CF_DRAW_NONE && !shape.saved)
        plan->limit = -1; /* a drawing needs all of its rows */
    cf_error err = {0};
    if (show == CF_SHOW_PLAN) {
        cf_text t = {0};
        cf_plan_print(plan, &t);
        cf_exec_explain(plan, &t);
        cf_run_text(r, CF_RESULT_TEXT, t.data);
    } else if (s->plan_check) {
        cf_plan *back = NULL;
        status = through_json(plan, &back, &err);
        if (status == CF_OK) status = run_bound(r, back, &shape, show, to_stderr, &err);
        cf_plan_free(back);
    } else
        status = run_bound(r, plan, &shape, show, to_stderr, &err);
    if (status != CF_OK) {
        if (err.span.source == 0) err.span = pipeline->span;
        cf_run_error(r, &err, false);
    }
    cf_plan_free(plan);
    return status;
}

/* ---- statements ---- */

static cf_status run_into(cf_run *r, const cf_stmt *stmt) {
    cf_diags diags = {0};
    const cf_status status = cf_bind_let(r->s->module, &r->s->env, stmt, &diags);
    cf_run_diagnose(r, &diags);
    return status;
}

static cf_status not_yet(cf_run *r, const cf_stmt *stmt, const char *what) {
    cf_error e = {0};
    const cf_status status =
        cf_fail(&e, CF_E_NOT_YET, stmt->span, "`%s` does not work yet", what);
    cf_error_hint(&e, "it is part of the language and comes later");
    cf_run_error(r, &e, false);
    return status;
}

static cf_status run_help(cf_run *r, const cf_stmt *stmt) {
    char *name = strndup(stmt->command.data, stmt->command.size);
    char *text = name == NULL ? NULL : cf_help_text(r->s, name);
    cf_status status = CF_OK;
    if (text != NULL)
        cf_run_text(r, CF_RESULT_TEXT, text);
    else {
        cf_error e = {0};
        status = cf_help_unknown(name == NULL ? "" : name, &e);
        e.span = stmt->span;
        cf_run_error(r, &e, false);
    }
    free(name);
    return status;
}

cf_status cf_run_stmt(cf_run *r, const cf_stmt *stmt) {
    switch (stmt->kind) {
    case CF_STMT_LET: return run_into(r, stmt);
    case CF_STMT_PIPELINE:
        if (stmt->name.text.data != NULL) return run_into(r, stmt);
        return cf_run_plan(r, stmt->value, CF_SHOW_RESULT, false);
    case CF_STMT_IMPORT: return cf_run_import(r, stmt, 0);
    case CF_STMT_MODULE: return cf_run_module(r, stmt);
    case CF_STMT_TYPE: return not_yet(r, stmt, "type");
    case CF_STMT_COMMAND: return cf_run_command(r, stmt);
    case CF_STMT_HELP: return run_help(r, stmt);
    }
    return CF_OK;
}

cf_program *cf_run_parse_as(cf_run *r, const char *text, size_t size, const char *name,
                            uint32_t *source, cf_diags *diags) {
    cf_arena *arena = cf_arena_new(16 * 1024);
    CF_ASSERT(arena != NULL);
    cf_module_keep(r->s->module, arena);
    *source = keep_text(r->s, text, size, name);
    return cf_parse(arena, *source, r->s->texts[*source - 1].text, size, diags);
}

cf_program *cf_run_parse(cf_run *r, const char *text, size_t size, uint32_t *source,
                         cf_diags *diags) {
    const char *name = r->source == 0 ? NULL : r->s->texts[r->source - 1].name;
    return cf_run_parse_as(r, text, size, name, source, diags);
}

/* A statement whose result is hidden by `;` still runs: it may save, and its errors count. */
static void ignore_result(void *user, cf_result *result) {
    (void)user;
    (void)result;
}

cf_status cf_run_shown(cf_run *r, const cf_stmt *stmt) {
    const bool named = stmt->name.text.data != NULL, pipeline = stmt->kind == CF_STMT_PIPELINE;
    if (r->cb->next != NULL) r->cb->next(r->cb->user, pipeline && !named && !stmt->hidden);
    if (!stmt->hidden) return cf_run_stmt(r, stmt);
    cf_callbacks quiet = *r->cb;
    quiet.result = ignore_result;
    quiet.partial = NULL;
    const cf_callbacks *loud = r->cb;
    r->cb = &quiet;
    const cf_status status = cf_run_stmt(r, stmt);
    r->cb = loud;
    return status;
}

/* What was learned until the interrupt is there; the cell ends here all the same. */
static cf_status training_stopped(cf_run *r, const cf_stmt *stmt) {
    r->s->stopped_training = false;
    r->s->cancel = false;
    cf_error e = {0};
    const cf_status status =
        cf_fail(&e, CF_E_CANCELLED, stmt->span, "interrupted; the model keeps what it learned");
    cf_run_error(r, &e, false);
    return status;
}

static cf_status run_cell(cf_session *s, const cf_cell *cell, const cf_callbacks *callbacks) {
    s->cancel = false;
    cf_run r = {.s = s, .cb = callbacks, .start_ns = cf_clock_ns()};
    cf_diags diags = {0};
    cf_arena *arena = cf_arena_new(16 * 1024);
    CF_ASSERT(arena != NULL);
    cf_module_keep(s->module, arena); /* `let` trees live as long as the session */
    r.source = keep_text(s, cell->text, cell->size, cell->name);
    const cf_program *program =
        cf_parse(arena, r.source, s->texts[r.source - 1].text, cell->size, &diags);
    cf_run_diagnose(&r, &diags);
    if (diags.count > 0) return diags.errors[0].status;
    for (size_t i = 0; i < program->count; i++) {
        r.start_ns = cf_clock_ns();
        r.timing = (cf_timing){0};
        s->running = &r;
        cf_status status = s->cancel ? CF_E_CANCELLED : cf_run_shown(&r, program->stmts[i]);
        s->running = NULL;
        if (status == CF_OK && s->stopped_training)
            status = training_stopped(&r, program->stmts[i]);
        if (status == CF_E_CANCELLED && s->cancel) s->cancel = false;
        if (callbacks->timing != NULL && program->stmts[i]->kind == CF_STMT_PIPELINE)
            callbacks->timing(callbacks->user, &r.timing);
        if (status != CF_OK) return status;
    }
    return CF_OK;
}

cf_status cf_session_run(cf_session *s, const cf_cell *cell, const cf_callbacks *callbacks) {
    pthread_mutex_lock(&s->names);
    const cf_status status = run_cell(s, cell, callbacks);
    pthread_mutex_unlock(&s->names);
    return status;
}

cf_text_state cf_text_is_complete(const char *text, size_t size, unsigned *indent) {
    unsigned blanks = 0;
    const cf_completeness c = cf_is_complete(text, size, &blanks);
    if (indent != NULL) *indent = blanks;
    switch (c) {
    case CF_COMPLETE: return CF_TEXT_COMPLETE;
    case CF_INCOMPLETE: return CF_TEXT_INCOMPLETE;
    case CF_INVALID: return CF_TEXT_INVALID;
    }
    return CF_TEXT_INVALID;
}

char *cf_text_format(const char *text, size_t size, const char *name, char **message) {
    cf_text out = {0};
    cf_error err = {0};
    *message = NULL;
    if (cf_format_program(text, size, &out, &err) != CF_OK) {
        if (err.span.source == 0) err.span.source = 1;
        *message = cf_error_render(&err, text, size, name, false);
        cf_text_clear(&out);
        return NULL;
    }
    if (out.data == NULL) cf_text_adds(&out, "");
    return out.data;
}
