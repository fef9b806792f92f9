#include "base/base.h"

/* Hashing: multiply two 64-bit words to 128 bits and fold the halves together, which spreads
 * every input bit over the whole result.  Words are read in little-endian order whatever the
 * machine, and the functions are fixed for good: results that users see (samples, splits)
 * depend on them. */

__extension__ typedef unsigned __int128 uint128;

/* Fractions of the square roots of 2, 3, 5 and 7, made odd. */
#define K0 UINT64_C(0x6A09E667F3BCC909)
#define K1 UINT64_C(0xBB67AE8584CAA73B)
#define K2 UINT64_C(0x3C6EF372FE94F82B)
#define K3 UINT64_C(0xA54FF53A5F1D36F1)

static uint64_t fold(uint64_t a, uint64_t b) {
    const uint128 product = (uint128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Up to eight bytes as a little-endian word. */
static uint64_t word(const unsigned char *p, size_t size) {
    uint64_t x = 0;
    for (size_t i = 0; i < size; i++)
        x |= (uint64_t)p[i] << (8 * i);
    return x;
}

uint64_t cf_hash_bytes(const void *data, size_t size, uint64_t seed) {
    const unsigned char *p = data;
    uint64_t h = fold(seed ^ K0, (uint64_t)size ^ K1);
    size_t left = size;
    for (; left > 16; left -= 16, p += 16)
        h = fold(word(p, 8) ^ K2 ^ h, word(p + 8, 8) ^ K3);
    const size_t first = left < 8 ? left : 8;
    const uint64_t a = left == 0 ? 0 : word(p, first);
    const uint64_t b = left > 8 ? word(p + 8, left - 8) : 0;
    return cf_hash_u64(fold(a ^ K2 ^ h, b ^ K3) ^ h, K1);
}

/* A bijection of x for every seed: two rounds of shift and odd multiplication. */
uint64_t cf_hash_u64(uint64_t x, uint64_t seed) {
    x ^= seed * K1 + K0;
    x = (x ^ x >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    x = (x ^ x >> 29) * UINT64_C(0xA0761D6478BD642F);
    x = (x ^ x >> 32) * K3;
    return x ^ x >> 29;
}

double cf_random_unit(uint64_t seed, uint64_t row) {
    const uint64_t bits = cf_hash_u64(row, cf_hash_u64(seed, K2)) >> 11;
    return (double)bits * 0x1p-53;
}
