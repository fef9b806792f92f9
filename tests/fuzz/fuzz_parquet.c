/* Any bytes as a Parquet file: opened, and if that goes well, read in windows, forward and
 * back. */

#include "io/parquet.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(const cf_field *f, const cf_array *a) {
    const cf_view *views = a->values;
    volatile char sink = 0;
    if (f->type->kind != CF_TEXT || views == NULL) return;
    for (size_t i = 0; i < a->count; i++) {
        if (views[i].size > 0) sink = (char)(sink ^ views[i].data[views[i].size - 1]);
    }
}

static void read_field(cf_cursor *cursor, const cf_field *f, int64_t begin, int64_t end) {
    cf_error err = {0};
    cf_array array;
    if (cf_cursor_read(cursor, f->node, begin, end, &array, &err) == CF_OK) touch(f, &array);
    for (uint32_t i = 0; i < f->type->field_count; i++)
        read_field(cursor, &f->type->fields[i], begin, end);
}

static void read_partition(cf_source *source, uint32_t number) {
    const int64_t rows = source->partitions[number].rows;
    const int64_t most = rows < 20000 ? rows : 20000;
    cf_cursor *cursor = NULL;
    if (cf_cursor_open(source, number, NULL, 0, &cursor, NULL) != CF_OK) return;
    for (uint32_t i = 0; i < source->schema->field_count; i++) {
        const cf_field *f = &source->schema->fields[i];
        for (int64_t row = 0; row < most; row += 1000)
            read_field(cursor, f, row, row + 1000 < most ? row + 1000 : most);
        read_field(cursor, f, most / 3, most / 2);
    }
    cf_cursor_close(cursor, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_source *source = NULL;
    if (cf_parquet_open_memory("fuzz", data, size, NULL, &source, NULL) != CF_OK) return 0;
    for (uint32_t i = 0; i < source->partition_count && i < 3; i++)
        read_partition(source, i);
    cf_source_release(source);
    return 0;
}
