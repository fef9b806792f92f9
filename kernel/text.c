/* Texts that grow, JSON written into them, and counting in code points. */

#include "kernel/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPARE = 64, UNKNOWN_POINT = 0xFFFD };

void *cf_need(void *allocated) {
    if (allocated != NULL) return allocated;
    fputs("cutflow-kernel: not enough memory\n", stderr);
    abort();
}

char *cf_need_copy(const char *text, size_t size) {
    char *copy = cf_need(malloc(size + 1));
    if (size > 0) memcpy(copy, text, size);
    copy[size] = 0;
    return copy;
}

cf_slice cf_slice_of(const char *zero_terminated) {
    return (cf_slice){zero_terminated, strlen(zero_terminated)};
}

bool cf_slice_is(cf_slice s, const char *zero_terminated) {
    return s.size == strlen(zero_terminated) && memcmp(s.data, zero_terminated, s.size) == 0;
}

static bool grow(cf_growing *b, size_t size) {
    if (b->failed || size > SIZE_MAX / 4) return !(b->failed = true);
    if (b->capacity - b->size > size) return true;
    size_t capacity = b->capacity * 2;
    if (capacity < b->size + size + SPARE) capacity = b->size + size + SPARE;
    char *data = realloc(b->data, capacity);
    if (data == NULL) return !(b->failed = true);
    b->data = data;
    b->capacity = capacity;
    return true;
}

void cf_growing_add(cf_growing *b, const void *data, size_t size) {
    if (!grow(b, size)) return;
    if (size > 0) memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = 0;
}

void cf_growing_adds(cf_growing *b, const char *zero_terminated) {
    cf_growing_add(b, zero_terminated, strlen(zero_terminated));
}

void cf_growing_addf(cf_growing *b, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0 || !grow(b, (size_t)size)) return;
    va_start(arguments, format);
    vsnprintf(b->data + b->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    b->size += (size_t)size;
}

void cf_growing_clear(cf_growing *b) {
    free(b->data);
    *b = (cf_growing){0};
}

cf_slice cf_growing_slice(const cf_growing *b) {
    return (cf_slice){b->data != NULL ? b->data : "", b->size};
}

/* ---- code points ---- */

static size_t length_by_first(unsigned char c) {
    if (c < 0x80) return 1;
    if (c >= 0xC2 && c < 0xE0) return 2;
    if (c >= 0xE0 && c < 0xF0) return 3;
    return c >= 0xF0 && c < 0xF5 ? 4 : 0;
}

size_t cf_point_at(cf_slice text, uint32_t *point) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)text.data;
    const size_t size = length_by_first(p[0]);
    *point = size == 1 ? p[0] : (uint32_t)UNKNOWN_POINT;
    if (size <= 1 || size > text.size) return 1;
    uint32_t x = p[0] & (0xFFu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xC0) != 0x80) return 1;
        x = x << 6 | (p[i] & 0x3F);
    }
    if (x < least[size] || x > 0x10FFFF || (x >= 0xD800 && x < 0xE000)) return 1;
    *point = x;
    return size;
}

void cf_point_put(cf_growing *b, uint32_t point) {
    char out[4];
    size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (size == 1) {
        out[0] = (char)point;
    } else {
        for (size_t i = size - 1; i > 0; i--, point >>= 6)
            out[i] = (char)(0x80 | (point & 0x3F));
        out[0] = (char)((0xF00u >> size & 0xF0) | point);
    }
    cf_growing_add(b, out, size);
}

size_t cf_points_count(cf_slice text) {
    size_t n = 0;
    for (uint32_t point; text.size > 0; n++) {
        const size_t used = cf_point_at(text, &point);
        text.data += used;
        text.size -= used;
    }
    return n;
}

size_t cf_points_to_bytes(cf_slice text, int64_t points) {
    size_t at = 0;
    for (uint32_t point; points > 0 && at < text.size; points--)
        at += cf_point_at((cf_slice){text.data + at, text.size - at}, &point);
    return at;
}

/* ---- JSON ---- */

static void put_special(cf_growing *b, unsigned char c) {
    static const char escapes[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    const char *found = c != 0 ? strchr(escapes, c) : NULL;
    if (found != NULL)
        cf_growing_addf(b, "\\%c", letters[found - escapes]);
    else
        cf_growing_addf(b, "\\u%04x", c);
}

void cf_put_text(cf_growing *b, cf_slice text) {
    cf_growing_add(b, "\"", 1);
    size_t plain = 0; /* from here on nothing had to be changed */
    for (size_t i = 0; i < text.size;) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
            i++;
            continue;
        }
        uint32_t point;
        const size_t used = cf_point_at((cf_slice){text.data + i, text.size - i}, &point);
        const bool bad = used == 1 && c >= 0x80;
        if (used > 1) {
            i += used;
            continue;
        }
        cf_growing_add(b, text.data + plain, i - plain);
        if (bad)
            cf_point_put(b, UNKNOWN_POINT);
        else
            put_special(b, c);
        plain = ++i;
    }
    cf_growing_add(b, text.data + plain, text.size - plain);
    cf_growing_add(b, "\"", 1);
}

void cf_put_string(cf_growing *b, const char *zero_terminated) {
    cf_put_text(b, cf_slice_of(zero_terminated));
}

void cf_put_number(cf_growing *b, double x) {
    if (!isfinite(x)) {
        cf_growing_adds(b, "null");
        return;
    }
    char text[32];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x) break;
    }
    cf_growing_adds(b, text);
}

void cf_put_int(cf_growing *b, int64_t x) {
    cf_growing_addf(b, "%lld", (long long)x);
}
