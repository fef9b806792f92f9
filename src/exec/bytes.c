#include "exec/bytes.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "arrays travel as they lie in memory");

void cf_put_u8(cf_text *out, uint8_t x) {
    cf_text_addc(out, (char)x);
}

void cf_put_u64(cf_text *out, uint64_t x) {
    cf_put_array(out, &x, 1, sizeof x);
}

void cf_put_array(cf_text *out, const void *data, size_t count, size_t size) {
    if (count > 0) cf_text_add(out, data, count * size);
}

const char *cf_get_bytes(cf_reader *r, size_t count, size_t size) {
    if (r->bad || (size > 0 && count > r->left / size)) {
        r->bad = true;
        return NULL;
    }
    const char *bytes = r->at;
    r->at += count * size;
    r->left -= count * size;
    return bytes;
}

bool cf_get_array(cf_reader *r, void *to, size_t count, size_t size) {
    const char *bytes = cf_get_bytes(r, count, size);
    if (!r->bad && count > 0) memcpy(to, bytes, count * size);
    return !r->bad;
}

uint8_t cf_get_u8(cf_reader *r) {
    uint8_t x = 0;
    (void)cf_get_array(r, &x, 1, 1);
    return x;
}

uint64_t cf_get_u64(cf_reader *r) {
    uint64_t x = 0;
    (void)cf_get_array(r, &x, 1, sizeof x);
    return x;
}

size_t cf_get_count(cf_reader *r, size_t size) {
    const uint64_t count = cf_get_u64(r);
    if (!r->bad && count <= r->left / size) return (size_t)count;
    r->bad = true;
    return 0;
}
