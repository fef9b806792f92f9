/* Any bytes as a ROOT file. */

#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return fuzz_file("root", data, size);
}
