#include "io/root_writer_internal.h"

/* The tree object at the end of a file: what the branches are and where their baskets lie. */

#include "io/root_streamer.h"

#include <string.h>

enum { BASKETS_MIN = 10, OFFSETS_LENGTH = 1000, SPLIT = 99, BRANCH_BITS = 0x400000 };

enum { CLONES_VERSION = 4 };
#define CLONES_CHECKSUM UINT32_C(0xb6c0ca63) /* of TClonesArray */
#define STRING_CHECKSUM UINT32_C(0x6e6f1604)

typedef struct {
    const cf_root_plan *plan;
    cf_root_thing **branches, **leaves; /* by index in the plan */
    int setting;
    int64_t rows;
} building;

static bool is_element(const cf_root_out_branch *b) {
    return b->shape == CF_ROOT_BRANCH_CLONES || b->shape == CF_ROOT_BRANCH_MEMBER ||
           b->shape == CF_ROOT_BRANCH_VECTOR || b->shape == CF_ROOT_BRANCH_TEXT;
}

static uint32_t index_of(const cf_root_plan *p, const cf_root_out_branch *b) {
    uint32_t i = 0;
    while (p->branches[i] != b)
        i++;
    return i;
}

/* --- leaves --- */

static void leaf_element(cf_root_thing *t, const cf_root_out_branch *b) {
    const bool member = b->shape == CF_ROOT_BRANCH_MEMBER;
    cf_root_thing_number(t, "fLenType", member ? b->stored->width : 0);
    cf_root_thing_number(t, "fID",
                         member                              ? (int64_t)b->member
                         : b->shape == CF_ROOT_BRANCH_CLONES ? 0
                                                             : -1);
    cf_root_thing_number(t, "fType", member ? b->stored->type : -1);
}

static void leaf_plain(cf_root_thing *t, const cf_root_out_branch *b) {
    cf_root_thing_number(t, "fLenType", b->stored->width);
    cf_root_thing_number(t, "fIsUnsigned", b->stored->is_unsigned);
    if (b->shape == CF_ROOT_BRANCH_COUNTER) {
        cf_root_thing_number(t, "fIsRange", 1);
        cf_root_thing_number(t, "fMaximum", b->most);
    }
}

static cf_root_thing *leaf_make(const building *m, uint32_t i) {
    const cf_root_out_branch *b = m->plan->branches[i];
    const char *name = b->shape == CF_ROOT_BRANCH_CLONES ? b->leaf_title : b->name;
    cf_root_thing *t = cf_root_thing_new(m->plan->arena,
                                         is_element(b) ? "TLeafElement" : b->stored->leaf_class,
                                         name, b->leaf_title);
    cf_root_thing_number(t, "fLen", b->per);
    if (is_element(b))
        leaf_element(t, b);
    else
        leaf_plain(t, b);
    const bool counted =
        b->shape == CF_ROOT_BRANCH_COUNTED || b->shape == CF_ROOT_BRANCH_MEMBER;
    if (counted)
        cf_root_thing_pointer(t, "fLeafCount", &m->leaves[index_of(m->plan, b->counter)]);
    return t;
}

/* --- branches --- */

static void set_baskets(const building *m, cf_root_thing *t, const cf_root_out_branch *b) {
    const int64_t count = b->basket_count;
    const int64_t room = count + 1 < BASKETS_MIN ? BASKETS_MIN : count + 1;
    int64_t *numbers = CF_NEWS(m->plan->arena, int64_t, 3 * room);
    int64_t *bytes = numbers, *entry = numbers + room, *seek = numbers + 2 * room;
    for (int64_t i = 0; i < count; i++) {
        bytes[i] = b->basket_bytes[i];
        entry[i] = b->basket_entry[i];
        seek[i] = b->basket_seek[i];
    }
    entry[count] = m->rows;
    cf_root_thing_number(t, "fWriteBasket", count);
    cf_root_thing_number(t, "fMaxBaskets", room);
    cf_root_thing_numbers(t, "fBasketBytes", bytes, room);
    cf_root_thing_numbers(t, "fBasketEntry", entry, room);
    cf_root_thing_numbers(t, "fBasketSeek", seek, room);
}

/* As a text or a vector of the standard library. */
static void set_library(cf_root_thing *t, const cf_root_out_branch *b) {
    const bool vector = b->shape == CF_ROOT_BRANCH_VECTOR;
    const char *name = vector ? b->vector : "string";
    cf_root_thing_text(t, "fClassName", name);
    cf_root_thing_number(t, "fCheckSum",
                         vector ? cf_root_class_checksum(name, NULL, 0) : STRING_CHECKSUM);
    cf_root_thing_number(t, "fClassVersion", vector ? 6 : 2);
    cf_root_thing_number(t, "fID", -1);
    cf_root_thing_number(t, "fType", vector ? 0 : -1);
    cf_root_thing_number(t, "fStreamerType", -1);
}

/* As the TClonesArray or the member of its class that it is. */
static void set_clones(const building *m, cf_root_thing *t, const cf_root_out_branch *b) {
    const bool clones = b->shape == CF_ROOT_BRANCH_CLONES;
    const cf_root_own_class *c = &m->plan->classes[b->class_index];
    cf_root_thing_text(t, "fClassName", clones ? "TClonesArray" : c->name);
    cf_root_thing_text(t, clones ? "fClonesName" : "fParentName", c->name);
    cf_root_thing_number(t, "fCheckSum", clones ? CLONES_CHECKSUM : c->checksum);
    cf_root_thing_number(t, "fClassVersion", clones ? CLONES_VERSION : c->version);
    cf_root_thing_number(t, "fID", b->member);
    cf_root_thing_number(t, "fType", clones ? 3 : 31);
    cf_root_thing_number(t, "fStreamerType", clones ? -1 : b->stored->type);
    cf_root_thing_number(t, "fMaximum", clones ? b->most : b->counter->most);
    if (!clones)
        cf_root_thing_pointer(t, "fBranchCount", &m->branches[index_of(m->plan, b->counter)]);
}

static void set_element(const building *m, cf_root_thing *t, const cf_root_out_branch *b) {
    if (b->shape == CF_ROOT_BRANCH_VECTOR || b->shape == CF_ROOT_BRANCH_TEXT)
        set_library(t, b);
    else
        set_clones(m, t, b);
}

static cf_root_thing *branch_make(const building *m, uint32_t i) {
    const cf_root_out_branch *b = m->plan->branches[i];
    cf_root_thing *t = cf_root_thing_new(
        m->plan->arena, is_element(b) ? "TBranchElement" : "TBranch", b->name, b->title);
    const int64_t basket = b->largest_basket < 32000 ? 32000 : b->largest_basket;
    t->bits = BRANCH_BITS;
    cf_root_thing_number(t, "fFillStyle", 1001);
    cf_root_thing_number(t, "fCompress", m->setting);
    cf_root_thing_number(t, "fBasketSize", basket);
    cf_root_thing_number(t, "fEntryOffsetLen", cf_root_has_offsets(b) ? OFFSETS_LENGTH : 0);
    cf_root_thing_number(t, "fEntryNumber", m->rows);
    cf_root_thing_number(t, "fEntries", m->rows);
    cf_root_thing_number(t, "fSplitLevel", b->shape == CF_ROOT_BRANCH_CLONES ? SPLIT : 0);
    cf_root_thing_number(t, "fTotBytes", b->total);
    cf_root_thing_number(t, "fZipBytes", b->packed);
    cf_root_thing_things(t, "fLeaves", &m->leaves[i], 1);
    set_baskets(m, t, b);
    if (is_element(b)) set_element(m, t, b);
    return t;
}

/* --- the tree --- */

static void set_look(cf_root_thing *t) {
    cf_root_thing_number(t, "fLineColor", 602);
    cf_root_thing_number(t, "fLineStyle", 1);
    cf_root_thing_number(t, "fLineWidth", 1);
    cf_root_thing_number(t, "fFillStyle", 1001);
    cf_root_thing_number(t, "fMarkerColor", 1);
    cf_root_thing_number(t, "fMarkerStyle", 1);
    cf_root_thing_real(t, "fMarkerSize", 1);
}

static void set_sizes(const building *m, cf_root_thing *t, int64_t cluster) {
    int64_t total = 0, packed = 0;
    for (uint32_t i = 0; i < m->plan->count; i++) {
        total += m->plan->branches[i]->total;
        packed += m->plan->branches[i]->packed;
    }
    cf_root_thing_number(t, "fEntries", m->rows);
    cf_root_thing_number(t, "fTotBytes", total);
    cf_root_thing_number(t, "fZipBytes", packed);
    cf_root_thing_number(t, "fSavedBytes", packed);
    cf_root_thing_number(t, "fFlushedBytes", packed);
    cf_root_thing_number(t, "fAutoFlush", cluster > 0 ? cluster : -30000000);
    cf_root_thing_number(t, "fAutoSave", -300000000);
}

static cf_root_thing *tree_make(const building *m, int64_t cluster) {
    cf_root_thing *t = cf_root_thing_new(m->plan->arena, "TTree", m->plan->tree, m->plan->tree);
    set_look(t);
    set_sizes(m, t, cluster);
    cf_root_thing_real(t, "fWeight", 1);
    cf_root_thing_number(t, "fScanField", 25);
    cf_root_thing_number(t, "fDefaultEntryOffsetLen", OFFSETS_LENGTH);
    cf_root_thing_number(t, "fMaxEntries", INT64_C(1000000000000));
    cf_root_thing_number(t, "fMaxEntryLoop", INT64_C(1000000000000));
    cf_root_thing_number(t, "fEstimate", 1000000);
    cf_root_thing_things(t, "fLeaves", m->leaves, m->plan->count);
    return t;
}

/* The branches of the top; those of a TClonesArray go below it. */
static void nest(const building *m, cf_root_thing *tree) {
    const cf_root_plan *p = m->plan;
    cf_root_thing **top = CF_NEWS(p->arena, cf_root_thing *, p->count);
    int64_t count = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t last = i + 1;
        top[count++] = m->branches[i];
        if (p->branches[i]->shape != CF_ROOT_BRANCH_CLONES) continue;
        while (last < p->count && p->branches[last]->shape == CF_ROOT_BRANCH_MEMBER)
            last++;
        cf_root_thing_things(m->branches[i], "fBranches", &m->branches[i + 1], last - i - 1);
        i = last - 1;
    }
    cf_root_thing_things(tree, "fBranches", top, count);
}

void cf_root_put_tree(const cf_root_plan *p, int setting, int64_t rows, int64_t cluster,
                      cf_root_out *o) {
    const building m = {.plan = p,
                        .branches = CF_NEWS(p->arena, cf_root_thing *, p->count),
                        .leaves = CF_NEWS(p->arena, cf_root_thing *, p->count),
                        .setting = setting,
                        .rows = rows};
    for (uint32_t i = 0; i < p->count; i++)
        m.leaves[i] = leaf_make(&m, i);
    for (uint32_t i = 0; i < p->count; i++)
        m.branches[i] = branch_make(&m, i);
    cf_root_thing *tree = tree_make(&m, cluster);
    nest(&m, tree);
    cf_root_put_thing(o, tree);
}
