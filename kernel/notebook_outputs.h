#ifndef CF_KERNEL_NOTEBOOK_OUTPUTS_H
#define CF_KERNEL_NOTEBOOK_OUTPUTS_H

/* A cell's outputs as a notebook holds them, assembled from iopub messages. */

#include "kernel/text.h"

typedef struct {
    cf_growing head;  /* what comes before the text of a stream; else the whole output */
    cf_growing text;  /* of a stream */
    char *display_id; /* NULL: none */
    char stream;      /* 'o', 'e'; 0: no stream */
} cf_notebook_output;

typedef struct {
    cf_notebook_output *items;
    size_t count, capacity;
    bool clear_next; /* before the next output all that there is goes */
} cf_notebook_outputs;

/** Takes a message's type and content; those that are no outputs change nothing. */
void cf_notebook_outputs_take(cf_notebook_outputs *o, const char *type, cf_slice content);
/** Writes the array. */
void cf_notebook_outputs_put(const cf_notebook_outputs *o, cf_growing *to);
void cf_notebook_outputs_clear(cf_notebook_outputs *o);

#endif
