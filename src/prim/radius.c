#include "prim/radius.h"

#include "prim/angle.h"
#include "prim/simd.h"

#include <stdlib.h>
#include <string.h>

struct cf_near {
    double *eta, *phi; /* by bin, and in each bin by row */
    int32_t *row;
    uint8_t *hit;   /* [capacity] */
    int32_t *start; /* [bins + 1] */
    size_t capacity, start_capacity;
    int32_t begin, end; /* the list's rows */
    size_t count;       /* points with a finite eta: only those are near anything */
    size_t bins;
    double low, per_eta; /* bin = (eta - low) * per_eta */
    bool all;            /* no bins: every point is looked at */
};

cf_near *cf_near_new(void) {
    return calloc(1, sizeof(cf_near));
}

void cf_near_free(cf_near *near) {
    if (near == NULL) return;
    free(near->eta);
    free(near->phi);
    free(near->row);
    free(near->hit);
    free(near->start);
    free(near);
}

static bool grow(void **array, size_t bytes) {
    void *grown = realloc(*array, bytes);
    if (grown != NULL) *array = grown;
    return grown != NULL;
}

static bool room(cf_near *near, size_t n, size_t bins) {
    if (n > near->capacity) {
        const size_t capacity = n + n / 2;
        if (!grow((void **)&near->eta, capacity * sizeof *near->eta) ||
            !grow((void **)&near->phi, capacity * sizeof *near->phi) ||
            !grow((void **)&near->row, capacity * sizeof *near->row) ||
            !grow((void **)&near->hit, capacity))
            return false;
        near->capacity = capacity;
    }
    if (bins + 2 > near->start_capacity) {
        if (!grow((void **)&near->start, (bins + 2) * 2 * sizeof *near->start)) return false;
        near->start_capacity = (bins + 2) * 2;
    }
    return true;
}

static void range_of(cf_near *near, const double *eta, double *high) {
    double low = (double)INFINITY, top = -(double)INFINITY;
    for (int32_t i = near->begin; i < near->end; i++) {
        if (!isfinite(eta[i])) continue;
        low = eta[i] < low ? eta[i] : low;
        top = eta[i] > top ? eta[i] : top;
    }
    near->low = low;
    *high = top;
}

static size_t bin_of(const cf_near *near, double eta) {
    const double at = (eta - near->low) * near->per_eta;
    if (!(at > 0.0)) return 0;
    return at >= (double)near->bins ? near->bins - 1 : (size_t)at;
}

/* Everything in one bin, in order: for distances or values that bins cannot serve. */
static void load_all(cf_near *near, const double *eta, const double *phi) {
    near->all = true;
    near->count = (size_t)(near->end - near->begin);
    for (size_t i = 0; i < near->count; i++) {
        near->eta[i] = eta[near->begin + (int32_t)i];
        near->phi[i] = phi[near->begin + (int32_t)i];
        near->row[i] = near->begin + (int32_t)i;
    }
}

/* A counting sort. */
static void load_bins(cf_near *near, const double *eta, const double *phi) {
    int32_t *start = near->start;
    near->all = false;
    memset(start, 0, (near->bins + 2) * sizeof *start);
    for (int32_t i = near->begin; i < near->end; i++)
        if (isfinite(eta[i])) start[bin_of(near, eta[i]) + 2]++;
    for (size_t b = 0; b <= near->bins; b++)
        start[b + 1] += start[b];
    for (int32_t i = near->begin; i < near->end; i++) {
        if (!isfinite(eta[i])) continue;
        const int32_t at = start[bin_of(near, eta[i]) + 1]++;
        near->eta[at] = eta[i];
        near->phi[at] = phi[i];
        near->row[at] = i;
    }
    near->count = (size_t)start[near->bins];
}

bool cf_near_load(cf_near *near, const double *eta, const double *phi, int32_t begin,
                  int32_t end, double r) {
    const size_t n = (size_t)(end - begin);
    near->begin = begin;
    near->end = end;
    if (!room(near, n + 1, n + 1)) return false;
    double high;
    range_of(near, eta, &high);
    const double width = high - near->low;
    if (n < 8 || !isfinite(r) || !isfinite(width) || !(r > 0.0) || !(width > 0.0)) {
        load_all(near, eta, phi);
        return true;
    }
    const double wanted = width / r * 8.0; /* bins of an eighth of the distance */
    near->bins = wanted < 1.0 ? 1 : wanted > (double)n ? n : (size_t)wanted;
    near->per_eta = (double)near->bins / width;
    load_bins(near, eta, phi);
    return true;
}

/* Squares, with room for rounding: what passes is looked at exactly. */
CF_SIMD static void likely(uint8_t *restrict hit, const double *restrict eta,
                           const double *restrict phi, double eta0, double phi0, double limit,
                           size_t n) {
    for (size_t i = 0; i < n; i++) {
        const double e = eta[i] - eta0, p = cf_wrap_angle(phi[i] - phi0);
        hit[i] = e * e + p * p <= limit;
    }
}

static bool is_near(const cf_near *near, const cf_near_question *q, size_t i) {
    const double eta = q->point_first ? near->eta[i] - q->eta : q->eta - near->eta[i];
    const double phi =
        cf_wrap_angle(q->point_first ? near->phi[i] - q->phi : q->phi - near->phi[i]);
    const double distance = sqrt(eta * eta + phi * phi);
    return q->closed ? distance <= q->r : distance < q->r;
}

static void sort_few(int32_t *row, size_t n) {
    for (size_t i = 1; i < n; i++) {
        const int32_t moved = row[i];
        size_t at = i;
        for (; at > 0 && row[at - 1] > moved; at--)
            row[at] = row[at - 1];
        row[at] = moved;
    }
}

/* Many rows of one list: marked, then read off in order. */
static void sort_many(cf_near *near, int32_t *row, size_t n) {
    uint8_t *mark = near->hit;
    memset(mark, 0, (size_t)(near->end - near->begin));
    for (size_t i = 0; i < n; i++)
        mark[row[i] - near->begin] = 1;
    size_t at = 0;
    for (int32_t i = near->begin; i < near->end; i++)
        if (mark[i - near->begin]) row[at++] = i;
}

size_t cf_near_find(cf_near *near, const cf_near_question *q, int32_t *out) {
    size_t begin = 0, end = near->count;
    if (!near->all) {
        const double reach = q->r * (1.0 + 1e-9) + 1e-9 * (fabs(q->eta) + fabs(near->low));
        begin = (size_t)near->start[bin_of(near, q->eta - reach)];
        end = (size_t)near->start[bin_of(near, q->eta + reach) + 1];
    }
    if (!(q->r >= 0.0) || begin >= end) return 0;
    likely(near->hit, near->eta + begin, near->phi + begin, q->eta, q->phi,
           q->r * q->r * (1.0 + 1e-9) + 1e-290, end - begin);
    size_t found = 0;
    for (size_t i = begin; i < end; i++)
        if (near->hit[i - begin] && is_near(near, q, i)) out[found++] = near->row[i];
    if (!near->all && found > 24)
        sort_many(near, out, found);
    else if (!near->all)
        sort_few(out, found);
    return found;
}
