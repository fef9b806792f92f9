#ifndef CF_NN_RECURRENT_H
#define CF_NN_RECURRENT_H

/* What gru and lstm share: the steps of all sequences by time.  Sequences are sorted by length,
 * longest first, so that those which still run at step t are the first alive[t] ones and every
 * step is one matrix product.  Rows of a step lie behind those of the step before: at
 * offset[t]. */

#include "nn/pass.h"

typedef struct {
    size_t sequences, steps, rows; /* rows: of all steps */
    uint32_t *order;               /* [sequences]: the event of a sorted sequence */
    uint32_t *alive;               /* [steps + 1], the last one 0 */
    size_t *offset;                /* [steps + 1] */
    uint32_t *source;              /* [rows]: row of the list, or NO_ROW for a row of 0 */
    float *x;                      /* [rows][width in] */
} cf_sequences;

#define CF_NO_ROW UINT32_MAX

/* Sorts the lists that `layer` takes; false: no memory. */
bool cf_sequences_make(cf_pass *p, const cf_layer *layer, cf_sequences *out);

/* Several steps at once, about 256 rows: enough for a good product, little enough to stay in
 * the cache until it is used. */
typedef struct {
    size_t begin, end; /* steps */
    size_t row, rows;
} cf_steps_block;
bool cf_steps_forward(const cf_sequences *s, cf_steps_block *block);  /* begins with {0} */
bool cf_steps_backward(const cf_sequences *s, cf_steps_block *block); /* begin = steps */
size_t cf_steps_block_rows(const cf_sequences *s);                    /* no block has more */

/* y[event] = last[sequence], and the other way round */
void cf_sequences_to_events(const cf_sequences *s, float *y, const float *last, size_t width);
void cf_sequences_of_events(const cf_sequences *s, float *last, const float *y, size_t width);

/* The weights of the input product and, if wanted, the gradient of the input, for one block:
 * d [rows][columns] is the gradient of the sums.  transposed: W', or NULL when no gradient of
 * the input is wanted; dx [rows of all steps][width in]. */
typedef struct {
    const cf_layer *layer;
    float *transposed, *dx;
} cf_input_product;
bool cf_input_product_begin(cf_pass *p, const cf_layer *layer, const cf_sequences *s,
                            cf_input_product *out);
void cf_input_product_forward(cf_pass *p, const cf_layer *layer, const cf_sequences *s,
                              const cf_steps_block *block, const float *bias, float *sums);
void cf_input_product_back(cf_pass *p, const cf_input_product *in, const cf_sequences *s,
                           const cf_steps_block *block, const float *d);
bool cf_input_product_end(cf_pass *p, const cf_input_product *in, const cf_sequences *s);

#endif
