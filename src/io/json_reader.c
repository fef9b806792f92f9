#include "io/json.h"

/* Reading JSON twice: once to find the shape that all rows fit, once to fill a builder of that
 * type.  Jansson parses; of a file of many documents only one is held at a time. */

#include "io/scalar_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX  64
#define FIELDS_MAX 100000 /* in all */

enum {
    SEEN_NULL = 1,
    SEEN_BOOL = 2,
    SEEN_INT = 4,
    SEEN_FLOAT = 8,
    SEEN_TEXT = 16,
    SEEN_SPECIAL = 32,
    SEEN_LIST = 64,
    SEEN_TUPLE = 128
};
#define SEEN_NUMBER (SEEN_INT | SEEN_FLOAT)

/* What was met at one place of all rows. */
typedef struct shape shape;
struct shape {
    unsigned seen;
    int64_t row;      /* the first that was not null */
    const char *name; /* its key; "" for elements and rows */
    const shape *above;
    shape *element;             /* LIST */
    shape *first, *last, *next; /* TUPLE: fields in order of appearance */
    uint32_t field_count;
};

typedef struct {
    const char *path;
    char *data;
    size_t size;
    cf_arena *arena;
    cf_error *err;
    shape rows;
    int64_t row;          /* the one at hand */
    uint32_t field_count; /* of all shapes */
    shape **index;        /* all fields by (tuple, name): open addressing */
    size_t index_mask;
    cf_builder *builder;
} reader;

/* ---- documents ---- */

static cf_status no_memory(const reader *r) {
    return cf_fail(r->err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to read %s", r->path);
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

typedef cf_status visit_fn(reader *r, const json_t *value);

static cf_status visit_document(reader *r, const json_t *document, visit_fn *visit) {
    if (!json_is_array(document)) {
        if (json_is_object(document)) return visit(r, document);
        return cf_fail(r->err, CF_E_FORMAT, CF_NOWHERE,
                       "%s: rows are objects, or an array of them, but this is a single value",
                       r->path);
    }
    for (size_t i = 0; i < json_array_size(document); i++)
        CF_TRY(visit(r, json_array_get(document, i)));
    return CF_OK;
}

static cf_status parse_error(const reader *r, long long line, const json_error_t *problem) {
    if (json_error_code(problem) == json_error_out_of_memory) return no_memory(r);
    return cf_fail(r->err, CF_E_FORMAT, CF_NOWHERE, "%s, line %lld: %s", r->path, line,
                   problem->text);
}

static cf_status for_each_row(reader *r, visit_fn *visit) {
    size_t at = r->size >= 3 && memcmp(r->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    long long line = 1;
    r->row = 0;
    for (;;) {
        for (; at < r->size && is_space(r->data[at]); at++)
            line += r->data[at] == '\n';
        if (at == r->size) return CF_OK;
        json_error_t problem;
        json_t *document =
            json_loadb(r->data + at, r->size - at,
                       JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_ALLOW_NUL, &problem);
        if (document == NULL) return parse_error(r, line + problem.line - 1, &problem);
        const cf_status status = visit_document(r, document, visit);
        json_decref(document);
        if (status != CF_OK) return status;
        if (problem.position <= 0) /* jansson counts in an int */
            return cf_fail(r->err, CF_E_LIMIT, CF_NOWHERE, "%s: a document of more than 2 GiB",
                           r->path);
        for (const size_t end = at + (size_t)problem.position; at < end && at < r->size; at++)
            line += r->data[at] == '\n';
    }
}

/* ---- shapes ---- */

/* `jets[].pt` */
static void add_path(cf_text *out, const shape *s) {
    if (s->above == NULL) return;
    add_path(out, s->above);
    if (s->name[0] == '\0') {
        cf_text_adds(out, "[]");
    } else {
        if (out->size > 0) cf_text_addc(out, '.');
        cf_text_adds(out, s->name);
    }
}

static const char *seen_word(unsigned seen) {
    if (seen & SEEN_LIST) return "a list";
    if (seen & SEEN_TUPLE) return "an object";
    if (seen & SEEN_BOOL) return "true or false";
    return seen & SEEN_NUMBER ? "a number" : "a text";
}

static cf_status conflict(const reader *r, const shape *s, unsigned now) {
    cf_text path = {0};
    add_path(&path, s);
    const cf_status status = cf_fail(
        r->err, CF_E_FORMAT, CF_NOWHERE, "%s: `%s` is %s in row %lld and %s in row %lld",
        r->path, path.data == NULL ? "row" : path.data, seen_word(s->seen),
        (long long)s->row + 1, seen_word(now), (long long)r->row + 1);
    cf_text_clear(&path);
    return status;
}

/* Can one column hold all of these? */
static bool agree(unsigned seen) {
    static const unsigned families[] = {
        SEEN_NULL | SEEN_BOOL, SEEN_NULL | SEEN_NUMBER | SEEN_SPECIAL,
        SEEN_NULL | SEEN_TEXT | SEEN_SPECIAL, SEEN_NULL | SEEN_LIST, SEEN_NULL | SEEN_TUPLE};
    for (size_t i = 0; i < CF_COUNT(families); i++)
        if ((seen & ~families[i]) == 0) return true;
    return false;
}

static bool is_special(const char *text) {
    return strcmp(text, "nan") == 0 || strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0;
}

static unsigned seen_of(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT: return SEEN_TUPLE;
    case JSON_ARRAY: return SEEN_LIST;
    case JSON_STRING: return is_special(json_string_value(value)) ? SEEN_SPECIAL : SEEN_TEXT;
    case JSON_INTEGER: return SEEN_INT;
    case JSON_REAL: return SEEN_FLOAT;
    case JSON_TRUE:
    case JSON_FALSE: return SEEN_BOOL;
    case JSON_NULL: break;
    }
    return SEEN_NULL;
}

static shape *shape_new(const reader *r, const shape *above, const char *name) {
    shape *s = CF_NEW(r->arena, shape);
    s->above = above;
    s->name = cf_str_dup(r->arena, cf_str_of(name));
    return s;
}

static size_t index_place(const reader *r, const shape *tuple, const char *name) {
    const uint64_t seed = (uint64_t)(uintptr_t)tuple;
    size_t at = (size_t)cf_hash_bytes(name, strlen(name), seed) & r->index_mask;
    while (r->index[at] != NULL &&
           (r->index[at]->above != tuple || strcmp(r->index[at]->name, name) != 0))
        at = (at + 1) & r->index_mask;
    return at;
}

static bool index_grow(reader *r) {
    if (r->index != NULL && 2 * (size_t)r->field_count < r->index_mask) return true;
    shape **old = r->index;
    const size_t old_count = old == NULL ? 0 : r->index_mask + 1;
    r->index_mask = old == NULL ? 63 : r->index_mask * 2 + 1;
    r->index = calloc(r->index_mask + 1, sizeof *r->index);
    for (size_t i = 0; i < old_count && r->index != NULL; i++)
        if (old[i] != NULL) r->index[index_place(r, old[i]->above, old[i]->name)] = old[i];
    free(old);
    return r->index != NULL;
}

/* The field of a tuple; made if it is new. */
static cf_status field_of(reader *r, shape *tuple, const char *name, shape **field) {
    if (!index_grow(r)) return no_memory(r);
    const size_t at = index_place(r, tuple, name);
    *field = r->index[at];
    if (*field != NULL) return CF_OK;
    if (r->field_count == FIELDS_MAX)
        return cf_fail(r->err, CF_E_LIMIT, CF_NOWHERE, "%s: more than %d different keys",
                       r->path, FIELDS_MAX);
    *field = r->index[at] = shape_new(r, tuple, name);
    if (tuple->last == NULL)
        tuple->first = *field;
    else
        tuple->last->next = *field;
    tuple->last = *field;
    tuple->field_count++;
    r->field_count++;
    return CF_OK;
}

static cf_status learn(reader *r, shape *s, const json_t *value, int depth);

static cf_status learn_nested(reader *r, shape *s, const json_t *value, int depth) {
    if (depth == DEPTH_MAX)
        return cf_fail(r->err, CF_E_LIMIT, CF_NOWHERE,
                       "%s: row %lld is nested more than %d deep", r->path,
                       (long long)r->row + 1, DEPTH_MAX);
    if (json_is_array(value)) {
        if (s->element == NULL) s->element = shape_new(r, s, "");
        for (size_t i = 0; i < json_array_size(value); i++)
            CF_TRY(learn(r, s->element, json_array_get(value, i), depth + 1));
        return CF_OK;
    }
    /* The iterators take a plain pointer but do not write. */
    json_t *object = json_incref((json_t *)(uintptr_t)value);
    cf_status status = CF_OK;
    for (void *i = json_object_iter(object); i != NULL && status == CF_OK;
         i = json_object_iter_next(object, i)) {
        shape *field = NULL;
        status = field_of(r, s, json_object_iter_key(i), &field);
        if (status == CF_OK) status = learn(r, field, json_object_iter_value(i), depth + 1);
    }
    json_decref(object);
    return status;
}

static cf_status learn(reader *r, shape *s, const json_t *value, int depth) {
    const unsigned now = seen_of(value);
    if (!agree(s->seen | now)) return conflict(r, s, now);
    if ((s->seen & ~(unsigned)SEEN_NULL) == 0) s->row = r->row;
    s->seen |= now;
    return now & (SEEN_LIST | SEEN_TUPLE) ? learn_nested(r, s, value, depth) : CF_OK;
}

static cf_status learn_row(reader *r, const json_t *value) {
    CF_TRY(learn(r, &r->rows, value, 0));
    r->row++;
    return CF_OK;
}

/* ---- types ---- */

static const cf_type *type_of(const reader *r, const shape *s);

static const cf_type *tuple_of(const reader *r, const shape *s) {
    cf_field *fields = CF_NEWS(r->arena, cf_field, s->field_count);
    uint32_t count = 0;
    for (const shape *f = s->first; f != NULL; f = f->next, count++)
        fields[count] = (cf_field){
            .name =
                f->name[0] != '\0' ? f->name : cf_arena_printf(r->arena, "column%u", count + 1),
            .type = type_of(r, f),
            .nullable = true,
            .node = -1};
    return cf_type_tuple(r->arena, fields, count);
}

static const cf_type *type_of(const reader *r, const shape *s) {
    if (s->seen & SEEN_LIST) return cf_type_list(r->arena, type_of(r, s->element));
    if (s->seen & SEEN_TUPLE) return tuple_of(r, s);
    if (s->seen & SEEN_BOOL) return &cf_type_bool;
    if (s->seen & SEEN_NUMBER)
        return s->seen & (SEEN_FLOAT | SEEN_SPECIAL) ? &cf_type_float : &cf_type_int;
    return &cf_type_text;
}

/* ---- values ---- */

static bool fill(cf_builder *b, const shape *s, const json_t *value);

static bool fill_fields(cf_builder *b, const shape *s, const json_t *value) {
    uint32_t i = 0;
    for (const shape *f = s->first; f != NULL; f = f->next, i++)
        if (!fill(cf_builder_child(b, i), f, json_object_get(value, f->name))) return false;
    return cf_builder_end_tuple(b);
}

static bool fill_list(cf_builder *b, const shape *s, const json_t *value) {
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!fill(cf_builder_child(b, 0), s->element, json_array_get(value, i))) return false;
    return cf_builder_end_list(b);
}

static bool fill_number(cf_builder *b, const shape *s, const json_t *value) {
    if (!(s->seen & (SEEN_FLOAT | SEEN_SPECIAL)))
        return cf_builder_int(b, json_integer_value(value));
    double x = json_number_value(value);
    if (json_is_string(value))
        (void)cf_text_to_float(json_string_value(value), json_string_length(value), &x);
    return cf_builder_float(b, x);
}

static bool fill(cf_builder *b, const shape *s, const json_t *value) {
    if (value == NULL || json_is_null(value)) return cf_builder_null(b);
    if (json_is_object(value)) return fill_fields(b, s, value);
    if (json_is_array(value)) return fill_list(b, s, value);
    if (json_is_boolean(value)) return cf_builder_bool(b, json_is_true(value));
    if (s->seen & SEEN_NUMBER) return fill_number(b, s, value);
    return cf_builder_text(b, json_string_value(value), json_string_length(value));
}

static cf_status fill_row(reader *r, const json_t *value) {
    const bool object = (r->rows.seen & SEEN_TUPLE) != 0;
    bool ok;
    if (!object)
        ok = fill(cf_builder_child(r->builder, 0), &r->rows, value) &&
             cf_builder_end_tuple(r->builder);
    else /* a row that is null has all its fields null */
        ok = fill_fields(r->builder, &r->rows, json_is_null(value) ? NULL : value);
    r->row++;
    return ok ? CF_OK : no_memory(r);
}

/* ---- opening ---- */

static cf_status read_all(reader *r, const cf_storage *storage) {
    r->size = (size_t)cf_storage_size(storage);
    r->data = malloc(r->size + 1);
    if (r->data == NULL) return no_memory(r);
    return cf_storage_read(storage, 0, r->size, r->data, NULL, r->err);
}

static const cf_type *row_type(const reader *r) {
    if (r->rows.seen & SEEN_TUPLE) return tuple_of(r, &r->rows);
    if (r->rows.seen == 0) return cf_type_tuple(r->arena, NULL, 0);
    const cf_field value = {
        .name = "value", .type = type_of(r, &r->rows), .nullable = true, .node = -1};
    return cf_type_tuple(r->arena, &value, 1);
}

/* `[]`, as `save` writes no rows: a relation without columns. */
static bool is_array(const reader *r) {
    size_t at = 0;
    while (at < r->size && r->data[at] != '[')
        at++;
    return at < r->size;
}

static cf_status read_table(reader *r, cf_column **table) {
    CF_TRY(for_each_row(r, learn_row));
    if (r->row == 0 && !is_array(r))
        return cf_fail(r->err, CF_E_FORMAT, CF_NOWHERE,
                       "%s has no rows, so no columns are known", r->path);
    r->builder = cf_builder_new(row_type(r));
    if (r->builder == NULL) return no_memory(r);
    CF_TRY(for_each_row(r, fill_row));
    *table = cf_builder_finish(r->builder);
    r->builder = NULL;
    return *table == NULL ? no_memory(r) : CF_OK;
}

static cf_status make_source(const reader *r, cf_column *table, cf_source **source) {
    CF_TRY(cf_source_of_table(table, r->path, source, r->err));
    cf_source *s = *source;
    char *full = realpath(r->path, NULL);
    const char **files = CF_NEWS(s->arena, const char *, 1);
    files[0] = cf_str_dup(s->arena, cf_str_of(full != NULL ? full : r->path));
    free(full);
    s->format = "json";
    s->files = files;
    s->file_count = 1;
    return CF_OK;
}

cf_status cf_json_open_storage(const cf_storage *storage, cf_source **source, cf_error *err) {
    reader r = {.path = cf_storage_path(storage), .err = err, .arena = cf_arena_new(4096)};
    if (r.arena == NULL) return no_memory(&r);
    r.rows.name = "";
    cf_column *table = NULL;
    cf_status status = read_all(&r, storage);
    if (status == CF_OK) status = read_table(&r, &table);
    if (status == CF_OK) status = make_source(&r, table, source);
    cf_column_release(table);
    cf_builder_free(r.builder);
    free(r.index);
    free(r.data);
    cf_arena_free(r.arena);
    return status;
}

cf_status cf_json_open(const char *path, cf_source **source, cf_error *err) {
    cf_storage *storage = NULL;
    CF_TRY(cf_storage_open(path, &storage, err));
    const cf_status status = cf_json_open_storage(storage, source, err);
    cf_storage_close(storage);
    return status;
}

void cf_json_add_row(cf_text *out, const cf_table *rows, int64_t row) {
    cf_value_add_json(out, rows, row);
}
