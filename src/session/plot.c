#include "session/plot.h"

#include "io/scalar_text.h"
#include "session/render.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define POINTS_MAX (1 << 26)

/* ---- columns ---- */

int32_t cf_plot_column(const cf_result *r, const char *name) {
    for (uint32_t i = 0; r->rows != NULL && i < r->rows->child_count; i++)
        if (strcmp(r->rows->type->fields[i].name, name) == 0) return (int32_t)i;
    return -1;
}

static bool is_plottable(const cf_column *c) {
    const cf_kind kind = c->type->kind;
    return cf_kind_is_number(kind) || kind == CF_BOOL ||
           (kind >= CF_DATE && kind <= CF_DURATION);
}

static double *floats_new(cf_arena *arena, int64_t count) {
    if (count < 0 || count > POINTS_MAX) return NULL;
    return cf_arena_alloc(arena, ((size_t)count + 1) * sizeof(double), sizeof(double));
}

const double *cf_plot_floats(const cf_result *r, uint32_t column, cf_arena *arena) {
    if (r->rows == NULL || column >= r->rows->child_count) return NULL;
    const cf_column *c = r->rows->children[column];
    double *values = is_plottable(c) ? floats_new(arena, c->length) : NULL;
    for (int64_t i = 0; values != NULL && i < c->length; i++)
        values[i] = cf_column_is_null(c, i) ? (double)NAN : cf_column_float(c, i);
    return values;
}

static const double *named(const cf_result *r, const char *name, cf_arena *arena) {
    const int32_t column = cf_plot_column(r, name);
    return column < 0 ? NULL : cf_plot_floats(r, (uint32_t)column, arena);
}

/* ---- histograms ---- */

static bool are_edges(const double *edges, uint32_t bins) {
    for (uint32_t i = 0; i < bins; i++)
        if (!(edges[i] < edges[i + 1])) return false;
    return bins > 0 && isfinite(edges[bins] - edges[0]);
}

bool cf_plot_hist_read(const cf_result *r, cf_arena *arena, cf_plot_hist *plot) {
    const double *low = named(r, "low", arena), *high = named(r, "high", arena);
    const double *count = named(r, "count", arena);
    const int64_t rows = cf_result_rows(r);
    if (low == NULL || high == NULL || count == NULL || rows < 3) return false;
    double *edges = floats_new(arena, rows);
    if (edges == NULL) return false;
    const uint32_t n = (uint32_t)rows - 2;
    *plot = (cf_plot_hist){.count = n,
                           .edges = edges,
                           .counts = count + 1,
                           .underflow = count[0],
                           .overflow = count[rows - 1],
                           .mean = (double)NAN,
                           .joined = 1};
    const double *error = named(r, "error", arena);
    if (error != NULL) plot->errors = error + 1;
    memcpy(edges, low + 1, n * sizeof *edges);
    edges[n] = high[n];
    double sum = 0, moment = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double x = plot->counts[i];
        sum += x;
        moment += x * 0.5 * (edges[i] + edges[i + 1]);
        plot->max = x > plot->max ? x : plot->max;
        plot->negative |= x < 0;
        const double square = error == NULL ? x : error[i + 1] * error[i + 1];
        plot->weighted |= fabs(square - x) > 1e-6 * fabs(x);
    }
    plot->entries = sum + plot->underflow + plot->overflow;
    if (sum != 0) plot->mean = (isfinite(r->moment) ? r->moment : moment) / sum;
    plot->filled = r->entries;
    return are_edges(edges, n) && isfinite(plot->entries);
}

/* Of (nx + 2)(ny + 2) rows, x slow: how many there are in a run of one x. */
static int64_t run_length(const double *x_low, const double *x_high, int64_t rows) {
    int64_t n = 1;
    while (n < rows && isnan(x_low[n]) && x_high[n] == x_high[0])
        n++;
    return n;
}

bool cf_plot_grid_read(const cf_result *r, cf_arena *arena, cf_plot_grid *plot) {
    const double *x_low = named(r, "x_low", arena), *x_high = named(r, "x_high", arena);
    const double *y_low = named(r, "y_low", arena), *y_high = named(r, "y_high", arena);
    const double *count = named(r, "count", arena);
    const int64_t rows = cf_result_rows(r);
    if (!x_low || !x_high || !y_low || !y_high || !count || rows < 9) return false;
    const int64_t ny2 = run_length(x_low, x_high, rows), nx2 = rows / ny2;
    if (ny2 < 3 || nx2 < 3 || nx2 * ny2 != rows) return false;
    const uint32_t nx = (uint32_t)nx2 - 2, ny = (uint32_t)ny2 - 2;
    double *x_edges = floats_new(arena, nx + 1), *y_edges = floats_new(arena, ny + 1);
    double *inner = floats_new(arena, (int64_t)nx * ny);
    if (x_edges == NULL || y_edges == NULL || inner == NULL) return false;
    *plot = (cf_plot_grid){.nx = nx,
                           .ny = ny,
                           .x_edges = x_edges,
                           .y_edges = y_edges,
                           .counts = inner,
                           .x_joined = 1,
                           .y_joined = 1};
    for (uint32_t i = 0; i <= nx; i++)
        x_edges[i] = x_high[(int64_t)i * ny2];
    for (uint32_t i = 0; i <= ny; i++)
        y_edges[i] = y_high[i];
    for (int64_t i = 0; i < rows; i++)
        plot->entries += count[i];
    plot->outside = plot->entries;
    plot->filled = r->entries;
    for (uint32_t x = 0; x < nx; x++)
        for (uint32_t y = 0; y < ny; y++) {
            const double value = count[((int64_t)x + 1) * ny2 + y + 1];
            inner[(size_t)x * ny + y] = value;
            plot->outside -= value;
            plot->max = value > plot->max ? value : plot->max;
        }
    return are_edges(x_edges, nx) && are_edges(y_edges, ny) && isfinite(plot->entries);
}

/* ---- points ---- */

static void widen(double x, double *min, double *max) {
    if (x < *min) *min = x;
    if (x > *max) *max = x;
}

/* A range of no width gets some. */
static void open_range(double *min, double *max) {
    if (*max - *min > 1e-300) return;
    const double room = fabs(*min) < 1e-290 ? 1 : fabs(*min) * 0.1;
    *min -= room;
    *max += room;
}

static void find_ranges(cf_plot_lines *plot) {
    plot->x_min = plot->y_min = (double)INFINITY;
    plot->x_max = plot->y_max = -(double)INFINITY;
    for (uint32_t s = 0; s < plot->series_count; s++)
        for (uint32_t i = 0; i < plot->count; i++) {
            if (!isfinite(plot->x[i]) || !isfinite(plot->y[s][i])) continue;
            widen(plot->x[i], &plot->x_min, &plot->x_max);
            widen(plot->y[s][i], &plot->y_min, &plot->y_max);
            plot->any = true;
        }
    plot->any &= isfinite(plot->x_max - plot->x_min) && isfinite(plot->y_max - plot->y_min);
    if (!plot->any) return;
    open_range(&plot->x_min, &plot->x_max);
    open_range(&plot->y_min, &plot->y_max);
}

/* Rows numbered from 1: for an x that is no number. */
static const double *row_numbers(cf_arena *arena, int64_t count) {
    double *x = floats_new(arena, count);
    for (int64_t i = 0; x != NULL && i < count; i++)
        x[i] = (double)(i + 1);
    return x;
}

/* `pt [GeV]` */
static const char *title_of(const cf_field *field, cf_arena *arena) {
    return field->unit == NULL ? field->name
                               : cf_arena_printf(arena, "%s [%s]", field->name, field->unit);
}

bool cf_plot_lines_read(const cf_result *r, cf_arena *arena, cf_plot_lines *plot) {
    if (r->rows == NULL || r->draw_column_count < 2) return false;
    const uint32_t series = r->draw_column_count - 1;
    const double **y = CF_NEWS(arena, const double *, series);
    const char **names = CF_NEWS(arena, const char *, series);
    *plot = (cf_plot_lines){
        .count = (uint32_t)r->rows->length, .series_count = series, .names = names};
    for (uint32_t i = 0; i <= series; i++) {
        const uint32_t column = r->draw_columns[i];
        if (column >= r->rows->child_count) return false;
        const double *values = cf_plot_floats(r, column, arena);
        const char *name = title_of(&r->rows->type->fields[column], arena);
        if (i == 0) {
            plot->x = values != NULL ? values : row_numbers(arena, r->rows->length);
            plot->x_name = name;
            plot->x_kind = values != NULL ? r->rows->children[column]->type->kind : CF_INDEX;
        } else {
            y[i - 1] = values;
            names[i - 1] = name;
        }
        if (i == 0 ? plot->x == NULL : values == NULL) return false;
    }
    plot->y = y;
    find_ranges(plot);
    return true;
}

/* ---- categories ---- */

#define CATEGORIES_MAX 200

/* The place of a value among the names; a new one is added.  -1: too many. */
static int32_t category(const char **names, uint32_t *count, const cf_column *c, int64_t row,
                        cf_arena *arena) {
    cf_text text = {0};
    cf_text_add(&text, "", 0);
    cf_value_add_bare(&text, c, row);
    int32_t found = -1;
    for (uint32_t i = 0; i < *count && found < 0; i++)
        if (text.data != NULL && strcmp(names[i], text.data) == 0) found = (int32_t)i;
    if (found < 0 && *count < CATEGORIES_MAX && text.data != NULL) {
        found = (int32_t)*count;
        names[(*count)++] = cf_str_dup(arena, (cf_str){text.data, text.size});
    }
    cf_text_clear(&text);
    return found;
}

bool cf_plot_matrix_read(const cf_result *r, cf_arena *arena, cf_plot_matrix *plot) {
    if (r->rows == NULL || r->draw_column_count < 3) return false;
    for (uint32_t i = 0; i < 3; i++)
        if (r->draw_columns[i] >= r->rows->child_count) return false;
    const cf_column *cx = r->rows->children[r->draw_columns[0]];
    const cf_column *cy = r->rows->children[r->draw_columns[1]];
    const double *z = cf_plot_floats(r, r->draw_columns[2], arena);
    if (z == NULL || r->rows->length == 0) return false;
    const char **x_names = CF_NEWS(arena, const char *, CATEGORIES_MAX);
    const char **y_names = CF_NEWS(arena, const char *, CATEGORIES_MAX);
    double *values = floats_new(arena, CATEGORIES_MAX * CATEGORIES_MAX);
    if (values == NULL) return false;
    *plot = (cf_plot_matrix){.x_names = x_names,
                             .y_names = y_names,
                             .values = values,
                             .min = (double)INFINITY,
                             .max = -(double)INFINITY};
    for (size_t i = 0; i < CATEGORIES_MAX * CATEGORIES_MAX; i++)
        values[i] = (double)NAN;
    for (int64_t row = 0; row < r->rows->length; row++) {
        const int32_t x = category(x_names, &plot->nx, cx, row, arena);
        const int32_t y = category(y_names, &plot->ny, cy, row, arena);
        if (x < 0 || y < 0) return false;
        values[x * CATEGORIES_MAX + y] = z[row];
        if (isfinite(z[row])) widen(z[row], &plot->min, &plot->max);
    }
    for (uint32_t x = 0; x < plot->nx; x++)
        memmove(values + (size_t)x * plot->ny, values + (size_t)x * CATEGORIES_MAX,
                plot->ny * sizeof *values);
    return plot->min <= plot->max && isfinite(plot->max - plot->min);
}

/* ---- bars and cut flows ---- */

/* A value as a name, at most 200 bytes of it. */
static const char *name_of(const cf_column *c, int64_t row, cf_arena *arena) {
    const cf_style style = {.budget = 60, .rounded = true, .unicode = true, .one_line = true};
    cf_text text = {0};
    cf_text_add(&text, "", 0);
    cf_put_value(&text, c, row, &style);
    size_t size = 0;
    while (text.data != NULL && size < text.size && size < 196) {
        uint32_t x;
        size += cf_utf8_next(text.data + size, text.size - size, &x);
    }
    const char *name = text.data == NULL ? "" : cf_str_dup(arena, (cf_str){text.data, size});
    cf_text_clear(&text);
    return name;
}

/* Names that occur again get a number, since a chart of categories would take them for one. */
static void tell_apart(const char **names, const char *const *of, uint32_t count,
                       cf_arena *arena) {
    const char **old = CF_NEWS(arena, const char *, count + 1);
    memcpy(old, names, count * sizeof *old);
    for (uint32_t i = 1; i < count; i++) {
        uint32_t before = 0;
        for (uint32_t k = 0; k < i; k++)
            before += strcmp(old[k], old[i]) == 0 && (of == NULL || strcmp(of[k], of[i]) == 0);
        if (before > 0) names[i] = cf_arena_printf(arena, "%s (%u)", old[i], before + 1);
    }
}

static const char **names_of(const cf_column *c, uint32_t count, cf_arena *arena) {
    const char **names = CF_NEWS(arena, const char *, count + 1);
    for (uint32_t i = 0; i < count; i++)
        names[i] = name_of(c, i, arena);
    return names;
}

static void widen_over(const double *values, uint32_t count, double *min, double *max) {
    for (uint32_t i = 0; i < count; i++)
        if (isfinite(values[i])) widen(values[i], min, max);
}

bool cf_plot_bars_read(const cf_result *r, cf_arena *arena, uint32_t most, cf_plot_bars *plot) {
    if (r->rows == NULL || r->draw_column_count < 2 || r->rows->length == 0) return false;
    const uint32_t series = r->draw_column_count - 1, label = r->draw_columns[0];
    const int64_t rows = r->rows->length;
    if (label >= r->rows->child_count) return false;
    const double **values = CF_NEWS(arena, const double *, series);
    const char **titles = CF_NEWS(arena, const char *, series);
    *plot = (cf_plot_bars){.count = rows > most ? most : (uint32_t)rows,
                           .series_count = series,
                           .series = titles,
                           .x_name = r->rows->type->fields[label].name,
                           .rows = rows};
    for (uint32_t s = 0; s < series; s++) {
        values[s] = cf_plot_floats(r, r->draw_columns[s + 1], arena);
        if (values[s] == NULL) return false;
        titles[s] = r->rows->type->fields[r->draw_columns[s + 1]].name;
        widen_over(values[s], plot->count, &plot->min, &plot->max);
    }
    const char **names = names_of(r->rows->children[label], plot->count, arena);
    tell_apart(names, NULL, plot->count, arena);
    plot->names = names;
    plot->values = values;
    return isfinite(plot->max - plot->min);
}

bool cf_plot_cuts_read(const cf_result *r, cf_arena *arena, uint32_t most, cf_plot_cuts *plot) {
    const int32_t cut = cf_plot_column(r, "cut");
    const int64_t rows = cf_result_rows(r);
    if (cut < 0 || rows == 0) return false;
    *plot = (cf_plot_cuts){.count = rows > most ? most : (uint32_t)rows,
                           .passed = named(r, "passed", arena),
                           .share = named(r, "share", arena),
                           .total = named(r, "total_share", arena),
                           .rows = rows};
    if (plot->passed == NULL || plot->share == NULL || plot->total == NULL) return false;
    /* With by:label there is one more column. */
    const uint32_t by = cut == 0 ? 4 : 0;
    if (r->rows->child_count > 4) {
        plot->by = names_of(r->rows->children[by], plot->count, arena);
        plot->by_name = r->rows->type->fields[by].name;
    }
    const char **cuts = names_of(r->rows->children[cut], plot->count, arena);
    tell_apart(cuts, plot->by, plot->count, arena);
    plot->cuts = cuts;
    double least = 0;
    widen_over(plot->passed, plot->count, &least, &plot->max);
    return true;
}

/* ---- ticks ---- */

/* The next of .. 0.5 1 2 5 10 20 .. that is not smaller. */
static double round_step(double x) {
    const double power = pow(10, floor(log10(x)));
    static const double steps[] = {1, 2, 5};
    for (size_t i = 0; i < CF_COUNT(steps); i++)
        if (steps[i] * power >= x * (1 - 1e-9)) return steps[i] * power;
    return 10 * power;
}

cf_plot_ticks cf_plot_ticks_of(double low, double high, uint32_t most) {
    cf_plot_ticks t = {0};
    if (most > 32) most = 32;
    /* powers of ten below 1e-300 are no longer exact, and steps of them no longer grow */
    if (!(high - low > 1e-300) || !isfinite(high - low) || most < 2) return t;
    t.step = round_step((high - low) / most);
    double first, count;
    for (;;) {
        first = ceil(low / t.step - 1e-9);
        count = floor(high / t.step + 1e-9) - first + 1;
        if (count <= most) break;
        t.step = round_step(t.step * 1.5);
        if (!isfinite(t.step)) return (cf_plot_ticks){0};
    }
    while (t.count < count) {
        t.at[t.count] = (first + t.count) * t.step + 0.0;
        t.count++;
    }
    return t;
}

size_t cf_plot_tick_text(char out[32], double x, double step) {
    const double size = fabs(x) > step ? fabs(x) : step;
    if (size >= 1e7 || size < 1e-5) {
        (void)snprintf(out, 32, "%.6g", x);
        return strlen(out);
    }
    const int decimals = (int)-floor(log10(step) + 1e-9);
    const int used = snprintf(out, 32, "%.*f", decimals > 0 ? decimals : 0, x);
    return used < 0 ? 0 : (size_t)used;
}
