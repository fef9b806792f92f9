#ifndef CF_IO_STORAGE_H
#define CF_IO_STORAGE_H

/* Where the bytes of a file come from.  Formats see a size and ranges; counters are kept here,
 * once, under every format.  A storage is immutable after opening and may be read by several
 * threads. */

#include "base/base.h"
#include "column/scan.h"

typedef struct cf_storage cf_storage;

/* A local file. */
cf_status cf_storage_open(const char *path, cf_storage **storage, cf_error *err);
/* Bytes in memory, borrowed; `name` stands in for the path in messages. */
cf_status cf_storage_of_memory(const char *name, const void *data, size_t size,
                               cf_storage **storage, cf_error *err);
void cf_storage_close(cf_storage *storage); /* NULL is fine */

uint64_t cf_storage_size(const cf_storage *storage);
const char *cf_storage_path(const cf_storage *storage);

/* Copies [offset, offset + size) into dst: all of it or an error (CF_E_FORMAT beyond the end).
 * stats may be NULL. */
cf_status cf_storage_read(const cf_storage *storage, uint64_t offset, size_t size, void *dst,
                          cf_io_stats *stats, cf_error *err);

/* The bytes themselves where they lie in memory already, else NULL: then read. */
const void *cf_storage_view(const cf_storage *storage, uint64_t offset, size_t size,
                            cf_io_stats *stats);

#endif
