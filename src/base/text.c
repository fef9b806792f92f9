#include "base/base.h"

/* Borrowed text, and text that grows. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cf_str cf_str_of(const char *zero_terminated) {
    return (cf_str){zero_terminated, strlen(zero_terminated)};
}

bool cf_str_equal(cf_str a, cf_str b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool cf_str_is(cf_str a, const char *b) {
    return cf_str_equal(a, cf_str_of(b));
}

int cf_str_compare(cf_str a, cf_str b) {
    const size_t shared = a.size < b.size ? a.size : b.size;
    const int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

char *cf_str_dup(cf_arena *arena, cf_str s) {
    char *copy = cf_arena_need(arena, s.size + 1);
    if (s.size > 0) memcpy(copy, s.data, s.size);
    return copy;
}

char *cf_arena_printf(cf_arena *arena, const char *fmt, ...) {
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    const int size = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    CF_ASSERT(size >= 0);
    char *text = cf_arena_need(arena, (size_t)size + 1);
    (void)vsnprintf(text, (size_t)size + 1, fmt, again);
    va_end(again);
    return text;
}

/* Room for `more` bytes and a zero after them. */
static bool text_reserve(cf_text *t, size_t more) {
    if (t->failed) return false;
    if (more < t->capacity && t->size < t->capacity - more) return true;
    size_t capacity = t->capacity < 64 ? 64 : t->capacity;
    while (capacity <= SIZE_MAX / 4 && capacity - t->size <= more)
        capacity *= 2;
    char *data = capacity - t->size > more ? realloc(t->data, capacity) : NULL;
    if (data == NULL) {
        t->failed = true;
        return false;
    }
    t->data = data;
    t->capacity = capacity;
    return true;
}

void cf_text_add(cf_text *t, const char *data, size_t size) {
    if (!text_reserve(t, size)) return;
    if (size > 0) memcpy(t->data + t->size, data, size);
    t->size += size;
    t->data[t->size] = '\0';
}

void cf_text_adds(cf_text *t, const char *zero_terminated) {
    cf_text_add(t, zero_terminated, strlen(zero_terminated));
}

void cf_text_addc(cf_text *t, char c) {
    cf_text_add(t, &c, 1);
}

void cf_text_addf(cf_text *t, const char *fmt, ...) {
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    const int size = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (size < 0) t->failed = true;
    if (size >= 0 && text_reserve(t, (size_t)size)) {
        (void)vsnprintf(t->data + t->size, (size_t)size + 1, fmt, again);
        t->size += (size_t)size;
    }
    va_end(again);
}

void cf_text_clear(cf_text *t) {
    free(t->data);
    *t = (cf_text){0};
}
