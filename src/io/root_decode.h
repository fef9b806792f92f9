#ifndef CF_IO_ROOT_DECODE_H
#define CF_IO_ROOT_DECODE_H

/* From the big-endian bytes of a basket to arrays of native values. */

#include "column/type.h"

typedef enum {
    CF_ROOT_COPY,  /* one byte */
    CF_ROOT_TRUTH, /* one byte, made 0 or 1 */
    CF_ROOT_SWAP16,
    CF_ROOT_SWAP32,
    CF_ROOT_SWAP64,
    CF_ROOT_WIDEN,    /* Double32_t without range: a float */
    CF_ROOT_SCALED,   /* Float16_t and Double32_t with range: an integer */
    CF_ROOT_SHORTENED /* Float16_t and Double32_t of so many bits: exponent and mantissa */
} cf_root_how;

typedef struct {
    cf_root_how how;
    cf_kind kind;     /* of the values made */
    uint8_t width;    /* bytes of a value in the file */
    uint8_t bits;     /* SHORTENED: of the mantissa */
    double low, step; /* SCALED */
} cf_root_decoder;

void cf_root_decode(const cf_root_decoder *d, const uint8_t *src, size_t count, void *dst);
/* `count` groups of `per` values, a group every `stride` bytes. */
void cf_root_decode_strided(const cf_root_decoder *d, const uint8_t *src, size_t stride,
                            size_t count, size_t per, void *dst);
/* Any integer decoder's values as int64. */
void cf_root_decode_int64(const cf_root_decoder *d, const uint8_t *src, size_t stride,
                          size_t count, int64_t *dst);

#endif
