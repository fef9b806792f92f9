#include "session/chart.h"

/* Charts of categories: bars, crossings, cut flows. */

#include "session/render.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RIGHT (CF_CHART_WIDTH - 20.0)

static void add_rect(cf_picture *p, uint32_t color, double opacity, double x, double y,
                     double width, double height) {
    const double at[4] = {x, y, width, height};
    cf_picture_add(p, CF_MARK_RECTS, (cf_pen){.color = color, .opacity = opacity}, at, 1);
}

static double widest_name(const char *const *names, uint32_t count, double size, double most) {
    double widest = 0;
    for (uint32_t i = 0; i < count; i++)
        widest = fmax(widest, cf_picture_text_width(names[i], size));
    return fmin(widest, most);
}

/* ---- bars ---- */

#define UPRIGHT_ROOM 560.0

bool cf_bars_are_upright(const cf_plot_bars *b) {
    const double name = widest_name(b->names, b->count, 13, 1e6) + 10;
    return b->count * fmax(name, 9.0 * b->series_count + 6) <= UPRIGHT_ROOM;
}

/* Ticks of the value axis only. */
static void draw_value_axis(cf_picture *p, const cf_frame *f, bool upright) {
    const cf_plot_ticks t = upright ? cf_plot_ticks_of(f->y_low, f->y_high, 8)
                                    : cf_plot_ticks_of(f->x_low, f->x_high, 8);
    const cf_pen grid = {.color = 0xdddddd, .opacity = 1, .size = 1};
    for (uint32_t i = 0; i < t.count; i++) {
        char text[32];
        (void)cf_plot_tick_text(text, t.at[i], t.step);
        const double x = upright ? f->left : cf_frame_x(f, t.at[i]);
        const double y = upright ? cf_frame_y(f, t.at[i]) : f->top;
        const double line[4] = {x, y, upright ? f->left + f->width : x,
                                upright ? y : f->top + f->height};
        cf_picture_add(p, CF_MARK_SEGMENTS, grid, line, 1);
        if (upright)
            cf_picture_text(p, cf_pen_label(CF_ANCHOR_END), f->left - 7, y + 4.5, text);
        else
            cf_picture_text(p, cf_pen_label(CF_ANCHOR_MIDDLE), x, f->top + f->height + 17,
                            text);
    }
}

/* One bar of a group. */
static void draw_bar(const cf_frame *f, const cf_plot_bars *b, uint32_t i, uint32_t s,
                     bool upright) {
    const double value = b->values[s][i];
    if (!isfinite(value)) return;
    const double slot = (upright ? f->width : f->height) / b->count;
    const double thick = fmin(slot * 0.76 / b->series_count, 90);
    const double margin = (slot - thick * b->series_count) / 2;
    const double at = (upright ? f->left : f->top) + slot * i + margin + thick * s;
    if (upright) {
        const double zero = cf_frame_y(f, 0), y = cf_frame_y(f, value);
        add_rect(f->p, cf_chart_color(s), 0.9, at, fmin(zero, y), thick, fabs(zero - y));
    } else {
        const double zero = cf_frame_x(f, 0), x = cf_frame_x(f, value);
        add_rect(f->p, cf_chart_color(s), 0.9, fmin(zero, x), at, fabs(zero - x), thick);
    }
}

static void draw_bar_names(const cf_frame *f, const cf_plot_bars *b, bool upright) {
    const double slot = (upright ? f->width : f->height) / b->count;
    for (uint32_t i = 0; i < b->count; i++)
        if (upright)
            cf_chart_name(f->p, cf_pen_label(CF_ANCHOR_MIDDLE), f->left + slot * (i + 0.5),
                          f->top + f->height + 18, b->names[i], slot);
        else
            cf_chart_name(f->p, cf_pen_label(CF_ANCHOR_END), f->left - 8,
                          f->top + slot * (i + 0.5) + 4.5, b->names[i], f->left - 30);
}

static void draw_zero(const cf_frame *f, bool upright) {
    const double x = cf_frame_x(f, 0), y = cf_frame_y(f, 0);
    const double at[4] = {upright ? f->left : x, upright ? y : f->top,
                          upright ? f->left + f->width : x, upright ? y : f->top + f->height};
    cf_picture_add(f->p, CF_MARK_SEGMENTS,
                   (cf_pen){.color = 0x1a1a1a, .opacity = 1, .size = 1.3}, at, 1);
}

static double value_width(double low, double high) {
    const cf_plot_ticks t = cf_plot_ticks_of(low, high, 8);
    double widest = 0;
    for (uint32_t i = 0; i < t.count; i++) {
        char text[32];
        (void)cf_plot_tick_text(text, t.at[i], t.step);
        widest = fmax(widest, cf_picture_text_width(text, 13));
    }
    return widest;
}

static void draw_bar_titles(const cf_frame *f, const cf_result *r, const cf_plot_bars *b,
                            bool upright) {
    const char *value = r->label_y != NULL     ? r->label_y
                        : b->series_count == 1 ? b->series[0]
                                               : NULL;
    const char *name = r->label_x != NULL ? r->label_x : b->x_name;
    cf_pen up = cf_pen_title(CF_ANCHOR_END);
    up.turned = true;
    const char *below = upright ? name : value, *beside = upright ? value : name;
    if (below != NULL)
        cf_chart_name(f->p, cf_pen_title(CF_ANCHOR_END), f->left + f->width,
                      f->top + f->height + 38, below, f->width);
    if (beside != NULL) cf_chart_name(f->p, up, 16, f->top, beside, f->height);
}

bool cf_chart_bars(cf_picture *p, const cf_result *r) {
    cf_plot_bars b;
    if (!cf_plot_bars_read(r, p->arena, CF_CHART_BARS, &b)) return false;
    const bool upright = cf_bars_are_upright(&b);
    const double thick = fmax(20, 9.0 * b.series_count + 6);
    cf_text caption = {0};
    cf_chart_rows_caption(&caption, r, b.count, b.rows);
    double low = b.min, high = b.max > b.min ? b.max : b.min + 1;
    if (high > 0) high += (high - low) * 0.05;
    if (low < 0) low -= (high - low) * 0.05;
    cf_frame f = {.p = p,
                  .height = upright ? 340 : thick * b.count,
                  .left = upright ? value_width(low, high) + 38
                                  : widest_name(b.names, b.count, 13, 240) + 40,
                  .x_low = upright ? 0 : low,
                  .x_high = upright ? 1 : high,
                  .y_low = upright ? low : 0,
                  .y_high = upright ? high : 1};
    f.width = RIGHT - f.left;
    const cf_legend legend = {b.series, b.series_count, CF_MARK_RECTS};
    f.top = cf_chart_head(p, caption.data == NULL ? "" : caption.data,
                          b.series_count > 1 ? &legend : NULL, f.height + 50);
    draw_value_axis(p, &f, upright);
    for (uint32_t i = 0; i < b.count; i++)
        for (uint32_t s = 0; s < b.series_count; s++)
            draw_bar(&f, &b, i, s, upright);
    draw_zero(&f, upright);
    draw_bar_names(&f, &b, upright);
    draw_bar_titles(&f, r, &b, upright);
    cf_text_clear(&caption);
    return true;
}

/* ---- crossings ---- */

static void cell_text(char out[40], double x) {
    const char *sign = x < 0 ? "−" : "";
    if (x == floor(x) && fabs(x) < 1e15)
        (void)snprintf(out, 40, "%s%.0f", sign, fabs(x));
    else
        (void)snprintf(out, 40, "%s%.3g", sign, fabs(x));
}

static double share_of(const cf_plot_matrix *m, double x) {
    const double size = fmax(fabs(m->min), fabs(m->max));
    return size > 0 ? x / size : 0;
}

/* Whether dark letters can be read on a colour. */
static bool is_light(uint32_t color) {
    return 299 * (color >> 16 & 255) + 587 * (color >> 8 & 255) + 114 * (color & 255) > 140000;
}

typedef struct {
    cf_picture *p;
    const cf_plot_matrix *m;
    double left, top, wide, tall;
    bool numbers, turned;
} matrix;

static void draw_matrix_cell(const matrix *t, uint32_t x, uint32_t y) {
    const double value = t->m->values[(size_t)x * t->m->ny + y];
    const double left = t->left + t->wide * x, top = t->top + t->tall * y;
    if (!isfinite(value)) {
        add_rect(t->p, 0xeeeeee, 1, left, top, t->wide, t->tall);
        return;
    }
    const cf_scale scale = t->m->min < 0 ? CF_SCALE_SIGNED : CF_SCALE_TABLE;
    const uint32_t color = cf_chart_shade(scale, share_of(t->m, value));
    add_rect(t->p, color, 1, left, top, t->wide, t->tall);
    if (!t->numbers) return;
    char text[40];
    cell_text(text, value);
    cf_pen pen = cf_pen_label(CF_ANCHOR_MIDDLE);
    pen.color = is_light(color) ? 0x1a1a1a : 0xffffff;
    cf_picture_text(t->p, pen, left + t->wide / 2, top + t->tall / 2 + 4.5, text);
}

static void draw_matrix_names(const matrix *t) {
    cf_pen below = cf_pen_label(t->turned ? CF_ANCHOR_END : CF_ANCHOR_MIDDLE);
    below.turned = t->turned;
    const double bottom = t->top + t->tall * t->m->ny;
    for (uint32_t x = 0; x < t->m->nx && t->wide >= 12; x++)
        cf_chart_name(t->p, below, t->left + t->wide * (x + 0.5) + (t->turned ? 4.5 : 0),
                      bottom + (t->turned ? 6 : 18), t->m->x_names[x],
                      t->turned ? 120 : t->wide);
    for (uint32_t y = 0; y < t->m->ny && t->tall >= 12; y++)
        cf_chart_name(t->p, cf_pen_label(CF_ANCHOR_END), t->left - 7,
                      t->top + t->tall * (y + 0.5) + 4.5, t->m->y_names[y], t->left - 30);
}

static double widest_number(const cf_plot_matrix *m) {
    double widest = 0;
    for (size_t i = 0; i < (size_t)m->nx * m->ny; i++) {
        char text[40];
        cell_text(text, m->values[i]);
        if (isfinite(m->values[i])) widest = fmax(widest, cf_picture_text_width(text, 13));
    }
    return widest;
}

static void matrix_caption(cf_text *out, const cf_result *r, const matrix *t) {
    if (!t->numbers) {
        cf_text_adds(out, "from ");
        cf_plot_add_amount(out, t->m->min);
        cf_text_adds(out, " to ");
        cf_plot_add_amount(out, t->m->max);
    }
    cf_chart_own_caption(out, r);
    cf_text_add(out, "", 0);
}

static void layout_matrix(matrix *t) {
    const cf_plot_matrix *m = t->m;
    t->left = widest_name(m->y_names, m->ny, 13, 180) + 42;
    t->wide = fmin((RIGHT - t->left) / m->nx, 120);
    t->tall = fmax(fmin(400.0 / m->ny, 70), fmin(t->wide, 3));
    t->tall = fmin(t->tall, fmax(t->wide, 26));
    t->numbers = t->tall >= 16 && widest_number(m) + 6 <= t->wide;
    t->turned = widest_name(m->x_names, m->nx, 13, 1e6) + 6 > t->wide;
}

bool cf_chart_matrix(cf_picture *p, const cf_result *r) {
    cf_plot_matrix m;
    if (!cf_plot_matrix_read(r, p->arena, &m)) return false;
    matrix t = {.p = p, .m = &m};
    layout_matrix(&t);
    const double names = t.turned ? widest_name(m.x_names, m.nx, 13, 120) + 10 : 22;
    cf_text caption = {0};
    matrix_caption(&caption, r, &t);
    const double width = t.wide * m.nx, height = t.tall * m.ny;
    t.top =
        cf_chart_head(p, caption.data == NULL ? "" : caption.data, NULL, height + names + 28);
    for (uint32_t x = 0; x < m.nx; x++)
        for (uint32_t y = 0; y < m.ny; y++)
            draw_matrix_cell(&t, x, y);
    draw_matrix_names(&t);
    const cf_field *fields = r->rows->type->fields;
    cf_pen up = cf_pen_title(CF_ANCHOR_END);
    up.turned = true;
    cf_chart_name(p, cf_pen_title(CF_ANCHOR_END), t.left + width, t.top + height + names + 18,
                  fields[r->draw_columns[0]].name, RIGHT - 20);
    cf_chart_name(p, up, 16, t.top, fields[r->draw_columns[1]].name, height);
    cf_text_clear(&caption);
    return true;
}

/* ---- cut flow ---- */

#define CUT_ROW 26.0

typedef struct {
    cf_picture *p;
    const cf_plot_cuts *c;
    double bar_left, bar_width;
    double ends[3]; /* of the columns of numbers */
} flow;

static void percent(char out[32], double share) {
    if (!isfinite(share))
        out[0] = '\0';
    else
        (void)snprintf(out, 32, share > 0 && share < 0.001 ? "%.2g %%" : "%.1f %%",
                       100 * share);
}

static void draw_cut_heads(const flow *w, double y) {
    static const char *const heads[] = {"passed", "of previous", "of all"};
    for (size_t i = 0; i < 3; i++)
        cf_picture_text(w->p, cf_pen_dim(CF_ANCHOR_END), w->ends[i], y, heads[i]);
}

static void draw_cut(const flow *w, uint32_t i, uint32_t color, double y) {
    const cf_plot_cuts *c = w->c;
    char text[32];
    cf_text passed = {0};
    const double share = c->max > 0 && isfinite(c->passed[i]) ? c->passed[i] / c->max : 0;
    cf_chart_name(w->p, cf_pen_label(CF_ANCHOR_END), w->bar_left - 8, y + 17, c->cuts[i],
                  w->bar_left - 20);
    add_rect(w->p, 0xeeeeee, 1, w->bar_left, y + 4, w->bar_width, CUT_ROW - 8);
    add_rect(w->p, cf_chart_color(color), 0.9, w->bar_left, y + 4,
             fmax(share, 0) * w->bar_width, CUT_ROW - 8);
    if (isfinite(c->passed[i])) cf_plot_add_amount(&passed, c->passed[i]);
    if (passed.data != NULL)
        cf_picture_text(w->p, cf_pen_label(CF_ANCHOR_END), w->ends[0], y + 17, passed.data);
    percent(text, c->share[i]);
    cf_picture_text(w->p, cf_pen_label(CF_ANCHOR_END), w->ends[1], y + 17, text);
    percent(text, c->total[i]);
    cf_picture_text(w->p, cf_pen_label(CF_ANCHOR_END), w->ends[2], y + 17, text);
    cf_text_clear(&passed);
}

static bool begins_group(const cf_plot_cuts *c, uint32_t i) {
    return c->by != NULL && (i == 0 || strcmp(c->by[i], c->by[i - 1]) != 0);
}

static void draw_group_name(const flow *w, uint32_t i, double y) {
    cf_pen pen = cf_pen_label(CF_ANCHOR_START);
    pen.bold = true;
    cf_chart_name(w->p, pen, w->bar_left, y + 18, w->c->by[i], 300);
}

bool cf_chart_cuts(cf_picture *p, const cf_result *r) {
    cf_plot_cuts c;
    if (!cf_plot_cuts_read(r, p->arena, CF_CHART_CUTS, &c)) return false;
    uint32_t groups = 0;
    for (uint32_t i = 0; i < c.count; i++)
        groups += begins_group(&c, i);
    cf_text caption = {0};
    cf_chart_rows_caption(&caption, r, c.count, c.rows);
    flow w = {.p = p, .c = &c, .ends = {RIGHT - 150, RIGHT - 66, RIGHT}};
    w.bar_left = widest_name(c.cuts, c.count, 13, 230) + 30;
    w.bar_width = w.ends[0] - 76 - w.bar_left;
    double y = cf_chart_head(p, caption.data == NULL ? "" : caption.data, NULL,
                             CUT_ROW * (c.count + groups) + 30);
    draw_cut_heads(&w, y + 10);
    y += 16;
    uint32_t group = 0;
    for (uint32_t i = 0; i < c.count; i++) {
        if (begins_group(&c, i)) {
            group += i > 0;
            draw_group_name(&w, i, y);
            y += CUT_ROW;
        }
        draw_cut(&w, i, group, y);
        y += CUT_ROW;
    }
    cf_text_clear(&caption);
    return true;
}
