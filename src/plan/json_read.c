#include "plan/plan.h"

/* A plan from JSON.  Nothing is believed: what is missing or of the wrong type is an error
 * here, what does not fit together is one in cf_plan_check. */

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OUT_DEPTH_MAX 100

typedef struct {
    cf_plan *plan;
    cf_arena *arena;
    cf_error *err;
} reading;

static cf_status bad(const reading *r, const char *what) {
    return cf_fail(r->err, CF_E_FORMAT, CF_NOWHERE, "the plan's JSON is damaged: %s", what);
}

/* --- single things; each has a default for when it is absent --- */

static cf_status get_int(const reading *r, const json_t *o, const char *key, int64_t low,
                         int64_t high, int64_t fallback, int64_t *out) {
    const json_t *v = json_object_get(o, key);
    *out = fallback;
    if (v == NULL) return CF_OK;
    if (!json_is_integer(v)) return bad(r, key);
    *out = json_integer_value(v);
    return *out < low || *out > high ? bad(r, key) : CF_OK;
}

static cf_status get_id(const reading *r, const json_t *o, const char *key, cf_id *out) {
    int64_t id;
    CF_TRY(get_int(r, o, key, 0, UINT32_MAX, 0, &id));
    *out = (cf_id)id;
    return CF_OK;
}

static cf_status get_string(const reading *r, const json_t *o, const char *key,
                            const char **out) {
    const json_t *v = json_object_get(o, key);
    *out = NULL;
    if (v == NULL || json_is_null(v)) return CF_OK;
    if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v))
        return bad(r, key);
    *out = cf_str_dup(r->arena, cf_str_of(json_string_value(v)));
    return CF_OK;
}

static cf_status get_bool(const reading *r, const json_t *o, const char *key, bool *out) {
    const json_t *v = json_object_get(o, key);
    *out = json_is_true(v);
    return v != NULL && !json_is_boolean(v) ? bad(r, key) : CF_OK;
}

static cf_status get_float(const reading *r, const json_t *o, double *out) {
    const json_t *v = json_object_get(o, "f");
    *out = 0.0;
    if (v == NULL) return CF_OK;
    if (json_is_number(v)) {
        *out = json_number_value(v);
        return CF_OK;
    }
    const char *word = json_string_value(v);
    if (word == NULL) return bad(r, "f");
    if (strcmp(word, "nan") == 0)
        *out = (double)NAN;
    else if (strcmp(word, "inf") == 0)
        *out = (double)INFINITY;
    else if (strcmp(word, "-inf") == 0)
        *out = -(double)INFINITY;
    else
        return bad(r, "f");
    return CF_OK;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static cf_status get_text(const reading *r, const json_t *o, cf_str *out) {
    const json_t *text = json_object_get(o, "text"), *hex = json_object_get(o, "hex");
    *out = (cf_str){0};
    if (text != NULL) {
        if (!json_is_string(text)) return bad(r, "text");
        const cf_str s = {json_string_value(text), json_string_length(text)};
        *out = (cf_str){cf_str_dup(r->arena, s), s.size};
        return CF_OK;
    }
    if (hex == NULL) return CF_OK;
    const char *digits = json_string_value(hex);
    const size_t size = json_string_length(hex) / 2;
    if (digits == NULL || json_string_length(hex) % 2 != 0) return bad(r, "hex");
    char *bytes = CF_NEWS(r->arena, char, size + 1);
    for (size_t i = 0; i < size; i++) {
        const int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
        if (high < 0 || low < 0) return bad(r, "hex");
        bytes[i] = (char)(high * 16 + low);
    }
    *out = (cf_str){bytes, size};
    return CF_OK;
}

static cf_status get_span(const reading *r, const json_t *o, cf_span *out) {
    const json_t *v = json_object_get(o, "span");
    *out = CF_NOWHERE;
    if (v == NULL) return CF_OK;
    uint32_t part[3];
    if (json_array_size(v) != 3) return bad(r, "span");
    for (size_t i = 0; i < 3; i++) {
        const json_t *x = json_array_get(v, i);
        if (!json_is_integer(x) || json_integer_value(x) < 0 ||
            json_integer_value(x) > UINT32_MAX)
            return bad(r, "span");
        part[i] = (uint32_t)json_integer_value(x);
    }
    *out = (cf_span){part[0], part[1], part[2]};
    return CF_OK;
}

/* --- nodes --- */

static cf_status get_op(const reading *r, const json_t *o, cf_node *n) {
    const char *word = json_string_value(json_object_get(o, "op"));
    for (cf_node_op op = CF_L_UNIT; word != NULL && op < CF_NODE_KINDS; op++)
        if (op != CF_NODE_VALUES && strcmp(word, cf_node_op_name(op)) == 0) {
            n->op = op;
            return CF_OK;
        }
    return bad(r, "op");
}

static cf_status get_kind(const reading *r, const json_t *o, cf_node *n) {
    const json_t *v = json_object_get(o, "kind");
    n->kind = CF_NULL;
    if (v == NULL) return CF_OK;
    const char *word = json_string_value(v);
    for (cf_kind kind = CF_NULL; word != NULL && kind < CF_KIND_COUNT; kind++)
        if (strcmp(word, cf_kind_word(kind)) == 0) {
            n->kind = kind;
            return CF_OK;
        }
    return bad(r, "kind");
}

static cf_status get_args(const reading *r, const json_t *o, cf_node *n) {
    const json_t *v = json_object_get(o, "args");
    if (v == NULL) return CF_OK;
    if (!json_is_array(v)) return bad(r, "args");
    const size_t count = json_array_size(v);
    cf_id *args = CF_NEWS(r->arena, cf_id, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *x = json_array_get(v, i);
        if (!json_is_integer(x) || json_integer_value(x) < 0 ||
            json_integer_value(x) > UINT32_MAX)
            return bad(r, "args");
        args[i] = (cf_id)json_integer_value(x);
    }
    n->args = args;
    n->arg_count = (uint32_t)count;
    return CF_OK;
}

static cf_status get_func(const reading *r, const json_t *o, cf_node *n) {
    const json_t *v = json_object_get(o, "func");
    if (v == NULL) return CF_OK;
    const char *name = json_string_value(v);
    n->func = name == NULL ? NULL : cf_func_find(cf_str_of(name));
    if (n->func != NULL) return CF_OK;
    return cf_fail(r->err, CF_E_FORMAT, CF_NOWHERE,
                   "the plan uses a function `%.100s` that is not known here",
                   name == NULL ? "" : name);
}

static cf_status read_node(const reading *r, const json_t *o, cf_node *n) {
    int64_t flags;
    if (!json_is_object(o)) return bad(r, "nodes");
    CF_TRY(get_op(r, o, n));
    CF_TRY(get_kind(r, o, n));
    CF_TRY(get_id(r, o, "level", &n->level));
    CF_TRY(get_int(r, o, "flags", 0, 255, 0, &flags));
    CF_TRY(get_int(r, o, "i0", INT64_MIN, INT64_MAX, 0, &n->i0));
    CF_TRY(get_int(r, o, "i1", INT64_MIN, INT64_MAX, 0, &n->i1));
    CF_TRY(get_int(r, o, "i2", INT64_MIN, INT64_MAX, 0, &n->i2));
    CF_TRY(get_args(r, o, n));
    CF_TRY(get_float(r, o, &n->f0));
    CF_TRY(get_text(r, o, &n->text));
    CF_TRY(get_func(r, o, n));
    n->flags = (uint8_t)flags;
    return get_span(r, o, &n->span);
}

static cf_status read_nodes(const reading *r, const json_t *root) {
    const json_t *nodes = json_object_get(root, "nodes");
    const size_t count = json_array_size(nodes);
    if (count == 0 || count >= UINT32_MAX) return bad(r, "nodes");
    r->plan->nodes = CF_NEWS(r->arena, cf_node, count + 1);
    r->plan->node_count = (cf_id)count;
    for (size_t i = 0; i < count; i++)
        CF_TRY(read_node(r, json_array_get(nodes, i), &r->plan->nodes[i + 1]));
    return CF_OK;
}

/* --- results --- */

static cf_status read_out(const reading *r, const json_t *o, unsigned depth, cf_out **made) {
    static const char *const shapes[] = {"value", "list", "tuple"};
    const char *shape = json_string_value(json_object_get(o, "shape"));
    cf_out *out = *made = CF_NEW(r->arena, cf_out);
    int64_t hidden;
    if (shape == NULL || depth > OUT_DEPTH_MAX) return bad(r, "rows");
    size_t which = 0;
    while (which < 3 && strcmp(shape, shapes[which]) != 0)
        which++;
    if (which == 3) return bad(r, "shape");
    out->shape = (cf_out_shape)which;
    CF_TRY(get_string(r, o, "name", &out->name));
    CF_TRY(get_string(r, o, "unit", &out->unit));
    CF_TRY(get_string(r, o, "doc", &out->doc));
    CF_TRY(get_id(r, o, "node", &out->node));
    CF_TRY(get_id(r, o, "valid", &out->valid));
    CF_TRY(get_int(r, o, "hidden", 0, 1, 0, &hidden));
    out->hidden = hidden != 0;
    const json_t *children = json_object_get(o, "children");
    if (children == NULL) return CF_OK;
    if (!json_is_array(children)) return bad(r, "children");
    out->child_count = (uint32_t)json_array_size(children);
    out->children = CF_NEWS(r->arena, cf_out *, out->child_count);
    for (uint32_t i = 0; i < out->child_count; i++)
        CF_TRY(read_out(r, json_array_get(children, i), depth + 1, &out->children[i]));
    return CF_OK;
}

static cf_status read_saves(const reading *r, const json_t *root) {
    const json_t *saves = json_object_get(root, "saves");
    r->plan->save_count = (uint32_t)json_array_size(saves);
    r->plan->saves = CF_NEWS(r->arena, cf_save, r->plan->save_count);
    for (uint32_t i = 0; i < r->plan->save_count; i++) {
        const json_t *o = json_array_get(saves, i);
        cf_save *s = &r->plan->saves[i];
        CF_TRY(get_string(r, o, "path", &s->path));
        CF_TRY(get_string(r, o, "format", &s->format));
        CF_TRY(get_string(r, o, "tree", &s->options.tree));
        CF_TRY(get_string(r, o, "layout", &s->options.layout));
        CF_TRY(get_string(r, o, "compression", &s->options.compression));
        CF_TRY(get_string(r, o, "by", &s->options.by));
        CF_TRY(get_int(r, o, "rows_per_file", 0, INT64_MAX, 0, &s->options.rows_per_file));
        CF_TRY(get_bool(r, o, "overwrite", &s->options.overwrite));
        CF_TRY(get_id(r, o, "level", &s->level));
        CF_TRY(get_span(r, o, &s->span));
        if (s->path == NULL) return bad(r, "path");
        CF_TRY(read_out(r, json_object_get(o, "rows"), 0, &s->rows));
    }
    return CF_OK;
}

/* --- models: by id --- */

static cf_status read_models(const reading *r, const json_t *root) {
    const json_t *models = json_object_get(root, "models");
    const size_t count = json_array_size(models);
    r->plan->model_ids = CF_NEWS(r->arena, uint64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(models, i));
        char *end = NULL;
        if (text == NULL || strlen(text) != 16) return bad(r, "models");
        r->plan->model_ids[i] = strtoull(text, &end, 16);
        if (*end != '\0') return bad(r, "models");
    }
    r->plan->model_count = (uint32_t)count;
    return CF_OK;
}

/* --- sources --- */

static cf_status same_schema(const reading *r, const json_t *o, const cf_source *source) {
    char hash[17];
    (void)snprintf(hash, sizeof hash, "%016llx",
                   (unsigned long long)cf_source_schema_hash(source));
    const char *wanted = json_string_value(json_object_get(o, "schema"));
    if (wanted == NULL) return bad(r, "schema");
    if (strcmp(hash, wanted) == 0) return CF_OK;
    return cf_fail(r->err, CF_E_MISMATCH, CF_NOWHERE,
                   "%s has other columns here than where the plan was made", source->where);
}

static cf_status open_source(const reading *r, const json_t *o, cf_plan_open_fn *open,
                             void *user, cf_source **source) {
    const char *format, *pattern, *tree;
    bool flat;
    CF_TRY(get_string(r, o, "format", &format));
    CF_TRY(get_string(r, o, "pattern", &pattern));
    CF_TRY(get_string(r, o, "tree", &tree));
    CF_TRY(get_bool(r, o, "flat", &flat));
    if (pattern == NULL)
        return cf_fail(r->err, CF_E_OPEN, CF_NOWHERE,
                       "a table that is only in memory cannot be opened elsewhere");
    return open(user, format, pattern, tree, flat, source, r->err);
}

static cf_status read_sources(const reading *r, const json_t *root, cf_plan_open_fn *open,
                              void *user, cf_source *const *given, uint32_t given_count) {
    const json_t *sources = json_object_get(root, "sources");
    const size_t count = json_array_size(sources);
    if (open == NULL && count != given_count) return bad(r, "sources");
    r->plan->sources = CF_NEWS(r->arena, cf_source *, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *o = json_array_get(sources, i);
        cf_source *source;
        if (open == NULL)
            source = cf_source_retain(given[i]);
        else
            CF_TRY(open_source(r, o, open, user, &source));
        r->plan->sources[r->plan->source_count++] = source;
        CF_TRY(same_schema(r, o, source));
    }
    return CF_OK;
}

/* --- all --- */

static cf_status read_plan(const reading *r, const json_t *root, cf_plan_open_fn *open,
                           void *user, cf_source *const *sources, uint32_t source_count) {
    int64_t version;
    CF_TRY(get_int(r, root, "cutflow_plan", 0, INT32_MAX, 0, &version));
    if (version != CF_PLAN_VERSION)
        return cf_fail(r->err, CF_E_UNSUPPORTED, CF_NOWHERE,
                       "the plan is of version %lld, this program runs version %d",
                       (long long)version, CF_PLAN_VERSION);
    CF_TRY(read_sources(r, root, open, user, sources, source_count));
    CF_TRY(read_models(r, root));
    CF_TRY(read_nodes(r, root));
    CF_TRY(read_saves(r, root));
    CF_TRY(get_id(r, root, "level", &r->plan->level));
    CF_TRY(get_int(r, root, "limit", -1, INT64_MAX, -1, &r->plan->limit));
    CF_TRY(get_bool(r, root, "count_rows", &r->plan->count_rows));
    CF_TRY(read_out(r, json_object_get(root, "rows"), 0, &r->plan->rows));
    return cf_plan_check(r->plan, r->err);
}

cf_status cf_plan_from_json(const char *json, cf_plan_open_fn *open, void *user,
                            cf_source *const *sources, uint32_t source_count, cf_plan **plan,
                            cf_error *err) {
    json_error_t why;
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (root == NULL)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "the plan is no JSON: line %d: %s",
                       why.line, why.text);
    cf_arena *arena = cf_arena_new(16384);
    cf_status status = CF_E_MEMORY;
    if (arena == NULL) {
        (void)cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to read the plan");
    } else {
        const reading r = {CF_NEW(arena, cf_plan), arena, err};
        r.plan->arena = arena;
        status = read_plan(&r, root, open, user, sources, source_count);
        if (status == CF_OK)
            *plan = r.plan;
        else
            cf_plan_free(r.plan);
    }
    json_decref(root);
    return status;
}
