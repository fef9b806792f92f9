#include "plan/build.h"

/* The values.  Two rewrites are made on the way, both only for functions that cannot fail:
 *   map(gather(x, i), gather(y, i)) = gather(map(x, y), i)    where i does not shrink: pairs,
 * sort .. map(broadcast(x), broadcast(y)) = broadcast(map(x, y)) so that what depends on one
 * jet is computed once a jet, not once a triplet. */

#include "plan/build_internal.h"
#include "plan/decimal.h"

#include <string.h>

/* --- constants --- */

static cf_id const_make(cf_plan_builder *b, cf_node node) {
    node.op = CF_V_CONST;
    node.level = CF_UNIT;
    return cf_build_intern(b, &node);
}

cf_id cf_plan_const_int(cf_plan_builder *b, int64_t x) {
    return const_make(b, (cf_node){.kind = CF_INT64, .i0 = x});
}

cf_id cf_plan_const_float(cf_plan_builder *b, double x) {
    return const_make(b, (cf_node){.kind = CF_FLOAT64, .f0 = x});
}

cf_id cf_plan_const_bool(cf_plan_builder *b, bool x) {
    return const_make(b, (cf_node){.kind = CF_BOOL, .i0 = x});
}

cf_id cf_plan_const_text(cf_plan_builder *b, cf_str x) {
    return const_make(b, (cf_node){.kind = CF_TEXT, .text = x});
}

cf_id cf_plan_const_time(cf_plan_builder *b, cf_kind kind, int64_t x) {
    return const_make(b, (cf_node){.kind = kind, .i0 = x});
}

cf_id cf_plan_const_null(cf_plan_builder *b, cf_kind kind) {
    return const_make(b, (cf_node){.kind = kind, .flags = CF_NODE_NULL});
}

/* --- folding --- */

typedef union {
    int64_t i;
    double f;
    uint8_t b;
    cf_view text;
} immediate;

static immediate immediate_of(const cf_node *n) {
    immediate x = {.text = {NULL, 0}};
    if (n->flags & CF_NODE_NULL) return x;
    switch (n->kind) {
    case CF_BOOL: x.b = n->i0 != 0; break;
    case CF_FLOAT64: x.f = n->f0; break;
    case CF_TEXT: x.text = (cf_view){n->text.data, n->text.size}; break;
    default: x.i = n->i0; break;
    }
    return x;
}

static cf_id const_of(cf_plan_builder *b, const cf_vec *v) {
    if (v->valid != NULL && !v->valid[0]) return cf_plan_const_null(b, v->kind);
    switch (v->kind) {
    case CF_NULL: return cf_plan_const_null(b, CF_NULL);
    case CF_BOOL: return cf_plan_const_bool(b, CF_VEC_DATA(*v, uint8_t)[0] != 0);
    case CF_FLOAT64: return cf_plan_const_float(b, CF_VEC_DATA(*v, double)[0]);
    case CF_INT64: return cf_plan_const_int(b, CF_VEC_DATA(*v, int64_t)[0]);
    case CF_TEXT: {
        const cf_view text = CF_VEC_DATA(*v, cf_view)[0];
        return cf_plan_const_text(b, (cf_str){text.data, text.size});
    }
    default: return cf_plan_const_time(b, v->kind, CF_VEC_DATA(*v, int64_t)[0]);
    }
}

static bool foldable_kind(cf_kind kind) {
    return kind <= CF_DURATION;
}

/* The function's value for constants; 0: an argument is none, or it failed (then it must fail
 * when the plan runs, and only if somebody asks for it). */
static cf_id fold(cf_plan_builder *b, const cf_func *f, const cf_id *args, size_t count) {
    if (!foldable_kind(f->result)) return 0;
    for (size_t i = 0; i < count; i++) {
        const cf_node *n = cf_plan_node(b, args[i]);
        if (n->op != CF_V_CONST || !foldable_kind(n->kind)) return 0;
    }
    cf_arena *arena = cf_arena_new(1024);
    if (arena == NULL) return 0;
    immediate *data = CF_NEWS(arena, immediate, count);
    cf_vec *vecs = CF_NEWS(arena, cf_vec, count);
    static const uint8_t null[1] = {0};
    for (size_t i = 0; i < count; i++) {
        const cf_node *n = cf_plan_node(b, args[i]);
        data[i] = immediate_of(n);
        vecs[i] = (cf_vec){.kind = n->kind,
                           .constant = true,
                           .n = 1,
                           .data = &data[i],
                           .valid = n->flags & CF_NODE_NULL ? null : NULL};
    }
    cf_vec out = {.kind = f->result, .n = 1};
    cf_error err = {0};
    cf_call call = {.n = 1,
                    .args = vecs,
                    .arg_count = (uint32_t)count,
                    .out = &out,
                    .arena = arena,
                    .err = &err};
    const cf_id made = cf_func_call(f, &call) == CF_OK ? const_of(b, &out) : 0;
    cf_arena_free(arena);
    return made;
}

/* --- columns --- */

cf_id cf_plan_load(cf_plan_builder *b, uint32_t source, int32_t node, cf_kind kind,
                   cf_id level) {
    return cf_build_intern(
        b, &(cf_node){.op = CF_V_LOAD, .kind = kind, .level = level, .i0 = source, .i1 = node});
}

cf_id cf_plan_valid(cf_plan_builder *b, uint32_t source, int32_t node, cf_id level) {
    return cf_build_intern(
        b, &(cf_node){
               .op = CF_V_VALID, .kind = CF_BOOL, .level = level, .i0 = source, .i1 = node});
}

/* --- broadcast and gather --- */

cf_id cf_plan_broadcast(cf_plan_builder *b, cf_id value, cf_id level) {
    const cf_node *n = cf_plan_node(b, value);
    if (n->level == level) return value;
    CF_ASSERT(cf_plan_is_ancestor(b, n->level, level));
    if (n->op == CF_V_BROADCAST) return cf_plan_broadcast(b, n->args[0], level);
    return cf_build_intern(b, &(cf_node){.op = CF_V_BROADCAST,
                                         .kind = n->kind,
                                         .level = level,
                                         .args = &value,
                                         .arg_count = 1});
}

cf_id cf_build_slot_target(const cf_node *level, unsigned slot) {
    if (slot == CF_SLOT_PARENT) return level->level;
    switch (level->op) {
    case CF_L_COMBINE: return slot < (uint64_t)level->i0 ? level->args[0] : 0;
    case CF_L_CROSS: return slot < 2 ? level->args[slot] : 0;
    case CF_L_FLAT:
    case CF_L_FILTER:
    case CF_L_SORT:
    case CF_L_SLICE:
    case CF_L_REGATHER:
    case CF_L_GROUP:
    case CF_L_RADIUS:
    case CF_L_EXPLODE: return slot == 0 ? level->args[0] : 0;
    default: return 0;
    }
}

static cf_id slot_target(const cf_plan_builder *b, cf_id level, unsigned slot) {
    const cf_node *n = cf_plan_node(b, level);
    if (n->op == CF_L_MEMBERS && slot == 0) return cf_plan_node(b, n->args[0])->args[0];
    return cf_build_slot_target(n, slot);
}

cf_id cf_build_index_target(const cf_plan_builder *b, cf_id index) {
    const cf_node *n = cf_plan_node(b, index);
    CF_ASSERT(n->kind == CF_INDEX);
    switch (n->op) {
    case CF_V_INDEX: return slot_target(b, n->args[0], (unsigned)n->i0);
    case CF_V_PICK:
    case CF_V_NTH: return n->args[0];
    default: return cf_build_index_target(b, n->args[0]); /* carried: broadcast, gathered .. */
    }
}

bool cf_build_index_total(const cf_plan_builder *b, cf_id index) {
    const cf_node *n = cf_plan_node(b, index);
    switch (n->op) {
    case CF_V_INDEX:
        return n->i0 == CF_SLOT_PARENT || cf_plan_node(b, n->args[0])->op != CF_L_EXPLODE;
    case CF_V_BROADCAST: return cf_build_index_total(b, n->args[0]);
    case CF_V_GATHER:
        return cf_build_index_total(b, n->args[0]) && cf_build_index_total(b, n->args[1]);
    default: return false;
    }
}

cf_id cf_plan_index(cf_plan_builder *b, cf_id level, unsigned slot) {
    CF_ASSERT(slot_target(b, level, slot) != 0);
    return cf_build_intern(b, &(cf_node){.op = CF_V_INDEX,
                                         .kind = CF_INDEX,
                                         .level = level,
                                         .args = &level,
                                         .arg_count = 1,
                                         .i0 = slot});
}

/* Is a row of the level in the same rows of all outer levels as the row that its index points
 * to? */
static bool index_stays_inside(const cf_plan_builder *b, cf_id index) {
    const cf_node *n = cf_plan_node(b, index);
    if (n->op != CF_V_INDEX) return false;
    const cf_node_op op = cf_plan_node(b, n->args[0])->op;
    return op == CF_L_FILTER || op == CF_L_SORT || op == CF_L_SLICE || op == CF_L_COMBINE ||
           op == CF_L_CROSS || op == CF_L_GROUP || op == CF_L_MEMBERS;
}

/* Rows that a filter or slice of a list leaves, of a level that was itself made by gathering:
 * the two indexes are joined once, and no column is gathered for rows that are dropped at once.
 */
static bool joins_indexes(const cf_plan_builder *b, const cf_node *value,
                          const cf_node *index) {
    if (value->op != CF_V_GATHER || value->kind == CF_INDEX ||
        !cf_build_index_total(b, value->args[1]))
        return false;
    if (index->op == CF_V_PICK || index->op == CF_V_NTH)
        return cf_plan_depth(b, value->level) >= 2;
    if (index->op != CF_V_INDEX || index->i0 == CF_SLOT_PARENT) return false;
    const cf_node_op op = cf_plan_node(b, index->args[0])->op;
    return (op == CF_L_FILTER || op == CF_L_SLICE) && cf_plan_depth(b, index->args[0]) >= 2;
}

cf_id cf_plan_gather(cf_plan_builder *b, cf_id value, cf_id index) {
    const cf_node *i = cf_plan_node(b, index);
    if (cf_plan_node(b, value)->level == CF_UNIT && cf_build_index_total(b, index))
        return value;
    const cf_id target = cf_build_index_target(b, index);
    if (target != CF_UNIT) value = cf_plan_broadcast(b, value, target);
    const cf_node *v = cf_plan_node(b, value);
    if (i->op == CF_V_INDEX && i->i0 == CF_SLOT_PARENT)
        return cf_plan_broadcast(b, value, i->level);
    if (v->op == CF_V_BROADCAST && index_stays_inside(b, index))
        return cf_plan_broadcast(b, v->args[0], i->level);
    if (joins_indexes(b, v, i)) {
        const cf_id inner = v->args[0], joined = cf_plan_gather(b, v->args[1], index);
        return cf_plan_gather(b, inner, joined);
    }
    const cf_id args[] = {value, index};
    return cf_build_intern(b, &(cf_node){.op = CF_V_GATHER,
                                         .kind = v->kind,
                                         .level = i->level,
                                         .args = args,
                                         .arg_count = 2});
}

/* --- map --- */

/* The value before it was broadcast. */
static cf_id stripped(const cf_plan_builder *b, cf_id value) {
    const cf_node *n = cf_plan_node(b, value);
    return n->op == CF_V_BROADCAST ? n->args[0] : value;
}

static cf_id deepest_level(const cf_plan_builder *b, const cf_id *args, size_t count) {
    cf_id level = CF_UNIT;
    for (size_t i = 0; i < count; i++) {
        const cf_id at = cf_plan_node(b, args[i])->level;
        if (b->depths[at] > b->depths[level]) level = at;
    }
    for (size_t i = 0; i < count; i++)
        CF_ASSERT(cf_plan_is_ancestor(b, cf_plan_node(b, args[i])->level, level));
    return level;
}

static bool index_hoists(const cf_plan_builder *b, cf_id index) {
    const cf_node *n = cf_plan_node(b, index);
    if (n->op != CF_V_INDEX || n->i0 == CF_SLOT_PARENT) return false;
    const cf_node_op op = cf_plan_node(b, n->args[0])->op;
    return op == CF_L_COMBINE || op == CF_L_CROSS || op == CF_L_REGATHER || op == CF_L_RADIUS ||
           op == CF_L_SORT;
}

/* The one index by which arguments were gathered, and all arguments before that; 0: there is
 * none or it must not be moved. */
static cf_id common_index(const cf_plan_builder *b, const cf_id *args, size_t count,
                          cf_id *sources) {
    cf_id index = 0;
    for (size_t i = 0; i < count && index == 0; i++)
        if (cf_plan_node(b, args[i])->op == CF_V_GATHER)
            index = cf_plan_node(b, args[i])->args[1];
    if (index == 0 || !index_hoists(b, index)) return 0;
    const cf_id target = cf_build_index_target(b, index);
    for (size_t i = 0; i < count; i++) {
        const cf_node *n = cf_plan_node(b, args[i]);
        const cf_id plain = stripped(b, args[i]);
        const cf_id plain_level = cf_plan_node(b, plain)->level;
        if (n->op == CF_V_GATHER && n->args[1] == index)
            sources[i] = n->args[0];
        else if (plain_level == CF_UNIT ||
                 (plain_level != cf_plan_node(b, index)->level &&
                  index_stays_inside(b, index) && cf_plan_is_ancestor(b, plain_level, target)))
            sources[i] = plain;
        else
            return 0;
    }
    return index;
}

/* Are all arguments from outer levels? */
static bool all_broadcast(const cf_plan_builder *b, const cf_id *args, size_t count,
                          cf_id level, cf_id *sources) {
    for (size_t i = 0; i < count; i++) {
        sources[i] = stripped(b, args[i]);
        if (cf_plan_node(b, sources[i])->level == level) return false;
    }
    return true;
}

/* A null without a kind takes the parameter's; what is the same for all rows stays at UNIT. */
static void settle_args(cf_plan_builder *b, const cf_func *f, const cf_id *args, size_t count,
                        cf_id *out) {
    CF_ASSERT(f->flags & CF_VARIADIC ? count >= f->arg_count : count == f->arg_count);
    for (size_t i = 0; i < count; i++) {
        out[i] = args[i];
        const cf_id plain = stripped(b, args[i]);
        if (cf_plan_node(b, plain)->level == CF_UNIT) out[i] = plain;
        const cf_kind wanted = i < f->arg_count ? f->args[i] : CF_NULL;
        const cf_kind got = cf_plan_node(b, out[i])->kind;
        if (wanted == CF_NULL || wanted == got) continue;
        CF_ASSERT(got == CF_NULL);
        out[i] = cf_plan_const_null(b, wanted);
    }
}

cf_id cf_plan_map(cf_plan_builder *b, const cf_func *f, const cf_id *args_given, size_t count) {
    cf_id *args = CF_NEWS(b->own, cf_id, count), *sources = CF_NEWS(b->own, cf_id, count);
    settle_args(b, f, args_given, count, args);
    const cf_id level = deepest_level(b, args, count);
    if (level == CF_UNIT) {
        const cf_id folded = fold(b, f, args, count);
        if (folded != 0) return folded;
    } else if (f->flags & CF_TOTAL) {
        if (all_broadcast(b, args, count, level, sources))
            return cf_plan_broadcast(b, cf_plan_map(b, f, sources, count), level);
        const cf_id index = common_index(b, args, count, sources);
        if (index != 0) return cf_plan_gather(b, cf_plan_map(b, f, sources, count), index);
    }
    for (size_t i = 0; i < count; i++)
        if (cf_plan_node(b, args[i])->level != CF_UNIT)
            args[i] = cf_plan_broadcast(b, args[i], level);
    return cf_build_intern(b, &(cf_node){.op = CF_V_MAP,
                                         .kind = f->result,
                                         .level = level,
                                         .args = args,
                                         .arg_count = (uint32_t)count,
                                         .func = f});
}

cf_id cf_plan_map_named(cf_plan_builder *b, const char *func, const cf_id *args, size_t count) {
    const cf_func *f = cf_func_find(cf_str_of(func));
    CF_ASSERT(f != NULL);
    return cf_plan_map(b, f, args, count);
}

cf_id cf_plan_cast(cf_plan_builder *b, cf_id value, cf_kind to) {
    const cf_node *n = cf_plan_node(b, value);
    if (n->kind == to) return value;
    if (n->kind == CF_NULL) return cf_plan_const_null(b, to);
    if (n->kind == CF_DECIMAL) return cf_plan_decimal_cast(b, value, to);
    const cf_func *f = cf_func_cast(n->kind, to);
    CF_ASSERT(f != NULL);
    return cf_plan_map(b, f, &value, 1);
}

cf_id cf_plan_widen(cf_plan_builder *b, cf_id value) {
    return cf_plan_cast(b, value, cf_kind_widened(cf_plan_node(b, value)->kind));
}

/* --- many rows to one --- */

static cf_kind reduce_kind(cf_reduce kind, cf_kind value) {
    switch (kind) {
    case CF_R_COUNT:
    case CF_R_COUNT_VALID:
    case CF_R_COUNT_DISTINCT:
    case CF_R_COUNT_NAN: return CF_INT64;
    case CF_R_ANY:
    case CF_R_ALL: return CF_BOOL;
    case CF_R_AVERAGE:
    case CF_R_STDDEV: return CF_FLOAT64;
    case CF_R_CONCAT: return CF_TEXT;
    case CF_R_SUM: return value == CF_BOOL ? CF_INT64 : value;
    default: return value;
    }
}

cf_id cf_plan_reduce(cf_plan_builder *b, cf_reduce kind, cf_id level, cf_id value) {
    cf_kind from = CF_NULL;
    if (kind == CF_R_COUNT) value = 0;
    if (value != 0) {
        value = cf_plan_broadcast(b, cf_plan_widen(b, value), level);
        from = cf_plan_node(b, value)->kind;
    }
    const cf_id args[] = {level, value};
    return cf_build_intern(b, &(cf_node){.op = CF_V_REDUCE,
                                         .kind = reduce_kind(kind, from),
                                         .level = cf_plan_node(b, level)->level,
                                         .args = args,
                                         .arg_count = 2,
                                         .i0 = kind});
}

cf_id cf_plan_pick(cf_plan_builder *b, cf_pick kind, cf_id level, cf_id key) {
    if (key != 0) key = cf_plan_broadcast(b, cf_plan_widen(b, key), level);
    const cf_id args[] = {level, key};
    return cf_build_intern(b, &(cf_node){.op = CF_V_PICK,
                                         .kind = CF_INDEX,
                                         .level = cf_plan_node(b, level)->level,
                                         .args = args,
                                         .arg_count = 2,
                                         .i0 = kind});
}

cf_id cf_plan_value(cf_plan_builder *b, cf_node_op op, cf_kind kind, cf_id level,
                    const cf_id *args, size_t count, int64_t i0, int64_t i1, int64_t i2) {
    CF_ASSERT(op > CF_NODE_VALUES && op < CF_NODE_KINDS && op != CF_V_CONST);
    return cf_build_intern(b, &(cf_node){.op = op,
                                         .kind = kind,
                                         .level = level,
                                         .args = args,
                                         .arg_count = (uint32_t)count,
                                         .i0 = i0,
                                         .i1 = i1,
                                         .i2 = i2});
}
