/* Arithmetic, comparisons and logic: every form of operands, nulls, errors. */
#include "call.h"

#include <math.h>

#define N 37

/* Column with column, with a constant on either side, and two constants agree with the first
 * form. */
static void check_forms(const char *name, cf_kind kind, const void *a, const void *b,
                        size_t size) {
    const cf_vec x = column(kind, a, NULL, N), y = column(kind, b, NULL, N);
    const cf_vec all = CALL(name, N, x, y);
    CHECK(call_status == CF_OK);
    const size_t out = cf_kind_size(all.kind);
    for (size_t i = 0; i < N; i++) {
        const cf_vec cx = constant(kind, (const char *)a + i * size, NULL),
                     cy = constant(kind, (const char *)b + i * size, NULL);
        const cf_vec vc = CALL(name, N, x, cy), cv = CALL(name, N, cx, y),
                     cc = CALL(name, N, cx, cy);
        CHECK(vc.data != NULL && cv.data != NULL && cc.data != NULL);
        if (vc.data == NULL || cv.data == NULL || cc.data == NULL) return;
        const char *want = (const char *)all.data + i * out;
        CHECK(memcmp((const char *)vc.data + i * out, want, out) == 0 ||
              all.kind == CF_FLOAT64);
        CHECK(memcmp((const char *)cv.data + i * out, want, out) == 0 ||
              all.kind == CF_FLOAT64);
        CHECK(memcmp((const char *)cc.data + (N - 1) * out, want, out) == 0 ||
              all.kind == CF_FLOAT64);
        if (all.kind == CF_FLOAT64) {
            const double w = float_at(all, i);
            CHECK(isnan(w)
                      ? isnan(float_at(vc, i)) && isnan(float_at(cv, i)) &&
                            isnan(float_at(cc, 0))
                      : w == float_at(vc, i) && w == float_at(cv, i) && w == float_at(cc, 0));
        }
    }
}

static void all_forms_of_operands_agree(void) {
    int64_t a[N], b[N];
    double x[N], y[N];
    for (size_t i = 0; i < N; i++) {
        a[i] = (int64_t)(cf_hash_u64(i, 1) % 2000) - 1000;
        b[i] = (int64_t)(cf_hash_u64(i, 2) % 7) - 3;
        x[i] = i == 3 ? NaN : i == 4 ? Inf : (cf_random_unit(3, i) - 0.5) * 100;
        y[i] = i == 5 ? 0.0 : i == 6 ? -0.0 : (cf_random_unit(4, i) - 0.5) * 8;
    }
    static const char *const ints[] = {"add_int", "sub_int", "mul_int", "idiv_int",
                                       "mod_int", "eq_int",  "ne_int",  "lt_int",
                                       "le_int",  "gt_int",  "ge_int"};
    static const char *const floats[] = {
        "add_float", "sub_float", "mul_float", "div_float",    "idiv_float", "mod_float",
        "pow_float", "eq_float",  "ne_float",  "lt_float",     "le_float",   "gt_float",
        "ge_float",  "hypot",     "atan2",     "delta_phi_of", "pt_of",      "px_of",
        "py_of",     "pz_of",     "phi_of",    "rapidity_of"};
    for (size_t i = 0; i < CF_COUNT(ints); i++)
        check_forms(ints[i], CF_INT64, a, b, 8);
    for (size_t i = 0; i < CF_COUNT(floats); i++)
        check_forms(floats[i], CF_FLOAT64, x, y, 8);
}

static void integer_arithmetic_is_exact(void) {
    cf_vec r = CALL("add_int", 3, INTS(1, INT64_MAX, -5), INTS(2, -1, 5));
    CHECK(int_at(r, 0) == 3 && int_at(r, 1) == INT64_MAX - 1 && int_at(r, 2) == 0);
    r = CALL("idiv_int", 4, INTS(7, -7, 7, 5), INTS(2, 2, -2, 0));
    CHECK(int_at(r, 0) == 3 && int_at(r, 1) == -3 && int_at(r, 2) == -3);
    CHECK(null_at(r, 3) && !null_at(r, 0) && int_at(r, 3) == 0);
    r = CALL("mod_int", 5, INTS(7, -2, 7, 5, INT64_MIN), INTS(-2, 7, 2, 0, -1));
    CHECK(int_at(r, 0) == 1 && int_at(r, 1) == -2 && int_at(r, 2) == 1 && null_at(r, 3) &&
          int_at(r, 4) == 0 && !null_at(r, 4));
    r = CALL("pow_int", 5, INTS(2, -3, 0, 1, -1), INTS(62, 3, 0, 1000000, 1000001));
    CHECK(int_at(r, 0) == INT64_C(1) << 62 && int_at(r, 1) == -27 && int_at(r, 2) == 1 &&
          int_at(r, 3) == 1 && int_at(r, 4) == -1);
    r = CALL("neg_int", 2, INTS(5, -7));
    CHECK(int_at(r, 0) == -5 && int_at(r, 1) == 7);
}

static void check_overflow(cf_vec r, const char *message) {
    (void)r;
    CHECK(call_status == CF_E_OVERFLOW);
    CHECK_STR(call_error.message, message);
}

static void integer_overflow_is_an_error_that_names_the_values(void) {
    check_overflow(CALL("add_int", 2, INTS(1, INT64_MAX), INTS(1, 1)),
                   "9223372036854775807 + 1 does not fit into an integer of 64 bits");
    check_overflow(CALL("add_int", 2, INTS(1, INT64_MIN), INT(-1)),
                   "-9223372036854775808 + -1 does not fit into an integer of 64 bits");
    check_overflow(CALL("sub_int", 2, INT(-2), INTS(1, INT64_MAX)),
                   "-2 - 9223372036854775807 does not fit into an integer of 64 bits");
    check_overflow(CALL("mul_int", 1, INTS(INT64_MIN), INTS(-1)),
                   "-9223372036854775808 * -1 does not fit into an integer of 64 bits");
    check_overflow(CALL("idiv_int", 1, INTS(INT64_MIN), INTS(-1)),
                   "-9223372036854775808 // -1 does not fit into an integer of 64 bits");
    check_overflow(CALL("pow_int", 2, INTS(2, 2), INTS(3, 63)),
                   "2 ** 63 does not fit into an integer of 64 bits");
    check_overflow(CALL("neg_int", 1, INTS(INT64_MIN)),
                   "-(-9223372036854775808) does not fit into an integer of 64 bits");
    check_overflow(CALL("abs_int", 1, INTS(INT64_MIN)),
                   "abs(-9223372036854775808) does not fit into an integer of 64 bits");
    (void)CALL("pow_int", 1, INTS(2), INTS(-1));
    CHECK(call_status == CF_E_VALUE);
}

static void a_null_row_never_fails(void) {
    /* null places are zero; the other operand may be anything */
    const cf_vec r = CALL("pow_int", 2, VALID(INTS(0, 2), 0, 1), INTS(-1, 3));
    CHECK(call_status == CF_OK && null_at(r, 0) && int_at(r, 0) == 0 && int_at(r, 1) == 8);
    const cf_vec q = CALL("neg_int", 1, VALID(INTS(0), 0));
    CHECK(call_status == CF_OK && null_at(q, 0));
}

static void null_in_null_out_and_zero_there(void) {
    cf_vec r =
        CALL("add_float", 3, VALID(FLOATS(1, 0, 3), 1, 0, 1), VALID(FLOATS(1, 2, 0), 1, 1, 0));
    CHECK(!null_at(r, 0) && null_at(r, 1) && null_at(r, 2));
    CHECK(float_at(r, 0) == 2 && float_at(r, 1) == 0 && float_at(r, 2) == 0);
    r = CALL("cos", 2, VALID(FLOATS(0, 0), 0, 1));
    CHECK(null_at(r, 0) && float_at(r, 0) == 0 && float_at(r, 1) == 1);
    r = CALL("add_float", 2, FLOATS(1, 2), VALID(FLOAT(0), 0));
    CHECK(null_at(r, 0) && null_at(r, 1) && float_at(r, 1) == 0);
    r = CALL("add_float", 2, VALID(FLOAT(0), 0), VALID(FLOAT(0), 0));
    CHECK(null_at(r, 0) && null_at(r, 1));
    r = CALL("add_float", 2, VALID(FLOATS(1, 0), 1, 0), VALID(FLOAT(1), 1));
    CHECK(!null_at(r, 0) && null_at(r, 1));
    r = CALL("add_float", 0, FLOATS(1), FLOAT(1));
    CHECK(call_status == CF_OK && r.n == 0);
}

static void floats_are_ieee(void) {
    const cf_vec r = CALL("div_float", 3, FLOATS(1, -1, 0), FLOATS(0, 0, 0));
    CHECK(float_at(r, 0) == Inf && float_at(r, 1) == -Inf && isnan(float_at(r, 2)));
    const cf_vec m = CALL("mod_float", 3, FLOATS(5.5, -5.5, 1), FLOATS(2, 2, 0));
    CHECK(float_at(m, 0) == 1.5 && float_at(m, 1) == -1.5 && isnan(float_at(m, 2)));
    const cf_vec d = CALL("idiv_float", 2, FLOATS(5.5, -5.5), FLOATS(2, 2));
    CHECK(float_at(d, 0) == 2 && float_at(d, 1) == -2);
    const double x = 1.1, third = 3.3;
    const cf_vec p = CALL("pow_float", 3, FLOATS(1.1, 2, 3.3), FLOATS(2, 0.5, 2)),
                 q = CALL("pow_float", 2, FLOATS(1.1, 3.3), FLOAT(2));
    CHECK(float_at(p, 0) == x * x && float_at(p, 2) == third * third &&
          float_at(q, 0) == x * x && float_at(q, 1) == third * third);
    CHECK_NEAR(float_at(p, 1), 1.4142135623730951, 1e-15);
}

static void comparisons_with_nan_are_false_but_unequal(void) {
    static const char *const names[] = {"eq_float", "lt_float", "le_float",
                                        "gt_float", "ge_float", "ne_float"};
    for (size_t i = 0; i < 6; i++) {
        const cf_vec r = CALL(names[i], 3, FLOATS(NaN, 1, NaN), FLOATS(1, NaN, NaN));
        for (size_t k = 0; k < 3; k++)
            CHECK(bool_at(r, k) == (i == 5));
    }
    const cf_vec z = CALL("eq_float", 1, FLOATS(-0.0), FLOATS(0.0));
    CHECK(bool_at(z, 0) == 1);
}

static void texts_compare_by_code_point(void) {
    const cf_view a[] = {{"abc", 3}, {NULL, 0}, {"Z", 1}, {"\xc3\xa4", 2}, {"ab", 2}},
                  b[] = {{"abd", 3}, {"", 0}, {"a", 1}, {"z", 1}, {"abc", 3}};
    const cf_vec x = column(CF_TEXT, a, NULL, 5), y = column(CF_TEXT, b, NULL, 5);
    const cf_vec lt = CALL("lt_text", 5, x, y), eq = CALL("eq_text", 5, x, y),
                 ge = CALL("ge_text", 5, x, y);
    static const int less[] = {1, 0, 1, 0, 1}, equal[] = {0, 1, 0, 0, 0};
    for (size_t i = 0; i < 5; i++) {
        CHECK(bool_at(lt, i) == less[i]);
        CHECK(bool_at(eq, i) == equal[i]);
        CHECK(bool_at(ge, i) == !less[i]);
    }
    const cf_vec c = CALL("eq_text", 5, x, TEXT("abc"));
    CHECK(bool_at(c, 0) == 1 && bool_at(c, 4) == 0);
}

/* 0 false, 1 true, 2 null */
static int three(cf_vec v, size_t i) {
    return null_at(v, i) ? 2 : bool_at(v, i);
}

static void and_or_not_know_null(void) {
    static const uint8_t a[] = {0, 0, 0, 1, 1, 1, 0, 0, 0}, b[] = {0, 1, 0, 0, 1, 0, 0, 1, 0};
    static const uint8_t va[] = {1, 1, 1, 1, 1, 1, 0, 0, 0}, vb[] = {1, 1, 0, 1, 1, 0, 1, 1, 0};
    static const int and[] = {0, 0, 0, 0, 1, 2, 0, 2, 2}, or [] = {0, 1, 2, 1, 1, 1, 2, 1, 2};
    const cf_vec x = column(CF_BOOL, a, va, 9), y = column(CF_BOOL, b, vb, 9);
    const cf_vec both = CALL("and_bool", 9, x, y), one = CALL("or_bool", 9, x, y),
                 not = CALL("not_bool", 9, x);
    for (size_t i = 0; i < 9; i++) {
        CHECK(three(both, i) == and[i]);
        CHECK(three(one, i) == or [i]);
        CHECK(three(not, i) == (va[i] ? !a[i] : 2));
        const cf_vec cx = constant(CF_BOOL, a + i, va + i),
                     cy = constant(CF_BOOL, b + i, vb + i);
        const cf_vec l = CALL("and_bool", 9, x, cy), r = CALL("or_bool", 9, cx, y),
                     c = CALL("and_bool", 9, cx, cy);
        CHECK(three(l, i) == and[i] && three(r, i) == or [i] && three(c, 8) == and[i]);
        CHECK(!null_at(l, i) || bool_at(l, i) == 0);
    }
    const cf_vec plain = CALL("and_bool", 2, BOOLS(1, 1), BOOLS(0, 1));
    CHECK(plain.valid == NULL && bool_at(plain, 0) == 0 && bool_at(plain, 1) == 1);
}

static void if_takes_the_second_value_where_the_condition_is_null(void) {
    const cf_vec c = VALID(BOOLS(1, 0, 0, 1), 1, 1, 0, 1);
    const cf_vec r = CALL("if_float", 4, c, VALID(FLOATS(1, 2, 3, 0), 1, 1, 1, 0), FLOAT(9));
    CHECK(float_at(r, 0) == 1 && float_at(r, 1) == 9 && float_at(r, 2) == 9 && null_at(r, 3) &&
          float_at(r, 3) == 0);
    const cf_vec t = CALL("if_text", 2, BOOLS(1, 0), TEXT("yes"), TEXT("no"));
    CHECK_STR(text_at(t, 0), "yes");
    CHECK_STR(text_at(t, 1), "no");
    const cf_vec b = CALL("if_bool", 2, BOOLS(1, 0), BOOLS(1, 1), VALID(BOOLS(0, 0), 0, 0));
    CHECK(bool_at(b, 0) == 1 && !null_at(b, 0) && null_at(b, 1));
}

static void coalesce_takes_the_first_that_is_not_null(void) {
    cf_vec r =
        CALL("coalesce_int", 3, VALID(INTS(1, 0, 0), 1, 0, 0), VALID(INTS(7, 8, 0), 1, 1, 0));
    CHECK(int_at(r, 0) == 1 && int_at(r, 1) == 8 && null_at(r, 2));
    r = CALL("coalesce_int", 2, VALID(INTS(1, 0), 1, 0), INT(5));
    CHECK(int_at(r, 0) == 1 && int_at(r, 1) == 5 && r.valid == NULL);
    r = CALL("coalesce_int", 2, INTS(1, 2), VALID(INT(0), 0));
    CHECK(int_at(r, 1) == 2 && !null_at(r, 1));
    r = CALL("coalesce_int", 2, VALID(INT(0), 0), INTS(1, 2));
    CHECK(int_at(r, 1) == 2 && !null_at(r, 1));
}

static void is_null_is_never_null(void) {
    const cf_vec r = CALL("is_null", 2, VALID(FLOATS(1, 0), 1, 0));
    CHECK(bool_at(r, 0) == 0 && bool_at(r, 1) == 1 && r.valid == NULL);
    const cf_vec all = CALL("is_null", 2, FLOATS(1, NaN));
    CHECK(bool_at(all, 0) == 0 && bool_at(all, 1) == 0);
}

static void dates_and_durations_add_up(void) {
    const int64_t day = INT64_C(86400000000);
    const cf_vec d = OF_KIND(CF_DATE, INTS(100, 0)), u = OF_KIND(CF_DURATION, INT(10 * day));
    cf_vec r = CALL("add_date_duration", 2, d, u);
    CHECK(r.kind == CF_DATE && int_at(r, 0) == 110);
    r = CALL("sub_date_duration", 2, d, u);
    CHECK(int_at(r, 1) == -10);
    r = CALL("add_duration_date", 2, u, d);
    CHECK(int_at(r, 0) == 110);
    r = CALL("sub_date", 2, d, OF_KIND(CF_DATE, INT(99)));
    CHECK(r.kind == CF_DURATION && int_at(r, 0) == day && int_at(r, 1) == -99 * day);
    (void)CALL("add_date_duration", 2, d, OF_KIND(CF_DURATION, INT(1)));
    CHECK(call_status == CF_E_VALUE);
    r = CALL("sub_timestamp", 1, OF_KIND(CF_TIMESTAMP, INTS(5)),
             OF_KIND(CF_TIMESTAMP, INTS(7)));
    CHECK(r.kind == CF_DURATION && int_at(r, 0) == -2);
}

int main(void) {
    RUN(all_forms_of_operands_agree);
    RUN(integer_arithmetic_is_exact);
    RUN(integer_overflow_is_an_error_that_names_the_values);
    RUN(a_null_row_never_fails);
    RUN(null_in_null_out_and_zero_there);
    RUN(floats_are_ieee);
    RUN(comparisons_with_nan_are_false_but_unequal);
    RUN(texts_compare_by_code_point);
    RUN(and_or_not_know_null);
    RUN(if_takes_the_second_value_where_the_condition_is_null);
    RUN(coalesce_takes_the_first_that_is_not_null);
    RUN(is_null_is_never_null);
    RUN(dates_and_durations_add_up);
    return call_end();
}
