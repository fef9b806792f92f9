#include "plan/build.h"

/* Every node goes through cf_build_intern, which hands back the equal node made before if there
 * is one: the graph shares all common subexpressions by construction. */

#include "plan/build_internal.h"

#include <stdlib.h>
#include <string.h>

cf_plan_builder *cf_plan_builder_new(void) {
    cf_arena *own = cf_arena_new(4096);
    cf_arena *arena = cf_arena_new(16384);
    if (own == NULL || arena == NULL) abort(); /* a few KiB for our own tree */
    cf_plan_builder *b = CF_NEW(own, cf_plan_builder);
    b->own = own;
    b->arena = arena;
    b->table_size = 1024;
    b->table = CF_NEWS(own, cf_id, b->table_size);
    (void)cf_build_intern(b, &(cf_node){.op = CF_L_UNIT});
    return b;
}

void cf_plan_builder_free(cf_plan_builder *b) {
    if (b == NULL) return;
    for (uint32_t i = 0; i < b->source_count; i++)
        cf_source_release(b->sources[i]);
    for (uint32_t i = 0; i < b->model_count; i++)
        b->models[i]->class->release(b->models[i]);
    cf_arena_free(b->arena);
    cf_arena_free(b->own);
}

cf_arena *cf_plan_builder_arena(cf_plan_builder *b) {
    return b->arena;
}

static cf_node *slot(const cf_plan_builder *b, cf_id id) {
    return &b->blocks[id / CF_BUILD_BLOCK][id % CF_BUILD_BLOCK];
}

const cf_node *cf_plan_node(const cf_plan_builder *b, cf_id id) {
    CF_ASSERT(id != 0 && id <= b->count);
    return slot(b, id);
}

void cf_plan_at(cf_plan_builder *b, cf_span span) {
    b->at = span;
}

uint32_t cf_plan_add_source(cf_plan_builder *b, cf_source *source) {
    for (uint32_t i = 0; i < b->source_count; i++)
        if (b->sources[i] == source) return i;
    if (b->source_count == b->source_capacity) {
        const uint32_t capacity = b->source_capacity * 2 + 4;
        cf_source **grown = CF_NEWS(b->arena, cf_source *, capacity);
        for (uint32_t i = 0; i < b->source_count; i++)
            grown[i] = b->sources[i];
        b->sources = grown;
        b->source_capacity = capacity;
    }
    b->sources[b->source_count] = cf_source_retain(source);
    return b->source_count++;
}

uint32_t cf_plan_add_model(cf_plan_builder *b, cf_predictor *model) {
    for (uint32_t i = 0; i < b->model_count; i++)
        if (b->models[i]->id == model->id) return i;
    if (b->model_count == b->model_capacity) {
        const uint32_t capacity = b->model_capacity * 2 + 4;
        cf_predictor **grown = CF_NEWS(b->arena, cf_predictor *, capacity);
        for (uint32_t i = 0; i < b->model_count; i++)
            grown[i] = b->models[i];
        b->models = grown;
        b->model_capacity = capacity;
    }
    model->class->retain(model);
    b->models[b->model_count] = model;
    return b->model_count++;
}

/* --- sharing equal nodes --- */

static uint64_t float_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint64_t node_hash(const cf_node *n) {
    const uint64_t head[] = {(uint64_t)n->op, (uint64_t)n->kind, n->flags,
                             n->level,        (uint64_t)n->i0,   (uint64_t)n->i1,
                             (uint64_t)n->i2, float_bits(n->f0), (uint64_t)(uintptr_t)n->func,
                             n->arg_count};
    uint64_t h = cf_hash_bytes(head, sizeof head, 1);
    h = cf_hash_bytes(n->args, n->arg_count * sizeof *n->args, h);
    return cf_hash_bytes(n->text.data, n->text.size, h);
}

static bool node_equal(const cf_node *a, const cf_node *b) {
    if (a->op != b->op || a->kind != b->kind || a->flags != b->flags || a->level != b->level ||
        a->arg_count != b->arg_count || a->i0 != b->i0 || a->i1 != b->i1 || a->i2 != b->i2 ||
        float_bits(a->f0) != float_bits(b->f0) || a->func != b->func ||
        !cf_str_equal(a->text, b->text))
        return false;
    for (uint32_t i = 0; i < a->arg_count; i++)
        if (a->args[i] != b->args[i]) return false;
    return true;
}

static size_t table_find(const cf_plan_builder *b, const cf_node *node) {
    size_t at = (size_t)node_hash(node) & (b->table_size - 1);
    while (b->table[at] != 0 && !node_equal(slot(b, b->table[at]), node))
        at = (at + 1) & (b->table_size - 1);
    return at;
}

static void table_grow(cf_plan_builder *b) {
    b->table_size *= 2;
    b->table = CF_NEWS(b->own, cf_id, b->table_size);
    for (cf_id id = 1; id <= b->count; id++)
        b->table[table_find(b, slot(b, id))] = id;
}

static void room_for_one(cf_plan_builder *b) {
    const size_t block = (b->count + 1) / CF_BUILD_BLOCK;
    if (block >= b->block_capacity) {
        const size_t capacity = b->block_capacity * 2 + 4;
        cf_node **grown = CF_NEWS(b->own, cf_node *, capacity);
        for (size_t i = 0; i < b->block_capacity; i++)
            grown[i] = b->blocks[i];
        uint32_t *depths = CF_NEWS(b->own, uint32_t, capacity * CF_BUILD_BLOCK);
        if (b->count > 0) memcpy(depths, b->depths, (b->count + 1) * sizeof *depths);
        b->blocks = grown;
        b->depths = depths;
        b->block_capacity = capacity;
    }
    if (b->blocks[block] == NULL) b->blocks[block] = CF_NEWS(b->own, cf_node, CF_BUILD_BLOCK);
}

cf_id cf_build_intern(cf_plan_builder *b, const cf_node *node) {
    const size_t at = table_find(b, node);
    if (b->table[at] != 0) return b->table[at];
    room_for_one(b);
    const cf_id id = ++b->count;
    cf_node *made = slot(b, id);
    *made = *node;
    cf_id *args = CF_NEWS(b->arena, cf_id, node->arg_count);
    for (uint32_t i = 0; i < node->arg_count; i++) {
        CF_ASSERT(node->args[i] < id);
        args[i] = node->args[i];
    }
    made->args = args;
    if (node->text.size > 0) made->text.data = cf_str_dup(b->arena, node->text);
    made->span = b->at;
    b->depths[id] = node->level == 0 ? 0 : b->depths[node->level] + 1;
    b->table[at] = id;
    if ((size_t)b->count * 2 > b->table_size) table_grow(b);
    return id;
}

/* --- levels --- */

bool cf_plan_is_ancestor(const cf_plan_builder *b, cf_id ancestor, cf_id level) {
    while (level != 0 && b->depths[level] > b->depths[ancestor])
        level = cf_plan_node(b, level)->level;
    return level == ancestor;
}

unsigned cf_plan_depth(const cf_plan_builder *b, cf_id level) {
    return b->depths[level];
}

cf_id cf_plan_scan(cf_plan_builder *b, uint32_t source, int64_t ordinal) {
    CF_ASSERT(source < b->source_count);
    return cf_build_intern(
        b, &(cf_node){.op = CF_L_SCAN, .level = CF_UNIT, .i0 = source, .i1 = ordinal});
}

cf_id cf_plan_list(cf_plan_builder *b, uint32_t source, int32_t node, cf_id owner) {
    return cf_build_intern(b, &(cf_node){.op = CF_L_LIST,
                                         .level = owner,
                                         .i0 = source,
                                         .i1 = node,
                                         .args = &owner,
                                         .arg_count = 1});
}

/* Over which level a level made from these arguments lies. */
static cf_id parent_of(const cf_plan_builder *b, cf_node_op op, const cf_id *args) {
    switch (op) {
    case CF_L_FLAT: return args[1];
    case CF_L_CONCATL:
    case CF_L_ITEMS:
    case CF_L_REPEAT:
    case CF_L_MEMBERS: return args[0];
    case CF_L_REGATHER: return cf_plan_node(b, args[1])->level;
    case CF_L_RADIUS: return args[1];
    default: return cf_plan_node(b, args[0])->level;
    }
}

static void check_level(const cf_plan_builder *b, cf_node_op op, const cf_id *args,
                        size_t count) {
    CF_ASSERT(op > CF_NODE_NONE && op < CF_NODE_VALUES && count > 0);
    for (size_t i = 1; i < count; i++) {
        const cf_node *arg = cf_plan_node(b, args[i]);
        if (op == CF_L_CROSS || op == CF_L_CONCAT)
            CF_ASSERT(arg->level == cf_plan_node(b, args[0])->level);
        if (op == CF_L_FLAT) CF_ASSERT(cf_plan_is_ancestor(b, args[1], args[0]));
        if (op == CF_L_SORT || op == CF_L_GROUP)
            CF_ASSERT(arg->level == args[0] || arg->level == CF_UNIT);
    }
}

cf_id cf_plan_level(cf_plan_builder *b, cf_node_op op, const cf_id *args, size_t count,
                    int64_t i0) {
    if (op == CF_L_FILTER) return cf_plan_filter(b, args[0], args[1], (cf_str){0});
    check_level(b, op, args, count);
    return cf_build_intern(b, &(cf_node){.op = op,
                                         .level = parent_of(b, op, args),
                                         .args = args,
                                         .arg_count = (uint32_t)count,
                                         .i0 = i0});
}

cf_id cf_plan_filter(cf_plan_builder *b, cf_id level, cf_id mask, cf_str label) {
    const cf_id radius = cf_build_radius(b, level, mask);
    if (radius != 0) return radius;
    const cf_id args[] = {level, cf_plan_broadcast(b, mask, level)};
    return cf_build_intern(b, &(cf_node){.op = CF_L_FILTER,
                                         .level = cf_plan_node(b, level)->level,
                                         .args = args,
                                         .arg_count = 2,
                                         .text = label});
}

/* --- done --- */

static cf_node *nodes_flat(const cf_plan_builder *b, cf_arena *arena) {
    cf_node *nodes = CF_NEWS(arena, cf_node, b->count + 1);
    for (cf_id id = 1; id <= b->count; id++)
        nodes[id] = *slot(b, id);
    return nodes;
}

static uint64_t *model_ids(const cf_plan_builder *b, cf_arena *arena) {
    uint64_t *ids = CF_NEWS(arena, uint64_t, b->model_count + 1u);
    for (uint32_t i = 0; i < b->model_count; i++)
        ids[i] = b->models[i]->id;
    return ids;
}

cf_plan *cf_plan_finish(cf_plan_builder *b) {
    cf_plan *plan = CF_NEW(b->arena, cf_plan);
    plan->arena = b->arena;
    plan->nodes = nodes_flat(b, b->arena);
    plan->node_count = b->count;
    plan->sources = b->sources;
    plan->source_count = b->source_count;
    plan->models = b->models;
    plan->model_ids = model_ids(b, b->arena);
    plan->model_count = b->model_count;
    plan->level = CF_UNIT;
    plan->limit = -1;
    cf_arena_free(b->own);
    return plan;
}

cf_plan *cf_plan_snapshot(const cf_plan_builder *b) {
    cf_arena *arena = cf_arena_new(16384);
    if (arena == NULL) return NULL;
    cf_plan *plan = CF_NEW(arena, cf_plan);
    plan->arena = arena;
    plan->nodes = nodes_flat(b, arena);
    plan->node_count = b->count;
    plan->sources = CF_NEWS(arena, cf_source *, b->source_count + 1u);
    for (uint32_t i = 0; i < b->source_count; i++)
        plan->sources[i] = cf_source_retain(b->sources[i]);
    plan->source_count = b->source_count;
    plan->models = CF_NEWS(arena, cf_predictor *, b->model_count + 1u);
    for (uint32_t i = 0; i < b->model_count; i++) {
        plan->models[i] = b->models[i];
        plan->models[i]->class->retain(plan->models[i]);
    }
    plan->model_ids = model_ids(b, arena);
    plan->model_count = b->model_count;
    plan->level = CF_UNIT;
    plan->limit = -1;
    return plan;
}
