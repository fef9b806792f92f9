#ifndef CF_NOTEBOOK_VALIDATE_H
#define CF_NOTEBOOK_VALIDATE_H

/* The rules of nbformat's schema, 4.0 to 4.5, each fault with its place. */

#include "notebook/book.h"

/* Appends a line `PATH:LINE: cells[2].metadata.tags: ..` for each fault; how many. */
size_t cf_nb_validate(const cf_nb_json *root, const char *path, cf_nb_text *out);

#endif
