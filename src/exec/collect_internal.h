#ifndef CF_EXEC_COLLECT_INTERNAL_H
#define CF_EXEC_COLLECT_INTERNAL_H

/* What a part consists of, for the files that make, thin out and send it. */

#include "exec/collect.h"

typedef struct {
    char *data;
    size_t size, capacity;
} cf_buffer;

typedef struct {
    int64_t rows;
    cf_buffer offsets; /* int32, without the first 0; of levels over UNIT: none */
} cf_part_level;

typedef struct {
    int64_t rows;
    cf_buffer data, valid; /* valid stays empty until there is a null */
} cf_part_value;

struct cf_part {
    cf_part_level *levels;
    cf_part_value *values;
    size_t level_count, value_count;
    cf_arena *texts;
    int64_t top_rows;
    double ahead; /* rows of the partition, relative to those read so far */
};

/* Room for so many bytes more; NULL: no memory. */
void *cf_buffer_room(cf_buffer *b, size_t bytes);
void cf_buffer_clear(cf_buffer *b);
/* Which of the collection's levels it is. */
size_t cf_collection_slot(const cf_collection *c, cf_id level);
/* The texts' bytes become the part's own. */
cf_status cf_part_copy_texts(cf_part *p, cf_view *views, size_t count, cf_eval *e);

#endif
