#include "io/root_writer_internal.h"

/* Which branches a schema becomes.  Names are joined on the way down: by `_` where readers take
 * that apart again (group.h), else by `.`. */

#include "io/root_streamer.h"

#include <stdlib.h>
#include <string.h>

static const cf_root_stored stored[CF_KIND_COUNT] = {
    [CF_BOOL] = {'O', "TLeafO", false, 1, CF_ROOT_BOOL, "bool"},
    [CF_INT8] = {'B', "TLeafB", false, 1, CF_ROOT_CHAR, "char"},
    [CF_UINT8] = {'b', "TLeafB", true, 1, CF_ROOT_UCHAR, "unsigned char"},
    [CF_INT16] = {'S', "TLeafS", false, 2, CF_ROOT_SHORT, "short"},
    [CF_UINT16] = {'s', "TLeafS", true, 2, CF_ROOT_USHORT, "unsigned short"},
    [CF_INT32] = {'I', "TLeafI", false, 4, CF_ROOT_INT, "int"},
    [CF_UINT32] = {'i', "TLeafI", true, 4, CF_ROOT_UINT, "unsigned int"},
    [CF_INT64] = {'L', "TLeafL", false, 8, CF_ROOT_LONG64, "Long64_t"},
    [CF_UINT64] = {'l', "TLeafL", true, 8, CF_ROOT_ULONG64, "ULong64_t"},
    [CF_FLOAT32] = {'F', "TLeafF", false, 4, CF_ROOT_FLOAT, "float"},
    [CF_FLOAT64] = {'D', "TLeafD", false, 8, CF_ROOT_DOUBLE, "double"},
    [CF_INDEX] = {'I', "TLeafI", false, 4, CF_ROOT_INT, "int"},
    [CF_DATE] = {'L', "TLeafL", false, 8, CF_ROOT_LONG64, "Long64_t"},
    [CF_TIME] = {'L', "TLeafL", false, 8, CF_ROOT_LONG64, "Long64_t"},
    [CF_TIMESTAMP] = {'L', "TLeafL", false, 8, CF_ROOT_LONG64, "Long64_t"},
    [CF_DURATION] = {'L', "TLeafL", false, 8, CF_ROOT_LONG64, "Long64_t"},
    [CF_DECIMAL] = {'D', "TLeafD", false, 8, CF_ROOT_DOUBLE, "double"},
    [CF_TEXT] = {'C', NULL, false, 1, CF_ROOT_STL_STRING, "string"}, /* a TLeafElement */
};

const cf_root_stored *cf_root_stored_of(cf_kind kind) {
    return &stored[kind];
}

/* Classes that readers of Delphes files know; any other list names its own. */
static const struct {
    const char *branch, *class_name;
} delphes_classes[] = {
    {"EFlowTrack", "Track"},
    {"EFlowPhoton", "Tower"},
    {"EFlowNeutralHadron", "Tower"},
    {"MuonTight", "Muon"},
    {"MuonLoose", "Muon"},
    {"GenJet", "Jet"},
    {"GenMissingET", "MissingET"},
    {"Particle", "GenParticle"},
    {"Event", "HepMCEvent"},
    {"PuppiMissingET", "MissingET"},
    {"JetPUPPI", "Jet"},
    {"FatJet", "Jet"},
};
enum { OWN_VERSION = 90, OWN_MEMBERS_MAX = 1024 };

/* --- on the way down --- */

typedef struct {
    uint32_t way[CF_ROOT_WAY_MAX];
    uint32_t before, after;
    const cf_field *list; /* NULL: not in one */
    bool dotted;          /* names of what is below go behind a point */
    cf_root_out_branch *counter;
    const char *name;   /* of the branch so far */
    const char *column; /* as the language has it */
} place;

static cf_status cannot(const place *at, const char *why, cf_error *err) {
    const cf_status status =
        cf_fail(err, CF_E_WRITE, CF_NOWHERE, "column `%s` cannot be stored in a ROOT tree: %s",
                at->column, why);
    cf_error_hint(err, "leave it out with `select`, or save a .parquet file");
    return status;
}

static place below(cf_root_plan *p, const place *at, const cf_field *f, uint32_t child) {
    place next = *at;
    CF_ASSERT(at->before + at->after < CF_ROOT_WAY_MAX);
    next.way[at->before + at->after] = child;
    if (at->list != NULL)
        next.after++;
    else
        next.before++;
    next.name = at->name[0] == '\0' ? f->name
                                    : cf_arena_printf(p->arena, "%s%s%s", at->name,
                                                      at->dotted ? "." : "_", f->name);
    next.column = at->column[0] == '\0'
                      ? f->name
                      : cf_arena_printf(p->arena, "%s.%s", at->column, f->name);
    return next;
}

/* --- names and titles --- */

static const char *unit_of(const cf_field *f) {
    if (f->unit != NULL) return f->unit;
    switch (f->type->kind) {
    case CF_DATE: return "days since 1970-01-01";
    case CF_TIME: return "us since midnight";
    case CF_TIMESTAMP: return "us since 1970-01-01 UTC";
    case CF_DURATION: return "us";
    default: return NULL;
    }
}

/* What the column is, for people; NULL: nothing is known. */
static const char *words_of(cf_root_plan *p, const cf_field *f, const char *name) {
    const char *unit = unit_of(f);
    if (unit == NULL) return f->doc;
    return cf_arena_printf(p->arena, "%s [%s]", f->doc != NULL ? f->doc : name, unit);
}

static const char *leaf_title(cf_root_plan *p, const cf_root_out_branch *b) {
    cf_text t = {0};
    cf_text_adds(&t, b->name);
    if (b->shape == CF_ROOT_BRANCH_COUNTED) cf_text_addf(&t, "[%s]", b->counter->name);
    for (uint32_t i = 0; i < b->dim_count; i++)
        cf_text_addf(&t, "[%u]", b->dims[i]);
    const char *title = t.failed ? b->name : cf_str_dup(p->arena, cf_str_of(t.data));
    cf_text_clear(&t);
    return title;
}

static cf_root_out_branch *branch_add(cf_root_plan *p, const place *at, const cf_field *f,
                                      cf_root_shape shape) {
    cf_root_out_branch *b = CF_NEW(p->arena, cf_root_out_branch);
    b->shape = shape;
    b->name = at->name;
    b->column = at->column;
    b->leaf = f;
    b->per = 1;
    b->check = -1;
    b->listed = at->list != NULL;
    b->counter = at->counter;
    b->stored = &stored[f->type->kind];
    memcpy(b->way, at->way, sizeof b->way);
    b->before = at->before;
    b->after = at->after;
    if (p->count == p->room) {
        const uint32_t room = p->room == 0 ? 64 : 2 * p->room;
        cf_root_out_branch **all = CF_NEWS(p->arena, cf_root_out_branch *, room);
        if (p->count > 0) memcpy(all, p->branches, p->count * sizeof *all);
        p->branches = all;
        p->room = room;
    }
    p->branches[p->count++] = b;
    return b;
}

static void titles_set(cf_root_plan *p, cf_root_out_branch *b) {
    const char *words = words_of(p, b->leaf, b->name);
    b->leaf_title = leaf_title(p, b);
    b->title = words;
    if (words == NULL && b->shape == CF_ROOT_BRANCH_TEXT)
        b->title = b->name;
    else if (words == NULL)
        b->title = cf_arena_printf(p->arena, "%s/%c", b->leaf_title, b->stored->letter);
}

/* --- values --- */

static bool is_plain(const cf_type *type) {
    return stored[type->kind].letter != 0 && type->kind != CF_TEXT;
}

/* Lists of fixed length down to a number: false if that is not what it is. */
static bool fixed_dims(const cf_type *type, cf_root_out_branch *b) {
    uint64_t per = 1;
    uint32_t n = 0;
    for (; type->kind == CF_LIST; type = type->fields[0].type) {
        if (type->fixed_length == 0 || n == CF_ROOT_DIMS_MAX) return false;
        per *= type->fixed_length;
        if (per > INT32_MAX / 16) return false;
        b->dims[n++] = type->fixed_length;
    }
    if (!is_plain(type)) return false;
    b->dim_count = n;
    b->per = (uint32_t)per;
    b->stored = &stored[type->kind];
    return true;
}

static bool is_fixed(const cf_type *type) {
    cf_root_out_branch scratch = {.per = 1};
    return fixed_dims(type, &scratch);
}

static void add_vector(cf_root_plan *p, const place *at, const cf_field *f, const cf_type *leaf,
                       uint32_t depth) {
    cf_root_out_branch *b = branch_add(p, at, f, CF_ROOT_BRANCH_VECTOR);
    const char *words = words_of(p, f, at->name);
    b->stored = &stored[leaf->kind];
    b->depth = depth;
    b->vector = b->stored->word;
    for (uint32_t i = 0; i < depth; i++)
        b->vector = cf_arena_printf(p->arena, i == 0 ? "vector<%s>" : "vector<%s >", b->vector);
    b->leaf_title = b->name;
    b->title = words != NULL ? words : b->name;
}

static cf_status add_value(cf_root_plan *p, const place *at, const cf_field *f, cf_error *err);

/* A tuple that readers find again from names joined by `_`. */
static bool is_prefix(const place *at, const cf_type *tuple) {
    if (strpbrk(at->name, "_.") != NULL || tuple->field_count < 2) return false;
    for (uint32_t i = 0; i < tuple->field_count; i++)
        if (stored[tuple->fields[i].type->kind].letter == 0) return false;
    return true;
}

static cf_status add_children(cf_root_plan *p, const place *at, const cf_type *tuple,
                              cf_error *err) {
    if (at->before + at->after + 1 >= CF_ROOT_WAY_MAX)
        return cannot(at, "it is nested too deep", err);
    place here = *at;
    here.dotted = at->list == NULL && (p->delphes || !is_prefix(at, tuple));
    for (uint32_t i = 0; i < tuple->field_count; i++) {
        const place next = below(p, &here, &tuple->fields[i], i);
        CF_TRY(add_value(p, &next, &tuple->fields[i], err));
    }
    return CF_OK;
}

/* --- lists --- */

static int32_t column_called(const cf_root_plan *p, const char *name) {
    for (uint32_t i = 0; i < p->schema->field_count; i++) {
        const cf_field *f = &p->schema->fields[i];
        if (cf_kind_is_integer(f->type->kind) && strcmp(f->name, name) == 0) return (int32_t)i;
    }
    return -1;
}

static cf_root_out_branch *add_counter(cf_root_plan *p, const place *at, const cf_field *f) {
    place here = *at;
    here.name = cf_arena_printf(p->arena, p->delphes ? "%s_size" : "n%s", at->name);
    cf_root_out_branch *b = branch_add(p, &here, f, CF_ROOT_BRANCH_COUNTER);
    b->stored = &stored[CF_INT32];
    b->check = column_called(p, b->name);
    b->leaf_title = b->name;
    b->title = f->doc != NULL ? f->doc : cf_arena_printf(p->arena, "%s/I", b->name);
    return b;
}

static const char *own_class_name(const char *branch) {
    for (size_t i = 0; i < CF_COUNT(delphes_classes); i++)
        if (strcmp(branch, delphes_classes[i].branch) == 0)
            return delphes_classes[i].class_name;
    return branch;
}

static const cf_root_member *own_member(const cf_root_own_class *c, const char *name) {
    for (uint32_t i = 0; i < c->count; i++)
        if (strcmp(c->members[i].name, name) == 0) return &c->members[i];
    return NULL;
}

/* Can lists of these tuples be of that class? */
static bool class_takes(const cf_root_own_class *c, const cf_type *tuple) {
    if (c->count + tuple->field_count > OWN_MEMBERS_MAX) return false;
    for (uint32_t i = 0; i < tuple->field_count; i++) {
        const cf_root_member *m = own_member(c, tuple->fields[i].name);
        if (m != NULL && m->type != stored[tuple->fields[i].type->kind].type) return false;
    }
    return true;
}

static uint32_t class_for(cf_root_plan *p, const char *branch, const cf_type *tuple) {
    static const cf_root_member base = {.form = CF_ROOT_FORM_BASE,
                                        .name = "TObject",
                                        .type = CF_ROOT_TOBJECT,
                                        .type_name = "BASE",
                                        .bytes = 16,
                                        .version = 1,
                                        .checksum = 0x901bc02d};
    const char *name = own_class_name(branch);
    for (uint32_t i = 0; i < p->class_count; i++) {
        if (strcmp(p->classes[i].name, name) != 0) continue;
        if (class_takes(&p->classes[i], tuple)) return i;
        name = cf_arena_printf(p->arena, "%sItem", branch);
    }
    cf_root_member *members = CF_NEWS(p->arena, cf_root_member, OWN_MEMBERS_MAX);
    members[0] = base;
    p->members[p->class_count] = members;
    p->classes[p->class_count] = (cf_root_own_class){name, OWN_VERSION, 0, members, 1};
    return p->class_count++;
}

static uint32_t member_for(cf_root_plan *p, uint32_t class_index, const cf_field *f) {
    cf_root_own_class *c = &p->classes[class_index];
    const cf_root_member *known = own_member(c, f->name);
    if (known != NULL) return (uint32_t)(known - c->members);
    const cf_root_stored *s = &stored[f->type->kind];
    p->members[class_index][c->count] = (cf_root_member){.form = CF_ROOT_FORM_NUMBER,
                                                         .name = f->name,
                                                         .type = s->type,
                                                         .type_name = s->word,
                                                         .bytes = s->width,
                                                         .title = words_of(p, f, f->name)};
    return c->count++;
}

static void add_member(cf_root_plan *p, const place *list, cf_root_out_branch *clones,
                       const cf_field *f, uint32_t child) {
    place at = below(p, list, f, child);
    at.name = cf_arena_printf(p->arena, "%s.%s", clones->name, f->name);
    cf_root_out_branch *b = branch_add(p, &at, f, CF_ROOT_BRANCH_MEMBER);
    b->counter = clones;
    b->class_index = clones->class_index;
    b->member = member_for(p, clones->class_index, f);
    b->title = b->leaf_title = cf_arena_printf(p->arena, "%s[%s_]", f->name, clones->name);
}

static cf_status add_clones(cf_root_plan *p, const place *at, const cf_field *f,
                            cf_error *err) {
    const cf_type *tuple = f->type->fields[0].type;
    for (uint32_t i = 0; i < tuple->field_count; i++)
        if (!is_plain(tuple->fields[i].type)) {
            const place inside = below(p, at, &tuple->fields[i], 0);
            return cannot(&inside, "in the Delphes layout the fields of a list are numbers",
                          err);
        }
    place list = *at;
    list.list = f;
    cf_root_out_branch *clones = branch_add(p, &list, f, CF_ROOT_BRANCH_CLONES);
    clones->class_index = class_for(p, at->name, tuple);
    clones->title = clones->leaf_title = cf_arena_printf(p->arena, "%s_", at->name);
    for (uint32_t i = 0; i < tuple->field_count; i++)
        add_member(p, &list, clones, &tuple->fields[i], i);
    (void)add_counter(p, &list, f);
    return CF_OK;
}

/* Lists in a list, or texts: `type` is what one element holds. */
static cf_status add_inner(cf_root_plan *p, const place *at, const cf_field *f,
                           const cf_type *type, cf_error *err) {
    uint32_t depth = 1;
    for (; type->kind == CF_LIST; type = type->fields[0].type)
        if (++depth > CF_ROOT_DEPTH_MAX) return cannot(at, "its lists lie too deep", err);
    if (stored[type->kind].letter == 0)
        return cannot(at, "in lists of lists it holds numbers and texts only", err);
    add_vector(p, at, f, type, depth);
    return CF_OK;
}

static cf_status add_list(cf_root_plan *p, const place *at, const cf_field *f, cf_error *err) {
    const cf_field *element = &f->type->fields[0];
    if (is_fixed(f->type)) {
        cf_root_out_branch *b = branch_add(p, at, f, CF_ROOT_BRANCH_VALUES);
        (void)fixed_dims(f->type, b);
        titles_set(p, b);
        return CF_OK;
    }
    if (element->type->kind == CF_TUPLE && p->delphes) return add_clones(p, at, f, err);
    place list = *at;
    list.list = f;
    if (element->type->kind == CF_TEXT ||
        (element->type->kind == CF_LIST && !is_fixed(element->type)))
        return add_inner(p, &list, f, element->type, err);
    list.counter = add_counter(p, &list, f);
    if (element->type->kind == CF_TUPLE) return add_children(p, &list, element->type, err);
    cf_root_out_branch *b = branch_add(p, &list, f, CF_ROOT_BRANCH_COUNTED);
    if (!fixed_dims(element->type, b)) return cannot(at, "ROOT has no such values", err);
    titles_set(p, b);
    return CF_OK;
}

/* A value in an element of a list. */
static cf_status add_listed(cf_root_plan *p, const place *at, const cf_field *f,
                            cf_error *err) {
    if (f->type->kind == CF_TEXT || (f->type->kind == CF_LIST && !is_fixed(f->type)))
        return add_inner(p, at, f, f->type, err);
    cf_root_out_branch *b = branch_add(p, at, f, CF_ROOT_BRANCH_COUNTED);
    if (!fixed_dims(f->type, b)) return cannot(at, "ROOT has no such values", err);
    titles_set(p, b);
    return CF_OK;
}

static cf_status add_value(cf_root_plan *p, const place *at, const cf_field *f, cf_error *err) {
    const cf_kind kind = f->type->kind;
    if (f->name[0] == '\0') return cannot(at, "it has no name", err);
    if (kind == CF_TUPLE) return add_children(p, at, f->type, err);
    if (at->list != NULL) return add_listed(p, at, f, err);
    if (kind == CF_LIST) return add_list(p, at, f, err);
    if (stored[kind].letter == 0)
        return cannot(at, kind == CF_NULL ? "it is always null" : "ROOT has no such values",
                      err);
    titles_set(
        p, branch_add(p, at, f, kind == CF_TEXT ? CF_ROOT_BRANCH_TEXT : CF_ROOT_BRANCH_VALUES));
    return CF_OK;
}

/* --- the whole --- */

/* Columns that only say what a counter says. */
static void drop_checked(cf_root_plan *p) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        const cf_root_out_branch *b = p->branches[i];
        bool checked = false;
        for (uint32_t k = 0; k < p->count && b->shape == CF_ROOT_BRANCH_VALUES; k++)
            checked = checked || (p->branches[k]->check >= 0 && b->before == 1 &&
                                  b->way[0] == (uint32_t)p->branches[k]->check);
        if (!checked) p->branches[kept++] = p->branches[i];
    }
    p->count = kept;
}

static int compare_branches(const void *left, const void *right) {
    const cf_root_out_branch *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static cf_status check_names(const cf_root_plan *p, cf_error *err) {
    cf_root_out_branch **sorted = CF_NEWS(p->arena, cf_root_out_branch *, p->count);
    memcpy(sorted, p->branches, p->count * sizeof *sorted);
    qsort(sorted, p->count, sizeof *sorted, compare_branches);
    for (uint32_t i = 1; i < p->count; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                           "columns `%s` and `%s` would both be the branch `%s`",
                           sorted[i - 1]->column, sorted[i]->column, sorted[i]->name);
    return CF_OK;
}

static uint32_t lists_count(const cf_type *type, uint32_t depth) {
    uint32_t n = 1;
    for (uint32_t i = 0; i < type->field_count && depth < CF_ROOT_WAY_MAX; i++)
        n += lists_count(type->fields[i].type, depth + 1);
    return n;
}

cf_status cf_root_plan_make(cf_root_plan *p, cf_error *err) {
    const place top = {.name = "", .column = ""};
    p->classes = CF_NEWS(p->arena, cf_root_own_class, lists_count(p->schema, 0));
    p->members = CF_NEWS(p->arena, cf_root_member *, lists_count(p->schema, 0));
    CF_TRY(add_children(p, &top, p->schema, err));
    if (p->count == 0)
        return cf_fail(err, CF_E_WRITE, CF_NOWHERE,
                       "a relation without columns cannot be saved");
    drop_checked(p);
    for (uint32_t i = 0; i < p->class_count; i++)
        p->classes[i].checksum = cf_root_class_checksum(
            p->classes[i].name, p->classes[i].members, p->classes[i].count);
    return check_names(p, err);
}
