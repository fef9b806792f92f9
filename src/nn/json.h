#ifndef CF_NN_JSON_H
#define CF_NN_JSON_H

/* Reading JSON that may be damaged: every getter fails with CF_E_FORMAT, naming the key. */

#include "nn/nn.h"

#include <jansson.h>

cf_status cf_json_u32(const json_t *object, const char *key, uint32_t *out, cf_error *err);
cf_status cf_json_u64(const json_t *object, const char *key, uint64_t *out, cf_error *err);
cf_status cf_json_real(const json_t *object, const char *key, double *out, cf_error *err);
cf_status cf_json_bool(const json_t *object, const char *key, bool *out, cf_error *err);
cf_status cf_json_text(const json_t *object, const char *key, const char **out, cf_error *err);
cf_status cf_json_array(const json_t *object, const char *key, const json_t **out,
                        cf_error *err);

/* The value of "layers"; see cf_nn_spec_to_json. */
cf_status cf_nn_layers_from_json(cf_arena *arena, const json_t *layers, const cf_nn_spec **out,
                                 cf_error *err);
void cf_nn_layers_to_json(const cf_nn_spec *spec, cf_text *out);
void cf_json_add_text(cf_text *out, const char *text);

#endif
