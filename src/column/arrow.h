#ifndef CF_ARROW_H
#define CF_ARROW_H

/* Columns to and from other libraries in this process: the Arrow C data interface.
 *
 * A table becomes a struct array, which is what others call a record batch.  Going out,
 * numbers, texts and offsets are shared and not copied (the array keeps the column alive);
 * validity and bool become bits, dates 32-bit days.  TEXT goes out as large utf8, LIST as large
 * list, TIMESTAMP with the time zone UTC.  Coming in, everything is copied.  Also read: utf8,
 * list, fixed-size list and any unit of time (nanoseconds lose their last three digits). */

#include "column/column.h"

/* The two structures as the interface's specification fixes them, unless a library's own header
 * came first. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE           2
#define ARROW_FLAG_MAP_KEYS_SORTED    4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif

/* Fills both; the receiver calls their release.  On failure there is nothing to release.
 * Fails for functions (CF_E_UNSUPPORTED), dates beyond 32 bits (CF_E_VALUE), memory. */
cf_status cf_arrow_export(cf_column *c, const char *name, struct ArrowSchema *schema,
                          struct ArrowArray *array, cf_error *err);

/* Takes over both: they are released, also on failure.  Fails for formats without a place in
 * our types (CF_E_UNSUPPORTED: dictionaries, unions, binary, ...) and arrays that contradict
 * themselves. */
cf_status cf_arrow_import(struct ArrowSchema *schema, struct ArrowArray *array,
                          cf_column **column, cf_error *err);

#endif
