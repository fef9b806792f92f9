#include "exec/collect_internal.h"

/* `sort | take n`: of a partition's rows only the first n in order can be among the first n of
 * all, so the others are dropped now and then.  Rows that stay keep their order, and with it
 * which of equal ones comes first. */

#include "prim/sort.h"

#include <string.h>

/* Rows of a level that stay, rising. */
typedef struct {
    int32_t *rows;
    size_t count;
} stay;

static cf_vec values_of(const cf_part_value *v, cf_kind kind) {
    return (cf_vec){.kind = kind,
                    .n = (uint32_t)v->rows,
                    .data = v->data.data,
                    .valid = v->valid.size > 0 ? (const uint8_t *)v->valid.data : NULL};
}

static cf_status order(const cf_collection *c, const cf_part *p, size_t rows, cf_eval *e,
                       int32_t **out) {
    const cf_node *sort = &c->plan->nodes[c->sort];
    const int32_t offsets[2] = {0, (int32_t)rows};
    cf_keys keys = {CF_EVAL_NEWS(e, const uint64_t *, 2 * (size_t)sort->arg_count), 0};
    *out = CF_EVAL_NEWS(e, int32_t, rows);
    if (keys.keys == NULL || *out == NULL) return CF_E_MEMORY;
    for (uint32_t k = 1; k < sort->arg_count; k++) {
        const cf_node *n = &c->plan->nodes[sort->args[k]];
        if (n->level == 1 || n->kind == CF_NULL) continue; /* the same for all rows */
        size_t slot = 0;
        while (c->values[slot] != sort->args[k])
            slot++;
        const cf_vec v = values_of(&p->values[slot], n->kind);
        const bool descending = k <= 64 && ((uint64_t)sort->i0 >> (k - 1) & 1) != 0;
        CF_TRY(cf_eval_order_key(e, &v, descending, &keys));
    }
    const cf_sort_status done =
        cf_prim_sort_lists(*out, keys.keys, keys.count, offsets, 1, e->stop);
    if (done == CF_SORT_STOPPED) return cf_eval_check_stop(e);
    return done == CF_SORT_DONE ? CF_OK : cf_eval_no_memory(e);
}

static cf_status best_rows(const cf_collection *c, const cf_part *p, cf_eval *e, stay *out) {
    const size_t rows = (size_t)p->levels[cf_collection_slot(c, c->top)].rows;
    const size_t best = (size_t)c->best;
    int32_t *index;
    CF_TRY(order(c, p, rows, e, &index));
    uint8_t *chosen = CF_EVAL_NEWS(e, uint8_t, rows);
    out->rows = CF_EVAL_NEWS(e, int32_t, best);
    if (chosen == NULL || out->rows == NULL) return CF_E_MEMORY;
    memset(chosen, 0, rows);
    for (size_t i = 0; i < best; i++)
        chosen[index[i]] = 1;
    for (size_t i = 0; i < rows; i++)
        if (chosen[i]) out->rows[out->count++] = (int32_t)i;
    return CF_OK;
}

/* The lists of the rows that stay, and their elements. */
static cf_status thin_lists(cf_part_level *l, const stay *outer, cf_eval *e, stay *out) {
    int32_t *ends = (int32_t *)(void *)l->offsets.data;
    size_t count = 0;
    for (size_t i = 0; i < outer->count; i++) {
        const int32_t row = outer->rows[i];
        count += (size_t)(ends[row] - (row == 0 ? 0 : ends[row - 1]));
    }
    out->rows = CF_EVAL_NEWS(e, int32_t, count);
    if (out->rows == NULL) return CF_E_MEMORY;
    int32_t before = 0; /* the end of the list before the next one, as it was */
    int32_t next = 0;
    for (size_t i = 0; i < outer->count; i++) {
        const int32_t row = outer->rows[i];
        if (row != next) before = ends[row - 1];
        const int32_t end = ends[row];
        for (int32_t k = before; k < end; k++)
            out->rows[out->count++] = k;
        ends[i] = (int32_t)out->count; /* i <= row: what stood there was read */
        before = end;
        next = row + 1;
    }
    l->offsets.size = outer->count * sizeof *ends;
    return CF_OK;
}

static void thin_values(cf_part_value *v, size_t size, const stay *s) {
    char *data = v->data.data, *valid = v->valid.data;
    for (size_t i = 0; i < s->count; i++)
        memmove(data + i * size, data + (size_t)s->rows[i] * size, size);
    v->data.size = s->count * size;
    v->rows = (int64_t)s->count;
    if (v->valid.size == 0) return;
    for (size_t i = 0; i < s->count; i++)
        valid[i] = valid[s->rows[i]];
    v->valid.size = s->count;
}

/* Texts of the rows that stay move to new memory. */
static cf_status thin_texts(const cf_collection *c, cf_part *p, cf_eval *e) {
    cf_arena *old = p->texts;
    cf_status status = CF_OK;
    if (old == NULL) return CF_OK;
    p->texts = NULL;
    for (size_t i = 0; i < c->value_count && status == CF_OK; i++)
        if (c->plan->nodes[c->values[i]].kind == CF_TEXT)
            status = cf_part_copy_texts(p, (cf_view *)(void *)p->values[i].data.data,
                                        (size_t)p->values[i].rows, e);
    cf_arena_free(old);
    return status;
}

cf_status cf_collect_thin(const cf_collection *c, cf_part *p, bool last, cf_eval *e) {
    if (c->best <= 0) return CF_OK;
    const int64_t rows = p->levels[cf_collection_slot(c, c->top)].rows;
    if (rows <= c->best || (!last && rows < 4 * c->best + 4096)) return CF_OK;
    stay *stays = CF_EVAL_NEWS(e, stay, c->level_count);
    if (stays == NULL) return CF_E_MEMORY;
    memset(stays, 0, c->level_count * sizeof *stays);
    for (size_t i = 0; i < c->level_count; i++) {
        const cf_id parent = c->plan->nodes[c->levels[i]].level;
        if (c->levels[i] == c->top)
            CF_TRY(best_rows(c, p, e, &stays[i]));
        else
            CF_TRY(
                thin_lists(&p->levels[i], &stays[cf_collection_slot(c, parent)], e, &stays[i]));
    }
    for (size_t i = 0; i < c->value_count; i++) {
        const cf_node *n = &c->plan->nodes[c->values[i]];
        thin_values(&p->values[i], cf_kind_size(n->kind),
                    &stays[cf_collection_slot(c, n->level)]);
    }
    for (size_t i = 0; i < c->level_count; i++)
        p->levels[i].rows = (int64_t)stays[i].count;
    return thin_texts(c, p, e);
}
