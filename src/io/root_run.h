#ifndef CF_IO_ROOT_RUN_H
#define CF_IO_ROOT_RUN_H

/* Runs the steps of a branch over the bytes of a basket and keeps what they make. */

#include "io/root_buffer.h"
#include "io/root_schema.h"

/* What one node has got: values, or the offsets of a list. */
typedef struct {
    uint8_t *values; /* values of `size` bytes; lists: uint32_t offsets, the first 0 */
    size_t count, capacity, size;
} cf_root_made;

typedef struct {
    cf_root_made *made; /* [slot_count] of the program */
    uint32_t slot_count;
    bool no_memory;
    const char *problem; /* set when the bytes made no sense */
} cf_root_run;

bool cf_root_run_init(cf_root_run *run, uint32_t slot_count);
void cf_root_run_clear(cf_root_run *run);
/* Forgets what was made, keeps the memory. */
void cf_root_run_reset(cf_root_run *run);

/* `step` for `count` instances; b is what an entry has.  False: see problem and no_memory. */
bool cf_root_run_step(cf_root_run *run, const cf_root_step *step, cf_root_buffer *b,
                      size_t count);

#endif
