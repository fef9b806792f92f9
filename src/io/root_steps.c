#include "io/root_schema_internal.h"

/* Branches whose entries are serialised: texts, flags, records of several leaves with lists
 * among them, containers of the standard library, objects that were not split.
 *
 * Each type gives two things at once: a step that reads it and the item that shows it. */

#include "io/root_type_name.h"

#include <stdlib.h>
#include <string.h>

enum { depth_max = 12 };

/* A type in the making. */
typedef struct {
    cf_root_step *step;
    cf_root_item *item;
    const char *problem; /* why it cannot be read; NULL: it can */
} made;

typedef struct {
    cf_root_maker *k;
    const cf_root_branch *br;
    int depth;
    const char *classes[16]; /* that are being made: [class_count] */
    uint32_t class_count;
    uint32_t steps; /* so far, so that a class of classes of classes ends */
} builder;

static const char no_members[] = "an object without members";

static made type_make(builder *b, cf_str type_name, const char *title, const char *name);
static made class_make(builder *b, const char *class_name, int version, const char *name,
                       bool header);

static cf_root_step *step_new(builder *b, cf_root_step_kind kind, uint32_t children) {
    cf_root_step *s = CF_NEW(b->k->arena, cf_root_step);
    s->kind = kind;
    s->node = -1;
    s->children = CF_NEWS(b->k->arena, cf_root_step *, children);
    b->steps++;
    return s;
}

static cf_root_step *step_over(builder *b, cf_root_step_kind kind, cf_root_step *child) {
    cf_root_step *s = step_new(b, kind, 1);
    s->children[s->child_count++] = child;
    return s;
}

static made refused(const char *problem) {
    return (made){.problem = problem};
}

static made value(builder *b, const char *name, cf_kind kind, cf_root_step *step) {
    cf_root_item *item = cf_root_item_new(b->k, name, CF_ROOT_NODE_MADE);
    item->kind = kind;
    item->branch = b->br;
    item->step = step;
    return (made){step, item, NULL};
}

static made basic(builder *b, const char *name, cf_root_decoder d) {
    cf_root_step *s = step_new(b, CF_ROOT_STEP_BASIC, 0);
    s->decoder = d;
    return value(b, name, d.kind, s);
}

/* A list around an element; the step is finished by the caller. */
static made list_of(builder *b, const char *name, cf_root_step_kind kind, made element) {
    if (element.problem != NULL) return element;
    cf_root_step *s = step_over(b, kind, element.step);
    cf_root_item *item = cf_root_item_new(b->k, name, CF_ROOT_NODE_LIST);
    item->branch = b->br;
    item->step = s;
    element.item->name = "";
    cf_root_item_add(item, element.item);
    return (made){s, item, NULL};
}

static made fixed_of(builder *b, made inner, const uint32_t *dims, uint32_t count) {
    if (inner.problem != NULL) return inner;
    for (uint32_t i = count; i > 0; i--) {
        inner.step = step_over(b, CF_ROOT_STEP_FIXED, inner.step);
        inner.step->size = dims[i - 1];
    }
    inner.item = cf_root_item_fixed(b->k, inner.item, dims, count);
    return inner;
}

static made pair_make(builder *b, const cf_str types[2], const char *name, bool members) {
    static const char *const names[2] = {"first", "second"}, *const keys[2] = {"key", "value"};
    cf_root_step *s = step_new(b, members ? CF_ROOT_STEP_TUPLE : CF_ROOT_STEP_OBJECT, 2);
    cf_root_item *tuple = cf_root_item_new(b->k, name, CF_ROOT_NODE_TUPLE);
    for (int i = 0; i < 2; i++) {
        const cf_root_type_name t = cf_root_type_name_of(types[i]);
        made m = type_make(b, types[i], "", members ? keys[i] : names[i]);
        if (m.problem != NULL) return m;
        /* As members, standard containers and strings have a header. */
        const bool has_header = t.kind == CF_ROOT_NAME_LIST || t.kind == CF_ROOT_NAME_MAP ||
                                (t.kind == CF_ROOT_NAME_TEXT && cf_str_is(t.name, "string"));
        if (has_header) m.step = step_over(b, CF_ROOT_STEP_HEADER, m.step);
        s->children[s->child_count++] = m.step;
        cf_root_item_add(tuple, m.item);
    }
    return (made){s, tuple, NULL};
}

static made type_of_name(builder *b, cf_str type_name, const char *title, const char *name) {
    const cf_root_type_name t = cf_root_type_name_of(type_name);
    cf_root_decoder d;
    switch (t.kind) {
    case CF_ROOT_NAME_BASIC:
        (void)cf_root_type_decoder(t.type, title, &d);
        return basic(b, name, d);
    case CF_ROOT_NAME_TEXT: return value(b, name, CF_TEXT, step_new(b, CF_ROOT_STEP_TEXT, 0));
    case CF_ROOT_NAME_LIST:
        return list_of(b, name, CF_ROOT_STEP_LIST, type_make(b, t.arguments[0], title, ""));
    case CF_ROOT_NAME_MAP:
        return list_of(b, name, CF_ROOT_STEP_LIST, pair_make(b, t.arguments, "", true));
    case CF_ROOT_NAME_PAIR: return pair_make(b, t.arguments, name, false);
    case CF_ROOT_NAME_CLASS: break;
    }
    return class_make(b, cf_str_dup(b->k->arena, t.name), -1, name, true);
}

/* A type as an element of a container. */
static made type_make(builder *b, cf_str type_name, const char *title, const char *name) {
    if (++b->depth > depth_max || b->steps > 4096) {
        b->depth--;
        return refused("its type is nested too deep");
    }
    const made m = type_of_name(b, type_name, title, name);
    b->depth--;
    return m;
}

/* --- classes --- */

/* TObject: version, then two members that are kept out of sight. */
static made tobject_make(builder *b) {
    cf_root_step *s = step_new(b, CF_ROOT_STEP_TUPLE, 3);
    cf_root_step *version = step_new(b, CF_ROOT_STEP_SKIP, 0);
    version->size = 2;
    cf_root_item *tuple = cf_root_item_new(b->k, "", CF_ROOT_NODE_TUPLE);
    const made id =
        basic(b, "fUniqueID",
              (cf_root_decoder){.how = CF_ROOT_SWAP32, .kind = CF_UINT32, .width = 4});
    const made bits = value(b, "fBits", CF_UINT32, step_new(b, CF_ROOT_STEP_BITS, 0));
    id.item->hidden = bits.item->hidden = true;
    cf_root_item_add(tuple, id.item);
    cf_root_item_add(tuple, bits.item);
    s->children[s->child_count++] = version;
    s->children[s->child_count++] = id.step;
    s->children[s->child_count++] = bits.step;
    return (made){s, tuple, NULL};
}

/* A TRef shows the number of the object that it points to. */
static made tref_make(builder *b, const char *name) {
    cf_root_step *s = step_new(b, CF_ROOT_STEP_TUPLE, 4);
    cf_root_step *version = step_new(b, CF_ROOT_STEP_SKIP, 0);
    cf_root_step *process = step_new(b, CF_ROOT_STEP_SKIP, 0);
    version->size = process->size = 2;
    made id =
        basic(b, name, (cf_root_decoder){.how = CF_ROOT_SWAP32, .kind = CF_UINT32, .width = 4});
    s->children[s->child_count++] = version;
    s->children[s->child_count++] = id.step;
    s->children[s->child_count++] = step_new(b, CF_ROOT_STEP_BITS, 0);
    s->children[s->child_count++] = process;
    id.step = s;
    return id;
}

/* A TRefArray: a TObject, a name, how many, the lowest index and the process, the numbers. */
static made tref_array_make(builder *b, const char *name) {
    cf_root_step *s = step_new(b, CF_ROOT_STEP_OBJECT, 3);
    const made element =
        basic(b, "", (cf_root_decoder){.how = CF_ROOT_SWAP32, .kind = CF_UINT32, .width = 4});
    made list = list_of(b, name, CF_ROOT_STEP_LIST, element);
    list.step->size = 6;
    s->children[s->child_count++] = tobject_make(b).step;
    s->children[s->child_count++] = step_new(b, CF_ROOT_STEP_TEXT, 0);
    s->children[s->child_count++] = list.step;
    list.step = s;
    return list;
}

/* TArrayD and its kin: a count and the values. */
static made tarray_make(builder *b, const char *class_name, const char *name) {
    static const struct {
        const char *class_name;
        int type;
    } arrays[] = {
        {"TArrayC", CF_ROOT_CHAR},   {"TArrayS", CF_ROOT_SHORT},    {"TArrayI", CF_ROOT_INT},
        {"TArrayL", CF_ROOT_LONG},   {"TArrayL64", CF_ROOT_LONG64}, {"TArrayF", CF_ROOT_FLOAT},
        {"TArrayD", CF_ROOT_DOUBLE},
    };
    cf_root_decoder d;
    for (size_t i = 0; i < CF_COUNT(arrays); i++)
        if (strcmp(class_name, arrays[i].class_name) == 0) {
            (void)cf_root_type_decoder(arrays[i].type, "", &d);
            return list_of(b, name, CF_ROOT_STEP_LIST, basic(b, "", d));
        }
    return refused("not an array");
}

static made named_make(builder *b, const char *name) {
    cf_root_step *s = step_new(b, CF_ROOT_STEP_OBJECT, 3);
    cf_root_item *tuple = cf_root_item_new(b->k, name, CF_ROOT_NODE_TUPLE);
    const made text = value(b, "fName", CF_TEXT, step_new(b, CF_ROOT_STEP_TEXT, 0));
    const made title = value(b, "fTitle", CF_TEXT, step_new(b, CF_ROOT_STEP_TEXT, 0));
    cf_root_item_add(tuple, text.item);
    cf_root_item_add(tuple, title.item);
    s->children[s->child_count++] = tobject_make(b).step;
    s->children[s->child_count++] = text.step;
    s->children[s->child_count++] = title.step;
    return (made){s, tuple, NULL};
}

/* The members of a class while its elements are gone through. */
typedef struct {
    cf_root_item *tuple;
    cf_root_step *step;
    struct number {
        const char *name;
        const cf_root_step *step;
    } * numbers; /* that may count others */
    uint32_t number_count;
} members;

static const cf_root_step *counter_find(const members *m, const char *name) {
    for (uint32_t i = m->number_count; i > 0; i--)
        if (strcmp(m->numbers[i - 1].name, name) == 0) return m->numbers[i - 1].step;
    return NULL;
}

static uint32_t element_dims(const cf_root_element *e, uint32_t dims[8]) {
    int64_t product = 1;
    for (int i = 0; i < e->dim_count; i++) {
        dims[i] = (uint32_t)e->dims[i];
        product *= e->dims[i] > 0 && product < INT32_MAX ? e->dims[i] : 0;
    }
    if (e->dim_count > 0 && product == e->length) return (uint32_t)e->dim_count;
    dims[0] = e->length > 0 ? (uint32_t)e->length : 1;
    return e->length > 0 ? 1 : 0;
}

/* `float *x; //[n]` */
static made counted_make(builder *b, const members *m, const cf_root_element *e) {
    cf_root_decoder d;
    const cf_root_step *counter = counter_find(m, e->count_name);
    if (!cf_root_type_decoder(e->type - CF_ROOT_COUNTED, e->title, &d) || counter == NULL)
        return refused("an array whose length is not known");
    made list = list_of(b, e->name, CF_ROOT_STEP_LEAF_LIST, basic(b, "", d));
    list.step->counter = counter;
    list.step->size = 1;
    return list;
}

static made stl_member_make(builder *b, const cf_root_element *e) {
    made m = type_make(b, cf_str_of(e->type_name), e->title, e->name);
    if (m.problem == NULL) m.step = step_over(b, CF_ROOT_STEP_HEADER, m.step);
    return m;
}

static made plain_member_make(builder *b, const members *m, const cf_root_element *e,
                              int type) {
    cf_root_decoder d;
    if (e->is_stl || type == CF_ROOT_STL || type == CF_ROOT_STL_STRING)
        return stl_member_make(b, e);
    if (cf_root_type_decoder(type, e->title, &d)) return basic(b, e->name, d);
    if (type > CF_ROOT_COUNTED && type < 60) return counted_make(b, m, e);
    switch (type) {
    case CF_ROOT_BITS: return value(b, e->name, CF_UINT32, step_new(b, CF_ROOT_STEP_BITS, 0));
    case CF_ROOT_CHARSTAR:
        return value(b, e->name, CF_TEXT, step_new(b, CF_ROOT_STEP_CHARS, 0));
    case CF_ROOT_TSTRING: return value(b, e->name, CF_TEXT, step_new(b, CF_ROOT_STEP_TEXT, 0));
    case CF_ROOT_OBJECT:
    case CF_ROOT_ANY:
    case CF_ROOT_TOBJECT:
    case CF_ROOT_TNAMED:
    case CF_ROOT_OBJECT_HERE:
    case CF_ROOT_ANY_HERE: {
        const cf_str type_name = cf_str_of(e->type_name);
        const bool star = type_name.size > 0 && type_name.data[type_name.size - 1] == '*';
        return class_make(
            b, cf_str_dup(b->k->arena, (cf_str){type_name.data, type_name.size - star}), -1,
            e->name, true);
    }
    case CF_ROOT_OBJECT_POINTER:
    case CF_ROOT_ANY_POINTER: {
        made p = {step_new(b, CF_ROOT_STEP_POINTER, 0), NULL, NULL};
        p.item = cf_root_item_unreadable(b->k, e->name, "an object behind a pointer");
        return p;
    }
    default:
        return refused(cf_arena_printf(b->k->arena, "a member of type `%s`", e->type_name));
    }
}

static made member_make(builder *b, const members *m, const cf_root_element *e) {
    uint32_t dims[8];
    const bool basic_array = e->type > CF_ROOT_ARRAY && e->type < CF_ROOT_COUNTED;
    const bool object_array = e->type > 80 && e->type < 90;
    if (e->type > CF_ROOT_STL && e->type < 400 && e->length > 0)
        return refused("an array of containers");
    if (!basic_array && !object_array) return plain_member_make(b, m, e, e->type);
    const uint32_t count = element_dims(e, dims);
    return fixed_of(b, plain_member_make(b, m, e, e->type - CF_ROOT_ARRAY), dims, count);
}

static made base_make(builder *b, const cf_root_element *e) {
    if (strcmp(e->name, "TObject") == 0 || e->type == CF_ROOT_TOBJECT) return tobject_make(b);
    const bool known =
        cf_root_class_find(&b->k->tree->classes, e->name, e->base_version) != NULL;
    const made m = class_make(b, e->name, known ? e->base_version : -1, "", true);
    if (m.problem == NULL && m.step->kind == CF_ROOT_STEP_OBJECT)
        m.step->kind = CF_ROOT_STEP_BASE;
    return m;
}

static void member_add(cf_root_maker *k, members *m, const cf_root_element *e,
                       const made *one) {
    m->step->children[m->step->child_count++] = one->step;
    if (one->step->kind == CF_ROOT_STEP_BASIC && cf_kind_is_integer(one->step->decoder.kind)) {
        m->numbers[m->number_count].name = e->name;
        m->numbers[m->number_count++].step = one->step;
    }
    if (!e->is_base || one->item->node.kind != CF_ROOT_NODE_TUPLE) {
        cf_root_item_join(k, m->tuple, one->item);
        return;
    }
    for (cf_root_item *i = one->item->first, *next; i != NULL; i = next) { /* inlined */
        next = i->next;
        cf_root_item_join(k, m->tuple, i);
    }
}

/* From an unknown member on nothing can be read; the end is known again from the header. */
static void members_make(builder *b, const cf_root_class *c, members *m) {
    for (uint32_t i = 0; i < c->count; i++) {
        const cf_root_element *e = &c->elements[i];
        const made one = e->is_base ? base_make(b, e) : member_make(b, m, e);
        if (one.problem != NULL) {
            for (; i < c->count; i++)
                cf_root_item_join(
                    b->k, m->tuple,
                    cf_root_item_unreadable(b->k, c->elements[i].name, one.problem));
            return;
        }
        member_add(b->k, m, e, &one);
    }
}

static bool is_tarray(const char *name) {
    return strncmp(name, "TArray", 6) == 0 && strlen(name) < 10 && strcmp(name, "TArray") != 0;
}

static made described_make(builder *b, const char *class_name, int version, const char *name,
                           bool header) {
    const cf_root_class *c = cf_root_class_find(&b->k->tree->classes, class_name, version);
    if (c == NULL)
        return refused(cf_arena_printf(b->k->arena, "the file does not describe its class `%s`",
                                       class_name));
    members *m = CF_NEW(b->k->arena, members);
    m->step = step_new(b, header ? CF_ROOT_STEP_OBJECT : CF_ROOT_STEP_TUPLE, c->count);
    m->step->size = header && c->version > 0 ? (uint32_t)c->version : 0;
    m->tuple = cf_root_item_new(b->k, name, CF_ROOT_NODE_TUPLE);
    m->numbers = CF_NEWS(b->k->arena, struct number, c->count);
    members_make(b, c, m);
    cf_root_items_settle(m->tuple);
    if (m->tuple->first == NULL) return refused(no_members);
    if (m->step->child_count == 0) return refused(m->tuple->first->node.why);
    if (m->step->child_count < c->count && !header)
        return refused(cf_arena_printf(
            b->k->arena, "class `%s` has members that cannot be read yet", class_name));
    return (made){m->step, m->tuple, NULL};
}

/* Their descriptions do not say how they are written. */
static const char *const own_code[] = {"TClonesArray", "TObjArray", "TList",   "THashList",
                                       "TMap",         "TTree",     "TFolder", "TCollection"};

/* `header`: an object with version; else the bare members. */
static made class_make(builder *b, const char *class_name, int version, const char *name,
                       bool header) {
    if (strcmp(class_name, "TString") == 0)
        return value(b, name, CF_TEXT, step_new(b, CF_ROOT_STEP_TEXT, 0));
    for (size_t i = 0; i < CF_COUNT(own_code); i++)
        if (strcmp(class_name, own_code[i]) == 0)
            return refused(cf_arena_printf(b->k->arena, "a `%s`", class_name));
    if (strcmp(class_name, "TRef") == 0) return tref_make(b, name);
    if (strcmp(class_name, "TRefArray") == 0) return tref_array_make(b, name);
    if (strcmp(class_name, "TNamed") == 0) return named_make(b, name);
    if (is_tarray(class_name)) return tarray_make(b, class_name, name);
    if (strcmp(class_name, "TObject") == 0) {
        made m = tobject_make(b);
        m.item->name = name;
        return m;
    }
    for (uint32_t i = 0; i < b->class_count; i++)
        if (strcmp(class_name, b->classes[i]) == 0)
            return refused(
                cf_arena_printf(b->k->arena, "class `%s` contains itself", class_name));
    if (b->class_count == CF_COUNT(b->classes) || b->steps > 4096)
        return refused(
            cf_arena_printf(b->k->arena, "class `%s` is nested too deep", class_name));
    b->classes[b->class_count++] = class_name;
    const made m = described_make(b, class_name, version, name, header);
    b->class_count--;
    return m;
}

/* --- branches --- */

/* One leaf of several; `steps` are those of the leaves before that may count it. */
static made leaf_make(builder *b, const cf_root_leaf *leaf, const cf_root_step **steps) {
    const cf_root_leaf *counter = cf_root_leaf_counter(leaf);
    cf_root_decoder d;
    uint32_t dims[8];
    made m;
    if (strcmp(leaf->class_name, "TLeafC") == 0) {
        m = value(b, leaf->name, CF_TEXT, step_new(b, CF_ROOT_STEP_TEXT, 0));
        m.step->size = 1;
    } else if (cf_root_leaf_decoder(b->k, leaf, &d)) {
        m = basic(b, leaf->name, d);
        steps[leaf->index] = m.step;
        const uint32_t count = cf_root_leaf_dims(leaf, dims);
        m = fixed_of(b, m, dims, count);
    } else {
        return refused(cf_arena_printf(b->k->arena, "a leaf of class `%s`", leaf->class_name));
    }
    if (counter != NULL) {
        if (counter->branch != b->br || counter->index >= leaf->index ||
            steps[counter->index] == NULL)
            return refused("a leaf of it is counted by another branch");
        m = list_of(b, leaf->name, CF_ROOT_STEP_LEAF_LIST, m);
        m.step->counter = steps[counter->index];
    }
    m.item->file_name = cf_arena_printf(b->k->arena, "%s.%s", b->br->name, leaf->name);
    return m;
}

/* Several leaves: a record in which a leaf may count another. */
static made leaves_make(builder *b, const char *name) {
    const cf_root_branch *br = b->br;
    const cf_root_step **steps = CF_NEWS(b->k->arena, const cf_root_step *, br->leaf_count);
    cf_root_step *s = step_new(b, CF_ROOT_STEP_TUPLE, br->leaf_count);
    cf_root_item *tuple = cf_root_item_new(b->k, name, CF_ROOT_NODE_TUPLE);
    for (uint32_t i = 0; i < br->leaf_count; i++) {
        const made m = leaf_make(b, br->leaves[i], steps);
        if (m.problem != NULL) return m;
        s->children[s->child_count++] = m.step;
        cf_root_item_join(b->k, tuple, m.item);
    }
    return (made){s, tuple, NULL};
}

/* A TBranchElement that holds an object or container as a whole. */
static made whole_make(builder *b, const char *name) {
    const cf_root_branch *br = b->br;
    const cf_root_type_name t = cf_root_type_name_of(cf_str_of(br->object_class));
    if (t.kind == CF_ROOT_NAME_CLASS) {
        const int version = cf_root_class_find(&b->k->tree->classes, br->object_class,
                                               br->class_version) != NULL
                                ? br->class_version
                                : -1;
        return class_make(b, br->object_class, version, name, br->kind != 0);
    }
    made m = type_make(b, cf_str_of(br->object_class), "", name);
    if (m.problem == NULL && t.kind != CF_ROOT_NAME_TEXT && t.kind != CF_ROOT_NAME_PAIR)
        m.step = step_over(b, CF_ROOT_STEP_HEADER, m.step);
    return m;
}

/* A TBranchElement that holds one member of a split object. */
static made split_member_make(builder *b, const char *name) {
    const cf_root_branch *br = b->br;
    const cf_root_element *e = cf_root_branch_element(b->k, br);
    if (br->member_type == CF_ROOT_BITS)
        return value(b, name, CF_UINT32, step_new(b, CF_ROOT_STEP_BITS, 0));
    if (br->member_type == CF_ROOT_TSTRING)
        return value(b, name, CF_TEXT, step_new(b, CF_ROOT_STEP_TEXT, 0));
    cf_root_element plain;
    if (e == NULL) {
        const cf_root_type_name pair = cf_root_type_name_of(cf_str_of(br->object_class));
        if (pair.kind != CF_ROOT_NAME_PAIR || br->member_id < 0 || br->member_id > 1)
            return refused(cf_arena_printf(
                b->k->arena, "the file does not describe its class `%s`", br->object_class));
        plain = (cf_root_element){.name = "",
                                  .title = "",
                                  .count_name = "",
                                  .is_stl = true,
                                  .type_name =
                                      cf_str_dup(b->k->arena, pair.arguments[br->member_id]),
                                  .type = CF_ROOT_STL};
        e = &plain;
    }
    members none = {.number_count = 0};
    made m = member_make(b, &none, e);
    if (m.item != NULL) m.item->name = name;
    return m;
}

/* A pointer to as many values as another branch counts: one byte, then the values. */
static made slice_make(builder *b) {
    cf_root_decoder d;
    const cf_root_element *e = cf_root_branch_element(b->k, b->br);
    if (!cf_root_type_decoder(b->br->member_type - CF_ROOT_COUNTED, e != NULL ? e->title : "",
                              &d))
        return refused("an array of objects");
    if (cf_root_leaf_counter(b->br->leaves[0]) == NULL)
        return refused("an array whose length is not known");
    b->k->out->programs[b->br->index].prefix = 1;
    return basic(b, "", d);
}

static made object_branch_make(builder *b, const char *name) {
    made m = class_make(b, b->br->object_class, -1, name, true);
    if (m.problem != NULL) return m;
    cf_root_step *s = step_new(b, CF_ROOT_STEP_TUPLE, 2);
    s->children[s->child_count++] = step_new(b, CF_ROOT_STEP_CLASS_NAME, 0);
    s->children[s->child_count++] = m.step;
    m.step = s;
    return m;
}

static made branch_make(builder *b, const char *name) {
    const cf_root_branch *br = b->br;
    if (br->is_object) return object_branch_make(b, name);
    if (!br->is_element && br->leaf_count == 1 &&
        strcmp(br->leaves[0]->class_name, "TLeafC") == 0) {
        made m = value(b, name, CF_TEXT, step_new(b, CF_ROOT_STEP_TEXT, 0));
        m.step->size = 1;
        return m;
    }
    if (!br->is_element && br->leaf_count > 1) return leaves_make(b, name);
    if (!br->is_element)
        return refused(
            cf_arena_printf(b->k->arena, "leaves of class `%s` cannot be read",
                            br->leaf_count > 0 ? br->leaves[0]->class_name : "none"));
    if (br->kind == 3 || br->kind == 4) return refused("a collection without members");
    if (br->member_id < 0 || br->member_type < 0) return whole_make(b, name);
    if (br->member_type > CF_ROOT_COUNTED && br->member_type < 60) return slice_make(b);
    return split_member_make(b, name);
}

cf_root_item *cf_root_steps_item(cf_root_maker *k, const cf_root_branch *br, const char *name) {
    if (br->leaf_count == 0) return cf_root_item_unreadable(k, name, "it has no leaves");
    builder b = {.k = k, .br = br};
    const made m = branch_make(&b, name);
    if (m.problem != NULL) {
        cf_root_item *item = cf_root_item_unreadable(k, name, m.problem);
        item->hidden = m.problem == no_members;
        return item;
    }
    k->out->programs[br->index].step = m.step;
    return m.item;
}
