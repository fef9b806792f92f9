#ifndef CF_IO_ROOT_STREAMER_H
#define CF_IO_ROOT_STREAMER_H

/* Class descriptions (TStreamerInfo) as a file stores them: they say how every object in it is
 * laid out, whatever version of ROOT wrote it. */

#include "io/root_file.h"

/* Type numbers of members. */
enum {
    CF_ROOT_BASE = 0,
    CF_ROOT_CHAR = 1,
    CF_ROOT_SHORT = 2,
    CF_ROOT_INT = 3,
    CF_ROOT_LONG = 4,
    CF_ROOT_FLOAT = 5,
    CF_ROOT_COUNTER = 6,
    CF_ROOT_CHARSTAR = 7,
    CF_ROOT_DOUBLE = 8,
    CF_ROOT_DOUBLE32 = 9,
    CF_ROOT_LEGACY_CHAR = 10,
    CF_ROOT_UCHAR = 11,
    CF_ROOT_USHORT = 12,
    CF_ROOT_UINT = 13,
    CF_ROOT_ULONG = 14,
    CF_ROOT_BITS = 15,
    CF_ROOT_LONG64 = 16,
    CF_ROOT_ULONG64 = 17,
    CF_ROOT_BOOL = 18,
    CF_ROOT_FLOAT16 = 19,
    CF_ROOT_ARRAY = 20,       /* + the type: a fixed array */
    CF_ROOT_COUNTED = 40,     /* + the type: a pointer to as many as another member says */
    CF_ROOT_OBJECT = 61,      /* a class derived from TObject, as a member */
    CF_ROOT_ANY = 62,         /* another class */
    CF_ROOT_OBJECT_HERE = 63, /* `Class *` that is never null */
    CF_ROOT_OBJECT_POINTER = 64,
    CF_ROOT_TSTRING = 65,
    CF_ROOT_TOBJECT = 66,
    CF_ROOT_TNAMED = 67,
    CF_ROOT_ANY_HERE = 68,
    CF_ROOT_ANY_POINTER = 69,
    CF_ROOT_STL = 300,
    CF_ROOT_STL_STRING = 365,
    CF_ROOT_STREAMER = 500, /* the class wrote it with code of its own */
    CF_ROOT_STREAM_LOOP = 501,
};

typedef struct {
    const char *name, *title, *type_name;
    const char *count_name; /* of a counted pointer */
    int32_t type;
    int32_t length; /* fixed arrays: elements, all dimensions together; else 0 */
    int32_t dim_count;
    int32_t dims[5];
    int32_t base_version;
    bool is_base, is_stl;
    int member; /* number among the members that a tree needs (root_tree.c), -1: not one of them
                 */
} cf_root_element;

typedef struct {
    const char *name;
    int32_t version;
    uint32_t checksum;
    uint32_t count;
    cf_root_element *elements;
} cf_root_class;

typedef struct {
    cf_root_class *classes;
    size_t count;
} cf_root_classes;

/* Reads the descriptions of a file.  None at all is no error: the trees will say what they
 * miss. */
cf_status cf_root_classes_read(const cf_root_file *file, cf_root_classes *classes,
                               cf_error *err);

/* That version; version < 0: the newest; NULL: unknown. */
const cf_root_class *cf_root_class_find(const cf_root_classes *classes, const char *name,
                                        int version);
const cf_root_class *cf_root_class_by_checksum(const cf_root_classes *classes, const char *name,
                                               uint32_t checksum);

/* Reads over a TObject (version, id, bits). */
void cf_root_tobject_skip(cf_root_buffer *b);
/* A TNamed: name and title. */
void cf_root_tnamed(cf_root_buffer *b, cf_str *name, cf_str *title);

#endif
