#ifndef CF_SESSION_PICTURE_H
#define CF_SESSION_PICTURE_H

/* A picture before it is SVG or pixels: marks in the order in which they are drawn, in units of
 * a CSS pixel, y downwards.  Made by chart.h, written by svg.c and png.c, read by tests. */

#include "base/base.h"
#include "session/result.h"

typedef enum {
    CF_MARK_RECTS,    /* x y width height */
    CF_MARK_SEGMENTS, /* x0 y0 x1 y1 */
    CF_MARK_LINE,     /* x y; nan: a gap */
    CF_MARK_AREA,     /* x y, closed */
    CF_MARK_DOTS,     /* x y */
    CF_MARK_TEXT      /* x y of the base line's anchor */
} cf_mark_kind;

typedef enum { CF_ANCHOR_START, CF_ANCHOR_MIDDLE, CF_ANCHOR_END } cf_anchor;

typedef struct {
    uint32_t color; /* 0xRRGGBB */
    double opacity;
    double size; /* line width, dot's diameter, letters' height */
    cf_anchor anchor;
    bool bold, turned; /* turned: reads upwards */
} cf_pen;

typedef struct {
    cf_mark_kind kind;
    cf_pen pen;
    const double *at;
    size_t count; /* of rectangles, segments, points */
    const char *text;
} cf_mark;

typedef struct {
    double width, height;
    cf_mark *marks;
    size_t count, capacity;
    cf_arena *arena;
    bool failed; /* memory ran out */
} cf_picture;

/* Numbers that one mark of a kind takes per item: 4 or 2. */
size_t cf_mark_stride(cf_mark_kind kind);
/* Copies the numbers and the text. */
void cf_picture_add(cf_picture *p, cf_mark_kind kind, cf_pen pen, const double *at,
                    size_t count);
void cf_picture_text(cf_picture *p, cf_pen pen, double x, double y, const char *text);
/* About how wide a text is: for margins, not for anchors. */
double cf_picture_text_width(const char *text, double size);

/* The drawing of a result; false: its rows are not what it needs, or no memory. */
bool cf_chart_draw(cf_picture *p, const cf_result *r);

#endif
