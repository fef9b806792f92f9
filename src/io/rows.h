#ifndef CF_IO_ROWS_H
#define CF_IO_ROWS_H

/* Rows of a source as columns in memory: for looking at a few of them. */

#include "column/scan.h"

/* Rows [begin, end) of a column.  `path` leads from the column (path[0]) down to one of its
 * basic members: only that is read, and tuples on the way do not show ([{pt, eta}] along pt is
 * [float]). path_size 0: all of `column`. */
cf_status cf_rows_read(cf_cursor *cursor, const cf_field *column, const cf_field *const *path,
                       size_t path_size, int64_t begin, int64_t end, cf_column **rows,
                       cf_error *err);

/* All rows of a source, as a table. */
cf_status cf_rows_read_all(cf_source *source, cf_table **table, cf_error *err);

#endif
