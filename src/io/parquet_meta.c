/* Footers and page headers.  All sizes and counts are checked here against the file's size, so
 * that later code may trust them. */

#include "io/parquet_meta.h"

#include <stdlib.h>
#include <string.h>

/* ---- annotations ---- */

/* The older annotation is a number. */
static void apply_converted(cf_pq_element *e, int64_t converted) {
    static const struct {
        uint8_t meaning, unit, bits;
        bool is_unsigned;
    } table[] = {
        [0] = {CF_PQ_TEXT, 0, 0, false},
        [1] = {CF_PQ_MAP, 0, 0, false},
        [2] = {CF_PQ_MAP, 0, 0, false},
        [3] = {CF_PQ_LIST, 0, 0, false},
        [4] = {CF_PQ_TEXT, 0, 0, false}, /* enumeration */
        [5] = {CF_PQ_DECIMAL, 0, 0, false},
        [6] = {CF_PQ_DATE, 0, 0, false},
        [7] = {CF_PQ_TIME, CF_PQ_MILLIS, 0, false},
        [8] = {CF_PQ_TIME, CF_PQ_MICROS, 0, false},
        [9] = {CF_PQ_TIMESTAMP, CF_PQ_MILLIS, 0, false},
        [10] = {CF_PQ_TIMESTAMP, CF_PQ_MICROS, 0, false},
        [11] = {CF_PQ_INTEGER, 0, 8, true},
        [12] = {CF_PQ_INTEGER, 0, 16, true},
        [13] = {CF_PQ_INTEGER, 0, 32, true},
        [14] = {CF_PQ_INTEGER, 0, 64, true},
        [15] = {CF_PQ_INTEGER, 0, 8, false},
        [16] = {CF_PQ_INTEGER, 0, 16, false},
        [17] = {CF_PQ_INTEGER, 0, 32, false},
        [18] = {CF_PQ_INTEGER, 0, 64, false},
        [19] = {CF_PQ_TEXT, 0, 0, false},      /* JSON */
        [20] = {CF_PQ_AS_STORED, 0, 0, false}, /* BSON */
        [21] = {CF_PQ_INTERVAL, 0, 0, false},
    };
    if (converted < 0 || converted >= (int64_t)CF_COUNT(table)) return;
    e->meaning = table[converted].meaning;
    e->unit = table[converted].unit;
    e->bits = table[converted].bits;
    e->is_unsigned = table[converted].is_unsigned;
}

/* The union of time units: the number of the field that is there. */
static cf_pq_unit read_unit(cf_thrift *t, const cf_thrift_field *at) {
    cf_pq_unit unit = CF_PQ_MICROS;
    if (!cf_thrift_is_struct(t, at)) return unit;
    cf_thrift_field f = {0, 0};
    while (cf_thrift_next(t, &f)) {
        if (f.id == 1) unit = CF_PQ_MILLIS;
        if (f.id == 3) unit = CF_PQ_NANOS;
        cf_thrift_skip(t, &f);
    }
    return unit;
}

static void read_logical_details(cf_thrift *t, int which, cf_pq_element *e) {
    cf_thrift_field f = {0, 0};
    while (cf_thrift_next(t, &f)) {
        if (which == 5 && f.id == 1) {
            e->scale = (int)cf_thrift_int(t, &f);
        } else if (which == 5 && f.id == 2) {
            e->precision = (int)cf_thrift_int(t, &f);
        } else if ((which == 7 || which == 8) && f.id == 2) {
            e->unit = read_unit(t, &f);
        } else if (which == 10 && f.id == 1) {
            e->bits = (int)cf_thrift_int(t, &f);
        } else if (which == 10 && f.id == 2) {
            e->is_unsigned = !cf_thrift_bool(&f);
        } else {
            cf_thrift_skip(t, &f);
        }
    }
}

/* The newer annotation is a union of structs. */
static void read_logical(cf_thrift *t, cf_pq_element *e) {
    static const uint8_t meanings[] = {
        [1] = CF_PQ_TEXT,     [2] = CF_PQ_MAP,   [3] = CF_PQ_LIST,  [4] = CF_PQ_TEXT,
        [5] = CF_PQ_DECIMAL,  [6] = CF_PQ_DATE,  [7] = CF_PQ_TIME,  [8] = CF_PQ_TIMESTAMP,
        [10] = CF_PQ_INTEGER, [12] = CF_PQ_TEXT, [14] = CF_PQ_UUID, [15] = CF_PQ_FLOAT16,
    };
    cf_thrift_field f = {0, 0};
    while (cf_thrift_next(t, &f)) {
        if (f.type != CF_THRIFT_STRUCT) {
            cf_thrift_skip(t, &f);
            continue;
        }
        if (f.id > 0 && f.id < (int)CF_COUNT(meanings)) e->meaning = meanings[f.id];
        read_logical_details(t, f.id, e);
    }
}

/* ---- schema ---- */

typedef struct {
    cf_thrift t;
    cf_arena *arena;
    const cf_storage *storage;
    cf_error *err;
} reader;

static cf_status damaged(const reader *r, const char *what) {
    return cf_fail(r->err, CF_E_FORMAT, CF_NOWHERE, "%s is damaged: %s",
                   cf_storage_path(r->storage), what);
}

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the footer");
}

typedef struct {
    int64_t physical, repetition, converted, children, length;
    bool has_logical;
} raw_element;

static void read_element_fields(reader *r, cf_pq_element *e, raw_element *raw) {
    cf_thrift *t = &r->t;
    cf_thrift_field f = {0, 0};
    while (cf_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: raw->physical = cf_thrift_int(t, &f); break;
        case 2: raw->length = cf_thrift_int(t, &f); break;
        case 3: raw->repetition = cf_thrift_int(t, &f); break;
        case 4: e->name = cf_str_dup(r->arena, cf_thrift_text(t, &f)); break;
        case 5: raw->children = cf_thrift_int(t, &f); break;
        case 6: raw->converted = cf_thrift_int(t, &f); break;
        case 7: e->scale = (int)cf_thrift_int(t, &f); break;
        case 8: e->precision = (int)cf_thrift_int(t, &f); break;
        case 10:
            raw->has_logical = cf_thrift_is_struct(t, &f);
            if (raw->has_logical) read_logical(t, e);
            break;
        default: cf_thrift_skip(t, &f); break;
        }
    }
}

static cf_status read_element(reader *r, cf_pq_element *e) {
    raw_element raw = {.physical = -1, .converted = -1};
    *e = (cf_pq_element){.physical = CF_PQ_GROUP};
    read_element_fields(r, e, &raw);
    if (e->meaning == CF_PQ_AS_STORED) apply_converted(e, raw.converted);
    if (r->t.bad || e->name == NULL) return damaged(r, "its schema cannot be read");
    if (raw.physical < -1 || raw.physical >= CF_PQ_GROUP || raw.repetition < 0 ||
        raw.repetition > CF_PQ_REPEATED || raw.children < 0 || raw.children > UINT32_MAX ||
        raw.length < 0 || raw.length > INT32_MAX)
        return damaged(r, "its schema makes no sense");
    if (raw.children == 0 && raw.physical >= 0) e->physical = (cf_pq_physical)raw.physical;
    e->repetition = (cf_pq_repetition)raw.repetition;
    e->children = (uint32_t)raw.children;
    e->length = (uint32_t)raw.length;
    if (e->physical == CF_PQ_FIXED && e->length == 0)
        return damaged(r, "a column of values of no bytes");
    return CF_OK;
}

static cf_status read_schema(reader *r, const cf_thrift_field *f, cf_pq_footer *out) {
    const uint32_t count = cf_thrift_list(&r->t, f, CF_THRIFT_STRUCT);
    if (r->t.bad || count == 0 || out->elements != NULL ||
        count > (size_t)(r->t.end - r->t.at) / 3 + 1)
        return damaged(r, "its schema cannot be read");
    out->elements =
        cf_arena_alloc(r->arena, count * sizeof *out->elements, _Alignof(cf_pq_element));
    if (out->elements == NULL) return no_memory(r->err);
    uint64_t children = 0;
    for (uint32_t i = 0; i < count; i++) {
        CF_TRY(read_element(r, &out->elements[i]));
        if (i > children) return damaged(r, "its schema is no tree");
        children += out->elements[i].children;
        if (i > 0 && out->elements[i].physical != CF_PQ_GROUP) out->leaf_count++;
    }
    if (children != count - 1) return damaged(r, "its schema is no tree");
    out->elements[0].physical = CF_PQ_GROUP;
    out->element_count = count;
    return CF_OK;
}

/* ---- row groups ---- */

static void read_statistics(reader *r, cf_pq_chunk *c) {
    cf_thrift *t = &r->t;
    cf_thrift_field f = {0, 0};
    cf_str old_min = {"", 0}, old_max = {"", 0};
    while (cf_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: old_max = cf_thrift_text(t, &f); break;
        case 2: old_min = cf_thrift_text(t, &f); break;
        case 3: c->null_count = cf_thrift_int(t, &f); break;
        case 5: c->max = cf_thrift_text(t, &f); break;
        case 6: c->min = cf_thrift_text(t, &f); break;
        default: cf_thrift_skip(t, &f); break;
        }
    }
    if (c->min.size == 0 && c->max.size == 0) {
        c->old_order = true;
        c->min = old_min;
        c->max = old_max;
    }
}

typedef struct {
    bool has_meta, elsewhere, secret;
    int64_t data_at, dictionary_at, size, index_at, index_size;
} raw_chunk;

static void read_chunk_meta(reader *r, cf_pq_chunk *c, raw_chunk *raw) {
    cf_thrift *t = &r->t;
    cf_thrift_field f = {0, 0};
    raw->has_meta = true;
    while (cf_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: c->physical = (int)cf_thrift_int(t, &f); break;
        case 4: c->codec = (int)cf_thrift_int(t, &f); break;
        case 5: c->values = cf_thrift_int(t, &f); break;
        case 7: raw->size = cf_thrift_int(t, &f); break;
        case 9: raw->data_at = cf_thrift_int(t, &f); break;
        case 11: raw->dictionary_at = cf_thrift_int(t, &f); break;
        case 12:
            if (cf_thrift_is_struct(t, &f)) read_statistics(r, c);
            break;
        default: cf_thrift_skip(t, &f); break;
        }
    }
}

static void read_chunk_fields(reader *r, cf_pq_chunk *c, raw_chunk *raw) {
    cf_thrift *t = &r->t;
    cf_thrift_field f = {0, 0};
    while (cf_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: raw->elsewhere = cf_thrift_text(t, &f).size > 0; break;
        case 3:
            if (cf_thrift_is_struct(t, &f)) read_chunk_meta(r, c, raw);
            break;
        case 4: raw->index_at = cf_thrift_int(t, &f); break;
        case 5: raw->index_size = cf_thrift_int(t, &f); break;
        case 8:
            raw->secret = true;
            cf_thrift_skip(t, &f);
            break;
        default: cf_thrift_skip(t, &f); break;
        }
    }
}

/* Where the chunk's pages lie.  Some writers give 0 for "no dictionary". */
static cf_status place_chunk(reader *r, const raw_chunk *raw, cf_pq_chunk *c) {
    const uint64_t file = cf_storage_size(r->storage);
    int64_t start = raw->data_at;
    if (raw->dictionary_at > 0 && raw->dictionary_at < start) start = raw->dictionary_at;
    if (c->values == 0) return CF_OK; /* nothing to find; some writers give no place then */
    if (start < 4 || raw->size < 0 || c->values < 0 || (uint64_t)start > file ||
        (uint64_t)raw->size > file - (uint64_t)start)
        return damaged(r, "a column's pages lie outside the file");
    c->start = (uint64_t)start;
    c->size = (uint64_t)raw->size;
    if (raw->index_at > 0 && raw->index_size > 0 && (uint64_t)raw->index_at < file &&
        (uint64_t)raw->index_size <= file - (uint64_t)raw->index_at &&
        raw->index_size < INT32_MAX) {
        c->index_at = (uint64_t)raw->index_at;
        c->index_size = (uint32_t)raw->index_size;
    }
    return CF_OK;
}

static cf_status read_chunk(reader *r, cf_pq_chunk *c) {
    raw_chunk raw = {0};
    cf_codec_kind kind;
    *c = (cf_pq_chunk){.null_count = -1};
    read_chunk_fields(r, c, &raw);
    if (r->t.bad) return damaged(r, "its row groups cannot be read");
    if (raw.secret) {
        c->unreadable = "it is encrypted";
    } else if (raw.elsewhere) {
        c->unreadable = "its values lie in another file";
    } else if (!raw.has_meta) {
        return damaged(r, "a column has no description");
    } else if (!cf_pq_codec(c->codec, &kind)) {
        c->unreadable =
            c->codec == 3 ? "it is packed with LZO" : "it is packed with an unknown codec";
    }
    return c->unreadable != NULL ? CF_OK : place_chunk(r, &raw, c);
}

static cf_status read_chunks(reader *r, const cf_thrift_field *f, uint32_t leaf_count,
                             cf_pq_row_group *g) {
    const uint32_t count = cf_thrift_list(&r->t, f, CF_THRIFT_STRUCT);
    if (r->t.bad || g->chunks != NULL) return damaged(r, "its row groups cannot be read");
    if (count != leaf_count)
        return damaged(r, "a row group has more or fewer columns than the schema");
    g->chunks = cf_arena_alloc(r->arena, (count + (size_t)1) * sizeof *g->chunks,
                               _Alignof(cf_pq_chunk));
    if (g->chunks == NULL) return no_memory(r->err);
    for (uint32_t i = 0; i < count; i++) {
        CF_TRY(read_chunk(r, &g->chunks[i]));
        g->bytes += g->chunks[i].size;
    }
    return CF_OK;
}

/* Rows cost next to nothing when all are equal, but not nothing at all. */
static bool rows_are_possible(const cf_pq_row_group *g, uint32_t leaf_count) {
    if (g->rows < 0) return false;
    return leaf_count == 0 ? g->rows < INT32_MAX
                           : (uint64_t)g->rows >> 24 == 0 || (uint64_t)g->rows >> 16 < g->bytes;
}

static cf_status read_row_group(reader *r, uint32_t leaf_count, cf_pq_row_group *g) {
    cf_thrift_field f = {0, 0};
    *g = (cf_pq_row_group){0};
    while (cf_thrift_next(&r->t, &f)) {
        if (f.id == 1) {
            CF_TRY(read_chunks(r, &f, leaf_count, g));
        } else if (f.id == 3) {
            g->rows = cf_thrift_int(&r->t, &f);
        } else {
            cf_thrift_skip(&r->t, &f);
        }
    }
    if (r->t.bad || (g->chunks == NULL && leaf_count > 0))
        return damaged(r, "its row groups cannot be read");
    if (!rows_are_possible(g, leaf_count))
        return damaged(r, "a row group claims more rows than it can hold");
    return CF_OK;
}

static cf_status read_row_groups(reader *r, const cf_thrift_field *f, cf_pq_footer *out) {
    const uint32_t count = cf_thrift_list(&r->t, f, CF_THRIFT_STRUCT);
    if (r->t.bad || out->elements == NULL || out->groups != NULL)
        return damaged(r, "its row groups cannot be read");
    out->groups = cf_arena_alloc(r->arena, (count + (size_t)1) * sizeof *out->groups,
                                 _Alignof(cf_pq_row_group));
    if (out->groups == NULL) return no_memory(r->err);
    for (uint32_t i = 0; i < count; i++)
        CF_TRY(read_row_group(r, out->leaf_count, &out->groups[i]));
    out->group_count = count;
    return CF_OK;
}

/* ---- the rest of the footer ---- */

static void read_note(cf_thrift *t, cf_pq_note *note) {
    cf_thrift_field f = {0, 0};
    *note = (cf_pq_note){{"", 0}, {"", 0}};
    while (cf_thrift_next(t, &f)) {
        if (f.id == 1) {
            note->key = cf_thrift_text(t, &f);
        } else if (f.id == 2) {
            note->value = cf_thrift_text(t, &f);
        } else {
            cf_thrift_skip(t, &f);
        }
    }
}

static cf_status read_notes(reader *r, const cf_thrift_field *f, cf_pq_footer *out) {
    const uint32_t count = cf_thrift_list(&r->t, f, CF_THRIFT_STRUCT);
    out->notes = cf_arena_alloc(r->arena, (count + (size_t)1) * sizeof *out->notes,
                                _Alignof(cf_pq_note));
    if (out->notes == NULL) return no_memory(r->err);
    for (uint32_t i = 0; i < count && !r->t.bad; i++)
        read_note(&r->t, &out->notes[i]);
    out->note_count = r->t.bad ? 0 : count;
    return CF_OK;
}

static cf_status read_footer(reader *r, cf_pq_footer *out) {
    cf_thrift_field f = {0, 0};
    *out = (cf_pq_footer){0};
    while (cf_thrift_next(&r->t, &f)) {
        switch (f.id) {
        case 2: CF_TRY(read_schema(r, &f, out)); break;
        case 4: CF_TRY(read_row_groups(r, &f, out)); break;
        case 5: CF_TRY(read_notes(r, &f, out)); break;
        default: cf_thrift_skip(&r->t, &f); break;
        }
    }
    if (r->t.bad) return damaged(r, "its footer cannot be read");
    if (out->elements == NULL) return damaged(r, "its footer has no schema");
    return CF_OK;
}

cf_status cf_pq_footer_read(const cf_storage *storage, cf_arena *arena, cf_pq_footer *out,
                            cf_error *err) {
    reader r = {.arena = arena, .storage = storage, .err = err};
    const char *path = cf_storage_path(storage);
    const uint64_t size = cf_storage_size(storage);
    uint8_t tail[8], head[4];
    uint32_t length;
    if (size < 12)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "%s is too short for a Parquet file",
                       path);
    CF_TRY(cf_storage_read(storage, 0, sizeof head, head, NULL, err));
    CF_TRY(cf_storage_read(storage, size - 8, sizeof tail, tail, NULL, err));
    if (memcmp(tail + 4, "PARE", 4) == 0)
        return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE, "%s is encrypted", path);
    if (memcmp(head, "PAR1", 4) != 0 || memcmp(tail + 4, "PAR1", 4) != 0)
        return cf_fail(err, CF_E_FORMAT, CF_NOWHERE,
                       "%s is no Parquet file, or its end is missing", path);
    memcpy(&length, tail, sizeof length);
    if (length > size - 12) return damaged(&r, "its footer is longer than the file");
    uint8_t *bytes = cf_arena_alloc(arena, length + (size_t)1, 1);
    if (bytes == NULL) return no_memory(err);
    CF_TRY(cf_storage_read(storage, size - 8 - length, length, bytes, NULL, err));
    r.t = (cf_thrift){bytes, bytes + length, false};
    return read_footer(&r, out);
}

bool cf_pq_codec(int stored, cf_codec_kind *kind) {
    static const cf_codec_kind kinds[] = {
        [0] = CF_CODEC_NONE,  [1] = CF_CODEC_SNAPPY, [2] = CF_CODEC_GZIP,
        [3] = CF_CODEC_COUNT, [4] = CF_CODEC_BROTLI, [5] = CF_CODEC_LZ4_HADOOP,
        [6] = CF_CODEC_ZSTD,  [7] = CF_CODEC_LZ4,
    };
    if (stored < 0 || stored >= (int)CF_COUNT(kinds) || kinds[stored] == CF_CODEC_COUNT)
        return false;
    *kind = kinds[stored];
    return true;
}

/* ---- pages ---- */

static bool fits_u32(int64_t x) {
    return x >= 0 && x <= INT32_MAX;
}

static void read_data_header(cf_thrift *t, cf_pq_page_header *h) {
    cf_thrift_field f = {0, 0};
    while (cf_thrift_next(t, &f)) {
        if (f.id < 1 || f.id > 4) {
            cf_thrift_skip(t, &f);
            continue;
        }
        const int64_t x = cf_thrift_int(t, &f);
        if (!fits_u32(x)) t->bad = true;
        if (f.id == 1) h->values = (uint32_t)x;
        if (f.id == 2) h->encoding = (int)x;
        if (f.id == 3) h->def_encoding = (int)x;
        if (f.id == 4) h->rep_encoding = (int)x;
    }
}

static void read_data_header_v2(cf_thrift *t, cf_pq_page_header *h) {
    cf_thrift_field f = {0, 0};
    while (cf_thrift_next(t, &f)) {
        if (f.id == 7) {
            h->packed = cf_thrift_bool(&f);
            continue;
        }
        if (f.id < 1 || f.id > 6) {
            cf_thrift_skip(t, &f);
            continue;
        }
        const int64_t x = cf_thrift_int(t, &f);
        if (!fits_u32(x)) t->bad = true;
        uint32_t *const places[] = {NULL, &h->values,   &h->nulls,   &h->rows,
                                    NULL, &h->def_size, &h->rep_size};
        if (f.id == 4) {
            h->encoding = (int)x;
        } else {
            *places[f.id] = (uint32_t)x;
        }
    }
}

static void read_sub_header(cf_thrift *t, const cf_thrift_field *f, cf_pq_page_header *h) {
    if (!cf_thrift_is_struct(t, f)) return;
    if (f->id == 8) {
        read_data_header_v2(t, h);
    } else {
        read_data_header(t, h);
    }
}

size_t cf_pq_page_header_read(const uint8_t *data, size_t size, cf_pq_page_header *out) {
    cf_thrift t = {data, data + size, false};
    cf_thrift_field f = {0, 0};
    bool described = false;
    *out = (cf_pq_page_header){
        .type = -1, .packed = true, .def_encoding = CF_PQ_RLE, .rep_encoding = CF_PQ_RLE};
    while (cf_thrift_next(&t, &f)) {
        if (f.id >= 1 && f.id <= 4) {
            const int64_t x = cf_thrift_int(&t, &f);
            if (f.id != 4 && !fits_u32(x)) t.bad = true;
            if (f.id == 1) out->type = (int)x;
            if (f.id == 2) out->size = (uint32_t)x;
            if (f.id == 3) out->packed_size = (uint32_t)x;
            if (f.id == 4) {
                out->crc = (uint32_t)x;
                out->has_crc = true;
            }
        } else if (f.id == 5 || f.id == 7 || f.id == 8) {
            described = f.type == CF_THRIFT_STRUCT;
            read_sub_header(&t, &f, out);
        } else {
            cf_thrift_skip(&t, &f);
        }
    }
    if (t.bad || (!described && out->type != CF_PQ_INDEX)) return 0;
    return (size_t)(t.at - data);
}

cf_pq_page_place *cf_pq_offset_index_read(const uint8_t *data, size_t size, int64_t rows,
                                          size_t *count) {
    cf_thrift t = {data, data + size, false};
    cf_thrift_field f = {0, 0};
    *count = 0;
    while (cf_thrift_next(&t, &f) && f.id != 1)
        cf_thrift_skip(&t, &f);
    if (t.bad || f.id != 1) return NULL;
    const uint32_t n = cf_thrift_list(&t, &f, CF_THRIFT_STRUCT);
    cf_pq_page_place *places = malloc((n + (size_t)1) * sizeof *places);
    if (places == NULL) return NULL;
    for (uint32_t i = 0; i < n && !t.bad; i++) {
        cf_thrift_field g = {0, 0};
        int64_t offset = -1, row = -1;
        while (cf_thrift_next(&t, &g)) {
            if (g.id == 1) {
                offset = cf_thrift_int(&t, &g);
            } else if (g.id == 3) {
                row = cf_thrift_int(&t, &g);
            } else {
                cf_thrift_skip(&t, &g);
            }
        }
        places[i] = (cf_pq_page_place){(uint64_t)offset, row};
        const int64_t before = i == 0 ? 0 : places[i - 1].first_row;
        if (offset < 0 || row < before || row > rows) t.bad = true;
    }
    *count = t.bad ? 0 : n;
    return places;
}
