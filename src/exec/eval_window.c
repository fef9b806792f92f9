#include "exec/eval.h"

/* Values that depend on a row's place among the rows of its list. */

#include "prim/group.h"

#include <math.h>
#include <string.h>

typedef struct {
    const cf_node *node;
    const cf_rows *rows;
    uint32_t lists;
    cf_vec *out;
} window;

/* --- places --- */

static cf_status row_numbers(cf_eval *e, const window *w) {
    int64_t *out = CF_EVAL_NEWS(e, int64_t, w->rows->n);
    if (out == NULL) return CF_E_MEMORY;
    const int32_t *offsets = w->rows->offsets;
    for (uint32_t p = 0; p < w->lists; p++)
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            out[i] = i - offsets[p] + 1;
    w->out->data = out;
    return CF_OK;
}

/* The value `shift` rows further in the same list. */
static cf_status shifted(cf_eval *e, const window *w, int64_t shift) {
    int32_t *index = CF_EVAL_NEWS(e, int32_t, w->rows->n);
    if (index == NULL) return CF_E_MEMORY;
    const int32_t *offsets = w->rows->offsets;
    for (uint32_t p = 0; p < w->lists; p++)
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++) {
            int64_t at;
            const bool inside = !__builtin_add_overflow((int64_t)i, shift, &at) &&
                                at >= offsets[p] && at < offsets[p + 1];
            index[i] = inside ? (int32_t)at : -1;
        }
    cf_vec x;
    CF_TRY(cf_eval_array(e, w->node->args[1], w->node->args[0], &x));
    return cf_eval_take(e, &x, index, w->rows->n, true, w->out);
}

/* same[i]: does row i tie with the row before it (in its list or not)? */
static cf_status ties(cf_eval *e, const window *w, const cf_id *args, size_t count,
                      uint8_t **same) {
    cf_keys keys;
    CF_TRY(cf_eval_equal_keys(e, w->node->args[0], args, count, &keys));
    *same = CF_EVAL_NEWS(e, uint8_t, w->rows->n);
    if (*same == NULL) return CF_E_MEMORY;
    memset(*same, 1, w->rows->n);
    for (size_t k = 0; k < keys.count; k++)
        for (uint32_t i = 1; i < w->rows->n; i++)
            (*same)[i] &= keys.keys[k][i] == keys.keys[k][i - 1];
    return CF_OK;
}

static cf_status ranks(cf_eval *e, const window *w, bool dense) {
    uint8_t *same;
    const uint32_t skip = w->node->args[1] == 0 ? 2 : 1; /* no value before the keys */
    CF_TRY(ties(e, w, w->node->args + skip, w->node->arg_count - skip, &same));
    int64_t *out = CF_EVAL_NEWS(e, int64_t, w->rows->n);
    if (out == NULL) return CF_E_MEMORY;
    const int32_t *offsets = w->rows->offsets;
    for (uint32_t p = 0; p < w->lists; p++) {
        int64_t rank = 0;
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++) {
            if (i == offsets[p] || !same[i]) rank = dense ? rank + 1 : i - offsets[p] + 1;
            out[i] = rank;
        }
    }
    w->out->data = out;
    return CF_OK;
}

/* --- ends --- */

static cf_status first_of_list(cf_eval *e, const window *w) {
    int32_t *index = CF_EVAL_NEWS(e, int32_t, w->rows->n);
    if (index == NULL) return CF_E_MEMORY;
    const int32_t *offsets = w->rows->offsets;
    for (uint32_t p = 0; p < w->lists; p++)
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++)
            index[i] = offsets[p];
    cf_vec x;
    CF_TRY(cf_eval_array(e, w->node->args[1], w->node->args[0], &x));
    return cf_eval_take(e, &x, index, w->rows->n, false, w->out);
}

/* With keys: the last row that ties with this one; without: the list's last. */
static cf_status last_of_ties(cf_eval *e, const window *w) {
    uint8_t *same;
    CF_TRY(ties(e, w, w->node->args + 2, w->node->arg_count - 2, &same));
    int32_t *index = CF_EVAL_NEWS(e, int32_t, w->rows->n);
    if (index == NULL) return CF_E_MEMORY;
    const int32_t *offsets = w->rows->offsets;
    for (uint32_t p = 0; p < w->lists; p++)
        for (int32_t i = offsets[p + 1] - 1; i >= offsets[p]; i--) {
            const bool last = i == offsets[p + 1] - 1 || !same[i + 1];
            index[i] = last ? i : index[i + 1];
        }
    cf_vec x;
    CF_TRY(cf_eval_array(e, w->node->args[1], w->node->args[0], &x));
    return cf_eval_take(e, &x, index, w->rows->n, false, w->out);
}

/* --- frames: rows i1 .. i2 relative to each row --- */

typedef struct {
    cf_vec x;
    double *floats; /* the one or the other receives the results */
    int64_t *ints;
    uint8_t *valid;
    const cf_node *node;
} frames;

static int64_t bounded(int64_t row, int64_t shift, int64_t low, int64_t high) {
    int64_t at;
    if (__builtin_add_overflow(row, shift, &at)) return shift < 0 ? low : high;
    return at < low ? low : at > high ? high : at;
}

static bool counts(const frames *f, int64_t i) {
    return f->x.valid == NULL || f->x.valid[i];
}

static double float_at(const frames *f, int64_t i) {
    if (f->x.kind == CF_FLOAT64) return CF_VEC_DATA(f->x, double)[i];
    if (f->x.kind == CF_BOOL) return (double)CF_VEC_DATA(f->x, uint8_t)[i];
    return (double)CF_VEC_DATA(f->x, int64_t)[i];
}

static int64_t int_at(const frames *f, int64_t i) {
    return f->x.kind == CF_BOOL ? CF_VEC_DATA(f->x, uint8_t)[i] : CF_VEC_DATA(f->x, int64_t)[i];
}

/* One frame's state, while rows are added at its end. */
typedef struct {
    int64_t count;
    double sum, best;
    int64_t whole, best_whole;
    bool overflow;
} frame_sum;

static void frame_add(const frames *f, frame_sum *s, int64_t i) {
    if (!counts(f, i)) return;
    const bool largest = f->node->i0 == CF_W_MAX;
    if (f->x.kind == CF_FLOAT64 || f->node->i0 == CF_W_AVERAGE) {
        const double v = float_at(f, i);
        const bool better = largest ? v > s->best : v < s->best;
        if (s->count == 0 || better || (isnan(s->best) && !isnan(v))) s->best = v;
        s->sum += v;
    } else {
        const int64_t v = int_at(f, i);
        if (s->count == 0 || (largest ? v > s->best_whole : v < s->best_whole))
            s->best_whole = v;
        if (__builtin_add_overflow(s->whole, v, &s->whole)) s->overflow = true;
    }
    s->count++;
}

static cf_status frame_put(cf_eval *e, const frames *f, const frame_sum *s, int64_t i) {
    const int64_t op = f->node->i0;
    const bool null = s->count == 0 && op != CF_W_COUNT && op != CF_W_SUM;
    if (f->valid != NULL) f->valid[i] = !null;
    if (op == CF_W_SUM && s->overflow)
        return cf_fail(e->err, CF_E_OVERFLOW, f->node->span,
                       "the sum does not fit into 64 bits");
    if (f->floats != NULL)
        f->floats[i] = null                 ? 0.0
                       : op == CF_W_AVERAGE ? s->sum / (double)s->count
                       : op == CF_W_SUM     ? s->sum
                                            : s->best;
    else
        f->ints[i] = null               ? 0
                     : op == CF_W_COUNT ? s->count
                     : op == CF_W_SUM   ? s->whole
                                        : s->best_whole;
    return CF_OK;
}

/* Frames that begin at the list's begin only ever grow; others are added up row by row. */
static cf_status frames_of_list(cf_eval *e, const frames *f, int64_t begin, int64_t end) {
    const int64_t low = f->node->i1, high = f->node->i2;
    frame_sum s = {0};
    int64_t done = begin, since_check = 0;
    for (int64_t i = begin; i < end; i++) {
        const int64_t from = bounded(i, low, begin, end),
                      last = bounded(i, high, begin - 1, end - 1);
        if (low != INT64_MIN) {
            s = (frame_sum){0};
            done = from;
        }
        since_check += last - done + 1 > 0 ? last - done + 1 : 1;
        for (; done <= last; done++)
            frame_add(f, &s, done);
        CF_TRY(frame_put(e, f, &s, i));
        if (since_check > 1 << 20) {
            since_check = 0;
            CF_TRY(cf_eval_check_stop(e));
        }
    }
    return CF_OK;
}

/* Texts: only the best of a frame makes sense. */
static cf_status best_texts(cf_eval *e, const window *w, const frames *f) {
    const cf_view *x = f->x.data;
    int32_t *index = CF_EVAL_NEWS(e, int32_t, w->rows->n);
    if (index == NULL) return CF_E_MEMORY;
    const int32_t *offsets = w->rows->offsets;
    const bool largest = w->node->i0 == CF_W_MAX;
    for (uint32_t p = 0; p < w->lists; p++)
        for (int32_t i = offsets[p]; i < offsets[p + 1]; i++) {
            const int64_t last = bounded(i, w->node->i2, offsets[p] - 1, offsets[p + 1] - 1);
            index[i] = -1;
            for (int64_t j = bounded(i, w->node->i1, offsets[p], offsets[p + 1]); j <= last;
                 j++) {
                if (!counts(f, j)) continue;
                const cf_view best = index[i] < 0 ? x[j] : x[index[i]];
                const int order = cf_str_compare((cf_str){x[j].data, (size_t)x[j].size},
                                                 (cf_str){best.data, (size_t)best.size});
                if (index[i] < 0 || (largest ? order > 0 : order < 0)) index[i] = (int32_t)j;
            }
        }
    return cf_eval_take(e, &f->x, index, w->rows->n, true, w->out);
}

/* BOOL results of MIN and MAX come from the whole numbers. */
static cf_status narrowed(cf_eval *e, const window *w, const int64_t *ints) {
    uint8_t *out = CF_EVAL_NEWS(e, uint8_t, w->rows->n);
    if (out == NULL) return CF_E_MEMORY;
    for (uint32_t i = 0; i < w->rows->n; i++)
        out[i] = (uint8_t)ints[i];
    w->out->data = out;
    return CF_OK;
}

static cf_status framed(cf_eval *e, const window *w) {
    frames f = {.node = w->node};
    const int64_t op = w->node->i0;
    if (w->node->args[1] != 0)
        CF_TRY(cf_eval_array(e, w->node->args[1], w->node->args[0], &f.x));
    if (f.x.kind == CF_TEXT && (op == CF_W_MIN || op == CF_W_MAX)) return best_texts(e, w, &f);
    if (w->node->args[1] == 0 || op == CF_W_COUNT) f.x.kind = CF_BOOL; /* any value will do */
    static const uint8_t no_value[1];
    const bool bare = w->node->args[1] == 0 || op == CF_W_COUNT;
    if (bare) {
        uint8_t *zeros = CF_EVAL_NEWS(e, uint8_t, w->rows->n + 1);
        if (zeros == NULL) return CF_E_MEMORY;
        memset(zeros, 0, w->rows->n + 1);
        f.x.data = w->rows->n == 0 ? no_value : zeros;
    }
    const size_t n = w->rows->n;
    if (w->out->kind == CF_FLOAT64)
        f.floats = CF_EVAL_NEWS(e, double, n);
    else
        f.ints = CF_EVAL_NEWS(e, int64_t, n);
    f.valid = CF_EVAL_NEWS(e, uint8_t, n);
    if ((f.floats == NULL && f.ints == NULL) || f.valid == NULL) return CF_E_MEMORY;
    const int32_t *offsets = w->rows->offsets;
    for (uint32_t p = 0; p < w->lists; p++)
        CF_TRY(frames_of_list(e, &f, offsets[p], offsets[p + 1]));
    w->out->valid = f.valid;
    w->out->data = f.floats != NULL ? (const void *)f.floats : f.ints;
    return w->out->kind == CF_BOOL ? narrowed(e, w, f.ints) : CF_OK;
}

cf_status cf_eval_window(cf_eval *e, cf_id id, cf_vec *out) {
    window w = {.node = cf_eval_node(e, id), .out = out};
    CF_TRY(cf_eval_rows(e, w.node->args[0], &w.rows));
    CF_TRY(cf_eval_lists(e, w.node->args[0], &w.lists));
    switch ((cf_window)w.node->i0) {
    case CF_W_ROW_NUMBER: return row_numbers(e, &w);
    case CF_W_LAG: return shifted(e, &w, w.node->i1 == INT64_MIN ? INT64_MAX : -w.node->i1);
    case CF_W_LEAD: return shifted(e, &w, w.node->i1);
    case CF_W_RANK: return ranks(e, &w, false);
    case CF_W_DENSE_RANK: return ranks(e, &w, true);
    case CF_W_FIRST: return first_of_list(e, &w);
    case CF_W_LAST: return last_of_ties(e, &w);
    default: return framed(e, &w);
    }
}

/* --- DISTINCT --- */

cf_status cf_eval_distinct(cf_eval *e, cf_id id, cf_vec *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *rows;
    uint32_t lists;
    cf_keys keys;
    CF_TRY(cf_eval_rows(e, n->args[0], &rows));
    CF_TRY(cf_eval_lists(e, n->args[0], &lists));
    CF_TRY(cf_eval_equal_keys(e, n->args[0], n->args + 1, n->arg_count - 1, &keys));
    int32_t *group = CF_EVAL_NEWS(e, int32_t, rows->n),
            *first = CF_EVAL_NEWS(e, int32_t, rows->n);
    int32_t *offsets = CF_EVAL_NEWS(e, int32_t, lists + 1);
    uint8_t *data = CF_EVAL_NEWS(e, uint8_t, rows->n);
    if (group == NULL || first == NULL || offsets == NULL || data == NULL) return CF_E_MEMORY;
    const int64_t groups = cf_prim_group(group, first, offsets, keys.keys, keys.count,
                                         rows->offsets, lists, e->stop);
    if (groups == -1) return cf_eval_no_memory(e);
    if (groups == -2) return cf_eval_check_stop(e);
    for (uint32_t i = 0; i < rows->n; i++)
        data[i] = first[group[i]] == (int32_t)i;
    out->data = data;
    return CF_OK;
}
