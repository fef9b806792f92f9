/* Any bytes as JSON: no crash, no hang; what opens can be read and written. */

#include "io/json.h"
#include "io/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_storage *storage = NULL;
    if (cf_storage_of_memory("fuzz.json", data, size, &storage, NULL) != CF_OK) return 0;
    cf_source *source = NULL;
    cf_error err = {0};
    if (cf_json_open_storage(storage, &source, &err) == CF_OK) {
        cf_table *table = NULL;
        CF_ASSERT(cf_rows_read_all(source, &table, &err) == CF_OK || err.status == CF_E_MEMORY);
        cf_text out = {0};
        for (int64_t row = 0; table != NULL && row < table->length && row < 1000; row++)
            cf_json_add_row(&out, table, row);
        cf_text_clear(&out);
        cf_column_release(table);
    }
    cf_source_release(source);
    cf_storage_close(storage);
    return 0;
}
