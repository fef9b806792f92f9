#ifndef CF_SESSION_PLOT_H
#define CF_SESSION_PLOT_H

/* What a drawing shows, before anybody draws it: bins, series, categories, places for ticks.
 * Read out of a result's rows in one place, for text now and for pictures later. */

#include "session/result.h"

typedef struct {
    uint32_t count;       /* bins, without the flows */
    const double *edges;  /* [count + 1] */
    const double *counts; /* [count] */
    const double *errors; /* [count]; NULL: not known */
    double underflow, overflow;
    double entries;  /* sum of all counts, flows too */
    int64_t filled;  /* values filled in, whatever their weights; -1: not known */
    double mean;     /* of what lies in the bins (of their middles, if no more is known); nan if
                        empty */
    double max;      /* of counts; 0 if none is positive */
    bool negative;   /* some count is below 0 */
    bool weighted;   /* some error is not the root of its count */
    uint32_t joined; /* so many of the result's bins are one here */
} cf_plot_hist;

typedef struct {
    uint32_t nx, ny;
    const double *x_edges, *y_edges;
    const double *counts; /* [nx][ny] */
    double outside, entries, max;
    int64_t filled;              /* as of a histogram */
    uint32_t x_joined, y_joined; /* so many of the result's bins are one here */
} cf_plot_grid;

typedef struct {
    uint32_t count; /* of points */
    uint32_t series_count;
    const double *x;        /* [count]; nan where there is none */
    const double *const *y; /* [series][count] */
    const char *const *names;
    const char *x_name;
    cf_kind x_kind;                    /* INDEX: the rows are numbered instead */
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

/* Bars of categories. */
typedef struct {
    uint32_t count, series_count;
    const char *const *names;    /* [count], all different */
    const double *const *values; /* [series][count]; nan where there is none */
    const char *const *series;   /* names of the columns */
    const char *x_name;
    double min, max; /* of finite values and 0 */
    int64_t rows;    /* in all; count is the first of them */
} cf_plot_bars;

/* A cut flow; with `by:`, one for each value of a column. */
typedef struct {
    uint32_t count;
    const char *const *cuts; /* [count] */
    const char *const *by;   /* [count], NULL: one flow */
    const char *by_name;
    const double *passed, *share, *total; /* [count]; share of the cut before, of all */
    double max;                           /* of passed */
    int64_t rows;                         /* in all; count is the first of them */
} cf_plot_cuts;

/* False: the rows are not what such a drawing needs (or memory ran out); then show the rows. */
bool cf_plot_hist_read(const cf_result *r, cf_arena *arena, cf_plot_hist *plot);
bool cf_plot_grid_read(const cf_result *r, cf_arena *arena, cf_plot_grid *plot);
bool cf_plot_lines_read(const cf_result *r, cf_arena *arena, cf_plot_lines *plot);
bool cf_plot_matrix_read(const cf_result *r, cf_arena *arena, cf_plot_matrix *plot);

bool cf_plot_bars_read(const cf_result *r, cf_arena *arena, uint32_t most, cf_plot_bars *plot);
bool cf_plot_cuts_read(const cf_result *r, cf_arena *arena, uint32_t most, cf_plot_cuts *plot);

/* For pictures, which have room for so much only: neighbouring bins joined until there are at
 * most `most` (on each axis). False: no memory. */
bool cf_plot_hist_join(cf_plot_hist *plot, cf_arena *arena, uint32_t most);
bool cf_plot_grid_join(cf_plot_grid *plot, cf_arena *arena, uint32_t most);

/* Rows of a series that stand for all of them, in order: of a line the ends, lows and highs of
 * pieces of equal length, of points one of each piece, chosen by a hash.  All, if they are at
 * most `most`. */
typedef struct {
    const uint32_t *rows;
    uint32_t count;
} cf_plot_picks;
bool cf_plot_thin(const cf_plot_lines *plot, uint32_t series, uint32_t most, bool connected,
                  cf_arena *arena, cf_plot_picks *picks);

/* `1,000 entries, underflow 3, mean 91.2`; `sum 12.5` if weights are no whole numbers. */
void cf_plot_hist_caption(cf_text *out, const cf_plot_hist *plot);
void cf_plot_grid_caption(cf_text *out, const cf_plot_grid *plot);
void cf_plot_add_amount(cf_text *out, double x); /* `1,234` or `0.25` */

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

/* The same for dates and timestamps, with their texts; false: none that are better than
 * numbers. */
typedef struct {
    uint32_t count;
    double at[32];
    char text[32][24];
} cf_plot_labels;
bool cf_plot_is_calendar(cf_kind kind);
bool cf_plot_time_ticks(cf_kind kind, double low, double high, uint32_t most,
                        cf_plot_labels *ticks);
/* `2012-07-04`: the day of `low`. */
void cf_plot_first_day(char out[24], cf_kind kind, double low);

#endif
