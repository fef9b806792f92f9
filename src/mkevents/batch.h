#ifndef CF_MKEVENTS_BATCH_H
#define CF_MKEVENTS_BATCH_H

/* Events as columns. */

#include "column/column.h"
#include "mkevents/model.h"

/* The columns of a Delphes file, made in the arena. */
const cf_type *cf_mk_schema(cf_arena *arena);

/* Events [first, first + count) as a table of that type; NULL: no memory. */
cf_table *cf_mk_batch(const cf_mk_model *m, const cf_type *schema, uint64_t first,
                      int64_t count);

#endif
