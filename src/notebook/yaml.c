/* A small YAML reader: lines with their indentation first, then blocks of equal indentation. */

#include "notebook/yaml.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 50 };

typedef struct {
    cf_nb_str text; /* without indentation and comment */
    size_t indent;
    uint32_t number;
} line;

typedef struct {
    cf_nb_pool *pool;
    line *lines;
    size_t count, at;
    unsigned depth;
    cf_error *err;
} reader;

static cf_status fail(const reader *r, const char *what) {
    const uint32_t number = r->at < r->count ? r->lines[r->at].number
                            : r->count > 0   ? r->lines[r->count - 1].number
                                             : 1;
    return cf_fail(r->err, CF_E_FORMAT, CF_NOWHERE, "line %u: %s", number, what);
}

/* ---- scalars ---- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* A number as JSON has them, with a leading + and underscores left to be texts. */
static bool is_number(cf_nb_str s) {
    size_t i = s.size > 0 && s.data[0] == '-';
    size_t digits = 0;
    for (; i < s.size && is_digit(s.data[i]); i++)
        digits++;
    if (digits == 0 || (digits > 1 && s.data[i - digits] == '0')) return false;
    if (i < s.size && s.data[i] == '.') {
        const size_t from = ++i;
        while (i < s.size && is_digit(s.data[i]))
            i++;
        if (i == from) return false;
    }
    if (i < s.size && (s.data[i] == 'e' || s.data[i] == 'E')) {
        i++;
        if (i < s.size && (s.data[i] == '+' || s.data[i] == '-')) i++;
        const size_t from = i;
        while (i < s.size && is_digit(s.data[i]))
            i++;
        if (i == from) return false;
    }
    return i == s.size;
}

static bool is_one_of(cf_nb_str s, const char *const *words) {
    for (; *words != NULL; words++)
        if (cf_nb_str_is(s, *words)) return true;
    return false;
}

static cf_nb_json *plain(cf_nb_pool *pool, cf_nb_str s) {
    static const char *const yes[] = {"true", "True", "TRUE", NULL},
                             *const no[] = {"false", "False", "FALSE", NULL},
                             *const none[] = {"null", "Null", "NULL", "None", "~", "", NULL};
    if (is_one_of(s, yes)) return cf_nb_json_bool(pool, true);
    if (is_one_of(s, no)) return cf_nb_json_bool(pool, false);
    if (is_one_of(s, none)) return cf_nb_json_null(pool);
    cf_nb_json *v = cf_nb_json_string(pool, s);
    if (is_number(s)) v->kind = CF_NB_NUMBER;
    return v;
}

/* ---- values on one line ---- */

typedef struct {
    cf_nb_pool *pool;
    const char *at, *end;
    unsigned depth;
    const char *fault;
} flow;

static void flow_space(flow *f) {
    while (f->at < f->end && (*f->at == ' ' || *f->at == '\t' || *f->at == '\n'))
        f->at++;
}

static cf_nb_json *flow_fail(flow *f, const char *fault) {
    f->fault = fault;
    return NULL;
}

/* 'it''s' */
static cf_nb_json *flow_single(flow *f) {
    cf_nb_text text = {0};
    for (f->at++; f->at < f->end; f->at++) {
        if (*f->at == '\'' && (f->at + 1 >= f->end || f->at[1] != '\'')) {
            f->at++;
            cf_nb_json *v = cf_nb_json_string(f->pool, cf_nb_text_view(&text));
            cf_nb_text_clear(&text);
            return v;
        }
        if (*f->at == '\'') f->at++;
        cf_nb_text_addc(&text, *f->at);
    }
    cf_nb_text_clear(&text);
    return flow_fail(f, "a quote is not closed");
}

/* "a\n": as in JSON */
static cf_nb_json *flow_double(flow *f) {
    const char *from = f->at++;
    while (f->at < f->end && *f->at != '"')
        f->at += *f->at == '\\' && f->at + 1 < f->end ? 2 : 1;
    if (f->at >= f->end) return flow_fail(f, "a quote is not closed");
    f->at++;
    cf_nb_json *v = NULL;
    if (cf_nb_json_read(f->pool, (cf_nb_str){from, (size_t)(f->at - from)}, &v, NULL) != CF_OK)
        return flow_fail(f, "no such escape in a text");
    return v;
}

static cf_nb_json *flow_plain(flow *f, const char *stops) {
    const char *from = f->at;
    while (f->at < f->end && strchr(stops, *f->at) == NULL)
        f->at++;
    return plain(f->pool, cf_nb_str_trim((cf_nb_str){from, (size_t)(f->at - from)}));
}

static cf_nb_json *flow_value(flow *f, const char *stops);

static cf_nb_json *flow_member(flow *f, cf_nb_json *to) {
    cf_nb_str key = {"", 0};
    if (to->kind == CF_NB_OBJECT) {
        cf_nb_json *name = flow_value(f, ":,}");
        flow_space(f);
        if (name == NULL) return NULL;
        if (f->at >= f->end || *f->at != ':' || name->kind > CF_NB_STRING)
            return flow_fail(f, "here `:` is needed");
        f->at++;
        key = name->text;
    }
    cf_nb_json *value = flow_value(f, to->kind == CF_NB_OBJECT ? ",}" : ",]");
    if (value == NULL) return NULL;
    cf_nb_append(f->pool, to, value);
    if (to->kind == CF_NB_OBJECT) to->keys[to->count - 1] = key;
    return value;
}

static cf_nb_json *flow_members(flow *f) {
    const char close = *f->at == '[' ? ']' : '}';
    cf_nb_json *v = close == ']' ? cf_nb_json_list(f->pool) : cf_nb_json_object(f->pool);
    if (++f->depth > DEPTH_MAX) return flow_fail(f, "nested too deep");
    f->at++;
    for (;;) {
        flow_space(f);
        if (f->at < f->end && *f->at == close) break;
        if (flow_member(f, v) == NULL) return NULL;
        flow_space(f);
        if (f->at < f->end && *f->at == ',')
            f->at++;
        else if (f->at >= f->end || *f->at != close)
            return flow_fail(f, "a bracket is not closed on its line");
    }
    f->at++;
    f->depth--;
    return v;
}

static cf_nb_json *flow_value(flow *f, const char *stops) {
    flow_space(f);
    if (f->at >= f->end) return plain(f->pool, (cf_nb_str){"", 0});
    switch (*f->at) {
    case '[':
    case '{': return flow_members(f);
    case '\'': return flow_single(f);
    case '"': return flow_double(f);
    case '&':
    case '*':
    case '!':
    case '|':
    case '>':
    case '%':
    case '@':
        return stops[0] == '\0'
                   ? flow_fail(f, "anchors, tags and texts over several lines cannot be read; "
                                  "put the text in quotes")
                   : flow_plain(f, stops);
    default: return flow_plain(f, stops);
    }
}

static cf_nb_json *value_of(cf_nb_pool *pool, cf_nb_str text, const char **fault) {
    flow f = {pool, text.data, text.data + text.size, 0, NULL};
    cf_nb_json *v = flow_value(&f, "");
    flow_space(&f);
    if (v != NULL && f.at != f.end) v = flow_fail(&f, "text after the end of the value");
    *fault = f.fault;
    return v;
}

cf_nb_json *cf_nb_yaml_scalar(cf_nb_pool *pool, cf_nb_str text) {
    const char *fault = NULL;
    cf_nb_json *v = value_of(pool, cf_nb_str_trim(text), &fault);
    return v != NULL ? v : cf_nb_json_string(pool, text);
}

/* ---- blocks ---- */

static cf_status read_block(reader *r, size_t indent, cf_nb_json **out);

static bool is_item(cf_nb_str s) {
    return s.size > 0 && s.data[0] == '-' && (s.size == 1 || s.data[1] == ' ');
}

/* `name = value`, as the command's own parameter files have it. */
static size_t equals_end(cf_nb_str s) {
    size_t i = 0;
    while (i < s.size && (s.data[i] == '_' || is_digit(s.data[i]) ||
                          ((s.data[i] | 0x20) >= 'a' && (s.data[i] | 0x20) <= 'z')))
        i++;
    const bool named = i > 0;
    while (i < s.size && s.data[i] == ' ')
        i++;
    return named && i < s.size && s.data[i] == '=' ? i : SIZE_MAX;
}

/* The place of the `:` that ends a key; SIZE_MAX: this is no `key: value`. */
static size_t key_end(cf_nb_str s) {
    char quote = '\0';
    for (size_t i = 0; i < s.size; i++) {
        const char c = s.data[i];
        if (quote != '\0') {
            if (c == quote) quote = '\0';
        } else if (i == 0 && (c == '"' || c == '\'')) {
            quote = c;
        } else if (i == 0 && (c == '[' || c == '{')) {
            return SIZE_MAX;
        } else if (c == ':' && (i + 1 == s.size || s.data[i + 1] == ' ')) {
            return i;
        }
    }
    return equals_end(s);
}

static cf_status read_flow(reader *r, cf_nb_str text, cf_nb_json **out) {
    const char *fault = NULL;
    *out = value_of(r->pool, text, &fault);
    return *out != NULL ? CF_OK : fail(r, fault);
}

/* What stands after `key:` or `- `: on the line, or as a block below. */
static cf_status read_rest(reader *r, cf_nb_str rest, size_t indent, cf_nb_json **out) {
    if (rest.size > 0) {
        CF_TRY(read_flow(r, rest, out));
        r->at++;
        return CF_OK;
    }
    r->at++;
    const bool below = r->at < r->count &&
                       (r->lines[r->at].indent > indent ||
                        (r->lines[r->at].indent == indent && is_item(r->lines[r->at].text)));
    if (below) return read_block(r, r->lines[r->at].indent, out);
    *out = cf_nb_json_null(r->pool);
    return CF_OK;
}

static cf_status read_items(reader *r, size_t indent, cf_nb_json *list) {
    while (r->at < r->count && r->lines[r->at].indent == indent &&
           is_item(r->lines[r->at].text)) {
        line *l = &r->lines[r->at];
        const cf_nb_str rest = cf_nb_str_trim((cf_nb_str){l->text.data + 1, l->text.size - 1});
        cf_nb_json *item = NULL;
        if (rest.size > 0 && (key_end(rest) != SIZE_MAX || is_item(rest))) {
            l->indent += (size_t)(rest.data - l->text.data); /* `- a: 1` opens a block */
            l->text = rest;
            CF_TRY(read_block(r, l->indent, &item));
        } else if (rest.size == 0) {
            r->at++;
            if (r->at < r->count && r->lines[r->at].indent > indent)
                CF_TRY(read_block(r, r->lines[r->at].indent, &item));
            else
                item = cf_nb_json_null(r->pool);
        } else {
            CF_TRY(read_rest(r, rest, indent, &item));
        }
        cf_nb_append(r->pool, list, item);
    }
    return CF_OK;
}

static cf_status read_keys(reader *r, size_t indent, cf_nb_json *object) {
    while (r->at < r->count && r->lines[r->at].indent == indent) {
        const cf_nb_str text = r->lines[r->at].text;
        const size_t colon = key_end(text);
        if (colon == SIZE_MAX) return fail(r, "here `key: value` is needed");
        cf_nb_json *key = NULL, *value = NULL;
        CF_TRY(read_flow(r, (cf_nb_str){text.data, colon}, &key));
        const cf_nb_str rest =
            cf_nb_str_trim((cf_nb_str){text.data + colon + 1, text.size - colon - 1});
        CF_TRY(read_rest(r, rest, indent, &value));
        cf_nb_append(r->pool, object, value);
        object->keys[object->count - 1] = cf_nb_dup(r->pool, key->text);
    }
    return CF_OK;
}

static cf_status read_block(reader *r, size_t indent, cf_nb_json **out) {
    const cf_nb_str first = r->lines[r->at].text;
    if (++r->depth > DEPTH_MAX) return fail(r, "nested too deep");
    cf_status status;
    if (is_item(first)) {
        *out = cf_nb_json_list(r->pool);
        status = read_items(r, indent, *out);
    } else if (key_end(first) != SIZE_MAX) {
        *out = cf_nb_json_object(r->pool);
        status = read_keys(r, indent, *out);
    } else {
        status = read_flow(r, first, out);
        r->at++;
    }
    r->depth--;
    if (status == CF_OK && r->at < r->count && r->lines[r->at].indent > indent)
        return fail(r, "this line is indented too far");
    return status;
}

/* A `#` at the start or after a blank begins a comment, unless in quotes. */
static cf_nb_str without_comment(cf_nb_str s) {
    char quote = '\0';
    for (size_t i = 0; i < s.size; i++) {
        const char c = s.data[i], before = i > 0 ? s.data[i - 1] : ' ';
        if (quote != '\0') {
            if (c == '\\' && quote == '"') i++;
            if (c == quote) quote = '\0';
        } else if ((c == '"' || c == '\'') && strchr(" [{,:", before) != NULL) {
            quote = c;
        } else if (c == '#' && (before == ' ' || before == '\t')) {
            return (cf_nb_str){s.data, i};
        }
    }
    return s;
}

static cf_status split(reader *r, cf_nb_str text) {
    cf_nb_str rest = text, l;
    uint32_t number = 0;
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == '\n';
    r->lines = cf_nb_alloc(r->pool, count + 1, sizeof(*r->lines));
    while (cf_nb_str_line(&rest, &l)) {
        number++;
        size_t indent = 0;
        while (indent < l.size && l.data[indent] == ' ')
            indent++;
        const cf_nb_str body = cf_nb_str_trim(without_comment(l));
        if (body.size == 0 || cf_nb_str_is(body, "---")) continue;
        r->lines[r->count++] = (line){body, indent, number};
        if (l.data[indent] == '\t') {
            r->at = r->count - 1;
            return fail(r, "indented with a tab; use blanks");
        }
    }
    return CF_OK;
}

cf_status cf_nb_yaml_read(cf_nb_pool *pool, cf_nb_str text, cf_nb_json **out, cf_error *err) {
    const cf_nb_str trimmed = cf_nb_str_trim(text);
    if (cf_nb_str_starts(trimmed, "{") && cf_nb_json_read(pool, trimmed, out, NULL) == CF_OK)
        return CF_OK;
    reader r = {.pool = pool, .err = err};
    CF_TRY(split(&r, text));
    *out = cf_nb_json_object(pool);
    if (r.count == 0) return CF_OK;
    CF_TRY(read_block(&r, r.lines[0].indent, out));
    return r.at == r.count ? CF_OK : fail(&r, "this line fits to nothing above it");
}
