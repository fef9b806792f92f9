#ifndef CF_IO_PARQUET_ENCODE_H
#define CF_IO_PARQUET_ENCODE_H

/* The writer's half of parquet_bits: runs, and finding out whether a column is worth a
 * dictionary. */

#include "base/base.h"

/* Runs of equal values and stretches of packed ones, `width` bits each (1 to 32). */
void cf_runs_put(cf_text *out, const uint32_t *values, size_t n, unsigned width);
void cf_runs_put_u8(cf_text *out, const uint8_t *values, size_t n, unsigned width);

/* Values of one size each, or texts that begin with their size in four bytes, end to end. */
typedef struct {
    const uint8_t *data;
    size_t size;
    size_t count;
    size_t value_size; /* 0: texts */
} cf_plain_values;

typedef struct {
    cf_text values; /* each different value once, in order of appearance */
    uint32_t count;
    uint32_t *index; /* [count of values] malloc'd */
} cf_dictionary;

#define CF_DICTIONARY_MAX (1 << 16) /* different values */

/* False: not worth it (or no memory): the values are to be written as they are. */
bool cf_dictionary_build(const cf_plain_values *plain, cf_dictionary *out);
void cf_dictionary_clear(cf_dictionary *d);

#endif
