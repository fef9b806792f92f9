#ifndef CF_SESSION_RESULT_H
#define CF_SESSION_RESULT_H

/* The inside of cf_result, for the session that makes it and the renderers. */

#include "column/column.h"

#include "cutflow/result.h"

struct cf_result {
    _Atomic int refs;
    cf_result_kind kind;
    cf_draw draw;
    cf_table *rows; /* RELATION: TUPLE column; VALUE: TUPLE column with one row and one field */
    int64_t total;  /* rows in all, -1 unknown */
    char *text;     /* TEXT: what to show; else NULL */
    char *caption;  /* of a drawing: "MET.pt, 3 nan left out"; or NULL */
    char *label_x, *label_y; /* of a drawing: axis texts; or NULL */
    /* of LINE, SCATTER, BAR, HEATMAP: which columns: x first, then y's */
    uint32_t draw_column_count;
    uint32_t draw_columns[8];
    int64_t
        entries;   /* of HIST, HIST2D: values that were filled in, outside too; -1: not known */
    double moment; /* of HIST: sum of the values inside, times weights; nan: not known */
    char *note;    /* one line instead of rows (after `save`); or NULL */
};

/* Takes over rows and the malloc'd texts given later into its fields. NULL: no memory. */
cf_result *cf_result_new(cf_result_kind kind);

#endif
