#ifndef CF_IO_PARQUET_SCHEMA_H
#define CF_IO_PARQUET_SCHEMA_H

/* A Parquet schema as our types, and for each leaf how its levels and values are to be read.
 *
 * Levels.  A leaf stores a pair of numbers for each value, null and empty list: `rep`, at which
 * of the lists around it this entry continues (0: a new row), and `def`, how far down the path
 * things exist.  Elements of the k-th list around the leaf (k = 0: the rows) are the entries
 * with rep <= k and def >= list_def[k]; a nullable list or tuple on the path is there where def
 * >= valid_def. */

#include "column/scan.h"
#include "io/parquet_meta.h"

/* Keys of the file's notes, before a column's name: what Parquet itself has no place for. */
#define CF_PQ_NOTE_UNIT "cutflow.unit."
#define CF_PQ_NOTE_DOC  "cutflow.doc."
#define CF_PQ_NOTE_KIND "cutflow.kind."

enum { CF_PQ_LISTS_MAX = 32, CF_PQ_DEPTH_MAX = 96 };

/* From stored values to those of the kind. */
typedef enum {
    CF_PQ_SAME,
    CF_PQ_BITS_BOOL,
    CF_PQ_I32_I8,
    CF_PQ_I32_U8,
    CF_PQ_I32_I16,
    CF_PQ_I32_U16,
    CF_PQ_I32_I64,      /* dates */
    CF_PQ_I32_I64_1000, /* milliseconds */
    CF_PQ_I64_1000,     /* milliseconds */
    CF_PQ_I64_NANOS,
    CF_PQ_I96,
    CF_PQ_F16,
    CF_PQ_I32_DECIMAL,
    CF_PQ_I64_DECIMAL,
    CF_PQ_FIXED_DECIMAL,
    CF_PQ_BYTES_DECIMAL,
    CF_PQ_BYTES_TEXT,
    CF_PQ_BYTES_HEX,
    CF_PQ_FIXED_TEXT,
    CF_PQ_FIXED_HEX,
    CF_PQ_FIXED_UUID
} cf_pq_convert;

/* A list or tuple on the way to a leaf. */
typedef struct {
    int32_t node;
    bool list;
    uint8_t level;     /* lists around it: its slots are the elements of that list */
    uint8_t valid_def; /* 0: never null */
} cf_pq_above;

typedef struct {
    uint32_t column; /* its number among the leaves */
    int32_t node;
    cf_pq_physical physical;
    uint32_t length; /* bytes of a stored value; 0: they vary, or bits */
    cf_kind kind;
    cf_pq_convert convert;
    uint8_t def_max, rep_max;
    uint8_t list_def[CF_PQ_LISTS_MAX + 1];
    cf_pq_above *above; /* from the outside in */
    uint32_t above_count;
    const char *name; /* `Muon.pt` */
    const char *unreadable;
} cf_pq_leaf;

typedef enum {
    CF_PQ_NODE_NONE,
    CF_PQ_NODE_BASIC,
    CF_PQ_NODE_LIST,
    CF_PQ_NODE_TUPLE
} cf_pq_node_kind;

typedef struct {
    cf_pq_node_kind kind;
    bool nullable;
    uint32_t *leaves; /* below it (BASIC: itself) */
    uint32_t leaf_count;
} cf_pq_node;

typedef struct {
    const cf_type *type;
    cf_pq_node *nodes;
    int32_t node_count;
    cf_pq_leaf *leaves;
    uint32_t leaf_count;
} cf_pq_schema;

/* Builds the schema of a footer; without `flat`, columns that belong together are grouped. */
cf_status cf_pq_schema_build(const cf_pq_footer *footer, bool flat, const char *path,
                             cf_arena *arena, cf_pq_schema *out, cf_error *err);

/* Do the two files hold the same columns? */
cf_status cf_pq_schema_compare(const cf_pq_footer *a, const cf_pq_footer *b, const char *path_a,
                               const char *path_b, cf_error *err);

#endif
