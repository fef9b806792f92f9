#include "io/root_schema.h"

/* Branches become a tree of items, items become numbered nodes.
 *
 * A branch is a value, a list by a counter, a collection with a branch for each member, or an
 * object with one; what else there is, steps read (root_steps.c).  Plain branches whose names
 * share a prefix are put together afterwards (group.h). */

#include "io/group.h"
#include "io/root_schema_internal.h"

#include <stdlib.h>
#include <string.h>

enum { depth_max = 32 };

cf_root_item *cf_root_item_new(cf_root_maker *k, const char *name, cf_root_node_kind kind) {
    cf_root_item *item = CF_NEW(k->arena, cf_root_item);
    item->name = name;
    item->node.kind = kind;
    return item;
}

cf_root_item *cf_root_item_unreadable(cf_root_maker *k, const char *name, const char *why) {
    cf_root_item *item = cf_root_item_new(k, name, CF_ROOT_NODE_UNREADABLE);
    item->node.why = why;
    return item;
}

void cf_root_item_add(cf_root_item *parent, cf_root_item *child) {
    child->next = NULL;
    if (parent->last == NULL)
        parent->first = child;
    else
        parent->last->next = child;
    parent->last = child;
    parent->child_count++;
}

cf_root_item *cf_root_item_fixed(cf_root_maker *k, cf_root_item *inner, const uint32_t *dims,
                                 uint32_t count) {
    const char *name = inner->name;
    for (uint32_t i = count; i > 0; i--) {
        cf_root_item *list = cf_root_item_new(k, name, CF_ROOT_NODE_FIXED);
        list->node.length = dims[i - 1];
        inner->name = "";
        cf_root_item_add(list, inner);
        inner = list;
    }
    return inner;
}

/* `x[10]` is called x, `track.` track. */
static const char *plain_name(cf_root_maker *k, const char *name) {
    size_t size = strcspn(name, "[");
    if (size > 0 && name[size - 1] == '.') size--;
    return size > 0 ? cf_str_dup(k->arena, (cf_str){name, size}) : name;
}

/* A title says something if it does not just repeat name and type. */
static const char *doc_of(const cf_root_branch *br) {
    const char *title = br->title;
    const size_t size = strlen(br->name);
    if (title[0] == '\0' || br->is_element || br->leaf_count != 1) return NULL;
    if (strchr(title, '/') != NULL && strchr(title, ' ') == NULL) return NULL;
    if (strncmp(title, br->name, size) == 0 && strchr("[/", title[size]) != NULL) return NULL;
    return title;
}

/* --- leaves --- */

/* Values that lie side by side in the entries of a branch. */
static cf_root_item *value_item(cf_root_maker *k, const cf_root_leaf *leaf, const char *name,
                                cf_root_decoder decoder, uint32_t offset, uint32_t stride) {
    uint32_t dims[8];
    const uint32_t dim_count = cf_root_leaf_dims(leaf, dims);
    cf_root_item *item = cf_root_item_new(k, name, CF_ROOT_NODE_VALUE);
    item->node.branch = leaf->branch;
    item->node.decoder = decoder;
    item->node.per = cf_root_leaf_length(leaf);
    item->node.offset = offset;
    item->node.stride = stride;
    item->kind = decoder.kind;
    return cf_root_item_fixed(k, item, dims, dim_count);
}

/* Bytes of an entry (or an element), 0: not always the same. */
static uint32_t plain_stride(const cf_root_maker *k, const cf_root_branch *br) {
    uint64_t stride = 0;
    cf_root_decoder d;
    for (uint32_t i = 0; i < br->leaf_count; i++) {
        const cf_root_leaf *leaf = br->leaves[i];
        if (!cf_root_leaf_decoder(k, leaf, &d)) return 0;
        if (br->leaf_count > 1 && cf_root_leaf_counter(leaf) != NULL) return 0;
        stride += (uint64_t)cf_root_leaf_length(leaf) * d.width;
    }
    return stride <= INT32_MAX ? (uint32_t)stride : 0;
}

/* What an entry of a branch holds, or an element where a counter (not looked at here) says how
 * many there are. */
static cf_root_item *entry_item(cf_root_maker *k, const cf_root_branch *br, const char *name) {
    if (br->bad_baskets != NULL) return cf_root_item_unreadable(k, name, br->bad_baskets);
    if (br->entries != k->tree->entries)
        return cf_root_item_unreadable(
            k, name,
            cf_arena_printf(k->arena, "it has %lld entries, its tree has %lld",
                            (long long)br->entries, (long long)k->tree->entries));
    const uint32_t stride = plain_stride(k, br);
    if (stride == 0) return cf_root_steps_item(k, br, name);
    cf_root_decoder d;
    if (br->leaf_count == 1) {
        (void)cf_root_leaf_decoder(k, br->leaves[0], &d);
        return value_item(k, br->leaves[0], name, d, 0, stride);
    }
    cf_root_item *tuple = cf_root_item_new(k, name, CF_ROOT_NODE_TUPLE);
    uint32_t offset = 0;
    for (uint32_t i = 0; i < br->leaf_count; i++) {
        const cf_root_leaf *leaf = br->leaves[i];
        (void)cf_root_leaf_decoder(k, leaf, &d);
        cf_root_item *item = value_item(k, leaf, plain_name(k, leaf->name), d, offset, stride);
        item->file_name = cf_arena_printf(k->arena, "%s.%s", br->name, leaf->name);
        cf_root_item_add(tuple, item);
        offset += cf_root_leaf_length(leaf) * d.width;
    }
    return tuple;
}

static cf_root_item *counted_item(cf_root_maker *k, const cf_root_leaf *counter,
                                  const char *name, cf_root_item *element) {
    cf_root_item *list = cf_root_item_new(k, name, CF_ROOT_NODE_COUNTED);
    list->counter = counter;
    element->name = "";
    cf_root_item_add(list, element);
    return list;
}

/* --- branches with branches --- */

static cf_root_item *branch_item(cf_root_maker *k, const cf_root_branch *br, const char *name,
                                 bool inside);

/* `Muon.pt` below `Muon` is `pt`; so is `track.pt` below `track.`. */
static const char *relative_name(const cf_root_branch *parent, const cf_root_branch *br) {
    size_t size = strlen(parent->name);
    if (strncmp(br->name, parent->name, size) != 0) return br->name;
    if (size > 0 && parent->name[size - 1] == '.') return br->name + size;
    return br->name[size] == '.' ? br->name + size + 1 : br->name;
}

static cf_root_item *item_find(cf_root_item *tuple, cf_str name) {
    for (cf_root_item *i = tuple->first; i != NULL; i = i->next)
        if (cf_str_is(name, i->name)) return i;
    return NULL;
}

void cf_root_item_join(cf_root_maker *k, cf_root_item *tuple, cf_root_item *item) {
    if (item_find(tuple, cf_str_of(item->name)) != NULL && item->file_name != NULL)
        item->name = item->file_name;
    const char *name = item->name;
    for (int n = 2; item_find(tuple, cf_str_of(item->name)) != NULL; n++)
        item->name = cf_arena_printf(k->arena, "%s#%d", name, n);
    item->hidden = item->hidden || strcmp(name, "fUniqueID") == 0 || strcmp(name, "fBits") == 0;
    cf_root_item_add(tuple, item);
}

/* Adds below tuples for the parts of a dotted name, unless one of them is something else. */
static void dotted_add(cf_root_maker *k, cf_root_item *tuple, cf_root_item *item) {
    const char *name = item->name;
    for (const char *dot; (dot = strchr(name, '.')) != NULL && dot > name && dot[1] != '\0';) {
        const cf_str part = {name, (size_t)(dot - name)};
        cf_root_item *inner = item_find(tuple, part);
        if (inner != NULL && inner->node.kind != CF_ROOT_NODE_TUPLE) break;
        if (inner == NULL) {
            inner = cf_root_item_new(k, cf_str_dup(k->arena, part), CF_ROOT_NODE_TUPLE);
            cf_root_item_add(tuple, inner);
        }
        tuple = inner;
        name = dot + 1;
    }
    item->name = name;
    cf_root_item_join(k, tuple, item);
}

static bool is_base(const cf_root_branch *br) {
    return br->is_element && br->kind == 1;
}

static void members_add(cf_root_maker *k, const cf_root_branch *parent, cf_root_item *tuple,
                        bool inside) {
    for (uint32_t i = 0; i < parent->branch_count; i++) {
        const cf_root_branch *br = parent->branches[i];
        if (is_base(br) && br->branch_count > 0) {
            members_add(k, br, tuple, inside);
            continue;
        }
        const char *name = plain_name(k, relative_name(parent, br));
        cf_root_item *item = branch_item(k, br, name, inside);
        dotted_add(k, tuple, item);
    }
}

void cf_root_items_settle(cf_root_item *tuple) {
    cf_root_item *hidden[64], *next = NULL;
    uint32_t count = 0;
    cf_root_item *all = tuple->first;
    tuple->first = tuple->last = NULL;
    tuple->child_count = 0;
    for (cf_root_item *i = all; i != NULL; i = next) {
        next = i->next;
        if (i->hidden && count < CF_COUNT(hidden))
            hidden[count++] = i;
        else
            cf_root_item_add(tuple, i);
    }
    for (uint32_t i = 0; i < count; i++)
        cf_root_item_add(tuple, hidden[i]);
}

static cf_root_item *members_item(cf_root_maker *k, const cf_root_branch *br, const char *name,
                                  bool inside) {
    cf_root_item *tuple = cf_root_item_new(k, name, CF_ROOT_NODE_TUPLE);
    members_add(k, br, tuple, inside);
    cf_root_items_settle(tuple);
    if (tuple->first != NULL) return tuple;
    tuple = cf_root_item_unreadable(k, name, "an object without members");
    tuple->hidden = true;
    return tuple;
}

/* A TClonesArray or a collection with a branch for each member: the branch itself counts. */
static bool is_collection(const cf_root_branch *br) {
    return br->is_element && (br->kind == 3 || br->kind == 4) && br->leaf_count == 1 &&
           br->branch_count > 0;
}

/* `inside`: a member of a collection, whose counter makes the list already. */
static cf_root_item *branch_item(cf_root_maker *k, const cf_root_branch *br, const char *name,
                                 bool inside) {
    cf_root_item *item;
    if (++k->depth > depth_max) {
        item = cf_root_item_unreadable(k, name, "its branches lie too deep");
    } else if (is_collection(br) && inside) {
        item = cf_root_item_unreadable(k, name, "a split collection inside another");
    } else if (is_collection(br)) {
        item = counted_item(k, br->leaves[0], name, members_item(k, br, "", true));
    } else if (br->branch_count > 0) {
        item = members_item(k, br, name, inside);
    } else {
        const cf_root_leaf *counter =
            br->leaf_count == 1 && !inside ? cf_root_leaf_counter(br->leaves[0]) : NULL;
        item = entry_item(k, br, counter != NULL ? "" : name);
        if (counter != NULL) item = counted_item(k, counter, name, item);
    }
    k->depth--;
    item->file_name = br->name;
    item->doc = doc_of(br);
    return item;
}

/* --- four-vectors --- */

/* What the coordinates of vectors are called in ROOT, and by everybody else. */
static const struct {
    const char *inside, *plain, *momentum;
} coordinates[] = {
    {"fX", "x", "px"},
    {"fY", "y", "py"},
    {"fZ", "z", "pz"},
    {"fT", "t", "e"},
    {"fE", "e", "e"},
    {"fM", "mass", "mass"},
    {"fPt", "pt", "pt"},
    {"fEta", "eta", "eta"},
    {"fPhi", "phi", "phi"},
    {"fRho", "rho", "rho"},
    {"fTheta", "theta", "theta"},
    {"fR", "r", "r"},
};

static int coordinate_find(const cf_root_item *item) {
    for (size_t i = 0; i < CF_COUNT(coordinates); i++)
        if (strcmp(item->name, coordinates[i].inside) == 0) return (int)i;
    return -1;
}

/* `{fP = {fX, fY, fZ}, fE}` or `{fCoordinates = {..}}`, whatever is hidden beside it: the tuple
 * inside.  Anything else: NULL. */
static cf_root_item *vector_inside(cf_root_item *tuple) {
    cf_root_item *inner = item_find(tuple, CF_STR("fP"));
    if (inner == NULL) inner = item_find(tuple, CF_STR("fCoordinates"));
    if (inner == NULL || inner->node.kind != CF_ROOT_NODE_TUPLE || inner->first == NULL)
        return NULL;
    for (cf_root_item *i = tuple->first; i != NULL; i = i->next)
        if (!i->hidden && i != inner && strcmp(i->name, "fE") != 0) return NULL;
    for (cf_root_item *i = inner->first; i != NULL; i = i->next)
        if (!i->hidden && coordinate_find(i) < 0) return NULL;
    return inner;
}

/* Vectors become tuples of coordinates, so that what computes with four-vectors knows them. */
static void vectors_unfold(cf_root_maker *k, cf_root_item *item) {
    for (cf_root_item *i = item->first; i != NULL; i = i->next)
        vectors_unfold(k, i);
    cf_root_item *inner = item->node.kind == CF_ROOT_NODE_TUPLE ? vector_inside(item) : NULL;
    if (inner == NULL) return;
    const bool four = item_find(item, CF_STR("fE")) != NULL ||
                      item_find(inner, CF_STR("fT")) != NULL ||
                      item_find(inner, CF_STR("fM")) != NULL;
    cf_root_item *lists[2] = {inner->first, item->first}, *next = NULL;
    item->first = item->last = NULL;
    item->child_count = 0;
    for (int n = 0; n < 2; n++)
        for (cf_root_item *i = lists[n]; i != NULL; i = next) {
            next = i->next;
            if (i == inner) continue;
            const int c = i->hidden ? -1 : coordinate_find(i);
            if (c >= 0) i->name = four ? coordinates[c].momentum : coordinates[c].plain;
            cf_root_item_join(k, item, i);
        }
    cf_root_items_settle(item);
}

/* --- columns --- */

/* Two lists can be one only if their counter is the same leaf. */
static const char *counter_name(const cf_root_item *item) {
    return item->node.kind == CF_ROOT_NODE_COUNTED ? item->counter->name : NULL;
}

static cf_group_item group_item_of(const cf_root_item *item) {
    const bool list = item->node.kind == CF_ROOT_NODE_COUNTED;
    const bool scalar = item->node.kind == CF_ROOT_NODE_VALUE ||
                        (item->node.kind == CF_ROOT_NODE_MADE && item->kind == CF_TEXT);
    return (cf_group_item){.name = item->name,
                           .list = list,
                           .alone =
                               list ? item->first->node.kind == CF_ROOT_NODE_TUPLE : !scalar,
                           .counter = counter_name(item),
                           .shape = 0};
}

static cf_root_item *group_new(cf_root_maker *k, const cf_group *g,
                               const cf_root_item *member) {
    cf_root_item *tuple = cf_root_item_new(k, g->list ? "" : g->name, CF_ROOT_NODE_TUPLE);
    if (!g->list) return tuple;
    cf_root_item *list = cf_root_item_new(k, g->name, CF_ROOT_NODE_COUNTED);
    list->counter = member->counter;
    cf_root_item_add(list, tuple);
    return list;
}

/* A column moves into its group; of a list only the element, since the group has the lengths.
 */
static void group_join(cf_root_item *group, cf_root_item *item, const char *name) {
    if (group->node.kind == CF_ROOT_NODE_COUNTED) {
        cf_root_item *element = item->first;
        element->file_name = item->file_name;
        element->doc = item->doc;
        item = element;
        group = group->first;
    }
    item->name = name;
    cf_root_item_add(group, item);
}

static bool columns_group(cf_root_maker *k, cf_root_item *root) {
    cf_group_item *items = CF_NEWS(k->arena, cf_group_item, root->child_count);
    uint32_t count = 0;
    for (cf_root_item *i = root->first; i != NULL; i = i->next)
        items[count++] = group_item_of(i);
    cf_grouping g;
    if (!cf_group_columns(items, count, true, k->arena, &g)) return false;
    cf_root_item **groups = CF_NEWS(k->arena, cf_root_item *, g.group_count);
    cf_root_item *all = root->first, *next = NULL;
    root->first = root->last = NULL;
    root->child_count = 0;
    uint32_t n = 0;
    for (cf_root_item *i = all; i != NULL; i = next, n++) {
        next = i->next;
        const int32_t to = g.group_of[n];
        if (to < 0) {
            cf_root_item_add(root, i);
            continue;
        }
        if (groups[to] == NULL) {
            groups[to] = group_new(k, &g.groups[to], i);
            cf_root_item_add(root, groups[to]);
        }
        group_join(groups[to], i, g.member[n]);
    }
    return true;
}

/* --- numbering --- */

static uint32_t items_count(const cf_root_item *item) {
    uint32_t count = 1;
    for (const cf_root_item *i = item->first; i != NULL; i = i->next)
        count += items_count(i);
    return count;
}

/* A counter must be one integer an entry, or the list cannot be read. */
static bool counter_set(const cf_root_maker *k, const cf_root_leaf *counter,
                        cf_root_node *node) {
    const cf_root_branch *br = counter->branch;
    const bool collection =
        is_collection(br) || (br->is_element && (br->kind == 3 || br->kind == 4));
    node->branch = br;
    if (br->bad_baskets != NULL || br->entries != k->tree->entries) return false;
    if (collection) {
        node->decoder = (cf_root_decoder){.how = CF_ROOT_SWAP32, .kind = CF_INT32, .width = 4};
        node->stride = 4;
        return true;
    }
    node->stride = plain_stride(k, br);
    if (node->stride == 0) return false;
    for (uint32_t i = 0; i < br->leaf_count; i++) {
        if (!cf_root_leaf_decoder(k, br->leaves[i], &node->decoder)) return false;
        if (br->leaves[i] == counter)
            return cf_kind_is_integer(node->decoder.kind) && cf_root_leaf_length(counter) == 1;
        node->offset += cf_root_leaf_length(br->leaves[i]) * node->decoder.width;
    }
    return false;
}

static void make_unreadable(cf_root_item *item, const char *why) {
    item->node.kind = CF_ROOT_NODE_UNREADABLE;
    item->node.why = why;
    item->first = item->last = NULL;
    item->child_count = 0;
}

static const cf_type *number_item(cf_root_maker *k, cf_root_item *item, int32_t list,
                                  int32_t counted, cf_field *field);

static const cf_type *number_children(cf_root_maker *k, cf_root_item *item, int32_t list,
                                      int32_t counted) {
    cf_field *fields = CF_NEWS(k->arena, cf_field, item->child_count);
    uint32_t n = 0;
    for (cf_root_item *i = item->first; i != NULL; i = i->next)
        (void)number_item(k, i, list, counted, &fields[n++]);
    cf_type *type = CF_NEW(k->arena, cf_type);
    type->kind = item->node.kind == CF_ROOT_NODE_TUPLE ? CF_TUPLE : CF_LIST;
    type->field_count = n;
    type->fields = fields;
    type->fixed_length = item->node.length;
    return type;
}

static void slot_assign(cf_root_maker *k, cf_root_item *item, cf_root_node *node,
                        int32_t number, int32_t counted) {
    cf_root_program *p = &k->out->programs[item->branch->index];
    node->branch = item->branch;
    node->slot = (int32_t)p->slot_count++;
    p->counted = counted;
    item->step->node = number;
    item->step->slot = node->slot;
}

/* `of the pair [GeV]`: a title may end with a unit, which goes to the field. */
static void tell(cf_root_maker *k, const cf_root_item *item, cf_field *field) {
    const char *doc = item->doc;
    const char *open = doc == NULL ? NULL : strrchr(doc, '[');
    const size_t inside = open == NULL ? 0 : strcspn(open + 1, "],");
    field->doc = doc;
    if (inside == 0 || inside > 40 || open[1 + inside] != ']' || open[2 + inside] != '\0' ||
        strspn(open + 1, "0123456789.-+") == inside || (open > doc && open[-1] != ' '))
        return;
    const size_t size = open > doc ? (size_t)(open - doc) - 1 : 0;
    const cf_str words = {doc, size};
    field->unit = cf_str_dup(k->arena, (cf_str){open + 1, inside});
    field->doc = size == 0 || (item->file_name != NULL && cf_str_is(words, item->file_name))
                     ? NULL
                     : cf_str_dup(k->arena, words);
}

static const cf_type *number_item(cf_root_maker *k, cf_root_item *item, int32_t list,
                                  int32_t counted, cf_field *field) {
    if (item->node.kind == CF_ROOT_NODE_COUNTED && !counter_set(k, item->counter, &item->node))
        make_unreadable(item, "its counter cannot be read");
    const int32_t number = k->out->node_count++;
    cf_root_node *node = &k->out->nodes[number];
    *node = item->node;
    node->list = list;
    node->counted = counted;
    const cf_type *type = &cf_type_null;
    switch (node->kind) {
    case CF_ROOT_NODE_TUPLE: type = number_children(k, item, list, counted); break;
    case CF_ROOT_NODE_FIXED: type = number_children(k, item, number, counted); break;
    case CF_ROOT_NODE_COUNTED: type = number_children(k, item, number, number); break;
    case CF_ROOT_NODE_LIST:
        slot_assign(k, item, node, number, counted);
        type = number_children(k, item, number, counted);
        break;
    case CF_ROOT_NODE_MADE:
        slot_assign(k, item, node, number, counted);
        type = cf_type_of_kind(item->kind);
        break;
    case CF_ROOT_NODE_VALUE: type = cf_type_of_kind(item->kind); break;
    case CF_ROOT_NODE_UNREADABLE: break;
    }
    if (field == NULL) return type;
    *field = (cf_field){.name = item->name,
                        .type = type,
                        .hidden = item->hidden,
                        .node = number,
                        .file_name = item->file_name,
                        .unreadable = node->why};
    tell(k, item, field);
    return type;
}

cf_status cf_root_schema_make(const cf_root_file *file, const cf_root_tree *tree, bool flat,
                              cf_root_schema *schema, cf_error *err) {
    *schema = (cf_root_schema){0};
    cf_root_maker k = {.file = file, .tree = tree, .arena = file->arena, .out = schema};
    schema->programs = CF_NEWS(k.arena, cf_root_program, tree->all_count);
    cf_root_item *root = cf_root_item_new(&k, "", CF_ROOT_NODE_TUPLE);
    for (uint32_t i = 0; i < tree->branch_count; i++) {
        const cf_root_branch *br = tree->branches[i];
        cf_root_item *item = branch_item(&k, br, plain_name(&k, br->name), false);
        if (flat)
            cf_root_item_join(&k, root, item);
        else
            dotted_add(&k, root, item);
    }
    vectors_unfold(&k, root);
    if (!flat && !columns_group(&k, root))
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to open %s", file->path);
    schema->nodes = CF_NEWS(k.arena, cf_root_node, items_count(root));
    schema->type = number_children(&k, root, -1, -1);
    return CF_OK;
}
