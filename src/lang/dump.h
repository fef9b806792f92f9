#ifndef CF_LANG_DUMP_H
#define CF_LANG_DUMP_H

/* The tree of a program as nested lists: for tests and for comparing two programs. */

#include "lang/ast.h"

/* A statement a line.  plain: `f(x)` and `f x` look alike, and so they mean the same. */
void cf_program_dump(cf_text *out, const cf_program *program, bool plain);

#endif
