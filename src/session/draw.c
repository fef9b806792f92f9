#include "session/render.h"

/* The drawings as text.  What they show comes from plot.h; here it becomes blocks, dots and
 * shades. */

#include "session/canvas.h"
#include "session/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    cf_text *out;
    const cf_result *r;
    const cf_render_options *o;
    cf_arena *arena;
    int width; /* terminal columns to use */
} drawing;

/* ---- texts round a plot ---- */

static void add_title(const drawing *d, int left, const char *text) {
    if (text == NULL || text[0] == '\0') return;
    cf_put_spaces(d->out, left);
    cf_put_ink(d->out, CF_INK_HEAD, d->o->color);
    cf_put_cut(d->out, text, strlen(text), d->width - left, d->o->unicode);
    cf_put_ink(d->out, CF_INK_NONE, d->o->color);
    cf_text_addc(d->out, '\n');
}

/* Under the middle of the x axis. */
static void add_x_label(const drawing *d, int left, int width, const char *text) {
    if (text == NULL || text[0] == '\0') return;
    const int size = cf_utf8_width(text, strlen(text));
    cf_put_spaces(d->out, left + (width > size ? (width - size) / 2 : 0));
    cf_put_cut(d->out, text, strlen(text), d->width - left, d->o->unicode);
    cf_text_addc(d->out, '\n');
}

static void add_caption(const drawing *d, const cf_text *own) {
    const char *given = d->r->caption;
    const bool any = own->size > 0;
    if (!any && given == NULL) return;
    cf_put_ink(d->out, CF_INK_DIM, d->o->color);
    if (any) cf_text_add(d->out, own->data, own->size);
    if (given != NULL) cf_text_addf(d->out, "%s%s", any ? ", " : "", given);
    cf_put_ink(d->out, CF_INK_NONE, d->o->color);
    cf_text_addc(d->out, '\n');
}

/* ---- bars of eighths ---- */

static uint32_t upward_block(int eighths, bool unicode) {
    static const char ascii[] = " ..::####";
    if (eighths <= 0) return 0;
    if (eighths > 8) eighths = 8;
    return unicode ? 0x2580u + (uint32_t)eighths : (uint32_t)ascii[eighths];
}

/* `share` of `room` columns. */
static void add_sideways_bar(const drawing *d, double share, int room) {
    if (!(share > 0)) return;
    const int eighths = (int)lround((share < 1 ? share : 1) * room * 8);
    cf_put_ink(d->out, CF_INK_BAR, d->o->color);
    for (int i = 0; i < eighths / 8; i++)
        cf_text_adds(d->out, d->o->unicode ? "█" : "#");
    char bytes[4];
    const int rest = eighths % 8;
    if (d->o->unicode && (rest > 0 || eighths == 0))
        cf_text_add(d->out, bytes,
                    cf_utf8_put(bytes, 0x2590u - (uint32_t)(rest > 0 ? rest : 1)));
    else if (!d->o->unicode && rest >= 4)
        cf_text_addc(d->out, ':');
    cf_put_ink(d->out, CF_INK_NONE, d->o->color);
}

/* ---- histogram ---- */

static void draw_bars(cf_canvas *c, const cf_axes *a, const cf_plot_hist *h, uint32_t merged,
                      int bar_width) {
    CF_ASSERT(merged > 0);
    for (uint32_t bin = 0; bin < h->count; bin += merged) {
        double sum = 0;
        uint32_t count = 0;
        for (; count < merged && bin + count < h->count; count++)
            sum += h->counts[bin + count];
        int eighths = (int)lround(sum / count / a->y_high * a->height * 8);
        if (eighths == 0 && sum > 0) eighths = 1; /* something is not nothing */
        for (int row = 0; row < a->height; row++) {
            const uint32_t block =
                upward_block(eighths - 8 * (a->height - 1 - row), c->unicode);
            for (int k = 0; k < bar_width && block != 0; k++)
                cf_canvas_put(c, a->left + (int)(bin / merged) * bar_width + k, a->top + row,
                              block, CF_INK_BAR);
        }
    }
}

static void hist_caption(const drawing *d, const cf_plot_hist *h, uint32_t merged) {
    cf_text t = {0};
    cf_plot_hist_caption(&t, h);
    if (merged > 1) cf_text_addf(&t, ", each column averages %u bins", merged);
    if (h->negative) cf_text_adds(&t, ", bins below 0 are not drawn");
    add_caption(d, &t);
    cf_text_clear(&t);
}

static bool draw_hist(const drawing *d) {
    cf_plot_hist h;
    if (!cf_plot_hist_read(d->r, d->arena, &h)) return false;
    const int height = d->width / 6 < 8 ? 8 : d->width / 6 > 16 ? 16 : d->width / 6;
    const double top = h.max > 0 ? h.max : 1;
    const int left = cf_axes_label_width(0, top, height) + 2, room = d->width - left - 1;
    if (room < 10) return false;
    const uint32_t merged = (h.count + (uint32_t)room - 1) / (uint32_t)room;
    const uint32_t columns = (h.count + merged - 1) / merged;
    const int bar_width = room / (int)columns > 12 ? 12 : room / (int)columns;
    const double covered =
        (double)columns * merged / h.count; /* the last column may reach beyond */
    const cf_axes a = {.left = left,
                       .width = (int)columns * bar_width,
                       .height = height,
                       .x_low = h.edges[0],
                       .x_high = h.edges[0] + (h.edges[h.count] - h.edges[0]) * covered,
                       .y_high = top,
                       .y_from_axis = true};
    cf_canvas c;
    if (!cf_canvas_init(&c, d->arena, d->width, height + CF_AXES_BELOW, d->o->unicode))
        return false;
    draw_bars(&c, &a, &h, merged, bar_width);
    cf_axes_draw(&c, &a);
    add_title(d, left, d->r->label_y);
    cf_canvas_print(d->out, &c, d->o->color);
    add_x_label(d, left, a.width, d->r->label_x);
    hist_caption(d, &h, merged);
    return true;
}

/* ---- two dimensions ---- */

static const uint32_t shades[] = {0, 0x2591, 0x2592, 0x2593, 0x2588};
static const char ascii_shades[] = " .+*#";

static uint32_t shade(int level, bool unicode) {
    return unicode || level == 0 ? shades[level] : (uint32_t)ascii_shades[level];
}

static int shade_level(double x, double max) {
    if (!(x > 0) || !(max > 0)) return 0;
    const int level = (int)ceil(x / max * 4);
    return level < 1 ? 1 : level > 4 ? 4 : level;
}

static void grid_caption(const drawing *d, const cf_plot_grid *g, double max, bool merged) {
    cf_text t = {0};
    for (int i = 1; i <= 4; i++) {
        char bytes[4];
        cf_text_add(&t, bytes, cf_utf8_put(bytes, shade(i, d->o->unicode)));
        cf_text_adds(&t, " to ");
        cf_put_rounded(&t, max * i / 4);
        cf_text_adds(&t, "  ");
    }
    cf_plot_grid_caption(&t, g);
    if (merged) cf_text_adds(&t, ", bins joined to fit");
    add_caption(d, &t);
    cf_text_clear(&t);
}

/* Bins joined `mx` by `my`: sums [columns][rows] and the largest. */
static double *join_bins(const drawing *d, const cf_plot_grid *g, uint32_t mx, uint32_t my,
                         uint32_t columns, uint32_t rows, double *max) {
    const size_t count = (size_t)columns * rows;
    double *sums = cf_arena_alloc(d->arena, count * sizeof *sums, sizeof *sums);
    if (sums == NULL) return NULL;
    memset(sums, 0, count * sizeof *sums);
    for (uint32_t x = 0; x < g->nx; x++)
        for (uint32_t y = 0; y < g->ny; y++)
            sums[(size_t)(x / mx) * rows + y / my] += g->counts[(size_t)x * g->ny + y];
    *max = 0;
    for (size_t i = 0; i < count; i++)
        *max = sums[i] > *max ? sums[i] : *max;
    return sums;
}

static bool draw_grid(const drawing *d) {
    cf_plot_grid g;
    if (!cf_plot_grid_read(d->r, d->arena, &g)) return false;
    const uint32_t tall = 24, my = (g.ny + tall - 1) / tall, rows = (g.ny + my - 1) / my;
    const double y_step = (g.y_edges[g.ny] - g.y_edges[0]) / g.ny;
    cf_axes a = {.height = (int)rows,
                 .y_from_axis = true,
                 .y_low = g.y_edges[0],
                 .x_low = g.x_edges[0],
                 .y_high = g.y_edges[0] + y_step * my * rows};
    a.left = cf_axes_label_width(a.y_low, a.y_high, a.height) + 2;
    const int room = d->width - a.left - 1;
    if (room < 10) return false;
    const uint32_t mx = (g.nx + (uint32_t)room - 1) / (uint32_t)room,
                   columns = (g.nx + mx - 1) / mx;
    const int cell = room / (int)columns > 4 ? 4 : room / (int)columns;
    a.width = (int)columns * cell;
    a.x_high = g.x_edges[0] + (g.x_edges[g.nx] - g.x_edges[0]) / g.nx * mx * columns;
    double max = 0;
    const double *sums = join_bins(d, &g, mx, my, columns, rows, &max);
    cf_canvas c;
    if (sums == NULL) return false;
    if (!cf_canvas_init(&c, d->arena, d->width, a.height + CF_AXES_BELOW, d->o->unicode))
        return false;
    for (int x = 0; x < a.width; x++)
        for (uint32_t y = 0; y < rows; y++)
            cf_canvas_put(
                &c, a.left + x, (int)(rows - 1 - y),
                shade(shade_level(sums[(size_t)(x / cell) * rows + y], max), c.unicode),
                CF_INK_BAR);
    cf_axes_draw(&c, &a);
    add_title(d, a.left, d->r->label_y);
    cf_canvas_print(d->out, &c, d->o->color);
    add_x_label(d, a.left, a.width, d->r->label_x);
    grid_caption(d, &g, max, mx > 1 || my > 1);
    return true;
}

/* ---- lines and points ---- */

/* Dots inside the axes: 2 x 4 a cell in braille, else one. */
typedef struct {
    cf_canvas *canvas;
    const cf_axes *axes;
    int wide, tall; /* dots in all */
    bool braille;
    uint32_t mark; /* otherwise */
    uint8_t ink;
} dots;

static void put_dot(const dots *p, int x, int y) {
    static const uint8_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    if (x < 0 || y < 0 || x >= p->wide || y >= p->tall) return;
    cf_canvas *c = p->canvas;
    const int column = p->axes->left + (p->braille ? x / 2 : x);
    const int row = p->axes->top + (p->braille ? y / 4 : y);
    if (!p->braille) {
        cf_canvas_put(c, column, row, p->mark, p->ink);
        return;
    }
    const uint32_t old = c->glyphs[(size_t)row * (size_t)c->width + (size_t)column];
    const uint32_t base = old >= 0x2800 && old <= 0x28FF ? old : 0x2800;
    cf_canvas_put(c, column, row, base | bits[y % 4][x % 2], p->ink);
}

static int dot_x(const dots *p, double x) {
    return (int)lround((x - p->axes->x_low) / (p->axes->x_high - p->axes->x_low) *
                       (p->wide - 1));
}

static int dot_y(const dots *p, double y) {
    return (int)lround((p->axes->y_high - y) / (p->axes->y_high - p->axes->y_low) *
                       (p->tall - 1));
}

static void put_segment(const dots *p, int x0, int y0, int x1, int y1) {
    const int dx = abs(x1 - x0), dy = abs(y1 - y0), steps = dx > dy ? dx : dy;
    for (int i = 0; i <= steps; i++) {
        const double t = steps == 0 ? 0 : (double)i / steps;
        put_dot(p, x0 + (int)lround(t * (x1 - x0)), y0 + (int)lround(t * (y1 - y0)));
    }
}

static void draw_series(const dots *p, const cf_plot_lines *l, uint32_t s, bool connected) {
    bool before = false;
    int x0 = 0, y0 = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        const bool here = isfinite(l->x[i]) && isfinite(l->y[s][i]);
        if (here) {
            const int x = dot_x(p, l->x[i]), y = dot_y(p, l->y[s][i]);
            if (connected && before)
                put_segment(p, x0, y0, x, y);
            else
                put_dot(p, x, y);
            x0 = x;
            y0 = y;
        }
        before = here;
    }
}

static void lines_legend(const drawing *d, const cf_plot_lines *l, const char *marks) {
    cf_text t = {0};
    if (l->series_count > 1)
        for (uint32_t s = 0; s < l->series_count; s++) {
            if (s > 0) cf_text_adds(&t, "  ");
            if (d->o->color) cf_text_addf(&t, "\033[0m\033[%um", 36 - s % 6);
            cf_text_addf(&t, "%c %s", d->o->color && d->o->unicode ? '-' : marks[s % 6],
                         l->names[s]);
            if (d->o->color) cf_text_adds(&t, "\033[0m");
        }
    add_caption(d, &t);
    cf_text_clear(&t);
}

static bool draw_lines(const drawing *d, bool connected) {
    static const char marks[] = "*+xo#@";
    cf_plot_lines l;
    if (!cf_plot_lines_read(d->r, d->arena, &l) || !l.any) return false;
    const int height = d->width / 5 < 8 ? 8 : d->width / 5 > 20 ? 20 : d->width / 5;
    cf_axes a = {.height = height,
                 .x_low = l.x_min,
                 .x_high = l.x_max,
                 .x_kind = l.x_kind,
                 .y_low = l.y_min,
                 .y_high = l.y_max};
    a.left = cf_axes_label_width(a.y_low, a.y_high, height) + 2;
    a.width = d->width - a.left - 1;
    cf_canvas c;
    if (a.width < 10 ||
        !cf_canvas_init(&c, d->arena, d->width, height + CF_AXES_BELOW, d->o->unicode))
        return false;
    /* Without colours, series must differ in their marks. */
    const bool braille = d->o->unicode && (d->o->color || l.series_count == 1);
    for (uint32_t s = 0; s < l.series_count; s++) {
        const dots p = {&c,
                        &a,
                        braille ? 2 * a.width : a.width,
                        braille ? 4 * height : height,
                        braille,
                        (uint32_t)marks[s % 6],
                        (uint8_t)(CF_CANVAS_SERIES + s % 6)};
        draw_series(&p, &l, s, connected);
    }
    cf_axes_draw(&c, &a);
    const char *y_name = l.series_count == 1 ? l.names[0] : NULL;
    add_title(d, a.left, d->r->label_y != NULL ? d->r->label_y : y_name);
    cf_canvas_print(d->out, &c, d->o->color);
    add_x_label(d, a.left, a.width, d->r->label_x != NULL ? d->r->label_x : l.x_name);
    lines_legend(d, &l, marks);
    return true;
}

/* ---- bars of categories ---- */

static int widest_cell(const drawing *d, uint32_t column, const cf_style *style) {
    int widest = 0;
    cf_text cell = {0};
    for (int64_t row = 0; row < d->r->rows->length; row++) {
        cell.size = 0;
        cf_text_add(&cell, "", 0);
        cf_put_value(&cell, d->r->rows->children[column], row, style);
        const int width = cell.data == NULL ? 0 : cf_utf8_width(cell.data, cell.size);
        if (width > widest) widest = width;
    }
    cf_text_clear(&cell);
    return widest;
}

/* A cell in `width` columns. */
static void add_cell(const drawing *d, uint32_t column, int64_t row, int width, bool right,
                     const cf_style *style) {
    cf_text cell = {0};
    cf_text_add(&cell, "", 0);
    cf_put_value(&cell, d->r->rows->children[column], row, style);
    const int used = cell.data == NULL ? 0 : cf_utf8_width(cell.data, cell.size);
    if (right) cf_put_spaces(d->out, width - used);
    cf_put_cut(d->out, cell.data == NULL ? "" : cell.data, cell.size, width, d->o->unicode);
    if (!right) cf_put_spaces(d->out, width - used);
    cf_text_clear(&cell);
}

static double largest(const double *values, int64_t count) {
    double max = 0;
    for (int64_t i = 0; i < count; i++)
        if (isfinite(values[i]) && values[i] > max) max = values[i];
    return max;
}

static bool draw_category_bars(const drawing *d) {
    if (d->r->draw_column_count < 2 || d->r->rows->length > 1000) return false;
    const uint32_t label = d->r->draw_columns[0];
    if (label >= d->r->rows->child_count) return false;
    const cf_style style = {
        .budget = 60, .rounded = true, .unicode = d->o->unicode, .one_line = true};
    int label_width = widest_cell(d, label, &style);
    if (label_width > d->width / 3) label_width = d->width / 3;
    for (uint32_t k = 1; k < d->r->draw_column_count; k++) {
        const uint32_t column = d->r->draw_columns[k];
        const double *values = cf_plot_floats(d->r, column, d->arena);
        if (values == NULL) return false;
        const int value_width = widest_cell(d, column, &style);
        const int room = d->width - label_width - value_width - 4;
        const double max = largest(values, d->r->rows->length);
        add_title(d, label_width + 1, d->r->rows->type->fields[column].name);
        for (int64_t row = 0; row < d->r->rows->length; row++) {
            add_cell(d, label, row, label_width, false, &style);
            cf_text_addc(d->out, ' ');
            add_cell(d, column, row, value_width, true, &style);
            cf_text_adds(d->out, d->o->unicode ? " ▏" : " |");
            if (max > 0 && room > 0) add_sideways_bar(d, values[row] / max, room);
            cf_text_addc(d->out, '\n');
        }
    }
    const cf_text none = {0};
    add_caption(d, &none);
    return true;
}

/* ---- crossings ---- */

static int matrix_cell_text(char out[32], double x) {
    cf_text t = {0};
    if (isnan(x))
        cf_text_adds(&t, "-");
    else if (x == floor(x) && fabs(x) < 1e15)
        cf_text_addf(&t, "%.0f", x);
    else
        cf_text_addf(&t, "%.3g", x);
    const int used = snprintf(out, 32, "%s", t.data == NULL ? "" : t.data);
    cf_text_clear(&t);
    return used;
}

static int widest_name(const char *const *names, uint32_t count) {
    int widest = 0;
    for (uint32_t i = 0; i < count; i++) {
        const int width = cf_utf8_width(names[i], strlen(names[i]));
        if (width > widest) widest = width;
    }
    return widest;
}

static void add_name(const drawing *d, const char *name, int width, bool right) {
    const int used = cf_utf8_width(name, strlen(name));
    if (right) cf_put_spaces(d->out, width - used);
    cf_put_cut(d->out, name, strlen(name), width, d->o->unicode);
    if (!right) cf_put_spaces(d->out, width - used);
}

/* Two columns of shade, then the number if there is room. */
static void add_matrix_cell(const drawing *d, const cf_plot_matrix *m, double x, int width) {
    const double low = m->min < 0 ? m->min : 0;
    const uint32_t glyph =
        shade(isnan(x) ? 0 : shade_level(x - low, m->max - low), d->o->unicode);
    char bytes[4], text[32];
    const size_t size = cf_utf8_put(bytes, glyph == 0 ? ' ' : glyph);
    cf_put_ink(d->out, CF_INK_BAR, d->o->color);
    cf_text_add(d->out, bytes, size);
    cf_text_add(d->out, bytes, size);
    cf_put_ink(d->out, CF_INK_NONE, d->o->color);
    if (width <= 2) return;
    const int used = matrix_cell_text(text, x);
    cf_put_spaces(d->out, width - 2 - used);
    cf_text_adds(d->out, text);
}

static bool draw_matrix(const drawing *d) {
    cf_plot_matrix m;
    if (!cf_plot_matrix_read(d->r, d->arena, &m)) return false;
    int cell = 4, left = widest_name(m.y_names, m.ny);
    const int names = widest_name(m.x_names, m.nx);
    if (left > d->width / 3) left = d->width / 3;
    for (size_t i = 0; i < (size_t)m.nx * m.ny; i++) {
        char text[32];
        const int width = matrix_cell_text(text, m.values[i]) + 3;
        if (width > cell) cell = width;
    }
    if (names > cell) cell = names > 16 ? 16 : names;
    const int room = d->width - left;
    const bool numbers = (cell + 2) * (int)m.nx <= room;
    if (!numbers && 2 * (int)m.nx + 2 > room) return false;
    if (!numbers) cell = 2;
    if (numbers) {
        cf_put_spaces(d->out, left);
        for (uint32_t x = 0; x < m.nx; x++) {
            cf_text_adds(d->out, "  ");
            add_name(d, m.x_names[x], cell, true);
        }
        cf_text_addc(d->out, '\n');
    }
    for (uint32_t y = 0; y < m.ny; y++) {
        add_name(d, m.y_names[y], left, false);
        if (!numbers) cf_text_adds(d->out, "  ");
        for (uint32_t x = 0; x < m.nx; x++) {
            if (numbers) cf_text_adds(d->out, "  ");
            add_matrix_cell(d, &m, m.values[(size_t)x * m.ny + y], cell);
        }
        cf_text_addc(d->out, '\n');
    }
    cf_text t = {0};
    cf_text_adds(&t, "from ");
    cf_put_rounded(&t, m.min);
    cf_text_adds(&t, " to ");
    cf_put_rounded(&t, m.max);
    if (!numbers) cf_text_addf(&t, ", x from %s to %s", m.x_names[0], m.x_names[m.nx - 1]);
    add_caption(d, &t);
    cf_text_clear(&t);
    return true;
}

/* ---- cut flow ---- */

static void add_percent(const drawing *d, const double *shares, int64_t row) {
    char text[32] = "";
    if (shares != NULL && isfinite(shares[row]))
        (void)snprintf(text, sizeof text,
                       shares[row] > 0 && shares[row] < 0.001 ? "%.2g%%" : "%.1f%%",
                       100 * shares[row]);
    cf_text_addf(d->out, "  %8s", text);
}

static void add_passed(const drawing *d, double x, int width) {
    cf_text t = {0};
    if (isfinite(x)) cf_plot_add_amount(&t, x);
    cf_text_adds(d->out, "  ");
    cf_put_spaces(d->out, width - (int)t.size);
    if (t.size > 0) cf_text_add(d->out, t.data, t.size);
    cf_text_clear(&t);
}

static int passed_width(const double *passed, int64_t rows) {
    int width = 6;
    for (int64_t i = 0; i < rows; i++) {
        cf_text t = {0};
        if (isfinite(passed[i])) cf_plot_add_amount(&t, passed[i]);
        if ((int)t.size > width) width = (int)t.size;
        cf_text_clear(&t);
    }
    return width;
}

static void add_cut_heads(const drawing *d, int by_width, const char *by, int cut_width,
                          int passed_wide) {
    cf_put_ink(d->out, CF_INK_HEAD, d->o->color);
    if (by != NULL) {
        add_name(d, by, by_width, false);
        cf_text_adds(d->out, "  ");
    }
    add_name(d, "cut", cut_width, false);
    cf_text_adds(d->out, "  ");
    add_name(d, "passed", passed_wide, true);
    cf_text_addf(d->out, "  %8s  %8s", "share", "total");
    cf_put_ink(d->out, CF_INK_NONE, d->o->color);
    cf_text_addc(d->out, '\n');
}

static bool draw_cutflow(const drawing *d) {
    const int32_t cut = cf_plot_column(d->r, "cut"), passed = cf_plot_column(d->r, "passed");
    const int32_t share = cf_plot_column(d->r, "share"),
                  total = cf_plot_column(d->r, "total_share");
    if (cut < 0 || passed < 0 || total < 0) return false;
    const double *counts = cf_plot_floats(d->r, (uint32_t)passed, d->arena);
    const double *shares = share < 0 ? NULL : cf_plot_floats(d->r, (uint32_t)share, d->arena);
    const double *totals = cf_plot_floats(d->r, (uint32_t)total, d->arena);
    if (counts == NULL || totals == NULL) return false;
    const cf_style style = {
        .budget = 200, .rounded = true, .unicode = d->o->unicode, .one_line = true};
    /* With by:label there is one more column, in front. */
    const int32_t by = d->r->rows->child_count > 4 ? (cut == 0 ? 4 : 0) : -1;
    const int by_width = by < 0 ? 0 : widest_cell(d, (uint32_t)by, &style);
    const char *by_name = by < 0 ? NULL : d->r->rows->type->fields[by].name;
    const int by_room = by_name == NULL                   ? 0
                        : by_width > (int)strlen(by_name) ? by_width
                                                          : (int)strlen(by_name);
    int cut_width = widest_cell(d, (uint32_t)cut, &style);
    if (cut_width > d->width / 2) cut_width = d->width / 2;
    if (cut_width < 3) cut_width = 3;
    const int wide = passed_width(counts, d->r->rows->length);
    const int room = d->width - by_room - cut_width - wide - 28;
    add_cut_heads(d, by_room, by_name, cut_width, wide);
    for (int64_t row = 0; row < d->r->rows->length; row++) {
        if (by >= 0) {
            add_cell(d, (uint32_t)by, row, by_room, false, &style);
            cf_text_adds(d->out, "  ");
        }
        add_cell(d, (uint32_t)cut, row, cut_width, false, &style);
        add_passed(d, counts[row], wide);
        add_percent(d, shares, row);
        add_percent(d, totals, row);
        if (room >= 4 && isfinite(totals[row]) && totals[row] > 0) {
            cf_text_adds(d->out, "  ");
            add_sideways_bar(d, totals[row], room > 40 ? 40 : room);
        }
        cf_text_addc(d->out, '\n');
    }
    const cf_text none = {0};
    add_caption(d, &none);
    return true;
}

/* ---- choosing ---- */

static bool draw(const drawing *d) {
    switch (d->r->draw) {
    case CF_DRAW_HIST: return draw_hist(d);
    case CF_DRAW_HIST2D: return draw_grid(d);
    case CF_DRAW_LINE: return draw_lines(d, true);
    case CF_DRAW_SCATTER: return draw_lines(d, false);
    case CF_DRAW_BAR: return draw_category_bars(d);
    case CF_DRAW_HEATMAP: return draw_matrix(d);
    case CF_DRAW_CUTFLOW: return draw_cutflow(d);
    case CF_DRAW_NONE: break;
    }
    return false;
}

void cf_render_drawing(cf_text *out, const cf_result *r, const cf_render_options *o) {
    cf_arena *arena = cf_arena_new(1 << 16);
    if (arena == NULL) {
        out->failed = true;
        return;
    }
    const int width = o->width == 0 ? 80 : o->width > 240 ? 240 : (int)o->width;
    const drawing d = {out, r, o, arena, width};
    const size_t begin = out->size;
    if (!draw(&d)) { /* the rows say it too */
        out->size = begin;
        cf_render_table(out, r, o);
    }
    cf_arena_free(arena);
}
