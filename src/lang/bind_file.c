/* Files: read_root, read_parquet, read_csv, read_json give relations; save writes one. */

#include "lang/bind_internal.h"

#include <string.h>

static bool text_arg(cf_verb_call *c, cf_arg *a, const char *what, const char **out) {
    cf_val *v = cf_bind_arg(c->b, a);
    cf_str s = {0};
    if (v == NULL) return false;
    if (!cf_val_const_text(c->b, v, &s)) {
        cf_bind_fail(c->b, CF_E_TYPE, a->span, "%s is a text known beforehand", what);
        return false;
    }
    *out = cf_str_dup(c->b->arena, s);
    return true;
}

static bool flag_arg(cf_verb_call *c, const char *name, bool *out) {
    cf_arg *a = cf_verb_named(c, name);
    if (a == NULL) return true;
    cf_val *v = cf_bind_arg(c->b, a);
    if (v == NULL) return false;
    const cf_node *n = v->kind == CF_VAL_BASIC ? cf_plan_node(c->b->plan, v->node) : NULL;
    if (n == NULL || n->op != CF_V_CONST || n->kind != CF_BOOL) {
        cf_bind_fail(c->b, CF_E_TYPE, a->span, "`%s` is true or false", name);
        return false;
    }
    *out = n->i0 != 0;
    return true;
}

/* "Run2012B" of "data/Run2012B.root". */
static cf_str stem_of(cf_binder *b, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *start = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(start, '.');
    return cf_str_of(cf_str_dup(
        b->arena, (cf_str){start, dot == NULL ? strlen(start) : (size_t)(dot - start)}));
}

static cf_val *read_file(cf_verb_call *c, const char *format) {
    cf_binder *b = c->b;
    const char *path = NULL, *tree = NULL, *separator = NULL;
    cf_open_options options = {.format = format};
    if (!text_arg(c, &c->args[0], "the file's name", &path)) return NULL;
    cf_arg *a = cf_verb_named(c, "tree");
    if (a != NULL && !text_arg(c, a, "`tree`", &tree)) return NULL;
    a = cf_verb_named(c, "separator");
    if (a != NULL && !text_arg(c, a, "`separator`", &separator)) return NULL;
    bool header = true;
    if (!flag_arg(c, "flat", &options.flat) || !flag_arg(c, "header", &header)) return NULL;
    options.tree = tree;
    options.no_header = !header;
    if (separator != NULL) options.separator = separator[0];
    cf_source *source = NULL;
    cf_error err = {0};
    if (b->env->open == NULL ||
        b->env->open(b->env->user, path, &options, &source, &err) != CF_OK) {
        if (b->err.status == CF_OK) {
            b->err = err;
            b->err.span = c->args[0].span;
        }
        return NULL;
    }
    cf_val *v = cf_val_of_table(b, source, stem_of(b, path));
    cf_source_release(source);
    return v;
}

static cf_val *verb_read_root(cf_verb_call *c) {
    return read_file(c, "root");
}
static cf_val *verb_read_parquet(cf_verb_call *c) {
    return read_file(c, "parquet");
}
static cf_val *verb_read_csv(cf_verb_call *c) {
    return read_file(c, "csv");
}
static cf_val *verb_read_json(cf_verb_call *c) {
    return read_file(c, "json");
}

/* A word of a few, `zstd` or "zstd". */
static bool word_arg(cf_verb_call *c, const char *name, const char **out) {
    cf_arg *a = cf_verb_named(c, name);
    if (a == NULL) return true;
    const cf_ast *ast = a->value == NULL ? a->ast : NULL;
    if (ast != NULL && ast->kind == CF_AST_PATH && ast->as.path.count == 1) {
        *out = cf_str_dup(c->b->arena, ast->as.path.names[0].text);
        return true;
    }
    return text_arg(c, a, name, out);
}

/* `by:label`, `by:{year, month}` or a text: names of columns, a line each. */
static bool by_arg(cf_verb_call *c, const char **out) {
    cf_arg *a = cf_verb_named(c, "by");
    const cf_ast *ast = a != NULL && a->value == NULL ? a->ast : NULL;
    if (ast == NULL || ast->kind != CF_AST_TUPLE) return word_arg(c, "by", out);
    cf_text names = {0};
    for (size_t i = 0; i < ast->as.list.count; i++) {
        const cf_ast *item = ast->as.list.items[i].value;
        if (item == NULL || item->kind != CF_AST_PATH || item->as.path.count != 1) {
            cf_text_clear(&names);
            cf_bind_fail(c->b, CF_E_TYPE, a->span, "`by` takes names of columns");
            return false;
        }
        cf_text_addf(&names, "%s%.*s", i == 0 ? "" : "\n",
                     CF_STR_ARGS(item->as.path.names[0].text));
    }
    *out = cf_str_dup(c->b->arena, cf_str_of(names.data == NULL ? "" : names.data));
    cf_text_clear(&names);
    return true;
}

static bool count_arg(cf_verb_call *c, const char *name, int64_t *out) {
    cf_arg *a = cf_verb_named(c, name);
    if (a == NULL) return true;
    cf_val *v = cf_bind_arg(c->b, a);
    if (v == NULL) return false;
    if (cf_val_const_int(c->b, v, out) && *out >= 1) return true;
    cf_bind_fail(c->b, CF_E_RANGE, a->span, "`%s` is a number from 1 on, known beforehand",
                 name);
    return false;
}

static bool save_options(cf_verb_call *c, cf_save_options *o) {
    cf_arg *tree = cf_verb_named(c, "tree");
    if (tree != NULL && !text_arg(c, tree, "`tree`", &o->tree)) return false;
    return word_arg(c, "layout", &o->layout) && word_arg(c, "compression", &o->compression) &&
           by_arg(c, &o->by) && count_arg(c, "rows_per_file", &o->rows_per_file) &&
           flag_arg(c, "overwrite", &o->overwrite);
}

/* Passes the rows on; the plan remembers what to write. */
static cf_val *verb_save(cf_verb_call *c) {
    cf_binder *b = c->b;
    const char *path = NULL, *format = NULL;
    if (b->in_let > 0) {
        cf_bind_fail(b, CF_E_SAVE, c->span,
                     "`save` inside a `let` would run at an unknown time");
        cf_bind_hint(b, "write it as a statement of its own: `from .. | save \"..\"`");
        return NULL;
    }
    if (!text_arg(c, &c->args[0], "the file's name", &path)) return NULL;
    if (c->rel != NULL && c->rel->kind == CF_VAL_MODEL) return cf_verb_save_model(c, path);
    cf_save_options options = {.tree = NULL};
    if (!word_arg(c, "format", &format) || !save_options(c, &options)) return NULL;
    if (c->rel->level != CF_UNIT)
        return cf_bind_fail(
            b, CF_E_SAVE, c->span,
            "only a whole relation can be saved, not the lists inside its rows");
    if (b->save_count == CF_COUNT(b->saves))
        return cf_bind_fail(b, CF_E_LIMIT, c->span, "a statement saves at most %zu files",
                            CF_COUNT(b->saves));
    cf_val *out = cf_val_copy(b, c->rel);
    out->shape = CF_NEW(b->arena, cf_shape);
    if (c->rel->shape != NULL) *out->shape = *c->rel->shape;
    out->shape->saved = true;
    b->saves[b->save_count].save = (cf_save){.path = path,
                                             .format = format,
                                             .options = options,
                                             .level = c->rel->rows,
                                             .span = c->span};
    b->saves[b->save_count].list = c->rel;
    b->save_count++;
    return out;
}

const cf_verb cf_verbs_file[] = {
    {"read_root", verb_read_root, 1, 1, false, "tree flat"},
    {"read_parquet", verb_read_parquet, 1, 1, false, "flat"},
    {"read_csv", verb_read_csv, 1, 1, false, "separator header"},
    {"read_json", verb_read_json, 1, 1, false, NULL},
    {"save", verb_save, 1, 1, true,
     "format tree layout compression by rows_per_file overwrite"},
    {0},
};
