#include "plan/plan.h"

#include <string.h>

static const char *const op_names[CF_NODE_KINDS] = {[CF_NODE_NONE] = "none",
                                                    [CF_NODE_VALUES] = "value",
#define CF_LEVEL(name) [CF_L_##name] = #name,
                                                    CF_LEVELS(CF_LEVEL)
#undef CF_LEVEL
#define CF_VALUE(name) [CF_V_##name] = #name,
                                                        CF_VALUES(CF_VALUE)
#undef CF_VALUE
};

const char *cf_node_op_name(cf_node_op op) {
    return op < CF_NODE_KINDS ? op_names[op] : "?";
}

void cf_plan_free(cf_plan *plan) {
    if (plan == NULL) return;
    for (uint32_t i = 0; i < plan->source_count; i++)
        cf_source_release(plan->sources[i]);
    for (uint32_t i = 0; plan->models != NULL && i < plan->model_count; i++)
        plan->models[i]->class->release(plan->models[i]);
    cf_arena_free(plan->arena);
}

cf_status cf_plan_attach(cf_plan *plan, cf_predictor *const *models, uint32_t count,
                         cf_error *err) {
    if (plan->model_count == 0) return CF_OK;
    cf_predictor **found = CF_NEWS(plan->arena, cf_predictor *, plan->model_count);
    for (uint32_t i = 0; i < plan->model_count; i++) {
        for (uint32_t k = 0; k < count && found[i] == NULL; k++)
            if (models[k]->id == plan->model_ids[i]) found[i] = models[k];
        if (found[i] == NULL)
            return cf_fail(err, CF_E_MODEL, CF_NOWHERE, "the plan's model %016llx is not here",
                           (unsigned long long)plan->model_ids[i]);
    }
    for (uint32_t i = 0; i < plan->model_count; i++)
        found[i]->class->retain(found[i]);
    plan->models = found;
    return CF_OK;
}
