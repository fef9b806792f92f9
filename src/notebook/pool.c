/* Blocks that double in size, texts that grow. */

#include "notebook/pool.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALIGNMENT = 16, BLOCK_SIZE = 1 << 16, EXIT_DIED = 3 };

typedef struct block {
    struct block *next;
    size_t size, used;
} block;

struct cf_nb_pool {
    block *blocks;
};

static _Noreturn void no_memory(void) {
    fputs("cutflow: not enough memory\n", stderr);
    _exit(EXIT_DIED);
}

static void *must(void *memory) {
    if (memory == NULL) no_memory();
    return memory;
}

cf_nb_pool *cf_nb_pool_new(void) {
    return must(calloc(1, sizeof(cf_nb_pool)));
}

void cf_nb_pool_free(cf_nb_pool *pool) {
    if (pool == NULL) return;
    for (block *b = pool->blocks; b != NULL;) {
        block *next = b->next;
        free(b);
        b = next;
    }
    free(pool);
}

static size_t rounded(size_t size) {
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static block *grow(cf_nb_pool *pool, size_t size) {
    const size_t head = rounded(sizeof(block)),
                 room = size > BLOCK_SIZE ? size : (size_t)BLOCK_SIZE;
    block *b = must(calloc(1, head + room));
    *b = (block){pool->blocks, head + room, head};
    pool->blocks = b;
    return b;
}

void *cf_nb_alloc(cf_nb_pool *pool, size_t count, size_t size) {
    if (size != 0 && count > (SIZE_MAX / 2 - ALIGNMENT) / size) no_memory();
    const size_t bytes = rounded(count * size);
    block *b = pool->blocks;
    if (b == NULL || b->size - b->used < bytes) b = grow(pool, bytes);
    void *at = (char *)b + b->used;
    b->used += bytes;
    return at;
}

/* ---- texts ---- */

cf_nb_str cf_nb_str_of(const char *zero_terminated) {
    if (zero_terminated == NULL) return (cf_nb_str){"", 0};
    return (cf_nb_str){zero_terminated, strlen(zero_terminated)};
}

bool cf_nb_str_equal(cf_nb_str a, cf_nb_str b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool cf_nb_str_is(cf_nb_str a, const char *b) {
    return cf_nb_str_equal(a, cf_nb_str_of(b));
}

bool cf_nb_str_starts(cf_nb_str a, const char *prefix) {
    const size_t n = strlen(prefix);
    return a.size >= n && memcmp(a.data, prefix, n) == 0;
}

int cf_nb_str_compare(cf_nb_str a, cf_nb_str b) {
    const size_t n = a.size < b.size ? a.size : b.size;
    const int order = n == 0 ? 0 : memcmp(a.data, b.data, n);
    if (order != 0) return order;
    return (a.size > b.size) - (a.size < b.size);
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

cf_nb_str cf_nb_str_trim(cf_nb_str s) {
    while (s.size > 0 && is_space(s.data[0])) {
        s.data++;
        s.size--;
    }
    while (s.size > 0 && is_space(s.data[s.size - 1]))
        s.size--;
    return s;
}

bool cf_nb_str_line(cf_nb_str *rest, cf_nb_str *line) {
    if (rest->size == 0) return false;
    const char *end = memchr(rest->data, '\n', rest->size);
    const size_t size = end != NULL ? (size_t)(end - rest->data) : rest->size,
                 skip = size + (end != NULL);
    *line = (cf_nb_str){rest->data, size};
    *rest = (cf_nb_str){rest->data + skip, rest->size - skip};
    return true;
}

cf_nb_str cf_nb_dup(cf_nb_pool *pool, cf_nb_str s) {
    char *copy = cf_nb_alloc(pool, s.size + 1, 1);
    if (s.size > 0) memcpy(copy, s.data, s.size);
    return (cf_nb_str){copy, s.size};
}

static void reserve(cf_nb_text *t, size_t more) {
    if (more >= SIZE_MAX / 4 - t->size) no_memory();
    if (t->size + more + 1 <= t->capacity) return;
    size_t capacity = t->capacity < 64 ? 64 : t->capacity;
    while (capacity < t->size + more + 1)
        capacity *= 2;
    t->data = must(realloc(t->data, capacity));
    t->capacity = capacity;
}

void cf_nb_text_add(cf_nb_text *t, const char *data, size_t size) {
    reserve(t, size);
    if (size > 0) memcpy(t->data + t->size, data, size);
    t->size += size;
    t->data[t->size] = '\0';
}

void cf_nb_text_adds(cf_nb_text *t, const char *zero_terminated) {
    cf_nb_text_add(t, zero_terminated, strlen(zero_terminated));
}

void cf_nb_text_addc(cf_nb_text *t, char c) {
    cf_nb_text_add(t, &c, 1);
}

void cf_nb_text_addt(cf_nb_text *t, cf_nb_str s) {
    cf_nb_text_add(t, s.data, s.size);
}

static void add_formatted(cf_nb_text *t, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    const int size = vsnprintf(NULL, 0, format, arguments);
    if (size > 0) {
        reserve(t, (size_t)size);
        vsnprintf(t->data + t->size, (size_t)size + 1, format, again);
        t->size += (size_t)size;
    }
    va_end(again);
}

void cf_nb_text_addf(cf_nb_text *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_formatted(t, format, arguments);
    va_end(arguments);
}

char *cf_nb_printf(cf_nb_pool *pool, const char *format, ...) {
    cf_nb_text t = {0};
    va_list arguments;
    va_start(arguments, format);
    add_formatted(&t, format, arguments);
    va_end(arguments);
    char *copy = cf_nb_alloc(pool, t.size + 1, 1);
    if (t.size > 0) memcpy(copy, t.data, t.size);
    cf_nb_text_clear(&t);
    return copy;
}

cf_nb_str cf_nb_text_view(const cf_nb_text *t) {
    return (cf_nb_str){t->data != NULL ? t->data : "", t->size};
}

cf_nb_str cf_nb_text_keep(cf_nb_text *t, cf_nb_pool *pool) {
    const cf_nb_str kept = cf_nb_dup(pool, cf_nb_text_view(t));
    cf_nb_text_clear(t);
    return kept;
}

void cf_nb_text_clear(cf_nb_text *t) {
    free(t->data);
    *t = (cf_nb_text){0};
}
