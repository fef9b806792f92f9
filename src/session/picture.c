#include "session/picture.h"

#include <string.h>

size_t cf_mark_stride(cf_mark_kind kind) {
    return kind == CF_MARK_RECTS || kind == CF_MARK_SEGMENTS ? 4 : 2;
}

static cf_mark *new_mark(cf_picture *p) {
    if (p->count == p->capacity) {
        const size_t capacity = p->capacity == 0 ? 64 : 2 * p->capacity;
        cf_mark *marks = cf_arena_alloc(p->arena, capacity * sizeof *marks, sizeof(double));
        if (marks == NULL) return NULL;
        if (p->count > 0) memcpy(marks, p->marks, p->count * sizeof *marks);
        p->marks = marks;
        p->capacity = capacity;
    }
    return &p->marks[p->count];
}

static void add(cf_picture *p, cf_mark_kind kind, cf_pen pen, const double *at, size_t count,
                const char *text) {
    if (count == 0 || p->failed) return;
    const size_t bytes = count * cf_mark_stride(kind) * sizeof *at;
    double *copy = cf_arena_alloc(p->arena, bytes, sizeof *at);
    cf_mark *mark = new_mark(p);
    if (copy == NULL || mark == NULL) {
        p->failed = true;
        return;
    }
    memcpy(copy, at, bytes);
    *mark = (cf_mark){kind, pen, copy, count, text};
    p->count++;
}

void cf_picture_add(cf_picture *p, cf_mark_kind kind, cf_pen pen, const double *at,
                    size_t count) {
    CF_ASSERT(kind != CF_MARK_TEXT);
    add(p, kind, pen, at, count, NULL);
}

void cf_picture_text(cf_picture *p, cf_pen pen, double x, double y, const char *text) {
    const double at[2] = {x, y};
    add(p, CF_MARK_TEXT, pen, at, 1, cf_str_dup(p->arena, cf_str_of(text)));
}

/* In parts of the letters' height, of common sans-serif fonts, the wider ones. */
static double letter_width(uint32_t x) {
    if (x > 0x7F) return 0.65;
    if (strchr("ijltfrI.,:;'|!()[]{} ", (int)x) != NULL) return 0.36;
    if (strchr("mwMW%@", (int)x) != NULL) return 0.92;
    return x >= 'A' && x <= 'Z' ? 0.7 : 0.62;
}

double cf_picture_text_width(const char *text, double size) {
    double width = 0;
    const size_t bytes = strlen(text);
    for (size_t at = 0; at < bytes;) {
        uint32_t x;
        const size_t step = cf_utf8_next(text + at, bytes - at, &x);
        const int columns = cf_utf8_width(text + at, step);
        width += letter_width(x) * (columns > 1 ? 2 : 1);
        at += step;
    }
    return width * size;
}
