#ifndef CF_NOTEBOOK_DIRECTIVE_H
#define CF_NOTEBOOK_DIRECTIVE_H

/* What tags, metadata and marker comments of a cell ask for. */

#include "notebook/book.h"
#include "notebook/compare.h"

bool cf_nb_is_skipped(const cf_nb_json *cell);
bool cf_nb_expects_error(const cf_nb_json *cell);
/* metadata.cutflow.ename: a pattern that the whole name must match.  err: a broken pattern. */
cf_status cf_nb_ename_matches(const cf_nb_json *cell, cf_nb_str ename, bool *matches,
                              cf_error *err);
bool cf_nb_errors_allowed(const cf_nb_book *book); /* metadata.execution.allow_errors */
/* Seconds for a cell: its own, the notebook's, or the one given; 0: no limit. */
double cf_nb_cell_timeout(const cf_nb_book *book, const cf_nb_json *cell, double given);
/* Are its outputs compared at all?  lax: only if it asks for that. */
bool cf_nb_is_compared(const cf_nb_json *cell, bool lax);
/* The tolerance given with what metadata.cutflow.compare of the cell changes. */
cf_nb_tolerance cf_nb_cell_tolerance(const cf_nb_json *cell, const cf_nb_tolerance *given);

#endif
