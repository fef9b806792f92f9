#ifndef CF_IO_GROUP_H
#define CF_IO_GROUP_H

/* Which columns of a flat file belong together: `Muon_pt`, `Muon_eta` (lists) are the fields of
 * a list of tuples `Muon`, `MET_pt`, `MET_phi` (scalars) those of a tuple `MET`.  A function of
 * the names and of what is known about the lengths; the same for every format. */

#include "base/base.h"

typedef struct {
    const char *name;
    bool list;           /* a list a row; else one value a row */
    bool alone;          /* never goes with others; its name still counts */
    const char *counter; /* the column that holds a list's length; NULL: none is known */
    uint64_t shape;      /* lists of different shape never go together */
} cf_group_item;

typedef struct {
    const char *name; /* in the arena */
    bool list;
    uint32_t count; /* of members */
} cf_group;

typedef struct {
    cf_group *groups; /* in order of their first members */
    uint32_t group_count;
    int32_t *group_of;   /* [count] of each item, -1: stays as it is */
    const char **member; /* [count] the item's name in its group */
} cf_grouping;

/* Lists with counter `nX` and the prefix X go together, however many; other lists of one
 * counter (or of none) and one shape if at least two share the prefix before the first
 * underscore. `scalars`: so do scalars, if no column and no list is called like that.  False:
 * no memory. */
bool cf_group_columns(const cf_group_item *items, uint32_t count, bool scalars, cf_arena *arena,
                      cf_grouping *out);

#endif
