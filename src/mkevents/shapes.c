#include "mkevents/shapes.h"

#include <math.h>

cf_mk_random cf_mk_random_of(uint64_t seed, uint64_t event) {
    return (cf_mk_random){cf_hash_u64(event, cf_hash_u64(seed, 0))};
}

int cf_mk_poisson(cf_mk_random *r, float mean) {
    const float limit = expf(-mean);
    float p = cf_mk_unit(r);
    int n = 0;
    while (p > limit && n < 100) {
        p *= cf_mk_unit(r);
        n++;
    }
    return n;
}

float cf_mk_normal(cf_mk_random *r) {
    const float sum = cf_mk_unit(r) + cf_mk_unit(r) + cf_mk_unit(r) + cf_mk_unit(r);
    return (sum - 2.0F) * sqrtf(3.0F);
}

static float between(float low, float high, float x) {
    if (low > 0 && high > 0) return low * powf(high / low, x);
    return low + x * (high - low);
}

void cf_mk_shape_make(cf_mk_shape *s, const cf_mk_points *points) {
    int p = 0;
    for (int i = 0; i <= CF_MK_CELLS; i++) {
        const float share = (float)i / (float)CF_MK_CELLS;
        while (points->at[p + 1].share < share)
            p++;
        const float low = points->at[p].share, high = points->at[p + 1].share;
        s->value[i] =
            between(points->at[p].value, points->at[p + 1].value, (share - low) / (high - low));
    }
}
