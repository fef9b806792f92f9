#include "base/arena.h"
#include "base/base.h"
#include "test.h"

static void items_are_aligned_as_asked_and_do_not_overlap(void) {
    cf_arena *arena = cf_arena_new(256);
    unsigned char *items[200];
    for (size_t i = 0; i < CF_COUNT(items); i++) {
        const size_t align = (size_t)1 << (i % 7);
        items[i] = cf_arena_alloc(arena, i, align);
        CHECK((uintptr_t)items[i] % align == 0);
        memset(items[i], (int)i, i);
    }
    for (size_t i = 0; i < CF_COUNT(items); i++)
        for (size_t k = 0; k < i; k++)
            CHECK(items[i][k] == i);
    cf_arena_free(arena);
}

static void needed_memory_is_zero(void) {
    cf_arena *arena = cf_arena_new(128);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 50; i++) {
            unsigned char *bytes = CF_NEWS(arena, unsigned char, 100);
            for (int k = 0; k < 100; k++)
                CHECK(bytes[k] == 0);
            memset(bytes, 0xAA, 100);
        }
        cf_arena_reset(arena);
    }
    cf_arena_free(arena);
}

static void used_counts_since_the_last_reset(void) {
    cf_arena *arena = cf_arena_new(64);
    CHECK(cf_arena_used(arena) == 0);
    CHECK(cf_arena_alloc(arena, 10, 1) != NULL);
    CHECK(cf_arena_alloc(arena, 1000, 8) != NULL);
    CHECK(cf_arena_used(arena) == 1010);
    cf_arena_reset(arena);
    CHECK(cf_arena_used(arena) == 0);
    CHECK(CF_NEW(arena, uint64_t) != NULL);
    CHECK(cf_arena_used(arena) == 8);
    cf_arena_free(arena);
}

static void large_items_between_small_ones_keep_their_bytes(void) {
    cf_arena *arena = cf_arena_new(1024);
    for (int round = 0; round < 5; round++) {
        uint8_t *small[10], *large[10];
        for (int i = 0; i < 10; i++) {
            small[i] = cf_arena_alloc(arena, 8, 8);
            large[i] = cf_arena_alloc(arena, (size_t)(5000 + 100 * round + i), 64);
            memset(small[i], i, 8);
            memset(large[i], 100 + i, (size_t)(5000 + 100 * round + i));
        }
        for (int i = 0; i < 10; i++)
            CHECK(small[i][0] == i && small[i][7] == i && large[i][0] == 100 + i &&
                  large[i][4999] == 100 + i);
        cf_arena_reset(arena);
    }
    cf_arena_free(arena);
}

static void more_memory_than_there_is_gives_null(void) {
    cf_arena *arena = cf_arena_new(1024);
    CHECK(cf_arena_alloc(arena, SIZE_MAX - 5, 16) == NULL);
    CHECK(cf_arena_alloc(arena, 16, 16) != NULL);
    cf_arena_free(arena);
}

int main(void) {
    RUN(items_are_aligned_as_asked_and_do_not_overlap);
    RUN(needed_memory_is_zero);
    RUN(used_counts_since_the_last_reset);
    RUN(large_items_between_small_ones_keep_their_bytes);
    RUN(more_memory_than_there_is_gives_null);
    return cf_test_failures != 0;
}
