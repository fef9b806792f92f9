#ifndef CF_SESSION_PLOT_H
#define CF_SESSION_PLOT_H

/* What a drawing shows, before anybody draws it: bins, series, categories, places for ticks.
 * Read out of a result's rows in one place, for text now and for pictures later. */

#include "session/result.h"

typedef struct {
    uint32_t count;       /* bins, without the flows */
    const double *edges;  /* [count + 1] */
    const double *counts; /* [count] */
    double underflow, overflow;
    double entries; /* all, flows too */
    double mean;    /* of the bins' middles; nan if empty */
    double max;     /* of counts; 0 if none is positive */
    bool negative;  /* some count is below 0 */
} cf_plot_hist;

typedef struct {
    uint32_t nx, ny;
    const double *x_edges, *y_edges;
    const double *counts; /* [nx][ny] */
    double outside, entries, max;
} cf_plot_grid;

typedef struct {
    uint32_t count; /* of points */
    uint32_t series_count;
    const double *x;        /* [count]; nan where there is none */
    const double *const *y; /* [series][count] */
    const char *const *names;
    const char *x_name;
    double x_min, x_max, y_min, y_max; /* over finite points; min < max */
    bool any;                          /* there is at least one finite point */
} cf_plot_lines;

/* Values at crossings of two columns. */
typedef struct {
    uint32_t nx, ny;
    const char *const *x_names;
    const char *const *y_names;
    const double *values; /* [nx][ny], nan where there is none */
    double min, max;
} cf_plot_matrix;

/* False: the rows are not what such a drawing needs (or memory ran out); then show the rows. */
bool cf_plot_hist_read(const cf_result *r, cf_arena *arena, cf_plot_hist *plot);
bool cf_plot_grid_read(const cf_result *r, cf_arena *arena, cf_plot_grid *plot);
bool cf_plot_lines_read(const cf_result *r, cf_arena *arena, cf_plot_lines *plot);
bool cf_plot_matrix_read(const cf_result *r, cf_arena *arena, cf_plot_matrix *plot);

/* A column of the result as floats, null as nan; NULL: not numbers, or no memory. */
const double *cf_plot_floats(const cf_result *r, uint32_t column, cf_arena *arena);
/* The column of that name, or -1. */
int32_t cf_plot_column(const cf_result *r, const char *name);

/* Round numbers in [low, high] in steps of 1, 2 or 5 times a power of ten: at most `most` (<=
 * 32). */
typedef struct {
    uint32_t count;
    double at[32];
    double step;
} cf_plot_ticks;
cf_plot_ticks cf_plot_ticks_of(double low, double high, uint32_t most);
/* As many digits as the step needs: `0.25`, `1,500` never, `1500`, `2e6`. */
size_t cf_plot_tick_text(char out[32], double x, double step);

#endif
