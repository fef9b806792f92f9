/* Conversions. */
#include "call.h"

#include <math.h>

static cf_vec cast(cf_kind from, cf_kind to, size_t n, cf_vec v) {
    const cf_func *f = cf_func_cast(from, to);
    CHECK(f != NULL);
    v.kind = from;
    return call_rows(f->name, n, &v, 1);
}

static void storage_kinds_are_widened(void) {
    const int8_t i8[] = {-128, 127};
    const uint8_t u8[] = {0, 255};
    const int16_t i16[] = {-32768, 32767};
    const uint32_t u32[] = {0, UINT32_MAX};
    const float f32[] = {0.1f, -Inf};
    const uint64_t u64[] = {5, UINT64_C(1) << 63};
    CHECK(int_at(cast(CF_INT8, CF_INT64, 2, column(CF_INT8, i8, NULL, 2)), 0) == -128);
    CHECK(int_at(cast(CF_UINT8, CF_INT64, 2, column(CF_UINT8, u8, NULL, 2)), 1) == 255);
    CHECK(int_at(cast(CF_INT16, CF_INT64, 2, column(CF_INT16, i16, NULL, 2)), 0) == -32768);
    CHECK(int_at(cast(CF_UINT32, CF_INT64, 2, column(CF_UINT32, u32, NULL, 2)), 1) ==
          UINT32_MAX);
    CHECK(float_at(cast(CF_UINT32, CF_FLOAT64, 2, column(CF_UINT32, u32, NULL, 2)), 1) ==
          4294967295.0);
    const cf_vec f = cast(CF_FLOAT32, CF_FLOAT64, 2, column(CF_FLOAT32, f32, NULL, 2));
    CHECK(float_at(f, 0) == (double)0.1f && isinf(float_at(f, 1)));
    CHECK(float_at(cast(CF_UINT64, CF_FLOAT64, 2, column(CF_UINT64, u64, NULL, 2)), 1) ==
          0x1p63);
    (void)cast(CF_UINT64, CF_INT64, 2, column(CF_UINT64, u64, NULL, 2));
    CHECK(call_status == CF_E_OVERFLOW);
    CHECK_STR(call_error.message,
              "9223372036854775808 does not fit into a signed integer of 64 bits");
}

static void decimals_are_scaled_with_one_rounding(void) {
    const cf_int128 big = (cf_int128)1000000000000000000 * 1000000000000000000;
    const cf_int128 x[] = {12345, -1, big, -big - 1};
    const int64_t scale[] = {2, 3, 36, 0};
    const cf_vec r = CALL("scale_decimal", 4, column(CF_DECIMAL, x, NULL, 4),
                          column(CF_INT64, scale, NULL, 4));
    CHECK(float_at(r, 0) == 123.45 && float_at(r, 1) == -0.001 && float_at(r, 2) == 1.0 &&
          float_at(r, 3) == -1e36);
}

static void floats_become_ints_half_away_from_zero(void) {
    const cf_vec r = cast(CF_FLOAT64, CF_INT64, 8,
                          FLOATS(0.5, 1.5, 2.5, -0.5, 0.49999999999999994, -2.4,
                                 4503599627370497.5, 9223372036854774784.0));
    static const int64_t want[] = {
        1, 2, 3, -1, 0, -2, 4503599627370498, INT64_C(9223372036854774784)};
    for (size_t i = 0; i < 8; i++)
        CHECK(int_at(r, i) == want[i]);
    const cf_vec low = cast(CF_FLOAT64, CF_INT64, 1, FLOATS(-0x1p63));
    CHECK(int_at(low, 0) == INT64_MIN);
}

static void check_unfit(double x, const char *message) {
    (void)cast(CF_FLOAT64, CF_INT64, 2, FLOATS(1, x));
    CHECK(call_status == CF_E_VALUE);
    CHECK_STR(call_error.message, message);
}

static void floats_that_are_no_int_are_an_error(void) {
    check_unfit(NaN, "nan cannot be turned into an int");
    check_unfit(-Inf, "-inf cannot be turned into an int");
    check_unfit(0x1p63, "9.223372036854776e18 cannot be turned into an int");
    check_unfit(1e300, "1e300 cannot be turned into an int");
}

static void texts_are_read(void) {
    const cf_view t[] = {{"12", 2},
                         {" -7 ", 4},
                         {"+3", 2},
                         {"-9223372036854775808", 20},
                         {"9223372036854775807", 19}};
    const cf_vec r = cast(CF_TEXT, CF_INT64, 5, column(CF_TEXT, t, NULL, 5));
    CHECK(int_at(r, 0) == 12 && int_at(r, 1) == -7 && int_at(r, 2) == 3 &&
          int_at(r, 3) == INT64_MIN && int_at(r, 4) == INT64_MAX);
    const cf_view f[] = {{"1.5", 3},       {"-1e3", 4}, {"inf", 3},
                         {"-Infinity", 9}, {"nan", 3},  {".5", 2}};
    const cf_vec x = cast(CF_TEXT, CF_FLOAT64, 6, column(CF_TEXT, f, NULL, 6));
    CHECK(float_at(x, 0) == 1.5 && float_at(x, 1) == -1000 && isinf(float_at(x, 2)) &&
          float_at(x, 3) < 0 && isnan(float_at(x, 4)) && float_at(x, 5) == 0.5);
    CHECK(bool_at(cast(CF_TEXT, CF_BOOL, 1, TEXT("True")), 0) == 1);
    CHECK(int_at(cast(CF_TEXT, CF_DATE, 1, TEXT("1970-01-11")), 0) == 10);
    CHECK(int_at(cast(CF_TEXT, CF_TIME, 1, TEXT("00:01:00.5")), 0) == 60500000);
    CHECK(int_at(cast(CF_TEXT, CF_TIMESTAMP, 1, TEXT("1970-01-02T00:00:01Z")), 0) ==
          INT64_C(86401000000));
    CHECK(int_at(cast(CF_TEXT, CF_TIMESTAMP, 1, TEXT("1970-01-01 01:00:00+01:00")), 0) == 0);
    CHECK(int_at(cast(CF_TEXT, CF_TIMESTAMP, 1, TEXT("1970-01-02")), 0) ==
          INT64_C(86400000000));
    CHECK(int_at(cast(CF_TEXT, CF_DURATION, 1, TEXT("90minutes")), 0) == INT64_C(5400000000));
    CHECK(int_at(cast(CF_TEXT, CF_DURATION, 1, TEXT("-1 day")), 0) == INT64_C(-86400000000));
}

static void check_unreadable(cf_kind to, cf_vec v, const char *message) {
    (void)cast(CF_TEXT, to, 1, v);
    CHECK(call_status == CF_E_VALUE);
    CHECK_STR(call_error.message, message);
}

static void unreadable_texts_are_errors_that_name_them(void) {
    check_unreadable(CF_INT64, TEXT("abc"), "the text \"abc\" is not an int");
    check_unreadable(CF_INT64, TEXT(""), "the text \"\" is not an int");
    check_unreadable(CF_INT64, TEXT("9223372036854775808"),
                     "the text \"9223372036854775808\" is not an int");
    check_unreadable(CF_INT64, TEXT("-"), "the text \"-\" is not an int");
    check_unreadable(CF_FLOAT64, TEXT("0x10"), "the text \"0x10\" is not a float");
    check_unreadable(CF_FLOAT64, TEXT("1.5x"), "the text \"1.5x\" is not a float");
    check_unreadable(CF_FLOAT64, TEXT("nan(1)"), "the text \"nan(1)\" is not a float");
    check_unreadable(CF_BOOL, TEXT("yes"), "the text \"yes\" is not true or false");
    check_unreadable(CF_DATE, TEXT("2023-02-29"), "the text \"2023-02-29\" is not a date");
    check_unreadable(CF_TIMESTAMP, TEXT("2023-02-01T25:00"),
                     "the text \"2023-02-01T25:00\" is not a timestamp");
    check_unreadable(CF_DURATION, TEXT("3 months"), "the text \"3 months\" is not a duration");
    check_unreadable(CF_DURATION, TEXT("99999999999999999999days"),
                     "the text \"99999999999999999999days\" is not a duration");
}

static void null_texts_are_not_read(void) {
    const cf_view t[] = {{NULL, 0}, {"4", 1}};
    const cf_vec r = cast(CF_TEXT, CF_INT64, 2, VALID(column(CF_TEXT, t, NULL, 2), 0, 1));
    CHECK(call_status == CF_OK && null_at(r, 0) && int_at(r, 0) == 0 && int_at(r, 1) == 4);
}

static void values_become_texts(void) {
    CHECK_STR(text_at(cast(CF_INT64, CF_TEXT, 1, INTS(-12)), 0), "-12");
    CHECK_STR(text_at(cast(CF_FLOAT64, CF_TEXT, 1, FLOATS(0.1)), 0), "0.1");
    CHECK_STR(text_at(cast(CF_FLOAT64, CF_TEXT, 1, FLOATS(12)), 0), "12.0");
    CHECK_STR(text_at(cast(CF_BOOL, CF_TEXT, 2, BOOLS(0, 1)), 1), "true");
    CHECK_STR(text_at(cast(CF_DATE, CF_TEXT, 1, INTS(19753)), 0), "2024-01-31");
    CHECK_STR(text_at(cast(CF_DATE, CF_TEXT, 1, INTS(-719529)), 0), "-0001-12-31");
    CHECK_STR(text_at(cast(CF_TIME, CF_TEXT, 1, INTS(INT64_C(60840000000))), 0), "16:54:00");
    CHECK_STR(text_at(cast(CF_TIMESTAMP, CF_TEXT, 1, INTS(-1)), 0),
              "1969-12-31T23:59:59.999999");
    CHECK_STR(text_at(cast(CF_TIMESTAMP, CF_TEXT, 1, INTS(INT64_C(1500000))), 0),
              "1970-01-01T00:00:01.500");
    CHECK_STR(text_at(cast(CF_DURATION, CF_TEXT, 1, INTS(INT64_C(5400000000))), 0),
              "90minutes");
    CHECK_STR(text_at(cast(CF_DURATION, CF_TEXT, 1, INTS(0)), 0), "0days");
    const cf_vec t = cast(CF_INT64, CF_TEXT, 2, VALID(INTS(0, 5), 0, 1));
    CHECK(null_at(t, 0));
    CHECK_STR(text_at(t, 0), "");
    CHECK_STR(text_at(t, 1), "5");
}

static void extreme_times_have_some_text(void) {
    (void)cast(CF_DATE, CF_TEXT, 2, INTS(INT64_MAX, INT64_MIN));
    CHECK(call_status == CF_OK);
    (void)cast(CF_TIMESTAMP, CF_TEXT, 2, INTS(INT64_MAX, INT64_MIN));
    CHECK(call_status == CF_OK);
    (void)cast(CF_DURATION, CF_TEXT, 2, INTS(INT64_MAX, INT64_MIN));
    CHECK(call_status == CF_OK);
    (void)cast(CF_TIME, CF_TEXT, 2, INTS(INT64_MAX, INT64_MIN));
    CHECK(call_status == CF_OK);
    (void)cast(CF_DATE, CF_TIMESTAMP, 1, INTS(INT64_MAX));
    CHECK(call_status == CF_E_OVERFLOW);
}

static void dates_and_timestamps_meet_at_midnight(void) {
    CHECK(int_at(cast(CF_DATE, CF_TIMESTAMP, 1, INTS(-1)), 0) == INT64_C(-86400000000));
    CHECK(int_at(cast(CF_TIMESTAMP, CF_DATE, 2, INTS(-1, 1)), 0) == -1);
    CHECK(int_at(cast(CF_TIMESTAMP, CF_TIME, 1, INTS(-1)), 0) == INT64_C(86399999999));
    CHECK(int_at(cast(CF_BOOL, CF_INT64, 2, BOOLS(0, 1)), 1) == 1);
    CHECK(bool_at(cast(CF_INT64, CF_BOOL, 2, INTS(-3, 0)), 0) == 1);
}

static void a_null_literal_becomes_a_null_of_any_kind(void) {
    for (cf_kind k = CF_BOOL; k <= CF_DURATION; k++) {
        const cf_vec r = cast(CF_NULL, k, 3, VALID(constant(CF_NULL, "", NULL), 0));
        CHECK(r.kind == k && null_at(r, 0) && null_at(r, 2));
    }
}

int main(void) {
    RUN(storage_kinds_are_widened);
    RUN(decimals_are_scaled_with_one_rounding);
    RUN(floats_become_ints_half_away_from_zero);
    RUN(floats_that_are_no_int_are_an_error);
    RUN(texts_are_read);
    RUN(unreadable_texts_are_errors_that_name_them);
    RUN(null_texts_are_not_read);
    RUN(values_become_texts);
    RUN(extreme_times_have_some_text);
    RUN(dates_and_timestamps_meet_at_midnight);
    RUN(a_null_literal_becomes_a_null_of_any_kind);
    return call_end();
}
