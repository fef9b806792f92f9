#include "base/base.h"
#include "test.h"

static void hashes_are_fixed_for_good(void) {
    CHECK(cf_hash_u64(0, 0) == UINT64_C(0x6C67CD9783244DA8));
    CHECK(cf_hash_u64(42, 7) == UINT64_C(0x9655EDA91AE7F475));
    CHECK(cf_hash_bytes("", 0, 0) == UINT64_C(0x906BC958665E19B4));
    CHECK(cf_hash_bytes("the quick brown fox jumps", 25, 1) == UINT64_C(0xEAC103C173D3F570));
}

static void length_seed_and_every_byte_count(void) {
    unsigned char bytes[70] = {0};
    for (size_t size = 1; size < sizeof bytes; size++) {
        const uint64_t h = cf_hash_bytes(bytes, size, 0);
        CHECK(h != cf_hash_bytes(bytes, size - 1, 0));
        CHECK(h != cf_hash_bytes(bytes, size, 1));
        for (size_t i = 0; i < size; i++) {
            bytes[i] ^= 1;
            CHECK(h != cf_hash_bytes(bytes, size, 0));
            bytes[i] ^= 1;
        }
    }
}

static unsigned ones(uint64_t x) {
    unsigned count = 0;
    for (; x != 0; x &= x - 1)
        count++;
    return count;
}

static void one_input_bit_flips_about_half_of_the_result(void) {
    for (unsigned bit = 0; bit < 64; bit++) {
        double flipped_u64 = 0, flipped_bytes = 0;
        for (uint64_t i = 0; i < 1000; i++) {
            const uint64_t a = i * 977, b = a ^ (uint64_t)1 << bit;
            flipped_u64 += ones(cf_hash_u64(a, 5) ^ cf_hash_u64(b, 5));
            flipped_bytes += ones(cf_hash_bytes(&a, 8, 5) ^ cf_hash_bytes(&b, 8, 5));
        }
        CHECK_NEAR(flipped_u64 / 1000, 32, 1.5);
        CHECK_NEAR(flipped_bytes / 1000, 32, 1.5);
    }
}

static void random_numbers_fill_the_unit_interval_evenly(void) {
    for (uint64_t seed = 0; seed < 4; seed++) {
        int bins[20] = {0};
        double sum = 0, product = 0, last = 0.5;
        const int count = 200000;
        for (int i = 0; i < count; i++) {
            const double x = cf_random_unit(seed, (uint64_t)i);
            CHECK(x >= 0 && x < 1);
            bins[(int)(x * 20)]++;
            sum += x;
            product += (x - 0.5) * (last - 0.5);
            last = x;
        }
        CHECK_NEAR(sum / count, 0.5, 0.003);
        CHECK_NEAR(product / count, 0, 0.001);
        for (int i = 0; i < 20; i++)
            CHECK_NEAR(bins[i], count / 20, 500);
    }
}

int main(void) {
    RUN(hashes_are_fixed_for_good);
    RUN(length_seed_and_every_byte_count);
    RUN(one_input_bit_flips_about_half_of_the_result);
    RUN(random_numbers_fill_the_unit_interval_evenly);
    return cf_test_failures != 0;
}
