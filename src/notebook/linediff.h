#ifndef CF_NOTEBOOK_LINEDIFF_H
#define CF_NOTEBOOK_LINEDIFF_H

/* Two texts, line by line: what is gone with `-`, what is new with `+`, a little around them.
 */

#include "notebook/pool.h"

void cf_nb_line_diff(cf_nb_text *out, cf_nb_str before, cf_nb_str after, const char *indent,
                     bool color);

#endif
