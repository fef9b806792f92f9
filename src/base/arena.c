#include "base/arena.h"

/* A list of blocks; items are cut from the first one.  An item too large for a common block
 * gets its own, behind the first, so that the first one's remaining room stays in use.  Reset
 * moves all blocks to a spare list, where the next round finds them. */

#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer every item is its own malloc'd block, so that an overrun inside the
 * arena, or a use after reset, is caught exactly as with malloc'd memory. */
#if defined(__SANITIZE_ADDRESS__)
#define PLAIN_MALLOC true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLAIN_MALLOC true
#endif
#endif
#ifndef PLAIN_MALLOC
#define PLAIN_MALLOC false
#endif

#define BLOCK_ALIGN 64

typedef struct block {
    struct block *next;
    size_t used;
    size_t capacity;
    _Alignas(BLOCK_ALIGN) unsigned char data[];
} block;

struct cf_arena {
    block *head;  /* in use, the first one takes new items */
    block *spare; /* from before the last reset */
    size_t block_bytes;
    size_t used;
};

_Static_assert(offsetof(block, data) % BLOCK_ALIGN == 0, "block data starts on a cache line");

cf_arena *cf_arena_new(size_t block_bytes) {
    cf_arena *arena = calloc(1, sizeof *arena);
    if (arena != NULL) arena->block_bytes = block_bytes;
    return arena;
}

/* Sizes of own blocks are rounded up in steps of an eighth, so that items which grow a little
 * from round to round fit into the block of the round before. */
static size_t own_capacity(size_t bytes) {
    if (PLAIN_MALLOC) return bytes;
    size_t step = 64;
    while (step < bytes / 16)
        step *= 2;
    return (bytes + step - 1) / step * step;
}

/* The smallest spare block with that much room, or NULL. */
static block *spare_take(cf_arena *arena, size_t capacity) {
    block **best = NULL;
    for (block **at = &arena->spare; *at != NULL; at = &(*at)->next) {
        if ((*at)->capacity >= capacity &&
            (best == NULL || (*at)->capacity < (*best)->capacity))
            best = at;
        if (best == at && (*at)->capacity == capacity) break; /* as common blocks do */
    }
    if (best == NULL) return NULL;
    block *found = *best;
    *best = found->next;
    found->used = 0;
    return found;
}

static block *block_new(size_t capacity) {
    void *memory = NULL;
    if (posix_memalign(&memory, BLOCK_ALIGN, sizeof(block) + capacity) != 0) return NULL;
    block *fresh = memory;
    fresh->used = 0;
    fresh->capacity = capacity;
    return fresh;
}

static block *block_push(cf_arena *arena, size_t bytes) {
    const bool common = !PLAIN_MALLOC && bytes < arena->block_bytes;
    const size_t capacity = common ? arena->block_bytes : own_capacity(bytes);
    block *b = spare_take(arena, capacity);
    if (b == NULL) b = block_new(capacity);
    if (b == NULL) return NULL;
    block **at = common || arena->head == NULL ? &arena->head : &arena->head->next;
    b->next = *at;
    *at = b;
    return b;
}

static size_t round_up(size_t n, size_t align) {
    return (n + align - 1) / align * align;
}

static bool fits(const block *b, size_t bytes, size_t align) {
    const size_t at = round_up(b->used, align);
    return at <= b->capacity && bytes <= b->capacity - at;
}

void *cf_arena_alloc(cf_arena *arena, size_t bytes, size_t align) {
    CF_ASSERT(align > 0 && align <= BLOCK_ALIGN && BLOCK_ALIGN % align == 0);
    if (bytes > SIZE_MAX / 4) return NULL;
    block *b = PLAIN_MALLOC ? NULL : arena->head;
    if (b == NULL || !fits(b, bytes, align)) b = block_push(arena, bytes);
    if (b == NULL) return NULL;
    const size_t at = round_up(b->used, align);
    b->used = at + bytes;
    arena->used += bytes;
    return b->data + at;
}

void *cf_arena_need(cf_arena *arena, size_t bytes) {
    void *memory = cf_arena_alloc(arena, bytes, _Alignof(max_align_t));
    if (memory == NULL) {
        (void)fprintf(stderr, "cutflow: out of memory (%zu bytes)\n", bytes);
        abort();
    }
    return memset(memory, 0, bytes);
}

static void blocks_free(block *b) {
    while (b != NULL) {
        block *next = b->next;
        free(b);
        b = next;
    }
}

/* Blocks that a round did not use stay for later ones while they are few: rounds differ, and
 * memory fresh from the system costs a page fault every 4 KiB. */
#define SPARE_BYTES_MAX ((size_t)16 << 20)

static void spare_trim(cf_arena *arena) {
    size_t kept = 0;
    for (block **at = &arena->spare; *at != NULL;) {
        block *b = *at;
        if (kept + b->capacity <= SPARE_BYTES_MAX) {
            kept += b->capacity;
            at = &b->next;
        } else {
            *at = b->next;
            free(b);
        }
    }
}

static void spare_add(cf_arena *arena, block *b) {
    while (b != NULL) {
        block *next = b->next;
        b->next = arena->spare;
        arena->spare = b;
        b = next;
    }
}

void cf_arena_reset(cf_arena *arena) {
    if (PLAIN_MALLOC) {
        blocks_free(arena->head);
    } else {
        spare_trim(arena);
        spare_add(arena, arena->head);
    }
    arena->head = NULL;
    arena->used = 0;
}

size_t cf_arena_used(const cf_arena *arena) {
    return arena->used;
}

void cf_arena_free(cf_arena *arena) {
    if (arena == NULL) return;
    blocks_free(arena->head);
    blocks_free(arena->spare);
    free(arena);
}
