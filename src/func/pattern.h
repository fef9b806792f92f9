#ifndef CF_FUNC_PATTERN_H
#define CF_FUNC_PATTERN_H

/* Regular expressions, searched in time proportional to the text whatever the pattern: no
 * backtracking, so no back references and no looking around. */

#include "base/base.h"

typedef struct cf_pattern cf_pattern;

/* NULL: not a pattern; *why says what is wrong and *at where (bytes).  Lives in the arena. */
const cf_pattern *cf_pattern_compile(cf_arena *arena, cf_str source, const char **why,
                                     size_t *at);

/* Room for searching; good for many texts, for one thread.  NULL: no memory. */
typedef struct cf_search cf_search;
cf_search *cf_search_make(cf_arena *arena, const cf_pattern *pattern);

/* Does the pattern match somewhere in the text? */
bool cf_pattern_found(const cf_pattern *pattern, cf_search *search, cf_str text);

#endif
