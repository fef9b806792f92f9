#include "func/calendar.h"

#include <stdio.h>
#include <string.h>

int64_t cf_day_of(int64_t timestamp, int64_t *rest) {
    const int64_t day = timestamp / CF_DAY - (timestamp % CF_DAY < 0);
    *rest = (int64_t)((uint64_t)timestamp - (uint64_t)day * (uint64_t)CF_DAY);
    return day;
}

/* ---- as text ---- */

static size_t printed(int count) {
    return count < 0                          ? 0
           : (size_t)count < CF_CALENDAR_ROOM ? (size_t)count
                                              : CF_CALENDAR_ROOM - 1;
}

size_t cf_print_date(char out[CF_CALENDAR_ROOM], int64_t days) {
    int64_t year;
    unsigned month, day;
    /* Beyond the years that a 64-bit number of microseconds reaches there is no calendar. */
    if (days < -(INT64_C(1) << 40) || days > INT64_C(1) << 40)
        return printed(snprintf(out, CF_CALENDAR_ROOM, "day %lld", (long long)days));
    cf_civil_from_days(days, &year, &month, &day);
    return printed(snprintf(out, CF_CALENDAR_ROOM,
                            year < 0 ? "%05lld-%02u-%02u" : "%04lld-%02u-%02u", (long long)year,
                            month, day));
}

size_t cf_print_time(char out[CF_CALENDAR_ROOM], int64_t microseconds) {
    const long long seconds = microseconds / CF_SECOND, fraction = microseconds % CF_SECOND;
    size_t size = printed(snprintf(out, CF_CALENDAR_ROOM, "%02lld:%02lld:%02lld",
                                   seconds / 3600, seconds / 60 % 60, seconds % 60));
    if (fraction == 0) return size;
    const bool milli = fraction % 1000 == 0;
    size += printed(snprintf(out + size, CF_CALENDAR_ROOM - size, milli ? ".%03lld" : ".%06lld",
                             milli ? fraction / 1000 : fraction));
    return size;
}

size_t cf_print_timestamp(char out[CF_CALENDAR_ROOM], int64_t microseconds) {
    int64_t rest;
    size_t size = cf_print_date(out, cf_day_of(microseconds, &rest));
    out[size++] = 'T';
    char clock[CF_CALENDAR_ROOM];
    const size_t more = cf_print_time(clock, rest);
    if (size + more >= CF_CALENDAR_ROOM) return size;
    memcpy(out + size, clock, more + 1);
    return size + more;
}

static const struct {
    const char *word; /* of one; `s` makes several */
    int64_t size;
} units[] = {{"week", 7 * CF_DAY},       {"day", CF_DAY},       {"hour", 3600 * CF_SECOND},
             {"minute", 60 * CF_SECOND}, {"second", CF_SECOND}, {"millisecond", 1000},
             {"microsecond", 1}};

size_t cf_print_duration(char out[CF_CALENDAR_ROOM], int64_t microseconds) {
    size_t i = 1; /* days, not weeks */
    while (microseconds % units[i].size != 0)
        i++;
    return printed(snprintf(out, CF_CALENDAR_ROOM, "%lld%ss",
                            (long long)(microseconds / units[i].size), units[i].word));
}

/* ---- from text ---- */

typedef struct {
    const char *at, *end;
} reader;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool take_char(reader *r, char c) {
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool take_number(reader *r, int digits, unsigned *x) {
    *x = 0;
    for (int i = 0; i < digits; i++, r->at++) {
        if (r->at == r->end || !is_digit(*r->at)) return false;
        *x = *x * 10 + (unsigned)(*r->at - '0');
    }
    return true;
}

static bool take_date(reader *r, int64_t *days) {
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year, month, day;
    if (!take_number(r, 4, &year) || !take_char(r, '-') || !take_number(r, 2, &month))
        return false;
    if (!take_char(r, '-') || !take_number(r, 2, &day) || month < 1 || month > 12) return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > lengths[month - 1] + (month == 2 && leap)) return false;
    *days = cf_days_from_civil(year, month, day);
    return true;
}

/* Below a microsecond is cut off. */
static bool take_fraction(reader *r, int64_t *microseconds) {
    int64_t unit = CF_SECOND;
    const char *begin = r->at;
    for (; r->at < r->end && is_digit(*r->at); r->at++) {
        unit /= 10;
        *microseconds += (*r->at - '0') * unit;
    }
    return r->at > begin;
}

static bool take_time(reader *r, int64_t *microseconds) {
    unsigned hour, minute, second = 0;
    if (!take_number(r, 2, &hour) || !take_char(r, ':') || !take_number(r, 2, &minute))
        return false;
    const bool seconds = take_char(r, ':');
    if (seconds && !take_number(r, 2, &second)) return false;
    if (hour > 23 || minute > 59 || second > 59) return false;
    *microseconds = ((int64_t)(hour * 60 + minute) * 60 + second) * CF_SECOND;
    return !seconds || !take_char(r, '.') || take_fraction(r, microseconds);
}

static bool take_zone(reader *r, int64_t *microseconds) {
    if (r->at == r->end || take_char(r, 'Z')) return true;
    const bool west = take_char(r, '-');
    unsigned hours, minutes = 0;
    if ((!west && !take_char(r, '+')) || !take_number(r, 2, &hours)) return false;
    const bool colon = take_char(r, ':');
    if ((colon || r->at < r->end) && !take_number(r, 2, &minutes)) return false;
    if (hours > 23 || minutes > 59) return false;
    const int64_t offset = (int64_t)(hours * 60 + minutes) * 60 * CF_SECOND;
    *microseconds += west ? offset : -offset;
    return true;
}

static reader reader_of(cf_str s) {
    return (reader){s.data, s.data == NULL ? NULL : s.data + s.size};
}

bool cf_parse_date(cf_str s, int64_t *days) {
    reader r = reader_of(s);
    return take_date(&r, days) && r.at == r.end;
}

bool cf_parse_time(cf_str s, int64_t *microseconds) {
    reader r = reader_of(s);
    return take_time(&r, microseconds) && r.at == r.end;
}

bool cf_parse_timestamp(cf_str s, int64_t *microseconds) {
    reader r = reader_of(s);
    int64_t days, clock = 0;
    if (!take_date(&r, &days)) return false;
    if (r.at < r.end) {
        if (!take_char(&r, 'T') && !take_char(&r, ' ')) return false;
        if (!take_time(&r, &clock) || !take_zone(&r, &clock)) return false;
    }
    *microseconds = days * CF_DAY + clock;
    return r.at == r.end;
}

int64_t cf_unit_size(cf_str word) {
    if (word.size > 1 && word.data[word.size - 1] == 's') word.size--;
    for (size_t i = 0; i < CF_COUNT(units); i++)
        if (cf_str_is(word, units[i].word)) return units[i].size;
    return 0;
}

bool cf_parse_duration(cf_str s, int64_t *microseconds) {
    reader r = reader_of(s);
    const bool negative = take_char(&r, '-');
    int64_t count = 0;
    const char *begin = r.at;
    for (; r.at < r.end && is_digit(*r.at); r.at++)
        if (__builtin_mul_overflow(count, 10, &count) ||
            __builtin_add_overflow(count, *r.at - '0', &count))
            return false;
    if (r.at == begin) return false;
    (void)take_char(&r, ' ');
    const int64_t size = cf_unit_size((cf_str){r.at, (size_t)(r.end - r.at)});
    return size != 0 && !__builtin_mul_overflow(negative ? -count : count, size, microseconds);
}
