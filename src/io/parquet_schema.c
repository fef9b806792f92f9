/* From Parquet's schema to our types.  The schema comes as a list of elements, depth first; the
 * builder walks it once with a stack of what lies above the element at hand. */

#include "io/parquet_schema.h"

#include "io/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const cf_pq_footer *footer;
    const char *path;
    cf_arena *arena;
    cf_error *err;
    cf_pq_schema *out;
    uint32_t at;   /* the element at hand */
    uint32_t leaf; /* leaves built so far */
    int32_t node_room;
    /* What lies above. */
    cf_pq_above above[CF_PQ_DEPTH_MAX];
    uint32_t depth;
    uint8_t def, rep;
    uint8_t list_def[CF_PQ_LISTS_MAX + 1];
    bool null_above; /* a nullable tuple since the innermost list */
    cf_text name;    /* dotted path */
} builder;

static cf_status too_deep(const builder *b) {
    return cf_fail(b->err, CF_E_UNSUPPORTED, CF_NOWHERE, "%s: column `%s` is nested too deeply",
                   b->path, b->name.data != NULL ? b->name.data : "");
}

static cf_status no_memory(const builder *b) {
    return cf_fail(b->err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the schema of %s",
                   b->path);
}

static int32_t add_node(builder *b, cf_pq_node_kind kind, bool nullable) {
    CF_ASSERT(b->out->node_count < b->node_room);
    b->out->nodes[b->out->node_count] = (cf_pq_node){.kind = kind, .nullable = nullable};
    return b->out->node_count++;
}

static cf_status push(builder *b, int32_t node, bool list, bool nullable) {
    if (b->depth == CF_PQ_DEPTH_MAX || b->def > 200) return too_deep(b);
    b->above[b->depth++] = (cf_pq_above){node, list, b->rep, nullable ? b->def : 0};
    return CF_OK;
}

/* ---- leaves ---- */

static void set_integer(const cf_pq_element *e, cf_pq_leaf *leaf) {
    static const struct {
        int bits;
        bool is_unsigned, wide;
        cf_kind kind;
        cf_pq_convert convert;
    } table[] = {
        {8, false, false, CF_INT8, CF_PQ_I32_I8},
        {8, true, false, CF_UINT8, CF_PQ_I32_U8},
        {16, false, false, CF_INT16, CF_PQ_I32_I16},
        {16, true, false, CF_UINT16, CF_PQ_I32_U16},
        {32, true, false, CF_UINT32, CF_PQ_SAME},
        {64, true, true, CF_UINT64, CF_PQ_SAME},
    };
    const bool wide = e->physical == CF_PQ_INT64;
    leaf->kind = wide ? CF_INT64 : CF_INT32;
    leaf->convert = CF_PQ_SAME;
    if (e->meaning != CF_PQ_INTEGER) return;
    for (size_t i = 0; i < CF_COUNT(table); i++) {
        if (table[i].bits != e->bits || table[i].is_unsigned != e->is_unsigned ||
            table[i].wide != wide)
            continue;
        leaf->kind = table[i].kind;
        leaf->convert = table[i].convert;
    }
}

static void set_time(const cf_pq_element *e, cf_pq_leaf *leaf) {
    leaf->kind = e->meaning == CF_PQ_TIMESTAMP ? CF_TIMESTAMP : CF_TIME;
    if (e->physical == CF_PQ_INT32) {
        leaf->convert = e->unit == CF_PQ_MILLIS ? CF_PQ_I32_I64_1000 : CF_PQ_I32_I64;
    } else {
        leaf->convert = e->unit == CF_PQ_MILLIS  ? CF_PQ_I64_1000
                        : e->unit == CF_PQ_NANOS ? CF_PQ_I64_NANOS
                                                 : CF_PQ_SAME;
    }
}

static void set_decimal(builder *b, const cf_pq_element *e, cf_pq_leaf *leaf) {
    leaf->kind = CF_DECIMAL;
    leaf->convert = e->physical == CF_PQ_INT32   ? CF_PQ_I32_DECIMAL
                    : e->physical == CF_PQ_INT64 ? CF_PQ_I64_DECIMAL
                    : e->physical == CF_PQ_FIXED ? CF_PQ_FIXED_DECIMAL
                                                 : CF_PQ_BYTES_DECIMAL;
    if (e->precision > 38 || e->scale < 0 || e->scale > 38)
        leaf->unreadable =
            cf_arena_printf(b->arena, "it is a decimal of %d digits, %d after the point",
                            e->precision, e->scale);
}

static bool is_byte_kind(cf_pq_physical p) {
    return p == CF_PQ_BYTES || p == CF_PQ_FIXED;
}

static bool is_int_kind(cf_pq_physical p) {
    return p == CF_PQ_INT32 || p == CF_PQ_INT64;
}

/* What the physical type alone says. */
static void set_stored(const cf_pq_element *e, cf_pq_leaf *leaf) {
    static const struct {
        cf_kind kind;
        cf_pq_convert convert;
        uint8_t length;
    } table[] = {
        [CF_PQ_BOOLEAN] = {CF_BOOL, CF_PQ_BITS_BOOL, 0},
        [CF_PQ_INT32] = {CF_INT32, CF_PQ_SAME, 4},
        [CF_PQ_INT64] = {CF_INT64, CF_PQ_SAME, 8},
        [CF_PQ_INT96] = {CF_TIMESTAMP, CF_PQ_I96, 12},
        [CF_PQ_FLOAT] = {CF_FLOAT32, CF_PQ_SAME, 4},
        [CF_PQ_DOUBLE] = {CF_FLOAT64, CF_PQ_SAME, 8},
        [CF_PQ_BYTES] = {CF_TEXT, CF_PQ_BYTES_HEX, 0},
        [CF_PQ_FIXED] = {CF_TEXT, CF_PQ_FIXED_HEX, 0},
    };
    leaf->kind = table[e->physical].kind;
    leaf->convert = table[e->physical].convert;
    leaf->length = e->physical == CF_PQ_FIXED ? e->length : table[e->physical].length;
}

/* An annotation that does not fit its physical type is ignored. */
static void set_meaning(builder *b, const cf_pq_element *e, cf_pq_leaf *leaf) {
    set_stored(e, leaf);
    const bool fixed = e->physical == CF_PQ_FIXED;
    if (is_int_kind(e->physical)) set_integer(e, leaf);
    if (e->meaning == CF_PQ_TEXT && is_byte_kind(e->physical)) {
        leaf->convert = fixed ? CF_PQ_FIXED_TEXT : CF_PQ_BYTES_TEXT;
    } else if (e->meaning == CF_PQ_DECIMAL &&
               (is_int_kind(e->physical) || is_byte_kind(e->physical))) {
        set_decimal(b, e, leaf);
    } else if (e->meaning == CF_PQ_DATE && e->physical == CF_PQ_INT32) {
        leaf->kind = CF_DATE;
        leaf->convert = CF_PQ_I32_I64;
    } else if ((e->meaning == CF_PQ_TIME || e->meaning == CF_PQ_TIMESTAMP) &&
               is_int_kind(e->physical)) {
        set_time(e, leaf);
    } else if (e->meaning == CF_PQ_FLOAT16 && fixed && e->length == 2) {
        leaf->kind = CF_FLOAT32;
        leaf->convert = CF_PQ_F16;
    } else if (e->meaning == CF_PQ_UUID && fixed && e->length == 16) {
        leaf->convert = CF_PQ_FIXED_UUID;
    }
}

/* Is the column readable and of the same physical type in every row group? */
static const char *chunk_trouble(const builder *b, uint32_t leaf, cf_pq_physical physical) {
    for (uint32_t g = 0; g < b->footer->group_count; g++) {
        const cf_pq_chunk *c = &b->footer->groups[g].chunks[leaf];
        if (c->unreadable != NULL) return c->unreadable;
        if (c->physical != (int)physical)
            return "its type in the schema and in a row group differ";
    }
    return NULL;
}

static const char *current_name(const builder *b) {
    return cf_str_dup(b->arena,
                      (cf_str){b->name.data != NULL ? b->name.data : "", b->name.size});
}

/* Notes about a column: `cutflow.unit.Muon.pt`. */
static const char *find_note(const builder *b, const char *what, const char *name) {
    const size_t n = strlen(what), m = strlen(name);
    for (uint32_t i = 0; i < b->footer->note_count; i++) {
        const cf_pq_note *note = &b->footer->notes[i];
        if (note->key.size == n + m && memcmp(note->key.data, what, n) == 0 &&
            memcmp(note->key.data + n, name, m) == 0)
            return cf_str_dup(b->arena, note->value);
    }
    return NULL;
}

static void annotate(const builder *b, cf_field *out) {
    out->file_name = current_name(b);
    out->unit = find_note(b, CF_PQ_NOTE_UNIT, out->file_name);
    out->doc = find_note(b, CF_PQ_NOTE_DOC, out->file_name);
}

static cf_status build_leaf(builder *b, const cf_pq_element *e, cf_field *out) {
    cf_pq_leaf *leaf = &b->out->leaves[b->leaf];
    *leaf = (cf_pq_leaf){.column = b->leaf,
                         .physical = e->physical,
                         .def_max = b->def,
                         .rep_max = b->rep,
                         .above_count = b->depth,
                         .name = current_name(b)};
    leaf->node = add_node(b, CF_PQ_NODE_BASIC, out->nullable);
    memcpy(leaf->list_def, b->list_def, sizeof leaf->list_def);
    leaf->above =
        cf_arena_alloc(b->arena, (b->depth + 2) * sizeof *leaf->above, _Alignof(cf_pq_above));
    if (leaf->above == NULL) return no_memory(b);
    memcpy(leaf->above, b->above, b->depth * sizeof *leaf->above);
    set_meaning(b, e, leaf);
    if (leaf->unreadable == NULL) leaf->unreadable = chunk_trouble(b, b->leaf, e->physical);
    annotate(b, out);
    const char *kind = find_note(b, CF_PQ_NOTE_KIND, leaf->name);
    if (kind != NULL && strcmp(kind, "duration") == 0 && leaf->kind == CF_INT64)
        leaf->kind = CF_DURATION;
    cf_type *type = CF_NEW(b->arena, cf_type);
    type->kind = leaf->kind;
    type->scale = leaf->kind == CF_DECIMAL ? (uint8_t)e->scale : 0;
    out->type = type;
    out->node = leaf->node;
    out->unreadable = leaf->unreadable;
    out->nullable = out->nullable || b->null_above;
    b->leaf++;
    return CF_OK;
}

/* ---- groups ---- */

static cf_status build_field(builder *b, cf_field *out);
static cf_status build_value(builder *b, const cf_pq_element *e, cf_field *out);

static size_t name_push(builder *b, const char *name) {
    const size_t before = b->name.size;
    if (before > 0) cf_text_addc(&b->name, '.');
    cf_text_adds(&b->name, name);
    return before;
}

static void name_pop(builder *b, size_t before) {
    if (b->name.data == NULL) return;
    b->name.size = before;
    b->name.data[before] = '\0';
}

static cf_status build_fields(builder *b, const cf_pq_element *e, cf_field *out) {
    static const char *const pair[] = {"key", "value"};
    const bool map = e->meaning == CF_PQ_MAP && e->children <= 2;
    cf_field *fields = CF_NEWS(b->arena, cf_field, e->children + 1);
    for (uint32_t i = 0; i < e->children; i++) {
        const char *name = map ? pair[i] : b->footer->elements[b->at].name;
        const size_t before = name_push(b, name);
        CF_TRY(build_field(b, &fields[i]));
        fields[i].name = name;
        name_pop(b, before);
    }
    out->type = cf_type_tuple(b->arena, fields, e->children);
    for (uint32_t i = 0; i < e->children; i++) {
        if (fields[i].unreadable == NULL) return CF_OK;
    }
    out->unreadable = e->children == 0 ? "it is a tuple without fields" : fields[0].unreadable;
    return CF_OK;
}

static cf_status build_tuple(builder *b, const cf_pq_element *e, cf_field *out) {
    const bool null_above = b->null_above;
    out->node = add_node(b, CF_PQ_NODE_TUPLE, out->nullable);
    annotate(b, out);
    CF_TRY(push(b, out->node, false, out->nullable));
    b->null_above = null_above || out->nullable;
    CF_TRY(build_fields(b, e, out));
    b->null_above = null_above;
    out->nullable = out->nullable || null_above;
    b->depth--;
    return CF_OK;
}

/* The list's own node; then its elements. `element` says how to build them. */
static cf_status begin_list(builder *b, cf_field *out) {
    out->node = add_node(b, CF_PQ_NODE_LIST, out->nullable);
    annotate(b, out);
    CF_TRY(push(b, out->node, true, out->nullable));
    if (b->rep == CF_PQ_LISTS_MAX) return too_deep(b);
    b->list_def[++b->rep] = ++b->def;
    return CF_OK;
}

typedef struct {
    bool null_above;
    uint8_t def;
} list_state;

static list_state enter_list(builder *b) {
    const list_state state = {b->null_above, b->def};
    b->null_above = false;
    return state;
}

static void leave_list(builder *b, list_state state, cf_field *element, cf_field *out) {
    element->name = "";
    out->type = cf_type_list(b->arena, element->type);
    cf_field *copy = CF_NEW(b->arena, cf_field); /* cf_type_list knows the type only */
    *copy = *element;
    cf_type *type = CF_NEW(b->arena, cf_type);
    *type = *out->type;
    type->fields = copy;
    out->type = type;
    out->unreadable = element->unreadable;
    b->null_above = state.null_above;
    b->def = state.def;
    b->rep--;
    b->depth--;
    out->nullable = out->nullable || state.null_above;
}

/* A repeated field that no list stands around: a list that is never null. */
static cf_status build_bare_list(builder *b, const cf_pq_element *e, cf_field *out) {
    cf_field element = {0};
    const list_state state = enter_list(b);
    CF_TRY(begin_list(b, out));
    CF_TRY(build_value(b, e, &element));
    leave_list(b, state, &element, out);
    return CF_OK;
}

/* In old files the repeated field is the element itself; in others it is only a shell around
 * it. */
static bool is_element_itself(const builder *b, const cf_pq_element *list,
                              const cf_pq_element *shell) {
    if (shell->physical != CF_PQ_GROUP || shell->children != 1) return true;
    if (b->footer->elements[b->at].repetition == CF_PQ_REPEATED) return true;
    if (strcmp(shell->name, "array") == 0) return true;
    const size_t n = strlen(list->name);
    return strncmp(shell->name, list->name, n) == 0 && strcmp(shell->name + n, "_tuple") == 0;
}

static cf_status build_list(builder *b, const cf_pq_element *e, cf_field *out) {
    cf_field element = {0};
    const list_state state = enter_list(b);
    CF_TRY(begin_list(b, out));
    const cf_pq_element *shell = &b->footer->elements[b->at++];
    if (e->meaning == CF_PQ_MAP) {
        cf_pq_element pair = *shell;
        pair.meaning = CF_PQ_MAP;
        CF_TRY(build_tuple(b, &pair, &element));
    } else if (is_element_itself(b, e, shell)) {
        CF_TRY(build_value(b, shell, &element));
    } else {
        CF_TRY(build_field(b, &element));
    }
    leave_list(b, state, &element, out);
    return CF_OK;
}

static bool is_list(const builder *b, const cf_pq_element *e) {
    if (e->children != 1 || (e->meaning != CF_PQ_LIST && e->meaning != CF_PQ_MAP)) return false;
    const cf_pq_element *child = &b->footer->elements[b->at];
    if (child->repetition != CF_PQ_REPEATED) return false;
    return e->meaning == CF_PQ_LIST || (child->physical == CF_PQ_GROUP && child->children > 0);
}

/* The element was taken; what remains is what it holds. */
static cf_status build_value(builder *b, const cf_pq_element *e, cf_field *out) {
    if (e->physical != CF_PQ_GROUP) return build_leaf(b, e, out);
    if (is_list(b, e)) return build_list(b, e, out);
    cf_pq_element plain = *e;
    plain.meaning = CF_PQ_AS_STORED;
    return build_tuple(b, &plain, out);
}

static cf_status build_field(builder *b, cf_field *out) {
    const cf_pq_element *e = &b->footer->elements[b->at++];
    *out = (cf_field){.name = e->name};
    if (e->repetition == CF_PQ_REPEATED) return build_bare_list(b, e, out);
    if (e->repetition == CF_PQ_REQUIRED) return build_value(b, e, out);
    const uint8_t def = b->def;
    out->nullable = true;
    b->def++;
    CF_TRY(build_value(b, e, out));
    b->def = def;
    return CF_OK;
}

/* ---- grouping of flat files ---- */

static int compare_leaves(const void *left, const void *right) {
    const cf_pq_leaf *a = left, *b = right;
    return (a->node > b->node) - (a->node < b->node);
}

/* The leaf of a basic column or of a list of basic values; leaves stand in order of their
 * nodes. */
static const cf_pq_leaf *only_leaf(const builder *b, const cf_field *f) {
    const cf_field *last = f->type->kind == CF_LIST ? &f->type->fields[0] : f;
    const cf_pq_leaf key = {.node = last->node};
    const cf_pq_leaf *leaf = bsearch(&key, b->out->leaves, b->out->leaf_count,
                                     sizeof *b->out->leaves, compare_leaves);
    CF_ASSERT(leaf != NULL);
    return leaf;
}

static bool is_basic(const cf_type *t) {
    return t->kind != CF_LIST && t->kind != CF_TUPLE;
}

/* Lists of equal length have equally many entries in every row group. */
static uint64_t shape_of(const builder *b, const cf_pq_leaf *leaf) {
    uint64_t hash = 0;
    for (uint32_t g = 0; g < b->footer->group_count; g++)
        hash = cf_hash_u64((uint64_t)b->footer->groups[g].chunks[leaf->column].values, hash);
    return hash;
}

static int compare_fields(const void *left, const void *right) {
    const cf_field *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

typedef struct {
    const cf_field **sorted;
    uint32_t count;
} index_by_name;

static const cf_field *find_field(const index_by_name *index, const char *name) {
    const cf_field key = {.name = name};
    const cf_field *p = &key;
    const cf_field **hit =
        bsearch(&p, index->sorted, index->count, sizeof *index->sorted, compare_fields);
    return hit != NULL ? *hit : NULL;
}

/* `nX` for `X_a`, if there is such a column of whole numbers. */
static const char *counter_of(const builder *b, const index_by_name *index, const char *name) {
    const char *bar = strchr(name, '_');
    if (bar == NULL) return NULL;
    const char *counter = cf_arena_printf(b->arena, "n%.*s", (int)(bar - name), name);
    const cf_field *f = find_field(index, counter);
    return f != NULL && cf_kind_is_integer(f->type->kind) ? counter : NULL;
}

/* Gives the leaf its place below a list or tuple of several columns. */
static void move_leaf(cf_pq_leaf *leaf, int32_t outer, int32_t tuple) {
    if (leaf->above_count == 0) {
        leaf->above[leaf->above_count++] = (cf_pq_above){tuple, false, 0, 0};
    } else {
        leaf->above[0].node = outer;
        leaf->above[leaf->above_count++] = (cf_pq_above){tuple, false, 1, 0};
    }
}

typedef struct {
    cf_field *fields; /* the top level */
    uint32_t count;
    const cf_grouping *grouping;
} flat_columns;

/* One column for all members of a group. */
static void build_group(builder *b, const flat_columns *flat, int32_t number, cf_field *out) {
    const cf_group *group = &flat->grouping->groups[number];
    cf_field *members = CF_NEWS(b->arena, cf_field, group->count);
    const int32_t outer = group->list ? add_node(b, CF_PQ_NODE_LIST, false) : -1;
    const int32_t tuple = add_node(b, CF_PQ_NODE_TUPLE, false);
    *out = (cf_field){.name = group->name, .node = group->list ? outer : tuple};
    uint32_t n = 0;
    for (uint32_t i = 0; i < flat->count; i++) {
        if (flat->grouping->group_of[i] != number) continue;
        const cf_field *column = &flat->fields[i];
        members[n] = group->list ? column->type->fields[0] : *column;
        members[n].name = flat->grouping->member[i];
        members[n].file_name = column->name;
        if (group->list) {
            out->nullable = out->nullable || column->nullable;
            b->out->nodes[column->node].kind = CF_PQ_NODE_NONE;
        }
        const cf_pq_leaf *leaf = only_leaf(b, column);
        move_leaf(&b->out->leaves[leaf->column], outer, tuple);
        n++;
    }
    if (group->list) b->out->nodes[outer].nullable = out->nullable;
    const cf_type *type = cf_type_tuple(b->arena, members, n);
    if (group->list) {
        cf_field *element = CF_NEW(b->arena, cf_field);
        *element = (cf_field){.name = "", .type = type, .node = tuple};
        cf_type *list = CF_NEW(b->arena, cf_type);
        *list = (cf_type){.kind = CF_LIST, .field_count = 1, .fields = element};
        type = list;
    }
    out->type = type;
}

static void apply_grouping(builder *b, const flat_columns *flat) {
    const uint32_t count = flat->count;
    cf_field *fields = CF_NEWS(b->arena, cf_field, count);
    bool *done = CF_NEWS(b->arena, bool, flat->grouping->group_count + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t group = flat->grouping->group_of[i];
        if (group < 0) {
            fields[n++] = flat->fields[i];
        } else if (!done[group]) {
            done[group] = true;
            build_group(b, flat, group, &fields[n++]);
        }
    }
    b->out->type = cf_type_tuple(b->arena, fields, n);
}

static cf_status group_columns(builder *b, cf_field *fields, uint32_t count) {
    cf_group_item *items = CF_NEWS(b->arena, cf_group_item, count + 1);
    index_by_name index = {CF_NEWS(b->arena, const cf_field *, count + 1), count};
    for (uint32_t i = 0; i < count; i++)
        index.sorted[i] = &fields[i];
    qsort(index.sorted, count, sizeof *index.sorted, compare_fields);
    bool counted = false;
    for (uint32_t i = 0; i < count; i++) {
        const cf_field *f = &fields[i];
        const bool list = f->type->kind == CF_LIST;
        const bool simple = is_basic(f->type) || (list && is_basic(f->type->fields[0].type));
        items[i] = (cf_group_item){.name = f->name, .list = list, .alone = !simple};
        if (!list || !simple) continue;
        items[i].counter = counter_of(b, &index, f->name);
        items[i].shape = shape_of(b, only_leaf(b, f));
        counted = counted || items[i].counter != NULL;
    }
    cf_grouping grouping;
    /* `customer_id`, `customer_name` of an ordinary table stay columns: tuples only beside
     * lists with counters. */
    if (!cf_group_columns(items, count, counted, b->arena, &grouping)) return no_memory(b);
    if (grouping.group_count == 0) return CF_OK;
    const flat_columns flat = {fields, count, &grouping};
    apply_grouping(b, &flat);
    return CF_OK;
}

/* ---- the whole ---- */

/* Two columns of one name: the later one gets a number. */
static void separate_names(builder *b, cf_field *fields, uint32_t count) {
    cf_field **sorted = CF_NEWS(b->arena, cf_field *, count + 1);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = &fields[i];
    qsort(sorted, count, sizeof *sorted, compare_fields);
    for (uint32_t i = 1, nth = 1; i < count; i++) {
        const char *before = sorted[i - 1]->file_name != NULL ? sorted[i - 1]->file_name : "";
        nth = sorted[i]->file_name != NULL && strcmp(sorted[i]->file_name, before) == 0
                  ? nth + 1
                  : 1;
        if (nth > 1) sorted[i]->name = cf_arena_printf(b->arena, "%s_%u", sorted[i]->name, nth);
    }
}

static cf_status list_leaves(builder *b) {
    cf_pq_schema *s = b->out;
    for (uint32_t i = 0; i < s->leaf_count; i++) {
        const cf_pq_leaf *leaf = &s->leaves[i];
        s->nodes[leaf->node].leaf_count++;
        for (uint32_t a = 0; a < leaf->above_count; a++)
            s->nodes[leaf->above[a].node].leaf_count++;
    }
    for (int32_t n = 0; n < s->node_count; n++) {
        cf_pq_node *node = &s->nodes[n];
        node->leaves = cf_arena_alloc(
            b->arena, (node->leaf_count + (size_t)1) * sizeof(uint32_t), _Alignof(uint32_t));
        if (node->leaves == NULL) return no_memory(b);
        node->leaf_count = 0;
    }
    for (uint32_t i = 0; i < s->leaf_count; i++) {
        const cf_pq_leaf *leaf = &s->leaves[i];
        cf_pq_node *own = &s->nodes[leaf->node];
        own->leaves[own->leaf_count++] = i;
        for (uint32_t a = 0; a < leaf->above_count; a++) {
            cf_pq_node *node = &s->nodes[leaf->above[a].node];
            node->leaves[node->leaf_count++] = i;
        }
    }
    return CF_OK;
}

static cf_status build_all(builder *b, bool flat) {
    const cf_pq_element *root = &b->footer->elements[0];
    cf_field *fields = CF_NEWS(b->arena, cf_field, root->children + 1);
    b->at = 1;
    for (uint32_t i = 0; i < root->children; i++) {
        const size_t before = name_push(b, b->footer->elements[b->at].name);
        CF_TRY(build_field(b, &fields[i]));
        name_pop(b, before);
    }
    CF_ASSERT(b->leaf == b->out->leaf_count);
    separate_names(b, fields, root->children);
    b->out->type = cf_type_tuple(b->arena, fields, root->children);
    if (!flat) CF_TRY(group_columns(b, fields, root->children));
    return list_leaves(b);
}

cf_status cf_pq_schema_build(const cf_pq_footer *footer, bool flat, const char *path,
                             cf_arena *arena, cf_pq_schema *out, cf_error *err) {
    builder b = {.footer = footer, .path = path, .arena = arena, .err = err, .out = out};
    *out = (cf_pq_schema){.leaf_count = footer->leaf_count};
    /* Every element makes at most a list and its element; groups come on top, two for a column.
     */
    b.node_room =
        (int32_t)(footer->element_count > 100000000 ? 0 : footer->element_count * 4 + 4);
    out->leaves = cf_arena_alloc(arena, (footer->leaf_count + (size_t)1) * sizeof *out->leaves,
                                 _Alignof(cf_pq_leaf));
    out->nodes =
        cf_arena_alloc(arena, (size_t)b.node_room * sizeof *out->nodes, _Alignof(cf_pq_node));
    if (b.node_room == 0 || out->leaves == NULL || out->nodes == NULL) return no_memory(&b);
    const cf_status status = build_all(&b, flat);
    cf_text_clear(&b.name);
    return status;
}

cf_status cf_pq_schema_compare(const cf_pq_footer *a, const cf_pq_footer *b, const char *path_a,
                               const char *path_b, cf_error *err) {
    const uint32_t n =
        a->element_count < b->element_count ? a->element_count : b->element_count;
    for (uint32_t i = 1; i < n; i++) {
        const cf_pq_element *x = &a->elements[i], *y = &b->elements[i];
        if (strcmp(x->name, y->name) != 0)
            return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                           "%s has a column `%s` where %s has `%s`", path_a, x->name, path_b,
                           y->name);
        if (x->physical != y->physical || x->repetition != y->repetition ||
            x->meaning != y->meaning || x->unit != y->unit || x->bits != y->bits ||
            x->is_unsigned != y->is_unsigned || x->scale != y->scale ||
            x->length != y->length || x->children != y->children)
            return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE,
                           "column `%s` has one type in %s and another in %s", x->name, path_a,
                           path_b);
    }
    if (a->element_count != b->element_count)
        return cf_fail(err, CF_E_MISMATCH, CF_NOWHERE, "%s and %s have different columns",
                       path_a, path_b);
    return CF_OK;
}
