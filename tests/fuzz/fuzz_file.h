#ifndef FUZZ_FILE_H
#define FUZZ_FILE_H

/* What the fuzzers of file formats share: bytes become a file in memory, which is opened like
 * any other, and every column of it is read.  A damaged file may be refused; nothing else may
 * happen to it. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif

#include "io/open.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FUZZ_ROWS_MAX = 2000, FUZZ_PARTITIONS_MAX = 8, FUZZ_SIZE_MAX = 1 << 20 };

/* Files may honestly unpack to much; a fuzzer looks at their beginning. */
static void fuzz_read(cf_source *source) {
    for (uint32_t p = 0; p < source->partition_count && p < FUZZ_PARTITIONS_MAX; p++) {
        const int64_t rows = source->partitions[p].rows;
        for (int32_t node = 0; node < source->node_count; node++) {
            cf_cursor *cursor = NULL;
            cf_array array;
            cf_error err = {0};
            if (cf_cursor_open(source, p, &node, 1, &cursor, &err) != CF_OK) continue;
            (void)cf_cursor_read(cursor, node, 0, rows < FUZZ_ROWS_MAX ? rows : FUZZ_ROWS_MAX,
                                 &array, &err);
            cf_cursor_close(cursor, NULL);
        }
    }
}

static int fuzz_file(const char *format, const uint8_t *data, size_t size) {
    char path[64];
    if (size > FUZZ_SIZE_MAX) return 0;
    const int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const cf_open_options options = {.format = format};
    cf_source *source = NULL;
    cf_error err = {0};
    if (cf_open(path, &options, &source, &err) == CF_OK) {
        fuzz_read(source);
        cf_source_release(source);
    } else if (err.message[0] == '\0') {
        abort(); /* an error without a word */
    }
    close(fd);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
