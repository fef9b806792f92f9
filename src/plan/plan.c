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
    cf_arena_free(plan->arena);
}
