#ifndef CF_SESSION_DESCRIBE_H
#define CF_SESSION_DESCRIBE_H

/* The columns of a file as the file has them: what `describe` and `schema` share. */

#include "column/scan.h"

/* One basic member of a column (a number, a text, ..), with the way down to it. */
typedef struct {
    const char *name; /* as in the file: `Muon_pt`, `Muon.pt` */
    const cf_field *column;
    const cf_field *const *path; /* from the column to the member */
    uint32_t path_size;
    const char *unreadable; /* NULL: it can be read */
} cf_member;

/* All members, in the order of the file.  Lives in the arena. */
cf_member *cf_members_of(const cf_type *schema, cf_arena *arena, uint32_t *count);
const cf_field *cf_member_field(const cf_member *m);
void cf_member_type(cf_text *out, const cf_member *m); /* `[float32]` */

/* Every table of a file, opened one after the other.  `name` is what the user calls it. */
typedef cf_status cf_table_visit(void *user, const char *name, cf_source *source,
                                 cf_error *err);
/* A table that cannot be opened is told to `failed` and passed over; if none can, its error is
 * returned. */
cf_status cf_tables_of(const char *path, cf_table_visit *visit,
                       void (*failed)(void *user, const char *name, const cf_error *why),
                       void *user, cf_error *err);

#endif
