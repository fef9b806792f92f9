#ifndef CF_IO_PARQUET_BITS_H
#define CF_IO_PARQUET_BITS_H

/* Numbers packed into bits: runs of equal or packed values (levels, dictionary indexes,
 * booleans) and packed differences.  All decoders are streams: n values now, the next n later,
 * so that what was decoded is used while it is in cache.  False means that the input is
 * damaged. */

#include "base/base.h"

/* Values of 1 to 32 bits, least significant bit first: values start .. start + n - 1 counted
 * from p. Nothing at or after `end` is read. */
bool cf_unpack_u32(const uint8_t *p, const uint8_t *end, unsigned width, size_t start, size_t n,
                   uint32_t *out);
/* The same for at most 8 bits. */
bool cf_unpack_u8(const uint8_t *p, const uint8_t *end, unsigned width, size_t start, size_t n,
                  uint8_t *out);

/* Runs: either one value repeated or a stretch of packed values. */
typedef struct {
    const uint8_t *at, *end;
    unsigned width;
    uint64_t left; /* values left in this run */
    bool packed;
    uint32_t value;      /* of a run of equal values */
    const uint8_t *data; /* of a packed run */
    size_t start;        /* values of the packed run that were taken */
} cf_runs;

void cf_runs_init(cf_runs *r, const uint8_t *data, size_t size, unsigned width);
/* Makes sure that a run with values left is at hand. */
bool cf_runs_more(cf_runs *r);
bool cf_runs_u8(cf_runs *r, uint8_t *out, size_t n); /* width <= 8 */
bool cf_runs_u32(cf_runs *r, uint32_t *out, size_t n);
bool cf_runs_skip(cf_runs *r, uint64_t n);

/* Differences: blocks of packed steps from value to value. */
typedef struct {
    const uint8_t *at, *end;
    uint64_t per_block, per_part; /* values in a block and in each of its parts */
    uint64_t parts;
    uint64_t left; /* values not yet given */
    uint64_t last; /* the value given last, or the first one */
    bool started;  /* the first value was given */
    uint64_t step_min;
    const uint8_t *widths; /* of the parts of this block */
    uint64_t part;         /* parts of this block that were begun */
    const uint8_t *data;   /* of this part */
    unsigned width;
    uint64_t part_left; /* values left in this part */
} cf_steps;

bool cf_steps_init(cf_steps *s, const uint8_t *data, size_t size);
bool cf_steps_read(cf_steps *s, int64_t *out, size_t n);
bool cf_steps_skip(cf_steps *s, uint64_t n);
/* Where the bytes after the last value begin, NULL if damaged; does not change s. */
const uint8_t *cf_steps_end(const cf_steps *s);

/* Bits that a number takes. */
unsigned cf_bit_width(uint32_t value);

#endif
