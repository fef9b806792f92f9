#ifndef CF_IO_ROOT_BUFFER_H
#define CF_IO_ROOT_BUFFER_H

/* Big-endian values out of a piece of memory.  Reading past the end gives zeros and sets `bad`,
 * which the caller asks for once, when the whole thing has been read. */

#include "base/base.h"

#include <string.h>

typedef struct {
    const uint8_t *data;
    size_t size, at;
    bool bad;
} cf_root_buffer;

static inline cf_root_buffer cf_root_buffer_of(const void *data, size_t size) {
    return (cf_root_buffer){data, size, 0, false};
}

static inline size_t cf_root_left(const cf_root_buffer *b) {
    return b->size - b->at;
}

/* The next `size` bytes, or NULL and bad. */
static inline const uint8_t *cf_root_bytes(cf_root_buffer *b, size_t size) {
    if (size > b->size - b->at) {
        b->bad = true;
        b->at = b->size;
        return NULL;
    }
    const uint8_t *p = b->data + b->at;
    b->at += size;
    return p;
}

static inline uint16_t cf_root_load16(const uint8_t *p) {
    uint16_t x;
    memcpy(&x, p, sizeof x);
    return __builtin_bswap16(x);
}
static inline uint32_t cf_root_load32(const uint8_t *p) {
    uint32_t x;
    memcpy(&x, p, sizeof x);
    return __builtin_bswap32(x);
}
static inline uint64_t cf_root_load64(const uint8_t *p) {
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return __builtin_bswap64(x);
}

static inline uint8_t cf_root_u8(cf_root_buffer *b) {
    const uint8_t *p = cf_root_bytes(b, 1);
    return p != NULL ? *p : 0;
}
static inline uint16_t cf_root_u16(cf_root_buffer *b) {
    const uint8_t *p = cf_root_bytes(b, 2);
    return p != NULL ? cf_root_load16(p) : 0;
}
static inline uint32_t cf_root_u32(cf_root_buffer *b) {
    const uint8_t *p = cf_root_bytes(b, 4);
    return p != NULL ? cf_root_load32(p) : 0;
}
static inline uint64_t cf_root_u64(cf_root_buffer *b) {
    const uint8_t *p = cf_root_bytes(b, 8);
    return p != NULL ? cf_root_load64(p) : 0;
}
static inline int16_t cf_root_i16(cf_root_buffer *b) {
    return (int16_t)cf_root_u16(b);
}
static inline int32_t cf_root_i32(cf_root_buffer *b) {
    return (int32_t)cf_root_u32(b);
}
static inline int64_t cf_root_i64(cf_root_buffer *b) {
    return (int64_t)cf_root_u64(b);
}
static inline double cf_root_f64(cf_root_buffer *b) {
    const uint64_t bits = cf_root_u64(b);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* A text behind its length: one byte, or 255 and four. */
static inline cf_str cf_root_text(cf_root_buffer *b) {
    size_t size = cf_root_u8(b);
    if (size == 255) size = cf_root_u32(b);
    const uint8_t *p = cf_root_bytes(b, size);
    return p != NULL ? (cf_str){(const char *)p, size} : (cf_str){"", 0};
}

/* A version, with the byte count before it if there is one.  *end is where the object ends, or
 * SIZE_MAX if that is not said. */
static inline int cf_root_version(cf_root_buffer *b, size_t *end) {
    *end = SIZE_MAX;
    if (cf_root_left(b) >= 4) {
        const uint32_t count = cf_root_load32(b->data + b->at);
        if (count & UINT32_C(0x40000000)) {
            b->at += 4;
            const size_t bytes = count & UINT32_C(0x3fffffff);
            if (bytes > cf_root_left(b))
                b->bad = true;
            else
                *end = b->at + bytes;
        }
    }
    return cf_root_i16(b);
}

/* Goes to the end that cf_root_version found. */
static inline void cf_root_finish(cf_root_buffer *b, size_t end) {
    if (end == SIZE_MAX) return;
    if (end < b->at || end > b->size)
        b->bad = true;
    else
        b->at = end;
}

#endif
