#include "column/arrow.h"

/* First the schema becomes a type, then the array's rows go through a cf_builder, which keeps
 * our promises about nulls (zeros, empty lists) whatever lies under the sender's nulls.  A
 * sender's pointers must be trusted; lengths, offsets and counts are checked. */

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64

/* ---- formats ---- */

/* How values of a format lie in memory: `bytes` each (0: bits or none), to be multiplied and
 * then divided, downward, to be ours. */
typedef struct {
    const char *format;
    cf_kind kind;
    size_t bytes;
    int64_t multiply, divide;
} layout;

static const layout layouts[] = {
    {"n", CF_NULL, 0, 1, 1},
    {"b", CF_BOOL, 0, 1, 1},
    {"c", CF_INT8, 1, 1, 1},
    {"C", CF_UINT8, 1, 1, 1},
    {"s", CF_INT16, 2, 1, 1},
    {"S", CF_UINT16, 2, 1, 1},
    {"i", CF_INT32, 4, 1, 1},
    {"I", CF_UINT32, 4, 1, 1},
    {"l", CF_INT64, 8, 1, 1},
    {"L", CF_UINT64, 8, 1, 1},
    {"f", CF_FLOAT32, 4, 1, 1},
    {"g", CF_FLOAT64, 8, 1, 1},
    {"u", CF_TEXT, 4, 1, 1}, /* bytes: of an offset */
    {"U", CF_TEXT, 8, 1, 1},
    {"+l", CF_LIST, 4, 1, 1},
    {"+L", CF_LIST, 8, 1, 1},
    {"+s", CF_TUPLE, 0, 1, 1},
    {"tdD", CF_DATE, 4, 1, 1},
    {"tdm", CF_DATE, 8, 1, 86400000},
    {"tts", CF_TIME, 4, 1000000, 1},
    {"ttm", CF_TIME, 4, 1000, 1},
    {"ttu", CF_TIME, 8, 1, 1},
    {"ttn", CF_TIME, 8, 1, 1000},
    {"tDs", CF_DURATION, 8, 1000000, 1},
    {"tDm", CF_DURATION, 8, 1000, 1},
    {"tDu", CF_DURATION, 8, 1, 1},
    {"tDn", CF_DURATION, 8, 1, 1000},
    /* What follows these is a time zone, digits or a length. */
    {"tss:", CF_TIMESTAMP, 8, 1000000, 1},
    {"tsm:", CF_TIMESTAMP, 8, 1000, 1},
    {"tsu:", CF_TIMESTAMP, 8, 1, 1},
    {"tsn:", CF_TIMESTAMP, 8, 1, 1000},
    {"d:", CF_DECIMAL, 16, 1, 1},
    {"+w:", CF_LIST, 0, 1, 1},
};

static const layout *layout_of(const char *format) {
    for (size_t i = 0; i < CF_COUNT(layouts); i++) {
        const size_t size = strlen(layouts[i].format);
        const bool open = layouts[i].format[size - 1] == ':';
        if (open ? strncmp(format, layouts[i].format, size) == 0
                 : strcmp(format, layouts[i].format) == 0)
            return &layouts[i];
    }
    return NULL;
}

/* Reads digits and moves past them; -1: there are none or too many. */
static int64_t read_number(const char **text) {
    int64_t x = -1;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        x = (x < 0 ? 0 : x) * 10 + (**text - '0');
        if (x > INT32_MAX) return -1;
    }
    return x;
}

/* d:precision,scale and an optional width, of which only 128 is ours. */
static bool read_decimal(const char *format, uint8_t *scale) {
    const char *at = format + 2;
    const int64_t precision = read_number(&at);
    if (precision < 1 || precision > 38 || *at++ != ',') return false;
    const int64_t digits = read_number(&at);
    if (digits < 0 || digits > 38) return false;
    *scale = (uint8_t)digits;
    return *at == '\0' || strcmp(at, ",128") == 0;
}

/* ---- the schema ---- */

static const char *name_of(const struct ArrowSchema *schema) {
    return schema->name == NULL ? "" : schema->name;
}

static cf_status unsupported(const struct ArrowSchema *schema, cf_error *err) {
    return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE,
                   "column `%s`: Arrow format `%s`%s cannot be read yet", name_of(schema),
                   schema->format, schema->dictionary != NULL ? " with a dictionary" : "");
}

static cf_status type_of(const struct ArrowSchema *schema, unsigned depth, cf_arena *arena,
                         const cf_type **out, cf_error *err) {
    const layout *found = layout_of(schema->format);
    if (found == NULL || schema->dictionary != NULL) return unsupported(schema, err);
    const bool list = found->kind == CF_LIST, nested = list || found->kind == CF_TUPLE;
    if (depth > DEPTH_MAX || schema->n_children < 0 || schema->n_children > INT32_MAX ||
        (list ? schema->n_children != 1 : !nested && schema->n_children != 0))
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "column `%s`: %lld children, %u levels deep", name_of(schema),
                       (long long)schema->n_children, depth);
    cf_type *type = CF_NEW(arena, cf_type);
    type->kind = found->kind;
    if (type->kind == CF_DECIMAL && !read_decimal(schema->format, &type->scale))
        return unsupported(schema, err);
    if (list && found->bytes == 0) {
        const char *digits = schema->format + 3;
        const int64_t length = read_number(&digits);
        if (length < 0 || *digits != '\0') return unsupported(schema, err);
        type->fixed_length = (uint32_t)length;
    }
    cf_field *fields = CF_NEWS(arena, cf_field, schema->n_children);
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowSchema *child = schema->children[i];
        fields[i].name = list ? "" : cf_str_dup(arena, cf_str_of(name_of(child)));
        fields[i].nullable = (child->flags & ARROW_FLAG_NULLABLE) != 0;
        fields[i].node = -1;
        CF_TRY(type_of(child, depth + 1, arena, &fields[i].type, err));
    }
    type->field_count = (uint32_t)schema->n_children;
    type->fields = fields;
    *out = type;
    return CF_OK;
}

/* ---- the rows ---- */

/* Where an array and its schema agree on what the reader relies on. */
static cf_status check_array(const struct ArrowSchema *schema, const struct ArrowArray *array,
                             const layout *found, cf_error *err) {
    const int64_t buffers = found->kind == CF_NULL                        ? 0
                            : found->kind == CF_TUPLE                     ? 1
                            : found->kind == CF_LIST && found->bytes == 0 ? 1
                            : found->kind == CF_TEXT                      ? 3
                                                                          : 2;
    const bool sizes = array->length >= 0 && array->offset >= 0 &&
                       array->length <= INT64_MAX / 16 - 1 - array->offset;
    if (!sizes || array->n_children != schema->n_children || array->n_buffers < buffers)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "column `%s`: an array that does not fit its schema", name_of(schema));
    return CF_OK;
}

static bool bit_at(const void *bits, int64_t i) {
    return (((const uint8_t *)bits)[i / 8] >> i % 8 & 1) != 0;
}

/* `at` counts from the array's own offset, here and below. */
static bool is_null(const struct ArrowArray *array, int64_t at) {
    const void *bits = array->n_buffers > 0 ? array->buffers[0] : NULL;
    return bits != NULL && array->null_count != 0 && !bit_at(bits, array->offset + at);
}

static int64_t int_at(const struct ArrowArray *array, size_t bytes, int64_t at) {
    if (bytes == 4) return ((const int32_t *)array->buffers[1])[array->offset + at];
    return ((const int64_t *)array->buffers[1])[array->offset + at];
}

typedef struct {
    int64_t begin, end;
} range;

/* The elements of a list or bytes of a text. */
static range range_at(const struct ArrowArray *array, const layout *found, const cf_type *type,
                      int64_t at) {
    if (found->bytes != 0)
        return (range){int_at(array, found->bytes, at), int_at(array, found->bytes, at + 1)};
    const int64_t length = type->fixed_length, row = array->offset + at;
    if (length > 0 && row >= INT64_MAX / length) return (range){-1, -1};
    return (range){row * length, (row + 1) * length};
}

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to take over a column");
}

static cf_status add_rows(cf_builder *b, const cf_type *type, const struct ArrowSchema *schema,
                          const struct ArrowArray *array, range rows, cf_error *err);

static cf_status add_text(cf_builder *b, const struct ArrowSchema *schema,
                          const struct ArrowArray *array, range bytes, int64_t at,
                          cf_error *err) {
    const char *data = array->buffers[2];
    if (bytes.begin < 0 || bytes.end < bytes.begin || (data == NULL && bytes.end > bytes.begin))
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "column `%s`: bad offsets of row %lld",
                       name_of(schema), (long long)at);
    const size_t size = (size_t)(bytes.end - bytes.begin);
    const char *text = size == 0 ? "" : data + bytes.begin;
    if (!cf_utf8_valid(text, size))
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "column `%s`: row %lld is not UTF-8",
                       name_of(schema), (long long)at);
    return cf_builder_text(b, text, size) ? CF_OK : no_memory(err);
}

static cf_status add_list(cf_builder *b, const cf_type *type, const struct ArrowSchema *schema,
                          const struct ArrowArray *array, range elements, int64_t at,
                          cf_error *err) {
    const struct ArrowArray *child = array->children[0];
    if (elements.begin < 0 || elements.end < elements.begin || elements.end > child->length)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "column `%s`: bad offsets of row %lld",
                       name_of(schema), (long long)at);
    CF_TRY(add_rows(cf_builder_child(b, 0), type->fields[0].type, schema->children[0], child,
                    elements, err));
    return cf_builder_end_list(b) ? CF_OK : no_memory(err);
}

static cf_status add_tuple(cf_builder *b, const cf_type *type, const struct ArrowSchema *schema,
                           const struct ArrowArray *array, int64_t at, cf_error *err) {
    const int64_t row = array->offset + at;
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct ArrowArray *child = array->children[i];
        if (row >= child->length)
            return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                           "column `%s` is shorter than its table",
                           name_of(schema->children[i]));
        CF_TRY(add_rows(cf_builder_child(b, i), type->fields[i].type, schema->children[i],
                        child, (range){row, row + 1}, err));
    }
    return cf_builder_end_tuple(b) ? CF_OK : no_memory(err);
}

/* A value of a basic kind whose layout is not ours: a bool's bit or another unit of time. */
static cf_status add_converted(cf_builder *b, const struct ArrowSchema *schema,
                               const struct ArrowArray *array, const layout *found, int64_t at,
                               cf_error *err) {
    int64_t x;
    if (found->kind == CF_BOOL) {
        x = bit_at(array->buffers[1], array->offset + at);
    } else if (__builtin_mul_overflow(int_at(array, found->bytes, at), found->multiply, &x)) {
        return cf_fail(err, CF_E_VALUE, CF_NOWHERE,
                       "column `%s`: the time in row %lld is too far away", name_of(schema),
                       (long long)at);
    }
    x = x / found->divide - (x % found->divide < 0);
    return cf_builder_int(b, x) ? CF_OK : no_memory(err);
}

static cf_status add_row(cf_builder *b, const cf_type *type, const struct ArrowSchema *schema,
                         const struct ArrowArray *array, const layout *found, int64_t at,
                         cf_error *err) {
    if (type->kind == CF_NULL || is_null(array, at))
        return cf_builder_null(b) ? CF_OK : no_memory(err);
    switch (type->kind) {
    case CF_TEXT: return add_text(b, schema, array, range_at(array, found, type, at), at, err);
    case CF_LIST:
        return add_list(b, type, schema, array, range_at(array, found, type, at), at, err);
    case CF_TUPLE: return add_tuple(b, type, schema, array, at, err);
    default: return add_converted(b, schema, array, found, at, err);
    }
}

/* Values that lie in memory as ours do: one run of rows without nulls after the other. */
static cf_status add_runs(cf_builder *b, const struct ArrowArray *array, size_t bytes,
                          range rows, cf_error *err) {
    for (int64_t at = rows.begin; at < rows.end;) {
        int64_t stop = at;
        while (stop < rows.end && !is_null(array, stop))
            stop++;
        const char *from =
            (const char *)array->buffers[1] + (size_t)(array->offset + at) * bytes;
        if (stop > at && !cf_builder_run(b, from, NULL, (size_t)(stop - at)))
            return no_memory(err);
        for (; stop < rows.end && is_null(array, stop); stop++)
            if (!cf_builder_null(b)) return no_memory(err);
        at = stop;
    }
    return CF_OK;
}

static cf_status add_rows(cf_builder *b, const cf_type *type, const struct ArrowSchema *schema,
                          const struct ArrowArray *array, range rows, cf_error *err) {
    const layout *found = layout_of(schema->format);
    CF_TRY(check_array(schema, array, found, err));
    if (array->n_buffers > 1 && array->buffers[1] == NULL && rows.end > rows.begin)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "column `%s` has no values",
                       name_of(schema));
    const bool ours = type->field_count == 0 && type->kind != CF_TEXT &&
                      type->kind != CF_TUPLE && found->bytes != 0 &&
                      found->bytes == cf_kind_size(type->kind) && found->multiply == 1 &&
                      found->divide == 1;
    if (ours) return add_runs(b, array, found->bytes, rows, err);
    for (int64_t at = rows.begin; at < rows.end; at++)
        CF_TRY(add_row(b, type, schema, array, found, at, err));
    return CF_OK;
}

/* ---- both ---- */

static cf_status import_rows(const cf_type *type, const struct ArrowSchema *schema,
                             const struct ArrowArray *array, cf_column **column,
                             cf_error *err) {
    cf_builder *b = cf_builder_new(type);
    if (b == NULL) return no_memory(err);
    const cf_status status = add_rows(b, type, schema, array, (range){0, array->length}, err);
    if (status != CF_OK) {
        cf_builder_free(b);
        return status;
    }
    *column = cf_builder_finish(b);
    return *column != NULL ? CF_OK : no_memory(err);
}

cf_status cf_arrow_import(struct ArrowSchema *schema, struct ArrowArray *array,
                          cf_column **column, cf_error *err) {
    *column = NULL;
    cf_arena *arena = cf_arena_new(1024);
    const cf_type *type = NULL;
    cf_status status = arena == NULL ? no_memory(err) : type_of(schema, 0, arena, &type, err);
    if (status == CF_OK) status = import_rows(type, schema, array, column, err);
    cf_arena_free(arena);
    if (schema->release != NULL) schema->release(schema);
    if (array->release != NULL) array->release(array);
    return status;
}
