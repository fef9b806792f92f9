/* The loops over lists against plain ones. */
#include "prim/angle.h"
#include "prim/gather.h"
#include "prim/group.h"
#include "prim/radius.h"
#include "prim/reduce.h"
#include "prim/segment.h"
#include "prim/sort.h"
#include "test.h"

#include <stdlib.h>

static uint64_t state = 99;
static uint32_t bits(void) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33);
}
static int below(int n) {
    return (int)(bits() % (uint32_t)n);
}

#define LISTS 300
#define ROWS  6000
static int32_t offsets[LISTS + 1];
static double x[ROWS];
static int64_t k[ROWS];
static uint8_t valid[ROWS];

/* Lists of all lengths, some longer than the short-list loops take. */
static void rows_make(int longest) {
    offsets[0] = 0;
    for (int p = 0; p < LISTS; p++) {
        int n = below(4) == 0 ? below(longest) : below(6);
        if (offsets[p] + n > ROWS) n = 0;
        offsets[p + 1] = offsets[p] + n;
    }
    for (int i = 0; i < ROWS; i++) {
        x[i] = below(15) == 0  ? (double)NAN
               : below(9) == 0 ? -0.0
                               : (double)(below(2000) - 1000) / 7.0;
        k[i] = below(9) - 4;
        valid[i] = below(5) != 0;
        if (!valid[i]) x[i] = 0.0;
    }
}

static void sums_do_not_depend_on_the_cut(void) {
    static double v[1000];
    for (int i = 0; i < 1000; i++)
        v[i] = (double)below(100000) / 977.0;
    for (size_t n = 0; n < 1000; n += 1 + n / 9) {
        cf_lanes whole = {{0}, 0}, cut = {{0}, 0};
        cf_prim_lanes_add(&whole, v, n);
        for (size_t at = 0; at < n;) {
            size_t piece = (size_t)below(20) + 1;
            if (piece > n - at) piece = n - at;
            cf_prim_lanes_add(&cut, v + at, piece);
            at += piece;
        }
        CHECK(cf_prim_lanes_sum(&whole) == cf_prim_lanes_sum(&cut));
        const int32_t one[2] = {0, (int32_t)n};
        double sum;
        cf_prim_sums_f64(&sum, v, one, 1);
        CHECK(sum == cf_prim_lanes_sum(&whole));
    }
}

static void best_rows_are_the_first_best(void) {
    rows_make(40);
    for (int largest = 0; largest < 2; largest++)
        for (int nulls = 0; nulls < 2; nulls++) {
            int32_t got[LISTS], got_int[LISTS];
            cf_prim_best_row_f64(got, x, nulls ? valid : NULL, offsets, LISTS, largest);
            cf_prim_best_row_i64(got_int, k, nulls ? valid : NULL, offsets, LISTS, largest);
            for (int p = 0; p < LISTS; p++) {
                int32_t want = -1, want_int = -1;
                for (int32_t i = offsets[p]; i < offsets[p + 1]; i++) {
                    if (nulls && !valid[i]) continue;
                    if (want < 0 || (isnan(x[want]) && !isnan(x[i])) ||
                        (largest ? x[i] > x[want] : x[i] < x[want]))
                        want = i;
                    if (want_int < 0 || (largest ? k[i] > k[want_int] : k[i] < k[want_int]))
                        want_int = i;
                }
                CHECK(got[p] == want && got_int[p] == want_int);
            }
        }
}

static void any_all_and_counts(void) {
    rows_make(40);
    uint8_t any[LISTS], all[LISTS];
    int64_t count[LISTS];
    static uint8_t mask[ROWS];
    for (int i = 0; i < ROWS; i++)
        mask[i] = valid[i] && below(3) == 0;
    cf_prim_any(any, mask, offsets, LISTS);
    cf_prim_all(all, mask, valid, offsets, LISTS);
    cf_prim_counts_u8(count, mask, offsets, LISTS);
    for (int p = 0; p < LISTS; p++) {
        int64_t n = 0;
        bool every = true;
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++) {
            n += mask[i];
            every = every && (mask[i] || !valid[i]);
        }
        CHECK(count[p] == n && any[p] == (n > 0) && all[p] == every);
    }
}

/* 0: a first, 1: b first, 2: equal */
static int order(double a, bool a_valid, double b, bool b_valid, bool descending) {
    const int ca = !a_valid ? 2 : isnan(a) ? 1 : 0, cb = !b_valid ? 2 : isnan(b) ? 1 : 0;
    if (ca != cb) return ca < cb ? 0 : 1;
    if (ca > 0 || a == b) return 2;
    return (a < b) != descending ? 0 : 1;
}

static void sorting_is_stable_with_nan_and_null_last(void) {
    static const int lengths[] = {30, 900, 5999};
    for (size_t l = 0; l < 3; l++)
        for (int descending = 0; descending < 2; descending++) {
            rows_make(30);
            if (l > 0) { /* one list long enough for the other two ways of sorting */
                offsets[1] = lengths[l];
                for (int p = 2; p <= LISTS; p++)
                    offsets[p] = lengths[l];
            }
            static uint64_t first[ROWS], second[ROWS];
            static int32_t index[ROWS];
            const size_t n = (size_t)offsets[LISTS];
            cf_prim_order_f64(first, x, valid, descending, n);
            cf_prim_order_i64(second, k, !descending, n);
            const uint64_t *keys[] = {second, first};
            CHECK(cf_prim_sort_lists(index, keys, 2, offsets, LISTS, NULL) == CF_SORT_DONE);
            for (int p = 0; p < LISTS; p++)
                for (int32_t i = offsets[p] + 1; i < offsets[p + 1]; i++) {
                    const int32_t a = index[i - 1], b = index[i];
                    CHECK(a >= offsets[p] && b < offsets[p + 1]);
                    if (k[a] != k[b]) {
                        CHECK((k[a] < k[b]) == (bool)descending);
                        continue;
                    }
                    const int o = order(x[a], valid[a], x[b], valid[b], descending);
                    CHECK(o == 0 || (o == 2 && a < b));
                }
        }
}

static void groups_come_in_order_of_appearance(void) {
    for (int longest = 8; longest < 3000; longest *= 9) {
        rows_make(longest);
        static uint64_t key[ROWS], other[ROWS];
        static int32_t group[ROWS], first[ROWS], rows[ROWS], members[ROWS + 1];
        int32_t groups[LISTS + 1];
        const size_t n = (size_t)offsets[LISTS];
        cf_prim_equal_f64(key, x, n);
        for (size_t i = 0; i < n; i++)
            other[i] = (uint64_t)k[i];
        const uint64_t *keys[] = {key, other};
        const int64_t count =
            cf_prim_group(group, first, groups, keys, 2, offsets, LISTS, NULL);
        CHECK(count == groups[LISTS]);
        cf_prim_members(rows, members, group, n, (size_t)count);
        int32_t next = 0;
        for (int p = 0; p < LISTS; p++) {
            CHECK(groups[p] == next);
            for (int32_t i = offsets[p]; i < offsets[p + 1]; i++) {
                int32_t same = offsets[p];
                while (
                    !((x[same] == x[i] || (isnan(x[same]) && isnan(x[i]))) && k[same] == k[i]))
                    same++;
                if (same == i) CHECK(first[next] == i && group[i] == next);
                if (same == i) next++;
                CHECK(group[same] == group[i]);
            }
        }
        CHECK(next == count && members[count] == (int32_t)n);
        for (int32_t g = 0; g < next; g++)
            for (int32_t i = members[g]; i < members[g + 1]; i++)
                CHECK(group[rows[i]] == g && (i == members[g] || rows[i - 1] < rows[i]));
    }
}

static void near_points_are_all_that_are_near(void) {
    static double eta[800], phi[800];
    static int32_t got[800], scanned[800];
    cf_near *near = cf_near_new();
    static const double radii[] = {0.0, 0.01, 0.3, 0.4, 1.5, 3.1, 9.0, -1.0, (double)INFINITY};
    for (int round = 0; round < 240; round++) {
        const int n = round % 3 == 0 ? below(10) : below(800);
        for (int i = 0; i < n; i++) {
            eta[i] = below(40) == 0   ? (double)NAN
                     : below(60) == 0 ? (double)INFINITY
                                      : (double)below(1000) / 100.0 - 5.0;
            phi[i] = (double)below(6284) / 1000.0 - 3.142;
            if (round % 5 == 1) eta[i] = 1.25; /* no width at all */
            if (round % 7 == 2 && below(9) == 0) phi[i] += (double)(below(5) - 2) * 31.0;
        }
        const double r = radii[round % 9];
        if (below(4) == 0) cf_near_reset(near);
        const cf_near_points points = {eta, phi, 0, n};
        const int32_t list = cf_near_load(near, &points, r);
        CHECK(list >= 0);
        for (int q = 0; q < 20; q++) {
            cf_near_question ask = {.eta = (double)below(1000) / 100.0 - 5.0,
                                    .phi = (double)below(6284) / 1000.0 - 3.142,
                                    .r = r,
                                    .closed = q % 2 == 0,
                                    .point_first = q % 3 == 0};
            if (n > 0 && q % 5 == 0) ask.eta = eta[below(n)];
            if (n > 0 && q % 4 == 1) { /* at the distance, give or take a bit */
                const int i = below(n);
                ask.eta = eta[i] + (q % 8 == 1 ? r : 0.0);
                ask.phi = phi[i] + (q % 8 == 1 ? 0.0 : r);
            }
            if (q == 19) ask.phi = (double)NAN;
            const size_t found = cf_near_find(near, list, &ask, got);
            CHECK(cf_near_scan(&points, &ask, scanned) == found);
            size_t at = 0;
            for (int i = 0; i < n; i++) {
                const double e = eta[i] - ask.eta, p = cf_wrap_angle(phi[i] - ask.phi);
                const double d = sqrt(e * e + p * p);
                if (!(ask.closed ? d <= r : d < r)) continue;
                CHECK(at < found && got[at] == i && scanned[at] == i);
                at++;
            }
            CHECK(at == found);
        }
    }
    cf_near_free(near);
}

static void taking_leaves_zero_in_the_holes(void) {
    static const int32_t index[6] = {2, -1, 0, 1, 1, -1};
    const double v[3] = {1.5, 2.5, 3.5};
    const uint8_t v_valid[3] = {1, 0, 1};
    double out[6];
    uint8_t out_valid[6];
    cf_prim_take_or_zero(out, v, sizeof *v, index, 6);
    cf_prim_take_valid(out_valid, v_valid, index, 6);
    CHECK(out[0] == 3.5 && out[1] == 0.0 && out[2] == 1.5 && out[3] == 2.5 && out[5] == 0.0);
    CHECK(out_valid[0] == 1 && out_valid[1] == 0 && out_valid[2] == 1 && out_valid[3] == 0 &&
          out_valid[5] == 0);
    CHECK(cf_prim_any_negative(index, 6) && !cf_prim_any_negative(index + 2, 3));
}

static void columns_become_rows(void) {
    enum { N = 300, K = 5 };
    static int32_t a[N], b[N], out[N * K];
    const int32_t one = 7;
    for (int i = 0; i < N; i++) {
        a[i] = i;
        b[i] = -i;
    }
    const void *const sources[K] = {a, &one, b, b, a};
    const uint8_t steps[K] = {1, 0, 1, 1, 1};
    for (int n = 0; n <= N; n += 75) {
        out[n < N ? n * K : 0] = 99;
        cf_prim_interleave(out, sources, steps, sizeof *a, K, (size_t)n);
        for (int i = 0; i < n * K; i++)
            CHECK(out[i] == (i % K == 1 ? one : i % K == 0 || i % K == 4 ? i / K : -(i / K)));
        if (n < N) CHECK(out[n * K] == 99);
    }
}

static void too_many_rows_are_noticed(void) {
    const int32_t few[2] = {0, 70000};
    int32_t out[2];
    CHECK(cf_prim_combine_offsets(out, few, 1, 2) == -1);
    CHECK(cf_prim_combine_offsets(out, few, 1, 4) == -1);
    CHECK(cf_prim_cross_offsets(out, few, few, 1) == -1);
    const int32_t fits[2] = {0, 2000};
    CHECK(cf_prim_combine_offsets(out, fits, 1, 2) == 1999000 && out[1] == 1999000);
}

int main(void) {
    RUN(sums_do_not_depend_on_the_cut);
    RUN(best_rows_are_the_first_best);
    RUN(any_all_and_counts);
    RUN(sorting_is_stable_with_nan_and_null_last);
    RUN(groups_come_in_order_of_appearance);
    RUN(near_points_are_all_that_are_near);
    RUN(taking_leaves_zero_in_the_holes);
    RUN(columns_become_rows);
    RUN(too_many_rows_are_noticed);
    return cf_test_failures != 0;
}
