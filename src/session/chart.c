#include "session/chart.h"

/* The frame of a chart as particle physicists draw it: ticks inside on all four sides, titles
 * at the ends of the axes, what the plot holds in a line above it. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INK   0x1a1a1au
#define DIM   0x5c5c5cu
#define LABEL 13.0
#define TITLE 15.0
#define SMALL 12.0

/* ---- colours ---- */

uint32_t cf_chart_color(uint32_t series) {
    static const uint32_t colors[CF_CHART_COLORS] = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7,
                                                     0xe69f00, 0x56b4e9, 0x444444};
    return colors[series % CF_CHART_COLORS];
}

static const uint32_t counts_scale[] = {0x2b1055, 0x2f4b8f, 0x1f7f8c,
                                        0x3cab6e, 0xa8d03f, 0xfdf06b};
static const uint32_t table_scale[] = {0xf3f7fb, 0xb5d2ea, 0x5b9fd0, 0x1f6aa8, 0x0a3a6b};
static const uint32_t signed_scale[] = {0x0a4f8c, 0x6fa8d6, 0xf5f5f5, 0xe8956a, 0xa83a0c};

const uint32_t *cf_chart_anchors(cf_scale scale, size_t *count) {
    switch (scale) {
    case CF_SCALE_COUNTS: *count = CF_COUNT(counts_scale); return counts_scale;
    case CF_SCALE_TABLE: *count = CF_COUNT(table_scale); return table_scale;
    case CF_SCALE_SIGNED: break;
    }
    *count = CF_COUNT(signed_scale);
    return signed_scale;
}

static uint32_t mixed(uint32_t a, uint32_t b, double share, unsigned shift) {
    const double x = a >> shift & 255, y = b >> shift & 255;
    return (uint32_t)lround(x + (y - x) * share) << shift;
}

uint32_t cf_chart_shade(cf_scale scale, double share) {
    size_t count;
    const uint32_t *anchors = cf_chart_anchors(scale, &count);
    if (scale == CF_SCALE_SIGNED) share = (share + 1) / 2;
    const double at = (share < 0 ? 0 : share > 1 ? 1 : share) * (double)(count - 1);
    const size_t i = at >= (double)(count - 1) ? count - 2 : (size_t)at;
    const uint32_t a = anchors[i], b = anchors[i + 1];
    const double rest = at - (double)i;
    return mixed(a, b, rest, 16) | mixed(a, b, rest, 8) | mixed(a, b, rest, 0);
}

/* ---- pens ---- */

cf_pen cf_pen_label(cf_anchor anchor) {
    return (cf_pen){.color = INK, .opacity = 1, .size = LABEL, .anchor = anchor};
}

cf_pen cf_pen_title(cf_anchor anchor) {
    return (cf_pen){.color = INK, .opacity = 1, .size = TITLE, .anchor = anchor};
}

cf_pen cf_pen_dim(cf_anchor anchor) {
    return (cf_pen){.color = DIM, .opacity = 1, .size = SMALL, .anchor = anchor};
}

static const cf_pen thin = {.color = INK, .opacity = 1, .size = 1};

void cf_chart_name(cf_picture *p, cf_pen pen, double x, double y, const char *name,
                   double width) {
    if (cf_picture_text_width(name, pen.size) <= width) {
        cf_picture_text(p, pen, x, y, name);
        return;
    }
    cf_text cut = {0};
    const size_t size = strlen(name);
    for (size_t at = 0; at < size;) {
        uint32_t c;
        const size_t step = cf_utf8_next(name + at, size - at, &c);
        cf_text_add(&cut, name + at, step);
        if (cf_picture_text_width(cut.data == NULL ? "" : cut.data, pen.size) >
            width - pen.size) {
            cut.size -= cut.size >= step ? step : 0;
            break;
        }
        at += step;
    }
    cf_text_adds(&cut, "…");
    if (cut.data != NULL) cf_picture_text(p, pen, x, y, cut.data);
    cf_text_clear(&cut);
}

/* ---- the frame ---- */

double cf_frame_x(const cf_frame *f, double x) {
    return f->left + (x - f->x_low) / (f->x_high - f->x_low) * f->width;
}

double cf_frame_y(const cf_frame *f, double y) {
    return f->top + (f->y_high - y) / (f->y_high - f->y_low) * f->height;
}

/* Ticks, and the power of ten that their numbers leave out. */
typedef struct {
    cf_plot_ticks ticks;
    int power;
} axis;

static axis axis_of(double low, double high, double length, double room) {
    const double most = length / room;
    axis a = {.ticks = cf_plot_ticks_of(low, high, most < 3 ? 3 : (uint32_t)most)};
    const double size = fmax(fabs(low), fabs(high));
    const int power = size > 0 ? (int)floor(log10(size) + 1e-9) : 0;
    if (power >= 5 || power <= -3)
        a.power = 3 * (int)floor((power < -300 ? -300 : power) / 3.0);
    return a;
}

static axis x_axis(const cf_frame *f) {
    return axis_of(f->x_low, f->x_high, f->width, 62);
}

static axis y_axis(const cf_frame *f) {
    return axis_of(f->y_low, f->y_high, f->height, 42);
}

/* A number as set in print: with a minus, not a hyphen. */
static void tick_text(char out[40], const axis *a, uint32_t i) {
    const double unit = pow(10, a->power);
    char text[32];
    (void)cf_plot_tick_text(text, a->ticks.at[i] / unit, a->ticks.step / unit);
    (void)snprintf(out, 40, "%s%s", text[0] == '-' ? "−" : "", text + (text[0] == '-'));
}

void cf_frame_make_room(cf_frame *f) {
    const axis a = y_axis(f);
    double widest = 0;
    for (uint32_t i = 0; i < a.ticks.count; i++) {
        char text[40];
        tick_text(text, &a, i);
        widest = fmax(widest, cf_picture_text_width(text, LABEL));
    }
    const double right = f->left + f->width;
    f->left = widest + 38;
    f->width = right - f->left;
}

static void add_segment(cf_picture *p, cf_pen pen, double x0, double y0, double x1, double y1) {
    const double at[4] = {x0, y0, x1, y1};
    cf_picture_add(p, CF_MARK_SEGMENTS, pen, at, 1);
}

/* A tick and its mirror on the other side. */
static void x_tick(const cf_frame *f, double x, double length) {
    const double at = cf_frame_x(f, x), bottom = f->top + f->height;
    add_segment(f->p, thin, at, bottom, at, bottom - length);
    add_segment(f->p, thin, at, f->top, at, f->top + length);
}

static void y_tick(const cf_frame *f, double y, double length) {
    const double at = cf_frame_y(f, y), right = f->left + f->width;
    add_segment(f->p, thin, f->left, at, f->left + length, at);
    add_segment(f->p, thin, right, at, right - length, at);
}

/* Four small ticks between steps of 1 and 5, three between steps of 2. */
static void small_ticks(const cf_frame *f, const cf_plot_ticks *t, double low, double high,
                        void (*tick)(const cf_frame *f, double x, double length)) {
    if (t->count == 0) return;
    const double lead = t->step / pow(10, floor(log10(t->step) + 1e-9));
    const double step = t->step / (lead > 1.5 && lead < 2.5 ? 4 : 5);
    const double first = ceil(low / step - 1e-6), last = floor(high / step + 1e-6);
    for (int i = 0; i <= last - first && last - first < 400; i++)
        tick(f, (first + i) * step, 3.5);
}

static void add_power(const cf_frame *f, cf_anchor anchor, double x, double y, int power) {
    char text[16];
    if (power == 0) return;
    (void)snprintf(text, sizeof text, "%s%d", power < 0 ? "−" : "", abs(power));
    cf_pen small = cf_pen_label(CF_ANCHOR_START);
    small.size = 10;
    const double wide = cf_picture_text_width(text, small.size);
    const double base = anchor == CF_ANCHOR_END ? x - wide : x + 26;
    cf_picture_text(f->p, cf_pen_label(CF_ANCHOR_END), base, y, "×10");
    cf_picture_text(f->p, small, base + 1, y - 5, text);
}

static void draw_dates(const cf_frame *f, const cf_plot_labels *t) {
    for (uint32_t i = 0; i < t->count; i++) {
        x_tick(f, t->at[i], 7);
        cf_picture_text(f->p, cf_pen_label(CF_ANCHOR_MIDDLE), cf_frame_x(f, t->at[i]),
                        f->top + f->height + 18, t->text[i]);
    }
    if (t->count > 0 && strchr(t->text[t->count - 1], ':') != NULL) { /* of which day? */
        char day[24];
        cf_plot_first_day(day, f->x_kind, f->x_low);
        cf_picture_text(f->p, cf_pen_dim(CF_ANCHOR_START), f->left, f->top + f->height + 36,
                        day);
    }
}

static void draw_x_axis(const cf_frame *f) {
    cf_plot_labels dates;
    if (cf_plot_time_ticks(f->x_kind, f->x_low, f->x_high, 6, &dates)) {
        draw_dates(f, &dates);
        return;
    }
    const axis a = x_axis(f);
    small_ticks(f, &a.ticks, f->x_low, f->x_high, x_tick);
    for (uint32_t i = 0; i < a.ticks.count; i++) {
        char text[40];
        tick_text(text, &a, i);
        x_tick(f, a.ticks.at[i], 7);
        cf_picture_text(f->p, cf_pen_label(CF_ANCHOR_MIDDLE), cf_frame_x(f, a.ticks.at[i]),
                        f->top + f->height + 18, text);
    }
    add_power(f, CF_ANCHOR_END, f->left + f->width, f->top + f->height + 34, a.power);
}

static void draw_y_axis(const cf_frame *f) {
    const axis a = y_axis(f);
    small_ticks(f, &a.ticks, f->y_low, f->y_high, y_tick);
    for (uint32_t i = 0; i < a.ticks.count; i++) {
        char text[40];
        tick_text(text, &a, i);
        y_tick(f, a.ticks.at[i], 7);
        cf_picture_text(f->p, cf_pen_label(CF_ANCHOR_END), f->left - 7,
                        cf_frame_y(f, a.ticks.at[i]) + 4.5, text);
    }
    add_power(f, CF_ANCHOR_START, f->left, f->top - 6, a.power);
}

void cf_frame_draw(const cf_frame *f, const char *x_title, const char *y_title) {
    const double right = f->left + f->width, bottom = f->top + f->height;
    const double box[10] = {f->left, f->top,  right,  f->top,  right,
                            bottom,  f->left, bottom, f->left, f->top};
    draw_x_axis(f);
    draw_y_axis(f);
    cf_picture_add(f->p, CF_MARK_LINE, (cf_pen){.color = INK, .opacity = 1, .size = 1.3}, box,
                   5);
    cf_plot_labels dates;
    const bool calendar = cf_plot_time_ticks(f->x_kind, f->x_low, f->x_high, 6, &dates);
    const double room = !calendar && x_axis(f).power != 0 ? f->width - 50 : f->width;
    if (x_title != NULL)
        cf_chart_name(f->p, cf_pen_title(CF_ANCHOR_END), f->left + room, bottom + 38, x_title,
                      room);
    cf_pen up = cf_pen_title(CF_ANCHOR_END);
    up.turned = true;
    if (y_title != NULL) cf_chart_name(f->p, up, 16, f->top, y_title, f->height);
}

/* ---- above the frame ---- */

/* As many words of `text` as fit: bytes. */
static size_t line_end(const char *text, double width) {
    size_t end = 0;
    char line[400];
    for (size_t at = 0;; at++) {
        if (text[at] != ' ' && text[at] != '\0') continue;
        if (at >= sizeof line) break;
        memcpy(line, text, at);
        line[at] = '\0';
        if (cf_picture_text_width(line, SMALL) > width && end > 0) break;
        end = at;
        if (text[at] == '\0') break;
    }
    return end > 0 ? end : strlen(text);
}

static double draw_caption(cf_picture *p, const char *caption, double y) {
    const double width = CF_CHART_WIDTH - 60;
    for (int lines = 0; *caption != '\0' && lines < 4; lines++) {
        const size_t end = line_end(caption, width);
        const char *line = cf_str_dup(p->arena, (cf_str){caption, end});
        y += 16;
        cf_chart_name(p, cf_pen_dim(CF_ANCHOR_END), CF_CHART_WIDTH - 20, y, line, width);
        caption += end;
        while (*caption == ' ')
            caption++;
    }
    return y;
}

static void draw_sample(cf_picture *p, uint32_t series, cf_mark_kind mark, double x, double y) {
    const cf_pen pen = {
        .color = cf_chart_color(series), .opacity = 1, .size = mark == CF_MARK_DOTS ? 8 : 2.4};
    const double dot[2] = {x + 14, y - 4.5}, box[4] = {x + 10, y - 10, 11, 11};
    if (mark == CF_MARK_DOTS)
        cf_picture_add(p, mark, pen, dot, 1);
    else if (mark == CF_MARK_RECTS)
        cf_picture_add(p, mark, pen, box, 1);
    else
        add_segment(p, pen, x, y - 4.5, x + 22, y - 4.5);
}

static double draw_legend(cf_picture *p, const cf_legend *l, double y) {
    double x = 60;
    y += 20;
    for (uint32_t i = 0; i < l->count; i++) {
        const double wide = fmin(cf_picture_text_width(l->names[i], LABEL), 200);
        if (x + 30 + wide > CF_CHART_WIDTH - 20 && x > 60) {
            x = 60;
            y += 19;
        }
        draw_sample(p, i, l->mark, x, y);
        cf_chart_name(p, cf_pen_label(CF_ANCHOR_START), x + 28, y, l->names[i], 200);
        x += 50 + wide;
    }
    return y;
}

double cf_chart_head(cf_picture *p, const char *caption, const cf_legend *legend,
                     double below) {
    const size_t background = p->count;
    const double none[4] = {0};
    p->width = CF_CHART_WIDTH;
    cf_picture_add(p, CF_MARK_RECTS, (cf_pen){.color = 0xffffff, .opacity = 1}, none, 1);
    double y = draw_caption(p, caption, 4);
    if (legend != NULL) y = draw_legend(p, legend, y);
    y += 9;
    if (y < 26) y = 26;
    p->height = y + below;
    if (p->failed) return y;
    double *size = cf_arena_alloc(p->arena, 4 * sizeof *size, sizeof *size);
    if (size == NULL)
        p->failed = true;
    else {
        size[0] = size[1] = 0;
        size[2] = p->width;
        size[3] = p->height;
        p->marks[background].at = size;
    }
    return y;
}

/* ---- captions ---- */

void cf_chart_own_caption(cf_text *out, const cf_result *r) {
    if (r->caption == NULL || r->caption[0] == '\0') return;
    cf_text_addf(out, "%s%s", out->size > 0 ? ", " : "", r->caption);
}

static void add_part(cf_text *out, int64_t shown, int64_t all, const char *what) {
    if (shown >= all) return;
    char a[32], b[32];
    (void)cf_format_i64(a, shown);
    (void)cf_format_i64(b, all);
    cf_text_addf(out, "%s of %s %s", a, b, what);
}

void cf_chart_lines_caption(cf_text *out, const cf_result *r, const cf_plot_lines *l,
                            bool connected, uint32_t drawn) {
    cf_text_add(out, "", 0);
    add_part(out, drawn, l->count, connected ? "points of each line drawn" : "points drawn");
    cf_chart_own_caption(out, r);
}

void cf_chart_rows_caption(cf_text *out, const cf_result *r, uint32_t shown, int64_t rows) {
    cf_text_add(out, "", 0);
    if (shown < rows) cf_text_adds(out, "the first ");
    add_part(out, shown, rows, "rows");
    cf_chart_own_caption(out, r);
}
