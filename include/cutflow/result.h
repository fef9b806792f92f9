#ifndef CUTFLOW_RESULT_H
#define CUTFLOW_RESULT_H

/** Results: what a statement shows.  Borrowed inside a callback; cf_result_retain keeps one. */

#include "cutflow/error.h"

#include <stddef.h>

typedef struct cf_result cf_result;

typedef enum {
    CF_RESULT_RELATION, /* rows of named columns */
    CF_RESULT_VALUE,    /* one value (a list or tuple too) */
    CF_RESULT_TEXT      /* text for the reader: help, a schema, a plan; not data */
} cf_result_kind;

/** How a relation wants to be drawn; the rows hold the data. */
typedef enum {
    CF_DRAW_NONE,
    CF_DRAW_HIST,   /* low, high, count, error; first row underflow, last overflow */
    CF_DRAW_HIST2D, /* x_low, x_high, y_low, y_high, count, error */
    CF_DRAW_LINE,
    CF_DRAW_SCATTER,
    CF_DRAW_BAR,
    CF_DRAW_HEATMAP,
    CF_DRAW_CUTFLOW
} cf_draw;

cf_result *cf_result_retain(cf_result *r);
void cf_result_release(cf_result *r);
cf_result_kind cf_result_kind_of(const cf_result *r);
cf_draw cf_result_draw(const cf_result *r);
/** Rows present (perhaps the first of more) and rows in all (-1: unknown). */
int64_t cf_result_rows(const cf_result *r);
int64_t cf_result_total(const cf_result *r);

typedef enum {
#define CF_FORMAT(name, word) CF_FORMAT_##name,
#include "cutflow/formats.def"
#undef CF_FORMAT
    CF_FORMAT_COUNT
} cf_format;

/** CF_FORMAT_COUNT if there is no such word. */
cf_format cf_format_of(const char *word);

typedef struct {
    cf_format format;
    unsigned width; /* of the terminal in columns; 0: do not fit, elide nothing */
    bool color;     /* ANSI colours */
    bool unicode;   /* box lines and blocks; else ASCII */
    bool drawing;   /* draw results that draw (terminal): the plot instead of the rows */
} cf_render_options;

/** The result as text, in a malloc'd zero-terminated string; *size may be NULL.  NULL: out of
 * memory. Machine formats (csv tsv json jsonlines) never elide; box fits into `width`, says
 * what it left out. */
char *cf_result_render(const cf_result *r, const cf_render_options *options, size_t *size);

/** Forms of a result for notebooks and reports. */
typedef enum {
    CF_RICH_HTML,     /* a table; not for results that draw */
    CF_RICH_VEGALITE, /* Vega-Lite v5 specification with its data, JSON */
    CF_RICH_SVG,      /* a picture, self-contained, without scripts */
    CF_RICH_PNG       /* the same as pixels; none where no drawing library is installed */
} cf_rich;

/** malloc'd bytes, zero-terminated too; NULL: the result has no such form, or no memory. */
char *cf_result_rich(const cf_result *r, cf_rich form, size_t *size);

/** All forms that a notebook should be given, as the JSON text of a MIME bundle: tables
 * {text/html, text/plain}; drawings {application/vnd.vegalite.v5+json, image/svg+xml,
 * image/png (base64), text/plain}; texts {text/plain}.  malloc'd; NULL: no memory. */
char *cf_result_bundle(const cf_result *r, size_t *size);

#endif
