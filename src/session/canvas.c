#include "session/canvas.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool cf_canvas_init(cf_canvas *c, cf_arena *arena, int width, int height, bool unicode) {
    const size_t cells = (size_t)width * (size_t)height;
    *c = (cf_canvas){width, height, NULL, NULL, unicode};
    c->glyphs = cf_arena_alloc(arena, cells * sizeof *c->glyphs, sizeof *c->glyphs);
    c->inks = cf_arena_alloc(arena, cells, 1);
    if (c->glyphs == NULL || c->inks == NULL) return false;
    memset(c->glyphs, 0, cells * sizeof *c->glyphs);
    memset(c->inks, 0, cells);
    return true;
}

void cf_canvas_put(cf_canvas *c, int x, int y, uint32_t glyph, uint8_t ink) {
    if (x < 0 || y < 0 || x >= c->width || y >= c->height) return;
    c->glyphs[(size_t)y * (size_t)c->width + (size_t)x] = glyph;
    c->inks[(size_t)y * (size_t)c->width + (size_t)x] = ink;
}

void cf_canvas_text(cf_canvas *c, int x, int y, const char *text, uint8_t ink) {
    const size_t size = strlen(text);
    for (size_t at = 0; at < size; x++) {
        uint32_t glyph;
        at += cf_utf8_next(text + at, size - at, &glyph);
        cf_canvas_put(c, x, y, glyph, ink);
    }
}

static void put_ink(cf_text *out, uint8_t ink) {
    if (ink < CF_CANVAS_SERIES)
        cf_put_ink(out, (cf_ink)ink, true);
    else
        cf_text_addf(out, "\033[%dm", 36 - (ink - CF_CANVAS_SERIES) % 6);
}

static void print_line(cf_text *out, const uint32_t *glyphs, const uint8_t *inks, int width,
                       bool color) {
    uint8_t ink = CF_INK_NONE;
    while (width > 0 && glyphs[width - 1] == 0)
        width--;
    for (int x = 0; x < width; x++) {
        char bytes[4];
        if (color && inks[x] != ink && glyphs[x] != 0) {
            if (ink != CF_INK_NONE) put_ink(out, CF_INK_NONE);
            if (inks[x] != CF_INK_NONE) put_ink(out, inks[x]);
            ink = inks[x];
        }
        cf_text_add(out, bytes, cf_utf8_put(bytes, glyphs[x] == 0 ? ' ' : glyphs[x]));
    }
    if (ink != CF_INK_NONE) put_ink(out, CF_INK_NONE);
    cf_text_addc(out, '\n');
}

void cf_canvas_print(cf_text *out, const cf_canvas *c, bool color) {
    for (int y = 0; y < c->height; y++) {
        const size_t at = (size_t)y * (size_t)c->width;
        print_line(out, c->glyphs + at, c->inks + at, c->width, color);
    }
}

/* ---- axes ---- */

static uint32_t y_tick_count(int height) {
    return height < 6 ? 2 : (uint32_t)height * 2 / 5 + 1;
}

int cf_axes_label_width(double low, double high, int height) {
    const cf_plot_ticks t = cf_plot_ticks_of(low, high, y_tick_count(height));
    size_t width = 1;
    for (uint32_t i = 0; i < t.count; i++) {
        char text[32];
        const size_t size = cf_plot_tick_text(text, t.at[i], t.step);
        if (size > width) width = size;
    }
    return (int)width;
}

static void draw_y_axis(cf_canvas *c, const cf_axes *a) {
    const cf_plot_ticks t = cf_plot_ticks_of(a->y_low, a->y_high, y_tick_count(a->height));
    const int rows = a->y_from_axis ? a->height : a->height - 1;
    for (int y = 0; y < a->height; y++)
        cf_canvas_put(c, a->left - 1, a->top + y, c->unicode ? 0x2502 : '|', CF_INK_DIM);
    cf_canvas_put(c, a->left - 1, a->top + a->height, c->unicode ? 0x2514 : '+', CF_INK_DIM);
    for (uint32_t i = 0; i < t.count; i++) {
        char text[32];
        const int size = (int)cf_plot_tick_text(text, t.at[i], t.step);
        const double share = (a->y_high - t.at[i]) / (a->y_high - a->y_low);
        const int y = a->top + (int)lround(share * rows);
        const bool corner = y == a->top + a->height;
        cf_canvas_text(c, a->left - 2 - size, y, text, CF_INK_NONE);
        if (!corner) cf_canvas_put(c, a->left - 1, y, c->unicode ? 0x2524 : '+', CF_INK_DIM);
    }
}

static void draw_x_label(cf_canvas *c, const cf_axes *a, const char *text, int x, int *free) {
    const int size = (int)strlen(text);
    int begin = x - size / 2;
    if (begin + size > c->width) begin = c->width - size;
    if (begin < *free) return;
    cf_canvas_text(c, begin, a->top + a->height + 1, text, CF_INK_NONE);
    *free = begin + size + 1;
}

static void x_labels(const cf_axes *a, uint32_t most, cf_plot_labels *labels) {
    if (cf_plot_time_ticks(a->x_kind, a->x_low, a->x_high, most * 2 / 3 + 1, labels)) return;
    const cf_plot_ticks t = cf_plot_ticks_of(a->x_low, a->x_high, most);
    *labels = (cf_plot_labels){.count = t.count};
    for (uint32_t i = 0; i < t.count; i++) {
        char text[32];
        labels->at[i] = t.at[i];
        (void)cf_plot_tick_text(text, t.at[i], t.step);
        (void)snprintf(labels->text[i], sizeof labels->text[i], "%.23s", text);
    }
}

static void draw_x_axis(cf_canvas *c, const cf_axes *a) {
    const uint32_t most = a->width < 24 ? 3 : a->width > 120 ? 15 : (uint32_t)a->width / 8 + 1;
    const int y = a->top + a->height;
    int free = 0;
    for (int x = 0; x <= a->width; x++)
        cf_canvas_put(c, a->left + x, y, c->unicode ? 0x2500 : '-', CF_INK_DIM);
    cf_plot_labels t;
    x_labels(a, most, &t);
    for (uint32_t i = 0; i < t.count; i++) {
        const double share = (t.at[i] - a->x_low) / (a->x_high - a->x_low);
        const int x = a->left + (int)lround(share * a->width);
        cf_canvas_put(c, x, y, c->unicode ? 0x252C : '+', CF_INK_DIM);
        draw_x_label(c, a, t.text[i], x, &free);
    }
}

void cf_axes_draw(cf_canvas *c, const cf_axes *a) {
    draw_y_axis(c, a);
    draw_x_axis(c, a);
}
