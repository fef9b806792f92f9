#ifndef CF_EXEC_STATE_INTERNAL_H
#define CF_EXEC_STATE_INTERNAL_H

/* What a state consists of: for each number that its kind of reduction needs, an array with
 * one for each group, all zero for a group without rows. */

#include "exec/state.h"
#include "exec/value_set.h"
#include "prim/reduce.h"

__extension__ typedef __int128 cf_wide;

typedef enum {
    CF_A_COUNT,   /* int64: rows that count: all, valid, NaN, .. */
    CF_A_SUM,     /* cf_lanes, until sealed: of floats; STDDEV: of x - shift */
    CF_A_SQUARES, /* cf_lanes, until sealed: STDDEV: of (x - shift) squared */
    CF_A_SHIFT,   /* double, until sealed: STDDEV: the first value */
    CF_A_TOTAL,   /* double, sealed: the sum of floats */
    CF_A_MEAN,    /* double, sealed: STDDEV */
    CF_A_SQUARED, /* double, sealed: STDDEV: squared distances from the mean */
    CF_A_WHOLE,   /* cf_wide: the sum of whole numbers */
    CF_A_FLAG,    /* uint8: ANY: true; ALL: not true; MIN, MAX, STDDEV: there is a value */
    CF_A_BEST,    /* int64 or double: MIN, MAX; NaN only while there is no other */
    CF_A_TEXT,    /* cf_text: MIN, MAX of texts; CONCAT */
    CF_ARRAYS
} cf_state_array;

#define CF_UNTIL_SEALED (1U << CF_A_SUM | 1U << CF_A_SQUARES | 1U << CF_A_SHIFT)

struct cf_state {
    cf_reduce kind;
    cf_kind value_kind;
    unsigned uses; /* bit a: array[a] */
    bool sealed;
    size_t groups, capacity;
    void *array[CF_ARRAYS];
    size_t text_bytes; /* of CF_A_TEXT */
    cf_value_set set;  /* COUNT_DISTINCT */
};

extern const uint8_t cf_state_sizes[CF_ARRAYS]; /* of an array's elements */

/* The arrays by their types. */
#define CF_STATE_ARRAY(name, type, which)                    \
    static inline type *cf_state_##name(const cf_state *s) { \
        return (type *)s->array[which];                      \
    }
CF_STATE_ARRAY(count, int64_t, CF_A_COUNT)
CF_STATE_ARRAY(sum, cf_lanes, CF_A_SUM)
CF_STATE_ARRAY(squares, cf_lanes, CF_A_SQUARES)
CF_STATE_ARRAY(shift, double, CF_A_SHIFT)
CF_STATE_ARRAY(total, double, CF_A_TOTAL)
CF_STATE_ARRAY(mean, double, CF_A_MEAN)
CF_STATE_ARRAY(squared, double, CF_A_SQUARED)
CF_STATE_ARRAY(whole, cf_wide, CF_A_WHOLE)
CF_STATE_ARRAY(flag, uint8_t, CF_A_FLAG)
CF_STATE_ARRAY(best_ints, int64_t, CF_A_BEST)
CF_STATE_ARRAY(best_floats, double, CF_A_BEST)
CF_STATE_ARRAY(text, cf_text, CF_A_TEXT)
#undef CF_STATE_ARRAY

static inline bool cf_state_has(const cf_state *s, cf_state_array a) {
    return (s->uses & 1U << a) != 0;
}

void cf_state_best_float(cf_state *s, size_t g, double v);
void cf_state_best_int(cf_state *s, size_t g, int64_t v);
bool cf_state_best_text(cf_state *s, size_t g, cf_view v); /* false: no memory */
bool cf_state_append(cf_state *s, size_t g, cf_view v);    /* CONCAT */
bool cf_state_distinct(cf_state *s, size_t g, uint64_t key, cf_view text);
cf_status cf_state_no_memory(cf_error *err);

#endif
