/* Writing Parquet: rows are gathered in leaves until a row group is full; then each leaf
 * becomes a column chunk (dictionary page if worth it, data pages of version 2, each beginning
 * with a row).  Floats that are all different will have no dictionary: of those a page is
 * packed as soon as it is full, while its bytes are in the cache, and only packed pages wait.
 */

#include "io/parquet.h"
#include "io/parquet_bits.h"
#include "io/parquet_encode.h"
#include "io/parquet_shred.h"
#include "io/parquet_thrift.h"
#include "prim/simd.h"

#include <math.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

enum {
    GROUP_ROWS = 1 << 17,
    PAGE_BYTES = 1 << 20,
    PAGE_ENTRIES = 1 << 17,
    ADD_ROWS = 1 << 14, /* taken from a table at a time */
    BOUND_MAX = 64,     /* longer texts are not kept as statistics */
    ZSTD_LEVEL = 1      /* on floats as small as 3, in half the time */
};
#define GROUP_BYTES ((int64_t)64 << 20)

typedef struct {
    uint64_t dictionary_at, data_at; /* dictionary_at 0: none */
    uint64_t packed, unpacked;
    size_t entries, nulls;
    bool has_bounds;
    uint8_t min[BOUND_MAX], max[BOUND_MAX];
    size_t min_size, max_size;
} chunk;

typedef struct {
    chunk *chunks; /* [leaf count] */
    int64_t rows;
    uint64_t begin;
} row_group;

/* Bytes that wait for their place in the file. */
typedef struct piece {
    struct piece *next;
    size_t size;
    char data[];
} piece;

/* A leaf of the row group at hand. */
typedef struct {
    bool decided;        /* what `early` is */
    bool early;          /* its pages do not wait for the end of the group */
    piece *first, *last; /* of the pages packed so far */
    size_t values;       /* bytes of the values in them */
    chunk chunk;
} leaf_pages;

struct cf_parquet_writer {
    cf_arena *arena;
    const char *path, *temporary;
    FILE *file;
    uint64_t at; /* bytes written */
    const cf_type *schema;
    cf_pq_shred *leaves;
    uint32_t leaf_count, leaf_room;
    int64_t rows, group_rows_max, group_bytes_max;
    cf_parquet_pack pack;
    bool old_pages;
    ZSTD_CCtx *zstd;
    row_group *groups;
    size_t group_count, group_room;
    cf_text packed, body;
    leaf_pages *early; /* [leaf_count] */
    leaf_pages *into;  /* where pages go; NULL: to the file */
};

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory to write a Parquet file");
}

static cf_status write_failed(const cf_parquet_writer *w, cf_error *err) {
    return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "cannot write %s: %s", w->path,
                   cf_errno_text());
}

static cf_status keep_bytes(leaf_pages *l, const void *data, size_t size, cf_error *err) {
    if (size == 0) return CF_OK;
    piece *p = malloc(sizeof *p + size);
    if (p == NULL) return no_memory(err);
    p->next = NULL;
    p->size = size;
    memcpy(p->data, data, size);
    if (l->last != NULL)
        l->last->next = p;
    else
        l->first = p;
    l->last = p;
    return CF_OK;
}

static void forget_pieces(leaf_pages *l) {
    while (l->first != NULL) {
        piece *next = l->first->next;
        free(l->first);
        l->first = next;
    }
    l->last = NULL;
}

static cf_status put_bytes(cf_parquet_writer *w, const void *data, size_t size, cf_error *err) {
    if (w->into != NULL) return keep_bytes(w->into, data, size, err);
    if (size > 0 && fwrite(data, 1, size, w->file) != size) return write_failed(w, err);
    w->at += size;
    return CF_OK;
}

/* ---- how kinds are stored ---- */

typedef enum {
    LOGICAL_NONE = 0,
    LOGICAL_TEXT = 1,
    LOGICAL_LIST = 3,
    LOGICAL_DECIMAL = 5,
    LOGICAL_DATE = 6,
    LOGICAL_TIME = 7,
    LOGICAL_TIMESTAMP = 8,
    LOGICAL_INTEGER = 10,
    LOGICAL_NULL = 11
} logical;

static const struct {
    bool known;
    cf_pq_physical physical;
    uint8_t size;
    logical annotation;
    int8_t converted; /* the older annotation; -1: none */
    uint8_t bits;
    bool is_signed;
} stored[CF_KIND_COUNT] = {
    [CF_NULL] = {true, CF_PQ_INT32, 4, LOGICAL_NULL, -1, 0, false},
    [CF_BOOL] = {true, CF_PQ_BOOLEAN, 0, LOGICAL_NONE, -1, 0, false},
    [CF_INT64] = {true, CF_PQ_INT64, 8, LOGICAL_NONE, -1, 0, false},
    [CF_FLOAT64] = {true, CF_PQ_DOUBLE, 8, LOGICAL_NONE, -1, 0, false},
    [CF_TEXT] = {true, CF_PQ_BYTES, 0, LOGICAL_TEXT, 0, 0, false},
    [CF_DATE] = {true, CF_PQ_INT32, 4, LOGICAL_DATE, 6, 0, false},
    [CF_TIME] = {true, CF_PQ_INT64, 8, LOGICAL_TIME, 8, 0, false},
    [CF_TIMESTAMP] = {true, CF_PQ_INT64, 8, LOGICAL_TIMESTAMP, -1, 0, false},
    [CF_DURATION] = {true, CF_PQ_INT64, 8, LOGICAL_NONE, -1, 0, false},
    [CF_INDEX] = {true, CF_PQ_INT32, 4, LOGICAL_NONE, -1, 0, false},
    [CF_INT8] = {true, CF_PQ_INT32, 4, LOGICAL_INTEGER, 15, 8, true},
    [CF_INT16] = {true, CF_PQ_INT32, 4, LOGICAL_INTEGER, 16, 16, true},
    [CF_INT32] = {true, CF_PQ_INT32, 4, LOGICAL_NONE, -1, 0, false},
    [CF_UINT8] = {true, CF_PQ_INT32, 4, LOGICAL_INTEGER, 11, 8, false},
    [CF_UINT16] = {true, CF_PQ_INT32, 4, LOGICAL_INTEGER, 12, 16, false},
    [CF_UINT32] = {true, CF_PQ_INT32, 4, LOGICAL_INTEGER, 13, 32, false},
    [CF_UINT64] = {true, CF_PQ_INT64, 8, LOGICAL_INTEGER, 14, 64, false},
    [CF_FLOAT32] = {true, CF_PQ_FLOAT, 4, LOGICAL_NONE, -1, 0, false},
    [CF_DECIMAL] = {true, CF_PQ_FIXED, 16, LOGICAL_DECIMAL, 5, 0, false},
};

/* ---- leaves ---- */

/* What lies above the leaf at hand. */
typedef struct {
    const cf_field *way[CF_PQ_DEPTH_MAX];
    uint32_t steps[CF_PQ_DEPTH_MAX];
    const char *path[2 * CF_PQ_DEPTH_MAX];
    uint32_t depth, path_count;
    uint8_t def, rep;
    cf_text name;
} trail;

static const void *keep(cf_arena *arena, const void *data, size_t size) {
    void *copy = cf_arena_need(arena, size + 1);
    memcpy(copy, data, size);
    return copy;
}

static cf_status add_leaf(cf_parquet_writer *w, const trail *t, cf_error *err) {
    const cf_field *f = t->way[t->depth - 1];
    const cf_kind kind = f->type->kind;
    if (!stored[kind].known)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                       "column `%s` is a %s, which Parquet cannot hold", t->name.data,
                       cf_kind_word(kind));
    if (w->leaf_count == w->leaf_room) {
        const uint32_t room = w->leaf_room == 0 ? 16 : 2 * w->leaf_room;
        cf_pq_shred *leaves = realloc(w->leaves, room * sizeof *leaves);
        if (leaves == NULL) return no_memory(err);
        w->leaves = leaves;
        w->leaf_room = room;
    }
    cf_pq_shred *leaf = &w->leaves[w->leaf_count++];
    *leaf = (cf_pq_shred){
        .field = f,
        .name = cf_str_dup(w->arena, (cf_str){t->name.data, t->name.size}),
        .way = (const cf_field **)(uintptr_t)keep(w->arena, t->way, t->depth * sizeof *t->way),
        .steps = keep(w->arena, t->steps, t->depth * sizeof *t->steps),
        .path =
            (const char **)(uintptr_t)keep(w->arena, t->path, t->path_count * sizeof *t->path),
        .path_count = t->path_count,
        .way_count = t->depth,
        .physical = stored[kind].physical,
        .size = stored[kind].size,
        .def_max = t->def,
        .rep_max = t->rep,
    };
    return CF_OK;
}

static cf_status add_leaves(cf_parquet_writer *w, trail *t, const cf_field *f, uint32_t step,
                            cf_error *err);

static cf_status add_below(cf_parquet_writer *w, trail *t, const cf_field *f, cf_error *err) {
    const cf_type *type = f->type;
    if (type->kind == CF_LIST) {
        t->def++;
        t->rep++;
        t->path[t->path_count++] = "list";
        CF_TRY(add_leaves(w, t, &type->fields[0], 0, err));
        t->path_count--;
        t->rep--;
        t->def--;
        return CF_OK;
    }
    if (type->kind != CF_TUPLE) return add_leaf(w, t, err);
    if (type->field_count == 0)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                       "column `%s` is a tuple without fields, which Parquet cannot hold",
                       t->name.data);
    for (uint32_t i = 0; i < type->field_count; i++)
        CF_TRY(add_leaves(w, t, &type->fields[i], i, err));
    return CF_OK;
}

static cf_status add_leaves(cf_parquet_writer *w, trail *t, const cf_field *f, uint32_t step,
                            cf_error *err) {
    const size_t name = t->name.size;
    const bool element = f->name[0] == '\0';
    if (t->depth == CF_PQ_DEPTH_MAX || t->def > 200 || t->rep == CF_PQ_LISTS_MAX)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE, "column `%s` is nested too deeply",
                       t->name.data);
    if (!element && name > 0) cf_text_addc(&t->name, '.');
    cf_text_adds(&t->name, f->name);
    t->way[t->depth] = f;
    t->steps[t->depth++] = step;
    t->path[t->path_count++] = element ? "element" : f->name;
    t->def = (uint8_t)(t->def + cf_pq_optional(f));
    CF_TRY(add_below(w, t, f, err));
    t->def = (uint8_t)(t->def - cf_pq_optional(f));
    t->path_count--;
    t->depth--;
    t->name.size = name;
    if (t->name.data != NULL) t->name.data[name] = '\0';
    return CF_OK;
}

static cf_status list_leaves(cf_parquet_writer *w, cf_error *err) {
    trail *t = calloc(1, sizeof *t);
    if (t == NULL) return no_memory(err);
    cf_status status = CF_OK;
    for (uint32_t i = 0; i < w->schema->field_count && status == CF_OK; i++)
        status = add_leaves(w, t, &w->schema->fields[i], i, err);
    if (status == CF_OK && t->name.failed) status = no_memory(err);
    cf_text_clear(&t->name);
    free(t);
    return status;
}

/* ---- packing ---- */

/* Packs into w->packed; where packing gains nothing *packed is false, unless `always`: only
 * pages of version 2 can say that they are not packed. */
static cf_status pack(cf_parquet_writer *w, const void *data, size_t size, bool always,
                      bool *packed, size_t *packed_size, cf_error *err) {
    *packed = false;
    *packed_size = size;
    if (w->pack == CF_PARQUET_PACK_NONE || (size == 0 && !always)) return CF_OK;
    const bool snappy = w->pack == CF_PARQUET_PACK_SNAPPY;
    const size_t room = snappy ? snappy_max_compressed_length(size) : ZSTD_compressBound(size);
    if (w->packed.capacity < room) {
        char *grown = realloc(w->packed.data, room);
        if (grown == NULL) return no_memory(err);
        w->packed.data = grown;
        w->packed.capacity = room;
    }
    const void *from = size > 0 ? data : "";
    size_t n = room;
    if (snappy) {
        if (snappy_compress(from, size, w->packed.data, &n) != SNAPPY_OK) return no_memory(err);
    } else {
        n = ZSTD_compressCCtx(w->zstd, w->packed.data, room, from, size, ZSTD_LEVEL);
        if (ZSTD_isError(n)) return no_memory(err);
    }
    if (n >= size && !always) return CF_OK;
    *packed = true;
    *packed_size = n;
    return CF_OK;
}

/* ---- pages ---- */

typedef struct {
    size_t entries, rows, nulls, rep_size, def_size, size, packed_size;
    int encoding;
    bool packed;
} page_facts;

static void put_data_header(cf_text *out, const page_facts *p) {
    cf_thrift_out t = {.out = out};
    const size_t levels = p->rep_size + p->def_size;
    cf_thrift_put_int(&t, 1, CF_THRIFT_I32, CF_PQ_DATA_V2);
    cf_thrift_put_int(&t, 2, CF_THRIFT_I32, (int64_t)(levels + p->size));
    cf_thrift_put_int(&t, 3, CF_THRIFT_I32, (int64_t)(levels + p->packed_size));
    cf_thrift_put_struct(&t, 8);
    cf_thrift_put_int(&t, 1, CF_THRIFT_I32, (int64_t)p->entries);
    cf_thrift_put_int(&t, 2, CF_THRIFT_I32, (int64_t)p->nulls);
    cf_thrift_put_int(&t, 3, CF_THRIFT_I32, (int64_t)p->rows);
    cf_thrift_put_int(&t, 4, CF_THRIFT_I32, p->encoding);
    cf_thrift_put_int(&t, 5, CF_THRIFT_I32, (int64_t)p->def_size);
    cf_thrift_put_int(&t, 6, CF_THRIFT_I32, (int64_t)p->rep_size);
    cf_thrift_put_bool(&t, 7, p->packed);
    cf_thrift_put_end(&t);
    cf_text_addc(out, 0);
}

static void put_old_header(cf_text *out, const page_facts *p) {
    cf_thrift_out t = {.out = out};
    cf_thrift_put_int(&t, 1, CF_THRIFT_I32, CF_PQ_DATA);
    cf_thrift_put_int(&t, 2, CF_THRIFT_I32, (int64_t)p->size);
    cf_thrift_put_int(&t, 3, CF_THRIFT_I32, (int64_t)p->packed_size);
    cf_thrift_put_struct(&t, 5);
    cf_thrift_put_int(&t, 1, CF_THRIFT_I32, (int64_t)p->entries);
    cf_thrift_put_int(&t, 2, CF_THRIFT_I32, p->encoding);
    cf_thrift_put_int(&t, 3, CF_THRIFT_I32, CF_PQ_RLE);
    cf_thrift_put_int(&t, 4, CF_THRIFT_I32, CF_PQ_RLE);
    cf_thrift_put_end(&t);
    cf_text_addc(out, 0);
}

static void put_dictionary_header(cf_text *out, size_t count, size_t size, size_t packed_size) {
    cf_thrift_out t = {.out = out};
    cf_thrift_put_int(&t, 1, CF_THRIFT_I32, CF_PQ_DICTIONARY);
    cf_thrift_put_int(&t, 2, CF_THRIFT_I32, (int64_t)size);
    cf_thrift_put_int(&t, 3, CF_THRIFT_I32, (int64_t)packed_size);
    cf_thrift_put_struct(&t, 7);
    cf_thrift_put_int(&t, 1, CF_THRIFT_I32, (int64_t)count);
    cf_thrift_put_int(&t, 2, CF_THRIFT_I32, CF_PQ_PLAIN);
    cf_thrift_put_end(&t);
    cf_text_addc(out, 0);
}

static cf_status put_page(cf_parquet_writer *w, const cf_text *head, const cf_text *levels,
                          const void *body, size_t body_size, size_t unpacked, chunk *c,
                          cf_error *err) {
    const size_t level_size = levels != NULL ? levels->size : 0;
    if (head->failed || (levels != NULL && levels->failed)) return no_memory(err);
    CF_TRY(put_bytes(w, head->data, head->size, err));
    if (level_size > 0) CF_TRY(put_bytes(w, levels->data, level_size, err));
    CF_TRY(put_bytes(w, body, body_size, err));
    c->packed += head->size + level_size + body_size;
    c->unpacked += head->size + level_size + unpacked;
    return CF_OK;
}

static cf_status put_dictionary(cf_parquet_writer *w, const cf_dictionary *d, chunk *c,
                                cf_error *err) {
    cf_text head = {0};
    size_t size;
    bool packed;
    c->dictionary_at = w->at;
    CF_TRY(pack(w, d->values.data, d->values.size, true, &packed, &size, err));
    put_dictionary_header(&head, d->count, d->values.size, size);
    const void *body = packed ? w->packed.data : d->values.data;
    const cf_status status = put_page(w, &head, NULL, body, size, d->values.size, c, err);
    cf_text_clear(&head);
    return status;
}

/* Booleans wait a byte each and are stored a bit each. */
static void put_bits(cf_text *out, const uint8_t *values, size_t n) {
    for (size_t i = 0; i < n; i += 8) {
        unsigned byte = 0;
        for (size_t k = 0; k < 8 && i + k < n; k++)
            byte |= (unsigned)(values[i + k] != 0) << k;
        cf_text_addc(out, (char)(uint8_t)byte);
    }
}

typedef struct {
    const cf_pq_shred *leaf;
    const cf_dictionary *dictionary; /* NULL: values as they are */
    size_t entry, value, byte;       /* where the next page begins */
    const void *body;                /* of the page at hand */
} page_source;

static size_t stored_size(const cf_pq_shred *leaf) {
    return leaf->physical == CF_PQ_BOOLEAN ? 1 : leaf->size;
}

/* Bytes of the next n values. */
static size_t value_bytes(const page_source *p, size_t n) {
    size_t size = stored_size(p->leaf) * n;
    if (p->leaf->physical != CF_PQ_BYTES) return size;
    for (size_t i = 0; i < n; i++) {
        uint32_t text;
        memcpy(&text, p->leaf->values.data + p->byte + size, sizeof text);
        size += text + sizeof text;
    }
    return size;
}

CF_SIMD static size_t count_byte(const char *restrict bytes, size_t n, char which) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += bytes[i] == which;
    return count;
}

/* Entries that fill a page. */
static size_t page_entries(const page_source *p) {
    const cf_pq_shred *leaf = p->leaf;
    const size_t mean = leaf->present > 0 ? leaf->values.size / leaf->present + 1 : 1;
    if (p->dictionary != NULL || PAGE_BYTES / mean > PAGE_ENTRIES) return PAGE_ENTRIES;
    return PAGE_BYTES / mean > 64 ? PAGE_BYTES / mean : 64;
}

/* As many whole rows as fit a page. */
static void measure_page(const page_source *p, page_facts *facts) {
    const cf_pq_shred *leaf = p->leaf;
    const size_t limit = page_entries(p);
    const size_t left = leaf->entries - p->entry;
    size_t n = left < limit ? left : limit;
    if (leaf->rep_max > 0)
        while (n < left && leaf->rep.data[p->entry + n] != 0)
            n++;
    *facts = (page_facts){.entries = n, .rows = n};
    if (leaf->rep_max > 0) facts->rows = count_byte(leaf->rep.data + p->entry, n, 0);
    if (leaf->entries != leaf->present)
        facts->nulls = n - count_byte(leaf->def.data + p->entry, n, (char)leaf->def_max);
}

static void put_page_levels(const page_source *p, page_facts *facts, cf_text *out) {
    const cf_pq_shred *leaf = p->leaf;
    if (leaf->rep_max > 0)
        cf_runs_put_u8(out, (const uint8_t *)leaf->rep.data + p->entry, facts->entries,
                       cf_bit_width(leaf->rep_max));
    facts->rep_size = out->size;
    if (leaf->def_max > 0)
        cf_runs_put_u8(out, (const uint8_t *)leaf->def.data + p->entry, facts->entries,
                       cf_bit_width(leaf->def_max));
    facts->def_size = out->size - facts->rep_size;
}

static void put_page_values(cf_parquet_writer *w, page_source *p, page_facts *facts) {
    const size_t n = facts->entries - facts->nulls;
    w->body.size = 0;
    p->body = NULL;
    facts->encoding = CF_PQ_PLAIN;
    if (p->dictionary != NULL) {
        const unsigned width = cf_bit_width(p->dictionary->count - 1);
        const unsigned used = width == 0 ? 1 : width;
        facts->encoding = CF_PQ_RLE_DICTIONARY;
        cf_text_addc(&w->body, (char)(uint8_t)used);
        cf_runs_put(&w->body, p->dictionary->index + p->value, n, used);
    } else {
        const size_t size = value_bytes(p, n);
        const char *from = p->leaf->values.data;
        if (p->leaf->physical == CF_PQ_BOOLEAN) {
            if (size > 0) put_bits(&w->body, (const uint8_t *)from + p->byte, n);
        } else if (w->old_pages && size > 0) {
            cf_text_add(&w->body, from + p->byte, size);
        } else if (size > 0) { /* packed from where they are */
            p->body = from + p->byte;
            facts->size = size;
        }
        p->byte += size;
    }
    p->value += n;
    if (p->body != NULL) return;
    p->body = w->body.data;
    facts->size = w->body.size;
}

/* Version 1 has levels, each behind its size, and values in one packed piece. */
static void join_old_page(const page_source *p, const cf_text *levels, page_facts *facts,
                          cf_text *out) {
    const uint32_t rep_size = (uint32_t)facts->rep_size, def_size = (uint32_t)facts->def_size;
    cf_text values = *out;
    *out = (cf_text){0};
    if (p->leaf->rep_max > 0) {
        cf_text_add(out, (const char *)&rep_size, sizeof rep_size);
        cf_text_add(out, levels->data, rep_size);
    }
    if (p->leaf->def_max > 0) {
        cf_text_add(out, (const char *)&def_size, sizeof def_size);
        cf_text_add(out, levels->data + rep_size, def_size);
    }
    if (values.size > 0) cf_text_add(out, values.data, values.size);
    out->failed = out->failed || values.failed;
    facts->size = out->size;
    cf_text_clear(&values);
}

static cf_status finish_page(cf_parquet_writer *w, page_source *p, page_facts *facts,
                             cf_text *levels, cf_text *head, chunk *c, cf_error *err) {
    if (w->old_pages) {
        join_old_page(p, levels, facts, &w->body);
        p->body = w->body.data;
        levels->size = 0;
    }
    if (w->body.failed || levels->failed) return no_memory(err);
    if (levels->size + facts->size > INT32_MAX)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                       "a row of column `%s` is too large for Parquet", p->leaf->name);
    CF_TRY(
        pack(w, p->body, facts->size, w->old_pages, &facts->packed, &facts->packed_size, err));
    if (w->old_pages) {
        put_old_header(head, facts);
    } else {
        put_data_header(head, facts);
    }
    return put_page(w, head, levels, facts->packed ? w->packed.data : p->body,
                    facts->packed_size, facts->size, c, err);
}

static cf_status put_data_page(cf_parquet_writer *w, page_source *p, chunk *c, cf_error *err) {
    page_facts facts;
    cf_text levels = {0}, head = {0};
    measure_page(p, &facts);
    put_page_levels(p, &facts, &levels);
    put_page_values(w, p, &facts);
    p->entry += facts.entries;
    const cf_status status = finish_page(w, p, &facts, &levels, &head, c, err);
    cf_text_clear(&levels);
    cf_text_clear(&head);
    return status;
}

/* ---- statistics ---- */

#define BOUNDS(T)                                                   \
    do {                                                            \
        T min = 0, max = 0;                                         \
        for (size_t i = 0; i < leaf->present; i++) {                \
            T x;                                                    \
            memcpy(&x, leaf->values.data + i * sizeof x, sizeof x); \
            if (!c->has_bounds || x < min) min = x;                 \
            if (!c->has_bounds || x > max) max = x;                 \
            c->has_bounds = true;                                   \
        }                                                           \
        memcpy(c->min, &min, sizeof min);                           \
        memcpy(c->max, &max, sizeof max);                           \
        c->min_size = c->max_size = sizeof min;                     \
    } while (0)

/* NOLINTBEGIN(bugprone-macro-parentheses): types do not stand in parentheses */
/* Eight side by side, beginning with the bounds of pages before; what is no number is neither
 * smaller nor larger than anything. */
#define BOUNDS_REAL(T, put_bounds, lanes_bounds)                                     \
    CF_SIMD static void lanes_bounds(const T *restrict x, size_t n, T *restrict low, \
                                     T *restrict high) {                             \
        for (size_t i = 0; i + 8 <= n; i += 8)                                       \
            for (size_t j = 0; j < 8; j++) {                                         \
                low[j] = x[i + j] < low[j] ? x[i + j] : low[j];                      \
                high[j] = x[i + j] > high[j] ? x[i + j] : high[j];                   \
            }                                                                        \
    }                                                                                \
                                                                                     \
    static void put_bounds(const cf_pq_shred *leaf, chunk *c) {                      \
        const T *x = (const T *)(const void *)leaf->values.data;                     \
        T low[8], high[8], rest[8];                                                  \
        for (size_t j = 0; j < 8; j++) {                                             \
            const size_t at = leaf->present / 8 * 8 + j;                             \
            rest[j] = at < leaf->present ? x[at] : (T)NAN;                           \
            low[j] = (T)INFINITY;                                                    \
            high[j] = -(T)INFINITY;                                                  \
        }                                                                            \
        if (c->has_bounds) memcpy(low, c->min, sizeof *low);                         \
        if (c->has_bounds) memcpy(high, c->max, sizeof *high);                       \
        lanes_bounds(x, leaf->present, low, high);                                   \
        lanes_bounds(rest, 8, low, high);                                            \
        for (size_t j = 1; j < 8; j++) {                                             \
            low[0] = low[j] < low[0] ? low[j] : low[0];                              \
            high[0] = high[j] > high[0] ? high[j] : high[0];                         \
        }                                                                            \
        memcpy(c->min, low, sizeof *low);                                            \
        memcpy(c->max, high, sizeof *high);                                          \
        c->min_size = c->max_size = sizeof *low;                                     \
        c->has_bounds = low[0] <= high[0];                                           \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

BOUNDS_REAL(float, float_bounds, float_lanes)
BOUNDS_REAL(double, double_bounds, double_lanes)

/* Zero has two signs, and readers may compare bits: -0 as minimum, +0 as maximum. */
static void widen_zero(const cf_pq_shred *leaf, chunk *c) {
    const float min32 = -0.0f, max32 = 0.0f;
    const double min64 = -0.0, max64 = 0.0;
    float f;
    double d;
    if (leaf->physical == CF_PQ_FLOAT) {
        memcpy(&f, c->min, sizeof f);
        if (f == 0.0f) memcpy(c->min, &min32, sizeof f);
        memcpy(&f, c->max, sizeof f);
        if (f == 0.0f) memcpy(c->max, &max32, sizeof f);
    } else {
        memcpy(&d, c->min, sizeof d);
        if (d == 0.0) memcpy(c->min, &min64, sizeof d);
        memcpy(&d, c->max, sizeof d);
        if (d == 0.0) memcpy(c->max, &max64, sizeof d);
    }
}

static int compare_bytes(const uint8_t *a, size_t n, const uint8_t *b, size_t m) {
    const int order = memcmp(a, b, n < m ? n : m);
    return order != 0 ? order : (n > m) - (n < m);
}

static void text_bounds(const cf_pq_shred *leaf, chunk *c) {
    const uint8_t *at = (const uint8_t *)leaf->values.data, *min = NULL, *max = NULL;
    uint32_t min_size = 0, max_size = 0;
    for (size_t i = 0; i < leaf->present; i++) {
        uint32_t size;
        memcpy(&size, at, sizeof size);
        at += sizeof size;
        if (min == NULL || compare_bytes(at, size, min, min_size) < 0) {
            min = at;
            min_size = size;
        }
        if (max == NULL || compare_bytes(at, size, max, max_size) > 0) {
            max = at;
            max_size = size;
        }
        at += size;
    }
    if (min == NULL || min_size > BOUND_MAX || max_size > BOUND_MAX) return;
    memcpy(c->min, min, min_size);
    memcpy(c->max, max, max_size);
    c->min_size = min_size;
    c->max_size = max_size;
    c->has_bounds = true;
}

static void find_bounds(const cf_pq_shred *leaf, chunk *c) {
    const cf_kind kind = leaf->field->type->kind;
    switch (leaf->physical) {
    case CF_PQ_BOOLEAN: BOUNDS(uint8_t); break;
    case CF_PQ_INT32:
        if (kind == CF_UINT32 || kind == CF_UINT16 || kind == CF_UINT8) {
            BOUNDS(uint32_t);
        } else {
            BOUNDS(int32_t);
        }
        break;
    case CF_PQ_INT64:
        if (kind == CF_UINT64) {
            BOUNDS(uint64_t);
        } else {
            BOUNDS(int64_t);
        }
        break;
    case CF_PQ_FLOAT: float_bounds(leaf, c); break;
    case CF_PQ_DOUBLE: double_bounds(leaf, c); break;
    case CF_PQ_BYTES: text_bounds(leaf, c); break;
    default: break;
    }
    const bool real = leaf->physical == CF_PQ_FLOAT || leaf->physical == CF_PQ_DOUBLE;
    if (c->has_bounds && real) widen_zero(leaf, c);
}

/* ---- row groups ---- */

static bool wants_dictionary(const cf_pq_shred *leaf) {
    return leaf->physical != CF_PQ_BOOLEAN && leaf->field->type->kind != CF_NULL;
}

/* Twice as many floats as a dictionary may have: if they get none, more of them will not. */
static void decide_early(const cf_parquet_writer *w, const cf_pq_shred *leaf, leaf_pages *l) {
    const bool real = leaf->physical == CF_PQ_FLOAT || leaf->physical == CF_PQ_DOUBLE;
    const cf_plain_values plain = {(const uint8_t *)leaf->values.data, leaf->values.size,
                                   leaf->present, leaf->size};
    cf_dictionary d;
    if (l->decided || !real || w->old_pages || leaf->present < (size_t)2 * CF_DICTIONARY_MAX)
        return;
    l->decided = true;
    l->early = !cf_dictionary_build(&plain, &d);
    if (!l->early) cf_dictionary_clear(&d);
}

/* Drops what is in pages. */
static void drop_written(cf_pq_shred *leaf, const page_source *p) {
    cf_text *const all[] = {&leaf->rep, &leaf->def, &leaf->values};
    const size_t gone[] = {leaf->rep_max > 0 ? p->entry : 0, leaf->def_max > 0 ? p->entry : 0,
                           p->byte};
    for (size_t i = 0; i < CF_COUNT(all); i++) {
        all[i]->size -= gone[i];
        if (gone[i] > 0) memmove(all[i]->data, all[i]->data + gone[i], all[i]->size);
    }
    leaf->entries -= p->entry;
    leaf->present -= p->value;
}

/* Packs the pages that are full, or, at the end of the group, all. */
static cf_status put_early(cf_parquet_writer *w, cf_pq_shred *leaf, leaf_pages *l, bool end,
                           cf_error *err) {
    page_source p = {.leaf = leaf};
    cf_status status = CF_OK;
    w->into = l;
    while (status == CF_OK && leaf->entries - p.entry > (end ? 0 : 2 * page_entries(&p)))
        status = put_data_page(w, &p, &l->chunk, err);
    w->into = NULL;
    if (status != CF_OK || p.entry == 0) return status;
    cf_pq_shred written = *leaf;
    written.present = p.value;
    find_bounds(&written, &l->chunk);
    l->values += p.byte;
    l->chunk.entries += p.entry;
    l->chunk.nulls += p.entry - p.value;
    drop_written(leaf, &p);
    return CF_OK;
}

static cf_status put_early_chunk(cf_parquet_writer *w, cf_pq_shred *leaf, leaf_pages *l,
                                 chunk *c, cf_error *err) {
    CF_TRY(put_early(w, leaf, l, true, err));
    *c = l->chunk;
    c->data_at = w->at;
    cf_status status = CF_OK;
    for (const piece *p = l->first; p != NULL && status == CF_OK; p = p->next)
        status = put_bytes(w, p->data, p->size, err);
    forget_pieces(l);
    l->values = 0;
    l->chunk = (chunk){0};
    cf_pq_shred_reset(leaf);
    return status;
}

static cf_status put_chunk(cf_parquet_writer *w, uint32_t number, chunk *c, cf_error *err) {
    cf_pq_shred *leaf = &w->leaves[number];
    if (w->early[number].early) return put_early_chunk(w, leaf, &w->early[number], c, err);
    const cf_plain_values plain = {(const uint8_t *)leaf->values.data, leaf->values.size,
                                   leaf->present, leaf->size};
    cf_dictionary dictionary = {.count = 0};
    page_source p = {.leaf = leaf};
    *c = (chunk){.entries = leaf->entries, .nulls = leaf->entries - leaf->present};
    find_bounds(leaf, c);
    cf_status status = CF_OK;
    if (wants_dictionary(leaf) && cf_dictionary_build(&plain, &dictionary)) {
        p.dictionary = &dictionary;
        status = put_dictionary(w, &dictionary, c, err);
    }
    c->data_at = w->at;
    while (status == CF_OK && p.entry < leaf->entries)
        status = put_data_page(w, &p, c, err);
    cf_dictionary_clear(&dictionary);
    cf_pq_shred_reset(leaf);
    return status;
}

static cf_status add_rows(cf_parquet_writer *w, const cf_table *rows, int64_t begin,
                          int64_t end, cf_error *err) {
    for (uint32_t i = 0; i < w->leaf_count; i++) {
        cf_pq_shred *leaf = &w->leaves[i];
        leaf_pages *l = &w->early[i];
        CF_TRY(cf_pq_shred_add(leaf, rows, begin, end, err));
        decide_early(w, leaf, l);
        if (l->early) CF_TRY(put_early(w, leaf, l, false, err));
    }
    return CF_OK;
}

static cf_status flush_group(cf_parquet_writer *w, cf_error *err) {
    if (w->rows == 0) return CF_OK;
    if (w->group_count == w->group_room) {
        const size_t room = w->group_room == 0 ? 16 : 2 * w->group_room;
        row_group *groups = realloc(w->groups, room * sizeof *groups);
        if (groups == NULL) return no_memory(err);
        w->groups = groups;
        w->group_room = room;
    }
    chunk *chunks = cf_arena_alloc(w->arena, w->leaf_count * sizeof *chunks, _Alignof(chunk));
    if (chunks == NULL) return no_memory(err);
    w->groups[w->group_count++] = (row_group){chunks, w->rows, w->at};
    w->rows = 0;
    for (uint32_t i = 0; i < w->leaf_count; i++) {
        CF_TRY(put_chunk(w, i, &chunks[i], err));
        w->early[i].decided = w->early[i].early = false;
    }
    return CF_OK;
}

static int64_t held_bytes(const cf_parquet_writer *w) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < w->leaf_count; i++)
        bytes += cf_pq_shred_bytes(&w->leaves[i]) + w->early[i].values;
    return (int64_t)bytes;
}

cf_status cf_parquet_writer_add(cf_parquet_writer *w, const cf_table *rows, cf_error *err) {
    if (!cf_type_equal(rows->type, w->schema))
        return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                       "rows of another type than %s was opened for", w->path);
    for (int64_t row = 0; row < rows->length;) {
        const int64_t room = w->group_rows_max - w->rows;
        int64_t n = rows->length - row < ADD_ROWS ? rows->length - row : ADD_ROWS;
        if (n > room) n = room;
        CF_TRY(add_rows(w, rows, row, row + n, err));
        row += n;
        w->rows += n;
        if (w->rows >= w->group_rows_max || held_bytes(w) >= w->group_bytes_max)
            CF_TRY(flush_group(w, err));
    }
    return CF_OK;
}

/* ---- footer ---- */

static void put_logical(cf_thrift_out *t, cf_kind kind, const cf_type *type) {
    cf_thrift_put_struct(t, 10);
    cf_thrift_put_struct(t, (int)stored[kind].annotation);
    if (kind == CF_DECIMAL) {
        cf_thrift_put_int(t, 1, CF_THRIFT_I32, type->scale);
        cf_thrift_put_int(t, 2, CF_THRIFT_I32, 38);
    } else if (kind == CF_TIME || kind == CF_TIMESTAMP) {
        cf_thrift_put_bool(t, 1, false);
        cf_thrift_put_struct(t, 2);
        cf_thrift_put_struct(t, 2); /* microseconds */
        cf_thrift_put_end(t);
        cf_thrift_put_end(t);
    } else if (stored[kind].annotation == LOGICAL_INTEGER) {
        cf_thrift_put_int(t, 1, CF_THRIFT_BYTE, stored[kind].bits);
        cf_thrift_put_bool(t, 2, stored[kind].is_signed);
    }
    cf_thrift_put_end(t);
    cf_thrift_put_end(t);
}

static void put_leaf_element(cf_thrift_out *t, const cf_field *f, const char *name) {
    const cf_kind kind = f->type->kind;
    cf_thrift_put_element_struct(t);
    cf_thrift_put_int(t, 1, CF_THRIFT_I32, stored[kind].physical);
    if (stored[kind].physical == CF_PQ_FIXED)
        cf_thrift_put_int(t, 2, CF_THRIFT_I32, stored[kind].size);
    cf_thrift_put_int(t, 3, CF_THRIFT_I32, cf_pq_optional(f) ? CF_PQ_OPTIONAL : CF_PQ_REQUIRED);
    cf_thrift_put_text(t, 4, name, strlen(name));
    if (stored[kind].converted >= 0)
        cf_thrift_put_int(t, 6, CF_THRIFT_I32, stored[kind].converted);
    if (kind == CF_DECIMAL) {
        cf_thrift_put_int(t, 7, CF_THRIFT_I32, f->type->scale);
        cf_thrift_put_int(t, 8, CF_THRIFT_I32, 38);
    }
    if (stored[kind].annotation != LOGICAL_NONE) put_logical(t, kind, f->type);
    cf_thrift_put_end(t);
}

static void put_group_element(cf_thrift_out *t, const char *name, int repetition,
                              uint32_t children, bool list) {
    cf_thrift_put_element_struct(t);
    if (repetition >= 0) cf_thrift_put_int(t, 3, CF_THRIFT_I32, repetition);
    cf_thrift_put_text(t, 4, name, strlen(name));
    cf_thrift_put_int(t, 5, CF_THRIFT_I32, children);
    if (list) {
        cf_thrift_put_int(t, 6, CF_THRIFT_I32, 3);
        cf_thrift_put_struct(t, 10);
        cf_thrift_put_struct(t, LOGICAL_LIST);
        cf_thrift_put_end(t);
        cf_thrift_put_end(t);
    }
    cf_thrift_put_end(t);
}

static size_t count_elements(const cf_field *f) {
    size_t n = f->type->kind == CF_LIST ? 2 : 1;
    for (uint32_t i = 0; i < f->type->field_count; i++)
        n += count_elements(&f->type->fields[i]);
    return n;
}

/* As deep as add_leaves allowed. */
static void put_elements(cf_thrift_out *t, const cf_field *f) {
    const char *name = f->name[0] == '\0' ? "element" : f->name;
    const int repetition = cf_pq_optional(f) ? CF_PQ_OPTIONAL : CF_PQ_REQUIRED;
    const cf_type *type = f->type;
    if (type->kind == CF_LIST) {
        put_group_element(t, name, repetition, 1, true);
        put_group_element(t, "list", CF_PQ_REPEATED, 1, false);
        put_elements(t, &type->fields[0]);
    } else if (type->kind == CF_TUPLE) {
        put_group_element(t, name, repetition, type->field_count, false);
        for (uint32_t i = 0; i < type->field_count; i++)
            put_elements(t, &type->fields[i]);
    } else {
        put_leaf_element(t, f, name);
    }
}

static void put_schema(const cf_parquet_writer *w, cf_thrift_out *t) {
    size_t count = 1;
    for (uint32_t i = 0; i < w->schema->field_count; i++)
        count += count_elements(&w->schema->fields[i]);
    cf_thrift_put_list(t, 2, CF_THRIFT_STRUCT, count);
    put_group_element(t, "schema", -1, w->schema->field_count, false);
    for (uint32_t i = 0; i < w->schema->field_count; i++)
        put_elements(t, &w->schema->fields[i]);
}

static void put_statistics(cf_thrift_out *t, const chunk *c) {
    cf_thrift_put_struct(t, 12);
    cf_thrift_put_int(t, 3, CF_THRIFT_I64, (int64_t)c->nulls);
    if (c->has_bounds) {
        cf_thrift_put_text(t, 5, c->max, c->max_size);
        cf_thrift_put_text(t, 6, c->min, c->min_size);
        cf_thrift_put_bool(t, 7, true);
        cf_thrift_put_bool(t, 8, true);
    }
    cf_thrift_put_end(t);
}

static void put_chunk_meta(const cf_parquet_writer *w, cf_thrift_out *t,
                           const cf_pq_shred *leaf, const chunk *c) {
    static const int codecs[] = {
        [CF_PARQUET_PACK_NONE] = 0, [CF_PARQUET_PACK_SNAPPY] = 1, [CF_PARQUET_PACK_ZSTD] = 6};
    cf_thrift_put_int(t, 1, CF_THRIFT_I32, leaf->physical);
    cf_thrift_put_list(t, 2, CF_THRIFT_I32, 2);
    cf_thrift_put_element_int(t, CF_PQ_RLE);
    cf_thrift_put_element_int(t, c->dictionary_at > 0 ? CF_PQ_RLE_DICTIONARY : CF_PQ_PLAIN);
    cf_thrift_put_list(t, 3, CF_THRIFT_BINARY, leaf->path_count);
    for (uint32_t i = 0; i < leaf->path_count; i++)
        cf_thrift_put_element_text(t, leaf->path[i], strlen(leaf->path[i]));
    cf_thrift_put_int(t, 4, CF_THRIFT_I32, codecs[w->pack]);
    cf_thrift_put_int(t, 5, CF_THRIFT_I64, (int64_t)c->entries);
    cf_thrift_put_int(t, 6, CF_THRIFT_I64, (int64_t)c->unpacked);
    cf_thrift_put_int(t, 7, CF_THRIFT_I64, (int64_t)c->packed);
    cf_thrift_put_int(t, 9, CF_THRIFT_I64, (int64_t)c->data_at);
    if (c->dictionary_at > 0)
        cf_thrift_put_int(t, 11, CF_THRIFT_I64, (int64_t)c->dictionary_at);
    put_statistics(t, c);
}

static void put_row_group(const cf_parquet_writer *w, cf_thrift_out *t, const row_group *g) {
    uint64_t packed = 0, unpacked = 0;
    cf_thrift_put_element_struct(t);
    cf_thrift_put_list(t, 1, CF_THRIFT_STRUCT, w->leaf_count);
    for (uint32_t i = 0; i < w->leaf_count; i++) {
        cf_thrift_put_element_struct(t);
        cf_thrift_put_int(t, 2, CF_THRIFT_I64, 0);
        cf_thrift_put_struct(t, 3);
        put_chunk_meta(w, t, &w->leaves[i], &g->chunks[i]);
        cf_thrift_put_end(t);
        cf_thrift_put_end(t);
        packed += g->chunks[i].packed;
        unpacked += g->chunks[i].unpacked;
    }
    cf_thrift_put_int(t, 2, CF_THRIFT_I64, (int64_t)unpacked);
    cf_thrift_put_int(t, 3, CF_THRIFT_I64, g->rows);
    cf_thrift_put_int(t, 5, CF_THRIFT_I64, (int64_t)g->begin);
    cf_thrift_put_int(t, 6, CF_THRIFT_I64, (int64_t)packed);
    cf_thrift_put_end(t);
}

/* Notes about columns: what they are measured in, what they are. */
typedef struct {
    cf_text bytes; /* the pairs, as list elements */
    size_t count;
} notes;

static void add_note(notes *n, const char *what, const char *name, const char *value) {
    cf_thrift_out t = {.out = &n->bytes};
    char key[512];
    if (value == NULL) return;
    const int size = snprintf(key, sizeof key, "%s%s", what, name);
    if (size < 0 || (size_t)size >= sizeof key) return;
    cf_thrift_put_element_struct(&t);
    cf_thrift_put_text(&t, 1, key, (size_t)size);
    cf_thrift_put_text(&t, 2, value, strlen(value));
    cf_thrift_put_end(&t);
    n->count++;
}

static void gather_notes(notes *n, const cf_field *f, cf_text *name) {
    const size_t before = name->size;
    if (f->name[0] != '\0') {
        if (before > 0) cf_text_addc(name, '.');
        cf_text_adds(name, f->name);
        add_note(n, CF_PQ_NOTE_UNIT, name->data, f->unit);
        add_note(n, CF_PQ_NOTE_DOC, name->data, f->doc);
    }
    if (f->type->kind == CF_DURATION && name->data != NULL)
        add_note(n, CF_PQ_NOTE_KIND, name->data, "duration");
    for (uint32_t i = 0; i < f->type->field_count; i++)
        gather_notes(n, &f->type->fields[i], name);
    name->size = before;
    if (name->data != NULL) name->data[before] = '\0';
}

static void put_notes(const cf_parquet_writer *w, cf_thrift_out *t) {
    notes n = {.count = 0};
    cf_text name = {0};
    for (uint32_t i = 0; i < w->schema->field_count; i++)
        gather_notes(&n, &w->schema->fields[i], &name);
    if (n.count > 0) {
        cf_thrift_put_list(t, 5, CF_THRIFT_STRUCT, n.count);
        cf_text_add(t->out, n.bytes.data, n.bytes.size);
    }
    t->out->failed = t->out->failed || n.bytes.failed || name.failed;
    cf_text_clear(&n.bytes);
    cf_text_clear(&name);
}

static void put_footer(const cf_parquet_writer *w, cf_text *out) {
    static const char by[] = "cutflow version " CF_VERSION;
    cf_thrift_out t = {.out = out};
    int64_t rows = 0;
    for (size_t i = 0; i < w->group_count; i++)
        rows += w->groups[i].rows;
    cf_thrift_put_int(&t, 1, CF_THRIFT_I32, 2);
    put_schema(w, &t);
    cf_thrift_put_int(&t, 3, CF_THRIFT_I64, rows);
    cf_thrift_put_list(&t, 4, CF_THRIFT_STRUCT, w->group_count);
    for (size_t i = 0; i < w->group_count; i++)
        put_row_group(w, &t, &w->groups[i]);
    put_notes(w, &t);
    cf_thrift_put_text(&t, 6, by, sizeof by - 1);
    cf_thrift_put_list(&t, 7, CF_THRIFT_STRUCT, w->leaf_count);
    for (uint32_t i = 0; i < w->leaf_count; i++) { /* bounds are in the order of the types */
        cf_thrift_put_element_struct(&t);
        cf_thrift_put_struct(&t, 1);
        cf_thrift_put_end(&t);
        cf_thrift_put_end(&t);
    }
    cf_text_addc(out, 0);
}

/* ---- beginning and end ---- */

static void writer_free(cf_parquet_writer *w) {
    for (uint32_t i = 0; i < w->leaf_count; i++) {
        cf_text_clear(&w->leaves[i].rep);
        cf_text_clear(&w->leaves[i].def);
        cf_text_clear(&w->leaves[i].values);
        if (w->early != NULL) forget_pieces(&w->early[i]);
    }
    free(w->early);
    free(w->leaves);
    free(w->groups);
    cf_text_clear(&w->packed);
    cf_text_clear(&w->body);
    (void)ZSTD_freeCCtx(w->zstd);
    cf_arena_free(w->arena);
    free(w);
}

void cf_parquet_writer_abandon(cf_parquet_writer *w) {
    if (w == NULL) return;
    if (w->file != NULL) {
        (void)fclose(w->file);
        (void)unlink(w->temporary);
    }
    writer_free(w);
}

static cf_status begin_file(cf_parquet_writer *w, cf_error *err) {
    w->temporary = cf_arena_printf(w->arena, "%s.part-%ld", w->path, (long)getpid());
    w->file = fopen(w->temporary, "wbe");
    if (w->file == NULL) return write_failed(w, err);
    return put_bytes(w, "PAR1", 4, err);
}

static void set_options(cf_parquet_writer *w, const cf_parquet_write_options *options) {
    w->group_rows_max =
        options != NULL && options->group_rows > 0 ? options->group_rows : GROUP_ROWS;
    w->group_bytes_max =
        options != NULL && options->group_bytes > 0 ? options->group_bytes : GROUP_BYTES;
    w->pack = options != NULL ? options->pack : CF_PARQUET_PACK_DEFAULT;
    w->old_pages = options != NULL && options->old_pages;
    if (w->pack == CF_PARQUET_PACK_DEFAULT) w->pack = CF_PARQUET_PACK_ZSTD;
}

cf_status cf_parquet_writer_open(const char *path, const cf_type *schema,
                                 const cf_parquet_write_options *options,
                                 cf_parquet_writer **out, cf_error *err) {
    CF_ASSERT(schema->kind == CF_TUPLE);
    cf_parquet_writer *w = calloc(1, sizeof *w);
    cf_arena *arena = cf_arena_new((size_t)16 << 10);
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    if (w == NULL || arena == NULL || zstd == NULL) {
        free(w);
        cf_arena_free(arena);
        (void)ZSTD_freeCCtx(zstd);
        return no_memory(err);
    }
    w->arena = arena;
    w->zstd = zstd;
    w->path = cf_str_dup(arena, cf_str_of(path));
    w->schema = cf_type_copy(arena, schema);
    set_options(w, options);
    cf_status status = list_leaves(w, err);
    if (status == CF_OK && w->leaf_count == 0)
        status =
            cf_fail(err, CF_E_WRITE, CF_NOWHERE, "a relation without columns cannot be saved");
    if (status == CF_OK) w->early = calloc(w->leaf_count + 1, sizeof *w->early);
    if (status == CF_OK && w->early == NULL) status = no_memory(err);
    if (status == CF_OK) status = begin_file(w, err);
    if (status != CF_OK) {
        cf_parquet_writer_abandon(w);
        return status;
    }
    *out = w;
    return CF_OK;
}

static cf_status end_file(cf_parquet_writer *w, cf_error *err) {
    cf_text footer = {0};
    CF_TRY(flush_group(w, err));
    put_footer(w, &footer);
    const uint32_t size = (uint32_t)footer.size;
    cf_status status = footer.failed || footer.size > INT32_MAX ? no_memory(err) : CF_OK;
    if (status == CF_OK) status = put_bytes(w, footer.data, footer.size, err);
    cf_text_clear(&footer);
    if (status == CF_OK) status = put_bytes(w, &size, sizeof size, err);
    if (status == CF_OK) status = put_bytes(w, "PAR1", 4, err);
    return status;
}

cf_status cf_parquet_writer_finish(cf_parquet_writer *w, int64_t *bytes, cf_error *err) {
    cf_status status = end_file(w, err);
    if (status != CF_OK) {
        cf_parquet_writer_abandon(w);
        return status;
    }
    const bool closed = fclose(w->file) == 0;
    w->file = NULL;
    if (!closed || rename(w->temporary, w->path) != 0) {
        status = write_failed(w, err);
        (void)unlink(w->temporary);
    }
    if (bytes != NULL) *bytes = (int64_t)w->at;
    writer_free(w);
    return status;
}
