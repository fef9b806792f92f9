#ifndef CF_IO_ROOT_TREE_H
#define CF_IO_ROOT_TREE_H

/* A TTree as it lies in the file: branches, leaves, and where the baskets are. */

#include "io/root_streamer.h"

typedef struct cf_root_branch cf_root_branch;
typedef struct cf_root_leaf cf_root_leaf;

/* A basket that was written inside the tree object instead of a record of its own. */
typedef struct {
    uint32_t number; /* among its branch's baskets */
    uint32_t rows;
    uint32_t border; /* bytes of values; positions count from `header` bytes before them */
    uint32_t header;
    const uint8_t *values;  /* [border] */
    const uint8_t *offsets; /* [rows] big-endian, NULL: none */
} cf_root_embedded;

struct cf_root_leaf {
    const char *class_name, *name, *title;
    cf_root_branch *branch;
    cf_root_leaf *counter; /* NULL: every entry has `length` values */
    int32_t length;        /* fixed values of an entry (or of an element of the counter) */
    int32_t size;          /* bytes of a value in memory */
    bool is_unsigned;
    int32_t index; /* in its branch */
};

struct cf_root_branch {
    const char *class_name, *name, *title;
    const char *file_name; /* "": the baskets are in this file */
    cf_root_branch **branches;
    cf_root_leaf **leaves;
    uint32_t branch_count, leaf_count;
    int32_t entry_offset_bytes; /* 0: entries are all of one size */
    int64_t entries, first_entry, total_bytes;
    uint32_t basket_count;
    int64_t *basket_entry;  /* [basket_count + 1]: first entries, and the end */
    uint64_t *basket_seek;  /* [basket_count], 0: embedded */
    uint32_t *basket_bytes; /* [basket_count] */
    cf_root_embedded *embedded;
    uint32_t embedded_count;
    uint32_t index;          /* among all branches of the tree */
    const char *bad_baskets; /* why they cannot be read; NULL: they can */

    /* TBranchElement and TBranchObject only */
    bool is_element, is_object;
    const char *object_class, *parent_class, *clones_class;
    int32_t class_version;
    uint32_t checksum;
    int32_t member_id; /* of the class's members; -1, -2: the object itself */
    int32_t kind; /* 0 member, 1 base, 2 split member, 3 clones, 4 collection, 31 and 41 their
                     members */
    int32_t member_type; /* as CF_ROOT_... */
    cf_root_branch *counter;
};

typedef struct {
    const char *name, *title;
    int64_t entries, total_bytes;
    int64_t auto_flush;
    uint32_t cluster_count;
    int64_t *cluster_end, *cluster_rows;
    cf_root_branch **branches;
    uint32_t branch_count;
    cf_root_branch **all; /* every branch, by index */
    uint32_t all_count;
    cf_root_classes classes;
    uint8_t *record; /* the tree object; embedded baskets point into it */
} cf_root_tree;

/* Reads the tree behind a key.  Close frees the record; the rest lives in the file's arena. */
cf_status cf_root_tree_read(const cf_root_file *file, const cf_root_key *key,
                            cf_root_tree *tree, cf_error *err);
void cf_root_tree_close(cf_root_tree *tree);

#endif
