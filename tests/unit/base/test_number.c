#include "base/base.h"
#include "test.h"

#include <float.h>
#include <stdlib.h>

static const char *f64(double x) {
    static char text[32];
    const size_t size = cf_format_f64(text, x);
    CHECK(size == strlen(text));
    return text;
}

static const char *f32(float x) {
    static char text[32];
    const size_t size = cf_format_f32(text, x);
    CHECK(size == strlen(text));
    return text;
}

static const char *i64(int64_t x) {
    static char text[32];
    CHECK(cf_format_i64(text, x) == strlen(text));
    return text;
}

static void a_float_always_looks_like_one(void) {
    CHECK_STR(f64(0), "0.0");
    CHECK_STR(f64(-0.0), "-0.0");
    CHECK_STR(f64(1), "1.0");
    CHECK_STR(f64(-17), "-17.0");
    CHECK_STR(f64(1e15), "1000000000000000.0");
    CHECK_STR(f64(123456.789), "123456.789");
    CHECK_STR(f64(1e16), "1e16");
    CHECK_STR(f64(1e22), "1e22");
    CHECK_STR(f64(1.5e300), "1.5e300");
    CHECK_STR(f64(0.0001), "0.0001");
    CHECK_STR(f64(0.00001), "1e-5");
    CHECK_STR(f64(-1.25e-7), "-1.25e-7");
}

static void numbers_that_are_not_finite_have_words(void) {
    CHECK_STR(f64((double)NAN), "nan");
    CHECK_STR(f64(-(double)NAN), "nan");
    CHECK_STR(f64((double)INFINITY), "inf");
    CHECK_STR(f64(-(double)INFINITY), "-inf");
    CHECK_STR(f32(NAN), "nan");
    CHECK_STR(f32(-INFINITY), "-inf");
}

static void known_hard_doubles_print_shortest(void) {
    CHECK_STR(f64(0.1), "0.1");
    CHECK_STR(f64(0.1 + 0.2), "0.30000000000000004");
    CHECK_STR(f64(2.0 / 3), "0.6666666666666666");
    CHECK_STR(f64(5e-324), "5e-324");
    CHECK_STR(f64(DBL_MIN), "2.2250738585072014e-308");
    CHECK_STR(f64(DBL_MAX), "1.7976931348623157e308");
    CHECK_STR(f64(0x1p-44), "5.684341886080802e-14"); /* the gap below is half the one above */
    CHECK_STR(f64(9007199254740991), "9007199254740991.0");
    CHECK_STR(f64(9007199254740992), "9007199254740992.0");
    CHECK_STR(f64(2e23), "2e23");
    CHECK_STR(f64(9.5367431640625e-7), "9.5367431640625e-7");
}

static void floats_print_as_short_as_float32_allows(void) {
    CHECK_STR(f32(0.1f), "0.1");
    CHECK_STR(f32(16777216), "16777216.0");
    CHECK_STR(f32(3.4028235e38f), "3.4028235e38");
    CHECK_STR(f32(1e-45f), "1e-45");
    CHECK_STR(f32(91.1876f), "91.1876");
}

/* Fewest digits of %.15g, %.16g and %.17g that read back equal. */
static int digits_needed(double x) {
    char text[64];
    for (int digits = 1; digits < 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x) return digits;
    }
    return 17;
}

static int digits_in(const char *text) {
    int count = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && count == 0)) continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

static void random_doubles_read_back_equal_and_none_is_longer_than_needed(void) {
    for (uint64_t i = 0; i < 200000; i++) {
        const uint64_t bits = cf_hash_u64(i, 1);
        double x;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) continue;
        const char *text = f64(x);
        CHECK(strtod(text, NULL) == x);
        if (i < 20000) CHECK(digits_in(text) <= digits_needed(x));
    }
}

static void decimals_of_few_digits_print_as_they_were_written(void) {
    for (uint64_t i = 0; i < 100000; i++) {
        char written[32];
        const unsigned long long whole = cf_hash_u64(i, 2) % 100000;
        (void)snprintf(written, sizeof written, "%llu.%03llu", whole,
                       (unsigned long long)(cf_hash_u64(i, 3) % 999 + 1));
        const size_t size = strlen(written);
        if (written[size - 1] == '0') continue;
        CHECK_STR(f64(strtod(written, NULL)), written);
    }
}

static void every_power_of_two_and_its_neighbours_read_back_equal(void) {
    for (int e = -1074; e < 1024; e++) {
        const double x = ldexp(1, e);
        const double all[] = {x, nextafter(x, 0), nextafter(x, (double)INFINITY)};
        for (size_t i = 0; i < CF_COUNT(all); i++)
            if (isfinite(all[i])) CHECK(strtod(f64(all[i]), NULL) == all[i]);
    }
}

static void random_float32_values_read_back_equal(void) {
    for (uint64_t i = 0; i < 200000; i++) {
        const uint32_t bits = (uint32_t)cf_hash_u64(i, 4);
        float x;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) continue;
        CHECK(strtof(f32(x), NULL) == x);
    }
}

static void integers_print_to_their_ends(void) {
    CHECK_STR(i64(0), "0");
    CHECK_STR(i64(-1), "-1");
    CHECK_STR(i64(INT64_MAX), "9223372036854775807");
    CHECK_STR(i64(INT64_MIN), "-9223372036854775808");
}

int main(void) {
    RUN(a_float_always_looks_like_one);
    RUN(numbers_that_are_not_finite_have_words);
    RUN(known_hard_doubles_print_shortest);
    RUN(floats_print_as_short_as_float32_allows);
    RUN(random_doubles_read_back_equal_and_none_is_longer_than_needed);
    RUN(decimals_of_few_digits_print_as_they_were_written);
    RUN(every_power_of_two_and_its_neighbours_read_back_equal);
    RUN(random_float32_values_read_back_equal);
    RUN(integers_print_to_their_ends);
    return cf_test_failures != 0;
}
