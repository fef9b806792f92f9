#ifndef CF_NN_DATASET_H
#define CF_NN_DATASET_H

/* How a sealed dataset is read.  An event is one record of floats, so that reading events in a
 * shuffled order touches one place for each:
 *     [length of every list, as the bits of a float][values, input by input][targets][weight]
 */

#include "nn/nn.h"

const cf_nn_input *cf_dataset_inputs(const cf_dataset *d, size_t *count);
uint32_t cf_dataset_classes(const cf_dataset *d);
/* Mean number of rows of an input, at least 1. */
double cf_dataset_mean_steps(const cf_dataset *d, size_t input);

typedef struct {
    const float *lengths; /* bits; one for each list, in the order of inputs */
    const float *values;
    const float *targets;
    float weight;
} cf_record;

cf_record cf_dataset_record(const cf_dataset *d, uint64_t row);
void cf_dataset_prefetch(const cf_dataset *d, uint64_t row);

static inline uint32_t cf_record_length(const cf_record *r, size_t list) {
    uint32_t n;
    __builtin_memcpy(&n, r->lengths + list, sizeof n);
    return n;
}

#endif
