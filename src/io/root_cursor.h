#ifndef CF_IO_ROOT_CURSOR_H
#define CF_IO_ROOT_CURSOR_H

/* Reading a range of entries of one file: finds the baskets, unpacks them, makes arrays. */

#include "io/root_schema.h"

/* A file of a source, ready to be read. */
typedef struct {
    cf_root_file file;
    cf_root_tree tree;
    cf_root_schema schema;
} cf_root_part;

typedef struct cf_root_reader cf_root_reader;

/* Belongs to one thread at a time; keeps its buffers and the baskets it holds. */
cf_root_reader *cf_root_reader_new(const cf_root_part *part);
void cf_root_reader_free(cf_root_reader *reader);

/* The array of a node for the entries [begin, end) of the file. */
cf_status cf_root_reader_read(cf_root_reader *reader, int32_t node, int64_t begin, int64_t end,
                              cf_array *out, cf_error *err);

/* What was read since the last call. */
cf_io_stats cf_root_reader_stats(cf_root_reader *reader);

#endif
