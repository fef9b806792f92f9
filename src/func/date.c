/* Functions of dates, times and timestamps.  All is UTC. */
#include "func/calendar.h"
#include "func/func_internal.h"

#include <stdio.h>
#include <time.h>

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};

/* A moment taken apart. */
typedef struct {
    int64_t day, clock; /* since 1970; microseconds */
    int64_t year;
    unsigned month, of_month;
} moment;

#define DAY_MAX \
    INT64_C(106751000) /* years to 294,000: as many days as microseconds can count */

static moment moment_of(cf_kind kind, int64_t x) {
    moment m = {.day = x};
    if (kind == CF_TIMESTAMP) m.day = cf_day_of(x, &m.clock);
    if (kind == CF_TIME) {
        m.day = 0;
        m.clock = x;
    }
    if (m.day > DAY_MAX) m.day = DAY_MAX;
    if (m.day < -DAY_MAX) m.day = -DAY_MAX;
    cf_civil_from_days(m.day, &m.year, &m.month, &m.of_month);
    return m;
}

static int64_t floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static unsigned weekday(const moment *m) { /* Sunday 0 */
    return (unsigned)(m->day + 4 - floor_divide(m->day + 4, 7) * 7);
}

static int64_t day_of_year(const moment *m) {
    return m->day - cf_days_from_civil(m->year, 1, 1) + 1;
}

/* ---- units ---- */

typedef enum {
    MICROSECOND,
    MILLISECOND,
    SECOND,
    MINUTE,
    HOUR,
    DAY,
    WEEK,
    MONTH,
    QUARTER,
    YEAR,
    NO_UNIT
} unit;

static const char *const unit_names[] = {"microsecond", "millisecond", "second", "minute",
                                         "hour",        "day",         "week",   "month",
                                         "quarter",     "year"};

static unit unit_of(cf_view v) {
    cf_str s = {v.data, (size_t)v.size};
    if (s.size > 1 && s.data[s.size - 1] == 's') s.size--;
    for (int i = 0; i < NO_UNIT; i++)
        if (cf_str_is(s, unit_names[i])) return (unit)i;
    return NO_UNIT;
}

static cf_status no_unit(cf_call *call, cf_view v) {
    (void)cf_fail(call->err, CF_E_VALUE, call->span, "`%.*s` is no unit of time",
                  v.size > 40 ? 40 : (int)v.size, v.size == 0 ? "" : v.data);
    cf_error_hint(
        call->err,
        "units: microsecond millisecond second minute hour day week month quarter year");
    return CF_E_VALUE;
}

/* Units since a fixed beginning: two moments in one unit have one number.  Weeks begin on
 * Monday. */
static int64_t unit_index(unit u, cf_kind kind, int64_t x) {
    static const int64_t sizes[] = {1, 1000, CF_SECOND, 60 * CF_SECOND, 3600 * CF_SECOND};
    const moment m = moment_of(kind, x);
    switch (u) {
    case DAY: return m.day;
    case WEEK: return floor_divide(m.day + 3, 7);
    case MONTH: return m.year * 12 + m.month - 1;
    case QUARTER: return m.year * 4 + (m.month - 1) / 3;
    case YEAR: return m.year;
    default: break;
    }
    const int64_t size = sizes[u];
    if (kind == CF_DATE) return m.day * (CF_DAY / size);
    return floor_divide(x, size);
}

static cf_status diff(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const cf_kind kind = call->args[1].kind;
    for (size_t i = 0; i < call->n; i++) {
        out[i] = 0;
        if (!cf_row_valid(call, i)) continue;
        const cf_view word = ARG(call, 0, cf_view)[i * STEP(call, 0)];
        const unit u = unit_of(word);
        if (u == NO_UNIT) return no_unit(call, word);
        const int64_t a = unit_index(u, kind, ARG(call, 1, int64_t)[i * STEP(call, 1)]);
        const int64_t b = unit_index(u, kind, ARG(call, 2, int64_t)[i * STEP(call, 2)]);
        if (__builtin_sub_overflow(b, a, &out[i]))
            return cf_fail(call->err, CF_E_OVERFLOW, call->span,
                           "these times lie too far apart");
    }
    return CF_OK;
}

static int64_t day_truncated(unit u, const moment *m) {
    switch (u) {
    case WEEK: return floor_divide(m->day + 3, 7) * 7 - 3;
    case MONTH: return cf_days_from_civil(m->year, m->month, 1);
    case QUARTER: return cf_days_from_civil(m->year, (m->month - 1) / 3 * 3 + 1, 1);
    case YEAR: return cf_days_from_civil(m->year, 1, 1);
    default: return m->day;
    }
}

static int64_t truncated(unit u, cf_kind kind, int64_t x) {
    static const int64_t sizes[] = {1, 1000, CF_SECOND, 60 * CF_SECOND, 3600 * CF_SECOND};
    const moment m = moment_of(kind, x);
    if (kind == CF_DATE) return day_truncated(u, &m);
    if (u >= DAY) return day_truncated(u, &m) * CF_DAY;
    int64_t out;
    return __builtin_sub_overflow(x, m.clock % sizes[u], &out) ? INT64_MIN : out;
}

static cf_status trunc_unit(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        out[i] = 0;
        if (!cf_row_valid(call, i)) continue;
        const cf_view word = ARG(call, 0, cf_view)[i * STEP(call, 0)];
        const unit u = unit_of(word);
        if (u == NO_UNIT) return no_unit(call, word);
        out[i] = truncated(u, call->args[1].kind, ARG(call, 1, int64_t)[i * STEP(call, 1)]);
    }
    return CF_OK;
}

/* ---- parts ---- */

typedef int64_t field_fn(const moment *m);

static cf_status field(cf_call *call, field_fn *f) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        const moment m = moment_of(call->args[0].kind, ARG(call, 0, int64_t)[i]);
        out[i] = f(&m);
    }
    return CF_OK;
}

#define FIELD(name, expression)                 \
    static int64_t name##_of(const moment *m) { \
        return expression;                      \
    }                                           \
    static cf_status name(cf_call *call) {      \
        return field(call, name##_of);          \
    }
FIELD(year, m->year)
FIELD(month, m->month)
FIELD(day, m->of_month)
FIELD(hour, m->clock / (3600 * CF_SECOND))
FIELD(minute, m->clock / (60 * CF_SECOND) % 60)
FIELD(second, m->clock / CF_SECOND % 60)

/* ---- to_text ---- */

static cf_status bad_letter(cf_call *call, char letter) {
    (void)cf_fail(call->err, CF_E_VALUE, call->span,
                  "`%%%c` means nothing in the form of a date", letter);
    cf_error_hint(call->err, "%%Y year, %%m month, %%d day, %%H hour, %%M minute, %%S second, "
                             "%%f microseconds, %%j day of "
                             "the year, %%B %%b month's name, %%A %%a day's name, %%F date, "
                             "%%T time, %%%% a percent sign");
    return CF_E_VALUE;
}

static bool add_part(cf_text *t, const moment *m, char letter) {
    const long long seconds = m->clock / CF_SECOND, hour = seconds / 3600;
    switch (letter) {
    case 'Y': cf_text_addf(t, "%04lld", (long long)m->year); return true;
    case 'y':
        cf_text_addf(t, "%02lld", (long long)(m->year - floor_divide(m->year, 100) * 100));
        return true;
    case 'm': cf_text_addf(t, "%02u", m->month); return true;
    case 'd': cf_text_addf(t, "%02u", m->of_month); return true;
    case 'e': cf_text_addf(t, "%2u", m->of_month); return true;
    case 'j': cf_text_addf(t, "%03lld", (long long)day_of_year(m)); return true;
    case 'B': cf_text_adds(t, months[m->month - 1]); return true;
    case 'b': cf_text_add(t, months[m->month - 1], 3); return true;
    case 'A': cf_text_adds(t, days[weekday(m)]); return true;
    case 'a': cf_text_add(t, days[weekday(m)], 3); return true;
    case 'u': cf_text_addf(t, "%u", weekday(m) == 0 ? 7 : weekday(m)); return true;
    case 'w': cf_text_addf(t, "%u", weekday(m)); return true;
    case 'H': cf_text_addf(t, "%02lld", hour); return true;
    case 'I': cf_text_addf(t, "%02lld", hour % 12 == 0 ? 12 : hour % 12); return true;
    case 'p': cf_text_adds(t, hour < 12 ? "AM" : "PM"); return true;
    case 'M': cf_text_addf(t, "%02lld", seconds / 60 % 60); return true;
    case 'S': cf_text_addf(t, "%02lld", seconds % 60); return true;
    case 'f': cf_text_addf(t, "%06lld", (long long)(m->clock % CF_SECOND)); return true;
    case 'F':
        cf_text_addf(t, "%04lld-%02u-%02u", (long long)m->year, m->month, m->of_month);
        return true;
    case 'T':
        cf_text_addf(t, "%02lld:%02lld:%02lld", hour, seconds / 60 % 60, seconds % 60);
        return true;
    case '%': cf_text_addc(t, '%'); return true;
    default: return false;
    }
}

/* `wrong`: the letter that means nothing. */
static bool add_moment(cf_text *t, const moment *m, cf_view form, char *wrong) {
    for (size_t i = 0; i < form.size; i++) {
        if (form.data[i] != '%') {
            cf_text_addc(t, form.data[i]);
            continue;
        }
        *wrong = (char)(++i < form.size ? form.data[i] : ' ');
        if (!add_part(t, m, *wrong)) return false;
    }
    return true;
}

static cf_status to_text(cf_call *call) {
    cf_view *out = cf_call_alloc(call);
    size_t *stops = cf_arena_alloc(call->arena, call->n * sizeof *stops, sizeof *stops);
    if (out == NULL || stops == NULL) return CF_NO_MEMORY(call);
    cf_text t = {0};
    for (size_t i = 0; i < call->n; i++) {
        char wrong;
        const moment m =
            moment_of(call->args[1].kind, ARG(call, 1, int64_t)[i * STEP(call, 1)]);
        if (cf_row_valid(call, i) &&
            !add_moment(&t, &m, ARG(call, 0, cf_view)[i * STEP(call, 0)], &wrong)) {
            cf_text_clear(&t);
            return bad_letter(call, wrong);
        }
        stops[i] = t.size;
    }
    char *block = t.failed ? NULL : cf_call_text(call, t.size + 1);
    if (block != NULL && t.size > 0) memcpy(block, t.data, t.size);
    cf_text_clear(&t);
    if (block == NULL) return CF_NO_MEMORY(call);
    for (size_t i = 0, at = 0; i < call->n; at = stops[i], i++)
        out[i] = (cf_view){block + at, stops[i] - at};
    return CF_OK;
}

/* ---- parse ---- */

typedef struct {
    const char *at, *end;
    int64_t year, month, day, hour, minute, second, micro, of_year;
    bool afternoon, half_day;
} reading;

static bool read_number(reading *r, int most, int64_t *x) {
    const char *begin = r->at;
    for (*x = 0; r->at < r->end && r->at - begin < most && *r->at >= '0' && *r->at <= '9';
         r->at++)
        *x = *x * 10 + (*r->at - '0');
    return r->at > begin;
}

static bool same_letters(const char *a, const char *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
    return true;
}

/* A name of the list, in full or its first three letters. */
static bool read_name(reading *r, const char *const *names, size_t count, int64_t *index) {
    for (size_t i = 0; i < count; i++) {
        const size_t left = (size_t)(r->end - r->at), full = strlen(names[i]);
        const size_t used = left >= full && same_letters(r->at, names[i], full) ? full
                            : left >= 3 && same_letters(r->at, names[i], 3)     ? 3
                                                                                : 0;
        if (used == 0) continue;
        r->at += used;
        *index = (int64_t)i;
        return true;
    }
    return false;
}

static bool read_fraction(reading *r) {
    int64_t place = CF_SECOND;
    const char *begin = r->at;
    for (r->micro = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        place /= 10;
        r->micro += (*r->at - '0') * place;
    }
    return r->at > begin;
}

static bool read_char(reading *r, char c) {
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool read_year(reading *r, bool two) {
    if (!read_number(r, two ? 2 : 4, &r->year)) return false;
    if (two) r->year += r->year < 70 ? 2000 : 1900;
    return true;
}

/* -1: no such letter; 0: the text does not fit; 1: read. */
static int read_part(reading *r, char letter) {
    int64_t skipped;
    switch (letter) {
    case 'Y': return read_year(r, false);
    case 'y': return read_year(r, true);
    case 'm': return read_number(r, 2, &r->month);
    case 'd': return read_number(r, 2, &r->day);
    case 'e': return (read_char(r, ' ') || true) && read_number(r, 2, &r->day);
    case 'j': return read_number(r, 3, &r->of_year);
    case 'B':
    case 'b': return read_name(r, months, 12, &r->month) && ++r->month > 0;
    case 'A':
    case 'a': return read_name(r, days, 7, &skipped);
    case 'H': return read_number(r, 2, &r->hour);
    case 'I': r->half_day = true; return read_number(r, 2, &r->hour);
    case 'p':
        if (r->end - r->at < 2 || (r->at[1] | 0x20) != 'm') return 0;
        r->afternoon = (*r->at | 0x20) == 'p';
        r->at += 2;
        return 1;
    case 'M': return read_number(r, 2, &r->minute);
    case 'S': return read_number(r, 2, &r->second);
    case 'f': return read_fraction(r);
    case 'F':
        return read_part(r, 'Y') && read_char(r, '-') && read_part(r, 'm') &&
               read_char(r, '-') && read_part(r, 'd');
    case 'T':
        return read_part(r, 'H') && read_char(r, ':') && read_part(r, 'M') &&
               read_char(r, ':') && read_part(r, 'S');
    case '%': return read_char(r, '%');
    default: return -1;
    }
}

static bool assemble(const reading *r, int64_t *out) {
    if (r->month < 1 || r->month > 12 || r->day < 1 || r->day > 31) return false;
    int64_t day = cf_days_from_civil(r->year, (unsigned)r->month, (unsigned)r->day), year;
    unsigned month, of_month;
    cf_civil_from_days(day, &year, &month, &of_month);
    if (month != (unsigned)r->month) return false; /* the 31st of a short month */
    if (r->of_year > 0) day = cf_days_from_civil(r->year, 1, 1) + r->of_year - 1;
    int64_t hour = r->hour;
    if (r->half_day && (hour < 1 || hour > 12)) return false;
    if (r->half_day) hour = hour % 12 + (r->afternoon ? 12 : 0);
    if (hour > 23 || r->minute > 59 || r->second > 59 || r->of_year > 366) return false;
    *out = day * CF_DAY + ((hour * 60 + r->minute) * 60 + r->second) * CF_SECOND + r->micro;
    return true;
}

/* 1 read, 0 the text does not fit the form, -1 the form is wrong at `wrong`. */
static int parse_moment(cf_view form, cf_view v, int64_t *out, char *wrong) {
    reading r = {.at = v.size == 0 ? "" : v.data, .year = 1970, .month = 1, .day = 1};
    r.end = r.at + v.size;
    for (size_t i = 0; i < form.size; i++) {
        int fits;
        if (form.data[i] != '%') {
            fits = read_char(&r, form.data[i]);
        } else {
            *wrong = (char)(++i < form.size ? form.data[i] : ' ');
            fits = read_part(&r, *wrong);
        }
        if (fits != 1) return fits;
    }
    return r.at == r.end && assemble(&r, out);
}

static cf_status parse(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        out[i] = 0;
        if (!cf_row_valid(call, i)) continue;
        const cf_view form = ARG(call, 0, cf_view)[i * STEP(call, 0)],
                      v = ARG(call, 1, cf_view)[i * STEP(call, 1)];
        char wrong = ' ';
        const int fits = parse_moment(form, v, &out[i], &wrong);
        if (fits < 0) return bad_letter(call, wrong);
        if (fits == 0)
            return cf_fail(call->err, CF_E_VALUE, call->span,
                           "the text \"%.*s\" does not have the form \"%.*s\"",
                           v.size > 60 ? 60 : (int)v.size, v.size == 0 ? "" : v.data,
                           form.size > 60 ? 60 : (int)form.size,
                           form.size == 0 ? "" : form.data);
    }
    return CF_OK;
}

/* ---- months, which are no fixed number of days ---- */

static unsigned month_length(int64_t year, unsigned month) {
    const int64_t next = month == 12 ? cf_days_from_civil(year + 1, 1, 1)
                                     : cf_days_from_civil(year, month + 1, 1);
    return (unsigned)(next - cf_days_from_civil(year, month, 1));
}

/* The same day of another month, or that month's last. */
static cf_status add_months(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const cf_kind kind = call->args[1].kind;
    for (size_t i = 0; i < call->n; i++) {
        const int64_t by = ARG(call, 0, int64_t)[i * STEP(call, 0)];
        const moment m = moment_of(kind, ARG(call, 1, int64_t)[i * STEP(call, 1)]);
        out[i] = 0;
        if (!cf_row_valid(call, i)) continue;
        if (by > 12000000 || by < -12000000)
            return cf_fail(call->err, CF_E_OVERFLOW, call->span, "%lld months are too many",
                           (long long)by);
        const int64_t index = m.year * 12 + m.month - 1 + by, year = floor_divide(index, 12);
        const unsigned month = (unsigned)(index - year * 12) + 1,
                       longest = month_length(year, month);
        const int64_t day =
            cf_days_from_civil(year, month, m.of_month < longest ? m.of_month : longest);
        out[i] = day;
        if (kind == CF_TIMESTAMP && (__builtin_mul_overflow(day, CF_DAY, &out[i]) ||
                                     __builtin_add_overflow(out[i], m.clock, &out[i])))
            return cf_fail(call->err, CF_E_OVERFLOW, call->span,
                           "this timestamp lies too far away");
    }
    return CF_OK;
}

static cf_status now(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    for (size_t i = 0; i < call->n; i++)
        out[i] = (int64_t)t.tv_sec * CF_SECOND + t.tv_nsec / 1000;
    return CF_OK;
}

#define FIELDS(name)                                           \
    static const cf_func name##_functions[] = {                \
        FN("date_" #name "_date", name, PURE, INT64, CF_DATE), \
        FN("date_" #name "_timestamp", name, PURE, INT64, CF_TIMESTAMP)};
#define CLOCKS(name)                                                     \
    static const cf_func name##_functions[] = {                          \
        FN("date_" #name "_timestamp", name, PURE, INT64, CF_TIMESTAMP), \
        FN("date_" #name "_time", name, PURE, INT64, CF_TIME)};
FIELDS(year)
FIELDS(month)
FIELDS(day)
CLOCKS(hour)
CLOCKS(minute)
CLOCKS(second)
static const cf_func to_text_functions[] = {
    FN("date_to_text_date", to_text, CF_STRICT, TEXT, CF_TEXT, CF_DATE),
    FN("date_to_text_timestamp", to_text, CF_STRICT, TEXT, CF_TEXT, CF_TIMESTAMP),
    FN("date_to_text_time", to_text, CF_STRICT, TEXT, CF_TEXT, CF_TIME)};
static const cf_func diff_functions[] = {
    FN("date_diff_date", diff, CF_STRICT, INT64, CF_TEXT, CF_DATE, CF_DATE),
    FN("date_diff_timestamp", diff, CF_STRICT, INT64, CF_TEXT, CF_TIMESTAMP, CF_TIMESTAMP)};
static const cf_func trunc_functions[] = {
    FN("date_trunc_date", trunc_unit, CF_STRICT, DATE, CF_TEXT, CF_DATE),
    FN("date_trunc_timestamp", trunc_unit, CF_STRICT, TIMESTAMP, CF_TEXT, CF_TIMESTAMP)};
static const cf_func parse_functions[] = {
    FN("date_parse", parse, CF_STRICT, TIMESTAMP, CF_TEXT, CF_TEXT)};
static const cf_func add_months_functions[] = {
    FN("add_months_date", add_months, CF_STRICT, DATE, CF_INT64, CF_DATE),
    FN("add_months_timestamp", add_months, CF_STRICT, TIMESTAMP, CF_INT64, CF_TIMESTAMP)};
/* Computed once for a program: constants are folded when the plan is made. */
static const cf_func now_functions[] = {FN0("date_now", now, PURE, TIMESTAMP)};

#define ROW(name, usage, doc, example, shows, related)             \
    {                                                              \
        "date." #name, CF_BUILTIN_MAP, usage, doc, example, shows, \
            OVERLOADS(name##_functions), NULL, related             \
    }
#define NULLS "  Null gives null."
#define SOME  "from [{t = @2024-12-31T16:54:10Z}]\n"

static const cf_builtin builtins[] = {
    ROW(now, "date.now",
        "The timestamp at which the program was started, UTC; the same for all rows.",
        "from [{a = 1}]\nselect {b = date.now > @2020-01-01}", NULL, "date.to_text"),
    ROW(to_text, "date.to_text form d",
        "A date, time or timestamp as text.  In the form: %Y year, %m month, %d day, %H hour, "
        "%M minute,\n"
        "%S second, %f microseconds, %j day of the year, %B %b month's name, %A %a day's name, "
        "%I %p hour of\n"
        "half a day, %y %e %u %w, %F for %Y-%m-%d, %T for %H:%M:%S, %% a percent sign; all "
        "else stays." NULLS,
        "from [{d = @2024-01-31}]\nselect {t = (d | date.to_text \"%d.%m.%Y\")}",
        "t\n31.01.2024\n", "date.parse as"),
    ROW(parse, "date.parse form t",
        "A timestamp from a text in the given form (see date.to_text); what the form does not "
        "mention is\n"
        "1970-01-01 00:00.  A text that does not fit is an error.  Texts like 2024-12-31 need "
        "no form:\n"
        "`t as date`." NULLS,
        "from [{t = \"31.01.2024\"}]\nselect {d = (t | date.parse \"%d.%m.%Y\") as date}",
        "d\n2024-01-31\n", "date.to_text as"),
    ROW(diff, "date.diff unit a b",
        "How many beginnings of the unit lie between a and b; negative if b is earlier.  From "
        "23:59 to 00:01\n"
        "is one day.  Units: microsecond millisecond second minute hour day week month quarter "
        "year; weeks\n"
        "begin on Monday." NULLS,
        "from [{d = @2024-01-31}]\nselect {n = date.diff day @2024-01-01 d}", "n\n30\n",
        "- date.trunc"),
    ROW(trunc, "date.trunc unit d",
        "The beginning of the unit in which d lies; a date stays a date, a timestamp a "
        "timestamp.  Units: see\n"
        "date.diff." NULLS,
        "from [{d = @2024-05-17}]\nselect {m = (d | date.trunc month)}", "m\n2024-05-01\n",
        "date.diff"),
    ROW(year, "date.year d", "The year of a date or timestamp, as an int." NULLS,
        SOME "select {n = date.year t}", "n\n2024\n", "date.month date.day"),
    ROW(month, "date.month d", "The month, 1 to 12." NULLS, SOME "select {n = date.month t}",
        "n\n12\n", "date.year date.day"),
    ROW(day, "date.day d", "The day of the month, 1 to 31." NULLS,
        SOME "select {n = date.day t}", "n\n31\n", "date.month"),
    ROW(hour, "date.hour t", "The hour of a timestamp (UTC) or time, 0 to 23." NULLS,
        SOME "select {n = date.hour t}", "n\n16\n", "date.minute"),
    ROW(minute, "date.minute t", "The minute of a timestamp or time, 0 to 59." NULLS,
        SOME "select {n = date.minute t}", "n\n54\n", "date.hour date.second"),
    ROW(second, "date.second t",
        "The second of a timestamp or time, 0 to 59, without its fraction." NULLS,
        SOME "select {n = date.second t}", "n\n10\n", "date.minute"),
    ROW(add_months, "date.add_months n d",
        "The same day n months later (or earlier, n < 0); where that month is shorter, its "
        "last day." NULLS,
        "from [{d = @2024-01-31}]\nselect {e = date.add_months 1 d}", "e\n2024-02-29\n",
        "+ date.trunc"),
};

const cf_family cf_family_date = {"dates", builtins, CF_COUNT(builtins)};
