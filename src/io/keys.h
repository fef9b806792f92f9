#ifndef CF_IO_KEYS_H
#define CF_IO_KEYS_H

/* What the folders of a partitioned dataset say: `year=2018/month=1/part.parquet` gives every
 * row of that file the columns year and month. */

#include "column/scan.h"

/* Does a name look like `key=value`? */
bool cf_is_key_folder(const char *name);

/* `inner` with the keys as columns behind its own; a column of a file that is called like a
 * key gives way.  paths[i] is file i of inner; the folders in it from byte `from` on are
 * looked at.  Paths without any key give inner itself.  Takes over inner, also when it fails:
 * CF_E_MISMATCH names two files whose keys differ. */
cf_status cf_source_with_keys(cf_source *inner, const char *const *paths, uint32_t count,
                              size_t from, const char *where, cf_source **source,
                              cf_error *err);

#endif
