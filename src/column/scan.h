#ifndef CF_SCAN_H
#define CF_SCAN_H

/* What a file looks like to a plan: a schema, partitions, and arrays for a range of rows.
 *
 * The formats (src/io) implement cf_source; plan and exec see only this header.  A source is
 * immutable after opening and shared by threads; a cursor belongs to one thread and one
 * partition.
 *
 * Nodes.  Every column of the schema, every tuple field and every list element has a number
 * (cf_field.node, 0 .. node_count-1).  Three things can be asked of a node for rows [begin,
 * end) of a partition (rows count from 0 in each partition):
 *   - a basic node (number, bool, text, ...): its values, flattened: all elements of those
 * rows;
 *   - a list node: offsets (int32, starting at 0, one more than the lists), which give the
 * level of its element; for a list inside a list, over all the lists of those rows;
 *   - a list or tuple node that is nullable: its validity.
 *
 * All leaves under one list node agree on its offsets; where a file says otherwise the reader
 * reports CF_E_MISMATCH naming column and row (entry) number. */

#include "column/column.h"

typedef struct cf_source cf_source;
typedef struct cf_cursor cf_cursor;

/* Arrays that a cursor hands out live until the next read of the same node through the same
 * cursor or until the cursor is closed, whichever is first.  Values at null places are zero. */
typedef struct {
    size_t count;
    const void *values; /* the kind's array; TEXT: cf_view; list: int32_t offsets [count + 1] */
    const uint8_t *valid; /* [count], NULL: all valid */
} cf_array;

typedef struct {
    int64_t rows;
    int64_t bytes;     /* stored size of the partition, all columns; 0: unknown */
    uint32_t file;     /* which of the source's files, from 0 */
    int64_t first_row; /* of this partition in the source */
} cf_partition;

/* A condition `column op constant` that a reader may use to skip whole partitions (statistics).
 * It only ever helps: rows that fail may still be delivered. */
typedef enum { CF_CMP_EQ, CF_CMP_LT, CF_CMP_LE, CF_CMP_GT, CF_CMP_GE } cf_compare;
typedef struct {
    int32_t node; /* a basic top-level column */
    cf_compare compare;
    double value; /* of a DATE its days */
    cf_view text; /* of a TEXT; data NULL: it is none */
} cf_bound;

/* Counted under every format, here and nowhere else. */
typedef struct {
    int64_t bytes_requested; /* asked of storage */
    int64_t bytes_read;      /* came from storage */
    int64_t bytes_unpacked;  /* after decompression */
} cf_io_stats;

typedef struct {
    void (*close)(cf_source *source);
    cf_status (*cursor_open)(cf_source *source, uint32_t partition, const int32_t *nodes,
                             size_t node_count, cf_cursor **cursor, cf_error *err);
    cf_status (*cursor_read)(cf_cursor *cursor, int32_t node, int64_t begin, int64_t end,
                             cf_array *out, cf_error *err);
    void (*cursor_close)(cf_cursor *cursor,
                         cf_io_stats *add); /* adds its counts to *add (may be NULL) */
    /* May be NULL.  False only if no row of the partition can satisfy all of the bounds. */
    bool (*may_match)(cf_source *source, uint32_t partition, const cf_bound *bounds,
                      size_t count);
} cf_source_class;

struct cf_source { /* formats embed this as their first member */
    const cf_source_class *class;
    _Atomic int refs;
    const char *format;    /* "root", "parquet", "csv", "memory" */
    const char *where;     /* for messages: path, with `:tree` for ROOT */
    const cf_type *schema; /* a TUPLE: the columns */
    int32_t node_count;
    int64_t rows;
    uint32_t partition_count;
    const cf_partition *partitions;
    uint32_t file_count;
    const char *const *files; /* as opened, absolute */
    /* How to open it again, elsewhere: the arguments of cf_open (io/open.h), so that plans can
     * travel. */
    const char *open_pattern; /* path or glob as given; NULL: cannot travel (memory) */
    const char *open_tree;    /* NULL: not asked for */
    bool open_flat;
    cf_arena *arena; /* holds all of the above */
};

cf_source *cf_source_retain(cf_source *source);
void cf_source_release(cf_source *source);
uint64_t cf_source_schema_hash(const cf_source *source);

/* Opens a cursor for the nodes that will be read.  A list node is given implicitly by any node
 * below it. */
cf_status cf_cursor_open(cf_source *source, uint32_t partition, const int32_t *nodes,
                         size_t node_count, cf_cursor **cursor, cf_error *err);
cf_status cf_cursor_read(cf_cursor *cursor, int32_t node, int64_t begin, int64_t end,
                         cf_array *out, cf_error *err);
void cf_cursor_close(cf_cursor *cursor, cf_io_stats *add);

struct cf_cursor { /* formats embed this as their first member */
    cf_source *source;
    uint32_t partition;
};

/* A table in memory as a source; one partition per 65,536 rows. Retains the table. */
cf_status cf_source_of_table(cf_column *table, const char *name, cf_source **source,
                             cf_error *err);

#endif
