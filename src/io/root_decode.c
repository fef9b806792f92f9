#include "io/root_decode.h"

/* The loops that every value passes through.  Each is plain enough for the compiler to make
 * byte shuffles of. */

#include "io/root_buffer.h"
#include "prim/simd.h"

#include <math.h>
#include <string.h>

CF_SIMD static void truth(uint8_t *restrict dst, const uint8_t *restrict src, size_t n) {
    for (size_t i = 0; i < n; i++)
        dst[i] = src[i] != 0;
}

CF_SIMD static void swap16(uint8_t *restrict dst, const uint8_t *restrict src, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint16_t x;
        memcpy(&x, src + 2 * i, 2);
        x = __builtin_bswap16(x);
        memcpy(dst + 2 * i, &x, 2);
    }
}

CF_SIMD static void swap32(uint8_t *restrict dst, const uint8_t *restrict src, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t x;
        memcpy(&x, src + 4 * i, 4);
        x = __builtin_bswap32(x);
        memcpy(dst + 4 * i, &x, 4);
    }
}

CF_SIMD static void swap64(uint8_t *restrict dst, const uint8_t *restrict src, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint64_t x;
        memcpy(&x, src + 8 * i, 8);
        x = __builtin_bswap64(x);
        memcpy(dst + 8 * i, &x, 8);
    }
}

static void put_float(const cf_root_decoder *d, void *dst, size_t i, double x) {
    if (d->kind == CF_FLOAT32)
        ((float *)dst)[i] = (float)x;
    else
        ((double *)dst)[i] = x;
}

static float float_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void widen(const uint8_t *src, size_t n, double *dst) {
    for (size_t i = 0; i < n; i++)
        dst[i] = (double)float_of_bits(cf_root_load32(src + 4 * i));
}

static void scaled(const cf_root_decoder *d, const uint8_t *src, size_t n, void *dst) {
    for (size_t i = 0; i < n; i++)
        put_float(d, dst, i, d->low + (double)cf_root_load32(src + 4 * i) / d->step);
}

/* One byte of exponent, two of sign and mantissa. */
static void shortened(const cf_root_decoder *d, const uint8_t *src, size_t n, void *dst) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t exponent = src[3 * i];
        const uint32_t mantissa = cf_root_load16(src + 3 * i + 1);
        const uint32_t low = mantissa & ((UINT32_C(1) << (d->bits + 1)) - 1);
        const float x = float_of_bits((exponent << 23) | (low << (23 - d->bits)));
        const bool minus = (mantissa & (UINT32_C(1) << (d->bits + 1))) != 0;
        put_float(d, dst, i, (double)(minus ? -x : x));
    }
}

void cf_root_decode(const cf_root_decoder *d, const uint8_t *src, size_t count, void *dst) {
    if (count == 0) return;
    switch (d->how) {
    case CF_ROOT_COPY: memcpy(dst, src, count); break;
    case CF_ROOT_TRUTH: truth(dst, src, count); break;
    case CF_ROOT_SWAP16: swap16(dst, src, count); break;
    case CF_ROOT_SWAP32: swap32(dst, src, count); break;
    case CF_ROOT_SWAP64: swap64(dst, src, count); break;
    case CF_ROOT_WIDEN: widen(src, count, dst); break;
    case CF_ROOT_SCALED: scaled(d, src, count, dst); break;
    case CF_ROOT_SHORTENED: shortened(d, src, count, dst); break;
    }
}

static void gather32(uint8_t *restrict dst, const uint8_t *restrict src, size_t stride,
                     size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t x = cf_root_load32(src + i * stride);
        memcpy(dst + 4 * i, &x, 4);
    }
}

void cf_root_decode_strided(const cf_root_decoder *d, const uint8_t *src, size_t stride,
                            size_t count, size_t per, void *dst) {
    const size_t size = cf_kind_size(d->kind);
    if (stride == d->width * per) {
        cf_root_decode(d, src, count * per, dst);
    } else if (d->how == CF_ROOT_SWAP32 && per == 1) {
        gather32(dst, src, stride, count);
    } else {
        for (size_t i = 0; i < count; i++)
            cf_root_decode(d, src + i * stride, per, (uint8_t *)dst + i * per * size);
    }
}

static int64_t integer_at(const cf_root_decoder *d, const uint8_t *p) {
    switch (d->kind) {
    case CF_INT8: return (int8_t)*p;
    case CF_INT16: return (int16_t)cf_root_load16(p);
    case CF_UINT16: return cf_root_load16(p);
    case CF_INT32: return (int32_t)cf_root_load32(p);
    case CF_UINT32: return cf_root_load32(p);
    case CF_INT64:
    case CF_UINT64: return (int64_t)cf_root_load64(p);
    default: return *p;
    }
}

void cf_root_decode_int64(const cf_root_decoder *d, const uint8_t *src, size_t stride,
                          size_t count, int64_t *dst) {
    for (size_t i = 0; i < count; i++)
        dst[i] = integer_at(d, src + i * stride);
}
