#ifndef CF_EXEC_VALUE_SET_H
#define CF_EXEC_VALUE_SET_H

/* Different values, of many groups in one table: an entry is a number, or a text, with the
 * group that it was seen in. */

#include "column/column.h"
#include "exec/bytes.h"

typedef struct {
    uint32_t *table; /* entry + 1; 0: free */
    size_t table_size;
    uint64_t *key;   /* [count] the number, or the text's hash */
    uint32_t *group; /* [count] */
    uint64_t *end;   /* [count] texts only: where in bytes it ends */
    size_t count, capacity;
    cf_text bytes;
    bool texts;
} cf_value_set;

typedef enum { CF_SET_NO_MEMORY, CF_SET_THERE, CF_SET_NEW } cf_set_added;

void cf_value_set_clear(cf_value_set *s);
size_t cf_value_set_bytes(const cf_value_set *s);
/* For texts the key is not looked at. */
cf_set_added cf_value_set_add(cf_value_set *s, uint32_t group, uint64_t key, cf_view text);
cf_view cf_value_set_text(const cf_value_set *s, size_t entry);
void cf_value_set_write(const cf_value_set *s, cf_text *out);
/* Into an empty set; false: no memory, or r is bad. */
bool cf_value_set_read(cf_value_set *s, cf_reader *r, size_t groups);

#endif
