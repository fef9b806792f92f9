#ifndef CF_EXEC_STATE_H
#define CF_EXEC_STATE_H

/* The state of one reduction over rows that come piece by piece.  Where the pieces were cut
 * does not matter to the bit; the order of the rows does, and so does which states are merged
 * when. */

#include "plan/plan.h"

typedef struct cf_state cf_state;

cf_state *cf_state_new(cf_reduce kind, cf_kind value_kind); /* NULL: no memory */
void cf_state_free(cf_state *s);
/* Rows [begin, end) of an array (never a constant). */
cf_status cf_state_add(cf_state *s, const cf_vec *x, size_t begin, size_t end, cf_error *err);
void cf_state_add_count(cf_state *s, size_t rows); /* COUNT looks at no values */
/* No rows come any more: ready to be merged. */
void cf_state_seal(cf_state *s);
/* Takes over what `right`, the state of later rows, has; right is freed. */
cf_status cf_state_merge(cf_state *left, cf_state *right, cf_error *err);
/* The result: one value of the reduction's kind; texts are copied into the arena. */
cf_status cf_state_value(cf_state *s, cf_arena *arena, void *out, uint8_t *valid, cf_span span,
                         cf_error *err);
int cf_state_compare_text(cf_view a, cf_view b);

#endif
