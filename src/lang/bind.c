/* The binder's frame: errors with their hints, the module of `let` names, and statements. */

#include "lang/bind_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- errors ---- */

void *cf_bind_fail(cf_binder *b, cf_status status, cf_span at, const char *fmt, ...) {
    if (b->err.status != CF_OK) return NULL; /* the first one wins */
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(b->err.message, sizeof b->err.message, fmt, args);
    va_end(args);
    b->err.status = status;
    b->err.span = at;
    return NULL;
}

void cf_bind_hint(cf_binder *b, const char *fmt, ...) {
    if (b->err.hint[0] != 0) return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(b->err.hint, sizeof b->err.hint, fmt, args);
    va_end(args);
}

void cf_bind_label(cf_binder *b, const char *fmt, ...) {
    if (b->err.label[0] != 0) return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(b->err.label, sizeof b->err.label, fmt, args);
    va_end(args);
}

void *cf_bind_mismatch(cf_binder *b) {
    b->mismatch = true;
    return NULL;
}

void cf_bind_warn(cf_binder *b, cf_span at, const char *fmt, ...) {
    cf_error w = {.status = CF_E_AXIS, .span = at};
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(w.message, sizeof w.message, fmt, args);
    va_end(args);
    cf_diags_warn(b->diags, &w);
}

static bool equal_nocase(cf_str a, cf_str c) {
    if (a.size != c.size) return false;
    for (size_t i = 0; i < a.size; i++)
        if ((a.data[i] | 32) != (c.data[i] | 32)) return false;
    return true;
}

cf_str cf_bind_nearest(cf_str wanted, const cf_str *names, size_t count) {
    cf_str best = {0};
    size_t best_distance = wanted.size / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        if (equal_nocase(wanted, names[i])) return names[i];
        const size_t diff = names[i].size > wanted.size ? names[i].size - wanted.size
                                                        : wanted.size - names[i].size;
        if (diff >= best_distance) continue;
        const size_t d = cf_edit_distance(wanted, names[i]);
        if (d < best_distance) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}

#define LISTED 8

void cf_bind_list_columns(cf_binder *b, cf_str wanted, cf_val *tuple, cf_text *out) {
    (void)b;
    bool used[4096] = {false};
    size_t shown = 0, total = 0;
    for (size_t k = 0; k < tuple->slot_count; k++)
        total += !tuple->slots[k].hidden;
    if (total == 0) return;
    cf_text_adds(out, "columns: ");
    for (; shown < LISTED && shown < total; shown++) {
        size_t best = SIZE_MAX, best_distance = SIZE_MAX;
        for (size_t k = 0; k < tuple->slot_count && k < CF_COUNT(used); k++) {
            if (used[k] || tuple->slots[k].hidden) continue;
            const size_t d =
                total <= LISTED ? k : cf_edit_distance(wanted, tuple->slots[k].name);
            if (d < best_distance) {
                best_distance = d;
                best = k;
            }
        }
        if (best == SIZE_MAX) break;
        used[best] = true;
        cf_text_addf(out, "%s%.*s", shown > 0 ? ", " : "",
                     CF_STR_ARGS(tuple->slots[best].name));
    }
    if (total > shown) cf_text_addf(out, " and %zu more: %%schema", total - shown);
}

/* ---- the module ---- */

struct cf_module {
    cf_let *lets; /* in order of definition; a later one hides an earlier one of the name */
    size_t count, capacity;
    cf_arena **arenas;
    size_t arena_count;
    cf_arena *names; /* of modules; one of the arenas, or NULL */
};

cf_module *cf_module_new(void) {
    return calloc(1, sizeof(cf_module));
}

void cf_module_free(cf_module *m) {
    if (m == NULL) return;
    for (size_t i = 0; i < m->arena_count; i++)
        cf_arena_free(m->arenas[i]);
    free(m->arenas);
    free(m->lets);
    free(m);
}

void cf_module_keep(cf_module *m, cf_arena *arena) {
    cf_arena **grown = realloc(m->arenas, (m->arena_count + 1) * sizeof *grown);
    CF_ASSERT(grown != NULL);
    m->arenas = grown;
    m->arenas[m->arena_count++] = arena;
}

const cf_let *cf_module_find(const cf_module *m, cf_str name) {
    for (size_t i = m->count; i-- > 0;)
        if (cf_str_equal(m->lets[i].name, name)) return &m->lets[i];
    return NULL;
}

size_t cf_module_count(const cf_module *m) {
    return m->count;
}

const cf_let *cf_module_at(const cf_module *m, size_t i) {
    return &m->lets[i];
}

/* ---- a binder for one statement ---- */

static void binder_init(cf_binder *b, cf_module *m, const cf_bind_env *env, cf_diags *diags) {
    *b = (cf_binder){.plan = cf_plan_builder_new(), .module = m, .env = env, .diags = diags};
    b->arena = cf_plan_builder_arena(b->plan);
    b->root = CF_NEW(b->arena, cf_scope);
    b->root->kind = CF_SCOPE_MODULE;
}

static cf_status binder_failed(cf_binder *b, cf_span span) {
    if (b->err.status == CF_OK) {
        if (b->mismatch) {
            cf_bind_fail(b, CF_E_AXIS, span,
                         "two lists of the same row do not go together here");
            cf_bind_hint(b, "`cross` pairs two lists; or reduce one of them first");
        } else
            cf_bind_fail(b, CF_E_INTERNAL, span,
                         "this could not be understood, and Cutflow does not know why");
    }
    if (b->err.span.source == 0) b->err.span = span;
    cf_diags_add(b->diags, &b->err);
    return b->err.status;
}

static bool is_param(const cf_ast *annotation) {
    if (annotation == NULL || annotation->kind != CF_AST_TUPLE) return false;
    for (size_t i = 0; i < annotation->as.list.count; i++) {
        const cf_ast *v = annotation->as.list.items[i].value;
        while (v->kind == CF_AST_PIPELINE && v->as.list.count == 1)
            v = v->as.list.items[0].value;
        if (v->kind == CF_AST_PATH && cf_str_is(v->as.path.names[0].text, "param")) return true;
    }
    return false;
}

static cf_let *module_define(cf_module *m, const cf_stmt *stmt) {
    if (m->count == m->capacity) {
        m->capacity = m->capacity == 0 ? 16 : m->capacity * 2;
        cf_let *grown = realloc(m->lets, m->capacity * sizeof *grown);
        CF_ASSERT(grown != NULL);
        m->lets = grown;
    }
    cf_let *let = &m->lets[m->count++];
    *let = (cf_let){.name = stmt->name.text, .stmt = stmt, .param = is_param(stmt->annotation)};
    return let;
}

/* ---- modules ---- */

static cf_arena *module_names(cf_module *m) {
    if (m->names == NULL) {
        m->names = cf_arena_new(4096);
        CF_ASSERT(m->names != NULL);
        cf_module_keep(m, m->names);
    }
    return m->names;
}

cf_str cf_bind_keep_name(cf_module *m, cf_str name) {
    return (cf_str){cf_str_dup(module_names(m), name), name.size};
}

static cf_str joined(cf_module *m, cf_str prefix, cf_str name, const char *end) {
    return cf_str_of(cf_arena_printf(module_names(m), "%.*s%.*s%s", CF_STR_ARGS(prefix),
                                     CF_STR_ARGS(name), end));
}

cf_status cf_bind_module(cf_module *m, cf_str prefix, cf_stmt *const *body, size_t count,
                         cf_diags *diags) {
    for (size_t i = 0; i < count; i++) {
        const cf_stmt *stmt = body[i];
        if (stmt->kind == CF_STMT_LET) {
            cf_let *let = module_define(m, stmt);
            let->name = joined(m, prefix, stmt->name.text, "");
            let->home = prefix;
        } else if (stmt->kind == CF_STMT_MODULE)
            CF_TRY(cf_bind_module(m, joined(m, prefix, stmt->name.text, "."), stmt->body,
                                  stmt->body_count, diags));
        else {
            cf_error e = {0};
            (void)cf_fail(&e, CF_E_REFUSED, stmt->span,
                          "a module holds `let` and `module`, nothing that runs");
            cf_diags_add(diags, &e);
            return e.status;
        }
    }
    return CF_OK;
}

cf_str cf_scope_home(const cf_scope *scope) {
    while (scope != NULL && scope->kind == CF_SCOPE_ROW)
        scope = scope->outer;
    return scope == NULL ? (cf_str){0} : scope->home;
}

const cf_let *cf_bind_find_let(const cf_binder *b, const cf_scope *scope, cf_str name) {
    for (cf_str home = cf_scope_home(scope); home.size > 0;) {
        const cf_str whole = cf_str_of(
            cf_arena_printf(b->arena, "%.*s%.*s", CF_STR_ARGS(home), CF_STR_ARGS(name)));
        const cf_let *let = cf_module_find(b->module, whole);
        if (let != NULL) return let;
        do /* the module around that one */
            home.size--;
        while (home.size > 0 && home.data[home.size - 1] != '.');
    }
    return cf_module_find(b->module, name);
}

/* Does the value itself use the name that it defines (`let x = x + 1`)?  Then it means the old
 * one; not supported. */
cf_status cf_bind_let(cf_module *m, const cf_bind_env *env, const cf_stmt *stmt,
                      cf_diags *diags) {
    (void)module_define(m, stmt);
    if (stmt->value->kind == CF_AST_LAMBDA) return CF_OK;
    cf_binder b;
    binder_init(&b, m, env, diags);
    const cf_let *let = cf_module_find(m, stmt->name.text);
    cf_val *v = cf_bind_let_value(&b, let);
    cf_status status = CF_OK;
    if (v == NULL) {
        status = binder_failed(&b, stmt->value->span);
        m->count--;
    }
    cf_plan_builder_free(b.plan);
    return status;
}

/* ---- pipelines ---- */

static cf_out *out_of_relation(cf_binder *b, cf_val *v) {
    cf_val *row = cf_val_broadcast(b, v->elem, v->rows);
    if (row->kind != CF_VAL_TUPLE) {
        cf_val *one = cf_val_tuple(b, v->rows, 1);
        cf_val_set(one, 0, v->name.size > 0 ? v->name : CF_STR("value"), row);
        row = one;
    }
    return cf_val_out(b, row, "");
}

static cf_out *value_row(cf_binder *b, cf_val *v, cf_str name) {
    cf_val *one = cf_val_tuple(b, CF_UNIT, 1);
    cf_val_set(one, 0, name, v);
    return cf_val_out(b, one, "");
}

static uint32_t caption_count(const cf_shape *shape) {
    if (shape->caption_nodes[0] == 0) return 0;
    if (shape->caption_word != NULL) return 1;
    return shape->caption_nodes[3] != 0 ? 4 : 3;
}

/* The captions of a drawing travel as more columns of a value row?  No: they are asked for as
 * hidden result columns of a UNIT tuple when the relation is drawn. */
static cf_out *relation_out(cf_binder *b, cf_val *v, cf_shape *shape) {
    cf_out *out = out_of_relation(b, v);
    const uint32_t count = caption_count(shape);
    if (out == NULL || count == 0) return out;
    cf_out **children = CF_NEWS(b->arena, cf_out *, out->child_count + count);
    memcpy(children, out->children, out->child_count * sizeof *children);
    for (size_t i = 0; i < count; i++) {
        cf_out *c = CF_NEW(b->arena, cf_out);
        c->shape = CF_OUT_VALUE;
        c->name = "";
        c->hidden = true;
        c->node = cf_plan_broadcast(b->plan, shape->caption_nodes[i], v->rows);
        children[out->child_count + i] = c;
    }
    out->children = children;
    out->child_count += count;
    return out;
}

/* A model is shown as the text of its layers, or of where it went. */
static cf_val *model_text(cf_binder *b, const cf_val *v, cf_shape *shape) {
    if (v->saved_as != NULL)
        shape->text = cf_arena_printf(b->arena, "saved the model: %s", v->saved_as);
    else if (v->trained != NULL)
        shape->text = cf_str_dup(b->arena, cf_str_of(v->trained->summary));
    else if (v->net != NULL) {
        cf_text t = {0};
        cf_net_print(v->net, &t);
        shape->text = cf_str_dup(b->arena, (cf_str){t.data, t.size});
        cf_text_clear(&t);
    }
    return cf_val_basic(b, cf_plan_const_text(b->plan, CF_STR("model")));
}

cf_status cf_bind_pipeline(cf_module *m, const cf_bind_env *env, const cf_ast *pipeline,
                           int64_t limit, cf_plan **plan, cf_shape *shape, cf_diags *diags) {
    cf_binder b;
    binder_init(&b, m, env, diags);
    *shape = (cf_shape){0};
    cf_val *v = cf_bind_pipe(&b, pipeline, b.root);
    cf_out *rows = NULL, *save_rows[CF_COUNT(b.saves)] = {NULL};
    if (v != NULL && v->kind == CF_VAL_FUNC) v = cf_bind_unfinished(&b, v, pipeline->span);
    if (v != NULL && v->kind == CF_VAL_RANGE)
        v = cf_bind_fail(&b, CF_E_TYPE, pipeline->span, "a range alone is no value");
    if (v != NULL) {
        if (v->kind == CF_VAL_MODEL) v = model_text(&b, v, shape);
        shape->is_value =
            v->kind != CF_VAL_LIST || (v->elem->kind != CF_VAL_TUPLE && v->shape == NULL);
        if (v->kind == CF_VAL_LIST && v->shape != NULL) *shape = *v->shape;
        if (shape->saved) limit = 0;
        rows = shape->is_value ? value_row(&b, v, CF_STR("value")) : relation_out(&b, v, shape);
        for (size_t i = 0; i < b.save_count && rows != NULL; i++)
            if ((save_rows[i] = out_of_relation(&b, b.saves[i].list)) == NULL) rows = NULL;
    }
    if (rows == NULL) {
        const cf_status status = binder_failed(&b, pipeline->span);
        cf_plan_builder_free(b.plan);
        return status;
    }
    const size_t save_count = b.save_count;
    cf_save *saves = CF_NEWS(b.arena, cf_save, save_count + 1);
    for (size_t i = 0; i < save_count; i++) {
        saves[i] = b.saves[i].save;
        saves[i].rows = save_rows[i];
    }
    cf_plan *out = cf_plan_finish(b.plan);
    out->rows = rows;
    out->saves = saves;
    out->save_count = (uint32_t)save_count;
    out->limit = shape->is_value ? -1 : limit;
    out->count_rows = limit >= 0;
    out->level = shape->is_value ? CF_UNIT : v->rows;
    cf_plan_compact(out);
    *plan = out;
    return CF_OK;
}

/* ---- names for completion ---- */

/* Nothing is trained or written for it. */
static cf_bind_env names_only(const cf_bind_env *env) {
    cf_bind_env quiet = *env;
    quiet.learner = NULL;
    return quiet;
}

static void each_slot(cf_binder *b, cf_val *row, cf_bind_name_fn *each, void *user) {
    if (row->kind == CF_VAL_LIST) row = row->elem;
    if (row->kind != CF_VAL_TUPLE) return;
    for (size_t k = 0; k < row->slot_count; k++) {
        if (row->slots[k].hidden) continue;
        cf_val *v = cf_val_field(b, row, k);
        cf_text type = {0};
        if (v != NULL) cf_val_type(b, v, &type);
        each(user, cf_str_dup(b->arena, row->slots[k].name), "column",
             type.data == NULL ? "" : type.data);
        cf_text_clear(&type);
        b->err = (cf_error){0};
    }
}

/* The column `inner` of a row, as often as there is one; NULL: it does not bind. */
static cf_val *innermost(cf_binder *b, cf_val *row, const char *inner) {
    for (size_t k = 0; row != NULL;) {
        if (row->kind == CF_VAL_LIST) row = row->elem;
        if (row->kind != CF_VAL_TUPLE) return row;
        for (k = 0; k < row->slot_count && !cf_str_is(row->slots[k].name, inner); k++) {
        }
        if (k == row->slot_count) return row;
        row = cf_val_field(b, row, k);
    }
    return NULL;
}

void cf_bind_names(cf_module *m, const cf_bind_env *env, const cf_ast *pipeline,
                   cf_bind_name_fn *each, void *user) {
    cf_bind_names_inside(m, env, pipeline, "", each, user);
}

void cf_bind_names_inside(cf_module *m, const cf_bind_env *env, const cf_ast *pipeline,
                          const char *inner, cf_bind_name_fn *each, void *user) {
    cf_binder b;
    cf_diags diags = {0};
    const cf_bind_env quiet = names_only(env);
    binder_init(&b, m, &quiet, &diags);
    cf_val *v = pipeline == NULL ? NULL : cf_bind_pipe(&b, pipeline, b.root);
    if (inner[0] != '\0') v = innermost(&b, v, inner);
    if (v != NULL) each_slot(&b, v, each, user);
    cf_plan_builder_free(b.plan);
}

char *cf_bind_type(cf_module *m, const cf_bind_env *env, const cf_ast *pipeline,
                   cf_arena *arena) {
    cf_binder b;
    cf_diags diags = {0};
    const cf_bind_env quiet = names_only(env);
    binder_init(&b, m, &quiet, &diags);
    cf_val *v = cf_bind_pipe(&b, pipeline, b.root);
    char *out = NULL;
    if (v != NULL) {
        cf_text type = {0};
        cf_val_type(&b, v, &type);
        out = cf_str_dup(arena, (cf_str){type.data, type.size});
        cf_text_clear(&type);
    }
    cf_plan_builder_free(b.plan);
    return out;
}
