#include "io/scalar_text.h"

/* Numbers and dates out of text.
 *
 * Floats: the decimal digits are an integer w times 10^e.  Small ones are exact in one
 * operation. Else w times a 128-bit power of ten is the value but for an error below one unit
 * of the upper 128 bits of the product: where that could change the rounding (hardly ever)
 * strtod decides. */

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

__extension__ typedef unsigned __int128 uint128;

#define POWER_MIN  (-292)
#define POWER_MAX  308 /* more would be infinite */
#define DIGITS_MAX 19  /* as many fit into 64 bits */

static const struct {
    uint64_t high, low;
} powers[] = {
#define P(high, low) {high, low},
#include "base/powers_of_ten.def"
#undef P
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* ---- integers ---- */

bool cf_text_to_int(const char *s, size_t size, int64_t *x) {
    const bool negative = size > 0 && s[0] == '-';
    size_t at = size > 0 && (s[0] == '-' || s[0] == '+');
    const size_t count = size - at;
    if (count == 0 || count > 19 || (s[at] == '0' && count > 1)) return false;
    uint64_t sum = 0;
    for (; at < size; at++) {
        const unsigned digit = (unsigned char)s[at] - (unsigned)'0';
        if (digit > 9) return false;
        sum = sum * 10 + digit;
    }
    const uint64_t limit = (uint64_t)INT64_MAX + negative;
    if (sum > limit) return false;
    *x = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

/* ---- floats ---- */

typedef struct {
    uint64_t digits;
    int exponent; /* value = digits * 10^exponent */
    bool negative;
    bool cut; /* more digits than fit */
} decimal;

/* Digits from `at` on into d; returns where they end.  `places`: they stand after the point. */
static size_t take_digits(const char *s, size_t size, size_t at, bool places, int *room,
                          decimal *d) {
    for (; at < size && is_digit(s[at]); at++) {
        if (*room == 0) {
            d->cut |= s[at] != '0';
            if (!places && d->exponent < 100000) d->exponent++;
            continue;
        }
        d->digits = d->digits * 10 + (uint64_t)(s[at] - '0');
        if (d->digits != 0) --*room;
        if (places && d->exponent > -100000) d->exponent--;
    }
    return at;
}

static bool take_exponent(const char *s, size_t size, size_t at, decimal *d) {
    const bool negative = at < size && s[at] == '-';
    if (at < size && (s[at] == '-' || s[at] == '+')) at++;
    if (at == size) return false;
    int exponent = 0;
    for (; at < size; at++) {
        if (!is_digit(s[at])) return false;
        if (exponent < 100000) exponent = exponent * 10 + (s[at] - '0');
    }
    d->exponent += negative ? -exponent : exponent;
    return true;
}

/* More digits than fit: the first 19 count, the rest only for the size. */
static size_t take_long(const char *s, size_t size, size_t at, size_t *count, decimal *d) {
    int room = DIGITS_MAX;
    const size_t begin = at;
    d->digits = 0;
    d->exponent = 0;
    at = take_digits(s, size, at, false, &room, d);
    *count = at - begin;
    if (at == size || s[at] != '.') return at;
    const size_t point = at + 1;
    at = take_digits(s, size, point, true, &room, d);
    *count += at - point;
    return at;
}

/* Digits with or without a point in them, from `at` on; returns where they end. */
static size_t take_mantissa(const char *s, size_t size, size_t at, size_t *count, decimal *d) {
    const size_t begin = at;
    uint64_t sum = 0;
    for (; at < size && is_digit(s[at]); at++)
        sum = sum * 10 + (uint64_t)(s[at] - '0');
    *count = at - begin;
    if (at < size && s[at] == '.') {
        const size_t point = ++at;
        for (; at < size && is_digit(s[at]); at++)
            sum = sum * 10 + (uint64_t)(s[at] - '0');
        *count += at - point;
        d->exponent = *count > DIGITS_MAX ? 0 : (int)point - (int)at;
    }
    if (*count > DIGITS_MAX) return take_long(s, size, begin, count, d);
    d->digits = sum;
    return at;
}

static bool parse_decimal(const char *s, size_t size, decimal *d) {
    *d = (decimal){0};
    size_t at = 0, count;
    if (size > 0 && (s[0] == '-' || s[0] == '+')) d->negative = s[at++] == '-';
    at = take_mantissa(s, size, at, &count, d);
    if (count == 0) return false;
    if (at == size) return true;
    return (s[at] == 'e' || s[at] == 'E') && take_exponent(s, size, at + 1, d);
}

/* w * 10^e for w <= 2^53, |e| <= 22: both exact, so one rounding. */
static bool exact_float(const decimal *d, double *x) {
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (d->digits > (uint64_t)1 << 53 || d->exponent < -22 || d->exponent > 22) return false;
    const double w = (double)d->digits;
    *x = d->exponent < 0 ? w / tens[-d->exponent] : w * tens[d->exponent];
    return true;
}

static bool wide_float(const decimal *d, double *x) {
    if (d->exponent < POWER_MIN || d->exponent > POWER_MAX) return false;
    const int zeros = __builtin_clzll(d->digits);
    const uint64_t w = d->digits << zeros;
    const uint128 low = (uint128)powers[d->exponent - POWER_MIN].low * w;
    const uint128 product =
        (uint128)powers[d->exponent - POWER_MIN].high * w + (uint64_t)(low >> 64);
    const int shift = 74 + (int)(uint64_t)(product >> 127); /* leaves 53 bits */
    const uint128 rest = product & (((uint128)1 << shift) - 1),
                  half = (uint128)1 << (shift - 1);
    if (rest + 1 >= half && rest <= half + 1) return false; /* too close to the middle */
    const uint64_t fraction = (uint64_t)(product >> shift) + (rest > half);
    const int log2_power = d->exponent >= 0
                               ? d->exponent * 1741647 / (1 << 19)
                               : -((-d->exponent * 1741647 + (1 << 19) - 1) / (1 << 19));
    const int biased = shift + 64 + log2_power - 127 - zeros + 1075;
    if (biased < 1 || biased > 2045) return false; /* subnormal or nearly infinite */
    const uint64_t bits = (fraction - ((uint64_t)1 << 52)) + ((uint64_t)biased << 52);
    memcpy(x, &bits, sizeof *x);
    return true;
}

/* The C library decides (the programs never leave the C locale for numbers). */
static bool slow_float(const char *s, size_t size, double *x) {
    char room[128];
    char *copy = size < sizeof room ? room : malloc(size + 1);
    if (copy == NULL) return false;
    memcpy(copy, s, size);
    copy[size] = '\0';
    char *end;
    *x = fabs(strtod(copy, &end));
    const bool whole = end == copy + size;
    if (copy != room) free(copy);
    return whole;
}

static bool special_float(const char *s, size_t size, double *x) {
    static const struct {
        const char *word;
        size_t size;
        double value;
    } words[] = {{"nan", 3, (double)NAN},
                 {"inf", 3, (double)INFINITY},
                 {"infinity", 8, (double)INFINITY}};
    const bool negative = size > 0 && s[0] == '-';
    const size_t at = size > 0 && (s[0] == '-' || s[0] == '+');
    for (size_t i = 0; i < CF_COUNT(words); i++) {
        if (size - at != words[i].size || strncasecmp(s + at, words[i].word, size - at) != 0)
            continue;
        *x = negative ? -words[i].value : words[i].value;
        return true;
    }
    return false;
}

bool cf_text_to_float(const char *s, size_t size, double *x) {
    decimal d;
    if (!parse_decimal(s, size, &d)) return special_float(s, size, x);
    if (d.digits == 0)
        *x = 0;
    else if (d.cut || !(exact_float(&d, x) || wide_float(&d, x)))
        if (!slow_float(s, size, x)) return false;
    if (d.negative) *x = -*x;
    return true;
}

bool cf_text_to_bool(const char *s, size_t size, bool *x) {
    static const char *const words[] = {"false", "true", "False", "True", "FALSE", "TRUE"};
    for (size_t i = 0; i < CF_COUNT(words); i++) {
        if (!cf_str_is((cf_str){s, size}, words[i])) continue;
        *x = i % 2 == 1;
        return true;
    }
    return false;
}

/* ---- dates ---- */

/* `count` digits at *s, which moves on. */
static bool take_number(const char **s, const char *end, int count, unsigned *x) {
    if (end - *s < count) return false;
    *x = 0;
    for (int i = 0; i < count; i++, ++*s) {
        if (!is_digit(**s)) return false;
        *x = *x * 10 + (unsigned)(**s - '0');
    }
    return true;
}

static bool take_char(const char **s, const char *end, char c) {
    if (*s == end || **s != c) return false;
    ++*s;
    return true;
}

static bool take_date(const char **s, const char *end, int64_t *days) {
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year, month, day;
    if (!take_number(s, end, 4, &year) || !take_char(s, end, '-')) return false;
    if (!take_number(s, end, 2, &month) || !take_char(s, end, '-')) return false;
    if (!take_number(s, end, 2, &day) || month < 1 || month > 12) return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > lengths[month - 1] + (month == 2 && leap)) return false;
    *days = cf_days_from_civil(year, month, day);
    return true;
}

bool cf_text_to_date(const char *s, size_t size, int64_t *days) {
    const char *end = s + size;
    return size == 10 && take_date(&s, end, days) && s == end;
}

/* .123456789: microseconds; what is smaller is cut off. */
static bool take_fraction(const char **s, const char *end, int64_t *microseconds) {
    int64_t sum = 0;
    int digits = 0;
    for (; *s < end && is_digit(**s); ++*s, digits++)
        if (digits < 6) sum = sum * 10 + (**s - '0');
    if (digits == 0) return false;
    for (int i = digits; i < 6; i++)
        sum *= 10;
    *microseconds += sum;
    return true;
}

static bool take_clock(const char **s, const char *end, int64_t *microseconds) {
    unsigned hour, minute, second = 0;
    if (!take_number(s, end, 2, &hour) || !take_char(s, end, ':')) return false;
    if (!take_number(s, end, 2, &minute)) return false;
    const bool seconds = take_char(s, end, ':');
    if (seconds && !take_number(s, end, 2, &second)) return false;
    if (hour > 23 || minute > 59 || second > 59) return false;
    *microseconds = ((int64_t)(hour * 60 + minute) * 60 + second) * 1000000;
    return !seconds || !take_char(s, end, '.') || take_fraction(s, end, microseconds);
}

/* Z, +02, +0200, +02:00 or nothing: minutes ahead of UTC. */
static bool take_zone(const char **s, const char *end, int64_t *minutes) {
    *minutes = 0;
    if (*s == end || take_char(s, end, 'Z')) return true;
    const bool behind = **s == '-';
    if (!behind && **s != '+') return false;
    ++*s;
    unsigned hour, minute = 0;
    if (!take_number(s, end, 2, &hour)) return false;
    const bool more = take_char(s, end, ':') || *s < end;
    if (more && !take_number(s, end, 2, &minute)) return false;
    if (hour > 23 || minute > 59) return false;
    *minutes = (int64_t)(hour * 60 + minute) * (behind ? -1 : 1);
    return true;
}

bool cf_text_to_timestamp(const char *s, size_t size, int64_t *microseconds) {
    const char *end = s + size;
    int64_t days, clock, zone;
    if (size < 16 || !take_date(&s, end, &days)) return false;
    if (!take_char(&s, end, 'T') && !take_char(&s, end, ' ')) return false;
    if (!take_clock(&s, end, &clock) || !take_zone(&s, end, &zone) || s != end) return false;
    *microseconds = days * 86400000000 + clock - zone * 60000000;
    return true;
}

/* 007 is somebody's number, not a number. */
static bool is_float_text(const char *s, size_t size) {
    decimal d;
    double x;
    const size_t sign = size > 0 && (s[0] == '-' || s[0] == '+');
    if (size > sign + 1 && s[sign] == '0' && is_digit(s[sign + 1])) return false;
    return parse_decimal(s, size, &d) || special_float(s, size, &x);
}

cf_kind cf_text_kind(const char *s, size_t size, cf_kind likely) {
    int64_t i;
    bool b;
    if (likely == CF_FLOAT64 && is_float_text(s, size)) return CF_FLOAT64;
    if (cf_text_to_int(s, size, &i)) return CF_INT64;
    if (likely != CF_FLOAT64 && is_float_text(s, size)) return CF_FLOAT64;
    if (cf_text_to_date(s, size, &i)) return CF_DATE;
    if (cf_text_to_timestamp(s, size, &i)) return CF_TIMESTAMP;
    return cf_text_to_bool(s, size, &b) ? CF_BOOL : CF_TEXT;
}
