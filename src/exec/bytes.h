#ifndef CF_EXEC_BYTES_H
#define CF_EXEC_BYTES_H

/* Numbers and arrays as bytes, least significant first, and back.  A reader believes no size:
 * whatever does not fit into what is left makes it `bad`, and from then on it gives zeros. */

#include "base/base.h"

void cf_put_u8(cf_text *out, uint8_t x);
void cf_put_u64(cf_text *out, uint64_t x);
void cf_put_array(cf_text *out, const void *data, size_t count, size_t size);

typedef struct {
    const char *at;
    size_t left;
    bool bad;
} cf_reader;

uint8_t cf_get_u8(cf_reader *r);
uint64_t cf_get_u64(cf_reader *r);
/* A number of things of `size` bytes each that may follow; bad: so many cannot be there. */
size_t cf_get_count(cf_reader *r, size_t size);
/* The next bytes, in place; NULL: there are fewer. */
const char *cf_get_bytes(cf_reader *r, size_t count, size_t size);
/* Into room for them, which may be NULL when there are none. */
bool cf_get_array(cf_reader *r, void *to, size_t count, size_t size);

#endif
