#ifndef CF_IO_ROOT_WRITER_INTERNAL_H
#define CF_IO_ROOT_WRITER_INTERNAL_H

/* What the parts of the tree writer share: root_writer_plan.c (columns become branches),
 * root_writer_fill.c (rows become baskets), root_writer_tree.c (the tree object). */

#include "column/column.h"
#include "io/root_writer_file.h"

/* How values of a kind are stored. */
typedef struct {
    char letter; /* of a leaf list; 0: not at all */
    const char *leaf_class;
    bool is_unsigned;
    uint8_t width;
    int type;         /* CF_ROOT_... */
    const char *word; /* the C type */
} cf_root_stored;

const cf_root_stored *cf_root_stored_of(cf_kind kind);

typedef enum {
    CF_ROOT_BRANCH_VALUES,  /* as many numbers in every entry */
    CF_ROOT_BRANCH_COUNTED, /* numbers for each element of a list */
    CF_ROOT_BRANCH_COUNTER, /* the lengths of a list */
    CF_ROOT_BRANCH_TEXT,
    CF_ROOT_BRANCH_VECTOR, /* a std::vector of numbers, texts or vectors */
    CF_ROOT_BRANCH_CLONES, /* the lengths of a TClonesArray; `members` follow it */
    CF_ROOT_BRANCH_MEMBER, /* COUNTED, of a TClonesArray */
} cf_root_shape;

enum { CF_ROOT_WAY_MAX = 32, CF_ROOT_DIMS_MAX = 4, CF_ROOT_DEPTH_MAX = 8 };

typedef struct cf_root_out_branch cf_root_out_branch;
struct cf_root_out_branch {
    cf_root_shape shape;
    const char *name, *title, *leaf_title;
    const char *column;   /* for messages */
    const char *vector;   /* VECTOR: the C++ type */
    const cf_field *leaf; /* whose values are written; COUNTER, CLONES: the list */
    const cf_root_stored *stored;
    /* Which children lead from the table to the list (`before` of them, if there is a list),
     * and from its element to the leaf or to the first list of fixed length. */
    uint32_t way[CF_ROOT_WAY_MAX];
    uint32_t before, after;
    bool listed;
    uint32_t dims[CF_ROOT_DIMS_MAX];
    uint32_t dim_count, per; /* values an entry or element */
    uint32_t depth;          /* VECTOR: of vectors of .. */
    cf_root_out_branch *counter;
    int32_t check;                /* COUNTER: the column that must say the same, -1: none */
    uint32_t class_index, member; /* CLONES, MEMBER: of the plan's own classes */

    /* The basket that is being filled. */
    cf_text data, ends; /* ends: uint32_t offsets of its entries */
    int64_t rows;
    /* Those that are written. */
    int64_t *basket_bytes, *basket_entry, *basket_seek;
    int64_t basket_count, basket_room;
    int64_t total, packed, largest_basket;
    int64_t most; /* elements of an entry */
};

typedef struct {
    cf_arena *arena;
    const cf_type *schema;
    const char *tree;
    bool delphes;
    cf_root_out_branch **branches;
    uint32_t count, room;
    cf_root_own_class *classes; /* of the TClonesArrays */
    cf_root_member **members;   /* of each class */
    uint32_t class_count;
} cf_root_plan;

/* Sets branches and classes from the schema. */
cf_status cf_root_plan_make(cf_root_plan *plan, cf_error *err);

/* Adds rows [begin, end) to the basket of a branch; row_number: of the first one in the file.
 */
cf_status cf_root_fill(cf_root_out_branch *b, const cf_table *rows, int64_t begin, int64_t end,
                       int64_t row_number, cf_error *err);
bool cf_root_has_offsets(const cf_root_out_branch *b);

/* The tree as the content of a record; `rows` in all, `cluster` in a cluster. */
void cf_root_put_tree(const cf_root_plan *plan, int setting, int64_t rows, int64_t cluster,
                      cf_root_out *o);

#endif
