#include "exec/collect_internal.h"

#include <stdlib.h>
#include <string.h>

/* --- what to collect --- */

static void want_level(const cf_plan *plan, bool *wanted, cf_id level) {
    for (; level > 1; level = plan->nodes[level].level)
        wanted[level] = true;
}

cf_collection *cf_collection_make(const cf_plan *plan, const cf_id *nodes, size_t count,
                                  cf_arena *arena) {
    cf_collection *c = CF_NEW(arena, cf_collection);
    bool *wanted = CF_NEWS(arena, bool, plan->node_count + 1);
    for (size_t i = 0; i < count; i++) {
        const cf_node *n = &plan->nodes[nodes[i]];
        wanted[nodes[i]] = true;
        want_level(plan, wanted, n->op < CF_NODE_VALUES ? nodes[i] : n->level);
        if (n->kind == CF_INDEX) want_level(plan, wanted, cf_index_target(plan, nodes[i]));
    }
    c->plan = plan;
    c->limit = -1;
    c->levels = CF_NEWS(arena, cf_id, plan->node_count);
    c->values = CF_NEWS(arena, cf_id, plan->node_count);
    for (cf_id id = 2; id <= plan->node_count;
         id++) { /* a parent's number is the smaller one */
        if (!wanted[id]) continue;
        if (plan->nodes[id].op < CF_NODE_VALUES)
            c->levels[c->level_count++] = id;
        else
            c->values[c->value_count++] = id;
    }
    return c;
}

size_t cf_collection_slot(const cf_collection *c, cf_id level) {
    size_t i = 0;
    while (i < c->level_count && c->levels[i] != level)
        i++;
    return i;
}

/* How many rows of the level that an index counts a part has.  Rows that are not collected, as
 * UNIT's, are the same for all parts: 0. */
static int64_t rows_of_target(const cf_collection *c, const cf_part *p, cf_id value) {
    const size_t slot = cf_collection_slot(c, cf_index_target(c->plan, value));
    return slot == c->level_count ? 0 : p->levels[slot].rows;
}

cf_part *cf_part_new(const cf_collection *c) {
    cf_part *p = calloc(1, sizeof *p);
    if (p == NULL) return NULL;
    p->level_count = c->level_count;
    p->value_count = c->value_count;
    p->levels = calloc(c->level_count + 1, sizeof *p->levels);
    p->values = calloc(c->value_count + 1, sizeof *p->values);
    if (p->levels != NULL && p->values != NULL) return p;
    cf_part_free(p);
    return NULL;
}

void cf_part_free(cf_part *p) {
    if (p == NULL) return;
    for (size_t i = 0; p->levels != NULL && i < p->level_count; i++)
        free(p->levels[i].offsets.data);
    for (size_t i = 0; p->values != NULL && i < p->value_count; i++) {
        free(p->values[i].data.data);
        free(p->values[i].valid.data);
    }
    free(p->levels);
    free(p->values);
    cf_arena_free(p->texts);
    free(p);
}

int64_t cf_part_rows(const cf_part *p) {
    return p->top_rows;
}

bool cf_part_full(const cf_collection *c, const cf_part *p) {
    return c->limit >= 0 && p->top_rows >= c->limit;
}

size_t cf_part_bytes(const cf_part *p) {
    size_t bytes = p->texts == NULL ? 0 : cf_arena_used(p->texts);
    for (size_t i = 0; i < p->level_count; i++)
        bytes += p->levels[i].offsets.size;
    for (size_t i = 0; i < p->value_count; i++)
        bytes += p->values[i].data.size + p->values[i].valid.size;
    return bytes;
}

/* --- a chunk --- */

/* If the rest of the partition is like what was read of it, its rows will need so much. */
#define FORESEEN_MAX ((size_t)256 << 20)

static void foresee(cf_buffer *b, size_t bytes, double ahead) {
    const double wanted = (double)(b->size + bytes) * ahead * 1.3;
    if (b->size + bytes <= b->capacity || wanted > (double)FORESEEN_MAX) return;
    if (wanted < (double)(b->size + bytes)) return;
    char *data = realloc(b->data, (size_t)wanted);
    if (data == NULL) return; /* asked for more than is needed */
    b->data = data;
    b->capacity = (size_t)wanted;
}

void *cf_buffer_room(cf_buffer *b, size_t bytes) {
    if (b->data == NULL || b->size + bytes > b->capacity) {
        size_t capacity = b->capacity + b->capacity / 2 + 64;
        if (capacity < b->size + bytes) capacity = b->size + bytes;
        char *data = realloc(b->data, capacity);
        if (data == NULL) return NULL;
        b->data = data;
        b->capacity = capacity;
    }
    void *room = b->data + b->size;
    b->size += bytes;
    return room;
}

void cf_buffer_clear(cf_buffer *b) {
    free(b->data);
    *b = (cf_buffer){0};
}

/* How many rows of the chunk at this level are within the limit. */
static cf_status rows_kept(const cf_collection *c, const cf_part *p, cf_eval *e, cf_id level,
                           int64_t *kept) {
    const cf_rows *rows;
    CF_TRY(cf_eval_rows(e, level, &rows));
    *kept = rows->n;
    if (c->limit < 0) return CF_OK;
    const int64_t left = p->top_rows >= c->limit ? 0 : c->limit - p->top_rows;
    if (level == c->top) {
        if (*kept > left) *kept = left;
        return CF_OK;
    }
    int64_t outer;
    CF_TRY(rows_kept(c, p, e, cf_eval_node(e, level)->level, &outer));
    *kept = rows->offsets[outer];
    return CF_OK;
}

cf_status cf_collect_eval(const cf_collection *c, const cf_part *p, cf_eval *e) {
    const cf_rows *rows;
    const cf_vec *vec;
    if (cf_part_full(c, p)) return cf_eval_rows(e, c->top, &rows);
    for (size_t i = 0; i < c->level_count; i++)
        CF_TRY(cf_eval_rows(e, c->levels[i], &rows));
    for (size_t i = 0; i < c->value_count; i++)
        CF_TRY(cf_eval_vec(e, c->values[i], &vec));
    return CF_OK;
}

static cf_status add_offsets(const cf_collection *c, const cf_part *p, cf_part_level *l,
                             cf_eval *e, cf_id level) {
    const cf_node *n = cf_eval_node(e, level);
    const cf_rows *rows;
    int64_t kept, lists;
    CF_TRY(rows_kept(c, p, e, level, &kept));
    CF_TRY(cf_eval_rows(e, level, &rows));
    if (l->rows + kept > INT32_MAX)
        return cf_fail(e->err, CF_E_LIMIT, n->span,
                       "more than 2^31 rows would have to be kept");
    if (n->level == 1) return CF_OK;
    CF_TRY(rows_kept(c, p, e, n->level, &lists));
    int32_t *room = cf_buffer_room(&l->offsets, (size_t)lists * sizeof *room);
    if (room == NULL && lists > 0) return cf_eval_no_memory(e);
    for (int64_t i = 0; i < lists; i++)
        room[i] = (int32_t)(l->rows + rows->offsets[i + 1]);
    return CF_OK;
}

static cf_status add_valid(cf_part_value *v, const cf_vec *x, size_t kept, cf_eval *e) {
    if (x->valid == NULL && v->valid.size == 0) return CF_OK;
    if (v->valid.size == 0 && v->rows > 0) { /* the rows before had no null */
        uint8_t *before = cf_buffer_room(&v->valid, (size_t)v->rows);
        if (before == NULL) return cf_eval_no_memory(e);
        memset(before, 1, (size_t)v->rows);
    }
    uint8_t *room = cf_buffer_room(&v->valid, kept);
    if (room == NULL) return kept == 0 ? CF_OK : cf_eval_no_memory(e);
    if (x->valid == NULL)
        memset(room, 1, kept);
    else if (x->constant)
        memset(room, x->valid[0], kept);
    else
        memcpy(room, x->valid, kept);
    return CF_OK;
}

cf_status cf_part_copy_texts(cf_part *p, cf_view *views, size_t count, cf_eval *e) {
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += views[i].size;
    if (p->texts == NULL) p->texts = cf_arena_new(65536);
    char *bytes = p->texts == NULL ? NULL : cf_arena_alloc(p->texts, (size_t)size + 1, 1);
    if (bytes == NULL) return cf_eval_no_memory(e);
    for (size_t i = 0; i < count; i++) {
        if (views[i].size > 0) memcpy(bytes, views[i].data, (size_t)views[i].size);
        views[i].data = bytes;
        bytes += views[i].size;
    }
    return CF_OK;
}

/* Row numbers count from the chunk's begin; in the part they count from its own. */
static void move_index(int32_t *index, size_t count, int64_t by) {
    for (size_t i = 0; i < count; i++)
        index[i] = index[i] < 0 ? -1 : (int32_t)(index[i] + by);
}

static cf_status add_value(const cf_collection *c, cf_part *p, cf_part_value *v, cf_eval *e,
                           cf_id id, size_t kept) {
    const cf_vec *x;
    CF_TRY(cf_eval_vec(e, id, &x));
    const size_t size = cf_kind_size(x->kind);
    foresee(&v->data, kept * size, p->ahead);
    char *room = cf_buffer_room(&v->data, kept * size);
    if (room == NULL && kept > 0) return cf_eval_no_memory(e);
    if (x->constant)
        for (size_t i = 0; i < kept; i++)
            memcpy(room + i * size, x->data, size);
    else if (kept > 0)
        memcpy(room, x->data, kept * size);
    if (x->kind == CF_TEXT) CF_TRY(cf_part_copy_texts(p, (cf_view *)(void *)room, kept, e));
    if (x->kind == CF_INDEX)
        move_index((int32_t *)(void *)room, kept, rows_of_target(c, p, id));
    CF_TRY(add_valid(v, x, kept, e));
    v->rows += (int64_t)kept;
    return CF_OK;
}

cf_status cf_collect_add(const cf_collection *c, cf_part *p, cf_eval *e, int64_t rows) {
    const cf_rows *top;
    const bool first_ones = c->limit >= 0 || c->best > 0; /* nobody knows how many will stay */
    p->ahead = first_ones ? 1.0 : (double)rows / (double)e->end;
    if (!cf_part_full(c, p)) {
        int64_t kept;
        for (size_t i = 0; i < c->value_count; i++) {
            CF_TRY(rows_kept(c, p, e, cf_eval_node(e, c->values[i])->level, &kept));
            CF_TRY(add_value(c, p, &p->values[i], e, c->values[i], (size_t)kept));
        }
        for (size_t i = 0; i < c->level_count; i++)
            CF_TRY(add_offsets(c, p, &p->levels[i], e, c->levels[i]));
        for (size_t i = 0; i < c->level_count; i++) {
            CF_TRY(rows_kept(c, p, e, c->levels[i], &kept));
            p->levels[i].rows += kept;
        }
    }
    if (c->top == 0) return CF_OK;
    CF_TRY(cf_eval_rows(e, c->top, &top));
    p->top_rows += top->n;
    return cf_collect_thin(c, p, false, e);
}

/* --- end to end --- */

/* Forgets the rows of the part after the first `keep` ones of the top level. */
static void part_cut(const cf_collection *c, cf_part *p, int64_t keep) {
    for (size_t i = 0; i < c->level_count; i++) {
        cf_part_level *l = &p->levels[i];
        const cf_id parent = c->plan->nodes[c->levels[i]].level;
        if (parent == 1) {
            if (l->rows > keep) l->rows = keep;
            continue;
        }
        const int64_t lists = p->levels[cf_collection_slot(c, parent)].rows;
        const int32_t *ends = (const int32_t *)(const void *)l->offsets.data;
        l->rows = lists == 0 ? 0 : ends[lists - 1];
    }
    for (size_t i = 0; i < c->value_count; i++)
        p->values[i].rows =
            p->levels[cf_collection_slot(c, c->plan->nodes[c->values[i]].level)].rows;
}

static void cut_to_limit(const cf_collection *c, cf_part *const *parts, size_t count) {
    int64_t left = c->limit;
    for (size_t i = 0; i < count; i++) {
        if (parts[i] == NULL) continue;
        part_cut(c, parts[i], left);
        left -= parts[i]->levels[cf_collection_slot(c, c->top)].rows;
    }
}

static cf_status join_level(const cf_collection *c, cf_part *const *parts, size_t count,
                            size_t slot, cf_eval *e) {
    const cf_id level = c->levels[slot];
    const cf_id parent = c->plan->nodes[level].level;
    const cf_rows *outer;
    CF_TRY(cf_eval_rows(e, parent, &outer));
    int32_t *offsets = CF_EVAL_NEWS(e, int32_t, outer->n + 1);
    if (offsets == NULL) return CF_E_MEMORY;
    int64_t rows = 0;
    size_t at = 0;
    offsets[at++] = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i] == NULL) continue;
        cf_part_level *l = &parts[i]->levels[slot];
        const int32_t *ends = (const int32_t *)(const void *)l->offsets.data;
        const int64_t lists =
            parent == 1 ? 0 : parts[i]->levels[cf_collection_slot(c, parent)].rows;
        for (int64_t k = 0; k < lists; k++)
            offsets[at++] = (int32_t)(rows + ends[k]);
        rows += l->rows;
        cf_buffer_clear(&l->offsets);
        if (rows > INT32_MAX)
            return cf_fail(e->err, CF_E_LIMIT, c->plan->nodes[level].span,
                           "more than 2^31 rows would have to be kept");
    }
    if (parent == 1) offsets[1] = (int32_t)rows;
    e->memo[level].epoch = e->epoch;
    e->memo[level].as.rows = (cf_rows){.n = (uint32_t)rows, .offsets = offsets};
    return CF_OK;
}

/* The only part there is; NULL: there are none or several. */
static cf_part *only_part(cf_part *const *parts, size_t count) {
    cf_part *only = NULL;
    for (size_t i = 0; i < count; i++) {
        if (parts[i] != NULL && only != NULL) return NULL;
        if (parts[i] != NULL) only = parts[i];
    }
    return only;
}

static void set_value(cf_eval *e, cf_id value, uint32_t rows, const void *data,
                      const uint8_t *valid) {
    const cf_kind kind = cf_eval_node(e, value)->kind;
    e->memo[value].epoch = e->epoch;
    e->memo[value].as.vec = (cf_vec){.kind = kind, .n = rows, .data = data, .valid = valid};
}

static cf_status join_value(const cf_collection *c, cf_part *const *parts, size_t count,
                            size_t slot, cf_eval *e) {
    const cf_id value = c->values[slot];
    const cf_node *n = &c->plan->nodes[value];
    const cf_rows *level;
    CF_TRY(cf_eval_rows(e, n->level, &level));
    const size_t size = cf_kind_size(n->kind);
    const cf_part *only = only_part(parts, count);
    if (only != NULL && level->n > 0) { /* its arrays are the whole ones */
        const cf_part_value *v = &only->values[slot];
        CF_ASSERT(v->rows == level->n);
        const bool valid = v->valid.size > 0;
        set_value(e, value, level->n, v->data.data,
                  valid ? (const uint8_t *)v->valid.data : NULL);
        return CF_OK;
    }
    bool nulls = false;
    for (size_t i = 0; i < count; i++)
        nulls = nulls || (parts[i] != NULL && parts[i]->values[slot].valid.size > 0);
    char *data = cf_eval_alloc(e, level->n + 1u, size);
    uint8_t *valid = nulls ? CF_EVAL_NEWS(e, uint8_t, level->n) : NULL;
    if (data == NULL || (nulls && valid == NULL)) return CF_E_MEMORY;
    int64_t at = 0, moved = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i] == NULL) continue;
        cf_part_value *v = &parts[i]->values[slot];
        char *to = data + (size_t)at * size;
        if (v->rows > 0) memcpy(to, v->data.data, (size_t)v->rows * size);
        if (n->kind == CF_INDEX) {
            move_index((int32_t *)(void *)to, (size_t)v->rows, moved);
            moved += rows_of_target(c, parts[i], value);
        }
        if (nulls && v->valid.size == 0) memset(valid + at, 1, (size_t)v->rows);
        if (nulls && v->valid.size > 0) memcpy(valid + at, v->valid.data, (size_t)v->rows);
        cf_buffer_clear(&v->data);
        cf_buffer_clear(&v->valid);
        at += v->rows;
    }
    CF_ASSERT(at == level->n);
    set_value(e, value, level->n, data, valid);
    return CF_OK;
}

cf_status cf_collect_join(const cf_collection *c, cf_part *const *parts, size_t count,
                          cf_eval *e) {
    if (c->limit >= 0) cut_to_limit(c, parts, count);
    for (size_t i = 0; i < c->level_count; i++)
        CF_TRY(join_level(c, parts, count, i, e));
    for (size_t i = 0; i < c->value_count; i++)
        CF_TRY(join_value(c, parts, count, i, e));
    return CF_OK;
}
