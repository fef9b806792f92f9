#ifndef CF_EXEC_TABLE_H
#define CF_EXEC_TABLE_H

/* Arrays of a plan put together as a table: lists, tuples and texts as columns have them. */

#include "exec/eval.h"

/* The type that cf_table_make gives; fields are nullable only if a null can occur. */
const cf_type *cf_table_type(const cf_plan *plan, const cf_out *rows, cf_arena *arena);
/* Rows [begin, end) of the level. */
cf_status cf_table_make(cf_eval *e, const cf_type *type, cf_id level, const cf_out *rows,
                        int64_t begin, int64_t end, cf_table **out);
/* All nodes that it asks for. */
void cf_table_nodes(const cf_out *rows, cf_id level, cf_id *nodes, size_t *count);
size_t cf_table_node_count(const cf_out *rows); /* at most */

#endif
