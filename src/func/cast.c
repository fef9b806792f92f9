/* Conversions: what `as` does, and the widening of what files store.  A value that has no
 * counterpart is an error which names it; null stays null. */
#include "func/calendar.h"
#include "func/func_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* ---- storage kinds to the two kinds of arithmetic ---- */

#define WIDEN(word, T)                           \
    KERNEL_1(word##_int, T, int64_t, (int64_t)a) \
    KERNEL_1(word##_float, T, double, (double)a)
WIDEN(int8, int8_t)
WIDEN(int16, int16_t)
WIDEN(int32, int32_t)
WIDEN(uint8, uint8_t)
WIDEN(uint16, uint16_t)
WIDEN(uint32, uint32_t)
KERNEL_1(uint64_float, uint64_t, double, (double)a)
KERNEL_1(float32_float, float, double, (double)a)
KERNEL_1(int_float, int64_t, double, (double)a)
KERNEL_1(bool_int, uint8_t, int64_t, (int64_t)a)
KERNEL_1(bool_float, uint8_t, double, (double)a)
KERNEL_1(int_bool, int64_t, uint8_t, a != 0)

static cf_status uint64_int(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const uint64_t *x = ARG(call, 0, uint64_t);
    uint64_t high = 0;
    for (size_t i = 0; i < call->n; i++) {
        out[i] = (int64_t)x[i];
        high |= x[i];
    }
    if (high >> 63 == 0) return CF_OK;
    for (size_t i = 0; i < call->n; i++)
        if (x[i] >> 63 != 0 && cf_row_valid(call, i)) {
            (void)cf_fail(call->err, CF_E_OVERFLOW, call->span,
                          "%llu does not fit into a signed integer of 64 bits",
                          (unsigned long long)x[i]);
            cf_error_hint(
                call->err,
                "numbers of this column can be kept and saved, but not computed with");
            return CF_E_OVERFLOW;
        }
    return CF_OK;
}

static cf_status decimal_float(cf_call *call) {
    return cf_fail(call->err, CF_E_UNSUPPORTED, call->span,
                   "a decimal of unknown scale cannot be computed with");
}

/* ---- floats to ints ---- */

/* Half away from zero; exact, since a fraction is computed without rounding. */
CF_SIMD static void round_away(double *restrict out, const double *restrict x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const double whole = trunc(x[i]);
        out[i] = whole + (fabs(x[i] - whole) >= 0.5 ? copysign(1.0, x[i]) : 0.0);
    }
}

static cf_status float_int(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    double *rounded = cf_arena_alloc(call->arena, call->n * sizeof *rounded, 64);
    if (out == NULL || rounded == NULL) return CF_NO_MEMORY(call);
    round_away(rounded, ARG(call, 0, double), call->n);
    for (size_t i = 0; i < call->n; i++) {
        const bool fits = rounded[i] >= -0x1p63 && rounded[i] < 0x1p63;
        if (fits) {
            out[i] = (int64_t)rounded[i];
            continue;
        }
        out[i] = 0;
        if (!cf_row_valid(call, i)) continue;
        char text[32];
        (void)cf_format_f64(text, ARG(call, 0, double)[i]);
        return cf_fail(call->err, CF_E_VALUE, call->span, "%s cannot be turned into an int",
                       text);
    }
    return CF_OK;
}

/* ---- from text ---- */

static cf_status unreadable(cf_call *call, cf_view v, const char *what, const char *hint) {
    const size_t most = 60;
    const bool long_text = v.size > most;
    (void)cf_fail(call->err, CF_E_VALUE, call->span, "the text \"%.*s%s\" is not %s",
                  (int)(long_text ? most : v.size), v.size == 0 ? "" : v.data,
                  long_text ? "..." : "", what);
    if (hint != NULL) cf_error_hint(call->err, "%s", hint);
    return CF_E_VALUE;
}

static cf_str trimmed(cf_view v) {
    cf_str s = {v.data, (size_t)v.size};
    while (s.size > 0 && (*s.data == ' ' || *s.data == '\t'))
        s = (cf_str){s.data + 1, s.size - 1};
    while (s.size > 0 && (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t'))
        s.size--;
    return s;
}

static bool read_int(cf_str s, void *out) {
    const bool negative = s.size > 0 && *s.data == '-';
    size_t at = s.size > 0 && (*s.data == '-' || *s.data == '+');
    int64_t x = 0;
    if (at == s.size) return false;
    for (; at < s.size; at++) {
        const int digit = s.data[at] - '0';
        if (digit < 0 || digit > 9) return false;
        if (__builtin_mul_overflow(x, 10, &x) || __builtin_sub_overflow(x, digit, &x))
            return false;
    }
    if (!negative && x == INT64_MIN) return false;
    *(int64_t *)out = negative ? x : -x;
    return true;
}

/* strtod rounds correctly; the program stays in the C locale for numbers.  Its hexadecimal
 * floats and `nan(..)` are not ours. */
static bool read_float(cf_str s, void *out) {
    char room[512], *end;
    if (s.size == 0 || s.size >= sizeof room || *s.data == ' ') return false;
    const size_t sign = *s.data == '-' || *s.data == '+';
    const bool word = s.size > sign && (s.data[sign] | 0x20) >= 'a';
    static const char *const words[] = {"nan", "inf", "infinity"};
    for (size_t i = 0; word; i++) {
        if (i == CF_COUNT(words)) return false;
        if (strlen(words[i]) == s.size - sign &&
            strncasecmp(s.data + sign, words[i], s.size - sign) == 0)
            break;
    }
    if (!word && memchr(s.data, 'x', s.size) != NULL) return false;
    if (!word && memchr(s.data, 'X', s.size) != NULL) return false;
    if (memchr(s.data, 0, s.size) != NULL) return false;
    memcpy(room, s.data, s.size);
    room[s.size] = '\0';
    *(double *)out = strtod(room, &end);
    if (word && isnan(*(double *)out)) *(double *)out = (double)NAN;
    return end == room + s.size;
}

static bool read_bool(cf_str s, void *out) {
    const bool yes = s.size == 4 && strncasecmp(s.data, "true", 4) == 0;
    const bool no = s.size == 5 && strncasecmp(s.data, "false", 5) == 0;
    *(uint8_t *)out = yes;
    return yes || no;
}

#define READER(kind)                               \
    static bool read_##kind(cf_str s, void *out) { \
        int64_t x = 0;                             \
        if (!cf_parse_##kind(s, &x)) return false; \
        *(int64_t *)out = x;                       \
        return true;                               \
    }
READER(date)
READER(time)
READER(timestamp)
READER(duration)

typedef bool read_fn(cf_str s, void *out);

static cf_status from_text(cf_call *call, read_fn *read, const char *what, const char *hint) {
    char *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const size_t size = cf_kind_size(call->out->kind);
    memset(out, 0, call->n * size);
    const cf_view *x = ARG(call, 0, cf_view);
    for (size_t i = 0; i < call->n; i++)
        if (cf_row_valid(call, i) && !read(trimmed(x[i]), out + i * size))
            return unreadable(call, x[i], what, hint);
    return CF_OK;
}

#define FROM_TEXT(name, what, hint)                      \
    static cf_status text_##name(cf_call *call) {        \
        return from_text(call, read_##name, what, hint); \
    }
FROM_TEXT(int, "an int", "ints are written like 12 or -3; `as float` takes 1.5 and 1e3")
FROM_TEXT(float, "a float", NULL)
FROM_TEXT(bool, "true or false", NULL)
FROM_TEXT(date, "a date", "dates are written like 2024-12-31; other forms: date.parse")
FROM_TEXT(time, "a time", "times are written like 16:54 or 16:54:10.5")
FROM_TEXT(timestamp, "a timestamp",
          "timestamps are written like 2024-12-31T16:54:00Z; other forms: date.parse")
FROM_TEXT(duration, "a duration", "durations are written like 10days or 90minutes")

/* ---- to text ---- */

typedef size_t print_fn(char out[CF_CALENDAR_ROOM], const void *value);

static size_t print_int(char out[CF_CALENDAR_ROOM], const void *value) {
    return cf_format_i64(out, *(const int64_t *)value);
}

static size_t print_float(char out[CF_CALENDAR_ROOM], const void *value) {
    return cf_format_f64(out, *(const double *)value);
}

static size_t print_bool(char out[CF_CALENDAR_ROOM], const void *value) {
    const size_t size = *(const uint8_t *)value != 0 ? 4 : 5;
    memcpy(out, size == 4 ? "true" : "false", size);
    return size;
}

static size_t print_uint64(char out[CF_CALENDAR_ROOM], const void *value) {
    return (size_t)snprintf(out, CF_CALENDAR_ROOM, "%" PRIu64, *(const uint64_t *)value);
}

#define PRINTER(kind)                                                           \
    static size_t print_##kind(char out[CF_CALENDAR_ROOM], const void *value) { \
        return cf_print_##kind(out, *(const int64_t *)value);                   \
    }
PRINTER(date)
PRINTER(time)
PRINTER(timestamp)
PRINTER(duration)

/* Printed into blocks of text, many values to a block. */
static cf_status to_text(cf_call *call, print_fn *print) {
    cf_view *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const char *x = call->args[0].data;
    const size_t size = cf_kind_size(call->args[0].kind);
    char *block = NULL;
    size_t left = 0;
    for (size_t i = 0; i < call->n; i++) {
        char text[CF_CALENDAR_ROOM];
        out[i] = (cf_view){NULL, 0};
        if (!cf_row_valid(call, i)) continue;
        const size_t length = print(text, x + i * size);
        if (length > left || block == NULL) {
            left = (call->n - i) * CF_CALENDAR_ROOM;
            if (left > 65536) left = 65536;
            block = cf_call_text(call, left);
            if (block == NULL) return CF_E_MEMORY;
        }
        memcpy(block, text, length);
        out[i] = (cf_view){block, length};
        block += length;
        left -= length;
    }
    return CF_OK;
}

#define TO_TEXT(name)                             \
    static cf_status name##_text(cf_call *call) { \
        return to_text(call, print_##name);       \
    }
TO_TEXT(int)
TO_TEXT(uint64)
TO_TEXT(float)
TO_TEXT(bool)
TO_TEXT(date)
TO_TEXT(time)
TO_TEXT(timestamp)
TO_TEXT(duration)

/* ---- dates and timestamps ---- */

static cf_status date_timestamp(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const int64_t *x = ARG(call, 0, int64_t);
    bool bad = false;
    for (size_t i = 0; i < call->n; i++)
        bad |= __builtin_mul_overflow(x[i], CF_DAY, &out[i]);
    if (!bad) return CF_OK;
    return cf_fail(call->err, CF_E_OVERFLOW, call->span,
                   "a date lies too far away for a timestamp");
}

static int64_t day_of(int64_t timestamp) {
    int64_t rest;
    return cf_day_of(timestamp, &rest);
}

static int64_t clock_of(int64_t timestamp) {
    int64_t rest;
    (void)cf_day_of(timestamp, &rest);
    return rest;
}

#define EACH(name, function)                      \
    static cf_status name(cf_call *call) {        \
        int64_t *out = cf_call_alloc(call);       \
        if (out == NULL) return CF_E_MEMORY;      \
        const int64_t *x = ARG(call, 0, int64_t); \
        for (size_t i = 0; i < call->n; i++)      \
            out[i] = function(x[i]);              \
        return CF_OK;                             \
    }
EACH(timestamp_date, day_of)
EACH(timestamp_time, clock_of)

/* A value of no type has no value. */
static cf_status null_any(cf_call *call) {
    void *out = cf_call_alloc(call);
    uint8_t *valid = out == NULL ? NULL : cf_call_alloc_valid(call);
    if (valid == NULL) return CF_E_MEMORY;
    memset(out, 0, call->n * cf_kind_size(call->out->kind));
    memset(valid, 0, call->n);
    return CF_OK;
}

#define CAST(from, to, FROM, TO, flags) \
    FN("cast_" #from "_" #to, from##_##to, flags, TO, CF_##FROM)
#define CAST_NULL(to, TO) FN("cast_null_" #to, null_any, CF_TOTAL, TO, CF_NULL)
#define CAST_WIDE(from, FROM) \
    CAST(from, int, FROM, INT64, PURE), CAST(from, float, FROM, FLOAT64, PURE)

static const cf_func as_functions[] = {
    CAST_WIDE(int8, INT8),
    CAST_WIDE(int16, INT16),
    CAST_WIDE(int32, INT32),
    CAST_WIDE(uint8, UINT8),
    CAST_WIDE(uint16, UINT16),
    CAST_WIDE(uint32, UINT32),
    CAST(uint64, int, UINT64, INT64, CF_STRICT),
    CAST(uint64, float, UINT64, FLOAT64, PURE),
    CAST(uint64, text, UINT64, TEXT, PURE),
    CAST(float32, float, FLOAT32, FLOAT64, PURE),
    CAST(decimal, float, DECIMAL, FLOAT64, CF_STRICT),
    CAST(int, float, INT64, FLOAT64, PURE),
    CAST(int, bool, INT64, BOOL, PURE),
    CAST(int, text, INT64, TEXT, PURE),
    CAST(float, int, FLOAT64, INT64, CF_STRICT),
    CAST(float, text, FLOAT64, TEXT, PURE),
    CAST(bool, int, BOOL, INT64, PURE),
    CAST(bool, float, BOOL, FLOAT64, PURE),
    CAST(bool, text, BOOL, TEXT, PURE),
    CAST(text, int, TEXT, INT64, CF_STRICT),
    CAST(text, float, TEXT, FLOAT64, CF_STRICT),
    CAST(text, bool, TEXT, BOOL, CF_STRICT),
    CAST(text, date, TEXT, DATE, CF_STRICT),
    CAST(text, time, TEXT, TIME, CF_STRICT),
    CAST(text, timestamp, TEXT, TIMESTAMP, CF_STRICT),
    CAST(text, duration, TEXT, DURATION, CF_STRICT),
    CAST(date, text, DATE, TEXT, PURE),
    CAST(time, text, TIME, TEXT, PURE),
    CAST(timestamp, text, TIMESTAMP, TEXT, PURE),
    CAST(duration, text, DURATION, TEXT, PURE),
    CAST(date, timestamp, DATE, TIMESTAMP, CF_STRICT),
    CAST(timestamp, date, TIMESTAMP, DATE, PURE),
    CAST(timestamp, time, TIMESTAMP, TIME, PURE),
    CAST_NULL(bool, BOOL),
    CAST_NULL(int, INT64),
    CAST_NULL(float, FLOAT64),
    CAST_NULL(text, TEXT),
    CAST_NULL(date, DATE),
    CAST_NULL(time, TIME),
    CAST_NULL(timestamp, TIMESTAMP),
    CAST_NULL(duration, DURATION),
};

static const cf_builtin builtins[] = {
    {"as", CF_BUILTIN_MAP, "x as type",
     "x as a value of another type: int, float, bool, text, date, time, timestamp or "
     "duration.\n"
     "float to int rounds half away from zero; nan, infinities and what does not fit are "
     "errors.\n"
     "bool counts as 0 or 1, and an int is true unless 0.  Texts are read as the language "
     "writes values\n"
     "(2024-12-31, 16:54, 10days; blanks round them do not matter); one that cannot be read is "
     "an error.\n"
     "A timestamp as date loses its time, a date as timestamp is its midnight (UTC).  Floats "
     "become the\n"
     "shortest text that reads back equal.  Null stays null.\n"
     "\n"
     "Decimals (from Parquet) are exact, up to 38 digits: they compare, sort, group and add up "
     "exactly, and\n"
     "+ - * of decimals, or of a decimal and an int, are exact too, with as many digits after "
     "the point as that\n"
     "needs; more than 38 digits are an error.  With floats, in / and in all other functions, "
     "and as their\n"
     "average, they are floats.",
     "from [{x = \"12\", y = 2.5}]\nselect {a = x as int, b = y as int, c = y as text}",
     "a,b,c\n12,3,2.5\n", OVERLOADS(as_functions), NULL, "round date.parse"},
};

const cf_family cf_family_cast = {"conversion", builtins, CF_COUNT(builtins)};
