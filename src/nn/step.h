#ifndef CF_NN_STEP_H
#define CF_NN_STEP_H

/* One step of training on all threads: the batch is cut into shards, every shard makes a
 * gradient of its own, these are added in the order of shards, the weights move. */

#include "nn/batch.h"
#include "nn/crew.h"
#include "nn/model.h"

typedef struct cf_stepper cf_stepper;

cf_status cf_stepper_new(cf_model *m, const cf_train_options *options, const cf_dataset *train,
                         cf_crew *crew, cf_stepper **out, cf_error *err);
void cf_stepper_free(cf_stepper *s);

/* rows [count <= batch], which may be reordered.  Adds to sums and *flop.  CF_E_CANCELLED,
 * CF_E_VALUE, CF_E_MEMORY: nothing has moved. */
cf_status cf_stepper_step(cf_stepper *s, uint32_t *rows, size_t count, double lr,
                          cf_measures *sums, double *flop, cf_error *err);

/* Sums over all events of a set; on the crew. */
cf_status cf_measure_set(const cf_model *m, const cf_dataset *d, cf_crew *crew,
                         const _Atomic bool *cancel, cf_measures *sums, cf_error *err);

#endif
