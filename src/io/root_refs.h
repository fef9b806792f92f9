#ifndef CF_IO_ROOT_REFS_H
#define CF_IO_ROOT_REFS_H

/* Pointers to objects inside a record.  The first object of a class spells the class out; later
 * ones, and pointers to an object met before, name the place in the record where that was. */

#include "io/root_buffer.h"

typedef struct {
    uint32_t place;
    const char *class_name; /* a class or an object of it */
    void *object;           /* NULL: a class, or an object that nobody wanted */
} cf_root_ref;

typedef struct {
    cf_arena *arena;
    cf_root_ref *refs; /* by place, ascending */
    size_t count, capacity;
} cf_root_refs;

typedef struct {
    const char *class_name; /* NULL: a null pointer or one to an old object */
    void *object;           /* the old object */
    uint32_t place;         /* where this object is entered */
    size_t end;             /* of the object, SIZE_MAX if not said */
} cf_root_pointed;

/* Reads a pointer.  If it is a new object, its content follows in `b`. */
cf_root_pointed cf_root_pointer(cf_root_buffer *b, cf_root_refs *refs);
/* Says what the new object became, before its content is read: that may point back to it. */
void cf_root_refs_enter(cf_root_refs *refs, const cf_root_pointed *p, void *object);

#endif
