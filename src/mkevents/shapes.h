#ifndef CF_MKEVENTS_SHAPES_H
#define CF_MKEVENTS_SHAPES_H

/* Random numbers of a given distribution, fast: a table of quantiles, straight in between. */

#include "base/base.h"

/* A stream of random numbers, one an event. */
typedef struct {
    uint64_t state;
} cf_mk_random;

cf_mk_random cf_mk_random_of(uint64_t seed, uint64_t event);

static inline uint64_t cf_mk_bits(cf_mk_random *r) {
    uint64_t x = r->state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    x = (x ^ x >> 29) * UINT64_C(0xA0761D6478BD642F);
    return x ^ x >> 32;
}

/* [0, 1) */
static inline float cf_mk_unit(cf_mk_random *r) {
    return (float)(cf_mk_bits(r) >> 40) * 0x1p-24F;
}

static inline bool cf_mk_chance(cf_mk_random *r, float p) {
    return cf_mk_unit(r) < p;
}

int cf_mk_poisson(cf_mk_random *r, float mean); /* small means */
float cf_mk_normal(cf_mk_random *r);            /* roughly: a sum of uniform ones */

enum { CF_MK_CELLS = 1024, CF_MK_POINTS = 12 };

/* What a distribution is given by: values at these shares, ascending to share 1. */
typedef struct {
    struct {
        float share, value;
    } at[CF_MK_POINTS];
} cf_mk_points;

typedef struct {
    float value[CF_MK_CELLS + 1];
} cf_mk_shape;

/* Values between the points follow a power, if all are above 0, else a straight line. */
void cf_mk_shape_make(cf_mk_shape *s, const cf_mk_points *points);

static inline float cf_mk_at(const cf_mk_shape *s, float share) {
    const float x = share * (float)CF_MK_CELLS;
    const int i = (int)x;
    return s->value[i] + (x - (float)i) * (s->value[i + 1] - s->value[i]);
}

static inline float cf_mk_draw(const cf_mk_shape *s, cf_mk_random *r) {
    return cf_mk_at(s, cf_mk_unit(r));
}

#endif
