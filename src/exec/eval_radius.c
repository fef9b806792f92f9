#include "exec/eval.h"

/* RADIUS: for each row of L the rows of one list of T that lie near.  The rows of L that look
 * at the same list mostly follow each other, so that its bins are made once. */

#include "prim/radius.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const cf_node *node;
    const cf_rows *t;
    uint32_t lists;
    cf_vec eta_l, phi_l, eta_t, phi_t, index;
    double r;
    cf_near *near;
    int32_t *found; /* malloc'd, grows */
    size_t count, capacity;
    int32_t *offsets;
} radius;

static bool found_room(radius *x, size_t more) {
    if (x->count + more <= x->capacity) return true;
    const size_t capacity = (x->count + more) * 2 + 256;
    int32_t *found = realloc(x->found, capacity * sizeof *found);
    if (found == NULL) return false;
    x->found = found;
    x->capacity = capacity;
    return true;
}

static bool null_at(const cf_vec *v, size_t i) {
    return v->valid != NULL && !v->valid[i];
}

/* Rows of T with a null coordinate are near nothing: NaN in a copy says so. */
static cf_status nulls_to_nan(cf_eval *e, cf_vec *v) {
    if (v->valid == NULL) return CF_OK;
    double *copy = CF_EVAL_NEWS(e, double, v->n);
    if (copy == NULL) return CF_E_MEMORY;
    for (uint32_t i = 0; i < v->n; i++)
        copy[i] = v->valid[i] ? CF_VEC_DATA(*v, double)[i] : (double)__builtin_nan("");
    v->data = copy;
    v->valid = NULL;
    return CF_OK;
}

static cf_status radius_arguments(cf_eval *e, radius *x) {
    const cf_id *args = x->node->args;
    const cf_vec *r;
    CF_TRY(cf_eval_rows(e, args[0], &x->t));
    CF_TRY(cf_eval_array(e, args[2], args[1], &x->eta_l));
    CF_TRY(cf_eval_array(e, args[3], args[1], &x->phi_l));
    CF_TRY(cf_eval_array(e, args[4], args[0], &x->eta_t));
    CF_TRY(cf_eval_array(e, args[5], args[0], &x->phi_t));
    CF_TRY(cf_eval_array(e, args[7], args[1], &x->index));
    CF_TRY(cf_eval_vec(e, args[6], &r));
    x->r = null_at(r, 0) ? -1.0 : CF_VEC_DATA(*r, double)[0];
    CF_TRY(nulls_to_nan(e, &x->eta_t));
    return nulls_to_nan(e, &x->phi_t);
}

static cf_status near_row(cf_eval *e, radius *x, size_t l, int32_t *loaded) {
    const int32_t q = CF_VEC_DATA(x->index, int32_t)[l];
    if (q < 0 || null_at(&x->eta_l, l) || null_at(&x->phi_l, l)) return CF_OK;
    const int32_t begin = x->t->offsets[q], end = x->t->offsets[q + 1];
    if (begin == end) return CF_OK;
    if (q != *loaded && !cf_near_load(x->near, x->eta_t.data, x->phi_t.data, begin, end, x->r))
        return cf_eval_no_memory(e);
    *loaded = q;
    if (!found_room(x, (size_t)(end - begin))) return cf_eval_no_memory(e);
    const cf_near_question question = {
        .eta = CF_VEC_DATA(x->eta_l, double)[l],
        .phi = CF_VEC_DATA(x->phi_l, double)[l],
        .r = x->r,
        .closed = (x->node->i0 & 1) != 0,
        .point_first = (x->node->i0 & CF_RADIUS_LIST_FIRST) != 0,
    };
    x->count += cf_near_find(x->near, &question, x->found + x->count);
    return CF_OK;
}

static cf_status near_rows(cf_eval *e, cf_id id, radius *x) {
    int32_t loaded = -1;
    x->offsets[0] = 0;
    for (uint32_t l = 0; l < x->lists; l++) {
        CF_TRY(near_row(e, x, l, &loaded));
        if (x->count > 1 << 20)
            CF_TRY(cf_eval_check_size(e, id, x->count > INT32_MAX ? -1 : (int64_t)x->count));
        x->offsets[l + 1] = (int32_t)x->count;
        if ((l & 1023) == 1023) CF_TRY(cf_eval_check_stop(e));
    }
    return CF_OK;
}

cf_status cf_eval_radius(cf_eval *e, cf_id id, cf_rows *out) {
    radius x = {.node = cf_eval_node(e, id)};
    CF_TRY(cf_eval_lists(e, id, &x.lists));
    x.offsets = CF_EVAL_NEWS(e, int32_t, x.lists + 1);
    if (x.offsets == NULL) return CF_E_MEMORY;
    cf_status status = CF_OK;
    memset(x.offsets, 0, (x.lists + 1) * sizeof *x.offsets);
    if (x.lists > 0) {
        x.near = cf_near_new();
        status = x.near == NULL ? cf_eval_no_memory(e) : radius_arguments(e, &x);
        if (status == CF_OK) status = near_rows(e, id, &x);
        cf_near_free(x.near);
    }
    int32_t *index = status == CF_OK ? CF_EVAL_NEWS(e, int32_t, x.count + 1) : NULL;
    if (index != NULL && x.count > 0) memcpy(index, x.found, x.count * sizeof *index);
    free(x.found);
    if (index == NULL) return status != CF_OK ? status : CF_E_MEMORY;
    out->n = (uint32_t)x.count;
    out->offsets = x.offsets;
    out->index[0] = index;
    return CF_OK;
}
