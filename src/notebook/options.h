#ifndef CF_NOTEBOOK_OPTIONS_H
#define CF_NOTEBOOK_OPTIONS_H

/* The command line of `cutflow run` as values. */

#include "notebook/compare.h"
#include "notebook/params.h"

typedef struct {
    cf_nb_pool *pool;
    const char **files;
    size_t file_count;

    cf_nb_params params;
    const char **data; /* [NAME=]PATH */
    size_t data_count;
    bool list_params;

    const char *output, *html, *junit;
    bool inplace, no_output, json, timing;

    bool check, lax, update;
    cf_nb_tolerance tolerance;
    cf_nb_rules *rules; /* those that the tolerance names */

    double timeout, cell_timeout, grace; /* seconds; 0: none */
    bool allow_errors, keep_going;
    const char *from, *to, *cwd;
    unsigned jobs, repeat, threads;
    size_t memory;
    const char *seed, *kernel;
    bool via_kernel, safe, progress, quiet, color, github;
} cf_nb_options;

/* False: a message was written. */
bool cf_nb_options_read(cf_nb_options *o, int argc, char *const *argv);

extern const char cf_nb_run_help[];

#endif
