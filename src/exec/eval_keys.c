#include "exec/eval.h"

/* Values of any kind as uint64 numbers that compare like them. */

#include "prim/group.h"
#include "prim/sort.h"

#include <string.h>

static cf_status key_room(cf_eval *e, cf_keys *keys, size_t count) {
    keys->count = 0;
    keys->keys = CF_EVAL_NEWS(e, const uint64_t *, 2 * count + 1);
    return keys->keys == NULL ? CF_E_MEMORY : CF_OK;
}

static uint64_t *key_new(cf_eval *e, const cf_vec *v) {
    return CF_EVAL_NEWS(e, uint64_t, v->n);
}

/* Nulls as a key of their own. */
static cf_status add_null_key(cf_eval *e, const cf_vec *v, cf_keys *keys) {
    if (v->valid == NULL) return CF_OK;
    uint64_t *key = key_new(e, v);
    if (key == NULL) return CF_E_MEMORY;
    cf_prim_order_null(key, v->valid, v->n);
    keys->keys[keys->count++] = key;
    return CF_OK;
}

/* Whole numbers of any width as int64. */
static cf_status as_int64(cf_eval *e, const cf_vec *v, const int64_t **out) {
    if (cf_kind_size(v->kind) == 8) {
        *out = v->data;
        return CF_OK;
    }
    CF_ASSERT(v->kind == CF_INDEX); /* storage kinds were widened */
    int64_t *wide = CF_EVAL_NEWS(e, int64_t, v->n);
    if (wide == NULL) return CF_E_MEMORY;
    for (uint32_t i = 0; i < v->n; i++)
        wide[i] = CF_VEC_DATA(*v, int32_t)[i];
    *out = wide;
    return CF_OK;
}

/* --- order --- */

static int view_compare(cf_view a, cf_view b) {
    return cf_str_compare((cf_str){a.data, (size_t)a.size}, (cf_str){b.data, (size_t)b.size});
}

static bool text_less(const void *user, int32_t a, int32_t b) {
    const cf_view *x = user;
    return view_compare(x[a], x[b]) < 0;
}

/* Texts are sorted once; a text's number is its rank. */
static cf_status text_ranks(cf_eval *e, const cf_vec *v, bool descending, uint64_t *key) {
    const cf_view *x = v->data;
    int32_t *order = CF_EVAL_NEWS(e, int32_t, v->n);
    if (order == NULL) return CF_E_MEMORY;
    for (uint32_t i = 0; i < v->n; i++)
        order[i] = (int32_t)i;
    const cf_sort_status status = cf_prim_sort_by(order, v->n, text_less, x, e->stop);
    if (status == CF_SORT_STOPPED) return cf_eval_check_stop(e);
    if (status != CF_SORT_DONE) return cf_eval_no_memory(e);
    uint64_t rank = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        if (i > 0 && view_compare(x[order[i - 1]], x[order[i]]) != 0) rank++;
        key[order[i]] = descending ? UINT64_MAX - rank : rank;
    }
    return CF_OK;
}

cf_status cf_eval_order_key(cf_eval *e, const cf_vec *v, bool descending, cf_keys *keys) {
    if (v->kind != CF_FLOAT64) CF_TRY(add_null_key(e, v, keys));
    uint64_t *key = key_new(e, v);
    const int64_t *whole;
    if (key == NULL) return CF_E_MEMORY;
    keys->keys[keys->count++] = key;
    switch (v->kind) {
    case CF_FLOAT64: cf_prim_order_f64(key, v->data, v->valid, descending, v->n); return CF_OK;
    case CF_BOOL: cf_prim_order_u8(key, v->data, descending, v->n); return CF_OK;
    case CF_TEXT: return text_ranks(e, v, descending, key);
    default:
        CF_TRY(as_int64(e, v, &whole));
        cf_prim_order_i64(key, whole, descending, v->n);
        return CF_OK;
    }
}

cf_status cf_eval_order_keys(cf_eval *e, cf_id level, const cf_id *args, size_t count,
                             uint64_t descending, cf_keys *out) {
    CF_TRY(key_room(e, out, count));
    for (size_t i = 0; i < count; i++) {
        cf_vec v;
        CF_TRY(cf_eval_arg(e, args[i], level, &v));
        if (v.constant || v.kind == CF_NULL) continue; /* the same for all rows */
        CF_TRY(cf_eval_order_key(e, &v, i < 64 && (descending >> i & 1) != 0, out));
    }
    return CF_OK;
}

/* --- equality --- */

/* Texts are numbered by first appearance. */
static cf_status text_numbers(cf_eval *e, const cf_vec *v, uint64_t *key) {
    const cf_view *x = v->data;
    size_t size = 16;
    while (size < (size_t)v->n * 2)
        size *= 2;
    uint32_t *table = CF_EVAL_NEWS(e, uint32_t, size); /* a row that has the text, plus 1 */
    if (table == NULL) return CF_E_MEMORY;
    memset(table, 0, size * sizeof *table);
    for (uint32_t i = 0; i < v->n; i++) {
        if ((i & 65535) == 65535) CF_TRY(cf_eval_check_stop(e));
        size_t at = (size_t)cf_hash_bytes(x[i].data, (size_t)x[i].size, 0) & (size - 1);
        while (table[at] != 0 && view_compare(x[table[at] - 1], x[i]) != 0)
            at = (at + 1) & (size - 1);
        if (table[at] == 0) table[at] = i + 1;
        key[i] = table[at];
    }
    return CF_OK;
}

cf_status cf_eval_equal_key(cf_eval *e, const cf_vec *v, cf_keys *keys) {
    CF_TRY(add_null_key(e, v, keys));
    uint64_t *key = key_new(e, v);
    const int64_t *whole;
    if (key == NULL) return CF_E_MEMORY;
    keys->keys[keys->count++] = key;
    switch (v->kind) {
    case CF_FLOAT64: cf_prim_equal_f64(key, v->data, v->n); return CF_OK;
    case CF_BOOL: cf_prim_order_u8(key, v->data, false, v->n); return CF_OK;
    case CF_TEXT: return text_numbers(e, v, key);
    default:
        CF_TRY(as_int64(e, v, &whole));
        memcpy(key, whole, v->n * sizeof *key);
        return CF_OK;
    }
}

cf_status cf_eval_equal_keys(cf_eval *e, cf_id level, const cf_id *args, size_t count,
                             cf_keys *out) {
    CF_TRY(key_room(e, out, count));
    for (size_t i = 0; i < count; i++) {
        cf_vec v;
        CF_TRY(cf_eval_arg(e, args[i], level, &v));
        if (v.constant || v.kind == CF_NULL) continue;
        CF_TRY(cf_eval_equal_key(e, &v, out));
    }
    return CF_OK;
}
