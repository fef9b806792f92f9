#ifndef CF_DIST_FRAME_H
#define CF_DIST_FRAME_H

/* What goes between a caller and an executor: frames of a type, a size and a checksum.  A
 * reader takes bytes as they come and believes none of them; room is made as bytes arrive,
 * never because a size says so. */

#include "base/base.h"

typedef enum {
    CF_FRAME_HELLO = 1, /* both ways, first: who am I */
    CF_FRAME_PLAN,      /* to the executor: a plan, kept under its number */
    CF_FRAME_JOB,       /* which pass of it, with the values of the whole */
    CF_FRAME_TASK,      /* run it; the answer is RESULT or ERROR */
    CF_FRAME_RESULT,
    CF_FRAME_ERROR,
    CF_FRAME_HEARTBEAT, /* from the executor, while a task runs */
    CF_FRAME_END
} cf_frame_type;

#define CF_FRAME_HEADER 24

typedef struct {
    cf_frame_type type;
    const char *data; /* until the reader is fed again */
    size_t size;
} cf_frame;

typedef struct { /* zero-initialise */
    cf_text bytes;
    size_t used;
} cf_frame_reader;

typedef enum { CF_FRAME_NONE, CF_FRAME_READY, CF_FRAME_BAD } cf_frame_state;

/* False: no memory. */
bool cf_frame_feed(cf_frame_reader *r, const char *data, size_t size);
/* The next whole frame; bad: why says so, and nothing after it can be read. */
cf_frame_state cf_frame_next(cf_frame_reader *r, cf_frame *out, const char **why);
void cf_frame_reader_clear(cf_frame_reader *r);

/* A frame is begun, filled by appending to the text, and ended. */
size_t cf_frame_begin(cf_text *out, cf_frame_type type);
void cf_frame_end(cf_text *out, size_t begin);

#endif
