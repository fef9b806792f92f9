/* Any bytes as a Parquet file. */

#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return fuzz_file("parquet", data, size);
}
