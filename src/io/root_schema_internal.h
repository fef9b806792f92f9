#ifndef CF_IO_ROOT_SCHEMA_INTERNAL_H
#define CF_IO_ROOT_SCHEMA_INTERNAL_H

/* What the makers of a schema share: root_schema.c (branches), root_leaf.c (what a leaf holds),
 * root_steps.c (what lies serialised in a branch). */

#include "io/root_schema.h"

/* A column, field or element in the making. */
typedef struct cf_root_item cf_root_item;
struct cf_root_item {
    const char *name, *file_name, *doc;
    bool hidden;
    cf_root_node node;            /* without list, counted and slot */
    cf_kind kind;                 /* MADE: of the values */
    const cf_root_branch *branch; /* MADE, LIST: whose steps fill it */
    const cf_root_leaf *counter;  /* COUNTED */
    cf_root_step *step;           /* MADE, LIST: the step that fills it */
    cf_root_item *first, *last, *next;
    uint32_t child_count;
};

typedef struct {
    const cf_root_file *file;
    const cf_root_tree *tree;
    cf_arena *arena;
    cf_root_schema *out;
    int depth;
} cf_root_maker;

cf_root_item *cf_root_item_new(cf_root_maker *k, const char *name, cf_root_node_kind kind);
cf_root_item *cf_root_item_unreadable(cf_root_maker *k, const char *name, const char *why);
void cf_root_item_add(cf_root_item *parent, cf_root_item *child);
/* The same under a name that the tuple has not yet; bookkeeping members are marked hidden. */
void cf_root_item_join(cf_root_maker *k, cf_root_item *tuple, cf_root_item *item);
/* Hidden members go to the end. */
void cf_root_items_settle(cf_root_item *tuple);
/* Fixed lists around an item, dims[0] the outermost. */
cf_root_item *cf_root_item_fixed(cf_root_maker *k, cf_root_item *inner, const uint32_t *dims,
                                 uint32_t count);

/* root_leaf.c: side by side and of one size?  Then how. */
bool cf_root_leaf_decoder(const cf_root_maker *k, const cf_root_leaf *leaf, cf_root_decoder *d);
bool cf_root_type_decoder(int type, const char *title, cf_root_decoder *d);
uint32_t cf_root_leaf_length(const cf_root_leaf *leaf);
uint32_t cf_root_leaf_dims(const cf_root_leaf *leaf, uint32_t dims[8]);
/* The leaf that counts this one's values; NULL: none. */
const cf_root_leaf *cf_root_leaf_counter(const cf_root_leaf *leaf);
/* The description of the member that a split branch holds; NULL: unknown. */
const cf_root_element *cf_root_branch_element(const cf_root_maker *k, const cf_root_branch *br);

/* root_steps.c: a branch whose bytes are serialised; sets its program.  What it cannot do comes
 * back as an unreadable item. */
cf_root_item *cf_root_steps_item(cf_root_maker *k, const cf_root_branch *br, const char *name);

#endif
