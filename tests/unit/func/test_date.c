/* Functions of dates and times. */
#include "call.h"

#include <stdio.h>
#include <time.h>

#define SECOND INT64_C(1000000)
#define DAY    (86400 * SECOND)

static cf_vec text(const char *s) {
    cf_view *v = CF_NEW(call_arena, cf_view);
    *v = (cf_view){s, strlen(s)};
    return constant(CF_TEXT, v, NULL);
}

static int64_t moment(const char *s) {
    return int_at(CALL("cast_text_timestamp", 1, text(s)), 0);
}

static cf_vec times(int64_t x) {
    int64_t *v = CF_NEW(call_arena, int64_t);
    *v = x;
    return constant(CF_TIMESTAMP, v, NULL);
}

static cf_vec dates(const char *s) {
    cf_vec v = times(int_at(CALL("cast_text_date", 1, text(s)), 0));
    v.kind = CF_DATE;
    return v;
}

static const char *to_text(const char *form, const char *s) {
    return text_at(CALL("date_to_text_timestamp", 1, text(form), times(moment(s))), 0);
}

static void timestamps_are_written_in_any_form(void) {
    CHECK_STR(to_text("%d.%m.%Y %H:%M:%S.%f", "2024-01-31T16:54:09.25"),
              "31.01.2024 16:54:09.250000");
    CHECK_STR(to_text("%A %a %B %b %j %y %e %u %w", "2024-03-03"),
              "Sunday Sun March Mar 063 24  3 7 0");
    CHECK_STR(to_text("%I %p %F %T %%", "1999-12-31T00:05:06"), "12 AM 1999-12-31 00:05:06 %");
    CHECK_STR(to_text("", "1999-12-31"), "");
    CHECK_STR(text_at(CALL("date_to_text_date", 1, text("%d.%m.%Y"), dates("2024-01-31")), 0),
              "31.01.2024");
    (void)to_text("%Q", "1999-12-31");
    CHECK(call_status == CF_E_VALUE);
    (void)to_text("%", "1999-12-31");
    CHECK(call_status == CF_E_VALUE);
}

static void forms_agree_with_the_c_library(void) {
    static const char form[] = "%Y-%m-%d %H:%M:%S %j %B %b %A %a %I %p %e %u %w";
    for (uint64_t i = 0; i < 2000; i++) {
        const time_t seconds = (time_t)(cf_hash_u64(i, 5) % 8000000000ULL) - 2000000000;
        struct tm parts;
        char want[160];
        (void)gmtime_r(&seconds, &parts);
        (void)strftime(want, sizeof want, form, &parts);
        CHECK_STR(text_at(CALL("date_to_text_timestamp", 1, text(form),
                               times((int64_t)seconds * SECOND)),
                          0),
                  want);
        const cf_vec back = CALL("date_parse", 1, text("%Y-%m-%d %H:%M:%S"),
                                 text(cf_arena_printf(call_arena, "%.19s", want)));
        CHECK(int_at(back, 0) == (int64_t)seconds * SECOND);
        cf_arena_reset(call_arena);
    }
}

static int64_t parsed(const char *form, const char *s) {
    return int_at(CALL("date_parse", 1, text(form), text(s)), 0);
}

static void texts_are_read_in_any_form(void) {
    CHECK(parsed("%d.%m.%Y", "31.01.2024") == moment("2024-01-31"));
    CHECK(parsed("%d %b %y, %I:%M %p", "3 Mar 99, 12:30 PM") == moment("1999-03-03T12:30"));
    CHECK(parsed("%B %d %Y", "march 03 2024") == moment("2024-03-03"));
    CHECK(parsed("%H:%M:%S.%f", "01:02:03.5") == 3723 * SECOND + SECOND / 2);
    CHECK(parsed("%Y %j", "2024 366") == moment("2024-12-31"));
    static const char *const wrong[][2] = {{"%d.%m.%Y", "31.02.2024"},
                                           {"%d.%m.%Y", "1.2.2024 "},
                                           {"%H", "24"},
                                           {"%Y", ""},
                                           {"%m", "13"},
                                           {"%I", "13"}};
    for (size_t i = 0; i < CF_COUNT(wrong); i++) {
        (void)parsed(wrong[i][0], wrong[i][1]);
        CHECK(call_status == CF_E_VALUE);
    }
    (void)parsed("%d.%m.%Y", "x");
    CHECK_STR(call_error.message, "the text \"x\" does not have the form \"%d.%m.%Y\"");
    (void)parsed("%Q", "x");
    CHECK(call_status == CF_E_VALUE);
}

static int64_t diff(const char *unit, const char *a, const char *b) {
    return int_at(
        CALL("date_diff_timestamp", 1, text(unit), times(moment(a)), times(moment(b))), 0);
}

static void differences_count_beginnings_of_the_unit(void) {
    CHECK(
        int_at(CALL("date_diff_date", 1, text("day"), dates("2024-01-01"), dates("2024-01-31")),
               0) == 30);
    CHECK(diff("day", "2024-01-01T23:59", "2024-01-02T00:01") == 1);
    CHECK(diff("hours", "2024-01-01T23:59", "2024-01-02T00:01") == 1);
    CHECK(diff("minute", "2024-01-02T00:01", "2024-01-01T23:59") == -2);
    CHECK(diff("month", "2023-12-31", "2024-01-01") == 1);
    CHECK(diff("quarter", "2024-03-31", "2024-04-01") == 1);
    CHECK(diff("year", "1969-12-31", "2024-04-01") == 55);
    CHECK(diff("week", "2024-03-03", "2024-03-04") == 1);
    CHECK(diff("week", "2024-03-04", "2024-03-10") == 0);
    CHECK(diff("millisecond", "1969-12-31T23:59:59.9999", "1970-01-01") == 1);
    (void)diff("fortnight", "2024-03-04", "2024-03-10");
    CHECK(call_status == CF_E_VALUE);
    CHECK_STR(call_error.message, "`fortnight` is no unit of time");
}

static const char *trunc_to(const char *unit, const char *s) {
    const cf_vec v = CALL("date_trunc_timestamp", 1, text(unit), times(moment(s)));
    return text_at(CALL("cast_timestamp_text", 1, times(int_at(v, 0))), 0);
}

static void moments_are_cut_to_the_unit(void) {
    CHECK_STR(trunc_to("hour", "2024-05-17T16:54:09.5"), "2024-05-17T16:00:00");
    CHECK_STR(trunc_to("second", "1969-05-17T16:54:09.5"), "1969-05-17T16:54:09");
    CHECK_STR(trunc_to("day", "1969-05-17T16:54:09.5"), "1969-05-17T00:00:00");
    CHECK_STR(trunc_to("week", "2024-03-03T01:00"), "2024-02-26T00:00:00");
    CHECK_STR(trunc_to("month", "2024-05-17T16:54"), "2024-05-01T00:00:00");
    CHECK_STR(trunc_to("quarter", "2024-06-17T16:54"), "2024-04-01T00:00:00");
    CHECK_STR(trunc_to("years", "2024-06-17T16:54"), "2024-01-01T00:00:00");
    const cf_vec d = CALL("date_trunc_date", 1, text("month"), dates("2024-05-17"));
    CHECK(d.kind == CF_DATE);
    CHECK(int_at(d, 0) == cf_days_from_civil(2024, 5, 1));
}

static void fields_are_taken(void) {
    const cf_vec t = times(moment("1969-12-31T16:54:10.9"));
    CHECK(int_at(CALL("date_year_timestamp", 1, t), 0) == 1969);
    CHECK(int_at(CALL("date_month_timestamp", 1, t), 0) == 12);
    CHECK(int_at(CALL("date_day_timestamp", 1, t), 0) == 31);
    CHECK(int_at(CALL("date_hour_timestamp", 1, t), 0) == 16);
    CHECK(int_at(CALL("date_minute_timestamp", 1, t), 0) == 54);
    CHECK(int_at(CALL("date_second_timestamp", 1, t), 0) == 10);
    CHECK(int_at(CALL("date_year_date", 1, dates("2024-02-29")), 0) == 2024);
    const cf_vec null = CALL("date_year_date", 1, VALID(dates("1970-01-01"), 0));
    CHECK(null_at(null, 0) && int_at(null, 0) == 0);
}

static void months_are_added_by_calendar(void) {
    const cf_vec r = CALL("add_months_date", 1, INT(1), dates("2024-01-31"));
    CHECK(int_at(r, 0) == cf_days_from_civil(2024, 2, 29));
    CHECK(int_at(CALL("add_months_date", 1, INT(-14), dates("2024-01-31")), 0) ==
          cf_days_from_civil(2022, 11, 30));
    CHECK(int_at(CALL("add_months_timestamp", 1, INT(12), times(moment("2023-02-28T10:00"))),
                 0) == moment("2024-02-28T10:00"));
    (void)CALL("add_months_date", 1, INT(INT64_MAX), dates("2024-01-31"));
    CHECK(call_status == CF_E_OVERFLOW);
}

static void extreme_moments_are_no_danger(void) {
    for (int sign = 0; sign < 2; sign++) {
        const cf_vec t = times(sign ? INT64_MIN : INT64_MAX);
        cf_vec d = t;
        d.kind = CF_DATE;
        static const char *const units[] = {"microsecond", "hour",    "day", "week",
                                            "month",       "quarter", "year"};
        for (size_t i = 0; i < CF_COUNT(units); i++) {
            (void)CALL("date_trunc_timestamp", 1, text(units[i]), t);
            (void)CALL("date_trunc_date", 1, text(units[i]), d);
            (void)CALL("date_diff_timestamp", 1, text(units[i]), t, times(0));
            (void)CALL("date_diff_date", 1, text(units[i]), d, OF_KIND(CF_DATE, times(0)));
        }
        (void)CALL("date_to_text_date", 1, text("%F %T %j %A"), d);
        (void)CALL("add_months_date", 1, INT(1), d);
        (void)CALL("add_months_timestamp", 1, INT(1), t);
    }
    const int64_t now = int_at(call_rows("date_now", 1, NULL, 0), 0);
    CHECK(now > moment("2020-01-01"));
}

int main(void) {
    call_arena = cf_arena_new(1 << 16);
    RUN(timestamps_are_written_in_any_form);
    RUN(forms_agree_with_the_c_library);
    RUN(texts_are_read_in_any_form);
    RUN(differences_count_beginnings_of_the_unit);
    RUN(moments_are_cut_to_the_unit);
    RUN(fields_are_taken);
    RUN(months_are_added_by_calendar);
    RUN(extreme_moments_are_no_danger);
    return call_end();
}
