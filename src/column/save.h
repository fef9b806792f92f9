#ifndef CF_SAVE_H
#define CF_SAVE_H

/* How a relation is to be written: what `save` was told besides path and format.  Plans carry
 * it, the formats (src/io) read it. */

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *tree;        /* ROOT: name of the tree; NULL: `Events` */
    const char *layout;      /* ROOT: flat (NULL) or delphes */
    const char *compression; /* ROOT: zstd, lz4, zlib, none; Parquet: zstd, snappy, none */
    const char *by; /* columns whose values become folders, a line each; NULL: one file */
    int64_t rows_per_file; /* with `by`; 0: as many as there are */
    bool overwrite;        /* with `by`: a dataset that is there may be replaced */
} cf_save_options;

#endif
