#ifndef CF_EXEC_STATE_H
#define CF_EXEC_STATE_H

/* The state of one reduction over rows that come piece by piece, for any number of groups of
 * rows.  Where the pieces were cut does not matter to the bit; the order of the rows does, and
 * so does which states are merged when. */

#include "exec/bytes.h"
#include "plan/plan.h"

typedef struct cf_state cf_state;

cf_state *cf_state_new(cf_reduce kind, cf_kind value_kind); /* NULL: no memory; no groups yet */
void cf_state_free(cf_state *s);
/* As many groups as this from now on; the new ones have no rows. */
cf_status cf_state_grow(cf_state *s, size_t groups, cf_error *err);
/* Rows [begin, end) of an array (never a constant), all of one group. */
cf_status cf_state_add(cf_state *s, size_t group, const cf_vec *x, size_t begin, size_t end,
                       cf_error *err);
void cf_state_add_count(cf_state *s, size_t group, size_t rows); /* COUNT: looks at no values */
/* Each row to its group; x may be NULL for COUNT. */
cf_status cf_state_add_rows(cf_state *s, const int32_t *group, const cf_vec *x, size_t n,
                            cf_error *err);
/* No rows come any more: ready to be merged.  Takes less memory from then on. */
void cf_state_seal(cf_state *s);
/* Adds what `right`, a sealed state of later rows, has.  map: which of left's groups each of
 * right's is; NULL: the same. */
cf_status cf_state_merge(cf_state *left, const cf_state *right, const int32_t *map,
                         cf_error *err);
/* The results: a value of `size` bytes a group; texts are copied into the arena. */
cf_status cf_state_values(cf_state *s, size_t size, cf_arena *arena, void *out, uint8_t *valid,
                          cf_span span, cf_error *err);
size_t cf_state_bytes(const cf_state *s);
/* A sealed state as bytes, and back: NULL: no memory, or, if r is bad, nonsense. */
void cf_state_write(const cf_state *s, cf_text *out);
cf_state *cf_state_read(cf_reduce kind, cf_kind value_kind, size_t groups, cf_reader *r);
int cf_state_compare_text(cf_view a, cf_view b);

#endif
