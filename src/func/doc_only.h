#ifndef CF_FUNC_DOC_ONLY_H
#define CF_FUNC_DOC_ONLY_H

/* Entries without a loop here: the binder knows them by name. */

#include "func/func_internal.h"

#define ENTRY(class, name, usage, doc, example, shows, related) \
    { name, CF_BUILTIN_##class, usage, doc, example, shows, NO_OVERLOADS, NULL, related }
#define LATER(class, name, usage, doc, example, related) \
    { name, CF_BUILTIN_##class, usage, doc, example, NULL, NO_OVERLOADS, "later", related }

/* A small table for examples. */
#define THREE "from [{k = \"a\", x = 1}, {k = \"b\", x = 2}, {k = \"a\", x = 3}]\n"
/* Two events with lists of jets. */
#define JETS                                                                    \
    "from [{id = 1, Jet = [{pt = 50.0, eta = 0.5}, {pt = 30.0, eta = -1.0}]}, " \
    "{id = 2, Jet = [{pt = 20.0, eta = 2.0}]}]\n"

#endif
