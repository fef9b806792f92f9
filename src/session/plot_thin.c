#include "session/plot.h"

/* Less of a plot where there is too much for a picture, and what is said below it. */

#include "session/render.h"

#include <math.h>
#include <string.h>

static double *zeros(cf_arena *arena, size_t count) {
    double *values = cf_arena_alloc(arena, count * sizeof *values, sizeof *values);
    if (values != NULL) memset(values, 0, count * sizeof *values);
    return values;
}

/* Every `step`-th edge, and the last one. */
static const double *fewer_edges(const double *edges, uint32_t count, uint32_t step,
                                 uint32_t joined_count, cf_arena *arena) {
    double *out = zeros(arena, (size_t)joined_count + 1);
    for (uint32_t i = 0; out != NULL && i <= joined_count; i++) {
        const uint64_t at = (uint64_t)i * step;
        out[i] = edges[at < count ? at : count];
    }
    return out;
}

static uint32_t parts(uint32_t count, uint32_t step) {
    return count / step + (count % step > 0);
}

bool cf_plot_hist_join(cf_plot_hist *plot, cf_arena *arena, uint32_t most) {
    if (plot->count <= most) return true;
    const uint32_t step = parts(plot->count, most), count = parts(plot->count, step);
    double *counts = zeros(arena, count), *errors = zeros(arena, count);
    const double *edges = fewer_edges(plot->edges, plot->count, step, count, arena);
    if (counts == NULL || errors == NULL || edges == NULL) return false;
    for (uint32_t i = 0; i < plot->count; i++) {
        counts[i / step] += plot->counts[i];
        if (plot->errors != NULL) errors[i / step] += plot->errors[i] * plot->errors[i];
    }
    plot->max = 0;
    plot->negative = false;
    for (uint32_t i = 0; i < count; i++) {
        errors[i] = sqrt(errors[i]);
        plot->max = counts[i] > plot->max ? counts[i] : plot->max;
        plot->negative |= counts[i] < 0;
    }
    plot->count = count;
    plot->joined = step;
    plot->edges = edges;
    plot->counts = counts;
    if (plot->errors != NULL) plot->errors = errors;
    return true;
}

bool cf_plot_grid_join(cf_plot_grid *plot, cf_arena *arena, uint32_t most) {
    if (plot->nx <= most && plot->ny <= most) return true;
    const uint32_t sx = parts(plot->nx, most), sy = parts(plot->ny, most);
    const uint32_t nx = parts(plot->nx, sx), ny = parts(plot->ny, sy);
    double *counts = zeros(arena, (size_t)nx * ny);
    const double *x_edges = fewer_edges(plot->x_edges, plot->nx, sx, nx, arena);
    const double *y_edges = fewer_edges(plot->y_edges, plot->ny, sy, ny, arena);
    if (counts == NULL || x_edges == NULL || y_edges == NULL) return false;
    for (uint32_t x = 0; x < plot->nx; x++)
        for (uint32_t y = 0; y < plot->ny; y++)
            counts[(size_t)(x / sx) * ny + y / sy] += plot->counts[(size_t)x * plot->ny + y];
    plot->max = 0;
    for (size_t i = 0; i < (size_t)nx * ny; i++)
        plot->max = counts[i] > plot->max ? counts[i] : plot->max;
    plot->x_joined = sx;
    plot->y_joined = sy;
    plot->nx = nx;
    plot->ny = ny;
    plot->x_edges = x_edges;
    plot->y_edges = y_edges;
    plot->counts = counts;
    return true;
}

/* ---- points ---- */

/* Adds a row unless it is the last one already. */
static void pick(uint32_t *rows, uint32_t *count, uint32_t row) {
    if (*count == 0 || rows[*count - 1] < row) rows[(*count)++] = row;
}

/* First, last, lowest, highest of rows [begin, end), and one without a value: at most five. */
static void pick_piece(const double *x, const double *y, uint32_t begin, uint32_t end,
                       uint32_t *rows, uint32_t *count) {
    uint32_t low = begin, high = begin, gap = end;
    for (uint32_t i = begin; i < end; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) gap = i;
        if (y[i] < y[low] || isnan(y[low])) low = i;
        if (y[i] > y[high] || isnan(y[high])) high = i;
    }
    for (uint32_t i = begin; i < end; i++)
        if (i == begin || i == low || i == high || i == gap || i == end - 1)
            pick(rows, count, i);
}

bool cf_plot_thin(const cf_plot_lines *plot, uint32_t series, uint32_t most, bool connected,
                  cf_arena *arena, cf_plot_picks *picks) {
    const uint32_t pieces = plot->count <= most ? plot->count : connected ? most / 5 : most;
    uint32_t *rows = cf_arena_alloc(arena, ((size_t)most + 5) * sizeof *rows, sizeof *rows);
    *picks = (cf_plot_picks){rows, 0};
    if (rows == NULL) return false;
    for (uint32_t i = 0; i < pieces; i++) {
        const uint32_t begin = (uint32_t)((uint64_t)plot->count * i / pieces);
        const uint32_t end = (uint32_t)((uint64_t)plot->count * (i + 1) / pieces);
        if (plot->count <= most)
            pick(rows, &picks->count, i);
        else if (connected)
            pick_piece(plot->x, plot->y[series], begin, end, rows, &picks->count);
        else
            pick(rows, &picks->count, begin + (uint32_t)(cf_hash_u64(i, 0) % (end - begin)));
    }
    return true;
}

/* ---- captions ---- */

void cf_plot_add_amount(cf_text *out, double x) {
    if (x == floor(x) && fabs(x) < 1e15)
        cf_put_count(out, (int64_t)x);
    else
        cf_put_rounded(out, x);
}

static void add_entries(cf_text *out, double entries, int64_t filled, bool weighted) {
    if (filled >= 0 && (weighted || entries != (double)filled)) {
        cf_put_count(out, filled);
        cf_text_adds(out,
                     filled == 1 ? " entry, sum of weights " : " entries, sum of weights ");
        cf_plot_add_amount(out, entries);
        return;
    }
    const bool whole = !weighted && entries == floor(entries);
    if (!whole) cf_text_adds(out, "sum ");
    cf_plot_add_amount(out, entries);
    if (whole) cf_text_adds(out, entries == 1 ? " entry" : " entries");
}

void cf_plot_hist_caption(cf_text *out, const cf_plot_hist *plot) {
    add_entries(out, plot->entries, plot->filled, plot->weighted);
    if (plot->underflow != 0) {
        cf_text_adds(out, ", underflow ");
        cf_plot_add_amount(out, plot->underflow);
    }
    if (plot->overflow != 0) {
        cf_text_adds(out, ", overflow ");
        cf_plot_add_amount(out, plot->overflow);
    }
    if (isfinite(plot->mean)) {
        cf_text_adds(out, ", mean ");
        cf_put_rounded(out, plot->mean);
    }
    if (plot->joined > 1) cf_text_addf(out, ", each bar joins %u bins", plot->joined);
}

void cf_plot_grid_caption(cf_text *out, const cf_plot_grid *plot) {
    add_entries(out, plot->entries, plot->filled, false);
    if (plot->outside > 0.5e-9 * fabs(plot->entries)) {
        cf_text_adds(out, ", outside ");
        cf_plot_add_amount(out, plot->outside);
    }
    if (plot->x_joined > 1 || plot->y_joined > 1)
        cf_text_addf(out, ", each cell joins %u x %u bins", plot->x_joined, plot->y_joined);
}
