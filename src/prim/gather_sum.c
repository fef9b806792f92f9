#include "prim/gather_sum.h"

#include "prim/simd.h"

CF_SIMD static void sum2(double *restrict out, const double *restrict x,
                         const int32_t *restrict i, const double *restrict y,
                         const int32_t *restrict j, size_t n) {
    for (size_t k = 0; k < n; k++)
        out[k] = x[i[k]] + y[j[k]];
}

CF_SIMD static void sum3(double *restrict out, const cf_prim_term *t, size_t n) {
    const double *restrict x = t[0].x, *restrict y = t[1].x, *restrict z = t[2].x;
    const int32_t *restrict i = t[0].index, *restrict j = t[1].index, *restrict l = t[2].index;
    for (size_t k = 0; k < n; k++)
        out[k] = (x[i[k]] + y[j[k]]) + z[l[k]];
}

CF_SIMD static void sum4(double *restrict out, const cf_prim_term *t, size_t n) {
    const double *restrict x = t[0].x, *restrict y = t[1].x, *restrict z = t[2].x,
                           *restrict w = t[3].x;
    const int32_t *restrict i = t[0].index, *restrict j = t[1].index, *restrict l = t[2].index,
                            *restrict m = t[3].index;
    for (size_t k = 0; k < n; k++)
        out[k] = ((x[i[k]] + y[j[k]]) + z[l[k]]) + w[m[k]];
}

void cf_prim_gather_sum(double *out, const cf_prim_term *terms, size_t count, size_t n) {
    if (count == 2)
        sum2(out, terms[0].x, terms[0].index, terms[1].x, terms[1].index, n);
    else if (count == 3)
        sum3(out, terms, n);
    else
        sum4(out, terms, n);
}
