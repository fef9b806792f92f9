#ifndef CF_NOTEBOOK_POOL_H
#define CF_NOTEBOOK_POOL_H

/* Memory of a notebook: everything that belongs to one lives in its pool and goes in one call.
 *
 *  This is the memory of a command that ends, not of a service: where none is left there is no
 * notebook to write either, so running out ends the program (exit code 3, as a kernel that
 * died) instead of being passed up through every line of the tree. */

#include "cutflow/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct cf_nb_pool cf_nb_pool;

cf_nb_pool *cf_nb_pool_new(void);
void cf_nb_pool_free(cf_nb_pool *pool);

/* Zeroed, aligned for anything; never NULL. */
void *cf_nb_alloc(cf_nb_pool *pool, size_t count, size_t size);

/* Text that is borrowed: not zero-terminated, may hold zeros. */
typedef struct {
    const char *data;
    size_t size;
} cf_nb_str;

#define CF_NB_STR_ARGS(s) (int)(s).size, (s).data /* for "%.*s" */

cf_nb_str cf_nb_str_of(const char *zero_terminated); /* NULL: empty */
bool cf_nb_str_equal(cf_nb_str a, cf_nb_str b);
bool cf_nb_str_is(cf_nb_str a, const char *b);
bool cf_nb_str_starts(cf_nb_str a, const char *prefix);
int cf_nb_str_compare(cf_nb_str a, cf_nb_str b);
cf_nb_str cf_nb_str_trim(cf_nb_str s); /* without white space at both ends */
/* The text up to the next newline, which is skipped; false at the end.  A text that ends in a
 * newline has no empty line after it. */
bool cf_nb_str_line(cf_nb_str *rest, cf_nb_str *line);
cf_nb_str cf_nb_dup(cf_nb_pool *pool, cf_nb_str s); /* zero-terminated copy */
CF_PRINTF(2, 3) char *cf_nb_printf(cf_nb_pool *pool, const char *format, ...);

/* A text that grows; zero-initialise. */
typedef struct {
    char *data; /* zero-terminated once anything was added; else NULL */
    size_t size, capacity;
} cf_nb_text;

void cf_nb_text_add(cf_nb_text *t, const char *data, size_t size);
void cf_nb_text_adds(cf_nb_text *t, const char *zero_terminated);
void cf_nb_text_addc(cf_nb_text *t, char c);
void cf_nb_text_addt(cf_nb_text *t, cf_nb_str s);
CF_PRINTF(2, 3) void cf_nb_text_addf(cf_nb_text *t, const char *format, ...);
cf_nb_str cf_nb_text_view(const cf_nb_text *t);
cf_nb_str cf_nb_text_keep(cf_nb_text *t, cf_nb_pool *pool); /* a copy in the pool; clears */
void cf_nb_text_clear(cf_nb_text *t);

#endif
