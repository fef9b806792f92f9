#include "exec/eval.h"

/* How many rows a level has, in which lists, and which rows it was made from. */

#include "prim/gather.h"
#include "prim/group.h"
#include "prim/segment.h"
#include "prim/sort.h"

#include <string.h>

static const int32_t zero_offset[1];

/* Sets out->offsets to new room; NULL after failing. */
static int32_t *offsets_room(cf_eval *e, cf_id id, cf_rows *out, uint32_t *lists) {
    if (cf_eval_lists(e, id, lists) != CF_OK) return NULL;
    int32_t *offsets = CF_EVAL_NEWS(e, int32_t, *lists + 1);
    out->offsets = offsets;
    return offsets;
}

static cf_status rows_none(cf_eval *e, cf_id id, cf_rows *out) {
    uint32_t lists;
    int32_t *offsets = offsets_room(e, id, out, &lists);
    if (offsets == NULL) return CF_E_MEMORY;
    memset(offsets, 0, (lists + 1) * sizeof *offsets);
    out->n = 0;
    out->index[0] = out->index[1] = out->index[2] = out->index[3] = zero_offset;
    return CF_OK;
}

static cf_status rows_total(cf_eval *e, cf_id id, int64_t total, cf_rows *out) {
    CF_TRY(cf_eval_check_size(e, id, total));
    out->n = (uint32_t)total;
    return CF_OK;
}

/* --- where rows come from --- */

static cf_status rows_scan(cf_eval *e, cf_rows *out) {
    int32_t *offsets = CF_EVAL_NEWS(e, int32_t, 2);
    if (offsets == NULL) return CF_E_MEMORY;
    out->n = (uint32_t)(e->end - e->begin);
    offsets[0] = 0;
    offsets[1] = (int32_t)out->n;
    out->offsets = offsets;
    return CF_OK;
}

static cf_status rows_list(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *owner;
    CF_TRY(cf_eval_rows(e, n->args[0], &owner));
    if (owner->n == 0) return rows_none(e, id, out);
    cf_array read;
    CF_TRY(cf_cursor_read(e->cursor, (int32_t)n->i1, e->begin, e->end, &read, e->err));
    CF_ASSERT(read.count == owner->n);
    out->offsets = read.values;
    out->n = (uint32_t)out->offsets[owner->n];
    return CF_OK;
}

static cf_status rows_flat(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *x;
    CF_TRY(cf_eval_rows(e, n->args[0], &x));
    out->n = x->n;
    out->identity = true;
    return cf_eval_offsets(e, n->args[0], n->args[1], &out->offsets);
}

/* --- fewer rows, or in another order --- */

static cf_status rows_all(cf_eval *e, cf_id x_id, cf_rows *out) {
    const cf_rows *x;
    CF_TRY(cf_eval_rows(e, x_id, &x));
    out->n = x->n;
    out->offsets = x->offsets;
    out->identity = true;
    return CF_OK;
}

static cf_status rows_masked(cf_eval *e, cf_id id, const cf_rows *x, const cf_vec *mask,
                             cf_rows *out) {
    uint32_t lists;
    int32_t *offsets = offsets_room(e, id, out, &lists);
    int32_t *index = CF_EVAL_NEWS(e, int32_t, x->n);
    int32_t *before = lists == 1 ? NULL : CF_EVAL_NEWS(e, int32_t, x->n + 1);
    if (offsets == NULL || index == NULL || (lists != 1 && before == NULL)) return CF_E_MEMORY;
    out->n = (uint32_t)cf_prim_select(index, before, mask->data, mask->valid, x->n);
    out->index[0] = index;
    out->identity = out->n == x->n;
    offsets[0] = 0;
    if (before == NULL)
        offsets[1] = (int32_t)out->n;
    else
        cf_prim_offsets_through(offsets, x->offsets, before, lists);
    return CF_OK;
}

static cf_status rows_filter(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *x;
    CF_TRY(cf_eval_rows(e, n->args[0], &x));
    if (x->n == 0) return rows_none(e, id, out);
    cf_vec mask;
    CF_TRY(cf_eval_arg(e, n->args[1], n->args[0], &mask));
    if (!mask.constant) {
        CF_TRY(rows_masked(e, id, x, &mask, out));
    } else {
        const bool keep =
            CF_VEC_DATA(mask, uint8_t)[0] && (mask.valid == NULL || mask.valid[0]);
        CF_TRY(keep ? rows_all(e, n->args[0], out) : rows_none(e, id, out));
    }
    if (e->stats != NULL) e->stats[id].nulls_or_dropped += x->n - out->n;
    return CF_OK;
}

static cf_status sort_failed(cf_eval *e, cf_sort_status status) {
    if (status == CF_SORT_DONE) return CF_OK;
    return status == CF_SORT_STOPPED ? cf_eval_check_stop(e) : cf_eval_no_memory(e);
}

static cf_status rows_sort(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_id from = n->args[0];
    const cf_rows *x;
    uint32_t lists;
    CF_TRY(cf_eval_rows(e, from, &x));
    if (x->n == 0) return rows_none(e, id, out);
    CF_TRY(cf_eval_lists(e, id, &lists));
    cf_keys keys;
    CF_TRY(cf_eval_order_keys(e, from, n->args + 1, n->arg_count - 1, (uint64_t)n->i0, &keys));
    int32_t *index = CF_EVAL_NEWS(e, int32_t, x->n);
    if (index == NULL) return CF_E_MEMORY;
    CF_TRY(sort_failed(
        e, cf_prim_sort_lists(index, keys.keys, keys.count, x->offsets, lists, e->stop)));
    out->n = x->n;
    out->offsets = x->offsets;
    out->index[0] = index;
    return CF_OK;
}

/* The bound of one list; a null one lets nothing through. */
typedef struct {
    cf_vec vec;
    size_t step; /* 0: one bound for all lists */
} bound;

static cf_status bound_of(cf_eval *e, cf_id value, cf_id parent, bound *out) {
    CF_TRY(cf_eval_arg(e, value, parent, &out->vec));
    out->step = out->vec.constant ? 0 : 1;
    return CF_OK;
}

static bool bound_at(const bound *b, size_t list, int64_t *value) {
    const size_t at = list * b->step;
    *value = CF_VEC_DATA(b->vec, int64_t)[at];
    return b->vec.valid == NULL || b->vec.valid[at];
}

/* From and to of one list of n rows, as begin (from 0) and count. */
static void slice_of(const cf_node *n, const bound *from, const bound *to, size_t list,
                     int64_t rows, int64_t *begin, int64_t *count) {
    int64_t first, last;
    const bool from_known = bound_at(from, list, &first), to_known = bound_at(to, list, &last);
    const bool known = from_known && to_known;
    if (n->i0 == 1) {
        const int64_t take = last < 0 ? 0 : last < rows ? last : rows;
        first = rows - take + 1;
        last = rows;
    }
    if (first < 1) first = 1;
    if (last > rows || (last == 0 && n->i0 == 0)) last = rows;
    *begin = first - 1;
    *count = known && last >= first ? last - first + 1 : 0;
}

static cf_status rows_slice(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *x;
    CF_TRY(cf_eval_rows(e, n->args[0], &x));
    if (x->n == 0) return rows_none(e, id, out);
    bound from, to;
    CF_TRY(bound_of(e, n->args[1], n->level, &from));
    CF_TRY(bound_of(e, n->args[2], n->level, &to));
    uint32_t lists;
    int32_t *offsets = offsets_room(e, id, out, &lists);
    int32_t *index = CF_EVAL_NEWS(e, int32_t, x->n);
    if (offsets == NULL || index == NULL) return CF_E_MEMORY;
    int32_t total = 0;
    offsets[0] = 0;
    for (size_t p = 0; p < lists; p++) {
        int64_t begin, count;
        slice_of(n, &from, &to, p, x->offsets[p + 1] - x->offsets[p], &begin, &count);
        for (int64_t i = 0; i < count; i++)
            index[total++] = (int32_t)(x->offsets[p] + begin + i);
        offsets[p + 1] = total;
    }
    out->n = (uint32_t)total;
    out->index[0] = index;
    out->identity = out->n == x->n;
    return CF_OK;
}

/* --- more rows: the index arrays are made when somebody asks --- */

static cf_status rows_combine(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *x;
    CF_TRY(cf_eval_rows(e, n->args[0], &x));
    uint32_t lists;
    int32_t *offsets = offsets_room(e, id, out, &lists);
    if (offsets == NULL) return CF_E_MEMORY;
    return rows_total(
        e, id, cf_prim_combine_offsets(offsets, x->offsets, lists, (unsigned)n->i0), out);
}

static cf_status rows_cross(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *x, *y;
    CF_TRY(cf_eval_rows(e, n->args[0], &x));
    CF_TRY(cf_eval_rows(e, n->args[1], &y));
    uint32_t lists;
    int32_t *offsets = offsets_room(e, id, out, &lists);
    if (offsets == NULL) return CF_E_MEMORY;
    return rows_total(e, id, cf_prim_cross_offsets(offsets, x->offsets, y->offsets, lists),
                      out);
}

/* Is that the index of a level that kept all rows as they were? */
static cf_status keeps_all(cf_eval *e, cf_id index, bool *all) {
    const cf_node *n = cf_eval_node(e, index);
    const cf_rows *rows;
    *all = false;
    if (n->op != CF_V_INDEX || n->i0 != 0) return CF_OK;
    CF_TRY(cf_eval_rows(e, n->args[0], &rows));
    *all = rows->identity;
    return CF_OK;
}

static cf_status rows_regather(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    uint32_t lists;
    bool all;
    CF_TRY(cf_eval_lists(e, id, &lists));
    if (lists == 0) return rows_none(e, id, out);
    CF_TRY(keeps_all(e, n->args[1], &all));
    if (all) return rows_all(e, n->args[0], out);
    const cf_rows *q;
    CF_TRY(cf_eval_rows(e, n->args[0], &q));
    cf_vec index;
    CF_TRY(cf_eval_array(e, n->args[1], n->level, &index));
    int32_t *offsets = offsets_room(e, id, out, &lists);
    if (offsets == NULL) return CF_E_MEMORY;
    return rows_total(e, id, cf_prim_regather_offsets(offsets, q->offsets, index.data, lists),
                      out);
}

static cf_status make_combine(cf_eval *e, cf_id id, cf_rows *rows) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *x;
    uint32_t lists;
    CF_TRY(cf_eval_rows(e, n->args[0], &x));
    CF_TRY(cf_eval_lists(e, id, &lists));
    int32_t *i[4] = {NULL};
    for (int64_t k = 0; k < n->i0; k++) {
        i[k] = CF_EVAL_NEWS(e, int32_t, rows->n);
        if (i[k] == NULL) return CF_E_MEMORY;
    }
    if (n->i0 == 2) cf_prim_pairs(i[0], i[1], x->offsets, lists);
    if (n->i0 == 3) cf_prim_triplets(i[0], i[1], i[2], x->offsets, lists);
    if (n->i0 == 4) cf_prim_quadruplets(i[0], i[1], i[2], i[3], x->offsets, lists);
    for (int64_t k = 0; k < n->i0; k++)
        rows->index[k] = i[k];
    return CF_OK;
}

static cf_status make_cross(cf_eval *e, cf_id id, cf_rows *rows) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *x, *y;
    uint32_t lists;
    CF_TRY(cf_eval_rows(e, n->args[0], &x));
    CF_TRY(cf_eval_rows(e, n->args[1], &y));
    CF_TRY(cf_eval_lists(e, id, &lists));
    int32_t *a = CF_EVAL_NEWS(e, int32_t, rows->n), *b = CF_EVAL_NEWS(e, int32_t, rows->n);
    if (a == NULL || b == NULL) return CF_E_MEMORY;
    cf_prim_cross(a, b, x->offsets, y->offsets, lists);
    rows->index[0] = a;
    rows->index[1] = b;
    return CF_OK;
}

static cf_status make_regather(cf_eval *e, cf_id id, cf_rows *rows) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *q;
    uint32_t lists;
    CF_TRY(cf_eval_rows(e, n->args[0], &q));
    CF_TRY(cf_eval_lists(e, id, &lists));
    cf_vec carried;
    CF_TRY(cf_eval_array(e, n->args[1], n->level, &carried));
    int32_t *index = CF_EVAL_NEWS(e, int32_t, rows->n);
    if (index == NULL) return CF_E_MEMORY;
    cf_prim_regather(index, q->offsets, carried.data, lists);
    rows->index[0] = index;
    return CF_OK;
}

static cf_status make_identity(cf_eval *e, cf_rows *rows) {
    int32_t *index = CF_EVAL_NEWS(e, int32_t, rows->n);
    if (index == NULL) return CF_E_MEMORY;
    for (uint32_t i = 0; i < rows->n; i++)
        index[i] = (int32_t)i;
    rows->index[0] = index;
    return CF_OK;
}

static cf_status make_parents(cf_eval *e, cf_id id, cf_rows *rows) {
    uint32_t lists;
    CF_TRY(cf_eval_lists(e, id, &lists));
    int32_t *parents = CF_EVAL_NEWS(e, int32_t, rows->n);
    if (parents == NULL) return CF_E_MEMORY;
    cf_prim_parents(parents, rows->offsets, lists);
    rows->parents = parents;
    return CF_OK;
}

static cf_status make_index(cf_eval *e, cf_id id, cf_rows *rows) {
    switch (cf_eval_node(e, id)->op) {
    case CF_L_COMBINE: return make_combine(e, id, rows);
    case CF_L_CROSS: return make_cross(e, id, rows);
    case CF_L_REGATHER: return make_regather(e, id, rows);
    case CF_L_CONCAT: {
        const int32_t *row, *source;
        return cf_eval_sources(e, id, &row, &source);
    }
    default: CF_ASSERT(rows->identity); return make_identity(e, rows);
    }
}

cf_status cf_eval_slot(cf_eval *e, cf_id level, unsigned slot, const int32_t **index) {
    const cf_rows *found;
    CF_TRY(cf_eval_rows(e, level, &found));
    cf_rows *rows = &e->memo[level].as.rows;
    CF_ASSERT(found == rows); /* index arrays are made where the level is */
    CF_TRY(cf_eval_check_stop(e));
    if (slot == CF_SLOT_PARENT) {
        if (rows->parents == NULL) CF_TRY(make_parents(e, level, rows));
        *index = rows->parents;
        return CF_OK;
    }
    if (rows->index[slot] == NULL) CF_TRY(make_index(e, level, rows));
    *index = rows->index[slot];
    return CF_OK;
}

/* --- several levels to one --- */

/* index 0: the row in its source; index 1: which source. */
static cf_status rows_mapped(cf_eval *e, cf_id id, int64_t total, cf_rows *out, int32_t **row,
                             int32_t **source) {
    CF_TRY(rows_total(e, id, total, out));
    *row = CF_EVAL_NEWS(e, int32_t, total);
    *source = CF_EVAL_NEWS(e, int32_t, total);
    if (*row == NULL || *source == NULL) return CF_E_MEMORY;
    out->index[0] = *row;
    out->index[1] = *source;
    return CF_OK;
}

static cf_status rows_of_sources(cf_eval *e, const cf_id *args, size_t count,
                                 const cf_rows ***out) {
    const cf_rows **sources = CF_EVAL_NEWS(e, const cf_rows *, count);
    if (sources == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        CF_TRY(cf_eval_rows(e, args[i], &sources[i]));
    *out = sources;
    return CF_OK;
}

static cf_status rows_concat(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows **x;
    uint32_t lists;
    CF_TRY(rows_of_sources(e, n->args, n->arg_count, &x));
    int32_t *offsets = offsets_room(e, id, out, &lists);
    if (offsets == NULL) return CF_E_MEMORY;
    int64_t total = 0;
    for (uint32_t s = 0; s < n->arg_count; s++)
        total += x[s]->n;
    CF_TRY(rows_total(e, id, total > INT32_MAX ? -1 : total, out));
    memset(offsets, 0, (lists + 1) * sizeof *offsets);
    for (uint32_t s = 0; s < n->arg_count; s++)
        for (uint32_t p = 0; p <= lists; p++)
            offsets[p] += x[s]->offsets[p];
    return CF_OK;
}

/* Which rows, and of which sources: when somebody asks. */
static cf_status make_concat(cf_eval *e, cf_id id, cf_rows *rows) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows **x;
    uint32_t lists;
    int32_t *row, *source, at = 0;
    CF_TRY(rows_of_sources(e, n->args, n->arg_count, &x));
    CF_TRY(cf_eval_lists(e, id, &lists));
    CF_TRY(rows_mapped(e, id, rows->n, rows, &row, &source));
    for (uint32_t p = 0; p < lists; p++)
        for (uint32_t s = 0; s < n->arg_count; s++)
            for (int32_t i = x[s]->offsets[p]; i < x[s]->offsets[p + 1]; i++, at++) {
                row[at] = i;
                source[at] = (int32_t)s;
            }
    return CF_OK;
}

static cf_status rows_concat_lists(cf_eval *e, cf_id id, cf_rows *out);

cf_status cf_eval_sources(cf_eval *e, cf_id level, const int32_t **row,
                          const int32_t **source) {
    const cf_rows *found;
    CF_TRY(cf_eval_rows(e, level, &found));
    cf_rows *rows = &e->memo[level].as.rows;
    CF_ASSERT(found == rows);
    if (rows->index[1] == NULL && cf_eval_node(e, level)->op == CF_L_CONCAT) {
        CF_TRY(make_concat(e, level, rows));
    } else if (rows->index[1] == NULL) { /* collected rows: their sources were, too */
        cf_rows again = {0};
        CF_TRY(rows_concat_lists(e, level, &again));
        CF_ASSERT(again.n == rows->n);
        rows->index[0] = again.index[0];
        rows->index[1] = again.index[1];
    }
    *row = rows->index[0];
    *source = rows->index[1];
    return CF_OK;
}

/* The list of each row of the concatenated level, from the source that the row came from. */
static cf_status rows_concat_lists(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows **x;
    uint32_t lists;
    const int32_t *outer_row, *outer_source;
    CF_TRY(rows_of_sources(e, n->args + 1, n->arg_count - 1, &x));
    CF_TRY(cf_eval_sources(e, n->args[0], &outer_row, &outer_source));
    int32_t *offsets = offsets_room(e, id, out, &lists), *row, *source;
    if (offsets == NULL) return CF_E_MEMORY;
    int64_t total = 0;
    for (uint32_t s = 0; s + 1 < n->arg_count; s++)
        total += x[s]->n;
    CF_TRY(rows_mapped(e, id, total > INT32_MAX ? -1 : total, out, &row, &source));
    int32_t at = 0;
    offsets[0] = 0;
    for (uint32_t p = 0; p < lists; p++) {
        const cf_rows *from = x[outer_source[p]];
        for (int32_t i = from->offsets[outer_row[p]]; i < from->offsets[outer_row[p] + 1];
             i++, at++) {
            row[at] = i;
            source[at] = outer_source[p];
        }
        offsets[p + 1] = at;
    }
    CF_ASSERT(at == total);
    return CF_OK;
}

/* In a branch of a stream the level is the rows of one of its sources. */
static cf_status rows_branch(cf_eval *e, cf_id source, cf_rows *out) {
    const cf_rows *x;
    CF_TRY(cf_eval_rows(e, source, &x));
    out->n = x->n;
    out->offsets = x->offsets;
    return CF_OK;
}

/* --- a fixed number of rows --- */

static cf_status rows_each(cf_eval *e, cf_id id, int64_t k, cf_rows *out) {
    uint32_t lists;
    int32_t *offsets = offsets_room(e, id, out, &lists);
    if (offsets == NULL) return CF_E_MEMORY;
    if (k < 0) k = 0;
    const bool fits = k <= INT32_MAX && (int64_t)lists * k <= INT32_MAX;
    CF_TRY(rows_total(e, id, fits ? (int64_t)lists * k : -1, out));
    for (uint32_t p = 0; p <= lists; p++)
        offsets[p] = (int32_t)(p * k);
    return CF_OK;
}

static cf_status rows_repeat(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_vec *k;
    CF_TRY(cf_eval_vec(e, cf_eval_node(e, id)->args[1], &k));
    const bool known = k->valid == NULL || k->valid[0];
    return rows_each(e, id, known ? CF_VEC_DATA(*k, int64_t)[0] : 0, out);
}

/* --- groups --- */

static cf_status rows_group(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    const cf_rows *x;
    CF_TRY(cf_eval_rows(e, n->args[0], &x));
    if (x->n == 0) return rows_none(e, id, out);
    cf_keys keys;
    CF_TRY(cf_eval_equal_keys(e, n->args[0], n->args + 1, n->arg_count - 1, &keys));
    uint32_t lists;
    int32_t *offsets = offsets_room(e, id, out, &lists);
    int32_t *group = CF_EVAL_NEWS(e, int32_t, x->n), *first = CF_EVAL_NEWS(e, int32_t, x->n);
    if (offsets == NULL || group == NULL || first == NULL) return CF_E_MEMORY;
    const int64_t groups =
        cf_prim_group(group, first, offsets, keys.keys, keys.count, x->offsets, lists, e->stop);
    if (groups == -1) return cf_eval_no_memory(e);
    if (groups == -2) return cf_eval_check_stop(e);
    out->n = (uint32_t)groups;
    out->index[0] = first;
    out->group = group;
    return CF_OK;
}

/* Groups that a pass finds: one row for all rows of the chunk. */
static cf_status rows_frame(cf_rows *out) {
    static const int32_t offsets[2] = {0, 1};
    out->n = 1;
    out->offsets = offsets;
    return CF_OK;
}

static cf_status rows_of_frame(cf_eval *e, cf_id group_id, cf_rows *out) {
    const cf_rows *x;
    CF_TRY(cf_eval_rows(e, cf_eval_node(e, group_id)->args[0], &x));
    out->n = x->n;
    out->offsets = x->offsets;
    out->identity = true;
    return CF_OK;
}

static cf_status rows_members(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_id group_id = cf_eval_node(e, id)->args[0];
    const cf_rows *groups, *x;
    if (cf_eval_is_frame(e, group_id)) return rows_of_frame(e, group_id, out);
    CF_TRY(cf_eval_rows(e, group_id, &groups));
    CF_TRY(cf_eval_rows(e, cf_eval_node(e, group_id)->args[0], &x));
    if (x->n == 0) return rows_none(e, id, out);
    int32_t *offsets = CF_EVAL_NEWS(e, int32_t, groups->n + 1);
    int32_t *index = CF_EVAL_NEWS(e, int32_t, x->n);
    if (offsets == NULL || index == NULL) return CF_E_MEMORY;
    cf_prim_members(index, offsets, groups->group, x->n, groups->n);
    out->n = x->n;
    out->offsets = offsets;
    out->index[0] = index;
    return CF_OK;
}

static cf_status rows_explode(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_rows *x;
    CF_TRY(cf_eval_rows(e, cf_eval_node(e, id)->args[0], &x));
    uint32_t lists;
    int32_t *offsets = offsets_room(e, id, out, &lists);
    if (offsets == NULL) return CF_E_MEMORY;
    const int64_t most = (int64_t)x->n + lists;
    int32_t *index = CF_EVAL_NEWS(e, int32_t, most);
    if (index == NULL) return CF_E_MEMORY;
    int64_t at = 0;
    offsets[0] = 0;
    for (uint32_t p = 0; p < lists; p++) {
        if (x->offsets[p] == x->offsets[p + 1]) index[at++] = -1;
        for (int32_t i = x->offsets[p]; i < x->offsets[p + 1]; i++)
            index[at++] = i;
        if (at > INT32_MAX) return cf_eval_check_size(e, id, -1);
        offsets[p + 1] = (int32_t)at;
    }
    out->n = (uint32_t)at;
    out->index[0] = index;
    return CF_OK;
}

cf_status cf_eval_level_node(cf_eval *e, cf_id id, cf_rows *out) {
    const cf_node *n = cf_eval_node(e, id);
    uint32_t choice;
    if (cf_eval_is_frame(e, id)) return rows_frame(out);
    switch (n->op) {
    case CF_L_UNIT: out->n = 1; return CF_OK;
    case CF_L_SCAN: return rows_scan(e, out);
    case CF_L_LIST: return rows_list(e, id, out);
    case CF_L_FLAT: return rows_flat(e, id, out);
    case CF_L_FILTER: return rows_filter(e, id, out);
    case CF_L_SORT: return rows_sort(e, id, out);
    case CF_L_SLICE: return rows_slice(e, id, out);
    case CF_L_COMBINE: return rows_combine(e, id, out);
    case CF_L_CROSS: return rows_cross(e, id, out);
    case CF_L_CONCAT:
        if (cf_eval_choice(e, id, &choice)) return rows_branch(e, n->args[choice], out);
        return rows_concat(e, id, out);
    case CF_L_CONCATL:
        if (cf_eval_choice(e, id, &choice)) return rows_branch(e, n->args[choice + 1], out);
        return rows_concat_lists(e, id, out);
    case CF_L_ITEMS: return rows_each(e, id, n->i0, out);
    case CF_L_REPEAT: return rows_repeat(e, id, out);
    case CF_L_REGATHER: return rows_regather(e, id, out);
    case CF_L_GROUP: return rows_group(e, id, out);
    case CF_L_MEMBERS: return rows_members(e, id, out);
    case CF_L_RADIUS: return cf_eval_radius(e, id, out);
    case CF_L_EXPLODE: return rows_explode(e, id, out);
    default: CF_ASSERT(false && "a level"); return CF_E_INTERNAL;
    }
}
