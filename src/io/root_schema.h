#ifndef CF_IO_ROOT_SCHEMA_H
#define CF_IO_ROOT_SCHEMA_H

/* From the branches of a tree to a schema, and for each node of the schema how it is read. */

#include "io/root_decode.h"
#include "io/root_tree.h"

typedef enum {
    CF_ROOT_NODE_TUPLE,
    CF_ROOT_NODE_FIXED,   /* a list whose length is always the same */
    CF_ROOT_NODE_COUNTED, /* a list whose length is a value of another leaf: one list an entry
                           */
    CF_ROOT_NODE_LIST,    /* a list whose length stands among its bytes: made by steps */
    CF_ROOT_NODE_VALUE,   /* values side by side in the basket */
    CF_ROOT_NODE_MADE,    /* values that are made by steps */
    CF_ROOT_NODE_UNREADABLE,
} cf_root_node_kind;

typedef struct cf_root_step cf_root_step;

typedef struct {
    cf_root_node_kind kind;
    int32_t list;                 /* the list around it, -1: there is one an entry */
    int32_t counted;              /* the COUNTED list around it, -1: none */
    const cf_root_branch *branch; /* COUNTED: of the counter */
    cf_root_decoder decoder;      /* VALUE, COUNTED */
    uint32_t offset, stride;      /* VALUE, COUNTED: in an entry; entries of several leaves */
    uint32_t per;                 /* VALUE: values an entry (or an element of `counted`) */
    uint32_t length;              /* FIXED */
    int32_t slot;                 /* LIST, MADE: number among those of the branch */
    const char *why;              /* UNREADABLE */
} cf_root_node;

typedef enum {
    CF_ROOT_STEP_BASIC, /* one value by `decoder` */
    CF_ROOT_STEP_TEXT,  /* behind its length, 1 or 5 bytes; `size` != 0: to the first NUL */
    CF_ROOT_STEP_CHARS, /* text behind its length of 4 bytes */
    CF_ROOT_STEP_BITS,  /* flags of a TObject: two more bytes if it is referenced */
    CF_ROOT_STEP_SKIP,  /* `size` bytes */
    CF_ROOT_STEP_CLASS_NAME, /* the name that a TBranchObject writes before each object */
    CF_ROOT_STEP_POINTER,    /* an object behind a pointer: passed over */
    CF_ROOT_STEP_TUPLE,      /* the children one after the other */
    CF_ROOT_STEP_OBJECT,     /* a header with version, the children, to the end that it tells;
                                `size`: the version that the children are for, 0: any */
    CF_ROOT_STEP_BASE,       /* the same for a base class: where members are stored apart, its
                                members are too, and there is no header */
    CF_ROOT_STEP_HEADER,     /* one header, however many there are, then the child */
    CF_ROOT_STEP_FIXED,      /* the child `size` times */
    CF_ROOT_STEP_LIST,       /* a 32-bit count, `size` bytes, then the child as often */
    CF_ROOT_STEP_LEAF_LIST,  /* `size` bytes, then the child as often as the step `counter` said
                              */
} cf_root_step_kind;

struct cf_root_step {
    cf_root_step_kind kind;
    int32_t node; /* which it fills; -1: none */
    int32_t slot; /* of that node */
    cf_root_decoder decoder;
    uint32_t size;
    const cf_root_step *counter;
    uint32_t child_count;
    cf_root_step **children;
};

/* How a branch that needs steps is read: one run of `step` an entry (or an element). */
typedef struct {
    const cf_root_step *step; /* NULL: the branch needs none */
    uint32_t prefix; /* bytes before the values of an entry; the first is 0 if none follow */
    uint32_t slot_count;
    int32_t counted; /* as often as that list has elements; -1: once an entry */
} cf_root_program;

typedef struct {
    const cf_type *type; /* a TUPLE */
    cf_root_node *nodes;
    int32_t node_count;
    cf_root_program *programs; /* by branch index */
} cf_root_schema;

cf_status cf_root_schema_make(const cf_root_file *file, const cf_root_tree *tree, bool flat,
                              cf_root_schema *schema, cf_error *err);

#endif
