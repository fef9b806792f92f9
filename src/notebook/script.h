#ifndef CF_NOTEBOOK_SCRIPT_H
#define CF_NOTEBOOK_SCRIPT_H

/* Programs as notebooks and back, in the percent format: `# %%` begins a cell of code,
 * `# %% [markdown]` one whose lines are comments; what stands after it on the line are title
 * and metadata (`tags=["parameters"]`).  The sources of a notebook come back byte for byte. */

#include "notebook/book.h"

/* A text without a `# %%` line is one cell. */
void cf_nb_script_read(cf_nb_pool *pool, const char *path, cf_nb_str text, cf_nb_book *out);

/* ids: write them, so that they come back too. */
cf_nb_str cf_nb_script_write(const cf_nb_book *book, cf_nb_pool *pool, bool ids);

#endif
