#include "exec/eval.h"

/* Many rows to one, in each list: REDUCE, PICK, NTH, BINCOUNT. */

#include "exec/state.h"
#include "prim/gather.h"
#include "prim/group.h"
#include "prim/reduce.h"

#include <string.h>

typedef struct {
    const cf_node *node;
    const cf_rows *rows; /* of Q */
    uint32_t lists;
    cf_vec x; /* an array; without: kind NULL */
    cf_vec *out;
} reducing;

static cf_status out_room(cf_eval *e, const reducing *r, void **data) {
    *data = cf_eval_alloc(e, r->lists, cf_kind_size(r->out->kind));
    r->out->data = *data;
    return *data == NULL ? CF_E_MEMORY : CF_OK;
}

/* Null where there was no row (-1). */
static cf_status take_rows(cf_eval *e, const reducing *r, const int32_t *row) {
    return cf_eval_take(e, &r->x, row, r->lists, true, r->out);
}

static cf_status overflow(cf_eval *e, const cf_node *n) {
    return cf_fail(e->err, CF_E_OVERFLOW, n->span, "the sum does not fit into 64 bits");
}

/* --- one kind after the other --- */

static cf_status reduce_count(cf_eval *e, const reducing *r) {
    void *out;
    CF_TRY(out_room(e, r, &out));
    if (r->node->i0 == CF_R_COUNT_VALID && r->x.valid != NULL)
        cf_prim_counts_u8(out, r->x.valid, r->rows->offsets, r->lists);
    else
        cf_prim_lengths(out, r->rows->offsets, r->lists);
    return CF_OK;
}

static cf_status reduce_nan(cf_eval *e, const reducing *r) {
    void *data;
    CF_TRY(out_room(e, r, &data));
    int64_t *out = data;
    const int32_t *offsets = r->rows->offsets;
    for (uint32_t p = 0; p < r->lists; p++)
        out[p] = r->x.kind != CF_FLOAT64
                     ? 0
                     : cf_prim_count_nan(CF_VEC_DATA(r->x, double) + offsets[p],
                                         (size_t)(offsets[p + 1] - offsets[p]));
    return CF_OK;
}

static cf_status reduce_sum(cf_eval *e, const reducing *r) {
    void *out;
    size_t bad;
    CF_TRY(out_room(e, r, &out));
    if (r->x.kind == CF_FLOAT64)
        cf_prim_sums_f64(out, r->x.data, r->rows->offsets, r->lists);
    else if (r->x.kind == CF_BOOL)
        cf_prim_counts_u8(out, r->x.data, r->rows->offsets, r->lists);
    else if (!cf_prim_sums_i64(out, r->x.data, r->rows->offsets, r->lists, &bad))
        return overflow(e, r->node);
    return CF_OK;
}

static cf_status reduce_bool(cf_eval *e, const reducing *r) {
    void *out;
    CF_TRY(out_room(e, r, &out));
    if (r->node->i0 == CF_R_ANY)
        cf_prim_any(out, r->x.data, r->rows->offsets, r->lists);
    else
        cf_prim_all(out, r->x.data, r->x.valid, r->rows->offsets, r->lists);
    return CF_OK;
}

/* The first best row of each list. */
static cf_status best_rows(cf_eval *e, const cf_vec *x, const cf_rows *rows, uint32_t lists,
                           bool largest, int32_t **out) {
    int32_t *row = CF_EVAL_NEWS(e, int32_t, lists);
    if (row == NULL) return CF_E_MEMORY;
    *out = row;
    if (x->kind == CF_FLOAT64) {
        cf_prim_best_row_f64(row, x->data, x->valid, rows->offsets, lists, largest);
        return CF_OK;
    }
    if (x->kind != CF_TEXT && cf_kind_size(x->kind) == 8) {
        cf_prim_best_row_i64(row, x->data, x->valid, rows->offsets, lists, largest);
        return CF_OK;
    }
    const bool text = x->kind == CF_TEXT;
    for (uint32_t p = 0; p < lists; p++) {
        row[p] = -1;
        for (int32_t i = rows->offsets[p]; i < rows->offsets[p + 1]; i++) {
            if (x->valid != NULL && !x->valid[i]) continue;
            const int order =
                row[p] < 0 ? 0
                : text     ? cf_state_compare_text(CF_VEC_DATA(*x, cf_view)[i],
                                                   CF_VEC_DATA(*x, cf_view)[row[p]])
                           : CF_VEC_DATA(*x, uint8_t)[i] - CF_VEC_DATA(*x, uint8_t)[row[p]];
            if (row[p] < 0 || (largest ? order > 0 : order < 0)) row[p] = i;
        }
    }
    return CF_OK;
}

static cf_status reduce_best(cf_eval *e, const reducing *r) {
    int32_t *row;
    CF_TRY(best_rows(e, &r->x, r->rows, r->lists, r->node->i0 == CF_R_MAX, &row));
    return take_rows(e, r, row);
}

static cf_status reduce_distinct(cf_eval *e, const reducing *r) {
    void *data;
    CF_TRY(out_room(e, r, &data));
    const uint64_t *room[4];
    cf_keys keys = {room, 0};
    CF_TRY(cf_eval_equal_key(e, &r->x, &keys));
    const uint32_t n = r->rows->n;
    int32_t *group = CF_EVAL_NEWS(e, int32_t, n), *first = CF_EVAL_NEWS(e, int32_t, n);
    int32_t *offsets = CF_EVAL_NEWS(e, int32_t, r->lists + 1);
    if (group == NULL || first == NULL || offsets == NULL) return CF_E_MEMORY;
    const int64_t groups = cf_prim_group(group, first, offsets, keys.keys, keys.count,
                                         r->rows->offsets, r->lists, e->stop);
    if (groups == -1) return cf_eval_no_memory(e);
    if (groups == -2) return cf_eval_check_stop(e);
    int64_t *out = data;
    for (uint32_t p = 0; p < r->lists; p++) {
        out[p] = 0;
        for (int32_t g = offsets[p]; g < offsets[p + 1]; g++)
            out[p] += r->x.valid == NULL || r->x.valid[first[g]];
    }
    return CF_OK;
}

static cf_status states_add(cf_eval *e, const reducing *r, cf_state *state) {
    CF_TRY(cf_state_grow(state, r->lists, e->err));
    for (uint32_t p = 0; p < r->lists; p++) {
        const int32_t begin = r->rows->offsets[p], end = r->rows->offsets[p + 1];
        if (begin == end) continue;
        CF_TRY(cf_state_add(state, p, &r->x, (size_t)begin, (size_t)end, e->err));
        if ((p & 4095) == 4095) CF_TRY(cf_eval_check_stop(e));
    }
    return CF_OK;
}

/* The rare ones go through the state that sinks use. */
static cf_status reduce_states(cf_eval *e, const reducing *r) {
    void *data;
    CF_TRY(out_room(e, r, &data));
    uint8_t *valid = CF_EVAL_NEWS(e, uint8_t, r->lists);
    cf_state *state = cf_state_new((cf_reduce)r->node->i0, r->x.kind);
    if (valid == NULL || state == NULL) {
        cf_state_free(state);
        return cf_eval_no_memory(e);
    }
    cf_status status = states_add(e, r, state);
    if (status == CF_OK)
        status = cf_state_values(state, cf_kind_size(r->out->kind), e->arena, data, valid,
                                 r->node->span, e->err);
    cf_state_free(state);
    r->out->valid = valid;
    return status;
}

/* Sum over count, where there is a count. */
static cf_status reduce_average(cf_eval *e, const reducing *r) {
    void *data;
    if (r->x.kind != CF_FLOAT64) return reduce_states(e, r);
    CF_TRY(out_room(e, r, &data));
    double *out = data;
    int64_t *count = CF_EVAL_NEWS(e, int64_t, r->lists);
    uint8_t *valid = CF_EVAL_NEWS(e, uint8_t, r->lists);
    if (count == NULL || valid == NULL) return CF_E_MEMORY;
    cf_prim_sums_f64(out, r->x.data, r->rows->offsets, r->lists);
    if (r->x.valid != NULL)
        cf_prim_counts_u8(count, r->x.valid, r->rows->offsets, r->lists);
    else
        cf_prim_lengths(count, r->rows->offsets, r->lists);
    for (uint32_t p = 0; p < r->lists; p++) {
        valid[p] = count[p] > 0;
        out[p] = out[p] / (double)(count[p] > 0 ? count[p] : 1);
    }
    r->out->valid = valid;
    return CF_OK;
}

/* Of values that have no kind: as of an empty list. */
static cf_status reduce_nulls(cf_eval *e, const reducing *r) {
    void *data;
    CF_TRY(out_room(e, r, &data));
    uint8_t *valid = CF_EVAL_NEWS(e, uint8_t, r->lists);
    if (valid == NULL) return CF_E_MEMORY;
    memset(data, 0, r->lists * cf_kind_size(r->out->kind));
    memset(valid, 0, r->lists);
    r->out->valid = valid;
    return CF_OK;
}

cf_status cf_eval_reduce(cf_eval *e, cf_id id, cf_vec *out) {
    const cf_node *n = cf_eval_node(e, id);
    reducing r = {.node = n, .lists = out->n, .out = out};
    CF_TRY(cf_eval_rows(e, n->args[0], &r.rows));
    if (n->i0 != CF_R_COUNT) CF_TRY(cf_eval_array(e, n->args[1], n->args[0], &r.x));
    if (r.x.kind == CF_NULL && n->i0 != CF_R_COUNT && n->i0 != CF_R_COUNT_VALID)
        return reduce_nulls(e, &r);
    switch ((cf_reduce)n->i0) {
    case CF_R_COUNT:
    case CF_R_COUNT_VALID: return reduce_count(e, &r);
    case CF_R_SUM: return reduce_sum(e, &r);
    case CF_R_MIN:
    case CF_R_MAX: return reduce_best(e, &r);
    case CF_R_ANY:
    case CF_R_ALL: return reduce_bool(e, &r);
    case CF_R_AVERAGE: return reduce_average(e, &r);
    case CF_R_COUNT_DISTINCT: return reduce_distinct(e, &r);
    case CF_R_COUNT_NAN: return reduce_nan(e, &r);
    default: return reduce_states(e, &r);
    }
}

/* --- one row of each list --- */

static void ends(int32_t *restrict out, const int32_t *restrict offsets, size_t lists,
                 bool last) {
    for (size_t p = 0; p < lists; p++) {
        const int32_t row = last ? offsets[p + 1] - 1 : offsets[p];
        out[p] = offsets[p] < offsets[p + 1] ? row : -1;
    }
}

cf_status cf_eval_pick(cf_eval *e, cf_id id, cf_vec *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *rows;
    int32_t *row;
    CF_TRY(cf_eval_rows(e, n->args[0], &rows));
    if (n->i0 == CF_PICK_FIRST || n->i0 == CF_PICK_LAST) {
        row = CF_EVAL_NEWS(e, int32_t, out->n);
        if (row == NULL) return CF_E_MEMORY;
        ends(row, rows->offsets, out->n, n->i0 == CF_PICK_LAST);
    } else {
        cf_vec key;
        CF_TRY(cf_eval_array(e, n->args[1], n->args[0], &key));
        CF_TRY(best_rows(e, &key, rows, out->n, n->i0 == CF_PICK_MAX_BY, &row));
    }
    out->data = row;
    return CF_OK;
}

cf_status cf_eval_nth(cf_eval *e, cf_id id, cf_vec *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *rows;
    cf_vec position;
    CF_TRY(cf_eval_rows(e, n->args[0], &rows));
    CF_TRY(cf_eval_array(e, n->args[1], n->level, &position));
    int32_t *row = CF_EVAL_NEWS(e, int32_t, out->n);
    if (row == NULL) return CF_E_MEMORY;
    for (uint32_t p = 0; p < out->n; p++) {
        const int64_t length = rows->offsets[p + 1] - rows->offsets[p];
        int64_t at = CF_VEC_DATA(position, int64_t)[p];
        if (n->i0 == 1 && at < 0 && at >= -length) at += length;
        const bool inside =
            at >= 0 && at < length && (position.valid == NULL || position.valid[p]);
        row[p] = inside ? (int32_t)(rows->offsets[p] + at) : -1;
    }
    out->data = row;
    return CF_OK;
}

/* --- histograms --- */

/* Adds each row of list p to its bin of the k bins of p. */
static void bin_list(void *out, const cf_vec *bin, const cf_vec *weight, int32_t begin,
                     int32_t end, int64_t k) {
    const int64_t *at = bin->data;
    const double *w = weight == NULL ? NULL : weight->data;
    for (int32_t i = begin; i < end; i++) {
        const bool inside = at[i] >= 0 && at[i] < k && (bin->valid == NULL || bin->valid[i]);
        if (!inside) continue;
        if (w != NULL)
            ((double *)out)[at[i]] += w[i];
        else
            ((int64_t *)out)[at[i]]++;
    }
}

cf_status cf_eval_bincount(cf_eval *e, cf_id id, cf_vec *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_id parent = cf_eval_node(e, n->level)->level;
    const cf_rows *outer;
    const int32_t *offsets;
    CF_TRY(cf_eval_rows(e, parent, &outer));
    CF_TRY(cf_eval_offsets(e, n->args[0], parent, &offsets));
    cf_vec bin, weight;
    const bool weighted = n->arg_count > 2 && n->args[2] != 0;
    CF_TRY(cf_eval_array(e, n->args[1], n->args[0], &bin));
    if (weighted) CF_TRY(cf_eval_array(e, n->args[2], n->args[0], &weight));
    char *data = cf_eval_alloc(e, out->n, 8);
    if (data == NULL) return CF_E_MEMORY;
    memset(data, 0, (size_t)out->n * 8);
    const int64_t k = out->n / outer->n;
    for (uint32_t p = 0; p < outer->n; p++)
        bin_list(data + p * (size_t)k * 8, &bin, weighted ? &weight : NULL, offsets[p],
                 offsets[p + 1], k);
    out->data = data;
    return CF_OK;
}
