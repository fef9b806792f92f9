#include "base/base.h"

/* The two clocks. */

#include <time.h>
#include <unistd.h>

static int64_t read_ns(clockid_t which) {
    struct timespec t = {0};
    (void)clock_gettime(which, &t); /* both clocks exist on every system that we build for */
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t cf_clock_ns(void) {
    return read_ns(CLOCK_MONOTONIC);
}

int64_t cf_clock_cpu_ns(void) {
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

size_t cf_memory_bytes(void) {
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages <= 0 || size <= 0 ? (size_t)4 << 30 : (size_t)pages * (size_t)size;
}
