#ifndef CF_IO_ROOT_WRITER_H
#define CF_IO_ROOT_WRITER_H

/* Writing a relation as a TTree, in one of two layouts:
 *
 * | column | flat | delphes |
 * |---|---|---|
 * | number, bool | a branch | the same |
 * | text | a branch of `string` | the same |
 * | `MET: {pt, phi}` | `MET_pt`, `MET_phi` | `MET.pt`, `MET.phi` |
 * | `x: [float]` | `x[nx]` with the branch `nx` | `x[x_size]` |
 * | `X: [{a, b}]` | `X_a[nX]`, `X_b[nX]`, `nX` | a TClonesArray `X` with `X.a`, `X.b`; `X_size`
 * | | lists of one fixed length | `x[3]` | the same | | `[[float]]`, `[text]` |
 * `vector<vector<float> >`, `vector<string>` | the same |
 *
 * A null float is NaN, any other null an error; so are lists that lie deeper.  Dates and times
 * are stored as 64-bit integers (days, microseconds), decimals as doubles.  An integer column
 * that has a counter's name must say what the counter says. */

#include "column/column.h"

typedef struct {
    const char *tree;        /* NULL: `Events` */
    const char *compression; /* zstd (the default), lz4, zlib, none */
    const char *layout;      /* flat (the default), delphes */
} cf_root_write_options;

/* Writes `path` through a file beside it that finish renames.  The schema is a TUPLE and is
 * copied; options may be NULL. */
typedef struct cf_root_writer cf_root_writer;
cf_status cf_root_writer_open(const char *path, const cf_type *schema,
                              const cf_root_write_options *options, cf_root_writer **out,
                              cf_error *err);
cf_status cf_root_writer_add(cf_root_writer *w, const cf_table *rows, cf_error *err);
cf_status cf_root_writer_finish(cf_root_writer *w, int64_t *bytes, cf_error *err); /* frees w */
void cf_root_writer_abandon(cf_root_writer *w); /* frees w, removes what it wrote */

#endif
