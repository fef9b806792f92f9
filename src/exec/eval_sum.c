#include "exec/eval.h"
#include "prim/gather_sum.h"

#include <string.h>

/* x[i] + y[j] + z[k] of float values that are gathered only to be added: one pass, no array
 * between. Sums of the momenta of pairs and triplets are the bulk of a combinatorial query. */

#define TERMS_MAX 4

static bool is_sum(const cf_node *n) {
    return n->op == CF_V_MAP && n->kind == CF_FLOAT64 &&
           strcmp(n->func->name, "add_float") == 0;
}

/* The terms of ((a + b) + c) + ..: all of them gathers at the level of the sum that are not
 * made yet. */
static bool find_terms(const cf_eval *e, const cf_node *n, cf_id *terms, size_t *count) {
    cf_id last[TERMS_MAX];
    size_t found = 0;
    const cf_id level = n->level;
    while (is_sum(n)) {
        if (found + 2 > TERMS_MAX) return false;
        last[found++] = n->args[1];
        const cf_id left = n->args[0];
        n = cf_eval_node(e, left);
        if (cf_eval_is_made(e, left)) return false;
        if (!is_sum(n)) last[found++] = left;
    }
    for (size_t i = 0; i < found; i++) {
        const cf_node *g = cf_eval_node(e, last[found - 1 - i]);
        if (g->op != CF_V_GATHER || g->level != level ||
            cf_eval_is_made(e, last[found - 1 - i]))
            return false;
        if (cf_eval_node(e, g->args[1])->op != CF_V_INDEX) return false;
        terms[i] = last[found - 1 - i];
    }
    *count = found;
    return found >= 2;
}

/* The array and the index of a term; false: it has nulls, or is one value. */
static cf_status term_of(cf_eval *e, cf_id id, cf_prim_term *term, bool *plain) {
    const cf_node *g = cf_eval_node(e, id);
    const cf_node *index = cf_eval_node(e, g->args[1]);
    const cf_vec *x;
    const int32_t *at;
    *plain = cf_eval_node(e, index->args[0])->op == CF_L_COMBINE ||
             cf_eval_node(e, index->args[0])->op == CF_L_CROSS;
    if (!*plain) return CF_OK;
    CF_TRY(cf_eval_vec(e, g->args[0], &x));
    CF_TRY(cf_eval_slot(e, index->args[0], (unsigned)index->i0, &at));
    *plain = !x->constant && x->valid == NULL && x->kind == CF_FLOAT64 &&
             cf_eval_node(e, g->args[0])->level != 1;
    *term = (cf_prim_term){x->data, at};
    return CF_OK;
}

cf_status cf_eval_gather_sum(cf_eval *e, const cf_node *n, cf_vec *out, bool *done) {
    cf_id ids[TERMS_MAX];
    cf_prim_term terms[TERMS_MAX];
    size_t count = 0;
    *done = false;
    if (!is_sum(n) || !find_terms(e, n, ids, &count)) return CF_OK;
    for (size_t i = 0; i < count; i++) {
        bool plain = false;
        CF_TRY(term_of(e, ids[i], &terms[i], &plain));
        if (!plain) return CF_OK;
    }
    double *data = cf_eval_alloc(e, out->n, sizeof *data);
    if (data == NULL) return CF_E_MEMORY;
    cf_prim_gather_sum(data, terms, count, out->n);
    out->data = data;
    *done = true;
    return CF_OK;
}
