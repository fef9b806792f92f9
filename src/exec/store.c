#include "exec/groups.h"

#include <stdlib.h>
#include <string.h>

static size_t size_of(const cf_store *s) {
    return s->kind == CF_TEXT ? sizeof(uint64_t) : cf_kind_size(s->kind);
}

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the groups");
}

cf_store *cf_store_new(cf_kind kind) {
    cf_store *s = calloc(1, sizeof *s);
    if (s != NULL) s->kind = kind;
    return s;
}

void cf_store_free(cf_store *s) {
    if (s == NULL) return;
    cf_text_clear(&s->bytes);
    free(s->data);
    free(s->valid);
    free(s);
}

size_t cf_store_bytes(const cf_store *s) {
    return s->capacity * (size_of(s) + (s->valid != NULL)) + s->bytes.capacity;
}

static bool grow(cf_store *s, size_t count) {
    if (s->count + count <= s->capacity) return true;
    const size_t capacity = s->count + count + s->capacity / 2 + 8;
    void *data = realloc(s->data, capacity * size_of(s));
    if (data == NULL) return false;
    s->data = data;
    if (s->valid != NULL) {
        uint8_t *valid = realloc(s->valid, capacity);
        if (valid == NULL) return false;
        s->valid = valid;
    }
    s->capacity = capacity;
    return true;
}

/* From the first null on there is a byte for each value. */
static bool need_valid(cf_store *s) {
    if (s->valid != NULL) return true;
    s->valid = malloc(s->capacity + 1);
    if (s->valid != NULL) memset(s->valid, 1, s->capacity);
    return s->valid != NULL;
}

static void put_value(cf_store *s, const cf_vec *x, int32_t row) {
    const size_t size = size_of(s);
    if (s->kind != CF_TEXT) {
        char *to = (char *)s->data + s->count * size;
        if (row < 0)
            memset(to, 0, size);
        else
            memcpy(to, (const char *)x->data + (size_t)row * size, size);
        return;
    }
    const cf_view text = row < 0 ? (cf_view){NULL, 0} : CF_VEC_DATA(*x, cf_view)[row];
    if (text.size > 0) cf_text_add(&s->bytes, text.data, (size_t)text.size);
    ((uint64_t *)s->data)[s->count] = s->bytes.size;
}

cf_status cf_store_add(cf_store *s, const cf_vec *x, const int32_t *rows, size_t count,
                       cf_error *err) {
    CF_ASSERT(x->kind == s->kind && !x->constant);
    if (!grow(s, count)) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const bool valid = rows[i] >= 0 && (x->valid == NULL || x->valid[rows[i]]);
        if (!valid && !need_valid(s)) return no_memory(err);
        if (s->valid != NULL) s->valid[s->count] = valid;
        put_value(s, x, valid ? rows[i] : -1);
        s->count++;
    }
    return s->bytes.failed ? no_memory(err) : CF_OK;
}

static cf_status views_of(const cf_store *s, bool copy, cf_arena *arena, cf_vec *out,
                          cf_error *err) {
    cf_view *views = cf_arena_alloc(arena, (s->count + 1) * sizeof *views, 16);
    char *own = copy ? cf_arena_alloc(arena, s->bytes.size + 1, 1) : NULL;
    if (views == NULL || (copy && own == NULL)) return no_memory(err);
    if (copy && s->bytes.size > 0) memcpy(own, s->bytes.data, s->bytes.size);
    const char *bytes = copy ? own : s->bytes.data;
    const uint64_t *ends = s->data;
    uint64_t begin = 0;
    for (size_t i = 0; i < s->count; i++) {
        views[i] = (cf_view){ends[i] == begin ? "" : bytes + begin, ends[i] - begin};
        begin = ends[i];
    }
    out->data = views;
    return CF_OK;
}

static const void *copy_of(const void *data, size_t bytes, cf_arena *arena) {
    void *copy = cf_arena_alloc(arena, bytes + 1, 64);
    if (copy != NULL && bytes > 0) memcpy(copy, data, bytes);
    return copy;
}

cf_status cf_store_vec(const cf_store *s, bool copy, cf_arena *arena, cf_vec *out,
                       cf_error *err) {
    *out =
        (cf_vec){.kind = s->kind, .n = (uint32_t)s->count, .data = s->data, .valid = s->valid};
    if (copy && s->valid != NULL) {
        out->valid = copy_of(s->valid, s->count, arena);
        if (out->valid == NULL) return no_memory(err);
    }
    if (s->kind == CF_TEXT) return views_of(s, copy, arena, out, err);
    if (copy) out->data = copy_of(s->data, s->count * size_of(s), arena);
    return copy && out->data == NULL ? no_memory(err) : CF_OK;
}

/* --- bytes --- */

void cf_store_write(const cf_store *s, cf_text *out) {
    cf_put_u8(out, s->valid != NULL);
    cf_put_array(out, s->data, s->count, size_of(s));
    if (s->valid != NULL) cf_put_array(out, s->valid, s->count, 1);
    if (s->kind == CF_TEXT) cf_put_array(out, s->bytes.data, s->bytes.size, 1);
}

/* Each text ends where it begins or later, and the last one where the bytes end. */
static bool read_texts(cf_store *s, cf_reader *r) {
    const uint64_t *ends = s->data;
    uint64_t at = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (ends[i] < at || ends[i] > r->left) r->bad = true;
        at = ends[i];
    }
    const char *bytes = r->bad ? NULL : cf_get_bytes(r, (size_t)at, 1);
    if (r->bad) return false;
    if (at > 0) cf_text_add(&s->bytes, bytes, (size_t)at);
    return !s->bytes.failed;
}

static bool read_into(cf_store *s, size_t count, cf_reader *r) {
    const uint8_t nulls = cf_get_u8(r);
    if (nulls > 1 || count > r->left / size_of(s)) r->bad = true;
    if (r->bad || !grow(s, count)) return false;
    s->count = count;
    if (!cf_get_array(r, s->data, count, size_of(s))) return false;
    for (size_t i = 0; s->kind == CF_BOOL && i < count; i++)
        if (((const uint8_t *)s->data)[i] > 1) r->bad = true;
    if (nulls == 1 && (!need_valid(s) || !cf_get_array(r, s->valid, count, 1))) return false;
    for (size_t i = 0; nulls == 1 && i < count; i++)
        if (s->valid[i] > 1) r->bad = true;
    return s->kind == CF_TEXT ? read_texts(s, r) : !r->bad;
}

cf_store *cf_store_read(cf_kind kind, size_t count, cf_reader *r) {
    cf_store *s = cf_store_new(kind);
    if (s != NULL && read_into(s, count, r)) return s;
    cf_store_free(s);
    return NULL;
}
