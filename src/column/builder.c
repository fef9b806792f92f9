#include "column/column.h"

/* Columns value by value.  Every builder of a nested type has its own buffers; a list's and a
 * tuple's builder only counts what its children were given. */

#include <stdlib.h>
#include <string.h>

struct cf_builder {
    const cf_type *type;
    cf_arena *arena; /* the root's, holds the type and all builders below; NULL in those */
    int64_t length;
    int64_t capacity; /* rows that valid, values and offsets have room for */
    uint8_t *valid;   /* made at the first null */
    char *values;
    size_t text_size, text_capacity; /* TEXT: of values */
    int64_t *offsets;
    cf_builder *children;
    bool failed;
};

/* ---- making and freeing ---- */

static void builder_init(cf_builder *b, cf_arena *arena, const cf_type *type) {
    b->type = type;
    b->children = CF_NEWS(arena, cf_builder, type->field_count);
    for (uint32_t i = 0; i < type->field_count; i++)
        builder_init(&b->children[i], arena, type->fields[i].type);
}

cf_builder *cf_builder_new(const cf_type *type) {
    cf_arena *arena = cf_arena_new(4096);
    if (arena == NULL) return NULL;
    cf_builder *b = CF_NEW(arena, cf_builder);
    builder_init(b, arena, cf_type_copy(arena, type));
    b->arena = arena;
    return b;
}

static void buffers_clear(cf_builder *b) {
    free(b->valid);
    free(b->values);
    free(b->offsets);
    b->valid = NULL;
    b->values = NULL;
    b->offsets = NULL;
    for (uint32_t i = 0; i < b->type->field_count; i++)
        buffers_clear(&b->children[i]);
}

void cf_builder_free(cf_builder *b) {
    if (b == NULL) return;
    buffers_clear(b);
    cf_arena_free(b->arena);
}

/* ---- room ---- */

static bool grow(void **buffer, size_t count, size_t size) {
    if (size == 0) return true;
    void *larger = count <= SIZE_MAX / 2 / size ? realloc(*buffer, count * size) : NULL;
    if (larger == NULL) return false;
    *buffer = larger;
    return true;
}

static bool has_offsets(const cf_builder *b) {
    return b->type->kind == CF_LIST || b->type->kind == CF_TEXT;
}

/* Bytes of one row in `values`; a text's bytes are counted apart. */
static size_t row_size(const cf_builder *b) {
    return b->type->kind == CF_TEXT ? 0 : cf_kind_size(b->type->kind);
}

static bool resize(cf_builder *b, int64_t capacity) {
    void *valid = b->valid, *values = b->values, *offsets = b->offsets;
    const size_t count = (size_t)capacity;
    const bool first = offsets == NULL;
    bool ok = valid == NULL || grow(&valid, count, 1);
    ok = ok && grow(&values, count, row_size(b));
    ok = ok && (!has_offsets(b) || grow(&offsets, count + 1, sizeof(int64_t)));
    b->valid = valid;
    b->values = values;
    b->offsets = offsets;
    if (ok && first && offsets != NULL) b->offsets[0] = 0;
    if (ok) b->capacity = capacity;
    return ok;
}

static bool reserve(cf_builder *b, size_t more) {
    if (b->failed) return false;
    if (more <= (size_t)(b->capacity - b->length)) return true;
    const size_t needed = (size_t)b->length + more, twice = 2 * (size_t)b->capacity;
    size_t capacity = needed < 16 ? 16 : needed;
    if (capacity < twice) capacity = twice;
    b->failed = more > SIZE_MAX / 4 || !resize(b, (int64_t)capacity);
    return !b->failed;
}

static bool reserve_text(cf_builder *b, size_t more) {
    if (b->failed) return false;
    if (more <= b->text_capacity - b->text_size) return true;
    size_t capacity = b->text_capacity < 256 ? 256 : b->text_capacity;
    while (capacity <= SIZE_MAX / 4 && capacity - b->text_size < more)
        capacity *= 2;
    char *values = capacity - b->text_size < more ? NULL : realloc(b->values, capacity);
    b->failed = values == NULL;
    if (b->failed) return false;
    b->values = values;
    b->text_capacity = capacity;
    return true;
}

/* Validity of the rows so far, once there is a null to tell from them. */
static bool need_valid(cf_builder *b) {
    if (b->valid != NULL) return true;
    b->valid = malloc((size_t)b->capacity);
    b->failed = b->valid == NULL;
    if (!b->failed) memset(b->valid, 1, (size_t)b->length);
    return !b->failed;
}

/* ---- values ---- */

/* Ends a row whose value is in place. */
static bool row_done(cf_builder *b) {
    if (b->valid != NULL) b->valid[b->length] = 1;
    b->length++;
    return true;
}

/* After a row was counted: its list or text ends where the child or the bytes end now. */
static void set_offset(cf_builder *b) {
    if (b->type->kind == CF_TEXT) b->offsets[b->length] = (int64_t)b->text_size;
    if (b->type->kind == CF_LIST) b->offsets[b->length] = b->children[0].length;
}

bool cf_builder_null(cf_builder *b) {
    if (!reserve(b, 1) || !need_valid(b)) return false;
    if (b->type->kind == CF_LIST) CF_ASSERT(b->children[0].length == b->offsets[b->length]);
    for (uint32_t i = 0; b->type->kind == CF_TUPLE && i < b->type->field_count; i++) {
        CF_ASSERT(b->children[i].length == b->length);
        if (!cf_builder_null(&b->children[i])) return false;
    }
    const size_t size = row_size(b);
    if (size > 0) memset(b->values + (size_t)b->length * size, 0, size);
    b->valid[b->length++] = 0;
    set_offset(b);
    return true;
}

static bool add(cf_builder *b, const void *value, size_t size) {
    CF_ASSERT(row_size(b) == size);
    if (!reserve(b, 1)) return false;
    memcpy(b->values + (size_t)b->length * size, value, size);
    return row_done(b);
}

bool cf_builder_bool(cf_builder *b, bool x) {
    CF_ASSERT(b->type->kind == CF_BOOL);
    const uint8_t byte = x;
    return add(b, &byte, 1);
}

bool cf_builder_int(cf_builder *b, int64_t x) {
    const int8_t i8 = (int8_t)x;
    const int16_t i16 = (int16_t)x;
    const int32_t i32 = (int32_t)x;
    switch (b->type->kind) {
    case CF_BOOL: return cf_builder_bool(b, x != 0);
    case CF_INT8:
    case CF_UINT8: return add(b, &i8, sizeof i8);
    case CF_INT16:
    case CF_UINT16: return add(b, &i16, sizeof i16);
    case CF_INT32:
    case CF_UINT32:
    case CF_INDEX: return add(b, &i32, sizeof i32);
    case CF_INT64:
    case CF_UINT64:
    case CF_DATE:
    case CF_TIME:
    case CF_TIMESTAMP:
    case CF_DURATION: return add(b, &x, sizeof x);
    default: CF_ASSERT(false && "a builder of integers"); return false;
    }
}

bool cf_builder_float(cf_builder *b, double x) {
    if (b->type->kind == CF_FLOAT64) return add(b, &x, sizeof x);
    CF_ASSERT(b->type->kind == CF_FLOAT32);
    const float narrow = (float)x;
    return add(b, &narrow, sizeof narrow);
}

bool cf_builder_text(cf_builder *b, const char *data, size_t size) {
    CF_ASSERT(b->type->kind == CF_TEXT);
    if (!reserve(b, 1) || !reserve_text(b, size)) return false;
    if (size > 0) memcpy(b->values + b->text_size, data, size);
    b->text_size += size;
    row_done(b);
    set_offset(b);
    return true;
}

static bool text_run(cf_builder *b, const cf_view *views, const uint8_t *valid, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const bool null = valid != NULL && valid[i] == 0;
        if (null ? !cf_builder_null(b) : !cf_builder_text(b, views[i].data, views[i].size))
            return false;
    }
    return true;
}

/* Nothing but zeros where there is a null. */
static void clear_nulls(char *values, size_t size, const uint8_t *valid, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (valid[i] == 0) memset(values + i * size, 0, size);
}

bool cf_builder_run(cf_builder *b, const void *values, const uint8_t *valid, size_t count) {
    CF_ASSERT(b->type->field_count == 0);
    if (b->type->kind == CF_TEXT) return text_run(b, values, valid, count);
    if (!reserve(b, count) || (valid != NULL && !need_valid(b))) return false;
    if (count == 0) return true;
    const size_t size = row_size(b);
    char *to = b->values + (size_t)b->length * size;
    memcpy(to, values, count * size);
    uint8_t *marks = b->valid == NULL ? NULL : b->valid + b->length;
    if (marks != NULL && valid == NULL) memset(marks, 1, count);
    for (size_t i = 0; marks != NULL && valid != NULL && i < count; i++)
        marks[i] = valid[i] != 0;
    if (valid != NULL) clear_nulls(to, size, valid, count);
    b->length += (int64_t)count;
    return true;
}

/* ---- nesting ---- */

cf_builder *cf_builder_child(cf_builder *b, uint32_t i) {
    CF_ASSERT(i < b->type->field_count);
    return &b->children[i];
}

bool cf_builder_end_list(cf_builder *b) {
    CF_ASSERT(b->type->kind == CF_LIST);
    if (b->children[0].failed || !reserve(b, 1)) return false;
    row_done(b);
    set_offset(b);
    return true;
}

bool cf_builder_end_tuple(cf_builder *b) {
    CF_ASSERT(b->type->kind == CF_TUPLE);
    if (!reserve(b, 1)) return false;
    for (uint32_t i = 0; i < b->type->field_count; i++) {
        if (b->children[i].failed) return false;
        CF_ASSERT(b->children[i].length == b->length + 1);
    }
    return row_done(b);
}

int64_t cf_builder_length(const cf_builder *b) {
    return b->length;
}

/* ---- the column ---- */

/* Moves a builder's buffers into a column; what is left in it is freed by the caller. */
static cf_column *finish(cf_builder *b) {
    const uint32_t count = b->type->field_count;
    const bool ready = reserve(b, 0) && (b->capacity > 0 || resize(b, 1));
    cf_column **children = ready ? calloc((size_t)count + 1, sizeof(cf_column *)) : NULL;
    uint32_t made = 0;
    while (children != NULL && made < count &&
           (children[made] = finish(&b->children[made])) != NULL)
        made++;
    cf_column *c = NULL;
    if (children != NULL && made == count) {
        c = cf_column_new(b->type, b->length, b->valid, b->values, b->offsets, children, count);
        b->valid = NULL;
        b->values = NULL;
        b->offsets = NULL;
    } else {
        while (made > 0)
            cf_column_release(children[--made]);
    }
    free(children);
    return c;
}

cf_column *cf_builder_finish(cf_builder *b) {
    CF_ASSERT(b->arena != NULL);
    cf_column *c = finish(b);
    cf_builder_free(b);
    return c;
}
