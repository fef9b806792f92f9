#ifndef SOURCE_TEXT_H
#define SOURCE_TEXT_H

/* What a test of a text format looks at: types and all rows of a source as one text. */

#include "io/rows.h"
#include "io/scalar_text.h"
#include "io/storage.h"
#include "test.h"

#include <stdlib.h>

static inline cf_storage *storage_of(const char *name, const char *text) {
    cf_storage *storage = NULL;
    CHECK(cf_storage_of_memory(name, text, strlen(text), &storage, NULL) == CF_OK);
    return storage;
}

/* `{a = int}\n{"a": 1}\n..`; malloc'd.  Releases the source. */
static inline char *text_of_source(cf_source *source) {
    cf_text text = {0};
    cf_table *table = NULL;
    cf_type_print(&text, source->schema, true);
    cf_text_addc(&text, '\n');
    CHECK(cf_rows_read_all(source, &table, NULL) == CF_OK);
    for (int64_t row = 0; table != NULL && row < table->length; row++) {
        cf_value_add_json(&text, table, row);
        cf_text_addc(&text, '\n');
    }
    CHECK(table != NULL && table->length == source->rows);
    cf_column_release(table);
    cf_source_release(source);
    return text.data;
}

#endif
