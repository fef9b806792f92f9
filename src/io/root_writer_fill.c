#include "io/root_writer_internal.h"

/* Rows of columns become big-endian bytes.  The elements of neighbouring rows lie side by side
 * in a column, so a branch's part of many rows is one run of numbers to turn round. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VECTOR_VERSION = 9, ROW_BYTES_MAX = 1 << 29 };

typedef struct {
    cf_root_out_branch *b;
    int64_t row_number;    /* in the file, of row `begin` */
    int64_t begin, end;    /* rows of the table */
    const cf_column *list; /* NULL: none */
    const cf_column *leaf; /* of the elements: numbers, texts or lists */
    cf_error *err;
} filling;

/* --- what cannot be written --- */

/* The row that an element belongs to, as the user counts. */
static int64_t row_of(const filling *f, int64_t element) {
    if (f->list == NULL) return f->row_number + element - f->begin;
    int64_t row = f->begin;
    while (row + 1 < f->end && f->list->offsets[row + 1] <= element)
        row++;
    return f->row_number + row - f->begin;
}

static cf_status null_found(const filling *f, int64_t row) {
    const cf_status status = cf_fail(f->err, CF_E_WRITE, CF_NOWHERE,
                                     "column `%s` is null in row %lld, which a ROOT tree "
                                     "cannot hold",
                                     f->b->column, (long long)row);
    cf_error_hint(f->err, "give nulls a value with `??`, or save a .parquet file");
    return status;
}

static cf_status no_memory(const filling *f) {
    return cf_fail(f->err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write `%s`",
                   f->b->column);
}

static cf_status check_valid(const filling *f, const cf_column *c, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end && c->valid != NULL; i++)
        if (c->valid[i] == 0)
            return null_found(f, c == f->list ? f->row_number + i - f->begin : row_of(f, i));
    return CF_OK;
}

/* --- numbers --- */

#define SWAP_RUN(bits)                                                 \
    static void swap##bits(const void *src, size_t count, char *dst) { \
        for (size_t i = 0; i < count; i++) {                           \
            uint##bits##_t x;                                          \
            memcpy(&x, (const char *)src + i * sizeof x, sizeof x);    \
            x = __builtin_bswap##bits(x);                              \
            memcpy(dst + i * sizeof x, &x, sizeof x);                  \
        }                                                              \
    }
SWAP_RUN(16)
SWAP_RUN(32)
SWAP_RUN(64)

/* Room for more bytes at the end of the basket; NULL: no memory. */
static char *grow(cf_text *t, size_t size) {
    if (t->capacity - t->size <= size) {
        size_t room = t->capacity < 4096 ? 4096 : t->capacity;
        while (room - t->size <= size)
            room *= 2;
        char *data = realloc(t->data, room);
        if (data == NULL) return NULL;
        t->data = data;
        t->capacity = room;
    }
    char *at = t->data + t->size;
    t->size += size;
    return at;
}

static void put_run(const cf_column *c, unsigned width, int64_t begin, int64_t count,
                    char *dst) {
    const char *src = (const char *)c->values + (size_t)begin * width;
    const size_t n = (size_t)count;
    switch (width) {
    case 1: memcpy(dst, src, n); break;
    case 2: swap16(src, n, dst); break;
    case 4: swap32(src, n, dst); break;
    default: swap64(src, n, dst); break;
    }
}

static void put_decimals(const cf_column *c, int64_t begin, int64_t count, char *dst) {
    for (int64_t i = 0; i < count; i++) {
        const double x = cf_column_float(c, begin + i);
        swap64(&x, 1, dst + (size_t)i * sizeof x);
    }
}

static void put_nan(unsigned width, char *dst) {
    const float narrow = NAN;
    const double wide = (double)NAN;
    if (width == 4)
        swap32(&narrow, 1, dst);
    else
        swap64(&wide, 1, dst);
}

/* Values [begin, end) of a leaf; nulls of floats become NaN. */
static cf_status put_values(const filling *f, const cf_column *c, int64_t begin, int64_t end) {
    const cf_root_stored *s = f->b->stored;
    const int64_t count = end - begin;
    if (count == 0) return CF_OK;
    char *dst = grow(&f->b->data, (size_t)count * s->width);
    if (dst == NULL) return no_memory(f);
    if (c->type->kind == CF_DECIMAL)
        put_decimals(c, begin, count, dst);
    else
        put_run(c, s->width, begin, count, dst);
    if (c->valid == NULL) return CF_OK;
    if (s->letter != 'F' && s->letter != 'D') return check_valid(f, c, begin, end);
    for (int64_t i = begin; i < end; i++)
        if (c->valid[i] == 0) put_nan(s->width, dst + (size_t)(i - begin) * s->width);
    return CF_OK;
}

/* --- lists of fixed length --- */

static cf_status wrong_length(const filling *f, int64_t row, int64_t length, uint32_t wanted) {
    return cf_fail(f->err, CF_E_WRITE, CF_NOWHERE,
                   "column `%s` has a list of %lld where all have %u (row %lld)", f->b->column,
                   (long long)length, wanted, (long long)row);
}

/* Goes down to the numbers of elements [*begin, *end). */
static cf_status enter_fixed(const filling *f, const cf_column **c, int64_t *begin,
                             int64_t *end) {
    for (uint32_t d = 0; d < f->b->dim_count; d++) {
        const cf_column *list = *c;
        if (d == 0) CF_TRY(check_valid(f, list, *begin, *end));
        for (int64_t i = *begin; i < *end; i++) {
            const int64_t length = list->offsets[i + 1] - list->offsets[i];
            if (length != f->b->dims[d])
                return wrong_length(f, d == 0 ? row_of(f, i) : f->row_number, length,
                                    f->b->dims[d]);
        }
        *begin = list->offsets[*begin];
        *end = list->offsets[*end];
        *c = list->children[0];
    }
    return CF_OK;
}

static cf_status fill_numbers(const filling *f, int64_t begin, int64_t end) {
    const cf_column *c = f->leaf;
    CF_TRY(enter_fixed(f, &c, &begin, &end));
    return put_values(f, c, begin, end);
}

/* --- entries of different size --- */

static bool put_offset(cf_root_out_branch *b, size_t at) {
    const uint32_t offset = (uint32_t)at;
    cf_text_add(&b->ends, (const char *)&offset, sizeof offset);
    return !b->ends.failed;
}

static void note_most(cf_root_out_branch *b, int64_t n) {
    if (n > b->most) b->most = n;
}

/* Numbers of the elements of each row. */
static cf_status fill_counted(const filling *f) {
    cf_root_out_branch *b = f->b;
    CF_ASSERT(f->list != NULL);
    const int64_t *offsets = f->list->offsets;
    const size_t base = b->data.size, each = (size_t)b->per * b->stored->width;
    CF_TRY(check_valid(f, f->list, f->begin, f->end));
    for (int64_t row = f->begin; row < f->end; row++)
        if (!put_offset(b, base + (size_t)(offsets[row] - offsets[f->begin]) * each))
            return no_memory(f);
    return fill_numbers(f, offsets[f->begin], offsets[f->end]);
}

static cf_status put_length(const filling *f, int64_t length) {
    if (length > INT32_MAX / 16)
        return cf_fail(f->err, CF_E_WRITE, CF_NOWHERE, "a list of `%s` is too long for ROOT",
                       f->b->column);
    char *dst = grow(&f->b->data, 4);
    if (dst == NULL) return no_memory(f);
    const uint32_t n = (uint32_t)length;
    swap32(&n, 1, dst);
    note_most(f->b, length);
    return CF_OK;
}

/* What the table says the length is, if it has a column for it. */
static cf_status check_counter(const filling *f, const cf_table *rows, int64_t row,
                               int64_t length) {
    if (f->b->check < 0) return CF_OK;
    const cf_column *c = rows->children[f->b->check];
    if (!cf_column_is_null(c, row) && cf_column_int(c, row) == length) return CF_OK;
    const cf_status status =
        cf_fail(f->err, CF_E_WRITE, CF_NOWHERE,
                "`%s` is %lld in row %lld, where the list that it counts has %lld elements",
                f->b->name, (long long)cf_column_int(c, row),
                (long long)(f->row_number + row - f->begin), (long long)length);
    cf_error_hint(f->err, "a ROOT tree keeps each list's length in a branch of that name: "
                          "leave the column out, or set it anew");
    return status;
}

static cf_status fill_lengths(const filling *f, const cf_table *rows) {
    const bool clones = f->b->shape == CF_ROOT_BRANCH_CLONES;
    CF_ASSERT(f->list != NULL);
    CF_TRY(check_valid(f, f->list, f->begin, f->end));
    for (int64_t row = f->begin; row < f->end; row++) {
        const int64_t length = f->list->offsets[row + 1] - f->list->offsets[row];
        if (clones && !put_offset(f->b, f->b->data.size)) return no_memory(f);
        if (!clones) CF_TRY(check_counter(f, rows, row, length));
        CF_TRY(put_length(f, length));
    }
    return CF_OK;
}

static cf_status put_text(const filling *f, const cf_column *c, int64_t row) {
    const cf_view v = cf_column_text(c, row);
    if (v.size > ROW_BYTES_MAX)
        return cf_fail(f->err, CF_E_WRITE, CF_NOWHERE, "a text in `%s` is too long for ROOT",
                       f->b->column);
    char *dst = grow(&f->b->data, (size_t)v.size + (v.size < 255 ? 1 : 5));
    if (dst == NULL) return no_memory(f);
    *dst++ = (char)(uint8_t)(v.size < 255 ? v.size : 255);
    if (v.size >= 255) {
        const uint32_t n = (uint32_t)v.size;
        swap32(&n, 1, dst);
        dst += 4;
    }
    if (v.size > 0) memcpy(dst, v.data, (size_t)v.size);
    return CF_OK;
}

static cf_status fill_texts(const filling *f) {
    CF_TRY(check_valid(f, f->leaf, f->begin, f->end));
    for (int64_t row = f->begin; row < f->end; row++) {
        if (!put_offset(f->b, f->b->data.size)) return no_memory(f);
        CF_TRY(put_text(f, f->leaf, row));
    }
    return CF_OK;
}

/* --- vectors --- */

static cf_status put_elements(const filling *f, const cf_column *c, int64_t begin,
                              int64_t end) {
    if (f->b->stored->letter != 'C') return put_values(f, c, begin, end);
    CF_TRY(check_valid(f, c, begin, end));
    for (int64_t i = begin; i < end; i++)
        CF_TRY(put_text(f, c, i));
    return CF_OK;
}

/* As deep as the plan allowed. */
static cf_status put_vector(const filling *f, const cf_column *c, uint32_t depth, int64_t begin,
                            int64_t end) {
    CF_TRY(put_length(f, end - begin));
    if (depth == 1) return put_elements(f, c, begin, end);
    CF_TRY(check_valid(f, c, begin, end));
    for (int64_t i = begin; i < end; i++)
        CF_TRY(put_vector(f, c->children[0], depth - 1, c->offsets[i], c->offsets[i + 1]));
    return CF_OK;
}

/* Each entry stands behind its size. */
static cf_status fill_vectors(const filling *f) {
    cf_text *data = &f->b->data;
    CF_ASSERT(f->list != NULL);
    CF_TRY(check_valid(f, f->list, f->begin, f->end));
    for (int64_t row = f->begin; row < f->end; row++) {
        const size_t start = data->size;
        char *head = grow(data, 6);
        if (head == NULL || !put_offset(f->b, start)) return no_memory(f);
        CF_TRY(put_vector(f, f->leaf, f->b->depth, f->list->offsets[row],
                          f->list->offsets[row + 1]));
        const size_t size = data->size - start - 4;
        if (size > ROW_BYTES_MAX)
            return cf_fail(f->err, CF_E_WRITE, CF_NOWHERE,
                           "row %lld of `%s` is too large for ROOT",
                           (long long)(f->row_number + row - f->begin), f->b->column);
        const uint32_t mark = (uint32_t)size | UINT32_C(0x40000000);
        const uint16_t version = VECTOR_VERSION;
        swap32(&mark, 1, data->data + start);
        swap16(&version, 1, data->data + start + 4);
    }
    return CF_OK;
}

/* --- the whole --- */

bool cf_root_has_offsets(const cf_root_out_branch *b) {
    return b->shape != CF_ROOT_BRANCH_VALUES && b->shape != CF_ROOT_BRANCH_COUNTER;
}

static const cf_column *go(const cf_column *c, const uint32_t *way, uint32_t steps) {
    for (uint32_t i = 0; i < steps; i++)
        c = c->children[way[i]];
    return c;
}

cf_status cf_root_fill(cf_root_out_branch *b, const cf_table *rows, int64_t begin, int64_t end,
                       int64_t row_number, cf_error *err) {
    filling f = {.b = b, .row_number = row_number, .begin = begin, .end = end, .err = err};
    f.leaf = go(rows, b->way, b->before);
    if (b->listed) {
        f.list = f.leaf;
        f.leaf = go(f.list->children[0], b->way + b->before, b->after);
    }
    b->rows += end - begin;
    switch (b->shape) {
    case CF_ROOT_BRANCH_VALUES: return fill_numbers(&f, begin, end);
    case CF_ROOT_BRANCH_COUNTED:
    case CF_ROOT_BRANCH_MEMBER: return fill_counted(&f);
    case CF_ROOT_BRANCH_CLONES:
    case CF_ROOT_BRANCH_COUNTER: return fill_lengths(&f, rows);
    case CF_ROOT_BRANCH_TEXT: return fill_texts(&f);
    case CF_ROOT_BRANCH_VECTOR: return fill_vectors(&f);
    }
    return CF_OK;
}
