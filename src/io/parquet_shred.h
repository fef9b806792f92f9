#ifndef CF_IO_PARQUET_SHRED_H
#define CF_IO_PARQUET_SHRED_H

/* From columns in memory to what a leaf of a Parquet file stores: levels, and the values that
 * are there, laid end to end. */

#include "column/column.h"
#include "io/parquet_schema.h"

typedef struct {
    const cf_field *field; /* of the leaf */
    const char *name;      /* dotted, for notes and messages */
    const char **path;     /* as Parquet names it: with `list` and `element` */
    uint32_t path_count;
    const cf_field **way;  /* from the top level to the leaf */
    const uint32_t *steps; /* which child each is of the one before */
    uint32_t way_count;
    cf_pq_physical physical;
    uint32_t
        size; /* bytes a stored value; 0: texts, and booleans (a byte each until written) */
    uint8_t def_max, rep_max;
    /* Gathered so far. */
    cf_text rep, def; /* a byte an entry; not kept where the maximum is 0 */
    cf_text values;
    size_t entries, present;
} cf_pq_shred;

/* May the field be null in the file?  A column of the type null always is. */
static inline bool cf_pq_optional(const cf_field *f) {
    return f->nullable || f->type->kind == CF_NULL;
}

/* Adds rows [begin, end) of a table whose fields are those of the schema. */
cf_status cf_pq_shred_add(cf_pq_shred *leaf, const cf_table *rows, int64_t begin, int64_t end,
                          cf_error *err);
void cf_pq_shred_reset(cf_pq_shred *leaf);
size_t cf_pq_shred_bytes(const cf_pq_shred *leaf);

#endif
