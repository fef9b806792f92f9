#ifndef CF_IO_PARQUET_STREAM_H
#define CF_IO_PARQUET_STREAM_H

/* One column of one row group, read forward in windows of rows.
 *
 * A window is first known by its levels; offsets and validity of everything above the leaf
 * follow from them.  Values are decoded only when they are asked for, and pages in which no
 * asked row lies are passed over without unpacking where their headers or the offset index say
 * how many rows they hold. */

#include "io/parquet_bits.h"
#include "io/parquet_schema.h"

#include <pthread.h>

enum {
    CF_PQ_SLACK = 64
}; /* bytes behind every buffer, so that loops may overrun it a little */

/* Bytes that several arrays may point into. */
typedef struct cf_pq_bytes cf_pq_bytes;
struct cf_pq_bytes {
    uint32_t refs;
    size_t capacity;
    cf_pq_bytes *next; /* in the pool */
    uint8_t *data;
};

/* Unused buffers, handed on from cursor to cursor: fresh memory costs more than what is done
 * with it.  May be used by several threads. */
typedef struct {
    pthread_mutex_t lock;
    cf_pq_bytes *spare;
    size_t count, bytes;
} cf_pq_pool;

void cf_pq_pool_init(cf_pq_pool *pool);
void cf_pq_pool_clear(cf_pq_pool *pool);

/* What the columns of a cursor share. */
typedef struct {
    const cf_storage *storage;
    cf_pq_pool *pool;
    cf_codec *codec;
    cf_io_stats stats;
    cf_pq_bytes *spare;
    size_t spare_count;
} cf_pq_shared;

cf_pq_bytes *cf_pq_bytes_get(cf_pq_shared *shared, size_t size); /* NULL: no memory */
void cf_pq_bytes_put(cf_pq_shared *shared, cf_pq_bytes *bytes);  /* NULL is fine */
void cf_pq_shared_clear(cf_pq_shared *shared); /* the buffers go to the pool */

typedef struct {
    bool old_order; /* most significant bit first, no runs */
    cf_runs runs;
    const uint8_t *data;
    size_t at, size;
    unsigned width;
} cf_pq_levels;

/* The values of a page, not decoded yet. */
typedef struct {
    int encoding; /* the dictionary encodings are one: RLE_DICTIONARY */
    const uint8_t *at, *end;
    size_t bit;          /* of PLAIN booleans: taken so far */
    size_t taken, count; /* BYTE_STREAM_SPLIT */
    cf_runs runs;
    cf_steps steps, sizes; /* DELTA_BYTE_ARRAY: shared beginnings, sizes of the rest */
    cf_text previous;      /* DELTA_BYTE_ARRAY: the value before */
} cf_pq_values;

typedef struct {
    cf_pq_page_header header;
    cf_pq_bytes *bytes;  /* what the values lie in; NULL: in the file's own memory */
    cf_pq_bytes *stored; /* what the levels lie in, if that is another */
    const uint8_t *levels, *body, *end; /* levels: of version 2, which stand apart */
    int64_t first_row; /* the row that its first entry begins; -1: unknown or none */
    uint64_t left;     /* entries whose levels were not decoded */
    size_t held;       /* entries in the stream's level arrays */
    uint64_t skip;     /* values to pass over before the next one that is asked for */
    cf_pq_levels rep, def;
    cf_pq_values values;
} cf_pq_page;

typedef struct {
    cf_pq_shared *shared;
    const cf_pq_leaf *leaf;
    const cf_pq_chunk *chunk;
    int64_t rows; /* of the row group */
    cf_codec_kind codec;
    /* The stored bytes. */
    const uint8_t *data; /* all of them, where they lie in memory; else NULL */
    cf_pq_bytes *ahead;  /* or a stretch of them that was read, for headers */
    size_t ahead_at, ahead_size;
    size_t size, at;
    uint64_t entries_seen;          /* in the pages that were begun or passed over */
    uint64_t entries_max;           /* more in one window are refused */
    const cf_pq_page_place *places; /* the offset index, once it was needed */
    cf_pq_page_place *places_owned;
    size_t place_count, place;
    bool places_read;
    /* The dictionary, converted to the leaf's kind. */
    size_t dictionary_at;
    cf_pq_bytes *dictionary_page, *dictionary_values;
    void *dictionary;
    uint32_t dictionary_count;
    cf_pq_bytes *dictionary_text;
    /* Levels of entries that were decoded but not passed yet. */
    uint8_t *rep, *def; /* NULL where the maximum is 0 */
    size_t capacity, count;
    int64_t row;        /* that the first of them begins */
    int64_t rows_begun; /* in all entries decoded so far */
    cf_pq_page *pages;  /* that these entries come from, in order */
    size_t page_count, page_room;
    /* The window. */
    int64_t begin, end; /* begin -1: none */
    size_t entries;
    bool taken;  /* its values were decoded */
    bool broken; /* something failed: the state is not to be trusted */
    /* The values last handed out. */
    cf_array array;
    void *out;
    size_t out_size;
    uint8_t *valid;
    size_t valid_size;
    cf_pq_bytes **kept;
    size_t kept_count, kept_room;
} cf_pq_stream;

cf_status cf_pq_stream_init(cf_pq_stream *s, cf_pq_shared *shared, const cf_pq_leaf *leaf,
                            const cf_pq_chunk *chunk, int64_t rows, cf_error *err);
void cf_pq_stream_clear(cf_pq_stream *s);

/* Moves to rows [begin, end): afterwards s->rep, s->def hold their levels, s->entries of them.
 */
cf_status cf_pq_stream_window(cf_pq_stream *s, int64_t begin, int64_t end, cf_error *err);

/* The window's values, flattened. */
cf_status cf_pq_stream_values(cf_pq_stream *s, cf_array *out, cf_error *err);

/* Where the rows of a column of lists begin, for files that do not say so: unpacks every page
 * once. malloc'd; pages that begin inside a row have -1. */
cf_status cf_pq_places_find(cf_pq_shared *shared, const cf_pq_leaf *leaf,
                            const cf_pq_chunk *chunk, int64_t rows, cf_pq_page_place **places,
                            size_t *count, cf_error *err);

/* ---- inside: values (parquet_values.c) ---- */

cf_status cf_pq_values_begin(cf_pq_stream *s, cf_pq_page *page, cf_error *err);
/* The next n values that are there, in the leaf's kind. */
cf_status cf_pq_values_read(cf_pq_stream *s, cf_pq_page *page, size_t n, void *out,
                            cf_error *err);
cf_status cf_pq_values_skip(cf_pq_stream *s, cf_pq_page *page, uint64_t n, cf_error *err);
/* The next n values where they lie, if they need no decoding; NULL: read them. */
const void *cf_pq_values_view(cf_pq_stream *s, cf_pq_page *page, size_t n);
cf_status cf_pq_dictionary_read(cf_pq_stream *s, const cf_pq_page_header *h,
                                const uint8_t *data, size_t size, cf_error *err);
/* Keeps bytes alive until the leaf's values are read again. */
bool cf_pq_keep(cf_pq_stream *s, cf_pq_bytes *bytes);

CF_PRINTF(3, 4)
cf_status cf_pq_damaged(const cf_pq_stream *s, cf_error *err, const char *fmt, ...);
cf_status cf_pq_no_memory(const cf_pq_stream *s, cf_error *err);

#endif
