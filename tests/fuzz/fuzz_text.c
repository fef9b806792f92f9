/* Any text as a program: it is completed, judged and formatted, and what the formatter gives is
 * its own canonical form. */

#include "cutflow/session.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge_prefixes(const char *text, size_t size) {
    const size_t step = size / 8 + 1;
    for (size_t n = 0; n <= size; n += step) {
        unsigned indent = 0;
        (void)cf_text_is_complete(text, n, &indent);
    }
}

static void format_twice(const char *text, size_t size) {
    char *message = NULL, *once = cf_text_format(text, size, "fuzz", &message);
    if ((once == NULL) == (message == NULL)) abort();
    free(message);
    if (once == NULL) return;
    char *twice = cf_text_format(once, strlen(once), "fuzz", &message);
    if (twice == NULL || strcmp(once, twice) != 0) {
        fprintf(stderr, "--- of\n%.*s\n--- comes\n%s\n--- and of that\n%s\n", (int)size, text,
                once, twice != NULL ? twice : message);
        abort();
    }
    free(once);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 65536 || memchr(data, 0, size) != NULL)
        return 0; /* what comes back ends at a zero byte */
    const char *text = (const char *)data;
    judge_prefixes(text, size);
    format_twice(text, size);
    return 0;
}
