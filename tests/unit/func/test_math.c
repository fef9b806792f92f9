/* Mathematical functions, four-vectors and the parts of histograms. */
#include "call.h"
#include "prim/math.h"

#include <math.h>
#include <stdlib.h>

static bool close_to(double got, double want, double relative) {
    return isnan(want) ? isnan(got) : got == want || fabs(got - want) <= relative * fabs(want);
}

static void functions_agree_with_the_c_library(void) {
    static const struct {
        const char *name;
        double (*f)(double);
    } all[] = {{"sqrt", sqrt},      {"exp", exp},        {"ln", log},
               {"log10", log10},    {"sin", sin},        {"cos", cos},
               {"tan", tan},        {"asin", asin},      {"acos", acos},
               {"atan", atan},      {"sinh", sinh},      {"cosh", cosh},
               {"tanh", tanh},      {"abs_float", fabs}, {"floor_float", floor},
               {"ceil_float", ceil}};
    static const double x[] = {0.0,   -0.0,   0.5, -0.5, 1,    -1,  2.5,   -2.5, 1e10, -1e10,
                               1e300, 1e-300, NaN, Inf,  -Inf, 700, 710.4, -745, 3.7};
    for (size_t i = 0; i < CF_COUNT(all); i++) {
        const cf_vec r =
            CALL(all[i].name, CF_COUNT(x), column(CF_FLOAT64, x, NULL, CF_COUNT(x)));
        for (size_t k = 0; k < CF_COUNT(x); k++) {
            const bool good = close_to(float_at(r, k), all[i].f(x[k]), 4.5e-16);
            if (!good) printf("%s(%g) is %.17g\n", all[i].name, x[k], float_at(r, k));
            CHECK(good);
        }
    }
}

static void logarithms_to_two_and_ten_are_exact(void) {
    const cf_vec r = CALL("log_base", 4, FLOATS(2, 10, 3, 2), FLOATS(8, 1000, 9, 0.25));
    CHECK(float_at(r, 0) == 3 && float_at(r, 1) == 3 && float_at(r, 3) == -2);
    CHECK_NEAR(float_at(r, 2), 2.0, 1e-15);
    const cf_vec p = CALL("power", 2, FLOAT(3), FLOATS(2, -2));
    CHECK(float_at(p, 0) == 8 && float_at(p, 1) == -8);
    CHECK_NEAR(float_at(CALL("hypot", 1, FLOATS(3e200), FLOATS(4e200)), 0) / 5e200, 1.0, 3e-16);
    CHECK_NEAR(float_at(CALL("atan2", 1, FLOATS(1), FLOATS(-1)), 0), 2.356194490192345, 1e-15);
}

static void rounding_goes_half_away_from_zero(void) {
    cf_vec r =
        CALL("round_float", 6, INT(0), FLOATS(0.5, 1.5, 2.5, -0.5, 0.49999999999999994, 1e300));
    static const double want[] = {1, 2, 3, -1, 0, 1e300};
    for (size_t i = 0; i < 6; i++)
        CHECK(float_at(r, i) == want[i]);
    r = CALL("round_float", 4, INTS(1, 2, -2, 400), FLOATS(2.345, 2.345, 1250, 1.5));
    CHECK(float_at(r, 0) == 2.3 && float_at(r, 1) == 2.35 && float_at(r, 2) == 1300 &&
          float_at(r, 3) == 1.5);
    r = CALL("round_float", 3, INT(6), FLOATS(0.479425538604203, NaN, Inf));
    CHECK(float_at(r, 0) == 0.479426 && isnan(float_at(r, 1)) && isinf(float_at(r, 2)));
    r = CALL("round_int", 5, INTS(0, -1, -1, -2, -30), INTS(15, 15, -15, 149, 999));
    CHECK(int_at(r, 0) == 15 && int_at(r, 1) == 20 && int_at(r, 2) == -20 &&
          int_at(r, 3) == 100 && int_at(r, 4) == 0);
    (void)CALL("round_int", 1, INT(-1), INTS(INT64_MAX));
    CHECK(call_status == CF_E_OVERFLOW);
    r = CALL("sign_float", 4, FLOATS(-3, 0, 7, NaN));
    CHECK(float_at(r, 0) == -1 && float_at(r, 1) == 0 && float_at(r, 2) == 1 &&
          isnan(float_at(r, 3)));
    CHECK(int_at(CALL("sign_int", 2, INTS(-9, 3)), 0) == -1);
    CHECK(bool_at(CALL("is_nan", 2, FLOATS(NaN, 1)), 0) == 1);
    const cf_vec pi = call_rows("pi", 3, NULL, 0);
    CHECK(float_at(pi, 2) == 3.14159265358979323846);
}

#define MANY 1000

static double pt[MANY], eta[MANY], phi[MANY], mass[MANY];

static void make_vectors(void) {
    for (size_t i = 0; i < MANY; i++) {
        pt[i] = 1 + 200 * cf_random_unit(1, i);
        eta[i] = (cf_random_unit(2, i) - 0.5) * 9;
        phi[i] = (cf_random_unit(3, i) - 0.5) * 6.28;
        mass[i] = i % 3 == 0 ? 0 : 20 * cf_random_unit(4, i);
    }
}

#define F(x) column(CF_FLOAT64, x, NULL, MANY)

static void components_and_back(void) {
    make_vectors();
    const cf_vec px = CALL("px_of", MANY, F(pt), F(phi)),
                 py = CALL("py_of", MANY, F(pt), F(phi)),
                 pz = CALL("pz_of", MANY, F(pt), F(eta));
    const cf_vec e = CALL("e_of", MANY, F(pt), F(eta), F(mass));
    const cf_vec pt2 = CALL("pt_of", MANY, px, py), phi2 = CALL("phi_of", MANY, px, py),
                 eta2 = CALL("eta_of", MANY, px, py, pz);
    const cf_vec m2 = CALL("mass_of", MANY, px, py, pz, e),
                 y = CALL("rapidity_of", MANY, pz, e);
    for (size_t i = 0; i < MANY; i++) {
        const double p = pt[i] * cosh(eta[i]), energy = sqrt(p * p + mass[i] * mass[i]);
        CHECK(close_to(float_at(px, i), pt[i] * cos(phi[i]), 1e-15));
        CHECK(close_to(float_at(py, i), pt[i] * sin(phi[i]), 1e-15));
        CHECK(close_to(float_at(pz, i), pt[i] * sinh(eta[i]), 1e-15));
        CHECK(close_to(float_at(e, i), energy, 1e-15));
        CHECK(close_to(float_at(pt2, i), pt[i], 1e-15));
        CHECK(close_to(float_at(phi2, i), phi[i], 1e-14));
        CHECK(close_to(float_at(eta2, i), eta[i], 1e-13));
        CHECK(fabs(float_at(m2, i) - mass[i]) <= 3e-8 * energy);
        const double want =
            0.5 * log((energy + pt[i] * sinh(eta[i])) / (energy - pt[i] * sinh(eta[i])));
        CHECK(fabs(float_at(y, i) - want) <= 1e-9 * fabs(want) + 1e-12);
    }
}

static void vectors_at_the_edges(void) {
    const cf_vec e =
        CALL("eta_of", 4, FLOATS(0, 0, 0, 3), FLOATS(0, 0, 0, 4), FLOATS(0, 5, -5, 0));
    CHECK(float_at(e, 0) == 0 && float_at(e, 1) == Inf && float_at(e, 2) == -Inf &&
          float_at(e, 3) == 0);
    const cf_vec m =
        CALL("mass_of", 2, FLOATS(3, NaN), FLOATS(0, 0), FLOATS(0, 0), FLOATS(2.9999999, 1));
    CHECK(float_at(m, 0) == 0 && isnan(float_at(m, 1)));
    const cf_vec y = CALL("rapidity_of", 3, FLOATS(0, 5, -5), FLOATS(5, 5, 5));
    CHECK(float_at(y, 0) == 0 && float_at(y, 1) == Inf && float_at(y, 2) == -Inf);
    const cf_vec c = CALL("px_of", 3, FLOATS(1, 2, 4), FLOAT(0));
    CHECK(float_at(c, 2) == 4);
}

static void angles_are_wrapped(void) {
    const double pi = 3.14159265358979323846;
    const cf_vec d =
        CALL("delta_phi_of", 6, FLOATS(3, -3, 1, pi, 100, NaN), FLOATS(-3, 3, 0.25, 0, 0, 0));
    CHECK_NEAR(float_at(d, 0), 6 - 2 * pi, 1e-15);
    CHECK_NEAR(float_at(d, 1), 2 * pi - 6, 1e-15);
    CHECK(float_at(d, 2) == 0.75 && float_at(d, 3) == pi && isnan(float_at(d, 5)));
    CHECK_NEAR(float_at(d, 4), remainder(100, 2 * pi), 1e-14);
    for (size_t i = 0; i < 1000; i++) {
        const double a = (cf_random_unit(9, i) - 0.5) * 50;
        const double w = float_at(CALL("delta_phi_of", 1, FLOATS(a), FLOATS(0)), 0);
        CHECK(w >= -pi && w <= pi);
        CHECK_NEAR(sin(w), sin(a), 1e-13);
        cf_arena_reset(call_arena);
    }
    const cf_vec r =
        CALL("delta_r_of", 1, FLOATS(1), FLOATS(3.1), FLOATS(1.3), FLOATS(3.5 - 2 * pi));
    CHECK_NEAR(float_at(r, 0), 0.5, 1e-14);
    const cf_vec mt =
        CALL("mt_of", 2, FLOATS(40, 30), FLOATS(0, 1), FLOATS(40, 20), FLOATS(pi, 2));
    CHECK_NEAR(float_at(mt, 0), 80, 1e-13);
    CHECK_NEAR(float_at(mt, 1), sqrt(2 * 30 * 20 * (1 - cos(1.0))), 1e-13);
}

static void a_vector_boosted_by_itself_is_at_rest(void) {
    const cf_vec v[4] = {FLOATS(1, 10), FLOATS(2, -3), FLOATS(3, 40), FLOATS(9, 50)};
    const cf_vec x = CALL("boost_px", 2, v[0], v[1], v[2], v[3], v[0], v[1], v[2], v[3]);
    const cf_vec e = CALL("boost_e", 2, v[0], v[1], v[2], v[3], v[0], v[1], v[2], v[3]);
    const cf_vec m = CALL("mass_of", 2, v[0], v[1], v[2], v[3]);
    for (size_t i = 0; i < 2; i++) {
        CHECK_NEAR(float_at(x, i), 0, 1e-12);
        CHECK_NEAR(float_at(e, i), float_at(m, i), 1e-12);
    }
    const cf_vec z = CALL("boost_pz", 1, FLOATS(0), FLOATS(0), FLOATS(0), FLOATS(2), FLOATS(0),
                          FLOATS(0), FLOATS(3), FLOATS(5));
    CHECK_NEAR(float_at(z, 0), -1.5, 1e-12);
}

/* ---- histograms ---- */

static int64_t naive_bin(double x, double low, double high, int64_t n) {
    if (x < low) return 0;
    for (int64_t k = 0; k < n; k++)
        if (x < (k + 1 == n ? high : low + (double)(k + 1) * (high - low) / (double)n))
            return k + 1;
    return n + 1;
}

static void bins_hold_their_lower_edge(void) {
    const struct {
        double low, high;
        int64_t n;
    } cases[] = {{0, 2000, 100}, {15, 60, 100},  {0, 0.3, 3},       {-1.1, 1.1, 7},
                 {0, 1, 1},      {15, 250, 100}, {1e-10, 3e-10, 13}};
    static double x[600];
    for (size_t c = 0; c < CF_COUNT(cases); c++) {
        const double low = cases[c].low, high = cases[c].high;
        const int64_t n = cases[c].n;
        for (size_t i = 0; i < 600; i++) {
            const double k = (double)(i % (size_t)(n + 1));
            const double edge = low + k * (high - low) / (double)n;
            x[i] = i % 4 == 0   ? edge
                   : i % 4 == 1 ? nextafter(edge, -1e9)
                   : i % 4 == 2 ? nextafter(edge, 1e9)
                                : low + (cf_random_unit(5, i) * 1.4 - 0.2) * (high - low);
        }
        const cf_vec fast = CALL("hist_bin", 600, column(CF_FLOAT64, x, NULL, 600), FLOAT(low),
                                 FLOAT(high), INT(n));
        for (size_t i = 0; i < 600; i++) {
            CHECK(int_at(fast, i) == naive_bin(x[i], low, high, n));
            const cf_vec slow =
                CALL("hist_bin", 1, FLOATS(x[i]), FLOATS(low), FLOATS(high), INTS(n));
            CHECK(int_at(slow, 0) == int_at(fast, i));
        }
    }
    const cf_vec r =
        CALL("hist_bin", 6, VALID(FLOATS(NaN, -Inf, Inf, 2, 0, 0), 1, 1, 1, 1, 1, 0), FLOAT(0),
             FLOAT(2), INT(4));
    CHECK(null_at(r, 0) && int_at(r, 0) == 0 && int_at(r, 1) == 0 && !null_at(r, 1) &&
          int_at(r, 2) == 5 && int_at(r, 3) == 5 && int_at(r, 4) == 1 && null_at(r, 5));
}

static void check_range(double low, double high, int64_t n, double from, double to) {
    const double a = float_at(CALL("nice_low", 1, FLOATS(low), FLOATS(high), INTS(n)), 0);
    const double b = float_at(CALL("nice_high", 1, FLOATS(low), FLOATS(high), INTS(n)), 0);
    if (a != from || b != to) printf("%g..%g: %.17g..%.17g\n", low, high, a, b);
    CHECK(a == from && b == to);
}

static void default_ranges_end_at_round_numbers(void) {
    check_range(0, 100, 50, 0, 102);
    check_range(0.13, 0.97, 50, 0.12, 0.98);
    check_range(-3.1, 3.1, 50, -3.2, 3.2);
    check_range(5, 5, 50, 5, 6);
    check_range(0, 99.5, 50, 0, 100);
    check_range(1e6, 3e6, 50, 1e6, 3.05e6);
    check_range(NaN, 3, 50, 0, 1);
    for (size_t i = 0; i < 2000; i++) {
        uint64_t bits[2] = {cf_hash_u64(i, 1), cf_hash_u64(i, 2)};
        double x[2];
        memcpy(x, bits, sizeof x);
        if (i % 3 == 0) x[1] = nextafter(x[0], 1e308);
        if (!(x[0] <= x[1]) || isinf(x[0]) || isinf(x[1])) continue;
        const double a = float_at(CALL("nice_low", 1, FLOATS(x[0]), FLOATS(x[1]), INTS(50)), 0);
        const double b =
            float_at(CALL("nice_high", 1, FLOATS(x[0]), FLOATS(x[1]), INTS(50)), 0);
        CHECK(a < b && !isinf(a) && !isinf(b));
        CHECK((a <= x[0] && x[1] < b) || fabs(x[0]) > 1e307 || fabs(x[1]) > 1e307);
        cf_arena_reset(call_arena);
    }
    const cf_vec none = CALL("nice_high", 2, VALID(FLOAT(0), 0), VALID(FLOAT(0), 0), INT(50));
    CHECK(!null_at(none, 0) && float_at(none, 1) == 1);
}

static void random_numbers_depend_on_seed_and_row_only(void) {
    const cf_vec r = CALL("random", 3, INT(42), INTS(0, 1, 0));
    CHECK(float_at(r, 0) == float_at(r, 2) && float_at(r, 0) != float_at(r, 1));
    CHECK(float_at(r, 0) == cf_random_unit(42, 0));
}

int main(void) {
    RUN(functions_agree_with_the_c_library);
    RUN(logarithms_to_two_and_ten_are_exact);
    RUN(rounding_goes_half_away_from_zero);
    RUN(components_and_back);
    RUN(vectors_at_the_edges);
    RUN(angles_are_wrapped);
    RUN(a_vector_boosted_by_itself_is_at_rest);
    RUN(bins_hold_their_lower_edge);
    RUN(default_ranges_end_at_round_numbers);
    RUN(random_numbers_depend_on_seed_and_row_only);
    return call_end();
}
