#include "session/chart.h"

/* Charts with two axes of numbers: histograms, lines, points. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEIGHT 370.0
#define BELOW  50.0

static double *points(cf_picture *p, size_t count) {
    double *at = cf_arena_alloc(p->arena, (count + 1) * 2 * sizeof *at, sizeof *at);
    if (at == NULL) p->failed = true;
    return at;
}

/* ---- histogram ---- */

char *cf_chart_bins_title(const cf_plot_hist *h, const char *label) {
    const double width = (h->edges[h->count] - h->edges[0]) / h->count;
    cf_text t = {0};
    cf_text_adds(&t, label == NULL ? "" : label);
    bool equal = h->count > 1 && label != NULL;
    for (uint32_t i = 0; i < h->count; i++)
        equal &= fabs(h->edges[i + 1] - h->edges[i] - width) < 1e-6 * width;
    char number[32];
    (void)snprintf(number, sizeof number, "%.4g", width);
    /* only if it can be said in short */
    if (equal && fabs(strtod(number, NULL) - width) < 1e-9 * width)
        cf_text_addf(&t, width < 1e7 ? " / %.7g" : " / %g", width);
    return t.data;
}

void cf_chart_open(double *low, double *high, double share) {
    const double room = (*high - *low) * share;
    *low -= room;
    *high += room;
}

double cf_chart_hist_top(const cf_plot_hist *h, double *bottom) {
    double top = 0;
    *bottom = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        const double error =
            h->weighted && h->errors != NULL && isfinite(h->errors[i]) ? h->errors[i] : 0;
        if (!isfinite(h->counts[i])) continue;
        top = fmax(top, h->counts[i] + error);
        *bottom = fmin(*bottom, h->counts[i] < 0 ? h->counts[i] - error : 0);
    }
    if (top == 0 && *bottom == 0) top = 1;
    if (*bottom < 0) *bottom -= (top - *bottom) * 0.06;
    return top + (top - *bottom) * 0.08;
}

/* The outline from the axis and back to it, and what is below it. */
static void draw_steps(const cf_frame *f, const cf_plot_hist *h) {
    double *at = points(f->p, 2 * (size_t)h->count + 2);
    if (at == NULL) return;
    size_t n = 0;
    const double zero = cf_frame_y(f, 0);
    at[n++] = cf_frame_x(f, h->edges[0]);
    at[n++] = zero;
    for (uint32_t i = 0; i < h->count; i++) {
        const double y = cf_frame_y(f, isfinite(h->counts[i]) ? h->counts[i] : 0);
        at[n++] = cf_frame_x(f, h->edges[i]);
        at[n++] = y;
        at[n++] = cf_frame_x(f, h->edges[i + 1]);
        at[n++] = y;
    }
    at[n++] = cf_frame_x(f, h->edges[h->count]);
    at[n++] = zero;
    const uint32_t color = cf_chart_color(0);
    cf_picture_add(f->p, CF_MARK_AREA, (cf_pen){.color = color, .opacity = 0.22}, at, n / 2);
    cf_picture_add(f->p, CF_MARK_LINE, (cf_pen){.color = color, .opacity = 1, .size = 1.6}, at,
                   n / 2);
}

static void draw_errors(const cf_frame *f, const cf_plot_hist *h) {
    double *at = points(f->p, 2 * (size_t)h->count);
    size_t n = 0;
    for (uint32_t i = 0; at != NULL && i < h->count; i++) {
        if (!isfinite(h->counts[i]) || !(h->errors[i] > 0) || !isfinite(h->errors[i])) continue;
        const double x = cf_frame_x(f, 0.5 * (h->edges[i] + h->edges[i + 1]));
        at[n++] = x;
        at[n++] = cf_frame_y(f, fmax(h->counts[i] - h->errors[i], f->y_low));
        at[n++] = x;
        at[n++] = cf_frame_y(f, h->counts[i] + h->errors[i]);
    }
    if (n > 0)
        cf_picture_add(f->p, CF_MARK_SEGMENTS,
                       (cf_pen){.color = 0x1a1a1a, .opacity = 1, .size = 1.2}, at, n / 4);
}

static bool draw_hist(cf_picture *p, const cf_result *r) {
    cf_plot_hist h;
    if (!cf_plot_hist_read(r, p->arena, &h) || !cf_plot_hist_join(&h, p->arena, CF_CHART_BINS))
        return false;
    cf_text caption = {0};
    cf_plot_hist_caption(&caption, &h);
    cf_chart_own_caption(&caption, r);
    cf_frame f = {.p = p,
                  .width = CF_CHART_WIDTH - 20,
                  .height = HEIGHT,
                  .x_low = h.edges[0],
                  .x_high = h.edges[h.count]};
    f.y_high = cf_chart_hist_top(&h, &f.y_low);
    f.top = cf_chart_head(p, caption.data == NULL ? "" : caption.data, NULL, HEIGHT + BELOW);
    cf_frame_make_room(&f);
    draw_steps(&f, &h);
    if (h.weighted && h.errors != NULL) draw_errors(&f, &h);
    char *title = cf_chart_bins_title(&h, r->label_y);
    cf_frame_draw(&f, r->label_x, title);
    free(title);
    cf_text_clear(&caption);
    return true;
}

/* ---- two dimensions ---- */

#define LEVELS 64

static int level_of(double count, double max) {
    if (!(count > 0) || !(max > 0)) return -1;
    const int level = (int)(count / max * LEVELS);
    return level >= LEVELS ? LEVELS - 1 : level;
}

static uint32_t level_color(int level) {
    return cf_chart_shade(CF_SCALE_COUNTS, (level + 0.5) / LEVELS);
}

static double snapped(double x) {
    return round(2 * x) / 2;
}

/* The cells of one level, those above each other as one. */
static size_t cells_of(const cf_frame *f, const cf_plot_grid *g, int level, double *at) {
    size_t n = 0;
    for (uint32_t x = 0; x < g->nx; x++)
        for (uint32_t y = 0; y < g->ny;) {
            const double *column = g->counts + (size_t)x * g->ny;
            uint32_t end = y;
            while (end < g->ny && level_of(column[end], g->max) == level)
                end++;
            if (end > y) {
                const double left = snapped(cf_frame_x(f, g->x_edges[x]));
                const double top = snapped(cf_frame_y(f, g->y_edges[end]));
                at[4 * n] = left;
                at[4 * n + 1] = top;
                at[4 * n + 2] = snapped(cf_frame_x(f, g->x_edges[x + 1])) - left;
                at[4 * n + 3] = snapped(cf_frame_y(f, g->y_edges[y])) - top;
                n++;
            }
            y = end > y ? end : y + 1;
        }
    return n;
}

static void draw_cells(const cf_frame *f, const cf_plot_grid *g) {
    double *at = points(f->p, 2 * (size_t)g->nx * g->ny);
    for (int level = 0; at != NULL && level < LEVELS; level++)
        cf_picture_add(f->p, CF_MARK_RECTS, (cf_pen){.color = level_color(level), .opacity = 1},
                       at, cells_of(f, g, level, at));
}

/* The colours and their counts, right of the frame. */
static void draw_color_bar(const cf_frame *f, double max) {
    const double left = f->left + f->width + 14, width = 14;
    cf_frame bar = {.p = f->p,
                    .left = left,
                    .top = f->top,
                    .width = width,
                    .height = f->height,
                    .y_high = max > 0 ? max : 1};
    for (int level = 0; level < LEVELS; level++) {
        const double top = snapped(f->top + f->height * (LEVELS - 1 - level) / LEVELS);
        const double bottom = snapped(f->top + f->height * (LEVELS - level) / LEVELS);
        const double at[4] = {left, top, width, bottom - top};
        cf_picture_add(f->p, CF_MARK_RECTS, (cf_pen){.color = level_color(level), .opacity = 1},
                       at, 1);
    }
    const cf_plot_ticks t = cf_plot_ticks_of(0, bar.y_high, 8);
    for (uint32_t i = 0; i < t.count; i++) {
        char text[32];
        (void)cf_plot_tick_text(text, t.at[i], t.step);
        cf_pen pen = cf_pen_label(CF_ANCHOR_START);
        pen.size = 12;
        cf_chart_name(f->p, pen, left + width + 5, cf_frame_y(&bar, t.at[i]) + 4, text, 60);
    }
}

static bool draw_grid(cf_picture *p, const cf_result *r) {
    cf_plot_grid g;
    if (!cf_plot_grid_read(r, p->arena, &g) || !cf_plot_grid_join(&g, p->arena, CF_CHART_CELLS))
        return false;
    cf_text caption = {0};
    cf_plot_grid_caption(&caption, &g);
    cf_chart_own_caption(&caption, r);
    cf_frame f = {.p = p,
                  .width = CF_CHART_WIDTH - 84,
                  .height = 400,
                  .x_low = g.x_edges[0],
                  .x_high = g.x_edges[g.nx],
                  .y_low = g.y_edges[0],
                  .y_high = g.y_edges[g.ny]};
    f.top = cf_chart_head(p, caption.data == NULL ? "" : caption.data, NULL, f.height + BELOW);
    cf_frame_make_room(&f);
    draw_cells(&f, &g);
    draw_color_bar(&f, g.max);
    cf_frame_draw(&f, r->label_x, r->label_y);
    cf_text_clear(&caption);
    return true;
}

/* ---- lines and points ---- */

uint32_t cf_chart_points_most(const cf_plot_lines *l) {
    return CF_CHART_POINTS / l->series_count;
}

static void draw_series(const cf_frame *f, const cf_plot_lines *l, uint32_t s,
                        const cf_plot_picks *picks, bool connected) {
    double *at = points(f->p, picks->count);
    size_t n = 0;
    for (uint32_t i = 0; at != NULL && i < picks->count; i++) {
        const uint32_t row = picks->rows[i];
        const bool here = isfinite(l->x[row]) && isfinite(l->y[s][row]);
        if (!here && !connected) continue;
        at[n++] = here ? cf_frame_x(f, l->x[row]) : (double)NAN;
        at[n++] = here ? cf_frame_y(f, l->y[s][row]) : (double)NAN;
    }
    if (n == 0) return;
    const bool many = l->count > 500;
    cf_pen pen = {.color = cf_chart_color(s), .opacity = 1, .size = 1.8};
    if (connected) cf_picture_add(f->p, CF_MARK_LINE, pen, at, n / 2);
    pen.size = connected ? 5 : many ? 3 : 6;
    pen.opacity = !connected && many ? 0.5 : 1;
    if (connected && l->count > 40) return;
    size_t kept = 0;
    for (size_t i = 0; i < n; i += 2)
        if (isfinite(at[i])) {
            at[kept++] = at[i];
            at[kept++] = at[i + 1];
        }
    if (kept > 0) cf_picture_add(f->p, CF_MARK_DOTS, pen, at, kept / 2);
}

static bool draw_lines(cf_picture *p, const cf_result *r, bool connected) {
    cf_plot_lines l;
    if (!cf_plot_lines_read(r, p->arena, &l) || !l.any) return false;
    cf_plot_picks *picks = CF_NEWS(p->arena, cf_plot_picks, l.series_count);
    for (uint32_t s = 0; s < l.series_count; s++)
        if (!cf_plot_thin(&l, s, cf_chart_points_most(&l), connected, p->arena, &picks[s]))
            return false;
    cf_text caption = {0};
    cf_chart_lines_caption(&caption, r, &l, connected, picks[0].count);
    cf_frame f = {.p = p,
                  .width = CF_CHART_WIDTH - 20,
                  .height = HEIGHT,
                  .x_low = l.x_min,
                  .x_high = l.x_max,
                  .y_low = l.y_min,
                  .y_high = l.y_max,
                  .x_kind = l.x_kind};
    cf_chart_open(&f.y_low, &f.y_high, 0.04);
    if (l.y_min >= 0 && f.y_low < 0) f.y_low = 0;
    if (!connected) cf_chart_open(&f.x_low, &f.x_high, 0.025);
    const cf_legend legend = {l.names, l.series_count, connected ? CF_MARK_LINE : CF_MARK_DOTS};
    f.top = cf_chart_head(p, caption.data == NULL ? "" : caption.data,
                          l.series_count > 1 ? &legend : NULL, HEIGHT + BELOW);
    cf_frame_make_room(&f);
    for (uint32_t s = 0; s < l.series_count; s++)
        draw_series(&f, &l, s, &picks[s], connected);
    const char *y_name = l.series_count == 1 ? l.names[0] : NULL;
    cf_frame_draw(&f, r->label_x != NULL ? r->label_x : l.x_name,
                  r->label_y != NULL ? r->label_y : y_name);
    cf_text_clear(&caption);
    return true;
}

/* ---- choosing ---- */

static bool draw(cf_picture *p, const cf_result *r) {
    switch (r->draw) {
    case CF_DRAW_HIST: return draw_hist(p, r);
    case CF_DRAW_HIST2D: return draw_grid(p, r);
    case CF_DRAW_LINE: return draw_lines(p, r, true);
    case CF_DRAW_SCATTER: return draw_lines(p, r, false);
    case CF_DRAW_BAR: return cf_chart_bars(p, r);
    case CF_DRAW_HEATMAP: return cf_chart_matrix(p, r);
    case CF_DRAW_CUTFLOW: return cf_chart_cuts(p, r);
    case CF_DRAW_NONE: break;
    }
    return false;
}

/* Rounding at the far ends of what a double can hold may throw a mark off the page. */
static bool is_on_page(const cf_mark *m) {
    for (size_t i = 0; i < m->count * cf_mark_stride(m->kind); i++)
        if (fabs(m->at[i]) > 1e5)
            return false;
        else if (isnan(m->at[i]) && m->kind != CF_MARK_LINE)
            return false;
    return true;
}

bool cf_chart_draw(cf_picture *p, const cf_result *r) {
    bool good = draw(p, r) && !p->failed;
    for (size_t i = 0; good && i < p->count; i++)
        good = is_on_page(&p->marks[i]);
    return good;
}
