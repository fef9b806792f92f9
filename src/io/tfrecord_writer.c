#include "io/writer.h"

/* Rows as TensorFlow reads them: records between checksums, each a tf.train.Example, which is a
 * map from names to lists of 64-bit integers, of 32-bit floats or of byte strings.
 *
 * A number is a list of one.  Fields of tuples are called `MET.pt`.  Lists of lists are laid
 * end to end, so all of a column's inner lists must be equally long.  A null is a feature that
 * is not there; a null float in a list is NaN. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 32, FLUSH_BYTES = 1 << 18 };

/* --- checksums: CRC-32C, eight bytes at a time --- */

typedef struct {
    uint32_t of[8][256];
} crc_tables;

static void crc_fill(crc_tables *t) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t x = i;
        for (int bit = 0; bit < 8; bit++)
            x = x >> 1 ^ (x & 1 ? UINT32_C(0x82f63b78) : 0);
        t->of[0][i] = x;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int k = 1; k < 8; k++)
            t->of[k][i] = t->of[k - 1][i] >> 8 ^ t->of[0][t->of[k - 1][i] & 255];
}

/* As records store it: turned round and shifted, so that a checksum of data that hold
 * checksums is still one. */
static uint32_t crc_of(const crc_tables *t, const void *data, size_t size) {
    const uint8_t *p = data;
    uint32_t crc = UINT32_MAX;
    while (size >= 8) {
        uint64_t x;
        memcpy(&x, p, sizeof x);
        x ^= crc;
        crc = 0;
        for (int k = 0; k < 8; k++)
            crc ^= t->of[7 - k][x >> (8 * k) & 255];
        size -= 8;
        p += 8;
    }
    for (; size > 0; size--, p++)
        crc = crc >> 8 ^ t->of[0][(crc ^ *p) & 255];
    crc = ~crc;
    return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

/* --- features --- */

typedef enum { HOLDS_BYTES = 1, HOLDS_FLOATS = 2, HOLDS_INTS = 3 } holds; /* protobuf fields */

typedef struct {
    const char *name;
    const cf_type *leaf;
    holds what;
    int8_t steps[STEPS_MAX];
    uint32_t child[STEPS_MAX]; /* which field, where the step is one */
    uint32_t step_count;
    int64_t inner[STEPS_MAX]; /* length of the lists inside lists, -1: not known yet */
} feature;

typedef struct {
    cf_new_file file;
    cf_arena *arena;
    feature *features;
    uint32_t count, room;
    cf_text out, record, example, entry, value, list, values; /* from the outside in */
    crc_tables crc;
    int64_t rows;
} tf_writer;

enum { STEP_FIELD, STEP_LIST };

static cf_status no_memory(const tf_writer *w, cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write %s", w->file.path);
}

static bool holds_of(cf_kind kind, holds *what) {
    if (kind == CF_TEXT)
        *what = HOLDS_BYTES;
    else if (cf_kind_is_float(kind) || kind == CF_DECIMAL)
        *what = HOLDS_FLOATS;
    else if (cf_kind_is_integer(kind) || kind == CF_BOOL || kind == CF_DATE ||
             kind == CF_TIME || kind == CF_TIMESTAMP || kind == CF_DURATION || kind == CF_INDEX)
        *what = HOLDS_INTS;
    else
        return false;
    return true;
}

static cf_status add_features(tf_writer *w, const cf_type *type, const feature *above,
                              cf_error *err);

static cf_status add_step(tf_writer *w, const cf_field *field, const feature *above, int step,
                          uint32_t child, cf_error *err) {
    feature f = *above;
    if (f.step_count == STEPS_MAX)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "column `%s` is nested too deep",
                       above->name);
    f.steps[f.step_count] = (int8_t)step;
    f.inner[f.step_count] = -1;
    f.child[f.step_count++] = child;
    if (step == STEP_FIELD)
        f.name = above->name[0] == '\0'
                     ? field->name
                     : cf_arena_printf(w->arena, "%s.%s", above->name, field->name);
    return add_features(w, field->type, &f, err);
}

static cf_status add_feature(tf_writer *w, const feature *f, cf_error *err) {
    if (w->count == w->room) {
        const uint32_t room = w->room == 0 ? 32 : 2 * w->room;
        feature *all = realloc(w->features, room * sizeof *all);
        if (all == NULL) return no_memory(w, err);
        w->features = all;
        w->room = room;
    }
    w->features[w->count++] = *f;
    return CF_OK;
}

static cf_status add_features(tf_writer *w, const cf_type *type, const feature *above,
                              cf_error *err) {
    feature f = *above;
    if (type->kind == CF_LIST) return add_step(w, &type->fields[0], above, STEP_LIST, 0, err);
    if (type->kind == CF_TUPLE) {
        for (uint32_t i = 0; i < type->field_count; i++)
            CF_TRY(add_step(w, &type->fields[i], above, STEP_FIELD, i, err));
        return CF_OK;
    }
    f.leaf = type;
    if (holds_of(type->kind, &f.what)) return add_feature(w, &f, err);
    const cf_status status = cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                                     "column `%s` is a %s, which a TFRecord cannot hold",
                                     above->name, cf_kind_word(type->kind));
    cf_error_hint(err, "leave it out with `select`");
    return status;
}

/* --- protocol buffers --- */

static void put_varint(cf_text *t, uint64_t x) {
    for (; x >= 128; x >>= 7)
        cf_text_addc(t, (char)(uint8_t)(x | 128));
    cf_text_addc(t, (char)(uint8_t)x);
}

static void put_bytes(cf_text *t, unsigned number, const char *data, size_t size) {
    put_varint(t, number << 3 | 2);
    put_varint(t, size);
    cf_text_add(t, data, size);
}

static cf_status put_ints(tf_writer *w, const feature *f, const cf_column *c, int64_t begin,
                          int64_t end, cf_error *err) {
    for (int64_t i = begin; i < end; i++) {
        if (c->type->kind == CF_UINT64 && ((const uint64_t *)c->values)[i] > INT64_MAX)
            return cf_fail(err, CF_E_OVERFLOW, CF_NOWHERE,
                           "column `%s` has a number beyond 63 bits in row %lld", f->name,
                           (long long)w->rows);
        put_varint(&w->values, (uint64_t)cf_column_int(c, i));
    }
    return CF_OK;
}

static void put_floats(tf_writer *w, const cf_column *c, int64_t begin, int64_t end) {
    if (c->type->kind == CF_FLOAT32 && c->valid == NULL) {
        const float *values = c->values;
        if (end > begin)
            cf_text_add(&w->values, (const char *)(values + begin),
                        (size_t)(end - begin) * sizeof *values);
        return;
    }
    for (int64_t i = begin; i < end; i++) {
        const float x = cf_column_is_null(c, i) ? NAN : (float)cf_column_float(c, i);
        cf_text_add(&w->values, (const char *)&x, sizeof x);
    }
}

static cf_status check_nulls(const tf_writer *w, const feature *f, const cf_column *c,
                             int64_t begin, int64_t end, cf_error *err) {
    for (int64_t i = begin; i < end && c->valid != NULL; i++)
        if (c->valid[i] == 0)
            return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                           "column `%s` has a null in a list in row %lld, which a TFRecord "
                           "cannot hold",
                           f->name, (long long)w->rows);
    return CF_OK;
}

/* --- rows --- */

/* Where the values of a row lie. */
typedef struct {
    const cf_column *column;
    int64_t begin, end;
    bool absent; /* there is a null instead */
} span;

static cf_status enter_list(const tf_writer *w, feature *f, uint32_t step, uint32_t depth,
                            span *s, cf_error *err) {
    const int64_t *offsets = s->column->offsets;
    if (depth > 0) CF_TRY(check_nulls(w, f, s->column, s->begin, s->end, err));
    for (int64_t i = s->begin; i < s->end && depth > 0; i++) {
        const int64_t length = offsets[i + 1] - offsets[i];
        if (f->inner[step] < 0) f->inner[step] = length;
        if (length != f->inner[step])
            return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                           "the lists inside column `%s` differ in length (%lld and %lld, row "
                           "%lld), which a TFRecord cannot say",
                           f->name, (long long)f->inner[step], (long long)length,
                           (long long)w->rows);
    }
    *s = (span){s->column->children[0], offsets[s->begin], offsets[s->end], false};
    return CF_OK;
}

static cf_status find_values(const tf_writer *w, feature *f, const cf_table *rows, int64_t row,
                             span *s, cf_error *err) {
    uint32_t depth = 0;
    *s = (span){rows, row, row + 1, false};
    for (uint32_t i = 0; i < f->step_count; i++) {
        if (f->steps[i] == STEP_FIELD)
            s->column = s->column->children[f->child[i]];
        else
            CF_TRY(enter_list(w, f, i, depth++, s, err));
        if (depth == 0 && cf_column_is_null(s->column, row)) {
            s->absent = true;
            return CF_OK;
        }
    }
    if (depth > 0 && f->what != HOLDS_FLOATS)
        CF_TRY(check_nulls(w, f, s->column, s->begin, s->end, err));
    return CF_OK;
}

static cf_status put_feature(tf_writer *w, feature *f, const cf_table *rows, int64_t row,
                             cf_error *err) {
    span s;
    CF_TRY(find_values(w, f, rows, row, &s, err));
    if (s.absent) return CF_OK;
    w->values.size = w->entry.size = 0;
    if (f->what == HOLDS_INTS) CF_TRY(put_ints(w, f, s.column, s.begin, s.end, err));
    if (f->what == HOLDS_FLOATS) put_floats(w, s.column, s.begin, s.end);
    for (int64_t i = s.begin; i < s.end && f->what == HOLDS_BYTES; i++) {
        const cf_view v = cf_column_text(s.column, i);
        put_bytes(&w->values, 1, v.data, (size_t)v.size);
    }
    w->list.size = w->value.size = 0;
    if (f->what == HOLDS_BYTES)
        cf_text_add(&w->list, w->values.data, w->values.size);
    else
        put_bytes(&w->list, 1, w->values.data, w->values.size); /* packed */
    put_bytes(&w->value, f->what, w->list.data, w->list.size);
    put_bytes(&w->entry, 1, f->name, strlen(f->name));
    put_bytes(&w->entry, 2, w->value.data, w->value.size);
    put_bytes(&w->example, 1, w->entry.data, w->entry.size);
    const bool failed = w->list.failed || w->value.failed || w->values.failed ||
                        w->entry.failed || w->example.failed;
    return failed ? no_memory(w, err) : CF_OK;
}

static void put_record(tf_writer *w, const char *data, size_t size) {
    const uint64_t length = size;
    const uint32_t head = crc_of(&w->crc, &length, sizeof length);
    const uint32_t body = crc_of(&w->crc, data, size);
    cf_text_add(&w->out, (const char *)&length, sizeof length);
    cf_text_add(&w->out, (const char *)&head, sizeof head);
    cf_text_add(&w->out, data, size);
    cf_text_add(&w->out, (const char *)&body, sizeof body);
}

static cf_status flush(tf_writer *w, cf_error *err) {
    if (w->out.failed) return no_memory(w, err);
    CF_TRY(cf_new_file_add(&w->file, w->out.data, w->out.size, err));
    w->out.size = 0;
    return CF_OK;
}

static cf_status tf_add(void *state, const cf_table *rows, cf_error *err) {
    tf_writer *w = state;
    for (int64_t row = 0; row < rows->length; row++, w->rows++) {
        w->example.size = w->record.size = 0;
        for (uint32_t i = 0; i < w->count; i++)
            CF_TRY(put_feature(w, &w->features[i], rows, row, err));
        put_bytes(&w->record, 1, w->example.data, w->example.size);
        if (w->record.failed) return no_memory(w, err);
        put_record(w, w->record.data, w->record.size);
        if (w->out.size >= FLUSH_BYTES || w->out.failed) CF_TRY(flush(w, err));
    }
    return CF_OK;
}

static void tf_abandon(void *state) {
    tf_writer *w = state;
    cf_new_file_close(&w->file);
    cf_text *all[] = {&w->out,   &w->record, &w->example, &w->entry,
                      &w->value, &w->list,   &w->values};
    for (size_t i = 0; i < CF_COUNT(all); i++)
        cf_text_clear(all[i]);
    free(w->features);
    cf_arena_free(w->arena);
    free(w);
}

static cf_status tf_finish(void *state, int64_t *bytes, cf_error *err) {
    tf_writer *w = state;
    cf_status status = flush(w, err);
    if (status == CF_OK) status = cf_new_file_finish(&w->file, err);
    if (bytes != NULL) *bytes = w->file.bytes;
    tf_abandon(w);
    return status;
}

cf_status cf_tfrecord_writer_open(const char *path, const cf_type *schema, cf_writer *writer,
                                  cf_error *err) {
    static const cf_writer_class class = {tf_add, tf_finish, tf_abandon};
    const feature top = {.name = ""};
    tf_writer *w = calloc(1, sizeof *w);
    cf_arena *arena = cf_arena_new((size_t)4 << 10);
    if (w == NULL || arena == NULL) {
        free(w);
        cf_arena_free(arena);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write %s", path);
    }
    w->arena = arena;
    w->file.fd = -1;
    crc_fill(&w->crc);
    cf_status status = add_features(w, cf_type_copy(arena, schema), &top, err);
    if (status == CF_OK) status = cf_new_file_open(path, &w->file, err);
    if (status != CF_OK) {
        tf_abandon(w);
        return status;
    }
    *writer = (cf_writer){&class, w};
    return CF_OK;
}
