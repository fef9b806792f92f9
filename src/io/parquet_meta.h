#ifndef CF_IO_PARQUET_META_H
#define CF_IO_PARQUET_META_H

/* What a Parquet file says about itself: the footer and the headers of pages, as stored. */

#include "io/codec.h"
#include "io/parquet_thrift.h"
#include "io/storage.h"

typedef enum {
    CF_PQ_BOOLEAN,
    CF_PQ_INT32,
    CF_PQ_INT64,
    CF_PQ_INT96,
    CF_PQ_FLOAT,
    CF_PQ_DOUBLE,
    CF_PQ_BYTES,
    CF_PQ_FIXED,
    CF_PQ_GROUP /* no values of its own */
} cf_pq_physical;

typedef enum { CF_PQ_REQUIRED, CF_PQ_OPTIONAL, CF_PQ_REPEATED } cf_pq_repetition;

/* What values or groups stand for, whichever of the two annotations said it. */
typedef enum {
    CF_PQ_AS_STORED,
    CF_PQ_TEXT,
    CF_PQ_LIST,
    CF_PQ_MAP,
    CF_PQ_DECIMAL,
    CF_PQ_DATE,
    CF_PQ_TIME,
    CF_PQ_TIMESTAMP,
    CF_PQ_INTEGER,
    CF_PQ_UUID,
    CF_PQ_FLOAT16,
    CF_PQ_INTERVAL
} cf_pq_meaning;

typedef enum { CF_PQ_MILLIS, CF_PQ_MICROS, CF_PQ_NANOS } cf_pq_unit;

typedef struct {
    const char *name;
    cf_pq_physical physical;
    cf_pq_repetition repetition;
    cf_pq_meaning meaning;
    cf_pq_unit unit; /* TIME, TIMESTAMP */
    int bits;        /* INTEGER */
    bool is_unsigned;
    int scale, precision; /* DECIMAL */
    uint32_t length;      /* FIXED: bytes a value */
    uint32_t children;
} cf_pq_element;

typedef enum {
    CF_PQ_PLAIN = 0,
    CF_PQ_PLAIN_DICTIONARY = 2,
    CF_PQ_RLE = 3,
    CF_PQ_BIT_PACKED = 4,
    CF_PQ_DELTA_BINARY_PACKED = 5,
    CF_PQ_DELTA_LENGTH_BYTE_ARRAY = 6,
    CF_PQ_DELTA_BYTE_ARRAY = 7,
    CF_PQ_RLE_DICTIONARY = 8,
    CF_PQ_BYTE_STREAM_SPLIT = 9
} cf_pq_encoding;

/* The values of one column in one row group. */
typedef struct {
    uint64_t start, size; /* of its pages in the file */
    uint64_t index_at;    /* the offset index; index_size 0: none */
    uint32_t index_size;
    int64_t values;
    int64_t null_count; /* -1: unknown */
    cf_str min, max;    /* as stored, borrowed from the footer; size 0: unknown */
    bool old_order;     /* of the deprecated kind: only good for signed numbers */
    int codec;          /* as stored; see cf_pq_codec */
    int physical;
    const char *unreadable; /* NULL: fine */
} cf_pq_chunk;

typedef struct {
    int64_t rows;
    cf_pq_chunk *chunks; /* [leaf count] */
    uint64_t bytes;      /* of all chunks */
} cf_pq_row_group;

typedef struct {
    cf_str key, value;
} cf_pq_note;

typedef struct {
    cf_pq_element *elements; /* the schema, depth first; 0 is the root */
    uint32_t element_count, leaf_count;
    cf_pq_row_group *groups;
    uint32_t group_count;
    cf_pq_note *notes;
    uint32_t note_count;
} cf_pq_footer;

/* Reads the footer.  Everything lives in the arena. */
cf_status cf_pq_footer_read(const cf_storage *storage, cf_arena *arena, cf_pq_footer *out,
                            cf_error *err);

/* false: a codec that we do not have (LZO). */
bool cf_pq_codec(int stored, cf_codec_kind *kind);

typedef enum {
    CF_PQ_DATA = 0,
    CF_PQ_INDEX = 1,
    CF_PQ_DICTIONARY = 2,
    CF_PQ_DATA_V2 = 3
} cf_pq_page_type;

typedef struct {
    int type;
    uint32_t size, packed_size; /* unpacked and stored */
    bool has_crc;
    uint32_t crc;
    uint32_t values; /* with nulls */
    int encoding, def_encoding, rep_encoding;
    /* version 2 only */
    uint32_t rows, nulls, def_size, rep_size;
    bool packed; /* the values went through the codec */
} cf_pq_page_header;

/* Returns the bytes that the header takes; 0: damaged. */
size_t cf_pq_page_header_read(const uint8_t *data, size_t size, cf_pq_page_header *out);

/* The first rows of a column's pages, by their place in the file. */
typedef struct {
    uint64_t offset;
    int64_t first_row;
} cf_pq_page_place;

/* Sets *count to 0 if the index makes no sense. Places are malloc'd. */
cf_pq_page_place *cf_pq_offset_index_read(const uint8_t *data, size_t size, int64_t rows,
                                          size_t *count);

#endif
