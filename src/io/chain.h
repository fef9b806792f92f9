#ifndef CF_IO_CHAIN_H
#define CF_IO_CHAIN_H

/* Several sources of one schema, one after the other, as one. */

#include "column/scan.h"

/* Takes over the sources (not the array), also when it fails.  CF_E_MISMATCH names the first
 * column that differs and the two files. */
cf_status cf_source_chain(cf_source *const *parts, uint32_t count, cf_source **source,
                          cf_error *err);

#endif
