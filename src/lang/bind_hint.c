/* What a message adds: the word that is meant instead of one from another language, what a call
 * still lacks, how values of different kinds are written together. */

#include "lang/bind_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- words from other languages ---- */

static const char *const habits[][2] = {{"where", "filter"},
                                        {"WHERE", "filter"},
                                        {"SELECT", "select"},
                                        {"mutate", "derive"},
                                        {"assign", "derive"},
                                        {"summarise", "aggregate"},
                                        {"summarize", "aggregate"},
                                        {"agg", "aggregate"},
                                        {"order", "sort"},
                                        {"orderby", "sort"},
                                        {"order_by", "sort"},
                                        {"arrange", "sort"},
                                        {"limit", "take"},
                                        {"LIMIT", "take"},
                                        {"head", "take"},
                                        {"groupby", "group"},
                                        {"group_by", "group"},
                                        {"mean", "average"},
                                        {"avg", "average"},
                                        {"std", "stddev"},
                                        {"histogram", "hist"},
                                        {"len", "count"},
                                        {"unique", "distinct"},
                                        {"True", "true"},
                                        {"False", "false"},
                                        {"None", "null"},
                                        {"NULL", "null"},
                                        {"nan", "0.0 / 0.0"},
                                        {"NaN", "0.0 / 0.0"},
                                        {"inf", "1.0 / 0.0"},
                                        {"Infinity", "1.0 / 0.0"},
                                        {"infinity", "1.0 / 0.0"},
                                        {"FROM", "from"},
                                        {"startswith", "text.starts_with"},
                                        {"endswith", "text.ends_with"},
                                        {"substr", "text.extract"},
                                        {"substring", "text.extract"}};

static const char *const advice[][2] = {
    {"isnull", "null is compared like any value: `x == null`"},
    {"isna", "null is compared like any value: `x == null`"},
    {"notnull", "null is compared like any value: `x != null`"},
    {"isnan", "nan is the only value that differs from itself: `x != x`"},
    {"coalesce", "write `x ?? y`"},
    {"ifnull", "write `x ?? y`"},
    {"cast", "values are converted with `as`: `x as int`"},
    {"int", "values are converted with `as`: `x as int`"},
    {"integer", "values are converted with `as`: `x as int`"},
    {"float", "values are converted with `as`: `x as float`"},
    {"double", "values are converted with `as`: `x as float`"},
    {"bool", "values are converted with `as`: `x as bool`"},
    {"str", "values are converted with `as`: `x as text`"},
    {"string", "values are converted with `as`: `x as text`"},
    {"concat", "texts are joined with an f-string: `f\"{a}{b}\"`"},
    {"drop", "columns are left out with `select !{a, b}`"},
    {"rename", "a column gets a new name with `select {new = old}`, or in `derive`"},
    {"plot", "`hist x`, `line x y`, `scatter x y`, `bar name n` and `heatmap` draw"},
    {"else", "the last arm of a `case` is `true => ..`"},
    {"otherwise", "the last arm of a `case` is `true => ..`"},
    {"quit", "leave with `quit` alone, `%exit` or ctrl-D"},
    {"exit", "leave with `exit` alone, `%exit` or ctrl-D"},
    {"print", "a pipeline or value shows itself; `%print x` writes its bare text"},
    {"function", "a function is written `let f = x -> x + 1`"},
    {"def", "a function is written `let f = x -> x + 1`"},
};

static const char *entry_of(const char *const table[][2], size_t count, cf_str name) {
    for (size_t i = 0; i < count; i++)
        if (cf_str_is(name, table[i][0])) return table[i][1];
    return NULL;
}

bool cf_bind_habit(cf_binder *b, cf_str name) {
    const char *ours = entry_of(habits, CF_COUNT(habits), name);
    const char *said = entry_of(advice, CF_COUNT(advice), name);
    if (ours != NULL)
        cf_bind_hint(b, "write `%s`", ours);
    else if (said != NULL)
        cf_bind_hint(b, "%s", said);
    return ours != NULL || said != NULL;
}

/* `upper` is text.upper. */
static const char *in_family(cf_str name) {
    static const char *const families[] = {"text", "date", "math"};
    char full[64];
    for (size_t i = 0; i < CF_COUNT(families) && name.size < 40; i++) {
        (void)snprintf(full, sizeof full, "%s.%.*s", families[i], CF_STR_ARGS(name));
        const cf_builtin *f = cf_builtin_find(cf_str_of(full));
        if (f != NULL) return f->name;
    }
    return NULL;
}

/* Equal but for case, as far as letters go. */
static bool equal_nocase(cf_str a, cf_str c) {
    if (a.size != c.size) return false;
    for (size_t i = 0; i < a.size; i++)
        if ((a.data[i] | 32) != (c.data[i] | 32)) return false;
    return true;
}

void cf_bind_function_hint(cf_binder *b, cf_str name) {
    cf_str names[1024];
    size_t n = 0, families = 0;
    const cf_family *f = cf_families(&families);
    for (size_t i = 0; i < families; i++)
        for (size_t k = 0; k < f[i].count && n < CF_COUNT(names); k++)
            if (f[i].builtins[k].class != CF_BUILTIN_COMMAND)
                names[n++] = cf_str_of(f[i].builtins[k].name);
    for (size_t i = 0; i < cf_module_count(b->module) && n < CF_COUNT(names); i++)
        names[n++] = cf_module_at(b->module, i)->name;
    b->err.hint[0] = 0;
    const cf_str near = cf_bind_nearest(name, names, n);
    const char *member = in_family(name);
    if (near.size > 0 && equal_nocase(near, name))
        cf_bind_hint(b, "did you mean `%.*s`?", CF_STR_ARGS(near));
    else if (cf_bind_habit(b, name))
        return;
    else if (member != NULL)
        cf_bind_hint(b, "did you mean `%s`?", member);
    else if (near.size > 0)
        cf_bind_hint(b, "did you mean `%.*s`?", CF_STR_ARGS(near));
    else
        cf_bind_hint(b, "`%%help` lists the verbs and functions");
}

/* ---- calls that lack something ---- */

static size_t given_to(const cf_val *func) {
    size_t n = 0;
    for (size_t i = 0; func->bound != NULL && i < func->bound->count; i++)
        n += func->bound->items[i].name.text.data == NULL || func->bound->items[i].assign;
    return n;
}

/* How many arguments a function cannot do without; 0: that is not the question. */
static size_t needed_by(const cf_val *func) {
    size_t n = 0;
    if (func->lambda != NULL) {
        for (size_t i = 0; i < func->lambda->as.lambda.count; i++)
            n += func->lambda->as.lambda.params[i].fallback == NULL;
        return n;
    }
    const cf_builtin *f = func->builtin;
    if (f == NULL) return 0;
    if (f->class == CF_BUILTIN_AGGREGATE) return 1;
    for (uint32_t i = 0; i < f->overload_count; i++)
        if (i == 0 || f->overloads[i].arg_count < n) n = f->overloads[i].arg_count;
    return n;
}

void *cf_bind_unfinished(cf_binder *b, const cf_val *func, cf_span span) {
    const size_t needs = needed_by(func), got = given_to(func);
    const cf_builtin *f = func->builtin;
    if (f != NULL && f->class == CF_BUILTIN_COMMAND) {
        cf_bind_fail(b, CF_E_COMMAND, span, "`%s` is a command", f->name);
        cf_bind_hint(b, "write `%%%s` at the start of a line", f->name);
        return NULL;
    }
    if (func->func_name.size > 0 && needs > got)
        cf_bind_fail(b, CF_E_MISSING_ARGUMENT, span, "`%.*s` needs %zu argument%s and got %zu",
                     CF_STR_ARGS(func->func_name), needs, needs == 1 ? "" : "s", got);
    else if (func->func_name.size > 0)
        cf_bind_fail(b, CF_E_MISSING_ARGUMENT, span, "`%.*s` is a function without its input",
                     CF_STR_ARGS(func->func_name));
    else
        cf_bind_fail(b, CF_E_MISSING_ARGUMENT, span,
                     "this is a function; it needs its arguments");
    if (f == NULL) return NULL;
    if (strcmp(f->name, "count") == 0)
        cf_bind_hint(b, "rows are counted with `count this`");
    else if (f->usage != NULL)
        cf_bind_hint(b, "usage: %s", f->usage);
    return NULL;
}

/* The last leaf of an expression, which stands right before the next argument. */
static const cf_ast *last_leaf(const cf_ast *a) {
    while (a != NULL && !a->parens) {
        if (a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
            a = a->as.list.items[0].value;
        else if (a->kind == CF_AST_BINARY)
            a = a->as.op.right;
        else if (a->kind == CF_AST_UNARY)
            a = a->as.op.right;
        else
            break;
    }
    return a;
}

/* The first leaf of an expression: `Jet` of `Jet > 2`. */
static const cf_ast *first_leaf(const cf_ast *a) {
    while (a != NULL && !a->parens) {
        if (a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
            a = a->as.list.items[0].value;
        else if (a->kind == CF_AST_BINARY)
            a = a->as.op.left;
        else
            break;
    }
    return a;
}

static bool is_function_name(cf_binder *b, const cf_ast *a) {
    if (a == NULL || a->kind != CF_AST_PATH) return false;
    const cf_str name = cf_bind_source_text(b, a->span);
    const cf_let *let = cf_module_find(b->module, name);
    const cf_builtin *f = cf_builtin_find(name);
    return (let != NULL && let->stmt->value->kind == CF_AST_LAMBDA) ||
           (f != NULL && f->class != CF_BUILTIN_COMMAND) ||
           entry_of(habits, CF_COUNT(habits), name) != NULL;
}

#define SHOWN 100

/* `filter a > average a`, `filter count Jet > 2`, `sort a desc`: how it is written. */
bool cf_bind_many_hint(cf_binder *b, const char *verb, const cf_args *args) {
    if (args->count != 2 || args->items[0].ast == NULL || args->items[1].ast == NULL)
        return false;
    const cf_str all =
        cf_bind_source_text(b, (cf_span){args->items[0].span.source, args->items[0].span.begin,
                                         args->items[1].span.end});
    const cf_str second = cf_bind_source_text(b, args->items[1].span);
    const cf_str first = cf_bind_source_text(b, args->items[0].span);
    if (all.size == 0 || all.size > SHOWN || memchr(all.data, '\n', all.size) != NULL)
        return false;
    if (strcmp(verb, "sort") == 0 && (cf_str_is(second, "desc") || cf_str_is(second, "asc"))) {
        cf_bind_hint(b, "write `sort {%s%.*s}`", cf_str_is(second, "desc") ? "-" : "",
                     CF_STR_ARGS(first));
        return true;
    }
    const cf_ast *head = last_leaf(args->items[0].ast), *tail = first_leaf(args->items[1].ast);
    if (!is_function_name(b, head) || head->span.begin < args->items[0].span.begin ||
        tail->span.end > args->items[1].span.end)
        return false;
    const cf_str before = {all.data, head->span.begin - args->items[0].span.begin};
    const cf_str call = {before.data + before.size, tail->span.end - head->span.begin};
    const cf_str after = {call.data + call.size, args->items[1].span.end - tail->span.end};
    const bool braces = strcmp(verb, "aggregate") == 0 && before.size + after.size == 0;
    cf_bind_hint(b, "a call inside needs brackets: `%s %.*s%c%.*s%c%.*s`", verb,
                 CF_STR_ARGS(before), braces ? '{' : '(', CF_STR_ARGS(call), braces ? '}' : ')',
                 CF_STR_ARGS(after));
    return true;
}

/* ---- values of different kinds ---- */

static bool is_kind(cf_binder *b, cf_val *v, cf_kind kind) {
    return v->kind == CF_VAL_BASIC && cf_kind_widened(cf_val_kind_of(b, v)) == kind;
}

static bool is_number(cf_binder *b, cf_val *v) {
    return v->kind == CF_VAL_BASIC && cf_kind_is_number(cf_val_kind_of(b, v));
}

static bool compares(const char *what) {
    static const char *const words[] = {"==", "!=", "<", "<=", ">", ">="};
    for (size_t i = 0; i < CF_COUNT(words); i++)
        if (strcmp(what, words[i]) == 0) return true;
    return false;
}

/* A number that was put into quotes: "2". */
static bool quoted_number(cf_binder *b, cf_val *v, cf_str *text) {
    if (!cf_val_const_text(b, v, text) || text->size == 0 || text->size > 20) return false;
    for (size_t i = 0; i < text->size; i++)
        if (strchr("0123456789.-", text->data[i]) == NULL || text->data[i] == 0) return false;
    return true;
}

void cf_bind_type_hint(cf_binder *b, const char *what, cf_val **args, size_t count) {
    cf_str text = {0};
    if (count != 2) return;
    for (size_t i = 0; i < 2; i++) {
        cf_val *x = args[i], *y = args[1 - i];
        if (compares(what) && is_number(b, x) && quoted_number(b, y, &text))
            cf_bind_hint(b, "a number stands without quotes: `%.*s`", CF_STR_ARGS(text));
        else if (compares(what) && is_number(b, x) && is_kind(b, y, CF_TEXT))
            cf_bind_hint(b, "convert one of them: `x as text`, or `x as float`");
        else if (compares(what) && is_kind(b, x, CF_BOOL) && is_number(b, y))
            cf_bind_hint(b, "a bool is a condition as it is: `x`, or `!x`");
    }
    if ((strcmp(what, "+") == 0 || strcmp(what, "||") == 0) &&
        (is_kind(b, args[0], CF_TEXT) || is_kind(b, args[1], CF_TEXT)))
        cf_bind_hint(b, "texts are joined with an f-string: `f\"{a}{b}\"`");
}
