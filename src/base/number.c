#include "base/base.h"

/* Numbers as text.  A float is written with the fewest digits that read back as the same float,
 * and of those the nearest to it.
 *
 * The idea (R. Giulietti, "The Schubfach way to render doubles"): x = c 2^q owns the interval
 * of reals that round to it.  Choose k such that the interval is at least one and less than ten
 * units of 10^k wide: then at most one multiple of 10^(k+1) lies in it, else one of the two
 * multiples of 10^k around x does.  Both questions are answered in integers, on 4 x 10^-k
 * computed with a 128-bit power of ten whose error is too small to change any answer, its
 * lowest bit telling "not exact". */

#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

#define POWER_MIN (-292)

static const struct {
    uint64_t high, low;
} powers[] = {
#define P(high, low) {high, low},
#include "base/powers_of_ten.def"
#undef P
};

typedef struct {
    uint64_t digits; /* as an integer */
    int exponent;    /* value = digits * 10^exponent */
} decimal;

/* floor(a / 2^n) also for negative a. */
static int floor_shift(int a, int n) {
    return a >= 0 ? a / (1 << n) : -((-a + (1 << n) - 1) / (1 << n));
}

/* The integer part of power * x / 2^128; its lowest bit is also set when a fraction was cut
 * off. */
static uint64_t scaled(int power, uint64_t x) {
    const uint128 low = (uint128)powers[power - POWER_MIN].low * x;
    const uint128 high = (uint128)powers[power - POWER_MIN].high * x + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* c 2^q, c > 0; `edge`: c is the smallest with its exponent, so the next float below is nearer.
 */
static decimal shortest(uint64_t c, int q, bool edge) {
    const int k = floor_shift(q * 1262611 - (edge ? 524031 : 0), 22); /* floor(log10(width)) */
    const int shift = q + floor_shift(-k * 1741647, 19) + 1;
    const uint64_t odd = c & 1; /* the interval's ends round to even, away from an odd c */
    const uint64_t lower = scaled(-k, (4 * c - 2 + edge) << shift) + odd;
    const uint64_t upper = scaled(-k, (4 * c + 2) << shift) - odd;
    const uint64_t middle = scaled(-k, (4 * c) << shift);
    const uint64_t whole = middle / 4;
    const uint64_t tens = whole / 10;
    if (whole >= 10) {
        const bool below = lower <= 40 * tens, above = 40 * tens + 40 <= upper;
        if (below != above) return (decimal){tens + above, k + 1};
    }
    const bool below = lower <= 4 * whole, above = 4 * whole + 4 <= upper;
    if (below != above) return (decimal){whole + above, k};
    const uint64_t half = 4 * whole + 2;
    const bool up = middle > half || (middle == half && (whole & 1) != 0);
    return (decimal){whole + up, k};
}

/* A binary float of `bits` stored fraction bits, `biased` exponent as stored (> 0 or
 * subnormal). */
static decimal shortest_of_parts(uint64_t fraction, int biased, int bits, int bias) {
    if (biased == 0) return shortest(fraction, 1 - bias - bits, false);
    const uint64_t c = fraction | (uint64_t)1 << bits;
    const int q = biased - bias - bits;
    if (q <= 0 && q >= -bits && (c & (((uint64_t)1 << -q) - 1)) == 0)
        return (decimal){c >> -q, 0}; /* an integer without rounding: all its digits */
    return shortest(c, q, fraction == 0 && biased > 1);
}

static size_t put_digits(char *out, uint64_t x) {
    char reversed[20];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + x % 10);
        x /= 10;
    } while (x > 0);
    for (size_t i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    return count;
}

static size_t put_text(char *out, const char *text) {
    const size_t size = strlen(text);
    memcpy(out, text, size + 1);
    return size;
}

/* d.ddde-7 */
static size_t put_scientific(char *out, const char *digits, size_t count, int exponent) {
    size_t size = 0;
    out[size++] = digits[0];
    if (count > 1) {
        out[size++] = '.';
        memcpy(out + size, digits + 1, count - 1);
        size += count - 1;
    }
    out[size++] = 'e';
    if (exponent < 0) out[size++] = '-';
    return size + put_digits(out + size, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

/* ddd.ddd; `point`: digits before the point, may be <= 0 or > count. */
static size_t put_fixed(char *out, const char *digits, size_t count, int point) {
    size_t size = 0;
    if (point <= 0) {
        size = put_text(out, "0.");
        memset(out + size, '0', (size_t)-point);
        size += (size_t)-point;
        memcpy(out + size, digits, count);
        return size + count;
    }
    const size_t before = (size_t)point;
    const size_t copied = before < count ? before : count;
    memcpy(out, digits, copied);
    memset(out + copied, '0', before - copied);
    size = before;
    out[size++] = '.';
    if (before >= count) {
        out[size++] = '0';
        return size;
    }
    memcpy(out + size, digits + before, count - before);
    return size + count - before;
}

static size_t put_decimal(char *out, decimal d) {
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    char digits[20];
    const size_t count = put_digits(digits, d.digits);
    const int leading = (int)count + d.exponent - 1; /* exponent of the first digit */
    if (leading < -4 || leading > 15) return put_scientific(out, digits, count, leading);
    return put_fixed(out, digits, count, leading + 1);
}

static size_t put_float(char *out, bool negative, decimal d) {
    size_t size = 0;
    if (negative) out[size++] = '-';
    size += d.digits == 0 ? put_text(out + size, "0.0") : put_decimal(out + size, d);
    out[size] = '\0';
    return size;
}

size_t cf_format_f64(char out[32], double x) {
    if (isnan(x)) return put_text(out, "nan");
    if (isinf(x)) return put_text(out, x < 0 ? "-inf" : "inf");
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    const int biased = (int)(bits >> 52 & 0x7FF);
    decimal d = {0, 0};
    if (fraction != 0 || biased != 0) d = shortest_of_parts(fraction, biased, 52, 1023);
    return put_float(out, bits >> 63 != 0, d);
}

size_t cf_format_f32(char out[32], float x) {
    if (isnan(x)) return put_text(out, "nan");
    if (isinf(x)) return put_text(out, x < 0 ? "-inf" : "inf");
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t fraction = bits & (((uint32_t)1 << 23) - 1);
    const int biased = (int)(bits >> 23 & 0xFF);
    decimal d = {0, 0};
    if (fraction != 0 || biased != 0) d = shortest_of_parts(fraction, biased, 23, 127);
    return put_float(out, bits >> 31 != 0, d);
}

size_t cf_format_i64(char out[32], int64_t x) {
    size_t size = 0;
    if (x < 0) out[size++] = '-';
    size += put_digits(out + size, x < 0 ? -(uint64_t)x : (uint64_t)x);
    out[size] = '\0';
    return size;
}
