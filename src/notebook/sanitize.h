#ifndef CF_NOTEBOOK_SANITIZE_H
#define CF_NOTEBOOK_SANITIZE_H

/* Replacements made in both texts before they are compared, in nbval's file format:
 *
 *    [name]
 *    regex: \d+ seconds
 *    replace: TIME
 *
 * The patterns are Python's as far as POSIX can do them: \d \w \s \b and groups are understood,
 * what looks around or takes little (`*?`, `(?=`) is refused by name.  `.` never takes a
 * newline. */

#include "notebook/pool.h"

typedef struct cf_nb_rules cf_nb_rules;

/* NULL: err is set. */
cf_nb_rules *cf_nb_rules_read(const char *path, cf_nb_str text, cf_error *err);
/* Timings, dates, this host's name, temporary and home folders. */
cf_nb_rules *cf_nb_rules_builtin(const char *cwd);
void cf_nb_rules_free(cf_nb_rules *rules);

/* rules NULL: the text as it is. */
cf_nb_str cf_nb_sanitized(cf_nb_pool *pool, cf_nb_str text, const cf_nb_rules *rules);

#endif
