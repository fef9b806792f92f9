/* Levels from columns.  A list of entries, one for each row at first, goes down the leaf's
 * path: a null ends an entry, a list replaces it by one for each element, everything else
 * passes.  Where the rest of the path has no nulls and at most one list more, as nearly always,
 * levels and values are filled in for whole lists at once. */

#include "io/parquet_shred.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

typedef struct {
    int64_t row; /* in the column at hand; -1: the entry has ended */
    uint8_t rep, def;
} entry;

typedef struct {
    entry *list;
    size_t count, room;
} entries;

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write a row group");
}

static bool add_entry(entries *e, entry x) {
    if (e->count == e->room) {
        const size_t room = e->room < 1024 ? 1024 : 2 * e->room;
        entry *list = realloc(e->list, room * sizeof *list);
        if (list == NULL) return false;
        e->list = list;
        e->room = room;
    }
    e->list[e->count++] = x;
    return true;
}

/* Ends the entries that are null here; the others exist one step further. */
static cf_status pass_nulls(const cf_pq_shred *leaf, const cf_field *f, const cf_column *c,
                            entries *e, cf_error *err) {
    for (size_t i = 0; i < e->count; i++) {
        entry *x = &e->list[i];
        if (x->row < 0) continue;
        const bool null =
            f->type->kind == CF_NULL || (c->valid != NULL && c->valid[x->row] == 0);
        if (null && !cf_pq_optional(f))
            return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                           "column `%s` has a null where its type allows none", leaf->name);
        if (null) {
            x->row = -1;
        } else if (cf_pq_optional(f)) {
            x->def++;
        }
    }
    return CF_OK;
}

static bool open_lists(const cf_column *c, uint8_t level, const entries *in, entries *out) {
    out->count = 0;
    for (size_t i = 0; i < in->count; i++) {
        const entry x = in->list[i];
        const int64_t begin = x.row < 0 ? 0 : c->offsets[x.row];
        const int64_t end = x.row < 0 ? 0 : c->offsets[x.row + 1];
        if (begin == end && !add_entry(out, (entry){-1, x.rep, x.def})) return false;
        for (int64_t k = begin; k < end; k++) {
            if (!add_entry(out, (entry){k, k == begin ? x.rep : level, (uint8_t)(x.def + 1)}))
                return false;
        }
    }
    return true;
}

/* ---- values ---- */

static void put_text(cf_text *out, const cf_column *c, int64_t row) {
    const cf_view v = cf_column_text(c, row);
    const uint32_t size = (uint32_t)v.size;
    cf_text_add(out, (const char *)&size, sizeof size);
    cf_text_add(out, v.data, (size_t)v.size);
}

static void put_decimal(cf_text *out, const cf_column *c, int64_t row) {
    uint128 x;
    char bytes[16];
    memcpy(&x, (const int128 *)c->values + row, sizeof x);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(uint8_t)(x >> (8 * (15 - i)));
    cf_text_add(out, bytes, sizeof bytes);
}

/* Narrow integers and dates are stored in 32 bits. */
static void put_i32(cf_text *out, const cf_column *c, int64_t row) {
    const int32_t x = (int32_t)cf_column_int(c, row);
    cf_text_add(out, (const char *)&x, sizeof x);
}

static bool is_day(const cf_column *c, int64_t row) {
    const int64_t x = ((const int64_t *)c->values)[row];
    return x >= INT32_MIN && x <= INT32_MAX;
}

static size_t stored_size(const cf_pq_shred *leaf) {
    return leaf->field->type->kind == CF_BOOL ? 1 : leaf->size;
}

static bool stored_as_is(cf_kind kind, uint32_t size) {
    return kind != CF_TEXT && kind != CF_DECIMAL && kind != CF_NULL && kind != CF_DATE &&
           cf_kind_size(kind) == size;
}

/* One after the other, at one size: copied in runs of neighbouring rows. */
static void put_same(cf_text *out, const cf_column *c, const entries *e, size_t size) {
    for (size_t i = 0; i < e->count;) {
        const int64_t row = e->list[i].row;
        size_t n = 1;
        while (i + n < e->count && row >= 0 && e->list[i + n].row == row + (int64_t)n)
            n++;
        if (row >= 0) cf_text_add(out, (const char *)c->values + (size_t)row * size, n * size);
        i += n;
    }
}

static cf_status put_values(cf_pq_shred *leaf, const cf_column *c, const entries *e,
                            cf_error *err) {
    const cf_kind kind = leaf->field->type->kind;
    cf_text *out = &leaf->values;
    const size_t size = stored_size(leaf);
    if (stored_as_is(kind, (uint32_t)size)) {
        put_same(out, c, e, size);
        return CF_OK;
    }
    for (size_t i = 0; i < e->count; i++) {
        const int64_t row = e->list[i].row;
        if (row < 0) continue;
        if (kind == CF_TEXT) {
            if (cf_column_text(c, row).size > INT32_MAX)
                return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                               "a text in `%s` is too long for Parquet", leaf->name);
            put_text(out, c, row);
        } else if (kind == CF_DECIMAL) {
            put_decimal(out, c, row);
        } else if (kind == CF_DATE && !is_day(c, row)) {
            return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                           "a date in `%s` is too far away for Parquet", leaf->name);
        } else if (kind == CF_DATE) {
            const int32_t day = (int32_t)((const int64_t *)c->values)[row];
            cf_text_add(out, (const char *)&day, sizeof day);
        } else {
            put_i32(out, c, row);
        }
    }
    return CF_OK;
}

/* ---- many at once ---- */

static char *room(cf_text *t, size_t more) {
    if (t->failed) return NULL;
    if (t->data == NULL || more > t->capacity - t->size) {
        size_t capacity = t->capacity + t->capacity / 2 + 64;
        if (capacity < t->size + more) capacity = t->size + more;
        char *data = realloc(t->data, capacity);
        t->failed = data == NULL;
        if (data == NULL) return NULL;
        t->data = data;
        t->capacity = capacity;
    }
    t->size += more;
    return t->data + t->size - more;
}

/* The leaf's column below the i-th one on the way; NULL: there is a null, or a list. */
static const cf_column *plain_below(const cf_pq_shred *leaf, uint32_t i, const cf_column *c) {
    for (i++; i < leaf->way_count; i++) {
        const cf_kind kind = leaf->way[i]->type->kind;
        c = c->children[leaf->steps[i]];
        if (kind == CF_LIST || kind == CF_NULL) return NULL;
        if (c->valid != NULL && memchr(c->valid, 0, (size_t)c->length) != NULL) return NULL;
    }
    return stored_as_is(leaf->field->type->kind, (uint32_t)stored_size(leaf)) ? c : NULL;
}

/* The same from the top. */
static const cf_column *plain_rows(const cf_pq_shred *leaf, const cf_table *rows) {
    const cf_kind kind = leaf->way[0]->type->kind;
    const cf_column *c = rows->children[leaf->steps[0]];
    if (kind == CF_LIST || kind == CF_NULL || c->valid != NULL) return NULL;
    return plain_below(leaf, 0, c);
}

static void put_run(cf_pq_shred *leaf, const cf_column *c, int64_t begin, int64_t end) {
    const size_t size = stored_size(leaf);
    cf_text_add(&leaf->values, (const char *)c->values + (size_t)begin * size,
                (size_t)(end - begin) * size);
    leaf->present += (size_t)(end - begin);
}

/* One level of an entry that has ended, or those of the n elements of its list. */
static void put_entry(cf_pq_shred *leaf, const entry *x, uint8_t level, size_t n) {
    const size_t count = n == 0 ? 1 : n;
    char *rep = leaf->rep_max > 0 ? room(&leaf->rep, count) : NULL;
    char *def = leaf->def_max > 0 ? room(&leaf->def, count) : NULL;
    if (rep != NULL) memset(rep, level, count);
    if (rep != NULL) rep[0] = (char)x->rep;
    if (def != NULL) memset(def, n == 0 ? x->def : leaf->def_max, count);
    leaf->entries += count;
}

/* The entries stand before the innermost list; values is the leaf's column. */
static void put_lists(cf_pq_shred *leaf, const cf_column *list, const cf_column *values,
                      uint8_t level, const entries *e) {
    int64_t begin = 0, end = 0; /* neighbouring lists, whose values are copied together */
    for (size_t i = 0; i < e->count; i++) {
        const entry *x = &e->list[i];
        const int64_t from = x->row < 0 ? end : list->offsets[x->row];
        const int64_t to = x->row < 0 ? end : list->offsets[x->row + 1];
        put_entry(leaf, x, level, (size_t)(to - from));
        if (from != end) {
            put_run(leaf, values, begin, end);
            begin = from;
        }
        end = to;
    }
    put_run(leaf, values, begin, end);
}

/* A path without lists and nulls. */
static void put_rows(cf_pq_shred *leaf, const cf_column *c, int64_t begin, int64_t end) {
    const size_t n = (size_t)(end - begin);
    char *def = leaf->def_max > 0 ? room(&leaf->def, n) : NULL;
    if (def != NULL) memset(def, leaf->def_max, n);
    put_run(leaf, c, begin, end);
    leaf->entries += n;
}

/* ---- the whole ---- */

static void put_levels(cf_pq_shred *leaf, const entries *e) {
    enum { BLOCK = 4096 };
    char rep[BLOCK], def[BLOCK];
    for (size_t at = 0; at < e->count; at += BLOCK) {
        const size_t n = e->count - at < BLOCK ? e->count - at : BLOCK;
        for (size_t i = 0; i < n; i++) {
            rep[i] = (char)e->list[at + i].rep;
            def[i] = (char)e->list[at + i].def;
            leaf->present += e->list[at + i].row >= 0;
        }
        if (leaf->rep_max > 0) cf_text_add(&leaf->rep, rep, n);
        if (leaf->def_max > 0) cf_text_add(&leaf->def, def, n);
    }
    leaf->entries += e->count;
}

static cf_status check_room(const cf_pq_shred *leaf, cf_error *err) {
    const bool failed = leaf->rep.failed || leaf->def.failed || leaf->values.failed;
    return failed ? no_memory(err) : CF_OK;
}

static cf_status walk(cf_pq_shred *leaf, const cf_table *rows, entries *at, entries *spare,
                      cf_error *err) {
    const cf_column *c = rows;
    uint8_t level = 0;
    for (uint32_t i = 0; i < leaf->way_count; i++) {
        c = c->children[leaf->steps[i]];
        CF_TRY(pass_nulls(leaf, leaf->way[i], c, at, err));
        if (leaf->way[i]->type->kind != CF_LIST) continue;
        const cf_column *values = plain_below(leaf, i, c);
        if (values != NULL) {
            put_lists(leaf, c, values, (uint8_t)(level + 1), at);
            return check_room(leaf, err);
        }
        if (!open_lists(c, ++level, at, spare)) return no_memory(err);
        const entries swap = *at;
        *at = *spare;
        *spare = swap;
    }
    put_levels(leaf, at);
    CF_TRY(put_values(leaf, c, at, err));
    return check_room(leaf, err);
}

cf_status cf_pq_shred_add(cf_pq_shred *leaf, const cf_table *rows, int64_t begin, int64_t end,
                          cf_error *err) {
    const cf_column *plain = plain_rows(leaf, rows);
    if (plain != NULL) {
        put_rows(leaf, plain, begin, end);
        return check_room(leaf, err);
    }
    entries at = {0}, spare = {0};
    cf_status status = CF_OK;
    for (int64_t row = begin; row < end && status == CF_OK; row++) {
        if (!add_entry(&at, (entry){row, 0, 0})) status = no_memory(err);
    }
    if (status == CF_OK) status = walk(leaf, rows, &at, &spare, err);
    free(at.list);
    free(spare.list);
    return status;
}

void cf_pq_shred_reset(cf_pq_shred *leaf) {
    leaf->rep.size = leaf->def.size = leaf->values.size = 0;
    leaf->entries = leaf->present = 0;
}

size_t cf_pq_shred_bytes(const cf_pq_shred *leaf) {
    return leaf->rep.size + leaf->def.size + leaf->values.size;
}
