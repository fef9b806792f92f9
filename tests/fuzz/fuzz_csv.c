/* Any bytes as CSV: no crash, no hang; what opens can be read to its end. */

#include "io/csv.h"
#include "io/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char separators[] = {'\0', ',', ';', '\t'};
    if (size == 0) return 0;
    const cf_open_options options = {.separator = separators[data[0] & 3],
                                     .no_header = (data[0] & 4) != 0};
    cf_storage *storages[2] = {NULL, NULL};
    const uint32_t count = (data[0] & 8) != 0 ? 2 : 1; /* sometimes the same file twice */
    for (uint32_t i = 0; i < count; i++)
        if (cf_storage_of_memory("fuzz.csv", data + 1, size - 1, &storages[i], NULL) != CF_OK)
            return 0;
    cf_source *source = NULL;
    cf_error err = {0};
    if (cf_csv_open_storages(storages, count, &options, &source, &err) != CF_OK) return 0;
    cf_table *table = NULL;
    if (cf_rows_read_all(source, &table, &err) == CF_OK) {
        cf_text out = {0};
        cf_csv_add_header(&out, table->type, ',');
        for (int64_t row = 0; row < table->length && row < 1000; row++)
            cf_csv_add_row(&out, table, row, ',');
        cf_text_clear(&out);
    } else {
        CF_ASSERT(err.status == CF_E_MEMORY); /* it was read once already */
    }
    cf_column_release(table);
    cf_source_release(source);
    return 0;
}
