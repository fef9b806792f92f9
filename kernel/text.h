#ifndef CF_KERNEL_TEXT_H
#define CF_KERNEL_TEXT_H

/* Texts that grow, JSON written into them, and counting in code points. */

#include "cutflow/error.h"

#include <stddef.h>
#include <stdint.h>

/** Borrowed bytes. */
typedef struct {
    const char *data;
    size_t size;
} cf_slice;

cf_slice cf_slice_of(const char *zero_terminated);
bool cf_slice_is(cf_slice s, const char *zero_terminated);

/** Zero-initialise.  data is zero-terminated once anything was added, else NULL.  When memory
 * runs out `failed` is set and what follows is not added. */
typedef struct {
    char *data;
    size_t size, capacity;
    bool failed;
} cf_growing;

void cf_growing_add(cf_growing *b, const void *data, size_t size);
void cf_growing_adds(cf_growing *b, const char *zero_terminated);
CF_PRINTF(2, 3) void cf_growing_addf(cf_growing *b, const char *format, ...);
void cf_growing_clear(cf_growing *b);
cf_slice cf_growing_slice(const cf_growing *b);

/** `"text"` in JSON.  Bytes that are no UTF-8 become U+FFFD: a client refuses a whole message
 * for one of them. */
void cf_put_text(cf_growing *b, cf_slice text);
void cf_put_string(cf_growing *b, const char *zero_terminated);
/** The shortest text that reads back equal; null for what JSON has no number for. */
void cf_put_number(cf_growing *b, double x);
void cf_put_int(cf_growing *b, int64_t x);

/** Length of the character at the start of `text` (not empty); 1 and U+FFFD for a bad byte. */
size_t cf_point_at(cf_slice text, uint32_t *point);
void cf_point_put(cf_growing *b, uint32_t point);
size_t cf_points_count(cf_slice text);
/** Offset in bytes of the n-th code point; the end if there are fewer. */
size_t cf_points_to_bytes(cf_slice text, int64_t points);

/** The pointer, unless it is NULL: then the program ends and says so.  For small things only.
 */
void *cf_need(void *allocated);
char *cf_need_copy(const char *text, size_t size);

#endif
