#include "prim/gather.h"

#include "prim/simd.h"

#include <string.h>

/* Only the bytes matter here, so that one loop serves int64 and double. */
typedef uint8_t any1 __attribute__((may_alias));
typedef uint16_t any2 __attribute__((may_alias));
typedef uint32_t any4 __attribute__((may_alias));
typedef uint64_t any8 __attribute__((may_alias));
typedef struct {
    uint64_t low, high;
} __attribute__((may_alias)) any16;

#define T        any1
#define NAME(op) op##_1
#include "prim/gather.tmpl.h"
#define T        any2
#define NAME(op) op##_2
#include "prim/gather.tmpl.h"
#define T        any4
#define NAME(op) op##_4
#include "prim/gather.tmpl.h"
#define T        any8
#define NAME(op) op##_8
#include "prim/gather.tmpl.h"
#define T        any16
#define NAME(op) op##_16
#include "prim/gather.tmpl.h"

#define BY_SIZE(size, op, ...)            \
    switch (size) {                       \
    case 1: op##_1(__VA_ARGS__); break;   \
    case 2: op##_2(__VA_ARGS__); break;   \
    case 4: op##_4(__VA_ARGS__); break;   \
    case 8: op##_8(__VA_ARGS__); break;   \
    default: op##_16(__VA_ARGS__); break; \
    }

void cf_prim_take(void *out, const void *x, size_t size, const int32_t *index, size_t n) {
    BY_SIZE(size, take, out, x, index, n)
}

void cf_prim_take_or_zero(void *out, const void *x, size_t size, const int32_t *index,
                          size_t n) {
    BY_SIZE(size, take_or_zero, out, x, index, n)
}

void cf_prim_spread(void *out, const void *x, size_t size, const int32_t *offsets, size_t n) {
    BY_SIZE(size, spread, out, x, offsets, n)
}

void cf_prim_merge(void *out, const void *const *sources, const uint8_t *steps, size_t size,
                   const int32_t *source, const int32_t *row, size_t n) {
    BY_SIZE(size, merge, out, sources, steps, source, row, n)
}

void cf_prim_interleave(void *out, const void *const *sources, const uint8_t *steps,
                        size_t size, size_t count, size_t n) {
    BY_SIZE(size, interleave, out, sources, steps, count, n)
}

void cf_prim_fill(void *out, const void *value, size_t size,
                  size_t n){BY_SIZE(size, fill, out, value, n)}

CF_SIMD static void both_valid(uint8_t *restrict valid, const uint8_t *restrict x_valid,
                               const int32_t *restrict index, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const int32_t at = index[i];
        valid[i] = (uint8_t)((at >= 0) & x_valid[at >= 0 ? at : 0]);
    }
}

CF_SIMD static void not_negative(uint8_t *restrict valid, const int32_t *restrict index,
                                 size_t n) {
    for (size_t i = 0; i < n; i++)
        valid[i] = index[i] >= 0;
}

void cf_prim_take_valid(uint8_t *valid, const uint8_t *x_valid, const int32_t *index,
                        size_t n) {
    if (x_valid == NULL)
        not_negative(valid, index, n);
    else
        both_valid(valid, x_valid, index, n);
}

CF_SIMD bool cf_prim_any_negative(const int32_t *restrict index, size_t n) {
    int32_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= index[i];
    return all < 0;
}
