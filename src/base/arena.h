#ifndef CF_BASE_ARENA_H
#define CF_BASE_ARENA_H

#include <stddef.h>

/* Memory that is freed in one call.  One arena holds a query (tree, plan, operator state);
 * another one holds a chunk's arrays and is reset for the next chunk. */
typedef struct cf_arena cf_arena;

cf_arena *cf_arena_new(size_t block_bytes);
/* NULL when memory ran out.  For what depends on the user's data: check it. */
void *cf_arena_alloc(cf_arena *arena, size_t bytes, size_t align);
/* Never NULL: stops the program when a few bytes for our own tree cannot be had.  Zeroed. */
void *cf_arena_need(cf_arena *arena, size_t bytes);
/* Forgets everything but keeps the blocks for use again. */
void cf_arena_reset(cf_arena *arena);
/* Bytes handed out since the last reset. */
size_t cf_arena_used(const cf_arena *arena);
void cf_arena_free(cf_arena *arena);

#define CF_NEW(arena, type) ((type *)cf_arena_need((arena), sizeof(type)))
#define CF_NEWS(arena, type, count) \
    ((type *)cf_arena_need((arena), sizeof(type) * (size_t)(count)))

#endif
