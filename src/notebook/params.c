/* Values from the command line and from files, as cells of the notebook. */

#include "notebook/params.h"

#include "notebook/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char injected_tag[] = "injected-parameters", defaults_tag[] = "parameters";

static cf_nb_json *values_of(cf_nb_params *p, cf_nb_pool *pool) {
    if (p->values == NULL) p->values = cf_nb_json_object(pool);
    return p->values;
}

static bool is_name(cf_nb_str s) {
    for (size_t i = 0; i < s.size; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        const bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
        if (!letter && !(i > 0 && c >= '0' && c <= '9')) return false;
    }
    return s.size > 0;
}

static cf_status add(cf_nb_params *p, cf_nb_pool *pool, cf_nb_str name, cf_nb_json *value,
                     cf_error *err) {
    if (!is_name(name))
        return cf_fail(err, CF_E_PARAMETER, CF_NOWHERE, "`%.*s` cannot name a parameter",
                       CF_NB_STR_ARGS(name));
    cf_nb_set(pool, values_of(p, pool), cf_nb_dup(pool, name).data, value);
    return CF_OK;
}

/* @2024-12-31 and the like stay dates. */
static bool is_date(cf_nb_str s) {
    if (s.size < 6 || s.data[0] != '@') return false;
    for (size_t i = 1; i < s.size; i++)
        if (strchr("0123456789-:.TZ", s.data[i]) == NULL) return false;
    return true;
}

cf_status cf_nb_params_add(cf_nb_params *p, cf_nb_pool *pool, const char *assignment, bool raw,
                           cf_error *err) {
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment)
        return cf_fail(err, CF_E_PARAMETER, CF_NOWHERE,
                       "a parameter is given as name=value, not `%s`", assignment);
    const cf_nb_str text = cf_nb_str_of(equals + 1);
    cf_nb_json *value = raw ? cf_nb_json_string(pool, text) : cf_nb_yaml_scalar(pool, text);
    if (!raw && is_date(text)) value->kind = CF_NB_NUMBER; /* written as it stands */
    return add(p, pool, (cf_nb_str){assignment, (size_t)(equals - assignment)}, value, err);
}

cf_status cf_nb_params_add_yaml(cf_nb_params *p, cf_nb_pool *pool, const char *from,
                                cf_nb_str text, cf_error *err) {
    cf_nb_json *read = NULL;
    cf_error inner = {0};
    if (cf_nb_yaml_read(pool, text, &read, &inner) != CF_OK)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s, %s", from, inner.message);
    if (read->kind != CF_NB_OBJECT)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s has no names with values", from);
    for (size_t i = 0; i < read->count; i++)
        CF_TRY(add(p, pool, read->keys[i], read->items[i], err));
    return CF_OK;
}

/* ---- literals ---- */

static void put_text(cf_nb_text *out, cf_nb_str s) {
    cf_nb_text_addc(out, '"');
    for (size_t i = 0; i < s.size; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (c == '"' || c == '\\')
            cf_nb_text_addf(out, "\\%c", c);
        else if (c == '\n')
            cf_nb_text_adds(out, "\\n");
        else if (c == '\t')
            cf_nb_text_adds(out, "\\t");
        else if (c < 32)
            cf_nb_text_addf(out, "\\x%02x", (unsigned)c);
        else
            cf_nb_text_addc(out, (char)c);
    }
    cf_nb_text_addc(out, '"');
}

static void put_name(cf_nb_text *out, cf_nb_str name) {
    cf_nb_text_addf(out, is_name(name) ? "%.*s" : "`%.*s`", CF_NB_STR_ARGS(name));
}

void cf_nb_params_literal(cf_nb_text *out, const cf_nb_json *value) {
    static const char *const words[] = {
        [CF_NB_NULL] = "null", [CF_NB_FALSE] = "false", [CF_NB_TRUE] = "true"};
    switch (value->kind) {
    case CF_NB_NULL:
    case CF_NB_FALSE:
    case CF_NB_TRUE: cf_nb_text_adds(out, words[value->kind]); return;
    case CF_NB_NUMBER: cf_nb_text_addt(out, value->text); return;
    case CF_NB_STRING: put_text(out, value->text); return;
    case CF_NB_LIST:
    case CF_NB_OBJECT: break;
    }
    const bool list = value->kind == CF_NB_LIST;
    cf_nb_text_addc(out, list ? '[' : '{');
    for (size_t i = 0; i < value->count; i++) {
        if (i > 0) cf_nb_text_adds(out, ", ");
        if (!list) {
            put_name(out, value->keys[i]);
            cf_nb_text_adds(out, " = ");
        }
        cf_nb_params_literal(out, value->items[i]);
    }
    cf_nb_text_addc(out, list ? ']' : '}');
}

const char **cf_nb_params_assignments(const cf_nb_params *p, cf_nb_pool *pool, size_t *count) {
    const cf_nb_json *values = p->values;
    *count = 0;
    const char **out =
        cf_nb_alloc(pool, (values != NULL ? values->count : 0) + 1, sizeof(*out));
    for (size_t i = 0; values != NULL && i < values->count; i++) {
        const cf_nb_json *value = values->items[i];
        cf_nb_text text = {0};
        cf_nb_text_addt(&text, values->keys[i]);
        cf_nb_text_addc(&text, '=');
        cf_nb_params_literal(&text, value);
        out[(*count)++] = cf_nb_text_keep(&text, pool).data;
    }
    return out;
}

/* ---- cells ---- */

static cf_nb_json *injected_cell(const cf_nb_params *p, cf_nb_pool *pool) {
    cf_nb_text text = {0};
    cf_nb_text_adds(&text, "# Parameters");
    for (size_t i = 0; i < p->values->count; i++) {
        cf_nb_text_addf(&text, "\nlet %.*s = ", CF_NB_STR_ARGS(p->values->keys[i]));
        cf_nb_params_literal(&text, p->values->items[i]);
    }
    cf_nb_json *cell =
        cf_nb_cell_make(pool, CF_NB_CODE, cf_nb_str_of(injected_tag), cf_nb_text_view(&text));
    cf_nb_text_clear(&text);
    cf_nb_json *tags = cf_nb_json_list(pool);
    cf_nb_append(pool, tags, cf_nb_json_text(pool, injected_tag));
    cf_nb_set(pool, cf_nb_get(cell, "metadata"), "tags", tags);
    return cell;
}

static size_t tagged(const cf_nb_book *book, const char *tag) {
    for (size_t i = 0; i < book->cells->count; i++)
        if (cf_nb_cell_has_tag(book->cells->items[i], tag)) return i;
    return SIZE_MAX;
}

void cf_nb_params_inject(const cf_nb_params *p, cf_nb_book *book) {
    if (p->values == NULL || p->values->count == 0) return;
    cf_nb_json *cell = injected_cell(p, book->pool);
    const size_t old = tagged(book, injected_tag), defaults = tagged(book, defaults_tag);
    if (old != SIZE_MAX) {
        cf_nb_json *id = cf_nb_get(book->cells->items[old], "id");
        if (id != NULL) cf_nb_set(book->pool, cell, "id", id);
        book->cells->items[old] = cell;
    } else {
        cf_nb_insert(book->pool, book->cells, defaults != SIZE_MAX ? defaults + 1 : 0, cell);
    }
    cf_nb_book_upgrade(book); /* where the id is taken already */
}

/* ---- what the notebook knows ---- */

typedef struct {
    cf_nb_str name, value, comment;
} default_value;

/* `let NAME = VALUE  # comment` */
static bool read_let(cf_nb_str line, default_value *out) {
    line = cf_nb_str_trim(line);
    if (!cf_nb_str_starts(line, "let ")) return false;
    line = cf_nb_str_trim((cf_nb_str){line.data + 4, line.size - 4});
    const char *equals = memchr(line.data, '=', line.size);
    if (equals == NULL) return false;
    out->name = cf_nb_str_trim((cf_nb_str){line.data, (size_t)(equals - line.data)});
    const char *type = memchr(out->name.data, '<', out->name.size);
    if (type != NULL)
        out->name =
            cf_nb_str_trim((cf_nb_str){out->name.data, (size_t)(type - out->name.data)});
    cf_nb_str rest = {equals + 1, line.size - (size_t)(equals + 1 - line.data)};
    size_t end = 0;
    char quote = '\0';
    for (; end < rest.size && (quote != '\0' || rest.data[end] != '#'); end++) {
        const char c = rest.data[end];
        if (quote == '\0' && (c == '"' || c == '\''))
            quote = c;
        else if (c == quote)
            quote = '\0';
    }
    out->value = cf_nb_str_trim((cf_nb_str){rest.data, end});
    out->comment = (cf_nb_str){"", 0};
    if (end < rest.size)
        out->comment = cf_nb_str_trim((cf_nb_str){rest.data + end + 1, rest.size - end - 1});
    return is_name(out->name);
}

/* Calls visit for each let of the cell with the defaults, and each let below `@{param}`. */
static void each_default(const cf_nb_book *book,
                         void (*visit)(void *user, const default_value *v), void *user) {
    for (size_t i = 0; i < book->cells->count; i++) {
        const cf_nb_json *cell = book->cells->items[i];
        if (cf_nb_cell_kind_of(cell) != CF_NB_CODE || cf_nb_cell_has_tag(cell, injected_tag))
            continue;
        const bool all = cf_nb_cell_has_tag(cell, defaults_tag);
        bool marked = false;
        cf_nb_str rest = cf_nb_cell_source(cell), line;
        while (cf_nb_str_line(&rest, &line)) {
            default_value v;
            if ((all || marked) && read_let(line, &v)) visit(user, &v);
            marked = cf_nb_str_starts(cf_nb_str_trim(line), "@{param");
        }
    }
}

typedef struct {
    cf_nb_str name;
    bool found;
} search;

static void match(void *user, const default_value *v) {
    search *s = user;
    s->found |= cf_nb_str_equal(s->name, v->name);
}

void cf_nb_params_warn_unknown(const cf_nb_params *p, const cf_nb_book *book) {
    for (size_t i = 0; p->values != NULL && i < p->values->count; i++) {
        search s = {p->values->keys[i], false};
        each_default(book, match, &s);
        if (!s.found)
            fprintf(stderr, "warning: %s has no parameter `%.*s`\n", book->path,
                    CF_NB_STR_ARGS(s.name));
    }
}

static const char *type_of(cf_nb_str value) {
    cf_nb_pool *pool = cf_nb_pool_new();
    static const char *const names[] = {
        [CF_NB_NULL] = "null",   [CF_NB_FALSE] = "bool",        [CF_NB_TRUE] = "bool",
        [CF_NB_NUMBER] = "int",  [CF_NB_STRING] = "expression", [CF_NB_LIST] = "list",
        [CF_NB_OBJECT] = "tuple"};
    const cf_nb_json *v = cf_nb_yaml_scalar(pool, value);
    const char *name = names[v->kind];
    if (v->kind == CF_NB_NUMBER && strpbrk(v->text.data, ".eE") != NULL) name = "float";
    if (value.size > 0 && strchr("\"'", value.data[0]) != NULL) name = "text";
    if (value.size > 0 && value.data[0] == '@') name = "date";
    if (value.size > 0 && value.data[0] == '[') name = "list";
    if (value.size > 0 && value.data[0] == '{') name = "tuple";
    cf_nb_pool_free(pool);
    return name;
}

static void list_one(void *user, const default_value *v) {
    cf_nb_text *out = user;
    cf_nb_text_addf(out, "  %.*s: %s = %.*s", CF_NB_STR_ARGS(v->name), type_of(v->value),
                    CF_NB_STR_ARGS(v->value));
    if (v->comment.size > 0) cf_nb_text_addf(out, "  # %.*s", CF_NB_STR_ARGS(v->comment));
    cf_nb_text_addc(out, '\n');
}

void cf_nb_params_list(const cf_nb_book *book, cf_nb_text *out) {
    cf_nb_text_addf(out, "%s\n", book->path);
    const size_t before = out->size;
    each_default(book, list_one, out);
    if (out->size == before) cf_nb_text_adds(out, "  no parameters\n");
}

/* ---- paths ---- */

static void add_value(cf_nb_text *out, const cf_nb_json *value) {
    cf_nb_text text = {0};
    if (value->kind == CF_NB_STRING)
        cf_nb_text_addt(&text, value->text);
    else
        cf_nb_params_literal(&text, value);
    for (size_t i = 0; i < text.size; i++)
        cf_nb_text_addc(out, text.data[i] == '/' ? '_' : text.data[i]);
    cf_nb_text_clear(&text);
}

static void add_date(cf_nb_text *out) {
    struct tm t;
    const time_t now = time(NULL);
    char text[32];
    if (gmtime_r(&now, &t) != NULL && strftime(text, sizeof(text), "%Y-%m-%d", &t) > 0)
        cf_nb_text_adds(out, text);
}

static bool add_field(const cf_nb_params *p, cf_nb_text *out, cf_nb_str name,
                      const char *notebook) {
    const char *slash = strrchr(notebook, '/'), *base = slash != NULL ? slash + 1 : notebook;
    const char *dot = strrchr(base, '.');
    const cf_nb_json *value = cf_nb_get_str(p->values, name);
    if (value != NULL)
        add_value(out, value);
    else if (cf_nb_str_is(name, "stem"))
        cf_nb_text_add(out, base,
                       dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base));
    else if (cf_nb_str_is(name, "dir"))
        cf_nb_text_add(out, slash != NULL ? notebook : ".",
                       slash != NULL ? (size_t)(base - notebook - (base - notebook > 1)) : 1);
    else if (cf_nb_str_is(name, "date"))
        add_date(out);
    else
        return false;
    return true;
}

cf_status cf_nb_params_path(const cf_nb_params *p, cf_nb_pool *pool, const char *pattern,
                            const char *notebook, const char **out, cf_error *err) {
    cf_nb_text text = {0};
    for (const char *at = pattern; *at != '\0'; at++) {
        const bool brace = *at == '{' || *at == '}';
        if (!brace || at[0] == at[1]) {
            cf_nb_text_addc(&text, *at);
            at += brace;
            continue;
        }
        const char *end = strchr(at, '}');
        const cf_nb_str name = {at + 1, end != NULL && end > at ? (size_t)(end - at) - 1 : 0};
        if (end == NULL || !add_field(p, &text, name, notebook)) {
            cf_nb_text_clear(&text);
            return cf_fail(err, CF_E_PARAMETER, CF_NOWHERE,
                           "`%s`: no parameter {%.*s}; there are also {stem}, {dir} and {date}",
                           pattern, CF_NB_STR_ARGS(name));
        }
        at = end;
    }
    *out = cf_nb_text_keep(&text, pool).data;
    return CF_OK;
}
