#ifndef CF_IO_CSV_H
#define CF_IO_CSV_H

/* CSV (RFC 4180 and what people make of it) as a source, and out again. */

#include "io/open.h"
#include "io/storage.h"

/* All files become one relation; they have the same header.  Reads everything once to learn the
 * types of the columns and where the records are. */
cf_status cf_csv_open(const char *const *paths, uint32_t count, const cf_open_options *options,
                      cf_source **source, cf_error *err);
/* Takes over the storages, also when it fails. */
cf_status cf_csv_open_storages(cf_storage **storages, uint32_t count,
                               const cf_open_options *options, cf_source **source,
                               cf_error *err);

/* One row of names, then rows: appended to `out`. */
void cf_csv_add_header(cf_text *out, const cf_type *schema, char separator);
void cf_csv_add_row(cf_text *out, const cf_table *rows, int64_t row, char separator);

#endif
