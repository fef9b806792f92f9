/* Names: from the inside out, parameters of the function, fields of this row, the name of this
 * row, then the same of every pipeline around it, then `let`, then the built-ins. */

#include "lang/bind_internal.h"
#include "lang/parse.h"

#include <string.h>

cf_scope *cf_scope_row(cf_binder *b, cf_scope *outer, cf_val *list) {
    cf_scope *s = CF_NEW(b->arena, cf_scope);
    s->kind = CF_SCOPE_ROW;
    s->outer = outer;
    s->list = list;
    s->level = list->rows;
    s->row = cf_val_broadcast(b, list->elem, list->rows);
    s->name = list->row_name;
    return s;
}

const cf_scope *cf_scope_inner_row(const cf_scope *s) {
    while (s != NULL && s->kind != CF_SCOPE_ROW)
        s = s->outer;
    return s;
}

cf_id cf_scope_level(const cf_scope *s) {
    s = cf_scope_inner_row(s);
    return s == NULL ? CF_UNIT : s->level;
}

/* ---- parameters and lets ---- */

/* A parameter of a function over a relation is a piece of text that means what it means in the
 * rows where it stands: `n tbl <relation> -> (tbl | take n)`. */
static cf_val *deferred(cf_binder *b, const cf_arg *arg, cf_scope *use) {
    cf_scope *scope = arg->scope;
    const cf_scope *row = cf_scope_inner_row(use);
    if (row != NULL) {
        cf_scope *here = CF_NEW(b->arena, cf_scope);
        *here = *row;
        here->outer = arg->scope;
        scope = here;
    }
    return cf_bind_expr(b, arg->ast, scope);
}

static cf_val *param_value(cf_binder *b, cf_scope *s, cf_str name, cf_scope *use, bool *found) {
    for (size_t i = 0; i < s->param_count; i++)
        if (cf_str_equal(s->params[i].name.text, name)) {
            *found = true;
            return s->params[i].value != NULL ? s->params[i].value
                                              : deferred(b, &s->params[i], use);
        }
    return NULL;
}

/* The text of `-p name=value` as a literal of the type that the let has. */
static cf_val *param_override(cf_binder *b, const cf_let *let, cf_val *old, const char *text) {
    const cf_kind kind = cf_val_kind_of(b, old);
    if (kind == CF_TEXT)
        return cf_val_basic(
            b, cf_plan_const_text(b->plan, cf_str_of(cf_str_dup(b->arena, cf_str_of(text)))));
    cf_diags diags = {0};
    const bool moment = kind == CF_DATE || kind == CF_TIME || kind == CF_TIMESTAMP;
    if (moment && text[0] != '@') text = cf_arena_printf(b->arena, "@%s", text);
    cf_program *program = cf_parse(b->arena, 0, text, strlen(text), &diags);
    cf_val *v = NULL;
    if (diags.count == 0 && program->count == 1 && program->stmts[0]->kind == CF_STMT_PIPELINE)
        v = cf_bind_expr(b, program->stmts[0]->value, b->root);
    if (v != NULL && kind == CF_FLOAT64 && cf_val_kind_of(b, v) == CF_INT64)
        v = cf_val_basic(b, cf_plan_cast(b->plan, v->node, CF_FLOAT64));
    if (v == NULL || cf_val_kind_of(b, v) != kind) {
        b->err = (cf_error){0};
        cf_text type = {0};
        cf_val_type(b, old, &type);
        cf_bind_fail(b, CF_E_PARAMETER, let->stmt->name.span,
                     "parameter `%.*s` is of type %s, which `%s` is not",
                     CF_STR_ARGS(let->name), type.data, text);
        cf_text_clear(&type);
        return NULL;
    }
    return v;
}

static cf_val *let_value(cf_binder *b, const cf_let *let) {
    if (let->stmt->value->kind == CF_AST_LAMBDA) {
        cf_val *f = CF_NEW(b->arena, cf_val);
        *f = (cf_val){.kind = CF_VAL_FUNC,
                      .level = CF_UNIT,
                      .lambda = let->stmt->value,
                      .scope = b->root,
                      .home = let->home,
                      .func_name = let->name};
        return f;
    }
    b->in_let++;
    cf_scope *scope = b->root;
    if (let->home.size > 0) {
        scope = CF_NEW(b->arena, cf_scope);
        *scope = (cf_scope){.kind = CF_SCOPE_MODULE, .home = let->home};
    }
    cf_val *v = cf_bind_expr(b, let->stmt->value, scope);
    b->in_let--;
    const char *given =
        let->param && b->env->param != NULL ? b->env->param(b->env->user, let->name) : NULL;
    if (v != NULL && given != NULL) v = param_override(b, let, v, given);
    if (v != NULL && v->kind == CF_VAL_LIST && v->row_name.size == 0) {
        v = cf_val_copy(b, v);
        v->row_name = let->name;
    }
    if (v != NULL && v->kind == CF_VAL_LIST && v->name.size == 0) v->name = let->name;
    return v;
}

cf_val *cf_bind_let_value(cf_binder *b, const cf_let *let) {
    for (size_t i = 0; i < b->let_count; i++)
        if (b->lets[i].let == let) {
            if (b->lets[i].open)
                return cf_bind_fail(b, CF_E_RECURSION, let->stmt->name.span,
                                    "`%.*s` needs its own value", CF_STR_ARGS(let->name));
            return b->lets[i].value;
        }
    if (b->let_count == b->let_capacity) {
        const size_t capacity = b->let_capacity == 0 ? 16 : b->let_capacity * 2;
        void *grown = cf_arena_need(b->arena, capacity * sizeof *b->lets);
        if (b->let_count > 0) memcpy(grown, b->lets, b->let_count * sizeof *b->lets);
        b->lets = grown;
        b->let_capacity = capacity;
    }
    const size_t at = b->let_count++;
    b->lets[at].let = let;
    b->lets[at].open = true;
    cf_val *v = let_value(b, let);
    b->lets[at].open = false;
    b->lets[at].value = v;
    if (v == NULL) b->let_count = at; /* not kept: it may succeed when tried again */
    return v;
}

/* ---- looking up ---- */

static cf_val *row_name(cf_binder *b, cf_scope *s, cf_str name, bool *found) {
    size_t at = 0;
    if (s->row->kind == CF_VAL_TUPLE && cf_val_find(s->row, name, &at)) {
        *found = true;
        return cf_val_field(b, s->row, at);
    }
    if (cf_str_is(name, "this") || (s->name.size > 0 && cf_str_equal(s->name, name))) {
        *found = true;
        cf_val *row = s->row;
        if (row->kind == CF_VAL_TUPLE && !row->shared_row) {
            row = cf_val_copy(b, row);
            row->shared_row = true;
        }
        return row;
    }
    return NULL;
}

/* The scopes of one function (or of the program): its parameters first, then its rows. */
static cf_val *in_function(cf_binder *b, cf_scope *s, cf_str name, bool params,
                           cf_scope **beyond, bool *found) {
    cf_scope *end = s;
    while (end != NULL && end->kind == CF_SCOPE_ROW)
        end = end->outer;
    if (params && end != NULL && end->kind == CF_SCOPE_PARAMS) {
        cf_val *v = param_value(b, end, name, s, found);
        if (*found) return v;
    }
    for (; s != end; s = s->outer) {
        cf_val *v = row_name(b, s, name, found);
        if (*found) return v;
    }
    *beyond = end != NULL && end->kind == CF_SCOPE_PARAMS ? end->outer : NULL;
    return NULL;
}

static cf_val *find_name(cf_binder *b, cf_str name, cf_scope *scope, bool *found) {
    bool params = true;
    const cf_scope *here = scope;
    while (scope != NULL) {
        cf_scope *beyond = NULL;
        cf_val *v = in_function(b, scope, name, params, &beyond, found);
        if (*found) return v;
        params = beyond != NULL &&
                 beyond->kind ==
                     CF_SCOPE_PARAMS; /* a lambda inside a function sees its parameters */
        scope = beyond;
    }
    const cf_let *let = cf_bind_find_let(b, here, name);
    if (let != NULL) {
        *found = true;
        return cf_bind_let_value(b, let);
    }
    cf_source *source = NULL;
    cf_error err = {0};
    if (b->env->table != NULL && b->env->table(b->env->user, name, &source, &err) == CF_OK) {
        *found = true;
        cf_val *v = cf_val_of_table(b, source, cf_str_of(cf_str_dup(b->arena, name)));
        cf_source_release(source);
        return v;
    }
    if (err.status != CF_OK &&
        err.status != CF_E_UNKNOWN_TABLE) { /* the table exists but cannot be read */
        *found = true;
        if (b->err.status == CF_OK) b->err = err;
        return NULL;
    }
    return NULL;
}

cf_val *cf_bind_name(cf_binder *b, cf_str name, cf_scope *scope, cf_span span) {
    bool found = false;
    cf_val *v = find_name(b, name, scope, &found);
    if (found && v == NULL && b->err.status != CF_OK && b->err.span.source == 0)
        b->err.span = span;
    return v;
}

/* ---- unknown names ---- */

#define NAMES_MAX 2048

static size_t names_in_scope(cf_binder *b, cf_scope *scope, cf_str *names) {
    size_t n = 0;
    for (cf_scope *s = scope; s != NULL; s = s->outer) {
        for (size_t i = 0; s->kind == CF_SCOPE_PARAMS && i < s->param_count && n < NAMES_MAX;
             i++)
            names[n++] = s->params[i].name.text;
        for (size_t i = 0; s->kind == CF_SCOPE_ROW && s->row->kind == CF_VAL_TUPLE &&
                           i < s->row->slot_count && n < NAMES_MAX;
             i++)
            names[n++] = s->row->slots[i].name;
    }
    for (size_t i = 0; i < cf_module_count(b->module) && n < NAMES_MAX; i++)
        names[n++] = cf_module_at(b->module, i)->name;
    return n;
}

/* `Muon_pt` for Muon.pt, when there is such a list or tuple. */
static bool underscore_path(cf_binder *b, cf_scope *scope, cf_str name, cf_text *out) {
    for (size_t i = 1; i + 1 < name.size; i++) {
        if (name.data[i] != '_') continue;
        const cf_str head = {name.data, i}, tail = {name.data + i + 1, name.size - i - 1};
        const cf_scope *s = cf_scope_inner_row(scope);
        for (; s != NULL; s = cf_scope_inner_row(s->outer)) {
            size_t at = 0;
            if (s->row->kind != CF_VAL_TUPLE || !cf_val_find(s->row, head, &at)) continue;
            cf_val *v = cf_val_field(b, s->row, at);
            if (v != NULL && v->kind == CF_VAL_LIST) v = v->elem;
            if (v != NULL && v->kind == CF_VAL_TUPLE && cf_val_find(v, tail, &at)) {
                cf_text_addf(out, "did you mean `%.*s.%.*s`?", CF_STR_ARGS(head),
                             CF_STR_ARGS(tail));
                return true;
            }
        }
    }
    return false;
}

static void name_hint(cf_binder *b, cf_scope *scope, cf_str name) {
    cf_text hint = {0};
    cf_str *names = CF_NEWS(b->arena, cf_str, NAMES_MAX);
    const size_t n = names_in_scope(b, scope, names);
    const cf_str near = cf_bind_nearest(name, names, n);
    if (near.size > 0)
        cf_text_addf(&hint, "did you mean `%.*s`?", CF_STR_ARGS(near));
    else if (b->err.hint[0] == 0 && cf_bind_habit(b, name)) {
        cf_text_adds(&hint, b->err.hint);
        b->err.hint[0] = 0;
    } else
        (void)underscore_path(b, scope, name, &hint);
    const cf_scope *row = cf_scope_inner_row(scope);
    if (row != NULL && row->row->kind == CF_VAL_TUPLE) {
        cf_text_adds(&hint, hint.size > 0 ? "   " : "");
        cf_bind_list_columns(b, name, row->row, &hint);
    }
    if (hint.size > 0) cf_bind_hint(b, "%s", hint.data);
    cf_text_clear(&hint);
}

static void *unknown_name(cf_binder *b, cf_scope *scope, cf_name name) {
    const cf_scope *row = cf_scope_inner_row(scope);
    const cf_builtin *f = cf_builtin_find(name.text);
    if (f != NULL && f->class != CF_BUILTIN_COMMAND && !name.quoted) {
        cf_bind_fail(b, CF_E_MISSING_ARGUMENT, name.span,
                     "`%.*s` is a function and needs its argument", CF_STR_ARGS(name.text));
        if (f->class == CF_BUILTIN_AGGREGATE)
            cf_bind_hint(b, "write `%s this` or `%s` with a column", f->name, f->name);
        else if (f->usage != NULL)
            cf_bind_hint(b, "usage: %s", f->usage);
        return NULL;
    }
    if (row == NULL)
        cf_bind_fail(b, CF_E_UNKNOWN_TABLE, name.span, "no table or value `%.*s`",
                     CF_STR_ARGS(name.text));
    else if (row->list->name.size > 0)
        cf_bind_fail(b, CF_E_UNKNOWN_COLUMN, name.span, "no column `%.*s` in %.*s",
                     CF_STR_ARGS(name.text), CF_STR_ARGS(row->list->name));
    else
        cf_bind_fail(b, CF_E_UNKNOWN_COLUMN, name.span, "no column `%.*s`",
                     CF_STR_ARGS(name.text));
    cf_bind_label(b, "unknown name");
    if (row == NULL && b->env->table_names != NULL) {
        cf_str tables[256];
        const size_t n = b->env->table_names(b->env->user, tables, CF_COUNT(tables));
        const cf_str near = cf_bind_nearest(name.text, tables, n);
        if (near.size > 0)
            cf_bind_hint(b, "did you mean `%.*s`?", CF_STR_ARGS(near));
        else if (n > 0) {
            cf_text hint = {0};
            cf_text_adds(&hint, "there are: ");
            for (size_t i = 0; i < n && i < 8; i++)
                cf_text_addf(&hint, "%s%.*s", i > 0 ? ", " : "", CF_STR_ARGS(tables[i]));
            if (n > 8) cf_text_addf(&hint, " and %zu more: %%tables", n - 8);
            cf_bind_hint(b, "%s", hint.data);
            cf_text_clear(&hint);
        }
        if (b->err.hint[0] == 0) name_hint(b, scope, name.text);
        return NULL;
    }
    name_hint(b, scope, name.text);
    return NULL;
}

/* ---- paths ---- */

cf_val *cf_bind_member(cf_binder *b, cf_val *base, cf_name name) {
    if (base->kind == CF_VAL_LIST) {
        cf_val *elem = cf_bind_member(b, cf_val_broadcast(b, base->elem, base->rows), name);
        if (elem == NULL) return NULL;
        cf_val *out = cf_val_list(b, base->rows, cf_val_broadcast(b, elem, base->rows));
        out->valid = base->valid;
        out->name = base->name;
        return out;
    }
    size_t at = 0;
    if (base->kind == CF_VAL_MODEL) return cf_val_model_member(b, base, name);
    if (base->kind != CF_VAL_TUPLE) {
        cf_text type = {0};
        cf_val_type(b, base, &type);
        cf_bind_fail(b, CF_E_TYPE, name.span,
                     "`.%.*s` needs a tuple or a list of tuples, and this is %s",
                     CF_STR_ARGS(name.text), type.data);
        cf_text_clear(&type);
        return NULL;
    }
    if (cf_val_find(base, name.text, &at)) {
        cf_val *v = cf_val_field(b, base, at);
        if (v == NULL && b->err.status != CF_OK && b->err.span.source == 0)
            b->err.span = name.span;
        return v;
    }
    cf_bind_fail(b, CF_E_UNKNOWN_COLUMN, name.span, "no field `%.*s` here",
                 CF_STR_ARGS(name.text));
    cf_bind_label(b, "unknown name");
    cf_text hint = {0};
    cf_str *names = CF_NEWS(b->arena, cf_str, base->slot_count + 1);
    for (size_t k = 0; k < base->slot_count; k++)
        names[k] = base->slots[k].name;
    const cf_str near = cf_bind_nearest(name.text, names, base->slot_count);
    if (near.size > 0) cf_text_addf(&hint, "did you mean `%.*s`?   ", CF_STR_ARGS(near));
    cf_bind_list_columns(b, name.text, base, &hint);
    cf_bind_hint(b, "%s", hint.data);
    cf_text_clear(&hint);
    return NULL;
}

/* `t.c` where a column of this row remembers that it came from table t. */
static cf_val *table_column(cf_binder *b, const cf_name *names, cf_scope *scope) {
    for (const cf_scope *s = cf_scope_inner_row(scope); s != NULL;
         s = cf_scope_inner_row(s->outer)) {
        if (s->row->kind != CF_VAL_TUPLE) continue;
        for (size_t k = 0; k < s->row->slot_count; k++)
            if (s->row->slots[k].table.size > 0 &&
                cf_str_equal(s->row->slots[k].table, names[0].text) &&
                cf_str_equal(s->row->slots[k].name, names[1].text))
                return cf_val_field(b, s->row, k);
    }
    return NULL;
}

/* `pi`, `math.pi`, `date.now`: a function without arguments is its value. */
static cf_val *constant_function(cf_binder *b, const cf_ast *path) {
    cf_text name = {0};
    for (size_t i = 0; i < path->as.path.count; i++)
        cf_text_addf(&name, "%s%.*s", i > 0 ? "." : "",
                     CF_STR_ARGS(path->as.path.names[i].text));
    const cf_builtin *f = cf_builtin_find((cf_str){name.data, name.size});
    cf_text_clear(&name);
    if (f == NULL || f->class != CF_BUILTIN_MAP || f->overload_count == 0 ||
        f->overloads[0].arg_count > 0)
        return NULL;
    return cf_bind_map(b, f, NULL, 0, path->span);
}

/* `hep.cuts.pt_min`: what a module defines; *used: how many names that took. */
static cf_val *module_value(cf_binder *b, const cf_ast *path, cf_scope *scope, size_t *used) {
    cf_text name = {0};
    const cf_let *let = NULL;
    for (size_t i = 0; i < path->as.path.count && let == NULL; i++) {
        const cf_str part = path->as.path.names[i].text;
        cf_text_addf(&name, "%s%.*s", i > 0 ? "." : "", CF_STR_ARGS(part));
        if (i > 0) let = cf_bind_find_let(b, scope, (cf_str){name.data, name.size});
        *used = i + 1;
    }
    cf_text_clear(&name);
    if (let == NULL) *used = 1;
    return let == NULL ? NULL : cf_bind_let_value(b, let);
}

static bool names_table(cf_binder *b, cf_str name) {
    cf_str *tables = CF_NEWS(b->arena, cf_str, NAMES_MAX);
    const size_t n =
        b->env->table_names == NULL ? 0 : b->env->table_names(b->env->user, tables, NAMES_MAX);
    for (size_t i = 0; i < n; i++)
        if (cf_str_equal(tables[i], name)) return true;
    return false;
}

/* `stem.Tree`: one of several trees in a file, unless the file's own table (v; or NULL) has
 * such a column. NULL without an error: it is none. */
static cf_val *tree_of_file(cf_binder *b, const cf_name *names, const cf_val *v) {
    size_t at = 0;
    if (v != NULL &&
        (v->kind != CF_VAL_LIST || v->level != CF_UNIT || v->elem->kind != CF_VAL_TUPLE ||
         cf_val_find(v->elem, names[1].text, &at)))
        return NULL;
    if (b->env->table == NULL || !names_table(b, names[0].text)) return NULL;
    const cf_str name = cf_str_of(cf_arena_printf(
        b->arena, "%.*s.%.*s", CF_STR_ARGS(names[0].text), CF_STR_ARGS(names[1].text)));
    cf_source *source = NULL;
    cf_error err = {0};
    if (b->env->table(b->env->user, name, &source, &err) != CF_OK) return NULL;
    cf_val *out = cf_val_of_table(b, source, names[1].text);
    cf_source_release(source);
    return out;
}

cf_val *cf_bind_path(cf_binder *b, const cf_ast *path, cf_scope *scope) {
    const cf_name *names = path->as.path.names;
    size_t used = 1;
    cf_val *v = NULL;
    bool found = false;
    const cf_error before = b->err;
    v = find_name(b, names[0].text, scope, &found);
    cf_val *tree = found && path->as.path.count > 1 ? tree_of_file(b, names, v) : NULL;
    if (tree != NULL) {
        b->err = before;
        v = tree;
        used = 2;
    }
    if (!found && (v = module_value(b, path, scope, &used)) != NULL) found = true;
    if (!found && b->err.status == CF_OK) {
        cf_val *constant = constant_function(b, path);
        if (constant != NULL) return constant;
    }
    if (!found && path->as.path.count > 1) {
        v = table_column(b, names, scope);
        used = 2;
    } else if (tree == NULL && found && v != NULL && v->kind == CF_VAL_LIST &&
               v->level == CF_UNIT && path->as.path.count > 1 && scope != b->root) {
        cf_val *column = table_column(
            b, names, scope); /* `tracks.name` in a row of tracks, not the whole table */
        if (column != NULL) {
            v = column;
            used = 2;
        }
    }
    if (v == NULL && b->err.status == CF_OK && !b->mismatch) {
        if (found) return cf_bind_fail(b, CF_E_INTERNAL, path->span, "a name without a value");
        return unknown_name(b, scope, names[0]);
    }
    if (v == NULL) {
        if (b->err.status != CF_OK && b->err.span.source == 0) b->err.span = names[0].span;
        return NULL;
    }
    for (; used < path->as.path.count; used++) {
        v = cf_bind_member(b, v, names[used]);
        if (v == NULL) return NULL;
    }
    return v;
}
