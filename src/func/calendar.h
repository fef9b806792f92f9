#ifndef CF_FUNC_CALENDAR_H
#define CF_FUNC_CALENDAR_H

/* Dates and times as text and back, in the forms that users see and write. */

#include "base/base.h"

#define CF_SECOND INT64_C(1000000) /* microseconds */
#define CF_DAY    (86400 * CF_SECOND)

/* Days below any time of the day; the rest is 0 .. CF_DAY - 1. */
int64_t cf_day_of(int64_t timestamp, int64_t *rest);

/* ISO 8601: 2024-12-31, 13:05:00 (.250 or .250001 where there is a fraction),
 * 2024-12-31T13:05:00. Durations as the language writes them, in the largest unit that is
 * exact: 90minutes. */
#define CF_CALENDAR_ROOM 64
size_t cf_print_date(char out[CF_CALENDAR_ROOM], int64_t days);
size_t cf_print_time(char out[CF_CALENDAR_ROOM], int64_t microseconds);
size_t cf_print_timestamp(char out[CF_CALENDAR_ROOM], int64_t microseconds);
size_t cf_print_duration(char out[CF_CALENDAR_ROOM], int64_t microseconds);

/* The whole text or false.  Timestamps: a date alone, or with a time after `T` or a blank;
 * seconds and fraction optional; zone Z or +hh:mm. */
bool cf_parse_date(cf_str s, int64_t *days);
bool cf_parse_time(cf_str s, int64_t *microseconds);
bool cf_parse_timestamp(cf_str s, int64_t *microseconds);
bool cf_parse_duration(cf_str s, int64_t *microseconds); /* 90minutes, -3 days */

/* Microseconds of `week`, `days`, ...; 0 for month, year and what is no unit. */
int64_t cf_unit_size(cf_str word);

#endif
