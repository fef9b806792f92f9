#include "io/root_tree.h"

/* The tree object is read by the file's own description of it.  Of all its members we want a
 * few dozen; they are known by name (the table below), the others are read over. */

#include "io/root_refs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The members that are used, of trees, branches and leaves alike. */
/* clang-format off */
#define MEMBERS(M)                                                                             \
    M(fName)                                                                                   \
    M(fTitle)                                                                                  \
    M(fEntries)                                                                                \
    M(fTotBytes)                                                                               \
    M(fAutoFlush)                                                                              \
    M(fNClusterRange)                                                                          \
    M(fClusterRangeEnd) M(fClusterSize) M(fBranches) M(fLeaves) M(fBaskets) M(fEntryOffsetLen) \
        M(fWriteBasket) M(fEntryNumber) M(fMaxBaskets) M(fFirstEntry) M(fBasketBytes)          \
            M(fBasketEntry) M(fBasketSeek) M(fFileName) M(fClassName) M(fParentName)           \
                M(fClonesName) M(fCheckSum) M(fClassVersion) M(fID) M(fType) M(fStreamerType)  \
                    M(fBranchCount) M(fLen) M(fLenType) M(fIsUnsigned) M(fLeafCount)
/* clang-format on */

enum {
#define M(name) M_##name,
    MEMBERS(M)
#undef M
        MEMBER_COUNT
};

static const char *const member_names[MEMBER_COUNT] = {
#define M(name) #name,
    MEMBERS(M)
#undef M
};

/* What a member was in one object. */
typedef struct {
    int64_t number;
    cf_str text;
    const uint8_t *values; /* an array: `count` numbers of `width` bytes, big-endian */
    uint64_t count;
    uint32_t width;
    void **objects; /* an array of pointers, or one */
    uint64_t object_count;
} member;

typedef struct {
    member m[MEMBER_COUNT];
} record;

typedef enum { THING_OTHER, THING_BRANCH, THING_LEAF, THING_BASKET, THING_LIST } thing_kind;

/* Everything that a pointer in the tree may lead to starts so. */
typedef struct {
    thing_kind kind;
    bool owned;
    union {
        cf_root_branch branch;
        cf_root_leaf leaf;
        cf_root_embedded basket;
    } is;
} thing;

typedef struct {
    const cf_root_file *file;
    cf_arena *arena;
    const cf_root_classes *classes;
    cf_root_buffer b;
    cf_root_refs refs;
    int depth;
    uint32_t branch_count;
    char problem[160]; /* set with b.bad: what could not be read */
} reader;

enum { depth_max = 64 };

static void object_read(reader *r, const cf_root_class *c, record *out);
static thing *pointer_read(reader *r);

static void refuse(reader *r, const char *what, const char *name) {
    if (!r->b.bad) (void)snprintf(r->problem, sizeof r->problem, "%s `%.80s`", what, name);
    r->b.bad = true;
}

/* Numbers every element of every class once, so that objects need no look-up by name. */
static void members_mark(cf_root_classes *classes) {
    for (size_t c = 0; c < classes->count; c++)
        for (uint32_t i = 0; i < classes->classes[c].count; i++) {
            cf_root_element *e = &classes->classes[c].elements[i];
            for (int m = 0; m < MEMBER_COUNT; m++)
                if (strcmp(e->name, member_names[m]) == 0) e->member = m;
        }
}

/* --- reading by description --- */

/* Bytes of a basic type in the file, 0: it is none. */
static uint32_t basic_width(int type) {
    static const uint8_t width[20] = {0, 1, 2, 4, 8, 4, 4, 0, 8, 4,
                                      1, 1, 2, 4, 8, 4, 8, 8, 1, 0};
    return type > 0 && type < 20 ? width[type] : 0;
}

static int64_t number_at(const uint8_t *p, uint32_t width, bool is_signed) {
    switch (width) {
    case 1: return is_signed ? (int8_t)*p : *p;
    case 2: return is_signed ? (int16_t)cf_root_load16(p) : cf_root_load16(p);
    case 4: return is_signed ? (int32_t)cf_root_load32(p) : (int64_t)cf_root_load32(p);
    default: return (int64_t)cf_root_load64(p);
    }
}

/* Entry counts were floating-point numbers once. */
static int64_t float_number(const uint8_t *p, uint32_t width) {
    double x = 0;
    if (width == 8) {
        const uint64_t bits = cf_root_load64(p);
        memcpy(&x, &bits, sizeof x);
    } else {
        const uint32_t bits = cf_root_load32(p);
        float f;
        memcpy(&f, &bits, sizeof f);
        x = (double)f;
    }
    return x > -9e18 && x < 9e18 ? (int64_t)x : 0;
}

static void basic_read(reader *r, const cf_root_element *e, member *m) {
    const uint32_t width = basic_width(e->type);
    const uint8_t *p = cf_root_bytes(&r->b, width);
    if (p == NULL || m == NULL) return;
    const bool is_float =
        e->type == CF_ROOT_FLOAT || e->type == CF_ROOT_DOUBLE || e->type == CF_ROOT_DOUBLE32;
    const bool is_unsigned = e->type >= CF_ROOT_UCHAR && e->type <= CF_ROOT_ULONG;
    m->number = is_float ? float_number(p, width) : number_at(p, width, !is_unsigned);
}

static void array_read(reader *r, const cf_root_element *e, record *out, member *m) {
    const bool counted = e->type > CF_ROOT_COUNTED;
    const uint32_t width = basic_width(e->type % 20);
    int64_t count = e->length;
    uint32_t w = width;
    if (counted) {
        count = 0;
        for (int i = 0; i < MEMBER_COUNT; i++)
            if (strcmp(member_names[i], e->count_name) == 0) count = out->m[i].number;
        const uint8_t flag = cf_root_u8(&r->b); /* 0: nothing follows */
        if (flag == 0) return;
        if (flag == 2 && width == 4) w = 8; /* old files: positions beyond 2 GiB */
    }
    if (count < 0 || (uint64_t)count > cf_root_left(&r->b) / w) {
        refuse(r, "too long is", e->name);
        return;
    }
    const uint8_t *p = cf_root_bytes(&r->b, (size_t)count * w);
    if (m != NULL) *m = (member){.values = p, .count = (uint64_t)count, .width = w};
}

/* TObjArray or TList, content only. */
static void list_read(reader *r, bool is_array, member *m) {
    size_t end;
    const int version = cf_root_version(&r->b, &end);
    if (version > 2 || !is_array) cf_root_tobject_skip(&r->b);
    if (version > 1 || !is_array) (void)cf_root_text(&r->b);
    const uint32_t count = cf_root_u32(&r->b);
    if (is_array) (void)cf_root_u32(&r->b);
    const size_t left = end == SIZE_MAX || end < r->b.at ? cf_root_left(&r->b) : end - r->b.at;
    if (r->b.bad || count > left / 4) {
        refuse(r, "too long is a", "TObjArray");
        return;
    }
    void **objects = CF_NEWS(r->arena, void *, count);
    for (uint32_t i = 0; i < count && !r->b.bad; i++) {
        objects[i] = pointer_read(r);
        if (!is_array) (void)cf_root_text(&r->b);
    }
    cf_root_finish(&r->b, end);
    if (m != NULL) *m = (member){.objects = objects, .object_count = count};
}

/* An object that is not wanted: over it by its byte count. */
static void object_skip(reader *r, const cf_root_element *e) {
    size_t end;
    const size_t start = r->b.at;
    (void)cf_root_version(&r->b, &end);
    if (end != SIZE_MAX)
        cf_root_finish(&r->b, end);
    else if (strcmp(e->type_name, "TArrayD") == 0 || strcmp(e->type_name, "TArrayI") == 0) {
        r->b.at = start;
        const uint32_t count = cf_root_u32(&r->b);
        (void)cf_root_bytes(&r->b, (size_t)count * (e->type_name[6] == 'D' ? 8 : 4));
    } else
        refuse(r, "no byte count has", e->name);
}

static void pointer_member_read(reader *r, member *m) {
    void *object = pointer_read(r);
    if (m == NULL) return;
    m->objects = CF_NEW(r->arena, void *);
    m->objects[0] = object;
    m->object_count = 1;
}

static void base_read(reader *r, const cf_root_element *e, record *out) {
    if (e->type == CF_ROOT_TOBJECT || strcmp(e->name, "TObject") == 0) {
        cf_root_tobject_skip(&r->b);
        return;
    }
    if (e->type == CF_ROOT_TNAMED || strcmp(e->name, "TNamed") == 0) {
        cf_root_tnamed(&r->b, &out->m[M_fName].text, &out->m[M_fTitle].text);
        return;
    }
    size_t end;
    const int version = cf_root_version(&r->b, &end);
    const cf_root_class *c = cf_root_class_find(r->classes, e->name, version);
    if (c == NULL && end == SIZE_MAX) {
        refuse(r, "not described is", e->name);
        return;
    }
    if (c != NULL) object_read(r, c, out);
    cf_root_finish(&r->b, end);
}

static void element_read(reader *r, const cf_root_element *e, record *out) {
    member *m = e->member >= 0 ? &out->m[e->member] : NULL;
    const bool basic_array =
        e->type > CF_ROOT_ARRAY && e->type < CF_ROOT_OBJECT && basic_width(e->type % 20) != 0;
    if (e->is_base)
        base_read(r, e, out);
    else if (basic_width(e->type) != 0)
        basic_read(r, e, m);
    else if (basic_array)
        array_read(r, e, out, m);
    else if (e->type == CF_ROOT_TSTRING) {
        const cf_str text = cf_root_text(&r->b);
        if (m != NULL) m->text = text;
    } else if (e->type == CF_ROOT_OBJECT_POINTER || e->type == CF_ROOT_ANY_POINTER)
        pointer_member_read(r, m);
    else if (strcmp(e->type_name, "TObjArray") == 0)
        list_read(r, true, m);
    else
        object_skip(r, e);
}

/* Members that come after the last that anybody wants are left to the byte count. */
static uint32_t wanted_count(const cf_root_class *c) {
    uint32_t last = 0;
    for (uint32_t i = 0; i < c->count; i++)
        if (c->elements[i].is_base || c->elements[i].member >= 0) last = i + 1;
    return last;
}

static void object_read(reader *r, const cf_root_class *c, record *out) {
    if (++r->depth > depth_max) refuse(r, "too deep is", c->name);
    const uint32_t count = wanted_count(c);
    for (uint32_t i = 0; i < count && !r->b.bad; i++)
        element_read(r, &c->elements[i], out);
    r->depth--;
}

/* --- the things themselves --- */

static const char *text_of(reader *r, const record *in, int m) {
    return cf_str_dup(r->arena, in->m[m].text);
}

static void *pointed(const record *in, int m, thing_kind kind) {
    if (in->m[m].object_count != 1 || in->m[m].objects[0] == NULL) return NULL;
    thing *t = in->m[m].objects[0];
    return t->kind == kind ? &t->is : NULL;
}

/* The objects of one kind in a list.  Each belongs to one list only: a damaged file may name
 * one twice, or a branch inside itself, and then the first place (the innermost) keeps it. */
static uint32_t things(reader *r, const record *in, int m, thing_kind kind, void ***out) {
    uint32_t count = 0;
    *out = CF_NEWS(r->arena, void *, in->m[m].object_count);
    for (uint64_t i = 0; i < in->m[m].object_count; i++) {
        thing *t = in->m[m].objects[i];
        if (t == NULL || t->kind != kind || t->owned) continue;
        t->owned = true;
        (*out)[count++] = &t->is;
    }
    return count;
}

static void leaf_from(reader *r, const record *in, const char *class_name, cf_root_leaf *leaf) {
    leaf->class_name = class_name;
    leaf->name = text_of(r, in, M_fName);
    leaf->title = text_of(r, in, M_fTitle);
    leaf->length = (int32_t)in->m[M_fLen].number;
    leaf->size = (int32_t)in->m[M_fLenType].number;
    leaf->is_unsigned = in->m[M_fIsUnsigned].number != 0;
    leaf->counter = pointed(in, M_fLeafCount, THING_LEAF);
}

static int64_t value_at(const member *m, uint64_t i) {
    return number_at(m->values + i * m->width, m->width, true);
}

/* Counts, places and sizes of the baskets as native numbers; the fill-ins are checked on use.
 */
static void baskets_from(reader *r, const record *in, cf_root_branch *br) {
    const member *entry = &in->m[M_fBasketEntry], *seek = &in->m[M_fBasketSeek],
                 *bytes = &in->m[M_fBasketBytes];
    uint64_t count = 0;
    const int64_t written = in->m[M_fWriteBasket].number;
    if (written > 0) count = (uint64_t)written;
    for (uint32_t i = 0; i < br->embedded_count; i++)
        if (br->embedded[i].number + UINT64_C(1) > count) count = br->embedded[i].number + 1;
    if (count > entry->count) count = entry->count;
    br->basket_entry = CF_NEWS(r->arena, int64_t, count + 1);
    br->basket_seek = CF_NEWS(r->arena, uint64_t, count);
    br->basket_bytes = CF_NEWS(r->arena, uint32_t, count);
    for (uint64_t i = 0; i < count; i++) {
        br->basket_entry[i] = value_at(entry, i);
        if (i < seek->count) br->basket_seek[i] = (uint64_t)value_at(seek, i);
        if (i < bytes->count) br->basket_bytes[i] = (uint32_t)value_at(bytes, i);
    }
    for (uint32_t i = 0; i < br->embedded_count; i++)
        if (br->embedded[i].number < count) br->basket_seek[br->embedded[i].number] = 0;
    br->basket_count = (uint32_t)count;
    br->basket_entry[count] = br->entries;
}

static void baskets_check(cf_root_branch *br) {
    for (uint32_t i = 0; i < br->basket_count; i++)
        if (br->basket_entry[i] > br->basket_entry[i + 1] || br->basket_entry[i] < 0) {
            br->bad_baskets = "its list of baskets is damaged";
            return;
        }
    if (br->basket_count > 0 && br->basket_entry[0] != br->first_entry)
        br->bad_baskets = "its first basket is missing";
    if (br->file_name[0] != '\0') br->bad_baskets = "its baskets are in another file";
}

static void embedded_from(reader *r, const record *in, cf_root_branch *br) {
    const member *list = &in->m[M_fBaskets];
    br->embedded = CF_NEWS(r->arena, cf_root_embedded, list->object_count);
    for (uint64_t i = 0; i < list->object_count; i++) {
        thing *t = list->objects[i];
        if (t == NULL || t->kind != THING_BASKET || t->is.basket.rows == 0) continue;
        cf_root_embedded *e = &br->embedded[br->embedded_count++];
        *e = t->is.basket;
        e->number = (uint32_t)i;
    }
}

static void element_from(reader *r, const record *in, cf_root_branch *br) {
    br->object_class = text_of(r, in, M_fClassName);
    br->parent_class = text_of(r, in, M_fParentName);
    br->clones_class = text_of(r, in, M_fClonesName);
    br->checksum = (uint32_t)in->m[M_fCheckSum].number;
    br->class_version = (int32_t)in->m[M_fClassVersion].number;
    br->member_id = (int32_t)in->m[M_fID].number;
    br->kind = (int32_t)in->m[M_fType].number;
    br->member_type = (int32_t)in->m[M_fStreamerType].number;
    br->counter = pointed(in, M_fBranchCount, THING_BRANCH);
}

static void branch_from(reader *r, const record *in, cf_root_branch *br) {
    br->name = text_of(r, in, M_fName);
    br->title = text_of(r, in, M_fTitle);
    br->file_name = text_of(r, in, M_fFileName);
    br->entry_offset_bytes = (int32_t)in->m[M_fEntryOffsetLen].number;
    br->entries = in->m[M_fEntries].number;
    br->first_entry = in->m[M_fFirstEntry].number;
    br->total_bytes = in->m[M_fTotBytes].number;
    void **list;
    br->branch_count = things(r, in, M_fBranches, THING_BRANCH, &list);
    br->branches = (cf_root_branch **)list;
    br->leaf_count = things(r, in, M_fLeaves, THING_LEAF, &list);
    br->leaves = (cf_root_leaf **)list;
    for (uint32_t i = 0; i < br->leaf_count; i++) {
        br->leaves[i]->branch = br;
        br->leaves[i]->index = (int32_t)i;
    }
    element_from(r, in, br);
    embedded_from(r, in, br);
    baskets_from(r, in, br);
    baskets_check(br);
}

/* A basket inside the tree: a key header, five numbers, the entry offsets, the bytes with room
 * for a key header in front. */
static void basket_read(reader *r, cf_root_embedded *e) {
    cf_root_key key;
    cf_root_buffer *b = &r->b;
    if (!cf_root_key_read(b, r->arena, &key)) {
        refuse(r, "damaged is a", "TBasket");
        return;
    }
    (void)cf_root_u16(b);
    (void)cf_root_u32(b);
    if (cf_root_i32(b) < 0) (void)cf_root_u8(b); /* options */
    const uint32_t rows = cf_root_u32(b), last = cf_root_u32(b);
    uint32_t flag = cf_root_u8(b);
    if (flag >= 80)
        flag = 0x100 | (flag - 80); /* offsets left out: they follow from a counter */
    if (flag < 0x100 && flag != 0 && flag % 10 != 2) {
        const uint32_t count = rows > 0 ? cf_root_u32(b) : 0;
        const uint8_t *offsets = cf_root_bytes(b, (size_t)count * 4);
        if (count >= rows) e->offsets = offsets;
        if ((flag & 0xff) > 40 && rows > 0) (void)cf_root_bytes(b, (size_t)cf_root_u32(b) * 4);
    }
    flag &= 0xff;
    if ((flag == 1 || flag > 10) && last >= key.header_bytes) {
        const uint8_t *bytes = cf_root_bytes(b, last);
        if (bytes == NULL) return;
        e->rows = rows;
        e->header = key.header_bytes;
        e->border = last - key.header_bytes;
        e->values = bytes + key.header_bytes;
    }
}

static bool starts_with(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static thing_kind kind_of(const char *class_name) {
    if (starts_with(class_name, "TBranch")) return THING_BRANCH;
    if (starts_with(class_name, "TLeaf")) return THING_LEAF;
    if (strcmp(class_name, "TBasket") == 0) return THING_BASKET;
    return THING_OTHER;
}

/* Some writers describe only TLeaf: every leaf class begins with one, and no more is needed. */
static cf_root_element plain_leaf_elements[] = {
    {.name = "TLeaf", .type_name = "BASE", .is_base = true, .member = -1}};
static const cf_root_class plain_leaf = {
    .name = "TLeaf", .count = 1, .elements = plain_leaf_elements};

static void described_read(reader *r, const char *class_name, thing *t) {
    size_t end;
    const int version = cf_root_version(&r->b, &end);
    const cf_root_class *c = cf_root_class_find(r->classes, class_name, version);
    if (c == NULL && t->kind == THING_LEAF) c = &plain_leaf;
    if (c == NULL) {
        refuse(r, "the file does not describe its class", class_name);
        return;
    }
    record *in = calloc(1, sizeof *in);
    if (in == NULL) {
        refuse(r, "no memory for", class_name);
        return;
    }
    object_read(r, c, in);
    if (!r->b.bad && t->kind == THING_LEAF) leaf_from(r, in, class_name, &t->is.leaf);
    if (!r->b.bad && t->kind == THING_BRANCH) {
        t->is.branch.is_element = strcmp(class_name, "TBranchElement") == 0;
        t->is.branch.is_object = strcmp(class_name, "TBranchObject") == 0;
        t->is.branch.class_name = class_name;
        branch_from(r, in, &t->is.branch);
    }
    free(in);
    cf_root_finish(&r->b, end);
}

static thing *pointer_read(reader *r) {
    if (++r->depth > depth_max) refuse(r, "too deep is", "an object");
    cf_root_pointed p = cf_root_pointer(&r->b, &r->refs);
    thing *t = p.object;
    if (p.class_name != NULL && !r->b.bad) {
        const thing_kind kind = kind_of(p.class_name);
        t = kind != THING_OTHER ? CF_NEW(r->arena, thing) : NULL;
        cf_root_refs_enter(&r->refs, &p, t);
        if (t != NULL) t->kind = kind;
        if (kind == THING_BASKET)
            basket_read(r, &t->is.basket);
        else if (t != NULL)
            described_read(r, p.class_name, t);
        if (p.end == SIZE_MAX && t == NULL) refuse(r, "no byte count has", p.class_name);
    }
    cf_root_finish(&r->b, p.end);
    r->depth--;
    return t;
}

/* --- the tree --- */

/* Within bounds that sums of a few cannot leave. */
static int64_t sane(int64_t x) {
    return x < 0 ? 0 : x > INT64_MAX / 8 ? INT64_MAX / 8 : x;
}

static void clusters_from(reader *r, const record *in, cf_root_tree *tree) {
    const member *end = &in->m[M_fClusterRangeEnd], *rows = &in->m[M_fClusterSize];
    uint64_t count = end->count < rows->count ? end->count : rows->count;
    tree->cluster_end = CF_NEWS(r->arena, int64_t, count);
    tree->cluster_rows = CF_NEWS(r->arena, int64_t, count);
    for (uint64_t i = 0; i < count; i++) {
        tree->cluster_end[i] = sane(value_at(end, i));
        tree->cluster_rows[i] = sane(value_at(rows, i));
    }
    tree->cluster_count = (uint32_t)count;
}

static uint32_t count_all(cf_root_branch *const *branches, uint32_t count) {
    uint32_t all = count;
    for (uint32_t i = 0; i < count; i++)
        all += count_all(branches[i]->branches, branches[i]->branch_count);
    return all;
}

static void number_all(cf_root_tree *tree, cf_root_branch *const *branches, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        branches[i]->index = tree->all_count;
        tree->all[tree->all_count++] = branches[i];
        number_all(tree, branches[i]->branches, branches[i]->branch_count);
    }
}

static void tree_from(reader *r, const record *in, cf_root_tree *tree) {
    tree->name = text_of(r, in, M_fName);
    tree->title = text_of(r, in, M_fTitle);
    tree->entries = in->m[M_fEntries].number;
    tree->total_bytes = in->m[M_fTotBytes].number;
    tree->auto_flush = in->m[M_fAutoFlush].number;
    clusters_from(r, in, tree);
    void **list;
    tree->branch_count = things(r, in, M_fBranches, THING_BRANCH, &list);
    tree->branches = (cf_root_branch **)list;
    tree->all =
        CF_NEWS(r->arena, cf_root_branch *, count_all(tree->branches, tree->branch_count));
    number_all(tree, tree->branches, tree->branch_count);
}

static cf_status tree_fail(const reader *r, const char *name, cf_error *err) {
    return cf_fail(err, CF_E_FORMAT, CF_NOWHERE, "tree `%s` of %s cannot be read: %s", name,
                   r->file->path, r->problem[0] != '\0' ? r->problem : "its record is cut off");
}

/* The object itself: a header, then the members as its class describes them. */
static void tree_object_read(reader *r, const char *class_name, record *in) {
    size_t end;
    const int version = cf_root_version(&r->b, &end);
    const cf_root_class *c = cf_root_class_find(r->classes, class_name, version);
    if (c != NULL)
        object_read(r, c, in);
    else
        refuse(r, "the file does not describe its class", class_name);
}

static cf_status record_interpret(const cf_root_file *file, const cf_root_key *key,
                                  cf_root_buffer b, cf_root_tree *tree, cf_error *err) {
    reader *r = calloc(1, sizeof *r);
    record *in = calloc(1, sizeof *in);
    cf_status status = CF_OK;
    if (r == NULL || in == NULL) {
        status = cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to read %s", file->path);
    } else {
        *r = (reader){.file = file,
                      .arena = file->arena,
                      .classes = &tree->classes,
                      .b = b,
                      .refs = {.arena = file->arena}};
        tree_object_read(r, key->class_name, in);
        if (r->b.bad)
            status = tree_fail(r, key->name, err);
        else
            tree_from(r, in, tree);
    }
    free(in);
    free(r);
    return status;
}

cf_status cf_root_tree_read(const cf_root_file *file, const cf_root_key *key,
                            cf_root_tree *tree, cf_error *err) {
    *tree = (cf_root_tree){0};
    CF_TRY(cf_root_classes_read(file, &tree->classes, err));
    members_mark(&tree->classes);
    size_t size = 0, header = 0;
    CF_TRY(cf_root_object_load(file, key->seek, (uint64_t)key->bytes, &tree->record, &size,
                               &header, err));
    cf_root_buffer b = cf_root_buffer_of(tree->record, size);
    b.at = header;
    const cf_status status = record_interpret(file, key, b, tree, err);
    if (status != CF_OK) cf_root_tree_close(tree);
    return status;
}

void cf_root_tree_close(cf_root_tree *tree) {
    free(tree->record);
    tree->record = NULL;
}
