#ifndef CF_SESSION_CANVAS_H
#define CF_SESSION_CANVAS_H

/* A field of characters to draw on, and axes round a plot. */

#include "session/plot.h"
#include "session/render.h"

typedef struct {
    int width, height;
    uint32_t *glyphs; /* [height][width] code points, 0: a blank */
    uint8_t *inks;    /* [height][width] cf_ink, or 16 + a colour 0..5 of a series */
    bool unicode;
} cf_canvas;

bool cf_canvas_init(cf_canvas *c, cf_arena *arena, int width, int height, bool unicode);
void cf_canvas_put(cf_canvas *c, int x, int y, uint32_t glyph,
                   uint8_t ink); /* outside: nothing */
void cf_canvas_text(cf_canvas *c, int x, int y, const char *text, uint8_t ink);
void cf_canvas_print(cf_text *out, const cf_canvas *c, bool color);
#define CF_CANVAS_SERIES 16

/* The inside of a plot: `width` x `height` cells from (left, top); the axes are on the column
 * left of it and on the row below it, their labels further out. */
typedef struct {
    int left, top, width, height;
    double x_low, x_high, y_low, y_high;
    cf_kind x_kind;   /* dates and timestamps have ticks of their own */
    bool y_from_axis; /* y_low is the axis itself (bars), else the middle of the lowest cell */
} cf_axes;

#define CF_AXES_BELOW 2                                       /* rows that the x axis takes */
int cf_axes_label_width(double low, double high, int height); /* of the y axis */
void cf_axes_draw(cf_canvas *c, const cf_axes *a);

#endif
