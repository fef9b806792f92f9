#include "base/base.h"

/* UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF. */

#define REPLACEMENT 0xFFFDu

static const struct {
    uint32_t first, last;
    int columns;
} widths[] = {
#define W(first, last, columns) {first, last, columns},
#include "base/utf8_width.def"
#undef W
};

/* Bytes that a character takes by its first byte, and that byte's own bits; 0: no first byte.
 */
static size_t lead(unsigned char byte, uint32_t *bits) {
    const size_t size = byte < 0x80   ? 1
                        : byte < 0xC2 ? 0
                        : byte < 0xE0 ? 2
                        : byte < 0xF0 ? 3
                        : byte < 0xF5 ? 4
                                      : 0;
    *bits = byte & (size < 2 ? 0x7Fu : 0x7Fu >> size);
    return size;
}

size_t cf_utf8_next(const char *data, size_t size, uint32_t *code_point) {
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    *code_point = REPLACEMENT;
    if (size == 0) return 0;
    uint32_t x = 0;
    const size_t used = lead((unsigned char)data[0], &x);
    if (used == 0 || used > size) return 1;
    for (size_t i = 1; i < used; i++) {
        const unsigned char byte = (unsigned char)data[i];
        if ((byte & 0xC0) != 0x80) return 1;
        x = x << 6 | (byte & 0x3Fu);
    }
    if (x < smallest[used] || x > 0x10FFFF || (x >= 0xD800 && x <= 0xDFFF)) return 1;
    *code_point = x;
    return used;
}

size_t cf_utf8_count(const char *data, size_t size) {
    size_t count = 0;
    uint32_t x;
    for (size_t at = 0; at < size; count++)
        at += cf_utf8_next(data + at, size - at, &x);
    return count;
}

static int width_of(uint32_t x) {
    if (x < 0x80) return x >= 0x20 && x != 0x7F;
    size_t low = 0, high = CF_COUNT(widths);
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (x > widths[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < CF_COUNT(widths) && x >= widths[low].first ? widths[low].columns : 1;
}

int cf_utf8_width(const char *data, size_t size) {
    int width = 0;
    uint32_t x;
    for (size_t at = 0; at < size;) {
        at += cf_utf8_next(data + at, size - at, &x);
        width += width_of(x);
    }
    return width;
}

size_t cf_utf8_put(char out[4], uint32_t code_point) {
    uint32_t x = code_point;
    if (x > 0x10FFFF || (x >= 0xD800 && x <= 0xDFFF)) x = REPLACEMENT;
    if (x < 0x80) {
        out[0] = (char)x;
        return 1;
    }
    const size_t size = x < 0x800 ? 2 : x < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (x & 0x3F));
        x >>= 6;
    }
    const uint32_t mark = 0xF00u >> size & 0xFFu; /* 110..., 1110..., 11110... */
    out[0] = (char)(mark | x);
    return size;
}

bool cf_utf8_valid(const char *data, size_t size) {
    uint32_t x;
    for (size_t at = 0; at < size;) {
        const size_t used = cf_utf8_next(data + at, size - at, &x);
        if (used == 1 && x == REPLACEMENT) return false;
        at += used;
    }
    return true;
}
