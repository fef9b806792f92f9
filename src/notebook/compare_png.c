/* Pictures by their pixels: the same picture may be packed in many ways.  Reads what drawing
 * libraries write: 8 bits a sample, not interlaced. */

#include "notebook/compare.h"

#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS_MAX ((size_t)1 << 26)

typedef struct {
    uint32_t width, height;
    unsigned samples; /* bytes of a pixel in the file */
    unsigned char palette[256 * 3];
    uint8_t *pixels; /* width * height * samples, filters undone */
    uint8_t colors;  /* PNG's colour type */
} picture;

static uint32_t be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void decode_base64(cf_nb_text *out, cf_nb_str in) {
    uint32_t bits = 0;
    int count = 0;
    for (size_t i = 0; i < in.size; i++) {
        const int value = base64_value(in.data[i]);
        if (value < 0) continue; /* newlines and the padding */
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        cf_nb_text_addc(out, (char)(bits >> count & 0xFF));
    }
}

static bool read_header(picture *p, const uint8_t *data, size_t size) {
    static const uint8_t samples[] = {1, 0, 3, 1, 2, 0, 4};
    if (size < 13) return false;
    p->width = be32(data);
    p->height = be32(data + 4);
    p->colors = data[9];
    if (data[8] != 8 || p->colors > 6 || data[12] != 0) return false;
    p->samples = samples[p->colors];
    return p->samples > 0 && p->width > 0 && p->height > 0 &&
           p->width <= PIXELS_MAX / p->height;
}

static bool read_chunks(picture *p, const uint8_t *file, size_t size, cf_nb_text *packed) {
    static const uint8_t magic[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    if (size < sizeof(magic) || memcmp(file, magic, sizeof(magic)) != 0) return false;
    for (size_t at = sizeof(magic); size - at >= 12;) {
        const uint32_t n = be32(file + at);
        const uint8_t *data = file + at + 8;
        if (n > size - at - 12) return false;
        if (memcmp(data - 4, "IHDR", 4) == 0 && !read_header(p, data, n)) return false;
        if (memcmp(data - 4, "PLTE", 4) == 0) memcpy(p->palette, data, n < 768 ? n : 768);
        if (memcmp(data - 4, "IDAT", 4) == 0) cf_nb_text_add(packed, (const char *)data, n);
        at += 12 + (size_t)n;
    }
    return p->samples > 0;
}

static uint8_t predicted(int a, int b, int c) {
    const int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

static bool unfilter(const picture *p, const uint8_t *in, uint8_t *out) {
    const size_t row = (size_t)p->width * p->samples;
    for (uint32_t y = 0; y < p->height; y++, in += row + 1, out += row) {
        if (in[0] > 4) return false;
        for (size_t x = 0; x < row; x++) {
            const int left = x >= p->samples ? out[x - p->samples] : 0,
                      up = y > 0 ? (out - row)[x] : 0,
                      corner = x >= p->samples && y > 0 ? (out - row)[x - p->samples] : 0;
            const int add[] = {0, left, up, (left + up) / 2, predicted(left, up, corner)};
            out[x] = (uint8_t)(in[1 + x] + add[in[0]]);
        }
    }
    return true;
}

static bool unpack(picture *p, const cf_nb_text *packed) {
    const size_t row = (size_t)p->width * p->samples, raw = (row + 1) * p->height;
    uint8_t *lines = malloc(raw);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    p->pixels = malloc(row * p->height);
    bool ok = lines != NULL && d != NULL && p->pixels != NULL;
    ok = ok && libdeflate_zlib_decompress(d, packed->data, packed->size, lines, raw, NULL) ==
                   LIBDEFLATE_SUCCESS;
    ok = ok && unfilter(p, lines, p->pixels);
    if (d != NULL) libdeflate_free_decompressor(d);
    free(lines);
    return ok;
}

static bool open_picture(picture *p, cf_nb_str base64) {
    cf_nb_text file = {0}, packed = {0};
    *p = (picture){.pixels = NULL};
    decode_base64(&file, base64);
    const bool ok = file.size > 0 &&
                    read_chunks(p, (const uint8_t *)file.data, file.size, &packed) &&
                    packed.size > 0 && unpack(p, &packed);
    cf_nb_text_clear(&file);
    cf_nb_text_clear(&packed);
    return ok;
}

/* Red, green, blue, opacity. */
static void pixel_at(const picture *p, size_t i, uint8_t rgba[4]) {
    const uint8_t *s = p->pixels + i * p->samples;
    const bool gray = p->colors == 0 || p->colors == 4;
    for (size_t k = 0; k < 3; k++)
        rgba[k] = p->colors == 3 ? p->palette[s[0] * 3U + k] : s[gray ? 0 : k];
    rgba[3] = p->colors == 4 ? s[1] : p->colors == 6 ? s[3] : 255;
}

static bool same_pixels(const picture *a, const picture *b) {
    if (a->width != b->width || a->height != b->height) return false;
    for (size_t i = 0; i < (size_t)a->width * a->height; i++) {
        uint8_t left[4], right[4];
        pixel_at(a, i, left);
        pixel_at(b, i, right);
        if (memcmp(left, right, 4) != 0) return false;
    }
    return true;
}

bool cf_nb_png_agrees(cf_nb_str want, cf_nb_str got) {
    if (cf_nb_str_equal(want, got)) return true;
    picture a, b;
    const bool ok = open_picture(&a, want), both = open_picture(&b, got) && ok;
    const bool same = both && same_pixels(&a, &b);
    free(a.pixels);
    free(b.pixels);
    return same;
}
