#ifndef CF_IO_PARQUET_H
#define CF_IO_PARQUET_H

/* Parquet files, read and written. */

#include "column/column.h"
#include "column/scan.h"
#include "io/open.h"

/* Several files of one schema become one relation in the order given; a partition is a row
 * group. options may be NULL; `flat` switches off the grouping of flat columns (`Muon_pt` into
 * `Muon`). */
cf_status cf_parquet_open(const char *const *paths, size_t count,
                          const cf_open_options *options, cf_source **out, cf_error *err);

/* The bytes of a file in memory, borrowed: what a fuzzer has. */
cf_status cf_parquet_open_memory(const char *name, const void *data, size_t size,
                                 const cf_open_options *options, cf_source **out,
                                 cf_error *err);

typedef enum {
    CF_PARQUET_PACK_DEFAULT, /* zstd */
    CF_PARQUET_PACK_NONE,
    CF_PARQUET_PACK_SNAPPY,
    CF_PARQUET_PACK_ZSTD
} cf_parquet_pack;

typedef struct {
    cf_parquet_pack pack;
    bool old_pages;      /* pages of version 1, for readers that know no other */
    int64_t group_rows;  /* 0: 131,072 */
    int64_t group_bytes; /* 0: 64 MiB, as held in memory */
} cf_parquet_write_options;

/* Writes `path` through a file beside it that finish renames.  The schema is a TUPLE and is
 * copied; options may be NULL. */
typedef struct cf_parquet_writer cf_parquet_writer;
cf_status cf_parquet_writer_open(const char *path, const cf_type *schema,
                                 const cf_parquet_write_options *options,
                                 cf_parquet_writer **out, cf_error *err);
/* Rows are gathered until a row group is full. */
cf_status cf_parquet_writer_add(cf_parquet_writer *w, const cf_table *rows, cf_error *err);
cf_status cf_parquet_writer_finish(cf_parquet_writer *w, int64_t *bytes,
                                   cf_error *err);    /* frees w */
void cf_parquet_writer_abandon(cf_parquet_writer *w); /* frees w, removes what it wrote */

#endif
