#ifndef CF_KERNEL_OUTPUT_H
#define CF_KERNEL_OUTPUT_H

/* What a cell shows while it runs.
 *
 *   a result             display_data; the last output of a cell, if it is a result:
 * execute_result. So the newest result is held back until it is known what follows help and
 * other text  display_data, text/plain %print, warnings     stream progress             for
 * people, after a second: a display that is updated, shows histograms as they fill, and is gone
 * when the cell has ended */

#include "kernel/kernel.h"

typedef struct {
    const char *type;
    cf_growing content;
} cf_shown;

typedef struct {
    cf_kernel *kernel;
    const cf_worker *worker;
    const cf_request *request;
    const cf_cell *cell;
    int64_t count;
    bool silent, progress_wanted, pages; /* pages: texts go to the pager */
    cf_timing timing;                    /* of all statements */
    int64_t start_ns;

    char *held;         /* the newest result: a bundle */
    cf_growing payload; /* items for the reply */
    cf_shown *shown; /* what stands below the cell, to show it again; if progress is wanted */
    size_t shown_count, shown_size;

    bool live;      /* the progress display stands there */
    unsigned lives; /* displays so far */
    char *partial;  /* the bundle that it shows; NULL: a bar */
    int64_t updated_ns, statement_ns;

    bool failed;
    char ename[32];
    cf_growing evalue, traceback; /* traceback: items of a JSON array */
} cf_output;

cf_callbacks cf_output_callbacks(cf_output *o, bool allow_input);
/** Everything that is still to be shown, but not the error. */
void cf_output_end(cf_output *o, cf_status status);
/** `"ename":...,"evalue":...,"traceback":[...]` */
void cf_output_put_error(const cf_output *o, cf_growing *to);
void cf_output_send_error(cf_output *o);
/** A line on time and size below the cell. */
void cf_output_footer(cf_output *o);
void cf_output_clear(cf_output *o);

/** `"wall_seconds":...` and so on. */
void cf_output_put_timing(const cf_output *o, cf_growing *to);

#endif
