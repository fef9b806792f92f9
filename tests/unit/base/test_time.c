#include "base/base.h"
#include "test.h"

static void known_days_have_their_numbers(void) {
    CHECK(cf_days_from_civil(1970, 1, 1) == 0);
    CHECK(cf_days_from_civil(2000, 2, 29) == 11016);
    CHECK(cf_days_from_civil(2012, 7, 4) == 15525);
    CHECK(cf_days_from_civil(1969, 12, 31) == -1);
    CHECK(cf_days_from_civil(0, 3, 1) == -719468);
}

static unsigned days_of_month(int64_t year, unsigned month) {
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static void every_day_of_2400_years_follows_the_one_before(void) {
    int64_t year = -1200, day_number = cf_days_from_civil(-1200, 1, 1);
    unsigned month = 1, day = 1;
    while (year < 1200 + 1200) {
        int64_t y;
        unsigned m, d;
        cf_civil_from_days(day_number, &y, &m, &d);
        CHECK(y == year && m == month && d == day);
        CHECK(cf_days_from_civil(year, month, day) == day_number);
        day_number++;
        if (++day > days_of_month(year, month)) {
            day = 1;
            month = month % 12 + 1;
            year += month == 1;
        }
    }
}

static void days_at_the_ends_of_the_range_do_not_overflow(void) {
    static const int64_t days[] = {INT64_MIN, INT64_MAX, -719468,
                                   -719469,   106751991, -106751992};
    for (size_t i = 0; i < CF_COUNT(days); i++) {
        int64_t y;
        unsigned m, d;
        cf_civil_from_days(days[i], &y, &m, &d);
        CHECK(m >= 1 && m <= 12 && d >= 1 && d <= 31);
        if (days[i] > INT64_MIN / 2 && days[i] < INT64_MAX / 2)
            CHECK(cf_days_from_civil(y, m, d) == days[i]);
    }
}

static void clocks_do_not_run_backwards(void) {
    const int64_t wall = cf_clock_ns(), cpu = cf_clock_cpu_ns();
    CHECK(wall > 0 && cpu >= 0);
    CHECK(cf_clock_ns() >= wall && cf_clock_cpu_ns() >= cpu);
}

int main(void) {
    RUN(known_days_have_their_numbers);
    RUN(every_day_of_2400_years_follows_the_one_before);
    RUN(days_at_the_ends_of_the_range_do_not_overflow);
    RUN(clocks_do_not_run_backwards);
    return cf_test_failures != 0;
}
