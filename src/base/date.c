#include "base/base.h"

/* Calendar dates.  A year that starts in March has its leap day last, so the day of the year is
 * a linear function of the month; 400 years are always 146097 days. */

#define DAYS_OF_400_YEARS 146097
#define DAY_OF_1970       719468 /* days from 0000-03-01 to 1970-01-01 */

static int64_t floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

int64_t cf_days_from_civil(int64_t year, unsigned month, unsigned day) {
    const int64_t march_year = month > 2 ? year : year - 1;
    const int64_t cycle = floor_divide(march_year, 400);
    const int64_t year_of_cycle = march_year - cycle * 400;
    const int64_t march_month = ((int64_t)month + 9) % 12;
    const int64_t day_of_year = (153 * march_month + 2) / 5 + (int64_t)day - 1;
    const int64_t leap_days = year_of_cycle / 4 - year_of_cycle / 100;
    return cycle * DAYS_OF_400_YEARS + year_of_cycle * 365 + leap_days + day_of_year -
           DAY_OF_1970;
}

void cf_civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day) {
    /* In steps, so that no day of int64 overflows: first to a whole cycle, then to March of
     * year 0. */
    const int64_t whole = floor_divide(days, DAYS_OF_400_YEARS);
    const int64_t rest = days % DAYS_OF_400_YEARS;
    const int64_t since_0 = rest + (rest < 0 ? DAYS_OF_400_YEARS : 0) + DAY_OF_1970;
    const int64_t cycle = whole + since_0 / DAYS_OF_400_YEARS;
    const int64_t d = since_0 % DAYS_OF_400_YEARS; /* day of the cycle */
    const int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
    const int64_t day_of_year = d - (365 * y + y / 4 - y / 100);
    const int64_t march_month = (5 * day_of_year + 2) / 153;
    *day = (unsigned)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *month = (unsigned)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = cycle * 400 + y + (*month <= 2);
}
