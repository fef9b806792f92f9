#ifndef CF_VEC_H
#define CF_VEC_H

/* The arrays that a plan computes with, chunk by chunk.  They live in the chunk's arena or
 * borrow from a cursor; nobody frees them. */

#include "column/type.h"

typedef struct {
    cf_kind kind;     /* BOOL INT64 FLOAT64 TEXT DATE TIME TIMESTAMP DURATION INDEX NULL, or a
                         storage kind fresh from a scan */
    bool constant;    /* one value that stands for every row: data and valid have one entry */
    uint32_t n;       /* rows (of a constant: the rows it stands for) */
    const void *data; /* the kind's array, 64-byte aligned or not; zero at null places */
    const uint8_t *valid; /* [n] (constant: [1]) 0 null, 1 valid; NULL: all valid */
} cf_vec;

#define CF_VEC_DATA(v, type) ((const type *)(v).data)

#endif
