/* Pipelines, stages and calls: which function a name means, which argument goes where, and in
 * whose rows it is evaluated. */

#include "lang/bind_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- functions ---- */

static cf_val *builtin_value(cf_binder *b, const cf_builtin *f, cf_str name) {
    cf_val *v = CF_NEW(b->arena, cf_val);
    *v = (cf_val){.kind = CF_VAL_FUNC, .level = CF_UNIT, .builtin = f, .func_name = name};
    return v;
}

static cf_str joined_path(cf_binder *b, const cf_ast *path) {
    cf_text t = {0};
    for (size_t i = 0; i < path->as.path.count; i++) {
        if (i > 0) cf_text_addc(&t, '.');
        cf_text_add(&t, path->as.path.names[i].text.data, path->as.path.names[i].text.size);
    }
    const cf_str out = cf_str_of(cf_str_dup(b->arena, (cf_str){t.data, t.size}));
    cf_text_clear(&t);
    return out;
}

/* The head of a call: a parameter that is a function, a `let` function, a built-in; else
 * whatever the name means. NULL with an error when it means nothing. */
static cf_val *bind_callee(cf_binder *b, const cf_ast *callee, cf_scope *scope) {
    if (callee->kind != CF_AST_PATH) return cf_bind_expr(b, callee, scope);
    const cf_name *names = callee->as.path.names;
    const cf_str name = joined_path(b, callee);
    if (callee->as.path.count == 1 && !names[0].quoted) {
        for (cf_scope *s = scope; s != NULL; s = s->outer) {
            if (s->kind != CF_SCOPE_PARAMS) continue;
            for (size_t i = 0; i < s->param_count; i++)
                if (cf_str_equal(s->params[i].name.text, name)) {
                    cf_val *v = cf_bind_name(b, name, scope, callee->span);
                    if (v == NULL || v->kind == CF_VAL_FUNC) return v;
                }
            break;
        }
    }
    const cf_let *let = cf_bind_find_let(b, scope, name);
    if (let != NULL && let->stmt->value->kind == CF_AST_LAMBDA && !names[0].quoted)
        return cf_bind_let_value(b, let);
    const cf_builtin *f = cf_builtin_find(name);
    if (f != NULL) return builtin_value(b, f, name);
    cf_val *v = cf_bind_path(b, callee, scope);
    if (v == NULL &&
        (b->err.status == CF_E_UNKNOWN_COLUMN || b->err.status == CF_E_UNKNOWN_TABLE) &&
        callee->as.path.count == 1) {
        b->err.status = CF_E_UNKNOWN_FUNCTION;
        cf_bind_function_hint(b, name);
        (void)snprintf(b->err.message, sizeof b->err.message, "no function or column `%.*s`",
                       CF_STR_ARGS(name));
    }
    return v;
}

static bool names_function(cf_binder *b, const cf_ast *callee) {
    if (callee->kind != CF_AST_PATH) return false;
    const cf_str name = joined_path(b, callee);
    const cf_let *let = cf_module_find(b->module, name);
    return (let != NULL && let->stmt->value->kind == CF_AST_LAMBDA) ||
           cf_builtin_find(name) != NULL;
}

/* ---- arguments ---- */

static cf_args args_of(cf_binder *b, const cf_item *items, size_t count, cf_scope *scope) {
    cf_args out = {CF_NEWS(b->arena, cf_arg, count + 1), count};
    for (size_t i = 0; i < count; i++)
        out.items[i] = (cf_arg){.name = items[i].name,
                                .assign = items[i].assign,
                                .ast = items[i].value,
                                .scope = scope,
                                .span = items[i].value->span};
    return out;
}

static cf_args args_joined(cf_binder *b, const cf_args *first, cf_args more) {
    if (first == NULL || first->count == 0) return more;
    if (more.count == 0) return *first;
    cf_args out = {CF_NEWS(b->arena, cf_arg, first->count + more.count + 1),
                   first->count + more.count};
    memcpy(out.items, first->items, first->count * sizeof *out.items);
    memcpy(out.items + first->count, more.items, more.count * sizeof *out.items);
    return out;
}

static bool is_named(const cf_arg *a) {
    return a->name.text.data != NULL && !a->assign;
}

static size_t positional_count(cf_args args) {
    size_t n = 0;
    for (size_t i = 0; i < args.count; i++)
        n += !is_named(&args.items[i]);
    return n;
}

static cf_val *partial(cf_binder *b, const cf_val *func, cf_args args) {
    cf_val *v = cf_val_copy(b, func);
    cf_args *bound = CF_NEW(b->arena, cf_args);
    *bound = args;
    v->bound = bound;
    return v;
}

static const char *short_name(cf_binder *b, const cf_val *func) {
    return func->func_name.size == 0 ? "this function" : cf_str_dup(b->arena, func->func_name);
}

static cf_arg value_arg(cf_val *v, cf_span span) {
    return (cf_arg){.value = v, .span = span};
}

/* ---- functions written by the user ---- */

static bool wants_relation(const cf_param *p) {
    return p->type != NULL && p->type->kind == CF_TYPE_NAME &&
           cf_str_is(p->type->name, "relation");
}

static bool fill_named(cf_binder *b, const cf_val *func, const cf_ast *lambda, cf_args args,
                       cf_arg *filled, cf_scope *home) {
    for (size_t i = 0; i < lambda->as.lambda.count; i++) {
        const cf_param *p = &lambda->as.lambda.params[i];
        if (p->fallback != NULL)
            filled[i] = (cf_arg){.ast = p->fallback, .scope = home, .span = p->name.span};
    }
    for (size_t k = 0; k < args.count; k++) {
        if (!is_named(&args.items[k])) continue;
        bool known = false;
        for (size_t i = 0; i < lambda->as.lambda.count && !known; i++)
            if (cf_str_equal(lambda->as.lambda.params[i].name.text, args.items[k].name.text)) {
                filled[i] = args.items[k];
                known = true;
            }
        if (!known) {
            cf_bind_fail(b, CF_E_UNKNOWN_ARGUMENT, args.items[k].name.span,
                         "`%s` has no argument `%.*s`", short_name(b, func),
                         CF_STR_ARGS(args.items[k].name.text));
            return false;
        }
    }
    return true;
}

/* Evaluates the arguments: the relation first; the others in its rows (as text that is
 * evaluated where it stands), or, without a relation, in the caller's row. */
static bool evaluate_args(cf_binder *b, const cf_ast *lambda, cf_arg *filled) {
    bool relation = false;
    for (size_t i = 0; i < lambda->as.lambda.count; i++)
        relation |= wants_relation(&lambda->as.lambda.params[i]);
    for (size_t i = 0; i < lambda->as.lambda.count; i++) {
        const bool list = wants_relation(&lambda->as.lambda.params[i]);
        const bool row_text = relation && !list && filled[i].value == NULL;
        const cf_val *value = row_text ? NULL : cf_bind_arg(b, &filled[i]);
        if (!row_text && value == NULL) return false;
        if (list && value->kind != CF_VAL_LIST) {
            cf_bind_fail(b, CF_E_NOT_A_LIST, filled[i].span, "a relation is needed here");
            return false;
        }
    }
    return true;
}

static bool span_within(cf_span s, cf_span in) {
    return s.source == in.source && s.begin >= in.begin && s.end <= in.end;
}

/* What fails in a function's body is reported at the call; the body is the second place. */
static void report_at_call(cf_binder *b, const cf_val *func, cf_span call) {
    cf_error *e = &b->err;
    if (e->status == CF_OK || call.source == 0 ||
        !span_within(e->span, func->lambda->as.lambda.body->span))
        return;
    if (e->cause.source == 0 && e->span.source == call.source) {
        e->cause = e->span;
        (void)snprintf(e->because, sizeof e->because, "%s", e->label);
    } else if (e->cause.source == 0) {
        const cf_str text = cf_bind_source_text(b, e->span);
        (void)snprintf(e->trail, sizeof e->trail, "in `%s`: %.*s", short_name(b, func),
                       text.size > 200 ? 200 : (int)text.size, text.size > 0 ? text.data : "");
    }
    e->span = call;
    (void)snprintf(e->label, sizeof e->label, "in this call of `%s`", short_name(b, func));
}

static cf_val *call_lambda(cf_binder *b, cf_val *func, cf_args args, cf_scope *scope,
                           cf_span span) {
    const cf_ast *lambda = func->lambda;
    const size_t count = lambda->as.lambda.count;
    size_t wanted = 0;
    for (size_t i = 0; i < count; i++)
        wanted += lambda->as.lambda.params[i].fallback == NULL;
    const size_t given = positional_count(args);
    if (given < wanted) return partial(b, func, args);
    if (given > wanted)
        return cf_bind_fail(b, CF_E_TOO_MANY_ARGUMENTS, span,
                            "`%s` takes %zu argument%s and got %zu", short_name(b, func),
                            wanted, wanted == 1 ? "" : "s", given);
    cf_arg *filled = CF_NEWS(b->arena, cf_arg, count + 1);
    if (!fill_named(b, func, lambda, args, filled, func->scope)) return NULL;
    size_t next = 0;
    for (size_t k = 0; k < args.count; k++) {
        if (is_named(&args.items[k])) continue;
        while (lambda->as.lambda.params[next].fallback != NULL)
            next++;
        filled[next++] = args.items[k];
    }
    if (!evaluate_args(b, lambda, filled)) return NULL;
    for (size_t i = 0; i < count; i++)
        filled[i].name = lambda->as.lambda.params[i].name;
    cf_scope *inner = CF_NEW(b->arena, cf_scope);
    *inner = (cf_scope){.kind = CF_SCOPE_PARAMS,
                        .outer = func->scope == b->root ? scope : func->scope,
                        .home = func->home,
                        .params = filled,
                        .param_count = count};
    const bool failed = b->err.status != CF_OK;
    cf_val *v = cf_bind_expr(b, lambda->as.lambda.body, inner);
    if (v == NULL && !failed) report_at_call(b, func, span);
    return v;
}

/* ---- built-ins ---- */

static bool evaluate_all(cf_binder *b, cf_args args, cf_val **values, size_t *count) {
    for (size_t i = 0; i < args.count; i++) {
        if (args.items[i].assign) {
            cf_bind_fail(b, CF_E_ASSIGN, args.items[i].name.span,
                         "`=` gives a name, which has no meaning here");
            cf_bind_hint(b, "compare with `==`");
            return false;
        }
        values[i] = cf_bind_arg(b, &args.items[i]);
        if (values[i] == NULL) return false;
    }
    *count = args.count;
    return true;
}

static void range_of_overloads(const cf_builtin *f, size_t *min, size_t *max) {
    *min = SIZE_MAX;
    *max = 0;
    for (uint32_t i = 0; i < f->overload_count; i++) {
        const cf_func *o = &f->overloads[i];
        if (o->arg_count < *min) *min = o->arg_count;
        const size_t most = (o->flags & CF_VARIADIC) != 0 ? 1000 : o->arg_count;
        if (most > *max) *max = most;
    }
}

/* A date's unit is a word or a text: `date.trunc month d`. */
static void unit_word(cf_binder *b, const cf_builtin *f, cf_args args) {
    if (args.count == 0 ||
        (strcmp(f->name, "date.diff") != 0 && strcmp(f->name, "date.trunc") != 0))
        return;
    const cf_ast *a = args.items[0].ast;
    if (a != NULL && a->kind == CF_AST_PATH && a->as.path.count == 1 &&
        args.items[0].value == NULL)
        args.items[0].value =
            cf_val_basic(b, cf_plan_const_text(b->plan, a->as.path.names[0].text));
}

static cf_val *call_map(cf_binder *b, cf_val *func, cf_args args, cf_span span) {
    size_t min = 0, max = 0, count = 0;
    range_of_overloads(func->builtin, &min, &max);
    if (args.count < min) return partial(b, func, args);
    if (args.count > max)
        return cf_bind_fail(b, CF_E_TOO_MANY_ARGUMENTS, span,
                            "`%s` takes %zu argument%s and got %zu", short_name(b, func), max,
                            max == 1 ? "" : "s", args.count);
    cf_val **values = CF_NEWS(b->arena, cf_val *, args.count + 1);
    unit_word(b, func->builtin, args);
    if (!evaluate_all(b, args, values, &count)) return NULL;
    if (strcmp(func->builtin->name, "if") == 0 && values[0]->kind == CF_VAL_BASIC &&
        cf_val_kind_of(b, values[0]) == CF_BOOL) {
        values[1] = cf_guard(b, values[1], values[0]->node);
        values[2] = cf_guard(b, values[2], cf_guard_unless(b, values[0]->node, true));
    }
    return cf_bind_map(b, func->builtin, values, count, span);
}

/* `count(Muon.pt > 20)` counts all muons. */
static void warn_count(cf_binder *b, const cf_builtin *f, cf_val *elem, cf_span at) {
    if (strcmp(f->name, "count") != 0 || elem->kind != CF_VAL_BASIC ||
        cf_val_kind_of(b, elem) != CF_BOOL)
        return;
    cf_error w = {.status = CF_E_AXIS, .span = at};
    const cf_str text = cf_bind_source_text(b, at);
    (void)snprintf(w.message, sizeof w.message, "`count` counts false ones, too");
    if (text.size < 100 && memchr(text.data, '\n', text.size) == NULL)
        cf_error_hint(&w, "`sum(%.*s)` counts those that are true", CF_STR_ARGS(text));
    cf_diags_warn(b->diags, &w);
}

/* R3: `rel | agg e` evaluates e in the rows of rel; R2: an aggregate of a list reduces that
 * list, of a value of this row it runs over the rows. */
static cf_val *call_aggregate(cf_binder *b, cf_val *func, cf_args args, cf_val *piped,
                              cf_scope *scope, cf_span span) {
    if (args.count > 1 || (args.count == 1 && args.items[0].assign))
        return cf_bind_fail(b, CF_E_TOO_MANY_ARGUMENTS, span, "`%s` takes one value",
                            short_name(b, func));
    if (piped != NULL && args.count == 1) {
        if (piped->kind != CF_VAL_LIST)
            return cf_bind_fail(b, CF_E_NOT_A_LIST, span,
                                "`%s` with a value needs a list in front of it",
                                short_name(b, func));
        const bool any = strcmp(func->builtin->name, "any") == 0;
        const cf_ast *a = args.items[0].ast;
        cf_val *rel = piped;
        /* any(a && b) is any(b) of those with a: b is computed for fewer */
        while (any && a != NULL && a->kind == CF_AST_BINARY && a->as.op.op == CF_OP_AND) {
            cf_scope *row = cf_scope_row(b, args.items[0].scope, rel);
            cf_val *cond = cf_bind_expr(b, a->as.op.left, row);
            if (cond == NULL) return NULL;
            const cf_id mask = cf_bind_condition(b, cond, a->as.op.left->span, "any");
            if (mask == 0) return NULL;
            rel = cf_verb_filter_by(b, rel, mask, (cf_str){0});
            if (rel == NULL) return NULL;
            a = a->as.op.right;
        }
        cf_arg arg = args.items[0];
        if (arg.value == NULL) arg.value = cf_bind_expr(b, a, cf_scope_row(b, arg.scope, rel));
        return arg.value == NULL ? NULL
                                 : cf_bind_reduce(b, func->builtin, rel, arg.value, span);
    }
    cf_val *v = piped;
    if (v == NULL) {
        if (args.count == 0) return partial(b, func, args);
        v = cf_bind_arg(b, &args.items[0]);
        if (v == NULL) return NULL;
    }
    if (v->kind == CF_VAL_LIST) {
        cf_val *elem = cf_val_broadcast(b, v->elem, v->rows);
        if (piped == NULL) warn_count(b, func->builtin, elem, args.items[0].span);
        return cf_bind_reduce(b, func->builtin, v, elem, span);
    }
    const cf_scope *row = cf_scope_inner_row(scope);
    if (row == NULL)
        return cf_bind_fail(b, CF_E_AXIS, span, "`%s` needs a list or the rows of a relation",
                            short_name(b, func));
    return cf_bind_reduce(b, func->builtin, row->list, v, span);
}

static bool split_args(cf_binder *b, const cf_verb *verb, cf_args args, cf_verb_call *c) {
    c->args = CF_NEWS(b->arena, cf_arg, args.count + 1);
    c->named = CF_NEWS(b->arena, cf_arg, args.count + 1);
    for (size_t i = 0; i < args.count; i++) {
        cf_arg *a = &args.items[i];
        if (!is_named(a)) {
            c->args[c->count++] = *a;
            continue;
        }
        const char *list = verb->named == NULL ? "" : verb->named, *at = list;
        bool known = false;
        while (*at != 0 && !known) {
            const char *end = strchr(at, ' ');
            const size_t size = end == NULL ? strlen(at) : (size_t)(end - at);
            known = size == a->name.text.size && memcmp(at, a->name.text.data, size) == 0;
            at = end == NULL ? at + size : end + 1;
        }
        if (!known) {
            cf_bind_fail(b, CF_E_UNKNOWN_ARGUMENT, a->name.span, "`%s` has no argument `%.*s`",
                         verb->name, CF_STR_ARGS(a->name.text));
            if (verb->named != NULL) cf_bind_hint(b, "it takes %s", verb->named);
            return false;
        }
        c->named[c->named_count++] = *a;
    }
    return true;
}

static cf_val *call_verb(cf_binder *b, cf_val *func, cf_args args, cf_val *piped,
                         cf_scope *scope, cf_span span) {
    const cf_verb *verb = cf_verb_find(cf_str_of(func->builtin->name));
    if (verb == NULL) {
        cf_bind_fail(b, CF_E_NOT_YET, span, "`%s` does not work yet", func->builtin->name);
        if (func->builtin->since != NULL) cf_bind_hint(b, "it comes later");
        return NULL;
    }
    cf_verb_call c = {.b = b, .rel = piped, .scope = scope, .span = span, .verb = verb->name};
    if (!split_args(b, verb, args, &c)) return NULL;
    if (verb->needs_relation && c.rel == NULL) {
        if (c.count <= verb->max && !(c.count == verb->max && verb->max == 0)) {
            if (c.count <= verb->min || verb->min == verb->max) return partial(b, func, args);
        }
        if (c.count == 0) return partial(b, func, args);
        c.rel = cf_bind_arg(b, &c.args[c.count - 1]); /* the relation as the last argument */
        if (c.rel == NULL) return NULL;
        if (c.rel->kind != CF_VAL_LIST && c.count <= verb->max) return partial(b, func, args);
        c.count--;
    }
    if (c.count < verb->min) {
        cf_bind_fail(b, CF_E_MISSING_ARGUMENT, span, "`%s` needs %s", verb->name,
                     verb->min == 1 ? "an argument" : "more arguments");
        if (func->builtin->usage != NULL) cf_bind_hint(b, "usage: %s", func->builtin->usage);
        return NULL;
    }
    if (c.count > verb->max) {
        cf_bind_fail(b, CF_E_TOO_MANY_ARGUMENTS, c.args[verb->max].span,
                     "`%s` takes %s%u argument%s", verb->name,
                     verb->max > 0 && verb->min < verb->max ? "at most " : "", verb->max,
                     verb->max == 1 ? "" : "s");
        const cf_args given = {c.args, c.count};
        if (verb->max == 1 && cf_bind_many_hint(b, verb->name, &given)) return NULL;
        if (func->builtin->usage != NULL) cf_bind_hint(b, "usage: %s", func->builtin->usage);
        return NULL;
    }
    const bool saves_model = c.rel != NULL && c.rel->kind == CF_VAL_MODEL &&
                             strcmp(verb->name, "save") == 0; /* the verb for both */
    if (verb->needs_relation && c.rel->kind != CF_VAL_LIST && !saves_model) {
        cf_text type = {0};
        cf_val_type(b, c.rel, &type);
        cf_bind_fail(b, CF_E_NOT_A_LIST, span,
                     "`%s` works on a relation or list, and this is %s", verb->name, type.data);
        cf_text_clear(&type);
        return NULL;
    }
    cf_plan_at(b->plan, span);
    return verb->fn(&c);
}

static bool is_pick(const cf_builtin *f) {
    return strcmp(f->name, "first") == 0 || strcmp(f->name, "last") == 0;
}

static cf_val *call_builtin(cf_binder *b, cf_val *func, cf_args args, cf_val *piped,
                            cf_scope *scope, cf_span span) {
    const cf_builtin *f = func->builtin;
    if (strcmp(f->name, "case") == 0) {
        cf_bind_fail(b, CF_E_SYNTAX, span, "`case` takes its arms in brackets");
        cf_bind_hint(b, "write `case [a > 1 => 2, true => 3]`");
        return NULL;
    }
    if (f->since != NULL && cf_verb_find(cf_str_of(f->name)) == NULL) {
        cf_bind_fail(b, CF_E_NOT_YET, span, "`%s` does not work yet", f->name);
        cf_bind_hint(b, "it is part of the language and comes later");
        return NULL;
    }
    if (cf_verb_find(cf_str_of(f->name)) != NULL && f->class == CF_BUILTIN_MAP)
        return call_verb(b, func, args, piped, scope, span);
    switch (f->class) {
    case CF_BUILTIN_MAP:
    case CF_BUILTIN_VECTOR: {
        cf_args all = args;
        if (piped != NULL) {
            cf_args more = {CF_NEW(b->arena, cf_arg), 1};
            more.items[0] = value_arg(piped, span);
            all = args_joined(b, &args, more);
        }
        if (f->class == CF_BUILTIN_MAP && f->overload_count > 0)
            return call_map(b, func, all, span);
        if (f->class == CF_BUILTIN_MAP) return call_verb(b, func, args, piped, scope, span);
        if (all.count == 0) return partial(b, func, all);
        size_t count = 0;
        cf_val **values = CF_NEWS(b->arena, cf_val *, all.count + 1);
        return evaluate_all(b, all, values, &count) ? cf_vector_call(b, f, values, count, span)
                                                    : NULL;
    }
    case CF_BUILTIN_AGGREGATE: return call_aggregate(b, func, args, piped, scope, span);
    case CF_BUILTIN_WINDOW:
    case CF_BUILTIN_VERB:
        if (is_pick(f) && piped == NULL &&
            args.count == 1) { /* first(Jet) picks, first x looks over the rows */
            cf_val *v = cf_bind_arg(b, &args.items[0]);
            if (v == NULL) return NULL;
            if (v->kind == CF_VAL_LIST)
                return call_verb(b, func, (cf_args){args.items, 0}, v, scope, span);
        }
        return call_verb(b, func, args, piped, scope, span);
    case CF_BUILTIN_COMMAND: break;
    }
    return cf_bind_fail(b, CF_E_COMMAND, span,
                        "`%s` is a command: write %%%s at the start of a line", f->name,
                        f->name);
}

/* ---- calls ---- */

static cf_val *apply_stages(cf_binder *b, const cf_ast *stages, cf_scope *scope,
                            cf_val *input) {
    cf_val *v = input;
    for (size_t i = 0; i < stages->as.list.count && v != NULL; i++)
        v = cf_bind_stage(b, stages->as.list.items[i].value, v, scope);
    return v;
}

cf_val *cf_bind_call(cf_binder *b, cf_val *func, cf_args args, cf_val *piped, cf_scope *scope,
                     cf_span span) {
    if (func->kind != CF_VAL_FUNC) {
        cf_text type = {0};
        cf_val_type(b, func, &type);
        cf_bind_fail(b, CF_E_NOT_A_FUNCTION, span, "this is no function but %s", type.data);
        cf_text_clear(&type);
        return NULL;
    }
    args = args_joined(b, func->bound, args);
    if (func->stages != NULL) {
        if (piped == NULL && args.count > 0)
            piped = cf_bind_arg(b, &args.items[args.count - 1]);
        return piped == NULL ? func : apply_stages(b, func->stages, func->scope, piped);
    }
    if (func->scaler != NULL) {
        if (piped == NULL && args.count == 0) return func;
        if (args.count > (piped == NULL))
            return cf_bind_fail(b, CF_E_TOO_MANY_ARGUMENTS, span,
                                "a fitted scaling takes one value");
        cf_val *x = piped != NULL ? piped : cf_bind_arg(b, &args.items[0]);
        return x == NULL ? NULL : cf_scaler_call(b, func->scaler, x, span);
    }
    if (func->lambda != NULL) {
        if (piped != NULL) {
            cf_args more = {CF_NEW(b->arena, cf_arg), 1};
            more.items[0] = value_arg(piped, span);
            args = args_joined(b, &args, more);
        }
        return call_lambda(b, func, args, scope, span);
    }
    return call_builtin(b, func, args, piped, scope, span);
}

cf_val *cf_bind_apply(cf_binder *b, const cf_arg *function, cf_val *relation) {
    if (function->ast != NULL && function->ast->kind == CF_AST_PIPELINE)
        return apply_stages(b, function->ast, function->scope, relation);
    if (function->ast != NULL)
        return cf_bind_stage(b, function->ast, relation, function->scope);
    return cf_bind_call(b, function->value, (cf_args){0}, relation, function->scope,
                        function->span);
}

static bool names_param(const cf_scope *scope, const cf_ast *callee) {
    if (callee->kind != CF_AST_PATH) return false;
    for (; scope != NULL; scope = scope->outer)
        for (size_t i = 0; scope->kind == CF_SCOPE_PARAMS && i < scope->param_count; i++)
            if (cf_str_equal(scope->params[i].name.text, callee->as.path.names[0].text))
                return true;
    return false;
}

/* `join b(==id)`, where b names no function: b and the bracket are two arguments.  Verbs that
 * take one argument cannot mean that: an unknown function is what it is. */
static bool is_two(cf_binder *b, const cf_ast *call, const cf_ast *a, cf_scope *scope) {
    if (call->as.call.tight || a->kind != CF_AST_CALL || !a->as.call.tight || a->parens ||
        names_function(b, a->as.call.callee) || names_param(scope, a->as.call.callee))
        return false;
    const cf_ast *verb = call->as.call.callee;
    const cf_builtin *f =
        verb->kind == CF_AST_PATH ? cf_builtin_find(joined_path(b, verb)) : NULL;
    return f == NULL || strcmp(f->name, "join") == 0;
}

/* Arguments of a juxtaposed call. */
static cf_args call_args(cf_binder *b, const cf_ast *call, cf_scope *scope) {
    size_t extra = 0;
    for (size_t i = 0; i < call->as.call.count; i++) {
        const cf_ast *a = call->as.call.args[i].value;
        if (is_two(b, call, a, scope)) extra += a->as.call.count;
    }
    if (extra == 0) return args_of(b, call->as.call.args, call->as.call.count, scope);
    cf_item *items = CF_NEWS(b->arena, cf_item, call->as.call.count + extra);
    size_t n = 0;
    for (size_t i = 0; i < call->as.call.count; i++) {
        const cf_item item = call->as.call.args[i];
        const cf_ast *a = item.value;
        const bool two = is_two(b, call, a, scope);
        items[n] = item;
        if (two) items[n].value = a->as.call.callee;
        n++;
        for (size_t k = 0; two && k < a->as.call.count; k++)
            items[n++] = a->as.call.args[k];
    }
    return args_of(b, items, n, scope);
}

static cf_val *not_a_stage(cf_binder *b, const cf_ast *stage) {
    cf_bind_fail(b, CF_E_NOT_A_FUNCTION, stage->span,
                 "a stage of a pipeline is a call, like `filter pt > 10`");
    return NULL;
}

/* `from events | MET.pt` */
static cf_val *column_as_stage(cf_binder *b, const cf_ast *stage) {
    const cf_str name = joined_path(b, stage);
    b->err = (cf_error){0};
    cf_bind_fail(b, CF_E_NOT_A_FUNCTION, stage->span, "`%.*s` is no function",
                 CF_STR_ARGS(name));
    cf_bind_hint(b, "a stage is a call; a column is chosen with `select %.*s`",
                 CF_STR_ARGS(name));
    return NULL;
}

cf_val *cf_bind_stage(cf_binder *b, const cf_ast *stage, cf_val *piped, cf_scope *scope) {
    if (stage->kind == CF_AST_EITHER) {
        if (piped == NULL) return cf_bind_expr(b, stage, scope);
        stage = stage->as.either.call;
    }
    if (stage->kind == CF_AST_CALL) {
        cf_val *func = bind_callee(b, stage->as.call.callee, scope);
        if (func == NULL) return NULL;
        return cf_bind_call(b, func, call_args(b, stage, scope), piped, scope, stage->span);
    }
    if (piped == NULL) return cf_bind_expr(b, stage, scope);
    if (stage->kind == CF_AST_PATH) {
        const bool failed = b->err.status != CF_OK;
        cf_val *func = bind_callee(b, stage, scope);
        if (func == NULL && !failed && stage->as.path.count > 1 &&
            b->err.status == CF_E_UNKNOWN_TABLE)
            return column_as_stage(b, stage);
        return func == NULL ? NULL
                            : cf_bind_call(b, func, (cf_args){0}, piped, scope, stage->span);
    }
    if (stage->kind == CF_AST_PIPELINE || stage->kind == CF_AST_LAMBDA ||
        stage->kind == CF_AST_FIELD) {
        if (stage->kind == CF_AST_PIPELINE) return apply_stages(b, stage, scope, piped);
        cf_val *func = cf_bind_expr(b, stage, scope);
        return func == NULL ? NULL
                            : cf_bind_call(b, func, (cf_args){0}, piped, scope, stage->span);
    }
    return not_a_stage(b, stage);
}

/* ---- pipelines ---- */

static cf_val *bind_head(cf_binder *b, const cf_ast *stage, cf_scope *scope) {
    if (stage->kind != CF_AST_PATH) return cf_bind_expr(b, stage, scope);
    if (stage->as.path.count == 1 || cf_builtin_find(joined_path(b, stage)) == NULL) {
        const cf_error before = b->err;
        cf_val *v = cf_bind_path(b, stage, scope);
        if (v != NULL || b->mismatch || cf_builtin_find(joined_path(b, stage)) == NULL)
            return v;
        b->err = before; /* no value of that name, but a function */
    }
    return builtin_value(b, cf_builtin_find(joined_path(b, stage)), joined_path(b, stage));
}

static cf_val *run_stages(cf_binder *b, const cf_ast *pipeline, cf_val *v, cf_scope *scope) {
    for (size_t i = 1; i < pipeline->as.list.count && v != NULL; i++)
        v = cf_bind_stage(b, pipeline->as.list.items[i].value, v, scope);
    return v;
}

static cf_val *named_head(cf_binder *b, const cf_item *item, cf_val *head) {
    if (item->name.text.data == NULL || head->kind != CF_VAL_LIST) return head;
    cf_val *out = cf_val_copy(b, head);
    out->row_name = item->name.text;
    out->name = item->name.text;
    return out;
}

cf_val *cf_bind_pipe(cf_binder *b, const cf_ast *pipeline, cf_scope *scope) {
    if (pipeline->kind != CF_AST_PIPELINE) return cf_bind_expr(b, pipeline, scope);
    const cf_item *first = &pipeline->as.list.items[0];
    cf_val *head = bind_head(b, first->value, scope);
    if (head == NULL) return NULL;
    if (pipeline->as.list.count == 1) return named_head(b, first, head);
    if (head->kind == CF_VAL_FUNC) { /* an unfinished call: the pipeline is a function */
        cf_val *f = CF_NEW(b->arena, cf_val);
        *f =
            (cf_val){.kind = CF_VAL_FUNC, .level = CF_UNIT, .stages = pipeline, .scope = scope};
        return f;
    }
    if (first->value->kind == CF_AST_PATH && head->kind == CF_VAL_LIST &&
        head->level != CF_UNIT) {
        head = cf_val_copy(b, head); /* a column that heads a pipeline names no rows */
        head->row_name = (cf_str){0};
    }
    head = named_head(b, first, head);
    const cf_id here = cf_scope_level(scope);
    /* The list whose row we are in, again: its rows are other ones than this row. */
    if (head->kind == CF_VAL_LIST && cf_plan_is_ancestor(b->plan, head->rows, here))
        head = cf_val_broadcast(b, head, here);
    const bool outer = head->kind == CF_VAL_LIST && head->level != here &&
                       cf_plan_is_ancestor(b->plan, head->level, here);
    cf_val *v = run_stages(b, pipeline, head, scope);
    if (v == NULL && b->mismatch &&
        outer) { /* it looks at the row around it: the list is carried to those rows */
        b->mismatch = false;
        v = run_stages(b, pipeline, cf_val_broadcast(b, head, here), scope);
    }
    return v;
}
