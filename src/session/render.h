#ifndef CF_SESSION_RENDER_H
#define CF_SESSION_RENDER_H

/* Results as text: what the parts of the renderer share. */

#include "session/result.h"

/* How a value is shown to people. */
typedef struct {
    size_t budget; /* bytes after which a nested value is cut short; 0: never */
    bool rounded;  /* floats to about six digits, else shortest exact */
    bool unicode;  /* … or ... */
    bool one_line; /* control characters of texts as \n */
} cf_style;

/* `10.8`, `abc`, `{pt = 1.5, name = "x"}`, `[1, 2, …]`, `null`. */
void cf_put_value(cf_text *out, const cf_column *c, int64_t row, const cf_style *style);
/* About six significant digits. */
void cf_put_rounded(cf_text *out, double x);
void cf_put_count(cf_text *out, int64_t x); /* 1,234,567 */
/* Characters of `12.50` from the point on (3); none: 0; not plain digits: -1. */
int cf_put_fraction_width(const char *number);
/* Cut to `width` terminal columns, with … where something is missing. */
void cf_put_cut(cf_text *out, const char *data, size_t size, int width, bool unicode);
void cf_put_spaces(cf_text *out, int count);

/* ANSI colours; nothing if they are not wanted. */
typedef enum { CF_INK_NONE, CF_INK_HEAD, CF_INK_DIM, CF_INK_BAR } cf_ink;
void cf_put_ink(cf_text *out, cf_ink ink, bool color);

/* The formats; each appends whole lines. */
void cf_render_table(cf_text *out, const cf_result *r, const cf_render_options *options);
void cf_render_vertical(cf_text *out, const cf_result *r, const cf_render_options *options);
void cf_render_drawing(cf_text *out, const cf_result *r, const cf_render_options *options);
/* `1,000 rows, showing 10`: a line, or nothing if all is there and `always` is not set. */
void cf_render_footer(cf_text *out, const cf_result *r, uint32_t columns_shown, bool always,
                      const cf_render_options *options);

#endif
