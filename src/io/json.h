#ifndef CF_IO_JSON_H
#define CF_IO_JSON_H

/* JSON as a relation: an array of objects, or objects one after the other (a line each). */

#include "io/open.h"
#include "io/storage.h"

/* A table in memory.  Types are found out: a number column with a fraction anywhere is float, a
 * key that is missing is null, objects are tuples, arrays lists. */
cf_status cf_json_open(const char *path, cf_source **source, cf_error *err);
cf_status cf_json_open_storage(const cf_storage *storage, cf_source **source, cf_error *err);

/* `{"a": 1, "b": [2]}` */
void cf_json_add_row(cf_text *out, const cf_table *rows, int64_t row);

#endif
