#include "exec/eval.h"

/* REMOVE: each row of M takes away the first row of L in its list that is equal and still
 * there. Both levels' rows are put into common lists (L's rows, then M's) and grouped by their
 * keys; then a group loses as many of L's rows as it has of M's.
 *
 * When M's rows are known to be rows of L, most columns need not be compared: as soon as the
 * keys looked at so far leave one row of L for each row of M, that row is the one. */

#include "prim/group.h"

#include <string.h>

typedef struct {
    const cf_rows *l, *m;
    uint32_t lists, n;    /* n: rows of both */
    int32_t *offsets;     /* [lists + 1] of the common lists */
    int32_t *at_l, *at_m; /* where a row of L, of M stands in them */
    int32_t *group, *first, *group_offsets;
    int32_t *of_l, *of_m; /* [groups] rows of L, of M */
    const uint64_t *keys[64];
    size_t key_count;
} removal;

static cf_status common_lists(cf_eval *e, removal *r) {
    if ((uint64_t)r->l->n + r->m->n > INT32_MAX) return cf_eval_no_memory(e);
    r->n = r->l->n + r->m->n;
    r->offsets = CF_EVAL_NEWS(e, int32_t, r->lists + 1);
    r->group_offsets = CF_EVAL_NEWS(e, int32_t, r->lists + 1);
    int32_t *rooms[6];
    for (size_t i = 0; i < CF_COUNT(rooms); i++) {
        rooms[i] = CF_EVAL_NEWS(e, int32_t, r->n + 1);
        if (rooms[i] == NULL) return CF_E_MEMORY;
    }
    if (r->offsets == NULL || r->group_offsets == NULL) return CF_E_MEMORY;
    r->at_l = rooms[0];
    r->at_m = rooms[1];
    r->group = rooms[2];
    r->first = rooms[3];
    r->of_l = rooms[4];
    r->of_m = rooms[5];
    int32_t at = 0;
    for (uint32_t p = 0; p < r->lists; p++) {
        r->offsets[p] = at;
        for (int32_t i = r->l->offsets[p]; i < r->l->offsets[p + 1]; i++)
            r->at_l[i] = at++;
        for (int32_t i = r->m->offsets[p]; i < r->m->offsets[p + 1]; i++)
            r->at_m[i] = at++;
    }
    r->offsets[r->lists] = at;
    return CF_OK;
}

/* Values of L and of M in the common lists' order. */
static cf_status common_values(cf_eval *e, const removal *r, const cf_vec *l, const cf_vec *m,
                               cf_vec *out) {
    const size_t size = cf_kind_size(l->kind);
    char *data = cf_eval_alloc(e, r->n, size);
    const bool nulls = l->valid != NULL || m->valid != NULL;
    uint8_t *valid = nulls ? CF_EVAL_NEWS(e, uint8_t, r->n) : NULL;
    if (data == NULL || (nulls && valid == NULL)) return CF_E_MEMORY;
    for (uint32_t i = 0; i < r->l->n; i++)
        memcpy(data + (size_t)r->at_l[i] * size, (const char *)l->data + i * size, size);
    for (uint32_t i = 0; i < r->m->n; i++)
        memcpy(data + (size_t)r->at_m[i] * size, (const char *)m->data + i * size, size);
    for (uint32_t i = 0; nulls && i < r->l->n; i++)
        valid[r->at_l[i]] = l->valid == NULL || l->valid[i];
    for (uint32_t i = 0; nulls && i < r->m->n; i++)
        valid[r->at_m[i]] = m->valid == NULL || m->valid[i];
    *out = (cf_vec){.kind = l->kind, .n = r->n, .data = data, .valid = valid};
    return CF_OK;
}

static cf_status add_key(cf_eval *e, const cf_node *n, removal *r, size_t k, size_t key_count) {
    cf_vec l, m, both;
    CF_TRY(cf_eval_array(e, n->args[2 + k], n->args[0], &l));
    CF_TRY(cf_eval_array(e, n->args[2 + key_count + k], n->args[1], &m));
    if (l.kind == CF_NULL && m.kind == CF_NULL) return CF_OK;
    CF_TRY(common_values(e, r, &l, &m, &both));
    cf_keys keys = {r->keys + r->key_count, 0};
    CF_TRY(cf_eval_equal_key(e, &both, &keys));
    r->key_count += keys.count;
    return CF_OK;
}

/* Groups by the keys so far and counts; the groups become one key in place of them. */
static cf_status regroup(cf_eval *e, removal *r) {
    const int64_t groups = cf_prim_group(r->group, r->first, r->group_offsets, r->keys,
                                         r->key_count, r->offsets, r->lists, e->stop);
    if (groups == -1) return cf_eval_no_memory(e);
    if (groups == -2) return cf_eval_check_stop(e);
    memset(r->of_l, 0, (size_t)groups * sizeof *r->of_l);
    memset(r->of_m, 0, (size_t)groups * sizeof *r->of_m);
    for (uint32_t i = 0; i < r->l->n; i++)
        r->of_l[r->group[r->at_l[i]]]++;
    for (uint32_t i = 0; i < r->m->n; i++)
        r->of_m[r->group[r->at_m[i]]]++;
    uint64_t *key = CF_EVAL_NEWS(e, uint64_t, r->n);
    if (key == NULL) return CF_E_MEMORY;
    for (uint32_t i = 0; i < r->n; i++)
        key[i] = (uint64_t)r->group[i];
    r->keys[0] = key;
    r->key_count = 1;
    return CF_OK;
}

/* Is there exactly one row of L for each row of M? */
static bool settled(const removal *r) {
    bool one = true;
    for (uint32_t i = 0; i < r->m->n && one; i++)
        one = r->of_l[r->group[r->at_m[i]]] == 1;
    return one;
}

static cf_status removal_mask(cf_eval *e, removal *r, cf_vec *out) {
    uint8_t *keep = CF_EVAL_NEWS(e, uint8_t, r->l->n);
    if (keep == NULL) return CF_E_MEMORY;
    for (uint32_t i = 0; i < r->l->n; i++) {
        int32_t *left = &r->of_m[r->group[r->at_l[i]]];
        keep[i] = *left <= 0;
        --*left;
    }
    out->data = keep;
    return CF_OK;
}

cf_status cf_eval_remove(cf_eval *e, cf_id id, cf_vec *out) {
    const cf_node *n = cf_eval_node(e, id);
    removal *r = CF_EVAL_NEWS(e, removal, 1);
    if (r == NULL) return CF_E_MEMORY;
    *r = (removal){0};
    const size_t key_count = (n->arg_count - 2) / 2;
    CF_TRY(cf_eval_rows(e, n->args[0], &r->l));
    CF_TRY(cf_eval_rows(e, n->args[1], &r->m));
    CF_TRY(cf_eval_lists(e, n->args[0], &r->lists));
    if (r->m->n == 0) {
        static const uint8_t keep[1] = {1};
        out->data = keep;
        out->constant = true;
        return CF_OK;
    }
    CF_TRY(common_lists(e, r));
    if (key_count == 0) CF_TRY(regroup(e, r));
    for (size_t k = 0; k < key_count; k++) {
        CF_TRY(add_key(e, n, r, k, key_count));
        const bool look = n->i0 == 1 || k + 1 == key_count || r->key_count > 32;
        if (!look) continue;
        CF_TRY(regroup(e, r));
        if (n->i0 == 1 && settled(r)) break;
    }
    return removal_mask(e, r, out);
}
