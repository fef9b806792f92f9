#include "exec/eval.h"

/* RADIUS: for each row of L the rows of one list of T that lie near.  A list of T is put into
 * cells once in a chunk, whoever asks: tracks, photons and hadrons all look for tracks near
 * them. */

#include "prim/radius.h"

#include <stdlib.h>
#include <string.h>

#define KEPT      16
#define HELD_MAX  ((size_t)1 << 18) /* points in cells at a time */
#define QUESTIONS 4                 /* as many of one list are worth making cells */

/* Lists of one T in cells, by number in T: the generation and the list's number there. */
typedef struct {
    cf_id t, eta, phi;
    double r;
    uint64_t *made;
} kept;

struct cf_eval_near {
    cf_near *near;
    uint32_t epoch, generation;
    kept kept[KEPT];
    size_t kept_count; /* ever; the oldest give way */
    int32_t *found;
    size_t capacity;
};

void cf_eval_near_free(struct cf_eval_near *n) {
    if (n == NULL) return;
    cf_near_free(n->near);
    free(n->found);
    free(n);
}

typedef struct {
    const cf_node *node;
    const cf_rows *t;
    uint32_t lists;
    cf_vec eta_l, phi_l, eta_t, phi_t, index;
    double r;
    struct cf_eval_near *near;
    kept *kept;
    size_t count;
    int32_t *offsets;
} radius;

static bool found_room(struct cf_eval_near *n, size_t count, size_t more) {
    if (count + more <= n->capacity) return true;
    const size_t capacity = (count + more) * 2 + 256;
    int32_t *found = realloc(n->found, capacity * sizeof *found);
    if (found == NULL) return false;
    n->found = found;
    n->capacity = capacity;
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

/* --- lists in cells --- */

static bool near_ready(cf_eval *e) {
    if (e->near == NULL) {
        e->near = calloc(1, sizeof *e->near);
        if (e->near == NULL) return false;
        e->near->near = cf_near_new();
    }
    return e->near->near != NULL;
}

/* Points of another chunk lie in memory that is another's now. */
static void near_begin(const cf_eval *e) {
    if (e->near->epoch == e->epoch) return;
    e->near->epoch = e->epoch;
    e->near->generation++;
    e->near->kept_count = 0;
    cf_near_reset(e->near->near);
}

/* The place of T's lists in cells, as other levels left it or a new one. */
static cf_status find_kept(cf_eval *e, radius *x) {
    const cf_id *args = x->node->args;
    struct cf_eval_near *n = e->near;
    for (size_t i = 0; i < n->kept_count && i < KEPT; i++) {
        x->kept = &n->kept[i];
        if (x->kept->t == args[0] && x->kept->eta == args[4] && x->kept->phi == args[5] &&
            x->kept->r == x->r)
            return CF_OK;
    }
    uint32_t lists;
    CF_TRY(cf_eval_lists(e, args[0], &lists));
    uint64_t *made = CF_EVAL_NEWS(e, uint64_t, lists);
    if (made == NULL) return CF_E_MEMORY;
    memset(made, 0, lists * sizeof *made);
    x->kept = &n->kept[n->kept_count++ % KEPT];
    *x->kept = (kept){args[0], args[4], args[5], x->r, made};
    return CF_OK;
}

static bool is_made(const radius *x, int32_t list) {
    return x->kept->made[list] >> 32 == x->near->generation;
}

static cf_status make_cells(cf_eval *e, radius *x, int32_t list, const cf_near_points *points) {
    if (cf_near_held(x->near->near) > HELD_MAX) {
        cf_near_reset(x->near->near);
        x->near->generation++;
    }
    const int32_t number = cf_near_load(x->near->near, points, x->r);
    if (number < 0) return cf_eval_no_memory(e);
    x->kept->made[list] = (uint64_t)x->near->generation << 32 | (uint32_t)number;
    return CF_OK;
}

/* Do the next rows ask for this list, too? */
static bool asked_more(const radius *x, size_t l, int32_t list) {
    const int32_t *index = CF_VEC_DATA(x->index, int32_t);
    return l + QUESTIONS <= x->lists && index[l + QUESTIONS - 1] == list;
}

/* --- asking --- */

static cf_status near_row(cf_eval *e, radius *x, size_t l) {
    const int32_t q = CF_VEC_DATA(x->index, int32_t)[l];
    if (q < 0 || null_at(&x->eta_l, l) || null_at(&x->phi_l, l)) return CF_OK;
    const cf_near_points points = {x->eta_t.data, x->phi_t.data, x->t->offsets[q],
                                   x->t->offsets[q + 1]};
    if (points.begin == points.end) return CF_OK;
    bool made = is_made(x, q);
    if (!made && asked_more(x, l, q)) {
        CF_TRY(make_cells(e, x, q, &points));
        made = true;
    }
    if (!found_room(x->near, x->count, (size_t)(points.end - points.begin)))
        return cf_eval_no_memory(e);
    const cf_near_question question = {
        .eta = CF_VEC_DATA(x->eta_l, double)[l],
        .phi = CF_VEC_DATA(x->phi_l, double)[l],
        .r = x->r,
        .closed = (x->node->i0 & 1) != 0,
        .point_first = (x->node->i0 & CF_RADIUS_LIST_FIRST) != 0,
    };
    int32_t *found = x->near->found + x->count;
    x->count += made ? cf_near_find(x->near->near, (int32_t)(uint32_t)x->kept->made[q],
                                    &question, found)
                     : cf_near_scan(&points, &question, found);
    return CF_OK;
}

static cf_status near_rows(cf_eval *e, cf_id id, radius *x) {
    for (uint32_t l = 0; l < x->lists; l++) {
        CF_TRY(near_row(e, x, l));
        if (x->count > 1 << 20)
            CF_TRY(cf_eval_check_size(e, id, x->count > INT32_MAX ? -1 : (int64_t)x->count));
        x->offsets[l + 1] = (int32_t)x->count;
        if ((l & 1023) == 1023) CF_TRY(cf_eval_check_stop(e));
    }
    return CF_OK;
}

static cf_status near_all(cf_eval *e, cf_id id, radius *x) {
    CF_TRY(radius_arguments(e, x));
    if (!near_ready(e)) return cf_eval_no_memory(e);
    near_begin(e);
    x->near = e->near;
    CF_TRY(find_kept(e, x));
    return near_rows(e, id, x);
}

cf_status cf_eval_radius(cf_eval *e, cf_id id, cf_rows *out) {
    radius x = {.node = cf_eval_node(e, id)};
    CF_TRY(cf_eval_lists(e, id, &x.lists));
    x.offsets = CF_EVAL_NEWS(e, int32_t, x.lists + 1);
    if (x.offsets == NULL) return CF_E_MEMORY;
    memset(x.offsets, 0, (x.lists + 1) * sizeof *x.offsets);
    if (x.lists > 0) CF_TRY(near_all(e, id, &x));
    int32_t *index = CF_EVAL_NEWS(e, int32_t, x.count + 1);
    if (index == NULL) return CF_E_MEMORY;
    if (x.count > 0) memcpy(index, x.near->found, x.count * sizeof *index);
    out->n = (uint32_t)x.count;
    out->offsets = x.offsets;
    out->index[0] = index;
    return CF_OK;
}
