#ifndef CF_PRIM_GATHER_SUM_H
#define CF_PRIM_GATHER_SUM_H

#include <stddef.h>
#include <stdint.h>

/* One term of a sum: x[index[i]]; every index is a row of x. */
typedef struct {
    const double *x;
    const int32_t *index;
} cf_prim_term;

/* out[i] = ((x0[i0[i]] + x1[i1[i]]) + x2[i2[i]]) ..., in this order; 2 to 4 terms.  The same
 * bits as gathering each and adding, in one pass: the four-momenta of pairs and triplets are
 * such sums. */
void cf_prim_gather_sum(double *out, const cf_prim_term *terms, size_t count, size_t n);

#endif
