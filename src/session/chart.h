#ifndef CF_SESSION_CHART_H
#define CF_SESSION_CHART_H

/* Parts of charts: the frame with its axes, colours, lines of text above it. */

#include "session/picture.h"
#include "session/plot.h"

/* Told apart by people who see no red or no green as well (Okabe and Ito's set). */
#define CF_CHART_COLORS 7
uint32_t cf_chart_color(uint32_t series);
/* share 0..1 on a scale from dark to light: counts; from light to dark: tables with numbers in
 * them; -1..1: around zero. */
typedef enum { CF_SCALE_COUNTS, CF_SCALE_TABLE, CF_SCALE_SIGNED } cf_scale;
uint32_t cf_chart_shade(cf_scale scale, double share);
/* The colours between which a scale is linear. */
const uint32_t *cf_chart_anchors(cf_scale scale, size_t *count);

typedef struct {
    cf_picture *p;
    double left, top, width, height; /* the inside of the frame */
    double x_low, x_high, y_low, y_high;
    cf_kind x_kind; /* of a date or a time, ticks are dates */
} cf_frame;

double cf_frame_x(const cf_frame *f, double x);
double cf_frame_y(const cf_frame *f, double y);
/* Chooses left from the width of the y axis's numbers; top, width, height are given. */
void cf_frame_make_room(cf_frame *f);
void cf_frame_draw(const cf_frame *f, const char *x_title, const char *y_title);

typedef struct {
    const char *const *names;
    uint32_t count;
    cf_mark_kind mark; /* a line, a dot or a bar (RECTS) */
} cf_legend;

#define CF_CHART_WIDTH 640
/* Background, caption and legend lines: the y where the frame may begin.  Sets the picture's
 * size to CF_CHART_WIDTH x (that y + below). */
double cf_chart_head(cf_picture *p, const char *caption, const cf_legend *legend, double below);

/* Texts: numbers at axes, titles, what is less important. */
cf_pen cf_pen_label(cf_anchor anchor);
cf_pen cf_pen_title(cf_anchor anchor);
cf_pen cf_pen_dim(cf_anchor anchor);
/* A name, cut to a width. */
void cf_chart_name(cf_picture *p, cf_pen pen, double x, double y, const char *name,
                   double width);

/* The charts of categories (chart_table.c). */
bool cf_chart_bars(cf_picture *p, const cf_result *r);
bool cf_chart_matrix(cf_picture *p, const cf_result *r);
bool cf_chart_cuts(cf_picture *p, const cf_result *r);
bool cf_bars_are_upright(const cf_plot_bars *b); /* short names, few of them */

/* How much a picture shows at most; more is joined, thinned or left out, and that is said. */
#define CF_CHART_BINS   500
#define CF_CHART_CELLS  80 /* on each axis */
#define CF_CHART_POINTS 5000
#define CF_CHART_BARS   50
#define CF_CHART_CUTS   60

/* What is said above a plot of lines or points, of bars: the result's caption, and what was
 * left out. */
void cf_chart_lines_caption(cf_text *out, const cf_result *r, const cf_plot_lines *l,
                            bool connected, uint32_t drawn);
void cf_chart_rows_caption(cf_text *out, const cf_result *r, uint32_t shown, int64_t rows);
void cf_chart_own_caption(cf_text *out, const cf_result *r); /* adds the result's */
/* `entries / 0.5`: per bin, if all are of one width. malloc'd */
char *cf_chart_bins_title(const cf_plot_hist *h, const char *label);
/* Of each series, at most so many points that all together are CF_CHART_POINTS. */
uint32_t cf_chart_points_most(const cf_plot_lines *l);
double cf_chart_hist_top(const cf_plot_hist *h, double *bottom);
void cf_chart_open(double *low, double *high, double share); /* some room at both ends */

#endif
