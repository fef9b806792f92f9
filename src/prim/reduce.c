#include "prim/reduce.h"

#include "prim/simd.h"

#include <math.h>

__extension__ typedef __int128 wide_int;

/* --- sums --- */

static double fold(const double *lane) {
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) +
           ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

CF_SIMD static void add_blocks(double *restrict lane, const double *restrict x, size_t blocks) {
    double sum[8];
    for (size_t j = 0; j < 8; j++)
        sum[j] = lane[j];
    for (size_t i = 0; i < blocks; i++)
        for (size_t j = 0; j < 8; j++)
            sum[j] += x[8 * i + j];
    for (size_t j = 0; j < 8; j++)
        lane[j] = sum[j];
}

void cf_prim_lanes_add(cf_lanes *lanes, const double *x, size_t n) {
    size_t i = 0;
    for (; i < n && (lanes->ordinal & 7) != 0; i++)
        lanes->lane[lanes->ordinal++ & 7] += x[i];
    const size_t blocks = (n - i) / 8;
    add_blocks(lanes->lane, x + i, blocks);
    lanes->ordinal += 8 * blocks;
    for (i += 8 * blocks; i < n; i++)
        lanes->lane[lanes->ordinal++ & 7] += x[i];
}

double cf_prim_lanes_sum(const cf_lanes *lanes) {
    return fold(lanes->lane);
}

/* The moved values go through a small buffer, so that the additions are those of lanes_add. */
#define MOVED 256

CF_SIMD static void move(double *restrict out, const double *restrict x, double shift,
                         size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] - shift;
}

CF_SIMD static void drop_null(double *restrict x, const uint8_t *restrict valid, size_t n) {
    for (size_t i = 0; i < n; i++)
        x[i] = valid[i] ? x[i] : 0.0;
}

CF_SIMD static void square(double *restrict x, size_t n) {
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] * x[i];
}

static void add_moved(cf_lanes *lanes, const double *x, const uint8_t *valid, double shift,
                      size_t n, bool squared) {
    double moved[MOVED];
    for (size_t i = 0; i < n; i += MOVED) {
        const size_t count = n - i < MOVED ? n - i : MOVED;
        move(moved, x + i, shift, count);
        if (valid != NULL) drop_null(moved, valid + i, count);
        if (squared) square(moved, count);
        cf_prim_lanes_add(lanes, moved, count);
    }
}

void cf_prim_lanes_add_squares(cf_lanes *lanes, const double *x, const uint8_t *valid,
                               double shift, size_t n) {
    add_moved(lanes, x, valid, shift, n, true);
}

void cf_prim_lanes_add_shifted(cf_lanes *lanes, const double *x, const uint8_t *valid,
                               double shift, size_t n) {
    add_moved(lanes, x, valid, shift, n, false);
}

static double sum_long(const double *x, size_t n) {
    double lane[8] = {0};
    const size_t blocks = n / 8;
    for (size_t i = 0; i < blocks; i++)
        for (size_t j = 0; j < 8; j++)
            lane[j] += x[8 * i + j];
    for (size_t j = 0; 8 * blocks + j < n; j++)
        lane[j] += x[8 * blocks + j];
    return fold(lane);
}

/* Short lists are the rule: the lanes that are empty (zero) fall away, the order stays. */
CF_SIMD void cf_prim_sums_f64(double *restrict out, const double *restrict x,
                              const int32_t *restrict offsets, size_t lists) {
    for (size_t p = 0; p < lists; p++) {
        const double *v = x + offsets[p];
        const size_t n = (size_t)(offsets[p + 1] - offsets[p]);
        double sum;
        switch (n) {
        case 0: sum = 0.0; break;
        case 1: sum = v[0]; break;
        case 2: sum = v[0] + v[1]; break;
        case 3: sum = (v[0] + v[1]) + v[2]; break;
        case 4: sum = (v[0] + v[1]) + (v[2] + v[3]); break;
        case 5: sum = ((v[0] + v[4]) + v[1]) + (v[2] + v[3]); break;
        case 6: sum = ((v[0] + v[4]) + (v[1] + v[5])) + (v[2] + v[3]); break;
        default: sum = sum_long(v, n); break;
        }
        out[p] = sum + 0.0; /* a lane that starts from 0 never ends at -0 */
    }
}

bool cf_prim_sums_i64(int64_t *restrict out, const int64_t *restrict x,
                      const int32_t *restrict offsets, size_t lists, size_t *bad) {
    for (size_t p = 0; p < lists; p++) {
        wide_int sum = 0;
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            sum += x[i];
        if (sum > INT64_MAX || sum < INT64_MIN) {
            *bad = p;
            return false;
        }
        out[p] = (int64_t)sum;
    }
    return true;
}

/* --- counts --- */

CF_SIMD void cf_prim_counts_u8(int64_t *restrict out, const uint8_t *restrict x,
                               const int32_t *restrict offsets, size_t lists) {
    for (size_t p = 0; p < lists; p++) {
        int64_t count = 0;
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            count += x[i];
        out[p] = count;
    }
}

CF_SIMD void cf_prim_lengths(int64_t *restrict out, const int32_t *restrict offsets,
                             size_t lists) {
    for (size_t p = 0; p < lists; p++)
        out[p] = offsets[p + 1] - offsets[p];
}

CF_SIMD int64_t cf_prim_count_u8(const uint8_t *restrict x, size_t n) {
    int64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += x[i];
    return count;
}

CF_SIMD int64_t cf_prim_count_nan(const double *restrict x, size_t n) {
    int64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += x[i] != x[i];
    return count;
}

/* --- any, all --- */

CF_SIMD void cf_prim_any(uint8_t *restrict out, const uint8_t *restrict x,
                         const int32_t *restrict offsets, size_t lists) {
    for (size_t p = 0; p < lists; p++) {
        uint8_t any = 0;
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            any |= x[i];
        out[p] = any;
    }
}

static void all_valid(uint8_t *restrict out, const uint8_t *restrict x,
                      const int32_t *restrict offsets, size_t lists) {
    for (size_t p = 0; p < lists; p++) {
        uint8_t all = 1;
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            all &= x[i];
        out[p] = all;
    }
}

void cf_prim_all(uint8_t *restrict out, const uint8_t *restrict x,
                 const uint8_t *restrict valid, const int32_t *restrict offsets, size_t lists) {
    if (valid == NULL) {
        all_valid(out, x, offsets, lists);
        return;
    }
    for (size_t p = 0; p < lists; p++) {
        uint8_t all = 1;
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            all &= (uint8_t)(x[i] | (valid[i] ^ 1));
        out[p] = all;
    }
}

/* --- smallest and largest --- */

/* For a list in which no row compared: all NaN, or null, or empty. */
static int32_t first_valid(const uint8_t *valid, int32_t begin, int32_t end) {
    for (int32_t i = begin; i < end; i++)
        if (valid == NULL || valid[i]) return i;
    return -1;
}

#define T        double
#define NAME(op) op##_min_f64
#define BETTER   <
#define WORST    (double)INFINITY
#include "prim/reduce.tmpl.h"
#define T        double
#define NAME(op) op##_max_f64
#define BETTER   >
#define WORST    (-(double)INFINITY)
#include "prim/reduce.tmpl.h"
#define T        int64_t
#define NAME(op) op##_min_i64
#define BETTER   <
#define WORST    INT64_MAX
#include "prim/reduce.tmpl.h"
#define T        int64_t
#define NAME(op) op##_max_i64
#define BETTER   >
#define WORST    INT64_MIN
#include "prim/reduce.tmpl.h"

void cf_prim_best_row_f64(int32_t *out, const double *x, const uint8_t *valid,
                          const int32_t *offsets, size_t lists, bool largest) {
    if (valid != NULL)
        (largest ? best_valid_max_f64 : best_valid_min_f64)(out, x, valid, offsets, lists);
    else
        (largest ? best_max_f64 : best_min_f64)(out, x, offsets, lists);
}

void cf_prim_best_row_i64(int32_t *out, const int64_t *x, const uint8_t *valid,
                          const int32_t *offsets, size_t lists, bool largest) {
    if (valid != NULL)
        (largest ? best_valid_max_i64 : best_valid_min_i64)(out, x, valid, offsets, lists);
    else
        (largest ? best_max_i64 : best_min_i64)(out, x, offsets, lists);
}
