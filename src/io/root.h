#ifndef CF_IO_ROOT_H
#define CF_IO_ROOT_H

/* ROOT files as sources. */

#include "io/open.h"
#include "io/storage.h"

/* The tree that options->tree names (`dir/tree`; NULL: the only one, else `Events`), end to end
 * over all files.  options may be NULL. */
cf_status cf_root_open(const char *const *paths, size_t count, const cf_open_options *options,
                       cf_source **source, cf_error *err);
/* The same over storages, which are taken over, also when it fails. */
cf_status cf_root_open_storages(cf_storage *const *storages, size_t count,
                                const cf_open_options *options, cf_source **source,
                                cf_error *err);

/* The trees of a file. */
cf_status cf_root_list(const char *path, cf_arena *arena, const char *const **names,
                       size_t *count, cf_error *err);

#endif
