#ifndef CF_IO_OPEN_H
#define CF_IO_OPEN_H

/* The one door to files: finds the format by content (magic bytes), then by suffix. */

#include "column/column.h"
#include "column/save.h"
#include "column/scan.h"

typedef struct {
    const char *format; /* NULL: found out; "root", "parquet", "csv", "json" */
    const char *tree; /* ROOT: which tree (`dir/name`); NULL: the only one, else `Events`, else
                         an error that lists them */
    bool flat;        /* ROOT: no grouping by prefix */
    char separator;   /* CSV: 0 = found out */
    bool no_header;   /* CSV */
} cf_open_options;

/* `pattern`: a path or a glob (*, ?, [..]), possibly a directory of files with equal schema.
 * Several files become one relation, in order of path; their schemas must agree
 * (CF_E_MISMATCH). */
cf_status cf_open(const char *pattern, const cf_open_options *options, cf_source **source,
                  cf_error *err);

/* Names of the tables inside a file: ROOT trees (`Events`, `dir/tree`; highest cycle only); one
 * empty name for other formats.  Strings live in arena. */
cf_status cf_open_list(const char *path, cf_arena *arena, const char *const **names,
                       size_t *count, cf_error *err);

/* Writes a relation row range by row range.  Formats: by suffix (.parquet, .root, .tfrecord,
 * .csv, .tsv, .json, .jsonl).  A temporary file (or folder) beside the target is renamed by
 * finish. */
typedef struct cf_writer cf_writer;
cf_status cf_writer_open(const char *path, const char *format /* NULL: suffix */,
                         const cf_type *schema, cf_writer **writer, cf_error *err);
/* The same with options, which may be NULL; one that the format does not know is an error. */
cf_status cf_writer_open_with(const char *path, const char *format,
                              const cf_save_options *options, const cf_type *schema,
                              cf_writer **writer, cf_error *err);
cf_status cf_writer_add(cf_writer *w, const cf_table *rows,
                        cf_error *err); /* Parquet: buffered into row groups */
cf_status cf_writer_finish(cf_writer *w, int64_t *bytes, cf_error *err); /* frees w */
void cf_writer_abandon(cf_writer *w); /* frees w, removes the file */

#endif
