#include "exec/eval.h"

/* Values: constants, columns, functions, and moving values between levels.  Many rows to one
 * and the like are in the neighbouring files. */

#include "prim/gather.h"

#include <string.h>

static cf_status vec_const(cf_eval *e, const cf_node *n, cf_vec *out) {
    void *data = cf_eval_alloc(e, 1, 16);
    if (data == NULL) return CF_E_MEMORY;
    memset(data, 0, 16);
    out->data = data;
    if (n->flags & CF_NODE_NULL) {
        static const uint8_t null[1] = {0};
        out->valid = null;
        return CF_OK;
    }
    switch (n->kind) {
    case CF_BOOL: *(uint8_t *)data = n->i0 != 0; break;
    case CF_FLOAT64: *(double *)data = n->f0; break;
    case CF_TEXT: *(cf_view *)data = (cf_view){n->text.data, n->text.size}; break;
    case CF_INDEX: *(int32_t *)data = (int32_t)n->i0; break;
    default: *(int64_t *)data = n->i0; break;
    }
    return CF_OK;
}

static cf_status vec_load(cf_eval *e, const cf_node *n, cf_vec *out) {
    cf_array read;
    CF_TRY(cf_cursor_read(e->cursor, (int32_t)n->i1, e->begin, e->end, &read, e->err));
    CF_ASSERT(read.count == out->n);
    if (n->op == CF_V_LOAD) {
        out->data = read.values;
        out->valid = read.valid;
        return CF_OK;
    }
    if (read.valid != NULL) {
        out->data = read.valid;
        return CF_OK;
    }
    static const uint8_t present[1] = {1};
    out->data = present;
    out->constant = true;
    return CF_OK;
}

/* --- functions of whole arrays: in blocks, so that they can be interrupted --- */

#define BLOCK (1U << 18)

static cf_vec part_of(const cf_vec *v, uint32_t begin, uint32_t rows) {
    cf_vec part = *v;
    part.n = rows;
    if (v->constant) return part;
    part.data = (const char *)v->data + begin * cf_kind_size(v->kind);
    part.valid = v->valid == NULL ? NULL : v->valid + begin;
    return part;
}

static cf_status block_put(cf_eval *e, const cf_vec *block, uint32_t begin, char *data,
                           uint8_t **valid, uint32_t rows) {
    const size_t size = cf_kind_size(block->kind);
    if (block->constant)
        cf_prim_fill(data + begin * size, block->data, size, block->n);
    else
        memcpy(data + begin * size, block->data, block->n * size);
    if (block->valid == NULL && *valid == NULL) return CF_OK;
    if (*valid == NULL) {
        *valid = CF_EVAL_NEWS(e, uint8_t, rows);
        if (*valid == NULL) return CF_E_MEMORY;
        memset(*valid, 1, rows);
    }
    if (block->valid == NULL) return CF_OK;
    if (block->constant)
        memset(*valid + begin, block->valid[0], block->n);
    else
        memcpy(*valid + begin, block->valid, block->n);
    return CF_OK;
}

static cf_status blocks_run(cf_eval *e, const cf_node *n, const cf_vec *args, cf_arena *arena,
                            cf_vec *out) {
    const uint32_t rows = out->n;
    char *data = cf_eval_alloc(e, rows, cf_kind_size(n->func->result));
    cf_vec *parts = CF_EVAL_NEWS(e, cf_vec, n->arg_count + 1);
    uint8_t *valid = NULL;
    if (data == NULL || parts == NULL) return CF_E_MEMORY;
    for (uint32_t begin = 0; begin < rows; begin += BLOCK) {
        cf_vec block = {.n = rows - begin < BLOCK ? rows - begin : BLOCK};
        CF_TRY(cf_eval_check_stop(e));
        cf_arena_reset(arena);
        for (uint32_t i = 0; i < n->arg_count; i++)
            parts[i] = part_of(&args[i], begin, block.n);
        cf_call call = {.n = block.n,
                        .args = parts,
                        .arg_count = n->arg_count,
                        .out = &block,
                        .arena = arena,
                        .span = n->span,
                        .err = e->err};
        CF_TRY(cf_func_call(n->func, &call));
        CF_TRY(block_put(e, &block, begin, data, &valid, rows));
    }
    *out = (cf_vec){.kind = n->func->result, .n = rows, .data = data, .valid = valid};
    return CF_OK;
}

static cf_status map_blocks(cf_eval *e, const cf_node *n, const cf_vec *args, cf_vec *out) {
    cf_arena *arena = cf_arena_new((size_t)1 << 20);
    if (arena == NULL) return cf_eval_no_memory(e);
    const cf_status status = blocks_run(e, n, args, arena, out);
    cf_arena_free(arena);
    return status;
}

static cf_status vec_map(cf_eval *e, const cf_node *n, cf_vec *out) {
    bool done;
    CF_TRY(cf_eval_gather_sum(e, n, out, &done));
    if (done) return CF_OK;
    cf_vec *args = CF_EVAL_NEWS(e, cf_vec, n->arg_count + 1);
    if (args == NULL) return CF_E_MEMORY;
    bool constant = n->level != 1;
    for (uint32_t i = 0; i < n->arg_count; i++) {
        CF_TRY(cf_eval_arg(e, n->args[i], n->level, &args[i]));
        constant = constant && args[i].constant;
    }
    const uint32_t rows = out->n;
    const bool long_one = e->whole == NULL && rows > BLOCK && !constant;
    if (long_one && n->func->result != CF_TEXT) return map_blocks(e, n, args, out);
    for (uint32_t i = 0; constant && i < n->arg_count; i++)
        args[i].n = 1;
    if (constant) out->n = 1;
    cf_call call = {.n = out->n,
                    .args = args,
                    .arg_count = n->arg_count,
                    .out = out,
                    .arena = e->arena,
                    .span = n->span,
                    .err = e->err};
    CF_TRY(cf_func_call(n->func, &call));
    out->n = rows;
    out->constant = out->constant || constant;
    return CF_OK;
}

static cf_status vec_broadcast(cf_eval *e, const cf_node *n, cf_vec *out) {
    const cf_id from = cf_eval_node(e, n->args[0])->level;
    if (from == 1) return cf_eval_arg(e, n->args[0], n->level, out);
    const cf_vec *x;
    CF_TRY(cf_eval_vec(e, n->args[0], &x));
    const uint32_t rows = out->n;
    if (x->constant) {
        *out = *x;
        out->n = rows;
        return CF_OK;
    }
    const int32_t *offsets;
    CF_TRY(cf_eval_offsets(e, n->level, from, &offsets));
    const size_t size = cf_kind_size(out->kind);
    void *data = cf_eval_alloc(e, rows, size);
    if (data == NULL) return CF_E_MEMORY;
    cf_prim_spread(data, x->data, size, offsets, x->n);
    out->data = data;
    if (x->valid == NULL) return CF_OK;
    uint8_t *valid = CF_EVAL_NEWS(e, uint8_t, rows);
    if (valid == NULL) return CF_E_MEMORY;
    cf_prim_spread(valid, x->valid, 1, offsets, x->n);
    out->valid = valid;
    return CF_OK;
}

/* Is this the index of a level whose rows are those of its source, all of them in order? */
static cf_status is_identity(cf_eval *e, const cf_node *index, bool *identity) {
    *identity = false;
    if (index->op != CF_V_INDEX || index->i0 == CF_SLOT_PARENT) return CF_OK;
    const cf_rows *rows;
    CF_TRY(cf_eval_rows(e, index->args[0], &rows));
    *identity = rows->identity;
    return CF_OK;
}

/* Can the index be -1? */
static bool has_holes(const cf_eval *e, const cf_node *index) {
    if (index->op == CF_V_BROADCAST) return has_holes(e, cf_eval_node(e, index->args[0]));
    if (index->op == CF_V_GATHER)
        return has_holes(e, cf_eval_node(e, index->args[0])) ||
               has_holes(e, cf_eval_node(e, index->args[1]));
    if (index->op != CF_V_INDEX) return true;
    return cf_eval_node(e, index->args[0])->op == CF_L_EXPLODE && index->i0 != CF_SLOT_PARENT;
}

/* Where a row was picked by an index: no row stays no row. */
static cf_status index_of_index(cf_eval *e, const cf_vec *x, const int32_t *index,
                                cf_vec *out) {
    int32_t *data = CF_EVAL_NEWS(e, int32_t, out->n);
    if (data == NULL) return CF_E_MEMORY;
    const int32_t *from = x->data;
    for (uint32_t i = 0; i < out->n; i++)
        data[i] = index[i] < 0 ? -1 : from[index[i]];
    out->data = data;
    return CF_OK;
}

static cf_status vec_gather(cf_eval *e, const cf_node *n, cf_vec *out) {
    const cf_node *index_node = cf_eval_node(e, n->args[1]);
    const cf_id target = cf_eval_node(e, n->args[0])->level;
    const bool holes = has_holes(e, index_node);
    bool identity;
    CF_TRY(is_identity(e, index_node, &identity));
    cf_vec x, index;
    CF_TRY(holes ? cf_eval_array(e, n->args[0], target, &x)
                 : cf_eval_arg(e, n->args[0], target, &x));
    if (identity) {
        *out = x;
        return CF_OK;
    }
    CF_TRY(cf_eval_array(e, n->args[1], n->level, &index));
    if (x.kind == CF_INDEX && holes) return index_of_index(e, &x, index.data, out);
    return cf_eval_take(e, &x, index.data, out->n, holes, out);
}

static cf_status vec_index(cf_eval *e, const cf_node *n, cf_vec *out) {
    const int32_t *index;
    CF_TRY(cf_eval_slot(e, n->args[0], (unsigned)n->i0, &index));
    out->data = index;
    return CF_OK;
}

/* --- several values to one --- */

/* Where the values are, and whether there are nulls. */
static bool sources_of(const cf_vec *args, size_t count, const void **from, uint8_t *steps) {
    bool nulls = false;
    for (size_t i = 0; i < count; i++) {
        from[i] = args[i].data;
        steps[i] = !args[i].constant;
        nulls = nulls || args[i].valid != NULL;
    }
    return nulls;
}

static void valids_of(const cf_vec *args, size_t count, const void **from, uint8_t *steps) {
    static const uint8_t present[1] = {1};
    for (size_t i = 0; i < count; i++) {
        from[i] = args[i].valid != NULL ? args[i].valid : present;
        steps[i] = args[i].valid != NULL && !args[i].constant;
    }
}

/* out[j] = args[source[j]][row[j]] */
static cf_status merged(cf_eval *e, const cf_vec *args, size_t count, const int32_t *source,
                        const int32_t *row, cf_vec *out) {
    const size_t size = cf_kind_size(out->kind);
    void *data = cf_eval_alloc(e, out->n, size);
    const void **from = CF_EVAL_NEWS(e, const void *, count);
    uint8_t *steps = CF_EVAL_NEWS(e, uint8_t, count);
    if (data == NULL || from == NULL || steps == NULL) return CF_E_MEMORY;
    const bool nulls = sources_of(args, count, from, steps);
    cf_prim_merge(data, from, steps, size, source, row, out->n);
    out->data = data;
    if (!nulls) return CF_OK;
    valids_of(args, count, from, steps);
    uint8_t *valid = CF_EVAL_NEWS(e, uint8_t, out->n);
    if (valid == NULL) return CF_E_MEMORY;
    cf_prim_merge(valid, from, steps, 1, source, row, out->n);
    out->valid = valid;
    return CF_OK;
}

/* Lists of one source are put behind those of another as they are, if they are long enough. */
#define LONG_LISTS 8

static void append_lists(char *out, size_t size, const void *const *from, const uint8_t *steps,
                         const int32_t *const *offsets, size_t count, uint32_t lists) {
    for (uint32_t p = 0; p < lists; p++)
        for (size_t s = 0; s < count; s++) {
            const size_t begin = (size_t)offsets[s][p];
            const size_t n = (size_t)offsets[s][p + 1] - begin;
            if (steps[s] == 0)
                cf_prim_fill(out, from[s], size, n);
            else if (n > 0)
                memcpy(out, (const char *)from[s] + begin * size, n * size);
            out += n * size;
        }
}

static cf_status appended(cf_eval *e, const cf_node *level, const cf_vec *args, uint32_t lists,
                          cf_vec *out) {
    const size_t count = level->arg_count, size = cf_kind_size(out->kind);
    char *data = cf_eval_alloc(e, out->n, size);
    const void **from = CF_EVAL_NEWS(e, const void *, count);
    const int32_t **offsets = CF_EVAL_NEWS(e, const int32_t *, count);
    uint8_t *steps = CF_EVAL_NEWS(e, uint8_t, count);
    if (data == NULL || from == NULL || offsets == NULL || steps == NULL) return CF_E_MEMORY;
    for (size_t s = 0; s < count; s++) {
        const cf_rows *rows;
        CF_TRY(cf_eval_rows(e, level->args[s], &rows));
        offsets[s] = rows->offsets;
    }
    const bool nulls = sources_of(args, count, from, steps);
    append_lists(data, size, from, steps, offsets, count, lists);
    out->data = data;
    if (!nulls) return CF_OK;
    uint8_t *valid = CF_EVAL_NEWS(e, uint8_t, out->n);
    if (valid == NULL) return CF_E_MEMORY;
    valids_of(args, count, from, steps);
    append_lists((char *)valid, 1, from, steps, offsets, count, lists);
    out->valid = valid;
    return CF_OK;
}

static cf_status vec_concat(cf_eval *e, const cf_node *n, cf_vec *out) {
    uint32_t choice;
    const cf_node *level = cf_eval_node(e, n->level);
    const cf_id *sources = level->op == CF_L_CONCATL ? level->args + 1 : level->args;
    if (cf_eval_choice(e, n->level, &choice))
        return cf_eval_arg(e, n->args[choice], sources[choice], out);
    cf_vec *args = CF_EVAL_NEWS(e, cf_vec, n->arg_count);
    if (args == NULL) return CF_E_MEMORY;
    for (uint32_t i = 0; i < n->arg_count; i++)
        CF_TRY(cf_eval_arg(e, n->args[i], sources[i], &args[i]));
    uint32_t lists;
    CF_TRY(cf_eval_lists(e, n->level, &lists));
    if (level->op == CF_L_CONCAT && out->n >= (uint64_t)LONG_LISTS * lists * n->arg_count)
        return appended(e, level, args, lists, out);
    const int32_t *row, *source;
    CF_TRY(cf_eval_sources(e, n->level, &row, &source));
    return merged(e, args, n->arg_count, source, row, out);
}

/* Columns to rows: each element of a list is one of the values of its row. */
static cf_status vec_items(cf_eval *e, const cf_node *n, cf_vec *out) {
    CF_ASSERT(n->arg_count > 0);
    const size_t count = n->arg_count, rows = out->n / count;
    const cf_id parent = cf_eval_node(e, n->level)->level;
    const size_t size = cf_kind_size(out->kind);
    cf_vec *args = CF_EVAL_NEWS(e, cf_vec, count);
    char *data = cf_eval_alloc(e, out->n, size);
    const void **from = CF_EVAL_NEWS(e, const void *, count);
    uint8_t *steps = CF_EVAL_NEWS(e, uint8_t, count);
    if (args == NULL || data == NULL || from == NULL || steps == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        CF_TRY(cf_eval_arg(e, n->args[i], parent, &args[i]));
    const bool nulls = sources_of(args, count, from, steps);
    cf_prim_interleave(data, from, steps, size, count, rows);
    out->data = data;
    if (!nulls) return CF_OK;
    valids_of(args, count, from, steps);
    uint8_t *valid = CF_EVAL_NEWS(e, uint8_t, out->n);
    if (valid == NULL) return CF_E_MEMORY;
    cf_prim_interleave(valid, from, steps, 1, count, rows);
    out->valid = valid;
    return CF_OK;
}

/* Which row of the source a row of this level belongs to, as far as that is known. */
static int64_t source_row(cf_eval *e, cf_id level, int64_t row) {
    for (;;) {
        const cf_node *n = cf_eval_node(e, level);
        const cf_rows *rows;
        if (level == 1 || cf_eval_rows(e, level, &rows) != CF_OK) return row;
        if (n->op == CF_L_SCAN && e->cursor != NULL)
            return row + e->begin +
                   e->cursor->source->partitions[e->cursor->partition].first_row;
        if (n->op == CF_L_MEMBERS && rows->identity) { /* of groups that this pass finds */
            level = cf_eval_node(e, n->args[0])->args[0];
        } else if (n->level != 1) { /* a list: the row that owns it */
            int64_t owner = 0;
            while (rows->offsets[owner + 1] <= row)
                owner++;
            row = owner;
            level = n->level;
        } else if (n->op == CF_L_FILTER || n->op == CF_L_SORT || n->op == CF_L_SLICE) {
            if (!rows->identity && rows->index[0] == NULL) return row;
            if (!rows->identity) row = rows->index[0][row];
            level = n->args[0];
        } else {
            return row;
        }
    }
}

/* The same values seen from another level with equal lists. */
static cf_status vec_align(cf_eval *e, const cf_node *n, cf_vec *out) {
    const cf_id other = cf_eval_node(e, n->args[1])->level;
    const cf_rows *a, *b;
    uint32_t lists;
    CF_TRY(cf_eval_rows(e, n->args[0], &a));
    CF_TRY(cf_eval_rows(e, other, &b));
    CF_TRY(cf_eval_lists(e, n->args[0], &lists));
    for (uint32_t p = 0; p < lists; p++) {
        const int32_t have = a->offsets[p + 1] - a->offsets[p];
        const int32_t want = b->offsets[p + 1] - b->offsets[p];
        if (have == want) continue;
        const int64_t row = source_row(e, cf_eval_node(e, n->args[0])->level, p);
        return cf_fail(e->err, CF_E_LENGTHS, n->span,
                       "lists of different length: %d and %d elements in row %lld", (int)have,
                       (int)want, (long long)row);
    }
    return cf_eval_arg(e, n->args[1], other, out);
}

cf_status cf_eval_value_node(cf_eval *e, cf_id id, cf_vec *out) {
    const cf_node *n = cf_eval_node(e, id);
    switch (n->op) {
    case CF_V_CONST: return vec_const(e, n, out);
    case CF_V_LOAD:
    case CF_V_VALID: return vec_load(e, n, out);
    case CF_V_MAP: return vec_map(e, n, out);
    case CF_V_BROADCAST: return vec_broadcast(e, n, out);
    case CF_V_GATHER: return vec_gather(e, n, out);
    case CF_V_INDEX: return vec_index(e, n, out);
    case CF_V_REDUCE: return cf_eval_reduce(e, id, out);
    case CF_V_PICK: return cf_eval_pick(e, id, out);
    case CF_V_NTH: return cf_eval_nth(e, id, out);
    case CF_V_WINDOW: return cf_eval_window(e, id, out);
    case CF_V_CONCATV: return vec_concat(e, n, out);
    case CF_V_ITEMSV: return vec_items(e, n, out);
    case CF_V_ALIGN: return vec_align(e, n, out);
    case CF_V_DISTINCT: return cf_eval_distinct(e, id, out);
    case CF_V_REMOVE: return cf_eval_remove(e, id, out);
    case CF_V_BINCOUNT: return cf_eval_bincount(e, id, out);
    case CF_V_PREDICT: return cf_eval_predict(e, id, out);
    default: CF_ASSERT(false && "a value"); return CF_E_INTERNAL;
    }
}
