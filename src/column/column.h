#ifndef CF_COLUMN_H
#define CF_COLUMN_H

/* Columns that outlive a chunk: results, literal tables, what readers of whole files hand over.
 * Arrow's layout, except that validity is a byte a row (0 null, 1 valid), which loops like
 * better; the border (arrow.h) packs it into bits. */

#include "column/type.h"

typedef struct cf_column cf_column;

/* Counted; never changed once published.  Readable directly, built by cf_builder or by hand.
 * At a null row numbers are 0, lists and texts are empty (their two offsets are equal), and the
 * fields of a tuple are null too.  `refs` apart, fields may be read by any thread. */
struct cf_column {
    _Atomic int refs;
    const cf_type *type; /* lives in `arena` */
    int64_t length;
    uint8_t *valid;       /* [length], NULL: no nulls */
    void *values;         /* [length] of the kind's size; TEXT: the bytes; LIST, TUPLE: NULL */
    int64_t *offsets;     /* [length + 1] LIST and TEXT: into child / values; else NULL */
    uint32_t child_count; /* LIST 1, TUPLE its fields */
    cf_column **children;
    cf_arena
        *arena; /* the column's own: holds type and the children array; buffers are malloc'd */
};

/* Takes over the buffers (malloc'd; values of no bytes may be NULL) and the children, also when
 * it fails.  The type is copied; its parts become those of the children, nullable where they
 * have nulls.  NULL: no memory. */
cf_column *cf_column_new(const cf_type *type, int64_t length, uint8_t *valid, void *values,
                         int64_t *offsets, cf_column **children, uint32_t child_count);
cf_column *cf_column_retain(cf_column *c);
void cf_column_release(cf_column *c); /* NULL is fine */

/* A text value of a TEXT column. */
cf_view cf_column_text(const cf_column *c, int64_t row);
bool cf_column_is_null(const cf_column *c, int64_t row);
/* Any integer or bool kind as int64, any number kind as double (DECIMAL too). */
int64_t cf_column_int(const cf_column *c, int64_t row);
double cf_column_float(const cf_column *c, int64_t row);

/* Appends value after value, of any type.  All return false when memory ran out. */
typedef struct cf_builder cf_builder;
cf_builder *cf_builder_new(const cf_type *type);
bool cf_builder_null(cf_builder *b);
bool cf_builder_bool(cf_builder *b, bool x);
bool cf_builder_int(cf_builder *b, int64_t x);  /* any integer kind, DATE.. DURATION, BOOL */
bool cf_builder_float(cf_builder *b, double x); /* FLOAT64 or FLOAT32 */
bool cf_builder_text(cf_builder *b, const char *data, size_t size);
/* A run of values of the storage kind (`values`: that kind's array; TEXT: cf_view); valid may
 * be NULL. */
bool cf_builder_run(cf_builder *b, const void *values, const uint8_t *valid, size_t count);
cf_builder *cf_builder_child(cf_builder *b,
                             uint32_t i); /* list: 0 is the element; tuple: field i */
bool cf_builder_end_list(
    cf_builder *b); /* the elements added since the last end are one list */
bool cf_builder_end_tuple(cf_builder *b); /* each field got one value since the last end */
int64_t cf_builder_length(const cf_builder *b);
cf_column *cf_builder_finish(cf_builder *b); /* frees the builder; NULL: no memory */
void cf_builder_free(cf_builder *b);

/* A relation in memory: a TUPLE column whose fields are the columns. */
typedef cf_column cf_table;
/* Takes rows of a relation, piece by piece and in order. */
typedef cf_status cf_rows_fn(void *user, const cf_table *rows, cf_error *err);

/* Rows [begin, end) as a new column (buffers copied).  Several columns of one type end to end.
 */
cf_column *cf_column_slice(const cf_column *c, int64_t begin, int64_t end);
cf_column *cf_column_concat(cf_column *const *columns, size_t count);
bool cf_column_equal(const cf_column *a,
                     const cf_column *b); /* type and every value; NaN equals NaN */

#endif
