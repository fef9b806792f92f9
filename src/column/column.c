#include "column/column.h"

/* Columns: counting, reading single values, cutting, joining end to end, comparing. */

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- making and freeing ---- */

static void buffers_free(uint8_t *valid, void *values, int64_t *offsets, cf_column **children,
                         uint32_t child_count) {
    free(valid);
    free(values);
    free(offsets);
    for (uint32_t i = 0; i < child_count; i++)
        cf_column_release(children[i]);
}

/* The type with the children's own types in it. */
static const cf_type *type_of_children(cf_arena *arena, const cf_type *type,
                                       cf_column *const *children) {
    cf_type *copy = CF_NEW(arena, cf_type);
    *copy = *cf_type_copy(arena, type);
    if (type->field_count == 0) return copy;
    cf_field *fields = CF_NEWS(arena, cf_field, type->field_count);
    for (uint32_t i = 0; i < type->field_count; i++) {
        CF_ASSERT(children[i]->type->kind == type->fields[i].type->kind);
        fields[i] = copy->fields[i];
        fields[i].type = cf_type_copy(arena, children[i]->type);
        if (children[i]->valid != NULL) fields[i].nullable = true;
    }
    copy->fields = fields;
    return copy;
}

static cf_column *column_alloc(void) {
    cf_column *c = calloc(1, sizeof *c);
    cf_arena *arena = c == NULL ? NULL : cf_arena_new(1024);
    if (arena == NULL) {
        free(c);
        return NULL;
    }
    c->arena = arena;
    return c;
}

cf_column *cf_column_new(const cf_type *type, int64_t length, uint8_t *valid, void *values,
                         int64_t *offsets, cf_column **children, uint32_t child_count) {
    CF_ASSERT(type->field_count == child_count && length >= 0);
    CF_ASSERT((offsets != NULL) == (type->kind == CF_LIST || type->kind == CF_TEXT));
    cf_column *c = column_alloc();
    if (c != NULL && values == NULL && cf_kind_size(type->kind) > 0) values = calloc(1, 16);
    if (c == NULL || (values == NULL && cf_kind_size(type->kind) > 0)) {
        buffers_free(valid, values, offsets, children, child_count);
        if (c != NULL) cf_arena_free(c->arena);
        free(c);
        return NULL;
    }
    atomic_init(&c->refs, 1);
    c->type = type_of_children(c->arena, type, children);
    c->length = length;
    c->valid = valid;
    c->values = values;
    c->offsets = offsets;
    c->child_count = child_count;
    c->children = CF_NEWS(c->arena, cf_column *, child_count);
    for (uint32_t i = 0; i < child_count; i++)
        c->children[i] = children[i];
    return c;
}

cf_column *cf_column_retain(cf_column *c) {
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void cf_column_release(cf_column *c) {
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1) return;
    buffers_free(c->valid, c->values, c->offsets, c->children, c->child_count);
    cf_arena_free(c->arena);
    free(c);
}

/* ---- single values ---- */

cf_view cf_column_text(const cf_column *c, int64_t row) {
    CF_ASSERT(c->type->kind == CF_TEXT && row >= 0 && row < c->length);
    const int64_t begin = c->offsets[row], end = c->offsets[row + 1];
    return (cf_view){(const char *)c->values + begin, (uint64_t)(end - begin)};
}

bool cf_column_is_null(const cf_column *c, int64_t row) {
    CF_ASSERT(row >= 0 && row < c->length);
    return c->valid != NULL && c->valid[row] == 0;
}

int64_t cf_column_int(const cf_column *c, int64_t row) {
    CF_ASSERT(row >= 0 && row < c->length);
    switch (c->type->kind) {
    case CF_NULL: return 0;
    case CF_BOOL: return ((const uint8_t *)c->values)[row];
    case CF_INT8: return ((const int8_t *)c->values)[row];
    case CF_INT16: return ((const int16_t *)c->values)[row];
    case CF_INDEX:
    case CF_INT32: return ((const int32_t *)c->values)[row];
    case CF_UINT8: return ((const uint8_t *)c->values)[row];
    case CF_UINT16: return ((const uint16_t *)c->values)[row];
    case CF_UINT32: return ((const uint32_t *)c->values)[row];
    case CF_UINT64: return (int64_t)((const uint64_t *)c->values)[row];
    case CF_INT64:
    case CF_DATE:
    case CF_TIME:
    case CF_TIMESTAMP:
    case CF_DURATION: return ((const int64_t *)c->values)[row];
    default: CF_ASSERT(false && "a column of integers"); return 0;
    }
}

static double decimal_as_float(cf_int128 x, unsigned scale) {
    double power = 1;
    for (unsigned i = 0; i < scale; i++)
        power *= 10;
    return (double)x / power;
}

double cf_column_float(const cf_column *c, int64_t row) {
    CF_ASSERT(row >= 0 && row < c->length);
    switch (c->type->kind) {
    case CF_FLOAT64: return ((const double *)c->values)[row];
    case CF_FLOAT32: return (double)((const float *)c->values)[row];
    case CF_UINT64: return (double)((const uint64_t *)c->values)[row];
    case CF_DECIMAL:
        return decimal_as_float(((const cf_int128 *)c->values)[row], c->type->scale);
    default: return (double)cf_column_int(c, row);
    }
}

/* ---- many values ---- */

/* A copy of count items of `size` bytes; never of zero bytes, so that NULL means no memory. */
static void *copy_of(const void *from, int64_t count, size_t size) {
    const size_t bytes = (size_t)count * size;
    void *copy = malloc(bytes > 0 ? bytes : 1);
    if (copy != NULL && bytes > 0) memcpy(copy, from, bytes);
    return copy;
}

/* A column being put together: on any failure everything is freed and the result is NULL. */
typedef struct {
    uint8_t *valid;
    void *values;
    int64_t *offsets;
    cf_column **children;
    uint32_t child_count; /* those made so far */
    bool failed;
} parts;

static bool parts_children(parts *p, uint32_t count) {
    p->children = calloc(count > 0 ? count : 1, sizeof *p->children);
    if (p->children == NULL) p->failed = true;
    return !p->failed;
}

static void parts_add_child(parts *p, cf_column *child) {
    if (child == NULL)
        p->failed = true;
    else
        p->children[p->child_count++] = child;
}

static cf_column *parts_finish(parts *p, const cf_type *type, int64_t length) {
    cf_column *c = NULL;
    if (p->failed)
        buffers_free(p->valid, p->values, p->offsets, p->children, p->child_count);
    else
        c = cf_column_new(type, length, p->valid, p->values, p->offsets, p->children,
                          p->child_count);
    free(p->children);
    return c;
}

cf_column *cf_column_slice(const cf_column *c, int64_t begin, int64_t end) {
    CF_ASSERT(begin >= 0 && begin <= end && end <= c->length);
    const int64_t length = end - begin;
    const size_t size = cf_kind_size(c->type->kind);
    parts p = {0};
    if (c->valid != NULL) {
        p.valid = copy_of(c->valid + begin, length, 1);
        p.failed |= p.valid == NULL;
    }
    int64_t child_begin = begin, child_end = end;
    if (c->offsets != NULL) {
        child_begin = c->offsets[begin];
        child_end = c->offsets[end];
        p.offsets = copy_of(c->offsets + begin, length + 1, sizeof *p.offsets);
        p.failed |= p.offsets == NULL;
        for (int64_t i = 0; p.offsets != NULL && i <= length; i++)
            p.offsets[i] -= child_begin;
    }
    if (c->type->kind == CF_TEXT)
        p.values = copy_of((const char *)c->values + child_begin, child_end - child_begin, 1);
    else if (size > 0)
        p.values = copy_of((const char *)c->values + (size_t)begin * size, length, size);
    p.failed |= p.values == NULL && size > 0;
    parts_children(&p, c->child_count);
    for (uint32_t i = 0; i < c->child_count && !p.failed; i++)
        parts_add_child(&p, cf_column_slice(c->children[i], child_begin, child_end));
    return parts_finish(&p, c->type, length);
}

/* The parts' validity end to end; NULL also when no part has one. */
static uint8_t *concat_valid(cf_column *const *columns, size_t count, int64_t length,
                             bool *failed) {
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any |= columns[i]->valid != NULL;
    uint8_t *valid = any ? malloc((size_t)length + 1) : NULL;
    *failed |= any && valid == NULL;
    int64_t at = 0;
    for (size_t i = 0; i < count && valid != NULL; i++) {
        if (columns[i]->valid != NULL)
            memcpy(valid + at, columns[i]->valid, (size_t)columns[i]->length);
        else
            memset(valid + at, 1, (size_t)columns[i]->length);
        at += columns[i]->length;
    }
    return valid;
}

static int64_t *concat_offsets(cf_column *const *columns, size_t count, int64_t length) {
    int64_t *offsets = malloc(((size_t)length + 1) * sizeof *offsets);
    if (offsets == NULL) return NULL;
    int64_t at = 0, base = 0;
    for (size_t i = 0; i < count; i++) {
        const cf_column *c = columns[i];
        for (int64_t row = 0; row < c->length; row++)
            offsets[at++] = base + c->offsets[row] - c->offsets[0];
        base += c->offsets[c->length] - c->offsets[0];
    }
    offsets[at] = base;
    return offsets;
}

/* Of a TEXT column the bytes that its rows use, else the values. */
static size_t value_bytes(const cf_column *c, const char **from) {
    *from = c->values;
    if (c->type->kind != CF_TEXT) return (size_t)c->length * cf_kind_size(c->type->kind);
    *from += c->offsets[0];
    return (size_t)(c->offsets[c->length] - c->offsets[0]);
}

static void *concat_values(cf_column *const *columns, size_t count) {
    const char *from;
    size_t total = 1;
    for (size_t i = 0; i < count; i++)
        total += value_bytes(columns[i], &from);
    char *values = malloc(total);
    if (values == NULL) return NULL;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t bytes = value_bytes(columns[i], &from);
        if (bytes > 0) memcpy(values + at, from, bytes);
        at += bytes;
    }
    return values;
}

/* Child i of every part, end to end.  Lists may use a part of their child only. */
static cf_column *concat_child(cf_column *const *columns, size_t count, uint32_t i) {
    cf_column **children = calloc(count, sizeof(cf_column *));
    bool failed = children == NULL;
    for (size_t k = 0; k < count && !failed; k++) {
        const cf_column *c = columns[k];
        const int64_t begin = c->offsets == NULL ? 0 : c->offsets[0];
        const int64_t end = c->offsets == NULL ? c->length : c->offsets[c->length];
        const bool all = begin == 0 && end == c->children[i]->length;
        children[k] = all ? cf_column_retain(c->children[i])
                          : cf_column_slice(c->children[i], begin, end);
        failed = children[k] == NULL;
    }
    cf_column *joined = failed ? NULL : cf_column_concat(children, count);
    for (size_t k = 0; children != NULL && k < count; k++)
        cf_column_release(children[k]);
    free(children);
    return joined;
}

cf_column *cf_column_concat(cf_column *const *columns, size_t count) {
    CF_ASSERT(count > 0);
    const cf_column *first = columns[0];
    int64_t length = 0;
    for (size_t i = 0; i < count; i++) {
        CF_ASSERT(cf_type_equal(columns[i]->type, first->type));
        length += columns[i]->length;
    }
    parts p = {0};
    p.valid = concat_valid(columns, count, length, &p.failed);
    if (first->offsets != NULL) {
        p.offsets = concat_offsets(columns, count, length);
        p.failed |= p.offsets == NULL;
    }
    if (cf_kind_size(first->type->kind) > 0) {
        p.values = concat_values(columns, count);
        p.failed |= p.values == NULL;
    }
    parts_children(&p, first->child_count);
    for (uint32_t i = 0; i < first->child_count && !p.failed; i++)
        parts_add_child(&p, concat_child(columns, count, i));
    return parts_finish(&p, first->type, length);
}

/* ---- comparing ---- */

static bool floats_equal(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

static bool values_equal(const cf_column *a, int64_t i, const cf_column *b, int64_t j);

static bool lists_equal(const cf_column *a, int64_t i, const cf_column *b, int64_t j) {
    const int64_t count = a->offsets[i + 1] - a->offsets[i];
    if (count != b->offsets[j + 1] - b->offsets[j]) return false;
    for (int64_t k = 0; k < count; k++)
        if (!values_equal(a->children[0], a->offsets[i] + k, b->children[0], b->offsets[j] + k))
            return false;
    return true;
}

static bool tuples_equal(const cf_column *a, int64_t i, const cf_column *b, int64_t j) {
    for (uint32_t k = 0; k < a->child_count; k++)
        if (!values_equal(a->children[k], i, b->children[k], j)) return false;
    return true;
}

static bool values_equal(const cf_column *a, int64_t i, const cf_column *b, int64_t j) {
    const bool null = cf_column_is_null(a, i);
    if (null || cf_column_is_null(b, j)) return null && cf_column_is_null(b, j);
    const size_t size = cf_kind_size(a->type->kind);
    switch (a->type->kind) {
    case CF_LIST: return lists_equal(a, i, b, j);
    case CF_TUPLE: return tuples_equal(a, i, b, j);
    case CF_FLOAT32:
    case CF_FLOAT64: return floats_equal(cf_column_float(a, i), cf_column_float(b, j));
    case CF_TEXT: {
        const cf_view x = cf_column_text(a, i), y = cf_column_text(b, j);
        return cf_str_equal((cf_str){x.data, x.size}, (cf_str){y.data, y.size});
    }
    default:
        return memcmp((const char *)a->values + (size_t)i * size,
                      (const char *)b->values + (size_t)j * size, size) == 0;
    }
}

bool cf_column_equal(const cf_column *a, const cf_column *b) {
    if (a->length != b->length || !cf_type_equal(a->type, b->type)) return false;
    for (int64_t i = 0; i < a->length; i++)
        if (!values_equal(a, i, b, i)) return false;
    return true;
}
